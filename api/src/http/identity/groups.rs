//! Groups over HTTP.

use crate::http::asking::{Asker, Deed};
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{fresh_id, handle, site, subject};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use crate::http::texts::SubjectText;
use crate::http::{Kind, Problem};
use axum::extract::{Path, State};
use commands::identity::{AddMember, CreateGroup, RemoveGroup, RemoveMember};
use ledger::event::Subject;
use ledger::event::id::GroupId;
use ledger::event::scope::Scope;
use projections::access::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct GroupArguments {
    handle: String,
    #[serde(default = "site")]
    scope: Scope,
}

pub(in crate::http) fn create_group(door: Door<'_>, arguments: GroupArguments) -> Result<Parsed, Problem> {
    let GroupArguments { handle: name, scope } = arguments;
    let group = GroupId::from_bytes(fresh_id());
    Ok(Parsed::plain(door, CreateGroup { group, handle: handle(&name)?, scope }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RemoveArguments {
    group: GroupId,
}

pub(in crate::http) fn remove_group(door: Door<'_>, arguments: RemoveArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, RemoveGroup { group: arguments.group }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MemberArguments {
    group: GroupId,
    #[serde(deserialize_with = "subject")]
    #[schemars(with = "SubjectText")]
    subject: Subject,
}

pub(in crate::http) fn add_member(door: Door<'_>, arguments: MemberArguments) -> Result<Parsed, Problem> {
    let MemberArguments { group, subject } = arguments;
    Ok(Parsed::plain(door, AddMember { group, subject }))
}

pub(in crate::http) fn remove_member(door: Door<'_>, arguments: MemberArguments) -> Result<Parsed, Problem> {
    let MemberArguments { group, subject } = arguments;
    Ok(Parsed::plain(door, RemoveMember { group, subject }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct GroupRow {
    group: GroupId,
    handle: String,
    scope: Scope,
    status: &'static str,
}

pub(in crate::http) async fn groups(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<GroupId>,
) -> Result<Json<Page<GroupRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::IdentityRead), &paging).await?;
    let list = published.state.groups.list(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(group, found)| GroupRow {
        group,
        handle: found.handle.to_string(),
        scope: found.scope,
        status: if found.span.holds(moment.size) { "active" } else { "removed" },
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.group.to_string())))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct MemberRow {
    subject: String,
}

pub(in crate::http) async fn members(
    State(deed): State<Deed>,
    asker: Asker,
    Path(group): Path<String>,
    paging: Paging<Subject>,
) -> Result<Json<Page<MemberRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::IdentityRead), &paging).await?;
    let group = group.parse::<GroupId>().map_err(|cause| Problem::new(Kind::WrongPath, cause.to_string()))?;
    let members = published.state.groups.members_at(group, paging.after, moment.size);
    let rows = members.map(|subject| MemberRow { subject: subject.to_string() });
    Ok(Json(paging.page(rows, moment.size, |row| row.subject.clone())))
}
