//! Command ids that the index may not know yet.

use ledger::event::{ContentDigest, Event};
use ledger::index::CommandKey;
use std::collections::{BTreeMap, VecDeque};

/// Events that are remembered although the index knows them: more than the commands lead to that wait between somebody's look into the
/// index and the turn of the command that they looked for, if they lead to this many each. Without them a busy server would refuse commands
/// for nothing.
const REMEMBERED: u64 = super::QUEUE_MAX as u64 * 256;

/// What is known of a command id.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// Position of its first event.
    pub(super) at: u64,
    /// Digest of the command's content.
    pub(super) digest: Option<ContentDigest>,
}

/// Command ids of all events from some position on. Bounded by [`REMEMBERED`] and how far the index may lag behind.
#[derive(Debug, Default)]
pub(super) struct Recent {
    from: u64,
    known: BTreeMap<CommandKey, Known>,
    order: VecDeque<(u64, CommandKey)>,
}

impl Recent {
    /// Knowing every command id from a position on.
    pub(super) fn since(from: u64) -> Self {
        Self { from, ..Self::default() }
    }

    /// From which position on every command id is known.
    pub(super) fn from(&self) -> u64 {
        self.from
    }

    pub(super) fn find(&self, key: CommandKey) -> Option<Known> {
        self.known.get(&key).copied()
    }

    /// Remembers an event's command, if a client asked for it.
    pub(super) fn note(&mut self, key: Option<CommandKey>, event: &Event) {
        let Some(key) = key else { return };
        let (at, digest) = (event.seq, event.origin.digest);
        self.known.entry(key).or_insert_with(|| {
            self.order.push_back((at, key));
            Known { at, digest }
        });
    }

    /// Forgets what the index, which is at `position`, has known for long.
    pub(super) fn forget_below(&mut self, position: u64) {
        let position = position.saturating_sub(REMEMBERED);
        self.from = self.from.max(position);
        while let Some((_, key)) = self.order.front().copied().filter(|(at, _)| *at < position) {
            self.known.remove(&key);
            self.order.pop_front();
        }
    }

    /// Forgets what did not become lasting.
    pub(super) fn abandon(&mut self, size: u64) {
        while let Some((_, key)) = self.order.back().copied().filter(|(at, _)| *at >= size) {
            self.known.remove(&key);
            self.order.pop_back();
        }
    }
}
