//! References in the texts of a spec.

use super::parameters::{Parameter, Values};

/// A part of a text with references.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'a> {
    /// Stands as it is.
    Text(&'a str),
    /// Stands for something.
    Reference(&'a str),
}

/// What references to an owner and a workspace stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The handle of the owner.
    pub owner_handle: Box<str>,
    /// The id of the owner.
    pub owner_id: Box<str>,
    /// The handle of the workspace.
    pub workspace_handle: Box<str>,
    /// The id of the workspace.
    pub workspace_id: Box<str>,
}

/// The parts of a text; `None` when a reference does not end.
fn parts(text: &str) -> Option<Vec<Part<'_>>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(before) = before.strip_suffix('$') {
            parts.extend([Part::Text(before), Part::Text("${")]);
            rest = after;
            continue;
        }
        let (reference, after) = after.split_once('}')?;
        parts.extend([Part::Text(before), Part::Reference(reference)]);
        rest = after;
    }
    parts.push(Part::Text(rest));
    Some(parts)
}

/// Replaces what stands for something. What nobody knows stands for nothing.
pub fn resolve(text: &str, values: &Values, names: &Names) -> String {
    let value = |reference: &str| match reference.split_once('.') {
        Some(("parameter", name)) => values.get(name).map_or("", |value| &**value).to_owned(),
        Some(("owner", "handle")) => names.owner_handle.to_string(),
        Some(("owner", "id")) => names.owner_id.to_string(),
        Some(("workspace", "handle")) => names.workspace_handle.to_string(),
        Some(("workspace", "id")) => names.workspace_id.to_string(),
        _ => String::new(),
    };
    let resolved = |part: &Part<'_>| match part {
        Part::Text(text) => (*text).to_owned(),
        Part::Reference(reference) => value(reference),
    };
    parts(text).unwrap_or_default().iter().map(resolved).collect()
}

/// The references of a text; `None` when one does not end.
fn references(text: &str) -> Option<Vec<&str>> {
    let reference = |part| match part {
        Part::Text(_) => None,
        Part::Reference(reference) => Some(reference),
    };
    Some(parts(text)?.into_iter().filter_map(reference).collect())
}

/// Whether every reference of a text stands for something.
pub(super) fn are_known(text: &str, parameters: &[Parameter]) -> bool {
    let known = |reference: &&str| match reference.split_once('.') {
        Some(("parameter", name)) => parameters.iter().any(|parameter| &*parameter.name == name),
        Some(("owner" | "workspace", "handle" | "id")) => true,
        _ => false,
    };
    references(text).is_some_and(|references| references.iter().all(known))
}

/// Whether what a text says depends on whose the workspace is.
pub(super) fn depend_on_owner(text: &str) -> bool {
    let depends = |reference: &str| !reference.starts_with("parameter.");
    references(text).is_none_or(|references| references.into_iter().any(depends))
}

/// Whether something holds for a text whatever is chosen. At most one parameter may have a say, and it has options.
pub(super) fn every_choice(text: &str, parameters: &[Parameter], holds: impl Fn(&str) -> bool) -> bool {
    let Some(references) = references(text) else { return false };
    let reference = match references.as_slice() {
        [] => return holds(text),
        [reference] => reference,
        _ => return false,
    };
    let name = reference.strip_prefix("parameter.");
    let parameter = parameters.iter().find(|parameter| Some(&*parameter.name) == name);
    parameter.is_some_and(|parameter| {
        let resolved =
            |value: &str| resolve(text, &[(parameter.name.clone(), value.into())].into(), &Names::default());
        !parameter.options.is_empty()
            && parameter.options.iter().all(|choice| holds(&resolved(&choice.value)))
    })
}
