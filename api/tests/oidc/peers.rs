//! Honest sign-ins at real providers, and refusals of theirs.

use super::{CALLBACK, Scene};
use api::clock::now;
use api::oidc::{Answer, Claims, Hidden, Prompt, SignInError, Wishes};
use fixtures::identity::browser::Browser;
use fixtures::identity::{Kind, Registration};

#[tokio::test]
async fn oidc_provider_says_who_it_is_with_each_algorithm() {
    for algorithm in ["RS256", "PS256", "ES256", "EdDSA"] {
        let registration = Registration { algorithm, ..Registration::new(CALLBACK) };
        let scene = Scene::with(Kind::OidcProvider, &registration, &[]);
        let claims = scene.claims("ada").await;
        assert_eq!(claims.subject, "ada", "{algorithm}");
        assert_eq!(claims.name.as_deref(), Some("Ada"));
        assert_eq!(claims.email.as_deref(), Some("ada@example.org"));
        assert!(claims.email_verified);
        assert_eq!(claims.groups.as_deref(), Some(&["owners".to_owned(), "staff".to_owned()][..]));
        assert_eq!(claims.amr, ["pwd"]);
        assert!(claims.expires > now());
        assert!(!format!("{claims:?}").contains(claims.id_token.reveal()));
    }
}

#[tokio::test]
async fn an_address_that_is_not_verified_says_so() {
    let scene = Scene::new(Kind::OidcProvider);
    let claims = scene.claims("bob").await;
    assert_eq!(claims.email.as_deref(), Some("bob@example.org"));
    assert!(!claims.email_verified);
    assert_eq!(scene.claims("eve").await.groups, Some(vec![]));
}

#[tokio::test]
async fn glewlwyd_says_who_it_is() {
    let scene = Scene::new(Kind::Glewlwyd);
    let claims = scene.claims("ada").await;
    assert_eq!(claims.name.as_deref(), Some("Ada"));
    assert_eq!(claims.email.as_deref(), Some("ada@example.org"));
    assert_eq!(claims.groups.as_deref(), Some(&["owners".to_owned(), "staff".to_owned()][..]));
    // Its names of people are random, and last.
    assert_ne!(claims.subject, "ada");
    assert_eq!(scene.claims("ada").await.subject, claims.subject);
    assert_ne!(scene.claims("bob").await.subject, claims.subject);
}

#[tokio::test]
async fn canaille_says_who_it_is() {
    let scene = Scene::new(Kind::Canaille);
    let claims = scene.claims("ada").await;
    assert_eq!(claims.subject, "ada");
    assert_eq!(claims.name.as_deref(), Some("Ada"));
    let mut groups = claims.groups.unwrap();
    groups.sort();
    assert_eq!(groups, ["owners", "staff"]);
    // It writes this with a fraction.
    assert!(now().seconds_since(claims.authenticated.unwrap()) < 60);
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_shown() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let plain = scene.sign_in(&mut browser, "ada", &Wishes::default()).await.unwrap();
    assert_ne!(plain.acr.as_deref(), Some("phr"));
    let strong = Wishes { acr_values: vec!["phr".into()], prompt: Some(Prompt::Login), ..Wishes::default() };
    let claims = scene.sign_in(&mut browser, "ada", &strong).await.unwrap();
    assert_eq!(claims.acr.as_deref(), Some("phr"));
    assert_eq!(claims.amr, ["pwd", "otp", "mfa"]);
}

#[tokio::test]
async fn a_fresh_sign_in_is_asked_for_and_shown() {
    let wishes = Wishes { max_age_seconds: Some(600), ..Wishes::default() };
    for kind in [Kind::OidcProvider, Kind::Canaille] {
        let scene = Scene::new(kind);
        let claims = scene.sign_in(&mut Browser::default(), "ada", &wishes).await.unwrap();
        assert!(now().seconds_since(claims.authenticated.unwrap()) < 600, "{kind:?}");
    }
    // It says that people signed in in 1970.
    let scene = Scene::new(Kind::Glewlwyd);
    let refused = scene.sign_in(&mut Browser::default(), "ada", &wishes).await.unwrap_err();
    assert_eq!(refused.code(), "token_sign_in_too_old");
}

#[tokio::test]
async fn a_provider_says_no() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let nobody = scene.sign_in(&mut browser, "nobody", &Wishes::default()).await.unwrap_err();
    assert_eq!(nobody.to_string(), "the provider answered `access_denied`");
    let silent = Wishes { prompt: Some(Prompt::Silent), ..Wishes::default() };
    let unknown = scene.sign_in(&mut browser, "ada", &silent).await.unwrap_err();
    assert_eq!(unknown.to_string(), "the provider answered `login_required`");
    assert_eq!(unknown.code(), "provider_refused");
}

#[tokio::test]
async fn a_code_serves_once_and_only_with_its_proof() {
    for kind in [Kind::OidcProvider, Kind::Glewlwyd, Kind::Canaille] {
        let scene = Scene::new(kind);
        let mut browser = Browser::default();
        let (answer, begun) = scene.answered(&mut browser, "ada", &Wishes::default()).await;
        scene.provider.finish(&answer, &begun, now()).await.unwrap();
        let again = scene.provider.finish(&answer, &begun, now()).await;
        assert_eq!(code(&again), Some("code_refused"), "{kind:?}: a code twice");
        // The other sign-in stays unanswered: of two codes of a client that are open at once,
        // canaille with its database in memory takes one at random, whichever is shown.
        let unanswered = scene.begun("ada", &Wishes::default()).await;
        let (answer, _) = scene.answered(&mut browser, "ada", &Wishes::default()).await;
        let stolen = Answer { state: Some(unanswered.state.clone()), ..answer };
        let injected = scene.provider.finish(&stolen, &unanswered, now()).await;
        assert_eq!(code(&injected), Some("code_refused"), "{kind:?}: a code of another sign-in");
    }
}

#[tokio::test]
async fn an_answer_of_another_provider_is_refused_before_its_code_is_used() {
    let (ours, other) = (Scene::new(Kind::OidcProvider), Scene::new(Kind::OidcProvider));
    let (_, begun) = ours.answered(&mut Browser::default(), "ada", &Wishes::default()).await;
    let (answer, _) = other.answered(&mut Browser::default(), "ada", &Wishes::default()).await;
    let mixed = Answer { state: Some(begun.state.clone()), ..answer.clone() };
    let refused = ours.provider.finish(&mixed, &begun, now()).await.unwrap_err();
    assert_eq!(refused.code(), "answer_issuer_wrong");
    let nameless = Answer { issuer: None, ..mixed };
    let refused = ours.provider.finish(&nameless, &begun, now()).await.unwrap_err();
    assert_eq!(refused.code(), "answer_issuer_missing");
    let foreign = Answer { state: Some(Hidden::new("made up")), ..answer };
    assert_eq!(ours.provider.finish(&foreign, &begun, now()).await.unwrap_err().code(), "state_wrong");
}

#[tokio::test]
async fn a_new_key_is_learned_in_the_middle_of_a_sign_in() {
    let scene = Scene::new(Kind::OidcProvider);
    scene.claims("ada").await;
    let (answer, begun) = scene.answered(&mut Browser::default(), "ada", &Wishes::default()).await;
    scene.peer.rotate(true).unwrap();
    assert_eq!(scene.provider.finish(&answer, &begun, now()).await.unwrap().subject, "ada");
    // Not again so soon, whoever asks.
    scene.peer.rotate(true).unwrap();
    let (answer, begun) = scene.answered(&mut Browser::default(), "ada", &Wishes::default()).await;
    assert_eq!(scene.provider.finish(&answer, &begun, now()).await.unwrap_err().code(), "token_key_unknown");
    let (answer, begun) = scene.answered(&mut Browser::default(), "ada", &Wishes::default()).await;
    let later = now().plus_seconds(11);
    assert_eq!(scene.provider.finish(&answer, &begun, later).await.unwrap().subject, "ada");
}

fn code(outcome: &Result<Claims, SignInError>) -> Option<&'static str> {
    outcome.as_ref().err().map(SignInError::code)
}
