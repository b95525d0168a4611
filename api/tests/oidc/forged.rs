//! ID tokens and answers that a forging provider makes up: each is refused for its own reason.

use super::{CALLBACK, settings};
use api::oidc::{
    Algorithm, Answer, Begun, Claims, Fresh, Hidden, Leeway, Provider, Settings, SignInError, Wishes,
};
use fixtures::identity::forger::{Forger, Reply, Signer, base64url, hs256, unsigned};
use fixtures::identity::{CLIENT_ID, CLIENT_SECRET};
use ledger::time::Time;
use serde_json::{Value, json};

/// Every clock here, in seconds since 1970.
const NOW: u64 = 1_800_000_000;

fn now() -> Time {
    Time::from_micros(NOW * 1_000_000)
}

/// A sign-in at the forging provider, as far as the answer.
struct Attempt {
    forger: Forger,
    provider: Provider,
    begun: Begun,
}

impl Attempt {
    async fn new() -> Self {
        Self::with(&Wishes::default(), |settings| settings).await
    }

    async fn with(wishes: &Wishes, change: impl FnOnce(Settings) -> Settings) -> Self {
        let forger = Forger::start().unwrap();
        let provider = Provider::new(change(settings(&forger.issuer))).unwrap();
        let fresh = Fresh { state: [1; 32], nonce: [2; 32], pkce_verifier: [3; 32] };
        let begun = provider.begin(wishes, &fresh, now()).await.unwrap();
        Self { forger, provider, begun }
    }

    fn claims(&self) -> Value {
        self.forger.claims(self.begun.nonce.reveal(), NOW)
    }

    fn answer(&self) -> Answer {
        Answer {
            code: Some(Hidden::new("code")),
            state: Some(self.begun.state.clone()),
            issuer: Some(self.forger.issuer.clone()),
            error: None,
        }
    }

    async fn finish(&self, token: &str) -> Result<Claims, SignInError> {
        self.forger.give(token);
        self.provider.finish(&self.answer(), &self.begun, now()).await
    }

    /// The code of the refusal of a token whose claims are changed, and which is signed honestly.
    async fn refusal(&self, claim: &str, value: Value) -> &'static str {
        let mut claims = self.claims();
        claims[claim] = value;
        self.finish(&Signer::honest().token(&claims)).await.map_or_else(|error| error.code(), |_| "believed")
    }
}

#[tokio::test]
async fn an_honest_token_is_believed() {
    let attempt = Attempt::new().await;
    let claims = attempt.finish(&Signer::honest().token(&attempt.claims())).await.unwrap();
    assert_eq!(
        (claims.subject.as_str(), claims.expires),
        ("ada", Time::from_micros((NOW + 300) * 1_000_000))
    );
    let asked = attempt.forger.asked("/token").remove(0);
    assert!(asked.body.contains(&format!("code_verifier={}", "03".repeat(32))), "{asked:?}");
    assert!(!asked.body.contains("secret") && asked.head.to_lowercase().contains("authorization: basic "));
    for part in
        ["code_challenge_method=S256", "response_type=code", "scope=openid+", "nonce=0202", "state=0101"]
    {
        assert!(attempt.begun.url.contains(part), "{part}: {}", attempt.begun.url);
    }
}

#[tokio::test]
async fn a_claim_that_is_wrong_is_refused_by_name() {
    let attempt = Attempt::new().await;
    let other = json!("https://other.example");
    for (claim, value, code) in [
        ("nonce", json!("another"), "token_nonce"),
        ("nonce", json!(null), "token_nonce"),
        ("aud", json!("another"), "token_audience"),
        ("aud", json!([]), "token_audience"),
        ("aud", json!(null), "token_unreadable"),
        ("aud", json!([CLIENT_ID, "another"]), "token_audience"),
        ("aud", json!([CLIENT_ID, CLIENT_ID]), "token_audience_several"),
        ("azp", json!("another"), "token_party"),
        ("iss", other, "token_issuer"),
        ("iss", json!(format!("{}/", attempt.forger.issuer)), "token_issuer"),
        ("exp", json!(NOW - 30), "token_expired"),
        ("exp", json!(0), "token_expired"),
        ("iat", json!(NOW + 31), "token_issued_in_future"),
        ("iat", json!(null), "token_unreadable"),
        ("nbf", json!(NOW + 31), "token_not_yet"),
        ("nbf", json!(null), "token_not_yet"),
        ("at_hash", json!(base64url(&[0; 32])), "token_access_token_hash"),
        ("sub", json!(""), "claim_wrong"),
        ("groups", json!("x".repeat(2_000)), "claim_wrong"),
        ("_claim_names", json!({ "groups": "elsewhere" }), "groups_elsewhere"),
        ("aud", json!([CLIENT_ID]), "believed"),
        ("azp", json!(CLIENT_ID), "believed"),
        ("exp", json!(NOW - 29), "believed"),
        ("iat", json!(NOW + 30), "believed"),
        ("nbf", json!(NOW + 30), "believed"),
        ("email_verified", json!("true"), "believed"),
        ("updated_at", json!("2026-01-31T00:00:00Z"), "believed"),
    ] {
        assert_eq!(attempt.refusal(claim, value.clone()).await, code, "{claim}: {value}");
    }
}

#[tokio::test]
async fn a_signature_that_is_not_the_providers_is_refused() {
    let attempt = Attempt::new().await;
    let (honest, claims) = (Signer::honest(), attempt.claims());
    let token = honest.token(&claims);
    let public = honest.public().to_string();
    let flipped = token.replace('.', ".A");
    let hs = json!({ "alg": "HS256", "kid": "honest" });
    for (what, token, code) in [
        ("nobody's", unsigned(&json!({ "alg": "none" }), &claims), "token_unsigned"),
        ("nobody's, spelled otherwise", unsigned(&json!({ "alg": "nOnE" }), &claims), "token_unsigned"),
        (
            "nobody's, of a key",
            unsigned(&json!({ "alg": "EdDSA", "kid": "honest" }), &claims),
            "token_signature",
        ),
        ("by the secret", hs256(CLIENT_SECRET.as_bytes(), &hs, &claims), "token_algorithm"),
        ("by the public key", hs256(&public.as_bytes()[..64], &hs, &claims), "token_algorithm"),
        ("an algorithm nobody knows", honest.with_header(&json!({ "alg": "X" }), &claims), "token_algorithm"),
        (
            "an algorithm of another key",
            honest.with_header(&json!({ "alg": "RS256", "kid": "honest" }), &claims),
            "token_key_unknown",
        ),
        ("another key by the same name", Signer::new("honest", 8).token(&claims), "token_signature"),
        ("an unknown key", Signer::new("unknown", 8).token(&claims), "token_key_unknown"),
        ("altered", flipped, "token_unreadable"),
        ("cut", token.get(..token.len() - 2).unwrap().to_owned(), "token_signature"),
        ("longer", format!("{token}.x"), "token_unreadable"),
        ("no token", "token".into(), "token_unreadable"),
        ("a logout token", honest.logout(&claims), "token_type"),
        (
            "an extension",
            honest.with_header(&json!({ "alg": "EdDSA", "kid": "honest", "crit": ["x"] }), &claims),
            "token_type",
        ),
        ("too long", honest.token(&json!({ "a": "x".repeat(70_000) })), "token_too_long"),
    ] {
        assert_eq!(attempt.finish(&token).await.unwrap_err().code(), code, "{what}");
    }
}

#[tokio::test]
async fn every_flipped_bit_of_a_token_is_noticed() {
    let attempt = Attempt::new().await;
    let token = Signer::honest().token(&attempt.claims());
    for place in (0..token.len()).step_by(7) {
        let mut bytes = token.clone().into_bytes();
        bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(bytes).unwrap();
        assert!(attempt.finish(&altered).await.is_err(), "at {place}");
    }
}

#[tokio::test]
async fn an_algorithm_that_is_not_configured_is_refused_whatever_the_provider_says() {
    let only_rsa = |settings| Settings { algorithms: vec![Algorithm::Rs256], ..settings };
    let attempt = Attempt::with(&Wishes::default(), only_rsa).await;
    let token = Signer::honest().token(&attempt.claims());
    assert_eq!(attempt.finish(&token).await.unwrap_err().code(), "token_algorithm");
}

#[tokio::test]
async fn unknown_keys_cause_no_more_than_one_request() {
    let attempt = Attempt::new().await;
    for number in 0..20 {
        let token = Signer::new(&format!("made-up-{number}"), 8).token(&attempt.claims());
        assert_eq!(attempt.finish(&token).await.unwrap_err().code(), "token_key_unknown");
    }
    assert_eq!(attempt.forger.asked("/keys").len(), 2);
    assert_eq!(attempt.forger.asked("/.well-known/openid-configuration").len(), 1);
}

#[tokio::test]
async fn a_sign_in_must_be_as_fresh_as_was_asked() {
    let wishes = Wishes { max_age_seconds: Some(60), ..Wishes::default() };
    let strict = |settings| Settings { leeway: Leeway::seconds(0).unwrap(), ..settings };
    let attempt = Attempt::with(&wishes, strict).await;
    for (time, code) in [
        (json!(NOW - 60), "believed"),
        (json!(1_799_999_940.5), "believed"),
        (json!(NOW - 61), "token_sign_in_too_old"),
        (json!(NOW + 1), "token_sign_in_too_old"),
        (json!(null), "token_sign_in_time_missing"),
    ] {
        assert_eq!(attempt.refusal("auth_time", time.clone()).await, code, "{time}");
    }
    assert_eq!(Leeway::seconds(61), None);
}

#[tokio::test]
async fn answers_that_are_not_to_this_sign_in_are_refused_before_anything_is_asked() {
    let attempt = Attempt::new().await;
    attempt.forger.give(&Signer::honest().token(&attempt.claims()));
    let honest = attempt.answer();
    for (what, answer, code) in [
        ("no state", Answer { state: None, ..honest.clone() }, "state_wrong"),
        ("another state", Answer { state: Some(Hidden::new("x")), ..honest.clone() }, "state_wrong"),
        ("no issuer", Answer { issuer: None, ..honest.clone() }, "answer_issuer_missing"),
        (
            "another issuer",
            Answer { issuer: Some("https://a.example".into()), ..honest.clone() },
            "answer_issuer_wrong",
        ),
        ("an error", Answer { error: Some("access_denied".into()), ..honest.clone() }, "provider_refused"),
        ("no code", Answer { code: None, ..honest.clone() }, "code_missing"),
    ] {
        let refused = attempt.provider.finish(&answer, &attempt.begun, now()).await.unwrap_err();
        assert_eq!(refused.code(), code, "{what}");
        assert!(refused.sentence().ends_with('.'));
    }
    assert_eq!(attempt.forger.asked("/token").len(), 0);
    attempt.provider.finish(&honest, &attempt.begun, now()).await.unwrap();
}

#[test]
fn an_answer_with_a_field_twice_is_refused() {
    for query in ["code=a&code=b", "state=a&state=a", "iss=a&x=1&iss=b", "error=a&error=b"] {
        assert_eq!(Answer::from_query(query).unwrap_err().code(), "answer_unreadable", "{query}");
    }
    let long = format!("code={}", "a".repeat(20_000));
    assert_eq!(Answer::from_query(&long).unwrap_err().code(), "answer_unreadable");
    let answer = Answer::from_query("code=a%20b&state=s&x=1&x=2").unwrap();
    assert_eq!(answer.code, Some(Hidden::new("a b")));
    assert!(!format!("{answer:?}").contains("a b"));
}

#[tokio::test]
async fn what_comes_for_a_code_may_be_anything() {
    let attempt = Attempt::new().await;
    for (reply, code) in [
        (Reply::Json(200, json!({ "access_token": "a" })), "id_token_missing"),
        (Reply::Json(200, json!([1])), "tokens_unreadable"),
        (Reply::Json(200, json!({ "id_token": 7 })), "tokens_unreadable"),
        (Reply::Json(400, json!({ "error": "invalid_grant" })), "code_refused"),
        (Reply::Json(401, json!({ "error": "invalid_client\u{7}\n`" })), "code_refused"),
        (Reply::Json(500, json!(null)), "answer_status"),
        (Reply::Redirect(CALLBACK.into()), "answer_redirected"),
        (Reply::Long(300 << 10), "answer_too_long"),
    ] {
        attempt.forger.reply("/token", reply.clone());
        let failed = attempt.provider.finish(&attempt.answer(), &attempt.begun, now()).await.unwrap_err();
        assert_eq!(failed.code(), code, "{reply:?}");
        assert!(!failed.to_string().contains(['\n', '\u{7}']));
    }
}

#[tokio::test]
async fn a_provider_that_takes_no_header_gets_the_secret_among_the_fields() {
    let forger = Forger::start().unwrap();
    let mut configuration = forger.configuration();
    configuration["token_endpoint_auth_methods_supported"] = json!(["client_secret_post"]);
    forger.reply("/.well-known/openid-configuration", Reply::Json(200, configuration));
    let provider = Provider::new(settings(&forger.issuer)).unwrap();
    let begun = provider.begin(&Wishes::default(), &Fresh::random(), now()).await.unwrap();
    let attempt = Attempt { forger, provider, begun };
    attempt.finish(&Signer::honest().token(&attempt.claims())).await.unwrap();
    let asked = attempt.forger.asked("/token").remove(0);
    assert!(asked.body.contains("client_secret=a+secret%3A"), "{asked:?}");
    assert!(!asked.head.to_lowercase().contains("authorization"));
    assert!(!format!("{:?}", attempt.provider).contains(CLIENT_SECRET));
}
