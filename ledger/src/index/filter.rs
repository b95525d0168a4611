//! A filter before the index: most command ids are new, and it says so without touching sled.

use super::entry::Key;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Bits of the filter: 8 MiB, of which an idle ledger touches little. Ten million ids later one look in a few still goes to sled.
const BITS: u64 = 1 << 26;

/// Which command ids may be in the index.
pub(super) struct Filter {
    words: Box<[AtomicU64]>,
    complete: AtomicBool,
}

impl Filter {
    /// A filter that knows everything that is in the index, when that is empty; otherwise it has yet to be filled.
    pub(super) fn new(complete: bool) -> Self {
        let words = (0..BITS / 64).map(|_| AtomicU64::new(0)).collect();
        Self { words, complete: AtomicBool::new(complete) }
    }

    pub(super) fn add(&self, key: Key) {
        for (word, bit) in self.places(key) {
            word.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Everything that is in the index has been added.
    pub(super) fn is_filled(&self) {
        self.complete.store(true, Ordering::Release);
    }

    /// Whether the index may have the key. `true` until the filter is filled.
    pub(super) fn may_have(&self, key: Key) -> bool {
        !self.complete.load(Ordering::Acquire)
            || self.places(key).all(|(word, bit)| word.load(Ordering::Relaxed) & bit != 0)
    }

    /// Four places, from the four parts of the key, which is a digest.
    fn places(&self, Key(key): Key) -> impl Iterator<Item = (&AtomicU64, u64)> {
        let key = key.to_be_bytes();
        let (parts, _) = key.as_chunks::<4>();
        let places: [u64; 4] = std::array::from_fn(|number| {
            parts.get(number).map_or(0, |part| u64::from(u32::from_be_bytes(*part)) % BITS)
        });
        places.into_iter().filter_map(|place| {
            let word = usize::try_from(place / 64).ok().and_then(|word| self.words.get(word))?;
            Some((word, 1 << (place % 64)))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::Hash;
    use crate::index::CommandKey;

    fn key(number: u64) -> Key {
        Key::command(CommandKey(*Hash::of(&[&number.to_be_bytes()]).0.first_chunk().unwrap()))
    }

    #[test]
    fn what_was_added_is_never_denied_and_little_else_is_admitted() {
        let filter = Filter::new(true);
        (0..100_000).for_each(|number| filter.add(key(number)));
        assert!((0..100_000).all(|number| filter.may_have(key(number))));
        assert!((100_000..200_000).filter(|number| filter.may_have(key(*number))).count() < 100);
    }

    #[test]
    fn an_unfilled_filter_denies_nothing() {
        let filter = Filter::new(false);
        assert!(filter.may_have(key(1)));
        filter.is_filled();
        assert!(!filter.may_have(key(1)));
    }
}
