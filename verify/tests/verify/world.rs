//! A ledger that tells the story, what an auditor holds of it, and how to ask for a verdict.

use fixtures::forge::story::{self, Cast};
use fixtures::forge::{Fallible, Forger, Scribe, witness};
use fixtures::temp_dir::TempDir;
use ledger::checkpoint::SignedCheckpoint;
use ledger::policy::Policy;
use ledger::time::Time;
use verify::{Code, Options, Report, Silent};

/// The size of the log after the story.
pub(crate) const SIZE: u64 = 25;

/// A ledger that has told the story.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) cast: Cast,
    pub(crate) forger: Forger,
    /// The honest checkpoint of all events.
    pub(crate) last: SignedCheckpoint,
}

/// What the auditor holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holds {
    Nothing,
    Key,
    Prior,
    Witness,
}

pub(crate) fn world() -> World {
    let dir = TempDir::new().unwrap();
    let mut scribe = Scribe::begin(dir.path(), 1 << 14).unwrap();
    let cast = story::tell(&mut scribe).unwrap();
    let forger = Forger::read(&scribe).unwrap();
    let last = SignedCheckpoint::parse(forger.checkpoints.last().unwrap().as_bytes()).unwrap();
    World { dir, cast, forger, last }
}

/// A ledger that was claimed and no more, with an unclaimed cast.
pub(crate) fn small_world() -> World {
    let World { cast, .. } = world();
    let dir = TempDir::new().unwrap();
    let mut scribe = Scribe::begin(dir.path(), 1 << 14).unwrap();
    story::claim(&mut scribe).unwrap();
    let last = scribe.checkpoint().unwrap();
    let forger = Forger::read(&scribe).unwrap();
    forger.write().unwrap();
    World { dir, cast, forger, last }
}

/// A time a day after the story.
pub(crate) fn now() -> Time {
    Time::parse("2026-01-02T00:00:00.000000Z").unwrap()
}

impl World {
    /// A checkpoint of the honest log by the key of that time.
    pub(crate) fn kept(&self, size: u64) -> SignedCheckpoint {
        self.forger.checkpoint(size).unwrap()
    }

    /// A policy that asks for two of three witnesses.
    pub(crate) fn policy(&self) -> Policy {
        Policy::parse(self.policy_text().as_bytes()).unwrap()
    }

    pub(crate) fn policy_text(&self) -> String {
        let (old, key) = (self.forger.ring.checkpoint_key(0), self.forger.ring.checkpoint_key(u64::MAX));
        let witnesses = (1..=3).map(|n| format!("witness w{n} {}\n", witness(n).unwrap().verifier()));
        let witnesses: String = witnesses.collect();
        format!("log {old}\nlog {key}\n{witnesses}group enough 2 w1 w2 w3\nquorum enough\n")
    }

    /// What the auditor brings.
    pub(crate) fn options(&self, holds: Holds) -> Options {
        let mut options = Options { now: now(), ..Options::default() };
        match holds {
            Holds::Nothing => {}
            Holds::Key => options.key = Some(self.forger.genesis.event_key().clone()),
            Holds::Prior => options.kept = vec![self.last.clone()],
            Holds::Witness => options.policy = Some(self.policy()),
        }
        options
    }

    pub(crate) fn verdict(&self, options: &Options) -> Report {
        verify::verify(&self.forger.data, options, &Silent).unwrap()
    }

    /// Changes the ledger, writes it, and gives the verdict of an auditor.
    pub(crate) fn forged(
        &mut self,
        holds: Holds,
        change: impl FnOnce(&mut Forger) -> Fallible<()>,
    ) -> Report {
        let options = self.options(holds);
        change(&mut self.forger).unwrap();
        self.forger.write().unwrap();
        self.verdict(&options)
    }
}

/// The codes of the faults, in order, each once.
pub(crate) fn codes(report: &Report) -> Vec<Code> {
    let mut codes: Vec<Code> = report.faults.iter().map(|fault| fault.code).collect();
    codes.dedup();
    codes
}

/// The first fault.
pub(crate) fn first(report: &Report) -> Option<(Code, Option<u64>)> {
    report.faults.first().map(|fault| (fault.code, fault.seq))
}
