//! Sign-ins that work, at each provider, and everything after them.

use super::common::people::text;
use super::common::until;
use super::{Scene, Session, believing};
use fixtures::identity::Kind;
use fixtures::identity::browser::Browser;
use serde_json::{Value, json};

fn me(session: &Session) -> Value {
    let answer = session.get("/api/v1/me");
    assert_eq!(answer.status, 200, "{answer}");
    answer.json()
}

#[test]
fn one_signs_in_at_each_provider_sees_ones_sessions_and_signs_out() {
    for kind in [Kind::OidcProvider, Kind::Glewlwyd, Kind::Canaille] {
        let scene = Scene::new(kind);
        let (mut one, mut other) = (Browser::default(), Browser::default());
        let session = scene.sign_in(&mut one, "ada");
        let person = text(&me(&session)["subject"]);
        assert!(person.starts_with("per_"), "{kind:?}");
        // The same person, by another browser.
        let second = scene.sign_in(&mut other, "ada");
        assert_eq!(text(&me(&second)["subject"]), person, "{kind:?}");
        let page = session.get("/sessions").text();
        assert!(page.contains(&person) && page.matches("corp").count() == 2, "{page}");
        let listed = scene.owner.client.read("/api/v1/sessions");
        let rows = listed["rows"].as_array().unwrap();
        assert!(rows.len() == 2 && rows.iter().all(|row| row["status"] == "active"), "{listed}");
        let out = session.post("/sign-out", "");
        assert_eq!(out.status, 200, "{out}");
        assert!(out.header("set-cookie").unwrap().contains("Max-Age=0"));
        assert_eq!(session.get("/api/v1/me").status, 401);
        assert_eq!(second.get("/api/v1/me").status, 200);
        // A session ends another of the same person, and an owner ends anybody's.
        let third = scene.sign_in(&mut one, "ada");
        let id = |row: &Value| text(&row["session"]);
        let active = |rows: &Value| -> Vec<Value> {
            let rows = rows["rows"].as_array().unwrap().iter();
            rows.filter(|row| row["status"] == "active").cloned().collect()
        };
        let listed = active(&scene.owner.client.read("/api/v1/sessions"));
        let ended = third.post(&format!("/sessions/{}/end", id(&listed[0])), "");
        assert_eq!(ended.status, 303, "{ended}");
        assert_eq!((second.get("/api/v1/me").status, third.get("/api/v1/me").status), (401, 200));
        let revoke = json!({ "credential": id(&listed[1]) });
        scene.owner.client.done("end-theirs", "identity.revoke_credential", &revoke);
        assert_eq!(third.get("/api/v1/me").status, 401);
        scene.audited();
    }
}

#[test]
fn groups_give_roles_at_sign_in_and_take_them_back() {
    let scene = Scene::new(Kind::OidcProvider);
    let map = json!({ "provider": "corp", "external": "owners", "role": "auditor" });
    let mapped = scene.owner.client.done("map", "access.map_group", &map);
    let made = scene.owner.client.done("org", "access.create_organization", &json!({ "handle": "works" }));
    let organization = text(&made["result"]["organization"]);
    let belongs = json!({ "provider": "corp", "external": "staff", "role": "member", "scope": organization });
    scene.owner.client.done("belong", "access.map_group", &belongs);
    let session = scene.sign_in(&mut Browser::default(), "ada");
    assert_eq!(session.get("/api/v1/users").status, 200);
    let access = session.get("/api/v1/me").json()["access"].clone();
    let is_member = |found: &Value| found["role"] == "member" && found["scope"] == organization;
    assert!(access.as_array().unwrap().iter().any(is_member), "{access}");
    assert_eq!(scene.sign_in(&mut Browser::default(), "bob").get("/api/v1/users").status, 403);
    let mapping = text(&mapped["result"]["mapping"]);
    scene.owner.client.done("unmap", "access.unmap_group", &json!({ "mapping": mapping }));
    until("the end of the role", || (session.get("/api/v1/users").status == 403).then_some(()));
    let granted = scene.events("access.role_granted");
    assert!(granted.iter().any(|leaf| leaf["data"]["ground"]["mapping"] == mapping), "{granted:?}");
    scene.audited();
}

#[test]
fn whom_an_administrator_invited_is_found_by_a_verified_address_and_nobody_else_is() {
    let scene = Scene::with(Kind::OidcProvider, &json!({ "sign_up": false }));
    let invite = |name: &str| {
        let arguments = json!({ "login": format!("{name}@example.org") });
        let made = scene.owner.client.done(&format!("invite-{name}"), "identity.create_person", &arguments);
        text(&made["result"]["person"])
    };
    let (ada, _) = (invite("ada"), invite("bob"));
    let session = scene.sign_in(&mut Browser::default(), "ada");
    assert_eq!(text(&me(&session)["subject"]), ada);
    // bob's address is not verified, eve was not invited.
    for name in ["bob", "eve"] {
        let mut browser = Browser::default();
        let back = scene.answered(&mut browser, &scene.start(name), name);
        let page = browser.get(&back).unwrap();
        assert_eq!(page.status, 403, "{}", page.body);
        assert!(page.body.contains("invited"), "{}", page.body);
    }
    assert_eq!(scene.refusals(), ["not_invited", "not_invited"]);
    scene.audited();
}

#[test]
fn several_factors_are_asked_for_by_going_back_to_the_provider() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut policy = scene.policy(&json!({}));
    policy["several_factors_permissions"] = json!(["identity.create"]);
    scene.adopt("strict", &policy);
    let map = json!({ "provider": "corp", "external": "owners", "role": "user_admin" });
    scene.owner.client.done("map", "access.map_group", &map);
    let mut browser = Browser::default();
    let weak = scene.sign_in(&mut browser, "ada");
    let create = |session: &Session, id: &str| {
        session.order(id, "identity.create_service_account", &json!({ "handle": "ci" }))
    };
    let refused = create(&weak, "one");
    assert_eq!((refused.status, refused.problem().as_str()), (403, "several_factors_needed"));
    let back = scene.answered(&mut browser, &format!("{}&several_factors=1", scene.start("ada")), "ada");
    assert_eq!(browser.get(&back).unwrap().status, 303);
    let strong = scene.session(&browser);
    assert_eq!(create(&strong, "two").status, 200);
    // Everybody: who comes with one factor is sent back for the others, and comes in.
    policy["several_factors_roles"] = json!(["user_admin"]);
    scene.adopt("stricter", &policy);
    let mut browser = Browser::default();
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    let again = browser.get(&back).unwrap().location.unwrap();
    assert!(again.contains("acr_values=phr"), "{again}");
    scene.audited();
}

#[test]
fn a_suspension_elsewhere_ends_the_session_at_once() {
    let scene = Scene::new(Kind::OidcProvider);
    let session = scene.sign_in(&mut Browser::default(), "ada");
    let subject = text(&me(&session)["subject"]);
    let suspend = json!({ "subject": subject, "reason": "left" });
    scene.owner.client.done("suspend", "identity.suspend_subject", &suspend);
    assert_eq!(session.get("/api/v1/me").status, 401);
    let mut browser = Browser::default();
    let back = scene.answered(&mut browser, &scene.start("ada"), "ada");
    assert_eq!(browser.get(&back).unwrap().status, 403);
    assert_eq!(scene.refusals(), ["not_active"]);
    scene.audited();
}

#[test]
fn signing_out_at_the_provider_ends_the_session_here() {
    let scene = Scene::new(Kind::OidcProvider);
    let mut browser = Browser::default();
    let session = scene.sign_in(&mut browser, "ada");
    let untouched = scene.sign_in(&mut Browser::default(), "bob");
    // Another session of the same browser says where that is, as it ends here.
    let here = scene.sign_in(&mut browser.clone(), "ada").post("/sign-out", "").text();
    let link = here.split("href=\"").find(|piece| piece.starts_with("http")).unwrap();
    let link = link.split('"').next().unwrap().replace("&amp;", "&");
    let back = format!("{}/sign-in", scene.base());
    let page = browser.follow(&link, &back).unwrap();
    let page = browser.submit(&page, &[("logout", "yes")], &back).unwrap();
    assert!(page.url.starts_with(&back), "{page:?}");
    until("the end of the session", || (session.get("/api/v1/me").status == 401).then_some(()));
    assert_eq!(untouched.get("/api/v1/me").status, 200);
    assert_eq!(scene.events("identity.provider_logged_out").len(), 1);
    scene.audited();
}

#[test]
fn keys_change_and_the_provider_comes_and_goes() {
    let scene = Scene::new(Kind::OidcProvider);
    scene.sign_in(&mut Browser::default(), "ada");
    scene.peer.rotate(true).unwrap();
    scene.sign_in(&mut Browser::default(), "bob");
    // A provider that is not there: a clear page, and nothing else is touched.
    let mut policy = scene.policy(&json!({ "name": "away", "issuer": "http://127.0.0.1:9" }));
    let providers = policy["providers"].as_array_mut().unwrap();
    providers.push(scene.policy(&json!({}))["providers"][0].clone());
    scene.adopt("two", &believing(providers.clone()));
    let page = Browser::default().get(&format!("{}/auth/away/start", scene.base())).unwrap();
    assert_eq!(page.status, 502);
    assert!(page.body.contains("cannot be reached"), "{}", page.body);
    scene.sign_in(&mut Browser::default(), "eve");
    scene.audited();
}
