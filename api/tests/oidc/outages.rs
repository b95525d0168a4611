//! A provider that is down, and back.

use super::{CALLBACK, Scene};
use api::clock::now;
use api::oidc::{Fresh, Wishes};
use fixtures::identity::browser::Browser;
use fixtures::identity::receiver::Receiver;
use fixtures::identity::{Kind, Peer, Registration};

#[tokio::test]
async fn a_provider_is_down_and_back_with_other_keys() {
    let mut scene = Scene::new(Kind::OidcProvider);
    scene.claims("ada").await;
    let (answer, begun) = scene.answered(&mut Browser::default(), "ada", &Wishes::default()).await;
    let port = scene.peer.port();
    drop(scene.peer);
    let failed = scene.provider.finish(&answer, &begun, now()).await.unwrap_err();
    assert_eq!(failed.code(), "provider_unreachable");
    // What is known of it serves on, also when it is old by now.
    scene.provider.begin(&Wishes::default(), &Fresh::random(), now().plus_seconds(7_200)).await.unwrap();
    let too_old = now().plus_seconds(25 * 3_600);
    let forgotten = scene.provider.begin(&Wishes::default(), &Fresh::random(), too_old).await.unwrap_err();
    assert_eq!(forgotten.code(), "provider_unreachable");
    scene.peer =
        Peer::start(Kind::OidcProvider, &Registration { port, ..Registration::new(CALLBACK) }).unwrap();
    assert_eq!(scene.claims("ada").await.subject, "ada");
}

#[tokio::test]
async fn a_logout_token_is_believed_while_its_provider_is_down() {
    let receiver = Receiver::new().unwrap();
    let registration =
        Registration { backchannel_logout_uri: Some(receiver.url.clone()), ..Registration::new(CALLBACK) };
    let scene = Scene::with(Kind::OidcProvider, &registration, &[]);
    let mut browser = Browser::default();
    let claims = scene.sign_in(&mut browser, "ada", &Wishes::default()).await.unwrap();
    super::logout::end_session(&scene, &mut browser, &claims).await;
    let token = receiver.field("logout_token").unwrap();
    drop(scene.peer);
    let later = now().plus_seconds(60);
    assert_eq!(scene.provider.logout_token(&token, later).await.unwrap().sid, claims.sid);
}
