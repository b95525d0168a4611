//! Credentials: issuing and revoking them.

use crate::access::may_act_for;
use crate::{Ask, Decide, Decision};
use ledger::event::id::CredentialId;
use ledger::event::identity::{CredentialIssued, CredentialRevoked};
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::access::Permission;
use projections::identity::Credential;

/// Most credentials of a subject that were not revoked: all of them end together with a suspension.
pub const CREDENTIALS_MAX: u64 = 64;

/// Issue a credential to oneself, other than with a token, or, with permission, to somebody who may do no more than oneself.
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
        let (_, shown) = ask.shown()?;
        let Self { credential, digest, expires, subject } = self;
        let subject = subject.unwrap_or(issuer);
        ask.with_factors(None)?;
        if ask.state.credentials.find(shown).is_some_and(Credential::is_token) {
            // Otherwise whoever has a token for an hour would have a credential for ever.
            ask.permitted(Permission::IdentityCredentials, Scope::Site)?;
        }
        may_act_for(ask, issuer, subject, Permission::IdentityCredentials)?;
        ask.active(subject)?;
        if ask.state.credentials.unrevoked(subject).len() as u64 >= CREDENTIALS_MAX {
            return Err(Refusal::TooMany { count_max: CREDENTIALS_MAX });
        }
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
        let credential = self.credential;
        // What one shows oneself, one may let go of, whatever else it may do.
        if ask.shown()?.1 == credential {
            return Ok(vec![CredentialRevoked { credential }.into()]);
        }
        let revoker = ask.subject()?;
        let found =
            ask.state.credentials.find(credential).ok_or(Refusal::UnknownCredential { credential })?;
        may_act_for(ask, revoker, found.subject, Permission::IdentityCredentials)?;
        if found.is_revoked() {
            return Ok(vec![]);
        }
        Ok(vec![CredentialRevoked { credential }.into()])
    }
}
