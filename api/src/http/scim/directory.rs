//! What a tenant has, as resources: from the state that is lasting, and from what is sealed beside the log.

use super::BASE;
use super::fault::Fault;
use crate::http::asking::Deed;
use crate::http::{Kind, Problem};
use crate::scim::{AGENT, AGENTIC_APPLICATION, GROUP, Meta, Mode, Resource, ResourceType, USER};
use commands::engine::Published;
use ledger::event::id::GroupId;
use ledger::event::policy::{Tenant, TenantMode};
use ledger::event::{ContentDigest, Subject};
use ledger::sealed::SealedReader;
use projections::identity::Standing;
use projections::provisioning::{GroupRecord, Record, Shelf};
use serde_json::{Map, Value, json};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard, Semaphore};

/// How many large bodies are worked on at once.
const LARGE_MAX: usize = 4;
/// Things that are changed at once; two that share a lock by chance wait for one another.
const LOCKS: usize = 256;

/// What all tenants share: the way to what is sealed, and whose turn it is.
pub struct Directories {
    pub(super) sealed: SealedReader,
    /// One place for each large body.
    pub(super) large: Arc<Semaphore>,
    /// Who changes a thing reads it first: one at a time, so that no change is lost.
    locks: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Directories {
    /// Over what is sealed.
    pub fn new(sealed: SealedReader) -> Self {
        let locks = (0..LOCKS).map(|_| Mutex::default()).collect();
        Self { sealed, large: Arc::new(Semaphore::new(LARGE_MAX)), locks, hasher: RandomState::new() }
    }

    /// The turn to change a thing.
    pub(super) async fn turn(&self, thing: impl Hash) -> Option<MutexGuard<'_, ()>> {
        let place = self.hasher.hash_one(thing) % LOCKS as u64;
        let lock = self.locks.get(usize::try_from(place).unwrap_or_default())?;
        Some(lock.lock().await)
    }
}

/// A subject or a group of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Item {
    Subject(Subject),
    Group(GroupId),
}

/// The types of resources, each with the shelf that it is on.
const SHELVES: [(&ResourceType, Shelf); 4] = [
    (&USER, Shelf::People),
    (&GROUP, Shelf::Groups),
    (&AGENT, Shelf::Agents),
    (&AGENTIC_APPLICATION, Shelf::Applications),
];

/// The type of what is on a shelf.
pub(super) fn kind_of(shelf: Shelf) -> &'static ResourceType {
    match shelf {
        Shelf::People => &USER,
        Shelf::Groups => &GROUP,
        Shelf::Agents => &AGENT,
        Shelf::Applications => &AGENTIC_APPLICATION,
    }
}

/// How far a tenant departs from the standard.
pub(super) fn mode_of(tenant: &Tenant) -> Mode {
    match tenant.mode {
        TenantMode::Entra => Mode::Entra,
        TenantMode::Okta => Mode::Okta,
        TenantMode::Strict => Mode::Strict,
        TenantMode::Tolerant => Mode::Tolerant,
    }
}

/// The shelves that a tenant has.
pub(super) fn shelves(tenant: &Tenant) -> impl Iterator<Item = Shelf> + '_ {
    let has = |shelf: &Shelf| tenant.agents || matches!(shelf, Shelf::People | Shelf::Groups);
    SHELVES.iter().map(|(_, shelf)| *shelf).filter(has)
}

/// The shelf of a tenant that an endpoint stands for.
pub(super) fn shelf_at(tenant: &Tenant, segment: &str) -> Result<Shelf, Fault> {
    let mut has = shelves(tenant);
    let found = has.find(|shelf| kind_of(*shelf).endpoint.strip_prefix('/') == Some(segment));
    found.ok_or_else(|| Fault::not_found(segment))
}

/// The attribute by which resources are named.
pub(super) fn name_of(shelf: Shelf) -> &'static str {
    match shelf {
        Shelf::People => "userName",
        Shelf::Groups => "displayName",
        Shelf::Agents | Shelf::Applications => "name",
    }
}

/// What a tenant has at one moment.
#[derive(Clone)]
pub(super) struct Directory {
    pub(super) tenant: Tenant,
    pub(super) mode: Mode,
    pub(super) published: Arc<Published>,
    sealed: SealedReader,
    /// Where it is for clients.
    pub(super) base: String,
    digest_key: Arc<[u8; 32]>,
}

impl Directory {
    pub(super) fn new(deed: &Deed, tenant: Tenant) -> Self {
        Self {
            mode: mode_of(&tenant),
            tenant,
            published: deed.engine.published(),
            sealed: deed.directories.sealed.clone(),
            base: format!("{}{BASE}", deed.sign_in.origin().as_str()),
            digest_key: Arc::clone(&deed.digest_key),
        }
    }

    /// The digest under which a name is kept, whatever its capitals.
    pub(super) fn name_digest(&self, shelf: Shelf, name: &str) -> ContentDigest {
        self.digest("deed/scim/name/v1", shelf, &name.to_lowercase())
    }

    /// The digest under which the tenant's own id is kept.
    pub(super) fn external_digest(&self, shelf: Shelf, external: &str) -> ContentDigest {
        self.digest("deed/scim/external/v1", shelf, external)
    }

    fn digest(&self, context: &str, shelf: Shelf, text: &str) -> ContentDigest {
        let whose = [self.tenant.name.as_bytes(), &[0], kind_of(shelf).name.as_bytes(), &[0]].concat();
        let ledger::hash::Hash(digest) =
            ledger::hash::Hash::in_context(context, &[&*self.digest_key, &whose, text.as_bytes()]);
        ContentDigest(digest.first_chunk().copied().unwrap_or_default())
    }

    /// What stands behind an address.
    pub(super) fn item(&self, shelf: Shelf, id: &str) -> Result<Item, Fault> {
        let unknown = || Fault::not_found(id);
        let item = match shelf {
            Shelf::Groups => id.parse().ok().map(Item::Group),
            Shelf::People | Shelf::Agents | Shelf::Applications => {
                id.parse().ok().filter(|subject| Shelf::of(*subject) == shelf).map(Item::Subject)
            }
        };
        let item = item.ok_or_else(unknown)?;
        if self.has(item) { Ok(item) } else { Err(unknown()) }
    }

    fn has(&self, item: Item) -> bool {
        match item {
            Item::Subject(subject) => self.record(subject).is_some(),
            Item::Group(group) => self.group_record(group).is_some(),
        }
    }

    pub(super) fn record(&self, subject: Subject) -> Option<&Record> {
        self.published.state.provisioned.of_tenant(&self.tenant.name, subject)
    }

    pub(super) fn group_record(&self, group: GroupId) -> Option<&GroupRecord> {
        self.published.state.provisioned.group_of_tenant(&self.tenant.name, group)
    }

    /// A resource as it may be filtered, sorted and shown. What costs a look elsewhere is there when it is wanted.
    pub(super) fn resource(&self, item: Item, wanted: Wanted) -> Result<Resource, Fault> {
        match item {
            Item::Subject(subject) => {
                let record = self.record(subject).ok_or_else(|| Fault::not_found(&subject.to_string()))?;
                let bare = self.bare(subject, record)?.described(&self.meta(item)?);
                // Its tenant lets it act, and somebody here does not.
                let is_kept = record.active && !self.is_active(subject);
                let bare = if is_kept { bare.not_active() } else { bare };
                Ok(if wanted.groups { bare.with_read_only("groups", self.groups_of(subject)) } else { bare })
            }
            Item::Group(group) => Ok(self.bare_group(group, wanted.members)?.described(&self.meta(item)?)),
        }
    }

    /// A subject as its tenant wrote it.
    pub(super) fn bare(&self, subject: Subject, record: &Record) -> Result<Resource, Fault> {
        let shelf = Shelf::of(subject);
        let unreadable = |cause: &dyn std::fmt::Display| {
            tracing::error!("what is sealed about {subject} cannot be read: {cause}");
            Problem::new(
                Kind::Unreadable,
                "what is kept about it cannot be read; ask the operator of this server",
            )
        };
        // What is to be erased is shown no more, also before it is gone from the disk.
        let is_kept = self.published.state.payloads.keeps(subject, record.sealed);
        let sealed =
            if is_kept { self.sealed.profile(record.sealed, &subject.to_string()) } else { Ok(None) };
        let sealed = sealed.map_err(|cause| unreadable(&cause))?;
        let members: Map<String, Value> = match sealed {
            Some(plain) => serde_json::from_slice(&plain).map_err(|cause| unreadable(&cause))?,
            // It was erased: what is left is that there was somebody.
            None => Map::from_iter([(name_of(shelf).to_owned(), subject.to_string().into())]),
        };
        let read = Resource::from_value(kind_of(shelf), Mode::Tolerant, Value::Object(members));
        Ok(read.map_err(|cause| unreadable(&cause))?)
    }

    fn is_active(&self, subject: Subject) -> bool {
        let record = self.published.state.subjects.find(subject);
        record.is_some_and(|record| record.standing() == Standing::Active)
    }

    /// A group as its tenant wrote it.
    pub(super) fn bare_group(&self, group: GroupId, with_members: bool) -> Result<Resource, Fault> {
        let record = self.group_record(group).ok_or_else(|| Fault::not_found(&group.to_string()))?;
        let mut members = Map::new();
        members.insert("displayName".into(), (*record.name).into());
        if let Some(external) = &record.external {
            members.insert("externalId".into(), (**external).into());
        }
        if with_members {
            let each = self.published.state.groups.members(group, None).map(|subject| self.member(subject));
            members.insert("members".into(), each.collect());
        }
        Ok(Resource::from_value(&GROUP, Mode::Tolerant, Value::Object(members))?)
    }

    fn member(&self, subject: Subject) -> Value {
        let kind = kind_of(Shelf::of(subject));
        json!({ "value": subject.to_string(), "$ref": self.location(kind, &subject.to_string()), "type": kind.name })
    }

    fn groups_of(&self, subject: Subject) -> Value {
        let groups = self.published.state.holders.groups(subject).iter();
        let own = groups.filter_map(|group| Some((group, self.group_record(*group)?)));
        own.map(|(group, record)| {
            let id = group.to_string();
            json!({ "value": id, "$ref": self.location(&GROUP, &id), "display": record.name, "type": "direct" })
        })
        .collect()
    }

    /// Where a resource is.
    pub(super) fn location(&self, kind: &ResourceType, id: &str) -> String {
        format!("{}{}/{id}", self.base, kind.endpoint)
    }

    /// What the server knows of a resource.
    pub(super) fn meta(&self, item: Item) -> Result<Meta, Fault> {
        let (kind, id) = (self.kind(item), id_of(item));
        let times = match item {
            Item::Subject(subject) => self.record(subject).map(|record| (record.since, record.changed)),
            Item::Group(group) => self.group_record(group).map(|record| (record.since, record.changed)),
        };
        let (since, changed) = times.ok_or_else(|| Fault::not_found(&id))?;
        let location = self.location(kind, &id);
        Ok(Meta { id, location, version: changed.0, created: since.1, last_modified: changed.1 })
    }

    pub(super) fn kind(&self, item: Item) -> &'static ResourceType {
        match item {
            Item::Subject(subject) => kind_of(Shelf::of(subject)),
            Item::Group(_) => &GROUP,
        }
    }
}

/// The id of a resource.
pub(super) fn id_of(item: Item) -> String {
    match item {
        Item::Subject(subject) => subject.to_string(),
        Item::Group(group) => group.to_string(),
    }
}

/// What of a resource must be looked up elsewhere.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    /// The groups that a subject is in.
    pub(super) groups: bool,
    /// Who is in a group.
    pub(super) members: bool,
}

impl Wanted {
    /// What is shown, and what is asked for.
    pub(super) fn by(asks: impl Fn(&str) -> bool) -> Self {
        Self { groups: asks("groups"), members: asks("members") }
    }
}
