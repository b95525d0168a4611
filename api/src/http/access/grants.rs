//! Grants, requests for them, and emergencies over HTTP.

use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{environments, fresh_id, grantee, needed, optional, role, site};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use crate::http::texts::{GranteeText, RoleText};
use axum::extract::State;
use commands::access::{ApproveGrant, BreakGlass, DeclineGrant, GrantRole, ReviewBreakGlass, RevokeRole};
use ledger::event::Grantee;
use ledger::event::access::{Ground, Terms};
use ledger::event::id::{GrantId, RequestId};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::time::Time;
use projections::access::{Permission, Role};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct GrantArguments {
    #[serde(deserialize_with = "grantee")]
    #[schemars(with = "GranteeText")]
    subject: Grantee,
    #[serde(deserialize_with = "role")]
    #[schemars(with = "RoleText")]
    role: Role,
    #[serde(default = "site")]
    scope: Scope,
    environments: Option<Vec<Environment>>,
    expires: Option<Time>,
    reason: Option<String>,
    ticket: Option<String>,
}

pub(in crate::http) fn grant_role(door: Door<'_>, arguments: GrantArguments) -> Result<Parsed, Problem> {
    let GrantArguments { subject, role, scope, environments: limited, expires, reason, ticket } = arguments;
    let terms = Terms {
        environments: limited.map(environments).transpose()?,
        expires,
        reason: optional("reason", reason)?,
        ticket: optional("ticket", ticket)?,
    };
    let (grant, request) = (GrantId::from_bytes(fresh_id()), RequestId::from_bytes(fresh_id()));
    Ok(Parsed::plain(door, GrantRole { grant, request, subject, role, scope, terms }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RevokeArguments {
    grant: GrantId,
    reason: Option<String>,
}

pub(in crate::http) fn revoke_role(door: Door<'_>, arguments: RevokeArguments) -> Result<Parsed, Problem> {
    let RevokeArguments { grant, reason } = arguments;
    Ok(Parsed::plain(door, RevokeRole { grant, reason: optional("reason", reason)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ApproveArguments {
    request: RequestId,
}

pub(in crate::http) fn approve_grant(door: Door<'_>, arguments: ApproveArguments) -> Result<Parsed, Problem> {
    let grant = GrantId::from_bytes(fresh_id());
    Ok(Parsed::plain(door, ApproveGrant { request: arguments.request, grant }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DeclineArguments {
    request: RequestId,
    reason: String,
}

pub(in crate::http) fn decline_grant(door: Door<'_>, arguments: DeclineArguments) -> Result<Parsed, Problem> {
    let DeclineArguments { request, reason } = arguments;
    Ok(Parsed::plain(door, DeclineGrant { request, reason: needed("reason", &reason)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct BreakGlassArguments {
    #[serde(deserialize_with = "role")]
    #[schemars(with = "RoleText")]
    role: Role,
    #[serde(default = "site")]
    scope: Scope,
    seconds: u32,
    reason: String,
}

pub(in crate::http) fn break_glass(
    door: Door<'_>,
    arguments: BreakGlassArguments,
) -> Result<Parsed, Problem> {
    let BreakGlassArguments { role, scope, seconds, reason } = arguments;
    let (grant, reason) = (GrantId::from_bytes(fresh_id()), needed("reason", &reason)?);
    let seconds = u64::from(seconds.max(1));
    Ok(Parsed::plain(door, BreakGlass { grant, role, scope, seconds, reason }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ReviewArguments {
    grant: GrantId,
    finding: String,
    justified: bool,
}

pub(in crate::http) fn review_break_glass(
    door: Door<'_>,
    arguments: ReviewArguments,
) -> Result<Parsed, Problem> {
    let ReviewArguments { grant, finding, justified } = arguments;
    Ok(Parsed::plain(door, ReviewBreakGlass { grant, finding: needed("finding", &finding)?, justified }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct GrantRow {
    grant: GrantId,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<String>,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    environments: Option<Environments>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ground: Option<Ground>,
    /// Of a break-glass grant: whether its review found it justified.
    #[serde(skip_serializing_if = "Option::is_none")]
    justified: Option<bool>,
    status: &'static str,
    granted: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<u64>,
}

pub(in crate::http) async fn grants(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<GrantId>,
) -> Result<Json<Page<GrantRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::AccessRead), &paging).await?;
    let list = published.state.grants.list(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(grant, found)| GrantRow {
        grant,
        subject: found.grantee.to_string(),
        role: found.role.map(|role| role.to_string()),
        scope: found.scope,
        environments: found.environments,
        expires: found.expires,
        ground: found.ground,
        justified: found.justified,
        status: match (found.span.holds(moment.size), found.expires) {
            (false, _) => "revoked",
            (true, Some(expires)) if expires <= moment.time => "expired",
            (true, _) => "active",
        },
        granted: found.span.since,
        revoked: found.span.until().filter(|until| *until < moment.size),
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.grant.to_string())))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct RequestRow {
    request: RequestId,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    subject: String,
    role: String,
    scope: Scope,
    #[serde(skip_serializing_if = "Option::is_none")]
    environments: Option<Environments>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<String>,
    status: &'static str,
}

pub(in crate::http) async fn requests(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<RequestId>,
) -> Result<Json<Page<RequestRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::AccessRead), &paging).await?;
    let list = published.state.rules.requests(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(request, found)| RequestRow {
        request,
        by: found.by.map(|by| by.to_string()),
        subject: found.wanted.grantee.to_string(),
        role: found.wanted.role.to_string(),
        scope: found.wanted.scope,
        environments: found.wanted.environments,
        expires: found.wanted.expires,
        reason: found.wanted.reason.as_deref().map(str::to_owned),
        ticket: found.wanted.ticket.as_deref().map(str::to_owned),
        status: match (found.span.holds(moment.size), found.approved) {
            (true, _) => "waiting",
            (false, true) => "approved",
            (false, false) => "declined",
        },
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.request.to_string())))
}
