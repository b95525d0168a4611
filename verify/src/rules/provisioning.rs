//! Rules of provisioning: tenants make, change and end what is theirs, as the policy in force says who they are.

use super::{Case, Verdict, Wrong, not_allowed, require};
use ledger::event::id::GroupId;
use ledger::event::identity::{GroupCreated, GroupRenamed};
use ledger::event::policy::Tenant;
use ledger::event::provisioning::{GroupDeleted, GroupWritten, SubjectDeleted, SubjectWritten};
use ledger::event::scope::Scope;
use ledger::event::{ContentDigest, Object, Provisioning, Subject};
use projections::provisioning::Shelf;

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
    let is_new = record.since + 1 == case.event.seq;
    // Under which name the tenant knows people who were here before, its own words say, and they are sealed.
    let may_take_over = tenant.login.is_some() && state.tenant_with(subject).is_none();
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
    // Ending it follows at once; letting it act came just before.
    require(
        !fact.active || state.subjects.is_active(subject) || !is_let_go(case, subject),
        "the tenant let the subject act, and it could not",
    )
}

/// Whether it was the tenant that had kept the subject from acting.
pub(super) fn is_let_go(case: &Case<'_>, subject: Subject) -> bool {
    case.state.provisioned.find(subject).is_some_and(|record| !record.active)
}

/// Whether the actor is the tenant that has the subject, and had kept it from acting.
pub(super) fn may_let_act(case: &Case<'_>, subject: Subject) -> bool {
    case.state.has_subject(&case.event.actor, subject) && is_let_go(case, subject)
}

/// Whether the tenant that acts has just let go of the subject, or said that it must not act.
pub(super) fn may_end(case: &Case<'_>, subject: Subject) -> bool {
    let of_tenant = |tenant: &Tenant| {
        let found = case.state.provisioned.find(subject);
        found.is_some_and(|record| record.tenant == tenant.name && !record.active)
    };
    case.subject().is_ok() && case.state.tenant_of(&case.event.actor).is_some_and(of_tenant)
}

fn subject_deleted(case: &Case<'_>, fact: &SubjectDeleted) -> Verdict {
    tenant(case, &fact.tenant)?;
    let is_its_own = case.state.has_subject(&case.event.actor, fact.subject);
    require(is_its_own, "the subject was not the tenant's")
}

fn group_written(case: &Case<'_>, fact: &GroupWritten) -> Verdict {
    let (state, group) = (case.state, fact.group);
    tenant(case, &fact.tenant)?;
    let record = state.groups.find(group).filter(|record| record.span.is_open());
    let record = record.ok_or(not_allowed("there was no such group, or it was removed"))?;
    let is_new = record.span.since + 1 == case.event.seq;
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
        found.is_some_and(|record| record.tenant == tenant.name && record.deleted)
    };
    case.subject().is_ok() && case.state.tenant_of(&case.event.actor).is_some_and(of_tenant)
}

/// Whether the actor is the tenant that has a thing.
pub(super) fn is_its_own(case: &Case<'_>, object: Object) -> bool {
    if let Object::Group(group) = object {
        return case.state.has_group(&case.event.actor, group);
    }
    Subject::try_from(object).is_ok_and(|subject| case.state.has_subject(&case.event.actor, subject))
}

/// Whether some tenant has a thing.
pub(super) fn is_managed(case: &Case<'_>, object: Object) -> bool {
    if let Object::Group(group) = object {
        return case.state.tenant_with_group(group).is_some();
    }
    Subject::try_from(object).is_ok_and(|subject| case.state.tenant_with(subject).is_some())
}

/// Whether the actor is a tenant: then what it makes is its own from the next event on.
pub(super) fn is_tenant(case: &Case<'_>) -> bool {
    case.subject().is_ok() && case.state.tenant_of(&case.event.actor).is_some()
}

/// Whether a tenant may make such a group: of the site, and with the tenant's name before its own.
pub(super) fn may_create_group(case: &Case<'_>, fact: &GroupCreated) -> bool {
    fact.scope == Scope::Site && bears_its_name(case, &fact.handle)
}

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
