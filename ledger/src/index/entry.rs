//! What the index keeps of an event: a few entries, each a key and the event's position.

use super::{CommandKey, Facet};
use crate::event::Fact;
use crate::hash::Hash;
use serde::Deserialize;

/// What entries are found by: the kind in the highest four bits, a digest of the text in the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(pub(super) u128);

/// Where the kind begins. Commands are of kind 0, so they come first.
const KIND_BITS: u32 = 124;

impl Key {
    pub(super) fn command(CommandKey(key): CommandKey) -> Self {
        Self::new(0, key)
    }

    pub(super) fn facet(facet: Facet, text: &str) -> Self {
        let kind = match facet {
            Facet::Actor => 1,
            Facet::Object => 2,
            Facet::Type => 3,
            Facet::Outcome => 4,
        };
        let Hash([digest @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]) =
            Hash::of(&[text.as_bytes()]);
        Self::new(kind, digest)
    }

    fn new(kind: u128, digest: [u8; 16]) -> Self {
        let digest = u128::from_be_bytes(digest) & (u128::MAX >> (u128::BITS - KIND_BITS));
        Self(kind << KIND_BITS | digest)
    }

    pub(super) fn is_command(self) -> bool {
        self.0 >> KIND_BITS == 0
    }
}

/// An event that has what the key stands for. Entries are ordered by key, then by position.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) seq: u64,
}

impl Entry {
    /// Comes before every entry.
    pub(super) const START: Self = Self { key: Key(0), seq: 0 };
    /// Comes after every entry.
    pub(super) const END: Self = Self { key: Key(u128::MAX), seq: u64::MAX };
}

/// The parts of a leaf that an event is found by. They never hold an escape.
#[derive(Deserialize)]
struct Found<'a> {
    #[serde(borrow)]
    actor: Acting<'a>,
    #[serde(borrow)]
    object: Named<'a>,
    #[serde(borrow)]
    origin: Asked<'a>,
    outcome: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    v: u16,
}

#[derive(Deserialize)]
struct Acting<'a> {
    id: &'a str,
    #[serde(borrow, default)]
    on_behalf_of: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    id: &'a str,
}

#[derive(Deserialize)]
struct Asked<'a> {
    #[serde(borrow, default)]
    request: Option<&'a str>,
}

/// Adds the entries of an event. An event of an unknown type has none.
pub(super) fn add_entries(leaf: &[u8], seq: u64, entries: &mut Vec<Entry>) {
    let Ok(found) = serde_json::from_slice::<Found<'_>>(leaf) else { return };
    if !Fact::types().any(|known| known == (found.kind, found.v)) {
        return;
    }
    let command =
        found.origin.request.map(|request| Key::command(CommandKey::of_text(found.actor.id, request)));
    let facets = [
        Key::facet(Facet::Actor, found.actor.id),
        Key::facet(Facet::Object, found.object.id),
        Key::facet(Facet::Type, found.kind),
        Key::facet(Facet::Outcome, found.outcome),
    ];
    let behalf = found.actor.on_behalf_of.map(|person| Key::facet(Facet::Actor, person.id));
    entries.extend(command.into_iter().chain(facets).chain(behalf).map(|key| Entry { key, seq }));
}
