//! The binary `deed-verify`; see [`verify::cli`].

use ledger::time::Time;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

fn main() -> ExitCode {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    verify::cli::run(Time::from_micros(u64::try_from(since.as_micros()).unwrap_or(u64::MAX)))
}
