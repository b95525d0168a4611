//! What of a resource a client sees: `attributes`, `excludedAttributes` and what each attribute says of itself (RFC 7644, section 3.9).

use super::error::{Refusal, invalid_value, quoted, too_many};
use super::place::{Found, Place};
use super::resource::is_empty;
use super::schema::{Attribute, ResourceType, Returned, Schema};
use serde_json::{Map, Value};

/// No request names more attributes.
pub const SHOWN_NAMES_MAX: usize = 200;

/// Which attributes a client wants to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    choice: Choice,
    places: Vec<Place>,
    extensions: Vec<&'static Schema>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Choice {
    /// What is shown when nothing is said.
    #[default]
    Usual,
    /// What is named, and what is always shown.
    Only,
    /// What is shown when nothing is said, but for what is named.
    Without,
}

/// An attribute, or all of an extension, and what was asked of it.
#[derive(Clone, Copy)]
struct Asked {
    named: bool,
    part: bool,
}

impl Shown {
    /// Reads the two lists of names, parted by commas. Names that lead nowhere are passed over, as the standard has it.
    ///
    /// # Errors
    /// When both are given, or there are too many names.
    pub fn read(
        kind: &ResourceType,
        attributes: Option<&str>,
        excluded: Option<&str>,
    ) -> Result<Self, Refusal> {
        let named = |text: Option<&str>| text.filter(|text| !text.trim().is_empty()).map(str::to_owned);
        match (named(attributes), named(excluded)) {
            (None, None) => Ok(Self::default()),
            (Some(names), None) => Self::of(kind, Choice::Only, &names),
            (None, Some(names)) => Self::of(kind, Choice::Without, &names),
            (Some(_), Some(_)) => {
                Err(invalid_value("both `attributes` and `excludedAttributes` are given; send one of them"))
            }
        }
    }

    /// What is usually shown, without one attribute: the members of a group, say.
    pub fn without(kind: &ResourceType, name: &str) -> Self {
        let places = Place::find(kind, name).into_iter().collect();
        Self { choice: Choice::Without, places, extensions: Vec::new() }
    }

    /// Whether an attribute outside extensions would be shown at all, so that a caller need not look up what it holds.
    pub fn shows(&self, kind: &ResourceType, name: &str) -> bool {
        kind.attribute(name).is_some_and(|attribute| self.keeps(Place::of(None, attribute)))
    }

    fn of(kind: &ResourceType, choice: Choice, text: &str) -> Result<Self, Refusal> {
        let names: Vec<&str> = text.split(',').map(str::trim).take(SHOWN_NAMES_MAX + 1).collect();
        if names.len() > SHOWN_NAMES_MAX {
            let detail = format!("more than {SHOWN_NAMES_MAX} attributes are named, from {}", quoted(text));
            return Err(too_many(format!("{detail}; name fewer")));
        }
        let mut shown = Self { choice, ..Self::default() };
        for found in names.into_iter().filter_map(|name| Found::find(kind, name)) {
            match found {
                Found::Place(place) => shown.places.push(place),
                Found::Extension(schema) => shown.extensions.push(schema),
            }
        }
        Ok(shown)
    }

    /// The members that are shown.
    pub(super) fn members(&self, kind: &ResourceType, members: &Map<String, Value>) -> Map<String, Value> {
        let mut shown = Map::new();
        for attribute in kind.attributes() {
            let value = members.get(attribute.name);
            let part = value.and_then(|value| self.part(Place::of(None, attribute), value));
            shown.extend(part.map(|part| (attribute.name.to_owned(), part)));
        }
        for schema in kind.extensions {
            let held = members.get(schema.id).and_then(Value::as_object);
            let part = held.map(|held| self.of_extension(schema, held)).filter(|part| !is_empty(part));
            shown.extend(part.map(|part| (schema.id.to_owned(), part)));
        }
        shown
    }

    fn of_extension(&self, schema: &'static Schema, held: &Map<String, Value>) -> Value {
        let part = |attribute: &'static Attribute| {
            let value = self.part(Place::of(Some(schema), attribute), held.get(attribute.name)?)?;
            Some((attribute.name.to_owned(), value))
        };
        Value::Object(schema.attributes.iter().filter_map(part).collect())
    }

    /// What of an attribute is shown.
    fn part(&self, place: Place, value: &Value) -> Option<Value> {
        if !self.keeps(place) {
            return None;
        }
        let shown = match value {
            Value::Array(list) => {
                let each = list.iter().map(|one| self.subs(place, one));
                Value::Array(each.filter(|one| !is_empty(one)).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                self.subs(place, value)
            }
        };
        Some(shown).filter(|shown| !is_empty(shown))
    }

    fn subs(&self, place: Place, value: &Value) -> Value {
        let Some(members) = value.as_object() else { return value.clone() };
        let shown = |sub: &&'static Attribute| self.keeps(place.at(sub));
        let subs = place.attribute().subs.iter().filter(shown);
        let member = |sub: &Attribute| members.get_key_value(sub.name);
        Value::Object(subs.filter_map(member).map(|(name, value)| (name.clone(), value.clone())).collect())
    }

    fn keeps(&self, place: Place) -> bool {
        let asked = self.asked(place);
        match place.target().returned {
            Returned::Always => true,
            Returned::Never => false,
            Returned::Request => self.choice == Choice::Only && asked.named,
            Returned::Default => match self.choice {
                Choice::Usual => true,
                Choice::Only => asked.named || asked.part,
                Choice::Without => !asked.named,
            },
        }
    }

    /// Whether a place, or what it is in, is named; and whether something in it is.
    fn asked(&self, place: Place) -> Asked {
        let whole = place.extension().is_some_and(|schema| self.extensions.contains(&schema));
        let same =
            |one: &&Place| one.attribute() == place.attribute() && one.extension() == place.extension();
        let of_it: Vec<_> = self.places.iter().filter(same).collect();
        let named = whole || of_it.iter().any(|one| one.sub().is_none() || one.sub() == place.sub());
        Asked { named, part: place.sub().is_none() && !of_it.is_empty() }
    }
}
