//! A ledger to try the engine on: on a simulated disk without an index, or in a directory with one.

use crate::people::time;
use commands::Command;
use commands::engine::{Answer, Engine, Lookup, OpenError, Options, Reply, Source, Submission, open};
use fixtures::ledger_session::entropy;
use ledger::disk::Disk;
use ledger::event::id::CommandId;
use ledger::event::{Actor, Channel, ContentDigest, Decoded, Event, Origin};
use ledger::hash::Hash;
use ledger::receipt::Receipt;
use ledger::store::Folders;
use ledger::time::Time;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Where the ledger is and what time it is there.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) folders: Folders,
    pub(crate) index: bool,
    pub(crate) checkpoint_events: u64,
    pub(crate) checkpoint_seconds: u64,
    pub(crate) accept_missing_head_lock: bool,
    pub(crate) micros: Arc<AtomicU64>,
    pub(crate) opened: Arc<AtomicU64>,
    pub(crate) warnings: Arc<Mutex<Vec<String>>>,
}

impl Bench {
    /// A ledger on a disk, below a directory.
    pub(crate) fn new(disk: Arc<dyn Disk>, root: &Path, segment_bytes: u64, index: bool) -> Self {
        let (data, keys, head_lock) = (root.join("data"), root.join("keys"), root.join("lock/head"));
        Self {
            folders: Folders { disk, data, keys, head_lock, segment_bytes },
            index,
            checkpoint_events: 1_000_000,
            checkpoint_seconds: 1_000_000,
            accept_missing_head_lock: false,
            micros: Arc::new(AtomicU64::new(time(0).micros())),
            opened: Arc::default(),
            warnings: Arc::default(),
        }
    }

    /// Opens it, with other random numbers each time.
    pub(crate) fn open(&self) -> Result<Engine, OpenError> {
        let (micros, warnings) = (Arc::clone(&self.micros), Arc::clone(&self.warnings));
        let warn = move |text: &str| {
            warnings.lock().unwrap_or_else(PoisonError::into_inner).push(text.to_owned());
        };
        let mut options = Options::new(Box::new(warn));
        options.index = self.index;
        options.checkpoint_events = self.checkpoint_events;
        options.checkpoint_seconds = self.checkpoint_seconds;
        options.accept_missing_head_lock = self.accept_missing_head_lock;
        let clock = Box::new(move || Time::from_micros(micros.fetch_add(1, Ordering::Relaxed)));
        let seed = self.opened.fetch_add(1, Ordering::Relaxed);
        open(self.folders.clone(), clock, entropy(seed), options)
    }

    /// Sets the clock, forwards or backwards.
    pub(crate) fn set_clock(&self, time: Time) {
        self.micros.store(time.micros(), Ordering::Relaxed);
    }
}

/// A command on its way, without who waits for it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) actor: Actor,
    pub(crate) request: Option<CommandId>,
    pub(crate) source: Source,
    pub(crate) command: Command,
}

/// A command by an actor, under a command id unless that is empty.
pub(crate) fn sent(actor: Actor, request: &str, command: impl Into<Command>) -> Sent {
    let source = Source(*b"source of a test");
    Sent { actor, request: request.parse().ok(), source, command: command.into() }
}

impl Sent {
    /// With who waits for it.
    pub(crate) fn with(self, reply: Reply) -> Submission {
        let Self { actor, request, source, command } = self;
        let content = Hash::of(&[format!("{command:?}").as_bytes()]);
        let digest = request.as_ref().and(content.0.first_chunk::<16>().copied().map(ContentDigest));
        let origin = Origin { channel: Channel::Http, digest, request };
        Submission { actor, origin, source, command, lookup: Lookup::FreeBelow(0), seen: None, reply }
    }
}

/// Where answers arrive, in the order of sending.
#[derive(Clone, Default)]
pub(crate) struct Answers(pub(crate) Arc<Mutex<Vec<Option<Answer>>>>);

impl Answers {
    /// Who waits for the next answer.
    pub(crate) fn waiting(&self) -> Reply {
        let place = {
            let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            answers.push(None);
            answers.len() - 1
        };
        let answers = Arc::clone(&self.0);
        Box::new(move |answer| {
            let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
            answers[place] = Some(answer);
        })
    }

    /// All answers; nobody is left waiting.
    pub(crate) fn all(&self) -> Vec<Answer> {
        let answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.iter().map(|answer| answer.clone().expect("everybody is answered")).collect()
    }
}

/// Sends commands as one batch.
pub(crate) fn send_all(engine: &mut Engine, batch: impl IntoIterator<Item = Sent>) -> Vec<Answer> {
    let answers = Answers::default();
    engine.turn(batch.into_iter().map(|sent| sent.with(answers.waiting())).collect::<Vec<_>>());
    answers.all()
}

/// The receipt of what was done.
#[track_caller]
pub(crate) fn done(answer: &Answer) -> Receipt {
    match answer {
        Answer::Done(Some(receipt)) => receipt.clone(),
        Answer::Done(None) | Answer::Refused(..) | Answer::Failed(_) => {
            panic!("not done with a receipt: {answer:?}")
        }
    }
}

/// All events in the log.
pub(crate) fn events(engine: &Engine) -> Vec<Event> {
    let records = engine.reader().read(0, usize::MAX, usize::MAX).expect("the log can be read");
    let decoded = records.iter().map(|record| Event::decode(&record.leaf).expect("the log is sound"));
    decoded
        .map(|decoded| match decoded {
            Decoded::Known(event) => event,
            Decoded::Unknown { kind, .. } => panic!("an unknown type {kind}"),
        })
        .collect()
}
