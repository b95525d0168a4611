//! Opening: from what is on the disk to an engine that is ready, by way of the newest snapshot that the log confirms.

use super::{Clock, Engine, Published, by_system};
use crate::engine::aggregate::{Reads, Refusals};
use crate::engine::recent::Recent;
use crate::{Command, custody};
use arc_swap::ArcSwap;
use ledger::event::custody::{HeadLockCheck, StoppedHow};
use ledger::event::{Custody, DecodeError, Decoded, Event, Fact, Subject};
use ledger::hash::Hash;
use ledger::head_lock::HeadLockError;
use ledger::index::{Index, IndexError, StoredSnapshot};
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
    pub(super) last_checkpoint: Time,
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
            last_checkpoint: Time::default(),
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
    let reader = store.reader();
    let size = store.recovered().size;
    let locked = store.head_lock().size()?;
    if locked.is_none() && size > 0 && !options.accept_missing_head_lock {
        return Err(HeadLockError::Missing { path: store.head_lock().path().to_path_buf() }.into());
    }
    let index = if options.index { Some(Arc::new(open_index(&store, &reader)?)) } else { None };
    let snapshot = match &index {
        Some(index) => index.snapshot(size.min(locked.unwrap_or(size)))?,
        None => None,
    };
    let indexed = index.as_ref().map_or(0, |index| index.position());
    let folded = fold(&store, &reader, snapshot, indexed, locked)?;
    let check = check_head_lock(&store, &folded, size)?;
    let torn = store.recovered().torn_bytes;
    let genesis = store.genesis().clone();
    let place = store.place().clone();
    let Fold { state, head, ring, recent, .. } = folded;
    let writer = store.into_writer(head.clone(), ring)?;
    let published = Published { state: state.clone(), head, checkpoint: None };
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
    Ok(engine)
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
    /// The root at the size of the head lock, once there.
    locked: Option<(u64, Hash)>,
}

/// Folds from the snapshot if the log confirms it, and from the beginning otherwise.
fn fold(
    store: &Store,
    reader: &LogReader,
    snapshot: Option<StoredSnapshot>,
    indexed: u64,
    locked: Option<u64>,
) -> Result<Fold, OpenError> {
    if let Some(snapshot) = snapshot
        && let Some(mut begun) = Fold::from_snapshot(store, snapshot, indexed)?
    {
        begun.run(reader, indexed, locked)?;
        if begun.unconfirmed.is_none() {
            return Ok(begun);
        }
    }
    let mut begun = Fold {
        state: State::default(),
        head: Head::genesis(store.genesis()),
        ring: KeyRing::new(store.genesis()),
        recent: Recent::since(indexed),
        unconfirmed: None,
        locked: None,
    };
    begun.run(reader, indexed, locked)?;
    Ok(begun)
}

impl Fold {
    fn from_snapshot(
        store: &Store,
        snapshot: StoredSnapshot,
        indexed: u64,
    ) -> Result<Option<Self>, OpenError> {
        let StoredSnapshot { frontier, head: hash, time, schema, state: encoded } = snapshot;
        if schema != SCHEMA {
            return Ok(None);
        }
        let Ok(state) = decode::<State>(&encoded) else { return Ok(None) };
        let mut ring = KeyRing::new(store.genesis());
        state.rotations.turn(&mut ring)?;
        let unconfirmed = Some((frontier.size(), digest(&encoded)));
        let head = Head { frontier, hash, time };
        Ok(Some(Self { state, head, ring, recent: Recent::since(indexed), unconfirmed, locked: None }))
    }

    /// Reads to the end of the log. Events that the index lacks and the snapshot holds are read for their command ids alone.
    fn run(&mut self, reader: &LogReader, indexed: u64, locked: Option<u64>) -> Result<(), OpenError> {
        let mut next = indexed.min(self.head.size());
        self.note_root(locked);
        loop {
            let records = reader.read(next, READ_EVENTS, READ_BYTES)?;
            if records.is_empty() {
                return Ok(());
            }
            next += records.len() as u64;
            for record in &records {
                self.step(record)?;
                self.note_root(locked);
            }
        }
    }

    fn step(&mut self, record: &Record) -> Result<(), OpenError> {
        let seq = record.seq;
        let decoded = Event::decode(&record.leaf).map_err(|cause| OpenError::Decode { seq, cause })?;
        if let Decoded::Known(event) = &decoded {
            if seq >= self.recent.from() {
                self.recent.note(event);
            }
            if seq >= self.head.size() {
                self.apply(event, record)?;
            }
        } else if seq >= self.head.size() {
            // An unknown type still chains; its time is not known here, and the next known event sets it.
            self.state.apply_decoded(&decoded);
            self.head.advance(leaf_hash(&record.leaf), self.head.time);
        }
        Ok(())
    }

    fn apply(&mut self, event: &Event, record: &Record) -> Result<(), OpenError> {
        if event.prev != self.head.hash || event.seq != self.head.size() {
            return Err(OpenError::Chain { seq: record.seq });
        }
        match &event.fact {
            Fact::Custody(Custody::KeyRotated(rotated)) => self.ring.rotate(event.seq, rotated)?,
            Fact::Custody(Custody::StateRecorded(recorded))
                if self.unconfirmed == Some((recorded.at, recorded.digest)) =>
            {
                self.unconfirmed = None;
            }
            Fact::Custody(_) | Fact::Identity(_) | Fact::Access(_) => {}
        }
        self.state.apply(event);
        self.head.advance(leaf_hash(&record.leaf), event.time);
        Ok(())
    }

    fn note_root(&mut self, locked: Option<u64>) {
        if locked == Some(self.head.size()) {
            self.locked = Some((self.head.size(), self.head.frontier.root()));
        }
    }
}

fn check_head_lock(store: &Store, folded: &Fold, size: u64) -> Result<HeadLockCheck, OpenError> {
    let lock = store.head_lock();
    let Some(signed) = lock.read(&folded.ring, store.genesis().origin())? else {
        return Ok(if size == 0 { HeadLockCheck::Created } else { HeadLockCheck::AcceptedMissing });
    };
    let found = (signed.checkpoint().size(), *signed.checkpoint().root());
    if folded.locked == Some(found) {
        return Ok(HeadLockCheck::Checked);
    }
    Err(HeadLockError::Differs { path: lock.path().to_path_buf(), locked: found.0 }.into())
}

/// Destroys payloads that the log says are erased and that are still there: a stop came between the event and the deed.
fn destroy_leftovers(engine: &mut Engine, place: &ledger::container::Place) -> Result<(), OpenError> {
    let mut leftovers = Vec::new();
    walk(place, |seq, name, payload| {
        let Some(payload) = payload else { return };
        let kept = |subject: Subject| {
            engine.state.payloads.of(subject).iter().any(|kept| kept.seq == seq && *kept.name == *name)
        };
        if payload.bucket.parse().is_ok_and(|subject: Subject| !kept(subject)) {
            leftovers.push((payload.bucket, (seq, name.to_owned())));
        }
    })?;
    for (bucket, payload) in leftovers {
        if let Err(cause) = engine.writer.destroy(&bucket, &[payload]) {
            (engine.options.warn)(&format!("could not destroy what was erased: {}", super::chain(&cause)));
        }
    }
    Ok(())
}
