//! What happens to commands when the disk fails under them.

use crate::bench::{Bench, done, events, send_all, sent};
use crate::owned::{actor, claim, make_owner, open_claim, send};
use crate::people::subject;
use crate::{add, create, on_sim};
use commands::custody::ErasePayloads;
use commands::engine::{Answer, Engine, Failure as Failed};
use commands::identity::ClaimOwnership;
use fixtures::sim_disk::{Call, Effect, Failure, Fault, PowerLoss, Repeat, SimDisk};
use ledger::event::{Actor, Via};
use ledger::sealed::PLAIN_BYTES_MAX;
use ledger::writer::PlainPayload;

fn begun(disk: &SimDisk) -> (Bench, Engine) {
    let bench = on_sim(disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    (bench, engine)
}

fn fail_next(disk: &SimDisk, call: Call, failure: Failure, repeat: Repeat) {
    let (nth, effect) = (disk.calls(call), Effect::NotDone);
    disk.fail(Fault { call, nth, failure, effect, repeat });
}

fn not_recorded(answer: &Answer) -> bool {
    matches!(answer, Answer::Failed(Failed::NotRecorded(_)))
}

#[test]
fn after_a_failed_sync_nothing_is_acknowledged_and_nobody_is_told_that_nothing_happened() {
    let disk = SimDisk::new(1);
    let (bench, mut engine) = begun(&disk);
    let before = events(&engine).len();
    fail_next(&disk, Call::SyncData, Failure::Io, Repeat::Once);
    let answers =
        send_all(&mut engine, [sent(actor("ada"), "one", add("one")), sent(actor("ada"), "two", add("two"))]);
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Failed(Failed::Unknown(_)))), "{answers:?}");
    assert!(engine.is_dead());
    let later = send(&mut engine, actor("ada"), "three", add("three"));
    assert!(matches!(later, Answer::Failed(Failed::Stopped)));
    engine.stop("test");
    assert!(!engine.is_stopped());
    assert_eq!(engine.published().load().head.size(), before as u64);
    drop(engine);
    disk.clear_faults();
    disk.power_loss(PowerLoss::KeepAll);
    let mut engine = bench.open().expect("it opens again");
    let again = done(&send(&mut engine, actor("ada"), "one", add("one")));
    assert!(again.events[0].seq >= before as u64);
}

#[test]
fn a_full_disk_refuses_commands_until_there_is_room() {
    let disk = SimDisk::new(1);
    let (_, mut engine) = begun(&disk);
    disk.limit_to(disk.used_bytes());
    let mut refused = 0;
    let mut number = 0;
    while refused < 3 {
        number += 1;
        let name = format!("c{number}");
        let state = engine.published().load().state.clone();
        let answer = send(&mut engine, actor("ada"), &name, add(&name));
        if not_recorded(&answer) {
            refused += 1;
            assert!(engine.published().load().state == state);
        } else {
            done(&answer);
        }
    }
    assert!(!engine.is_dead());
    engine.checkpoint_if_due();
    disk.lift_limit();
    let name = format!("c{number}");
    let receipt = done(&send(&mut engine, actor("ada"), &name, add(&name)));
    assert_eq!(receipt.events[0].seq + 1, engine.published().load().head.size());
    engine.stop("test");
    assert!(engine.is_stopped());
}

#[test]
fn a_stop_on_a_full_disk_is_not_called_clean() {
    let disk = SimDisk::new(1);
    let (bench, mut engine) = begun(&disk);
    fail_next(&disk, Call::Write, Failure::Full, Repeat::Sticky);
    engine.stop("test");
    assert!(!engine.is_stopped());
    disk.clear_faults();
    drop(engine);
    let engine = bench.open().expect("it opens");
    assert!(format!("{:?}", events(&engine).last()).contains("UncleanStop"));
}

#[test]
fn bucket_keys_that_cannot_be_written_fail_their_group_and_it_can_be_sent_again() {
    let disk = SimDisk::new(1);
    let (bench, mut engine) = begun(&disk);
    let group = || {
        [
            sent(actor("ada"), "one", add("one")),
            sent(actor("ada"), "two", create("svc-ci")),
            sent(actor("ada"), "three", add("three")),
        ]
    };
    // The keys come before everything else of a group.
    fail_next(&disk, Call::Write, Failure::Io, Repeat::Once);
    let answers = send_all(&mut engine, group());
    assert!(answers.iter().all(not_recorded), "{answers:?}");
    send_all(&mut engine, group()).iter().for_each(|answer| drop(done(answer)));
    let state = engine.published().load().state.clone();
    assert!(state.subjects.contains(subject("svc-ci")));
    drop(engine);
    let mut engine = bench.open().expect("it opens");
    assert!(engine.published().load().state.subjects == state.subjects);
    // A sync that fails stops the engine, as any other does.
    fail_next(&disk, Call::SyncData, Failure::Io, Repeat::Once);
    let answers = send_all(&mut engine, [sent(actor("ada"), "four", create("svc-two"))]);
    assert!(matches!(answers.as_slice(), [Answer::Failed(Failed::Unknown(_))]), "{answers:?}");
    assert!(engine.is_dead());
}

#[test]
fn half_of_a_command_of_several_events_is_taken_back_alone() {
    let disk = SimDisk::new(1);
    let (bench, mut engine) = begun(&disk);
    open_claim(&mut engine);
    let claimer = Actor::Anonymous(Via::Claim);
    // Its second event cannot be staged: what is to be sealed beside it is too long.
    let profile = PlainPayload::profile(subject("bob"), vec![0; PLAIN_BYTES_MAX + 1]);
    let endless = ClaimOwnership { profile: Some(profile), ..claim("bob") };
    let answers = send_all(
        &mut engine,
        [
            sent(actor("ada"), "one", add("one")),
            sent(claimer, "claim", endless),
            sent(actor("ada"), "three", add("three")),
        ],
    );
    let [one, bob, three] = answers.as_slice() else { panic!("three answers") };
    assert!(not_recorded(bob), "{bob:?}");
    assert_eq!(done(one).events[0].seq + 1, done(three).events[0].seq);
    let published = engine.published();
    assert!(!published.load().state.subjects.contains(subject("bob")));
    assert_eq!(done(&send(&mut engine, claimer, "claim", claim("bob"))).events.len(), 4);
    let state = published.load().state.clone();
    drop(engine);
    let engine = bench.open().expect("it opens");
    assert!(engine.published().load().state.grants == state.grants);
}

#[test]
fn a_command_that_does_not_fit_an_event_fails_alone() {
    let (_, mut engine) = begun(&SimDisk::new(1));
    let endless = ErasePayloads { subject: subject("ada"), reason: "x".repeat(70_000).into() };
    let answers =
        send_all(&mut engine, [sent(actor("ada"), "one", endless), sent(actor("ada"), "two", add("two"))]);
    assert!(not_recorded(&answers[0]));
    done(&answers[1]);
    assert!(!engine.is_dead());
}

#[test]
fn every_fault_of_every_call_leaves_published_and_lasting_the_same() {
    for call in Call::ALL {
        for skipped in 0..6 {
            let disk = SimDisk::new(skipped);
            let (bench, mut engine) = begun(&disk);
            let nth = disk.calls(call) + skipped;
            let (failure, effect, repeat) = (Failure::Io, Effect::NotDone, Repeat::Once);
            disk.fail(Fault { call, nth, failure, effect, repeat });
            let mut acknowledged = Vec::new();
            for number in 0..4 {
                let name = format!("svc-{number}");
                let batch = [sent(actor("ada"), &name, create(&name)), sent(actor("ada"), "", add(&name))];
                acknowledged.extend(send_all(&mut engine, batch));
                engine.checkpoint_if_due();
            }
            let published = engine.published().load_full();
            assert_eq!(published.head.size(), engine.reader().size(), "{call:?} {skipped}");
            drop(engine);
            disk.clear_faults();
            disk.power_loss(PowerLoss::KeepSyncedOnly);
            let engine = bench.open().expect("it opens again");
            let found = events(&engine);
            for answer in &acknowledged {
                let Answer::Done(Some(receipt)) = answer else { continue };
                for event in &receipt.events {
                    let seq = usize::try_from(event.seq).expect("a small log");
                    assert_eq!(found[seq].id, event.id, "{call:?} {skipped}");
                }
            }
        }
    }
}
