//! Checks values against the tables of attributes and gives names the spelling of the schema. Values stay as they were sent.

use super::error::{Refusal, invalid_syntax, invalid_value, quoted, too_many};
use super::mode::Mode;
use super::moment::Moment;
use super::place::Place;
use super::schema::{Attribute, Mutability, ResourceType, Schema, Type, named};
use serde_json::{Map, Value};

/// No attribute but the members of a group has more values.
pub const VALUES_MAX: usize = 1_000;
/// No group has more members.
pub const MEMBERS_MAX: usize = 50_000;

/// The most values that an attribute may have.
pub(super) fn values_max(attribute: &Attribute) -> usize {
    if attribute.name == "members" { MEMBERS_MAX } else { VALUES_MAX }
}

/// Reads values for a type of resource and a mode.
#[derive(Clone, Copy)]
pub(super) struct Reader {
    pub(super) kind: &'static ResourceType,
    pub(super) mode: Mode,
}

impl Reader {
    /// The attributes of a resource. What only the server sets is left out, and so is what has no value.
    pub(super) fn resource(self, body: Value) -> Result<Map<String, Value>, Refusal> {
        let Value::Object(sent) = body else {
            return Err(invalid_syntax("the body is no object; send a resource as a JSON object"));
        };
        self.schemas(&sent)?;
        let mut kept = Map::new();
        for (name, value) in sent {
            let member = if let Some(schema) = self.kind.extension(&name) {
                self.extension(schema, value)?.map(|value| (schema.id, value))
            } else if let Some(attribute) = self.kind.attribute(&name) {
                self.attribute(Place::of(None, attribute), value)?.map(|value| (attribute.name, value))
            } else {
                self.unknown(&name)?;
                None
            };
            keep(&mut kept, member)?;
        }
        Ok(kept)
    }

    /// Checks that a body says that it is what is wanted.
    fn schemas(self, sent: &Map<String, Value>) -> Result<(), Refusal> {
        let own = self.kind.schema.id;
        let found =
            sent.iter().find(|(name, _)| name.eq_ignore_ascii_case("schemas")).map(|(_, value)| value);
        let Some(Value::Array(listed)) = found else {
            let missing = matches!(found, None | Some(Value::Null)) && !self.mode.requires_schemas();
            let detail = || format!("`schemas` is no list of URNs; send `\"schemas\": [\"{own}\"]`");
            return if missing { Ok(()) } else { Err(invalid_syntax(detail())) };
        };
        let is = |urn: &Value, id: &str| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(id));
        if self.mode.requires_schemas() && !listed.iter().any(|urn| is(urn, own)) {
            return Err(invalid_syntax(format!("`schemas` does not name `{own}`; add it")));
        }
        let known =
            |urn: &&Value| is(urn, own) || self.kind.extensions.iter().any(|schema| is(urn, schema.id));
        match listed.iter().find(|urn| !known(urn)) {
            Some(urn) if !urn.is_string() || !self.mode.ignores_unknown_schemas() => {
                let urn = quoted(urn.as_str().unwrap_or("what is no text"));
                Err(invalid_syntax(format!("`schemas` names {urn}, which is not known here; leave it out")))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn extension(self, schema: &'static Schema, value: Value) -> Result<Option<Value>, Refusal> {
        let sent = match value {
            Value::Null => return Ok(None),
            Value::Object(sent) => sent,
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(invalid_value(format!(
                    "`{}` is no object; send its attributes in one",
                    schema.id
                )));
            }
        };
        let mut kept = Map::new();
        for (name, value) in sent.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case("schemas")) {
            let Some(attribute) = named(schema.attributes, &name) else {
                self.unknown(&name)?;
                continue;
            };
            let value = self.attribute(Place::of(Some(schema), attribute), value)?;
            keep(&mut kept, value.map(|value| (attribute.name, value)))?;
        }
        Ok(object(kept))
    }

    /// Refuses an attribute that no schema has, or lets it fall.
    pub(super) fn unknown(self, name: &str) -> Result<(), Refusal> {
        if self.mode.ignores_unknown_attributes() {
            return Ok(());
        }
        let kind = self.kind.name;
        Err(invalid_syntax(format!(
            "{} is no attribute of a {kind}; leave it out, see `/Schemas`",
            quoted(name)
        )))
    }

    /// What an attribute is given: `None` when that is nothing, or is the server's to set.
    pub(super) fn attribute(self, place: Place, value: Value) -> Result<Option<Value>, Refusal> {
        if place.attribute().is_read_only() || value.is_null() {
            return Ok(None);
        }
        let kept = if place.attribute().multi { self.list(place, value) } else { self.one(place, value) };
        // A password is accepted and not kept: people sign in elsewhere, and nothing that is stored may hold one.
        kept.map(|kept| kept.filter(|_| place.attribute().mutability != Mutability::WriteOnly))
    }

    fn list(self, place: Place, value: Value) -> Result<Option<Value>, Refusal> {
        let sent = match value {
            Value::Array(sent) => sent,
            one if self.mode.single_as_list() => vec![one],
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
                return Err(invalid_value(format!("`{place}` is no list; send its values in one")));
            }
        };
        within(place.attribute(), sent.len())?;
        let each = sent.into_iter().filter(|value| !value.is_null());
        let kept: Vec<Value> =
            each.filter_map(|value| self.one(place, value).transpose()).collect::<Result<_, _>>()?;
        one_primary(place, &kept)?;
        Ok(if kept.is_empty() { None } else { Some(Value::Array(kept)) })
    }

    /// One value of an attribute or of a sub-attribute.
    pub(super) fn one(self, place: Place, value: Value) -> Result<Option<Value>, Refusal> {
        if value.is_null() {
            return Ok(None);
        }
        match place.target().kind {
            Type::Complex => self.complex(place, value),
            Type::Boolean => truth(place, value, self.mode).map(Some),
            Type::Integer => {
                checked(place, value, |value| value.is_i64() || value.is_u64(), "a whole number")
            }
            Type::Decimal => checked(place, value, Value::is_number, "a number"),
            Type::String => checked(place, value, Value::is_string, "a text"),
            Type::Reference => checked(place, value, is_reference, "the address of something, as a text"),
            Type::DateTime => checked(place, value, is_moment, "a time such as `2026-01-31T23:59:59Z`"),
            Type::Binary => checked(place, value, is_base64, "bytes in base64, as a text"),
        }
    }

    fn complex(self, place: Place, value: Value) -> Result<Option<Value>, Refusal> {
        let kept = self.sub_attributes(place, value)?;
        let kept: Map<String, Value> = kept.into_iter().filter(|(_, value)| !value.is_null()).collect();
        let missing = |sub: &&Attribute| sub.required && !kept.contains_key(sub.name);
        match place.attribute().subs.iter().find(missing) {
            Some(sub) => {
                Err(invalid_value(format!("a value of `{place}` has no `{}`; it needs one", sub.name)))
            }
            None => Ok(object(kept)),
        }
    }

    /// The sub-attributes of one complex value, those without a value as null, so that a patch can take them away.
    pub(super) fn sub_attributes(self, place: Place, value: Value) -> Result<Map<String, Value>, Refusal> {
        let mut kept = Map::new();
        for (name, value) in self.members(place, value)? {
            let Some(sub) = place.attribute().sub(&name) else {
                self.unknown(&format!("{place}.{name}"))?;
                continue;
            };
            if sub.mutability == Mutability::ReadOnly {
                continue;
            }
            let value = self.one(place.at(sub), value)?.unwrap_or(Value::Null);
            keep(&mut kept, Some((sub.name, value)))?;
        }
        Ok(kept)
    }

    /// The members of a complex value, as they were sent.
    pub(super) fn members(self, place: Place, value: Value) -> Result<Map<String, Value>, Refusal> {
        match value {
            Value::Object(sent) => Ok(sent),
            text @ Value::String(_)
                if self.mode.manager_as_text() && place.attribute().sub("value").is_some() =>
            {
                Ok(std::iter::once(("value".to_owned(), text)).collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                Err(invalid_value(format!("`{place}` is no object; send its sub-attributes in one")))
            }
        }
    }
}

/// Refuses more values than an attribute may have.
pub(super) fn within(attribute: &Attribute, count: usize) -> Result<(), Refusal> {
    let most = values_max(attribute);
    if count <= most {
        return Ok(());
    }
    Err(too_many(format!("`{}` would have {count} values; it takes at most {most}", attribute.name)))
}

/// Refuses more than one first choice.
fn one_primary(place: Place, values: &[Value]) -> Result<(), Refusal> {
    if values.iter().filter(|value| is_primary(value)).nth(1).is_none() {
        return Ok(());
    }
    Err(invalid_value(format!("`{place}` has several values with `primary`; at most one may be primary")))
}

/// Whether a value is the first choice of its attribute.
pub(super) fn is_primary(value: &Value) -> bool {
    value.get("primary") == Some(&Value::Bool(true))
}

fn keep(kept: &mut Map<String, Value>, member: Option<(&'static str, Value)>) -> Result<(), Refusal> {
    let Some((name, value)) = member else { return Ok(()) };
    if kept.insert(name.into(), value).is_some() {
        return Err(invalid_syntax(format!("`{name}` is given twice, in different capitals; send it once")));
    }
    Ok(())
}

fn object(members: Map<String, Value>) -> Option<Value> {
    if members.is_empty() { None } else { Some(Value::Object(members)) }
}

fn checked(
    place: Place,
    value: Value,
    fits: impl Fn(&Value) -> bool,
    wanted: &str,
) -> Result<Option<Value>, Refusal> {
    if fits(&value) {
        return Ok(Some(value));
    }
    Err(invalid_value(format!("`{place}` is not {wanted}; correct it")))
}

fn truth(place: Place, value: Value, mode: Mode) -> Result<Value, Refusal> {
    if value.is_boolean() {
        return Ok(value);
    }
    let text = value.as_str().filter(|_| mode.active_as_text());
    let said = text.and_then(truth_in_text);
    said.map(Value::Bool)
        .ok_or_else(|| invalid_value(format!("`{place}` is neither `true` nor `false`; correct it")))
}

/// Truth as Entra writes it.
pub(super) fn truth_in_text(text: &str) -> Option<bool> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    if is("true") { Some(true) } else { is("false").then_some(false) }
}

fn is_reference(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty() && !text.contains(char::is_whitespace))
}

fn is_moment(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Moment::read(text).is_some())
}

fn is_base64(value: &Value) -> bool {
    value.as_str().is_some_and(|text| ledger::hash::from_base64(text).is_some())
}
