//! Changing a key's secret, and ending keys.

use super::issue::may_handle;
use crate::{Ask, Decide, Decision};
use ledger::event::id::VirtualKeyId;
use ledger::event::keys::{KeyRevoked, KeyRotated};
use ledger::event::{Object, Refusal};
use ledger::hash::Hash;
use projections::access::Permission;
use projections::keys::{Key, OVERLAP_SECONDS_MAX};

/// Give a key another secret. The one before goes on working for a while.
#[derive(Clone, Debug)]
pub struct RotateVirtualKey {
    /// Which.
    pub key: VirtualKeyId,
    /// SHA-256 of the new secret.
    pub digest: Hash,
    /// How long the secret before goes on working.
    pub overlap_seconds: u64,
}

impl Decide for RotateVirtualKey {
    const NAME: &'static str = "keys.rotate_key";

    fn about(&self) -> Option<Object> {
        Some(Object::Key(self.key))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { key, digest, overlap_seconds } = self;
        let found = find(ask, key)?;
        may_handle(ask, found.issued.owner, found.issued.scope)?;
        if !found.is_live(ask.now) {
            return Err(Refusal::UnknownObject { object: Object::Key(key) });
        }
        ask.active(found.issued.owner)?;
        if overlap_seconds > OVERLAP_SECONDS_MAX {
            return Err(Refusal::TooLong { seconds_max: OVERLAP_SECONDS_MAX });
        }
        let previous_until = ask.now.plus_seconds(overlap_seconds);
        Ok(vec![KeyRotated { digest, key, previous_until }.into()])
    }
}

/// End a key of one's own or, with permission, anybody's. Revoking twice changes nothing.
#[derive(Clone, Debug)]
pub struct RevokeKey {
    /// Which.
    pub key: VirtualKeyId,
    /// Why.
    pub reason: Option<Box<str>>,
}

impl Decide for RevokeKey {
    const NAME: &'static str = "keys.revoke_key";

    fn about(&self) -> Option<Object> {
        Some(Object::Key(self.key))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { key, reason } = self;
        let found = find(ask, key)?;
        if found.issued.owner != ask.subject()? {
            ask.permitted(Permission::KeysManage, found.issued.scope)?;
        }
        if found.is_revoked() {
            return Ok(vec![]);
        }
        Ok(vec![KeyRevoked { key, reason }.into()])
    }
}

fn find<'a>(ask: &Ask<'a>, key: VirtualKeyId) -> Result<&'a Key, Refusal> {
    ask.subject()?;
    ask.state.keys.find(key).ok_or(Refusal::UnknownObject { object: Object::Key(key) })
}
