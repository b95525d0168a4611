//! Opening: from what is on the disk to an engine that is ready, by way of the newest snapshot that the log confirms.

use super::aggregate::{Reads, Refusals};
use super::recent::Recent;
use super::{Checkpoints, Clock, Engine, Published, by_system};
use crate::{Command, custody};
use arc_swap::ArcSwap;
use ledger::checkpoint::SignedCheckpoint;
use ledger::event::custody::{HeadLockCheck, StoppedHow};
use ledger::event::{Custody, DecodeError, Decoded, Envelope, Event, Fact, Subject};
use ledger::hash::Hash;
use ledger::head_lock::HeadLockError;
use ledger::index::{CommandKey, Index, IndexError, StoredSnapshot};
use ledger::key_ring::{KeyRing, RotationFault};
use ledger::log::{LogReader, ReadError, Record};
use ledger::merkle::leaf_hash;
use ledger::sealed::{SealedError, walk};
use ledger::snapshot::{decode, digest};
use ledger::store::{Folders, Store};
use ledger::time::Time;
use ledger::writer::{Entropy, Head};
use projections::{SCHEMA, State};
use std::sync::Arc;
use thiserror::Error;

/// Events that are read at once.
const READ_EVENTS: usize = 4_096;
/// Bytes that are read at once.
const READ_BYTES: usize = 8 << 20;

/// How the engine works.
pub struct Options {
    /// A checkpoint is signed after so many events.
    pub checkpoint_events: u64,
    /// And after so many seconds, when there is something new.
    pub checkpoint_seconds: u64,
    /// Whether to go on when the head lock is missing.
    pub accept_missing_head_lock: bool,
    /// Whether there is an index beside the log; a simulated disk has none.
    pub index: bool,
    /// Who is told of what went wrong and did not stop the engine.
    pub warn: Box<dyn Fn(&str) + Send>,
}

impl Options {
    /// Checkpoints every 10,000 events and every 10 seconds.
    pub fn new(warn: Box<dyn Fn(&str) + Send>) -> Self {
        Self {
            checkpoint_events: 10_000,
            checkpoint_seconds: 10,
            accept_missing_head_lock: false,
            index: true,
            warn,
        }
    }
}

/// The ledger could not be opened for writing.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The files cannot be opened.
    #[error("the ledger cannot be opened")]
    Store(#[from] ledger::store::OpenError),
    /// An event cannot be read.
    #[error("the log cannot be read")]
    Read(#[from] ReadError),
    /// An event cannot be understood.
    #[error("event {seq} cannot be read; run `deed-verify`")]
    Decode {
        /// Which.
        seq: u64,
        /// Why.
        #[source]
        cause: DecodeError,
    },
    /// An event is not chained to the one before.
    #[error("event {seq} does not follow the event before it; run `deed-verify`")]
    Chain {
        /// Which.
        seq: u64,
    },
    /// A rotation is not valid.
    #[error("a rotation of keys in the log is not valid; run `deed-verify`")]
    Rotation(#[from] RotationFault),
    /// The head lock objects.
    #[error("the head lock objects")]
    HeadLock(#[from] HeadLockError),
    /// The index cannot even be made anew.
    #[error("the index cannot be made")]
    Index(#[from] IndexError),
    /// The sealed payloads cannot be read.
    #[error("the sealed payloads cannot be read")]
    Sealed(#[from] SealedError),
    /// The first events could not be recorded.
    #[error("the start could not be recorded: {0}")]
    Start(String),
}

/// Opens a ledger, or makes one, and records that a server started.
pub fn open(
    folders: Folders,
    mut clock: Clock,
    entropy: Entropy,
    options: Options,
) -> Result<Engine, OpenError> {
    let store = Store::open(folders, clock(), entropy)?;
    let size = store.recovered().size;
    let index = if options.index { Some(Arc::new(open_index(&store, &store.reader())?)) } else { None };
    let (folded, locked) = fold(&store, index.as_deref())?;
    let torn = store.recovered().torn_bytes;
    let (genesis, place) = (store.genesis().clone(), store.place().clone());
    let Fold { state, head, ring, recent, .. } = folded;
    // Until the first head lock is written nothing else is recorded, so a log of nothing else may have been cut off before it.
    let holds_only_starts = size == 0 || size == state.writers.starts + 1;
    let lock = store.head_lock().path().to_path_buf();
    let check = match &locked {
        Some(_) => HeadLockCheck::Checked,
        None if holds_only_starts => HeadLockCheck::Created,
        None if options.accept_missing_head_lock => HeadLockCheck::AcceptedMissing,
        None => return Err(HeadLockError::Missing { path: lock }.into()),
    };
    let writer = store.into_writer(head.clone(), ring)?;
    let published = Published { state: state.clone(), head, checkpoint: locked.map(Arc::new) };
    let mut engine = Engine {
        writer,
        state,
        published: Arc::new(ArcSwap::from_pointee(published)),
        recent,
        refusals: Refusals::default(),
        reads: Reads::default(),
        clock,
        options,
        index,
        pending: Vec::new(),
        snapshots: Vec::new(),
        erased: Vec::new(),
        checkpoints: Checkpoints::default(),
        dead: false,
    };
    destroy_leftovers(&mut engine, &place)?;
    let after = match (size, engine.state.writers.running) {
        (0, _) => StoppedHow::Genesis,
        (_, true) => StoppedHow::UncleanStop,
        (_, false) => StoppedHow::CleanStop,
    };
    let opened = (size == 0).then(|| Command::from(custody::OpenLedger(genesis.opened())));
    let started = Command::from(custody::StartServer(custody::started(after, check, torn)));
    record(&mut engine, opened.into_iter().chain([started]))?;
    begin_head_lock(&mut engine)?;
    Ok(engine)
}

/// Writes a first head lock. Without one nothing more is recorded: the next start could not tell a new log from one that was set back.
fn begin_head_lock(engine: &mut Engine) -> Result<(), OpenError> {
    if engine.published.load().checkpoint.is_none() {
        let now = engine.now();
        engine.checkpoint(now);
        if engine.published.load().checkpoint.is_none() {
            return Err(OpenError::Start("the head lock could not be written".to_owned()));
        }
    }
    Ok(())
}

fn record(engine: &mut Engine, commands: impl Iterator<Item = Command>) -> Result<(), OpenError> {
    let (answered, answers) = std::sync::mpsc::channel();
    let submissions = commands.map(|command| {
        let answered = answered.clone();
        // The receiver is read below, in this function, so sending cannot fail.
        by_system(command, Box::new(move |answer| drop(answered.send(answer))))
    });
    engine.turn(submissions.collect::<Vec<_>>());
    for answer in answers.try_iter() {
        match answer {
            super::Answer::Done(_) => {}
            super::Answer::Refused(refusal, _) => return Err(OpenError::Start(refusal.to_string())),
            super::Answer::Failed(failure) => return Err(OpenError::Start(failure.to_string())),
        }
    }
    Ok(())
}

/// The index, thrown away when it does not agree with the log.
fn open_index(store: &Store, reader: &LogReader) -> Result<Index, OpenError> {
    let folder = store.folders().data.join("index");
    let index = Index::open(&folder, store.genesis().ledger())?;
    if agrees(&index, reader)? {
        return Ok(index);
    }
    drop(index);
    Index::remove(&folder)?;
    Ok(Index::open(&folder, store.genesis().ledger())?)
}

fn agrees(index: &Index, reader: &LogReader) -> Result<bool, OpenError> {
    let Some(last) = index.position().checked_sub(1) else { return Ok(true) };
    match reader.event(last)? {
        Some(record) => Ok(index.hash(0, last).is_ok_and(|hash| hash == leaf_hash(&record.leaf))),
        None => Ok(false),
    }
}

/// The log, folded up to its end.
struct Fold {
    state: State,
    head: Head,
    ring: KeyRing,
    recent: Recent,
    /// The size and digest by which the log must confirm the snapshot that the fold began with.
    unconfirmed: Option<(u64, Hash)>,
}

/// Folds from the newest snapshot that the log and the head lock confirm, and from the beginning when there is none.
///
/// Whatever is wrong with a snapshot, the log decides: it is folded again without it before anything is reported.
fn fold(store: &Store, index: Option<&Index>) -> Result<(Fold, Option<SignedCheckpoint>), OpenError> {
    let indexed = index.map_or(0, Index::position);
    // Without a head lock nothing would vouch for the tree in a snapshot.
    let mut upto = store.head_lock().size()?;
    while let (Some(index), Some(size_max)) = (index, upto) {
        let Ok(Some(snapshot)) = index.snapshot(size_max) else { break };
        upto = snapshot.frontier.size().checked_sub(1);
        if let Some(begun) = Fold::from_snapshot(store, snapshot, indexed)
            && let Ok((folded, locked)) = begun.finish(store, indexed)
            && folded.unconfirmed.is_none()
        {
            return Ok((folded, locked));
        }
    }
    Fold::from_beginning(store, indexed).finish(store, indexed)
}

impl Fold {
    fn from_beginning(store: &Store, indexed: u64) -> Self {
        Self {
            state: State::default(),
            head: Head::genesis(store.genesis()),
            ring: KeyRing::new(store.genesis()),
            recent: Recent::since(indexed),
            unconfirmed: None,
        }
    }

    fn from_snapshot(store: &Store, snapshot: StoredSnapshot, indexed: u64) -> Option<Self> {
        let StoredSnapshot { frontier, head: hash, time, schema, state: encoded } = snapshot;
        let state = decode::<State>(&encoded).ok().filter(|_| schema == SCHEMA)?;
        let mut begun = Self::from_beginning(store, indexed);
        state.rotations.turn(&mut begun.ring).ok()?;
        begun.unconfirmed = Some((frontier.size(), digest(&encoded)));
        Some(Self { state, head: Head { frontier, hash, time }, ..begun })
    }

    /// Reads to the end of the log and checks the head lock, which it gives back.
    fn finish(mut self, store: &Store, indexed: u64) -> Result<(Self, Option<SignedCheckpoint>), OpenError> {
        let lock = store.head_lock();
        let size = lock.size()?;
        // The key that signed the lock may be known only at the end, so its root is compared then.
        let mut found = None;
        self.run(&store.reader(), indexed, |head| {
            if size == Some(head.size()) {
                found = Some(head.frontier.root());
            }
        })?;
        let Some(signed) = lock.read(&self.ring, store.genesis().origin())? else { return Ok((self, None)) };
        let (locked, root) = (signed.checkpoint().size(), signed.checkpoint().root());
        if found == Some(*root) && size == Some(locked) {
            return Ok((self, Some(signed)));
        }
        Err(HeadLockError::Differs { path: lock.path().to_path_buf(), locked }.into())
    }

    /// Reads to the end of the log. Events that the index lacks and the snapshot holds are read for their command ids alone.
    fn run(
        &mut self,
        reader: &LogReader,
        indexed: u64,
        mut each: impl FnMut(&Head),
    ) -> Result<(), OpenError> {
        let mut next = indexed.min(self.head.size());
        each(&self.head);
        loop {
            let records = reader.read(next, READ_EVENTS, READ_BYTES)?;
            if records.is_empty() {
                return Ok(());
            }
            next += records.len() as u64;
            for record in &records {
                let before = self.head.size();
                self.step(record)?;
                if self.head.size() > before {
                    each(&self.head);
                }
            }
        }
    }

    fn step(&mut self, record: &Record) -> Result<(), OpenError> {
        let seq = record.seq;
        let fail = |cause| OpenError::Decode { seq, cause };
        let decoded = Event::decode(&record.leaf).map_err(fail)?;
        if let Decoded::Known(event) = &decoded
            && seq >= self.recent.from()
        {
            self.recent.note(CommandKey::of(event), event);
        }
        if seq < self.head.size() {
            return Ok(());
        }
        // Also an event of an unknown type is chained and has a time.
        let envelope = Envelope::parse(&record.leaf).map_err(fail)?;
        let time = Time::parse(envelope.time).filter(|time| *time >= self.head.time);
        let chained = (envelope.prev, envelope.seq) == (self.head.hash, self.head.size());
        let Some(time) = time.filter(|_| chained) else { return Err(OpenError::Chain { seq }) };
        if let Decoded::Known(event) = &decoded {
            self.follow(event)?;
        }
        self.state.apply_decoded(&decoded);
        self.head.advance(leaf_hash(&record.leaf), time);
        Ok(())
    }

    fn follow(&mut self, event: &Event) -> Result<(), OpenError> {
        match &event.fact {
            Fact::Custody(Custody::KeyRotated(rotated)) => self.ring.rotate(event.seq, rotated)?,
            Fact::Custody(Custody::StateRecorded(recorded))
                if self.unconfirmed == Some((recorded.at, recorded.digest)) =>
            {
                self.unconfirmed = None;
            }
            Fact::Custody(_)
            | Fact::Identity(_)
            | Fact::Access(_)
            | Fact::Keys(_)
            | Fact::Budgets(_)
            | Fact::Policy(_)
            | Fact::Provisioning(_)
            | Fact::Workspaces(_) => {}
        }
        Ok(())
    }
}

/// Destroys payloads that the log says are erased and that are still there: a stop came between the event and the deed.
fn destroy_leftovers(engine: &mut Engine, place: &ledger::container::Place) -> Result<(), OpenError> {
    let reader = engine.reader();
    let mut leftovers = Vec::new();
    walk(place, |seq, name, payload| {
        let bucket = payload.map(|payload| payload.bucket);
        if let Some(subject) = bucket.and_then(|bucket| bucket.parse::<Subject>().ok())
            && !keeps(&engine.state, subject, seq, name)
            && was_kept(&reader, subject, seq, name)
        {
            leftovers.push((subject, (seq, name.to_owned())));
        }
    })?;
    for (bucket, payload) in leftovers {
        engine.destroy(&bucket.to_string(), &[payload]);
    }
    Ok(())
}

fn keeps(state: &State, subject: Subject, seq: u64, name: &str) -> bool {
    state.payloads.of(subject).iter().any(|kept| kept.seq == seq && *kept.name == *name)
}

/// Whether the payload counted as kept right after its event. What a newer build sealed did not, and is left alone.
fn was_kept(reader: &LogReader, subject: Subject, seq: u64, name: &str) -> bool {
    let record = reader.event(seq).ok().flatten();
    let Some(Ok(decoded)) = record.map(|record| Event::decode(&record.leaf)) else { return false };
    let mut alone = State::default();
    alone.apply_decoded(&decoded);
    keeps(&alone, subject, seq, name)
}
