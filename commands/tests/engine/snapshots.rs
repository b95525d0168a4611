//! Snapshots: a start from one equals a start from the beginning, and one that lies is noticed.

use crate::bench::{Bench, done, send_all, sent};
use crate::owned::{actor, facts, make_owner, send};
use crate::{add, index_up, on_real};
use commands::engine::{Engine, SNAPSHOT_EVENTS};
use fixtures::temp_dir::TempDir;
use ledger::event::{Custody, Fact};
use ledger::index::{Index, StoredSnapshot};
use ledger::snapshot::{decode, encode};
use projections::State;

/// A ledger with an index, stopped as asked; the folder lasts as long as the bench is used.
fn stopped(folder: &TempDir) -> (Bench, State) {
    let bench = on_real(folder);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    send(&mut engine, actor("ada"), "one", add("one"));
    index_up(&engine, 100);
    engine.stop("test");
    (bench, engine.published().load().state.clone())
}

fn stored(folder: &TempDir, engine_ledger: ledger::event::id::LedgerId) -> (Index, StoredSnapshot) {
    let index = Index::open(&folder.join("data/index"), engine_ledger).expect("the index opens");
    let snapshot = index.snapshot(u64::MAX).expect("the index is sound").expect("there is a snapshot");
    (index, snapshot)
}

fn ledger_of(bench: &Bench) -> ledger::event::id::LedgerId {
    let text = std::fs::read(bench.folders.data.join("genesis.json")).expect("there is a statement");
    ledger::genesis::Genesis::parse(&text).expect("it is sound").ledger()
}

/// The state before this start, for comparing: starts are counted.
fn without_start(engine: &Engine) -> State {
    let mut state = engine.published().load().state.clone();
    state.writers.starts -= 1;
    state.writers.running = false;
    state
}

#[test]
fn a_clean_stop_keeps_the_state_and_records_its_digest_at_its_own_position() {
    let folder = TempDir::new().expect("a directory");
    let (bench, state) = stopped(&folder);
    let (index, snapshot) = stored(&folder, ledger_of(&bench));
    drop(index);
    let engine = bench.open().expect("it opens");
    let recorded = facts(&engine, "custody.state_recorded");
    let [Fact::Custody(Custody::StateRecorded(recorded))] = recorded.as_slice() else { panic!("one digest") };
    assert_eq!(recorded.at, snapshot.frontier.size());
    assert_eq!(recorded.digest, ledger::snapshot::digest(&snapshot.state));
    let record = engine.reader().event(recorded.at).expect("readable").expect("it is there");
    assert!(String::from_utf8_lossy(&record.leaf).contains("custody.state_recorded"));
    assert!(without_start(&engine) == state);
}

#[test]
fn whatever_is_altered_in_a_snapshot_the_log_decides() {
    let alterations: [fn(&mut StoredSnapshot); 7] = [
        |snapshot| {
            let mut state: State = decode(&snapshot.state).expect("it is a state");
            state.writers.starts += 7;
            snapshot.state = encode(&state).expect("it has an encoding");
        },
        |snapshot| snapshot.state = encode(&State::default()).expect("it has an encoding"),
        |snapshot| snapshot.state.truncate(10),
        |snapshot| snapshot.head.0[0] ^= 1,
        |snapshot| snapshot.time = snapshot.time.plus_seconds(1_000_000),
        |snapshot| snapshot.schema += 1,
        |snapshot| {
            let size = snapshot.frontier.size();
            snapshot.frontier = ledger::merkle::Frontier::default();
            (0..size).for_each(|_| snapshot.frontier.push(ledger::hash::Hash([7; 32])));
        },
    ];
    for (number, alter) in alterations.into_iter().enumerate() {
        let folder = TempDir::new().expect("a directory");
        let (bench, state) = stopped(&folder);
        let (index, mut snapshot) = stored(&folder, ledger_of(&bench));
        alter(&mut snapshot);
        index.keep_snapshot(&snapshot).expect("it can be kept");
        index.flush().expect("it can be flushed");
        drop(index);
        let mut engine = bench.open().expect("it opens whatever the index says");
        assert!(without_start(&engine) == state, "alteration {number}");
        done(&send(&mut engine, actor("ada"), "two", add("two")));
        engine.stop("test");
        drop(engine);
        assert!(bench.open().is_ok(), "the checkpoint after alteration {number} is right");
    }
}

#[test]
fn a_snapshot_that_the_log_does_not_confirm_is_passed_over_for_an_older_one() {
    let folder = TempDir::new().expect("a directory");
    let (bench, _) = stopped(&folder);
    let mut engine = bench.open().expect("it opens");
    send(&mut engine, actor("ada"), "two", add("two"));
    engine.checkpoint_if_due();
    let published = engine.published().load_full();
    let snapshot = StoredSnapshot {
        frontier: published.head.frontier.clone(),
        head: published.head.hash,
        time: published.head.time,
        schema: projections::SCHEMA,
        state: encode(&State::default()).expect("it has an encoding"),
    };
    engine.index().expect("there is one").keep_snapshot(&snapshot).expect("it can be kept");
    let state = published.state.clone();
    drop((engine, published));
    let engine = bench.open().expect("it opens");
    let mut found = engine.published().load().state.clone();
    found.writers.starts -= 1;
    assert!(found == state);
}

#[test]
fn the_state_is_kept_every_so_many_events_and_a_start_from_it_is_the_same() {
    let folder = TempDir::new().expect("a directory");
    let bench = on_real(&folder);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    let mut number = 0;
    while engine.published().load().head.size() < SNAPSHOT_EVENTS + 10 {
        let names: Vec<_> = (number..number + 1_000).map(|number| format!("c{number}")).collect();
        send_all(&mut engine, names.iter().map(|name| sent(actor("ada"), "", add(name))));
        number += 1_000;
    }
    let due = engine.take_snapshots();
    assert_eq!(due.iter().map(|due| due.size()).collect::<Vec<_>>(), [SNAPSHOT_EVENTS]);
    let index = engine.index().expect("there is one");
    for due in due {
        let recorded = due.keep(&index).expect("it can be kept");
        engine.record_state(recorded);
    }
    index_up(&engine, 4_096);
    engine.checkpoint_if_due();
    let state = engine.published().load().state.clone();
    drop((engine, index));
    let from_snapshot = bench.open().expect("it opens").published().load().state.clone();
    std::fs::remove_dir_all(folder.join("data/index")).expect("the index can be removed");
    let mut from_beginning = bench.open().expect("it opens").published().load().state.clone();
    from_beginning.writers.starts -= 1;
    assert!(from_snapshot == from_beginning);
    from_beginning.writers.starts -= 1;
    assert!(from_beginning == state);
}
