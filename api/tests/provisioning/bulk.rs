//! Many writes in one request.

use super::{Scene, user};
use crate::common::people::text;
use serde_json::{Value, json};

fn bulk(scene: &Scene, body: &Value) -> Vec<(String, String)> {
    let answer = scene.corp.ask("POST", "/Bulk", "", body);
    assert_eq!(answer.status, 200, "{answer}");
    let said = answer.json();
    let one = |one: &Value| {
        let named = one["bulkId"].as_str().unwrap_or_default().to_owned();
        assert_eq!(one.get("response").is_some(), text(&one["status"]).starts_with('4'), "{one}");
        (named, text(&one["status"]))
    };
    said["Operations"].as_array().unwrap().iter().map(one).collect()
}

fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

#[test]
fn operations_refer_to_one_another_whatever_their_order() {
    let scene = Scene::new();
    let body = json!({ "Operations": [
        { "method": "POST", "path": "/Groups", "bulkId": "g",
          "data": { "displayName": "Team", "members": [{ "value": "bulkId:a" }, { "value": "bulkId:b" }] } },
        { "method": "POST", "path": "/Users", "bulkId": "a", "data": user("ada") },
        { "method": "POST", "path": "/Users", "bulkId": "b", "data": user("bob") },
        { "method": "PATCH", "path": "/Users/bulkId:a",
          "data": { "Operations": [{ "op": "add", "path": "title", "value": "Boss" }] } },
        { "method": "DELETE", "path": "/Users/bulkId:b" },
    ] });
    assert_eq!(
        bulk(&scene, &body),
        pairs(&[("g", "201"), ("a", "201"), ("b", "201"), ("", "200"), ("", "204")])
    );
    let group = &scene.corp.get("/Groups")["Resources"][0];
    assert_eq!(group["members"].as_array().map_or(0, Vec::len), 2, "{group}");
    scene.audited();
}

#[test]
fn circles_and_failures_are_said_and_leave_the_rest_done() {
    let scene = Scene::new();
    let group = |name: &str, member: &str| {
        json!({ "method": "POST", "path": "/Groups", "bulkId": name,
                "data": { "displayName": name, "members": [{ "value": format!("bulkId:{member}") }] } })
    };
    let made = json!({ "method": "POST", "path": "/Users", "bulkId": "a", "data": user("ada") });
    let twice = json!({ "method": "POST", "path": "/Users", "bulkId": "c", "data": user("ada") });
    let circle =
        json!({ "Operations": [group("one", "two"), group("two", "one"), made, twice, group("g", "c")] });
    let expected = [("one", "409"), ("two", "409"), ("a", "201"), ("c", "409"), ("g", "409")];
    assert_eq!(bulk(&scene, &circle), pairs(&expected));
    let wrong = json!({ "method": "POST", "path": "/Users", "bulkId": "x", "data": {} });
    let also = json!({ "method": "POST", "path": "/Users", "bulkId": "y", "data": user("yves") });
    let first = json!({ "failOnErrors": 1, "Operations": [wrong, also] });
    assert_eq!(bulk(&scene, &first), pairs(&[("x", "400")]));
    assert_eq!(scene.corp.get("/Users")["totalResults"], 1);
    scene.audited();
}
