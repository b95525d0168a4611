//! Rules of identity: who may make and end subjects, credentials and groups.

use super::{Case, Verdict, not_allowed, provisioning, recovery, require, sessions, tokens};
use ledger::event::id::{CredentialId, GroupId};
use ledger::event::identity::{
    AgentCreated, CredentialIssued, CredentialRevoked, GroupCreated, MemberAdded, OwnershipClaimed,
    PersonCreated,
};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Grantee, Identity, Subject, Via};
use ledger::hash::Hash;
use projections::Grantless;
use projections::access::Permission;
use projections::identity::{Credential, Group, Standing};

pub(super) fn judge(case: &Case<'_>, fact: &Identity) -> Verdict {
    match fact {
        Identity::PersonCreated(fact) => person_created(case, fact),
        Identity::OwnershipClaimed(fact) => ownership_claimed(case, fact),
        Identity::ServiceAccountCreated(fact) => {
            may_create(case, provisioning::may_create(case, &fact.handle))?;
            named(case, Subject::ServiceAccount(fact.service_account), &fact.handle)
        }
        Identity::AgentCreated(fact) => agent_created(case, fact),
        Identity::SubjectSuspended(fact) => suspended(case, fact.subject),
        Identity::SubjectReactivated(fact) => reactivated(case, fact.subject),
        Identity::SubjectRemoved(fact) => removed(case, fact.subject),
        Identity::GroupCreated(fact) => group_created(case, fact),
        Identity::GroupRemoved(fact) => group_removed(case, fact.group),
        Identity::GroupRenamed(fact) => provisioning::group_renamed(case, fact),
        Identity::MemberAdded(fact) => member_added(case, fact),
        Identity::MemberRemoved(fact) => {
            group_changed(case, fact.group)?;
            require(case.state.groups.has(fact.group, fact.subject), "the subject was not in the group")
        }
        Identity::CredentialIssued(fact) => credential_issued(case, fact),
        Identity::CredentialRevoked(fact) => credential_revoked(case, fact),
        Identity::LoginLinked(fact) => sessions::login_linked(case, fact),
        Identity::SessionStarted(fact) => sessions::session_started(case, fact),
        Identity::SessionUsed(fact) => sessions::session_used(case, fact),
        Identity::ProviderLoggedOut(fact) => sessions::provider_logged_out(case, fact),
        Identity::ClientSignedIn(fact) => sessions::client_signed_in(case, fact),
        Identity::TokenIssued(fact) => tokens::token_issued(case, fact),
        Identity::WorkloadSignedIn(fact) => tokens::workload_signed_in(case, fact),
        Identity::RecoveryCodesMade(fact) => recovery::codes_made(case, fact),
        Identity::OwnerRecovered(fact) => recovery::recovered(case, fact),
    }
}

fn ownership_claimed(case: &Case<'_>, fact: &OwnershipClaimed) -> Verdict {
    let by_claim = case.event.actor == Actor::Anonymous(Via::Claim);
    require(by_claim, "only whoever holds the claim token may become owner by it")?;
    let open = case.state.claims.admits(&fact.claim, case.event.time);
    require(open, "no claim was open for this token")
}

fn person_created(case: &Case<'_>, fact: &PersonCreated) -> Verdict {
    let person = Subject::Person(fact.person);
    require(case.state.subjects.find(person).is_none(), "the person existed already")?;
    if provisioning::may_create_person(case, fact) {
        return Ok(());
    }
    let taken = fact.login.is_some_and(|login| case.state.subjects.by_login(&login).is_some());
    require(!taken, "somebody else had this name to sign in with")?;
    if case.claimant() == Some(person) {
        return Ok(());
    }
    if case.is_by_provider() {
        return sessions::signed_up(case, fact);
    }
    case.permitted(Permission::IdentityCreate, Scope::Site).map(drop)
}

/// That the actor may make service accounts and agents, or this one as a tenant.
fn may_create(case: &Case<'_>, as_tenant: bool) -> Verdict {
    if as_tenant { Ok(()) } else { case.permitted(Permission::IdentityCreate, Scope::Site).map(drop) }
}

fn named(case: &Case<'_>, subject: Subject, handle: &str) -> Verdict {
    require(case.state.subjects.find(subject).is_none(), "it existed already")?;
    require(case.state.subjects.by_handle(handle).is_none(), "the name was taken")
}

fn agent_created(case: &Case<'_>, fact: &AgentCreated) -> Verdict {
    may_create(case, provisioning::may_create_agent(case, fact))?;
    named(case, Subject::Agent(fact.agent), &fact.handle)?;
    case.exists(fact.sponsor.into())
}

/// That the subject's standing is one of these.
fn stands(case: &Case<'_>, subject: Subject, from: &[Standing]) -> Verdict {
    let standing = case.state.subjects.find(subject).map(|record| record.standing());
    let fits = standing.is_some_and(|standing| from.contains(&standing));
    require(fits, "the subject did not exist, or its standing was another")
}

/// That the actor may change the subject's standing.
fn may_change(case: &Case<'_>, subject: Subject) -> Verdict {
    case.permitted(Permission::IdentityManage, Scope::Site)?;
    case.may_act_for(subject, Permission::IdentityManage)
}

fn reactivated(case: &Case<'_>, subject: Subject) -> Verdict {
    stands(case, subject, &[Standing::Suspended])?;
    if provisioning::may_let_act(case, subject) {
        return Ok(());
    }
    let is_kept = provisioning::is_let_go(case, subject);
    require(!is_kept, "its tenant had kept it from acting, and somebody else let it")?;
    may_change(case, subject)
}

/// An active subject is suspended by who may; one that its tenant had suspended also by others than that, who then let it act again.
fn suspended(case: &Case<'_>, subject: Subject) -> Verdict {
    let is_kept = case.state.provisioned.find(subject).is_some_and(|record| record.kept);
    let from = if is_kept { &[Standing::Active, Standing::Suspended][..] } else { &[Standing::Active][..] };
    stands(case, subject, from)?;
    ended(case, subject, provisioning::may_suspend(case, subject))
}

fn removed(case: &Case<'_>, subject: Subject) -> Verdict {
    stands(case, subject, &[Standing::Active, Standing::Suspended])?;
    ended(case, subject, provisioning::may_remove(case, subject))
}

fn ended(case: &Case<'_>, subject: Subject, by_tenant: bool) -> Verdict {
    if !by_tenant {
        may_change(case, subject)?;
    }
    let lacks = case.state.would_lack_owner(Grantless::Subject(subject));
    require(!lacks, "nobody would have been owner any more")
}

fn group_created(case: &Case<'_>, fact: &GroupCreated) -> Verdict {
    if !provisioning::may_create_group(case, fact) {
        case.permitted(Permission::IdentityGroups, fact.scope)?;
    }
    require(case.state.scopes.contains(fact.scope), "the scope did not exist")?;
    require(case.state.groups.find(fact.group).is_none(), "the group existed already")?;
    require(case.state.groups.by_handle(fact.scope, &fact.handle).is_none(), "the name was taken")
}

/// That the group is there, and the actor may change who is in it.
fn group_changed<'a>(case: &Case<'a>, id: GroupId) -> Result<&'a Group, super::Wrong> {
    let found = case.state.groups.find(id).filter(|group| group.span.is_open());
    let group = found.ok_or(not_allowed("there was no such group, or it was removed"))?;
    if case.state.tenant_with_group(id).is_some() {
        let is_its_own = case.subject().is_ok() && case.state.has_group(&case.event.actor, id);
        require(is_its_own, "a tenant had the group, and somebody else changed it")?;
        return Ok(group);
    }
    case.permitted(Permission::IdentityGroups, group.scope)?;
    case.state.holders.held(Grantee::Group(id)).iter().try_for_each(|held| case.may_touch(held))?;
    Ok(group)
}

fn group_removed(case: &Case<'_>, id: GroupId) -> Verdict {
    if case.state.groups.contains(id) && provisioning::was_its_own(case, id) {
        return Ok(());
    }
    let is_kept = case.state.tenant_with_group(id).is_some();
    require(!is_kept, "a tenant had the group, and had not said that it does no longer")?;
    group_changed(case, id).map(drop)
}

fn member_added(case: &Case<'_>, fact: &MemberAdded) -> Verdict {
    group_changed(case, fact.group)?;
    case.exists(fact.subject.into())?;
    require(!case.state.groups.has(fact.group, fact.subject), "the subject was in the group already")?;
    let held = case.state.holders.held(Grantee::Group(fact.group));
    if case.state.has_group(&case.event.actor, fact.group) {
        let own = case.state.has_subject(&case.event.actor, fact.subject);
        require(own, "a tenant put somebody into a group whom it does not have")?;
    } else {
        held.iter().try_for_each(|held| case.may_give(held))?;
    }
    let mut approved = case.state.approved_roles(fact.group, case.event.time);
    require(approved.next().is_none(), "the group had a role that a second person had to approve")?;
    let breaks = held.iter().any(|held| case.state.duty_broken(Some(fact.subject), held).is_some());
    require(!breaks, "it brings duties together that a rule kept apart")
}

fn credential_issued(case: &Case<'_>, fact: &CredentialIssued) -> Verdict {
    let state = case.state;
    require(state.subjects.is_active(fact.subject), "the subject did not exist, or was not active")?;
    is_new(case, fact.credential, &fact.digest)?;
    let lasts = fact.expires.is_none_or(|expires| case.event.time < expires);
    require(lasts, "the credential had expired when it was issued")?;
    if case.claimant() == Some(fact.subject) {
        return Ok(());
    }
    case.with_factors(None)?;
    let (_, shown) = case.shown()?;
    if state.credentials.find(shown).is_some_and(Credential::is_token) {
        case.permitted(Permission::IdentityCredentials, Scope::Site)?;
    }
    case.may_act_for(fact.subject, Permission::IdentityCredentials)
}

/// That a credential's name and its secret were nobody's.
pub(super) fn is_new(case: &Case<'_>, id: CredentialId, digest: &Hash) -> Verdict {
    require(case.state.credentials.find(id).is_none(), "the credential existed already")?;
    require(!case.state.credentials.has_digest(digest), "another credential has this secret")
}

/// Credentials are revoked by those who may, and end with the standing of their subject.
fn credential_revoked(case: &Case<'_>, fact: &CredentialRevoked) -> Verdict {
    let found = case.state.credentials.find(fact.credential).filter(|credential| !credential.is_revoked());
    let credential = found.ok_or(not_allowed("there was no such credential, or it was revoked already"))?;
    let is_over = case.state.credentials.live(fact.credential, case.event.time).is_none();
    if case.is_by_provider() {
        let is_session = case.state.sessions.find(fact.credential).is_some();
        return require(
            is_session || is_over,
            "a provider ends the sessions that it began, and nothing else",
        );
    }
    if case.event.actor == Actor::Anonymous(Via::Recovery) {
        return require(is_over, "a recovery code ends nothing but what is over");
    }
    if case.shown().is_ok_and(|(_, shown)| shown == fact.credential) {
        return Ok(());
    }
    if provisioning::has_ended(case, credential.subject) {
        return Ok(());
    }
    if case.state.subjects.is_active(credential.subject) {
        return case.may_act_for(credential.subject, Permission::IdentityCredentials);
    }
    // Whoever ended the subject's standing by the events just before need not be active any more.
    let Actor::Subject(actor, _) = case.event.actor else {
        return Err(not_allowed("only a subject may do this"));
    };
    if actor == credential.subject {
        return Ok(());
    }
    case.may_act_for(credential.subject, Permission::IdentityManage)
}
