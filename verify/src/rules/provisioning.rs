//! Rules of provisioning: tenants make, change and end what is theirs, as the policy in force says who they are.

use super::{Case, Verdict, Wrong, not_allowed, require};
use ledger::event::id::GroupId;
use ledger::event::identity::{AgentCreated, GroupCreated, GroupRenamed, PersonCreated};
use ledger::event::policy::Tenant;
use ledger::event::provisioning::{GroupDeleted, GroupWritten, SubjectDeleted, SubjectWritten};
use ledger::event::scope::Scope;
use ledger::event::{ContentDigest, Object, Provisioning, Subject};
use projections::provisioning::{GroupRecord, Record, Shelf};

pub(super) fn judge(case: &Case<'_>, fact: &Provisioning) -> Verdict {
    match fact {
        Provisioning::SubjectWritten(fact) => subject_written(case, fact),
        Provisioning::SubjectDeleted(fact) => subject_deleted(case, fact),
        Provisioning::GroupWritten(fact) => group_written(case, fact),
        Provisioning::GroupDeleted(fact) => group_deleted(case, fact),
    }
}

/// The tenant that acted, which must be the one that the event names.
fn tenant<'a>(case: &Case<'a>, name: &str) -> Result<&'a Tenant, Wrong> {
    case.subject()?;
    let found = case.state.tenant_of(&case.event.actor).filter(|tenant| &*tenant.name == name);
    found.ok_or(not_allowed("whoever did it was not that tenant, by the policy in force"))
}

fn subject_written(case: &Case<'_>, fact: &SubjectWritten) -> Verdict {
    let (state, subject) = (case.state, fact.subject);
    let tenant = tenant(case, &fact.tenant)?;
    let record = state.subjects.find(subject).filter(|_| state.subjects.contains(subject));
    let record = record.ok_or(not_allowed("the subject did not exist, or was removed"))?;
    let is_its_own = state.has_subject(&case.event.actor, subject);
    // Under which name the tenant knows people who were here before, its own words say, and they are sealed. It does know them by one.
    let is_found = matches!(subject, Subject::Person(_)) && record.login.is_some() && tenant.login.is_some();
    let may_take_over = is_found && state.tenant_with(subject).is_none();
    let is_new = has_made(case, record.since, tenant);
    require(may_have(tenant, subject), "the tenant has no agents and no applications")?;
    require(is_its_own || is_new || may_take_over, "the subject was not the tenant's")?;
    let (shelf, provisioned) = (Shelf::of(subject), &state.provisioned);
    let is_others = |found: Option<Subject>| found.is_some_and(|other| other != subject);
    require(
        !is_others(provisioned.by_name(&fact.tenant, shelf, &fact.name)),
        "another subject of the tenant had this name",
    )?;
    let external = |external: &ContentDigest| provisioned.by_external(&fact.tenant, shelf, external);
    let taken = fact.external.as_ref().is_some_and(|id| is_others(external(id)));
    require(!taken, "the tenant had this id for another subject")?;
    // Suspending it follows at once; letting it act came just before.
    let is_kept = state.provisioned.find(subject).is_some_and(|known| known.kept);
    require(!(fact.active && is_its_own && is_kept), "the tenant let the subject act, and it could not")
}

/// Whether policy lets a tenant have such a subject at all.
fn may_have(tenant: &Tenant, subject: Subject) -> bool {
    tenant.agents || matches!(subject, Subject::Person(_))
}

/// Whether the tenant made something by the event at that position, which is the one before this.
fn has_made(case: &Case<'_>, at: u64, tenant: &Tenant) -> bool {
    at + 1 == case.event.seq && case.state.provisioned.made(&tenant.name, at)
}

/// What was said last of a subject that is, or was, of the tenant that acts.
fn said<'a>(case: &Case<'a>, subject: Subject) -> Option<&'a Record> {
    case.subject().ok()?;
    let tenant = case.state.tenant_of(&case.event.actor)?;
    case.state.provisioned.find(subject).filter(|record| record.tenant == tenant.name)
}

/// Whether the tenant that has a subject says that it must not act.
pub(super) fn is_let_go(case: &Case<'_>, subject: Subject) -> bool {
    let says_so = case.state.provisioned.find(subject).is_some_and(|record| !record.active);
    says_so && case.state.tenant_with(subject).is_some()
}

/// Whether the actor is the tenant that has the subject and had suspended it, and nobody else did since.
pub(super) fn may_let_act(case: &Case<'_>, subject: Subject) -> bool {
    said(case, subject).is_some_and(|record| record.kept && !record.deleted)
}

/// Whether the tenant that acts has just said that its subject must not act.
pub(super) fn may_suspend(case: &Case<'_>, subject: Subject) -> bool {
    let just = |record: &Record| record.sealed == record.changed.0 && follows(case, record.changed.0);
    case.state.subjects.is_active(subject)
        && said(case, subject).is_some_and(|record| !record.active && !record.deleted && just(record))
}

/// Whether the tenant that acts has just said that it no longer has the subject.
pub(super) fn may_remove(case: &Case<'_>, subject: Subject) -> bool {
    said(case, subject).is_some_and(|record| record.deleted && follows(case, record.changed.0))
}

/// Whether what the subject had ends because the tenant that acts has ended its standing.
pub(super) fn has_ended(case: &Case<'_>, subject: Subject) -> bool {
    !case.state.subjects.is_active(subject)
        && said(case, subject).is_some_and(|record| record.kept || (record.deleted && !record.active))
}

fn follows(case: &Case<'_>, at: u64) -> bool {
    at + 1 == case.event.seq
}

fn subject_deleted(case: &Case<'_>, fact: &SubjectDeleted) -> Verdict {
    tenant(case, &fact.tenant)?;
    let is_its_own = case.state.has_subject(&case.event.actor, fact.subject);
    require(is_its_own, "the subject was not the tenant's")
}

fn group_written(case: &Case<'_>, fact: &GroupWritten) -> Verdict {
    let (state, group) = (case.state, fact.group);
    let tenant = tenant(case, &fact.tenant)?;
    let record = state.groups.find(group).filter(|record| record.span.is_open());
    let record = record.ok_or(not_allowed("there was no such group, or it was removed"))?;
    let is_new = has_made(case, record.span.since, tenant);
    require(is_new || state.has_group(&case.event.actor, group), "the group was not the tenant's")?;
    let handle = format!("{}/{}", fact.tenant, fact.name);
    require(*record.handle == *handle, "the group had another name here than at its tenant")?;
    let by_id = fact.external.as_ref().and_then(|id| state.provisioned.group_by_external(&fact.tenant, id));
    let found = [state.provisioned.group_by_name(&fact.tenant, &fact.name), by_id];
    let taken = found.into_iter().flatten().any(|other| other != group);
    require(!taken, "another group of the tenant had this name or id")
}

fn group_deleted(case: &Case<'_>, fact: &GroupDeleted) -> Verdict {
    tenant(case, &fact.tenant)?;
    require(case.state.has_group(&case.event.actor, fact.group), "the group was not the tenant's")
}

/// Whether the tenant that acts has just said that it no longer has a group.
pub(super) fn was_its_own(case: &Case<'_>, group: GroupId) -> bool {
    let of_tenant = |tenant: &Tenant| {
        let found = case.state.provisioned.find_group(group);
        let just = |record: &GroupRecord| record.deleted && follows(case, record.changed.0);
        found.is_some_and(|record| record.tenant == tenant.name && just(record))
    };
    case.subject().is_ok() && case.state.tenant_of(&case.event.actor).is_some_and(of_tenant)
}

/// Whether the actor is the tenant that a refusal names.
pub(super) fn is_tenant(case: &Case<'_>, name: &str) -> bool {
    case.state.tenant_of(&case.event.actor).is_some_and(|tenant| *tenant.name == *name)
}

/// Whether the actor is the tenant that has a thing.
pub(super) fn is_its_own(case: &Case<'_>, object: Object) -> bool {
    if let Object::Group(group) = object {
        return case.state.has_group(&case.event.actor, group);
    }
    Subject::try_from(object).is_ok_and(|subject| case.state.has_subject(&case.event.actor, subject))
}

/// Whether somebody else has what the tenant wanted: a thing of its own, or a person who is there.
pub(super) fn is_taken(case: &Case<'_>, holder: Object, name: &str) -> bool {
    let is_person = Subject::try_from(holder)
        .is_ok_and(|subject| matches!(subject, Subject::Person(_)) && case.state.subjects.contains(subject));
    is_tenant(case, name) && (is_person || is_its_own(case, holder))
}

/// Whether that tenant has a group, or keeps a subject from acting: then nobody else changes that.
pub(super) fn is_managed(case: &Case<'_>, object: Object, name: &str) -> bool {
    let found = match (object, Subject::try_from(object)) {
        (Object::Group(group), _) => case.state.tenant_with_group(group),
        (_, Ok(subject)) if is_let_go(case, subject) => case.state.tenant_with(subject),
        (_, Ok(_) | Err(_)) => None,
    };
    found.is_some_and(|tenant| *tenant.name == *name)
}

/// Whether a tenant may make such a person: under no name to sign in with, unless policy says which of its words that is. What somebody had
/// whom it had, and who was removed, it may give again.
pub(super) fn may_create_person(case: &Case<'_>, fact: &PersonCreated) -> bool {
    let tenant = case.state.tenant_of(&case.event.actor).filter(|_| case.subject().is_ok());
    tenant.is_some_and(|tenant| {
        let holder = fact.login.and_then(|login| case.state.subjects.by_login(&login));
        let is_free = holder.is_none_or(|holder| {
            !case.state.subjects.contains(holder) && case.state.provisioned.had(&tenant.name, holder)
        });
        is_free && (fact.login.is_none() || tenant.login.is_some())
    })
}

/// Whether a tenant may make an agent or an application of that name.
pub(super) fn may_create(case: &Case<'_>, handle: &str) -> bool {
    let has_such = case.state.tenant_of(&case.event.actor).is_some_and(|tenant| tenant.agents);
    has_such && bears_its_name(case, handle)
}

/// Whether a tenant may make such an agent: one for which it answers itself.
pub(super) fn may_create_agent(case: &Case<'_>, fact: &AgentCreated) -> bool {
    let tenant = case.state.tenant_of(&case.event.actor);
    let answers = tenant.map(|tenant| Subject::ServiceAccount(tenant.service_account)) == Some(fact.sponsor);
    answers && may_create(case, &fact.handle)
}

/// Whether a tenant may make such a group: of the site, and with the tenant's name before its own.
pub(super) fn may_create_group(case: &Case<'_>, fact: &GroupCreated) -> bool {
    fact.scope == Scope::Site && bears_its_name(case, &fact.handle)
}

/// Whether the actor is a tenant, and the name begins with the tenant's.
fn bears_its_name(case: &Case<'_>, handle: &str) -> bool {
    let tenant = case.state.tenant_of(&case.event.actor).filter(|_| case.subject().is_ok());
    let after = tenant.and_then(|tenant| handle.strip_prefix(&*tenant.name));
    after.is_some_and(|name| name.starts_with('/'))
}

pub(super) fn group_renamed(case: &Case<'_>, fact: &GroupRenamed) -> Verdict {
    let is_its_own = case.state.has_group(&case.event.actor, fact.group);
    require(is_its_own && bears_its_name(case, &fact.handle), "the group was not the tenant's")?;
    let found = case.state.groups.by_handle(Scope::Site, &fact.handle);
    require(found.is_none(), "the name was taken")
}
