//! The segment log: groups of events, appended at an expected size and synced once, and the way back after a crash.
//!
//! This is the seam to whatever keeps the log: append a group, read a range, the size, and the head. [`SegmentLog`] is owned by
//! one writer; [`LogReader`] may be cloned to any number of readers, who see only what was synced.

use crate::container::{Container, ContainerError, Place};
use crate::event::Envelope;
use crate::hash::Hash;
use crate::merkle::leaf_hash;
use crate::segment::{FRAME_HEAD_BYTES, Frame, Kind, LogFile, StoredEvent, Tail};
use crate::signature::Signature;
use crate::time::Time;
use std::sync::Arc;
use thiserror::Error;

mod find;
mod positions;
mod reader;

use positions::Positions;
pub use reader::{LogReader, ReadError, Record};

/// Bytes of a file of the log. A new one takes a moment to fill with zeros, and a verifier holds two in memory.
pub const SEGMENT_BYTES: u64 = 64 << 20;
/// Bytes of a group: the largest write between two syncs.
pub const GROUP_BYTES_MAX: usize = 4 << 20;

/// An event that is ready to be stored.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// Its text.
    pub leaf: Vec<u8>,
    /// Its leaf hash.
    pub hash: Hash,
    /// Signature over that.
    pub signature: Signature,
    /// Id of the key that signed.
    pub key: [u8; 4],
}

/// What the log held when it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recovered {
    /// How many events.
    pub size: u64,
    /// Leaf hash of the last; of the genesis statement when there is none.
    pub head: Hash,
    /// When the last was recorded.
    pub time: Time,
    /// Bytes of an interrupted write that were set aside.
    pub torn_bytes: u64,
}

/// The log could not be opened or written.
#[derive(Debug, Error)]
pub enum LogError {
    /// The files could not be read or written.
    #[error("the log's files failed")]
    Container(#[from] ContainerError),
    /// Bytes that were acknowledged once are damaged.
    #[error(
        "the log file that starts at event {first} is damaged at byte {offset}, where whole events were acknowledged; run `deed-verify`, then restore a backup"
    )]
    Damaged {
        /// The file.
        first: u64,
        /// Where.
        offset: usize,
    },
    /// A file of the log is missing.
    #[error("the log file that should start at event {expected} is missing")]
    Gap {
        /// The missing file's number.
        expected: u64,
    },
    /// Somebody else appended.
    #[error("the log has {size} events, {expected} were expected; is another writer at work?")]
    Moved {
        /// What the caller expected.
        expected: u64,
        /// What is there.
        size: u64,
    },
    /// A record is too long.
    #[error("a stored record is too long")]
    TooLong(#[from] crate::segment::TooLong),
    /// An earlier write or sync failed.
    #[error("an earlier write failed; the log takes nothing more until it is opened again")]
    Broken,
}

impl LogError {
    /// Whether nothing was changed, so that the same may be tried again.
    pub fn may_retry(&self) -> bool {
        matches!(self, Self::Container(cause) if cause.may_retry())
    }
}

/// The log, as its one writer holds it.
pub struct SegmentLog {
    container: Container,
    positions: Arc<Positions>,
    size: u64,
    broken: bool,
    buffer: Vec<u8>,
}

impl SegmentLog {
    /// Opens the log, sets an interrupted write aside, and says what is there.
    pub fn open(place: &Place, segment_bytes: u64) -> Result<(Self, Recovered), LogError> {
        let mut container = Container::open(place.clone(), Kind::Log, segment_bytes)?;
        let firsts = place.firsts(Kind::Log)?;
        let mut recovered = Recovered { size: 0, head: place.genesis, time: Time::default(), torn_bytes: 0 };
        if firsts.first().is_some_and(|first| *first != 0) {
            return Err(LogError::Gap { expected: 0 });
        }
        let positions = Arc::new(Positions::new(place.clone(), &firsts));
        if let Some(last) = firsts.last() {
            let bytes = place.read(Kind::Log, *last)?;
            let file = LogFile::parse(&bytes, *last);
            recovered = recover(place, &firsts, &file)?;
            let kept = bytes.get(file.last_group..file.end).unwrap_or_default();
            container.resume(*last, file.last_group, kept)?;
            if let Tail::Torn { bytes: torn } = file.tail {
                container.set_aside(bytes.get(file.end..file.end + torn).unwrap_or_default())?;
            }
            positions.extend(*last, file.events.iter().map(|event| event.offset as u64));
        }
        positions.publish(recovered.size);
        let size = recovered.size;
        Ok((Self { container, positions, size, broken: false, buffer: Vec::new() }, recovered))
    }

    /// How many events are stored.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// A reader of what is synced.
    pub fn reader(&self) -> LogReader {
        LogReader::new(Arc::clone(&self.positions))
    }

    /// Appends a group at the end, which must be `expected`, and syncs it. When this returns, it lasts.
    ///
    /// After an error that may not be retried the log takes nothing more.
    pub fn append(&mut self, expected: u64, group: &[NewEvent]) -> Result<(), LogError> {
        if self.broken {
            return Err(LogError::Broken);
        }
        if self.size != expected {
            return Err(LogError::Moved { expected, size: self.size });
        }
        let Some(last) = group.last() else { return Ok(()) };
        let size = self.size + group.len() as u64;
        let starts = self.frame(group, size, last.hash)?;
        let stored = self.store(&starts);
        self.broken = stored.as_ref().is_err_and(|cause| !cause.may_retry());
        stored?;
        self.size = size;
        self.positions.publish(size);
        Ok(())
    }

    /// Fills the buffer with the group and returns where each event begins in it.
    fn frame(&mut self, group: &[NewEvent], size: u64, head: Hash) -> Result<Vec<u64>, LogError> {
        self.buffer.clear();
        let mut starts = Vec::with_capacity(group.len());
        for event in group {
            starts.push(self.buffer.len() as u64);
            let Signature(signature) = event.signature;
            Frame::Event { leaf: &event.leaf, signature, key: event.key }.write(&mut self.buffer)?;
        }
        Frame::Commit { size, head: head.0 }.write(&mut self.buffer)?;
        Ok(starts)
    }

    fn store(&mut self, starts: &[u64]) -> Result<(), LogError> {
        let appended = self.container.append(self.size, &self.buffer)?;
        self.container.sync()?;
        if appended.new_file {
            self.positions.begin(self.size);
        }
        self.positions.extend(self.size, starts.iter().map(|start| appended.offset + start));
        Ok(())
    }
}

/// What the last files hold; the last one may have been begun and not yet used.
fn recover(place: &Place, firsts: &[u64], last: &LogFile<StoredEvent<'_>>) -> Result<Recovered, LogError> {
    let Some((first, before)) = firsts.split_last() else { return Err(LogError::Gap { expected: 0 }) };
    let torn_bytes = match last.tail {
        Tail::Clean => 0,
        Tail::Torn { bytes } => bytes as u64,
        Tail::Damaged { offset } => return Err(LogError::Damaged { first: *first, offset }),
    };
    if let Some(event) = last.events.last() {
        let size = first + last.events.len() as u64;
        return head(*first, event, last).map(|(head, time)| Recovered { size, head, time, torn_bytes });
    }
    let Some(previous) = before.last() else {
        return Ok(Recovered { size: 0, head: place.genesis, time: Time::default(), torn_bytes });
    };
    let bytes = place.read(Kind::Log, *previous)?;
    let file = LogFile::parse(&bytes, *previous);
    if file.tail != Tail::Clean {
        return Err(LogError::Damaged { first: *previous, offset: file.end });
    }
    if previous + file.events.len() as u64 != *first {
        return Err(LogError::Gap { expected: previous + file.events.len() as u64 });
    }
    let event = file.events.last().ok_or(LogError::Gap { expected: *first })?;
    head(*previous, event, &file).map(|(head, time)| Recovered { size: *first, head, time, torn_bytes })
}

fn head(
    first: u64,
    event: &StoredEvent<'_>,
    file: &LogFile<StoredEvent<'_>>,
) -> Result<(Hash, Time), LogError> {
    let hash = leaf_hash(event.leaf);
    let time = Envelope::parse(event.leaf).ok().and_then(|envelope| Time::parse(envelope.time));
    match time {
        Some(time) if file.commits.last().is_some_and(|commit| commit.head == hash) => Ok((hash, time)),
        _ => Err(LogError::Damaged { first, offset: event.offset + FRAME_HEAD_BYTES }),
    }
}
