//! The engine on its threads: many senders, a bounded queue, the index behind, and the end.

use crate::bench::{Answers, Bench, Sent, done, events, sent};
use crate::owned::{actor, make_owner};
use crate::{add, create, on_real, on_sim};
use commands::engine::{Answer, Busy, Ended, Failure as Failed, Handle, QUEUE_MAX, run};
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use fixtures::temp_dir::TempDir;
use std::sync::mpsc::{Receiver, channel, sync_channel};
use std::thread::JoinHandle;

fn begun(bench: &Bench) -> (Handle, JoinHandle<Ended>) {
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    run(engine, |_| (), || ()).expect("threads can be started")
}

fn submit(handle: &Handle, sent: Sent) -> Receiver<Answer> {
    let (answered, answer) = channel();
    handle.submit(sent.with(Box::new(move |answer| drop(answered.send(answer))))).expect("there is room");
    answer
}

#[test]
fn commands_of_many_threads_are_answered_and_found_again_while_the_index_follows() {
    let folder = TempDir::new().expect("a directory");
    let bench = on_real(&folder);
    let (handle, writer) = begun(&bench);
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let handle = &handle;
            scope.spawn(move || {
                for number in 0..100 {
                    let name = format!("c{thread}-{number}");
                    let first =
                        submit(handle, sent(actor("ada"), &name, add(&name))).recv().expect("answered");
                    let again =
                        submit(handle, sent(actor("ada"), &name, add(&name))).recv().expect("answered");
                    assert_eq!(done(&first), done(&again), "{name}");
                    let other =
                        submit(handle, sent(actor("ada"), &name, create(&name))).recv().expect("answered");
                    assert!(matches!(other, Answer::Refused(..)), "{other:?}");
                }
            });
        }
    });
    handle.stop("test");
    assert_eq!(writer.join().expect("the writer ends"), Ended::Clean);
    assert!(bench.open().is_err(), "the index of a running server is not thrown away");
    let index = handle.index().expect("there is one");
    assert_eq!(index.position(), handle.reader().size(), "the index followed to the end");
    drop(handle);
    let engine = bench.open().expect("it opens");
    let added = events(&engine)
        .iter()
        .filter(|event| event.fact.name().0 == "identity.service_account_created")
        .count();
    assert_eq!(added, 400);
}

#[test]
fn a_full_queue_says_so_at_once_and_everybody_who_was_taken_is_answered() {
    let bench = on_sim(&SimDisk::new(1));
    let engine = bench.open().expect("it opens");
    let (entered, wait_entered) = channel();
    let (release, wait_release) = sync_channel::<()>(1);
    let mut held = Some((entered, wait_release));
    let (handle, writer) = run(
        engine,
        move |_| {
            if let Some((entered, wait)) = held.take() {
                entered.send(()).expect("the test waits");
                wait.recv().expect("the test lets go");
            }
        },
        || (),
    )
    .expect("threads can be started");
    wait_entered.recv().expect("the writer is at its first commit");
    let answers = Answers::default();
    let mut busy = 0;
    for _ in 0..QUEUE_MAX + 10 {
        let answer = answers.clone();
        let (reply, told) = (answer.waiting(), handle.clone());
        busy += u32::from(told.submit(sent(actor("eve"), "", add("x")).with(reply)) == Err(Busy));
    }
    assert_eq!(busy, 10);
    release.send(()).expect("the writer waits");
    handle.stop("test");
    assert_eq!(writer.join().expect("the writer ends"), Ended::Clean);
    assert_eq!(answers.answered(), QUEUE_MAX);
}

#[test]
fn a_failed_sync_ends_the_thread_and_everybody_is_told() {
    let disk = SimDisk::new(1);
    let (handle, writer) = begun(&on_sim(&disk));
    let (call, failure, effect) = (Call::SyncData, Failure::Io, Effect::NotDone);
    disk.fail(Fault { call, nth: disk.calls(call), failure, effect, repeat: Repeat::Sticky });
    let answers: Vec<_> =
        (0..50).map(|number| submit(&handle, sent(actor("ada"), "", add(&format!("c{number}"))))).collect();
    assert_eq!(writer.join().expect("the writer ends"), Ended::Failed);
    for answer in answers {
        // Whoever's reply was dropped is told the same by its closed channel.
        let answer = answer.recv().unwrap_or(Answer::Failed(Failed::Stopped));
        assert!(matches!(answer, Answer::Failed(Failed::Unknown(_) | Failed::Stopped)), "{answer:?}");
    }
    let late = submit(&handle, sent(actor("ada"), "", add("late"))).recv().expect("answered");
    assert!(matches!(late, Answer::Failed(Failed::Stopped)));
}

#[test]
fn the_engine_stops_when_every_handle_is_gone() {
    let folder = TempDir::new().expect("a directory");
    let bench = on_real(&folder);
    let (handle, writer) = begun(&bench);
    drop(handle);
    assert_eq!(writer.join().expect("the writer ends"), Ended::Clean);
    let engine = bench.open().expect("it opens");
    assert!(format!("{:?}", events(&engine).last()).contains("CleanStop"));
}
