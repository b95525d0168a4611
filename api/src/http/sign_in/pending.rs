//! A sign-in that has begun and did not end yet.

use super::browser::digest;
use crate::http::expiring::Expiring;
use crate::oidc::Begun;
use ledger::hash::Hash;
use ledger::time::Time;

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
}

/// All of them, by the digest of their state.
pub(super) struct Pendings(Expiring<Pending>);

impl Default for Pendings {
    fn default() -> Self {
        Self(Expiring::new(AWAY_SECONDS, COUNT_MAX))
    }
}

impl Pendings {
    /// Keeps one.
    pub(super) fn keep(&self, pending: Pending, now: Time) {
        self.0.keep(digest(pending.begun.state.reveal()), pending, now);
    }

    /// Takes out the one that an answer is for; it is there once, and only for the browser that began it.
    pub(super) fn take(&self, state: &str, browser: Option<&str>, now: Time) -> Option<Pending> {
        let own = |pending: &Pending| browser.is_some_and(|browser| digest(browser) == pending.browser);
        self.0.take(&digest(state), now, own)
    }
}
