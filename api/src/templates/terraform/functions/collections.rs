//! Functions over lists and maps.

use super::texts;
use crate::templates::terraform::evaluate::equal;
use crate::templates::terraform::number::Decimal;
use crate::templates::terraform::value::{Evaluated, Failure, Text, Value, wrong};
use std::collections::{BTreeMap, BTreeSet};

/// Most numbers that `range` makes.
const RANGE_MAX: i64 = 1_024;

pub(super) fn call(name: &str, values: &[Value]) -> Option<Evaluated> {
    Some(match (name, values) {
        ("length", [one]) => length(one),
        ("contains", [list, one]) => contains(list, one),
        ("coalesce", all) => coalesce(all),
        ("coalescelist", all) => {
            let full = all.iter().find(|one| matches!(one, Value::List(list) if !list.is_empty()));
            full.map_or_else(|| wrong("every list is empty"), |one| Ok(one.clone()))
        }
        ("compact", [list]) => compact(list),
        ("concat", lists) => concat(lists),
        ("distinct", [list]) => distinct(list),
        ("element", [list, place]) => element(list, place),
        ("flatten", [list]) => list.to_list().map(|list| Value::List(flat(&list))),
        ("index", [list, one]) => index(list, one),
        ("keys", [map]) => map.to_map().map(|map| Value::List(map.into_keys().map(Value::text).collect())),
        ("values", [map]) => map.to_map().map(|map| Value::List(map.into_values().collect())),
        ("lookup", [map, key]) => lookup(map, key, None),
        ("lookup", [map, key, default]) => lookup(map, key, Some(default)),
        ("merge", maps) => merge(maps),
        ("range", [end]) => range(&Value::Number(Decimal::of(0)), end),
        ("range", [start, end]) => range(start, end),
        ("reverse", [list]) => list.to_list().map(|list| Value::List(list.into_iter().rev().collect())),
        ("slice", [list, start, end]) => slice(list, start, end),
        ("sort" | "toset", [list]) => sorted(list, name == "toset"),
        ("tolist", [list]) => list.to_list().map(Value::List),
        ("tomap", [map]) => map.to_map().map(Value::Map),
        ("zipmap", [keys, values]) => zipmap(keys, values),
        ("one", [list]) => one(list),
        ("alltrue", [list]) => bools(list).map(|all| Value::Bool(all.into_iter().all(|one| one))),
        ("anytrue", [list]) => bools(list).map(|all| Value::Bool(all.into_iter().any(|one| one))),
        _ => return None,
    })
}

fn length(one: &Value) -> Evaluated {
    match one {
        Value::List(list) => Ok(Value::Number(Decimal::length(list.len()))),
        Value::Map(map) => Ok(Value::Number(Decimal::length(map.len()))),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => texts::length(one),
    }
}

fn contains(list: &Value, one: &Value) -> Evaluated {
    for element in list.to_list()? {
        if equal(&element, one)? {
            return Ok(Value::Bool(true));
        }
    }
    Ok(Value::Bool(false))
}

/// The first that is neither null nor the empty text.
fn coalesce(all: &[Value]) -> Evaluated {
    for one in all {
        let there = match one {
            Value::Null => false,
            Value::Text(text) if text.has_something() || text.withheld().is_some() => true,
            Value::Text(text) => !text.literal()?.is_empty(),
            Value::Bool(_) | Value::Number(_) | Value::List(_) | Value::Map(_) => true,
        };
        if there {
            return Ok(one.clone());
        }
    }
    wrong("every argument of `coalesce` is null or empty")
}

fn compact(list: &Value) -> Evaluated {
    let there = |one: &Value| *one != Value::Null && *one != Value::Text(Text::of(""));
    Ok(Value::List(list.to_list()?.into_iter().filter(there).collect()))
}

fn concat(lists: &[Value]) -> Evaluated {
    let lists: Result<Vec<_>, _> = lists.iter().map(Value::to_list).collect();
    Ok(Value::List(lists?.concat()))
}

fn distinct(list: &Value) -> Evaluated {
    let mut all: Vec<Value> = Vec::new();
    for one in list.to_list()? {
        let mut seen = false;
        for other in &all {
            seen = seen || equal(&one, other)?;
        }
        if !seen {
            all.push(one);
        }
    }
    Ok(Value::List(all))
}

fn place(value: &Value) -> Result<i64, Failure> {
    value.to_number()?.whole().ok_or_else(|| Failure::Wrong("it is a whole number".to_owned()))
}

/// Behind the last element comes the first again.
fn element(list: &Value, at: &Value) -> Evaluated {
    let list = list.to_list()?;
    let size = i64::try_from(list.len()).unwrap_or(i64::MAX);
    let at = place(at)?;
    if at < 0 {
        return wrong("an element before the first is none");
    }
    let at = at.checked_rem(size).and_then(|at| usize::try_from(at).ok());
    let found = at.and_then(|at| list.get(at)).cloned();
    found.ok_or_else(|| Failure::Wrong("an empty list has no elements".to_owned()))
}

fn flat(list: &[Value]) -> Vec<Value> {
    let one = |one: &Value| if let Value::List(inner) = one { flat(inner) } else { vec![one.clone()] };
    list.iter().flat_map(one).collect()
}

fn index(list: &Value, one: &Value) -> Evaluated {
    for (place, element) in list.to_list()?.iter().enumerate() {
        if equal(element, one)? {
            return Ok(Value::Number(Decimal::length(place)));
        }
    }
    wrong("it is not in the list")
}

fn lookup(map: &Value, key: &Value, default: Option<&Value>) -> Evaluated {
    let (map, key) = (map.to_map()?, key.literal()?);
    let found = map.get(&key).or(default).cloned();
    found.ok_or_else(|| Failure::Wrong(format!("there is no `{key}` in it")))
}

fn merge(maps: &[Value]) -> Evaluated {
    let mut merged = BTreeMap::new();
    for map in maps.iter().filter(|map| **map != Value::Null) {
        merged.extend(map.to_map()?);
    }
    Ok(Value::Map(merged))
}

fn range(start: &Value, end: &Value) -> Evaluated {
    let (start, end) = (place(start)?, place(end)?);
    if end.saturating_sub(start) > RANGE_MAX {
        return wrong(format!("`range` makes at most {RANGE_MAX} numbers"));
    }
    Ok(Value::List((start..end).map(|number| Value::Number(Decimal::of(number))).collect()))
}

fn slice(list: &Value, start: &Value, end: &Value) -> Evaluated {
    let list = list.to_list()?;
    let bound = |value: &Value| place(value).map(|place| usize::try_from(place).unwrap_or(usize::MAX));
    let found = list.get(bound(start)?..bound(end)?).map(<[Value]>::to_vec);
    found.map(Value::List).ok_or_else(|| Failure::Wrong("it is not within the list".to_owned()))
}

/// Sets and sorted lists are of texts; a set has each once.
fn sorted(list: &Value, once: bool) -> Evaluated {
    let list = list.to_list()?;
    let texts: Result<Vec<String>, Failure> = list.iter().map(Value::literal).collect();
    let mut texts = texts?;
    texts.sort();
    if once {
        texts = texts.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
    }
    Ok(Value::List(texts.into_iter().map(Value::text).collect()))
}

fn zipmap(keys: &Value, values: &Value) -> Evaluated {
    let keys: Result<Vec<String>, Failure> = keys.to_list()?.iter().map(Value::literal).collect();
    let (keys, values) = (keys?, values.to_list()?);
    if keys.len() != values.len() {
        return wrong("there are as many keys as values");
    }
    Ok(Value::Map(keys.into_iter().zip(values).collect()))
}

fn one(list: &Value) -> Evaluated {
    match list.to_list()?.as_slice() {
        [] => Ok(Value::Null),
        [one] => Ok(one.clone()),
        _ => wrong("the list has more than one element"),
    }
}

fn bools(list: &Value) -> Result<Vec<bool>, Failure> {
    list.to_list()?.iter().map(Value::to_bool).collect()
}
