//! Logout tokens over HTTP: forged ones end nothing, an honest one ends what it names and counts once.

use crate::Scene;
use crate::common::client::Answer;
use crate::common::until;
use crate::forging::{Forging, now};
use crate::lives::Why;
use fixtures::identity::browser::{Browser, encode};
use fixtures::identity::forger::{Forger, Signer, hs256, unsigned};
use fixtures::identity::{CLIENT_SECRET, Kind};
use serde_json::{Value, json};

fn post(scene: &Forging, name: &str, token: &str) -> Answer {
    let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
    let body = encode(&[("logout_token", token)]);
    let answer =
        scene.server().client().send("POST", &format!("/auth/{name}/logout"), headers, body.as_bytes());
    assert_eq!(answer.header("cache-control"), Some("no-store"), "{answer}");
    answer
}

/// Holds when a logout token was refused as the standard wants it.
fn refused(what: &str, answer: &Answer, token: &str) {
    assert_eq!(
        (answer.status, &answer.json()["error"]),
        (400, &json!("invalid_request")),
        "{what}: {answer}"
    );
    assert!(token.len() < 8 || !answer.to_string().contains(token), "{what}: {answer}");
}

/// Honest claims about everybody's session at the provider, but for one.
fn with(scene: &Forging, claim: &str, value: Value) -> Value {
    let mut claims = scene.forger.logout_claims(now());
    claims[claim] = value;
    claims
}

fn without(scene: &Forging, names: &[&str]) -> Value {
    let mut claims = scene.forger.logout_claims(now());
    for name in names {
        claims.as_object_mut().unwrap().remove(*name);
    }
    claims
}

/// Forged tokens, and why each is refused.
fn cases(scene: &Forging) -> Vec<(&'static str, String, &'static str)> {
    let honest = |claims: &Value| Signer::honest().logout(claims);
    let header = |alg: &str| json!({ "alg": alg, "kid": "honest", "typ": "logout+jwt" });
    let sound = scene.forger.logout_claims(now());
    vec![
        ("another key of that name", Signer::new("honest", 8).logout(&sound), "token_signature"),
        ("an unknown key", Signer::new("x", 8).logout(&sound), "token_key_unknown"),
        ("nobody's", unsigned(&header("none"), &sound), "token_unsigned"),
        ("by the secret", hs256(CLIENT_SECRET.as_bytes(), &header("HS256"), &sound), "token_algorithm"),
        ("typed as an ID token", Signer::honest().token(&sound), "token_type"),
        ("without an event", honest(&without(scene, &["events"])), "logout_event_missing"),
        ("of another event", honest(&with(scene, "events", json!({ "x": {} }))), "logout_event_missing"),
        ("with a nonce", honest(&with(scene, "nonce", json!("n"))), "logout_nonce_present"),
        ("another issuer", honest(&with(scene, "iss", json!("https://a.example"))), "token_issuer"),
        ("another audience", honest(&with(scene, "aud", json!("another"))), "token_audience"),
        ("expired", honest(&with(scene, "exp", json!(now() - 31))), "token_expired"),
        ("of the future", honest(&with(scene, "iat", json!(now() + 300))), "token_issued_in_future"),
        ("not yet", honest(&with(scene, "nbf", json!(now() + 300))), "token_not_yet"),
        ("nobody named", honest(&without(scene, &["sub", "sid"])), "logout_nobody_named"),
        ("no name of its own", honest(&without(scene, &["jti"])), "logout_claim_wrong"),
        ("no token", "x".to_owned(), "token_unreadable"),
    ]
}

#[test]
fn a_forged_logout_token_ends_no_session_and_an_honest_one_counts_once() {
    let scene = Forging::new();
    let twin = Forger::start().unwrap();
    scene.and("twin", &twin);
    let session = scene.sign_in_with("ada", &json!({ "sid": "s1" }));
    let untouched = scene.sign_in_with("ada", &json!({ "sid": "s2" }));
    let cases = cases(&scene);
    for (what, token, _) in &cases {
        refused(what, &post(&scene, "corp", token), token);
    }
    let own = twin.logout_claims(now());
    // An honest token of another provider, about a session of the same name, and the same at the other's address.
    assert_eq!(post(&scene, "twin", &Signer::honest().logout(&own)).status, 200);
    let token = Signer::honest().logout(&own);
    refused("another's", &post(&scene, "corp", &token), &token);
    assert_eq!(session.get("/api/v1/me").status, 200);
    let honest = Signer::honest().logout(&scene.forger.logout_claims(now()));
    assert_eq!(post(&scene, "corp", &honest).status, 200);
    assert_eq!((session.get("/api/v1/me").status, untouched.get("/api/v1/me").status), (401, 200));
    // Somebody who kept it ends no later session of the same name.
    let later = scene.sign_in_with("ada", &json!({ "sid": "s1" }));
    refused("replayed", &post(&scene, "corp", &honest), &honest);
    assert_eq!(later.get("/api/v1/me").status, 200);
    let further = ["token_issuer", "logout_token_replayed"];
    let reasons: Vec<_> = cases.iter().map(|(.., reason)| *reason).chain(further).collect();
    assert_eq!(scene.refusals(), reasons);
    let ends: Vec<_> = scene.audited().iter().map(|life| life.end.map(|end| end.why)).collect();
    assert_eq!(ends, [Some(Why::ProviderLoggedOut), None, None]);
}

#[test]
fn a_logout_token_that_names_no_session_ends_all_of_its_person_and_nobody_elses() {
    let scene = Forging::new();
    let sessions = [scene.sign_in("ada"), scene.sign_in("ada"), scene.sign_in("eve")];
    for body in ["", "logout_token=", "logout_token=x&logout_token=y"] {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        let answer = scene.server().client().send("POST", "/auth/corp/logout", headers, body.as_bytes());
        refused(body, &answer, "");
    }
    assert_eq!(scene.refusals(), ["logout_token_missing", "token_unreadable", "logout_token_missing"]);
    let honest = Signer::honest().logout(&without(&scene, &["sid"]));
    assert_eq!(post(&scene, "corp", &honest).status, 200);
    assert_eq!(sessions.map(|session| session.get("/api/v1/me").status), [401, 401, 200]);
    scene.audited();
}

#[test]
fn glewlwyd_ends_the_session_here_when_one_signs_out_there() {
    let scene = Scene::new(Kind::Glewlwyd);
    let mut browser = Browser::default();
    let session = scene.sign_in(&mut browser, "ada");
    let untouched = scene.sign_in(&mut Browser::default(), "bob");
    let sid = scene.peer.session_at_glewlwyd(&browser).unwrap();
    scene.peer.end_session_at_glewlwyd(&mut browser, &sid).unwrap();
    until("the end of the session", || (session.get("/api/v1/me").status == 401).then_some(()));
    assert_eq!(untouched.get("/api/v1/me").status, 200);
    assert_eq!(scene.events("identity.provider_logged_out").len(), 1);
    scene.audited();
}
