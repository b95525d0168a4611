//! Rules of identity: who may make subjects and credentials.

use super::{Case, Verdict, require};
use ledger::event::identity::{
    CredentialIssued, CredentialRevoked, OwnershipClaimed, PersonCreated, ServiceAccountCreated,
};
use ledger::event::{Actor, Identity, Subject, Via};
use projections::access::Permission;

pub(super) fn judge(case: &Case<'_>, fact: &Identity) -> Verdict {
    match fact {
        Identity::PersonCreated(fact) => person_created(case, fact),
        Identity::OwnershipClaimed(fact) => ownership_claimed(case, fact),
        Identity::ServiceAccountCreated(fact) => service_account_created(case, fact),
        Identity::CredentialIssued(fact) => credential_issued(case, fact),
        Identity::CredentialRevoked(fact) => credential_revoked(case, fact),
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
    require(case.claimant() == Some(person), "no claim led to this person")?;
    require(!case.state.subjects.contains(person), "the person existed already")
}

fn service_account_created(case: &Case<'_>, fact: &ServiceAccountCreated) -> Verdict {
    case.permitted(Permission::IdentityCreate)?;
    let account = Subject::ServiceAccount(fact.service_account);
    require(!case.state.subjects.contains(account), "the service account existed already")?;
    require(case.state.subjects.by_handle(&fact.handle).is_none(), "the name was taken")
}

fn credential_issued(case: &Case<'_>, fact: &CredentialIssued) -> Verdict {
    let state = case.state;
    require(state.subjects.contains(fact.subject), "the subject did not exist")?;
    require(state.credentials.find(fact.credential).is_none(), "the credential existed already")?;
    require(!state.credentials.has_digest(&fact.digest), "another credential has this secret")?;
    let lasts = fact.expires.is_none_or(|expires| case.event.time < expires);
    require(lasts, "the credential had expired when it was issued")?;
    if case.claimant() == Some(fact.subject) {
        return Ok(());
    }
    on_behalf_of(case, fact.subject)
}

fn credential_revoked(case: &Case<'_>, fact: &CredentialRevoked) -> Verdict {
    let found = case.state.credentials.find(fact.credential);
    let good = found.filter(|credential| !credential.revoked);
    require(good.is_some(), "there was no such credential, or it was revoked already")?;
    good.map_or(Ok(()), |credential| on_behalf_of(case, credential.subject))
}

/// That the actor may handle credentials of this subject: its own, or those of whom it is not below.
fn on_behalf_of(case: &Case<'_>, owner: Subject) -> Verdict {
    if case.subject()? == owner {
        return Ok(());
    }
    case.permitted(Permission::IdentityCredentials)?;
    case.within_own(case.state.grants.permissions(owner))
}
