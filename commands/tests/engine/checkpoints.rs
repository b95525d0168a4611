//! When checkpoints are signed, and what happens when one cannot be.

use crate::bench::Bench;
use crate::owned::{actor, make_owner, send};
use crate::{add, on_sim};
use commands::engine::Engine;
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};

fn size(engine: &Engine) -> Option<u64> {
    engine.published().load().checkpoint.as_ref().map(|signed| signed.checkpoint().size())
}

fn begun(bench: &Bench) -> Engine {
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    engine.checkpoint_if_due();
    engine
}

#[test]
fn a_checkpoint_is_signed_at_once_and_then_after_enough_events_or_time() {
    let mut bench = on_sim(&SimDisk::new(1));
    (bench.checkpoint_events, bench.checkpoint_seconds) = (5, 10);
    let mut engine = begun(&bench);
    assert_eq!(size(&engine), Some(7));
    let mut expected = 7;
    for number in 1..=10_u64 {
        let name = format!("c{number}");
        send(&mut engine, actor("ada"), &name, add(&name));
        engine.checkpoint_if_due();
        expected = if number.is_multiple_of(5) { 7 + number } else { expected };
        assert_eq!(size(&engine), Some(expected));
    }
    bench.pass(11);
    engine.checkpoint_if_due();
    assert_eq!(size(&engine), Some(17), "nothing new, so no checkpoint");
    send(&mut engine, actor("ada"), "late", add("late"));
    engine.checkpoint_if_due();
    assert_eq!(size(&engine), Some(18));
}

#[test]
fn the_stop_is_covered_by_a_checkpoint_which_is_there_at_the_next_start() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = begun(&bench);
    engine.stop("test");
    let covered = size(&engine);
    assert_eq!(covered, Some(engine.published().load().head.size()));
    drop(engine);
    let engine = bench.open().expect("it opens");
    assert_eq!(size(&engine), covered);
}

#[test]
fn a_checkpoint_that_cannot_be_written_is_tried_again_in_its_own_time() {
    let disk = SimDisk::new(1);
    let mut bench = on_sim(&disk);
    (bench.checkpoint_events, bench.checkpoint_seconds) = (1, 10);
    let mut engine = begun(&bench);
    let (call, nth, failure) = (Call::Create, disk.calls(Call::Create), Failure::Full);
    disk.fail(Fault { call, nth, failure, effect: Effect::NotDone, repeat: Repeat::Sticky });
    send(&mut engine, actor("ada"), "one", add("one"));
    for _ in 0..5 {
        engine.checkpoint_if_due();
    }
    assert_eq!((size(&engine), bench.warnings().len(), engine.is_dead()), (Some(7), 1, false));
    disk.clear_faults();
    bench.pass(11);
    engine.checkpoint_if_due();
    assert_eq!(size(&engine), Some(8));
}
