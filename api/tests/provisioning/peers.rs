//! Programs of others that try the server, what Okta and Entra send, and a provider that provisions the people whom it signs in.

use super::Scene;
use crate::common::client::Answer;
use fixtures::identity::browser::Browser;
use fixtures::identity::provisioning::Provisioned;
use fixtures::identity::{CLIENT_ID, CLIENT_SECRET, Kind, Peer, Registration};
use fixtures::scim::entra::Setting;
use fixtures::scim::{Service, entra, okta, sanity, tester};
use serde_json::json;

fn service(scene: &Scene) -> Service {
    let secret = scene.corp.client.secret.as_deref().unwrap();
    Service::new(&format!("http://{}/scim/v2", scene.server.address), secret)
}

#[test]
fn two_programs_of_others_find_nothing_wrong_with_agents_and_without() {
    for agents in [true, false] {
        let scene = Scene::with(&json!({ "agents": agents }));
        let tested = tester::run(&service(&scene)).unwrap();
        assert_eq!((tested.error, tested.skipped), (0, 0), "{}", tested.text);
        assert!(tested.success > 100, "{}", tested.text);
        let probed = sanity::run(&service(&scene)).unwrap();
        assert_eq!(probed.failures, [""; 0]);
        assert_eq!(probed.failed + probed.errors + probed.warnings, 0, "{probed:?}");
        assert_eq!(probed.skipped > 0, !agents, "{probed:?}");
        scene.audited();
    }
    let strict = Scene::with(&json!({ "mode": "strict" }));
    let tested = tester::run(&service(&strict)).unwrap();
    assert_eq!((tested.error, tested.skipped), (0, 0), "{}", tested.text);
    strict.audited();
}

#[test]
fn what_okta_sends_is_understood_twice() {
    let scene = Scene::with(&json!({ "mode": "okta" }));
    for tag in ["a", "b"] {
        let missed = okta::run(&service(&scene), tag).unwrap();
        assert!(missed.is_empty(), "{missed:#?}");
    }
    scene.audited();
}

#[test]
fn what_entra_sends_is_understood_in_both_settings() {
    let scene = Scene::with(&json!({ "mode": "entra" }));
    for setting in Setting::ALL {
        let missed = entra::run(&service(&scene), setting, &format!("{setting:?}")).unwrap();
        assert!(missed.is_empty(), "{setting:?}: {missed:#?}");
    }
    scene.audited();
}

/// canaille, which tells us of its people and signs them in.
struct Canaille {
    scene: Scene,
    peer: Peer,
}

impl Canaille {
    fn new() -> Self {
        let scene = Scene::new();
        let base = format!("http://{}", scene.server.address);
        let registration = Registration {
            provisions: Some(service(&scene)),
            post_logout_redirect_uri: format!("{base}/sign-in"),
            ..Registration::new(&format!("{base}/auth/corp/callback"))
        };
        let peer = Peer::start(Kind::Canaille, &registration).unwrap();
        scene.place.put_secret("corp", CLIENT_SECRET);
        let provider = json!({
            "name": "corp", "issuer": peer.issuer, "client_id": CLIENT_ID, "secret": "corp",
            "claims": { "email": "email", "groups": "groups", "name": "name" },
            "email_domains": [], "link_verified_email": false, "relaxations": ["secret_in_fields"],
            "required_groups": [], "scopes": ["profile", "email", "groups"], "several_factors": [],
            "sign_up": false, "special_addresses": true,
        });
        let sign_in = json!({ "providers": [provider], "several_factors": false, "several_factors_permissions": [],
                              "several_factors_roles": [], "several_factors_seconds": 900 });
        let body = json!({ "body": { "sign_in": sign_in } });
        scene.owner.client.done("sign-in", "policy.propose", &body);
        // It knows the standard as it was before cursors.
        let login = json!({ "mode": "okta", "login": { "user_name_at": { "issuer": peer.issuer } } });
        scene.believe("canaille", &[scene.tenant(&scene.corp, &login)]);
        Self { scene, peer }
    }

    /// Signs a person in; what the server says to the browser then, and what the browser shows from then on.
    fn sign_in(&self, person: &str) -> (u16, String) {
        let (base, mut browser) = (format!("http://{}", self.scene.server.address), Browser::default());
        let begun = browser.get(&format!("{base}/auth/corp/start")).unwrap();
        let back = self.peer.sign_in(&mut browser, &begun.location.unwrap(), person, &base).unwrap();
        let page = browser.get(&back).unwrap();
        (page.status, browser.cookies(&base))
    }

    fn status(&self, cookies: &str) -> u16 {
        self.me(cookies).status
    }

    fn me(&self, cookies: &str) -> Answer {
        self.scene.server.client().send("GET", "/api/v1/me", &format!("Cookie: {cookies}\r\n"), b"")
    }
}

/// What canaille sent went well, and is this.
fn assert_sent(provisioned: &Provisioned, outline: &[(&str, u64)]) {
    assert_eq!(provisioned.complaints, [""; 0], "{provisioned:?}");
    assert_eq!(provisioned.outline(), outline, "{provisioned:?}");
}

#[test]
fn whom_a_provider_makes_changes_disables_and_removes_comes_moves_and_goes_here() {
    let canaille = Canaille::new();
    let (peer, corp) = (&canaille.peer, &canaille.scene.corp);
    let newcomer =
        json!({ "given_name": "New", "emails": ["newcomer@example.org"], "department": "Examples" });
    assert_sent(&peer.add_person("newcomer", &newcomer).unwrap(), &[("POST", 201)]);
    let there = corp.get("/Users")["Resources"][0].clone();
    assert_eq!((&there["userName"], &there["active"]), (&json!("newcomer"), &json!(true)), "{there}");
    assert_sent(&peer.change_person("newcomer", &json!({ "given_name": "Newer" })).unwrap(), &[("PUT", 200)]);
    assert_eq!(corp.get("/Users")["Resources"][0]["name"]["givenName"], "Newer");
    // The person whom the directory made is the one who signs in.
    let (status, cookies) = canaille.sign_in("newcomer");
    assert_eq!(status, 303);
    let me = canaille.me(&cookies);
    assert_eq!(me.json()["subject"], there["id"], "{me}");
    // Of three people who are in a group two stay.
    assert_sent(&peer.change_person("ada", &json!({})).unwrap(), &[("POST", 201)]);
    assert_sent(&peer.put_group("crew", &["ada", "newcomer"]).unwrap(), &[("POST", 201)]);
    assert_eq!(corp.get("/Groups")["Resources"][0]["members"].as_array().unwrap().len(), 2);
    let crew = || corp.get("/Groups")["Resources"][0]["members"].as_array().unwrap().len();
    assert_sent(&peer.put_group("crew", &["ada"]).unwrap(), &[("PUT", 200)]);
    assert_eq!(crew(), 1);
    assert_sent(&peer.put_group("crew", &["ada", "newcomer"]).unwrap(), &[("PUT", 200)]);
    // Disabled there, gone here by the time that the directory has its answer.
    assert_eq!(canaille.status(&cookies), 200);
    assert_sent(&peer.change_person("newcomer", &json!({ "disabled": true })).unwrap(), &[("PUT", 200)]);
    assert_eq!(canaille.status(&cookies), 401);
    assert_eq!(corp.found("/Users", "filter=active%20eq%20false").len(), 1);
    assert_sent(&peer.change_person("newcomer", &json!({ "disabled": false })).unwrap(), &[("PUT", 200)]);
    assert_eq!(canaille.status(&cookies), 401);
    assert_eq!(canaille.sign_in("newcomer").0, 303);
    assert_sent(&peer.remove_person("newcomer").unwrap(), &[("DELETE", 204), ("PUT", 200)]);
    assert_eq!(crew(), 1);
    assert_sent(&peer.remove_group("crew").unwrap(), &[("DELETE", 204)]);
    assert_eq!((corp.found("/Users", "").len(), corp.found("/Groups", "").len()), (1, 0));
    canaille.scene.audited();
}
