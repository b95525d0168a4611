//! People, service accounts and credentials over HTTP.

use super::asking::{Asker, Deed, subject_of};
use super::commands::Parsed;
use super::pages::{Page, Paging};
use super::{Kind, Problem};
use crate::clock;
use crate::secret::Secret;
use axum::Json;
use axum::extract::State;
use commands::identity::{ClaimOwnership, CreateServiceAccount, IssueCredential, RevokeCredential};
use ledger::entropy::fresh;
use ledger::event::id::{CredentialId, GrantId, PersonId, ServiceAccountId, uuid_v7};
use ledger::event::{Actor, Subject, Via};
use ledger::time::Time;
use ledger::writer::PlainPayload;
use projections::access::{Permission, Permissions};
use serde::{Deserialize, Serialize};

/// Longest name or description in characters.
const TEXT_CHARS_MAX: usize = 200;
/// Longest handle.
const HANDLE_BYTES_MAX: usize = 40;

/// The bytes of a fresh id.
pub(super) fn fresh_id() -> [u8; 16] {
    uuid_v7(clock::now(), fresh())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimArguments {
    token: String,
    name: Option<String>,
    email: Option<String>,
}

/// What is known about a person; sealed, so that it can be erased.
#[derive(Serialize)]
struct Profile {
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

pub(super) fn claim_ownership(asker: Asker, arguments: ClaimArguments) -> Result<Parsed, Problem> {
    let ClaimArguments { token, name, email } = arguments;
    let token = Secret::parse(&token)
        .map_or_else(|| ledger::hash::Hash::of(&[token.as_bytes()]), |token| token.digest());
    let person = PersonId::from_bytes(fresh_id());
    let secret = Secret::fresh();
    let profile = Profile { email: bounded("email", email)?, name: bounded("name", name)? };
    let command = ClaimOwnership {
        token,
        person,
        grant: GrantId::from_bytes(fresh_id()),
        credential: CredentialId::from_bytes(fresh_id()),
        digest: secret.digest(),
        profile: sealed(Subject::Person(person), &profile)?,
    };
    let asker = Asker { actor: Actor::Anonymous(Via::Claim), ..asker };
    Ok(Parsed { asker, command: command.into(), secret: Some(secret) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceAccountArguments {
    handle: String,
    description: Option<String>,
}

pub(super) fn create_service_account(
    asker: Asker,
    arguments: ServiceAccountArguments,
) -> Result<Parsed, Problem> {
    let ServiceAccountArguments { handle, description } = arguments;
    let first = handle.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = handle.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if !first || !rest || handle.len() > HANDLE_BYTES_MAX {
        let detail = "`handle` is 1 to 40 lower-case letters, digits or `-`, beginning with a letter";
        return Err(Problem::new(Kind::WrongShape, detail));
    }
    let service_account = ServiceAccountId::from_bytes(fresh_id());
    let profile = Profile { email: None, name: bounded("description", description)? };
    let profile = sealed(Subject::ServiceAccount(service_account), &profile)?;
    Ok(Parsed::plain(asker, CreateServiceAccount { service_account, handle: handle.into(), profile }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IssueArguments {
    #[serde(default, deserialize_with = "optional_subject")]
    subject: Option<Subject>,
    expires: Option<Time>,
}

pub(super) fn issue_credential(asker: Asker, arguments: IssueArguments) -> Result<Parsed, Problem> {
    let IssueArguments { subject, expires } = arguments;
    let secret = Secret::fresh();
    let credential = CredentialId::from_bytes(fresh_id());
    let command = IssueCredential { credential, digest: secret.digest(), expires, subject };
    Ok(Parsed { asker, command: command.into(), secret: Some(secret) })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeArguments {
    credential: CredentialId,
}

pub(super) fn revoke_credential(asker: Asker, arguments: RevokeArguments) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(asker, RevokeCredential { credential: arguments.credential }))
}

/// Reads `per_…` or `svc_…`.
pub(super) fn subject<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

fn optional_subject<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Subject>, D::Error> {
    subject(deserializer).map(Some)
}

fn bounded(field: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if text.chars().count() > TEXT_CHARS_MAX || text.chars().any(char::is_control) => {
            let detail =
                format!("`{field}` has at most {TEXT_CHARS_MAX} characters and no control characters");
            Err(Problem::new(Kind::WrongShape, detail))
        }
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

fn sealed(subject: Subject, profile: &Profile) -> Result<Option<PlainPayload>, Problem> {
    if profile.email.is_none() && profile.name.is_none() {
        return Ok(None);
    }
    let plain = serde_json::to_vec(profile);
    let plain = plain.map_err(|cause| Problem::new(Kind::WrongShape, cause.to_string()))?;
    Ok(Some(PlainPayload::profile(subject, plain)))
}

#[derive(Serialize)]
pub(super) struct Me {
    subject: String,
    credential: Option<CredentialId>,
    roles: Vec<&'static str>,
    permissions: Vec<&'static str>,
}

pub(super) async fn me(State(deed): State<Deed>, asker: Asker) -> Result<Json<Me>, Problem> {
    let published = deed.look(asker, None).await?;
    let Some(subject) = subject_of(&asker) else {
        return Err(Problem::refused(ledger::event::Refusal::NotAuthenticated {}, None));
    };
    let grants = &published.state.grants;
    let credential = match asker.actor {
        Actor::Subject(_, credential) => Some(credential),
        Actor::System | Actor::Operator | Actor::Anonymous(_) => None,
    };
    let roles = grants.roles(subject).map(projections::access::Role::as_str).collect();
    let permissions = names(grants.permissions(subject));
    Ok(Json(Me { subject: subject.to_string(), credential, roles, permissions }))
}

/// The names of a set of permissions.
pub(super) fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.iter().map(Permission::as_str).collect()
}

#[derive(Serialize)]
pub(super) struct PersonRow {
    person: PersonId,
    roles: Vec<&'static str>,
}

pub(super) async fn people(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<PersonId>,
) -> Result<Json<Page<PersonRow>>, Problem> {
    let published = deed.look(asker, Some(Permission::IdentityRead)).await?;
    let grants = &published.state.grants;
    let row = |person: PersonId| PersonRow {
        person,
        roles: grants.roles(Subject::Person(person)).map(projections::access::Role::as_str).collect(),
    };
    let rows = published.state.subjects.people(paging.after).map(row);
    Ok(Json(paging.page(rows, published.head.size(), |row| row.person.to_string())))
}

#[derive(Serialize)]
pub(super) struct ServiceAccountRow {
    service_account: ServiceAccountId,
    handle: String,
    roles: Vec<&'static str>,
}

pub(super) async fn service_accounts(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<ServiceAccountId>,
) -> Result<Json<Page<ServiceAccountRow>>, Problem> {
    let published = deed.look(asker, Some(Permission::IdentityRead)).await?;
    let grants = &published.state.grants;
    let row = |(service_account, handle): (ServiceAccountId, &str)| ServiceAccountRow {
        service_account,
        handle: handle.to_owned(),
        roles: grants
            .roles(Subject::ServiceAccount(service_account))
            .map(projections::access::Role::as_str)
            .collect(),
    };
    let rows = published.state.subjects.service_accounts(paging.after).map(row);
    Ok(Json(paging.page(rows, published.head.size(), |row| row.service_account.to_string())))
}

#[derive(Serialize)]
pub(super) struct CredentialRow {
    credential: CredentialId,
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    status: &'static str,
}

pub(super) async fn credentials(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<CredentialId>,
) -> Result<Json<Page<CredentialRow>>, Problem> {
    let published = deed.look(asker, Some(Permission::IdentityRead)).await?;
    let now = clock::now();
    let rows = published.state.credentials.list(paging.after).map(|(id, found)| CredentialRow {
        credential: id,
        subject: found.subject.to_string(),
        expires: found.expires,
        status: match (found.revoked, found.expires) {
            (true, _) => "revoked",
            (false, Some(expires)) if expires <= now => "expired",
            (false, _) => "active",
        },
    });
    Ok(Json(paging.page(rows, published.head.size(), |row| row.credential.to_string())))
}
