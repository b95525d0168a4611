//! Every session's life, as the server tells it and as the log alone does.

use crate::common::until;
use crate::forging::{Forging, now};
use crate::lives::Why;
use fixtures::identity::browser::encode;
use fixtures::identity::forger::Signer;
use ledger::event::{Actor, Via};
use serde_json::{Value, json};

fn status(scene: &Forging, session: &str) -> Value {
    let listed = scene.owner.client.read("/api/v1/sessions?limit=1000");
    let rows = listed["rows"].as_array().unwrap();
    rows.iter().find(|row| row["session"] == session).unwrap().clone()
}

/// The least that a policy may say, so that a use is soon recorded.
fn short() -> Value {
    json!({ "session": { "absolute_seconds": 60, "idle_seconds": 60 } })
}

/// The provider says that somebody signed out there.
fn signed_out_at_the_provider(scene: &Forging, person: &str) {
    let mut logout = scene.forger.logout_claims(now());
    logout["sub"] = json!(person);
    let body = encode(&[("logout_token", &Signer::honest().logout(&logout))]);
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let answer = scene.server().client().send("POST", "/auth/corp/logout", headers, body.as_bytes());
    assert_eq!(answer.status, 200, "{answer}");
}

#[test]
fn how_every_session_began_was_used_and_ended_can_be_told_from_the_log_alone() {
    let mut scene = Forging::new();
    scene.adopt_body("short", &short());
    let used = scene.sign_in("zoe");
    let used_id = scene.newest();
    let began = status(&scene, &used_id)["idle_until"].clone();
    // Signed out; ended from another; revoked by the owner; suspended, both of them; ended by the provider; expired and swept up.
    assert_eq!(scene.sign_in("ada").post("/sign-out", "").status, 200);
    scene.sign_in("ada");
    let ended = scene.newest();
    let other = scene.sign_in("ada");
    assert_eq!(other.post(&format!("/sessions/{ended}/end"), "").status, 303);
    scene.sign_in("bob");
    let revoke = json!({ "credential": scene.newest() });
    scene.owner.client.done("revoke", "identity.revoke_credential", &revoke);
    scene.sign_in("bob");
    let suspended = scene.sign_in("bob");
    let subject = suspended.get("/api/v1/me").json()["subject"].clone();
    scene.owner.client.done(
        "suspend",
        "identity.suspend_subject",
        &json!({ "subject": subject, "reason": "left" }),
    );
    scene.sign_in_with("eve", &json!({ "sid": "s1" }));
    signed_out_at_the_provider(&scene, "eve");
    scene.sign_in_with("max", &json!({ "session_expiry": now() + 2 }));
    let expired = scene.newest();
    until("its end", || (status(&scene, &expired)["status"] == "expired").then_some(()));
    scene.sign_in("max");
    scene.sign_in_with("ann", &json!({ "session_expiry": now() + 2 }));
    let expired = scene.newest();
    until("its end", || (status(&scene, &expired)["status"] == "expired").then_some(()));
    until("its use", || {
        assert_eq!(used.get("/api/v1/me").status, 200);
        (status(&scene, &used_id)["idle_until"] != began).then_some(())
    });
    let owner = scene.owner.subject.clone();
    let lives = scene.house.audited();
    let said = scene.house.verified();
    assert!(said.contains("ANCHORED") && !said.contains("INVALID"), "{said}");
    let ends: Vec<_> = lives.iter().map(|life| life.end.map(|end| end.why)).collect();
    let expected = [
        None,
        Some(Why::SignedOut),
        Some(Why::EndedElsewhere),
        None,
        Some(Why::Revoked),
        Some(Why::Suspended),
        Some(Why::Suspended),
        Some(Why::ProviderLoggedOut),
        Some(Why::SweptUp),
        None,
        None,
    ];
    assert_eq!(ends, expected);
    let uses: Vec<_> = lives.iter().map(|life| life.uses.len()).collect();
    assert_eq!((uses[0], uses.iter().sum::<usize>()), (1, 1));
    for end in lives.iter().filter_map(|life| life.end) {
        let by_owner = matches!(end.by, Actor::Subject(by, _) if by.to_string() == owner);
        assert_eq!(by_owner, [Why::Revoked, Why::Suspended].contains(&end.why), "{end:?}");
        let by_provider = end.by == Actor::Anonymous(Via::Provider);
        assert_eq!(by_provider, [Why::ProviderLoggedOut, Why::SweptUp].contains(&end.why), "{end:?}");
    }
    assert!(lives.iter().filter_map(|life| life.end).is_sorted_by_key(|end| end.time));
}
