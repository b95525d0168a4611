//! Erasing: the event lasts first, then payload and key are destroyed, at the latest at the next start.

use crate::bench::{Bench, done, events, send_all, sent};
use crate::owned::{actor, make_owner, send};
use crate::people::subject;
use crate::{create, on_sim};
use commands::custody::ErasePayloads;
use commands::engine::Engine;
use fixtures::sim_disk::{PowerLoss, SimDisk};
use ledger::container::Place;
use ledger::event::Refusal;
use ledger::hash::Hash;
use ledger::sealed::walk;
use std::sync::Arc;

fn erase(name: &str) -> ErasePayloads {
    ErasePayloads { subject: subject(name), reason: "asked for".into() }
}

/// Buckets of which a payload is still there.
fn kept(bench: &Bench, engine: &mut Engine) -> Vec<String> {
    let genesis: Hash = engine.writer().genesis().hash();
    let place = Place { disk: Arc::clone(&bench.folders.disk), root: bench.folders.data.clone(), genesis };
    let mut kept = Vec::new();
    walk(&place, |_, _, payload| kept.extend(payload.map(|payload| payload.bucket))).expect("readable");
    kept
}

fn has_key(disk: &SimDisk, name: &str) -> bool {
    let file = disk.image().get(std::path::Path::new("deed/keys/buckets/keys")).cloned().unwrap_or_default();
    let name = subject(name).to_string();
    let mut slots = file.chunks(128).filter(|slot| slot[1..].starts_with(name.as_bytes()));
    slots.any(|slot| slot[96..].iter().any(|byte| *byte != 0))
}

#[test]
fn what_is_erased_is_destroyed_and_the_rest_is_kept() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    send(&mut engine, actor("ada"), "one", create("svc-ci"));
    done(&send(&mut engine, actor("ada"), "two", erase("svc-ci")));
    assert_eq!(kept(&bench, &mut engine), [subject("ada").to_string()]);
    assert!(!has_key(&disk, "svc-ci") && has_key(&disk, "ada"));
    let again = send(&mut engine, actor("ada"), "three", erase("svc-ci"));
    assert!(matches!(again, commands::engine::Answer::Refused(Refusal::NothingToErase { .. }, Some(_))));
    drop(engine);
    let mut engine = bench.open().expect("it opens");
    assert_eq!(kept(&bench, &mut engine), [subject("ada").to_string()]);
    assert_eq!(bench.warnings(), Vec::<String>::new());
}

#[test]
fn creating_and_erasing_in_one_batch_leaves_nothing() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    send_all(
        &mut engine,
        [sent(actor("ada"), "one", create("svc-ci")), sent(actor("ada"), "two", erase("svc-ci"))],
    );
    assert_eq!(kept(&bench, &mut engine), [subject("ada").to_string()]);
    assert!(!has_key(&disk, "svc-ci"));
}

#[test]
fn a_crash_between_event_and_destruction_is_made_good_at_the_next_start() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    send(&mut engine, actor("ada"), "one", create("svc-ci"));
    let begun = disk.calls_all();
    drop(engine);
    let mut destroyed_late = 0;
    for nth in 0..60 {
        let fork = disk.fork(nth);
        let bench = bench.at(&on_sim(&fork));
        let mut engine = bench.open().expect("it opens");
        fork.cut_power_at(fork.calls_all() + nth);
        send(&mut engine, actor("ada"), "two", erase("svc-ci"));
        let was_cut = fork.is_off();
        drop(engine);
        fork.power_loss(PowerLoss::KeepSyncedOnly);
        let mut engine = bench.open().expect("it opens after the crash");
        let erased = events(&engine).iter().any(|event| event.fact.name().0 == "custody.payload_erased");
        assert_eq!(has_key(&fork, "svc-ci"), !erased, "call {nth} of {begun}");
        assert_eq!(kept(&bench, &mut engine).len(), if erased { 1 } else { 2 });
        destroyed_late += u32::from(erased && was_cut);
    }
    assert!(destroyed_late > 0, "no crash fell between event and destruction");
}
