//! Sessions: what is known of credentials that a sign-in gave, beside what all credentials have.

use crate::list::List;
use imbl::OrdMap;
use ledger::event::id::CredentialId;
use ledger::event::identity::{ClientSignedIn, SessionStarted};
use ledger::event::{ContentDigest, Identity};
use ledger::hash::Hash;
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// For how many seconds it is remembered that something a provider signed was taken. No assertion is believed that ends later than in an hour;
/// the second one is for clocks that differ.
pub const SPENT_SECONDS: u64 = 7_200;

/// A session, in force or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// The provider; `None` after a recovery code.
    pub provider: Option<Box<str>>,
    /// The program that has it; `None` for a browser.
    pub client: Option<Box<str>>,
    /// A keyed digest of the provider's own name for its session.
    pub provider_session: Option<ContentDigest>,
    /// When the person showed the provider who they are.
    pub authenticated: Time,
    /// Whether they showed several factors.
    pub several_factors: bool,
    /// When it began.
    pub started: Time,
}

/// All sessions, and the logout tokens and assertions of late.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sessions {
    by_id: OrdMap<CredentialId, Session>,
    /// Those that were not revoked when they were last asked for, by the provider's name for them.
    by_provider: OrdMap<ContentDigest, List<CredentialId>>,
    spent: OrdMap<Hash, Time>,
}

impl Sessions {
    pub(crate) fn apply(&mut self, fact: &Identity, time: Time) {
        match fact {
            Identity::SessionStarted(started) => self.start(started.session, of_provider(started, time)),
            Identity::ClientSignedIn(signed_in) => self.share(signed_in, time),
            Identity::OwnerRecovered(recovered) => self.start(recovered.session, recovered_at(time)),
            Identity::WorkloadSignedIn(signed_in) => self.spend(signed_in.assertion, time),
            Identity::CredentialRevoked(revoked) => self.end(revoked.credential),
            Identity::ProviderLoggedOut(said) => self.spend(said.token, time),
            Identity::PersonCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::ServiceAccountCreated(_)
            | Identity::AgentCreated(_)
            | Identity::SubjectSuspended(_)
            | Identity::SubjectReactivated(_)
            | Identity::SubjectRemoved(_)
            | Identity::GroupCreated(_)
            | Identity::GroupRemoved(_)
            | Identity::GroupRenamed(_)
            | Identity::MemberAdded(_)
            | Identity::MemberRemoved(_)
            | Identity::CredentialIssued(_)
            | Identity::LoginLinked(_)
            | Identity::SessionUsed(_)
            | Identity::TokenIssued(_)
            | Identity::RecoveryCodesMade(_) => {}
        }
    }

    fn start(&mut self, id: CredentialId, session: Session) {
        if let Some(name) = session.provider_session {
            self.by_provider.entry(name).or_default().push(id);
        }
        self.by_id.entry(id).or_insert(session);
    }

    /// A program's session stands on the same sign-in as the one in the browser.
    fn share(&mut self, signed_in: &ClientSignedIn, time: Time) {
        let Some(from) = self.by_id.get(&signed_in.from) else { return };
        let session = Session { client: Some(signed_in.client.clone()), started: time, ..from.clone() };
        self.start(signed_in.session, session);
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

    fn spend(&mut self, token: Hash, time: Time) {
        let recent = |seen: &Time| time.seconds_since(*seen) <= SPENT_SECONDS;
        let kept = self.spent.iter().filter(|(_, seen)| recent(seen)).map(|(token, seen)| (*token, *seen));
        self.spent = kept.chain([(token, time)]).collect();
    }

    /// What is known of a session, in force or not.
    pub fn find(&self, id: CredentialId) -> Option<&Session> {
        self.by_id.get(&id)
    }

    /// What is known of a session in a browser, in force or not.
    pub fn of_browser(&self, id: CredentialId) -> Option<&Session> {
        self.find(id).filter(|session| session.client.is_none())
    }

    /// Sessions that a provider knows by this name, and that were not revoked.
    pub fn of_provider(&self, name: &ContentDigest) -> &[CredentialId] {
        self.by_provider.get(name).map_or(&[], |list| &**list)
    }

    /// Whether what a provider signed was taken already.
    pub fn is_spent(&self, token: &Hash) -> bool {
        self.spent.contains_key(token)
    }
}

fn of_provider(started: &SessionStarted, time: Time) -> Session {
    Session {
        provider: Some(started.provider.clone()),
        client: None,
        provider_session: started.provider_session,
        authenticated: started.authenticated,
        several_factors: started.several_factors,
        started: time,
    }
}

/// A recovery code is kept apart from everything else one signs in with, and stands for several factors.
fn recovered_at(time: Time) -> Session {
    Session {
        provider: None,
        client: None,
        provider_session: None,
        authenticated: time,
        several_factors: true,
        started: time,
    }
}
