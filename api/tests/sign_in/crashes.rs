//! The server killed, and the disk failing, in the middle of sign-ins: whoever was let in is in the log, and whoever was not told so has nothing.

use crate::common::until;
use crate::forging::{Forging, cookie_set, kept_out};
use crate::house::Session;
use fixtures::identity::forger::{Reply, Signer};
use serde_json::json;
use std::thread;

/// Sign-ins in a round.
const SIGN_INS: usize = 6;
/// System calls of a thread at which a fault comes: those of a start, and of the first sign-ins after it.
const PLACES: u32 = 12;

#[test]
fn a_server_that_is_killed_between_the_answer_and_the_session_has_begun_none() {
    let mut scene = Forging::new();
    let begun = scene.begin();
    scene.forger.reply("/token", Reply::Never);
    let (client, path) = (scene.server().client(), scene.answer_to(&begun));
    let cookie = format!("Cookie: {}\r\n", begun.cookie);
    let waiting = thread::spawn(move || client.try_send("GET", &path, &cookie, b""));
    until("the code", || (!scene.forger.asked("/token").is_empty()).then_some(()));
    scene.house.server.take().unwrap().kill();
    assert!(waiting.join().unwrap().is_none());
    scene.house.start_again();
    assert_eq!(scene.begun(), 0);
    // The server remembers no question that it asked before; the same person begins again.
    let token = Signer::honest().token(&scene.claims(&begun, "ada"));
    kept_out("before the kill", &scene.come_back(&begun, &token), 403, &[&token]);
    assert_eq!(scene.refusals(), ["state_wrong"]);
    assert_eq!(scene.sign_in("ada").get("/api/v1/me").status, 200);
    scene.audited();
}

/// What became of a sign-in.
enum Became {
    Given(Session),
    NotGiven,
    /// The server went away.
    Gone,
}

/// Signs somebody in as far as the server lives. Whoever is given no session is told what to do.
fn attempt(scene: &Forging, person: &str) -> Became {
    let client = scene.server().client();
    let Some(start) = client.try_send("GET", "/auth/corp/start", "", b"") else { return Became::Gone };
    let begun = scene.begun_of(&start).unwrap();
    let token = Signer::honest().token(&scene.claims(&begun, person));
    scene.forger.give(&token);
    let headers = format!("Cookie: {}\r\n", begun.cookie);
    let Some(answer) = client.try_send("GET", &scene.answer_to(&begun), &headers, b"") else {
        return Became::Gone;
    };
    if cookie_set(&answer, "deed_session").is_some() {
        return Became::Given(scene.session_of(&answer));
    }
    kept_out("a fault", &answer, 503, &[&token]);
    Became::NotGiven
}

/// Signs people in under a fault; the sessions that were given, and how many were not.
fn sign_ins(scene: &Forging, round: u32) -> (Vec<Session>, usize) {
    let (mut given, mut not_given) = (Vec::new(), 0);
    for number in 0..SIGN_INS {
        match attempt(scene, &format!("person-{round}-{number}")) {
            Became::Given(session) => given.push(session),
            Became::NotGiven => not_given += 1,
            Became::Gone => return (given, not_given + 1),
        }
    }
    (given, not_given)
}

/// Has a fault come at the first places, one after the other, and looks after each whether all that was given is lasting.
fn at_every_place(calls: &str, fault: &str) {
    let mut scene = Forging::new();
    let map = json!({ "provider": "corp", "external": "staff", "role": "auditor" });
    scene.owner.client.done("map", "access.map_group", &map);
    let mut between = 0;
    for place in 1..=PLACES {
        let before = scene.begun();
        assert!(scene.house.server.take().unwrap().terminate().success(), "{}", scene.place.log());
        let inject = format!("inject={calls}:{fault}:when={place}");
        if let Some(server) = scene.place.serve_with_fault(calls, &inject, &[]) {
            scene.house.moved_to(server);
            let (given, not_given) = sign_ins(&scene, place);
            between += u32::from(not_given > 0 && !given.is_empty());
            scene.house.server.take().unwrap().terminate_or_ended();
            scene.house.start_again();
            are_lasting(&scene, &given);
            // One that was under way may be there without having been given. Nobody knows its secret.
            let begun = scene.begun() - before;
            let possible = given.len()..=given.len() + not_given;
            assert!(possible.contains(&begun), "{fault} at {place}: {begun} of {possible:?}");
        } else {
            scene.house.start_again();
        }
    }
    assert!(between > 1, "the faults came between no sign-ins: {}", scene.place.log());
    scene.audited();
}

/// Holds when sessions are there at the server that was started again, with what their groups give.
fn are_lasting(scene: &Forging, given: &[Session]) {
    for session in given {
        let session = Session { client: scene.server().client(), ..session.clone() };
        assert_eq!(session.get("/api/v1/users").status, 200, "a session was given and is gone");
    }
}

#[test]
fn a_kill_at_any_write_of_a_sign_in_takes_no_session_back_that_was_given() {
    at_every_place("fdatasync", "signal=KILL");
    at_every_place("pwrite64", "signal=KILL");
}

#[test]
fn a_disk_that_fails_or_is_full_gives_no_session_that_is_not_in_the_log() {
    at_every_place("fdatasync", "error=EIO");
    at_every_place("pwrite64", "error=ENOSPC");
}
