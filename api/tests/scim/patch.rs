//! What a patch changes, and what it may not.

use super::generate::{operations, pick, shown_person};
use super::{ENTERPRISE, USER_URN, group, held, kind_of, meta, patch, person, read, with};
use api::scim::{GROUP, Kind, Members, Mode, OPERATIONS_MAX, Patch, Refusal, Resource, USER};
use fixtures::rng::Rng;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a person with these attributes holds after the operations, besides the name to sign in with.
fn after(mode: Mode, before: Value, operations: Value) -> Result<Value, Refusal> {
    let patched = patch(mode, &person(before.clone()), operations)?;
    let now = held(&patched.resource);
    assert_eq!(patched.changed, now != with(json!({ "userName": "Ada" }), before), "{now}");
    let mut now = now.as_object().unwrap().clone();
    assert_eq!(now.shift_remove("userName"), Some("Ada".into()));
    Ok(Value::Object(now))
}

#[test]
fn operations_on_one_value_do_what_the_standard_says() {
    for (before, operations, expected) in [
        (json!({}), json!([{ "op": "add", "path": "title", "value": "x" }]), json!({ "title": "x" })),
        (
            json!({ "title": "x" }),
            json!([{ "op": "add", "path": "title", "value": "x" }]),
            json!({ "title": "x" }),
        ),
        (
            json!({ "title": "x" }),
            json!([{ "op": "REPLACE", "path": "TITLE", "value": "y" }]),
            json!({ "title": "y" }),
        ),
        (json!({ "title": "x" }), json!([{ "op": "remove", "path": "title" }]), json!({})),
        (json!({ "title": "x" }), json!([{ "op": "replace", "path": "title", "value": null }]), json!({})),
        (json!({}), json!([{ "op": "remove", "path": "title" }]), json!({})),
        (
            json!({ "name": { "givenName": "a", "familyName": "b" } }),
            json!([{ "op": "replace", "path": "name", "value": { "givenName": "c", "middleName": "d" } }]),
            json!({ "name": { "givenName": "c", "familyName": "b", "middleName": "d" } }),
        ),
        (
            json!({ "name": { "givenName": "a" } }),
            json!([{ "op": "remove", "path": "name.givenName" }]),
            json!({}),
        ),
        (
            json!({}),
            json!([{ "op": "add", "path": ENTERPRISE, "value": { "department": "x", "manager": { "value": "m" } } }]),
            json!({ (ENTERPRISE): { "department": "x", "manager": { "value": "m" } } }),
        ),
        (
            json!({ (ENTERPRISE): { "department": "x" } }),
            json!([{ "op": "remove", "path": ENTERPRISE }]),
            json!({}),
        ),
        (
            json!({ (ENTERPRISE): { "department": "x" } }),
            json!([{ "op": "remove", "path": format!("{ENTERPRISE}:department") }]),
            json!({}),
        ),
        (
            json!({}),
            json!([{ "op": "replace", "path": format!("{USER_URN}:name.givenName"), "value": "x" }]),
            json!({ "name": { "givenName": "x" } }),
        ),
        (
            json!({}),
            json!([
                { "op": "add", "path": "roles", "value": [{ "value": "a" }] },
                { "op": "remove", "path": "roles[value eq \"a\"]" },
            ]),
            json!({}),
        ),
    ] {
        assert_eq!(after(Mode::Strict, before, operations.clone()), Ok(expected), "{operations}");
    }
}

#[test]
fn operations_on_many_values_do_what_the_standard_says() {
    let work = json!({ "value": "a@example.com", "type": "work", "primary": true });
    let home = json!({ "value": "b@example.com", "type": "home" });
    let both = json!({ "emails": [work, home] });
    for (before, operations, expected) in [
        (
            both.clone(),
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "c@example.com", "primary": true }] }]),
            json!({ "emails": [
                { "value": "a@example.com", "type": "work", "primary": false }, home, { "value": "c@example.com", "primary": true },
            ] }),
        ),
        (both.clone(), json!([{ "op": "add", "path": "emails", "value": [home] }]), both.clone()),
        (
            both.clone(),
            json!([{ "op": "replace", "path": "emails[type eq \"home\"].primary", "value": true }]),
            json!({ "emails": [
                { "value": "a@example.com", "type": "work", "primary": false },
                { "value": "b@example.com", "type": "home", "primary": true },
            ] }),
        ),
        (
            both.clone(),
            json!([{ "op": "remove", "path": "emails[type eq \"work\"]" }]),
            json!({ "emails": [home] }),
        ),
        (both.clone(), json!([{ "op": "remove", "path": "emails[type eq \"x\"]" }]), both.clone()),
        (both.clone(), json!([{ "op": "remove", "path": "emails" }]), json!({})),
        (both.clone(), json!([{ "op": "replace", "path": "emails", "value": [] }]), json!({})),
        (
            both.clone(),
            json!([{ "op": "replace", "path": "emails", "value": [home] }]),
            json!({ "emails": [home] }),
        ),
        (
            json!({ "emails": [home] }),
            json!([{ "op": "replace", "path": "emails[type eq \"home\" and value ew \"com\"].value", "value": "c@x.com" }]),
            json!({ "emails": [{ "value": "c@x.com", "type": "home" }] }),
        ),
    ] {
        assert_eq!(after(Mode::Strict, before, operations.clone()), Ok(expected), "{operations}");
    }
}

#[test]
fn what_entra_and_okta_send_is_understood() {
    let mobile = "phoneNumbers[type eq \"mobile\"].value";
    let work = "emails[type eq \"work\" and primary eq true]";
    for (operations, expected) in [
        (json!([{ "op": "Replace", "path": "active", "value": "False" }]), json!({ "active": false })),
        (json!([{ "op": "replace", "value": { "active": false } }]), json!({ "active": false })),
        (
            json!([{ "op": "Add", "path": mobile, "value": "1" }]),
            json!({ "phoneNumbers": [{ "type": "mobile", "value": "1" }] }),
        ),
        (
            json!([{ "op": "replace", "path": work, "value": { "value": "a@x" } }]),
            json!({ "emails": [{ "type": "work", "primary": true, "value": "a@x" }] }),
        ),
        (
            json!([{ "op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": "m" }]),
            json!({ (ENTERPRISE): { "manager": { "value": "m" } } }),
        ),
        (
            json!([{ "op": "replace", "value": {
                "displayName": "x", "name.givenName": "y", (format!("{ENTERPRISE}:employeeNumber")): "7",
                "emails[type eq \"work\"].value": "a@x", "id": "mine", "schemas": [], "unknown": 1, (ENTERPRISE): { "department": "z" },
            } }]),
            json!({
                "displayName": "x", "name": { "givenName": "y" }, (ENTERPRISE): { "employeeNumber": "7", "department": "z" },
                "emails": [{ "type": "work", "value": "a@x" }],
            }),
        ),
        (json!([{ "op": "add", "value": { "title": null } }]), json!({})),
    ] {
        assert_eq!(after(Mode::Entra, json!({}), operations.clone()), Ok(expected), "{operations}");
        assert!(patch(Mode::Strict, &person(json!({})), operations).is_err());
    }
    let named = json!([{ "op": "replace", "value": { "id": "g", "displayName": "Crew" } }]);
    let renamed = patch(Mode::Okta, &group(&["a"]).described(&meta()), named).unwrap();
    assert_eq!((renamed.changed, renamed.resource.value("displayName")), (true, Some(&"Crew".into())));
    assert_eq!(renamed.resource.value("id"), Some(&"2819c223".into()));
}

#[test]
fn members_come_and_go() {
    for (mode, operations, expected) in [
        (
            Mode::Strict,
            json!([{ "op": "add", "path": "members", "value": [{ "value": "c" }, { "value": "a" }] }]),
            "abc",
        ),
        (Mode::Strict, json!([{ "op": "remove", "path": "members[value eq \"a\"]" }]), "b"),
        (Mode::Strict, json!([{ "op": "remove", "path": "members[value eq \"a\" or value eq \"b\"]" }]), ""),
        (Mode::Strict, json!([{ "op": "remove", "path": "members[value eq \"A\"]" }]), "ab"),
        (Mode::Strict, json!([{ "op": "remove", "path": "members" }]), ""),
        (Mode::Strict, json!([{ "op": "replace", "path": "members", "value": [{ "value": "c" }] }]), "c"),
        (Mode::Entra, json!([{ "op": "Remove", "path": "members", "value": [{ "value": "a" }] }]), "b"),
        (Mode::Entra, json!([{ "op": "Remove", "path": "members", "value": [] }]), "ab"),
        (Mode::Entra, json!([{ "op": "Remove", "path": "members", "value": "b" }]), "a"),
        (
            Mode::Entra,
            json!([{ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": "b" }] }]),
            "a",
        ),
        (
            Mode::Okta,
            json!([{ "op": "add", "value": { "members": [{ "value": "d", "display": "D" }] } }]),
            "abd",
        ),
    ] {
        let before = group(&["a", "b"]);
        let patched = patch(mode, &before, operations.clone()).unwrap();
        assert_eq!(ids(&patched.resource), expected, "{operations}");
        assert_eq!(patched.changed, expected != "ab", "{operations}");
        let split = members(mode, &operations).unwrap();
        assert_eq!(applied(&split, &before), expected, "{operations}");
        assert!(split.rest.is_empty());
    }
    let rest = members(
        Mode::Entra,
        &json!([
            { "op": "add", "path": "members", "value": [{ "value": "c", "display": "C" }] },
            { "op": "replace", "path": "displayName", "value": "Crew" },
        ]),
    );
    let rest = rest.unwrap();
    // The name of a member is the server's to say.
    assert_eq!(rest.come["c"].get("display"), None);
    assert_eq!(rest.rest.apply(&group(&[])).unwrap().resource.value("displayName"), Some(&"Crew".into()));
    for path in
        ["members[value sw \"a\"]", "members[not (value eq \"a\")]", "members[value eq \"a\" and type pr]"]
    {
        assert_eq!(members(Mode::Strict, &json!([{ "op": "remove", "path": path }])), None, "{path}");
    }
}

fn members(mode: Mode, operations: &Value) -> Option<Members> {
    let body =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    Patch::read(&GROUP, mode, body.to_string().as_bytes()).unwrap().members()
}

fn id_set(group: &Resource) -> BTreeSet<String> {
    let members = group.value("members").and_then(|_| group.members()["members"].as_array());
    members.into_iter().flatten().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
}

/// The ids of the members, which have one letter each.
fn ids(group: &Resource) -> String {
    id_set(group).into_iter().collect()
}

/// Who is in a group when members come and go as was told without it.
fn applied(split: &Members, group: &Resource) -> String {
    let mut now = if split.everybody_goes { BTreeSet::new() } else { id_set(group) };
    now.extend(split.come.keys().cloned());
    now.into_iter().filter(|id| !split.go.contains(id)).collect()
}

#[test]
fn what_is_told_without_the_group_is_what_happens_to_it() {
    let mut rng = Rng::new(11);
    let mut told = 0;
    for _ in 0..3_000 {
        let some = |rng: &mut Rng| -> Vec<Value> {
            let count = rng.index(3);
            (0..count).map(|_| json!({ "value": pick(rng, &["a", "b", "c", "d"]) })).collect()
        };
        let operation = |rng: &mut Rng| match rng.below(7) {
            0 => json!({ "op": "add", "path": "members", "value": some(rng) }),
            1 => json!({ "op": "replace", "path": "members", "value": some(rng) }),
            2 => json!({ "op": "remove", "path": "members", "value": some(rng) }),
            3 => json!({ "op": "remove", "path": "members" }),
            4 => json!({ "op": "add", "value": { "members": some(rng), "displayName": "x" } }),
            _ => {
                json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", pick(rng, &["a", "b", "c"])) })
            }
        };
        let count = 1 + rng.index(5);
        let operations: Value = (0..count).map(|_| operation(&mut rng)).collect();
        let before = group(if rng.chance(1, 2) { &["a", "b"] } else { &[] });
        let whole = patch(Mode::Entra, &before, operations.clone()).unwrap().resource;
        if let Some(split) = members(Mode::Entra, &operations) {
            told += 1;
            assert_eq!(applied(&split, &before), ids(&whole), "{operations}");
            let named = split.rest.apply(&before).unwrap().resource;
            assert_eq!(named.value("displayName"), whole.value("displayName"), "{operations}");
        }
    }
    assert_eq!(told, 3_000);
}

#[test]
fn what_a_patch_may_not_do_is_refused() {
    let many = vec![json!({ "op": "remove", "path": "title" }); OPERATIONS_MAX + 1];
    for (operations, kind) in [
        (json!([]), Kind::InvalidSyntax),
        (json!("x"), Kind::InvalidSyntax),
        (json!([7]), Kind::InvalidSyntax),
        (json!(many), Kind::TooMany),
        (json!([{ "op": "move", "path": "title" }]), Kind::InvalidSyntax),
        (json!([{ "path": "title", "value": "x" }]), Kind::InvalidSyntax),
        (json!([{ "op": "replace", "value": { "title": "x" } }]), Kind::InvalidSyntax),
        (json!([{ "op": "remove" }]), Kind::NoTarget),
        (json!([{ "op": "add", "path": "title" }]), Kind::InvalidValue),
        (json!([{ "op": "add", "path": "title", "value": null }]), Kind::InvalidValue),
        (json!([{ "op": "add", "path": "title", "value": 7 }]), Kind::InvalidValue),
        (json!([{ "op": "add", "path": 7, "value": 7 }]), Kind::InvalidPath),
        (json!([{ "op": "add", "path": "nothing", "value": 7 }]), Kind::InvalidPath),
        (json!([{ "op": "add", "path": "name.nothing", "value": 7 }]), Kind::InvalidPath),
        (json!([{ "op": "add", "path": "emails[", "value": 7 }]), Kind::InvalidPath),
        (json!([{ "op": "add", "path": "title[value eq \"x\"]", "value": "x" }]), Kind::InvalidPath),
        (json!([{ "op": "add", "path": "urn:unknown:title", "value": "x" }]), Kind::InvalidPath),
        (json!([{ "op": "remove", "path": "emails[nothing eq \"x\"]" }]), Kind::InvalidFilter),
        (json!([{ "op": "replace", "path": "id", "value": "x" }]), Kind::Mutability),
        (json!([{ "op": "replace", "path": "meta.version", "value": "x" }]), Kind::Mutability),
        (json!([{ "op": "add", "path": "groups", "value": [] }]), Kind::Mutability),
        (
            json!([{ "op": "replace", "path": format!("{ENTERPRISE}:manager.displayName"), "value": "x" }]),
            Kind::Mutability,
        ),
        (json!([{ "op": "remove", "path": "userName" }]), Kind::Mutability),
        (json!([{ "op": "replace", "path": "userName", "value": null }]), Kind::Mutability),
        (json!([{ "op": "replace", "path": "userName", "value": "" }]), Kind::InvalidValue),
        (
            json!([{ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "x" }]),
            Kind::NoTarget,
        ),
        (
            json!([{ "op": "add", "path": "emails[type eq \"work\"]", "value": { "value": "x" } }]),
            Kind::NoTarget,
        ),
        (json!([{ "op": "remove", "path": "emails", "value": [{ "value": "x" }] }]), Kind::InvalidValue),
        (json!([{ "op": "add", "path": "emails", "value": [{ "nothing": "x" }] }]), Kind::InvalidSyntax),
        (json!([{ "op": "add", "path": ENTERPRISE, "value": { "nothing": "x" } }]), Kind::InvalidSyntax),
        (json!([{ "op": "add", "path": ENTERPRISE, "value": 7 }]), Kind::InvalidValue),
        (
            json!([{ "op": "add", "path": "emails", "value": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }]),
            Kind::InvalidValue,
        ),
    ] {
        assert_eq!(
            kind_of(patch(Mode::Strict, &person(json!({})), operations.clone())),
            kind,
            "{operations:.100}"
        );
    }
    let user = json!({ "Operations": [{ "op": "remove", "path": "title" }] });
    assert_eq!(kind_of(Patch::read(&USER, Mode::Strict, user.to_string().as_bytes())), Kind::InvalidSyntax);
    let of_user = Patch::read(&USER, Mode::Entra, user.to_string().as_bytes()).unwrap();
    assert_eq!(kind_of(of_user.apply(&group(&[]))), Kind::InvalidSyntax);
    let another = json!([{ "op": "replace", "path": "members[value eq \"a\"].value", "value": "b" }]);
    assert_eq!(kind_of(patch(Mode::Strict, &group(&["a"]), another)), Kind::Mutability);
    let contradiction =
        json!([{ "op": "add", "path": "emails[type eq \"work\"]", "value": { "type": "home" } }]);
    assert_eq!(kind_of(patch(Mode::Entra, &person(json!({})), contradiction)), Kind::InvalidValue);
    let two = person(json!({ "emails": [{ "value": "a" }, { "value": "b" }] }));
    let both = json!([{ "op": "replace", "path": "emails.primary", "value": true }]);
    assert_eq!(kind_of(patch(Mode::Strict, &two, both)), Kind::InvalidValue);
}

#[test]
fn two_patches_do_what_one_of_both_does_and_a_bad_end_undoes_all() {
    let mut rng = Rng::new(5);
    let mut refused = 0;
    for _ in 0..3_000 {
        let before = read(&USER, Mode::Tolerant, &shown_person(&mut rng)).unwrap();
        let (one, two) = (operations(&mut rng), operations(&mut rng));
        let both: Value = one.iter().chain(&two).cloned().collect();
        let apart = patch(Mode::Okta, &before, json!(one))
            .and_then(|first| patch(Mode::Okta, &first.resource, json!(two)));
        let together = patch(Mode::Okta, &before, both.clone());
        match (&apart, &together) {
            (Ok(apart), Ok(together)) => assert_eq!(apart.resource, together.resource, "{both}"),
            (Err(apart), Err(together)) => assert_eq!(apart.kind(), together.kind(), "{both}"),
            (_, _) => panic!("{apart:?} {together:?} {both}"),
        }
        refused += usize::from(together.is_err());
        if let Ok(once) = together {
            let stored = json!(once.resource.members());
            assert_eq!(read(&USER, Mode::Strict, &stored).map(|read| held(&read)), Ok(held(&once.resource)));
        }
    }
    assert!((30..2_000).contains(&refused), "{refused}");
}
