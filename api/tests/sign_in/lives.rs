//! The life of every session, from the log alone: when and for whom it began, when it was used, and when, by whom and why it ended.

use ledger::checkpoint::SignedCheckpoint;
use ledger::container::Place;
use ledger::disk::RealDisk;
use ledger::event::id::{CredentialId, PersonId};
use ledger::event::{Actor, Decoded, Event, Fact, Identity, Subject, Via};
use ledger::genesis::Genesis;
use ledger::log::LogReader;
use ledger::time::Time;
use serde_json::{Value, json};
use std::path::Path;
use std::sync::Arc;

/// Why a session ended before its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// Its person left by it.
    SignedOut,
    /// Its person ended it by another session.
    EndedElsewhere,
    /// Somebody else ended it.
    Revoked,
    /// Its person may not act any more.
    Suspended,
    /// Its provider said that the person signed out there.
    ProviderLoggedOut,
    /// It was over, and was swept up when its person signed in again.
    SweptUp,
}

/// How a session ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    /// Who did it.
    pub(crate) by: Actor,
    /// Why.
    pub(crate) why: Why,
    /// When.
    pub(crate) time: Time,
}

/// How a session began: by a provider's word, by a program that its person let in, or by a recovery code.
#[derive(Clone, Debug)]
struct Begun {
    session: CredentialId,
    person: PersonId,
    provider: Option<Box<str>>,
    client: Option<Box<str>>,
    authenticated: Time,
    several_factors: bool,
    expires: Time,
    idle_seconds: u64,
}

impl Begun {
    fn of(event: &Event, lives: &[Life]) -> Option<Self> {
        let Fact::Identity(fact) = &event.fact else { return None };
        if let Identity::SessionStarted(started) = fact {
            return Some(Self {
                session: started.session,
                person: started.person,
                provider: Some(started.provider.clone()),
                client: None,
                authenticated: started.authenticated,
                several_factors: started.several_factors,
                expires: started.expires,
                idle_seconds: started.idle_seconds,
            });
        }
        if let Identity::ClientSignedIn(signed_in) = fact {
            let from = &lives.iter().find(|life| life.started.session == signed_in.from).unwrap().started;
            assert_eq!(event.actor, Actor::Subject(Subject::Person(from.person), from.session));
            let client = Some(signed_in.client.clone());
            let (session, idle_seconds) = (signed_in.session, signed_in.idle_seconds);
            return Some(Self { session, client, idle_seconds, expires: signed_in.expires, ..from.clone() });
        }
        let Identity::OwnerRecovered(recovered) = fact else { return None };
        Some(Self {
            session: recovered.session,
            person: recovered.person,
            provider: None,
            client: None,
            authenticated: event.time,
            several_factors: true,
            expires: recovered.expires,
            idle_seconds: recovered.idle_seconds,
        })
    }
}

/// A session's life.
#[derive(Clone, Debug)]
pub(crate) struct Life {
    started: Begun,
    time: Time,
    /// When its use was recorded.
    pub(crate) uses: Vec<Time>,
    /// How it was ended.
    pub(crate) end: Option<End>,
}

/// All events of a ledger up to a checkpoint.
pub(crate) fn read(data: &Path, checkpoint: &str) -> Vec<Event> {
    let genesis = Genesis::parse(&std::fs::read(data.join("genesis.json")).unwrap()).unwrap();
    let place = Place { disk: Arc::new(RealDisk), root: data.to_owned(), genesis: genesis.hash() };
    let size = SignedCheckpoint::parse(checkpoint.as_bytes()).unwrap().checkpoint().size();
    let records = LogReader::open(&place, size).unwrap().read(0, usize::MAX, usize::MAX).unwrap();
    let event = |leaf: &[u8]| match Event::decode(leaf).unwrap() {
        Decoded::Known(event) => event,
        Decoded::Unknown { kind, .. } => panic!("unknown: {kind}"),
    };
    records.iter().map(|record| event(&record.leaf)).collect()
}

/// The lives of all sessions of a log, in the order in which they began.
pub(crate) fn of(log: &[Event]) -> Vec<Life> {
    let mut lives: Vec<Life> = Vec::new();
    for (at, event) in log.iter().enumerate() {
        let Fact::Identity(fact) = &event.fact else { continue };
        if let Some(started) = Begun::of(event, &lives) {
            lives.push(Life { started, time: event.time, uses: Vec::new(), end: None });
        } else if let Identity::SessionUsed(used) = fact {
            find(&mut lives, used.session).unwrap().uses.push(event.time);
        } else if let Identity::CredentialRevoked(revoked) = fact
            && let Some(life) = find(&mut lives, revoked.credential)
        {
            assert!(life.end.is_none(), "ended twice: {life:?}");
            let why = life.why(event, led_to(&log[..at], event));
            life.end = Some(End { by: event.actor, why, time: event.time });
        }
    }
    lives
}

fn find(lives: &mut [Life], session: CredentialId) -> Option<&mut Life> {
    lives.iter_mut().find(|life| life.started.session == session)
}

/// What the same actor did in the events just before, other than revoking.
fn led_to<'a>(before: &'a [Event], event: &Event) -> Option<&'a Identity> {
    let same = before.iter().rev().take_while(|other| other.actor == event.actor);
    let mut others =
        same.skip_while(|other| matches!(&other.fact, Fact::Identity(Identity::CredentialRevoked(_))));
    if let Fact::Identity(fact) = &others.next()?.fact { Some(fact) } else { None }
}

impl Life {
    fn subject(&self) -> Subject {
        Subject::Person(self.started.person)
    }

    fn idle_until(&self) -> Time {
        let used = self.uses.last().copied().unwrap_or(self.time);
        used.plus_seconds(self.started.idle_seconds)
    }

    /// Why it ended, by who revoked it and what that followed.
    fn why(&self, event: &Event, led_to: Option<&Identity>) -> Why {
        let is_over = self.started.expires <= event.time || self.idle_until() <= event.time;
        match (event.actor, led_to) {
            (Actor::Anonymous(Via::Provider | Via::Recovery), _) if is_over => Why::SweptUp,
            (Actor::Anonymous(Via::Provider), Some(Identity::ProviderLoggedOut(said))) => {
                assert_eq!(Some(&said.provider), self.started.provider.as_ref());
                Why::ProviderLoggedOut
            }
            (Actor::Subject(..), Some(Identity::SubjectSuspended(it))) if it.subject == self.subject() => {
                Why::Suspended
            }
            (Actor::Subject(_, by), _) if by == self.started.session => Why::SignedOut,
            (Actor::Subject(by, _), _) if by == self.subject() => Why::EndedElsewhere,
            (Actor::Subject(..), _) => Why::Revoked,
            (by, after) => panic!("{by:?} ended {self:?} after {after:?}"),
        }
    }

    /// As the server tells of it, at a time.
    pub(crate) fn row(&self, now: Time) -> Value {
        let started = &self.started;
        let status = match self.end {
            Some(_) => "ended",
            None if started.expires <= now => "expired",
            None if self.idle_until() <= now => "idle",
            None => "active",
        };
        let mut row = json!({
            "session": started.session.to_string(),
            "subject": self.subject().to_string(),
            "started": self.time.to_string(),
            "authenticated": started.authenticated.to_string(),
            "several_factors": started.several_factors,
            "expires": started.expires.to_string(),
            "idle_until": self.idle_until().to_string(),
            "status": status,
        });
        for (name, value) in [("provider", &started.provider), ("client", &started.client)] {
            if let Some(value) = value {
                row[name] = json!(value);
            }
        }
        row
    }
}
