//! How many of a block there are: `count`, `for_each` and `dynamic`.

use super::evaluate::{Machine, Scope};
use super::number::Decimal;
use super::value::{Failure, Value, wrong};
use hcl::edit::structure::Block;
use std::collections::BTreeMap;

/// Most of one block.
const INSTANCES_MAX: usize = 64;

/// One of a block.
pub(super) struct Instance {
    key: Option<Value>,
    pub(super) scope: Scope,
}

impl Instance {
    /// Its key, where there are several.
    pub(super) fn key(&self) -> Result<String, Failure> {
        self.key.as_ref().map_or(Ok(String::new()), Value::literal)
    }

    /// What follows the name of the block in that of this one.
    pub(super) fn suffix(&self) -> String {
        let key = self.key.as_ref().and_then(|key| key.literal().ok());
        key.map_or(String::new(), |key| format!("-{key}"))
    }
}

/// All of a block, with the names that hold in each.
pub(super) fn of(machine: &Machine<'_>, block: &Block, scope: &Scope) -> Result<Vec<Instance>, Failure> {
    if let Some(count) = block.body.get_attribute("count") {
        let count = machine.value(&count.value, scope)?.to_number()?.whole();
        let count =
            count.and_then(|count| usize::try_from(count).ok()).filter(|count| *count <= INSTANCES_MAX);
        let Some(count) = count else { return wrong(format!("`count` is from 0 to {INSTANCES_MAX}")) };
        let one = |place: usize| {
            let index = Value::Number(Decimal::length(place));
            with(scope, "count", [("index", index.clone())], Some(index))
        };
        return Ok((0..count).map(one).collect());
    }
    if let Some(each) = block.body.get_attribute("for_each") {
        let entries = keyed(&machine.value(&each.value, scope)?)?;
        let one = |(key, value): (Value, Value)| {
            with(scope, "each", [("key", key.clone()), ("value", value)], Some(key))
        };
        return Ok(entries.into_iter().map(one).collect());
    }
    Ok(vec![Instance { key: None, scope: scope.clone() }])
}

/// The scopes of what a `dynamic` block makes.
pub(super) fn dynamic(
    machine: &Machine<'_>,
    block: &Block,
    name: &str,
    scope: &Scope,
) -> Result<Vec<Scope>, Failure> {
    let Some(each) = block.body.get_attribute("for_each") else { return wrong("it has a `for_each`") };
    let iterator = block.body.get_attribute("iterator").map(|one| one.value.to_string());
    let iterator = iterator.map_or(name.to_owned(), |iterator| iterator.trim().to_owned());
    let entries = machine.value(&each.value, scope)?.entries()?;
    if entries.len() > INSTANCES_MAX {
        return wrong(format!("there are at most {INSTANCES_MAX} of a block"));
    }
    let one = |(key, value): (Value, Value)| {
        with(scope, &iterator, [("key", key.clone()), ("value", value)], Some(key)).scope
    };
    Ok(entries.into_iter().map(one).collect())
}

/// What `for_each` goes through. A list stands for a set, whose keys are its values.
fn keyed(value: &Value) -> Result<Vec<(Value, Value)>, Failure> {
    let entries: Vec<(Value, Value)> = if let Value::List(list) = value {
        list.iter().map(|one| (one.clone(), one.clone())).collect()
    } else {
        value.entries()?
    };
    if entries.len() > INSTANCES_MAX {
        return wrong(format!("`for_each` goes through at most {INSTANCES_MAX}"));
    }
    entries.iter().try_for_each(|(key, _)| key.literal().map(drop))?;
    Ok(entries)
}

fn with<const N: usize>(
    scope: &Scope,
    name: &str,
    pairs: [(&str, Value); N],
    key: Option<Value>,
) -> Instance {
    let map: BTreeMap<String, Value> = pairs.into_iter().map(|(name, one)| (name.to_owned(), one)).collect();
    let mut scope = scope.clone();
    scope.insert(name.to_owned(), Value::Map(map));
    Instance { key, scope }
}
