//! Groups (RFC 7643, section 4.2).

use super::{Attribute, ResourceType, Schema};

/// Groups.
pub static GROUP: ResourceType = ResourceType {
    name: "Group",
    endpoint: "/Groups",
    description: "A group of people",
    schema: &SCHEMA,
    extensions: &[],
};

static SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "A group of people",
    attributes: ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("displayName", "The name of the group").required(),
    Attribute::complex("members", MEMBERS, "Who is in the group").many(),
];

const MEMBERS: &[Attribute] = &[
    Attribute::text("value", "The id of the member").required().exact().once(),
    Attribute::reference("$ref", &["User", "Group"], "Where the member is").once(),
    Attribute::text("type", "What the member is").known(&["User", "Group"]).once(),
    Attribute::text("display", "The name of the member").of_server(),
];
