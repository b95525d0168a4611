//! Templates: publishing them, and what there is.

use super::super::asking::{Asker, Deed};
use super::super::body::Json as JsonBody;
use super::super::commands::{Door, Parsed};
use super::super::fields::{fresh_id, optional, site};
use super::super::pages::{Page, Paging};
use super::super::tags::{Json, Tagged};
use super::super::{Kind, Problem};
use super::{in_path, slug};
use axum::extract::{Path, State};
use commands::workspaces::{ArchiveTemplate, ArchiveVersion, DeprecateTemplate, PromoteVersion, PublishTemplate};
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{Format, Source, WorkspaceSpec};
use ledger::hash::Hash;
use projections::access::Permission;
use projections::workspaces::impact::impacts;
use projections::workspaces::{Template, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PublishArguments {
    /// What people call it, unique in its scope. One that is there gets a version more.
    handle: String,
    #[serde(default = "site")]
    scope: Scope,
    spec: Box<WorkspaceSpec>,
    /// What it was written in; the spec itself unless given.
    source: Option<Source>,
    /// Whether new workspaces are made from it at once.
    #[serde(default)]
    promote: bool,
}

pub(in crate::http) fn publish_template(door: Door<'_>, arguments: PublishArguments) -> Result<Parsed, Problem> {
    let PublishArguments { handle, scope, spec, source, promote } = arguments;
    let source = source.unwrap_or_else(|| Source { digest: spec.digest(), format: Format::Native });
    let template = TemplateId::from_bytes(fresh_id());
    Ok(Parsed::plain(door, PublishTemplate { template, handle: slug(&handle)?, scope, spec, source, promote }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct VersionArguments {
    template: TemplateId,
    /// The version's number.
    number: u64,
}

pub(in crate::http) fn promote_version(door: Door<'_>, arguments: VersionArguments) -> Result<Parsed, Problem> {
    let VersionArguments { template, number } = arguments;
    Ok(Parsed::plain(door, PromoteVersion { template, number }))
}

pub(in crate::http) fn archive_version(door: Door<'_>, arguments: VersionArguments) -> Result<Parsed, Problem> {
    let VersionArguments { template, number } = arguments;
    Ok(Parsed::plain(door, ArchiveVersion { template, number }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DeprecateArguments {
    template: TemplateId,
    /// What people are told; absent when they may use it again.
    message: Option<String>,
}

pub(in crate::http) fn deprecate_template(door: Door<'_>, arguments: DeprecateArguments) -> Result<Parsed, Problem> {
    let DeprecateArguments { template, message } = arguments;
    Ok(Parsed::plain(door, DeprecateTemplate { template, message: optional("message", message)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TemplateArguments {
    template: TemplateId,
}

pub(in crate::http) fn archive_template(door: Door<'_>, arguments: TemplateArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, ArchiveTemplate { template: arguments.template }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct TemplateRow {
    template: TemplateId,
    handle: Box<str>,
    scope: Scope,
    /// `active`, `deprecated` or `archived`.
    status: &'static str,
    /// What people are told who should not use it any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Box<str>>,
    /// The version that new workspaces are made from.
    #[serde(skip_serializing_if = "Option::is_none")]
    promoted: Option<u64>,
    /// The newest version.
    #[serde(skip_serializing_if = "Option::is_none")]
    newest: Option<u64>,
}

pub(in crate::http) async fn templates(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<TemplateId>,
) -> Result<Json<Page<TemplateRow>>, Problem> {
    let (published, moment) = deed.view(asker, None, &paging).await?;
    let state = &published.state;
    let now = crate::clock::now();
    let readable = |scope: Scope| state.actor_may(&asker.actor, Permission::TemplatesRead, scope.into(), now);
    let list = state.templates.list(paging.after).filter(|(_, found)| found.span.since < moment.size);
    let rows = list.filter(|(_, found)| readable(found.scope)).map(|(template, found)| TemplateRow {
        template,
        handle: found.handle.clone(),
        scope: found.scope,
        status: status(found, moment.size),
        message: found.deprecated.clone(),
        promoted: found.promoted.at(moment.size).copied(),
        newest: found.versions.iter().rev().find(|(_, one)| one.span.since < moment.size).map(|(number, _)| *number),
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.template.to_string())))
}

fn status(found: &Template, size: u64) -> &'static str {
    match (found.span.holds(size), &found.deprecated) {
        (false, _) => "archived",
        (true, Some(_)) => "deprecated",
        (true, None) => "active",
    }
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct VersionRow {
    number: u64,
    /// SHA-256 of the canonical JSON of its spec.
    digest: Hash,
    source: Source,
    /// Who published it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// `active` or `archived`.
    status: &'static str,
}

fn row(number: u64, found: &Version, size: u64) -> VersionRow {
    VersionRow {
        number,
        digest: found.digest,
        source: found.source,
        by: found.by.map(|subject| subject.to_string()),
        status: if found.span.holds(size) { "active" } else { "archived" },
    }
}

pub(in crate::http) async fn versions(
    State(deed): State<Deed>,
    asker: Asker,
    Path(template): Path<String>,
    paging: Paging<u64>,
) -> Result<Json<Page<VersionRow>>, Problem> {
    let id = in_path::<TemplateId>(&template)?;
    let scope = scope_of(&deed, id)?;
    let published = deed.look_at(asker, Some(Permission::TemplatesRead), scope).await?;
    let size = published.head.size();
    let found = published.state.templates.find(id).ok_or_else(nothing)?;
    let after = paging.after.unwrap_or_default();
    let list = found.versions.iter().filter(|(number, _)| **number > after);
    let rows = list.map(|(number, version)| row(*number, version, size));
    Ok(Json(paging.page(rows, size, |row| row.number.to_string())))
}

fn nothing() -> Problem {
    Problem::new(Kind::NoSuchRoute, "there is no such template or version")
}

/// Where a template can be used; as the whole site for one that there is not, so that nobody learns which there are.
fn scope_of(deed: &Deed, id: TemplateId) -> Result<Scope, Problem> {
    let published = deed.engine.published();
    Ok(published.state.templates.find(id).map(|found| found.scope).unwrap_or_default())
}

/// A version of a template.
#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct VersionShown {
    #[serde(flatten)]
    row: VersionRow,
    /// What workspaces of it are made of.
    spec: WorkspaceSpec,
    as_of: u64,
}

impl Tagged for VersionShown {
    fn size(&self) -> u64 {
        self.as_of
    }
}

pub(in crate::http) async fn version(
    State(deed): State<Deed>,
    asker: Asker,
    Path((template, number)): Path<(String, String)>,
) -> Result<Json<VersionShown>, Problem> {
    let (id, number) = (in_path::<TemplateId>(&template)?, in_path::<u64>(&number)?);
    let scope = scope_of(&deed, id)?;
    let published = deed.look_at(asker, Some(Permission::TemplatesRead), scope).await?;
    let size = published.head.size();
    let found = published.state.templates.find(id).and_then(|found| found.version(number)).ok_or_else(nothing)?;
    let spec = (*found.spec.share()).clone();
    Ok(Json(VersionShown { row: row(number, found, size), spec, as_of: size }))
}

/// What would become of the workspaces of a template if it were this.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PlanArguments {
    spec: Box<WorkspaceSpec>,
}

/// What a new version would mean.
#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct Plan {
    /// Each workspace that something changes for.
    workspaces: Vec<PlanRow>,
    /// How many workspaces nothing changes for.
    unchanged: u64,
    as_of: u64,
}

impl Tagged for Plan {
    fn size(&self) -> u64 {
        self.as_of
    }
}

#[derive(JsonSchema, Serialize)]
struct PlanRow {
    workspace: WorkspaceId,
    handle: Box<str>,
    /// Its version now.
    version: u64,
    /// `running`, `stopped` and so on.
    status: &'static str,
    /// What is needed in all: `live`, `restart`, `rebuild` or `recreate`.
    reach: &'static str,
    changes: Vec<PlanChange>,
}

#[derive(JsonSchema, Serialize)]
struct PlanChange {
    /// What changes, such as `container.image`.
    field: Box<str>,
    /// What that needs.
    reach: &'static str,
}

pub(in crate::http) async fn plan(
    State(deed): State<Deed>,
    asker: Asker,
    Path(template): Path<String>,
    JsonBody(arguments): JsonBody<PlanArguments>,
) -> Result<Json<Plan>, Problem> {
    let id = in_path::<TemplateId>(&template)?;
    let scope = scope_of(&deed, id)?;
    let published = deed.look_at(asker, Some(Permission::TemplatesPublish), scope).await?;
    let new = arguments.spec;
    new.check().map_err(|unsound| Problem::new(Kind::WrongShape, format!("the template is not sound: {unsound}")))?;
    let state = &published.state;
    state.templates.find(id).ok_or_else(nothing)?;
    let (mut workspaces, mut unchanged) = (Vec::new(), 0);
    for (workspace, found) in state.workspaces.all_live().filter(|(_, found)| found.template == id) {
        let Some(old) = state.spec_of(found) else { continue };
        let changes = impacts(&old.spec, &new, &found.values);
        let Some(reach) = changes.iter().map(|change| change.reach).max() else {
            unchanged += 1;
            continue;
        };
        let shown = |change: projections::workspaces::impact::Impact| PlanChange {
            field: change.field,
            reach: change.reach.as_str(),
        };
        workspaces.push(PlanRow {
            workspace,
            handle: found.handle.clone(),
            version: found.version,
            status: found.phase.status.as_str(),
            reach: reach.as_str(),
            changes: changes.into_iter().map(shown).collect(),
        });
    }
    Ok(Json(Plan { workspaces, unchanged, as_of: published.head.size() }))
}
