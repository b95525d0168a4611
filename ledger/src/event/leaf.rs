//! The leaf: one event as one canonical JSON text, which is what is hashed, signed and stored.
//!
//! [`Event::encode`] writes it. Two readers exist: [`Envelope::parse`](super::Envelope::parse) proves it canonical and finds the few
//! fields that chain it, at the speed of a scan; [`Event::decode`] reads all of it into types.

use super::id::{EventId, LedgerId, uuid_v7_millis};
use super::{Actor, Assurance, Fact, Object, Origin, Outcome, written};
use crate::canonical::{self, NotCanonical, Problem};
use crate::hash::Hash;
use crate::time::Time;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use thiserror::Error;

/// Longest leaf in bytes: an entry of a C2SP tile carries its length in 16 bits.
pub const LEAF_BYTES_MAX: usize = 65_535;
/// Room for nearly every leaf, so that its text does not move while it is written.
const LEAF_BYTES_USUAL: usize = 1_024;

/// What an event says about a payload sealed beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedEntry {
    /// Length of the ciphertext.
    pub bytes: u64,
    /// Which rules of retention and erasure apply.
    pub class: Box<str>,
    /// Salted commitment to the ciphertext.
    pub commit: Hash,
    /// Its name in this event.
    pub name: Box<str>,
}

/// One event, all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Who did it.
    pub actor: Actor,
    /// How we know.
    pub assurance: Assurance,
    /// The event that led to this one.
    pub cause: Option<EventId>,
    /// Counts restores.
    pub epoch: u32,
    /// What happened.
    pub fact: Fact,
    /// Its name.
    pub id: EventId,
    /// The ledger it belongs to.
    pub ledger: LedgerId,
    /// Where the command came from.
    pub origin: Origin,
    /// Leaf hash of the event before.
    pub prev: Hash,
    /// Payloads sealed beside it.
    pub sealed: Vec<SealedEntry>,
    /// Its position.
    pub seq: u64,
    /// When the writer recorded it.
    pub time: Time,
}

/// The leaf as it stands in the text, before its `data` is understood.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Leaf<'a, D> {
    /// Who did it.
    pub actor: Actor,
    /// How we know.
    #[serde(skip_serializing_if = "Assurance::is_enforced", deserialize_with = "weaker", default)]
    pub assurance: Assurance,
    /// The event that led to this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<EventId>,
    /// What happened, in the shape that `type` and `v` name.
    pub data: D,
    /// Counts restores.
    pub epoch: u32,
    /// Its name.
    pub id: EventId,
    /// The ledger it belongs to.
    pub ledger: LedgerId,
    /// What it is about.
    pub object: Object,
    /// Where the command came from.
    pub origin: Origin,
    /// How it ended.
    pub outcome: Outcome,
    /// Leaf hash of the event before.
    pub prev: Hash,
    /// Payloads sealed beside it.
    #[serde(skip_serializing_if = "Vec::is_empty", deserialize_with = "not_empty", default)]
    pub sealed: Vec<SealedEntry>,
    /// Its position.
    pub seq: u64,
    /// When the writer recorded it.
    pub time: Time,
    /// `<area>.<past fact>`.
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// Version of the shape of `data`.
    pub v: u16,
}

/// A leaf that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "nearly every value is the large one")]
pub enum Decoded {
    /// An event of a known type.
    Known(Event),
    /// An event whose type or version this build does not know.
    Unknown {
        /// Its type.
        kind: String,
        /// Its version.
        version: u16,
    },
}

/// Why a text is not a leaf.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// Not canonical JSON.
    #[error("the leaf is not canonical JSON")]
    Canonical(#[from] NotCanonical),
    /// Not the keys and values of a leaf.
    #[error("the leaf does not have the shape of an event")]
    Shape(#[from] serde_json::Error),
    /// Longer than [`LEAF_BYTES_MAX`].
    #[error("the leaf has {bytes} bytes, more than 65,535")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A field that contradicts another.
    #[error("`{field}` contradicts the rest of the leaf")]
    Contradiction {
        /// The field.
        field: &'static str,
    },
}

impl Event {
    /// The canonical text. An error is a bug in a fact's shape or a leaf that grew too long.
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        let (kind, v) = self.fact.name();
        let leaf = Leaf {
            actor: self.actor,
            assurance: self.assurance,
            cause: self.cause,
            data: self.fact.data()?,
            epoch: self.epoch,
            id: self.id,
            ledger: self.ledger,
            object: self.fact.object(self.ledger),
            origin: self.origin.clone(),
            outcome: self.fact.outcome(),
            prev: self.prev,
            sealed: self.sealed.clone(),
            seq: self.seq,
            time: self.time,
            kind: kind.into(),
            v,
        };
        leaf.check()?;
        let mut text = Vec::with_capacity(LEAF_BYTES_USUAL);
        serde_json::to_writer(&mut text, &leaf)?;
        within_limit(&text)?;
        canonical::check(&text)?;
        Ok(text)
    }

    /// Reads a leaf that [`Envelope::parse`](super::Envelope::parse) found canonical.
    pub fn decode(text: &[u8]) -> Result<Decoded, DecodeError> {
        within_limit(text)?;
        let text = std::str::from_utf8(text)
            .map_err(|cause| NotCanonical { offset: cause.valid_up_to(), problem: Problem::Utf8 })?;
        let leaf = match written::read(text) {
            Some(leaf) => leaf,
            None => serde_json::from_str(text)?,
        };
        leaf.check()?;
        let Some(fact) = Fact::decode(&leaf.kind, leaf.v, leaf.data.0) else {
            return Ok(Decoded::Unknown { kind: leaf.kind.into_owned(), version: leaf.v });
        };
        leaf.into_event(fact?).map(Decoded::Known)
    }
}

impl<D> Leaf<'_, D> {
    fn check(&self) -> Result<(), DecodeError> {
        let names = self.sealed.iter().map(|entry| &entry.name);
        if uuid_v7_millis(self.id.as_bytes()) != self.time.micros() / 1_000 {
            return Err(DecodeError::Contradiction { field: "id" });
        }
        if !names.is_sorted_by(|before, after| before < after) {
            return Err(DecodeError::Contradiction { field: "sealed" });
        }
        Ok(())
    }

    fn into_event(self, fact: Fact) -> Result<Event, DecodeError> {
        if self.object != fact.object(self.ledger) {
            return Err(DecodeError::Contradiction { field: "object" });
        }
        if self.outcome != fact.outcome() {
            return Err(DecodeError::Contradiction { field: "outcome" });
        }
        Ok(Event {
            actor: self.actor,
            assurance: self.assurance,
            cause: self.cause,
            epoch: self.epoch,
            fact,
            id: self.id,
            ledger: self.ledger,
            origin: self.origin,
            prev: self.prev,
            sealed: self.sealed,
            seq: self.seq,
            time: self.time,
        })
    }
}

/// What happened, as the text that stands in the leaf.
pub(super) struct Data<'a>(pub(super) &'a str);

impl<'de: 'a, 'a> Deserialize<'de> for Data<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(raw.get()))
    }
}

/// An assurance that is written out. The strongest never is, so that an event has one text.
fn weaker<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Assurance, D::Error> {
    let assurance = Assurance::deserialize(deserializer)?;
    if assurance.is_enforced() {
        return Err(D::Error::custom("`enforced` is an absent key"));
    }
    Ok(assurance)
}

/// Payloads that are written out. No payload is an absent key.
fn not_empty<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<SealedEntry>, D::Error> {
    let entries = Vec::deserialize(deserializer)?;
    if entries.is_empty() {
        return Err(D::Error::custom("no payload is an absent key"));
    }
    Ok(entries)
}

pub(super) fn within_limit(text: &[u8]) -> Result<(), DecodeError> {
    let bytes = text.len();
    if bytes > LEAF_BYTES_MAX { Err(DecodeError::TooLong { bytes }) } else { Ok(()) }
}
