//! Virtual keys: which there are, whose, and which secret stands for which.

use crate::State;
use crate::history::Span;
use crate::list::List;
use imbl::OrdMap;
use ledger::event::id::VirtualKeyId;
use ledger::event::keys::{KeyIssued, KeyRotated};
use ledger::event::{Event, Keys as Facts, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Most keys of an owner that were not revoked: all of them end together with a suspension.
pub const KEYS_MAX: u64 = 64;
/// How long the secret before may go on working after a rotation: a week, for programs that are rolled out slowly.
pub const OVERLAP_SECONDS_MAX: u64 = 604_800;

/// A virtual key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Key {
    /// What it was issued as.
    pub issued: Arc<KeyIssued>,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// SHA-256 of the secret before, and from when on that no longer works.
    pub previous: Option<(Hash, Time)>,
    /// From which event until which it was not revoked.
    pub span: Span,
}

impl Key {
    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        !self.span.is_open()
    }

    /// Whether it is neither revoked nor expired at `now`.
    pub fn is_live(&self, now: Time) -> bool {
        !self.is_revoked() && now < self.issued.expires
    }

    fn admits(&self, digest: &Hash, now: Time) -> bool {
        let before = |(previous, until): &(Hash, Time)| previous == digest && now < *until;
        self.is_live(now) && (self.digest == *digest || self.previous.as_ref().is_some_and(before))
    }
}

/// All virtual keys ever issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    by_id: OrdMap<VirtualKeyId, Key>,
    by_digest: OrdMap<Hash, VirtualKeyId>,
    unrevoked: OrdMap<Subject, List<VirtualKeyId>>,
}

impl Keys {
    pub(crate) fn apply(&mut self, fact: &Facts, event: &Event) {
        match fact {
            // A name or a secret that is taken stays whose it is: otherwise one key's secret could come to stand for another.
            Facts::KeyIssued(issued) if self.by_id.contains_key(&issued.key) => {}
            Facts::KeyIssued(issued) => self.add(issued, event.seq),
            Facts::KeyRotated(rotated) => self.rotate(rotated),
            Facts::KeyRevoked(revoked) => self.end(revoked.key, event.seq),
        }
    }

    fn add(&mut self, issued: &KeyIssued, seq: u64) {
        let (id, digest, owner) = (issued.key, issued.digest, issued.owner);
        let key = Key { issued: Arc::new(issued.clone()), digest, previous: None, span: Span::open(seq) };
        self.by_id.insert(id, key);
        self.by_digest.entry(digest).or_insert(id);
        self.unrevoked.entry(owner).or_default().push(id);
    }

    fn rotate(&mut self, rotated: &KeyRotated) {
        let Some(key) = self.by_id.get_mut(&rotated.key).filter(|key| !key.is_revoked()) else { return };
        let dropped = key.previous.replace((key.digest, rotated.previous_until));
        key.digest = rotated.digest;
        if let Some((digest, _)) = dropped {
            self.forget(&digest, rotated.key);
        }
        self.by_digest.entry(rotated.digest).or_insert(rotated.key);
    }

    fn end(&mut self, id: VirtualKeyId, seq: u64) {
        let Some(key) = self.by_id.get_mut(&id).filter(|key| !key.is_revoked()) else { return };
        key.span.end(seq);
        let (digest, previous, owner) = (key.digest, key.previous.take(), key.issued.owner);
        self.forget(&digest, id);
        if let Some((digest, _)) = previous {
            self.forget(&digest, id);
        }
        if let Some(list) = self.unrevoked.get_mut(&owner) {
            list.retain(|found| *found != id);
            if list.is_empty() {
                self.unrevoked.remove(&owner);
            }
        }
    }

    fn forget(&mut self, digest: &Hash, id: VirtualKeyId) {
        if self.by_digest.get(digest) == Some(&id) {
            self.by_digest.remove(digest);
        }
    }

    /// A key, live or not.
    pub fn find(&self, id: VirtualKeyId) -> Option<&Key> {
        self.by_id.get(&id)
    }

    /// A key that is neither revoked nor expired at `now`.
    pub fn live(&self, id: VirtualKeyId, now: Time) -> Option<&Key> {
        self.find(id).filter(|key| key.is_live(now))
    }

    /// The key for which a secret with this digest stands at `now`.
    pub fn bearer(&self, digest: &Hash, now: Time) -> Option<(VirtualKeyId, &Key)> {
        let id = *self.by_digest.get(digest)?;
        Some((id, self.find(id).filter(|key| key.admits(digest, now))?))
    }

    /// The live key of that name.
    pub fn by_alias(&self, owner: Subject, alias: &str, now: Time) -> Option<(VirtualKeyId, &Key)> {
        let mut live = self.unrevoked(owner).iter().filter_map(|id| Some((*id, self.live(*id, now)?)));
        live.find(|(_, key)| *key.issued.alias == *alias)
    }

    /// Keys of an owner that were not revoked; some may have expired.
    pub fn unrevoked(&self, owner: Subject) -> &[VirtualKeyId] {
        self.unrevoked.get(&owner).map_or(&[], |list| &**list)
    }

    /// Whether a digest is in use.
    pub fn has_digest(&self, digest: &Hash) -> bool {
        self.by_digest.contains_key(digest)
    }

    /// Keys after `after`, in order of id.
    pub fn list(&self, after: Option<VirtualKeyId>) -> impl Iterator<Item = (VirtualKeyId, &Key)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, key)| (*id, key))
    }
}

impl State {
    /// The key for which a secret with this digest stands at `now`, if its owner may act.
    pub fn key_bearer(&self, digest: &Hash, now: Time) -> Option<(VirtualKeyId, &Key)> {
        self.keys.bearer(digest, now).filter(|(_, key)| self.subjects.is_active(key.issued.owner))
    }
}
