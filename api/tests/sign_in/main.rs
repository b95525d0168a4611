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
mod honest;
mod in_chromium;
mod programs;
mod recovery;
mod workloads;

use common::auditor::Auditor;
use common::client::{Answer, Client};
use common::people::{Member, claim};
use common::server::{Place, Server};
use fixtures::identity::browser::Browser;
use fixtures::identity::{CLIENT_ID, CLIENT_SECRET, Kind, Peer, Registration};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;

/// A server with an owner, and a provider that it believes.
pub(crate) struct Scene {
    place: Place,
    server: Option<Server>,
    owner: Member,
    peer: Peer,
    kind: Kind,
}

impl Scene {
    /// With the usual policy.
    fn new(kind: Kind) -> Self {
        Self::with(kind, &json!({}))
    }

    /// With changes to the policy's only provider.
    fn with(kind: Kind, changes: &Value) -> Self {
        let place = Place::new();
        let mut server = place.serve(&["--checkpoint-events", "1"]);
        let owner = claim(&mut server);
        let base = format!("http://{}", server.address);
        let registration = Registration {
            backchannel_logout_uri: Some(format!("{base}/auth/corp/logout")),
            post_logout_redirect_uri: format!("{base}/sign-in"),
            ..Registration::new(&format!("{base}/auth/corp/callback"))
        };
        let peer = Peer::start(kind, &registration).unwrap();
        put_secret(&place, "corp");
        let scene = Self { place, server: Some(server), owner, peer, kind };
        scene.adopt("first", &scene.policy(changes));
        scene
    }

    fn server(&self) -> &Server {
        self.server.as_ref().unwrap()
    }

    fn base(&self) -> String {
        format!("http://{}", self.server().address)
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
        let mut provider = json!({
            "claims": { "email": "email", "groups": "groups", "name": "name" },
            "client_id": CLIENT_ID,
            "email_domains": [],
            "issuer": self.peer.issuer,
            "link_verified_email": true,
            "name": "corp",
            "relaxations": relaxations,
            "required_groups": [],
            "scopes": scopes,
            "secret": "corp",
            "several_factors": ["phr"],
            "sign_up": true,
            "special_addresses": true,
        });
        for (field, value) in changes.as_object().unwrap() {
            provider[field] = value.clone();
        }
        believing(vec![provider])
    }

    /// Puts a policy on signing in into force.
    fn adopt(&self, id: &str, policy: &Value) {
        self.owner.client.done(
            &format!("adopt-{id}"),
            "policy.propose",
            &json!({ "body": { "sign_in": policy } }),
        );
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

    /// Events of a type, as they stand in the log.
    fn events(&self, kind: &str) -> Vec<Value> {
        let mut found = self.owner.client.read("/api/v1/events?limit=1000");
        let rows = found["events"].as_array_mut().unwrap();
        let leaves = rows.iter().map(common::auditor::leaf);
        leaves.filter(|leaf| leaf["type"] == kind).collect()
    }

    /// Why sign-ins were refused, in order.
    fn refusals(&self) -> Vec<String> {
        let refused = self.events("custody.command_refused");
        let reasons = refused.iter().filter_map(|leaf| leaf["data"]["refusal"]["reason"].as_str());
        reasons.map(str::to_owned).collect()
    }

    /// Stops the server and lets an auditor look at what it leaves.
    fn audited(mut self) {
        let server = self.server.take().unwrap();
        let auditor = Auditor::pinning(&server.key);
        assert!(server.terminate().success(), "{}", self.place.log());
        auditor.find_nothing_wrong(&self.place.data());
    }
}

/// A policy that believes some providers.
fn believing(providers: Vec<Value>) -> Value {
    json!({
        "providers": providers,
        "several_factors": false,
        "several_factors_permissions": [],
        "several_factors_roles": [],
        "several_factors_seconds": 900,
    })
}

/// The server's secret of that name.
fn put_secret(place: &Place, name: &str) {
    let folder = place.data().join("secrets");
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(name);
    std::fs::write(&file, format!("{CLIENT_SECRET}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// What a browser shows once its person is signed in.
#[derive(Clone)]
pub(crate) struct Session {
    client: Client,
    cookies: String,
    base: String,
}

impl Session {
    fn get(&self, path: &str) -> Answer {
        self.client.send("GET", path, &format!("Cookie: {}\r\n", self.cookies), b"")
    }

    /// As one of our own pages does it.
    fn post(&self, path: &str, body: &str) -> Answer {
        let origin = format!("Origin: {}\r\n", self.base);
        self.post_from(&origin, path, body)
    }

    /// With other words about where it comes from.
    fn post_from(&self, from: &str, path: &str, body: &str) -> Answer {
        let headers = format!("Cookie: {}\r\n{from}Content-Type: application/json\r\n", self.cookies);
        self.client.send("POST", path, &headers, body.as_bytes())
    }

    fn order(&self, id: &str, command: &str, arguments: &Value) -> Answer {
        let body = json!({ "id": id, "command": command, "arguments": arguments }).to_string();
        self.post("/api/v1/commands", &body)
    }
}
