//! Sessions: what is known of credentials that a sign-in gave, beside what all credentials have.

use crate::list::List;
use imbl::OrdMap;
use ledger::event::id::CredentialId;
use ledger::event::identity::{ProviderLoggedOut, SessionStarted};
use ledger::event::{ContentDigest, Identity};
use ledger::hash::Hash;
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// For how many seconds a logout token is remembered: longer than any that is believed may be old.
pub const LOGOUT_TOKEN_SECONDS: u64 = 3_600;

/// A session, in force or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The provider.
    pub provider: Box<str>,
    /// A keyed digest of the provider's own name for its session.
    pub provider_session: Option<ContentDigest>,
    /// When the person showed the provider who they are.
    pub authenticated: Time,
    /// Whether they showed several factors.
    pub several_factors: bool,
    /// When it began.
    pub started: Time,
}

/// All sessions, and the logout tokens of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    by_id: OrdMap<CredentialId, Session>,
    /// Those that were not revoked when they were last asked for, by the provider's name for them.
    by_provider: OrdMap<ContentDigest, List<CredentialId>>,
    logouts: OrdMap<Hash, Time>,
}

impl Sessions {
    pub(crate) fn apply(&mut self, fact: &Identity, time: Time) {
        match fact {
            Identity::SessionStarted(started) => self.start(started, time),
            Identity::CredentialRevoked(revoked) => self.end(revoked.credential),
            Identity::ProviderLoggedOut(said) => self.note(said, time),
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
            | Identity::MemberRemoved(_)
            | Identity::CredentialIssued(_)
            | Identity::LoginLinked(_)
            | Identity::SessionUsed(_) => {}
        }
    }

    fn start(&mut self, started: &SessionStarted, time: Time) {
        if let Some(name) = started.provider_session {
            self.by_provider.entry(name).or_default().push(started.session);
        }
        self.by_id.entry(started.session).or_insert_with(|| Session {
            provider: started.provider.clone(),
            provider_session: started.provider_session,
            authenticated: started.authenticated,
            several_factors: started.several_factors,
            started: time,
        });
    }

    fn end(&mut self, id: CredentialId) {
        let name = self.by_id.get(&id).and_then(|session| session.provider_session);
        let Some(name) = name else { return };
        if let Some(list) = self.by_provider.get_mut(&name) {
            list.retain(|session| *session != id);
            if list.is_empty() {
                self.by_provider.remove(&name);
            }
        }
    }

    fn note(&mut self, said: &ProviderLoggedOut, time: Time) {
        let recent = |seen: &Time| time.seconds_since(*seen) <= LOGOUT_TOKEN_SECONDS;
        let kept = self.logouts.iter().filter(|(_, seen)| recent(seen)).map(|(token, seen)| (*token, *seen));
        self.logouts = kept.chain([(said.token, time)]).collect();
    }

    /// What is known of a session, in force or not.
    pub fn find(&self, id: CredentialId) -> Option<&Session> {
        self.by_id.get(&id)
    }

    /// Sessions that a provider knows by this name, and that were not revoked.
    pub fn of_provider(&self, name: &ContentDigest) -> &[CredentialId] {
        self.by_provider.get(name).map_or(&[], |list| &**list)
    }

    /// Whether a logout token was taken already.
    pub fn has_logout(&self, token: &Hash) -> bool {
        self.logouts.contains_key(token)
    }
}
