//! Agents and the applications that they belong to (draft-wzdk-scim-agent-resource; the tables are those of scim-sanity 0.7.4).

use super::shared::{CERTIFICATES, MEMBERSHIPS, OTHERS, VALUE};
use super::{Attribute, ResourceType, Schema};

/// Agents.
pub static AGENT: ResourceType = ResourceType {
    name: "Agent",
    endpoint: "/Agents",
    description: "An agent with an identity of its own",
    schema: &AGENT_SCHEMA,
    extensions: &[],
};

/// Applications of agents.
pub static AGENTIC_APPLICATION: ResourceType = ResourceType {
    name: "AgenticApplication",
    endpoint: "/AgenticApplications",
    description: "An application that agents belong to",
    schema: &APPLICATION_SCHEMA,
    extensions: &[],
};

static AGENT_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:Agent",
    name: "Agent",
    description: "An agent with an identity of its own",
    attributes: AGENT_ATTRIBUTES,
};

static APPLICATION_SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:AgenticApplication",
    name: "AgenticApplication",
    description: "An application that agents belong to",
    attributes: APPLICATION_ATTRIBUTES,
};

const NAME: Attribute = Attribute::text("name", "Its name, unique whatever its capitals").required().unique();
const DISPLAY_NAME: Attribute = Attribute::text("displayName", "The name to show");
const DESCRIPTION: Attribute = Attribute::text("description", "What it is for");

const AGENT_ATTRIBUTES: &[Attribute] = &[
    NAME,
    DISPLAY_NAME,
    Attribute::text("agentType", "What kind of agent it is, such as Assistant"),
    Attribute::truth("active", "Whether it may act"),
    DESCRIPTION,
    Attribute::text("subject", "Its subject in tokens of the identity provider").of_server(),
    Attribute::complex("groups", MEMBERSHIPS, "The groups that it is in").many().of_server(),
    Attribute::complex("entitlements", VALUE, "What it is entitled to").many(),
    Attribute::complex("roles", VALUE, "The roles that it has").many(),
    Attribute::complex("x509Certificates", CERTIFICATES, "Certificates of it").many(),
    Attribute::complex("applications", OTHERS, "The applications that it belongs to").many().of_server(),
    Attribute::complex("owners", OTHERS, "Who answers for it").many().of_server(),
    Attribute::complex("protocols", PROTOCOLS, "What it speaks").many().of_server(),
    Attribute::complex("parent", OTHERS, "The agent that it works for").of_server(),
];

/// The second name is spelled as in the draft.
const PROTOCOLS: &[Attribute] = &[
    Attribute::text("type", "The protocol, such as A2A or MCP-Server").of_server(),
    Attribute::text("specifiationUrl", "Where it is described").of_server(),
];

const APPLICATION_ATTRIBUTES: &[Attribute] =
    &[NAME, DISPLAY_NAME, DESCRIPTION, Attribute::truth("active", "Whether it may act")];
