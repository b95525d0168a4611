//! What no directory should send.

use super::{PATCH, Scene, error, user};
use crate::common::client::Answer;
use serde_json::{Value, json};

/// Sends text as it is.
fn raw(scene: &Scene, method: &str, path: &str, body: &str) -> Answer {
    scene.corp.client.send(method, &format!("/scim/v2{path}"), super::SCIM, body.as_bytes())
}

#[test]
fn bad_input_is_refused_in_the_words_of_scim_and_changes_nothing() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let ada = corp.person("ada");
    let group = corp.group("Team", &[&ada]);
    let size = scene.owner.client.size();
    let deep = format!("{}a pr{}", "(".repeat(5_000), ")".repeat(5_000)).replace(' ', "%20");
    let long = format!("userName%20eq%20%22{}%22", "x".repeat(20_000));
    let wide = vec!["title%20pr"; 300].join("%20or%20");
    let patch = |operations: &Value| json!({ "schemas": [PATCH], "Operations": operations }).to_string();
    let thousands: Vec<_> = (0..1_001).map(|n| json!({ "value": format!("x{n}@example.org") })).collect();
    let many: Vec<_> =
        (0..1_001).map(|n| json!({ "op": "add", "path": "title", "value": n.to_string() })).collect();
    let half =
        json!([{ "op": "add", "path": "title", "value": "Boss" }, { "op": "remove", "path": "userName" }]);
    let unknown = json!([{ "op": "replace", "path": "emails[type sw \"none\"].display", "value": "x" }]);
    let operations = |n: usize| vec![json!({ "method": "DELETE", "path": "/Users/x" }); n];
    let cases: Vec<(&str, String, String, u16)> = vec![
        ("GET", format!("/Users?filter={deep}"), String::new(), 400),
        ("GET", format!("/Users?filter={long}"), String::new(), 400),
        ("GET", format!("/Users?filter={wide}"), String::new(), 400),
        ("GET", "/Users?filter=userName".into(), String::new(), 400),
        ("GET", "/Users?filter=nothing%20eq%201".into(), String::new(), 400),
        ("GET", "/Users?sortBy=nothing".into(), String::new(), 400),
        ("GET", "/Users?cursor=elsewhere".into(), String::new(), 400),
        ("GET", "/Users?count=many".into(), String::new(), 400),
        ("GET", "/Users?attributes=a&excludedAttributes=b".into(), String::new(), 400),
        ("POST", "/Users".into(), String::new(), 400),
        ("POST", "/Users".into(), "[]".into(), 400),
        ("POST", "/Users".into(), "{\"userName\":\"a\",\"userName\":\"b\"}".into(), 400),
        ("POST", "/Users".into(), "{\"userName\":7}".into(), 400),
        ("POST", "/Users".into(), json!({ "userName": "x", "emails": thousands }).to_string(), 400),
        ("POST", "/Users".into(), format!("{}{}", "[".repeat(9_000), "]".repeat(9_000)), 400),
        ("PATCH", format!("/Users/{ada}"), patch(&json!(many)), 400),
        ("PATCH", format!("/Users/{ada}"), patch(&half), 400),
        ("PATCH", format!("/Users/{ada}"), patch(&unknown), 400),
        ("PATCH", format!("/Users/{ada}"), patch(&json!([{ "op": "move", "path": "title" }])), 400),
        (
            "PATCH",
            format!("/Groups/{group}"),
            patch(&json!([{ "op": "replace", "path": "id", "value": "x" }])),
            400,
        ),
        ("POST", "/Bulk".into(), json!({ "Operations": operations(1_001) }).to_string(), 413),
        (
            "POST",
            "/Bulk".into(),
            json!({ "Operations": [{ "method": "GET", "path": "/Users" }] }).to_string(),
            400,
        ),
        ("POST", "/Bulk".into(), json!({ "failOnErrors": 0, "Operations": [] }).to_string(), 400),
        ("POST", "/Users".into(), "x".repeat(9 << 20), 413),
        ("DELETE", "/Users".into(), String::new(), 405),
        ("GET", "/Unknown".into(), String::new(), 404),
        ("GET", "/Schemas?filter=id%20pr".into(), String::new(), 403),
    ];
    for (method, path, body, status) in cases {
        let answer = raw(&scene, method, &path, &body);
        let shown: String = format!("{method} {path} {body}").chars().take(120).collect();
        assert_eq!(error(&answer).0, status, "{shown}: {answer}");
    }
    let wrong = corp.client.send("POST", "/scim/v2/Users", "Content-Type: text/plain\r\n", b"{}");
    assert_eq!(error(&wrong).0, 415);
    assert_eq!(scene.owner.client.size(), size);
    assert_eq!(corp.get(&format!("/Users/{ada}")).get("title"), None);
    scene.audited();
}

#[test]
fn a_directory_that_hurries_is_told_to_wait() {
    let place = crate::common::server::Place::new();
    let mut server = place.serve(&["--requests-per-second", "5"]);
    let owner = crate::common::people::claim(&mut server);
    let corp = super::directory(&owner, "corp");
    let tenant = json!({ "name": "corp", "mode": "okta", "service_account": corp.account });
    let body = json!({ "body": { "provisioning": { "tenants": [tenant] } } });
    owner.client.done("believe", "policy.propose", &body);
    let mut answers = (0..40).map(|n| corp.ask("POST", "/Users", "", &user(&format!("user-{n}"))));
    let hurried = answers.find(|answer| answer.status != 201).unwrap();
    assert_eq!(error(&hurried).0, 429, "{hurried}");
    assert!(hurried.header("retry-after").is_some_and(|seconds| seconds.parse::<u32>().is_ok()), "{hurried}");
}
