//! ID tokens that a provider forges, one after the other, at the real server: what the browser sees, and the refusal that each leaves.

use crate::forging::{Begun, Forging, answer, cookie_set, kept_out, now};
use crate::house::{believing, provider};
use fixtures::identity::forger::{Forger, Reply, Signer, base64url, hs256, unsigned};
use fixtures::identity::{CLIENT_ID, CLIENT_SECRET};
use ledger::hash::Hash;
use serde_json::{Value, json};

/// A forged token, made for a sign-in, and the reason for which it is refused.
type Case<'a> = (String, Box<dyn Fn(&Forging, &Begun) -> String + 'a>, &'a str);

/// Has each token given for a code; all are refused, each for its reason, and then an honest one is believed.
fn each_is_refused(cases: &[Case<'_>]) {
    let scene = Forging::new();
    for (what, forged, _) in cases {
        let begun = scene.begin();
        let token = forged(&scene, &begun);
        let answer = scene.come_back(&begun, &token);
        let secrets = [&*token, &begun.state(), &begun.nonce(), CLIENT_SECRET];
        let shown: Vec<&str> = secrets.into_iter().filter(|secret| secret.len() > 8).collect();
        kept_out(what, &answer, 403, &shown);
    }
    let reasons: Vec<_> =
        cases.iter().map(|(.., reason)| ("corp".to_owned(), (*reason).to_owned())).collect();
    assert_eq!(scene.refused(), reasons);
    assert_eq!(scene.begun(), 0);
    assert_eq!(scene.sign_in("ada").get("/api/v1/me").status, 200);
    let log = scene.place.log();
    assert_eq!(scene.audited().len(), 1);
    assert!(!log.contains(CLIENT_SECRET) && !log.contains(crate::forging::CODE), "{log}");
}

/// A token whose claims are honest but for one, signed honestly.
fn claim<'a>(name: &'static str, value: Value, reason: &'a str) -> Case<'a> {
    let what = format!("{name}: {value}");
    let forged = move |scene: &Forging, begun: &Begun| {
        let mut claims = scene.claims(begun, "ada");
        claims[name] = value.clone();
        Signer::honest().token(&claims)
    };
    (what, Box::new(forged), reason)
}

/// A token that lacks a claim.
fn without<'a>(name: &'static str, reason: &'a str) -> Case<'a> {
    let forged = move |scene: &Forging, begun: &Begun| {
        let mut claims = scene.claims(begun, "ada");
        claims.as_object_mut().unwrap().remove(name);
        Signer::honest().token(&claims)
    };
    (format!("no {name}"), Box::new(forged), reason)
}

#[test]
fn a_token_that_says_anything_wrong_lets_nobody_in() {
    let now = now();
    each_is_refused(&[
        claim("nonce", json!("another"), "token_nonce"),
        without("nonce", "token_nonce"),
        claim("aud", json!("another"), "token_audience"),
        claim("aud", json!([CLIENT_ID, "another"]), "token_audience"),
        claim("aud", json!([CLIENT_ID, CLIENT_ID]), "token_audience_several"),
        without("aud", "token_audience"),
        claim("azp", json!("another"), "token_party"),
        claim("iss", json!("https://other.example"), "token_issuer"),
        without("iss", "token_unreadable"),
        claim("exp", json!(now - 31), "token_expired"),
        without("exp", "token_unreadable"),
        claim("iat", json!(now + 300), "token_issued_in_future"),
        without("iat", "token_unreadable"),
        claim("nbf", json!(now + 300), "token_not_yet"),
        claim("nbf", json!("soon"), "token_not_yet"),
        claim("sub", json!(""), "claim_wrong"),
        without("sub", "token_unreadable"),
        claim("at_hash", json!(base64url(&[0; 32])), "token_access_token_hash"),
    ]);
}

/// A token whose claims are honest, signed in some other way.
fn signed<'a>(what: &str, sign: impl Fn(&Value) -> String + 'a, reason: &'a str) -> Case<'a> {
    (what.to_owned(), Box::new(move |scene, begun| sign(&scene.claims(begun, "ada"))), reason)
}

/// An honest token whose claims were changed afterwards.
fn tampered(claims: &Value) -> String {
    let (honest, mut other) = (Signer::honest().token(claims), claims.clone());
    other["sub"] = json!("the owner");
    let other = Signer::honest().token(&other);
    let part = |token: &str, at: usize| token.split('.').nth(at).unwrap().to_owned();
    format!("{}.{}.{}", part(&honest, 0), part(&other, 1), part(&honest, 2))
}

#[test]
fn a_token_that_the_provider_did_not_sign_lets_nobody_in() {
    let honest = Signer::honest;
    let hs = || json!({ "alg": "HS256", "kid": "honest" });
    let of_key = |of: &str| honest().public()[of].as_str().unwrap().as_bytes().to_vec();
    let own_key = || json!({ "alg": "EdDSA", "kid": "x", "jwk": Signer::new("x", 8).public() });
    each_is_refused(&[
        signed("nobody's", |claims| unsigned(&json!({ "alg": "none" }), claims), "token_unsigned"),
        signed(
            "nobody's, spelled otherwise",
            |claims| unsigned(&json!({ "alg": "nOnE" }), claims),
            "token_unsigned",
        ),
        signed(
            "nobody's, of a key",
            |claims| unsigned(&json!({ "alg": "EdDSA", "kid": "honest" }), claims),
            "token_signature",
        ),
        signed("by the secret", |claims| hs256(CLIENT_SECRET.as_bytes(), &hs(), claims), "token_algorithm"),
        signed("by the public key", |claims| hs256(&of_key("x"), &hs(), claims), "token_algorithm"),
        signed(
            "by the secret, as if by the key",
            |claims| hs256(CLIENT_SECRET.as_bytes(), &json!({ "alg": "EdDSA", "kid": "honest" }), claims),
            "token_signature",
        ),
        signed(
            "by another kind of key",
            |claims| honest().with_header(&json!({ "alg": "RS256", "kid": "honest" }), claims),
            "token_key_unknown",
        ),
        signed(
            "by another key of that name",
            |claims| Signer::new("honest", 8).token(claims),
            "token_signature",
        ),
        signed("by an unknown key", |claims| Signer::new("x", 8).token(claims), "token_key_unknown"),
        signed(
            "by a key that it brings along",
            |claims| Signer::new("x", 8).with_header(&own_key(), claims),
            "token_key_unknown",
        ),
        signed("altered", tampered, "token_signature"),
        signed("cut", |claims| honest().token(claims).split_at(60).0.to_owned(), "token_unreadable"),
        signed("a logout token", |claims| honest().logout(claims), "token_type"),
        signed(
            "with an extension",
            |claims| honest().with_header(&json!({ "alg": "EdDSA", "kid": "honest", "crit": ["x"] }), claims),
            "token_type",
        ),
        signed("too long", |_| honest().token(&json!({ "a": "x".repeat(70_000) })), "token_too_long"),
    ]);
}

#[test]
fn a_provider_that_gives_something_else_for_a_code_lets_nobody_in() {
    let scene = Forging::new();
    let elsewhere = format!("{}/elsewhere", scene.forger.issuer);
    let cases = [
        (Reply::Json(200, json!({ "access_token": "opaque" })), 403, "id_token_missing"),
        (Reply::Json(200, json!({ "id_token": 7 })), 403, "tokens_unreadable"),
        (Reply::Json(400, json!({ "error": "invalid_client" })), 403, "code_refused"),
        (Reply::Redirect(elsewhere), 403, "answer_redirected"),
        (Reply::Long(300 << 10), 403, "answer_too_long"),
        (Reply::Json(500, json!(null)), 502, "answer_status"),
    ];
    for (reply, status, reason) in &cases {
        let begun = scene.begin();
        scene.forger.reply("/token", reply.clone());
        kept_out(reason, &scene.open(&scene.answer_to(&begun), &begun.cookie), *status, &[&begun.state()]);
    }
    assert!(scene.forger.asked("/elsewhere").is_empty());
    assert_eq!(scene.refusals(), cases.map(|(.., reason)| reason));
    assert_eq!(scene.begun(), 0);
    scene.audited();
}

#[test]
fn what_one_provider_says_does_not_count_for_another() {
    let scene = Forging::new();
    let twin = Forger::start().unwrap();
    let (own_key, of_corp) = (Signer::new("twin", 9), Signer::honest());
    twin.reply("/keys", Reply::Json(200, json!({ "keys": [own_key.public()] })));
    scene.and("twin", &twin);
    let back = |begun: &Begun, issuer: &str| {
        answer("twin", &[("code", crate::forging::CODE), ("state", &begun.state()), ("iss", issuer)])
    };
    // It gives out tokens in the name of the other: with its own key, or one that it got from there.
    for (issuer, signer, sub) in [
        (&scene.forger.issuer, &own_key, "ada"),
        (&scene.forger.issuer, &of_corp, "ada"),
        (&twin.issuer, &of_corp, "ada"),
    ] {
        let begun = scene.begin_at("/auth/twin/start");
        let mut claims = scene.claims(&begun, sub);
        claims["iss"] = json!(issuer);
        twin.give(&signer.token(&claims));
        kept_out("twin", &scene.open(&back(&begun, &twin.issuer), &begun.cookie), 403, &[]);
    }
    // It sends the browser on to the other, to come by its code: it is told of another place to come back to, and the code goes nowhere.
    let begun = scene.begin_at("/auth/twin/start");
    assert!(begun.field("redirect_uri").ends_with("/auth/twin/callback"), "{}", begun.url);
    let asked = twin.asked("/token").len();
    kept_out("mixed up", &scene.open(&back(&begun, &scene.forger.issuer), &begun.cookie), 403, &[]);
    let begun = scene.begin_at("/auth/twin/start");
    kept_out("at the other's place", &scene.open(&scene.answer_to(&begun), &begun.cookie), 403, &[]);
    assert_eq!((twin.asked("/token").len(), scene.forger.asked("/token").len()), (asked, 0));
    let at = |name: &str, reason: &str| (name.to_owned(), reason.to_owned());
    assert_eq!(
        scene.refused(),
        [
            at("twin", "token_issuer"),
            at("twin", "token_issuer"),
            at("twin", "token_key_unknown"),
            at("twin", "answer_issuer_wrong"),
            at("corp", "state_wrong"),
        ]
    );
    assert_eq!(scene.begun(), 0);
    // The same name at both is two people.
    let ada = scene.sign_in("ada").get("/api/v1/me").json();
    let begun = scene.begin_at("/auth/twin/start");
    let mut claims = scene.claims(&begun, "ada");
    claims["iss"] = json!(twin.issuer);
    twin.give(&own_key.token(&claims));
    let other = scene.session_of(&scene.open(&back(&begun, &twin.issuer), &begun.cookie));
    assert_ne!(other.get("/api/v1/me").json()["subject"], ada["subject"]);
    scene.audited();
}

#[test]
fn every_sign_in_has_a_proof_key_and_a_provider_that_announces_none_is_refused() {
    let scene = Forging::new();
    let begun = [scene.begin(), scene.begin()];
    let verifier = |token: &str| {
        scene.come_back(&begun[0], token);
        let asked = scene.forger.asked("/token").pop().unwrap();
        fixtures::identity::browser::field(&asked.body, "code_verifier").unwrap()
    };
    let verifier = verifier("");
    let challenge = base64url(&Hash::of(&[verifier.as_bytes()]).0);
    assert_eq!(
        (begun[0].field("code_challenge"), begun[0].field("code_challenge_method")),
        (challenge, "S256".into())
    );
    for (one, other) in
        [("code_challenge"), ("state"), ("nonce")].map(|name| (begun[0].field(name), begun[1].field(name)))
    {
        assert_ne!(one, other);
    }
    // Downgraded, or with none at all; silence about them is common, and the proof key is sent all the same.
    for (number, methods, reason) in [
        (1, json!(["plain"]), Some("document_no_proof_keys")),
        (2, json!([]), Some("document_no_proof_keys")),
        (3, json!(null), None),
    ] {
        let mut document = scene.forger.configuration();
        document["code_challenge_methods_supported"] = methods.clone();
        scene.forger.reply("/.well-known/openid-configuration", Reply::Json(200, document));
        // Described otherwise, so that its document is asked for again.
        let mut described = provider("corp", &scene.forger.issuer);
        described["scopes"] = json!([format!("number{number}")]);
        scene.adopt(&format!("again-{number}"), &believing(vec![described]));
        let answer = scene.open("/auth/corp/start", "");
        if reason.is_some() {
            kept_out(&methods.to_string(), &answer, 403, &[]);
            assert_eq!(cookie_set(&answer, "deed_sign_in"), None);
            assert_eq!(answer.header("location"), None);
        } else {
            assert!(answer.header("location").unwrap().contains("code_challenge_method=S256"), "{answer}");
        }
    }
    assert_eq!(scene.refusals(), ["token_unreadable", "document_no_proof_keys", "document_no_proof_keys"]);
    assert_eq!(scene.begun(), 0);
    scene.audited();
}
