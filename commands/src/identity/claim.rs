//! The claim: how a new Deed gets its first owner.

use crate::{Ask, Decide, Decision, Happening};
use ledger::event::access::RoleGranted;
use ledger::event::id::{CredentialId, GrantId, PersonId};
use ledger::event::identity::{CredentialIssued, OwnershipClaimed, PersonCreated};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Object, Refusal, Subject, Via};
use ledger::hash::Hash;
use ledger::writer::PlainPayload;
use projections::access::Role;

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
        let owner = Role::Owner.to_string();
        Ok(vec![
            OwnershipClaimed { claim: token, person }.into(),
            Happening::from(PersonCreated { login: None, person }).sealing(profile),
            RoleGranted::new(grant, &owner, Scope::Site, subject).into(),
            CredentialIssued { credential, digest, expires: None, subject }.into(),
        ])
    }
}
