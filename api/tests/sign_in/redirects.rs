//! Where a browser is sent after signing in: to a path here, whatever the address that began it says.

use crate::forging::{Forging, cookie_set, kept_out};
use fixtures::identity::browser::encode;
use fixtures::identity::forger::Signer;

/// Begins with a query and signs in; where the browser is sent then, as it stands in the header.
fn landed(scene: &Forging, field: &str, value: &str) -> String {
    let begun = scene.begin_at(&format!("/auth/corp/start?{}", encode(&[(field, value)])));
    assert!(begun.url.starts_with(&format!("{}/authorize?", scene.forger.issuer)), "{}", begun.url);
    assert_eq!(begun.field("redirect_uri"), format!("{}/auth/corp/callback", scene.base()), "{value:?}");
    let answer = scene.come_back(&begun, &Signer::honest().token(&scene.claims(&begun, "ada")));
    assert!(cookie_set(&answer, "deed_session").is_some(), "{value:?}: {answer}");
    let locations = answer.head.lines().filter(|line| line.to_ascii_lowercase().starts_with("location:"));
    assert_eq!(locations.count(), 1, "{answer}");
    answer.header("location").unwrap().to_owned()
}

/// Addresses that browsers take for another place, or might.
fn evil() -> Vec<String> {
    let mut evil: Vec<String> = [
        "//evil.example",
        "///evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "\\/evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "/\r\nLocation: https://evil.example",
        "\t//evil.example",
        " //evil.example",
        "/ /evil.example",
        "/\u{0}/evil.example",
        "/\u{7f}",
        "/\u{2f}evil.example",
        "/\u{ff0f}evil.example",
        "/\u{2215}evil.example",
        "https:evil.example",
        "https:/evil.example",
        "https://evil.example",
        "HTTPS://evil.example",
        "javascript:alert(1)",
        "data:text/html,x",
        "evil.example",
        "@evil.example",
        ".evil.example",
        "?x",
        "#x",
        "%2f%2fevil.example",
        "%5c%5cevil.example",
        "",
    ]
    .map(str::to_owned)
    .into();
    evil.push(format!("/{}", "x".repeat(512)));
    evil
}

#[test]
fn nobody_is_sent_to_another_place_after_signing_in() {
    let scene = Forging::new();
    for value in evil() {
        assert_eq!(landed(&scene, "return_to", &value), "/sessions", "{value:?}");
        let page = scene.open(&format!("/sign-in?{}", encode(&[("return_to", &value)])), "").text();
        assert!(page.contains("href=\"/auth/corp/start?return_to=/sessions\""), "{value:?}: {page}");
    }
    // What stays here is kept; a second decoding, which nobody does, would lead away.
    for value in [
        "/claim?x=1#y",
        "/%2f%2fevil.example",
        "/%5cevil.example",
        "/x//y",
        "/.//evil.example",
        "/@evil.example",
    ] {
        assert_eq!(landed(&scene, "return_to", value), value);
    }
    assert!(scene.refusals().is_empty());
    scene.audited();
}

#[test]
fn a_third_party_sends_nobody_anywhere_but_here() {
    let scene = Forging::new();
    let base = scene.base();
    let joined = evil().into_iter().map(|value| format!("{base}{value}"));
    for value in evil().into_iter().chain(joined) {
        // An origin without a path leads to where everybody lands.
        assert_eq!(landed(&scene, "target_link_uri", &value), "/sessions", "{value:?}");
    }
    assert_eq!(landed(&scene, "target_link_uri", &format!("{base}/claim?x=1")), "/claim?x=1");
    let path = format!(
        "/auth/corp/start?{}",
        encode(&[("iss", "https://evil.example"), ("target_link_uri", &base)])
    );
    kept_out("another issuer", &scene.open(&path, ""), 400, &["evil"]);
    for twice in
        ["return_to=/a&return_to=//evil.example", "iss=a&iss=b", "target_link_uri=/&target_link_uri=//x"]
    {
        let answer = scene.open(&format!("/auth/corp/start?{twice}"), "");
        assert_eq!((answer.status, answer.header("location")), (400, None), "{answer}");
    }
    assert_eq!(scene.refusals(), ["start_issuer_wrong"]);
    scene.audited();
}
