//! Reading the log by position, beside the writer.
//!
//! Of each file we remember where some events begin, one in 64 at most: those the writer told of as it went, and those that were read or
//! found since. What lies far from all of them is searched, see `find`.

use super::find::{CHUNK_BYTES, Mark};
use super::positions::Positions;
use crate::container::{ContainerError, Place};
use crate::disk::File;
use crate::event::Envelope;
use crate::segment::{Frame, Frames, HEADER_BYTES, Header, Kind, Slot, file_name};
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// How much is read at once at least: a few dozen events, as most are.
const READ_BYTES: usize = 32 << 10;
/// What an event takes, roughly.
const EVENT_BYTES: u64 = 1 << 10;

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
        self.positions.size()
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
        let (first, stretch) = self.positions.around(from).ok_or(ReadError::Damaged { seq: from })?;
        let opened = OpenFile::open(self.positions.place(), first);
        let file = opened.map_err(|cause| ReadError::Container { seq: from, cause })?;
        let fail = |cause| {
            let path = file.path.clone();
            ReadError::Container { seq: from, cause: ContainerError::Read { path, cause } }
        };
        let mut mark = stretch.narrow(file.file.as_ref(), from).map_err(fail)?;
        self.positions.note(first, mark);
        let mut chunk = vec![0; wanted.bytes_from(mark.seq)];
        while wanted.next == from {
            let read = file.file.read_at(mark.offset, &mut chunk).map_err(fail)?;
            let reached = wanted.walk(chunk.get(..read).unwrap_or_default(), mark, records);
            match reached.filter(|reached| *reached != mark) {
                Some(reached) => mark = reached,
                None if chunk.len() < CHUNK_BYTES => {}
                None => return Err(ReadError::Damaged { seq: from }),
            }
            // What did not fit does next time.
            chunk.resize(CHUNK_BYTES, 0);
        }
        self.positions.note(first, mark);
        Ok(())
    }
}

/// A file of the log that is one of this ledger's.
struct OpenFile {
    path: PathBuf,
    file: Box<dyn File>,
}

impl OpenFile {
    fn open(place: &Place, first: u64) -> Result<Self, ContainerError> {
        let path = place.folder(Kind::Log).join(file_name(first));
        let mut header = [0; HEADER_BYTES];
        let opened = place.disk.open_read(&path).and_then(|file| Ok((file.read_at(0, &mut header)?, file)));
        let (read, file) = match opened {
            Ok(opened) => opened,
            Err(cause) => return Err(ContainerError::Read { path, cause }),
        };
        let expected = Header { kind: Kind::Log, first, genesis: place.genesis };
        match expected.check(header.get(..read).unwrap_or_default()) {
            Ok(()) => Ok(Self { path, file }),
            Err(cause) => Err(ContainerError::Header { path, cause }),
        }
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

    /// How much to read at once, from an event on that is not far before the next one wanted.
    fn bytes_from(&self, seq: u64) -> usize {
        let bytes = self.end.saturating_sub(seq).saturating_mul(EVENT_BYTES);
        usize::try_from(bytes).unwrap_or(CHUNK_BYTES).clamp(READ_BYTES, CHUNK_BYTES)
    }

    /// Takes what is wanted of the frames that begin at a mark, and says where they end; `None` when the first is not the event it should be.
    fn walk(&mut self, bytes: &[u8], mark: Mark, records: &mut Vec<Record>) -> Option<Mark> {
        let (mut frames, mut reached, mut is_first) = (Frames::from(Kind::Log, bytes, 0), mark, true);
        while !self.is_met()
            && let Some((_, Slot::Frame(frame))) = frames.next()
        {
            if let Frame::Event { leaf, signature, key } = frame {
                if std::mem::take(&mut is_first) && Envelope::parse(leaf).ok()?.seq != mark.seq {
                    return None;
                }
                if reached.seq == self.next {
                    self.next += 1;
                    self.bytes_max = self.bytes_max.saturating_sub(leaf.len());
                    records.push(Record { seq: reached.seq, leaf: leaf.to_vec(), signature, key });
                }
                reached.seq += 1;
            }
            reached.offset = mark.offset + frames.offset() as u64;
        }
        Some(reached)
    }
}
