//! Credentials: secrets by which subjects show who they are.

use crate::history::Span;
use crate::list::List;
use imbl::OrdMap;
use ledger::event::id::CredentialId;
use ledger::event::{Identity, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Whose it is.
    pub subject: Subject,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// From when on it no longer works.
    pub expires: Option<Time>,
    /// From which event until which.
    pub span: Span,
}

impl Credential {
    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        !self.span.is_open()
    }
}

/// All credentials ever issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    by_id: OrdMap<CredentialId, Credential>,
    by_digest: OrdMap<Hash, CredentialId>,
    unrevoked: OrdMap<Subject, List<CredentialId>>,
}

impl Credentials {
    pub(crate) fn apply(&mut self, fact: &Identity, seq: u64) {
        match fact {
            // A name or a secret that is taken stays whose it is: otherwise one subject's secret could come to stand for another.
            Identity::CredentialIssued(issued) if self.by_id.contains_key(&issued.credential) => {}
            Identity::CredentialIssued(issued) => {
                let credential = Credential {
                    subject: issued.subject,
                    digest: issued.digest,
                    expires: issued.expires,
                    span: Span::open(seq),
                };
                self.by_id.insert(issued.credential, credential);
                self.by_digest.entry(issued.digest).or_insert(issued.credential);
                self.unrevoked.entry(issued.subject).or_default().push(issued.credential);
            }
            Identity::CredentialRevoked(revoked) => self.revoke(revoked.credential, seq),
            Identity::PersonCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::ServiceAccountCreated(_)
            | Identity::AgentCreated(_)
            | Identity::SubjectSuspended(_)
            | Identity::SubjectReactivated(_)
            | Identity::SubjectRemoved(_)
            | Identity::GroupCreated(_)
            | Identity::GroupRemoved(_)
            | Identity::MemberAdded(_)
            | Identity::MemberRemoved(_) => {}
        }
    }

    fn revoke(&mut self, id: CredentialId, seq: u64) {
        let Some(credential) = self.by_id.get_mut(&id) else { return };
        credential.span.end(seq);
        let (subject, digest) = (credential.subject, credential.digest);
        if self.by_digest.get(&digest) == Some(&id) {
            self.by_digest.remove(&digest);
        }
        let Some(list) = self.unrevoked.get_mut(&subject) else { return };
        list.retain(|other| *other != id);
        if list.is_empty() {
            self.unrevoked.remove(&subject);
        }
    }

    /// A credential, good or not.
    pub fn find(&self, id: CredentialId) -> Option<&Credential> {
        self.by_id.get(&id)
    }

    /// A credential that is neither revoked nor expired at `now`.
    pub fn live(&self, id: CredentialId, now: Time) -> Option<&Credential> {
        let good = |credential: &&Credential| {
            !credential.is_revoked() && credential.expires.is_none_or(|at| now < at)
        };
        self.by_id.get(&id).filter(good)
    }

    /// Who shows a secret with this digest, if the credential is good at `now`.
    pub fn bearer(&self, digest: &Hash, now: Time) -> Option<(Subject, CredentialId)> {
        let id = *self.by_digest.get(digest)?;
        self.live(id, now).map(|credential| (credential.subject, id))
    }

    /// Credentials of a subject that were not revoked; some may have expired.
    pub fn unrevoked(&self, subject: Subject) -> &[CredentialId] {
        self.unrevoked.get(&subject).map_or(&[], |list| &**list)
    }

    /// Whether a digest is in use.
    pub fn has_digest(&self, digest: &Hash) -> bool {
        self.by_digest.contains_key(digest)
    }

    /// Credentials after `after`, in order of id.
    pub fn list(
        &self,
        after: Option<CredentialId>,
    ) -> impl Iterator<Item = (CredentialId, &Credential)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id
            .range((after.map_or(Unbounded, Excluded), Unbounded))
            .map(|(id, credential)| (*id, credential))
    }
}
