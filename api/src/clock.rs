//! The machine's clock.

use ledger::time::Time;
use std::time::{SystemTime, UNIX_EPOCH};

/// The time now; 1970 on a machine whose clock stands before that.
pub fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}
