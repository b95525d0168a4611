//! Grants of roles: those that hold, and those that did.

use super::holders::Holders;
use super::role::Role;
use crate::history::Span;
use crate::table::Table;
use imbl::OrdSet;
use ledger::event::access::{Ground, RoleGranted, Terms};
use ledger::event::id::{GrantId, MappingId};
use ledger::event::scope::{Environments, Scope};
use ledger::event::{Access, Grantee, Subject};
use ledger::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A grant of a role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Who holds it.
    pub grantee: Grantee,
    /// Which role; `None` when this build does not know the role, which then permits nothing.
    pub role: Option<Role>,
    /// Where.
    pub scope: Scope,
    /// In which environments only.
    pub environments: Option<Environments>,
    /// From when on it no longer holds.
    pub expires: Option<Time>,
    /// What it came from, other than somebody's decision.
    pub ground: Option<Ground>,
    /// From which event until which.
    pub span: Span,
    /// Whether a break-glass grant was reviewed, and found justified.
    pub justified: Option<bool>,
}

impl Grant {
    /// Whether it was taken back.
    pub fn is_revoked(&self) -> bool {
        !self.span.is_open()
    }
}

/// What is looked at when a permission is checked: a grant that was not taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The grant.
    pub grant: GrantId,
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// In which environments only.
    pub environments: Option<Environments>,
    /// From when on it no longer holds.
    pub expires: Option<Time>,
}

/// What is granted: few kinds, each to many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct What {
    role: Option<Role>,
    scope: Scope,
    environments: Option<Environments>,
}

/// The kinds of what was ever granted, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Whats {
    by_number: Table<u32, What>,
    numbers: Table<What, u32>,
}

impl Whats {
    /// The number of a kind; `None` when all four billion are given out.
    fn number(&mut self, what: What) -> Option<u32> {
        let next = u32::try_from(self.numbers.len()).ok()?;
        let mut number = next;
        self.numbers.update(what, || next, |found| number = *found);
        if number == next {
            self.by_number.insert(number, what);
        }
        Some(number)
    }
}

/// A grant as it is kept: most of the memory of a large log goes here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Row {
    grantee: Grantee,
    what: u32,
    span: Span,
    /// The grant before it of the same grantee.
    earlier: Option<GrantId>,
    /// The grant before it at the same scope.
    earlier_here: Option<GrantId>,
    rare: Option<Arc<Rare>>,
}

/// What few grants have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Rare {
    expires: Option<Time>,
    ground: Option<Ground>,
    justified: Option<bool>,
}

impl Row {
    fn rare(&self) -> Option<&Rare> {
        self.rare.as_deref()
    }
}

/// Who holds which role, and who did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    by_id: Table<GrantId, Row>,
    whats: Whats,
    newest: Table<Scope, GrantId>,
    owners: OrdSet<(Subject, GrantId)>,
    mapped: OrdSet<(MappingId, GrantId)>,
}

impl Grants {
    pub(crate) fn apply(&mut self, fact: &Access, seq: u64, holders: &mut Holders) {
        match fact {
            // A name that is taken stays what it is: otherwise a second grant could hide a first that is still counted.
            Access::RoleGranted(granted) if self.by_id.contains_key(&granted.grant) => {}
            Access::RoleGranted(granted) => self.add(granted, seq, holders),
            Access::RoleRevoked(revoked) => self.end(revoked.grant, seq, holders),
            Access::BreakGlassReviewed(reviewed) => {
                if let Some(row) = self.by_id.get_mut(&reviewed.grant) {
                    Arc::make_mut(row.rare.get_or_insert_default()).justified = Some(reviewed.justified);
                }
            }
            Access::OrganizationCreated(_)
            | Access::ProjectCreated(_)
            | Access::ProjectChanged(_)
            | Access::RoleDefined(_)
            | Access::RoleRetired(_)
            | Access::GrantRequested(_)
            | Access::GrantDeclined(_)
            | Access::DutiesSeparated(_)
            | Access::DutiesJoined(_)
            | Access::GroupMapped(_)
            | Access::GroupUnmapped(_) => {}
        }
    }

    fn add(&mut self, granted: &RoleGranted, seq: u64, holders: &mut Holders) {
        let (id, grantee, scope) = (granted.grant, granted.subject, granted.scope);
        let Terms { environments, expires, .. } = granted.terms;
        let role = Role::parse(&granted.role);
        let Some(what) = self.whats.number(What { role, scope, environments }) else { return };
        let mut earlier = None;
        holders.change(grantee, |holder| {
            earlier = holder.newest.replace(id);
            if let Some(role) = role {
                holder.held.push(Held { grant: id, role, scope, environments, expires });
            }
        });
        // An owner's grant that nothing but a revocation ends.
        let lasting_owner = role == Some(Role::Owner) && scope == Scope::Site && expires.is_none();
        if let (true, Grantee::Subject(subject)) = (lasting_owner, grantee) {
            self.owners.insert((subject, id));
        }
        if let Some(Ground::Mapping(mapping)) = granted.ground {
            self.mapped.insert((mapping, id));
        }
        let rare = Some(Rare { expires, ground: granted.ground, justified: None });
        let row = Row {
            grantee,
            what,
            span: Span::open(seq),
            earlier,
            earlier_here: self.newest_at(scope, id),
            rare: rare.filter(|rare| *rare != Rare::default()).map(Arc::new),
        };
        self.by_id.insert(id, row);
    }

    /// Takes note of the newest grant at a scope, and says which was before it.
    fn newest_at(&mut self, scope: Scope, id: GrantId) -> Option<GrantId> {
        let before = self.newest.get_mut(&scope).map(|newest| std::mem::replace(newest, id));
        if before.is_none() {
            self.newest.insert(scope, id);
        }
        before
    }

    fn end(&mut self, id: GrantId, seq: u64, holders: &mut Holders) {
        let Some(row) = self.by_id.get_mut(&id).filter(|row| row.span.is_open()) else { return };
        row.span.end(seq);
        if let Some(Ground::Mapping(mapping)) = row.rare().and_then(|rare| rare.ground) {
            self.mapped.remove(&(mapping, id));
        }
        if let Grantee::Subject(subject) = row.grantee {
            self.owners.remove(&(subject, id));
        }
        holders.change(row.grantee, |holder| holder.held.retain(|held| held.grant != id));
    }

    /// A grant, revoked or not.
    pub fn find(&self, id: GrantId) -> Option<Grant> {
        self.by_id.get(&id).and_then(|row| self.grant(row))
    }

    fn grant(&self, row: &Row) -> Option<Grant> {
        let What { role, scope, environments } = *self.whats.by_number.get(&row.what)?;
        let Rare { expires, ground, justified } = row.rare().cloned().unwrap_or_default();
        Some(Grant {
            grantee: row.grantee,
            role,
            scope,
            environments,
            expires,
            ground,
            span: row.span,
            justified,
        })
    }

    /// Grants from the newest of a chain back to its first.
    fn chain(
        &self,
        newest: Option<GrantId>,
        earlier: fn(&Row) -> Option<GrantId>,
    ) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        let entry = |id: GrantId| Some((id, self.by_id.get(&id)?));
        let rows =
            std::iter::successors(newest.and_then(entry), move |(_, row)| earlier(row).and_then(entry));
        rows.filter_map(|(id, row)| Some((id, self.grant(row)?)))
    }

    /// Every grant since the first one, from the newest of a grantee on.
    pub(crate) fn ever(&self, newest: Option<GrantId>) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        self.chain(newest, |row| row.earlier)
    }

    /// Every grant that there ever was at just this scope, the newest first.
    pub fn at_scope(&self, scope: Scope) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        self.chain(self.newest.get(&scope).copied(), |row| row.earlier_here)
    }

    /// Grants by a mapping that were not taken back.
    pub fn by_mapping(&self, mapping: MappingId) -> impl Iterator<Item = GrantId> + '_ {
        self.mapped.range((mapping, GrantId::FIRST)..=(mapping, GrantId::LAST)).map(|(_, id)| *id)
    }

    /// Grants of owners that last: direct, of the whole site, without an end.
    pub fn owners(&self) -> impl Iterator<Item = (Subject, GrantId)> + '_ {
        self.owners.iter().copied()
    }

    /// Grants after `after`, in order of id.
    pub fn list(&self, after: Option<GrantId>) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        self.by_id.after(after.as_ref()).filter_map(|(id, row)| Some((*id, self.grant(row)?)))
    }
}
