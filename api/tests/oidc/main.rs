//! Signing in with OpenID Connect: at three real providers, and at one that forges.
//!
//! The real ones come with `make setup`; see `fixtures::identity`.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

mod assertions;
mod bounds;
mod forged;
mod logout;
mod logout_forged;
mod outages;
mod peers;

use api::clock::now;
use api::oidc::{
    Addresses, Answer, Begun, Claims, Fresh, Hidden, Provider, Relaxation, Settings, SignInError, Wishes,
};
use fixtures::identity::browser::Browser;
use fixtures::identity::{CLIENT_ID, CLIENT_SECRET, Kind, Peer, Registration};

/// Where browsers come back to. Nothing listens there: the browser of the tests stops before.
const CALLBACK: &str = "http://127.0.0.1:9/callback";

/// Settings for a provider on this machine.
fn settings(issuer: &str) -> Settings {
    let plain = Settings::new(issuer, CLIENT_ID, Hidden::new(CLIENT_SECRET), CALLBACK);
    Settings { addresses: Addresses::SpecialUseToo, ..plain }
}

/// A real provider, and what we know of it.
struct Scene {
    kind: Kind,
    peer: Peer,
    provider: Provider,
}

impl Scene {
    fn new(kind: Kind) -> Self {
        Self::with(kind, &Registration::new(CALLBACK), &[])
    }

    fn with(kind: Kind, registration: &Registration, relaxations: &[Relaxation]) -> Self {
        let peer = Peer::start(kind, registration).unwrap();
        let scopes: &[&str] = match kind {
            // It knows no scope that it was not told of.
            Kind::Glewlwyd => &["openid"],
            Kind::OidcProvider | Kind::Canaille => &["openid", "profile", "email", "groups"],
        };
        let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let mut relaxations: Vec<Relaxation> = relaxations.into();
        // The others do not decode a secret that came in a header.
        relaxations.extend((kind != Kind::OidcProvider).then_some(Relaxation::SecretInFields));
        let settings = Settings { scopes, relaxations, ..settings(&peer.issuer) };
        Self { kind, peer, provider: Provider::new(settings).unwrap() }
    }

    async fn begun(&self, person: &str, wishes: &Wishes) -> Begun {
        let hint = (self.kind == Kind::OidcProvider).then(|| person.to_owned());
        let wishes = Wishes { login_hint: hint, ..wishes.clone() };
        self.provider.begin(&wishes, &Fresh::random(), now()).await.unwrap()
    }

    /// Goes as far as the answer that the browser brings back.
    async fn answered(&self, browser: &mut Browser, person: &str, wishes: &Wishes) -> (Answer, Begun) {
        let begun = self.begun(person, wishes).await;
        let landed = self.peer.sign_in(browser, &begun.url, person, CALLBACK).unwrap();
        (Answer::from_query(landed.split_once('?').unwrap().1).unwrap(), begun)
    }

    async fn sign_in(
        &self,
        browser: &mut Browser,
        person: &str,
        wishes: &Wishes,
    ) -> Result<Claims, SignInError> {
        let (answer, begun) = self.answered(browser, person, wishes).await;
        self.provider.finish(&answer, &begun, now()).await
    }

    /// A person signs in with a browser of their own.
    async fn claims(&self, person: &str) -> Claims {
        self.sign_in(&mut Browser::default(), person, &Wishes::default()).await.unwrap()
    }
}
