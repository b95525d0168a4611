//! The index is never believed: deleted, old, damaged or foreign, the server starts and answers as before.

use crate::bench::{Bench, done, events, send_all, sent};
use crate::owned::{actor, make_owner, send};
use crate::people::subject;
use crate::{add, create, index_up, on_real};
use commands::engine::Engine;
use fixtures::rng::Rng;
use fixtures::temp_dir::TempDir;
use ledger::index::Facet;
use ledger::receipt::Receipt;
use std::fs;
use std::path::{Path, PathBuf};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for entry in fs::read_dir(from).expect("a folder can be listed") {
        let entry = entry.expect("a folder can be listed");
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).expect("a file can be copied");
        }
    }
}

fn replace(from: &Path, to: &Path) {
    fs::remove_dir_all(to).expect("a folder can be removed");
    copy(from, to);
}

/// Enough events that the index stores a block of them.
fn fill(engine: &mut Engine, round: &str) {
    let names: Vec<_> = (0..4_200).map(|number| format!("{round}-{number}")).collect();
    for names in names.chunks(1_000) {
        send_all(engine, names.iter().map(|name| sent(actor("ada"), name, add(name))));
    }
    index_up(engine, 1_000);
}

/// A ledger with an index of two commands, a block after each, a copy of the index after the first, and both receipts.
fn indexed(folder: &TempDir) -> (Bench, PathBuf, [Receipt; 2]) {
    let bench = on_real(folder);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    let one = done(&send(&mut engine, actor("ada"), "one", create("svc-ci")));
    index_up(&engine, 3);
    fill(&mut engine, "first");
    engine.stop("test");
    drop(engine);
    let older = folder.join("older");
    copy(&folder.join("data/index"), &older);
    let mut engine = bench.open().expect("it opens");
    let two = done(&send(&mut engine, actor("ada"), "two", add("two")));
    fill(&mut engine, "second");
    engine.stop("test");
    (bench, older, [one, two])
}

#[track_caller]
fn answers_all(bench: &Bench, receipts: &[Receipt; 2], label: &str) {
    let mut engine = bench.open().unwrap_or_else(|cause| panic!("{label}: {cause}"));
    for round in 0..2 {
        assert_eq!(done(&send(&mut engine, actor("ada"), "one", create("svc-ci"))), receipts[0], "{label}");
        assert_eq!(done(&send(&mut engine, actor("ada"), "two", add("two"))), receipts[1], "{label}");
        if round == 0 {
            index_up(&engine, 100);
        }
    }
    let index = engine.index().expect("there is one");
    let found = index.positions((Facet::Object, &subject("svc-ci").to_string()), 0, u64::MAX, 10);
    assert_eq!(found.ok(), Some(vec![receipts[0].events[0].seq]), "{label}");
    let of_type =
        events(&engine).iter().filter(|event| event.fact.name().0 == "custody.server_started").count();
    let found = index.positions((Facet::Type, "custody.server_started"), 0, u64::MAX, 100);
    assert_eq!(found.map(|found| found.len()).ok(), Some(of_type), "{label}");
    engine.stop("test");
}

#[test]
fn a_deleted_index_is_built_again() {
    let folder = TempDir::new().expect("a directory");
    let (bench, _, receipts) = indexed(&folder);
    fs::remove_dir_all(folder.join("data/index")).expect("the index can be removed");
    answers_all(&bench, &receipts, "deleted");
}

#[test]
fn an_older_copy_of_the_index_catches_up() {
    let folder = TempDir::new().expect("a directory");
    let (bench, older, receipts) = indexed(&folder);
    replace(&older, &folder.join("data/index"));
    answers_all(&bench, &receipts, "older");
}

#[test]
fn the_index_of_another_ledger_is_thrown_away() {
    let folder = TempDir::new().expect("a directory");
    let (bench, _, receipts) = indexed(&folder);
    let other = TempDir::new().expect("a directory");
    let strange = bench.at(&on_real(&other));
    let mut engine = strange.open().expect("it opens");
    index_up(&engine, 10);
    engine.stop("test");
    drop(engine);
    replace(&other.join("data/index"), &folder.join("data/index"));
    answers_all(&bench, &receipts, "foreign");
}

#[test]
fn an_index_ahead_of_its_log_is_thrown_away() {
    let folder = TempDir::new().expect("a directory");
    let (bench, _, receipts) = indexed(&folder);
    let saved = folder.join("saved");
    copy(&folder.join("data"), &saved);
    copy(&folder.join("lock"), &folder.join("saved-lock"));
    let mut engine = bench.open().expect("it opens");
    send(&mut engine, actor("ada"), "three", add("three"));
    fill(&mut engine, "third");
    engine.stop("test");
    drop(engine);
    copy(&folder.join("data/index"), &folder.join("ahead"));
    replace(&saved, &folder.join("data"));
    replace(&folder.join("saved-lock"), &folder.join("lock"));
    replace(&folder.join("ahead"), &folder.join("data/index"));
    answers_all(&bench, &receipts, "ahead");
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder can be listed");
    let paths = entries.map(|entry| entry.expect("a folder can be listed").path());
    let mut found: Vec<_> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    found.sort();
    found
}

#[test]
fn an_index_with_flipped_or_missing_bytes_changes_no_answer() {
    let folder = TempDir::new().expect("a directory");
    let (bench, _, receipts) = indexed(&folder);
    let whole = folder.join("whole");
    copy(&folder.join("data"), &whole);
    copy(&folder.join("lock"), &folder.join("whole-lock"));
    for seed in 0..24 {
        replace(&whole, &folder.join("data"));
        replace(&folder.join("whole-lock"), &folder.join("lock"));
        let mut rng = Rng::new(seed);
        let files = files(&folder.join("data/index"));
        let path = rng.pick(&files).expect("the index has files");
        let mut bytes = fs::read(path).expect("a file can be read");
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if rng.chance(1, 4) {
            bytes.truncate(rng.index(used));
        } else {
            for _ in 0..=rng.below(20) {
                let at = rng.index(used);
                bytes[at] ^= 1 << rng.below(8);
            }
        }
        fs::write(path, bytes).expect("a file can be written");
        answers_all(&bench, &receipts, &format!("seed {seed}, {}", path.display()));
    }
}
