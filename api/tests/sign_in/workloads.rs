//! Workloads that come with what their own provider signed, through the running server.

use super::Scene;
use crate::common::people::{service_account, text};
use api::clock::now;
use fixtures::identity::Kind;
use fixtures::identity::forger::{Forger, Signer};
use serde_json::{Value, json};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const AUDIENCE: &str = "https://deed.example";

impl Scene {
    fn assert(&self, assertion: &str) -> (u16, Value) {
        self.ask(&[("grant_type", GRANT), ("assertion", assertion)])
    }
}

#[test]
fn a_workload_comes_in_once_for_each_assertion_and_only_as_policy_says() {
    let scene = Scene::new(Kind::OidcProvider);
    let ci = service_account(&scene.owner.client, "ci", None);
    let forger = Forger::start().unwrap();
    let mut policy = scene.policy(&json!({}));
    policy["workloads"] = json!([{
        "audience": AUDIENCE, "issuer": forger.issuer, "name": "ci", "service_account": ci.subject,
        "special_addresses": true, "subject": "repo:deed:main",
    }]);
    scene.adopt("ci", &policy);
    let seconds = now().micros() / 1_000_000;
    let claims = |subject: &str, jti: &str| {
        json!({
            "iss": forger.issuer, "sub": subject, "aud": AUDIENCE, "iat": seconds, "exp": seconds + 300, "jti": jti,
        })
    };
    let sound = Signer::honest().token(&claims("repo:deed:main", "1"));
    let (status, given) = scene.assert(&sound);
    assert_eq!(status, 200, "{given}");
    assert_eq!(scene.me(&text(&given["access_token"])).json()["subject"], ci.subject);
    let other = json!({ "iss": "https://other.example", "sub": "repo:deed:main", "aud": AUDIENCE });
    for (assertion, reason) in [
        (sound.clone(), "assertion_replayed"),
        (Signer::honest().token(&claims("repo:deed:fork", "2")), "unknown_workload"),
        (Signer::honest().token(&other), "unknown_workload"),
        (Signer::new("honest", 9).token(&claims("repo:deed:main", "3")), "token_signature"),
        ("nonsense".to_owned(), "token_unreadable"),
    ] {
        let (status, answer) = scene.assert(&assertion);
        assert_eq!((status, &answer["error"]), (400, &json!("invalid_grant")), "{reason}: {answer}");
        assert_eq!(scene.reasons().last().map(String::as_str), Some(reason), "{answer}");
    }
    assert_eq!(scene.assert(&"x".repeat(9_000)).1["error"], "invalid_grant");
    let suspend = json!({ "subject": ci.subject, "reason": "a test" });
    scene.owner.client.done("suspend", "identity.suspend_subject", &suspend);
    assert_eq!(scene.me(&text(&given["access_token"])).problem(), "not_authenticated");
    let fresh = Signer::honest().token(&claims("repo:deed:main", "4"));
    assert_eq!(scene.assert(&fresh).1["error"], "invalid_grant");
    assert_eq!(scene.reasons().last().map(String::as_str), Some("not_active"));
    scene.audited();
}

#[test]
fn a_policy_does_not_take_people_for_workloads() {
    let scene = Scene::new(Kind::OidcProvider);
    let ci = service_account(&scene.owner.client, "ci", None);
    let mut policy = scene.policy(&json!({}));
    policy["workloads"] = json!([{
        "audience": fixtures::identity::CLIENT_ID, "issuer": scene.peer.issuer, "name": "ci",
        "service_account": ci.subject, "special_addresses": true, "subject": "ada",
    }]);
    let arguments = json!({ "body": { "sign_in": policy } });
    let refused = scene.owner.client.order("mixed", "policy.propose", &arguments);
    assert_eq!(refused.problem(), "wrong_shape");
    scene.audited();
}
