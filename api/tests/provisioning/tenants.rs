//! Several tenants, who may come as one, and who signs in under what it says.

use super::{Scene, directory, error, user};
use crate::common::people::text;
use serde_json::{Value, json};

#[test]
fn a_tenant_sees_and_changes_only_what_is_its_own() {
    let scene = Scene::new();
    let (corp, other) = (&scene.corp, directory(&scene.owner, "other"));
    let none = json!({});
    scene.believe("two", &[scene.tenant(corp, &none), scene.tenant(&other, &none)]);
    let ada = corp.person("ada");
    let group = corp.group("Team", &[&ada]);
    // The same names are other people there.
    let hers = other.person("ada");
    assert_ne!(ada, hers);
    for (method, path, body) in [
        ("GET", format!("/Users/{ada}"), Value::Null),
        ("PUT", format!("/Users/{ada}"), user("ada")),
        ("DELETE", format!("/Users/{ada}"), Value::Null),
        ("DELETE", format!("/Groups/{group}"), Value::Null),
        ("GET", format!("/Users/{group}"), Value::Null),
        ("GET", format!("/Users/{}", scene.owner.subject), Value::Null),
        ("DELETE", format!("/Users/{}", scene.owner.subject), Value::Null),
    ] {
        assert_eq!(other.refused(method, &path, &body).0, 404, "{method} {path}");
    }
    assert_eq!(other.found("/Users", ""), std::slice::from_ref(&hers));
    // Who is not its own does not come into its groups.
    let theirs = other.group("Team", &[&hers, &ada]);
    assert_eq!(other.get(&format!("/Groups/{theirs}"))["members"].as_array().unwrap().len(), 1);
    scene.audited();
}

#[test]
fn who_is_no_tenant_gets_nothing_and_that_is_recorded() {
    let scene = Scene::new();
    let stranger = directory(&scene.owner, "stranger");
    for who in [&scene.owner.client, &stranger.client] {
        let answer = who.get("/scim/v2/Users");
        assert_eq!(error(&answer).0, 403, "{answer}");
    }
    let nobody = scene.server.client();
    for path in ["/scim/v2/Users", "/scim/v2/Me", "/scim/v2/Groups/x"] {
        let answer = nobody.get(path);
        assert_eq!((error(&answer).0, answer.header("www-authenticate")), (401, Some("Bearer")));
    }
    // A tenant that leaves the policy is none any more, and what it had is as it was.
    let ada = scene.corp.person("ada");
    scene.believe("nobody", &[]);
    assert_eq!(scene.corp.refused("DELETE", &format!("/Users/{ada}"), &Value::Null).0, 403);
    let codes: Vec<_> = scene
        .events("custody.command_refused")
        .iter()
        .map(|leaf| text(&leaf["data"]["refusal"]["code"]))
        .collect();
    assert_eq!(codes.iter().filter(|code| *code == "not_a_tenant").count(), 3, "{codes:?}");
    scene.audited();
}

#[test]
fn credentials_rotate_while_the_directory_goes_on() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let owner = &scene.owner.client;
    let issued = owner.done("second", "identity.issue_credential", &json!({ "subject": corp.account }));
    let second = super::Directory { client: owner.with(&text(&issued["result"]["secret"])), ..corp.clone() };
    let ada = corp.person("ada");
    assert_eq!(second.get(&format!("/Users/{ada}"))["id"], json!(ada));
    // OAuth client credentials serve as well.
    let fields = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        corp.account,
        second.client.secret.as_deref().unwrap()
    );
    let kind = "Content-Type: application/x-www-form-urlencoded\r\n";
    let token = scene.server.client().send("POST", "/oauth/token", kind, fields.as_bytes());
    let third = super::Directory { client: owner.with(&text(&token.json()["access_token"])), ..corp.clone() };
    third.person("bob");
    scene.audited();
}

#[test]
fn every_path_but_those_that_say_what_there_is_wants_a_tenant() {
    let scene = Scene::new();
    let stranger = directory(&scene.owner, "stranger");
    for (method, path) in api::http::scim::SCIM {
        let path = path.replace("{kind}", "Users").replace("{id}", "x");
        let is_open =
            ["ServiceProviderConfig", "ResourceTypes", "Schemas"].iter().any(|open| path.contains(open));
        let send = |client: &crate::common::client::Client| {
            let body = if matches!(*method, "get" | "delete") { "" } else { "{}" };
            client.send(&method.to_uppercase(), &path, super::SCIM, body.as_bytes())
        };
        let statuses = [send(&scene.server.client()).status, send(&stranger.client).status];
        let expected = match path.as_str() {
            _ if is_open && path.ends_with("/x") => [404, 404],
            _ if is_open => [200, 200],
            "/scim/v2/Me" => [401, 404],
            _ => [401, 403],
        };
        assert_eq!(statuses, expected, "{method} {path}");
    }
    scene.audited();
}
