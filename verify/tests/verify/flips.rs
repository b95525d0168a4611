//! Every byte of a small ledger, flipped in turn: every flip is noticed.

use crate::world::{Holds, World, small_world, world};
use std::path::{Path, PathBuf};
use verify::{Outcome, Report, Silent};

/// What must differ in a verdict for a flip to count as noticed.
fn plain(report: &Report) -> (Outcome, Vec<String>, u64) {
    (report.outcome, report.verdicts.clone(), report.events)
}

fn files(world: &World) -> Vec<PathBuf> {
    let mut files = vec![world.forger.data.join("genesis.json"), world.forger.data.join("checkpoint")];
    for folder in ["log", "sealed", "checkpoints"] {
        let entries = std::fs::read_dir(world.forger.data.join(folder)).unwrap();
        files.extend(entries.map(|entry| entry.unwrap().path()));
    }
    files
}

fn noticed(
    world: &World,
    path: &Path,
    bytes: &[u8],
    at: usize,
    honest: &(Outcome, Vec<String>, u64),
) -> bool {
    let mut flipped = bytes.to_vec();
    flipped[at] ^= 1 << (at % 8);
    std::fs::write(path, &flipped).unwrap();
    let options = world.options(Holds::Prior);
    verify::verify(&world.forger.data, &options, &Silent).map_or(true, |report| plain(&report) != *honest)
}

fn flip_each(wanted: impl Fn(&Path) -> bool) {
    // One file of each kind, with little room behind the frames.
    let world = small_world();
    let honest = plain(&world.verdict(&world.options(Holds::Prior)));
    assert_eq!(honest.0, Outcome::Whole);
    for path in files(&world).into_iter().filter(|path| wanted(path)) {
        let bytes = std::fs::read(&path).unwrap();
        for at in 0..bytes.len() {
            assert!(noticed(&world, &path, &bytes, at, &honest), "{} at {at}", path.display());
        }
        std::fs::write(&path, &bytes).unwrap();
    }
    assert_eq!(plain(&world.verdict(&world.options(Holds::Prior))), honest);
}

#[test]
fn every_flipped_byte_of_the_log_is_noticed() {
    flip_each(|path| path.parent().unwrap().ends_with("log"));
}

#[test]
fn every_flipped_byte_beside_the_log_is_noticed() {
    flip_each(|path| !path.parent().unwrap().ends_with("log"));
}

#[test]
fn every_cut_of_the_log_is_noticed_by_who_kept_a_checkpoint() {
    let world = world();
    let frames = world.forger.log_frames().unwrap();
    let options = world.options(Holds::Prior);
    for cut in (0..frames.len()).step_by(37) {
        world.forger.write_kind(ledger::segment::Kind::Log, "log", &frames[..cut]).unwrap();
        assert_eq!(world.verdict(&options).outcome, Outcome::Invalid, "{cut}");
    }
}
