//! `coder_agent`, `coder_script` and `coder_env`: what runs at a start, and in which environment.

use super::value::{Text, Value};
use super::work::{View, Work};
use super::{container, rules, shell};
use crate::templates::draft::quoted;

/// The agent. Deed needs none, but what it would do at a start is done.
pub(super) fn agent<'a>(work: &mut Work<'a>, view: &View<'a>) {
    if std::mem::replace(&mut work.has_agent, true) {
        work.refuse(view.site(), "a workspace is one container, with one agent at most");
    }
    if let Some(system) = work.literal(view, "os", "a workspace is Linux")
        && system != "linux"
        && let Some(attribute) = view.attribute("os")
    {
        work.refuse(view.site_of(attribute), "a workspace is Linux");
    }
    environment(work, view);
    if let Some(path) = work.literal(view, "dir", "container.working_directory") {
        work.draft.working_directory = Some(path.into());
    }
    script(work, view, "startup_script");
    if let Some(seconds) = work.whole(view, "startup_script_timeout", "startup.timeout_seconds") {
        work.draft.startup_seconds = u64::try_from(seconds).ok();
    }
    work.rest(view, rules::AGENT);
}

fn environment<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(attribute) = view.attribute("env") else { return };
    let site = view.site_of(attribute);
    let Some(map) = work.read(view, "env", "container.environment", Value::to_map) else { return };
    for (name, value) in map.iter().filter(|(_, value)| **value != Value::Null) {
        match value.to_text() {
            Ok(value) => container::variable(work, site, name, &value),
            Err(failure) => work.refuse(site, failure.words()),
        }
    }
}

/// Adds a script to what runs at a start. Each has a shell of its own, so that one that ends does not end the others.
pub(super) fn script<'a>(work: &mut Work<'a>, view: &View<'a>, name: &str) {
    let Some(text) = work.text(view, name, "startup.script") else { return };
    if text == Text::of("") {
        return;
    }
    match shell::script(&text, true, &mut work.draft.environment) {
        Ok(script) => add(work, &script),
        Err(why) => {
            if let Some(attribute) = view.attribute(name) {
                work.refuse(view.site_of(attribute), why);
            }
        }
    }
}

/// Adds lines to what runs at a start.
pub(super) fn add(work: &mut Work<'_>, script: &str) {
    // A script that names its own shell is run by that.
    let shell = script.strip_prefix("#!").and_then(|rest| rest.lines().next()).map(str::trim);
    let shell = shell.filter(|shell| shell.ends_with("bash")).map_or("/bin/sh", |_| "bash");
    work.draft.scripts.push(format!("{shell} -c {} || exit 1\n", quoted(script)));
}

/// A script of its own.
pub(super) fn coder_script<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let runs = work.bool(view, "run_on_start", "startup.script").unwrap_or_default();
    if runs {
        script(work, view, "script");
    } else if let Some(attribute) = view.attribute("script") {
        work.ignore(view.site_of(attribute), "it does not run at a start");
    }
    work.rest(view, rules::SCRIPT);
}

/// One variable of the environment.
pub(super) fn coder_env<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let name = work.literal(view, "name", "container.environment");
    let value = work.text(view, "value", "container.environment");
    if let (Some(name), Some(value)) = (name, value) {
        let site = view.attribute("value").map_or(view.site(), |attribute| view.site_of(attribute));
        container::variable(work, site, &name, &value);
    }
    work.rest(view, ENV);
}

const ENV: rules::Rules = &[
    ("agent_id", rules::Rule::Ignore("a workspace is one container")),
    ("merge_strategy", rules::Rule::Ignore("the last one holds")),
];
