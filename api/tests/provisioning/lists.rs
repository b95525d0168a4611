//! Lists: filters, order, pages.

use super::Scene;
use crate::common::people::text;
use serde_json::{Value, json};

#[test]
fn filters_order_and_pages_find_what_they_should() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let ids: Vec<String> = ["carol", "Ada", "bob", "dora"].iter().map(|name| corp.person(name)).collect();
    let [carol, ada, bob, dora] = ids.as_slice() else { panic!("four were made") };
    corp.patched(&format!("/Users/{bob}"), &json!([{ "op": "add", "path": "title", "value": "Boss" }]));
    for (query, wanted) in [
        ("filter=userName%20eq%20%22ADA%22", vec![ada]),
        ("filter=externalId%20eq%20%22x-bob%22", vec![bob]),
        ("filter=externalId%20eq%20%22X-bob%22", vec![]),
        ("filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22dora@example.org%22", vec![dora]),
        ("filter=title%20pr", vec![bob]),
        ("filter=userName%20eq%20%22bob%22%20and%20title%20eq%20%22Nobody%22", vec![]),
        ("filter=not%20(userName%20co%20%22o%22)", vec![ada]),
        ("sortBy=userName", vec![ada, bob, carol, dora]),
        ("sortBy=userName&sortOrder=descending", vec![dora, carol, bob, ada]),
        ("startIndex=2&count=2", vec![ada, bob]),
        ("count=0", vec![]),
        ("", vec![carol, ada, bob, dora]),
    ] {
        assert_eq!(corp.found("/Users", query), wanted.into_iter().cloned().collect::<Vec<_>>(), "{query}");
    }
    let list = corp.get("/Users?count=0");
    assert_eq!((&list["totalResults"], &list["itemsPerPage"]), (&json!(4), &json!(0)));
    let search = json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
                         "filter": "userName sw \"d\"", "attributes": ["userName"], "count": 5 });
    let found = corp.ask("POST", "/Users/.search", "", &search).json();
    assert_eq!(found["Resources"][0]["userName"], "dora");
    assert_eq!(found["Resources"][0].get("emails"), None);
    scene.audited();
}

#[test]
fn a_walk_by_cursor_meets_everybody_once_whoever_comes_and_goes() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let ids: Vec<String> = (0..7).map(|n| corp.person(&format!("user-{n}"))).collect();
    let (mut met, mut cursor) = (Vec::new(), Some(String::new()));
    while let Some(at) = cursor {
        let page = corp.get(&format!("/Users?count=2&cursor={at}"));
        met.extend(page["Resources"].as_array().unwrap().iter().map(|one| text(&one["id"])));
        // One that was met goes, and one comes behind all others.
        if met.len() == 2 {
            assert_eq!(corp.ask("DELETE", &format!("/Users/{}", met[0]), "", &Value::Null).status, 204);
            corp.person("late");
        }
        cursor = page["nextCursor"].as_str().map(str::to_owned);
    }
    assert_eq!(met[..7], ids);
    assert_eq!(met.len(), 8);
    scene.audited();
}

#[test]
fn a_search_of_everything_finds_resources_of_every_type() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let ada = corp.person("ada");
    let group = corp.group("ada", &[&ada]);
    let agent = corp.make("/Agents", &json!({ "name": "ada" }));
    let application = corp.make("/AgenticApplications", &json!({ "name": "ada" }));
    let all = corp.found("", "");
    assert_eq!(all, [ada.clone(), group.clone(), agent.clone(), application]);
    let found = corp.ask(
        "POST",
        "/.search",
        "",
        &json!({ "filter": "userName eq \"ada\" or displayName eq \"ada\"" }),
    );
    assert_eq!(found.json()["totalResults"], 2, "{found}");
    assert_eq!(corp.found("/Agents", "filter=name%20eq%20%22ADA%22"), [agent]);
    scene.audited();
}
