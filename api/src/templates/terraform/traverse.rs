//! Names and what follows them: `local.x`, `data.coder_parameter.cpu.value`, `docker_volume.home[0].name`, `list[*].name`.

use super::evaluate::{Machine, Scope};
use super::instances;
use super::value::{Evaluated, Failure, Part, Reference, Text, Value, wrong};
use super::world::{self, AGENT_TOKEN, Entry, INIT_SCRIPT, MODULE, RUNNING};
use hcl::edit::Decorated;
use hcl::edit::expr::TraversalOperator;
use std::collections::BTreeMap;

type Operators = [Decorated<TraversalOperator>];

/// What a global name stands for, with what follows it.
pub(super) fn global(machine: &Machine<'_>, name: &str, operators: &Operators, scope: &Scope) -> Evaluated {
    let words: Vec<&str> = operators.iter().map_while(|one| word(one.value())).collect();
    let (value, used) = match (name, words.as_slice()) {
        ("local", [name, ..]) => (local(machine, name)?, 1),
        ("var", [name, ..]) => (variable(machine, name)?, 1),
        ("path", ["module" | "root" | "cwd", ..]) => (Value::text("."), 1),
        ("terraform", ["workspace", ..]) => (Value::text("default"), 1),
        ("module", [name, ..]) if machine.world.entry(&format!("module.{name}")).is_some() => {
            return Ok(Value::withheld(&MODULE));
        }
        ("data", [kind, name, ..]) => (data(machine, kind, name)?, 2),
        (kind, [name, ..]) => (resource(machine, kind, name)?, 1),
        (name, []) => return wrong(format!("`{name}` stands for nothing")),
    };
    follow(machine, &value, operators.get(used..).unwrap_or_default(), scope)
}

fn word(operator: &TraversalOperator) -> Option<&str> {
    match operator {
        TraversalOperator::GetAttr(name) => Some(name.as_str()),
        TraversalOperator::AttrSplat(_)
        | TraversalOperator::FullSplat(_)
        | TraversalOperator::Index(_)
        | TraversalOperator::LegacyIndex(_) => None,
    }
}

/// What is within a value.
pub(super) fn follow(
    machine: &Machine<'_>,
    value: &Value,
    operators: &Operators,
    scope: &Scope,
) -> Evaluated {
    let Some((first, rest)) = operators.split_first() else { return Ok(value.clone()) };
    machine.spend(1)?;
    let next = match first.value() {
        TraversalOperator::GetAttr(name) => within(value, &Value::text(name.as_str()))?,
        TraversalOperator::Index(index) => within(value, &machine.value(index, scope)?)?,
        TraversalOperator::LegacyIndex(index) => within(value, &Value::text(index.value().to_string()))?,
        TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
            let all = match value {
                Value::List(list) => list.clone(),
                Value::Null => Vec::new(),
                Value::Bool(_) | Value::Number(_) | Value::Text(_) | Value::Map(_) => vec![value.clone()],
            };
            let each: Result<Vec<_>, _> = all.iter().map(|one| follow(machine, one, rest, scope)).collect();
            return each.map(Value::List);
        }
    };
    follow(machine, &next, rest, scope)
}

/// An element of a list, or what a map has for a key.
fn within(value: &Value, key: &Value) -> Evaluated {
    if let Value::Text(text) = value
        && let Some(withheld) = text.withheld()
    {
        return Ok(Value::withheld(withheld));
    }
    match value {
        Value::Map(map) => {
            let key = key.literal()?;
            map.get(&key).cloned().ok_or_else(|| Failure::Wrong(format!("there is no `{key}` in it")))
        }
        Value::List(list) => {
            let place = key.to_number()?.whole().and_then(|place| usize::try_from(place).ok());
            let element = place.and_then(|place| list.get(place)).cloned();
            element.ok_or_else(|| Failure::Wrong(format!("a list of {} has no such element", list.len())))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {
            wrong(format!("there is nothing within {}", value.kind()))
        }
    }
}

fn local(machine: &Machine<'_>, name: &str) -> Evaluated {
    let Some(expression) = machine.world.local(name) else {
        return wrong(format!("there is no `local.{name}`"));
    };
    machine.global(&format!("local.{name}"), || machine.value(expression, &Scope::new()))
}

fn variable(machine: &Machine<'_>, name: &str) -> Evaluated {
    let address = format!("var.{name}");
    let Some(entry) = machine.world.entry(&address) else {
        return wrong(format!("there is no `{address}`"));
    };
    match entry.block.body.get_attribute("default") {
        Some(default) => machine.global(&address, || machine.value(&default.value, &Scope::new())),
        None => wrong(format!("`{address}` has no default")),
    }
}

fn data(machine: &Machine<'_>, kind: &str, name: &str) -> Evaluated {
    let address = format!("data.{kind}.{name}");
    let Some(entry) = machine.world.entry(&address) else {
        return wrong(format!("there is no `{address}`"));
    };
    if kind == "coder_parameter" {
        return several(machine, &address, entry, |_| Ok(parameter(machine, entry)));
    }
    let known = world::data(kind);
    known.ok_or_else(|| Failure::Wrong(format!("what `{address}` says is not known here")))
}

fn parameter(machine: &Machine<'_>, entry: Entry<'_>) -> Value {
    let name = world::parameter_name(entry.block);
    let value = match machine.assumption(&name) {
        Some(value) => Value::text(value),
        None => Value::reference(Reference::Parameter(name.clone())),
    };
    map([("value", value), ("name", Value::text(name.clone())), ("id", Value::text(name))])
}

fn resource(machine: &Machine<'_>, kind: &str, name: &str) -> Evaluated {
    let address = format!("{kind}.{name}");
    let Some(entry) = machine.world.entry(&address) else {
        return wrong(format!("there is no `{address}`"));
    };
    several(machine, &address, entry, |instance| match kind {
        "docker_volume" => {
            let volume = Value::Text(Text::part(Part::Volume(format!("{name}{}", instance.suffix()))));
            Ok(map([("name", volume.clone()), ("id", volume), ("mountpoint", Value::withheld(&RUNNING))]))
        }
        "docker_image" => image(machine, entry, &instance.scope),
        "coder_agent" => agent(machine, entry, &instance.scope),
        "docker_container" | "coder_app" | "coder_script" | "coder_metadata" => {
            Ok(map([("id", Value::withheld(&RUNNING)), ("name", Value::withheld(&RUNNING))]))
        }
        _ => wrong(format!("what `{address}` gives is not known here")),
    })
}

/// One object, a list of them for `count`, or a map for `for_each`.
fn several(
    machine: &Machine<'_>,
    address: &str,
    entry: Entry<'_>,
    each: impl Fn(&instances::Instance) -> Evaluated,
) -> Evaluated {
    machine.global(address, || {
        let all = instances::of(machine, entry.block, &Scope::new())?;
        let values: Result<Vec<_>, Failure> = all.iter().map(&each).collect();
        let values = values?;
        let body = &entry.block.body;
        if body.get_attribute("for_each").is_some() {
            let keys: Result<Vec<String>, Failure> = all.iter().map(instances::Instance::key).collect();
            return Ok(Value::Map(keys?.into_iter().zip(values).collect()));
        }
        if body.get_attribute("count").is_some() {
            return Ok(Value::List(values));
        }
        Ok(values.into_iter().next().unwrap_or(Value::Null))
    })
}

fn image(machine: &Machine<'_>, entry: Entry<'_>, scope: &Scope) -> Evaluated {
    let Some(name) = entry.block.body.get_attribute("name") else { return wrong("an image has a name") };
    let name = machine.value(&name.value, scope)?;
    let all = ["name", "image_id", "id", "latest", "repo_digest"].map(|key| (key, name.clone()));
    Ok(map(all))
}

fn agent(machine: &Machine<'_>, entry: Entry<'_>, scope: &Scope) -> Evaluated {
    let own = |name: &str| match entry.block.body.get_attribute(name) {
        Some(attribute) => machine.value(&attribute.value, scope),
        None => Ok(Value::Null),
    };
    Ok(map([
        ("id", Value::withheld(&RUNNING)),
        ("token", Value::withheld(&AGENT_TOKEN)),
        ("init_script", Value::withheld(&INIT_SCRIPT)),
        ("dir", own("dir")?),
        ("os", own("os")?),
        ("arch", own("arch")?),
    ]))
}

fn map<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::Map(pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>())
}
