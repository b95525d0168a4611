//! Rules of custody: the log's own life, erasures, reads, and whether refusals were right.
//!
//! Two refusals are not judged again: that a command id was used for another command, because only the server can compare the
//! commands' digests, and that an expiry had passed, because the refused expiry is not recorded.

use super::workspaces::refusals::{self, is_ceiling, is_lasting, is_not_admitted, is_unusable};
use super::{Case, Verdict, Wrong, budgets, keys, not_allowed, provisioning, recovery, require, tokens};
use crate::fault::Code;
use ledger::event::Subject;
use ledger::event::access::Ground;
use ledger::event::custody::{
    CommandRefused, LogRead, PayloadErased, PayloadName, ServerStarted, StoppedHow,
};
use ledger::event::id::GrantId;
use ledger::event::policy::SignIn;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Custody, Object, Refusal, Via};
use projections::access::{Grant, Permission, Permissions, Role};
use projections::identity::Standing;
use projections::keys::OVERLAP_SECONDS_MAX;
use projections::workspaces::Wish;
use projections::{Grantless, Lasting};

pub(super) fn judge(case: &Case<'_>, fact: &Custody) -> Verdict {
    match fact {
        Custody::LedgerOpened(_) => {
            case.by_system()?;
            require(case.event.seq == 0, "a ledger is opened once")
        }
        Custody::ServerStarted(fact) => {
            case.by_system()?;
            server_started(case, fact)
        }
        Custody::ServerStopped(_) | Custody::StateRecorded(_) | Custody::RefusalsCounted(_) => {
            case.by_system()
        }
        Custody::KeyRotated(_) | Custody::KeyCompromised(_) | Custody::ClaimOpened(_) => case.by_operator(),
        Custody::PayloadErased(fact) => payload_erased(case, fact),
        Custody::LogRead(fact) => log_read(case, fact),
        Custody::CommandRefused(fact) => command_refused(case, fact),
    }
}

/// A reader's own word needs the permission; what Deed counted was permitted when it was read, which may be over by now.
fn log_read(case: &Case<'_>, fact: &LogRead) -> Verdict {
    if case.event.actor == Actor::System {
        return require(case.state.subjects.find(fact.reader).is_some(), "the reader does not exist");
    }
    let subject = case.permitted(Permission::CustodyRead, Scope::Site)?;
    require(subject == fact.reader, "the reader is somebody else")
}

fn server_started(case: &Case<'_>, fact: &ServerStarted) -> Verdict {
    let writers = &case.state.writers;
    let expected = match (writers.starts, writers.running) {
        (0, _) => StoppedHow::Genesis,
        (_, true) => StoppedHow::UncleanStop,
        (_, false) => StoppedHow::CleanStop,
    };
    let why = "it says something else about the stop before it than the log does";
    if fact.after == expected { Ok(()) } else { Err(Wrong { code: Code::StartWrong, why }) }
}

fn payload_erased(case: &Case<'_>, fact: &PayloadErased) -> Verdict {
    case.permitted(Permission::CustodyErase, Scope::Site)?;
    let kept = case.state.payloads.of(fact.bucket);
    let known = |payload: &PayloadName| kept.contains(payload);
    if !fact.payloads.is_empty() && fact.payloads.iter().all(known) {
        return Ok(());
    }
    let why = "it names payloads that may not be erased, or that its subject does not have";
    Err(Wrong { code: Code::ErasureForbidden, why })
}

fn command_refused(case: &Case<'_>, fact: &CommandRefused) -> Verdict {
    let state = case.state;
    let right = match &fact.refusal {
        Refusal::NotAuthenticated {} => return require_refusal(is_unknown(case), NOT_AUTHENTICATED),
        Refusal::NotPermitted { permission, scope } => lacks(permission, case.rights(*scope)),
        Refusal::ExceedsOwnRights { permission, scope } => lacks(permission, lasting_rights(case, *scope)),
        Refusal::UnknownSubject { subject } => !state.subjects.contains(*subject),
        Refusal::UnknownGrant { grant } => {
            let reviewed = &*fact.command == "access.review_break_glass";
            let is_meant = |found: Grant| !reviewed || found.ground == Some(Ground::BreakGlass {});
            !state.grants.find(*grant).is_some_and(is_meant)
        }
        Refusal::UnknownCredential { credential } => state.credentials.find(*credential).is_none(),
        Refusal::UnknownObject { object } => !is_live(case, *object),
        Refusal::UnknownRole { role } => !is_role(case, role),
        Refusal::HandleTaken { handle } => {
            state.subjects.by_handle(handle).is_some() || refusals::is_taken(case, fact.about, handle)
        }
        Refusal::NameTaken { handle, scope } => is_taken(case, handle, *scope),
        Refusal::LoginTaken { login } => state.subjects.by_login(login).is_some(),
        Refusal::ClaimNotOpen {} => case.event.actor == Actor::Anonymous(Via::Claim),
        Refusal::LastOwner { grant } => is_owner(case, *grant),
        Refusal::NothingToErase { subject } => state.payloads.of(*subject).is_empty(),
        Refusal::RoleNotHere { role, scope } => Role::parse(role).is_some_and(|role| !role.fits(*scope)),
        Refusal::NotForEmergencies { role } => !state.policies.access().break_glass_roles.contains(role),
        Refusal::TooLong { seconds_max } => *seconds_max == longest(case, fact.about),
        Refusal::AliasTaken { handle, key } => {
            let live = state.keys.live(*key, case.event.time);
            live.is_some_and(|key| key.issued.alias == *handle)
        }
        Refusal::LooserThanPolicy { field, key_class } => keys::is_bounded(case, *key_class, field),
        over @ Refusal::OverBudget { .. } => budgets::is_over(case, over),
        Refusal::ApprovalNeeded { role } => needed_approval(case, fact.about, role),
        Refusal::NotActive { subject } => {
            let standing = state.subjects.find(*subject).map(|record| record.standing());
            standing == Some(Standing::Suspended)
        }
        Refusal::SignInRefused { .. } => case.is_by_provider(),
        Refusal::TokenRefused { reason, .. } => tokens::is_refused(case, &fact.command, reason),
        Refusal::NotOnBehalf {} => case.event.actor.person_behind().is_some(),
        Refusal::RecoveryRefused { reason } => recovery::is_refused(case, reason),
        Refusal::NotATenant {} => state.tenant_of(&case.event.actor).is_none(),
        Refusal::NotOfTenant { object, tenant } => {
            provisioning::is_tenant(case, tenant) && !provisioning::is_its_own(case, *object)
        }
        Refusal::TakenAtTenant { holder, tenant } => provisioning::is_taken(case, *holder, tenant),
        Refusal::ManagedByTenant { object, tenant } => provisioning::is_managed(case, *object, tenant),
        Refusal::SeveralFactorsNeeded { seconds_max } => {
            let policy = state.policies.sign_in();
            *seconds_max == policy.several_factors_seconds && wants_factors(policy)
        }
        Refusal::DutiesConflict { duty } => state.rules.duty(*duty).is_some_and(|duty| duty.span.is_open()),
        Refusal::OwnMatter { object } | Refusal::Settled { object } => !matches!(object, Object::Ledger(_)),
        Refusal::UnsoundTemplate { .. } => &*fact.command == "workspaces.publish_template",
        Refusal::TemplateNotUsable { reason, template } => is_unusable(case, fact.about, *template, reason),
        Refusal::ParameterNotAdmitted { parameter, what } => {
            is_not_admitted(case, fact.about, parameter, what)
        }
        Refusal::RecreationNeeded { field } => is_lasting(case, fact.about, field),
        Refusal::SharedTooWidely { sharing_max } => is_ceiling(case, fact.about, *sharing_max),
        Refusal::CommandIdReused { .. }
        | Refusal::ExpiryInPast {}
        | Refusal::EnvironmentsNotHere { .. }
        | Refusal::TooMany { .. } => true,
    };
    require_refusal(right, "the reason it gives did not hold")?;
    let authentic = case.state.is_authentic(&case.event.actor, case.event.time);
    require_refusal(authentic, "the actor's credential was not good; that should have been the reason")
}

/// Whether a policy wants several factors of anybody, for anything.
fn wants_factors(policy: &SignIn) -> bool {
    let SignIn { several_factors_permissions, several_factors_roles, .. } = policy;
    policy.several_factors || !several_factors_permissions.is_empty() || !several_factors_roles.is_empty()
}

const NOT_AUTHENTICATED: &str = "the actor's credential was good";

/// Whether nobody we know acted.
fn is_unknown(case: &Case<'_>) -> bool {
    matches!(case.event.actor, Actor::Anonymous(_))
        || !case.state.is_authentic(&case.event.actor, case.event.time)
}

/// Whether a permission is lacking; a name that is none is lacked by nobody.
fn lacks(permission: &str, rights: Permissions) -> bool {
    Permission::parse(permission).is_some_and(|permission| !rights.contains(permission))
}

/// What the actor may do there in all environments and for ever: nothing of it can be beyond its rights.
fn lasting_rights(case: &Case<'_>, scope: Scope) -> Permissions {
    let lasting = Lasting::until(case.event.time, None);
    case.state.rights_of(&case.event.actor, scope.into(), lasting)
}

/// Whether a grant is one without which, or without whose holder, nobody would be owner.
fn is_owner(case: &Case<'_>, id: GrantId) -> bool {
    let holder = case.state.grants.owners().find(|(_, grant)| *grant == id);
    case.state.would_lack_owner(Grantless::Grant(id))
        || holder.is_some_and(|(owner, _)| case.state.would_lack_owner(Grantless::Subject(owner)))
}

fn is_role(case: &Case<'_>, role: &str) -> bool {
    let approved = case.state.policies.access().approved_roles.iter().any(|approved| **approved == *role);
    Role::parse(role).is_some_and(|role| case.state.roles.can_be_granted(role)) && !approved
}

/// Whether a group that was to have a new member had that role, which needed approval.
fn needed_approval(case: &Case<'_>, about: Option<Object>, role: &str) -> bool {
    let Some(Object::Group(group)) = about else { return false };
    case.state.approved_roles(group, case.event.time).any(|found| found.to_string() == role)
}

fn is_taken(case: &Case<'_>, handle: &str, scope: Scope) -> bool {
    let state = case.state;
    let project = match scope {
        Scope::Organization(id) => state.scopes.project_by_handle(id, handle).is_some(),
        Scope::Site => {
            state.scopes.organization_by_handle(handle).is_some()
                || state.roles.by_handle(handle).is_some()
                || Role::parse(handle).is_some()
        }
        Scope::Project(_) => false,
    };
    project || state.groups.by_handle(scope, handle).is_some()
}

/// Whether a thing was there, and had not ended.
fn is_live(case: &Case<'_>, object: Object) -> bool {
    let state = case.state;
    match object {
        Object::Ledger(_) => true,
        Object::Person(id) => state.subjects.contains(Subject::Person(id)),
        Object::ServiceAccount(id) => state.subjects.contains(Subject::ServiceAccount(id)),
        Object::Agent(id) => state.subjects.contains(Subject::Agent(id)),
        Object::Credential(id) => state.credentials.find(id).is_some(),
        Object::Grant(id) => state.grants.find(id).is_some(),
        Object::Group(id) => state.groups.contains(id),
        Object::Organization(id) => state.scopes.contains(Scope::Organization(id)),
        Object::Project(id) => state.scopes.contains(Scope::Project(id)),
        Object::Role(id) => state.roles.find(id).is_some(),
        Object::Request(id) => state.rules.request(id).is_some(),
        Object::Mapping(id) => state.rules.mapping(id).is_some(),
        Object::Duty(id) => state.rules.duty(id).is_some(),
        Object::Policy(id) => state.policies.find(id).is_some(),
        Object::Key(id) => state.keys.live(id, case.event.time).is_some(),
        Object::Budget(id) => state.budgets.live(id).is_some(),
        Object::Reservation(id) => state.budgets.open(id).is_some(),
        Object::Template(id) => state.templates.live(id).is_some(),
        Object::Workspace(id) => {
            state.workspaces.live(id).is_some_and(|workspace| workspace.phase.wish != Wish::Delete)
        }
    }
}

/// How long what was refused may last.
fn longest(case: &Case<'_>, about: Option<Object>) -> u64 {
    if matches!(about, Some(Object::Key(_))) {
        return OVERLAP_SECONDS_MAX;
    }
    case.state.policies.access().break_glass_seconds_max
}

fn require_refusal(holds: bool, why: &'static str) -> Verdict {
    require(holds, why).map_err(|_| Wrong { code: Code::RefusalWrong, ..not_allowed(why) })
}
