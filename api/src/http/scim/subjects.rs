//! People, agents and applications: what a tenant writes about them, and the command that it becomes.

use super::directory::{Directory, Item, name_of};
use super::fault::Fault;
use super::visit::Visit;
use super::write::Told;
use crate::http::fields::fresh_id;
use crate::http::sign_in::provider_login;
use crate::scim::{Kind, Patch, Refusal, Resource};
use commands::provisioning::{DeleteSubject, PutSubject};
use ledger::event::id::{AgentId, PersonId, ServiceAccountId};
use ledger::event::policy::Login;
use ledger::event::{ContentDigest, Subject};
use ledger::sealed::PLAIN_BYTES_MAX;
use ledger::writer::PlainPayload;
use projections::provisioning::Shelf;
use serde_json::Value;

/// What only the server says, or what follows from the rest: it is not sealed.
const NOT_SEALED: [&str; 4] = ["id", "meta", "groups", "schemas"];

/// Makes a subject: a new one, or one who was here before and signs in under the name that the tenant knows.
pub(super) async fn create(
    visit: &Visit,
    shelf: Shelf,
    resource: &Resource,
    told: &Told,
) -> Result<Item, Fault> {
    let directory = visit.directory();
    let login = login(visit, shelf, resource);
    let subjects = &directory.published.state.subjects;
    let known = login.and_then(|login| subjects.by_login(&login));
    let may_be_taken_over = |known: &Subject| {
        subjects.contains(*known) && directory.published.state.tenant_with(*known).is_none()
    };
    let subject = known.filter(may_be_taken_over).unwrap_or_else(|| fresh(shelf));
    put(visit, &directory, subject, &resource.clone().or_active(), told).await?;
    Ok(Item::Subject(subject))
}

fn fresh(shelf: Shelf) -> Subject {
    match shelf {
        Shelf::People | Shelf::Groups => Subject::Person(PersonId::from_bytes(fresh_id())),
        Shelf::Agents => Subject::Agent(AgentId::from_bytes(fresh_id())),
        Shelf::Applications => Subject::ServiceAccount(ServiceAccountId::from_bytes(fresh_id())),
    }
}

/// Replaces what a tenant says; nothing happens when it says the same.
pub(super) async fn replace(
    visit: &Visit,
    directory: &Directory,
    subject: Subject,
    resource: &Resource,
    told: &Told,
) -> Result<(), Fault> {
    let before = said(directory, subject)?;
    put_if_other(visit, directory, (subject, &before), &resource.clone().or_active(), told).await
}

/// What the tenant said last.
fn said(directory: &Directory, subject: Subject) -> Result<Resource, Fault> {
    let record = directory.record(subject).ok_or_else(|| Fault::not_found(&subject.to_string()))?;
    directory.bare(subject, record)
}

async fn put_if_other(
    visit: &Visit,
    directory: &Directory,
    (subject, before): (Subject, &Resource),
    resource: &Resource,
    told: &Told,
) -> Result<(), Fault> {
    if sealed(before) == sealed(resource) {
        return Ok(());
    }
    put(visit, directory, subject, resource, told).await
}

/// Changes what a tenant says.
pub(super) async fn patch(
    visit: &Visit,
    directory: &Directory,
    subject: Subject,
    patch: &Patch,
    told: &Told,
) -> Result<(), Fault> {
    let before = said(directory, subject)?;
    let patched = patch.apply(&before)?;
    put_if_other(visit, directory, (subject, &before), &patched.resource, told).await
}

/// Ends a subject.
pub(super) async fn end(visit: &Visit, subject: Subject, told: &Told) -> Result<(), Fault> {
    visit.tell(DeleteSubject { occurred: told.occurred, subject }).await
}

async fn put(
    visit: &Visit,
    directory: &Directory,
    subject: Subject,
    resource: &Resource,
    told: &Told,
) -> Result<(), Fault> {
    let shelf = Shelf::of(subject);
    let text = |name: &str| resource.value(name).and_then(Value::as_str);
    let name = text(name_of(shelf)).unwrap_or_default();
    let plain = serde_json::to_vec(&sealed(resource)).unwrap_or_default();
    if plain.len() > PLAIN_BYTES_MAX {
        let detail =
            format!("the resource has {} bytes as it is kept, and may have {PLAIN_BYTES_MAX}", plain.len());
        return Err(Refusal::new(Kind::TooLarge, detail).into());
    }
    // Who no longer says whether it may act leaves that as it is.
    let active = resource.value("active").and_then(Value::as_bool);
    let command = PutSubject {
        active: active.unwrap_or_else(|| directory.record(subject).is_none_or(|record| record.active)),
        external: text("externalId").map(|external| directory.external_digest(shelf, external)),
        handle: name.into(),
        login: login(visit, shelf, resource),
        name: directory.name_digest(shelf, name),
        occurred: told.occurred,
        profile: Some(PlainPayload::profile(subject, plain)),
        subject,
    };
    visit.tell(command).await
}

/// What of a resource is sealed.
fn sealed(resource: &Resource) -> serde_json::Map<String, Value> {
    let members = resource.members().iter().filter(|(name, _)| !NOT_SEALED.contains(&name.as_str()));
    members.map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The digest under which a person signs in, if the tenant knows it.
fn login(visit: &Visit, shelf: Shelf, resource: &Resource) -> Option<ContentDigest> {
    let text = |name: &str| resource.value(name).and_then(Value::as_str);
    match visit.tenant.login.as_ref().filter(|_| shelf == Shelf::People)? {
        Login::ExternalIdAt { issuer } => Some(provider_login(&visit.deed, issuer, text("externalId")?)),
        Login::UserNameAt { issuer } => Some(provider_login(&visit.deed, issuer, text("userName")?)),
        Login::VerifiedEmail {} => Some(visit.deed.login_digest(text("userName")?)),
    }
}
