//! People, service accounts and agents over HTTP.

use super::Profile;
use crate::clock;
use crate::http::asking::{Asker, Deed, subject_of};
use crate::http::commands::{Door, Parsed};
use crate::http::fields::{bounded, fresh_id, handle, needed, subject};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use crate::http::texts::SubjectText;
use crate::http::{Problem, access};
use axum::extract::State;
use commands::identity::{
    CreateAgent, CreatePerson, CreateServiceAccount, ReactivateSubject, RemoveSubject, SuspendSubject,
};
use ledger::event::id::{AgentId, CredentialId, PersonId, ServiceAccountId};
use ledger::event::scope::Scope;
use ledger::event::{Refusal, Subject};
use projections::access::Permission;
use projections::history::Moment;
use projections::identity::{Standing, SubjectRecord};
use projections::{Lasting, State as Projected};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct PersonArguments {
    login: Option<String>,
    name: Option<String>,
    email: Option<String>,
}

pub(in crate::http) fn create_person(door: Door<'_>, arguments: PersonArguments) -> Result<Parsed, Problem> {
    let PersonArguments { login, name, email } = arguments;
    let person = PersonId::from_bytes(fresh_id());
    let login = bounded("login", login)?;
    let digest = login.as_deref().map(|login| door.deed.login_digest(login));
    let profile = Profile { email: bounded("email", email)?, login, name: bounded("name", name)? };
    let profile = profile.sealed(Subject::Person(person))?;
    Ok(Parsed::plain(door, CreatePerson { person, login: digest, profile }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ServiceAccountArguments {
    handle: String,
    description: Option<String>,
}

pub(in crate::http) fn create_service_account(
    door: Door<'_>,
    arguments: ServiceAccountArguments,
) -> Result<Parsed, Problem> {
    let ServiceAccountArguments { handle: name, description } = arguments;
    let handle = handle(&name)?;
    let service_account = ServiceAccountId::from_bytes(fresh_id());
    let profile = Profile { name: bounded("description", description)?, ..Profile::default() };
    let profile = profile.sealed(Subject::ServiceAccount(service_account))?;
    Ok(Parsed::plain(door, CreateServiceAccount { service_account, handle, profile }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AgentArguments {
    handle: String,
    #[serde(deserialize_with = "subject")]
    #[schemars(with = "SubjectText")]
    sponsor: Subject,
    description: Option<String>,
}

pub(in crate::http) fn create_agent(door: Door<'_>, arguments: AgentArguments) -> Result<Parsed, Problem> {
    let AgentArguments { handle: name, sponsor, description } = arguments;
    let handle = handle(&name)?;
    let agent = AgentId::from_bytes(fresh_id());
    let profile = Profile { name: bounded("description", description)?, ..Profile::default() };
    let profile = profile.sealed(Subject::Agent(agent))?;
    Ok(Parsed::plain(door, CreateAgent { agent, handle, sponsor, profile }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct EndArguments {
    #[serde(deserialize_with = "subject")]
    #[schemars(with = "SubjectText")]
    subject: Subject,
    reason: String,
}

pub(in crate::http) fn suspend_subject(door: Door<'_>, arguments: EndArguments) -> Result<Parsed, Problem> {
    let EndArguments { subject, reason } = arguments;
    Ok(Parsed::plain(door, SuspendSubject { subject, reason: needed("reason", &reason)? }))
}

pub(in crate::http) fn remove_subject(door: Door<'_>, arguments: EndArguments) -> Result<Parsed, Problem> {
    let EndArguments { subject, reason } = arguments;
    Ok(Parsed::plain(door, RemoveSubject { subject, reason: needed("reason", &reason)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct SubjectArguments {
    #[serde(deserialize_with = "subject")]
    #[schemars(with = "SubjectText")]
    subject: Subject,
}

pub(in crate::http) fn reactivate_subject(
    door: Door<'_>,
    arguments: SubjectArguments,
) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, ReactivateSubject { subject: arguments.subject }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct Me {
    subject: String,
    credential: Option<CredentialId>,
    /// For whom one acts.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<String>,
    /// Every role that one has oneself, and how.
    access: Vec<projections::Entitlement>,
    /// What one may do everywhere.
    permissions: Vec<&'static str>,
}

pub(in crate::http) async fn me(State(deed): State<Deed>, asker: Asker) -> Result<axum::Json<Me>, Problem> {
    let published = deed.look(asker, None).await?;
    let Some(subject) = subject_of(&asker) else {
        return Err(Problem::refused(Refusal::NotAuthenticated {}, None));
    };
    let credential = asker.actor.shown().map(|(_, credential)| credential);
    let on_behalf_of = asker.actor.person_behind().map(|person| person.to_string());
    let (state, time) = (&published.state, clock::now());
    let access = state.entitlements(subject, Moment { size: published.head.size(), time });
    let permissions = access::names(state.rights_of(&asker.actor, Scope::Site.into(), Lasting::beyond(time)));
    Ok(axum::Json(Me { subject: subject.to_string(), credential, on_behalf_of, access, permissions }))
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct SubjectRow {
    subject: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sponsor: Option<String>,
    standing: &'static str,
    /// The roles of its own, each once, with where.
    roles: Vec<String>,
}

fn row(state: &Projected, (subject, found): (Subject, &SubjectRecord), moment: Moment) -> SubjectRow {
    let entitlements = state.entitlements(subject, moment);
    let own = entitlements.iter().filter(|found| found.group.is_none());
    let mut roles: Vec<_> = own.map(|found| format!("{} at {}", found.role, found.scope)).collect();
    roles.sort();
    roles.dedup();
    SubjectRow {
        subject: subject.to_string(),
        handle: found.handle.as_deref().map(str::to_owned),
        sponsor: found.sponsor.map(|sponsor| sponsor.to_string()),
        standing: found.standing_at(moment.size).unwrap_or(Standing::Active).as_str(),
        roles,
    }
}

/// Reads a page of subjects of one kind, from `first` on.
async fn page(
    deed: Deed,
    asker: Asker,
    paging: Paging<Subject>,
    is_kind: fn(&Subject) -> bool,
    first: Subject,
) -> Result<Json<Page<SubjectRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::IdentityRead), &paging).await?;
    let state = &published.state;
    let list = state.subjects.list_from(paging.after, first).take_while(|(subject, _)| is_kind(subject));
    let rows = list.filter(|(_, found)| found.since < moment.size).map(|found| row(state, found, moment));
    Ok(Json(paging.page(rows, moment.size, |row| row.subject.clone())))
}

pub(in crate::http) async fn users(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<Subject>,
) -> Result<Json<Page<SubjectRow>>, Problem> {
    let first = Subject::Person(PersonId::FIRST);
    page(deed, asker, paging, |subject| matches!(subject, Subject::Person(_)), first).await
}

pub(in crate::http) async fn service_accounts(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<Subject>,
) -> Result<Json<Page<SubjectRow>>, Problem> {
    let first = Subject::ServiceAccount(ServiceAccountId::FIRST);
    page(deed, asker, paging, |subject| matches!(subject, Subject::ServiceAccount(_)), first).await
}

pub(in crate::http) async fn agents(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<Subject>,
) -> Result<Json<Page<SubjectRow>>, Problem> {
    let first = Subject::Agent(AgentId::FIRST);
    page(deed, asker, paging, |subject| matches!(subject, Subject::Agent(_)), first).await
}
