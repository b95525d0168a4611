//! The engine: the one place where decide, append and apply meet.
//!
//! [`Engine::turn`] takes a batch of submissions: each is decided against the effects of those before it, staged and applied to the working
//! state; then the group is made lasting, the state is published, and only then is anybody answered. It is deterministic: clock and
//! randomness come in through what it was opened with. [`run`] puts it on a thread of its own, behind a bounded queue.

mod aggregate;
mod open;
mod recall;
mod recent;
mod snapshot;
mod submission;
mod thread;
mod upkeep;

pub use aggregate::Source;
pub use open::{OpenError, Options, open};
pub use recall::recall;
pub use snapshot::SnapshotDue;
pub use submission::{Answer, Failure, Lookup, Reply, Submission, by_operator, by_system};
pub use thread::{Busy, Ended, Handle, QUEUE_MAX, run};

use crate::{Ask, Command, Happening};
use aggregate::{Reads, Refusals};
use arc_swap::ArcSwap;
use ledger::checkpoint::SignedCheckpoint;
use ledger::event::custody::{CommandRefused, PayloadErased};
use ledger::event::{Actor, Custody, Fact, Origin, Refusal};
use ledger::index::{CommandKey, Index};
use ledger::log::LogReader;
use ledger::receipt::{Receipt, ReceiptEvent};
use ledger::time::Time;
use ledger::writer::{Draft, Head, Writer, WriterError};
use projections::State;
use recall::{Found, look_up};
use recent::Recent;
use std::sync::Arc;

/// Every how many events the state is kept, so that a start need not fold the whole log. Verifiers rely on the number.
pub const SNAPSHOT_EVENTS: u64 = 65_536;
/// Most events of one command; neighbours in the log are searched this far.
const COMMAND_EVENTS_MAX: u64 = 1_024;

/// The writer's clock.
pub type Clock = Box<dyn FnMut() -> Time + Send>;
/// What readers see: everything in it is lasting.
#[derive(Clone)]
pub struct Published {
    /// What all events so far amount to.
    pub state: State,
    /// The end of the log.
    pub head: Head,
    /// The newest checkpoint.
    pub checkpoint: Option<Arc<SignedCheckpoint>>,
}

/// Who asks for what is being decided, from where and when.
struct Asked {
    now: Time,
    actor: Actor,
    origin: Origin,
    /// Of the command id, under the actor.
    key: Option<CommandKey>,
    source: Source,
    seen: Option<u64>,
}

impl Asked {
    fn is_by_system(&self) -> bool {
        self.actor == Actor::System
    }

    /// The same without the command id, which stands for another command.
    fn without_request(self) -> Self {
        let origin = Origin { channel: self.origin.channel, digest: None, request: None };
        Self { origin, key: None, ..self }
    }
}

enum Outcome {
    Done {
        events: usize,
    },
    Refused {
        refusal: Refusal,
        recorded: bool,
    },
    Known {
        at: u64,
    },
    /// There were more events than had been seen.
    Changed {
        size: u64,
    },
}

struct Pending {
    reply: Reply,
    outcome: Outcome,
}

/// The one writer, with everything it decides by.
pub struct Engine {
    writer: Writer,
    /// What is staged is applied here already.
    state: State,
    published: Arc<ArcSwap<Published>>,
    recent: Recent,
    refusals: Refusals,
    reads: Reads,
    clock: Clock,
    options: Options,
    index: Option<Arc<Index>>,
    pending: Vec<Pending>,
    snapshots: Vec<SnapshotDue>,
    erased: Vec<PayloadErased>,
    checkpoints: Checkpoints,
    dead: bool,
}

/// When checkpoints were signed.
#[derive(Default)]
struct Checkpoints {
    /// When one was signed or tried last.
    last: Time,
    /// Whether that failed: then the next attempt waits for its time.
    failed: bool,
}

impl Engine {
    /// What readers see.
    pub fn published(&self) -> Arc<ArcSwap<Published>> {
        Arc::clone(&self.published)
    }

    /// A reader of the log.
    pub fn reader(&self) -> LogReader {
        self.writer.reader()
    }

    /// The index.
    pub fn index(&self) -> Option<Arc<Index>> {
        self.index.clone()
    }

    /// The writer, for what only the operator does while nothing else runs.
    pub fn writer(&mut self) -> &mut Writer {
        &mut self.writer
    }

    /// Whether a failure has ended it.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    /// Whether it recorded that it stopped.
    pub fn is_stopped(&self) -> bool {
        !self.published.load().state.writers.running
    }

    /// States that are to be kept in the index since the last call.
    pub fn take_snapshots(&mut self) -> Vec<SnapshotDue> {
        std::mem::take(&mut self.snapshots)
    }

    /// Decides a batch, makes its effects last, and answers everybody.
    pub fn turn(&mut self, batch: impl IntoIterator<Item = Submission>) {
        self.settle_counts(false);
        for submission in batch {
            self.take(submission);
        }
        self.flush();
        let indexed = self.index.as_ref().map_or(0, |index| index.position());
        self.recent.forget_below(indexed);
    }

    /// The writer's time: the clock's, but never before the event before.
    fn now(&mut self) -> Time {
        (self.clock)().max(self.writer.next().time)
    }

    fn take(&mut self, submission: Submission) {
        if self.writer.is_full() {
            self.flush();
        }
        let Submission { actor, origin, source, command, lookup, seen, reply } = submission;
        if self.dead {
            return reply(Answer::Failed(Failure::Stopped));
        }
        let key = origin.request.as_ref().map(|request| CommandKey::new(&actor, request));
        let asked = Asked { now: self.now(), actor, origin, key, source, seen };
        match self.outcome(asked, command, lookup) {
            Ok(outcome) => self.pending.push(Pending { reply, outcome }),
            Err(failure) => {
                if actor == Actor::System {
                    (self.options.warn)(&failure.to_string());
                }
                reply(Answer::Failed(failure));
            }
        }
    }

    /// Decides a command and stages what it leads to. After an error nothing of it is staged, and what came before it stands.
    fn outcome(&mut self, asked: Asked, command: Command, lookup: Lookup) -> Result<Outcome, Failure> {
        let found = self.find(&asked, lookup)?;
        let (refusals, reads) = (self.refusals.mark(), self.reads.mark());
        let refused =
            |refusal| CommandRefused { about: command.about(), command: command.name().into(), refusal };
        let outcome = match (found, self.state.is_authentic(&asked.actor, asked.now)) {
            (Found::Nothing, _) => self.decide(&asked, command),
            (Found::Same(at), true) => return Ok(Outcome::Known { at }),
            (Found::Other, true) => {
                let request = asked.origin.request.clone();
                let fact = request.map(|request| refused(Refusal::CommandIdReused { request }));
                self.refuse(&asked.without_request(), fact)
            }
            (Found::Same(_) | Found::Other, false) => {
                let fact = refused(Refusal::NotAuthenticated {});
                self.refuse(&asked.without_request(), Some(fact))
            }
        };
        outcome.map_err(|cause| {
            self.refusals.rewind(refusals);
            self.reads.rewind(reads);
            Failure::NotRecorded(chain(&cause).into())
        })
    }

    fn find(&self, asked: &Asked, lookup: Lookup) -> Result<Found, Failure> {
        let Some(key) = asked.key else { return Ok(Found::Nothing) };
        let digest = asked.origin.digest;
        if let Some(known) = self.recent.find(key) {
            return Ok(Found::comparing(known.at, known.digest, digest));
        }
        match (lookup, &self.index) {
            (Lookup::Taken, _) => Ok(Found::Other),
            // The index went on after it was asked, and what it took up was forgotten here.
            (Lookup::FreeBelow(upto), Some(index)) if upto < self.recent.from() => {
                look_up(index, &self.writer.reader(), key, digest)
            }
            (Lookup::FreeBelow(_), _) => Ok(Found::Nothing),
        }
    }

    fn decide(&mut self, asked: &Asked, command: Command) -> Result<Outcome, WriterError> {
        let (name, about) = (command.name(), command.about());
        let ask = Ask { actor: asked.actor, now: asked.now, state: &self.state };
        let size = self.writer.next().size();
        match command.decide(&ask) {
            Ok(_) if asked.seen.is_some_and(|seen| seen < size) => Ok(Outcome::Changed { size }),
            Ok(happenings) if asked.is_by_system() => self.stage(asked, happenings),
            Ok(happenings) => {
                let happenings = self.reads.absorb(happenings, asked.now);
                self.stage(asked, happenings)
            }
            Err(refusal) => self.refuse(asked, Some(CommandRefused { about, command: name.into(), refusal })),
        }
    }

    fn refuse(&mut self, asked: &Asked, fact: Option<CommandRefused>) -> Result<Outcome, WriterError> {
        let Some(fact) = fact else { return Ok(Outcome::Done { events: 0 }) };
        let refusal = fact.refusal.clone();
        let recorded = self.refusals.admit(asked.source, refusal.code(), asked.now);
        if recorded {
            self.stage(asked, vec![fact.into()])?;
        }
        Ok(Outcome::Refused { refusal, recorded })
    }

    /// Stages all that one command leads to, or nothing.
    fn stage(&mut self, asked: &Asked, happenings: Vec<Happening>) -> Result<Outcome, WriterError> {
        let events = happenings.len();
        let before = (events > 1).then(|| (self.writer.mark(), self.state.clone()));
        for happening in happenings {
            if let Err(cause) = self.stage_one(asked, happening) {
                if let Some((mark, state)) = before {
                    self.writer.rewind(mark);
                    self.go_back_to(state);
                }
                return Err(cause);
            }
        }
        Ok(Outcome::Done { events })
    }

    fn stage_one(&mut self, asked: &Asked, happening: Happening) -> Result<(), WriterError> {
        let Happening { fact, payloads } = happening;
        let draft = Draft { actor: asked.actor, cause: None, fact, origin: asked.origin.clone(), payloads };
        let event = self.writer.stage(asked.now, draft)?;
        self.state.apply(&event);
        self.recent.note(asked.key, &event);
        if let Fact::Custody(Custody::PayloadErased(erased)) = &event.fact {
            self.erased.push(erased.clone());
        }
        if (event.seq + 1).is_multiple_of(SNAPSHOT_EVENTS) {
            self.snapshots.push(SnapshotDue::new(&self.state, self.writer.next()));
        }
        Ok(())
    }

    /// Forgets what came after the state that the writer was set back to.
    fn go_back_to(&mut self, state: State) {
        let size = self.writer.next().size();
        self.state = state;
        self.recent.abandon(size);
        self.snapshots.retain(|due| due.size() <= size);
    }

    /// Makes lasting what is staged, publishes it, and answers.
    fn flush(&mut self) {
        if self.writer.staged() == 0 {
            return self.answer(Vec::new());
        }
        match self.writer.commit() {
            Ok(events) => {
                self.publish(None);
                self.answer(events);
                self.destroy_erased();
            }
            Err(cause) => self.fail(&cause),
        }
    }

    fn publish(&mut self, checkpoint: Option<Arc<SignedCheckpoint>>) {
        let checkpoint = checkpoint.or_else(|| self.published.load().checkpoint.clone());
        let (state, head) = (self.state.clone(), self.writer.head().clone());
        self.published.store(Arc::new(Published { state, head, checkpoint }));
    }

    fn answer(&mut self, events: Vec<ReceiptEvent>) {
        self.refusals.keep();
        self.reads.keep();
        let mut events = events.into_iter();
        let (ledger, ring) = (self.writer.genesis().ledger(), self.writer.ring());
        let mut receipt = |count: usize| {
            let events: Vec<_> = events.by_ref().take(count).collect();
            let key = ring.event_key(events.first()?.seq).id();
            Some(Receipt::new(ledger, key, events))
        };
        for Pending { reply, outcome } in std::mem::take(&mut self.pending) {
            reply(match outcome {
                Outcome::Done { events } => Answer::Done(receipt(events)),
                Outcome::Refused { refusal, recorded } => {
                    Answer::Refused(refusal, receipt(usize::from(recorded)))
                }
                Outcome::Known { at } => recall(&self.writer.reader(), at),
                Outcome::Changed { size } => Answer::Failed(Failure::ChangedSince { size }),
            });
        }
    }

    /// Takes everything back that is not lasting, and says so to everybody who waits.
    fn fail(&mut self, cause: &WriterError) {
        self.dead |= !cause.may_retry();
        self.writer.abandon();
        self.go_back_to(self.published.load().state.clone());
        self.erased.clear();
        self.refusals.rewind(0);
        self.reads.rewind(0);
        let text = chain(cause).into();
        let failure = if self.dead { Failure::Unknown(text) } else { Failure::NotRecorded(text) };
        let (reader, size) = (self.writer.reader(), self.writer.head().size());
        for Pending { reply, outcome } in std::mem::take(&mut self.pending) {
            reply(match outcome {
                Outcome::Known { at } if at < size => recall(&reader, at),
                Outcome::Known { .. }
                | Outcome::Done { .. }
                | Outcome::Refused { .. }
                | Outcome::Changed { .. } => Answer::Failed(failure.clone()),
            });
        }
    }

    /// Destroys what the log says is erased. What fails here is found and destroyed at the next start.
    fn destroy_erased(&mut self) {
        for erased in std::mem::take(&mut self.erased) {
            let payloads: Vec<_> =
                erased.payloads.iter().map(|gone| (gone.seq, gone.name.to_string())).collect();
            self.destroy(&erased.bucket.to_string(), &payloads);
        }
    }

    fn destroy(&mut self, bucket: &str, payloads: &[(u64, String)]) {
        if let Err(cause) = self.writer.destroy(bucket, payloads) {
            (self.options.warn)(&format!("could not destroy what was erased: {}", chain(&cause)));
        }
    }
}

/// An error with its causes, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
