//! Signing in at the real server with real providers: what works, what is attacked, what a browser shows.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

mod attacks;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;
mod crashes;
mod cross_site;
mod forged_answers;
mod forged_logouts;
mod forged_tokens;
mod forging;
mod honest;
mod house;
mod in_chromium;
mod in_the_ide;
mod lives;
mod programs;
mod recovery;
mod redirects;
mod sessions;
mod workloads;

use fixtures::identity::browser::Browser;
use fixtures::identity::{Kind, Peer, Registration};
use house::{House, Session, believing, provider};
use serde_json::{Value, json};
use std::ops::Deref;

/// A server, and a real provider that it believes.
pub(crate) struct Scene {
    house: House,
    peer: Peer,
    kind: Kind,
}

impl Deref for Scene {
    type Target = House;

    fn deref(&self) -> &House {
        &self.house
    }
}

impl Scene {
    /// With the usual policy.
    fn new(kind: Kind) -> Self {
        Self::with(kind, &json!({}))
    }

    /// With changes to the policy's only provider.
    fn with(kind: Kind, changes: &Value) -> Self {
        Self::at(House::new(), kind, changes)
    }

    /// With a server that is there.
    fn at(house: House, kind: Kind, changes: &Value) -> Self {
        let base = house.base();
        let registration = Registration {
            backchannel_logout_uri: Some(format!("{base}/auth/corp/logout")),
            post_logout_redirect_uri: format!("{base}/sign-in"),
            ..Registration::new(&format!("{base}/auth/corp/callback"))
        };
        let peer = Peer::start(kind, &registration).unwrap();
        let scene = Self { house, peer, kind };
        scene.adopt("first", &scene.policy(changes));
        scene
    }

    /// The policy that believes the provider, with changes to it.
    fn policy(&self, changes: &Value) -> Value {
        let relaxations = match self.kind {
            Kind::Glewlwyd => json!(["logout_token_typ_jwt", "logout_token_without_exp", "secret_in_fields"]),
            Kind::Canaille => json!(["secret_in_fields"]),
            Kind::OidcProvider => json!([]),
        };
        let scopes = match self.kind {
            // It knows no scope that it was not told of.
            Kind::Glewlwyd => json!([]),
            Kind::OidcProvider | Kind::Canaille => json!(["profile", "email", "groups"]),
        };
        let mut provider = provider("corp", &self.peer.issuer);
        provider["relaxations"] = relaxations;
        provider["scopes"] = scopes;
        for (field, value) in changes.as_object().unwrap() {
            provider[field] = value.clone();
        }
        believing(vec![provider])
    }

    /// Where a browser begins.
    fn start(&self, person: &str) -> String {
        let hint = if self.kind == Kind::OidcProvider { person } else { "" };
        format!("{}/auth/corp/start?login_hint={hint}", self.base())
    }

    /// Has a person sign in at the provider; the address that leads back to us.
    fn answered(&self, browser: &mut Browser, start: &str, person: &str) -> String {
        let begun = browser.get(start).unwrap();
        let to_provider = begun.location.unwrap_or_else(|| panic!("not sent on: {}", begun.body));
        self.peer.sign_in(browser, &to_provider, person, &self.base()).unwrap()
    }

    /// Signs a person in; a client with the session's cookie.
    fn sign_in(&self, browser: &mut Browser, person: &str) -> Session {
        let back = self.answered(browser, &self.start(person), person);
        let page = browser.get(&back).unwrap();
        assert_eq!(page.status, 303, "{:?} {back} {} {}", self.kind, page.body, self.place.log());
        self.session(browser)
    }

    /// What the browser shows to the server from now on.
    fn session(&self, browser: &Browser) -> Session {
        Session { client: self.server().client(), cookies: browser.cookies(&self.base()), base: self.base() }
    }

    /// Stops the server and lets an auditor look at what it leaves.
    fn audited(mut self) {
        self.house.audited();
    }
}
