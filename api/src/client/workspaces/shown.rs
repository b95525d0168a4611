//! Showing workspaces, what their builds said, and their apps.

use super::super::asking::{Asking, Stop, text};
use super::super::follow::{Onto, log};
use super::super::named::{me, number};
use super::super::{browse, show};
use super::{id, named, word};
use crate::json::part;
use clap::ArgMatches;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Columns of the list, and from which field each is.
const COLUMNS: [&str; 6] = ["name", "status", "template", "version", "used", "workspace"];

pub(super) async fn list(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let all = words.get_flag("all");
    let mine = me(asking).await?;
    let mut rows = asking.list("/api/v1/workspaces").await?;
    rows.retain(|row| all || part(row, &["owner"]).as_str() == Some(&mine));
    if asking.json {
        return Ok(show::json(&json!({ "rows": rows })));
    }
    let templates = asking.list("/api/v1/templates").await?;
    let handles: BTreeMap<&str, &Value> = templates
        .iter()
        .filter_map(|row| Some((part(row, &["template"]).as_str()?, part(row, &["handle"]))))
        .collect();
    let mut columns: Vec<String> = COLUMNS.map(str::to_owned).to_vec();
    if all {
        columns.push("owner".to_owned());
    }
    let shown = rows.iter().map(|row| {
        let template = part(row, &["template"]);
        let handle = template.as_str().and_then(|id| handles.get(id).copied()).unwrap_or(template);
        let name = part(row, &["handle"]).clone();
        let cells = [("name", name), ("template", handle.clone()), ("status", status(row).into())];
        show::with(row.clone(), cells)
    });
    let text = show::rows(&Value::Array(shown.collect()), &columns);
    Ok(if text.is_empty() {
        "there is no workspace; `deed workspace create` makes one\n".to_owned()
    } else {
        text
    })
}

/// How it is, and where it failed.
fn status(row: &Value) -> String {
    let status = part(row, &["status"]).as_str().unwrap_or_default();
    let asleep = part(row, &["asleep"]).is_string();
    match part(row, &["failed_at"]).as_str() {
        Some(at) if status == "failed" => format!("failed at {at}"),
        _ if asleep => format!("{status}, asleep"),
        _ => status.to_owned(),
    }
}

pub(super) async fn show(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let found = named(asking, words).await?;
    Ok(if asking.json { show::json(&found) } else { show::answer(&found) })
}

pub(super) async fn logs(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let id = id(&named(asking, words).await?)?;
    log(asking, &id, Onto::Output, words.get_flag("follow")).await?;
    Ok(String::new())
}

pub(super) async fn open(asking: &Asking, words: &ArgMatches) -> Result<String, Stop> {
    let found = named(asking, words).await?;
    let name = text(&found, "handle")?;
    let apps = part(&found, &["apps"]).as_array().map(Vec::as_slice).unwrap_or_default();
    let slugs: Vec<_> = apps.iter().filter_map(|app| part(app, &["slug"]).as_str()).collect();
    let known =
        if slugs.is_empty() { "it has none".to_owned() } else { format!("it has `{}`", slugs.join("`, `")) };
    let wanted = words.get_one::<String>("app").map(String::as_str);
    let app = match (wanted, apps) {
        (Some(wanted), _) => apps.iter().find(|app| part(app, &["slug"]).as_str() == Some(wanted)),
        (None, [one]) => Some(one),
        (None, _) => None,
    };
    let Some(app) = app else {
        let wanted = wanted.map(show::one_line);
        let what =
            wanted.map_or("say which app".to_owned(), |wanted| format!("`{name}` has no app `{wanted}`"));
        return Err(Stop::refused(format!("{what}: {known}")));
    };
    let Some(url) = part(app, &["url"]).as_str() else {
        return Err(Stop::refused("this server has no door to workspaces"));
    };
    let status = text(&found, "status")?;
    if status != "running" {
        eprintln!("deed: `{name}` is {status}; its apps open when it runs");
    }
    if !asking.json && !words.get_flag("print") && browse::is_there() {
        browse::open(url);
    }
    Ok(if asking.json { show::json(app) } else { format!("{url}\n") })
}

/// What runs, and where it is opened.
pub(super) fn running(found: &Value) -> Result<String, Stop> {
    let (name, version) = (text(found, "handle")?, number(found, "version")?);
    let apps = part(found, &["apps"]).as_array().into_iter().flatten();
    let field = |app: &Value, field: &str| part(app, &[field]).as_str().unwrap_or_default().to_owned();
    let lines: Vec<_> = apps
        .map(|app| vec![format!("  {}", field(app, "slug")), field(app, "name"), field(app, "url")])
        .collect();
    Ok(format!("{name} runs, version {version} of its template\n{}", show::aligned(&lines)))
}

/// A word that the server reads as it is.
pub(super) fn plain(words: &ArgMatches, name: &str) -> Value {
    word(words, name).into()
}
