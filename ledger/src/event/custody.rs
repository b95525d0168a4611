//! Facts of custody: the log's own life, and every refusal.

use super::{Channel, CodeCount, Object, Refusal, Subject, facts};
use crate::hash::Hash;
use crate::signature::Purpose;
use crate::time::Time;
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to the ledger itself.
    Custody {
        /// The ledger begins.
        "custody.ledger_opened" 1 => LedgerOpened;
        /// A server took up writing.
        "custody.server_started" 1 => ServerStarted;
        /// The server stopped as asked.
        "custody.server_stopped" 1 => ServerStopped;
        /// Another key signs from here on.
        "custody.key_rotated" 1 => KeyRotated;
        /// A key is no longer trusted from a position on.
        "custody.key_compromised" 1 => KeyCompromised;
        /// The digest of the folded state at a position.
        "custody.state_recorded" 1 => StateRecorded;
        /// Sealed payloads are to be destroyed.
        "custody.payload_erased" 1 => PayloadErased;
        /// Whoever holds the token may become owner.
        "custody.claim_opened" 1 => ClaimOpened;
        /// A command was refused.
        "custody.command_refused" 1 => CommandRefused;
        /// Further refusals, counted instead of written one by one.
        "custody.refusals_counted" 1 => RefusalsCounted;
        /// Somebody read the log.
        "custody.log_read" 1 => LogRead;
    }
}

/// The ledger begins: the genesis statement again, under the first signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LedgerOpened {
    /// Always `ed25519`.
    pub algorithm: Box<str>,
    /// The key that signs checkpoints, as a C2SP verifier key.
    pub checkpoint_key: Box<str>,
    /// The key that signs events, as a C2SP verifier key.
    pub event_key: Box<str>,
    /// The first line of checkpoints.
    pub origin: Box<str>,
}

/// A server took up writing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerStarted {
    /// What was before.
    pub after: StoppedHow,
    /// What the head lock said.
    pub head_lock: HeadLockCheck,
    /// Bytes of an interrupted write that were set aside.
    pub torn_bytes: u64,
    /// The server's version.
    pub version: Box<str>,
}

/// How the writer before this one ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StoppedHow {
    /// There was none.
    Genesis,
    /// As asked.
    CleanStop,
    /// Killed, crashed or cut off.
    UncleanStop,
}

/// What the head lock said at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeadLockCheck {
    /// It agrees with the log.
    Checked,
    /// The ledger is new.
    Created,
    /// It was missing, and the operator said to go on.
    AcceptedMissing,
}

/// The server stopped as asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerStopped {
    /// Who asked.
    pub reason: Box<str>,
}

/// Another key signs from here on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRotated {
    /// The new key, as a C2SP verifier key.
    pub key: Box<str>,
    /// Base64 of the new key's signature over the rotation.
    pub proof: Box<str>,
    /// What the key signs.
    pub purpose: Purpose,
}

/// A key is no longer trusted from a position on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyCompromised {
    /// The key id: 8 hex digits.
    pub key: Box<str>,
    /// The first position at which it may have been in other hands.
    pub since: u64,
}

/// The digest of the folded state at a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateRecorded {
    /// How many events were folded.
    pub at: u64,
    /// SHA-256 of the encoded state.
    pub digest: Hash,
    /// Version of that encoding.
    pub schema: u32,
}

/// Sealed payloads are to be destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadErased {
    /// Whose payloads they are; also the name of their bucket key.
    pub bucket: Subject,
    /// Which ones, in ascending order.
    pub payloads: Vec<PayloadName>,
    /// Why.
    pub reason: Box<str>,
}

/// One sealed payload: the event that commits to it and its name there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadName {
    /// Its name in the event.
    pub name: Box<str>,
    /// The event's position.
    pub seq: u64,
}

/// Whoever holds the token may become owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimOpened {
    /// SHA-256 of the token.
    pub digest: Hash,
    /// Until when.
    pub expires: Time,
}

/// A command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandRefused {
    /// What the command was about; absent when it was the ledger.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub about: Option<Object>,
    /// The command's name: `<area>.<order>`.
    pub command: Box<str>,
    /// Why.
    pub refusal: Refusal,
}

/// Further refusals, counted instead of written one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RefusalsCounted {
    /// How often each code was given, ascending by code.
    pub codes: Vec<CodeCount>,
    /// When the counting began.
    pub since: Time,
    /// When it ended.
    pub until: Time,
}

/// Somebody read the log. The first read is told by the reader itself, further ones are counted and told by Deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRead {
    /// Through which door.
    pub channel: Channel,
    /// How many reads.
    pub count: u64,
    /// Lowest position read.
    pub from: u64,
    /// Who read.
    pub reader: Subject,
    /// First read.
    pub since: Time,
    /// Position after the highest read.
    pub to: u64,
    /// Last read.
    pub until: Time,
}

macro_rules! about_the_ledger {
    ($($fact:ident)*) => {$(
        impl $fact {
            fn object(&self) -> Option<Object> {
                None
            }
        }
    )*};
}

about_the_ledger! {
    LedgerOpened ServerStarted ServerStopped KeyRotated KeyCompromised StateRecorded ClaimOpened RefusalsCounted LogRead
}

impl PayloadErased {
    fn object(&self) -> Option<Object> {
        Some(self.bucket.into())
    }
}

impl CommandRefused {
    fn object(&self) -> Option<Object> {
        self.about
    }
}
