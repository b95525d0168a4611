//! Organizations and projects over HTTP.

use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{environments, fresh_id, handle, repositories};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use axum::extract::State;
use commands::access::{ChangeProject, CreateOrganization, CreateProject};
use ledger::event::id::{OrganizationId, ProjectId};
use ledger::event::scope::{Environment, Environments};
use projections::access::{Contents, Permission};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct OrganizationArguments {
    handle: String,
}

pub(in crate::http) fn create_organization(
    door: Door<'_>,
    arguments: OrganizationArguments,
) -> Result<Parsed, Problem> {
    let organization = OrganizationId::from_bytes(fresh_id());
    Ok(Parsed::plain(door, CreateOrganization { organization, handle: handle(&arguments.handle)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ProjectArguments {
    organization: OrganizationId,
    handle: String,
    environments: Vec<Environment>,
    #[serde(default)]
    repositories: Vec<String>,
}

pub(in crate::http) fn create_project(
    door: Door<'_>,
    arguments: ProjectArguments,
) -> Result<Parsed, Problem> {
    let ProjectArguments { organization, handle: name, environments: runs_in, repositories: list } =
        arguments;
    let command = CreateProject {
        project: ProjectId::from_bytes(fresh_id()),
        organization,
        handle: handle(&name)?,
        environments: environments(runs_in)?,
        repositories: repositories(list)?,
    };
    Ok(Parsed::plain(door, command))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChangeArguments {
    project: ProjectId,
    environments: Vec<Environment>,
    repositories: Vec<String>,
}

pub(in crate::http) fn change_project(door: Door<'_>, arguments: ChangeArguments) -> Result<Parsed, Problem> {
    let ChangeArguments { project, environments: runs_in, repositories: list } = arguments;
    let (environments, repositories) = (environments(runs_in)?, repositories(list)?);
    Ok(Parsed::plain(door, ChangeProject { project, environments, repositories }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct OrganizationRow {
    organization: OrganizationId,
    handle: String,
}

pub(in crate::http) async fn organizations(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<OrganizationId>,
) -> Result<Json<Page<OrganizationRow>>, Problem> {
    let (published, moment) = deed.view(asker, None, &paging).await?;
    let list = published.state.scopes.organizations(paging.after);
    let rows = list.filter(|(_, found)| found.since < moment.size);
    let rows =
        rows.map(|(organization, found)| OrganizationRow { organization, handle: found.handle.to_string() });
    Ok(Json(paging.page(rows, moment.size, |row| row.organization.to_string())))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct ProjectRow {
    project: ProjectId,
    organization: OrganizationId,
    handle: String,
    environments: Environments,
    repositories: Vec<Box<str>>,
}

pub(in crate::http) async fn projects(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<ProjectId>,
) -> Result<Json<Page<ProjectRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::AccessRead), &paging).await?;
    let list = published.state.scopes.projects(paging.after);
    let rows = list.filter(|(_, found)| found.since < moment.size).map(|(project, found)| {
        let Contents { environments, repositories } =
            found.contents.at(moment.size).cloned().unwrap_or_default();
        ProjectRow {
            project,
            organization: found.organization,
            handle: found.handle.to_string(),
            environments,
            repositories: repositories.to_vec(),
        }
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.project.to_string())))
}
