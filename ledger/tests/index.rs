//! The index: what it finds, what it proves, what it keeps, and what it does not believe.

#![cfg(feature = "index")]
#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

use fixtures::rng::Rng;
use fixtures::samples;
use fixtures::temp_dir::TempDir;
use ledger::event::id::{CommandId, CredentialId, LedgerId};
use ledger::event::{Actor, Delegate, Event, Origin, Subject, Via};
use ledger::hash::Hash;
use ledger::index::{CommandKey, Facet, Index, IndexError, StoredSnapshot, actor_texts};
use ledger::log::Record;
use ledger::merkle::{Frontier, leaf_hash, node_hash};
use std::collections::BTreeMap;
use std::path::Path;

fn open(folder: &TempDir) -> Index {
    Index::open(&folder.join("index"), samples::ledger()).expect("the index opens")
}

/// Random events; some belong to commands, neighbours often to one.
fn events(seed: u64, count: u64) -> Vec<Event> {
    let (mut rng, facts) = (Rng::new(seed), samples::facts());
    let mut request: Option<CommandId> = None;
    let event = |seq| {
        if rng.chance(1, 2) {
            request = rng.chance(2, 3).then(|| format!("r{seq}").parse().expect("a command id"));
        }
        let fact = rng.pick(&facts).cloned().expect("there are samples");
        let event = samples::event(seq, Hash([0; 32]), fact);
        let actor = if rng.chance(1, 5) { delegate(seq) } else { event.actor };
        Event { actor, origin: Origin { request: request.clone(), ..Origin::writer() }, ..event }
    };
    (0..count).map(event).collect()
}

/// One of a few programs, for one of a few people.
fn delegate(seq: u64) -> Actor {
    let number = u8::try_from(seq % 3).expect("a small number");
    let (program, person) = (samples::service_account(number), samples::person(4 + number % 2));
    let program = Subject::ServiceAccount(program);
    Actor::Delegate(Delegate { program, person, credential: CredentialId::from_bytes([number; 16]) })
}

fn records(events: &[Event]) -> Vec<Record> {
    let record = |event: &Event| {
        let leaf = event.encode().expect("samples have a text");
        Record { seq: event.seq, leaf, signature: [0; 64], key: [0; 4] }
    };
    events.iter().map(record).collect()
}

fn add(index: &Index, records: &[Record], at_once: usize) {
    records.chunks(at_once).for_each(|batch| index.add(batch).expect("it takes what follows"));
}

/// A program that acts for a person is found by either.
fn facets(event: &Event) -> Vec<(Facet, String)> {
    let actors = actor_texts(&event.actor).map(|text| (Facet::Actor, text));
    let others = [
        (Facet::Object, event.fact.object(event.ledger).to_string()),
        (Facet::Type, event.fact.name().0.to_owned()),
        (Facet::Outcome, event.fact.outcome().text().to_owned()),
    ];
    actors.chain(others).collect()
}

/// What the index should find.
#[derive(Default)]
struct Model {
    positions: BTreeMap<(Facet, String), Vec<u64>>,
    commands: BTreeMap<CommandKey, Vec<u64>>,
}

impl Model {
    fn of(events: &[Event]) -> Self {
        let mut model = Self::default();
        for event in events {
            for facet in facets(event) {
                model.positions.entry(facet).or_default().push(event.seq);
            }
            if let Some(key) = CommandKey::of(event) {
                model.commands.entry(key).or_default().push(event.seq);
            }
        }
        model
    }

    /// Compares the positions of each text between two positions, below the end of the index, in both directions.
    fn check(&self, index: &Index, (from, upto): (u64, u64), count: usize) {
        let end = upto.min(index.position());
        for ((facet, text), seqs) in &self.positions {
            let wanted = || seqs.iter().copied().filter(|seq| (from..end).contains(seq));
            let (up, down) = (wanted().take(count), wanted().rev().take(count));
            let label = format!("{text} {from}..{upto}, {count}, index at {}", index.position());
            let found = index.positions((*facet, text), from, upto, count).expect("it reads");
            assert_eq!(found, up.collect::<Vec<_>>(), "{label}");
            let found = index.newest_positions((*facet, text), from, upto, count).expect("it reads");
            assert_eq!(found, down.collect::<Vec<_>>(), "{label}");
        }
    }

    fn check_commands<'a>(&self, index: &Index, keys: impl IntoIterator<Item = &'a CommandKey>) {
        let position = index.position();
        for key in keys {
            let seqs = self.commands.get(key).expect("a command of the model");
            let found = index.command(*key).expect("it reads");
            match found {
                Some(at) => assert!(seqs.contains(&at)),
                None => assert!(seqs.iter().all(|seq| *seq >= position)),
            }
        }
    }
}

#[test]
fn positions_are_found_both_ways_in_batches_of_any_size() {
    let events = events(1, 9_000);
    let (records, model) = (records(&events), Model::of(&events));
    for at_once in [37, 1_000, 4_096, 9_000] {
        let folder = TempDir::new().expect("a directory");
        let index = open(&folder);
        add(&index, &records, at_once);
        assert_eq!(index.position(), 9_000);
        for (range, count) in [
            ((0, 9_000), 10_000),
            ((0, 9_000), 3),
            ((0, u64::MAX), 500),
            ((50, 200), 1_000),
            ((4_000, 4_200), 1_000),
            ((8_191, 8_193), 2),
            ((4_096, 8_192), 7),
            ((8_999, 9_000), 1),
            ((9, 9), 9),
            ((9, 3), 9),
            ((0, 9_000), 0),
        ] {
            model.check(&index, range, count);
        }
        assert_eq!(index.positions((Facet::Actor, "nobody"), 0, 9_000, 9).expect("it reads"), [0; 0]);
        assert_eq!(index.newest_positions((Facet::Actor, "done"), 0, 9_000, 9).expect("it reads"), [0; 0]);
    }
}

#[test]
fn whatever_the_batches_and_the_restarts_the_index_agrees_with_a_map() {
    let events = events(7, 20_000);
    let (records, model) = (records(&events), Model::of(&events));
    let keys: Vec<_> = model.commands.keys().collect();
    for seed in 0..4 {
        let mut rng = Rng::new(seed);
        let folder = TempDir::new().expect("a directory");
        let mut index = open(&folder);
        while index.position() < 20_000 {
            let position = usize::try_from(index.position()).expect("a small log");
            let most = [10, 1_000, 9_000][rng.index(3)];
            let count = 1 + rng.index(most);
            let upto = (position + count).min(records.len());
            index.add(&records[position..upto]).expect("it takes what follows");
            if rng.chance(1, 3) {
                drop(index);
                index = open(&folder);
                assert_eq!(index.position(), (upto / 4_096 * 4_096) as u64, "whole blocks are kept");
            }
            if rng.chance(1, 4) {
                index.warm().expect("it can be filled");
            }
            let count_max = 1 + rng.index(300);
            model.check(&index, (rng.below(20_000), rng.below(21_000)), count_max);
            model.check_commands(&index, keys.iter().copied().step_by(97));
        }
        model.check(&index, (0, u64::MAX), usize::MAX);
        model.check_commands(&index, keys.iter().copied());
    }
}

#[test]
fn an_index_whose_tables_were_merged_finds_the_same() {
    let folder = TempDir::new().expect("a directory");
    let events = events(8, 70_000);
    let (records, model) = (records(&events), Model::of(&events));
    let index = open(&folder);
    std::thread::scope(|scope| {
        let adding = scope.spawn(|| add(&index, &records, 4_096));
        // Whoever reads while tables are merged and removed finds the same.
        while !adding.is_finished() {
            let upto = index.position();
            model.check(&index, (upto.saturating_sub(50_000), upto), 40);
            model.check_commands(&index, model.commands.keys().step_by(997));
        }
    });
    model.check(&index, (0, u64::MAX), 5_000);
    model.check(&index, (60_000, 68_000), 5_000);
    drop(index);
    let index = open(&folder);
    assert_eq!(index.position(), 69_632);
    model.check(&index, (0, u64::MAX), 100);
    model.check_commands(&index, model.commands.keys().step_by(31));
}

#[test]
fn commands_are_found_at_one_of_their_events_and_others_are_not() {
    let events = events(2, 5_000);
    let (records, model) = (records(&events), Model::of(&events));
    for at_once in [5, 300, 5_000] {
        let folder = TempDir::new().expect("a directory");
        let index = open(&folder);
        add(&index, &records, at_once);
        model.check_commands(&index, model.commands.keys());
        let strange = "never-used".parse().expect("a command id");
        let key = CommandKey::new(&Actor::Anonymous(Via::Nothing), &strange);
        assert_eq!(index.command(key).expect("it reads"), None);
    }
}

#[test]
fn hashes_of_the_tree_are_those_of_the_leaves() {
    let mut rng = Rng::new(3);
    for size in [1, 2, 63, 64, 65, 127, 128, 4_095, 4_096, 4_097, 5_000, 8_200] {
        let folder = TempDir::new().expect("a directory");
        let index = open(&folder);
        let event = samples::event(0, Hash([0; 32]), samples::facts().remove(0));
        let leaf = event.encode().expect("samples have a text");
        let record = |seq| Record { seq, leaf: leaf.clone(), signature: [0; 64], key: [0; 4] };
        let mut records: Vec<_> = (0..size).map(record).collect();
        // No leaf is like another; whether it is an event does not matter to the tree.
        records.iter_mut().for_each(|record| record.leaf.extend(record.seq.to_be_bytes()));
        let at_once = 1 + rng.index(700);
        add(&index, &records, at_once);
        let mut level_hashes: Vec<_> = records.iter().map(|record| leaf_hash(&record.leaf)).collect();
        let mut level = 0;
        while !level_hashes.is_empty() {
            for (n, hash) in (0_u64..).zip(&level_hashes) {
                assert_eq!(index.hash(level, n).expect("it is there"), *hash, "{size}: {level}, {n}");
            }
            let beyond = level_hashes.len() as u64;
            assert!(index.hash(level, beyond).is_err(), "{size}: {level}, {beyond}");
            level_hashes =
                level_hashes.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
            level += 1;
        }
        let frontier = Frontier::at(size, &|level, n| index.hash(level, n)).expect("it has all hashes");
        let mut expected = Frontier::default();
        records.iter().for_each(|record| expected.push(leaf_hash(&record.leaf)));
        assert_eq!(frontier, expected);
    }
}

#[test]
fn events_are_added_where_the_index_ends_and_nowhere_else() {
    let folder = TempDir::new().expect("a directory");
    let index = open(&folder);
    let records = records(&events(4, 10));
    assert!(matches!(index.add(&records[1..]), Err(IndexError::Damaged)));
    add(&index, &records[..5], 5);
    for wrong in [&records[..], &records[4..], &records[6..]] {
        assert!(matches!(index.add(wrong), Err(IndexError::Damaged)));
    }
    index.add(&[]).expect("nothing is fine");
    add(&index, &records[5..], 2);
    assert_eq!(index.position(), 10);
    drop(index);
    assert_eq!(open(&folder).position(), 0, "only whole blocks are kept");
}

#[test]
fn the_index_of_another_ledger_or_one_that_is_distrusted_begins_again() {
    let folder = TempDir::new().expect("a directory");
    let index = open(&folder);
    add(&index, &records(&events(5, 5_000)), 5_000);
    assert!(matches!(Index::open(&folder.join("index"), samples::ledger()), Err(IndexError::InUse { .. })));
    drop(index);
    let index = open(&folder);
    assert_eq!(index.position(), 4_096);
    index.distrust().expect("it can be distrusted");
    drop(index);
    let index = open(&folder);
    assert_eq!(index.position(), 0);
    add(&index, &records(&events(5, 5_000)), 5_000);
    drop(index);
    let other = Index::open(&folder.join("index"), LedgerId::from_bytes([9; 16])).expect("it opens");
    assert_eq!(other.position(), 0);
}

fn snapshot(size: u64, bytes: usize) -> StoredSnapshot {
    let mut frontier = Frontier::default();
    (0..size).for_each(|leaf| frontier.push(Hash::of(&[&leaf.to_be_bytes()])));
    let state = Rng::new(size).bytes(bytes);
    StoredSnapshot { frontier, head: Hash([1; 32]), time: samples::time(size), schema: 1, state }
}

#[test]
fn the_newest_two_snapshots_are_kept_whatever_their_size() {
    let folder = TempDir::new().expect("a directory");
    let index = open(&folder);
    let snapshots =
        [(3, 0), (5, 1), (8, 4_000), (9, 4_001), (20, 3_000_000)].map(|(size, bytes)| snapshot(size, bytes));
    assert!(index.snapshot(u64::MAX).expect("it reads").is_none());
    for (number, kept) in snapshots.iter().enumerate() {
        index.keep_snapshot(kept).expect("it can be kept");
        assert_eq!(index.snapshot(u64::MAX).expect("it reads").as_ref(), Some(kept));
        let size = kept.frontier.size();
        let before = index.snapshot(size - 1).expect("it reads");
        assert_eq!(before.as_ref(), number.checked_sub(1).and_then(|before| snapshots.get(before)));
        let oldest = number.checked_sub(1).map_or(size, |before| snapshots[before].frontier.size());
        assert!(index.snapshot(oldest - 1).expect("it reads").is_none(), "older ones are forgotten");
    }
    drop(index);
    assert_eq!(open(&folder).snapshot(u64::MAX).expect("it reads").as_ref(), snapshots.last());
}

#[test]
fn a_snapshot_kept_again_at_its_size_is_replaced() {
    let folder = TempDir::new().expect("a directory");
    let index = open(&folder);
    for bytes in [50_000, 10, 9_000] {
        let kept = snapshot(7, bytes);
        index.keep_snapshot(&kept).expect("it can be kept");
        assert_eq!(index.snapshot(7).expect("it reads"), Some(kept));
    }
}

/// Opens a database once sled has let go of it, which it does a little after it was closed.
fn database(at: &Path) -> sled::Db {
    let tries = std::iter::repeat_with(|| {
        std::thread::yield_now();
        sled::open(at).ok()
    });
    tries.take(1_000_000).flatten().next().expect("sled opens")
}

/// Changes what sled holds, behind the index's back.
fn meddle(folder: &TempDir, edit: impl Fn(&sled::Db)) {
    let db = database(&folder.join("index/entries"));
    edit(&db);
    db.flush().expect("sled flushes");
}

#[test]
fn malformed_entries_are_errors_and_have_the_index_begin_again() {
    let folder = TempDir::new().expect("a directory");
    let events = events(6, 4_200);
    let keys: Vec<_> = events[..4_096].iter().filter_map(CommandKey::of).collect();
    let type_of = (Facet::Type, events[0].fact.name().0);
    let looks: [&dyn Fn(&Index) -> bool; 5] = [
        &|index| matches!(index.command(keys[7]), Err(IndexError::Damaged)),
        &|index| matches!(index.positions(type_of, 0, 100, 9), Err(IndexError::Damaged)),
        &|index| matches!(index.newest_positions(type_of, 0, 100, 9), Err(IndexError::Damaged)),
        &|index| matches!(index.warm(), Err(IndexError::Damaged)),
        &|index| matches!(index.hash(0, 1), Err(IndexError::Damaged)),
    ];
    for (number, is_damaged) in looks.into_iter().enumerate() {
        let index = open(&folder);
        assert_eq!(index.position(), 0, "look {number}");
        add(&index, &records(&events), 1_000);
        drop(index);
        meddle(&folder, |db| {
            for entry in db.iter().keys() {
                let key = entry.expect("sled reads");
                if b"et".contains(&key[0]) {
                    db.insert(key, &[1, 2, 3]).expect("sled writes");
                }
            }
        });
        let index = open(&folder);
        assert_eq!(index.position(), 4_096);
        assert!(is_damaged(&index), "look {number}");
    }
    drop(open(&folder));
    meddle(&folder, |db| drop(db.insert(b"p", &[1, 2, 3]).expect("sled writes")));
    assert_eq!(open(&folder).position(), 0, "without a position it begins again");
    meddle(&folder, |db| drop(db.insert(b"p", &7_u64.to_be_bytes()).expect("sled writes")));
    assert_eq!(open(&folder).position(), 0, "with half a block it begins again");
}

#[test]
fn a_snapshot_that_is_not_whole_is_passed_over_for_an_older_one() {
    let edits: [&dyn Fn(&Path); 6] = [
        &|at| std::fs::remove_dir_all(at.join("cover")).expect("it can be removed"),
        &|at| std::fs::remove_dir_all(at.join("1")).expect("it can be removed"),
        &|at| std::fs::rename(at.join("1"), at.join("2")).expect("it can be moved"),
        &|at| drop(database(&at.join("cover")).insert([0; 4], &[1, 2, 3]).expect("sled writes")),
        &|at| drop(database(&at.join("0")).pop_max().expect("sled removes")),
        &|at| drop(database(&at.join("1")).insert([0, 0, 0, 1], vec![7; 4_000]).expect("sled writes")),
    ];
    for edit in edits {
        let folder = TempDir::new().expect("a directory");
        let index = open(&folder);
        let kept = [snapshot(50, 9_000), snapshot(60, 9_000_000)];
        kept.iter().for_each(|snapshot| index.keep_snapshot(snapshot).expect("it can be kept"));
        assert_eq!(index.snapshot(u64::MAX).expect("it reads").as_ref(), kept.last());
        edit(&folder.join("index/snapshots/60"));
        assert_eq!(index.snapshot(u64::MAX).expect("it reads").as_ref(), kept.first());
    }
}

#[test]
fn an_index_of_an_older_layout_is_thrown_away_and_the_folder_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().expect("a directory");
    let at = folder.join("index");
    sled::open(&at).expect("sled opens").insert(b"i", &[1]).expect("sled writes");
    assert_eq!(open(&folder).position(), 0);
    let names = std::fs::read_dir(&at).expect("it can be listed");
    let names: Vec<_> = names.map(|entry| entry.expect("it can be listed").file_name()).collect();
    assert_eq!(names, ["entries"]);
    let mode = std::fs::metadata(&at).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
