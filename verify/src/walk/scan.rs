//! The part of the walk that knows no order: hashes, texts and subtrees, on all cores.

use crate::source::Row;
use ledger::event::{DecodeError, Decoded, Envelope, Event, Shapes};
use ledger::hash::Hash;
use ledger::merkle::{leaf_hash, leaf_hashes, subtree_root};
use ledger::time::Time;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Level of the subtrees that are hashed apart from one another. One is a task: less does not pay for handing it over.
pub(crate) const SUBTREE_LEVEL: u8 = 7;
const SUBTREE_LEAVES: usize = 1 << SUBTREE_LEVEL;

/// An event, as far as it can be understood alone.
pub(crate) struct Scanned {
    pub(crate) link: Result<Link, DecodeError>,
    /// All of it, when that was wanted. Boxed: it is several times the rest, and seldom there when only links are checked.
    pub(crate) event: Option<Box<Result<Decoded, DecodeError>>>,
}

/// What chains an event.
pub(crate) struct Link {
    pub(crate) seq: u64,
    pub(crate) prev: Hash,
    pub(crate) epoch: u64,
    /// When it was recorded, if the text is a time.
    pub(crate) time: Option<Time>,
    /// The ledger it names, if that is another one.
    pub(crate) foreign: Option<Box<str>>,
    pub(crate) changes_keys: bool,
}

/// Events that stand side by side, and their leaf hashes.
pub(crate) struct Run {
    pub(crate) events: Vec<Scanned>,
    pub(crate) hashes: Vec<Hash>,
    /// The root over them, when they are just a subtree of [`SUBTREE_LEVEL`].
    pub(crate) subtree: Option<Hash>,
}

/// Scans batches of rows.
pub(crate) struct Scanner {
    ledger: String,
    decodes: bool,
    /// What was learnt, for the tasks that come. As many as ever ran at once.
    shapes: Mutex<Vec<Shapes>>,
}

impl Scanner {
    /// Scans events of a ledger as far as links need it, or whole.
    pub(crate) fn new(ledger: String, decodes: bool) -> Self {
        Self { ledger, decodes, shapes: Mutex::default() }
    }

    /// Scans rows whose texts are in `bytes` and of which the first is leaf `index` of the tree.
    pub(crate) fn scan(&self, bytes: &[u8], rows: &[Row], index: u64) -> Vec<Run> {
        let past = usize::try_from(index % SUBTREE_LEAVES as u64).unwrap_or(0);
        let lead = ((SUBTREE_LEAVES - past) % SUBTREE_LEAVES).min(rows.len());
        let (lead, rest) = rows.split_at_checked(lead).unwrap_or_default();
        let tasks: Vec<&[Row]> = lead.chunks(SUBTREE_LEAVES).chain(rest.chunks(SUBTREE_LEAVES)).collect();
        tasks.into_par_iter().map(|rows| self.run(bytes, rows)).collect()
    }

    fn run(&self, bytes: &[u8], rows: &[Row]) -> Run {
        let idle = || self.shapes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut shapes = idle().pop().unwrap_or_default();
        let text = |row: &Row| bytes.get(row.start..row.end).unwrap_or_default();
        let mut events = Vec::with_capacity(rows.len());
        let mut hashes = Vec::with_capacity(rows.len());
        let (triples, rest) = rows.as_chunks();
        for triple in triples {
            hashes.extend(leaf_hashes(triple.each_ref().map(text)));
            events.extend(triple.iter().map(|row| self.one(text(row), &mut shapes)));
        }
        hashes.extend(rest.iter().map(|row| leaf_hash(text(row))));
        events.extend(rest.iter().map(|row| self.one(text(row), &mut shapes)));
        idle().push(shapes);
        let subtree = subtree_root(&hashes).filter(|_| hashes.len() == SUBTREE_LEAVES);
        Run { events, hashes, subtree }
    }

    fn one(&self, leaf: &[u8], shapes: &mut Shapes) -> Scanned {
        let envelope = Envelope::parse_alike(leaf, shapes);
        let wanted = envelope.as_ref().is_ok_and(|envelope| self.decodes || matters(envelope));
        let event = wanted.then(|| Box::new(Event::decode(leaf)));
        Scanned { link: envelope.map(|envelope| self.link(&envelope)), event }
    }

    fn link(&self, envelope: &Envelope<'_>) -> Link {
        Link {
            seq: envelope.seq,
            prev: envelope.prev,
            epoch: envelope.epoch,
            time: Time::parse(envelope.time),
            foreign: (envelope.ledger != self.ledger).then(|| envelope.ledger.into()),
            changes_keys: envelope.kind == CHANGES_KEYS,
        }
    }
}

/// The type of the events that put another key in force.
const CHANGES_KEYS: &str = "custody.key_rotated";

/// Whether an event matters even when the rules are not judged.
fn matters(envelope: &Envelope<'_>) -> bool {
    let kinds = [CHANGES_KEYS, "custody.key_compromised", "custody.payload_erased"];
    envelope.seq == 0 || envelope.has_sealed || kinds.contains(&envelope.kind)
}
