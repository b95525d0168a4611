//! Creating workspaces, starting, stopping, updating and deleting them.

use super::super::AskError;
use super::super::asking::{Asking, Stop, text};
use super::super::follow::{DELETED, Goal, RUNNING, STOPPED, until};
use super::super::named::{number, shown};
use super::super::{named as resolve, show};
use super::{chosen, id, named, shown::running, word};
use crate::json::part;
use clap::ArgMatches;
use ledger::event::workspaces::{Values, WorkspaceSpec};
use projections::workspaces::impact::{Reach, impacts};
use serde_json::{Map, Value, json};

pub(super) async fn create(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let scope = words.get_one::<String>("scope").map(String::as_str);
    let template = resolve::template(asking, word(words, "template"), scope).await?;
    let name = word(words, "workspace");
    let mut arguments = Map::new();
    arguments.insert("handle".to_owned(), name.into());
    arguments.insert("template".to_owned(), text(&template, "template")?.into());
    arguments.insert("values".to_owned(), chosen(words)?.into());
    arguments.extend(scope.map(|scope| ("scope".to_owned(), scope.into())));
    arguments.extend(version(words));
    let answer = asking.order("workspaces.create_workspace", &arguments.into()).await?;
    let id = match part(&answer, &["result", "workspace"]).as_str() {
        Some(id) => id.to_owned(),
        // It was there already, under this name.
        None => id(&resolve::workspace(asking, name).await?)?,
    };
    settle(asking, words, &id, RUNNING).await
}

fn version(words: &ArgMatches) -> Option<(String, Value)> {
    words.get_one::<u64>("number").map(|number| ("version".to_owned(), (*number).into()))
}

/// Starts, stops or deletes.
pub(super) async fn order(asking: &Asking, verb: &str, words: &ArgMatches) -> Result<String, Stop> {
    let id = id(&named(asking, words).await?)?;
    asking.order(&format!("workspaces.{verb}_workspace"), &json!({ "workspace": id })).await?;
    let goal = match verb {
        "start" => RUNNING,
        "stop" => STOPPED,
        _ => DELETED,
    };
    settle(asking, words, &id, goal).await
}

/// Waits as long as the words say, and shows what it is then.
async fn settle(asking: &Asking, words: &ArgMatches, id: &str, goal: Goal) -> Result<String, Stop> {
    let waits = !words.get_flag("no-wait");
    let found = if waits { until(asking, id, goal).await? } else { shown(asking, id).await? };
    if asking.json {
        return Ok(show::json(&found));
    }
    let (name, status) = (text(&found, "handle")?, text(&found, "status")?);
    match status {
        "running" => running(&found),
        "deleted" => Ok(deleted(name, &found)),
        _ => Ok(format!("{name} is {status}\n")),
    }
}

fn deleted(name: &str, found: &Value) -> String {
    let kept = part(found, &["kept"]).as_array().into_iter().flatten().filter_map(Value::as_str);
    let kept: Vec<_> = kept.collect();
    match kept.is_empty() {
        true => format!("{name} is deleted\n"),
        false => {
            format!("{name} is deleted; its template protects what is left of it: {}\n", kept.join(", "))
        }
    }
}

pub(super) async fn update(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let found = named(asking, words).await?;
    let (id, values) = (id(&found)?, chosen(words)?);
    eprint!("{}", planned(asking, &found, words, &values).await?);
    let mut arguments = Map::new();
    arguments.insert("workspace".to_owned(), id.as_str().into());
    arguments.insert("values".to_owned(), values.into());
    arguments.extend(version(words));
    asking.order("workspaces.update_workspace", &arguments.into()).await?;
    let now = shown(asking, &id).await?;
    // One that stands still takes the changes in when it starts.
    let goal = if text(&now, "wish")? == "run" { RUNNING } else { STOPPED };
    settle(asking, words, &id, goal).await
}

/// What an update will change, as far as the two versions tell.
async fn planned(
    asking: &Asking,
    found: &Value,
    words: &ArgMatches,
    chosen: &Map<String, Value>,
) -> Result<String, Stop> {
    let (template, old) = (text(found, "template")?, number(found, "version")?);
    let row = resolve::template(asking, template, None).await?;
    let promoted = part(&row, &["promoted"]).as_u64();
    // Without a promoted version the server says what is wrong.
    let new = words.get_one::<u64>("number").copied().or(promoted).unwrap_or(old);
    let values: Values =
        serde_json::from_value(part(found, &["values"]).clone()).map_err(|_| AskError::Shape)?;
    let mut lines = Vec::new();
    if new != old {
        let (before, after) = (spec(asking, template, old).await?, spec(asking, template, new).await?);
        lines.extend(
            impacts(&before, &after, &values)
                .into_iter()
                .map(|impact| vec![impact.field.into(), needs(impact.reach).to_owned()]),
        );
    }
    let differs =
        |(name, value): &(&String, &Value)| values.get(name.as_str()).map(|old| &**old) != value.as_str();
    let changed = chosen.iter().filter(differs);
    lines.extend(changed.map(|(name, _)| vec![format!("values.{name}"), needs(Reach::Rebuild).to_owned()]));
    let name = text(found, "handle")?;
    let title = if new == old {
        format!("{name} stays at version {old}")
    } else {
        format!("{name}: version {old} to {new}")
    };
    let rest =
        if lines.is_empty() { "  nothing changes\n".to_owned() } else { indented(&show::aligned(&lines)) };
    Ok(format!("{title}\n{rest}"))
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}\n")).collect()
}

/// What a change takes, in words.
pub(in super::super) fn needs(reach: Reach) -> &'static str {
    match reach {
        Reach::Live => "live",
        Reach::Restart => "needs a restart",
        Reach::Rebuild => "needs a rebuild; volumes stay",
        Reach::Recreate => "needs a new workspace",
    }
}

async fn spec(asking: &Asking, template: &str, number: u64) -> Result<WorkspaceSpec, Stop> {
    let version = asking.get(&format!("/api/v1/templates/{template}/versions/{number}")).await?;
    let spec = serde_json::from_value(part(&version, &["spec"]).clone());
    Ok(spec.map_err(|_| AskError::Shape)?)
}
