//! The engine: the one place where decide, append and apply meet.
//!
//! [`Engine::turn`] takes a batch of submissions: each is decided against the effects of those before it, staged and applied to the working
//! state; then the group is made lasting, the state is published, and only then is anybody answered. It is deterministic: clock and
//! randomness come in through what it was opened with. [`run`] puts it on a thread of its own, behind a bounded queue.

mod aggregate;
mod open;
mod recent;
mod thread;

pub use aggregate::Source;
pub use open::{OpenError, Options, open};
pub use thread::{Busy, Ended, Handle, QUEUE_MAX, run};

use crate::{Ask, Command, Decision, Happening, custody};
use aggregate::{Reads, Refusals};
use arc_swap::ArcSwap;
use ledger::checkpoint::SignedCheckpoint;
use ledger::event::custody::{CommandRefused, StateRecorded};
use ledger::event::{Actor, ContentDigest, Custody, Decoded, Event, Fact, Origin, Refusal};
use ledger::index::{CommandKey, Index, StoredSnapshot};
use ledger::log::LogReader;
use ledger::receipt::{Receipt, ReceiptEvent};
use ledger::signature::Signature;
use ledger::snapshot::{SnapshotError, digest, encode};
use ledger::time::Time;
use ledger::writer::{Draft, Head, Writer, WriterError};
use projections::{SCHEMA, State};
use recent::{Known, Recent};
use std::sync::Arc;

/// Every how many events the state is kept, so that a start need not fold the whole log. Verifiers rely on the number.
pub const SNAPSHOT_EVENTS: u64 = 65_536;
/// Most events of one command; neighbours in the log are searched this far.
const COMMAND_EVENTS_MAX: u64 = 16;

/// The writer's clock.
pub type Clock = Box<dyn FnMut() -> Time + Send>;
/// What is called with the answer.
pub type Reply = Box<dyn FnOnce(Answer) + Send>;

/// A command on its way to the engine.
pub struct Submission {
    /// Who asks.
    pub actor: Actor,
    /// Where it came from.
    pub origin: Origin,
    /// Whose refusals are counted together.
    pub source: Source,
    /// The order.
    pub command: Command,
    /// What the index says of its command id.
    pub lookup: Lookup,
    /// Who waits for the answer.
    pub reply: Reply,
}

/// What the index says of a command id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// No event below this position has it.
    FreeBelow(u64),
    /// Another command has it.
    Taken,
}

/// What became of a command. Everything in it is lasting.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was done; no receipt when everything was so already.
    Done(Option<Receipt>),
    /// It was refused; no receipt when the refusal was only counted.
    Refused(Refusal, Option<Receipt>),
    /// It could not be recorded, and so did not happen.
    Failed(Failure),
}

/// Why a command could not be recorded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The index lags too far behind to know the command id.
    #[error("the index is behind; send the command again")]
    IndexBehind,
    /// The ledger cannot take it now.
    #[error("the ledger could not record it, so it did not happen: {0}")]
    NotRecorded(Box<str>),
    /// The ledger takes nothing more.
    #[error("the ledger has stopped")]
    Stopped,
}

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

/// A state that is to be kept in the index.
pub struct SnapshotDue {
    state: State,
    head: Head,
}

enum Outcome {
    Done { events: usize },
    Refused { refusal: Refusal, recorded: bool },
    Known { at: u64 },
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
    erased: Vec<ledger::event::custody::PayloadErased>,
    dead: bool,
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

    /// States that are to be kept in the index since the last call.
    pub fn take_snapshots(&mut self) -> Vec<SnapshotDue> {
        std::mem::take(&mut self.snapshots)
    }

    /// Decides a batch, makes its effects last, and answers everybody.
    pub fn turn(&mut self, batch: impl IntoIterator<Item = Submission>) {
        self.settle_counts(false);
        for submission in batch {
            if self.writer.is_full() {
                self.flush();
            }
            self.take(submission);
        }
        self.flush();
        self.recent.forget_below(self.index.as_ref().map_or(0, |index| index.position()));
    }

    fn take(&mut self, submission: Submission) {
        let Submission { actor, origin, source, command, lookup, reply } = submission;
        if self.dead {
            return reply(Answer::Failed(Failure::Stopped));
        }
        let key = origin.request.as_ref().map(|request| CommandKey::new(&actor, request));
        let known = key.and_then(|key| self.recent.find(key));
        let now = (self.clock)();
        let outcome = match (known, lookup) {
            (Some(Known { at, digest }), _) if digest == origin.digest => Ok(Outcome::Known { at }),
            (Some(_), _) | (None, Lookup::Taken) => self.refuse_reuse(now, actor, origin, source, &command),
            (None, Lookup::FreeBelow(upto)) if key.is_some() && upto < self.recent.from() => {
                return reply(Answer::Failed(Failure::IndexBehind));
            }
            (None, Lookup::FreeBelow(_)) => self.decide(now, actor, origin, source, command),
        };
        match outcome {
            Ok(outcome) => self.pending.push(Pending { reply, outcome }),
            Err(cause) => {
                self.pending.push(Pending { reply, outcome: Outcome::Done { events: 0 } });
                self.fail(&cause);
            }
        }
    }

    fn decide(
        &mut self,
        now: Time,
        actor: Actor,
        origin: Origin,
        source: Source,
        command: Command,
    ) -> Result<Outcome, WriterError> {
        let now = now.max(self.writer.head().time);
        let (name, about) = (command.name(), command.about());
        let decision: Decision = command.decide(&Ask { actor, now, state: &self.state });
        match decision {
            Ok(happenings) => {
                let happenings = self.reads.absorb(happenings, now);
                let events = happenings.len();
                happenings
                    .into_iter()
                    .try_for_each(|happening| self.stage(now, actor, &origin, happening))?;
                Ok(Outcome::Done { events })
            }
            Err(refusal) => {
                let fact = CommandRefused { about, command: name.into(), refusal };
                self.refuse(now, actor, &origin, source, fact)
            }
        }
    }

    /// The refusal bears no request: that command id stands for another command.
    fn refuse_reuse(
        &mut self,
        now: Time,
        actor: Actor,
        origin: Origin,
        source: Source,
        command: &Command,
    ) -> Result<Outcome, WriterError> {
        let Origin { channel, request, .. } = origin;
        let Some(request) = request else { return Ok(Outcome::Done { events: 0 }) };
        let refusal = Refusal::CommandIdReused { request };
        let fact = CommandRefused { about: command.about(), command: command.name().into(), refusal };
        self.refuse(now, actor, &Origin { channel, digest: None, request: None }, source, fact)
    }

    fn refuse(
        &mut self,
        now: Time,
        actor: Actor,
        origin: &Origin,
        source: Source,
        fact: CommandRefused,
    ) -> Result<Outcome, WriterError> {
        let refusal = fact.refusal.clone();
        let recorded = self.refusals.admit(source, refusal.code(), now);
        if recorded {
            self.stage(now, actor, origin, fact.into())?;
        }
        Ok(Outcome::Refused { refusal, recorded })
    }

    fn stage(
        &mut self,
        now: Time,
        actor: Actor,
        origin: &Origin,
        happening: Happening,
    ) -> Result<(), WriterError> {
        let Happening { fact, payloads } = happening;
        let event =
            self.writer.stage(now, Draft { actor, cause: None, fact, origin: origin.clone(), payloads })?;
        self.state.apply(&event);
        self.recent.note(&event);
        if let Fact::Custody(Custody::PayloadErased(erased)) = &event.fact {
            self.erased.push(erased.clone());
        }
        if (event.seq + 1).is_multiple_of(SNAPSHOT_EVENTS) {
            self.snapshots.push(SnapshotDue { state: self.state.clone(), head: self.writer.next().clone() });
        }
        Ok(())
    }

    /// Makes lasting what is staged, publishes it, and answers.
    fn flush(&mut self) {
        if self.pending.is_empty() && self.writer.staged() == 0 {
            return;
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
        let mut events = events.into_iter();
        let (ledger, key) = (self.writer.genesis().ledger(), self.writer.event_key_id());
        let mut receipt = |count: usize| {
            let events: Vec<_> = events.by_ref().take(count).collect();
            (!events.is_empty()).then(|| Receipt::new(ledger, key, events))
        };
        for Pending { reply, outcome } in std::mem::take(&mut self.pending) {
            reply(match outcome {
                Outcome::Done { events } => Answer::Done(receipt(events)),
                Outcome::Refused { refusal, recorded } => {
                    Answer::Refused(refusal, receipt(usize::from(recorded)))
                }
                Outcome::Known { at } => recall(&self.writer.reader(), at),
            });
        }
    }

    /// Takes everything back that is not lasting, and says so to everybody who waits.
    fn fail(&mut self, cause: &WriterError) {
        self.dead |= !cause.may_retry();
        self.writer.abandon();
        self.state = self.published.load().state.clone();
        self.recent.abandon(self.writer.head().size());
        self.snapshots.retain(|due| due.head.size() <= self.writer.head().size());
        self.erased.clear();
        self.reads.forget();
        let failure = Failure::NotRecorded(chain(cause).into());
        for Pending { reply, .. } in std::mem::take(&mut self.pending) {
            reply(Answer::Failed(failure.clone()));
        }
    }

    /// Destroys what the log says is erased. What fails here is found and destroyed at the next start.
    fn destroy_erased(&mut self) {
        for erased in std::mem::take(&mut self.erased) {
            let payloads: Vec<_> =
                erased.payloads.iter().map(|gone| (gone.seq, gone.name.to_string())).collect();
            if let Err(cause) = self.writer.destroy(&erased.bucket.to_string(), &payloads) {
                (self.options.warn)(&format!("could not destroy what was erased: {}", chain(&cause)));
            }
        }
    }

    /// Records what was counted, when a window of counting has ended or `now_all` is asked for.
    fn settle_counts(&mut self, all: bool) {
        let now = (self.clock)();
        let reads =
            self.reads.settle(now, all).into_iter().map(|read| Command::from(custody::CountReads(read)));
        let refusals =
            self.refusals.settle(now, all).map(|counted| Command::from(custody::CountRefusals(counted)));
        for command in reads.chain(refusals).collect::<Vec<_>>() {
            self.take(by_system(command, Box::new(|_| ())));
        }
    }

    /// Signs a checkpoint when enough happened or enough time passed since the last.
    pub fn checkpoint_if_due(&mut self) {
        let now = (self.clock)();
        let (size, last) = (self.writer.head().size(), self.published.load().checkpoint.clone());
        let before = last.map_or(0, |last| last.checkpoint().size());
        let due = size - before >= self.options.checkpoint_events
            || now.seconds_since(self.options.last_checkpoint) >= self.options.checkpoint_seconds;
        if size > before && due && !self.dead {
            self.checkpoint(now);
        }
    }

    fn checkpoint(&mut self, now: Time) {
        match self.writer.checkpoint() {
            Ok(signed) => {
                self.options.last_checkpoint = now;
                self.publish(Some(Arc::new(signed)));
            }
            Err(cause) => {
                self.dead |= !cause.may_retry();
                (self.options.warn)(&format!("could not write a checkpoint: {}", chain(&cause)));
            }
        }
    }

    /// Records the state and the stop, and signs a last checkpoint.
    pub fn stop(&mut self, reason: &str) {
        self.settle_counts(true);
        self.flush();
        let recorded = self.keep_state();
        let stop = ledger::event::custody::ServerStopped { reason: reason.into() };
        let commands = recorded.into_iter().chain([Command::from(custody::StopServer(stop))]);
        for command in commands.collect::<Vec<_>>() {
            self.take(by_system(command, Box::new(|_| ())));
        }
        self.flush();
        if !self.dead {
            let now = (self.clock)();
            self.checkpoint(now);
        }
    }

    /// Keeps the state as it is now; the command that records its digest.
    fn keep_state(&mut self) -> Option<Command> {
        let index = self.index.clone()?;
        let due = SnapshotDue { state: self.state.clone(), head: self.writer.head().clone() };
        match due.keep(&index) {
            Ok(command) => Some(command),
            Err(cause) => {
                (self.options.warn)(&format!("could not keep the state: {cause}"));
                None
            }
        }
    }
}

impl SnapshotDue {
    /// Keeps the state in the index; the command that records its digest.
    pub fn keep(self, index: &Index) -> Result<Command, Box<dyn std::error::Error + Send + Sync>> {
        let state = encode(&self.state).map_err(|cause: SnapshotError| cause.to_string())?;
        let recorded = StateRecorded { at: self.head.size(), digest: digest(&state), schema: SCHEMA };
        let Head { frontier, hash: head, time } = self.head;
        index.keep_snapshot(&StoredSnapshot { frontier, head, time, schema: SCHEMA, state })?;
        Ok(custody::RecordState(recorded).into())
    }
}

/// A submission by Deed itself.
pub fn by_system(command: Command, reply: Reply) -> Submission {
    let (actor, origin) = (Actor::System, Origin::writer());
    Submission { actor, origin, source: Source::OWN, command, lookup: Lookup::FreeBelow(u64::MAX), reply }
}

/// A submission by whoever runs `deed` on the machine.
pub fn by_operator(command: Command, reply: Reply) -> Submission {
    let (actor, origin) = (Actor::Operator, Origin::console());
    Submission { actor, origin, source: Source::OWN, command, lookup: Lookup::FreeBelow(u64::MAX), reply }
}

/// The answer that was given to the command one of whose events is at `at`.
pub fn recall(reader: &LogReader, at: u64) -> Answer {
    match recall_events(reader, at) {
        Some((refusal, receipt)) => match refusal {
            Some(refusal) => Answer::Refused(refusal, Some(receipt)),
            None => Answer::Done(Some(receipt)),
        },
        None => Answer::Failed(Failure::NotRecorded("the log cannot be read".into())),
    }
}

fn recall_events(reader: &LogReader, at: u64) -> Option<(Option<Refusal>, Receipt)> {
    let from = at.saturating_sub(COMMAND_EVENTS_MAX);
    let records = reader.read(from, 2 * usize::try_from(COMMAND_EVENTS_MAX).ok()?, usize::MAX).ok()?;
    let mut found = Vec::new();
    for record in records {
        let Ok(Decoded::Known(event)) = Event::decode(&record.leaf) else { continue };
        found.push((CommandKey::of(&event), event, record));
    }
    let wanted = found.iter().find(|(_, event, _)| event.seq == at)?.0?;
    found.retain(|(key, _, _)| *key == Some(wanted));
    let refusal = found.iter().find_map(|(_, event, _)| match &event.fact {
        Fact::Custody(Custody::CommandRefused(refused)) => Some(refused.refusal.clone()),
        Fact::Custody(_) | Fact::Identity(_) | Fact::Access(_) => None,
    });
    let (_, first, record) = found.first()?;
    let (ledger, key) = (first.ledger, ledger::note::KeyId(record.key));
    let events = found.iter().map(|(_, event, record)| ReceiptEvent {
        id: event.id,
        leaf_hash: ledger::merkle::leaf_hash(&record.leaf),
        seq: event.seq,
        signature: Signature(record.signature),
        kind: event.fact.name().0.into(),
    });
    Some((refusal, Receipt::new(ledger, key, events.collect())))
}

/// The digest under which a stored command was sent; for comparing with a new one of the same id.
pub fn stored_digest(reader: &LogReader, at: u64) -> Option<Option<ContentDigest>> {
    let record = reader.event(at).ok()??;
    match Event::decode(&record.leaf).ok()? {
        Decoded::Known(event) => Some(event.origin.digest),
        Decoded::Unknown { .. } => None,
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
