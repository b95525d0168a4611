//! Takes a patch apart into changes of single attributes, with values that fit.

use super::{Change, OPERATIONS_MAX, Operation};
use crate::scim::error::{
    Refusal, invalid_path, invalid_syntax, invalid_value, mutability, no_target, quoted, too_many,
};
use crate::scim::filter::{Selected, selection};
use crate::scim::mode::Mode;
use crate::scim::place::Place;
use crate::scim::read::Reader;
use crate::scim::schema::{ResourceType, SCHEMAS, Schema, Type};
use serde_json::{Map, Value};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Add,
    Replace,
    Remove,
}

/// The operations of a patch.
pub(super) fn operations(
    kind: &'static ResourceType,
    mode: Mode,
    body: Value,
) -> Result<Vec<Operation>, Refusal> {
    let Value::Object(mut sent) = body else {
        return Err(invalid_syntax("the body is no object; send a patch as a JSON object"));
    };
    let is_patch = |urn: &Value| urn.as_str().is_some_and(|urn| urn.eq_ignore_ascii_case(PATCH));
    let named = taken(&mut sent, "schemas");
    let named = named.as_ref().and_then(Value::as_array).is_some_and(|urns| urns.iter().any(is_patch));
    if mode.requires_schemas() && !named {
        return Err(invalid_syntax(format!("`schemas` does not name `{PATCH}`; add it")));
    }
    let Some(Value::Array(operations)) = taken(&mut sent, "Operations") else {
        return Err(invalid_syntax("`Operations` is no list; send the operations in one"));
    };
    if operations.is_empty() {
        return Err(invalid_syntax("`Operations` is empty; send at least one operation"));
    }
    if operations.len() > OPERATIONS_MAX {
        let count = operations.len();
        return Err(too_many(format!("there are {count} operations; send at most {OPERATIONS_MAX} at once")));
    }
    let mut taker = Taker { reader: Reader { kind, mode }, found: Vec::new() };
    operations.into_iter().try_for_each(|operation| taker.operation(operation))?;
    Ok(taker.found)
}

/// A member, whatever its capitals.
fn taken(members: &mut Map<String, Value>, name: &str) -> Option<Value> {
    let key = members.keys().find(|key| key.eq_ignore_ascii_case(name))?.clone();
    members.shift_remove(&key)
}

struct Taker {
    reader: Reader,
    found: Vec<Operation>,
}

impl Taker {
    fn operation(&mut self, operation: Value) -> Result<(), Refusal> {
        let Value::Object(mut sent) = operation else {
            return Err(invalid_syntax("an operation is no object; send each as a JSON object"));
        };
        let verb = verb(taken(&mut sent, "op"))?;
        let value = taken(&mut sent, "value");
        match taken(&mut sent, "path") {
            None | Some(Value::Null) => self.without_path(verb, value),
            Some(Value::String(path)) if path.trim().is_empty() => self.without_path(verb, value),
            Some(Value::String(path)) => self.with_path(verb, path.trim(), value),
            Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                Err(invalid_path("the `path` of an operation is no text; correct it"))
            }
        }
    }

    fn without_path(&mut self, verb: Verb, value: Option<Value>) -> Result<(), Refusal> {
        if verb == Verb::Remove {
            return Err(no_target("an operation removes without a `path`; say what to remove"));
        }
        if !self.reader.mode.accepts_pathless_patch() {
            return Err(invalid_syntax("an operation has no `path`; say with it what is changed"));
        }
        let Some(Value::Object(members)) = value else {
            return Err(invalid_value("an operation without a `path` has no object as `value`; send one"));
        };
        members.into_iter().try_for_each(|(name, value)| self.named(verb, &name, value))
    }

    fn with_path(&mut self, verb: Verb, path: &str, value: Option<Value>) -> Result<(), Refusal> {
        if let Some(schema) = self.reader.kind.extension(path) {
            return self.extension(verb, schema, value.unwrap_or_default());
        }
        if path.eq_ignore_ascii_case(self.reader.kind.schema.id) {
            return self.without_path(verb, value);
        }
        let selected = selection(self.reader.kind, self.reader.mode, path)?;
        if is_read_only(selected.place) {
            return Err(mutability(format!("`{}` is set by the server alone; leave it out", selected.place)));
        }
        self.change(verb, selected, value)
    }

    /// A member of the value of an operation without a path.
    fn named(&mut self, verb: Verb, name: &str, value: Value) -> Result<(), Refusal> {
        if name.eq_ignore_ascii_case(SCHEMAS.name) {
            return Ok(());
        }
        if let Some(schema) = self.reader.kind.extension(name) {
            return self.extension(verb, schema, value);
        }
        let Some(selected) = self.leads_to(name) else { return self.reader.unknown(name) };
        self.lenient(verb, selected, value)
    }

    fn leads_to(&self, name: &str) -> Option<Selected> {
        let Reader { kind, mode } = self.reader;
        let plain = kind.attribute(name).map(|found| Selected { place: Place::of(None, found), term: None });
        let paths = mode.accepts_paths_as_names();
        plain.or_else(|| selection(kind, mode, name).ok().filter(|_| paths))
    }

    /// All of an extension, or those of its attributes that an object names.
    fn extension(&mut self, verb: Verb, schema: &'static Schema, value: Value) -> Result<(), Refusal> {
        if verb == Verb::Remove || value.is_null() {
            let all = schema.attributes.iter().map(|attribute| Place::of(Some(schema), attribute));
            let all = all.filter(|place| !is_read_only(*place));
            self.found.extend(all.map(|place| Operation { place, change: Change::Remove, term: None }));
            return Ok(());
        }
        let Value::Object(members) = value else {
            return Err(invalid_value(format!("`{}` is no object; send its attributes in one", schema.id)));
        };
        // Some clients say again in an extension which one it is.
        for (name, value) in members.into_iter().filter(|(name, _)| !name.eq_ignore_ascii_case(SCHEMAS.name))
        {
            match Place::find(self.reader.kind, &format!("{}:{name}", schema.id)) {
                Some(place) => self.lenient(verb, Selected { place, term: None }, value)?,
                None => self.reader.unknown(&name)?,
            }
        }
        Ok(())
    }

    /// A change of something that was named along with others.
    fn lenient(&mut self, verb: Verb, selected: Selected, value: Value) -> Result<(), Refusal> {
        if is_read_only(selected.place) {
            let ignored = self.reader.mode.ignores_read_only_in_patch();
            let refusal =
                || mutability(format!("`{}` is set by the server alone; leave it out", selected.place));
            return if ignored { Ok(()) } else { Err(refusal()) };
        }
        let verb = if value.is_null() { Verb::Replace } else { verb };
        self.change(verb, selected, Some(value))
    }

    fn change(&mut self, verb: Verb, selected: Selected, value: Option<Value>) -> Result<(), Refusal> {
        let Selected { place, term } = selected;
        let change = match (verb, value) {
            (Verb::Remove, value) => self.removal(place, term.is_some(), value)?,
            (Verb::Replace, Some(Value::Null)) => removed(place, term.is_some()),
            (Verb::Add, None | Some(Value::Null)) | (Verb::Replace, None) => {
                return Err(invalid_value(format!("the operation on `{place}` has no `value`; send one")));
            }
            (Verb::Add | Verb::Replace, Some(value)) => {
                match self.given(verb, place, term.is_some(), value)? {
                    Some(change) => change,
                    None => return Ok(()),
                }
            }
        };
        if place.target().required && change == Change::Remove {
            return Err(mutability(format!("`{place}` is required; replace it instead of removing it")));
        }
        self.found.push(Operation { place, change, term });
        Ok(())
    }

    fn removal(&self, place: Place, filtered: bool, value: Option<Value>) -> Result<Change, Refusal> {
        let value = value.filter(|value| !value.is_null());
        let Some(value) = value else { return Ok(removed(place, filtered)) };
        if !self.reader.mode.remove_by_value() {
            let detail = format!("the operation removes `{place}` and has a `value`");
            return Err(invalid_value(format!("{detail}; select with a filter in `path` instead")));
        }
        if !place.attribute().multi || filtered || place.sub().is_some() {
            return Ok(removed(place, filtered));
        }
        let listed = if let Value::Array(list) = value { list } else { vec![value] };
        let each = |value| self.reader.sub_attributes(place, value).map(Value::Object);
        listed.into_iter().map(each).collect::<Result<_, _>>().map(Change::RemoveThese)
    }

    /// What a value does; nothing when it is an addition of nothing.
    fn given(
        &self,
        verb: Verb,
        place: Place,
        filtered: bool,
        value: Value,
    ) -> Result<Option<Change>, Refusal> {
        if let Some(sub) = place.sub() {
            let value = self.reader.one(place, value)?.unwrap_or(Value::Null);
            return Ok(Some(Change::Merge(std::iter::once((sub.name.to_owned(), value)).collect())));
        }
        if filtered || (place.attribute().kind == Type::Complex && !place.attribute().multi) {
            let value = self.one_of_one(value);
            return self.reader.sub_attributes(place, value).map(|members| Some(Change::Merge(members)));
        }
        let value = self.reader.attribute(place, value)?;
        Ok(match (verb, value) {
            (Verb::Add, Some(Value::Array(list))) if place.attribute().multi => Some(Change::Add(list)),
            (Verb::Replace, Some(Value::Array(list))) if place.attribute().multi => Some(Change::Set(list)),
            (_, Some(value)) => Some(Change::Set(vec![value])),
            (Verb::Replace, None) => Some(Change::Remove),
            (Verb::Add | Verb::Remove, None) => None,
        })
    }

    /// The value itself, when it comes in a list of one.
    fn one_of_one(&self, mut value: Value) -> Value {
        let lists = self.reader.mode.single_as_list();
        let list = value.as_array_mut().filter(|list| lists && list.len() == 1);
        list.and_then(Vec::pop).unwrap_or(value)
    }
}

fn is_read_only(place: Place) -> bool {
    place.attribute().is_read_only() || place.target().is_read_only()
}

/// Takes away a sub-attribute of what is selected, or all that is selected.
fn removed(place: Place, filtered: bool) -> Change {
    match place.sub() {
        Some(sub) if filtered || place.attribute().kind == Type::Complex => {
            Change::Merge(std::iter::once((sub.name.to_owned(), Value::Null)).collect())
        }
        Some(_) | None => Change::Remove,
    }
}

fn verb(sent: Option<Value>) -> Result<Verb, Refusal> {
    let sent = sent.as_ref().and_then(Value::as_str).unwrap_or_default();
    let verbs = [("add", Verb::Add), ("replace", Verb::Replace), ("remove", Verb::Remove)];
    let found = verbs.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(sent)).map(|(_, verb)| verb);
    found.ok_or_else(|| {
        invalid_syntax(format!("`op` is {}, which is none of `add`, `replace` and `remove`", quoted(sent)))
    })
}
