//! Sealed payloads: personal data and content beside the log, which events commit to and erasure can destroy.

mod reader;

pub use reader::{OpenSealedError, SealedReader};

use crate::container::{Container, ContainerError, Place};
use crate::event::SealedEntry;
use crate::hash::Hash;
use crate::segment::{FRAME_HEAD_BYTES, Frame, Frames, HEADER_BYTES, Kind, PAYLOAD_BYTES_MAX, Slot, TooLong};
use thiserror::Error;

/// Bytes of a file of sealed payloads when it is made.
pub const SEALED_BYTES: u64 = 4 << 20;
/// Longest payload before it is encrypted. Leaves room for names, nonce and tag in its frame.
pub const PLAIN_BYTES_MAX: usize = PAYLOAD_BYTES_MAX - 1_024;
/// Classes whose payloads may be erased.
pub const ERASABLE: [&str; 2] = ["content", "profile"];

/// The salted commitment to a ciphertext.
pub fn commit(salt: &[u8; 32], ciphertext: &[u8]) -> Hash {
    let bytes = (ciphertext.len() as u64).to_be_bytes();
    Hash::in_context("deed/payload/v1", &[salt, &bytes, ciphertext])
}

/// A payload as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPayload {
    /// Position of the event that commits to it.
    pub seq: u64,
    /// Its name there.
    pub name: String,
    /// Whose key it is encrypted under.
    pub bucket: String,
    /// Salt of the commitment.
    pub salt: [u8; 32],
    /// Nonce and ciphertext.
    pub ciphertext: Vec<u8>,
}

impl SealedPayload {
    /// Whether an event's entry commits to exactly this.
    pub fn matches(&self, entry: &SealedEntry) -> bool {
        *self.name == *entry.name
            && self.ciphertext.len() as u64 == entry.bytes
            && commit(&self.salt, &self.ciphertext) == entry.commit
    }

    fn frame(&self) -> Frame<'_> {
        let Self { seq, name, bucket, salt, ciphertext } = self;
        Frame::Payload { seq: *seq, name, bucket, salt: *salt, ciphertext }
    }
}

/// Sealed payloads could not be stored or read.
#[derive(Debug, Error)]
pub enum SealedError {
    /// The files failed.
    #[error("the files of sealed payloads failed")]
    Container(#[from] ContainerError),
    /// A payload is too long.
    #[error("a sealed payload is too long")]
    TooLong(#[from] TooLong),
}

/// The folder of sealed payloads, as its one writer holds it.
pub struct SealedStore {
    place: Place,
    container: Container,
    buffer: Vec<u8>,
    /// Where the payloads of the last append begin, while it may be taken back.
    newest: Option<u64>,
}

impl SealedStore {
    /// Opens the folder. What no event of a log of `size` events commits to is set aside.
    pub fn open(place: &Place, segment_bytes: u64, size: u64) -> Result<Self, SealedError> {
        let mut container = Container::open(place.clone(), Kind::Sealed, segment_bytes)?;
        if let Some(last) = place.firsts(Kind::Sealed)?.last() {
            let bytes = place.read(Kind::Sealed, *last)?;
            let end = end_of_committed(&bytes, size);
            container.resume(*last, HEADER_BYTES, bytes.get(HEADER_BYTES..end).unwrap_or_default())?;
            let tail = bytes.get(end..).unwrap_or_default();
            if let Some(used) = tail.iter().rposition(|byte| *byte != 0) {
                container.set_aside(tail.get(..=used).unwrap_or_default())?;
            }
        }
        Ok(Self { place: place.clone(), container, buffer: Vec::new(), newest: None })
    }

    /// Stores payloads, in ascending order of event, and makes them last.
    pub fn append(&mut self, payloads: &[SealedPayload]) -> Result<(), SealedError> {
        self.newest = None;
        let Some(first) = payloads.first() else { return Ok(()) };
        self.buffer.clear();
        for payload in payloads {
            payload.frame().write(&mut self.buffer)?;
        }
        let appended = self.container.append(first.seq, &self.buffer)?;
        self.newest = Some(appended.offset);
        Ok(self.container.sync()?)
    }

    /// Takes the last append back, because the events that commit to it were not stored: other events will have their numbers.
    pub fn take_back(&mut self) -> Result<(), SealedError> {
        match self.newest.take() {
            Some(offset) => Ok(self.container.take_back(offset)?),
            None => Ok(()),
        }
    }

    /// Writes zeros over the payloads named; those that are gone already are fine.
    pub fn erase(&mut self, wanted: &[(u64, String)]) -> Result<(), SealedError> {
        let firsts = self.place.firsts(Kind::Sealed)?;
        for (place, first) in firsts.iter().enumerate() {
            let next = firsts.get(place + 1).copied().unwrap_or(u64::MAX);
            if wanted.iter().any(|(seq, _)| (*first..next).contains(seq)) {
                self.erase_in(*first, wanted)?;
            }
        }
        Ok(())
    }

    fn erase_in(&self, first: u64, wanted: &[(u64, String)]) -> Result<(), SealedError> {
        let bytes = self.place.read(Kind::Sealed, first)?;
        for (offset, slot) in Frames::of(Kind::Sealed, &bytes) {
            // Also those that are erased already: a failed sync may have been what erased them.
            let Some((seq, name)) = belongs_to(&bytes, offset, slot) else { continue };
            if wanted.iter().any(|(wanted, known)| *wanted == seq && known == name) {
                let frame = tombstone(&bytes, offset, seq, name)?;
                self.container.overwrite(first, offset as u64, &frame)?;
            }
        }
        Ok(())
    }
}

/// The event and name that a frame is of. A frame that was being erased when the power went does not read, but both its
/// states begin alike: tag, event, name.
fn belongs_to<'a>(file: &'a [u8], offset: usize, slot: Slot<'a>) -> Option<(u64, &'a str)> {
    match slot {
        Slot::Frame(Frame::Payload { seq, name, .. } | Frame::Erased { seq, name, .. }) => Some((seq, name)),
        Slot::Damaged => {
            let (_tag, rest) = file.get(offset + FRAME_HEAD_BYTES..)?.split_first_chunk::<4>()?;
            let (seq, rest) = rest.split_first_chunk::<8>()?;
            let (length, rest) = rest.split_first_chunk::<8>()?;
            let length = usize::try_from(u64::from_be_bytes(*length)).ok()?;
            Some((u64::from_be_bytes(*seq), std::str::from_utf8(rest.get(..length)?).ok()?))
        }
        Slot::Frame(_) | Slot::Unreadable => None,
    }
}

/// A frame as long as the one at `offset`, holding nothing.
fn tombstone(file: &[u8], offset: usize, seq: u64, name: &str) -> Result<Vec<u8>, TooLong> {
    let head = file.get(offset..).and_then(|rest| rest.first_chunk::<4>()).ok_or(TooLong)?;
    let payload = usize::try_from(u32::from_be_bytes(*head)).map_err(|_| TooLong)?;
    let mut bare = Vec::new();
    Frame::Erased { seq, name, filler: &[] }.write(&mut bare)?;
    let filler = (payload + FRAME_HEAD_BYTES).checked_sub(bare.len()).ok_or(TooLong)?;
    let mut frame = Vec::new();
    Frame::Erased { seq, name, filler: &vec![0; filler] }.write(&mut frame)?;
    Ok(frame)
}

/// The end of the last frame that belongs to a stored event.
fn end_of_committed(file: &[u8], size: u64) -> usize {
    let mut frames = Frames::of(Kind::Sealed, file);
    let mut end = frames.offset();
    while let Some((offset, slot)) = frames.next() {
        if belongs_to(file, offset, slot).is_some_and(|(seq, _)| seq < size) {
            end = frames.offset();
        }
    }
    end
}

/// Every sealed payload of a ledger, file by file, in the order of their events.
///
/// `each` gets the payload, or `None` for the position and name of one that was erased. Damaged frames are passed over: what they
/// held is missing.
pub fn walk(
    place: &Place,
    mut each: impl FnMut(u64, &str, Option<SealedPayload>),
) -> Result<(), SealedError> {
    for first in place.firsts(Kind::Sealed)? {
        let bytes = place.read(Kind::Sealed, first)?;
        for (_, slot) in Frames::of(Kind::Sealed, &bytes) {
            match slot {
                Slot::Frame(Frame::Payload { seq, name, bucket, salt, ciphertext }) => {
                    let payload = SealedPayload {
                        seq,
                        name: name.to_owned(),
                        bucket: bucket.to_owned(),
                        salt,
                        ciphertext: ciphertext.to_vec(),
                    };
                    each(seq, name, Some(payload));
                }
                Slot::Frame(Frame::Erased { seq, name, .. }) => each(seq, name, None),
                Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => {}
            }
        }
    }
    Ok(())
}
