//! What went through a door.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counts what went to an app and came from it. Each field is a counter of its own; nobody needs them to agree with one another.
#[derive(Debug, Default)]
pub struct Meter {
    to_app: AtomicU64,
    from_app: AtomicU64,
    requests: AtomicU64,
    tunnels: AtomicU64,
    tunnels_open: AtomicU64,
}

/// What a meter says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// Bytes of bodies and tunnels to the app.
    pub to_app: u64,
    /// Bytes of bodies and tunnels from the app.
    pub from_app: u64,
    /// Requests that were passed on, with those that became tunnels.
    pub requests: u64,
    /// Tunnels so far.
    pub tunnels: u64,
    /// Tunnels that are open now.
    pub tunnels_open: u64,
}

/// Which way bytes go.
#[derive(Clone, Copy, Debug)]
pub(super) enum Way {
    /// To the app.
    In,
    /// From the app.
    Out,
}

impl Meter {
    /// What it says now.
    pub fn count(&self) -> Count {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Count {
            to_app: read(&self.to_app),
            from_app: read(&self.from_app),
            requests: read(&self.requests),
            tunnels: read(&self.tunnels),
            tunnels_open: read(&self.tunnels_open),
        }
    }

    pub(super) fn of(&self, way: Way) -> &AtomicU64 {
        match way {
            Way::In => &self.to_app,
            Way::Out => &self.from_app,
        }
    }

    pub(super) fn request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn tunnel_opened(&self) {
        self.tunnels.fetch_add(1, Ordering::Relaxed);
        self.tunnels_open.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn tunnel_closed(&self) {
        self.tunnels_open.fetch_sub(1, Ordering::Relaxed);
    }
}
