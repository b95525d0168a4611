//! What is waited for: kept in memory, for minutes, and not too much of it. A restart forgets it, and whoever waited begins again.

use ledger::hash::Hash;
use ledger::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things by the digest of a secret name, each for the same time.
pub(super) struct Expiring<V> {
    seconds: u64,
    count_max: usize,
    kept: Mutex<Kept<V>>,
}

struct Kept<V> {
    by_name: BTreeMap<Hash, (Time, V)>,
    oldest: VecDeque<(Time, Hash)>,
}

impl<V> Expiring<V> {
    /// For so many seconds each; beyond so many things the oldest is forgotten.
    pub(super) fn new(seconds: u64, count_max: usize) -> Self {
        let kept = Kept { by_name: BTreeMap::new(), oldest: VecDeque::new() };
        Self { seconds, count_max, kept: Mutex::new(kept) }
    }

    fn lock(&self) -> MutexGuard<'_, Kept<V>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_over(&self, since: Time, now: Time) -> bool {
        now.seconds_since(since) > self.seconds
    }

    /// Keeps one.
    pub(super) fn keep(&self, name: Hash, value: V, now: Time) {
        let mut kept = self.lock();
        let goes = |kept: &Kept<V>| {
            let full = kept.oldest.len() >= self.count_max;
            kept.oldest.front().is_some_and(|(since, _)| full || self.is_over(*since, now))
        };
        while goes(&kept) {
            if let Some((_, name)) = kept.oldest.pop_front() {
                kept.by_name.remove(&name);
            }
        }
        kept.oldest.push_back((now, name));
        kept.by_name.insert(name, (now, value));
    }

    /// Takes one out, if it is what is asked for; afterwards it is not there any more.
    pub(super) fn take(&self, name: &Hash, now: Time, is_meant: impl Fn(&V) -> bool) -> Option<V> {
        let mut kept = self.lock();
        if !kept.by_name.get(name).is_some_and(|(_, value)| is_meant(value)) {
            return None;
        }
        let (since, value) = kept.by_name.remove(name)?;
        (!self.is_over(since, now)).then_some(value)
    }

    /// Looks at one, or changes it.
    pub(super) fn with<R>(&self, name: &Hash, now: Time, look: impl FnOnce(&mut V) -> R) -> Option<R> {
        let mut kept = self.lock();
        let (since, value) = kept.by_name.get_mut(name)?;
        (!self.is_over(*since, now)).then(|| look(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_micros(0).plus_seconds(seconds)
    }

    #[test]
    fn a_thing_is_taken_once_in_time_and_only_when_it_is_meant() {
        let kept = Expiring::new(10, 8);
        let name = |number: u8| Hash([number; 32]);
        (0..3).for_each(|number| kept.keep(name(number), number, at(0)));
        assert_eq!(kept.take(&name(0), at(10), |_| false), None);
        assert_eq!(kept.take(&name(0), at(10), |found| *found == 0), Some(0));
        assert_eq!(kept.take(&name(0), at(10), |_| true), None);
        assert_eq!(kept.with(&name(1), at(10), |found| std::mem::replace(found, 9)), Some(1));
        assert_eq!(kept.with(&name(1), at(10), |found| *found), Some(9));
        assert_eq!(kept.with(&name(1), at(11), |found| *found), None);
        assert_eq!(kept.take(&name(2), at(11), |_| true), None);
    }

    #[test]
    fn the_oldest_makes_room() {
        let kept = Expiring::new(10, 2);
        (0..3).for_each(|number: u8| kept.keep(Hash([number; 32]), number, at(0)));
        let there = |number: u8| kept.with(&Hash([number; 32]), at(0), |_| ()).is_some();
        assert!(!there(0) && there(1) && there(2));
    }
}
