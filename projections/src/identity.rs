//! People, service accounts and credentials.

use imbl::{OrdMap, OrdSet};
use ledger::event::id::{CredentialId, PersonId, ServiceAccountId};
use ledger::event::{Identity, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// Who exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subjects {
    people: OrdSet<PersonId>,
    service_accounts: OrdMap<ServiceAccountId, Box<str>>,
    handles: OrdMap<Box<str>, ServiceAccountId>,
}

impl Subjects {
    pub(crate) fn apply(&mut self, fact: &Identity) {
        match fact {
            Identity::PersonCreated(created) => {
                self.people.insert(created.person);
            }
            // What is taken stays whose it is.
            Identity::ServiceAccountCreated(created) => {
                self.service_accounts.entry(created.service_account).or_insert(created.handle.clone());
                self.handles.entry(created.handle.clone()).or_insert(created.service_account);
            }
            Identity::OwnershipClaimed(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_) => {}
        }
    }

    /// Whether the subject exists.
    pub fn contains(&self, subject: Subject) -> bool {
        match subject {
            Subject::Person(id) => self.people.contains(&id),
            Subject::ServiceAccount(id) => self.service_accounts.contains_key(&id),
        }
    }

    /// The service account of that name.
    pub fn by_handle(&self, handle: &str) -> Option<ServiceAccountId> {
        self.handles.get(handle).copied()
    }

    /// People after `after`, in order of id.
    pub fn people(&self, after: Option<PersonId>) -> impl Iterator<Item = PersonId> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.people.range((after.map_or(Unbounded, Excluded), Unbounded)).copied()
    }

    /// Service accounts after `after` with their names, in order of id.
    pub fn service_accounts(
        &self,
        after: Option<ServiceAccountId>,
    ) -> impl Iterator<Item = (ServiceAccountId, &str)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        let range = self.service_accounts.range((after.map_or(Unbounded, Excluded), Unbounded));
        range.map(|(id, handle)| (*id, &**handle))
    }
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    /// Whose it is.
    pub subject: Subject,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// From when on it no longer works.
    pub expires: Option<Time>,
    /// Whether it was revoked.
    pub revoked: bool,
}

/// All credentials ever issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    by_id: OrdMap<CredentialId, Credential>,
    by_digest: OrdMap<Hash, CredentialId>,
}

impl Credentials {
    pub(crate) fn apply(&mut self, fact: &Identity) {
        match fact {
            // A name or a secret that is taken stays whose it is: otherwise one subject's secret could come to stand for another.
            Identity::CredentialIssued(issued) if self.by_id.contains_key(&issued.credential) => {}
            Identity::CredentialIssued(issued) => {
                let credential = Credential {
                    subject: issued.subject,
                    digest: issued.digest,
                    expires: issued.expires,
                    revoked: false,
                };
                self.by_id.insert(issued.credential, credential);
                self.by_digest.entry(issued.digest).or_insert(issued.credential);
            }
            Identity::CredentialRevoked(revoked) => {
                if let Some(credential) = self.by_id.get_mut(&revoked.credential) {
                    credential.revoked = true;
                    if self.by_digest.get(&credential.digest) == Some(&revoked.credential) {
                        self.by_digest.remove(&credential.digest);
                    }
                }
            }
            Identity::PersonCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::ServiceAccountCreated(_) => {}
        }
    }

    /// A credential, good or not.
    pub fn find(&self, id: CredentialId) -> Option<&Credential> {
        self.by_id.get(&id)
    }

    /// A credential that is neither revoked nor expired at `now`.
    pub fn live(&self, id: CredentialId, now: Time) -> Option<&Credential> {
        let good =
            |credential: &&Credential| !credential.revoked && credential.expires.is_none_or(|at| now < at);
        self.by_id.get(&id).filter(good)
    }

    /// Who shows a secret with this digest, if the credential is good at `now`.
    pub fn bearer(&self, digest: &Hash, now: Time) -> Option<(Subject, CredentialId)> {
        let id = *self.by_digest.get(digest)?;
        self.live(id, now).map(|credential| (credential.subject, id))
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
