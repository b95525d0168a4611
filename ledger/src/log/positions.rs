//! Where events begin, as far as this process has seen. Nothing of it is stored.

use super::find::{Mark, STRIDE, Stretch};
use crate::container::Place;
use crate::segment::HEADER_BYTES;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

/// Where events begin. Owned by the writer, shared with readers.
pub(super) struct Positions {
    place: Place,
    /// Events that are synced; readers go no further.
    size: AtomicU64,
    /// By first event. The writer and readers add to it, each for as long as that takes.
    files: RwLock<Files>,
}

type Files = BTreeMap<u64, Marks>;

/// Marks of a file, ascending: of each [`STRIDE`] neighbours the first that was seen. The file's first event is always among them.
struct Marks(Vec<Mark>);

impl Marks {
    fn new(first: u64) -> Self {
        Self(vec![Mark { seq: first, offset: HEADER_BYTES as u64 }])
    }

    /// The mark at or before an event, and the one after it.
    fn around(&self, seq: u64) -> (Option<Mark>, Option<Mark>) {
        let after = self.after(seq);
        (self.before(after), self.0.get(after).copied())
    }

    fn before(&self, place: usize) -> Option<Mark> {
        self.0.get(place.checked_sub(1)?).copied()
    }

    fn after(&self, seq: u64) -> usize {
        self.0.partition_point(|mark| mark.seq <= seq)
    }

    fn add(&mut self, mark: Mark) {
        let after = self.after(mark.seq);
        let is_neighbour = |other: Mark| other.seq / STRIDE == mark.seq / STRIDE;
        if self.before(after).is_some_and(is_neighbour) {
            return;
        }
        match self.0.get_mut(after).filter(|other| is_neighbour(**other)) {
            Some(other) => *other = mark,
            None => self.0.insert(after, mark),
        }
    }
}

impl Positions {
    pub(super) fn new(place: Place, firsts: &[u64]) -> Self {
        let files = RwLock::new(firsts.iter().map(|first| (*first, Marks::new(*first))).collect());
        Self { place, size: AtomicU64::new(0), files }
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn size(&self) -> u64 {
        self.size.load(Ordering::Acquire)
    }

    pub(super) fn publish(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    /// A new file.
    pub(super) fn begin(&self, first: u64) {
        self.change().insert(first, Marks::new(first));
    }

    /// Where events of the newest file begin, from one on.
    pub(super) fn extend(&self, from: u64, offsets: impl Iterator<Item = u64>) {
        if let Some(mut last) = self.change().last_entry() {
            let marks = last.get_mut();
            (from..).zip(offsets).for_each(|(seq, offset)| marks.add(Mark { seq, offset }));
        }
    }

    /// Where an event of some file begins.
    pub(super) fn note(&self, first: u64, mark: Mark) {
        if let Some(marks) = self.change().get_mut(&first) {
            marks.add(mark);
        }
    }

    fn change(&self) -> RwLockWriteGuard<'_, Files> {
        self.files.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// The file that holds an event, and the stretch of it that is known to.
    pub(super) fn around(&self, seq: u64) -> Option<(u64, Stretch)> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let (first, marks) = files.range(..=seq).next_back()?;
        let (below, above) = marks.around(seq);
        let next = || files.range(seq + 1..).next().map(|(next, _)| *next);
        let end = || Mark { seq: next().unwrap_or_else(|| self.size()), offset: u64::MAX };
        Some((*first, Stretch { below: below?, above: above.unwrap_or_else(end) }))
    }
}
