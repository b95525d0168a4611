//! What a provider may take: bytes, time, and the addresses it may send us to.

use super::{CALLBACK, settings};
use api::clock::now;
use api::oidc::{FetchLimits, Fresh, Hidden, Provider, Settings, SettingsError, Wishes};
use fixtures::identity::forger::{Forger, Reply, Signer};
use serde_json::json;
use std::time::Duration;

const CONFIGURATION: &str = "/.well-known/openid-configuration";

async fn failure(provider: &Provider) -> &'static str {
    let begun = provider.begin(&Wishes::default(), &Fresh::random(), now()).await;
    begun.map_or_else(|error| error.code(), |_| "begun")
}

#[tokio::test]
async fn a_document_of_any_other_kind_is_refused() {
    let forger = Forger::start().unwrap();
    for (reply, code) in [
        (Reply::Long(300 << 10), "answer_too_long"),
        (Reply::Long(10), "document_unreadable"),
        (Reply::Json(404, json!(null)), "answer_status"),
        (Reply::Redirect(format!("{}/elsewhere", forger.issuer)), "answer_redirected"),
    ] {
        forger.reply(CONFIGURATION, reply);
        assert_eq!(failure(&Provider::new(settings(&forger.issuer)).unwrap()).await, code);
    }
    assert_eq!(forger.asked("/elsewhere").len(), 0);
}

#[tokio::test]
async fn a_provider_that_never_ends_is_left() {
    let forger = Forger::start().unwrap();
    forger.reply(CONFIGURATION, Reply::Never);
    let limits = FetchLimits { answer: Duration::from_millis(50), ..FetchLimits::default() };
    let provider = Provider::with_limits(settings(&forger.issuer), limits).unwrap();
    assert_eq!(failure(&provider).await, "provider_slow");
    assert_eq!(failure(&provider).await, "provider_unreachable", "not again so soon");
    assert_eq!(forger.asked(CONFIGURATION).len(), 1);
}

#[tokio::test]
async fn more_keys_than_anybody_has_are_refused_and_strange_ones_passed_over() {
    let forger = Forger::start().unwrap();
    let token = Signer::honest().logout(&forger.logout_claims(now().micros() / 1_000_000));
    let provider = || Provider::new(settings(&forger.issuer)).unwrap();
    let key = Signer::honest().public();
    forger.reply("/keys", Reply::Json(200, json!({ "keys": vec![&key; 65] })));
    let many = provider().logout_token(&token, now()).await.unwrap_err();
    assert_eq!(many.code(), "document_too_many_keys");
    let weak = json!({ "kty": "RSA", "kid": "honest", "n": "AQAB", "e": "AQAB" });
    let shared = json!({ "kty": "oct", "kid": "honest", "k": "AQAB" });
    let strange = json!({ "kty": "AKP", "kid": "honest", "alg": "ML-DSA-65" });
    forger.reply("/keys", Reply::Json(200, json!({ "keys": [weak, shared, strange, 7, {}] })));
    let none = provider().logout_token(&token, now()).await.unwrap_err();
    assert_eq!(none.code(), "token_key_unknown");
    forger.reply("/keys", Reply::Json(200, json!({ "keys": [weak, 7, key] })));
    provider().logout_token(&token, now()).await.unwrap();
}

#[tokio::test]
async fn addresses_for_special_use_are_not_asked() {
    // By name and by number, in the ways in which numbers are written.
    for host in [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.0.0.1",
        "0177.0.0.1",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "10.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "[fe80::1]",
        "[fd00::1]",
        "0.0.0.0",
        "224.0.0.1",
    ] {
        let public = Settings::new(&format!("https://{host}"), "deed", Hidden::new("s"), CALLBACK);
        let provider = Provider::new(public).unwrap();
        assert_eq!(failure(&provider).await, "special_use_address", "{host}");
    }
}

#[tokio::test]
async fn a_provider_on_this_machine_may_not_lead_to_others_without_tls() {
    let forger = Forger::start().unwrap();
    for (endpoint, place) in [
        ("token_endpoint", "http://10.0.0.1/token"),
        ("jwks_uri", "http://example.org/keys"),
        ("authorization_endpoint", "http://example.org/authorize"),
    ] {
        let mut configuration = forger.configuration();
        configuration[endpoint] = json!(place);
        forger.reply(CONFIGURATION, Reply::Json(200, configuration));
        assert_eq!(failure(&Provider::new(settings(&forger.issuer)).unwrap()).await, "document_endpoint");
    }
}

#[test]
fn settings_that_cannot_be_used_are_refused() {
    let plain = || Settings::new("https://id.example", "deed", Hidden::new("s"), CALLBACK);
    let refused = |settings| Provider::new(settings).unwrap_err();
    for (issuer, why) in [
        ("", SettingsError::Issuer),
        ("id.example", SettingsError::Issuer),
        ("https://id.example?a=1", SettingsError::Issuer),
        ("https://id.example#a", SettingsError::Issuer),
        ("https://user@id.example", SettingsError::Issuer),
        ("http://id.example", SettingsError::IssuerNotHttps),
        ("http://127.0.0.1", SettingsError::IssuerNotHttps),
        ("ftp://id.example", SettingsError::IssuerNotHttps),
    ] {
        assert_eq!(refused(Settings { issuer: issuer.into(), ..plain() }), why, "{issuer}");
    }
    assert_eq!(refused(settings("http://10.0.0.1")), SettingsError::IssuerNotHttps);
    let nowhere = Settings { redirect_uri: "javascript:x".into(), ..plain() };
    assert_eq!(refused(nowhere), SettingsError::RedirectUri);
    assert_eq!(refused(Settings { client_id: String::new(), ..plain() }), SettingsError::ClientId);
    assert_eq!(refused(Settings { algorithms: vec![], ..plain() }), SettingsError::Algorithms);
    assert!(!format!("{:?}", settings("https://id.example")).contains("for tests"));
}
