//! Values that change, with every value they ever had: what makes a question about the past as quick as one about now.

use crate::list::List;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// A point of the past: after so many events, at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moment {
    /// How many events had happened.
    pub size: u64,
    /// What the clock said.
    pub time: ledger::time::Time,
}

/// From the event at `since` on, until the one that ended it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The event that began it.
    pub since: u64,
    // The first event of a log begins what can be ended; so an end is never at 0, and an open span takes no more room.
    until: Option<NonZeroU64>,
}

impl Span {
    /// Begun by the event at `since`, and not ended.
    pub fn open(since: u64) -> Self {
        Self { since, until: None }
    }

    /// Ended by the event at `seq`, unless it was before.
    pub fn end(&mut self, seq: u64) {
        self.until = self.until.or(NonZeroU64::new(seq));
    }

    /// The event that ended it.
    pub fn until(self) -> Option<u64> {
        self.until.map(NonZeroU64::get)
    }

    /// Whether nothing ended it.
    pub fn is_open(self) -> bool {
        self.until.is_none()
    }

    /// Whether it holds after `size` events.
    pub fn holds(self, size: u64) -> bool {
        self.since < size && self.until().is_none_or(|until| size <= until)
    }
}

/// Every value that something had, each with the position of the event that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History<T>(List<(u64, T)>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(List::default())
    }
}

impl<T: Clone> History<T> {
    /// The event at `seq` gave it this value.
    pub fn push(&mut self, seq: u64, value: T) {
        self.0.push((seq, value));
    }

    /// Its value after `size` events.
    pub fn at(&self, size: u64) -> Option<&T> {
        let upto = self.0.partition_point(|(seq, _)| *seq < size);
        self.0.get(upto.checked_sub(1)?).map(|(_, value)| value)
    }

    /// Its value now.
    pub fn now(&self) -> Option<&T> {
        self.0.last().map(|(_, value)| value)
    }

    /// All values, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &(u64, T)> {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_knows_every_value_it_had() {
        let mut history = History::default();
        history.push(3, 'a');
        history.push(7, 'b');
        let found: Vec<_> = [0, 3, 4, 7, 8, u64::MAX].map(|size| history.at(size).copied()).into();
        assert_eq!(found, [None, None, Some('a'), Some('a'), Some('b'), Some('b')]);
    }

    #[test]
    fn a_span_holds_from_the_event_that_began_it_until_the_one_that_ended_it() {
        let mut span = Span::open(3);
        span.end(5);
        span.end(9);
        assert_eq!([3, 4, 5, 6].map(|size| span.holds(size)), [false, true, true, false]);
        assert!(Span::open(3).holds(u64::MAX));
    }
}
