//! What the server says about itself.

use super::{ENTERPRISE, GROUP_URN, USER_URN};
use api::scim::{
    Attribute, Features, GROUP, RESOURCE_TYPES, Returned, USER, resource_type_documents, schema_documents,
    service_provider_config,
};
use serde_json::Value;

const BASE: &str = "https://deed.example/scim/v2";

fn nulls(value: &Value) -> usize {
    match value {
        Value::Null => 1,
        Value::Array(list) => list.iter().map(nulls).sum(),
        Value::Object(members) => members.values().map(nulls).sum(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => 0,
    }
}

#[test]
fn each_schema_is_listed_once_and_has_no_null() {
    let documents = schema_documents(&RESOURCE_TYPES, BASE);
    let ids: Vec<_> = documents.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids.len(), 5);
    assert_eq!(ids[..3], [USER_URN, ENTERPRISE, GROUP_URN]);
    for (id, document) in documents {
        assert_eq!((nulls(&document), document["id"].as_str()), (0, Some(id)));
        assert_eq!(document["meta"]["location"], format!("{BASE}/Schemas/{id}"));
    }
}

#[test]
fn a_schema_says_what_the_table_says() {
    let (_, user) = schema_documents(&[&USER], BASE).remove(0);
    let named = |name: &str| {
        let attributes = user["attributes"].as_array().unwrap();
        attributes.iter().find(|attribute| attribute["name"] == name).unwrap().clone()
    };
    let name = named("userName");
    assert_eq!(
        (&name["type"], &name["required"], &name["caseExact"], &name["uniqueness"]),
        (&"string".into(), &true.into(), &false.into(), &"server".into())
    );
    assert_eq!(named("password")["returned"], "never");
    assert_eq!(named("groups")["mutability"], "readOnly");
    assert_eq!(named("active").get("caseExact"), None);
    let emails = named("emails");
    assert_eq!(emails["multiValued"], true);
    assert_eq!(emails["subAttributes"][2]["canonicalValues"], serde_json::json!(["work", "home", "other"]));
}

#[test]
fn the_tables_are_consistent() {
    fn check(attribute: &Attribute) {
        assert_eq!(attribute.subs.is_empty(), attribute.kind.name() != "complex", "{}", attribute.name);
        assert_eq!(
            attribute.references.is_empty(),
            attribute.kind.name() != "reference",
            "{}",
            attribute.name
        );
        assert!(
            !attribute.description.is_empty() && !attribute.description.ends_with('.'),
            "{}",
            attribute.name
        );
        if attribute.is_read_only() {
            assert!(attribute.subs.iter().all(Attribute::is_read_only), "{}", attribute.name);
        }
        attribute.subs.iter().for_each(check);
    }
    for kind in RESOURCE_TYPES {
        let mut names: Vec<_> = kind.attributes().map(|one| one.name.to_lowercase()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), kind.attributes().count());
        kind.attributes().for_each(check);
        kind.extensions.iter().flat_map(|schema| schema.attributes).for_each(check);
        assert_eq!(kind.attribute("ID").map(|id| id.returned), Some(Returned::Always));
    }
}

#[test]
fn each_type_says_where_it_is() {
    let documents = resource_type_documents(&RESOURCE_TYPES, BASE);
    let endpoints: Vec<_> =
        documents.iter().map(|(_, document)| document["endpoint"].as_str().unwrap()).collect();
    assert_eq!(endpoints, ["/Users", "/Groups", "/Agents", "/AgenticApplications"]);
    let (_, user) = &documents[0];
    assert_eq!(
        (&user["schema"], &user["schemaExtensions"][0]["schema"]),
        (&USER_URN.into(), &ENTERPRISE.into())
    );
    assert!(documents.iter().all(|(_, document)| nulls(document) == 0));
}

#[test]
fn the_configuration_has_no_null_and_says_only_what_is_so() {
    let mut features = Features {
        bulk_operations_max: None,
        sort: true,
        etag: true,
        change_password: false,
        cursor_seconds: None,
        interop_profile: false,
        authentication: vec![("oauthbearertoken".into(), "Bearer".into(), "A token".into())],
    };
    let document = service_provider_config(&features, BASE);
    assert_eq!(nulls(&document), 0);
    assert_eq!(document["bulk"]["supported"], false);
    assert_eq!(document.get("pagination"), None);
    assert_eq!(document["authenticationSchemes"][0]["primary"], true);
    assert_eq!(document.get("interopProfileConformant"), None);
    features.interop_profile = true;
    features.bulk_operations_max = Some(100);
    features.cursor_seconds = Some(600);
    let document = service_provider_config(&features, BASE);
    assert_eq!(
        (&document["bulk"]["maxOperations"], &document["pagination"]["cursorTimeout"]),
        (&100.into(), &600.into())
    );
    assert_eq!(document["interopProfileConformant"], true);
    assert_eq!(GROUP.extensions.len(), 0);
}
