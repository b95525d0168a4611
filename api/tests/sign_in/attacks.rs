//! What attackers try at a real provider, what they get, and what the log says about it.

use super::{Scene, believing};
use fixtures::identity::Kind;
use fixtures::identity::browser::Browser;
use serde_json::json;

const WRONG_STATE: &str = "answer is to another sign-in";

/// Opens an address that must not let anybody in.
fn kept_out(browser: &mut Browser, url: &str) -> String {
    let page = browser.get(url).unwrap();
    assert!(page.status == 403 || page.status == 400, "{} {}", page.status, page.body);
    page.body
}

#[test]
fn an_answer_serves_once_and_only_the_browser_that_asked() {
    let scene = Scene::new(Kind::OidcProvider);
    let (mut browser, mut thief) = (Browser::default(), Browser::default());
    // Somebody else's answer: to log the victim in as the attacker, or the attacker as the victim.
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    let page = kept_out(&mut thief, &back);
    assert!(!page.contains(WRONG_STATE) && page.contains("begin again"), "{page}");
    // The attempt did not use it up.
    assert_eq!(browser.get(&back).unwrap().status, 303);
    kept_out(&mut browser, &back);
    // Another state, none, and one that stands twice.
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    kept_out(&mut browser, &back.replace("state=", "state=0"));
    kept_out(&mut browser, &back.replace("state=", "other="));
    kept_out(&mut browser, &format!("{back}&state=0"));
    assert_eq!(
        scene.refusals(),
        ["state_wrong", "state_wrong", "state_wrong", "state_wrong", "answer_unreadable"]
    );
    scene.audited();
}

#[test]
fn an_answer_of_one_provider_is_not_taken_for_anothers() {
    let scene = Scene::new(Kind::OidcProvider);
    let other = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let twin = scene.policy(&json!({ "name": "twin", "issuer": other.peer.issuer }))["providers"][0].clone();
    let corp = scene.policy(&json!({}))["providers"][0].clone();
    scene.adopt("twin", &believing(vec![corp, twin]));
    // Begun with one, answered at the address of the other.
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    kept_out(&mut browser, &back.replace("/auth/corp/", "/auth/twin/"));
    // Begun with one, answered in the name of the other.
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    let issuer = |issuer: &str| issuer.replace(':', "%3A").replace('/', "%2F");
    let mixed = back.replace(&issuer(&scene.peer.issuer), &issuer(&other.peer.issuer));
    assert_ne!(mixed, back);
    kept_out(&mut browser, &mixed);
    assert_eq!(scene.refusals(), ["state_wrong", "answer_issuer_wrong"]);
    scene.audited();
}

#[test]
fn no_secret_of_a_sign_in_is_in_the_log_of_the_server_or_in_the_ledger() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    assert_eq!(browser.get(&back).unwrap().status, 303);
    let session = scene.session(&browser);
    let secret = session.cookies.rsplit_once("deed_session=").unwrap().1.to_owned();
    let code = back.split("code=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let said = scene.place.log();
    let leaves: String = scene.owner.client.get("/api/v1/events?limit=1000").text();
    for hidden in [&secret, &code, "ada@example.org", fixtures::identity::CLIENT_SECRET] {
        assert!(!said.contains(hidden) && !leaves.contains(hidden), "{hidden}");
    }
    scene.audited();
}
