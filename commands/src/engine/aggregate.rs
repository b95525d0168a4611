//! Counting what floods: refusals per source, reads per reader.
//!
//! The first ones of a window are written whole, further ones are counted, and the counts are written when the window ends. So nobody can
//! fill the disk by being refused, and nothing goes unmentioned. What is counted counts once the group it came with is lasting; until
//! then each step can be taken back.

use crate::Happening;
use ledger::event::custody::{LogRead, RefusalsCounted};
use ledger::event::{CodeCount, Custody, Fact, Subject};
use ledger::time::Time;
use std::collections::BTreeMap;

/// Seconds of a window.
const WINDOW_SECONDS: u64 = 60;
/// Refusals of one source that are written whole in a window.
const WHOLE_PER_SOURCE: u32 = 20;
/// Refusals of all sources together that are written whole in a window: sources are easily made up.
const WHOLE_PER_WINDOW: u32 = 1_000;
/// Sources told apart in a window; further ones are counted only.
const SOURCES_MAX: usize = 4_096;

/// Whose refusals are counted together: a subject or an address, as a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source(pub [u8; 16]);

impl Source {
    /// Deed itself and its operator.
    pub const OWN: Self = Self([0; 16]);
}

/// Refusals in the current window.
#[derive(Debug, Default)]
struct Refused {
    since: Time,
    whole: u32,
    sources: BTreeMap<Source, u32>,
    counted: BTreeMap<&'static str, u64>,
}

#[derive(Debug)]
enum RefusedStep {
    Whole(Source),
    Counted(&'static str),
    Ended(Refused),
}

/// Counts refusals.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    window: Refused,
    /// Steps since the last lasting group.
    steps: Vec<RefusedStep>,
}

impl Refusals {
    /// Whether this refusal is written whole; otherwise it is counted.
    pub(super) fn admit(&mut self, source: Source, code: &'static str, now: Time) -> bool {
        let Refused { since, whole, sources, counted } = &mut self.window;
        if *whole == 0 && counted.is_empty() {
            *since = now;
        }
        let known = sources.get(&source).copied();
        let room = known.is_some_and(|seen| seen < WHOLE_PER_SOURCE)
            || (known.is_none() && sources.len() < SOURCES_MAX);
        let admitted = room && *whole < WHOLE_PER_WINDOW;
        if admitted {
            *sources.entry(source).or_default() += 1;
            *whole += 1;
            self.steps.push(RefusedStep::Whole(source));
        } else {
            *counted.entry(code).or_default() += 1;
            self.steps.push(RefusedStep::Counted(code));
        }
        admitted
    }

    /// Ends the window when its time has come, or at once when `all` is wanted; what was counted in it.
    pub(super) fn settle(&mut self, now: Time, all: bool) -> Option<RefusalsCounted> {
        let is_empty = self.window.whole == 0 && self.window.counted.is_empty();
        if is_empty || (!all && now.seconds_since(self.window.since) < WINDOW_SECONDS) {
            return None;
        }
        let ended = std::mem::take(&mut self.window);
        let count = |(code, count): (&&'static str, &u64)| CodeCount { code: (*code).into(), count: *count };
        let codes: Vec<_> = ended.counted.iter().map(count).collect();
        let since = ended.since;
        self.steps.push(RefusedStep::Ended(ended));
        (!codes.is_empty()).then_some(RefusalsCounted { codes, since, until: now })
    }

    /// A place to go back to.
    pub(super) fn mark(&self) -> usize {
        self.steps.len()
    }

    /// What was counted is lasting.
    pub(super) fn keep(&mut self) {
        self.steps.clear();
    }

    /// Takes back what was counted since the mark.
    pub(super) fn rewind(&mut self, mark: usize) {
        while self.steps.len() > mark {
            match self.steps.pop() {
                Some(RefusedStep::Whole(source)) => {
                    self.window.whole = self.window.whole.saturating_sub(1);
                    less_one(&mut self.window.sources, source);
                }
                Some(RefusedStep::Counted(code)) => less_one(&mut self.window.counted, code),
                Some(RefusedStep::Ended(window)) => self.window = window,
                None => {}
            }
        }
    }
}

/// Counts one less, and forgets what was counted once.
fn less_one<K: Ord, N: Copy + From<u8> + PartialOrd + std::ops::Sub<Output = N>>(
    counts: &mut BTreeMap<K, N>,
    key: K,
) {
    match counts.get_mut(&key) {
        Some(count) if *count > N::from(1) => *count = *count - N::from(1),
        _ => drop(counts.remove(&key)),
    }
}

#[derive(Debug)]
struct Window {
    began: Time,
    counted: Option<LogRead>,
}

#[derive(Debug)]
enum ReadStep {
    Began(Subject),
    /// What had been counted before.
    Counted(Subject, Option<LogRead>),
    Ended(Subject, Window),
}

/// Reads of the log in the current window, by reader. Bounded by the number of subjects with a credential.
#[derive(Debug, Default)]
pub(super) struct Reads {
    by_reader: BTreeMap<Subject, Window>,
    /// Steps since the last lasting group.
    steps: Vec<ReadStep>,
}

impl Reads {
    /// Leaves out reads by readers whose first read of the window is recorded, and counts them.
    pub(super) fn absorb(&mut self, happenings: Vec<Happening>, now: Time) -> Vec<Happening> {
        happenings.into_iter().filter(|happening| !self.counts(&happening.fact, now)).collect()
    }

    fn counts(&mut self, fact: &Fact, now: Time) -> bool {
        let Fact::Custody(Custody::LogRead(read)) = fact else { return false };
        let Some(window) = self.by_reader.get_mut(&read.reader) else {
            self.by_reader.insert(read.reader, Window { began: now, counted: None });
            self.steps.push(ReadStep::Began(read.reader));
            return false;
        };
        self.steps.push(ReadStep::Counted(read.reader, window.counted.clone()));
        match &mut window.counted {
            Some(counted) => {
                counted.count = counted.count.saturating_add(read.count);
                counted.from = counted.from.min(read.from);
                counted.to = counted.to.max(read.to);
                counted.until = read.until;
            }
            none => *none = Some(read.clone()),
        }
        true
    }

    /// Ends windows whose time has come, or all; what was counted in them.
    pub(super) fn settle(&mut self, now: Time, all: bool) -> Vec<LogRead> {
        let ends = |window: &Window| all || now.seconds_since(window.began) >= WINDOW_SECONDS;
        let readers: Vec<_> =
            self.by_reader.iter().filter(|(_, window)| ends(window)).map(|(reader, _)| *reader).collect();
        let mut counted = Vec::new();
        for reader in readers {
            if let Some(window) = self.by_reader.remove(&reader) {
                counted.extend(window.counted.clone());
                self.steps.push(ReadStep::Ended(reader, window));
            }
        }
        counted
    }

    /// A place to go back to.
    pub(super) fn mark(&self) -> usize {
        self.steps.len()
    }

    /// What was counted is lasting.
    pub(super) fn keep(&mut self) {
        self.steps.clear();
    }

    /// Takes back what was counted since the mark.
    pub(super) fn rewind(&mut self, mark: usize) {
        while self.steps.len() > mark {
            match self.steps.pop() {
                Some(ReadStep::Began(reader)) => drop(self.by_reader.remove(&reader)),
                Some(ReadStep::Counted(reader, before)) => {
                    if let Some(window) = self.by_reader.get_mut(&reader) {
                        window.counted = before;
                    }
                }
                Some(ReadStep::Ended(reader, window)) => drop(self.by_reader.insert(reader, window)),
                None => {}
            }
        }
    }
}
