//! Orders of identity: the claim, service accounts, credentials.

use crate::{Ask, Decide, Decision, Happening};
use ledger::event::access::{RoleGranted, Scope};
use ledger::event::id::{CredentialId, GrantId, PersonId, ServiceAccountId};
use ledger::event::identity::{
    CredentialIssued, CredentialRevoked, OwnershipClaimed, PersonCreated, ServiceAccountCreated,
};
use ledger::event::{Actor, Object, Refusal, Subject, Via};
use ledger::hash::Hash;
use ledger::time::Time;
use ledger::writer::PlainPayload;
use projections::access::{Permission, Role};

/// Become owner with the token of the claim link.
#[derive(Clone, Debug)]
pub struct ClaimOwnership {
    /// SHA-256 of the token.
    pub token: Hash,
    /// Fresh name of the person.
    pub person: PersonId,
    /// Fresh name of the owner's grant.
    pub grant: GrantId,
    /// Fresh name of the person's first credential.
    pub credential: CredentialId,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// The person's profile.
    pub profile: Option<PlainPayload>,
}

impl Decide for ClaimOwnership {
    const NAME: &'static str = "identity.claim_ownership";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        if ask.actor != Actor::Anonymous(Via::Claim) || !ask.state.claims.admits(&self.token, ask.now) {
            return Err(Refusal::ClaimNotOpen {});
        }
        let Self { token, person, grant, credential, digest, profile } = self;
        let subject = Subject::Person(person);
        let owner = Role::Owner.as_str().into();
        Ok(vec![
            OwnershipClaimed { claim: token, person }.into(),
            Happening::from(PersonCreated { person }).sealing(profile),
            RoleGranted { grant, role: owner, scope: Scope::Site, subject }.into(),
            CredentialIssued { credential, digest, expires: None, subject }.into(),
        ])
    }
}

/// Create a service account.
#[derive(Clone, Debug)]
pub struct CreateServiceAccount {
    /// Fresh name.
    pub service_account: ServiceAccountId,
    /// What people call it.
    pub handle: Box<str>,
    /// What it is for.
    pub profile: Option<PlainPayload>,
}

impl Decide for CreateServiceAccount {
    const NAME: &'static str = "identity.create_service_account";

    fn about(&self) -> Option<Object> {
        Some(Object::ServiceAccount(self.service_account))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::IdentityCreate)?;
        let Self { service_account, handle, profile } = self;
        if ask.state.subjects.by_handle(&handle).is_some() {
            return Err(Refusal::HandleTaken { handle });
        }
        Ok(vec![Happening::from(ServiceAccountCreated { handle, service_account }).sealing(profile)])
    }
}

/// Issue a credential to oneself or, with permission, to somebody who may do no more than oneself.
#[derive(Clone, Debug)]
pub struct IssueCredential {
    /// Fresh name.
    pub credential: CredentialId,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// From when on it no longer works.
    pub expires: Option<Time>,
    /// Whose it is; `None` for oneself.
    pub subject: Option<Subject>,
}

impl Decide for IssueCredential {
    const NAME: &'static str = "identity.issue_credential";

    fn about(&self) -> Option<Object> {
        self.subject.map(Object::from)
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let issuer = ask.subject()?;
        let Self { credential, digest, expires, subject } = self;
        let subject = subject.unwrap_or(issuer);
        may_act_for(ask, issuer, subject)?;
        if expires.is_some_and(|expires| expires <= ask.now) {
            return Err(Refusal::ExpiryInPast {});
        }
        Ok(vec![CredentialIssued { credential, digest, expires, subject }.into()])
    }
}

/// Revoke a credential of one's own or, with permission, of somebody who may do no more than oneself.
/// Revoking twice changes nothing.
#[derive(Clone, Debug)]
pub struct RevokeCredential {
    /// Which.
    pub credential: CredentialId,
}

impl Decide for RevokeCredential {
    const NAME: &'static str = "identity.revoke_credential";

    fn about(&self) -> Option<Object> {
        Some(Object::Credential(self.credential))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let revoker = ask.subject()?;
        let credential = self.credential;
        let found =
            ask.state.credentials.find(credential).ok_or(Refusal::UnknownCredential { credential })?;
        may_act_for(ask, revoker, found.subject)?;
        if found.revoked {
            return Ok(vec![]);
        }
        Ok(vec![CredentialRevoked { credential }.into()])
    }
}

/// Whoever has a subject's credential can act as the subject, so one needs all of its rights.
fn may_act_for(ask: &Ask<'_>, actor: Subject, subject: Subject) -> Result<(), Refusal> {
    if actor == subject {
        return Ok(());
    }
    ask.permitted(Permission::IdentityCredentials)?;
    ask.existing(subject)?;
    ask.within_rights(actor, ask.state.grants.permissions(subject))
}
