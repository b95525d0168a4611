//! Facts of identity: people, service accounts, their credentials.

use super::id::{CredentialId, PersonId, ServiceAccountId};
use super::{Object, Subject, facts};
use crate::hash::Hash;
use crate::time::Time;
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to people, service accounts and credentials.
    Identity {
        /// A person exists; the profile is sealed beside the event.
        "identity.person_created" 1 => PersonCreated;
        /// A person used the claim link and owns this Deed.
        "identity.ownership_claimed" 1 => OwnershipClaimed;
        /// A service account exists.
        "identity.service_account_created" 1 => ServiceAccountCreated;
        /// A subject has a new credential.
        "identity.credential_issued" 1 => CredentialIssued;
        /// A credential no longer works.
        "identity.credential_revoked" 1 => CredentialRevoked;
    }
}

/// A person exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonCreated {
    /// The person.
    pub person: PersonId,
}

/// A person used the claim link and owns this Deed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnershipClaimed {
    /// SHA-256 of the claim token.
    pub claim: Hash,
    /// The person.
    pub person: PersonId,
}

/// A service account exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceAccountCreated {
    /// Its name, chosen by whoever made it, unique in the ledger.
    pub handle: Box<str>,
    /// The service account.
    pub service_account: ServiceAccountId,
}

/// A subject has a new credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialIssued {
    /// The credential.
    pub credential: CredentialId,
    /// SHA-256 of the secret.
    pub digest: Hash,
    /// From when on it no longer works.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<Time>,
    /// Whose it is.
    pub subject: Subject,
}

/// A credential no longer works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialRevoked {
    /// The credential.
    pub credential: CredentialId,
}

impl PersonCreated {
    fn object(&self) -> Option<Object> {
        Some(Object::Person(self.person))
    }
}

impl OwnershipClaimed {
    fn object(&self) -> Option<Object> {
        Some(Object::Person(self.person))
    }
}

impl ServiceAccountCreated {
    fn object(&self) -> Option<Object> {
        Some(Object::ServiceAccount(self.service_account))
    }
}

impl CredentialIssued {
    fn object(&self) -> Option<Object> {
        Some(Object::Credential(self.credential))
    }
}

impl CredentialRevoked {
    fn object(&self) -> Option<Object> {
        Some(Object::Credential(self.credential))
    }
}
