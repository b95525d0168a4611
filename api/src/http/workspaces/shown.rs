//! What workspaces there are.

use super::super::asking::{Asker, Deed};
use super::super::pages::{Page, Paging, wrong_query};
use super::super::tags::{Json, Tagged};
use super::super::{Kind, Problem};
use super::{acting, in_path};
use axum::extract::{Path, State};
use ledger::event::id::{TemplateId, VirtualKeyId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{FailedAt, Schedule, Sharing, Values, Why};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::State as Folded;
use projections::access::Permission;
use projections::workspaces::{Status, ToolKey, Wish, Workspace};
use schemars::JsonSchema;
use serde::Serialize;

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct WorkspaceRow {
    workspace: WorkspaceId,
    handle: Box<str>,
    /// Absent for one of a template's stock.
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<String>,
    scope: Scope,
    template: TemplateId,
    version: u64,
    status: Status,
    wish: Wish,
    /// Why that is wished.
    why: Why,
    /// The number of the last order.
    build: u64,
    /// Where it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failed_at: Option<FailedAt>,
    /// When it was last used.
    used: Time,
    /// Since when it sleeps.
    #[serde(skip_serializing_if = "Option::is_none")]
    asleep: Option<Time>,
}

fn row(workspace: WorkspaceId, found: &Workspace) -> WorkspaceRow {
    let phase = &found.phase;
    WorkspaceRow {
        workspace,
        handle: found.handle.clone(),
        owner: found.owner.map(|owner| owner.to_string()),
        scope: found.scope,
        template: found.template,
        version: found.version,
        status: phase.status,
        wish: phase.wish,
        why: phase.why,
        build: phase.build,
        failed_at: phase.failed,
        used: found.used,
        asleep: found.asleep,
    }
}

/// Whether somebody may see a workspace: its owner, and who may read workspaces there.
fn may_see(state: &Folded, asker: &Asker, found: &Workspace) -> bool {
    let own = found.owner.is_some() && found.owner == acting(asker);
    own || state.actor_may(&asker.actor, Permission::WorkspacesRead, found.scope.into(), crate::clock::now())
}

/// One's own workspaces, and those of others that one may read. Those that are gone are left out.
pub(in crate::http) async fn workspaces(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<WorkspaceId>,
) -> Result<Json<Page<WorkspaceRow>>, Problem> {
    if paging.as_of.is_some() {
        return Err(wrong_query("`as_of` is not answered for workspaces; what happened to one is in `GET /api/v1/audit`"));
    }
    let published = deed.look(asker, None).await?;
    let state = &published.state;
    let all = state.workspaces.list(paging.after).filter(|(_, found)| found.span.is_open());
    let rows = all.filter(|(_, found)| may_see(state, &asker, found)).map(|(id, found)| row(id, found));
    Ok(Json(paging.page(rows, published.head.size(), |row| row.workspace.to_string())))
}

/// An app of a workspace.
#[derive(JsonSchema, Serialize)]
struct AppShown {
    slug: Box<str>,
    name: Box<str>,
    /// Who may open it.
    sharing: Sharing,
    /// With whom it may be shared at most.
    sharing_max: Sharing,
    /// Where it is opened in a browser; absent while the server has no door.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// A workspace, closely.
#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct WorkspaceShown {
    #[serde(flatten)]
    row: WorkspaceRow,
    /// SHA-256 of what it is made of.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<Hash>,
    values: Values,
    apps: Vec<AppShown>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
    /// When it last started.
    #[serde(skip_serializing_if = "Option::is_none")]
    started: Option<Time>,
    /// The engine's id of its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    container: Option<Hash>,
    /// The virtual key of its tools.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<VirtualKeyId>,
    /// Volumes that are left of a workspace that is gone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    kept: Vec<Box<str>>,
    as_of: u64,
}

impl Tagged for WorkspaceShown {
    fn size(&self) -> u64 {
        self.as_of
    }
}

/// A workspace that somebody may see, also when it is gone.
pub(super) async fn found(deed: &Deed, asker: Asker, text: &str) -> Result<(WorkspaceId, Workspace), Problem> {
    let id = in_path::<WorkspaceId>(text)?;
    let published = deed.look(asker, None).await?;
    let found = published.state.workspaces.find(id).filter(|found| may_see(&published.state, &asker, found));
    let found = found.ok_or_else(|| Problem::new(Kind::NoSuchRoute, "there is no such workspace that you may see"))?;
    Ok((id, found.clone()))
}

pub(in crate::http) async fn workspace(
    State(deed): State<Deed>,
    asker: Asker,
    Path(workspace): Path<String>,
) -> Result<Json<WorkspaceShown>, Problem> {
    let (id, found) = found(&deed, asker, &workspace).await?;
    let published = deed.engine.published();
    let state = &published.state;
    let version = state.spec_of(&found);
    let apps = version.map(|version| version.spec.apps.as_slice()).unwrap_or_default().iter().map(|app| AppShown {
        slug: app.slug.clone(),
        name: app.name.clone(),
        sharing: found.shared.get(&app.slug).copied().unwrap_or_default().min(app.sharing_max),
        sharing_max: app.sharing_max,
        url: deed.door.as_ref().map(|door| door.address(&app.slug, &state.label_of(id))),
    });
    let key = state.tool_key(id, &found, crate::clock::now()).and_then(|key| match key {
        ToolKey::Live(key) => Some(key),
        ToolKey::Due(_) => None,
    });
    Ok(Json(WorkspaceShown {
        row: row(id, &found),
        digest: version.map(|version| version.digest),
        values: (*found.values).clone(),
        apps: apps.collect(),
        schedule: found.schedule.as_deref().cloned(),
        started: found.started,
        container: found.container,
        key,
        kept: found.kept.to_vec(),
        as_of: published.head.size(),
    }))
}
