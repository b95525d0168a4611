//! Makes the changes of a patch on a copy of a resource.

use super::{Change, Operation, Patch, Patched};
use crate::scim::error::{Refusal, invalid_syntax, invalid_value, mutability, no_target};
use crate::scim::mode::Mode;
use crate::scim::place::Place;
use crate::scim::read::{is_primary, within};
use crate::scim::resource::{Resource, is_empty};
use crate::scim::schema::{Attribute, Mutability};
use serde_json::{Map, Value};
use std::collections::HashMap;

pub(super) fn apply(patch: &Patch, resource: &Resource) -> Result<Patched, Refusal> {
    if patch.kind != resource.kind() {
        let (patch, resource) = (patch.kind.name, resource.kind().name);
        return Err(invalid_syntax(format!(
            "a patch of a {patch} cannot change a {resource}; send it elsewhere"
        )));
    }
    let mut members = resource.members().clone();
    patch.operations.iter().try_for_each(|operation| one(&mut members, operation, patch.mode))?;
    let changed = Resource::settled(patch.kind, members)?;
    Ok(Patched { changed: changed != *resource, resource: changed })
}

fn one(members: &mut Map<String, Value>, operation: &Operation, mode: Mode) -> Result<(), Refusal> {
    let place = operation.place;
    let holder = match place.extension() {
        None => members,
        Some(schema) => object(members.entry(schema.id).or_insert_with(no_object))?,
    };
    let name = place.attribute().name;
    if let (Change::Remove, None) = (&operation.change, &operation.term) {
        holder.shift_remove(name);
        return Ok(());
    }
    if place.attribute().multi {
        let mut list = holder.get_mut(name).map(list_of).unwrap_or_default();
        Many { operation, mode, attribute: place.attribute() }.change(&mut list)?;
        list.retain(|value| !is_empty(value));
        holder.insert(name.into(), Value::Array(list));
        return Ok(());
    }
    match &operation.change {
        Change::Merge(changes) => {
            merge(place, object(holder.entry(name).or_insert_with(no_object))?, changes)
        }
        Change::Add(values) | Change::Set(values) => {
            holder.extend(values.first().map(|value| (name.to_owned(), value.clone())));
            Ok(())
        }
        Change::Remove | Change::RemoveThese(_) => Ok(()),
    }
}

/// The values that are held, which are put back when they are changed.
fn list_of(held: &mut Value) -> Vec<Value> {
    if let Value::Array(list) = held { std::mem::take(list) } else { Vec::new() }
}

fn no_object() -> Value {
    Value::Object(Map::new())
}

fn object(value: &mut Value) -> Result<&mut Map<String, Value>, Refusal> {
    value.as_object_mut().ok_or_else(|| invalid_value("what is stored is no object; replace it as a whole"))
}

/// Gives sub-attributes of one value new values; null takes one away.
fn merge(place: Place, entry: &mut Map<String, Value>, changes: &Map<String, Value>) -> Result<(), Refusal> {
    for (name, value) in changes {
        let held = entry.get(name);
        let once = place.attribute().sub(name).is_some_and(|sub| sub.mutability == Mutability::Immutable);
        if once && held.is_some_and(|held| held != value) {
            let detail = format!("`{}.{name}` does not change once it is set", place.attribute().name);
            return Err(mutability(format!("{detail}; remove the value and add another")));
        }
        if value.is_null() {
            entry.shift_remove(name);
        } else {
            entry.insert(name.clone(), value.clone());
        }
    }
    Ok(())
}

/// A change of an attribute with many values.
struct Many<'a> {
    operation: &'a Operation,
    mode: Mode,
    attribute: &'static Attribute,
}

impl Many<'_> {
    fn change(&self, list: &mut Vec<Value>) -> Result<(), Refusal> {
        match &self.operation.change {
            Change::Add(values) => {
                let first = self.add(list, values);
                settle_primary(list, first);
            }
            Change::Set(values) => list.clone_from(values),
            Change::Merge(changes) => self.merge(list, changes)?,
            Change::Remove => list.retain(|value| !self.selects(value)),
            Change::RemoveThese(values) => {
                list.retain(|held| !values.iter().any(|value| self.means(value, held)));
            }
        }
        within(self.attribute, list.len())
    }

    fn selects(&self, value: &Value) -> bool {
        self.operation.term.as_ref().is_none_or(|term| term.matches_value(value))
    }

    /// Adds values, or changes the same ones that are there. Says which became the first choice.
    fn add(&self, list: &mut Vec<Value>, values: &[Value]) -> Option<usize> {
        let mut places: HashMap<Key, usize> =
            list.iter().enumerate().filter_map(|(place, held)| Some((self.key(held)?, place))).collect();
        let mut first = None;
        for value in values {
            let key = self.key(value);
            let known = match &key {
                Some(key) => places.get(key).copied(),
                None => list.iter().position(|held| held == value),
            };
            let place = known.unwrap_or(list.len());
            match list.get_mut(place) {
                Some(held) => self.complete(held, value),
                None => list.push(value.clone()),
            }
            places.extend(key.map(|key| (key, place)));
            first = if is_primary(value) { Some(place) } else { first };
        }
        first
    }

    /// Gives a value that is there what the same value brings along. What is set once stays as it is.
    fn complete(&self, held: &mut Value, value: &Value) {
        let (Some(held), Some(value)) = (held.as_object_mut(), value.as_object()) else { return };
        for (name, new) in value.iter().filter(|(name, _)| !matches!(name.as_str(), "value" | "type")) {
            let once = self.attribute.sub(name).is_some_and(|sub| sub.mutability == Mutability::Immutable);
            if !once || !held.contains_key(name) {
                held.insert(name.clone(), new.clone());
            }
        }
    }

    fn merge(&self, list: &mut Vec<Value>, changes: &Map<String, Value>) -> Result<(), Refusal> {
        let place = self.operation.place;
        let chosen: Vec<usize> = list
            .iter()
            .enumerate()
            .filter(|(_, value)| self.selects(value))
            .map(|(place, _)| place)
            .collect();
        if chosen.is_empty() {
            return self.create(list, changes);
        }
        let primary = changes.get("primary") == Some(&Value::Bool(true));
        if primary && chosen.len() > 1 {
            let detail = format!("the operation makes several values of `{}` primary", self.attribute.name);
            return Err(invalid_value(format!("{detail}; select one")));
        }
        for at in &chosen {
            if let Some(entry) = list.get_mut(*at).and_then(Value::as_object_mut) {
                merge(place, entry, changes)?;
            }
        }
        settle_primary(list, chosen.first().copied().filter(|_| primary));
        Ok(())
    }

    /// Makes the value that a filter describes, where the mode allows it. Nothing is made just to take something from it.
    fn create(&self, list: &mut Vec<Value>, changes: &Map<String, Value>) -> Result<(), Refusal> {
        if changes.values().all(Value::is_null) {
            return Ok(());
        }
        let described = self.operation.term.as_ref().map_or(Some(Vec::new()), super::Term::described);
        let Some(described) = described.filter(|_| self.mode.creates_unmatched()) else {
            let detail = format!("no value of `{}` is selected by the path", self.attribute.name);
            return Err(no_target(format!("{detail}; add the value as a whole")));
        };
        let described = described.into_iter().map(|(sub, value)| (sub.name.to_owned(), value));
        let mut entry: Map<String, Value> = described.collect();
        entry.extend(
            changes.iter().filter(|(_, value)| !value.is_null()).map(|(k, v)| (k.clone(), v.clone())),
        );
        let entry = Value::Object(entry);
        if !self.selects(&entry) {
            let detail = format!("the value contradicts the filter on `{}`", self.attribute.name);
            return Err(invalid_value(format!("{detail}; make them agree")));
        }
        let first = is_primary(&entry).then_some(list.len());
        list.push(entry);
        settle_primary(list, first);
        Ok(())
    }

    /// Whether a value that is to be removed means one that is there.
    fn means(&self, value: &Value, held: &Value) -> bool {
        let same = |name: &str| self.compared(value, name) == self.compared(held, name);
        let names = |name: &str| value.get(name).is_some_and(|value| !value.is_null());
        if names("value") {
            return same("value") && (self.is_of_members() || !names("type") || same("type"));
        }
        let named: Vec<_> =
            value.as_object().into_iter().flatten().filter(|(_, value)| !value.is_null()).collect();
        !named.is_empty() && named.iter().all(|(name, value)| held.get(name.as_str()) == Some(*value))
    }

    /// What makes two values the same; `None` when only all of them does.
    fn key(&self, value: &Value) -> Option<Key> {
        let of = self.compared(value, "value")?;
        Some((of, if self.is_of_members() { None } else { self.compared(value, "type") }))
    }

    fn is_of_members(&self) -> bool {
        self.attribute.name == "members"
    }

    fn compared(&self, value: &Value, name: &str) -> Option<String> {
        let text = value.get(name)?.as_str()?;
        let exact = self.attribute.sub(name).is_some_and(|sub| sub.case_exact);
        Some(if exact { text.to_owned() } else { text.to_lowercase() })
    }
}

/// `value` and `type` of a value.
type Key = (String, Option<String>);

/// When a value has become the first choice, the others are it no longer.
fn settle_primary(list: &mut [Value], first: Option<usize>) {
    let Some(first) = first else { return };
    let others = list.iter_mut().enumerate().filter(|(place, _)| *place != first);
    for value in others.map(|(_, value)| value).filter(|value| is_primary(value)) {
        if let Some(primary) = value.get_mut("primary") {
            *primary = Value::Bool(false);
        }
    }
}
