//! Random commands, batches, crashes, faults and restarts against a model that is too simple to be wrong.
//!
//! Each seed is one run. `DEED_SIMULATION_SEEDS=<n>` runs so many, `DEED_SEED=<n>` one of them alone.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it cannot go on"
)]

#[path = "common/bench.rs"]
mod bench;
#[path = "common/people.rs"]
mod people;

#[path = "simulation/coverage.rs"]
mod coverage;
#[path = "simulation/model.rs"]
mod model;
#[path = "simulation/orders.rs"]
mod orders;
#[path = "simulation/run.rs"]
mod run;

use coverage::Coverage;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Seeds of one gate.
const SEEDS: u64 = 1_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn run_seed(seed: u64) -> Coverage {
    catch_unwind(AssertUnwindSafe(|| run::run(seed))).unwrap_or_else(|_| {
        panic!("seed {seed} failed; again: DEED_SEED={seed} cargo test -p commands --test simulation")
    })
}

#[test]
fn the_engine_does_what_the_model_says() {
    if let Some(seed) = number("DEED_SEED") {
        run_seed(seed);
        return;
    }
    let seeds = number("DEED_SIMULATION_SEEDS").unwrap_or(SEEDS);
    let threads = std::thread::available_parallelism().map_or(1, |found| found.get() as u64);
    let parts: Vec<Coverage> = std::thread::scope(|scope| {
        let parts: Vec<_> = (0..threads)
            .map(|first| {
                let every = usize::try_from(threads).expect("a small number");
                scope.spawn(move || {
                    (first..seeds).step_by(every).map(run_seed).fold(Coverage::default(), Coverage::plus)
                })
            })
            .collect();
        parts.into_iter().map(|part| part.join().expect("no seed fails")).collect()
    });
    let coverage = parts.into_iter().fold(Coverage::default(), Coverage::plus);
    if seeds >= SEEDS {
        coverage.check();
    }
}
