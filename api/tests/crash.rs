//! Kills, and faults injected at the system call, while several clients write to the real program.
//!
//! `DEED_CRASH_ROUNDS` says how many kills there are. Whatever was acknowledged is still there afterwards, the chain is whole, and what was
//! not acknowledged is called torn and not tampering.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::auditor::{Auditor, leaf};
use common::client::{Answer, Client};
use common::people::{Member, claim};
use common::server::{Place, Server};
use fixtures::rng::Rng;
use serde_json::{Value, json};
use std::sync::mpsc::{Sender, channel};
use std::thread;

const WRITERS: u64 = 4;
/// Files and checkpoints so small that every kind of write is often under way.
const FLAGS: &[&str] = &["--segment-bytes", "20000", "--checkpoint-events", "5"];

fn rounds() -> u64 {
    std::env::var("DEED_CRASH_ROUNDS").map_or(50, |rounds| rounds.parse().unwrap())
}

/// A command that was sent: its id and its arguments.
type Sent = (String, Value);

fn order(client: &Client, (id, arguments): &Sent) -> Option<Answer> {
    client.try_order(id, "identity.create_service_account", arguments)
}

fn nth(writer: &str, n: u64) -> Sent {
    let handle = format!("{writer}-{n}");
    // Every third has a sealed payload, so that its file and its key are written too.
    let arguments = match n % 3 {
        0 => json!({"handle": handle, "description": "something to seal"}),
        _ => json!({"handle": handle}),
    };
    (handle, arguments)
}

/// Writes until the server is gone; gives what it was answered, and what it was not.
fn write(client: &Client, writer: &str, receipts: &Sender<Value>) -> Sent {
    for n in 0.. {
        let sent = nth(writer, n);
        let Some(answer) = order(client, &sent).filter(|answer| !answer.body.is_empty()) else { return sent };
        assert_eq!(answer.status, 200, "{answer}");
        let Ok(answer) = serde_json::from_slice::<Value>(&answer.body) else { return sent };
        receipts.send(answer["receipt"].clone()).unwrap();
    }
    unreachable!("no server lives so long")
}

/// Kills the server once so many commands are acknowledged, with others under way. What was acknowledged, and what was not.
fn kill_while_writing(server: Server, owner: &Member, round: u64, after: u64) -> (Vec<Value>, Vec<Sent>) {
    let (receipts, received) = channel();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (client, receipts) = (owner.client.clone(), receipts.clone());
            thread::spawn(move || write(&client, &format!("r{round}-w{writer}"), &receipts))
        })
        .collect();
    drop(receipts);
    let mut kept: Vec<Value> = received.iter().take(usize::try_from(after).unwrap()).collect();
    server.kill();
    kept.extend(received);
    (kept, writers.into_iter().map(|writer| writer.join().unwrap()).collect())
}

#[test]
fn a_kill_loses_nothing_that_was_acknowledged() {
    let place = Place::new();
    let mut server = place.serve(FLAGS);
    let key = server.key.clone();
    let mut owner = claim(&mut server);
    let mut rng = Rng::new(0x5eed);
    let mut all = Auditor::pinning(&key);
    let mut torn = Vec::new();
    for round in 0..rounds() {
        let (receipts, unanswered) = kill_while_writing(server, &owner, round, rng.below(30));
        let mut auditor = Auditor::pinning(&key);
        for receipt in &receipts {
            auditor.hold(receipt);
            all.hold(receipt);
        }
        torn.push(auditor.find_nothing_wrong(&place.data()).torn_tail_bytes);
        server = place.serve(FLAGS);
        owner = owner.at(&server);
        for sent in &unanswered {
            let answer = order(&owner.client, sent).unwrap();
            assert_eq!(answer.status, 200, "whether or not it was done before the kill: {answer}");
            all.hold(&answer.json()["receipt"]);
        }
    }
    let starts = starts(&owner.client);
    assert_eq!(starts.len() as u64, rounds() + 1);
    assert_eq!(starts[0]["after"], "genesis");
    for (start, torn) in starts.iter().skip(1).zip(torn) {
        assert_eq!(start["after"], "unclean_stop");
        assert!(start["torn_bytes"].as_u64().unwrap() <= torn, "{start} of {torn}");
    }
    assert!(server.terminate().success(), "{}", place.log());
    all.keep(&std::fs::read_to_string(place.data().join("checkpoint")).unwrap());
    let report = all.find_nothing_wrong(&place.data());
    assert_eq!(report.exit(), 0, "{}", report.text());
    assert!(!place.log().contains("panicked"), "{}", place.log());
}

/// The starts of the server that the log tells of.
fn starts(client: &Client) -> Vec<Value> {
    let mut starts = Vec::new();
    let mut from = 0;
    loop {
        let page = client.read(&format!("/api/v1/events?type=custody.server_started&from={from}"));
        starts.extend(page["events"].as_array().unwrap().iter().map(|row| leaf(row)["data"].clone()));
        if page["next"] == page["size"] {
            return starts;
        }
        from = page["next"].as_u64().unwrap();
    }
}

/// Sends commands one after the other and says what became of each: its receipt, or the code of the problem, or nothing.
fn order_all(client: &Client, name: &str, count: u64) -> Vec<Result<Value, String>> {
    let sent = (0..count).map(|n| order(client, &nth(name, n)));
    sent.map(|answer| match answer {
        Some(answer) if answer.status == 200 => Ok(answer.json()["receipt"].clone()),
        Some(answer) => Err(answer.problem()),
        None => Err("gone".to_owned()),
    })
    .collect()
}

/// Makes the calls fail at every place up to `upto`; gives what became of the commands each time.
fn at_every_place(calls: &str, error: &str, upto: u64, mut judge: impl FnMut(&[Result<Value, String>])) {
    let place = Place::new();
    let mut server = place.serve(FLAGS);
    let key = server.key.clone();
    let owner = claim(&mut server);
    assert!(server.terminate().success());
    let mut auditor = Auditor::pinning(&key);
    let mut faults = 0;
    for n in 1..=upto {
        let inject = format!("inject={calls}:error={error}:when={n}");
        if let Some(server) = place.serve_with_fault(calls, &inject, FLAGS) {
            let became = order_all(&owner.at(&server).client, &format!("{}-{n}", error.to_lowercase()), 12);
            became.iter().flatten().for_each(|receipt| auditor.hold(receipt));
            faults += u64::from(became.iter().any(Result::is_err));
            judge(&became);
            server.terminate_or_ended();
        } else {
            faults += 1;
        }
        auditor.find_nothing_wrong(&place.data());
        let server = place.serve(FLAGS);
        assert!(server.terminate().success(), "{}", place.log());
    }
    assert!(faults > 0, "no fault of {calls} was ever noticed");
    auditor.find_nothing_wrong(&place.data());
}

#[test]
fn nothing_is_acknowledged_after_a_sync_that_failed() {
    at_every_place("fdatasync", "EIO", 12, |became| {
        let acknowledged = became.iter().take_while(|done| done.is_ok()).count();
        assert!(became.iter().skip(acknowledged).all(Result::is_err), "{became:?}");
    });
}

#[test]
fn a_full_disk_loses_nothing_that_was_acknowledged() {
    at_every_place("pwrite64", "ENOSPC", 16, |became| {
        let known = ["not_recorded", "outcome_unknown", "stopped", "gone"];
        assert!(
            became.iter().all(|done| done.as_ref().map_or_else(|code| known.contains(&&**code), |_| true)),
            "{became:?}"
        );
    });
}

#[test]
fn a_rename_or_a_directory_sync_that_fails_loses_nothing_that_was_acknowledged() {
    at_every_place("rename,renameat,renameat2", "ENOSPC", 6, |_| ());
    at_every_place("fsync", "EIO", 10, |_| ());
}
