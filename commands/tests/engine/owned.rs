//! A ledger with an owner, and what is asked of it one command at a time.

use crate::bench::{Answers, Bench, done, events, send_all, sent};
use crate::people::{credential, digest, grant, person, subject, time};
use commands::Command;
use commands::custody::OpenClaim;
use commands::engine::{Answer, Engine, by_operator};
use commands::identity::ClaimOwnership;
use ledger::event::custody::ClaimOpened;
use ledger::event::{Actor, Fact, Subject, Via};
use ledger::receipt::Receipt;
use ledger::writer::PlainPayload;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

impl Bench {
    /// The same clock and count of starts, over other files.
    pub(crate) fn at(&self, other: &Self) -> Self {
        Self { folders: other.folders.clone(), ..self.clone() }
    }

    /// Lets time pass.
    pub(crate) fn pass(&self, seconds: u64) {
        self.micros.fetch_add(seconds * 1_000_000, Ordering::Relaxed);
    }

    /// What went wrong and did not stop the engine.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.warnings.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Answers {
    /// How many were answered.
    pub(crate) fn answered(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().count()
    }
}

/// The subject of that name, who shows the credential of that name.
pub(crate) fn actor(name: &str) -> Actor {
    Actor::Subject(subject(name), credential(name))
}

/// Sends one command.
pub(crate) fn send(engine: &mut Engine, actor: Actor, request: &str, command: impl Into<Command>) -> Answer {
    send_all(engine, [sent(actor, request, command)]).pop().expect("one was sent")
}

/// The claim of an owner of that name, with the token `token` and a profile.
pub(crate) fn claim(name: &str) -> ClaimOwnership {
    let profile = PlainPayload::profile(Subject::Person(person(name)), name.as_bytes().to_vec());
    ClaimOwnership {
        token: digest("token"),
        person: person(name),
        grant: grant(&format!("{name} owner")),
        credential: credential(name),
        digest: digest(name),
        profile: Some(profile),
    }
}

/// Opens the claim link as the operator.
pub(crate) fn open_claim(engine: &mut Engine) -> Answer {
    let answers = Answers::default();
    let opened = ClaimOpened { digest: digest("token"), expires: time(1_000_000) };
    engine.turn([by_operator(OpenClaim(opened).into(), answers.waiting())]);
    answers.all().pop().expect("one was sent")
}

/// Makes somebody owner through a claim link.
pub(crate) fn make_owner(engine: &mut Engine, name: &str) -> Receipt {
    open_claim(engine);
    done(&send(engine, Actor::Anonymous(Via::Claim), &format!("claim-{name}"), claim(name)))
}

/// The facts in the log of one type.
pub(crate) fn facts(engine: &Engine, kind: &str) -> Vec<Fact> {
    events(engine).into_iter().map(|event| event.fact).filter(|fact| fact.name().0 == kind).collect()
}
