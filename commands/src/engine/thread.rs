//! The writer thread and the bounded queue before it; the index thread behind it.

use super::recall::{Found, look_up};
use super::{Answer, Engine, Failure, Lookup, Published, SnapshotDue, Submission, recall};
use arc_swap::ArcSwap;
use ledger::event::custody::StateRecorded;
use ledger::index::{BATCH_MAX, CommandKey, Index, stand_back};
use ledger::log::LogReader;
use ledger::writer::GROUP_EVENTS_MAX;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Submissions that may wait. Beyond it they are refused at once, so that nobody waits for long.
pub const QUEUE_MAX: usize = 4_096;
/// How long the writer waits before it looks at what is due.
const IDLE: Duration = Duration::from_millis(250);
/// Bytes that the index reads at once.
const INDEX_BYTES: usize = 8 << 20;

#[expect(clippy::large_enum_variant, reason = "nearly every value is the large one")]
enum Message {
    Submit(Submission),
    Stop(Box<str>),
}

impl Message {
    /// Answers that nothing more is taken.
    fn decline(self) {
        match self {
            Self::Submit(submission) => (submission.reply)(Answer::Failed(Failure::Stopped)),
            Self::Stop(_) => {}
        }
    }
}

/// The queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many commands are waiting; send it again in a moment")]
pub struct Busy;

/// The way to the engine, for any number of threads.
#[derive(Clone)]
pub struct Handle {
    queue: SyncSender<Message>,
    published: Arc<ArcSwap<Published>>,
    reader: LogReader,
    index: Option<Arc<Index>>,
}

impl Handle {
    /// What is lasting now.
    pub fn published(&self) -> Arc<Published> {
        self.published.load_full()
    }

    /// A reader of the log.
    pub fn reader(&self) -> &LogReader {
        &self.reader
    }

    /// The index.
    pub fn index(&self) -> Option<&Arc<Index>> {
        self.index.as_ref()
    }

    /// Hands a command to the engine. It answers later, through the submission's own reply; at once when the index knows the command id.
    ///
    /// Looks into the index, so it may take a moment.
    pub fn submit(&self, mut submission: Submission) -> Result<(), Busy> {
        let request = submission.origin.request.as_ref();
        let key = request.map(|request| CommandKey::new(&submission.actor, request));
        if let (Some(key), Some(index)) = (key, &self.index) {
            // The position is read first: what is added meanwhile, the engine still remembers or looks up again.
            submission.lookup = Lookup::FreeBelow(index.position());
            match look_up(index, &self.reader, key, submission.origin.digest) {
                Ok(Found::Nothing) => {}
                Ok(Found::Same(at)) => {
                    (submission.reply)(recall(&self.reader, at));
                    return Ok(());
                }
                Ok(Found::Other) => submission.lookup = Lookup::Taken,
                Err(failure) => {
                    (submission.reply)(Answer::Failed(failure));
                    return Ok(());
                }
            }
        }
        match self.queue.try_send(Message::Submit(submission)) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => Err(Busy),
            Err(TrySendError::Disconnected(message)) => {
                message.decline();
                Ok(())
            }
        }
    }

    /// Asks the engine to stop after what is queued. Join the thread to know that it has.
    pub fn stop(&self, reason: &str) {
        // A full queue empties; a closed one has stopped already.
        drop(self.queue.send(Message::Stop(reason.into())));
    }
}

/// How the engine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As asked, and the log says so.
    Clean,
    /// A write or sync failed; nothing was acknowledged after it.
    Failed,
}

/// Runs the engine on a thread of its own, and the index on another. `on_commit` is called on the writer thread whenever there is more to read,
/// `on_end` when it has ended.
pub fn run(
    engine: Engine,
    mut on_commit: impl FnMut(&Published) + Send + 'static,
    on_end: impl FnOnce() + Send + 'static,
) -> std::io::Result<(Handle, JoinHandle<Ended>)> {
    let (queue, messages) = sync_channel(QUEUE_MAX);
    let handle =
        Handle { queue, published: engine.published(), reader: engine.reader(), index: engine.index() };
    let (behind, index_thread) = start_index(&handle)?;
    let Behind { failed, due, recorded } = behind;
    let index = engine.index();
    let writer = std::thread::Builder::new().name("deed-writer".to_owned()).spawn(move || {
        let ended = serve(engine, &messages, &recorded, |engine, published| {
            on_commit(published);
            wait_for_index(index.as_ref(), published.head.size(), &failed);
            // The index thread may lag; snapshots that find no room are left out, the next ones come.
            drop(due.try_send(engine.take_snapshots()));
        });
        for message in messages.try_iter() {
            message.decline();
        }
        drop(due);
        // The index thread ends with its channel; a panic there has cost the index only.
        drop(index_thread.join());
        on_end();
        ended
    })?;
    Ok((handle, writer))
}

fn serve(
    mut engine: Engine,
    messages: &Receiver<Message>,
    recorded: &Receiver<StateRecorded>,
    mut on_commit: impl FnMut(&mut Engine, &Published),
) -> Ended {
    let published = engine.published();
    let mut seen = 0;
    loop {
        let (batch, stop) = gather(messages);
        engine.turn(batch);
        recorded.try_iter().for_each(|recorded| engine.record_state(recorded));
        engine.checkpoint_if_due();
        if engine.is_dead() {
            return Ended::Failed;
        }
        if let Some(reason) = &stop {
            engine.stop(reason);
        }
        let now = published.load();
        if now.head.size() != seen {
            seen = now.head.size();
            on_commit(&mut engine, &now);
        }
        if stop.is_some() {
            return if engine.is_stopped() && !engine.is_dead() { Ended::Clean } else { Ended::Failed };
        }
    }
}

/// What waits, up to a group; waits a moment when nothing does.
fn gather(messages: &Receiver<Message>) -> (Vec<Submission>, Option<Box<str>>) {
    let mut batch = Vec::new();
    let mut next = match messages.recv_timeout(IDLE) {
        Ok(message) => Some(message),
        Err(RecvTimeoutError::Timeout) => None,
        Err(RecvTimeoutError::Disconnected) => return (batch, Some("every handle is gone".into())),
    };
    while let Some(message) = next {
        match message {
            Message::Submit(submission) => batch.push(submission),
            Message::Stop(reason) => return (batch, Some(reason)),
        }
        if batch.len() >= GROUP_EVENTS_MAX {
            break;
        }
        next = messages.try_recv().ok();
    }
    (batch, None)
}

/// Events that the index may lag behind before the writer waits for it: bounds what the writer remembers of them.
const LAG_MAX: u64 = 524_288;
/// How long the index thread lets events gather: larger batches cost it less.
const GATHER: Duration = Duration::from_millis(50);

/// Holds the writer back while the index lags too far behind, unless the index has failed and will not catch up.
fn wait_for_index(index: Option<&Arc<Index>>, size: u64, failed: &AtomicBool) {
    let Some(index) = index else { return };
    while size.saturating_sub(index.position()) > LAG_MAX && !failed.load(Ordering::Acquire) {
        std::thread::park_timeout(GATHER);
    }
}

/// The writer's side of the index thread.
struct Behind {
    /// Whether the index does not take events at present.
    failed: Arc<AtomicBool>,
    /// States to keep; sent also when there is none, as a sign that there is more to read.
    due: SyncSender<Vec<SnapshotDue>>,
    /// Digests of what was kept.
    recorded: Receiver<StateRecorded>,
}

/// The thread that brings the index up to the log and keeps snapshots.
fn start_index(handle: &Handle) -> std::io::Result<(Behind, JoinHandle<()>)> {
    let (due, waiting) = sync_channel::<Vec<SnapshotDue>>(64);
    let (kept, recorded) = channel();
    let (index, reader) = (handle.index.clone(), handle.reader.clone());
    let failed = Arc::new(AtomicBool::new(false));
    let fails = Arc::clone(&failed);
    let thread = std::thread::Builder::new().name("deed-index".to_owned()).spawn(move || {
        let Some(index) = index else { return };
        // A system without such a class has merely a less polite thread.
        stand_back();
        // Up to the log first: that is little, and proofs wait for it. What fails is tried again below.
        drop(follow(&index, &reader));
        // A cold filter costs time, not truth.
        drop(index.warm());
        while let Some(snapshots) = gathered(&waiting) {
            // Snapshots first: their digests are to be recorded while verifiers remember their states.
            for recorded in snapshots.into_iter().filter_map(|due| due.keep(&index).ok()) {
                // The writer may have ended; then the snapshot is not confirmed, and not used.
                drop(kept.send(recorded));
            }
            // What fails now is tried again with the next group, and at the next start.
            fails.store(follow(&index, &reader).is_err(), Ordering::Release);
        }
        drop(index.flush());
    })?;
    Ok((Behind { failed, due, recorded }, thread))
}

/// What is due, after a moment in which more may come; `None` when the writer has ended.
fn gathered(waiting: &Receiver<Vec<SnapshotDue>>) -> Option<Vec<SnapshotDue>> {
    let mut all = waiting.recv().ok()?;
    let mut more = waiting.recv_timeout(GATHER);
    while let Ok(snapshots) = more {
        all.extend(snapshots);
        more = waiting.try_recv().map_err(|_| RecvTimeoutError::Timeout);
    }
    Some(all)
}

/// Brings the index up to the end of the log.
fn follow(index: &Index, reader: &LogReader) -> Result<(), Box<dyn std::error::Error>> {
    loop {
        let count = usize::try_from(BATCH_MAX)?;
        let records = reader.read(index.position(), count, INDEX_BYTES)?;
        if records.is_empty() {
            return Ok(());
        }
        let upto = records.len().min(count);
        index.add(records.get(..upto).unwrap_or_default())?;
    }
}
