//! SCIM resources as documents: what is read, found, changed and shown, checked by hand, against another implementation, and with what no client should send.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

mod filter;
mod generate;
mod hostile;
mod oracle;
mod patch;
mod resource;
mod schema;

use api::scim::{GROUP, Kind, Meta, Mode, Patch, Patched, Refusal, Resource, ResourceType, USER};
use ledger::time::Time;
use serde_json::{Value, json};

const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn read(kind: &'static ResourceType, mode: Mode, value: &Value) -> Result<Resource, Refusal> {
    Resource::read(kind, mode, value.to_string().as_bytes())
}

/// A person with these attributes besides a name to sign in with.
fn person(attributes: Value) -> Resource {
    read(
        &USER,
        Mode::Strict,
        &with(json!({ "schemas": [USER_URN, ENTERPRISE], "userName": "Ada" }), attributes),
    )
    .unwrap()
}

fn group(members: &[&str]) -> Resource {
    let members: Vec<Value> = members.iter().map(|id| json!({ "value": id })).collect();
    let document = json!({ "schemas": [GROUP_URN], "displayName": "Staff", "members": members });
    read(&GROUP, Mode::Strict, &document).unwrap()
}

fn with(mut document: Value, more: Value) -> Value {
    let more = more.as_object().unwrap().clone();
    document.as_object_mut().unwrap().extend(more);
    document
}

fn meta() -> Meta {
    Meta {
        id: "2819c223".into(),
        location: "https://deed.example/scim/v2/people/2819c223".into(),
        version: 7,
        created: Time::from_micros(1_305_261_754_000_000),
        last_modified: Time::from_micros(1_305_261_755_000_000),
    }
}

fn patch(mode: Mode, resource: &Resource, operations: Value) -> Result<Patched, Refusal> {
    let body =
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations });
    Patch::read(resource.kind(), mode, body.to_string().as_bytes())?.apply(resource)
}

/// What a resource holds, without `schemas`.
fn held(resource: &Resource) -> Value {
    let mut members = resource.members().clone();
    members.shift_remove("schemas");
    Value::Object(members)
}

fn kind_of<T: std::fmt::Debug>(result: Result<T, Refusal>) -> Kind {
    result.unwrap_err().kind()
}
