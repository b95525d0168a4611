//! How much of anything a client may take: time, bytes, connections.

use std::time::Duration;

/// Largest request body: the largest leaf, so that what fits a request fits an event.
pub const BODY_BYTES_MAX: usize = 64 << 10;

/// The limits that a server runs with. Tests choose shorter times; everybody else takes [`Limits::default`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; further ones wait in the system's queue.
    pub connections_max: usize,
    /// How long a client may take to send its headers, and how long a connection may stand idle.
    pub headers: Duration,
    /// How long a client may take to send its body.
    pub body: Duration,
    /// How long an answer may take. Streams begin within it and go on.
    pub answer: Duration,
    /// Requests a second that a credential may send, or an address without one; 0 stands for any number.
    pub requests_per_second: u32,
    /// How long open requests may take when the server stops.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            headers: Duration::from_secs(10),
            // 64 KiB in ten seconds is less than the slowest line that a person would wait for.
            body: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            // What a busy program needs, and far less than what the server can do.
            requests_per_second: 50,
            drain: Duration::from_secs(10),
        }
    }
}
