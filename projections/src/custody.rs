//! The log's own life: the claim link, sealed payloads, signing keys, starts and stops.

use imbl::{OrdMap, Vector};
use ledger::event::custody::{ClaimOpened, KeyRotated, PayloadName};
use ledger::event::id::PersonId;
use ledger::event::{Custody, Event, Identity, Subject};
use ledger::hash::Hash;
use ledger::key_ring::{KeyRing, RotationFault};
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// How many events follow the claim as part of it: the person, the owner's role, the credential.
pub const CLAIM_FOLLOWERS: u64 = 3;

/// The claim link.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    open: Option<(Hash, Time)>,
    claimed: Option<(PersonId, u64)>,
}

impl Claims {
    pub(crate) fn apply(&mut self, fact: &Custody) {
        if let Custody::ClaimOpened(ClaimOpened { digest, expires }) = fact {
            self.open = Some((*digest, *expires));
        }
    }

    pub(crate) fn claimed(&mut self, fact: &Identity, seq: u64) {
        if let Identity::OwnershipClaimed(claimed) = fact {
            self.open = None;
            self.claimed = Some((claimed.person, seq));
        }
    }

    /// Whether a token with this digest opens the claim at `now`.
    pub fn admits(&self, digest: &Hash, now: Time) -> bool {
        self.open.is_some_and(|(open, expires)| open == *digest && now < expires)
    }

    /// Whether this Deed ever had an owner.
    pub fn was_claimed(&self) -> bool {
        self.claimed.is_some()
    }

    /// Who is being made owner by the event at `seq`, when it belongs to a claim.
    pub fn completing(&self, seq: u64) -> Option<PersonId> {
        let follows =
            |at: u64| seq.checked_sub(at).is_some_and(|after| (1..=CLAIM_FOLLOWERS).contains(&after));
        self.claimed.filter(|(_, at)| follows(*at)).map(|(person, _)| person)
    }
}

/// Sealed payloads that were not erased, by whose they are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payloads {
    by_subject: OrdMap<Subject, Vector<(u64, Box<str>)>>,
}

impl Payloads {
    /// Profile payloads belong to the subject that their event is about.
    pub(crate) fn note_sealed(&mut self, event: &Event) {
        if event.sealed.is_empty() {
            return;
        }
        let Ok(subject) = Subject::try_from(event.fact.object(event.ledger)) else { return };
        for entry in event.sealed.iter().filter(|entry| &*entry.class == "profile") {
            self.by_subject.entry(subject).or_default().push_back((event.seq, entry.name.clone()));
        }
    }

    pub(crate) fn apply(&mut self, fact: &Custody) {
        let Custody::PayloadErased(erased) = fact else { return };
        let Some(kept) = self.by_subject.get_mut(&erased.bucket) else { return };
        kept.retain(|(seq, name)| !erased.payloads.iter().any(|gone| gone.seq == *seq && gone.name == *name));
        if kept.is_empty() {
            self.by_subject.remove(&erased.bucket);
        }
    }

    /// Whether a payload beside an event about the subject was not erased.
    pub fn keeps(&self, subject: Subject, seq: u64) -> bool {
        self.by_subject.get(&subject).is_some_and(|kept| kept.iter().rev().any(|(at, _)| *at == seq))
    }

    /// What is kept about a subject, in order.
    pub fn of(&self, subject: Subject) -> Vec<PayloadName> {
        let kept = self.by_subject.get(&subject).into_iter().flatten();
        kept.map(|(seq, name)| PayloadName { name: name.clone(), seq: *seq }).collect()
    }
}

/// Changes of signing keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rotations(Vector<(u64, KeyRotated)>);

impl Rotations {
    pub(crate) fn apply(&mut self, fact: &Custody, seq: u64) {
        if let Custody::KeyRotated(rotated) = fact {
            self.0.push_back((seq, rotated.clone()));
        }
    }

    /// Takes the rotations up in a ring that is at the ledger's beginning.
    pub fn turn(&self, ring: &mut KeyRing) -> Result<(), RotationFault> {
        self.0.iter().try_for_each(|(seq, rotated)| ring.rotate(*seq, rotated))
    }
}

/// Starts and stops of the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Writers {
    /// How often a server started.
    pub starts: u64,
    /// Whether one is running, as far as the log knows.
    pub running: bool,
}

impl Writers {
    pub(crate) fn apply(&mut self, fact: &Custody) {
        match fact {
            Custody::ServerStarted(_) => {
                self.starts = self.starts.saturating_add(1);
                self.running = true;
            }
            Custody::ServerStopped(_) => self.running = false,
            Custody::LedgerOpened(_)
            | Custody::KeyRotated(_)
            | Custody::KeyCompromised(_)
            | Custody::StateRecorded(_)
            | Custody::PayloadErased(_)
            | Custody::ClaimOpened(_)
            | Custody::CommandRefused(_)
            | Custody::RefusalsCounted(_)
            | Custody::LogRead(_) => {}
        }
    }
}
