//! What attackers try, what they get, and what the log says about it.

use super::{Scene, believing};
use crate::common::people::text;
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
fn a_session_cannot_be_given_and_its_cookie_cannot_be_doubled() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let first = scene.sign_in(&mut browser, "ada");
    // Whoever knows the cookie from before knows nothing after: a new secret at each sign-in.
    let second = scene.sign_in(&mut browser, "ada");
    assert_ne!(first.cookies, second.cookies);
    // One that somebody else set beside it makes both count for nothing.
    let mut tossed = second.clone();
    tossed.cookies = format!("{}; {}", first.cookies, second.cookies);
    assert_eq!(tossed.get("/api/v1/me").status, 401);
    assert_eq!(second.get("/api/v1/me").status, 200);
    // The secret of another credential is no session.
    let mut planted = second;
    planted.cookies = format!("deed_session={}", scene.owner.secret());
    assert_eq!(planted.get("/api/v1/me").status, 401);
    scene.audited();
}

#[test]
fn other_sites_cannot_act_with_a_session() {
    let scene = Scene::new(Kind::OidcProvider);
    let session = scene.sign_in(&mut Browser::default(), "ada");
    let from = [
        "",
        "Origin: https://evil.example\r\n",
        "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Sec-Fetch-Site: same-site\r\n",
        "Sec-Fetch-Site: none\r\n",
    ];
    let changing = api::http::ROUTES.iter().chain(api::http::PAGES).filter(|(method, _)| *method != "get");
    let mut tried = 0;
    for (_, path) in changing.filter(|(_, path)| !path.ends_with("/logout")) {
        for from in from {
            let path = path.replace("{session}", "crd_00000000000000000000000000000000");
            let answer = session.post_from(from, &path, "{}");
            assert_eq!((answer.status, answer.problem().as_str()), (403, "cross_site"), "{path} {from}");
            tried += 1;
        }
    }
    assert!(tried >= 24, "{tried}");
    assert_eq!(session.get("/api/v1/me").status, 200);
    let answer = session.get("/sessions");
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'none'"), "{policy}");
    scene.audited();
}

#[test]
fn one_is_sent_nowhere_but_to_the_provider_and_back_here() {
    let scene = Scene::new(Kind::OidcProvider);
    for target in ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"] {
        let mut browser = Browser::default();
        let start = format!("{}&return_to={target}", scene.start("ada"));
        let back = scene.answered(&mut browser, &start, "ada");
        let location = browser.get(&back).unwrap().location.unwrap();
        assert_eq!(location, format!("{}/sessions", scene.base()));
    }
    let mut browser = Browser::default();
    let back = scene.answered(&mut browser, &format!("{}&return_to=/sign-in", scene.start("ada")), "ada");
    assert_eq!(browser.get(&back).unwrap().location.unwrap(), format!("{}/sign-in", scene.base()));
    // Third-party-initiated: only the provider that is meant may send somebody here.
    let wrong = Browser::default().get(&format!("{}&iss=https://evil.example", scene.start("ada"))).unwrap();
    assert_eq!(wrong.status, 400, "{}", wrong.body);
    scene.audited();
}

#[test]
fn forged_logout_tokens_end_nothing() {
    let scene = Scene::new(Kind::OidcProvider);
    let session = scene.sign_in(&mut Browser::default(), "ada");
    let post = |body: &str| {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        scene.server().client().send("POST", "/auth/corp/logout", headers, body.as_bytes())
    };
    for body in ["", "logout_token=", "logout_token=x", "logout_token=a.b.c", "logout_token=x&logout_token=y"]
    {
        let answer = post(body);
        assert_eq!(
            (answer.status, text(&answer.json()["error"]).as_str()),
            (400, "invalid_request"),
            "{body}"
        );
    }
    assert_eq!(session.get("/api/v1/me").status, 200);
    assert!(!scene.refusals().is_empty());
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
