//! What the tests of the server share: the program itself, a small client, and the people who use it.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

pub(crate) mod auditor;
pub(crate) mod client;
pub(crate) mod people;
pub(crate) mod server;
pub(crate) mod tail;

use std::time::{Duration, Instant};

/// Longest that anything here takes on a slow machine. Nothing waits for it to pass.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Asks until the answer is there. Each round is a request of its own, so nothing here goes by the clock but giving up.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what} did not come");
        std::thread::yield_now();
    }
}
