//! The events after the last whole block: in memory alone. After a restart they are read from the log again.

use super::entry::Entry;
use super::table::Search;
use super::{BATCH_MAX, tree};
use crate::hash::Hash;

/// What is known of the events after the last whole block.
#[derive(Clone, Debug, Default)]
pub(super) struct Tail {
    /// How many blocks are stored; the tail begins behind them.
    pub(super) blocks: u64,
    /// Entries by position.
    pub(super) entries: Vec<Entry>,
    /// Leaf hashes.
    pub(super) hashes: Vec<Hash>,
}

impl Tail {
    pub(super) fn behind(blocks: u64) -> Self {
        Self { blocks, ..Self::default() }
    }

    /// Its first position.
    pub(super) fn first(&self) -> u64 {
        self.blocks * BATCH_MAX
    }

    /// How many more events it takes to make a block.
    pub(super) fn room(&self) -> usize {
        usize::try_from(BATCH_MAX).map_or(0, |block| block.saturating_sub(self.hashes.len()))
    }

    fn matching(&self, search: Search) -> impl DoubleEndedIterator<Item = u64> {
        let is_wanted = move |entry: &&Entry| search.takes(entry);
        self.entries.iter().filter(is_wanted).map(|entry| entry.seq)
    }

    /// Adds the positions, ascending, until there are enough.
    pub(super) fn ascend(&self, search: Search, found: &mut Vec<u64>) {
        found.extend(self.matching(search).take(search.count_max.saturating_sub(found.len())));
    }

    /// Adds the positions, descending, until there are enough.
    pub(super) fn descend(&self, search: Search, found: &mut Vec<u64>) {
        found.extend(self.matching(search).rev().take(search.count_max.saturating_sub(found.len())));
    }

    /// The hash of the subtree number `n` of `2^level` leaves, when all of them are here.
    pub(super) fn hash(&self, level: u8, n: u64) -> Option<Hash> {
        let count = 1_u64.checked_shl(level.into())?;
        let from = n.checked_mul(count)?.checked_sub(self.first())?;
        let upto = from.checked_add(count)?;
        let hashes = self.hashes.get(usize::try_from(from).ok()?..usize::try_from(upto).ok()?)?;
        Some(tree::fold(hashes))
    }
}
