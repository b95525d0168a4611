//! Credentials: secrets by which subjects show who they are.

use crate::history::Span;
use crate::list::List;
use crate::table::Table;
use ledger::event::id::CredentialId;
use ledger::event::identity::{
    Behalf, ClientSignedIn, CredentialIssued, OwnerRecovered, SessionStarted, TokenIssued, WorkloadSignedIn,
};
use ledger::event::{Actor, Delegate, Identity, Subject};
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
    /// Of a session: how long it may lie unused.
    pub idle: Option<Idle>,
    /// Of a token, which lasts for a short time: what it was given for.
    pub token: Option<Box<Token>>,
}

/// What a token was given for: it works as long as none of that was revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Token {
    /// The program's own credential; the token itself, when a provider's word led to it.
    pub from: CredentialId,
    /// For whom it acts, and that person's credential.
    pub behalf: Option<Behalf>,
}

/// How long a session may lie unused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Idle {
    /// For so many seconds.
    pub seconds: u64,
    /// Which were counted from its last recorded use, until then.
    pub until: Time,
}

impl Credential {
    fn new(subject: Subject, digest: Hash, expires: Option<Time>, seq: u64) -> Self {
        Self { subject, digest, expires, span: Span::open(seq), idle: None, token: None }
    }

    /// It was used: the time that it may lie unused begins again.
    fn begin_again(&mut self, time: Time) {
        if let Some(idle) = &mut self.idle {
            idle.until = time.plus_seconds(idle.seconds);
        }
    }

    /// Whether it is neither revoked nor expired, nor lay unused for too long.
    pub fn is_good(&self, now: Time) -> bool {
        let in_time = |end: Option<Time>| end.is_none_or(|end| now < end);
        !self.is_revoked() && in_time(self.expires) && in_time(self.idle.map(|idle| idle.until))
    }

    /// Whether it was revoked.
    pub fn is_revoked(&self) -> bool {
        !self.span.is_open()
    }

    /// Whether it was given for a short time, so that nothing that lasts should come of it.
    pub fn is_token(&self) -> bool {
        self.token.is_some()
    }

    /// For whom a program acts with it.
    pub fn behalf(&self) -> Option<Behalf> {
        self.token.as_ref().and_then(|token| token.behalf)
    }

    /// Who acts with it.
    pub fn actor(&self, id: CredentialId) -> Actor {
        match self.behalf() {
            None => Actor::Subject(self.subject, id),
            Some(Behalf { person, .. }) => {
                Actor::Delegate(Delegate { program: self.subject, person, credential: id })
            }
        }
    }
}

/// A session's use is recorded when this part of its idle time has passed, so that not every request is an event.
const IDLE_PARTS: u64 = 8;

impl Idle {
    /// Whether a use at `now` is to be recorded.
    pub fn is_due(self, now: Time) -> bool {
        now.plus_seconds(self.seconds - self.seconds / IDLE_PARTS) >= self.until
    }
}

/// All credentials ever issued.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    by_id: Table<CredentialId, Credential>,
    /// Whose secret it is, or was until that was revoked: from then on another credential can have the secret.
    by_digest: Table<Hash, CredentialId>,
    unrevoked: Table<Subject, List<CredentialId>>,
}

impl Credentials {
    pub(crate) fn apply(&mut self, fact: &Identity, (seq, time): (u64, Time)) {
        match fact {
            Identity::CredentialIssued(issued) => {
                let CredentialIssued { credential, digest, expires, subject } = issued;
                self.add(*credential, Credential::new(*subject, *digest, *expires, seq));
            }
            Identity::SessionStarted(SessionStarted {
                session,
                person,
                digest,
                expires,
                idle_seconds,
                ..
            })
            | Identity::ClientSignedIn(ClientSignedIn {
                session,
                person,
                digest,
                expires,
                idle_seconds,
                ..
            })
            | Identity::OwnerRecovered(OwnerRecovered {
                session,
                person,
                digest,
                expires,
                idle_seconds,
                ..
            }) => {
                let idle = Idle { seconds: *idle_seconds, until: time.plus_seconds(*idle_seconds) };
                let plain = Credential::new(Subject::Person(*person), *digest, Some(*expires), seq);
                self.add(*session, Credential { idle: Some(idle), ..plain });
            }
            Identity::TokenIssued(TokenIssued { behalf, digest, expires, from, subject, token }) => {
                let given = Token { from: *from, behalf: *behalf };
                let plain = Credential::new(*subject, *digest, Some(*expires), seq);
                self.add(*token, Credential { token: Some(Box::new(given)), ..plain });
            }
            Identity::WorkloadSignedIn(WorkloadSignedIn {
                service_account, token, digest, expires, ..
            }) => {
                let subject = Subject::ServiceAccount(*service_account);
                let given = Token { from: *token, behalf: None };
                let plain = Credential::new(subject, *digest, Some(*expires), seq);
                self.add(*token, Credential { token: Some(Box::new(given)), ..plain });
            }
            Identity::SessionUsed(used) => {
                if let Some(credential) = self.by_id.get_mut(&used.session) {
                    credential.begin_again(time);
                }
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
            | Identity::GroupRenamed(_)
            | Identity::MemberAdded(_)
            | Identity::MemberRemoved(_)
            | Identity::LoginLinked(_)
            | Identity::ProviderLoggedOut(_)
            | Identity::RecoveryCodesMade(_) => {}
        }
    }

    fn add(&mut self, id: CredentialId, credential: Credential) {
        let (digest, subject) = (credential.digest, credential.subject);
        // A name or a secret that is taken stays whose it is: otherwise one subject's secret could come to stand for another.
        if !self.by_id.insert(id, credential) {
            return;
        }
        let by_id = &self.by_id;
        let is_revoked = |id| by_id.get(&id).is_none_or(Credential::is_revoked);
        let new = || id;
        self.by_digest.update(digest, new, |whose| {
            if *whose != id && is_revoked(*whose) {
                *whose = id;
            }
        });
        self.unrevoked.update(subject, List::default, |list| list.push(id));
    }

    fn revoke(&mut self, id: CredentialId, seq: u64) {
        let Some(credential) = self.by_id.get_mut(&id) else { return };
        credential.span.end(seq);
        if let Some(list) = self.unrevoked.get_mut(&credential.subject) {
            list.retain(|other| *other != id);
        }
    }

    /// A credential, good or not.
    pub fn find(&self, id: CredentialId) -> Option<&Credential> {
        self.by_id.get(&id)
    }

    /// A credential that is good at `now`, if nothing that it was given for was revoked. When that ends by itself the token has ended too, or
    /// that lies unused, which ends nothing that a program does meanwhile.
    pub fn live(&self, id: CredentialId, now: Time) -> Option<&Credential> {
        let credential = self.by_id.get(&id).filter(|credential| credential.is_good(now))?;
        let unrevoked =
            |id: CredentialId| self.by_id.get(&id).is_some_and(|credential| !credential.is_revoked());
        let holds = |token: &Token| {
            unrevoked(token.from) && token.behalf.is_none_or(|behalf| unrevoked(behalf.credential))
        };
        credential.token.as_deref().is_none_or(holds).then_some(credential)
    }

    /// Who shows a secret with this digest, if the credential is good at `now`.
    pub fn bearer(&self, digest: &Hash, now: Time) -> Option<Actor> {
        let id = *self.by_digest.get(digest)?;
        self.live(id, now).map(|credential| credential.actor(id))
    }

    /// Credentials of a subject that were not revoked; some may have expired.
    pub fn unrevoked(&self, subject: Subject) -> &[CredentialId] {
        self.unrevoked.get(&subject).map_or(&[], |list| &**list)
    }

    /// Whether a digest is in use.
    pub fn has_digest(&self, digest: &Hash) -> bool {
        let whose = self.by_digest.get(digest).and_then(|id| self.by_id.get(id));
        whose.is_some_and(|credential| !credential.is_revoked())
    }

    /// Credentials after `after`, in order of id.
    pub fn list(
        &self,
        after: Option<CredentialId>,
    ) -> impl Iterator<Item = (CredentialId, &Credential)> + '_ {
        self.by_id.after(after.as_ref()).map(|(id, credential)| (*id, credential))
    }
}
