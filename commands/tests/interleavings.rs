//! Random interleavings of reserving, settling, releasing, expiring and changing budgets, against sums that are made anew each time.
//!
//! Each seed is one run. `DEED_SEED=<n>` runs one of them alone.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it cannot go on"
)]

#[path = "common/names.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod names;
#[path = "common/people.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod people;
#[path = "common/spending.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod spending;

#[path = "interleavings/books.rs"]
mod books;
#[path = "interleavings/run.rs"]
mod run;

/// Seeds of one gate.
const SEEDS: u64 = 300;

#[test]
fn no_limit_is_exceeded_and_nothing_leaks() {
    if let Some(seed) = std::env::var("DEED_SEED").ok().and_then(|text| text.parse().ok()) {
        run::run(seed);
        return;
    }
    let mut seen = run::Seen::default();
    for seed in 0..SEEDS {
        let found = std::panic::catch_unwind(|| run::run(seed));
        seen.add(found.unwrap_or_else(|_| {
            panic!("seed {seed} failed; again: DEED_SEED={seed} cargo test -p commands --test interleavings")
        }));
    }
    let each =
        [seen.reserved, seen.over, seen.settled, seen.released, seen.expired, seen.reached, seen.replays];
    assert!(each.iter().all(|count| *count > 100), "something hardly happened: {seen:?}");
}
