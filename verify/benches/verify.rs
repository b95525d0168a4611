//! How fast a ledger is verified, and how that compares with the bare signatures on the same cores.
//!
//! `cargo bench -p verify`. The ledger is generated first: 200,000 events in files of the usual size.

#![expect(clippy::unwrap_used, reason = "a bench stops where it cannot go on")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use fixtures::forge::{Forger, bulk};
use fixtures::temp_dir::TempDir;
use ledger::event::{Envelope, Event};
use ledger::hash::Hash;
use ledger::merkle::leaf_hash;
use ledger::signature::{FastVerifier, PublicKey, Signature, event_message};
use ledger::time::Time;
use projections::State;
use rayon::prelude::*;
use std::hint::black_box;
use std::time::Instant;
use verify::{Options, Outcome, Signatures, Silent};

const EVENTS: u64 = 200_000;
/// Signatures of the raw measurements.
const RAW: usize = 20_000;

/// Events a second of the best of three runs.
fn rate(events: usize, mut run: impl FnMut()) -> f64 {
    let best = (0..3).map(|_| {
        let start = Instant::now();
        run();
        start.elapsed().as_secs_f64()
    });
    events as f64 / best.fold(f64::INFINITY, f64::min)
}

fn raw_rates(forger: &Forger) -> (f64, f64) {
    let key: PublicKey = *forger.genesis.event_key().key();
    let fast = FastVerifier::new(&key);
    let jobs: Vec<(Hash, Signature)> =
        forger.events.iter().take(RAW).map(|event| (event.hash(), Signature(event.signature))).collect();
    let strict = rate(RAW, || {
        assert!(jobs.par_iter().all(|(hash, signature)| key.verify(&event_message(hash), signature).is_ok()));
    });
    let tables = rate(RAW, || {
        assert!(
            jobs.par_iter().all(|(hash, signature)| fast.verify(&event_message(hash), signature).is_ok())
        );
    });
    (strict, tables)
}

/// Rates of the parts on one core.
fn parts(forger: &Forger) {
    let leaves: Vec<&[u8]> = forger.events.iter().take(100_000).map(|event| event.leaf.as_slice()).collect();
    let bytes = leaves.iter().map(|leaf| leaf.len()).sum::<usize>() / leaves.len();
    let hash =
        rate(leaves.len(), || leaves.iter().for_each(|leaf| drop(black_box(leaf_hash(leaf).0.to_vec()))));
    let scan = rate(leaves.len(), || leaves.iter().for_each(|leaf| assert!(Envelope::parse(leaf).is_ok())));
    let time = rate(leaves.len(), || {
        leaves.iter().for_each(|_| assert!(Time::parse(black_box("2026-01-02T00:00:00.000000Z")).is_some()));
    });
    let decode = rate(leaves.len(), || leaves.iter().for_each(|leaf| assert!(Event::decode(leaf).is_ok())));
    let fold = rate(leaves.len(), || {
        let mut state = State::default();
        leaves.iter().for_each(|leaf| state.apply_decoded(&Event::decode(leaf).unwrap()));
    });
    println!(
        "one core, leaves of {bytes} bytes: hash {hash:.0}/s, scan {scan:.0}/s, time {time:.0}/s, decode {decode:.0}/s, decode and fold {fold:.0}/s"
    );
}

fn verifying(c: &mut Criterion) {
    let dir = TempDir::new().unwrap();
    let scribe = bulk::write(dir.path(), EVENTS).unwrap();
    let forger = Forger::read(&scribe).unwrap();
    let kept = forger.checkpoint(forger.size()).unwrap();
    let size = forger.events.len();
    let options = |signatures, since: bool| Options {
        kept: vec![kept.clone()],
        since: since.then(|| kept.clone()),
        signatures,
        now: Time::from_micros(u64::MAX),
        ..Options::default()
    };
    let run = |options: &Options| {
        let report = verify::verify(&scribe.data(), options, &Silent).unwrap();
        assert_eq!(report.outcome, Outcome::Whole, "{:?}", report.faults);
    };
    let modes = [
        ("all", options(Signatures::All, false)),
        ("checkpoints", options(Signatures::Checkpoints, false)),
        ("replay", options(Signatures::All, true)),
    ];
    let cores = rayon::current_num_threads();
    let (strict, tables) = raw_rates(&forger);
    println!("{cores} cores, raw: strict {strict:.0}/s, tables {tables:.0}/s");
    parts(&forger);
    for (name, options) in &modes {
        let rate = rate(size, || run(options));
        println!(
            "{name}: {rate:.0} events/s, {:.2} of strict, {:.2} of tables",
            rate / strict,
            rate / tables
        );
    }
    let mut group = c.benchmark_group("verify");
    group.sample_size(10).throughput(Throughput::Elements(size as u64));
    for (name, options) in &modes {
        group.bench_function(*name, |bencher| bencher.iter(|| run(options)));
    }
    group.finish();
}

criterion_group!(benches, verifying);
criterion_main!(benches);
