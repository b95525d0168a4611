//! Assertions that vouch for programs: what three real providers sign, and what a forging one makes up.

use super::{CALLBACK, Scene, settings};
use api::clock::now;
use api::oidc::{ASSERTION_SECONDS_MAX, Addresses, Claimed, Hidden, Provider, Settings};
use fixtures::identity::forger::{Forger, Signer, hs256, unsigned};
use fixtures::identity::{CLIENT_ID, Kind};
use ledger::time::Time;
use serde_json::{Value, json};

/// Every clock of the forged ones, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn then() -> Time {
    Time::from_micros(NOW * 1_000_000)
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[tokio::test]
async fn what_a_real_provider_signs_is_believed_for_its_audience() {
    for kind in [Kind::OidcProvider, Kind::Glewlwyd, Kind::Canaille] {
        let scene = Scene::new(kind);
        let token = scene.claims("ada").await.id_token;
        let claimed = Claimed::read(token.reveal()).unwrap();
        assert_eq!(claimed.issuer, scene.peer.issuer, "{kind:?}");
        let audience = |audience: &str| {
            let base = Settings::new(&scene.peer.issuer, audience, Hidden::new(""), CALLBACK);
            let addresses = Addresses::SpecialUseToo;
            Provider::new(Settings { client_secret: None, addresses, ..base }).unwrap()
        };
        let told = audience(CLIENT_ID).assertion(token.reveal(), now()).await;
        assert!(told.is_ok(), "{kind:?}: {told:?}");
        let other = audience("another").assertion(token.reveal(), now()).await.unwrap_err();
        assert_eq!(other.code(), "token_audience", "{kind:?}");
    }
}

#[tokio::test]
async fn an_assertion_is_for_us_alone_and_in_time() {
    let forger = Forger::start().unwrap();
    let provider = Provider::new(settings(&forger.issuer)).unwrap();
    let sound = || json!({ "iss": forger.issuer, "sub": "repo:deed:main", "aud": CLIENT_ID, "iat": NOW, "exp": NOW + 300 });
    let honest = Signer::honest();
    provider.assertion(&honest.token(&sound()), then()).await.unwrap();
    let late = json!(NOW + ASSERTION_SECONDS_MAX + 1);
    for (what, claims, code) in [
        ("another issuer", with(sound(), "iss", json!("https://a.example")), "token_issuer"),
        ("another audience", with(sound(), "aud", json!("another")), "token_audience"),
        ("two audiences", with(sound(), "aud", json!([CLIENT_ID, "another"])), "token_audience_several"),
        ("no audience", without(sound(), "aud"), "token_audience"),
        ("ended", with(sound(), "exp", json!(NOW - 30)), "token_expired"),
        ("no end", without(sound(), "exp"), "assertion_ends_too_late"),
        ("an end that is none", with(sound(), "exp", json!("never")), "assertion_ends_too_late"),
        ("an end far away", with(sound(), "exp", late), "assertion_ends_too_late"),
        ("from the future", with(sound(), "iat", json!(NOW + 31)), "token_issued_in_future"),
        ("not yet", with(sound(), "nbf", json!(NOW + 31)), "token_not_yet"),
        ("at no time", with(sound(), "nbf", json!("soon")), "token_not_yet"),
    ] {
        let refused = provider.assertion(&honest.token(&claims), then()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{what}");
    }
    let header = |alg: &str| json!({ "alg": alg, "kid": "honest" });
    for (what, token, code) in [
        ("nobody's", unsigned(&header("none"), &sound()), "token_unsigned"),
        ("without signature", unsigned(&header("EdDSA"), &sound()), "token_signature"),
        ("by a shared secret", hs256(b"s", &header("HS256"), &sound()), "token_algorithm"),
        ("by another key", Signer::new("honest", 9).token(&sound()), "token_signature"),
        ("by an unknown key", Signer::new("x", 9).token(&sound()), "token_key_unknown"),
        ("a logout token", honest.logout(&sound()), "token_type"),
        ("nonsense", "a.b.c".to_owned(), "token_unreadable"),
    ] {
        let refused = provider.assertion(&token, then()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{what}");
    }
}
