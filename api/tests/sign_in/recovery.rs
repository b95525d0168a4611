//! Recovery codes: how an owner comes in when nobody can sign in at a provider, and how loudly.

use super::{Scene, Session};
use crate::common::people::text;
use fixtures::identity::Kind;
use fixtures::identity::browser::{Browser, encode};
use serde_json::json;

impl Scene {
    fn codes(&self, id: &str) -> Vec<String> {
        let made = self.owner.client.done(id, "identity.make_recovery_codes", &json!({}));
        text(&made["result"]["codes"]).split(' ').map(str::to_owned).collect()
    }

    /// Types a code; a session, if it lets in.
    fn recover(&self, code: &str) -> Result<Session, (u16, String)> {
        let headers =
            format!("Origin: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n", self.base());
        let body = encode(&[("code", code)]);
        let answer = self.server().client().send("POST", "/recovery", &headers, body.as_bytes());
        let cookie = answer.header("set-cookie").and_then(|cookie| cookie.split(';').next());
        let cookie = cookie.map(str::to_owned).ok_or((answer.status, answer.text()))?;
        assert_eq!((answer.status, answer.header("location")), (303, Some("/sessions")), "{answer}");
        Ok(Session { client: self.server().client(), cookies: cookie, base: self.base() })
    }

    fn refused(&self, code: &str, sentence: &str) {
        let (status, page) = self.recover(code).err().unwrap();
        assert!(status == 403 && page.contains(sentence), "{page}");
    }
}

#[test]
fn an_owner_comes_in_with_a_code_until_a_provider_works() {
    let scene = Scene::new(Kind::OidcProvider);
    let codes = scene.codes("first");
    assert_eq!(codes.len(), 8);
    // Sent again, they are not shown again.
    let again = scene.owner.client.done("first", "identity.make_recovery_codes", &json!({}));
    assert!(again["result"]["codes"].is_null(), "{again}");
    let page = scene.server().client().get("/sign-in").text();
    assert!(page.contains("/recovery"), "{page}");
    let session = scene.recover(&codes[0].to_lowercase()).unwrap();
    assert_eq!(session.get("/api/v1/me").json()["subject"], scene.owner.subject);
    assert!(session.get("/sessions").text().contains("a recovery code"));
    assert!(scene.place.log().contains("came in with a recovery code"), "{}", scene.place.log());
    // For an hour, and each code once.
    let sessions = scene.owner.client.read("/api/v1/sessions");
    let row = &sessions["rows"][0];
    assert!(row["provider"].is_null() && row["several_factors"] == true, "{row}");
    scene.refused(&codes[0], "wrong, or was used");
    scene.refused("nonsense", "wrong, or was used");
    // New codes end the old ones.
    let codes_2 = scene.codes("second");
    scene.refused(&codes[1], "wrong, or was used");
    assert!(scene.recover(&codes_2[0]).is_ok());
    // A strange page lets nobody in.
    let strange = "Origin: https://evil.example\r\nContent-Type: application/x-www-form-urlencoded\r\n";
    let body = encode(&[("code", &codes_2[1])]);
    let answer = scene.server().client().send("POST", "/recovery", strange, body.as_bytes());
    assert_eq!(answer.problem(), "cross_site");
    // As soon as somebody signed in at a provider they are off, and on again when policy says so.
    scene.sign_in(&mut Browser::default(), "ada");
    assert!(!scene.server().client().get("/sign-in").text().contains("/recovery"));
    scene.refused(&codes_2[1], "Recovery codes are off");
    let mut policy = scene.policy(&json!({}));
    policy["recovery_codes"] = json!(true);
    scene.adopt("on", &policy);
    assert!(scene.recover(&codes_2[1]).is_ok());
    assert_eq!(scene.events("identity.owner_recovered").len(), 3);
    assert_eq!(scene.reasons(), ["unknown_code", "unknown_code", "unknown_code", "recovery_off"]);
    scene.audited();
}

#[test]
fn codes_are_for_owners() {
    let scene = Scene::new(Kind::OidcProvider);
    let ada = scene.sign_in(&mut Browser::default(), "ada");
    let refused = ada.order("mine", "identity.make_recovery_codes", &json!({}));
    assert_eq!(refused.problem(), "recovery_refused");
    assert_eq!(scene.reasons(), ["not_an_owner"]);
    scene.audited();
}
