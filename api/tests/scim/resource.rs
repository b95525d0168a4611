//! Reading and showing resources, and their order.

use super::{ENTERPRISE, GROUP_URN, USER_URN, group, held, kind_of, meta, patch, person, read, with};
use api::scim::{GROUP, Kind, MEMBERS_MAX, Mode, Order, Resource, SHOWN_NAMES_MAX, Shown, USER, VALUES_MAX};
use serde_json::{Value, json};

fn user(mode: Mode, more: Value) -> Result<Resource, api::scim::Refusal> {
    read(&USER, mode, &with(json!({ "schemas": [USER_URN], "userName": "Ada" }), more))
}

fn shown(resource: &Resource, attributes: Option<&str>, excluded: Option<&str>) -> Value {
    resource.document(&Shown::read(resource.kind(), attributes, excluded).unwrap())
}

#[test]
fn names_get_the_spelling_of_the_schema_and_values_stay() {
    let sent = json!({
        "SCHEMAS": [USER_URN], "USERNAME": "ADA@Example.COM ", "Name": { "GIVENNAME": " Ada " },
        "emails": [{ "VALUE": "Ada@Example.com", "Type": "WORK" }], (ENTERPRISE.to_uppercase()): { "DEPARTMENT": "x" },
    });
    let user = read(&USER, Mode::Strict, &sent).unwrap();
    assert_eq!(
        held(&user),
        json!({
            "userName": "ADA@Example.COM ", "name": { "givenName": " Ada " },
            "emails": [{ "value": "Ada@Example.com", "type": "WORK" }], (ENTERPRISE): { "department": "x" },
        })
    );
    assert_eq!(user.members()["schemas"], json!([USER_URN, ENTERPRISE]));
}

#[test]
fn what_has_no_value_is_left_out() {
    let sent = json!({
        "title": null, "emails": [], "name": { "givenName": null }, "phoneNumbers": [null, {}], (ENTERPRISE): {},
        "addresses": [{ "type": null }], "nickName": "",
    });
    let user = user(Mode::Strict, sent).unwrap();
    assert_eq!(held(&user), json!({ "userName": "Ada", "nickName": "" }));
    assert_eq!(user.members()["schemas"], json!([USER_URN]));
}

#[test]
fn a_password_is_not_kept() {
    let user = user(Mode::Strict, json!({ "password": "secret" })).unwrap();
    assert_eq!(held(&user), json!({ "userName": "Ada" }));
    let operations = json!([{ "op": "replace", "path": "password", "value": "secret" }]);
    assert!(!patch(Mode::Strict, &user, operations).unwrap().changed);
}

#[test]
fn what_only_the_server_sets_is_passed_over() {
    let sent = json!({
        "id": "mine", "meta": { "version": "x" }, "groups": 7, (ENTERPRISE): { "manager": { "value": "m", "displayName": "M" } },
    });
    let user = user(Mode::Strict, sent).unwrap();
    assert_eq!(held(&user), json!({ "userName": "Ada", (ENTERPRISE): { "manager": { "value": "m" } } }));
}

#[test]
fn modes_differ_in_what_they_read() {
    let entra_group = json!({
        "schemas": [GROUP_URN, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "displayName": "Staff",
    });
    for (sent, strict, entra, okta) in [
        (json!({ "active": "False" }), false, true, false),
        (json!({ "unknown": 1 }), false, true, true),
        (json!({ "name": { "unknown": 1 } }), false, true, true),
        (json!({ "urn:unknown": {} }), false, true, true),
        (json!({ "schemas": null }), false, true, true),
        (json!({ "schemas": [] }), false, true, true),
        (json!({ "schemas": [USER_URN, "urn:unknown"] }), false, true, true),
        (json!({ (ENTERPRISE): { "manager": "26118915" } }), false, true, false),
        (json!({ "emails": { "value": "a@example.com" } }), false, true, true),
    ] {
        let accepted = |mode| user(mode, sent.clone()).is_ok();
        let found = (accepted(Mode::Strict), accepted(Mode::Entra), accepted(Mode::Okta));
        assert_eq!(found, (strict, entra, okta), "{sent}");
        assert!(accepted(Mode::Tolerant), "{sent}");
    }
    assert!(read(&GROUP, Mode::Strict, &entra_group).is_err());
    assert!(read(&GROUP, Mode::Entra, &entra_group).is_ok());
    let manager = user(Mode::Entra, json!({ "active": "False", (ENTERPRISE): { "manager": "m" } })).unwrap();
    assert_eq!(
        held(&manager),
        json!({ "userName": "Ada", "active": false, (ENTERPRISE): { "manager": { "value": "m" } } })
    );
}

#[test]
fn what_does_not_fit_is_refused_and_said_where() {
    for (sent, kind, place) in [
        (json!({ "userName": null }), Kind::InvalidValue, "`userName`"),
        (json!({ "userName": "" }), Kind::InvalidValue, "`userName`"),
        (json!({ "userName": 7 }), Kind::InvalidValue, "`userName`"),
        (json!({ "USERNAME": "Bob" }), Kind::InvalidSyntax, "`userName`"),
        (json!({ "name": "Ada" }), Kind::InvalidValue, "`name`"),
        (json!({ "name": { "givenName": ["Ada"] } }), Kind::InvalidValue, "`name.givenName`"),
        (json!({ "name": { "givenName": "a", "GivenName": "b" } }), Kind::InvalidSyntax, "`givenName`"),
        (json!({ "emails": "a@example.com" }), Kind::InvalidValue, "`emails`"),
        (json!({ "emails": ["a@example.com"] }), Kind::InvalidValue, "`emails`"),
        (json!({ "emails": [{ "primary": 1 }] }), Kind::InvalidValue, "`emails.primary`"),
        (
            json!({ "emails": [{ "value": "a", "primary": true }, { "value": "b", "primary": true }] }),
            Kind::InvalidValue,
            "`primary`",
        ),
        (json!({ "active": "maybe" }), Kind::InvalidValue, "`active`"),
        (json!({ "profileUrl": "a b" }), Kind::InvalidValue, "`profileUrl`"),
        (json!({ "x509Certificates": [{ "value": "!" }] }), Kind::InvalidValue, "`x509Certificates.value`"),
        (json!({ (ENTERPRISE): [] }), Kind::InvalidValue, ENTERPRISE),
        (json!({ (ENTERPRISE): { "manager": { "value": 1 } } }), Kind::InvalidValue, ":manager.value`"),
        (json!({ "schemas": "x" }), Kind::InvalidSyntax, "`schemas`"),
        (json!({ "schemas": [7] }), Kind::InvalidSyntax, "`schemas`"),
        (json!({ "roles": vec![json!({ "value": "x" }); VALUES_MAX + 1] }), Kind::TooMany, "`roles`"),
    ] {
        let refusal = user(Mode::Strict, sent.clone()).unwrap_err();
        assert_eq!(refusal.kind(), kind, "{refusal}");
        assert!(refusal.to_string().contains(place), "{refusal}");
        assert!(!refusal.to_string().contains('\n') && !refusal.to_string().ends_with('.'), "{refusal}");
    }
    let body = |members: usize| {
        let members: Vec<Value> = (0..members).map(|id| json!({ "value": id.to_string() })).collect();
        json!({ "schemas": [GROUP_URN], "displayName": "All", "members": members })
    };
    assert!(read(&GROUP, Mode::Strict, &body(MEMBERS_MAX)).is_ok());
    assert_eq!(kind_of(read(&GROUP, Mode::Strict, &body(MEMBERS_MAX + 1))), Kind::TooMany);
    let nameless = json!({ "schemas": [GROUP_URN], "displayName": "All", "members": [{ "display": "x" }] });
    assert_eq!(kind_of(read(&GROUP, Mode::Tolerant, &nameless)), Kind::InvalidValue);
    assert_eq!(kind_of(read(&GROUP, Mode::Tolerant, &json!([]))), Kind::InvalidSyntax);
}

#[test]
fn a_resource_is_shown_with_what_the_server_knows() {
    let described = person(json!({ "password": "secret" })).described(&meta());
    assert_eq!(
        shown(&described, None, None),
        json!({
            "schemas": [USER_URN],
            "id": "2819c223",
            "meta": {
                "resourceType": "User", "created": "2011-05-13T04:42:34.000000Z", "lastModified": "2011-05-13T04:42:35.000000Z",
                "location": "https://deed.example/scim/v2/people/2819c223", "version": "W/\"7\"",
            },
            "userName": "Ada",
        })
    );
}

#[test]
fn a_client_sees_what_it_asks_for() {
    let resource = person(json!({
        "title": "Boss", "name": { "givenName": "Ada", "familyName": "L" }, "password": "secret",
        "emails": [{ "value": "a@example.com", "type": "work" }, { "type": "home" }],
        (ENTERPRISE): { "department": "x", "costCenter": "y" },
    }))
    .described(&meta());
    let always = |more: Value| with(json!({ "schemas": [USER_URN, ENTERPRISE], "id": "2819c223" }), more);
    for (asked, seen) in [
        ("userName", json!({ "userName": "Ada" })),
        ("USERNAME, title", json!({ "userName": "Ada", "title": "Boss" })),
        ("name.givenName", json!({ "name": { "givenName": "Ada" } })),
        ("name.givenName,name", json!({ "name": { "givenName": "Ada", "familyName": "L" } })),
        ("emails.value", json!({ "emails": [{ "value": "a@example.com" }] })),
        (ENTERPRISE, json!({ (ENTERPRISE): { "department": "x", "costCenter": "y" } })),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            json!({ (ENTERPRISE): { "department": "x" } }),
        ),
        ("urn:ietf:params:scim:schemas:core:2.0:User:title", json!({ "title": "Boss" })),
        ("password", json!({})),
        ("nothing,no.thing,,:,urn:x:y", json!({})),
    ] {
        assert_eq!(shown(&resource, Some(asked), None), always(seen), "{asked}");
    }
    let without = shown(
        &resource,
        None,
        Some(&format!("emails,name.familyName,meta,id,schemas,{ENTERPRISE}:department")),
    );
    assert_eq!(
        without,
        always(json!({
            "userName": "Ada", "title": "Boss", "name": { "givenName": "Ada" }, (ENTERPRISE): { "costCenter": "y" },
        }))
    );
    assert_eq!(shown(&resource, None, Some(ENTERPRISE)).get(ENTERPRISE), None);
}

#[test]
fn a_choice_of_attributes_has_bounds() {
    assert_eq!(kind_of(Shown::read(&USER, Some("title"), Some("name"))), Kind::InvalidValue);
    assert_eq!(Shown::read(&USER, Some(" "), Some("name")).unwrap(), Shown::without(&USER, "name"));
    let names = vec!["title"; SHOWN_NAMES_MAX + 1].join(",");
    assert_eq!(kind_of(Shown::read(&USER, Some(&names), None)), Kind::TooMany);
    let without = Shown::without(&GROUP, "members");
    assert!(!without.shows(&GROUP, "Members") && without.shows(&GROUP, "displayName"));
    assert_eq!(group(&["a"]).document(&without).get("members"), None);
}

#[test]
fn the_server_adds_what_only_it_sets() {
    let groups = json!([{ "value": "g", "type": "direct" }]);
    let user = person(json!({})).with_read_only("groups", groups.clone()).with_read_only("title", "x".into());
    assert_eq!(held(&user), json!({ "userName": "Ada", "groups": groups }));
}

#[test]
fn results_are_sorted_and_those_without_a_value_come_last() {
    let people = [
        person(json!({ "title": "b", "emails": [{ "value": "z@x", "primary": true }, { "value": "a@x" }] })),
        person(json!({ "title": "A", "active": true })),
        person(json!({ "active": false })),
        person(json!({ "title": "C", "emails": [{ "value": "b@x" }] })),
    ];
    let sorted = |by: &str, order: Option<&str>| {
        let order = Order::read(&USER, by, order).unwrap();
        let mut places: Vec<usize> = (0..people.len()).collect();
        places.sort_by_key(|place| order.rank(&people[*place]));
        places
    };
    assert_eq!(sorted("title", None), [1, 0, 3, 2]);
    assert_eq!(sorted("TITLE", Some("Ascending")), [1, 0, 3, 2]);
    assert_eq!(sorted("title", Some("descending")), [2, 3, 0, 1]);
    assert_eq!(sorted("emails", None), [3, 0, 1, 2]);
    assert_eq!(sorted("emails.value", None), [3, 0, 1, 2]);
    assert_eq!(sorted("active", None), [2, 1, 0, 3]);
    for by in ["name", "nothing", "password", "", "emails[type eq \"work\"]"] {
        assert_eq!(kind_of(Order::read(&USER, by, None)), Kind::InvalidPath, "{by}");
    }
    assert_eq!(kind_of(Order::read(&USER, "title", Some("up"))), Kind::InvalidValue);
}
