//! Roles and grants over HTTP.

use super::Problem;
use super::asking::{Asker, Deed};
use super::commands::Parsed;
use super::identity::{fresh_id, names, subject};
use super::pages::{Page, Paging};
use axum::Json;
use axum::extract::State;
use commands::access::{GrantRole, RevokeRole};
use ledger::event::Subject;
use ledger::event::id::GrantId;
use projections::access::{Permission, Role};
use serde::{Deserialize, Serialize};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GrantArguments {
    #[serde(deserialize_with = "subject")]
    subject: Subject,
    role: Role,
}

pub(super) fn grant_role(asker: Asker, arguments: GrantArguments) -> Result<Parsed, Problem> {
    let GrantArguments { subject, role } = arguments;
    Ok(Parsed::plain(asker, GrantRole { grant: GrantId::from_bytes(fresh_id()), subject, role }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeArguments {
    grant: GrantId,
}

pub(super) fn revoke_role(asker: Asker, arguments: RevokeArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(asker, RevokeRole { grant: arguments.grant }))
}

#[derive(Serialize)]
pub(super) struct RoleRow {
    role: Role,
    permissions: Vec<&'static str>,
}

pub(super) async fn roles(State(deed): State<Deed>, asker: Asker) -> Result<Json<Vec<RoleRow>>, Problem> {
    deed.look(asker, None).await?;
    Ok(Json(Role::ALL.map(|role| RoleRow { role, permissions: names(role.permissions()) }).into()))
}

#[derive(Serialize)]
pub(super) struct GrantRow {
    grant: GrantId,
    subject: String,
    role: Option<Role>,
    status: &'static str,
}

pub(super) async fn grants(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<GrantId>,
) -> Result<Json<Page<GrantRow>>, Problem> {
    let published = deed.look(asker, Some(Permission::AccessRead)).await?;
    let rows = published.state.grants.list(paging.after).map(|(grant, found)| GrantRow {
        grant,
        subject: found.subject.to_string(),
        role: found.role,
        status: if found.revoked { "revoked" } else { "active" },
    });
    Ok(Json(paging.page(rows, published.head.size(), |row| row.grant.to_string())))
}
