//! What tenants have: which people, agents and groups are whose, under which names, since when.

use crate::table::Table;
use imbl::OrdMap;
use ledger::event::id::GroupId;
use ledger::event::policy::Tenant;
use ledger::event::{Actor, ContentDigest, Event, Identity, Provisioning as Fact, Subject};
use ledger::time::Time;
use serde::{Deserialize, Serialize};

use crate::State;

/// What kind of thing a tenant has: each has names of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Shelf {
    /// People.
    People,
    /// Agents.
    Agents,
    /// Applications of agents, which are service accounts.
    Applications,
    /// Groups.
    Groups,
}

impl Shelf {
    /// Where a subject stands.
    pub fn of(subject: Subject) -> Self {
        match subject {
            Subject::Person(_) => Self::People,
            Subject::Agent(_) => Self::Agents,
            Subject::ServiceAccount(_) => Self::Applications,
        }
    }
}

/// A subject that a tenant has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Whether the tenant lets it act.
    pub active: bool,
    /// The digest of the tenant's own id for it.
    pub external: Option<ContentDigest>,
    /// The digest of its name.
    pub name: ContentDigest,
    /// The tenant.
    pub tenant: Box<str>,
    /// The event that first spoke of it, and when that was.
    pub since: (u64, Time),
    /// The event that changed last what its tenant sees of it, and when that was.
    pub changed: (u64, Time),
    /// The newest event beside which all that the tenant says is sealed.
    pub sealed: u64,
    /// Whether the tenant no longer has it.
    pub deleted: bool,
    /// Whether its tenant suspended it, and nobody here did so since: then the tenant lets it act again.
    pub kept: bool,
}

/// A group that a tenant has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupRecord {
    /// The tenant's own id for it.
    pub external: Option<Box<str>>,
    /// Its name at the tenant.
    pub name: Box<str>,
    /// The tenant.
    pub tenant: Box<str>,
    /// The event that first spoke of it, and when that was.
    pub since: (u64, Time),
    /// The event that changed it or its members last, and when that was.
    pub changed: (u64, Time),
    /// Whether the tenant no longer has it.
    pub deleted: bool,
}

/// A tenant's shelf.
type Whose = (Box<str>, Shelf);

/// What is on a shelf.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Stock {
    /// By the event that first spoke of them, so in the order in which they came.
    subjects: OrdMap<u64, Subject>,
    groups: OrdMap<u64, GroupId>,
    names: OrdMap<ContentDigest, Subject>,
    externals: OrdMap<ContentDigest, Subject>,
    group_names: OrdMap<Box<str>, GroupId>,
    group_externals: OrdMap<Box<str>, GroupId>,
}

/// What tenants have.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provisioned {
    subjects: Table<Subject, Record>,
    groups: OrdMap<GroupId, GroupRecord>,
    stock: OrdMap<Whose, Stock>,
    /// The newest event by which a tenant made something, and which tenant: what it says of that comes next.
    made: Option<(u64, Box<str>)>,
}

impl Provisioned {
    pub(crate) fn apply(&mut self, fact: &Fact, event: &Event) {
        let at = (event.seq, event.time);
        match fact {
            Fact::SubjectWritten(written) => {
                let known = self.subjects.get(&written.subject).cloned();
                let since = known.as_ref().map_or(at, |known| known.since);
                let record = Record {
                    active: written.active,
                    external: written.external,
                    name: written.name,
                    tenant: written.tenant.clone(),
                    since,
                    changed: at,
                    sealed: event.seq,
                    deleted: false,
                    kept: known.as_ref().is_some_and(|known| known.kept && known.tenant == written.tenant),
                };
                if let Some(known) = known.filter(|known| !known.deleted) {
                    self.unshelve(written.subject, &known);
                }
                self.shelve(written.subject, &record);
                match self.subjects.get_mut(&written.subject) {
                    Some(known) => *known = record,
                    None => drop(self.subjects.insert(written.subject, record)),
                }
            }
            Fact::SubjectDeleted(deleted) => {
                let Some(record) = self.subjects.get_mut(&deleted.subject) else { return };
                (record.deleted, record.changed, record.active) = (true, at, false);
                record.kept = false;
                let record = record.clone();
                self.unshelve(deleted.subject, &record);
            }
            Fact::GroupWritten(written) => {
                let known = self.groups.get(&written.group).cloned();
                let since = known.as_ref().map_or(at, |known| known.since);
                let record = GroupRecord {
                    external: written.external.clone(),
                    name: written.name.clone(),
                    tenant: written.tenant.clone(),
                    since,
                    changed: at,
                    deleted: false,
                };
                if let Some(known) = known.filter(|known| !known.deleted) {
                    self.unshelve_group(written.group, &known);
                }
                self.shelve_group(written.group, &record);
                self.groups.insert(written.group, record);
            }
            Fact::GroupDeleted(deleted) => {
                let Some(record) = self.groups.get_mut(&deleted.group) else { return };
                (record.deleted, record.changed) = (true, at);
                let record = record.clone();
                self.unshelve_group(deleted.group, &record);
            }
        }
    }

    /// Notes what happened to a subject or group, since its tenant sees that too; and what a tenant did, if one acted.
    pub(crate) fn touched(&mut self, fact: &Identity, event: &Event, tenant: Option<&Tenant>) {
        let at = (event.seq, event.time);
        match fact {
            Identity::PersonCreated(_)
            | Identity::ServiceAccountCreated(_)
            | Identity::AgentCreated(_)
            | Identity::GroupCreated(_) => self.made = tenant.map(|tenant| (event.seq, tenant.name.clone())),
            Identity::SubjectSuspended(fact) => {
                let is_by = |record: &Record| tenant.is_some_and(|tenant| tenant.name == record.tenant);
                if let Some(record) = self.subjects.get_mut(&fact.subject) {
                    record.changed = at;
                    record.kept = !record.active && is_by(record);
                }
            }
            Identity::SubjectReactivated(fact) => {
                if let Some(record) = self.subjects.get_mut(&fact.subject) {
                    (record.changed, record.kept) = (at, false);
                }
            }
            Identity::SubjectRemoved(fact) => {
                // Nobody has it any more, its tenant neither.
                if let Some(record) = self.subjects.get_mut(&fact.subject).filter(|record| !record.deleted) {
                    (record.deleted, record.changed, record.kept) = (true, at, false);
                    let record = record.clone();
                    self.unshelve(fact.subject, &record);
                }
            }
            Identity::GroupRemoved(fact) => {
                if let Some(record) = self.groups.get_mut(&fact.group).filter(|record| !record.deleted) {
                    (record.deleted, record.changed) = (true, at);
                    let record = record.clone();
                    self.unshelve_group(fact.group, &record);
                }
            }
            Identity::MemberAdded(fact) => self.touch_group(fact.group, at),
            Identity::MemberRemoved(fact) => self.touch_group(fact.group, at),
            Identity::OwnershipClaimed(_)
            | Identity::GroupRenamed(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_)
            | Identity::LoginLinked(_)
            | Identity::SessionStarted(_)
            | Identity::SessionUsed(_)
            | Identity::ProviderLoggedOut(_)
            | Identity::ClientSignedIn(_)
            | Identity::TokenIssued(_)
            | Identity::WorkloadSignedIn(_)
            | Identity::RecoveryCodesMade(_)
            | Identity::OwnerRecovered(_) => {}
        }
    }

    fn touch_group(&mut self, group: GroupId, at: (u64, Time)) {
        if let Some(record) = self.groups.get_mut(&group) {
            record.changed = at;
        }
    }

    fn shelve(&mut self, subject: Subject, record: &Record) {
        let stock = self.stock.entry((record.tenant.clone(), Shelf::of(subject))).or_default();
        stock.subjects.insert(record.since.0, subject);
        stock.names.entry(record.name).or_insert(subject);
        if let Some(external) = record.external {
            stock.externals.entry(external).or_insert(subject);
        }
    }

    fn unshelve(&mut self, subject: Subject, record: &Record) {
        let Some(stock) = self.stock.get_mut(&(record.tenant.clone(), Shelf::of(subject))) else { return };
        stock.subjects.remove(&record.since.0);
        free(&mut stock.names, &record.name, subject);
        if let Some(external) = &record.external {
            free(&mut stock.externals, external, subject);
        }
    }

    fn shelve_group(&mut self, group: GroupId, record: &GroupRecord) {
        let stock = self.stock.entry((record.tenant.clone(), Shelf::Groups)).or_default();
        stock.groups.insert(record.since.0, group);
        stock.group_names.entry(record.name.to_lowercase().into()).or_insert(group);
        if let Some(external) = &record.external {
            stock.group_externals.entry(external.clone()).or_insert(group);
        }
    }

    fn unshelve_group(&mut self, group: GroupId, record: &GroupRecord) {
        let Some(stock) = self.stock.get_mut(&(record.tenant.clone(), Shelf::Groups)) else { return };
        stock.groups.remove(&record.since.0);
        free(&mut stock.group_names, &record.name.to_lowercase().into(), group);
        if let Some(external) = &record.external {
            free(&mut stock.group_externals, external, group);
        }
    }

    /// What a tenant had said last about a subject that it has or had.
    pub fn find(&self, subject: Subject) -> Option<&Record> {
        self.subjects.get(&subject)
    }

    /// What a tenant had said last about a group that it has or had.
    pub fn find_group(&self, group: GroupId) -> Option<&GroupRecord> {
        self.groups.get(&group)
    }

    /// A subject that a tenant has now.
    pub fn of_tenant(&self, tenant: &str, subject: Subject) -> Option<&Record> {
        self.find(subject).filter(|record| !record.deleted && &*record.tenant == tenant)
    }

    /// A group that a tenant has now.
    pub fn group_of_tenant(&self, tenant: &str, group: GroupId) -> Option<&GroupRecord> {
        self.find_group(group).filter(|record| !record.deleted && &*record.tenant == tenant)
    }

    /// Whether a subject was this tenant's when it was removed.
    pub fn had(&self, tenant: &str, subject: Subject) -> bool {
        self.find(subject).is_some_and(|record| record.deleted && &*record.tenant == tenant)
    }

    /// Whether a tenant made something by the event at that position, and nothing since.
    pub fn made(&self, tenant: &str, at: u64) -> bool {
        self.made.as_ref().is_some_and(|(seq, by)| *seq == at && **by == *tenant)
    }

    fn stock(&self, tenant: &str, shelf: Shelf) -> Option<&Stock> {
        self.stock.get(&(tenant.into(), shelf))
    }

    /// The subject that has a name at a tenant.
    pub fn by_name(&self, tenant: &str, shelf: Shelf, name: &ContentDigest) -> Option<Subject> {
        self.stock(tenant, shelf)?.names.get(name).copied()
    }

    /// The subject for which a tenant has an id of its own.
    pub fn by_external(&self, tenant: &str, shelf: Shelf, external: &ContentDigest) -> Option<Subject> {
        self.stock(tenant, shelf)?.externals.get(external).copied()
    }

    /// The group that has a name at a tenant, whatever its capitals.
    pub fn group_by_name(&self, tenant: &str, name: &str) -> Option<GroupId> {
        let names = &self.stock(tenant, Shelf::Groups)?.group_names;
        names.get(&Box::<str>::from(name.to_lowercase())).copied()
    }

    /// The group for which a tenant has an id of its own.
    pub fn group_by_external(&self, tenant: &str, external: &str) -> Option<GroupId> {
        self.stock(tenant, Shelf::Groups)?.group_externals.get(&Box::<str>::from(external)).copied()
    }

    /// How many subjects a tenant has of a kind, or groups.
    pub fn count(&self, tenant: &str, shelf: Shelf) -> usize {
        self.stock(tenant, shelf).map_or(0, |stock| stock.subjects.len() + stock.groups.len())
    }

    /// What a tenant has of a kind after the event at `after`, in the order in which it came, each with the event that first spoke of it.
    pub fn subjects(
        &self,
        tenant: &str,
        shelf: Shelf,
        after: Option<u64>,
    ) -> impl Iterator<Item = (u64, Subject)> + '_ {
        let stock = self.stock(tenant, shelf).into_iter();
        stock
            .flat_map(move |stock| stock.subjects.range(beyond(after)))
            .map(|(seq, subject)| (*seq, *subject))
    }

    /// The groups that a tenant has after the event at `after`, in the order in which they came, each with the event that first spoke of it.
    pub fn groups(&self, tenant: &str, after: Option<u64>) -> impl Iterator<Item = (u64, GroupId)> + '_ {
        let stock = self.stock(tenant, Shelf::Groups).into_iter();
        stock.flat_map(move |stock| stock.groups.range(beyond(after))).map(|(seq, group)| (*seq, *group))
    }
}

/// Frees a name, if it is this one's.
fn free<K: Ord + Clone, V: PartialEq + Clone>(names: &mut OrdMap<K, V>, name: &K, of: V) {
    if names.get(name) == Some(&of) {
        names.remove(name);
    }
}

fn beyond(after: Option<u64>) -> (std::ops::Bound<u64>, std::ops::Bound<u64>) {
    use std::ops::Bound::{Excluded, Unbounded};
    (after.map_or(Unbounded, Excluded), Unbounded)
}

impl State {
    /// The tenant as which an actor comes, by the policy in force.
    pub fn tenant_of(&self, actor: &Actor) -> Option<&Tenant> {
        self.policies.provisioning().acting(actor)
    }

    /// The tenant that has a subject, by the policy in force.
    pub fn tenant_with(&self, subject: Subject) -> Option<&Tenant> {
        let record = self.provisioned.find(subject).filter(|record| !record.deleted)?;
        self.policies.provisioning().tenant(&record.tenant)
    }

    /// The tenant that has a group, by the policy in force.
    pub fn tenant_with_group(&self, group: GroupId) -> Option<&Tenant> {
        let record = self.provisioned.find_group(group).filter(|record| !record.deleted)?;
        self.policies.provisioning().tenant(&record.tenant)
    }

    /// Whether an actor is the tenant that has a subject.
    pub fn has_subject(&self, actor: &Actor, subject: Subject) -> bool {
        self.tenant_of(actor)
            .is_some_and(|tenant| self.provisioned.of_tenant(&tenant.name, subject).is_some())
    }

    /// Whether an actor is the tenant that has a group.
    pub fn has_group(&self, actor: &Actor, group: GroupId) -> bool {
        self.tenant_of(actor)
            .is_some_and(|tenant| self.provisioned.group_of_tenant(&tenant.name, group).is_some())
    }
}
