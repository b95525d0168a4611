//! The attributes that resources have, as tables: what is read, filtered, patched and shown, and what `/Schemas` says, follows from them alone.

mod agent;
mod documents;
mod group;
mod shared;
mod user;

use std::fmt;

pub use agent::{AGENT, AGENTIC_APPLICATION};
pub use documents::{Features, resource_type_documents, schema_documents, service_provider_config};
pub use group::GROUP;
pub(super) use shared::{META, SCHEMAS};
pub use user::USER;

/// Every type of resource.
pub static RESOURCE_TYPES: [&ResourceType; 4] = [&USER, &GROUP, &AGENT, &AGENTIC_APPLICATION];

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Text.
    String,
    /// True or false.
    Boolean,
    /// A number with a fraction.
    Decimal,
    /// A whole number.
    Integer,
    /// A point in time.
    DateTime,
    /// Bytes in base64.
    Binary,
    /// The address of something.
    Reference,
    /// An object with sub-attributes.
    Complex,
}

impl Type {
    /// Its name in `/Schemas`.
    pub fn name(self) -> &'static str {
        match self {
            Self::String => "string",
            Self::Boolean => "boolean",
            Self::Decimal => "decimal",
            Self::Integer => "integer",
            Self::DateTime => "dateTime",
            Self::Binary => "binary",
            Self::Reference => "reference",
            Self::Complex => "complex",
        }
    }
}

/// Who may change an attribute, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mutability {
    /// The server alone.
    ReadOnly,
    /// Clients, at any time.
    ReadWrite,
    /// Clients, once.
    Immutable,
    /// Clients, and nobody sees it.
    WriteOnly,
}

impl Mutability {
    /// Its name in `/Schemas`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadOnly => "readOnly",
            Self::ReadWrite => "readWrite",
            Self::Immutable => "immutable",
            Self::WriteOnly => "writeOnly",
        }
    }
}

/// When an attribute is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Returned {
    /// Always.
    Always,
    /// Never.
    Never,
    /// Unless others are asked for.
    Default,
    /// Only when asked for.
    Request,
}

impl Returned {
    /// Its name in `/Schemas`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::Never => "never",
            Self::Default => "default",
            Self::Request => "request",
        }
    }
}

/// Among whom a value is unique.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Uniqueness {
    /// Nobody.
    None,
    /// The resources of this server.
    Server,
    /// The world.
    Global,
}

impl Uniqueness {
    /// Its name in `/Schemas`.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Server => "server",
            Self::Global => "global",
        }
    }
}

/// One attribute of a schema, or one sub-attribute of an attribute.
#[derive(PartialEq, Eq)]
pub struct Attribute {
    /// Its name, in the spelling of the schema.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// What its values are.
    pub kind: Type,
    /// Whether it has many values.
    pub multi: bool,
    /// Whether a resource without it is refused.
    pub required: bool,
    /// Whether capitals matter when values are compared.
    pub case_exact: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is shown.
    pub returned: Returned,
    /// Among whom its values are unique.
    pub uniqueness: Uniqueness,
    /// Values with a known meaning. Others are accepted as well.
    pub canonical: &'static [&'static str],
    /// What it may lead to, when it is the address of something.
    pub references: &'static [&'static str],
    /// What its values are made of, when they are complex.
    pub subs: &'static [Self],
}

impl Attribute {
    const fn new(name: &'static str, kind: Type, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            multi: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical: &[],
            references: &[],
            subs: &[],
        }
    }

    const fn text(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Type::String, description)
    }

    const fn truth(name: &'static str, description: &'static str) -> Self {
        Self::new(name, Type::Boolean, description)
    }

    const fn reference(name: &'static str, to: &'static [&'static str], description: &'static str) -> Self {
        Self { references: to, case_exact: true, ..Self::new(name, Type::Reference, description) }
    }

    const fn complex(name: &'static str, subs: &'static [Self], description: &'static str) -> Self {
        Self { subs, ..Self::new(name, Type::Complex, description) }
    }

    const fn many(self) -> Self {
        Self { multi: true, ..self }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn exact(self) -> Self {
        Self { case_exact: true, ..self }
    }

    const fn unique(self) -> Self {
        Self { uniqueness: Uniqueness::Server, ..self }
    }

    const fn of_server(self) -> Self {
        Self { mutability: Mutability::ReadOnly, ..self }
    }

    const fn once(self) -> Self {
        Self { mutability: Mutability::Immutable, ..self }
    }

    const fn known(self, canonical: &'static [&'static str]) -> Self {
        Self { canonical, ..self }
    }

    /// The sub-attribute of that name, whatever its capitals.
    pub fn sub(&self, name: &str) -> Option<&'static Self> {
        named(self.subs, name)
    }

    /// Whether only the server sets it.
    pub fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }
}

/// The attribute of that name, whatever its capitals.
pub(super) fn named(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// A named list of attributes. Two are the same when their URN is.
pub struct Schema {
    /// Its URN.
    pub id: &'static str,
    /// Its name, for people.
    pub name: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// What it has.
    pub attributes: &'static [Attribute],
}

/// A type of resource: where it is, and what it has. Two are the same when their name is.
pub struct ResourceType {
    /// Its name, which is its id as well.
    pub name: &'static str,
    /// Where its resources are.
    pub endpoint: &'static str,
    /// What it is, for people.
    pub description: &'static str,
    /// What every resource of it has.
    pub schema: &'static Schema,
    /// What it may have besides. None of them is required.
    pub extensions: &'static [&'static Schema],
}

impl ResourceType {
    /// The extension of that URN, whatever its capitals.
    pub fn extension(&self, urn: &str) -> Option<&'static Schema> {
        self.extensions.iter().copied().find(|schema| schema.id.eq_ignore_ascii_case(urn))
    }

    /// The attribute of that name outside extensions, whatever its capitals; those that every resource has included.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        named(self.schema.attributes, name).or_else(|| named(shared::COMMON, name))
    }

    /// Every attribute outside extensions.
    pub fn attributes(&self) -> impl Iterator<Item = &'static Attribute> + use<> {
        shared::COMMON.iter().chain(self.schema.attributes)
    }
}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Schema {}

impl PartialEq for ResourceType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for ResourceType {}

impl fmt::Debug for Attribute {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

impl fmt::Debug for Schema {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.id)
    }
}

impl fmt::Debug for ResourceType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}
