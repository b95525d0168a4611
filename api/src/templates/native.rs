//! Templates in TOML: the very shape of a spec. Lists that a spec has in ascending order may stand in any.

use super::report::{Finding, Outcome, Problem};
use super::{Files, Imported};
use ledger::event::workspaces::WorkspaceSpec;

/// Reads the one file there is.
pub(super) fn import(files: &Files) -> Result<Imported, Problem> {
    let mut all = files.iter();
    let (Some((file, text)), None) = (all.next(), all.next()) else {
        return Err(Problem::of("", "a template in TOML is one file: name it, not its folder"));
    };
    let mut spec: WorkspaceSpec = toml::from_str(text).map_err(|cause| {
        let what = cause.message().to_owned();
        match cause.span() {
            Some(span) => Problem::at(file, text, span.start, what),
            None => Problem::of(file, what),
        }
    })?;
    sort(&mut spec);
    spec.check().map_err(|unsound| Problem::of(file, unsound.what))?;
    let report = whole(file, text, &spec);
    Ok(Imported { spec: Some(spec), report })
}

/// The spec as TOML, which reads back as the same spec.
pub fn print(spec: &WorkspaceSpec) -> Result<String, Problem> {
    toml::to_string(spec).map_err(|cause| Problem::of("", cause.to_string()))
}

/// Puts in order what a spec has in order.
pub(super) fn sort(spec: &mut WorkspaceSpec) {
    spec.apps.sort_by(|one, other| one.slug.cmp(&other.slug));
    spec.container.scratch.sort_by(|one, other| one.path.cmp(&other.path));
    spec.volumes.sort_by(|one, other| one.name.cmp(&other.name));
    spec.network.allow.sort_by(|one, other| one.host.cmp(&other.host));
    for destination in &mut spec.network.allow {
        destination.ports.sort_unstable();
    }
}

/// Everything is mapped to where it stands: one line for each key at the top.
fn whole(file: &str, text: &str, spec: &WorkspaceSpec) -> Vec<Finding> {
    let keys = serde_json::to_value(spec).ok();
    let keys = keys.as_ref().and_then(serde_json::Value::as_object);
    let found = keys.into_iter().flatten().map(|(key, _)| Finding {
        file: file.into(),
        line: line_of(text, key),
        construct: key.as_str().into(),
        outcome: Outcome::mapped(key.as_str()),
    });
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|finding| finding.line);
    found
}

/// The first line that begins with the key or opens its table.
fn line_of(text: &str, key: &str) -> usize {
    let opens = |line: &str| {
        let rest = line.trim_start_matches(['[', ' ', '\t']).strip_prefix(key);
        rest.is_some_and(|rest| rest.starts_with([' ', '=', '.', ']', '\t']))
    };
    text.lines().position(opens).map_or(0, |line| line + 1)
}
