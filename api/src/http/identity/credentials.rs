//! Credentials over HTTP.

use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{fresh_id, optional_subject};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use crate::http::texts::SubjectText;
use crate::secret::Secret;
use axum::extract::State;
use commands::identity::{IssueCredential, RevokeCredential};
use ledger::event::Subject;
use ledger::event::id::CredentialId;
use ledger::time::Time;
use projections::access::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct IssueArguments {
    #[serde(default, deserialize_with = "optional_subject")]
    #[schemars(with = "SubjectText")]
    subject: Option<Subject>,
    expires: Option<Time>,
}

pub(in crate::http) fn issue_credential(
    door: Door<'_>,
    arguments: IssueArguments,
) -> Result<Parsed, Problem> {
    let IssueArguments { subject, expires } = arguments;
    let secret = Secret::fresh();
    let credential = CredentialId::from_bytes(fresh_id());
    let command = IssueCredential { credential, digest: secret.digest(), expires, subject };
    Ok(Parsed { asker: door.asker, command: command.into(), secrets: vec![secret.into()] })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct RevokeArguments {
    credential: CredentialId,
}

pub(in crate::http) fn revoke_credential(
    door: Door<'_>,
    arguments: RevokeArguments,
) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, RevokeCredential { credential: arguments.credential }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct CredentialRow {
    credential: CredentialId,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    status: &'static str,
}

pub(in crate::http) async fn credentials(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<CredentialId>,
) -> Result<Json<Page<CredentialRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::IdentityRead), &paging).await?;
    let list = published.state.credentials.list(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(id, found)| CredentialRow {
        credential: id,
        subject: found.subject.to_string(),
        expires: found.expires,
        status: match (found.span.holds(moment.size), found.idle) {
            (false, _) => "revoked",
            (true, _) if found.expires.is_some_and(|expires| expires <= moment.time) => "expired",
            (true, Some(idle)) if idle.until <= moment.time => "expired",
            (true, _) => "active",
        },
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.credential.to_string())))
}
