//! Starts: what came before, and what the head lock says.

use crate::bench::{Bench, events};
use crate::owned::{actor, make_owner, send};
use crate::{issue, on_sim};
use commands::engine::{Engine, OpenError};
use fixtures::sim_disk::{Call, Effect, Failure, Fault, PowerLoss, Repeat, SimDisk};
use ledger::event::custody::{HeadLockCheck, StoppedHow};
use ledger::event::{Custody, Fact};
use ledger::head_lock::HeadLockError;
use ledger::store;
use std::path::Path;

const LOCK: &str = "/deed/lock/head";

fn last_start(engine: &Engine) -> (StoppedHow, HeadLockCheck) {
    let found = events(engine).into_iter().rev().find_map(|event| match event.fact {
        Fact::Custody(Custody::ServerStarted(started)) => Some((started.after, started.head_lock)),
        Fact::Identity(_)
        | Fact::Access(_)
        | Fact::Keys(_)
        | Fact::Budgets(_)
        | Fact::Policy(_)
        | Fact::Provisioning(_)
        | Fact::Workspaces(_)
        | Fact::Custody(_) => None,
    });
    found.expect("a server started")
}

/// A ledger that was stopped as asked.
fn stopped(disk: &SimDisk) -> Bench {
    let bench = on_sim(disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    engine.stop("test");
    bench
}

fn refusal(bench: &Bench) -> HeadLockError {
    match bench.open().err() {
        Some(OpenError::HeadLock(cause) | OpenError::Store(store::OpenError::HeadLock(cause))) => cause,
        other => panic!("the head lock objects: {other:?}"),
    }
}

#[test]
fn a_start_says_what_came_before() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = bench.open().expect("it opens");
    assert_eq!(last_start(&engine), (StoppedHow::Genesis, HeadLockCheck::Created));
    engine.checkpoint_if_due();
    drop(engine);
    disk.power_loss(PowerLoss::KeepSyncedOnly);
    let mut engine = bench.open().expect("it opens after a crash");
    assert_eq!(last_start(&engine), (StoppedHow::UncleanStop, HeadLockCheck::Checked));
    engine.stop("test");
    let engine = bench.open().expect("it opens after a stop");
    assert_eq!(last_start(&engine), (StoppedHow::CleanStop, HeadLockCheck::Checked));
}

#[test]
fn a_missing_head_lock_is_accepted_only_when_told_so() {
    let disk = SimDisk::new(1);
    let mut bench = stopped(&disk);
    ledger::disk::Disk::remove(&disk, Path::new(LOCK)).expect("the lock can be removed");
    assert!(matches!(refusal(&bench), HeadLockError::Missing { .. }));
    bench.accept_missing_head_lock = true;
    let engine = bench.open().expect("it opens");
    assert_eq!(last_start(&engine), (StoppedHow::CleanStop, HeadLockCheck::AcceptedMissing));
}

#[test]
fn a_store_that_was_set_back_is_refused() {
    let disk = SimDisk::new(1);
    let bench = stopped(&disk);
    let older = disk.image();
    let mut engine = bench.open().expect("it opens");
    send(&mut engine, actor("ada"), "one", issue("one"));
    engine.stop("test");
    let mut set_back = older;
    let lock = disk.image().remove(Path::new("deed/lock/head")).expect("there is a lock");
    set_back.insert("deed/lock/head".into(), lock);
    let disk = SimDisk::from_image(1, &set_back).expect("a sound image");
    let bench = bench.at(&on_sim(&disk));
    assert!(matches!(refusal(&bench), HeadLockError::Behind { .. }));
}

#[test]
fn another_history_of_the_same_ledger_is_refused() {
    let disk = SimDisk::new(1);
    let bench = stopped(&disk);
    let fork = disk.fork(2);
    let other = bench.at(&on_sim(&fork));
    for (bench, name) in [(&bench, "one"), (&other, "two")] {
        let mut engine = bench.open().expect("it opens");
        send(&mut engine, actor("ada"), name, issue(name));
        engine.stop("test");
    }
    let lock = fork.image().remove(Path::new("deed/lock/head")).expect("there is a lock");
    disk.corrupt(LOCK, |bytes| *bytes = lock).expect("the lock can be exchanged");
    assert!(matches!(refusal(&bench), HeadLockError::Differs { .. }));
}

#[test]
fn a_head_lock_of_another_ledger_or_of_no_ledger_is_refused() {
    let disk = SimDisk::new(1);
    let bench = stopped(&disk);
    let strange = SimDisk::new(2);
    // Opened once more, so that its random numbers differ and with them its ledger.
    let other = bench.at(&on_sim(&strange));
    let mut engine = other.open().expect("it opens");
    engine.stop("test");
    let lock = strange.image().remove(Path::new("deed/lock/head")).expect("there is a lock");
    for bytes in [lock, b"nothing of the kind".to_vec(), Vec::new()] {
        disk.corrupt(LOCK, |found| *found = bytes).expect("the lock can be exchanged");
        assert!(matches!(refusal(&bench), HeadLockError::Foreign { .. }));
    }
}

/// Found by the simulation: the sync of the statement's name failed, the process began again, and then the power went.
#[test]
fn a_statement_that_was_half_written_lasts_before_a_log_is_begun() {
    let mut half_written = 0;
    for nth in 0..12 {
        let disk = SimDisk::new(nth);
        let bench = on_sim(&disk);
        let (call, failure, effect) = (Call::SyncDir, Failure::Io, Effect::UnsyncedDropped);
        disk.fail(Fault { call, nth, failure, effect, repeat: Repeat::Once });
        let failed = bench.open().is_err();
        let statement = Path::new("deed/data/genesis.json");
        let passing =
            disk.image().contains_key(statement) && !disk.snapshot_durable().contains_key(statement);
        if !failed || !passing {
            continue;
        }
        half_written += 1;
        drop(bench.open().expect("it opens at the second attempt"));
        disk.power_loss(PowerLoss::KeepSyncedOnly);
        bench.open().expect("nothing is lost with the power");
    }
    assert!(half_written > 0);
}
