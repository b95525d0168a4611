//! Policies over HTTP.

use super::Problem;
use super::asking::{Asker, Deed};
use super::commands::{Door, Parsed};
use super::fields::{fresh_id, needed, role, wrong_shape};
use super::pages::{Page, Paging};
use super::tags::Json;
use axum::extract::State;
use commands::policy::{ApprovePolicy, DeclinePolicy, ProposePolicy};
use ledger::event::id::PolicyId;
use ledger::event::policy::{AccessPolicy, Body};
use projections::access::Permission;
use schemars::JsonSchema;
use serde::de::IntoDeserializer;
use serde::{Deserialize, Serialize};

/// Most roles in a list of an access policy.
const ROLES_MAX: usize = 64;
/// Longest break-glass grant that a policy may allow: a day.
const BREAK_GLASS_SECONDS_MAX: u64 = 86_400;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ProposeArguments {
    body: Body,
}

pub(super) fn propose(door: Door<'_>, arguments: ProposeArguments) -> Result<Parsed, Problem> {
    let body = arguments.body;
    body.check().map_err(|cause| wrong_shape(cause.to_string()))?;
    if let Body::Access(policy) = &body {
        sound_access(policy)?;
    }
    Ok(Parsed::plain(door, ProposePolicy { policy: PolicyId::from_bytes(fresh_id()), body }))
}

fn sound_access(policy: &AccessPolicy) -> Result<(), Problem> {
    for (field, list) in
        [("approved_roles", &policy.approved_roles), ("break_glass_roles", &policy.break_glass_roles)]
    {
        if list.len() > ROLES_MAX {
            return Err(wrong_shape(format!("`{field}` names at most {ROLES_MAX} roles")));
        }
        for name in list {
            let name = IntoDeserializer::<serde::de::value::Error>::into_deserializer(&**name);
            role(name).map_err(|cause| wrong_shape(format!("`{field}`: {cause}")))?;
        }
    }
    if policy.break_glass_seconds_max > BREAK_GLASS_SECONDS_MAX {
        let detail = format!("`break_glass_seconds_max` is at most {BREAK_GLASS_SECONDS_MAX}");
        return Err(wrong_shape(detail));
    }
    Ok(())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ApproveArguments {
    policy: PolicyId,
}

pub(super) fn approve(door: Door<'_>, arguments: ApproveArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, ApprovePolicy { policy: arguments.policy }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DeclineArguments {
    policy: PolicyId,
    reason: String,
}

pub(super) fn decline(door: Door<'_>, arguments: DeclineArguments) -> Result<Parsed, Problem> {
    let DeclineArguments { policy, reason } = arguments;
    Ok(Parsed::plain(door, DeclinePolicy { policy, reason: needed("reason", &reason)? }))
}

#[derive(JsonSchema, Serialize)]
pub(super) struct PolicyRow {
    policy: PolicyId,
    kind: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schemars(default)]
    name: String,
    body: Body,
    #[serde(skip_serializing_if = "Option::is_none")]
    proposed_by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    adopted_by: Option<String>,
    status: &'static str,
}

pub(super) async fn policies(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<PolicyId>,
) -> Result<Json<Page<PolicyRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::PolicyRead), &paging).await?;
    let policies = &published.state.policies;
    let list = policies.list(paging.after).filter(|(_, found)| found.span.since < moment.size);
    let rows = list.map(|(policy, found)| {
        let (kind, name) = found.body.slot();
        let in_force = policies.in_force_at(kind, name, moment.size).is_some_and(|(id, _)| id == policy);
        let status = match (found.span.holds(moment.size), in_force, found.adopted_by.is_some()) {
            (true, _, _) => "waiting",
            (false, true, _) => "in force",
            (false, false, true) => "replaced",
            (false, false, false) => "declined",
        };
        let adopted_by = found.adopted_by.filter(|_| !found.span.holds(moment.size));
        PolicyRow {
            policy,
            kind,
            name: name.to_owned(),
            body: (*found.body).clone(),
            proposed_by: found.by.map(|by| by.to_string()),
            adopted_by: adopted_by.map(|by| by.to_string()),
            status,
        }
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.policy.to_string())))
}
