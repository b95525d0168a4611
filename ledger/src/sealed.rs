//! Sealed payloads: personal data and content beside the log, which events commit to and erasure can destroy.

use crate::container::{Container, ContainerError, Place};
use crate::event::SealedEntry;
use crate::hash::Hash;
use crate::segment::{FRAME_HEAD_BYTES, Frame, Frames, Kind, PAYLOAD_BYTES_MAX, Slot, TooLong};
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
}

impl SealedStore {
    /// Opens the folder. What no event of a log of `size` events commits to is set aside.
    pub fn open(place: &Place, size: u64) -> Result<Self, SealedError> {
        let mut container = Container::open(place.clone(), Kind::Sealed, SEALED_BYTES)?;
        if let Some(last) = place.firsts(Kind::Sealed)?.last() {
            let bytes = place.read(Kind::Sealed, *last)?;
            let end = end_of_committed(&bytes, size);
            container.resume(*last, end)?;
            let tail = bytes.get(end..).unwrap_or_default();
            if let Some(used) = tail.iter().rposition(|byte| *byte != 0) {
                container.set_aside(tail.get(..=used).unwrap_or_default())?;
            }
        }
        Ok(Self { place: place.clone(), container, buffer: Vec::new() })
    }

    /// Stores payloads, in ascending order of event, and makes them last.
    pub fn append(&mut self, payloads: &[SealedPayload]) -> Result<(), SealedError> {
        let Some(first) = payloads.first() else { return Ok(()) };
        self.buffer.clear();
        for payload in payloads {
            payload.frame().write(&mut self.buffer)?;
        }
        self.container.append(first.seq, &self.buffer)?;
        Ok(self.container.sync()?)
    }

    /// Writes zeros over the payloads named; those that are gone already are fine.
    pub fn erase(&mut self, wanted: &[(u64, String)]) -> Result<(), SealedError> {
        let firsts = self.place.firsts(Kind::Sealed)?;
        for (place, first) in firsts.iter().enumerate() {
            let next = firsts.get(place + 1).copied().unwrap_or(u64::MAX);
            // A group's payloads share the file of its first, so the file before may hold a few of the next numbers.
            if wanted.iter().any(|(seq, _)| (*first..next.saturating_add(GROUP_SPAN)).contains(seq)) {
                self.erase_in(*first, wanted)?;
            }
        }
        Ok(())
    }

    fn erase_in(&self, first: u64, wanted: &[(u64, String)]) -> Result<(), SealedError> {
        let bytes = self.place.read(Kind::Sealed, first)?;
        for (offset, slot) in Frames::of(Kind::Sealed, &bytes) {
            let Slot::Frame(Frame::Payload { seq, name, .. }) = slot else { continue };
            if wanted.iter().any(|(wanted, known)| *wanted == seq && known == name) {
                let frame = tombstone(&bytes, offset, seq, name)?;
                self.container.overwrite(first, offset as u64, &frame)?;
            }
        }
        Ok(())
    }
}

/// More numbers than one group has events.
const GROUP_SPAN: u64 = 65_536;

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

/// The end of the last sound frame that belongs to a stored event.
fn end_of_committed(file: &[u8], size: u64) -> usize {
    let mut frames = Frames::of(Kind::Sealed, file);
    let mut end = frames.offset();
    while let Some((_, slot)) = frames.next() {
        match slot {
            Slot::Frame(Frame::Payload { seq, .. } | Frame::Erased { seq, .. }) if seq < size => {
                end = frames.offset()
            }
            Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => {}
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
