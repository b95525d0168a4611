//! Logout at real providers: what they tell us, and what we ask of them.

use super::{CALLBACK, Scene};
use api::clock::now;
use api::oidc::{Claims, Relaxation, Wishes};
use fixtures::identity::browser::Browser;
use fixtures::identity::receiver::Receiver;
use fixtures::identity::{Kind, Registration};

const SIGNED_OUT: &str = "http://127.0.0.1:9/signed-out";

/// Goes where the browser is sent to end a session, and confirms. Returns where the browser lands.
pub(crate) async fn end_session(scene: &Scene, browser: &mut Browser, claims: &Claims) -> String {
    let url = scene.provider.end_session_url(Some(&claims.id_token), SIGNED_OUT, "s1", now()).await;
    let page = browser.follow(&url.unwrap().unwrap(), SIGNED_OUT).unwrap();
    if page.url.starts_with(SIGNED_OUT) {
        return page.url;
    }
    browser.submit(&page, &[("logout", "yes")], SIGNED_OUT).unwrap().url
}

fn registration(receiver: &Receiver) -> Registration {
    Registration { backchannel_logout_uri: Some(receiver.url.clone()), ..Registration::new(CALLBACK) }
}

#[tokio::test]
async fn oidc_provider_ends_a_session_and_says_so() {
    let receiver = Receiver::new().unwrap();
    let scene = Scene::with(Kind::OidcProvider, &registration(&receiver), &[]);
    let mut browser = Browser::default();
    let claims = scene.sign_in(&mut browser, "ada", &Wishes::default()).await.unwrap();
    let landed = end_session(&scene, &mut browser, &claims).await;
    assert_eq!(landed, format!("{SIGNED_OUT}?state=s1"));
    let token = receiver.field("logout_token").unwrap();
    let logout = scene.provider.logout_token(&token, now()).await.unwrap();
    assert_eq!((logout.subject.as_deref(), &logout.sid), (Some("ada"), &claims.sid));
    assert!(!logout.jti.is_empty() && logout.expires > now());
    // Neither token is taken for the other.
    let mixed = scene.provider.logout_token(claims.id_token.reveal(), now()).await.unwrap_err();
    assert_eq!(mixed.code(), "token_type");
    let stale = now().plus_seconds(600);
    assert_eq!(scene.provider.logout_token(&token, stale).await.unwrap_err().code(), "token_expired");
}

#[tokio::test]
async fn a_logout_token_of_a_withdrawn_key_is_believed_no_longer_than_its_key() {
    let receiver = Receiver::new().unwrap();
    let scene = Scene::with(Kind::OidcProvider, &registration(&receiver), &[]);
    let mut browser = Browser::default();
    let claims = scene.sign_in(&mut browser, "ada", &Wishes::default()).await.unwrap();
    end_session(&scene, &mut browser, &claims).await;
    let token = receiver.field("logout_token").unwrap();
    scene.peer.rotate(true).unwrap();
    scene.provider.logout_token(&token, now()).await.unwrap();
    let later = now().plus_seconds(900);
    assert_eq!(scene.provider.logout_token(&token, later).await.unwrap_err().code(), "token_key_unknown");
}

#[tokio::test]
async fn glewlwyd_says_that_a_session_ended_in_a_way_that_must_be_allowed() {
    let receiver = Receiver::new().unwrap();
    let relaxations = [Relaxation::LogoutTokenTypJwt, Relaxation::LogoutTokenWithoutExp];
    let scene = Scene::with(Kind::Glewlwyd, &registration(&receiver), &relaxations);
    let mut browser = Browser::default();
    let claims = scene.sign_in(&mut browser, "ada", &Wishes::default()).await.unwrap();
    let sid = claims.sid.clone().unwrap();
    scene.peer.end_session_at_glewlwyd(&mut browser, &sid).unwrap();
    let token = receiver.field("logout_token").unwrap();
    let logout = scene.provider.logout_token(&token, now()).await.unwrap();
    assert_eq!(logout.sid, Some(sid));
    let late = now().plus_seconds(151);
    assert_eq!(scene.provider.logout_token(&token, late).await.unwrap_err().code(), "token_expired");
    for (left, code) in [(relaxations[0], "logout_claim_wrong"), (relaxations[1], "token_type")] {
        let settings = api::oidc::Settings { relaxations: vec![left], ..scene.provider.settings().clone() };
        let strict = api::oidc::Provider::new(settings).unwrap();
        assert_eq!(strict.logout_token(&token, now()).await.unwrap_err().code(), code);
    }
}

#[tokio::test]
async fn every_provider_takes_the_address_that_ends_a_session() {
    for kind in [Kind::Glewlwyd, Kind::Canaille] {
        let scene = Scene::new(kind);
        let mut browser = Browser::default();
        let claims = scene.sign_in(&mut browser, "ada", &Wishes::default()).await.unwrap();
        let url = scene.provider.end_session_url(Some(&claims.id_token), SIGNED_OUT, "s1", now()).await;
        let page = browser.follow(&url.unwrap().unwrap(), SIGNED_OUT).unwrap();
        assert!(page.status < 400, "{kind:?}: {page:?}");
    }
}
