//! People who come, change, go and come again.

use super::{PATCH, Scene, user};
use crate::common::people::text;
use serde_json::{Value, json};

/// Types of the newest change, in order.
fn types(change: &Value) -> Vec<String> {
    change["events"].as_array().unwrap().iter().map(|event| text(&event["type"])).collect()
}

#[test]
fn a_person_joins_moves_leaves_and_joins_again() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let mut said = user("ada");
    said["meta"] = json!({ "lastModified": "2026-01-31T23:59:59Z" });
    let ada = corp.make("/Users", &said);
    let shown = corp.get(&format!("/Users/{ada}"));
    assert_eq!((&shown["userName"], &shown["active"]), (&json!("ada"), &json!(true)));
    // The same again changes nothing, and is not done twice.
    assert_eq!(corp.refused("POST", "/Users", &user("ADA")), (409, "uniqueness".into()));
    let same = corp.ask("PUT", &format!("/Users/{ada}"), "", &user("ada"));
    assert_eq!(same.header("etag"), shown["meta"]["version"].as_str(), "{same}");
    corp.patched(
        &format!("/Users/{ada}"),
        &json!([{ "op": "replace", "path": "title", "value": "Countess" }]),
    );
    let key = json!({ "owner": ada, "class": "user", "alias": "laptop", "scope": "site" });
    scene.owner.client.order("key", "keys.issue", &key);
    let issued =
        scene.owner.client.done("credential", "identity.issue_credential", &json!({ "subject": ada }));
    let her = scene.owner.client.with(&text(&issued["result"]["secret"]));
    assert_eq!(her.get("/api/v1/me").status, 200);
    assert_eq!(her.get("/scim/v2/Me").json()["id"], json!(ada));
    corp.patched(&format!("/Users/{ada}"), &json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    assert_eq!(her.get("/api/v1/me").status, 401);
    assert_eq!(corp.get(&format!("/Users/{ada}"))["active"], json!(false));
    let ended = &scene.changes("")[0];
    let kinds = types(ended);
    assert_eq!(kinds[..2], ["provisioning.subject_written", "identity.subject_suspended"]);
    assert!(kinds.contains(&"identity.credential_revoked".to_owned()), "{kinds:?}");
    // Reactivation restores nothing by itself.
    corp.patched(&format!("/Users/{ada}"), &json!([{ "op": "replace", "path": "active", "value": true }]));
    assert_eq!(
        (her.get("/api/v1/me").status, corp.get(&format!("/Users/{ada}"))["active"].clone()),
        (401, json!(true))
    );
    assert_eq!(corp.ask("DELETE", &format!("/Users/{ada}"), "", &Value::Null).status, 204);
    assert_eq!(corp.refused("GET", &format!("/Users/{ada}"), &Value::Null).0, 404);
    assert_eq!(corp.refused("DELETE", &format!("/Users/{ada}"), &Value::Null).0, 404);
    let again = corp.person("ada");
    assert_ne!(again, ada);
    let what: Vec<_> = scene.changes("&tenant=corp").iter().map(|change| text(&change["what"])).collect();
    let expected = ["joined", "left", "reactivated", "deactivated", "changed", "refused", "joined"];
    assert_eq!(what, expected);
    let hers = scene.changes(&format!("&object={ada}"));
    let joined = hers.last().unwrap();
    assert_eq!(joined["occurred"], "2026-01-31T23:59:59.000000Z");
    assert!(joined["delay_seconds"].as_u64().unwrap() > 20_000_000, "{joined}");
    assert_eq!(types(joined), ["identity.person_created", "provisioning.subject_written"]);
    scene.audited();
}

#[test]
fn what_is_said_of_people_is_sealed_and_goes_when_it_is_erased() {
    let scene = Scene::new();
    let ada = scene.corp.person("ada.secret");
    let log = std::fs::read(scene.place.data().join("log/00000000000000000000.seg")).unwrap();
    assert!(!log.windows(10).any(|bytes| bytes == b"ada.secret"));
    scene.owner.client.done(
        "erase",
        "custody.erase_payloads",
        &json!({ "subject": ada, "reason": "asked for" }),
    );
    let left = scene.corp.get(&format!("/Users/{ada}"));
    assert_eq!((&left["userName"], left.get("name")), (&json!(ada), None));
    // Its directory may say it anew.
    let said = scene.corp.ask("PUT", &format!("/Users/{ada}"), "", &user("ada.secret"));
    assert_eq!((said.status, &said.json()["userName"]), (200, &json!("ada.secret")));
    scene.audited();
}

#[test]
fn who_is_suspended_here_stays_so_whatever_the_directory_says() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let (ada, bob) = (corp.person("ada"), corp.person("bob"));
    let suspend = |id: &str, subject: &str| {
        let arguments = json!({ "subject": subject, "reason": "under inquiry" });
        scene.owner.client.done(id, "identity.suspend_subject", &arguments);
    };
    suspend("suspend-ada", &ada);
    for operations in [
        json!([{ "op": "replace", "path": "active", "value": true }]),
        json!([{ "op": "replace", "path": "title", "value": "Countess" }]),
    ] {
        corp.patched(&format!("/Users/{ada}"), &operations);
        assert_eq!(corp.get(&format!("/Users/{ada}"))["active"], json!(false));
    }
    assert_eq!(corp.get(&format!("/Users/{ada}"))["title"], "Countess");
    scene.owner.client.done("back", "identity.reactivate_subject", &json!({ "subject": ada }));
    assert_eq!(corp.get(&format!("/Users/{ada}"))["active"], json!(true));
    // And whom the directory keeps from acting, nobody here lets act.
    corp.patched(&format!("/Users/{bob}"), &json!([{ "op": "replace", "path": "active", "value": false }]));
    let refused =
        scene.owner.client.order("bob-back", "identity.reactivate_subject", &json!({ "subject": bob }));
    assert_eq!((refused.status, refused.problem()), (409, "managed_by_tenant".into()), "{refused}");
    scene.audited();
}

#[test]
fn a_version_that_was_not_seen_is_not_overwritten() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let ada = corp.person("ada");
    let path = format!("/Users/{ada}");
    let tag = text(&corp.get(&path)["meta"]["version"]);
    let same = corp.ask("GET", &path, &format!("If-None-Match: {tag}\r\n"), &Value::Null);
    assert_eq!((same.status, same.body.len()), (304, 0), "{same}");
    let change =
        json!({ "schemas": [PATCH], "Operations": [{ "op": "add", "path": "title", "value": "Countess" }] });
    let done = corp.ask("PATCH", &path, &format!("If-Match: {tag}\r\n"), &change);
    assert_eq!(done.status, 200, "{done}");
    for (method, body) in [("PATCH", change), ("PUT", user("ada")), ("DELETE", Value::Null)] {
        let late = corp.ask(method, &path, &format!("If-Match: {tag}\r\n"), &body);
        assert_eq!(super::error(&late), (412, String::new()), "{method}");
    }
    let any = corp.ask("DELETE", &path, "If-Match: *\r\n", &Value::Null);
    assert_eq!(any.status, 204, "{any}");
    scene.audited();
}
