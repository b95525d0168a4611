//! Tiles directories: rows 37 and 38, and that an honest one is whole.

use crate::world::{Holds, SIZE, World, codes, first, now};
use fixtures::forge::{Forger, Scribe, story};
use fixtures::temp_dir::TempDir;
use ledger::disk::RealDisk;
use verify::{Code, Options, Outcome, Report};

/// The story and `more` events, as tiles; the auditor keeps the checkpoint.
fn tiles(more: usize) -> (World, Options) {
    let dir = TempDir::new().unwrap();
    let mut scribe = Scribe::begin(dir.path(), 1 << 14).unwrap();
    let cast = story::tell(&mut scribe).unwrap();
    for _ in 0..more {
        let stopped = ledger::event::custody::ServerStopped { reason: "again".into() };
        scribe.record(ledger::event::Actor::System, stopped).unwrap();
    }
    let last = scribe.checkpoint().unwrap();
    let root = dir.join("tiles");
    ledger::tiles::export(&scribe.writer.reader(), scribe.genesis(), &last, &RealDisk, &root).unwrap();
    let mut forger = Forger::read(&scribe).unwrap();
    forger.data = root;
    let options = Options { kept: vec![last.clone()], now: now(), ..Options::default() };
    (World { dir, cast, forger, last }, options)
}

fn alter(world: &World, name: &str, at: usize) {
    let path = world.forger.data.join(name);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[at] ^= 1;
    std::fs::write(path, bytes).unwrap();
}

fn verdict(world: &World, options: &Options) -> Report {
    world.verdict(options)
}

#[test]
fn an_honest_tiles_directory_is_whole() {
    for more in [0, 600] {
        let (world, options) = tiles(more);
        let report = verdict(&world, &options);
        assert_eq!((codes(&report), report.outcome, report.source), (vec![], Outcome::Whole, "tiles"));
        assert_eq!(report.events, SIZE + more as u64);
        assert_eq!(report.checked.signatures, report.events);
    }
}

#[test]
fn row_37_a_tile_or_a_bundle_that_was_altered_is_found() {
    for (name, code) in [
        ("tile/0/000", Code::Tile),
        ("tile/0/002.p/113", Code::Tile),
        ("tile/1/000.p/2", Code::Tile),
        ("tile/entries/001", Code::Signature),
        ("signatures/001", Code::Signature),
    ] {
        let (world, options) = tiles(600);
        let at = if name.contains("entries") { 400 } else { 40 };
        alter(&world, name, at);
        let report = verdict(&world, &options);
        assert!(codes(&report).contains(&code), "{name}: {:?}", report.faults);
        assert_eq!(report.outcome, Outcome::Invalid);
    }
}

#[test]
fn row_38_a_leaf_that_is_not_in_the_tree_is_found_wherever_it_stands() {
    // The linear part is rewritten and signed with the real keys, the tiles and the checkpoint are kept.
    let (world, options) = tiles(0);
    let mut forger = world.forger.clone();
    forger.edit(11, |leaf| leaf["data"]["codes"][0]["count"] = serde_json::json!(2)).unwrap();
    forger.relink(11).unwrap();
    forger.resign(11).unwrap();
    let (mut entries, mut signatures) = (Vec::new(), Vec::new());
    for event in &forger.events {
        entries.extend_from_slice(&(event.leaf.len() as u16).to_be_bytes());
        entries.extend_from_slice(&event.leaf);
        signatures.extend([&event.key[..], &event.signature].concat());
    }
    std::fs::write(world.forger.data.join("tile/entries/000.p/25"), entries).unwrap();
    std::fs::write(world.forger.data.join("signatures/000.p/25"), signatures).unwrap();
    let report = verdict(&world, &options);
    assert_eq!(first(&report), Some((Code::Tile, Some(0))));
    assert!(codes(&report).contains(&Code::Rewritten));
}

#[test]
fn a_tiles_directory_that_lacks_a_bundle_is_found() {
    let (world, mut options) = tiles(600);
    std::fs::remove_file(world.forger.data.join("tile/entries/001")).unwrap();
    options.key = world.options(Holds::Key).key;
    assert_eq!(first(&verdict(&world, &options)), Some((Code::FileMissing, Some(256))));
}
