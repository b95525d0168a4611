//! Sign-ins that have begun and did not end yet: kept in memory, for minutes, and not too many.

use super::browser::digest;
use crate::oidc::Begun;
use ledger::hash::Hash;
use ledger::time::Time;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

/// For how many seconds somebody may be away at the provider.
pub(super) const AWAY_SECONDS: u64 = 600;
/// Most sign-ins that are kept; beyond that the oldest is forgotten.
const COUNT_MAX: usize = 16_384;

/// A sign-in that has begun.
pub(super) struct Pending {
    /// The provider's name.
    pub(super) provider: Box<str>,
    /// What the adapter needs to finish it.
    pub(super) begun: Begun,
    /// The digest of what the browser's cookie holds.
    pub(super) browser: Hash,
    /// Where to go then.
    pub(super) return_to: String,
    /// Whether several factors were asked for, so that they are not asked for without end.
    pub(super) asked_for_factors: bool,
    /// When it began.
    pub(super) since: Time,
}

#[derive(Default)]
struct Kept {
    by_state: BTreeMap<Hash, Pending>,
    oldest: VecDeque<(Time, Hash)>,
}

/// All of them.
#[derive(Default)]
pub(super) struct Pendings(Mutex<Kept>);

impl Pendings {
    /// Keeps one.
    pub(super) fn keep(&self, pending: Pending) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, state) = (pending.since, digest(pending.begun.state.reveal()));
        let is_old = |since: Time| now.seconds_since(since) > AWAY_SECONDS;
        while kept.oldest.front().is_some_and(|(since, _)| is_old(*since) || kept.oldest.len() >= COUNT_MAX) {
            if let Some((_, state)) = kept.oldest.pop_front() {
                kept.by_state.remove(&state);
            }
        }
        kept.oldest.push_back((now, state));
        kept.by_state.insert(state, pending);
    }

    /// Takes out the one that an answer is for; it is there once, and only for the browser that began it.
    pub(super) fn take(&self, state: &str, browser: Option<&str>, now: Time) -> Option<Pending> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let state = digest(state);
        let own = |pending: &Pending| browser.is_some_and(|browser| digest(browser) == pending.browser);
        if !kept.by_state.get(&state).is_some_and(own) {
            return None;
        }
        let found = kept.by_state.remove(&state);
        found.filter(|pending| now.seconds_since(pending.since) <= AWAY_SECONDS)
    }
}
