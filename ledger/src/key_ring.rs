//! The key ring: which key signed at which position. A fold of the genesis statement and the rotations.

use crate::event::custody::KeyRotated;
use crate::event::id::LedgerId;
use crate::genesis::Genesis;
use crate::hash::from_base64;
use crate::note::{Algorithm, KeyId, VerifierKey};
use crate::signature::{Purpose, Rotation, Signature};
use thiserror::Error;

/// Keys in force, by position. The newest of each purpose is the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRing {
    ledger: LedgerId,
    // INVARIANT: neither list is empty; both ascend by `from`.
    events: Vec<Interval>,
    checkpoints: Vec<Interval>,
}

/// A key and from where on it signs: a position for events, a size for checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Interval {
    from: u64,
    key: VerifierKey,
}

/// Why a rotation is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum RotationFault {
    /// The new key is malformed, weak, or under another name.
    #[error("the new key cannot be used")]
    Key,
    /// The new key is or was in force.
    #[error("the new key was in force before")]
    Reused,
    /// The new key did not sign the rotation.
    #[error("the new key did not sign the rotation")]
    Proof,
}

impl KeyRing {
    /// The ring at the ledger's beginning.
    pub fn new(genesis: &Genesis) -> Self {
        let first = |key: &VerifierKey| vec![Interval { from: 0, key: key.clone() }];
        Self {
            ledger: genesis.ledger(),
            events: first(genesis.event_key()),
            checkpoints: first(genesis.checkpoint_key()),
        }
    }

    /// The key that signs the event at a position.
    pub fn event_key(&self, seq: u64) -> &VerifierKey {
        in_force(&self.events, seq)
    }

    /// The key that signs checkpoints of a size.
    pub fn checkpoint_key(&self, size: u64) -> &VerifierKey {
        in_force(&self.checkpoints, size)
    }

    /// Every event key that ever was in force, oldest first.
    pub fn event_keys(&self) -> impl Iterator<Item = &VerifierKey> {
        self.events.iter().map(|interval| &interval.key)
    }

    /// A key by its id, whatever it signs.
    pub fn by_id(&self, id: KeyId) -> Option<&VerifierKey> {
        self.events.iter().chain(&self.checkpoints).map(|interval| &interval.key).find(|key| key.id() == id)
    }

    /// What the new key must sign for a rotation at `seq`.
    pub fn message(&self, purpose: Purpose, seq: u64, new: &VerifierKey) -> Vec<u8> {
        let old = match purpose {
            Purpose::Events => self.event_key(u64::MAX),
            Purpose::Checkpoints => self.checkpoint_key(u64::MAX),
        };
        let ledger = self.ledger.to_string();
        Rotation { ledger: &ledger, purpose, seq, old: old.key(), new: new.key() }.message()
    }

    /// Takes up the rotation that stands at `seq`.
    pub fn rotate(&mut self, seq: u64, rotated: &KeyRotated) -> Result<(), RotationFault> {
        let key: VerifierKey = rotated.key.parse().map_err(|_| RotationFault::Key)?;
        let name = self.name(rotated.purpose);
        if key.name() != name || key.algorithm() != Algorithm::Log {
            return Err(RotationFault::Key);
        }
        let mut known = self.events.iter().chain(&self.checkpoints);
        if known.any(|interval| interval.key.key() == key.key() || interval.key.id() == key.id()) {
            return Err(RotationFault::Reused);
        }
        let proof = from_base64(&rotated.proof)
            .and_then(|proof| proof.try_into().ok())
            .ok_or(RotationFault::Proof)?;
        let message = self.message(rotated.purpose, seq, &key);
        key.key().verify(&message, &Signature(proof)).map_err(|_| RotationFault::Proof)?;
        match rotated.purpose {
            Purpose::Events => self.events.push(Interval { from: seq + 1, key }),
            Purpose::Checkpoints => self.checkpoints.push(Interval { from: seq + 2, key }),
        }
        Ok(())
    }

    /// The name that keys of a purpose bear.
    pub fn name(&self, purpose: Purpose) -> &str {
        match purpose {
            Purpose::Events => self.event_key(0).name(),
            Purpose::Checkpoints => self.checkpoint_key(0).name(),
        }
    }
}

#[expect(clippy::indexing_slicing, reason = "neither list is empty, and the first interval begins at 0")]
fn in_force(intervals: &[Interval], at: u64) -> &VerifierKey {
    let after = intervals.partition_point(|interval| interval.from <= at);
    &intervals[after.saturating_sub(1)].key
}
