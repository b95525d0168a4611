//! The part of the walk that knows no order: hashes, texts and subtrees, on all cores.

use crate::source::Row;
use ledger::event::{DecodeError, Decoded, Envelope, Event};
use ledger::hash::Hash;
use ledger::merkle::{Frontier, leaf_hash};
use ledger::time::Time;
use rayon::prelude::*;

/// Events that one task takes at least: less does not pay for handing it over.
const TASK_EVENTS_MIN: usize = 64;
/// Level of the subtrees that are hashed apart from one another.
pub(crate) const SUBTREE_LEVEL: u8 = 8;
const SUBTREE_LEAVES: usize = 1 << SUBTREE_LEVEL;

/// An event, as far as it can be understood alone.
pub(crate) struct Scanned<'a> {
    pub(crate) hash: Hash,
    pub(crate) row: &'a Row,
    pub(crate) envelope: Result<Envelope<'a>, DecodeError>,
    /// When it was recorded, if the text is a time.
    pub(crate) time: Option<Time>,
    /// All of it, when that was wanted. Boxed: it is several times the rest, and seldom there when only links are checked.
    pub(crate) event: Option<Box<Result<Decoded, DecodeError>>>,
}

/// A run of events and its subtrees.
pub(crate) struct Batch<'a> {
    pub(crate) events: Vec<Scanned<'a>>,
    pub(crate) hashes: Vec<Hash>,
    /// Leaves before the first whole subtree.
    pub(crate) lead: usize,
    pub(crate) subtrees: Vec<Hash>,
}

/// Scans rows whose texts are in `bytes` and of which the first is leaf `index` of the tree.
pub(crate) fn scan<'a>(bytes: &'a [u8], rows: &'a [Row], index: u64, decode_all: bool) -> Batch<'a> {
    let one = |row: &'a Row| scan_one(bytes.get(row.start..row.end).unwrap_or_default(), row, decode_all);
    let events: Vec<Scanned<'a>> = rows.par_iter().with_min_len(TASK_EVENTS_MIN).map(one).collect();
    let hashes: Vec<Hash> = events.iter().map(|event| event.hash).collect();
    let past = usize::try_from(index % SUBTREE_LEAVES as u64).unwrap_or(0);
    let lead = ((SUBTREE_LEAVES - past) % SUBTREE_LEAVES).min(hashes.len());
    let whole = hashes.get(lead..).unwrap_or_default();
    let subtrees = whole.par_chunks_exact(SUBTREE_LEAVES).map(subtree).collect();
    Batch { events, hashes, lead, subtrees }
}

fn scan_one<'a>(leaf: &'a [u8], row: &'a Row, decode_all: bool) -> Scanned<'a> {
    let envelope = Envelope::parse(leaf);
    let wanted = envelope.as_ref().is_ok_and(|envelope| decode_all || matters(envelope));
    Scanned {
        hash: leaf_hash(leaf),
        row,
        time: envelope.as_ref().ok().and_then(|envelope| Time::parse(envelope.time)),
        event: wanted.then(|| Box::new(Event::decode(leaf))),
        envelope,
    }
}

/// Whether an event matters even when the rules are not judged.
fn matters(envelope: &Envelope<'_>) -> bool {
    let kinds = ["custody.key_rotated", "custody.key_compromised", "custody.payload_erased"];
    envelope.seq == 0 || envelope.has_sealed || kinds.contains(&envelope.kind)
}

fn subtree(leaves: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    leaves.iter().for_each(|leaf| frontier.push(*leaf));
    frontier.root()
}
