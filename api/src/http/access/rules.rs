//! Roles, duties that are kept apart, and mappings over HTTP.

use super::names;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{fresh_id, handle, needed, permission, permissions, role, site, wrong_shape};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use crate::http::texts::RoleText;
use axum::extract::State;
use commands::access::{
    ChangeRole, DefineRole, JoinDuties, MapGroup, RetireRole, SeparateDuties, UnmapGroup,
};
use ledger::event::id::{DutyId, MappingId, RoleId};
use ledger::event::scope::Scope;
use projections::access::{Permission, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DefineArguments {
    handle: String,
    permissions: Vec<String>,
}

pub(in crate::http) fn define_role(door: Door<'_>, arguments: DefineArguments) -> Result<Parsed, Problem> {
    let DefineArguments { handle: name, permissions: list } = arguments;
    let (handle, permissions) = (handle(&name)?, permissions(&list)?);
    Ok(Parsed::plain(door, DefineRole { role: RoleId::from_bytes(fresh_id()), handle, permissions }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ChangeArguments {
    role: RoleId,
    permissions: Vec<String>,
}

pub(in crate::http) fn change_role(door: Door<'_>, arguments: ChangeArguments) -> Result<Parsed, Problem> {
    let ChangeArguments { role, permissions: list } = arguments;
    Ok(Parsed::plain(door, ChangeRole { role, permissions: permissions(&list)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RetireArguments {
    role: RoleId,
}

pub(in crate::http) fn retire_role(door: Door<'_>, arguments: RetireArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, RetireRole { role: arguments.role }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SeparateArguments {
    one: String,
    other: String,
}

pub(in crate::http) fn separate_duties(
    door: Door<'_>,
    arguments: SeparateArguments,
) -> Result<Parsed, Problem> {
    let (one, other) = (permission(&arguments.one)?, permission(&arguments.other)?);
    if one == other {
        return Err(wrong_shape("`one` and `other` are two different permissions"));
    }
    Ok(Parsed::plain(door, SeparateDuties { duty: DutyId::from_bytes(fresh_id()), one, other }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct JoinArguments {
    duty: DutyId,
}

pub(in crate::http) fn join_duties(door: Door<'_>, arguments: JoinArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, JoinDuties { duty: arguments.duty }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct MapArguments {
    provider: String,
    external: String,
    #[serde(deserialize_with = "role")]
    #[schemars(with = "RoleText")]
    role: Role,
    #[serde(default = "site")]
    scope: Scope,
}

pub(in crate::http) fn map_group(door: Door<'_>, arguments: MapArguments) -> Result<Parsed, Problem> {
    let MapArguments { provider, external, role, scope } = arguments;
    let (provider, external) = (handle(&provider)?, needed("external", &external)?);
    let mapping = MappingId::from_bytes(fresh_id());
    Ok(Parsed::plain(door, MapGroup { mapping, provider, external, role, scope }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct UnmapArguments {
    mapping: MappingId,
}

pub(in crate::http) fn unmap_group(door: Door<'_>, arguments: UnmapArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, UnmapGroup { mapping: arguments.mapping }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct RoleRow {
    role: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    permissions: Vec<&'static str>,
    built_in: bool,
    retired: bool,
}

pub(in crate::http) async fn roles(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<Role>,
) -> Result<Json<Page<RoleRow>>, Problem> {
    let (published, moment) = deed.view(asker, None, &paging).await?;
    let roles = &published.state.roles;
    let later = |role: &&Role| paging.after.is_none_or(|after| **role > after);
    let built_in = Role::BUILT_IN.iter().filter(later).map(|role| RoleRow {
        role: role.to_string(),
        handle: None,
        permissions: names(roles.permissions(*role)),
        built_in: true,
        retired: false,
    });
    let after = paging.after.and_then(Role::custom);
    let defined = roles.list(after).filter(|(_, found)| found.span.since < moment.size);
    let rows = built_in.chain(defined.map(|(id, found)| RoleRow {
        role: id.to_string(),
        handle: Some(found.handle.to_string()),
        permissions: names(roles.permissions_at(Role::Custom(id), moment.size)),
        built_in: false,
        retired: !found.span.holds(moment.size),
    }));
    Ok(Json(paging.page(rows, moment.size, |row| row.role.clone())))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct DutyRow {
    duty: DutyId,
    one: String,
    other: String,
    status: &'static str,
}

pub(in crate::http) async fn duties(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<DutyId>,
) -> Result<Json<Page<DutyRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::AccessRead), &paging).await?;
    let list = published.state.rules.duties(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(duty, found)| DutyRow {
        duty,
        one: found.one.to_string(),
        other: found.other.to_string(),
        status: if found.span.holds(moment.size) { "active" } else { "ended" },
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.duty.to_string())))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct MappingRow {
    mapping: MappingId,
    provider: String,
    external: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    scope: Scope,
    status: &'static str,
}

pub(in crate::http) async fn mappings(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<MappingId>,
) -> Result<Json<Page<MappingRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::AccessRead), &paging).await?;
    let list = published.state.rules.mappings(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(mapping, found)| MappingRow {
        mapping,
        provider: found.provider.to_string(),
        external: found.external.to_string(),
        role: found.role.map(|role| role.to_string()),
        scope: found.scope,
        status: if found.span.holds(moment.size) { "active" } else { "ended" },
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.mapping.to_string())))
}
