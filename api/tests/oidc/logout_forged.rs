//! Logout tokens that a forging provider makes up.

use super::settings;
use api::oidc::{Provider, Relaxation, Settings};
use fixtures::identity::CLIENT_ID;
use fixtures::identity::forger::{Forger, Signer, hs256, unsigned};
use ledger::time::Time;
use serde_json::{Value, json};

/// Every clock here, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn now() -> Time {
    Time::from_micros(NOW * 1_000_000)
}

fn without(mut claims: Value, name: &str) -> Value {
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn with(mut claims: Value, name: &str, value: Value) -> Value {
    claims[name] = value;
    claims
}

#[tokio::test]
async fn a_logout_token_says_what_it_must() {
    let forger = Forger::start().unwrap();
    let provider = Provider::new(settings(&forger.issuer)).unwrap();
    let sound = || forger.logout_claims(NOW);
    let logout = provider.logout_token(&Signer::honest().logout(&sound()), now()).await.unwrap();
    assert_eq!(
        (logout.subject.as_deref(), logout.sid.as_deref(), &*logout.jti),
        (Some("ada"), Some("s1"), "j1")
    );
    for (what, claims, code) in [
        ("another issuer", with(sound(), "iss", json!("https://a.example")), "token_issuer"),
        ("another audience", with(sound(), "aud", json!("another")), "token_audience"),
        ("two audiences", with(sound(), "aud", json!([CLIENT_ID, "another"])), "token_audience_several"),
        ("no audience", without(sound(), "aud"), "token_audience"),
        ("no events", without(sound(), "events"), "logout_event_missing"),
        ("other events", with(sound(), "events", json!({ "x": {} })), "logout_event_missing"),
        (
            "events in a row",
            with(sound(), "events", json!(["http://schemas.openid.net/event/backchannel-logout"])),
            "logout_event_missing",
        ),
        ("a nonce", with(sound(), "nonce", json!("n")), "logout_nonce_present"),
        ("a nonce that is nothing", with(sound(), "nonce", json!(null)), "logout_nonce_present"),
        ("nobody", without(without(sound(), "sub"), "sid"), "logout_nobody_named"),
        ("an empty name", with(sound(), "sid", json!("")), "logout_claim_wrong"),
        ("no name of its own", without(sound(), "jti"), "logout_claim_wrong"),
        ("no time", without(sound(), "iat"), "logout_claim_wrong"),
        ("from the future", with(sound(), "iat", json!(NOW + 31)), "token_issued_in_future"),
        ("not yet", with(sound(), "nbf", json!(NOW + 31)), "token_not_yet"),
        ("no end", without(sound(), "exp"), "logout_claim_wrong"),
        ("ended", with(sound(), "exp", json!(NOW - 30)), "token_expired"),
    ] {
        let refused = provider.logout_token(&Signer::honest().logout(&claims), now()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{what}");
    }
    for name in ["sub", "sid"] {
        provider.logout_token(&Signer::honest().logout(&without(sound(), name)), now()).await.unwrap();
    }
}

#[tokio::test]
async fn a_logout_token_of_somebody_elses_is_refused() {
    let forger = Forger::start().unwrap();
    let provider = Provider::new(settings(&forger.issuer)).unwrap();
    let (honest, claims) = (Signer::honest(), forger.logout_claims(NOW));
    let header = |alg: &str| json!({ "alg": alg, "kid": "honest", "typ": "logout+jwt" });
    for (what, token, code) in [
        ("nobody's", unsigned(&header("none"), &claims), "token_unsigned"),
        ("without signature", unsigned(&header("EdDSA"), &claims), "token_signature"),
        ("by a shared secret", hs256(b"s", &header("HS256"), &claims), "token_algorithm"),
        ("by another key", Signer::new("honest", 9).logout(&claims), "token_signature"),
        ("by an unknown key", Signer::new("x", 9).logout(&claims), "token_key_unknown"),
        ("by another algorithm", honest.with_header(&header("ES256"), &claims), "token_signature"),
        ("typed as an ID token", honest.token(&claims), "token_type"),
        (
            "with an extension",
            honest.with_header(
                &json!({ "alg": "EdDSA", "kid": "honest", "typ": "logout+jwt", "crit": [] }),
                &claims,
            ),
            "token_type",
        ),
        ("nothing", String::new(), "token_unreadable"),
    ] {
        assert_eq!(provider.logout_token(&token, now()).await.unwrap_err().code(), code, "{what}");
    }
    // One for the first token, one for the first unknown key.
    assert_eq!(forger.asked("/keys").len(), 2);
}

#[tokio::test]
async fn a_logout_token_carries_what_a_replay_is_known_by() {
    let forger = Forger::start().unwrap();
    let relaxations = vec![Relaxation::LogoutTokenWithoutExp, Relaxation::LogoutTokenTypJwt];
    let provider = Provider::new(Settings { relaxations, ..settings(&forger.issuer) }).unwrap();
    let token = Signer::honest().token(&without(forger.logout_claims(NOW), "exp"));
    let first = provider.logout_token(&token, now()).await.unwrap();
    // Whoever keeps `jti` until then has seen every replay that would be believed.
    assert_eq!(first.expires, now().plus_seconds(150));
    assert_eq!(provider.logout_token(&token, now().plus_seconds(149)).await.unwrap(), first);
    assert_eq!(provider.logout_token(&token, first.expires).await.unwrap_err().code(), "token_expired");
}
