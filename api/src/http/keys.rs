//! Virtual keys over HTTP.

use super::Problem;
use super::asking::{Asker, Deed, subject_of};
use super::commands::{Door, Parsed};
use super::fields::{fresh_id, optional, optional_subject, site, wrong_shape};
use super::pages::{Page, Paging};
use super::tags::Json;
use super::texts::SubjectText;
use crate::clock;
use crate::secret::Secret;
use axum::extract::State;
use commands::Command;
use commands::keys::{IssueKey, RevokeKey, RotateVirtualKey, Wished};
use ledger::event::Subject;
use ledger::event::id::VirtualKeyId;
use ledger::event::keys::{KeyClass, Models};
use ledger::event::scope::Scope;
use ledger::names::{Names, is_name};
use ledger::time::Time;
use projections::access::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueArguments {
    alias: String,
    class: KeyClass,
    #[serde(default = "site")]
    scope: Scope,
    #[serde(default, deserialize_with = "optional_subject")]
    #[schemars(with = "SubjectText")]
    owner: Option<Subject>,
    models: Option<Vec<String>>,
    requests_per_minute: Option<u64>,
    tokens_per_minute: Option<u64>,
    enforcement: Option<String>,
    guardrails: Option<String>,
    expires: Option<Time>,
}

pub(super) fn issue_key(door: Door<'_>, arguments: IssueArguments) -> Result<Parsed, Problem> {
    let IssueArguments { alias, class, scope, owner, requests_per_minute, tokens_per_minute, .. } = arguments;
    let models = arguments.models.map(Names::of).transpose();
    let models = models.map_err(|cause| wrong_shape(format!("`models`: {cause}")))?.map(Models::Only);
    let wished = Wished {
        models,
        requests_per_minute,
        tokens_per_minute,
        enforcement: arguments.enforcement.map(|text| name("enforcement", &text)).transpose()?,
        guardrails: arguments.guardrails.map(|text| name("guardrails", &text)).transpose()?,
        expires: arguments.expires,
    };
    let secret = Secret::fresh_key();
    let (key, digest) = (VirtualKeyId::from_bytes(fresh_id()), secret.digest());
    let command = IssueKey { key, digest, owner, alias: name("alias", &alias)?, class, scope, wished };
    Ok(Parsed { asker: door.asker, command: command.into(), secrets: vec![secret.into()] })
}

/// A name, as models, keys, levels and sets have it.
pub(super) fn name(field: &str, text: &str) -> Result<Box<str>, Problem> {
    if is_name(text) {
        return Ok(text.into());
    }
    Err(wrong_shape(format!("`{field}` is 1 to 128 letters, digits or `.:/_@+-`")))
}

/// Who wants a key, and under which name: it may be there already.
pub(super) struct Wanted {
    owner: Subject,
    alias: Box<str>,
}

impl Wanted {
    /// What a command wants, if it wants a key.
    pub(super) fn by(asker: &Asker, command: &Command) -> Option<Self> {
        let Command::IssueKey(issue) = command else { return None };
        let owner = issue.owner.or_else(|| subject_of(asker))?;
        Some(Self { owner, alias: issue.alias.clone() })
    }

    /// The key that was there already. Its secret is not known any more.
    pub(super) fn found(&self, deed: &Deed) -> Option<VirtualKeyId> {
        let published = deed.engine.published();
        published.state.keys.by_alias(self.owner, &self.alias, clock::now()).map(|(key, _)| key)
    }
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotateArguments {
    key: VirtualKeyId,
    #[serde(default)]
    overlap_seconds: u64,
}

pub(super) fn rotate_key(door: Door<'_>, arguments: RotateArguments) -> Result<Parsed, Problem> {
    let RotateArguments { key, overlap_seconds } = arguments;
    let secret = Secret::fresh_key();
    let command = RotateVirtualKey { key, digest: secret.digest(), overlap_seconds };
    Ok(Parsed { asker: door.asker, command: command.into(), secrets: vec![secret.into()] })
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeArguments {
    key: VirtualKeyId,
    reason: Option<String>,
}

pub(super) fn revoke_key(door: Door<'_>, arguments: RevokeArguments) -> Result<Parsed, Problem> {
    let RevokeArguments { key, reason } = arguments;
    Ok(Parsed::plain(door, RevokeKey { key, reason: optional("reason", reason)? }))
}

#[derive(JsonSchema, Serialize)]
pub(super) struct KeyRow {
    key: VirtualKeyId,
    alias: Box<str>,
    class: KeyClass,
    owner: String,
    scope: Scope,
    models: Models,
    requests_per_minute: u64,
    tokens_per_minute: u64,
    enforcement: Box<str>,
    guardrails: Box<str>,
    expires: Time,
    status: &'static str,
}

pub(super) async fn keys(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<VirtualKeyId>,
) -> Result<Json<Page<KeyRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::KeysRead), &paging).await?;
    let list = published.state.keys.list(paging.after);
    let rows = list.filter(|(_, found)| found.span.since < moment.size).map(|(key, found)| {
        let issued = &found.issued;
        KeyRow {
            key,
            alias: issued.alias.clone(),
            class: issued.class,
            owner: issued.owner.to_string(),
            scope: issued.scope,
            models: issued.models.clone(),
            requests_per_minute: issued.requests_per_minute,
            tokens_per_minute: issued.tokens_per_minute,
            enforcement: issued.enforcement.clone(),
            guardrails: issued.guardrails.clone(),
            expires: issued.expires,
            status: match (found.span.holds(moment.size), issued.expires <= moment.time) {
                (false, _) => "revoked",
                (true, true) => "expired",
                (true, false) => "active",
            },
        }
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.key.to_string())))
}
