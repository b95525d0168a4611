//! Values that change, with every value they ever had: what makes a question about the past as quick as one about now.

use serde::{Deserialize, Serialize};
use std::sync::Arc;

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

/// From the event at `since` on, until the one at `until`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The event that began it.
    pub since: u64,
    /// The event that ended it.
    pub until: Option<u64>,
}

impl Span {
    /// Begun by the event at `since`, and not ended.
    pub fn open(since: u64) -> Self {
        Self { since, until: None }
    }

    /// Whether it holds after `size` events.
    pub fn holds(self, size: u64) -> bool {
        self.since < size && self.until.is_none_or(|until| size <= until)
    }
}

/// Every value that something had, each with the position of the event that gave it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct History<T>(Option<Arc<[(u64, T)]>>);

impl<T> Default for History<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone> History<T> {
    /// The event at `seq` gave it this value.
    pub fn push(&mut self, seq: u64, value: T) {
        self.0 = Some(self.iter().cloned().chain([(seq, value)]).collect());
    }

    /// Its value after `size` events.
    pub fn at(&self, size: u64) -> Option<&T> {
        let values = self.0.as_ref()?;
        let upto = values.partition_point(|(seq, _)| *seq < size);
        values.get(upto.checked_sub(1)?).map(|(_, value)| value)
    }

    /// Its value now.
    pub fn now(&self) -> Option<&T> {
        self.0.as_ref()?.last().map(|(_, value)| value)
    }

    /// All values, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &(u64, T)> {
        self.0.iter().flat_map(|values| values.iter())
    }
}

/// The list with one more at its end.
pub(crate) fn appended<T: Clone>(list: &Arc<[T]>, item: T) -> Arc<[T]> {
    list.iter().cloned().chain([item]).collect()
}

/// The list without some.
pub(crate) fn without<T: Clone>(list: &Arc<[T]>, gone: impl Fn(&T) -> bool) -> Arc<[T]> {
    list.iter().filter(|item| !gone(item)).cloned().collect()
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
        let span = Span { since: 3, until: Some(5) };
        assert_eq!([3, 4, 5, 6].map(|size| span.holds(size)), [false, true, true, false]);
        assert!(Span::open(3).holds(u64::MAX));
    }
}
