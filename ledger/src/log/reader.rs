//! Reading the log by position, beside the writer.
//!
//! Of each file we remember where every 64th event begins: a few kilobytes for 64 MiB. The writer adds to it as it goes;
//! an older file is walked once, when it is first read.

use crate::container::{ContainerError, Place};
use crate::segment::{FRAME_HEAD_BYTES, Frame, Frames, Kind, LogFile, PAYLOAD_BYTES_MAX, Slot, file_name};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use thiserror::Error;

/// Every how many events a place is remembered.
const STRIDE: u64 = 64;
/// How much of a file is read at once; more than one frame.
const CHUNK_BYTES: usize = 256 << 10;

const _: () = assert!(CHUNK_BYTES > PAYLOAD_BYTES_MAX + FRAME_HEAD_BYTES);

/// A stored event, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its position.
    pub seq: u64,
    /// Its text.
    pub leaf: Vec<u8>,
    /// Signature over its leaf hash.
    pub signature: [u8; 64],
    /// Id of the key that signed.
    pub key: [u8; 4],
}

/// An event could not be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The file failed.
    #[error("could not read the log near event {seq}")]
    Container {
        /// Where.
        seq: u64,
        /// Why.
        #[source]
        cause: ContainerError,
    },
    /// The stored bytes are damaged.
    #[error("the log is damaged near event {seq}; run `deed-verify`")]
    Damaged {
        /// Where.
        seq: u64,
    },
}

/// Where events begin. Owned by the writer, shared with readers.
pub(super) struct Positions {
    place: Place,
    /// Events that are synced; readers go no further.
    size: AtomicU64,
    /// By first event: places of every [`STRIDE`]th event and the count of events, once known.
    files: RwLock<BTreeMap<u64, Option<Marks>>>,
}

#[derive(Clone, Debug, Default)]
struct Marks {
    events: u64,
    offsets: Vec<u64>,
}

impl Marks {
    fn add(&mut self, offset: u64) {
        if self.events.is_multiple_of(STRIDE) {
            self.offsets.push(offset);
        }
        self.events += 1;
    }
}

impl Positions {
    pub(super) fn new(place: Place, firsts: &[u64]) -> Self {
        let files = RwLock::new(firsts.iter().map(|first| (*first, None)).collect());
        Self { place, size: AtomicU64::new(0), files }
    }

    pub(super) fn publish(&self, size: u64) {
        self.size.store(size, Ordering::Release);
    }

    pub(super) fn begin(&self, first: u64) {
        self.learn(first, std::iter::empty());
    }

    pub(super) fn learn(&self, first: u64, offsets: impl Iterator<Item = u64>) {
        let mut marks = Marks::default();
        offsets.for_each(|offset| marks.add(offset));
        self.files.write().unwrap_or_else(PoisonError::into_inner).insert(first, Some(marks));
    }

    /// Adds events to the newest file.
    pub(super) fn extend(&self, offsets: impl Iterator<Item = u64>) {
        let mut files = self.files.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(mut last) = files.last_entry() {
            let marks = last.get_mut().get_or_insert_default();
            offsets.for_each(|offset| marks.add(offset));
        }
    }

    /// The file that holds `seq`, the event at a remembered place before it, and that place.
    fn near(&self, seq: u64) -> Result<(u64, u64, u64), ReadError> {
        let files = self.files.read().unwrap_or_else(PoisonError::into_inner);
        let Some((first, marks)) = files.range(..=seq).next_back() else {
            return Err(ReadError::Damaged { seq });
        };
        let first = *first;
        let found = marks.as_ref().map(|marks| nearest(marks, first, seq));
        drop(files);
        match found {
            Some(found) => found.ok_or(ReadError::Damaged { seq }),
            None => {
                let marks = self.walk(first, seq)?;
                let found = nearest(&marks, first, seq);
                self.files.write().unwrap_or_else(PoisonError::into_inner).insert(first, Some(marks));
                found.ok_or(ReadError::Damaged { seq })
            }
        }
    }

    fn walk(&self, first: u64, seq: u64) -> Result<Marks, ReadError> {
        let bytes = self.place.read(Kind::Log, first).map_err(|cause| ReadError::Container { seq, cause })?;
        let mut marks = Marks::default();
        LogFile::parse(&bytes, first).events.iter().for_each(|event| marks.add(event.offset as u64));
        Ok(marks)
    }
}

fn nearest(marks: &Marks, first: u64, seq: u64) -> Option<(u64, u64, u64)> {
    let mark = (seq - first) / STRIDE;
    let offset = marks.offsets.get(usize::try_from(mark).ok()?)?;
    Some((first, first + mark * STRIDE, *offset))
}

/// Reads what is synced, by position.
#[derive(Clone)]
pub struct LogReader {
    positions: Arc<Positions>,
}

impl LogReader {
    pub(super) fn new(positions: Arc<Positions>) -> Self {
        Self { positions }
    }

    /// Over a log that nobody here writes to, up to `size` events that are known to be synced: by a checkpoint, say.
    pub fn open(place: &Place, size: u64) -> Result<Self, ContainerError> {
        let positions = Positions::new(place.clone(), &place.firsts(Kind::Log)?);
        positions.publish(size);
        Ok(Self::new(Arc::new(positions)))
    }

    /// How many events are synced.
    pub fn size(&self) -> u64 {
        self.positions.size.load(Ordering::Acquire)
    }

    /// The event at a position; `None` beyond the end.
    pub fn event(&self, seq: u64) -> Result<Option<Record>, ReadError> {
        Ok(self.read(seq, 1, usize::MAX)?.pop())
    }

    /// Events from `from` on: at most `count_max`, and no more once `bytes_max` bytes of text are read. Fewer only at the end or at a limit.
    pub fn read(&self, from: u64, count_max: usize, bytes_max: usize) -> Result<Vec<Record>, ReadError> {
        let count = u64::try_from(count_max).unwrap_or(u64::MAX);
        let mut wanted = Wanted { next: from, end: from.saturating_add(count).min(self.size()), bytes_max };
        let mut records = Vec::new();
        while !wanted.is_met() {
            self.read_file(&mut wanted, &mut records)?;
        }
        Ok(records)
    }

    /// Reads one chunk of the file that holds the next event wanted, and as many more as it takes to find that event.
    fn read_file(&self, wanted: &mut Wanted, records: &mut Vec<Record>) -> Result<(), ReadError> {
        let from = wanted.next;
        let (first, mut seq, mut offset) = self.positions.near(from)?;
        let path = self.positions.place.folder(Kind::Log).join(file_name(first));
        let fail = |cause| {
            let path = path.clone();
            ReadError::Container { seq: from, cause: ContainerError::Read { path, cause } }
        };
        let file = self.positions.place.disk.open_read(&path).map_err(fail)?;
        let mut chunk = vec![0; CHUNK_BYTES];
        while wanted.next == from {
            let read = file.read_at(offset, &mut chunk).map_err(fail)?;
            let mut frames = Frames::from(Kind::Log, chunk.get(..read).unwrap_or_default(), 0);
            let mut walked = 0;
            while !wanted.is_met()
                && let Some((_, Slot::Frame(frame))) = frames.next()
            {
                walked = frames.offset();
                let Frame::Event { leaf, signature, key } = frame else { continue };
                if seq == wanted.next {
                    wanted.take(leaf.len());
                    records.push(Record { seq, leaf: leaf.to_vec(), signature, key });
                }
                seq += 1;
            }
            if walked == 0 {
                return Err(ReadError::Damaged { seq: from });
            }
            offset += walked as u64;
        }
        Ok(())
    }
}

/// What is still to be read.
struct Wanted {
    next: u64,
    end: u64,
    bytes_max: usize,
}

impl Wanted {
    fn is_met(&self) -> bool {
        self.next >= self.end || self.bytes_max == 0
    }

    fn take(&mut self, bytes: usize) {
        self.next += 1;
        self.bytes_max = self.bytes_max.saturating_sub(bytes);
    }
}
