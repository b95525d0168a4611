//! Recovery codes: how owners come in when nobody can sign in at a provider.

use imbl::OrdMap;
use ledger::event::id::PersonId;
use ledger::event::identity::{SubjectRemoved, SubjectSuspended};
use ledger::event::{Identity, Subject};
use ledger::hash::Hash;
use serde::{Deserialize, Serialize};

/// Codes that were not spent, and whether they are still needed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    by_code: OrdMap<Hash, PersonId>,
    /// Whether somebody signed in at a provider.
    provider_worked: bool,
}

impl Recovery {
    pub(crate) fn apply(&mut self, fact: &Identity) {
        match fact {
            Identity::SessionStarted(_) => self.provider_worked = true,
            Identity::RecoveryCodesMade(made) => {
                self.forget(made.person);
                for code in &made.codes {
                    self.by_code.entry(*code).or_insert(made.person);
                }
            }
            Identity::OwnerRecovered(recovered) => {
                self.by_code.remove(&recovered.code);
            }
            Identity::SubjectSuspended(SubjectSuspended { subject, .. })
            | Identity::SubjectRemoved(SubjectRemoved { subject, .. }) => {
                if let Subject::Person(person) = subject {
                    self.forget(*person);
                }
            }
            Identity::PersonCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::ServiceAccountCreated(_)
            | Identity::AgentCreated(_)
            | Identity::SubjectReactivated(_)
            | Identity::GroupCreated(_)
            | Identity::GroupRemoved(_)
            | Identity::GroupRenamed(_)
            | Identity::MemberAdded(_)
            | Identity::MemberRemoved(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_)
            | Identity::LoginLinked(_)
            | Identity::SessionUsed(_)
            | Identity::ProviderLoggedOut(_)
            | Identity::ClientSignedIn(_)
            | Identity::TokenIssued(_)
            | Identity::WorkloadSignedIn(_) => {}
        }
    }

    fn forget(&mut self, person: PersonId) {
        let kept = self.by_code.iter().filter(|(_, owner)| **owner != person);
        self.by_code = kept.map(|(code, owner)| (*code, *owner)).collect();
    }

    /// Whose code it is, if it was not spent.
    pub fn owner(&self, code: &Hash) -> Option<PersonId> {
        self.by_code.get(code).copied()
    }

    /// How many codes a person has left.
    pub fn left(&self, person: PersonId) -> usize {
        self.by_code.values().filter(|owner| **owner == person).count()
    }

    /// Whether somebody signed in at a provider, so that codes are off unless policy says otherwise.
    pub fn provider_worked(&self) -> bool {
        self.provider_worked
    }
}
