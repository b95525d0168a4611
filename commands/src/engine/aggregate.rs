//! Counting what floods: refusals per source, reads per reader.
//!
//! The first ones of a window are written whole, further ones are counted, and the counts are written when the window ends. So nobody can
//! fill the disk by being refused, and nothing goes unmentioned.

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
pub(super) struct Refusals {
    since: Time,
    whole: u32,
    sources: BTreeMap<Source, u32>,
    counted: BTreeMap<&'static str, u64>,
}

impl Refusals {
    /// Whether this refusal is written whole; otherwise it is counted.
    pub(super) fn admit(&mut self, source: Source, code: &'static str, now: Time) -> bool {
        if self.whole == 0 && self.counted.is_empty() {
            self.since = now;
        }
        let room = self.sources.len() < SOURCES_MAX || self.sources.contains_key(&source);
        let seen = if room { self.sources.entry(source).or_default() } else { &mut u32::MAX.clone() };
        if *seen < WHOLE_PER_SOURCE && self.whole < WHOLE_PER_WINDOW {
            *seen += 1;
            self.whole += 1;
            return true;
        }
        *self.counted.entry(code).or_default() += 1;
        false
    }

    /// Ends the window when its time has come, or at once when `all` is wanted; what was counted in it.
    pub(super) fn settle(&mut self, now: Time, all: bool) -> Option<RefusalsCounted> {
        if !all && now.seconds_since(self.since) < WINDOW_SECONDS {
            return None;
        }
        let Self { since, counted, .. } = std::mem::take(self);
        let codes: Vec<_> =
            counted.into_iter().map(|(code, count)| CodeCount { code: code.into(), count }).collect();
        (!codes.is_empty()).then_some(RefusalsCounted { codes, since, until: now })
    }
}

/// Reads of the log in the current window, by reader. Bounded by the number of subjects with a credential.
#[derive(Debug, Default)]
pub(super) struct Reads {
    by_reader: BTreeMap<Subject, Window>,
}

#[derive(Debug)]
struct Window {
    began: Time,
    counted: Option<LogRead>,
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
            return false;
        };
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
        let mut counted = Vec::new();
        self.by_reader.retain(|_, window| {
            let ends = all || now.seconds_since(window.began) >= WINDOW_SECONDS;
            if ends {
                counted.extend(window.counted.take());
            }
            !ends
        });
        counted
    }

    /// Forgets the windows that began with what did not become lasting.
    pub(super) fn forget(&mut self) {
        self.by_reader.retain(|_, window| window.counted.is_some());
    }
}
