//! Grants of roles: those that hold, and those that did.

use super::role::Role;
use crate::history::{Span, appended, without};
use imbl::{OrdMap, OrdSet};
use ledger::event::access::{Ground, RoleGranted, Terms};
use ledger::event::id::{GrantId, MappingId};
use ledger::event::scope::{Environments, Scope};
use ledger::event::{Access, Grantee, Subject};
use ledger::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A grant of a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
        self.span.until.is_some()
    }

    /// Whether it is an owner's grant that nothing but a revocation ends.
    fn is_lasting_owner(&self) -> bool {
        self.role == Some(Role::Owner) && self.scope == Scope::Site && self.expires.is_none()
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

/// Who holds which role, and who did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    by_id: OrdMap<GrantId, Arc<Grant>>,
    held: OrdMap<Grantee, Arc<[Held]>>,
    ended: OrdSet<(Grantee, GrantId)>,
    by_scope: OrdMap<Scope, OrdSet<GrantId>>,
    owners: OrdSet<(Subject, GrantId)>,
    mapped: OrdSet<(MappingId, GrantId)>,
}

impl Grants {
    pub(crate) fn apply(&mut self, fact: &Access, seq: u64) {
        match fact {
            // A name that is taken stays what it is: otherwise a second grant could hide a first that is still counted.
            Access::RoleGranted(granted) if self.by_id.contains_key(&granted.grant) => {}
            Access::RoleGranted(granted) => self.add(granted, seq),
            Access::RoleRevoked(revoked) => self.end(revoked.grant, seq),
            Access::BreakGlassReviewed(reviewed) => {
                if let Some(grant) = self.by_id.get_mut(&reviewed.grant).map(Arc::make_mut) {
                    grant.justified = Some(reviewed.justified);
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

    fn add(&mut self, granted: &RoleGranted, seq: u64) {
        let Terms { environments, expires, .. } = granted.terms;
        let grant = Grant {
            grantee: granted.subject,
            role: Role::parse(&granted.role),
            scope: granted.scope,
            environments,
            expires,
            ground: granted.ground,
            span: Span::open(seq),
            justified: None,
        };
        if let Some(role) = grant.role {
            let held = Held { grant: granted.grant, role, scope: grant.scope, environments, expires };
            let list = self.held.entry(grant.grantee).or_insert_with(|| Arc::new([]));
            *list = appended(list, held);
        }
        if let (true, Grantee::Subject(subject)) = (grant.is_lasting_owner(), grant.grantee) {
            self.owners.insert((subject, granted.grant));
        }
        if let Some(Ground::Mapping(mapping)) = grant.ground {
            self.mapped.insert((mapping, granted.grant));
        }
        self.by_scope.entry(grant.scope).or_default().insert(granted.grant);
        self.by_id.insert(granted.grant, Arc::new(grant));
    }

    fn end(&mut self, id: GrantId, seq: u64) {
        let Some(grant) = self.by_id.get_mut(&id).filter(|grant| !grant.is_revoked()) else { return };
        let grant = Arc::make_mut(grant);
        grant.span.until = Some(seq);
        let grantee = grant.grantee;
        if let Some(Ground::Mapping(mapping)) = grant.ground {
            self.mapped.remove(&(mapping, id));
        }
        if let Grantee::Subject(subject) = grantee {
            self.owners.remove(&(subject, id));
        }
        if let Some(list) = self.held.get_mut(&grantee) {
            *list = without(list, |held| held.grant == id);
            if list.is_empty() {
                self.held.remove(&grantee);
            }
        }
        self.ended.insert((grantee, id));
    }

    /// A grant, revoked or not.
    pub fn find(&self, id: GrantId) -> Option<&Grant> {
        self.by_id.get(&id).map(|grant| &**grant)
    }

    /// What a grantee holds of its own; some of it may have expired.
    pub fn held(&self, grantee: impl Into<Grantee>) -> &[Held] {
        self.held.get(&grantee.into()).map_or(&[], |list| &**list)
    }

    /// Every grant that a grantee ever had.
    pub fn ever(&self, grantee: impl Into<Grantee>) -> impl Iterator<Item = (GrantId, &Grant)> + '_ {
        let grantee = grantee.into();
        let ended = self.ended.range((grantee, GrantId::FIRST)..=(grantee, GrantId::LAST)).map(|(_, id)| *id);
        let ids = ended.chain(self.held(grantee).iter().map(|held| held.grant));
        ids.filter_map(|id| Some((id, self.find(id)?)))
    }

    /// Every grant that there ever was at just this scope.
    pub fn at_scope(&self, scope: Scope) -> impl Iterator<Item = (GrantId, &Grant)> + '_ {
        let ids = self.by_scope.get(&scope).into_iter().flatten();
        ids.filter_map(|id| Some((*id, self.find(*id)?)))
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
    pub fn list(&self, after: Option<GrantId>) -> impl Iterator<Item = (GrantId, &Grant)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, grant)| (*id, &**grant))
    }
}
