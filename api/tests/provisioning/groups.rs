//! Groups, who is in them, and what that gives.

use super::{GROUP, Scene};
use crate::common::people::text;
use crate::common::until;
use serde_json::{Value, json};

#[test]
fn members_come_and_go_and_have_what_the_group_has() {
    let scene = Scene::new();
    let (corp, owner) = (&scene.corp, &scene.owner.client);
    let (ada, bob) = (corp.person("ada"), corp.person("bob"));
    let group = corp.group("Engineers", &[&ada]);
    let path = format!("/Groups/{group}");
    owner.done("grant", "access.grant_role", &json!({ "subject": group, "role": "auditor" }));
    let may = |subject: &str| {
        let access = owner.read(&format!("/api/v1/access?subject={subject}"));
        access["rows"].as_array().unwrap().iter().any(|row| row["has"]["role"] == "auditor")
    };
    assert!(may(&ada) && !may(&bob));
    corp.patched(&path, &json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]));
    assert!(may(&bob));
    corp.patched(&path, &json!([{ "op": "remove", "path": format!("members[value eq \"{ada}\"]") }]));
    assert!(!may(&ada));
    let of_bob = &corp.get(&format!("/Users/{bob}"))["groups"][0];
    assert_eq!((&of_bob["value"], &of_bob["display"]), (&json!(group), &json!("Engineers")));
    // Twice is once.
    let before = owner.size();
    corp.patched(&path, &json!([{ "op": "add", "path": "members", "value": [{ "value": bob }] }]));
    assert_eq!(owner.size(), before);
    let renamed = json!({ "schemas": [GROUP], "displayName": "Builders", "members": [{ "value": ada }] });
    assert_eq!(corp.ask("PUT", &path, "", &renamed).status, 200);
    assert!(may(&ada) && !may(&bob));
    let local = owner.read("/api/v1/groups")["rows"][0].clone();
    assert_eq!(local["handle"], "corp/Builders");
    // Nobody here changes what the directory says.
    for (id, command, arguments) in [
        ("add", "identity.add_member", json!({ "group": group, "subject": bob })),
        ("remove", "identity.remove_member", json!({ "group": group, "subject": ada })),
        ("end", "identity.remove_group", json!({ "group": group })),
    ] {
        assert_eq!(owner.order(id, command, &arguments).problem(), "managed_by_tenant");
    }
    assert_eq!(corp.ask("DELETE", &path, "", &Value::Null).status, 204);
    assert!(!may(&ada));
    scene.audited();
}

#[test]
fn a_mapping_gives_a_group_of_the_directory_its_role() {
    let scene = Scene::new();
    let (corp, owner) = (&scene.corp, &scene.owner.client);
    let ada = corp.person("ada");
    let group = corp.group("auditors", &[&ada]);
    let map = json!({ "provider": "corp", "external": "auditors", "role": "auditor" });
    let mapped = owner.done("map", "access.map_group", &map);
    let has = || {
        let access = owner.read(&format!("/api/v1/access?subject={ada}"));
        access["rows"].as_array().unwrap().iter().any(|row| row["has"]["role"] == "auditor")
    };
    until("the role", || has().then_some(()));
    // Under another name it is another group to the mapping.
    corp.patched(
        &format!("/Groups/{group}"),
        &json!([{ "op": "replace", "path": "displayName", "value": "others" }]),
    );
    until("its end", || (!has()).then_some(()));
    corp.patched(
        &format!("/Groups/{group}"),
        &json!([{ "op": "replace", "path": "displayName", "value": "auditors" }]),
    );
    until("the role again", || has().then_some(()));
    owner.done("unmap", "access.unmap_group", &json!({ "mapping": text(&mapped["result"]["mapping"]) }));
    until("the end of the mapping", || (!has()).then_some(()));
    scene.audited();
}

#[test]
fn a_large_change_of_members_comes_whole_in_several_commands() {
    let scene = Scene::new();
    let corp = &scene.corp;
    let make = |n: usize| {
        let operations: Vec<_> = (0..n)
            .map(|n| json!({ "method": "POST", "path": "/Users", "bulkId": n.to_string(), "data": { "userName": format!("user-{n}") } }))
            .collect();
        let made = corp.ask("POST", "/Bulk", "", &json!({ "Operations": operations })).json();
        let id = |one: &Value| text(&one["location"]).rsplit('/').next().unwrap().to_owned();
        made["Operations"].as_array().unwrap().iter().map(id).collect::<Vec<_>>()
    };
    let mut everybody = make(1_000);
    let more = corp.person("one-more");
    everybody.push(more.clone());
    let group = corp.group("All", &everybody.iter().collect::<Vec<_>>());
    let path = format!("/Groups/{group}");
    assert_eq!(corp.get(&path)["members"].as_array().unwrap().len(), 1_001);
    assert_eq!(corp.get(&format!("{path}?excludedAttributes=members")).get("members"), None);
    // One comes or goes without the others being looked at, and without a body that lists them.
    let gone =
        corp.patch(&path, &json!([{ "op": "remove", "path": format!("members[value eq \"{more}\"]") }]));
    assert_eq!(gone.status, 204, "{gone}");
    assert_eq!(corp.get(&path)["members"].as_array().unwrap().len(), 1_000);
    corp.patched(&path, &json!([{ "op": "replace", "path": "members", "value": [{ "value": more }] }]));
    assert_eq!(corp.get(&path)["members"].as_array().unwrap().len(), 1);
    scene.audited();
}
