//! Which workspace or template somebody means by a name.

use super::AskError;
use super::asking::{Asking, Stop, text};
use super::call::encoded;
use super::show::one_line;
use ledger::event::id::{TemplateId, WorkspaceId};
use serde_json::Value;

/// A workspace, by its id or by its name among one's own, then among all that one may see.
pub(super) async fn workspace(asking: &Asking, name: &str) -> Result<Value, Stop> {
    if name.parse::<WorkspaceId>().is_ok() {
        return shown(asking, name).await;
    }
    let rows = asking.list("/api/v1/workspaces").await?;
    let called: Vec<&Value> = rows.iter().filter(|row| is(row, "handle", name)).collect();
    let mine = me(asking).await?;
    let own = called.iter().find(|row| is(row, "owner", &mine));
    match (own, called.as_slice()) {
        (Some(row), _) | (None, [row]) => shown(asking, text(row, "workspace")?).await,
        (None, []) => {
            Err(Stop::refused(format!("there is no workspace `{}` that you may see", one_line(name))))
        }
        (None, several) => Err(ambiguous("workspaces", name, &ids(several, "workspace"))),
    }
}

/// A workspace as it is now, closely.
pub(super) async fn shown(asking: &Asking, id: &str) -> Result<Value, Stop> {
    asking.get(&format!("/api/v1/workspaces/{}", encoded(id))).await
}

/// Whose name counts first.
pub(super) async fn me(asking: &Asking) -> Result<String, Stop> {
    let me = asking.get("/api/v1/me").await?;
    Ok(text(&me, "subject")?.to_owned())
}

/// A template, by its id or by its name; where several have it, that of a scope.
pub(super) async fn template(asking: &Asking, name: &str, scope: Option<&str>) -> Result<Value, Stop> {
    let rows = asking.list("/api/v1/templates").await?;
    let is_id = name.parse::<TemplateId>().is_ok();
    let called: Vec<&Value> = rows
        .iter()
        .filter(|row| match is_id {
            true => is(row, "template", name),
            // The name of an archived one is free, so it says nothing.
            false => is(row, "handle", name) && !is(row, "status", "archived"),
        })
        .collect();
    let there = called.iter().find(|row| scope.is_some_and(|scope| is(row, "scope", scope)));
    match (there, called.as_slice()) {
        (Some(row), _) | (None, [row]) => Ok((*row).clone()),
        (None, []) => {
            Err(Stop::refused(format!("there is no template `{}` that you may see", one_line(name))))
        }
        (None, several) => Err(ambiguous("templates", name, &ids(several, "template"))),
    }
}

fn is(row: &Value, field: &str, text: &str) -> bool {
    row.get(field).and_then(Value::as_str) == Some(text)
}

fn ids(rows: &[&Value], field: &str) -> Vec<String> {
    rows.iter().filter_map(|row| text(row, field).ok()).map(str::to_owned).collect()
}

fn ambiguous(what: &str, name: &str, ids: &[String]) -> Stop {
    let (name, ids) = (one_line(name), ids.join("`, `"));
    Stop::refused(format!("several {what} are called `{name}`; say which by its id: `{ids}`"))
}

/// The number of a version in an answer.
pub(super) fn number(value: &Value, field: &str) -> Result<u64, AskError> {
    value.get(field).and_then(Value::as_u64).ok_or(AskError::Shape)
}
