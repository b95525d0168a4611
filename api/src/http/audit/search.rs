//! Finding events that have several things at once, from the newest back, with a bounded amount of work.

use super::Parts;
use ledger::event::Fact;
use ledger::index::{Facet, Index, IndexError};
use ledger::log::{LogReader, ReadError, Record};

/// Bytes of leaves in one page.
const PAGE_BYTES_MAX: usize = 4 << 20;
/// Events that one request looks through where the index does not reach.
const SCANNED_MAX: u64 = 20_000;
/// Events that are looked through at once.
const WINDOW_EVENTS: u64 = 1_024;
/// Looks into the index that one request takes at most: each is some tens of microseconds.
const LOOKS_MAX: usize = 400;
/// Positions that are fetched where lists are searched for one place, and how many at most where they are followed.
const SEEK_POSITIONS: usize = 16;
const FOLLOW_POSITIONS_MAX: usize = 2_048;

/// Something that an event has: any of some texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    /// By what.
    pub facet: Facet,
    /// Any of these.
    pub texts: Vec<String>,
}

impl Clause {
    fn takes(&self, parts: &Parts<'_>) -> bool {
        let behalf = parts.actor.on_behalf_of.as_ref().filter(|_| self.facet == Facet::Actor);
        let text = match self.facet {
            Facet::Actor => &*parts.actor.id,
            Facet::Object => &*parts.object.id,
            Facet::Type => &*parts.kind,
            Facet::Outcome => &*parts.outcome,
        };
        let is_wanted = |text: &str| self.texts.iter().any(|wanted| wanted == text);
        is_wanted(text) || behalf.is_some_and(|person| is_wanted(&person.id))
    }
}

/// What a search found, and where to go on.
pub struct Searched {
    /// The events, the newest first.
    pub records: Vec<Record>,
    /// The position below which there may be more; `None` when there is none.
    pub next: Option<u64>,
}

/// The newest events from `from` on and below `upto` that have what all clauses say, at most `count`. The page may be short and still have a next.
pub fn newest(
    reader: &LogReader,
    index: Option<&Index>,
    clauses: &[Clause],
    (from, upto): (u64, u64),
    count: usize,
) -> Result<Searched, ReadError> {
    let indexed = if clauses.is_empty() { 0 } else { index.map_or(0, Index::position) };
    let mut page = Page { reader, clauses, from, next: upto, count, bytes: 0, records: Vec::new() };
    page.scan(indexed)?;
    if let Some(index) = index.filter(|_| page.next > from && page.next <= indexed)
        && page.by_index(index)?.is_err()
    {
        // A failing index finds nothing more than the log does: read that.
        page.scan(from)?;
    }
    let next = Some(page.next).filter(|next| *next > from);
    Ok(Searched { records: page.records, next })
}

/// A page that fills from the newest event back.
struct Page<'a> {
    reader: &'a LogReader,
    clauses: &'a [Clause],
    from: u64,
    /// Everything from here on was looked at.
    next: u64,
    count: usize,
    bytes: usize,
    records: Vec<Record>,
}

impl Page<'_> {
    fn is_full(&self) -> bool {
        self.records.len() >= self.count || self.bytes >= PAGE_BYTES_MAX
    }

    fn take(&mut self, record: Record) {
        self.bytes += record.leaf.len();
        self.next = record.seq;
        self.records.push(record);
    }

    /// Looks through the log itself, down to a position.
    fn scan(&mut self, down_to: u64) -> Result<(), ReadError> {
        let down_to = down_to.max(self.from);
        let least = self.next.saturating_sub(SCANNED_MAX).max(down_to);
        while self.next > least && !self.is_full() {
            let window = if self.clauses.is_empty() {
                self.count.try_into().unwrap_or(u64::MAX)
            } else {
                WINDOW_EVENTS
            };
            let start = self.next.saturating_sub(window).max(least);
            let wanted = usize::try_from(self.next - start).unwrap_or(usize::MAX);
            self.window(self.reader.read(start, wanted, usize::MAX)?);
            if !self.is_full() {
                self.next = start;
            }
        }
        Ok(())
    }

    fn window(&mut self, records: Vec<Record>) {
        for record in records.into_iter().rev() {
            if self.is_full() {
                break;
            }
            if self.takes(&record) {
                self.take(record);
            }
        }
    }

    /// As the index does it: an event of an unknown type has nothing to be found by.
    fn takes(&self, record: &Record) -> bool {
        if self.clauses.is_empty() {
            return true;
        }
        let Some(parts) = Parts::of(&record.leaf) else { return false };
        let known = || Fact::types().any(|known| known == (&*parts.kind, parts.v));
        self.clauses.iter().all(|clause| clause.takes(&parts)) && known()
    }

    /// Takes what is in the lists of all clauses.
    fn by_index(&mut self, index: &Index) -> Result<Result<(), IndexError>, ReadError> {
        let mut both = Intersection::of(index, self.clauses, self.from);
        while !self.is_full() {
            let found = match both.newest_below(self.next) {
                Ok(found) => found,
                Err(cause) => return Ok(Err(cause)),
            };
            match found {
                Step::At(seq) => {
                    let Some(record) = self.reader.event(seq)? else { break };
                    self.take(record);
                }
                Step::TiredAt(seq) => {
                    self.next = seq;
                    break;
                }
                Step::End => {
                    self.next = self.from;
                    break;
                }
            }
        }
        Ok(Ok(()))
    }
}

/// Where a search for the next position ended.
enum Step {
    /// There.
    At(u64),
    /// Nowhere at or above this position, below which it must go on another time.
    TiredAt(u64),
    /// There is none.
    End,
}

/// What several lists have in common.
struct Intersection<'a> {
    lists: Vec<List<'a>>,
    looks: usize,
}

impl<'a> Intersection<'a> {
    fn of(index: &'a Index, clauses: &'a [Clause], from: u64) -> Self {
        let lists = clauses.iter().map(|clause| List::of(index, clause, from)).collect();
        Self { lists, looks: 0 }
    }

    /// The newest common position below a bound. The list that goes farthest back leads; the others are asked for its place alone.
    fn newest_below(&mut self, bound: u64) -> Result<Step, IndexError> {
        let mut bound = bound;
        loop {
            let (mut lowest, mut highest) = (u64::MAX, 0);
            for list in &mut self.lists {
                let below = if lowest == u64::MAX { bound } else { lowest + 1 };
                let Some(seq) = list.newest_below(below, &mut self.looks)? else { return Ok(Step::End) };
                (lowest, highest) = (lowest.min(seq), highest.max(seq));
            }
            if lowest == highest {
                return Ok(Step::At(lowest));
            }
            bound = lowest + 1;
            if self.looks >= LOOKS_MAX {
                return Ok(Step::TiredAt(bound));
            }
        }
    }
}

/// The positions of one clause, descending, fetched as they are needed.
struct List<'a> {
    index: &'a Index,
    clause: &'a Clause,
    from: u64,
    /// Fetched and not yet passed, the newest last.
    ahead: Vec<u64>,
    /// Below this nothing was fetched.
    reached: u64,
    fetch: usize,
}

impl<'a> List<'a> {
    fn of(index: &'a Index, clause: &'a Clause, from: u64) -> Self {
        Self { index, clause, from, ahead: Vec::new(), reached: u64::MAX, fetch: SEEK_POSITIONS }
    }

    fn newest_below(&mut self, bound: u64, looks: &mut usize) -> Result<Option<u64>, IndexError> {
        loop {
            let passed = self.ahead.partition_point(|seq| *seq < bound);
            self.ahead.truncate(passed);
            if let Some(seq) = self.ahead.last() {
                return Ok(Some(*seq));
            }
            if self.reached <= self.from {
                return Ok(None);
            }
            self.fetch_below(bound, looks)?;
        }
    }

    fn fetch_below(&mut self, bound: u64, looks: &mut usize) -> Result<(), IndexError> {
        // A list that is followed is fetched in ever larger pieces, one that is only asked here and there in small ones.
        let follows = bound.saturating_add(1) >= self.reached;
        self.fetch = if follows { (self.fetch * 2).min(FOLLOW_POSITIONS_MAX) } else { SEEK_POSITIONS };
        let upto = bound.min(self.reached);
        let (mut found, mut reached) = (Vec::new(), self.from);
        for text in &self.clause.texts {
            let wanted = (self.clause.facet, text.as_str());
            let positions = self.index.newest_positions(wanted, self.from, upto, self.fetch)?;
            *looks += 1;
            if let Some(last) = positions.last().filter(|_| positions.len() >= self.fetch) {
                reached = reached.max(*last);
            }
            found.extend(positions);
        }
        // Below where the first list that is not whole ends, something may be missing.
        found.retain(|seq| *seq >= reached);
        found.sort_unstable();
        (self.ahead, self.reached) = (found, reached);
        Ok(())
    }
}
