//! The page of one's workspaces: what they do, their apps, and orders as forms. It works without scripts.

mod form;
mod view;

use super::super::asking::{Asker, Deed, may_see};
use super::super::body::Form;
use super::super::html::elsewhere;
use super::super::{Kind, Problem};
use super::log::said;
use super::{acting, in_path};
use ::commands::Command;
use ::commands::workspaces::{DeleteWorkspace, StartWorkspace, StopWorkspace};
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use ledger::event::Subject;
use ledger::event::id::WorkspaceId;
use ledger::event::scope::Scope;
use ledger::event::workspaces::Why;
use projections::State as Folded;
use projections::workspaces::{Status, Wish, Workspace};
use view::{AppLink, Buttons, Row};

pub(in crate::http) use form::{create, new};

/// How many lines of a failed build's log are shown.
const LINES: usize = 20;

/// Whose page it is; `None` when nobody is signed in.
fn owner(deed: &Deed, asker: &Asker) -> Option<Subject> {
    let published = deed.engine.published();
    acting(asker).filter(|_| may_see(&published, &asker.actor, None, Scope::Site))
}

fn to_sign_in() -> Response {
    elsewhere("/sign-in?return_to=/workspaces", None)
}

/// The page of one's workspaces.
pub(in crate::http) async fn own(State(deed): State<Deed>, asker: Asker) -> Response {
    listed(&deed, &asker, None)
}

/// The list, with what went wrong above it.
fn listed(deed: &Deed, asker: &Asker, problem: Option<&Problem>) -> Response {
    let Some(owner) = owner(deed, asker) else { return to_sign_in() };
    let published = deed.engine.published();
    let state = &published.state;
    let found = state.workspaces.of(owner).filter_map(|id| Some((id, state.workspaces.live(id)?)));
    let rows: Vec<Row> = found.map(|(id, found)| row(deed, state, id, found)).collect();
    let page = view::workspaces(&owner.to_string(), &rows, problem.map(Problem::detail));
    match problem {
        Some(problem) => (problem.status(), page).into_response(),
        None => page.into_response(),
    }
}

fn row(deed: &Deed, state: &Folded, id: WorkspaceId, found: &Workspace) -> Row {
    let phase = &found.phase;
    let template = state.templates.find(found.template);
    let template =
        template.map_or_else(|| found.template.to_string(), |template| template.handle.to_string());
    let failed = phase.status == Status::Failed;
    let at = phase.failed.filter(|_| failed).map(|at| format!(" at {}", at.as_str()));
    let asleep = if found.asleep.is_some() { ", asleep" } else { "" };
    Row {
        id: id.to_string(),
        name: found.handle.to_string(),
        status: format!("{}{}{asleep}", phase.status.as_str(), at.unwrap_or_default()),
        template: format!("{template}, version {}", found.version),
        apps: if phase.status == Status::Running { apps(deed, state, id, found) } else { vec![] },
        buttons: buttons(found),
        moves: moves(phase.status),
        // Without its log a failure is still shown.
        said: failed.then(|| said(deed, id, found).ok()).flatten().map(|log| last(&log)),
    }
}

/// Whether it is on its way to something else.
fn moves(status: Status) -> bool {
    match status {
        Status::Requested | Status::Building | Status::Stopping | Status::Deleting | Status::Lost => true,
        Status::Running | Status::Stopped | Status::Deleted | Status::Failed => false,
    }
}

fn buttons(found: &Workspace) -> Buttons {
    let (wish, failed) = (found.phase.wish, found.phase.status == Status::Failed);
    Buttons {
        start: wish == Wish::Stop || wish == Wish::Run && failed,
        stop: wish == Wish::Run && !failed || wish == Wish::Stop && failed,
        delete: wish != Wish::Delete || failed,
    }
}

fn apps(deed: &Deed, state: &Folded, id: WorkspaceId, found: &Workspace) -> Vec<AppLink> {
    let Some(door) = &deed.door else { return vec![] };
    let version = state.spec_of(found);
    let apps = version.map(|version| version.spec.apps.as_slice()).unwrap_or_default();
    let label = state.label_of(id);
    apps.iter()
        .map(|app| AppLink { name: app.name.to_string(), url: door.address(&app.slug, &label) })
        .collect()
}

/// The end of a log.
fn last(log: &str) -> String {
    let lines: Vec<&str> = log.lines().rev().take(LINES).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

/// Starts a workspace, from its page.
pub(in crate::http) async fn start(
    State(deed): State<Deed>,
    asker: Asker,
    Path(workspace): Path<String>,
) -> Response {
    let command = |workspace| StartWorkspace { workspace, why: Why::Person }.into();
    ordered(&deed, asker, in_path(&workspace).map(command)).await
}

/// Stops a workspace, from its page.
pub(in crate::http) async fn stop(
    State(deed): State<Deed>,
    asker: Asker,
    Path(workspace): Path<String>,
) -> Response {
    let command = |workspace| StopWorkspace { workspace, why: Why::Person }.into();
    ordered(&deed, asker, in_path(&workspace).map(command)).await
}

/// Deletes a workspace, from its page, once somebody has said so twice.
pub(in crate::http) async fn delete(
    State(deed): State<Deed>,
    asker: Asker,
    Path(workspace): Path<String>,
    form: Result<Form, Problem>,
) -> Response {
    let id = match in_path::<WorkspaceId>(&workspace) {
        Ok(id) => id,
        Err(problem) => return listed(&deed, &asker, Some(&problem)),
    };
    if form.is_ok_and(|form| form.field("sure") == Some("yes")) {
        let command = DeleteWorkspace { workspace: id, why: Why::Person }.into();
        return ordered(&deed, asker, Ok(command)).await;
    }
    let Some(owner) = owner(&deed, &asker) else { return to_sign_in() };
    let published = deed.engine.published();
    let found = published.state.workspaces.live(id).filter(|found| found.owner == Some(owner));
    let Some(found) = found else {
        let problem = Problem::new(Kind::NoSuchRoute, "there is no such workspace of yours");
        return listed(&deed, &asker, Some(&problem));
    };
    let volumes = published.state.spec_of(found).map(|version| version.spec.volumes.as_slice());
    let kept = volumes.unwrap_or_default().iter().filter(|volume| volume.protected);
    let kept: Vec<&str> = kept.map(|volume| &*volume.name).collect();
    view::sure(&workspace, &found.handle, &kept).into_response()
}

async fn ordered(deed: &Deed, asker: Asker, command: Result<Command, Problem>) -> Response {
    let done = match command {
        Ok(command) => deed.tell(asker, command).await.map(drop),
        Err(problem) => Err(problem),
    };
    match done {
        Ok(()) => elsewhere("/workspaces", None),
        Err(problem) => listed(deed, &asker, Some(&problem)),
    }
}

/// The page's script.
pub(in crate::http) async fn script() -> Response {
    let script = include_str!("../../../../pages/workspaces.js");
    super::super::pages::asset("text/javascript; charset=utf-8", script)
}
