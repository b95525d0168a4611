//! The server killed, and the disk failing, in the middle of sign-ins: whoever was let in is in the log, and whoever was not told so has nothing.

use crate::common::until;
use crate::forging::{Begun, Forging, cookie_set, kept_out};
use crate::house::Session;
use fixtures::identity::forger::{Reply, Signer};
use std::thread;

/// Sign-ins in a round: enough for the fault to come in the middle of one.
const SIGN_INS: usize = 6;

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

/// Comes back from the provider; the session, if one was given. Whoever has none was told so, or nothing.
fn attempt(scene: &Forging, begun: &Begun) -> Option<Session> {
    let token = Signer::honest().token(&scene.claims(begun, "ada"));
    scene.forger.give(&token);
    let headers = format!("Cookie: {}\r\n", begun.cookie);
    let answer = scene.server().client().try_send("GET", &scene.answer_to(begun), &headers, b"")?;
    if cookie_set(&answer, "deed_session").is_some() {
        return Some(scene.session_of(&answer));
    }
    kept_out("a fault", &answer, 503, &[&token]);
    None
}

/// Signs in again and again under a fault; the sessions that were given, and whether any was not.
fn sign_ins(scene: &Forging) -> (Vec<Session>, bool) {
    let mut given = Vec::new();
    for _ in 0..SIGN_INS {
        let client = scene.server().client();
        let Some(start) = client.try_send("GET", "/auth/corp/start", "", b"") else { return (given, true) };
        let Some(begun) = scene.begun_of(&start) else { return (given, true) };
        match attempt(scene, &begun) {
            Some(session) => given.push(session),
            None => return (given, true),
        }
    }
    (given, false)
}

/// Runs sign-ins under a fault at several places, each in a house of its own, and looks whether all that was given is lasting.
fn at_places(calls: &str, fault: &str, places: &[u32]) {
    let mut between = 0;
    for place in places {
        let mut scene = Forging::new();
        let before = scene.begun();
        assert!(scene.house.server.take().unwrap().terminate().success(), "{}", scene.place.log());
        let inject = format!("inject={calls}:{fault}:when={place}");
        let Some(server) = scene.place.serve_with_fault(calls, &inject, &[]) else { continue };
        scene.house.moved_to(server);
        let (given, fell_short) = sign_ins(&scene);
        between += u32::from(fell_short && !given.is_empty());
        scene.house.server.take().unwrap().terminate_or_ended();
        scene.house.start_again();
        let client = scene.server().client();
        for session in given.iter().cloned().map(|session| Session { client: client.clone(), ..session }) {
            assert_eq!(
                session.get("/api/v1/me").status,
                200,
                "{fault} at {place}: a session was given and is gone"
            );
        }
        // At most the one that was under way may be there without having been given.
        let begun = scene.begun() - before;
        assert!((given.len()..=given.len() + 1).contains(&begun), "{begun} {}", given.len());
        scene.audited();
    }
    assert!(between > 0, "no {fault} came between two sign-ins");
}

#[test]
fn a_kill_at_any_write_of_a_sign_in_takes_no_session_back_that_was_given() {
    at_places("fdatasync", "signal=KILL", &[5, 8]);
}

#[test]
fn a_disk_that_fails_or_is_full_gives_no_session_that_is_not_in_the_log() {
    at_places("fdatasync", "error=EIO", &[7]);
    at_places("pwrite64", "error=ENOSPC", &[8, 9, 10]);
}
