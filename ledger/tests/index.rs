//! The index: what it finds, what it proves, what it keeps, and what it does not believe.

#![cfg(feature = "index")]
#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

use fixtures::rng::Rng;
use fixtures::samples;
use fixtures::temp_dir::TempDir;
use ledger::event::id::{CommandId, LedgerId};
use ledger::event::{Actor, Event, Origin, Via};
use ledger::hash::Hash;
use ledger::index::{CommandKey, Facet, Index, IndexError, StoredSnapshot, actor_text};
use ledger::log::Record;
use ledger::merkle::{Frontier, leaf_hash, node_hash};
use std::collections::BTreeMap;

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
        Event { origin: Origin { request: request.clone(), ..Origin::writer() }, ..event }
    };
    (0..count).map(event).collect()
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

#[test]
fn positions_are_found_by_actor_object_and_type_in_batches_of_any_size() {
    let events = events(1, 300);
    let records = records(&events);
    let mut expected: BTreeMap<(Facet, String), Vec<u64>> = BTreeMap::new();
    for event in &events {
        for facet in [
            (Facet::Actor, actor_text(&event.actor)),
            (Facet::Object, event.fact.object(event.ledger).to_string()),
            (Facet::Type, event.fact.name().0.to_owned()),
        ] {
            expected.entry(facet).or_default().push(event.seq);
        }
    }
    for at_once in [1, 7, 64, 300] {
        let folder = TempDir::new().expect("a directory");
        let index = open(&folder);
        add(&index, &records, at_once);
        assert_eq!(index.position(), 300);
        for ((facet, text), seqs) in &expected {
            for (from, upto, count) in
                [(0, 300, 1_000), (0, 300, 3), (50, 200, 1_000), (299, 300, 1), (9, 9, 9)]
            {
                let found = index.positions((*facet, text), from, upto, count).expect("it reads");
                let wanted: Vec<_> =
                    seqs.iter().copied().filter(|seq| (from..upto).contains(seq)).take(count).collect();
                assert_eq!(found, wanted, "{text} {from}..{upto}, {count}, batches of {at_once}");
            }
        }
        assert_eq!(index.positions((Facet::Actor, "nobody"), 0, 300, 9).expect("it reads"), [0; 0]);
    }
}

#[test]
fn commands_are_found_at_one_of_their_events_and_others_are_not() {
    let events = events(2, 300);
    let records = records(&events);
    for at_once in [1, 5, 300] {
        let folder = TempDir::new().expect("a directory");
        let index = open(&folder);
        add(&index, &records, at_once);
        for key in events.iter().filter_map(CommandKey::of) {
            let at = index.command(key).expect("it reads").expect("it is there");
            let found = &events[usize::try_from(at).expect("a small log")];
            assert_eq!(CommandKey::of(found), Some(key));
        }
        let strange = "never-used".parse().expect("a command id");
        let key = CommandKey::new(&Actor::Anonymous(Via::Nothing), &strange);
        assert_eq!(index.command(key).expect("it reads"), None);
    }
}

#[test]
fn hashes_of_the_tree_are_those_of_the_leaves() {
    let mut rng = Rng::new(3);
    for size in [1, 2, 63, 64, 65, 127, 128, 4_095, 4_096, 4_097, 5_000] {
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
    drop(index);
    assert_eq!(open(&folder).position(), 10);
}

#[test]
fn the_index_of_another_ledger_or_one_that_is_distrusted_begins_again() {
    let folder = TempDir::new().expect("a directory");
    let index = open(&folder);
    add(&index, &records(&events(5, 10)), 3);
    assert!(matches!(Index::open(&folder.join("index"), samples::ledger()), Err(IndexError::InUse { .. })));
    drop(index);
    let index = open(&folder);
    assert_eq!(index.position(), 10);
    index.distrust().expect("it can be distrusted");
    drop(index);
    let index = open(&folder);
    assert_eq!(index.position(), 0);
    add(&index, &records(&events(5, 10)), 3);
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

/// Changes what sled holds, behind the index's back.
fn meddle(folder: &TempDir, edit: impl Fn(&sled::Db)) {
    let db = sled::open(folder.join("index")).expect("sled opens");
    edit(&db);
    db.flush().expect("sled flushes");
}

#[test]
fn malformed_entries_are_errors_or_nothing_and_never_answers() {
    let folder = TempDir::new().expect("a directory");
    let events = events(6, 100);
    let index = open(&folder);
    add(&index, &records(&events), 10);
    index.keep_snapshot(&snapshot(50, 9_000)).expect("it can be kept");
    drop(index);
    meddle(&folder, |db| {
        for entry in db.iter().keys() {
            let key = entry.expect("sled reads");
            if b"cftsu".contains(&key[0]) {
                db.insert(key, &[1, 2, 3]).expect("sled writes");
            }
        }
    });
    let index = open(&folder);
    assert_eq!(index.position(), 100);
    for key in events.iter().filter_map(CommandKey::of) {
        assert!(matches!(index.command(key), Err(IndexError::Damaged)));
    }
    assert!(matches!(index.hash(0, 1), Err(IndexError::Damaged)));
    assert!(index.snapshot(u64::MAX).expect("it reads").is_none());
    assert_eq!(index.positions((Facet::Type, events[0].fact.name().0), 0, 100, 9).expect("it reads"), [0; 0]);
    drop(index);
    meddle(&folder, |db| drop(db.insert(b"p", &[1, 2, 3]).expect("sled writes")));
    assert_eq!(open(&folder).position(), 0, "without a position it begins again");
}
