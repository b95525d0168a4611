//! The functions of Terraform that templates use.

mod collections;
pub(super) mod encoding;
mod numbers;
mod texts;

use super::evaluate::{Machine, Scope};
use super::template;
use super::value::{Evaluated, Failure, Value, wrong};
use hcl::edit::expr::{Expression, FuncArgs};

/// Calls a function. `try` and `can` are the only ones that look at an argument before they evaluate the next.
pub(super) fn call(machine: &Machine<'_>, name: &str, args: &FuncArgs, scope: &Scope) -> Evaluated {
    match name {
        "try" => return first_that_is(machine, args, scope),
        "can" => return can(machine, args, scope),
        _ => {}
    }
    let mut values = Vec::new();
    for arg in args.iter() {
        values.push(machine.value(arg, scope)?);
    }
    if args.expand_final()
        && let Some(last) = values.pop()
    {
        values.extend(last.to_list()?);
    }
    let value = match of_values(machine, name, &values) {
        // What is made of something withheld is withheld as well.
        Err(Failure::Withheld(withheld)) => Ok(Value::withheld(withheld)),
        other => other,
    }?;
    machine.spend(value.weight())?;
    Ok(value)
}

fn of_values(machine: &Machine<'_>, name: &str, values: &[Value]) -> Evaluated {
    if let Some(value) = files(machine, name, values) {
        return value;
    }
    let groups = [texts::call, collections::call, numbers::call, encoding::call];
    let found = groups.into_iter().find_map(|group| group(name, values));
    found.unwrap_or_else(|| {
        wrong(format!("the function `{name}` is not known here, or not with {} arguments", values.len()))
    })
}

/// A value that could not be had, other than for want of steps or of a workspace.
fn is_error(value: &Evaluated) -> bool {
    matches!(value, Err(Failure::Wrong(_)))
}

fn first_that_is(machine: &Machine<'_>, args: &FuncArgs, scope: &Scope) -> Evaluated {
    let mut last = wrong("`try` has arguments");
    for arg in args.iter() {
        last = machine.value(arg, scope);
        if !is_error(&last) {
            return last;
        }
    }
    last
}

fn can(machine: &Machine<'_>, args: &FuncArgs, scope: &Scope) -> Evaluated {
    let args: Vec<&Expression> = args.iter().collect();
    let [arg] = args.as_slice() else { return wrong("`can` has one argument") };
    match machine.value(arg, scope) {
        Err(Failure::Wrong(_)) => Ok(Value::Bool(false)),
        Err(failure) => Err(failure),
        Ok(_) => Ok(Value::Bool(true)),
    }
}

/// Functions that read one of the template's own files.
fn files(machine: &Machine<'_>, name: &str, values: &[Value]) -> Option<Evaluated> {
    match (name, values) {
        ("file", [path]) => Some(read(machine, path).map(Value::text)),
        ("fileexists", [path]) => {
            let exists = path.literal().map(|path| machine.world.files.contains_key(within(&path).as_str()));
            Some(exists.map(Value::Bool))
        }
        ("templatefile", [path, scope]) => Some(read(machine, path).and_then(|text| {
            let parsed = hcl::edit::parser::parse_template(&text);
            let parsed = parsed
                .map_err(|cause| Failure::Wrong(format!("the template is wrong: {}", cause.message())))?;
            template::whole(machine, &parsed, &scope.to_map()?).map(Value::Text)
        })),
        _ => None,
    }
}

fn read(machine: &Machine<'_>, path: &Value) -> Result<String, Failure> {
    let path = path.literal()?;
    let file = machine.world.files.get(within(&path).as_str());
    file.map(|text| text.to_string()).ok_or_else(|| {
        Failure::Wrong(format!(
            "`{path}` is no file of the template's own folder, which is what is to be named"
        ))
    })
}

/// The name of a file within the folder. One that leads out of it is no file's name.
fn within(path: &str) -> String {
    let parts = path.split('/').filter(|part| !["", "."].contains(part));
    if path.starts_with('/') { String::new() } else { parts.collect::<Vec<_>>().join("/") }
}
