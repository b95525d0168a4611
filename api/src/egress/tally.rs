//! What a workspace asked of its way out, in counts.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Rows between two emptyings. What comes on top goes into one row for each verdict, so that nobody can fill the memory by asking.
const ROWS_MAX: usize = 256;
/// The host of those rows.
const OTHER: &str = "other";

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It was carried out.
    Allowed,
    /// The rules do not allow it.
    Denied,
    /// The rules allow it, and the name leads where no workspace may go.
    Special,
    /// It was allowed, and could not be reached.
    Failed,
    /// It was none that can be understood.
    Malformed,
}

/// One kind of request, counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The host; `other` when there were too many, empty when there was none.
    pub host: Box<str>,
    /// The port; 0 when there was none.
    pub port: u16,
    /// What became of them.
    pub verdict: Verdict,
    /// How many.
    pub count: u64,
    /// Bytes from the workspace.
    pub sent: u64,
    /// Bytes to the workspace.
    pub received: u64,
}

type Key = (Box<str>, u16, Verdict);

/// Counts, until somebody takes them. The lock is held for one row at a time.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<Key, [u64; 3]>>);

impl Tally {
    /// All rows, which begin anew.
    pub fn drain(&self) -> Vec<Row> {
        let rows = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        let row = |((host, port, verdict), [count, sent, received]): (Key, [u64; 3])| Row {
            host,
            port,
            verdict,
            count,
            sent,
            received,
        };
        rows.into_iter().map(row).collect()
    }

    pub(super) fn count(&self, host: &str, port: u16, verdict: Verdict) {
        self.add(host, port, verdict, [1, 0, 0]);
    }

    /// Adds a count, bytes sent and bytes received.
    pub(super) fn add(&self, host: &str, port: u16, verdict: Verdict, more: [u64; 3]) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (host.into(), port, verdict);
        if rows.len() >= ROWS_MAX && !rows.contains_key(&key) {
            key = (OTHER.into(), 0, verdict);
        }
        let row = rows.entry(key).or_default();
        for (sum, more) in row.iter_mut().zip(more) {
            *sum = sum.saturating_add(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_is_counted_until_it_is_taken() {
        let tally = Tally::default();
        tally.count("a.example", 443, Verdict::Allowed);
        tally.add("a.example", 443, Verdict::Allowed, [1, 5, 7]);
        tally.count("a.example", 80, Verdict::Denied);
        let rows = tally.drain();
        let first = Row {
            host: "a.example".into(),
            port: 443,
            verdict: Verdict::Allowed,
            count: 2,
            sent: 5,
            received: 7,
        };
        assert_eq!((rows.len(), rows.contains(&first)), (2, true));
        assert_eq!(tally.drain(), []);
    }

    #[test]
    fn rows_have_a_bound_and_nothing_is_lost() {
        let tally = Tally::default();
        for number in 0..1_000 {
            tally.count(&format!("{number}.example"), 443, Verdict::Denied);
        }
        let rows = tally.drain();
        assert_eq!(rows.len(), ROWS_MAX + 1);
        assert_eq!(rows.iter().map(|row| row.count).sum::<u64>(), 1_000);
    }
}
