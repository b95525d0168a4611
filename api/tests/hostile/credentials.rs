//! What is shown in place of a credential.

use crate::Scene;
use crate::common::people::service_account;
use crate::common::until;
use serde_json::json;

#[test]
fn an_authorization_that_is_no_bearer_credential_is_malformed() {
    let scene = Scene::new();
    let (client, secret) = (scene.server.client(), scene.owner.secret());
    for header in [
        "Authorization:\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Basic YTpi\r\n",
        &format!("Authorization: {secret}\r\n"),
        &format!("Authorization: Bearer{secret}\r\n"),
        &format!("Authorization: Bearer {secret}\r\nAuthorization: Bearer {secret}\r\n"),
        "Authorization: Bearer \u{e4}\r\n",
    ] {
        let answer = client.send("GET", "/api/v1/me", header, b"");
        assert_eq!((answer.status, answer.problem().as_str()), (400, "malformed_authorization"), "{header}");
    }
    for header in
        [format!("Authorization: bearer {secret}\r\n"), format!("authorization:   BEARER   {secret}  \r\n")]
    {
        assert_eq!(client.send("GET", "/api/v1/me", &header, b"").status, 200, "{header}");
    }
    scene.ends_well(0);
}

#[test]
fn a_credential_that_is_unknown_revoked_or_expired_opens_nothing_and_is_recorded() {
    let scene = Scene::new();
    let (client, owner) = (scene.server.client(), &scene.owner.client);
    let expires = ledger::time::Time::from_micros(api::clock::now().micros() + 1_500_000);
    let issued = owner.done("short", "identity.issue_credential", &json!({"expires": expires.to_string()}));
    let short = client.with(issued["result"]["secret"].as_str().unwrap());
    let bot = service_account(owner, "bot", None);
    owner.done("lock", "identity.revoke_credential", &json!({"credential": bot.credential}));
    let before = owner.size();
    let secret = scene.owner.secret();
    let mistyped = secret.replacen(secret.chars().nth(20).unwrap(), "g", 1);
    for shown in [
        bot.secret(),
        &mistyped,
        &secret.to_uppercase(),
        "deed_",
        "x",
        &"a".repeat(5_000),
        secret.get(1..).unwrap(),
    ] {
        let answer = client.with(shown).get("/api/v1/me");
        assert_eq!((answer.status, answer.problem().as_str()), (401, "not_authenticated"), "{shown}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        assert!(answer.json()["receipt"].is_object(), "{answer}");
    }
    assert_eq!(owner.size(), before + 7);
    let expired = until("the expiry", || Some(short.get("/api/v1/me")).filter(|answer| answer.status == 401));
    assert_eq!(expired.problem(), "not_authenticated");
    let listed = owner.read("/api/v1/credentials");
    let status = |id: &str| {
        let rows = listed["rows"].as_array().unwrap();
        rows.iter().find(|row| row["credential"] == id).unwrap()["status"].clone()
    };
    assert_eq!(status(issued["result"]["credential"].as_str().unwrap()), "expired");
    assert_eq!(
        (status(&bot.credential), status(&scene.owner.credential)),
        (json!("revoked"), json!("active"))
    );
    scene.ends_well(1 + 2 + 1 + 7 + 1);
}

#[test]
fn a_flood_of_refusals_is_counted_and_does_not_fill_the_log() {
    let scene = Scene::new();
    let client = scene.server.client();
    let answers: Vec<_> = (0..200).map(|_| client.get("/api/v1/me")).collect();
    assert!(answers.iter().all(|answer| answer.status == 401));
    let receipted = answers.iter().filter(|answer| answer.json()["receipt"].is_object()).count();
    assert_eq!(receipted, 20, "the first are written whole, the others counted");
    scene.ends_well(20);
}

#[test]
fn the_last_owner_cannot_be_taken_away() {
    let scene = Scene::new();
    let grants = scene.owner.client.read("/api/v1/grants");
    let grant = &grants["rows"].as_array().unwrap().first().unwrap()["grant"];
    let answer = scene.owner.client.order("oops", "access.revoke_role", &json!({"grant": grant}));
    assert_eq!((answer.status, answer.problem().as_str()), (409, "last_owner"));
    scene.ends_well(1);
}

#[test]
fn a_claim_link_works_once() {
    let place = crate::common::server::Place::new();
    let mut server = place.serve(&[]);
    let token = server.claim_token();
    let wrong = server.client().order("guess", "identity.claim_ownership", &json!({"token": "deed_guess"}));
    assert_eq!((wrong.status, wrong.problem().as_str()), (403, "claim_not_open"));
    let reused = server.client().order("guess", "identity.claim_ownership", &json!({"token": token}));
    assert_eq!((reused.status, reused.problem().as_str()), (422, "command_id_reused"));
    server.client().done("claim", "identity.claim_ownership", &json!({"token": token}));
    let twice = server.client().order("claim-2", "identity.claim_ownership", &json!({"token": token}));
    assert_eq!((twice.status, twice.problem().as_str()), (403, "claim_not_open"));
    assert!(server.terminate().success());
    assert!(!place.log().contains(&token), "{}", place.log());
}
