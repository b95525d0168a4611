//! One resource: what a client said of it and what the server knows.

use super::error::{Refusal, invalid_value};
use super::json;
use super::mode::Mode;
use super::place::Place;
use super::read::Reader;
use super::schema::{META, ResourceType, SCHEMAS};
use super::shown::Shown;
use ledger::time::Time;
use serde_json::{Map, Value, json};

/// What the server knows about a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Its lasting name.
    pub id: String,
    /// Where it is.
    pub location: String,
    /// How often it was changed, or any other number that each change changes.
    pub version: u64,
    /// When it was added.
    pub created: Time,
    /// When it was last changed.
    pub last_modified: Time,
}

impl Meta {
    /// The entity tag of this version.
    pub fn etag(&self) -> String {
        format!("W/\"{}\"", self.version)
    }

    fn document(&self, kind: &ResourceType) -> Value {
        json!({
            "resourceType": kind.name,
            "created": self.created,
            "lastModified": self.last_modified,
            "location": self.location,
            "version": self.etag(),
        })
    }
}

/// A resource of a type. Its names have the spelling of the schema, and nothing in it is null or empty.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    kind: &'static ResourceType,
    members: Map<String, Value>,
}

impl Resource {
    /// Reads what a client sends to add or replace a resource.
    ///
    /// # Errors
    /// When it is no such resource: the refusal says where.
    pub fn read(kind: &'static ResourceType, mode: Mode, body: &[u8]) -> Result<Self, Refusal> {
        Self::from_value(kind, mode, json::read(body)?)
    }

    /// The same, from JSON that is read already: an operation of a bulk request, or what was stored.
    ///
    /// # Errors
    /// When it is no such resource: the refusal says where.
    pub fn from_value(kind: &'static ResourceType, mode: Mode, body: Value) -> Result<Self, Refusal> {
        Self::settled(kind, Reader { kind, mode }.resource(body)?)
    }

    /// A resource of these members, when nothing that it must have is missing.
    pub(super) fn settled(kind: &'static ResourceType, members: Map<String, Value>) -> Result<Self, Refusal> {
        let missing = |name: &str| members.get(name).is_none_or(|value| value.as_str() == Some(""));
        if let Some(attribute) = kind.attributes().find(|one| one.required && missing(one.name)) {
            return Err(invalid_value(format!("`{}` is missing; a {} needs it", attribute.name, kind.name)));
        }
        Ok(Self::of(kind, members))
    }

    /// A resource of these members, without what is empty and with `schemas` that say what is left.
    fn of(kind: &'static ResourceType, mut members: Map<String, Value>) -> Self {
        prune(&mut members);
        let present = kind.extensions.iter().filter(|schema| members.contains_key(schema.id));
        let schemas: Vec<_> = std::iter::once(&kind.schema).chain(present).map(|schema| schema.id).collect();
        members.insert(SCHEMAS.name.into(), schemas.into());
        Self { kind, members }
    }

    /// The resource with what the server knows of it, which filters, sorting and answers need.
    #[must_use]
    pub fn described(mut self, meta: &Meta) -> Self {
        self.members.insert("id".into(), meta.id.clone().into());
        self.members.insert(META.name.into(), meta.document(self.kind));
        self
    }

    /// The resource with values that only the server sets, such as the `groups` of a person. Other attributes are left as they are.
    #[must_use]
    pub fn with_read_only(mut self, name: &str, value: Value) -> Self {
        let attribute = self.kind.attribute(name).filter(|attribute| attribute.is_read_only());
        if let Some(attribute) = attribute.filter(|_| !is_empty(&value)) {
            self.members.insert(attribute.name.into(), value);
        }
        self
    }

    /// The resource, of which `active` is true unless something else is said.
    #[must_use]
    pub fn or_active(mut self) -> Self {
        self.members.entry("active").or_insert(true.into());
        self
    }

    /// The resource of which `active` is false, whatever it says.
    #[must_use]
    pub fn not_active(mut self) -> Self {
        self.members.insert("active".into(), false.into());
        self
    }

    /// Its type.
    pub fn kind(&self) -> &'static ResourceType {
        self.kind
    }

    /// What one attribute outside extensions holds.
    pub fn value(&self, name: &str) -> Option<&Value> {
        Place::find(self.kind, name)?.values(&self.members).into_iter().flatten().next()
    }

    /// What a place holds; a list when its attribute has many values.
    pub fn held(&self, place: &Place) -> Option<&Value> {
        place.held(&self.members)
    }

    /// Everything, as it is stored.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// The resource as a client sees it.
    pub fn document(&self, shown: &Shown) -> Value {
        Value::Object(shown.members(self.kind, &self.members))
    }
}

/// Takes away what is empty, at every level.
fn prune(members: &mut Map<String, Value>) {
    let entries = |value: &mut Value| {
        value.as_object_mut().map(prune);
        value.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut).for_each(prune);
    };
    members.values_mut().for_each(entries);
    members.values_mut().filter_map(Value::as_array_mut).for_each(|list| list.retain(|one| !is_empty(one)));
    members.retain(|_, value| !is_empty(value));
}

/// What the standard takes for no value: null, an empty list, an object of nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}
