//! What a server says about itself: `/Schemas`, `/ResourceTypes` and `/ServiceProviderConfig`. No member is null.

use super::{Attribute, ResourceType, Schema, Type};
use crate::scim::json::BODY_BYTES_MAX;
use crate::scim::list::{COUNT_DEFAULT, COUNT_MAX};
use serde_json::{Map, Value, json};

const SCHEMA: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";
const RESOURCE_TYPE: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
const CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// The schemas of these types of resources, each once, with its id. `base` is the address that SCIM is served at.
pub fn schema_documents(kinds: &[&ResourceType], base: &str) -> Vec<(&'static str, Value)> {
    let mut schemas: Vec<&Schema> = Vec::new();
    let all =
        kinds.iter().flat_map(|kind| std::iter::once(kind.schema).chain(kind.extensions.iter().copied()));
    for schema in all {
        if !schemas.contains(&schema) {
            schemas.push(schema);
        }
    }
    schemas.into_iter().map(|schema| (schema.id, of_schema(schema, base))).collect()
}

/// These types of resources, each with its id. `base` is the address that SCIM is served at.
pub fn resource_type_documents(kinds: &[&ResourceType], base: &str) -> Vec<(&'static str, Value)> {
    kinds.iter().map(|kind| (kind.name, of_kind(kind, base))).collect()
}

fn of_schema(schema: &Schema, base: &str) -> Value {
    json!({
        "schemas": [SCHEMA],
        "id": schema.id,
        "name": schema.name,
        "description": schema.description,
        "attributes": schema.attributes.iter().map(of_attribute).collect::<Vec<_>>(),
        "meta": { "resourceType": "Schema", "location": format!("{base}/Schemas/{}", schema.id) },
    })
}

fn of_kind(kind: &ResourceType, base: &str) -> Value {
    let extension = |schema: &&Schema| json!({ "schema": schema.id, "required": false });
    json!({
        "schemas": [RESOURCE_TYPE],
        "id": kind.name,
        "name": kind.name,
        "description": kind.description,
        "endpoint": kind.endpoint,
        "schema": kind.schema.id,
        "schemaExtensions": kind.extensions.iter().map(extension).collect::<Vec<_>>(),
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{}", kind.name) },
    })
}

/// What of an attribute has no meaning for its type is left out.
fn of_attribute(attribute: &Attribute) -> Value {
    let mut members = Map::new();
    let mut say = |name: &str, value: Value| members.insert(name.into(), value);
    say("name", attribute.name.into());
    say("type", attribute.kind.name().into());
    say("multiValued", attribute.multi.into());
    say("description", attribute.description.into());
    say("required", attribute.required.into());
    if matches!(attribute.kind, Type::String | Type::Reference | Type::Binary) {
        say("caseExact", attribute.case_exact.into());
    }
    say("mutability", attribute.mutability.name().into());
    say("returned", attribute.returned.name().into());
    say("uniqueness", attribute.uniqueness.name().into());
    if !attribute.canonical.is_empty() {
        say("canonicalValues", attribute.canonical.into());
    }
    if !attribute.references.is_empty() {
        say("referenceTypes", attribute.references.into());
    }
    if !attribute.subs.is_empty() {
        say("subAttributes", attribute.subs.iter().map(of_attribute).collect());
    }
    Value::Object(members)
}

/// What a server offers beyond reading, writing and filtering.
#[derive(Clone, Debug)]
pub struct Features {
    /// The most operations in one bulk request; `None` when there are none.
    pub bulk_operations_max: Option<u64>,
    /// Whether results can be sorted.
    pub sort: bool,
    /// Whether versions are told apart by entity tags.
    pub etag: bool,
    /// Whether passwords can be set.
    pub change_password: bool,
    /// How long a cursor can be used; `None` when nothing is to be said of cursors.
    pub cursor_seconds: Option<u64>,
    /// Whether the server keeps to the interoperability profile.
    pub interop_profile: bool,
    /// How clients may authenticate: type, name and description of each.
    pub authentication: Vec<(String, String, String)>,
}

/// The configuration. `base` is the address that SCIM is served at.
pub fn service_provider_config(features: &Features, base: &str) -> Value {
    let mut document = standard_config(features, base);
    // Clients that know only the standard refuse the name, so it is said only where it is true.
    if let Some(members) = document.as_object_mut() {
        members.extend(features.cursor_seconds.map(|seconds| ("pagination".to_owned(), pagination(seconds))));
        members
            .extend(features.interop_profile.then(|| ("interopProfileConformant".to_owned(), true.into())));
    }
    document
}

fn standard_config(features: &Features, base: &str) -> Value {
    let bulk = features.bulk_operations_max;
    json!({
        "schemas": [CONFIG],
        "patch": { "supported": true },
        "bulk": {
            "supported": bulk.is_some(),
            "maxOperations": bulk.unwrap_or(0),
            "maxPayloadSize": if bulk.is_some() { BODY_BYTES_MAX } else { 0 },
        },
        "filter": { "supported": true, "maxResults": COUNT_MAX },
        "changePassword": { "supported": features.change_password },
        "sort": { "supported": features.sort },
        "etag": { "supported": features.etag },
        "authenticationSchemes": features.authentication.iter().enumerate().map(scheme).collect::<Vec<_>>(),
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    })
}

/// RFC 9865, section 4.
fn pagination(cursor_seconds: u64) -> Value {
    let mut members = Map::new();
    members.insert("cursor".into(), true.into());
    members.insert("index".into(), true.into());
    members.insert("defaultPaginationMethod".into(), "index".into());
    members.insert("defaultPageSize".into(), COUNT_DEFAULT.into());
    members.insert("maxPageSize".into(), COUNT_MAX.into());
    members.insert("cursorTimeout".into(), cursor_seconds.into());
    Value::Object(members)
}

fn scheme((place, (kind, name, description)): (usize, &(String, String, String))) -> Value {
    json!({ "type": kind, "name": name, "description": description, "primary": place == 0 })
}
