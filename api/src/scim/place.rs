//! Where in a resource something is, by the name that a client wrote.

use super::schema::{Attribute, ResourceType, Schema, named};
use serde_json::{Map, Value};
use std::fmt;

/// An attribute of a type of resource, or a sub-attribute of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    extension: Option<&'static Schema>,
    attribute: &'static Attribute,
    sub: Option<&'static Attribute>,
}

/// What a name without brackets leads to.
pub(super) enum Found {
    /// An attribute or a sub-attribute.
    Place(Place),
    /// All of an extension.
    Extension(&'static Schema),
}

impl Place {
    /// The place of that name: `userName`, `name.familyName`, `urn:…:User:userName`, in any capitals.
    pub fn find(kind: &ResourceType, text: &str) -> Option<Self> {
        let (urn, rest) = split_urn(kind, text)?;
        let (name, sub) = rest.split_once('.').map_or((rest, None), |(name, sub)| (name, Some(sub)));
        Self::named(kind, urn, name, sub)
    }

    /// The place of those names.
    pub(super) fn named(
        kind: &ResourceType,
        urn: Option<&str>,
        name: &str,
        sub: Option<&str>,
    ) -> Option<Self> {
        let own = urn.is_none_or(|urn| kind.schema.id.eq_ignore_ascii_case(urn));
        let extension = if own { None } else { Some(kind.extension(urn?)?) };
        let attribute = match extension {
            None => kind.attribute(name)?,
            Some(schema) => named(schema.attributes, name)?,
        };
        let sub = sub.map(|name| attribute.sub(name).ok_or(())).transpose().ok()?;
        Some(Self { extension, attribute, sub })
    }

    /// A whole attribute.
    pub(super) fn of(extension: Option<&'static Schema>, attribute: &'static Attribute) -> Self {
        Self { extension, attribute, sub: None }
    }

    /// The sub-attribute here.
    pub(super) fn at(self, sub: &'static Attribute) -> Self {
        Self { sub: Some(sub), ..self }
    }

    /// The extension that it is in.
    pub fn extension(&self) -> Option<&'static Schema> {
        self.extension
    }

    /// The attribute, whether or not a sub-attribute of it is meant.
    pub fn attribute(&self) -> &'static Attribute {
        self.attribute
    }

    /// The sub-attribute.
    pub fn sub(&self) -> Option<&'static Attribute> {
        self.sub
    }

    /// What is meant in the end: the sub-attribute, or else the attribute.
    pub fn target(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }

    /// Where values are compared: the `value` of an attribute that has one, otherwise here.
    pub(super) fn compared(self) -> Self {
        if self.sub.is_some() { self } else { Self { sub: self.attribute.sub("value"), ..self } }
    }

    /// What the attribute holds in a resource.
    pub(super) fn held<'a>(&self, members: &'a Map<String, Value>) -> Option<&'a Value> {
        let members = match self.extension {
            None => members,
            Some(schema) => members.get(schema.id)?.as_object()?,
        };
        members.get(self.attribute.name)
    }

    /// The values here in a resource. `None` among them is a value without the sub-attribute.
    pub(super) fn values<'a>(&self, members: &'a Map<String, Value>) -> Vec<Option<&'a Value>> {
        let held = self.held(members);
        let each = if let Some(Value::Array(list)) = held {
            list
        } else {
            held.map_or(&[][..], std::slice::from_ref)
        };
        let value = |held: &'a Value| match self.sub {
            None => Some(held),
            Some(sub) => held.get(sub.name),
        };
        each.iter().map(value).collect()
    }
}

impl Found {
    /// What a name leads to: as [`Place::find`], or the URN of an extension.
    pub(super) fn find(kind: &ResourceType, text: &str) -> Option<Self> {
        let extension = kind.extension(text).map(Self::Extension);
        extension.or_else(|| Place::find(kind, text).map(Self::Place))
    }
}

/// The URN of a known schema and what follows it. A name with a colon that begins with none of them leads nowhere.
fn split_urn<'a>(kind: &ResourceType, text: &'a str) -> Option<(Option<&'a str>, &'a str)> {
    if !text.contains(':') {
        return Some((None, text));
    }
    let known = std::iter::once(kind.schema).chain(kind.extensions.iter().copied());
    let split = |schema: &Schema| {
        let (urn, rest) = text.split_at_checked(schema.id.len())?;
        let rest = rest.strip_prefix(':')?;
        urn.eq_ignore_ascii_case(schema.id).then_some((Some(urn), rest))
    };
    known.into_iter().find_map(split)
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = self.extension {
            write!(out, "{}:", schema.id)?;
        }
        out.write_str(self.attribute.name)?;
        self.sub.map_or(Ok(()), |sub| write!(out, ".{}", sub.name))
    }
}
