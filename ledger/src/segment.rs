//! The container of the log, the sealed payloads and the checkpoints: a header, frames, zero bytes.
//!
//! Everything here is pure over bytes. [`Frames`] walks any container; [`LogFile::parse`] adds the rule of groups and tells an
//! interrupted write from damage. `docs/format.md` specifies the bytes.

use crate::event::LEAF_BYTES_MAX;
use crate::hash::Hash;
use bincode::config::{BigEndian, Configuration, Fixint, Limit};
use bincode::{BorrowDecode, Encode};
use thiserror::Error;

/// Bytes before the first frame.
pub const HEADER_BYTES: usize = 64;
/// Longest payload of a frame: twice the longest leaf, so that a sealed payload of that size fits too.
pub const PAYLOAD_BYTES_MAX: usize = 131_072;
/// Bytes of a frame before its payload.
pub const FRAME_HEAD_BYTES: usize = 8;
/// Payload bytes of a commit frame.
const COMMIT_PAYLOAD_BYTES: usize = 4 + 8 + 32;
/// Payload bytes of an event frame beside its leaf: tag, length, signature and key id.
const EVENT_BYTES: u64 = 4 + 8 + 64 + 4;
/// Bytes of a commit frame.
const COMMIT_BYTES: usize = FRAME_HEAD_BYTES + COMMIT_PAYLOAD_BYTES;
/// Bytes that are compared with zero at once.
const ZEROS_AT_ONCE: usize = 64;
const MAGIC: &[u8; 8] = b"DEEDSEG1";
const FRAMING: Configuration<BigEndian, Fixint, Limit<PAYLOAD_BYTES_MAX>> =
    bincode::config::standard().with_big_endian().with_fixed_int_encoding().with_limit::<PAYLOAD_BYTES_MAX>();

const _: () = assert!(LEAF_BYTES_MAX + 128 < PAYLOAD_BYTES_MAX);

/// What a container holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Events in groups.
    Log,
    /// Sealed payloads.
    Sealed,
    /// Checkpoints.
    Checkpoints,
}

impl Kind {
    fn mark(self) -> &'static [u8; 8] {
        match self {
            Self::Log => b"log\0\0\0\0\0",
            Self::Sealed => b"sealed\0\0",
            Self::Checkpoints => b"checkpt\0",
        }
    }

    fn admits(self, frame: &Frame<'_>) -> bool {
        match frame {
            Frame::Event { .. } | Frame::Commit { .. } => self == Self::Log,
            Frame::Payload { .. } | Frame::Erased { .. } => self == Self::Sealed,
            Frame::Checkpoint { .. } => self == Self::Checkpoints,
        }
    }
}

/// The first bytes of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it holds.
    pub kind: Kind,
    /// The number in its name.
    pub first: u64,
    /// Hash of the genesis statement of its ledger.
    pub genesis: Hash,
}

/// Why a container's first bytes are not the header that belongs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum HeaderFault {
    /// Fewer than 64 bytes.
    #[error("the file is shorter than its header")]
    Short,
    /// Altered, or not ours.
    #[error("the header is damaged")]
    Damaged,
    /// A sound header of another file.
    #[error("the header belongs to another file or another ledger")]
    Foreign,
}

impl Header {
    /// Its 64 bytes.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let first = self.first.to_be_bytes();
        let parts = MAGIC.iter().chain(self.kind.mark()).chain(&first).chain(&self.genesis.0).chain(&[0; 4]);
        for (to, from) in bytes.iter_mut().zip(parts) {
            *to = *from;
        }
        let (head, crc) = bytes.split_at_mut(HEADER_BYTES - 4);
        crc.copy_from_slice(&crc32c::crc32c(head).to_be_bytes());
        bytes
    }

    /// Checks that a file begins with this header.
    pub fn check(&self, file: &[u8]) -> Result<(), HeaderFault> {
        let found = file.first_chunk::<HEADER_BYTES>().ok_or(HeaderFault::Short)?;
        let (head, crc) = found.split_at(HEADER_BYTES - 4);
        if !head.starts_with(MAGIC) || crc != crc32c::crc32c(head).to_be_bytes() {
            return Err(HeaderFault::Damaged);
        }
        if *found == self.encode() { Ok(()) } else { Err(HeaderFault::Foreign) }
    }
}

/// The name of the container that starts at `first`.
pub fn file_name(first: u64) -> String {
    format!("{first:020}.seg")
}

/// The number in a container's name.
pub fn first_of(name: &str) -> Option<u64> {
    let first = name.strip_suffix(".seg")?.parse().ok()?;
    (file_name(first) == name).then_some(first)
}

/// One stored record. The order of the variants is the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, BorrowDecode)]
pub enum Frame<'a> {
    /// An event.
    Event {
        /// Its text.
        leaf: &'a [u8],
        /// Signature over its leaf hash.
        signature: [u8; 64],
        /// Id of the key that signed.
        key: [u8; 4],
    },
    /// The end of a group of events.
    Commit {
        /// Events in the whole log after this group.
        size: u64,
        /// Leaf hash of the last of them.
        head: [u8; 32],
    },
    /// A sealed payload.
    Payload {
        /// Position of the event that commits to it.
        seq: u64,
        /// Its name there.
        name: &'a str,
        /// Whose key it is encrypted under.
        bucket: &'a str,
        /// Salt of the commitment.
        salt: [u8; 32],
        /// Nonce and ciphertext.
        ciphertext: &'a [u8],
    },
    /// Where a sealed payload was.
    Erased {
        /// Position of the event that committed to it.
        seq: u64,
        /// Its name there.
        name: &'a str,
        /// As many zero bytes as keep the frame's length.
        filler: &'a [u8],
    },
    /// A signed checkpoint.
    Checkpoint {
        /// The signed note.
        note: &'a [u8],
    },
}

impl<'a> Frame<'a> {
    /// Appends the frame with its length and checksum. Fails when the payload is longer than [`PAYLOAD_BYTES_MAX`].
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let start = out.len();
        out.extend_from_slice(&[0; FRAME_HEAD_BYTES]);
        let room = bincode::config::standard().with_big_endian().with_fixed_int_encoding();
        bincode::encode_into_std_write(self, out, room).map_err(|_| TooLong)?;
        let (_, frame) = out.split_at_mut(start);
        let (head, payload) = frame.split_at_mut(FRAME_HEAD_BYTES);
        let length = u32::try_from(payload.len()).map_err(|_| TooLong)?;
        if payload.len() > PAYLOAD_BYTES_MAX {
            out.truncate(start);
            return Err(TooLong);
        }
        let crc = crc32c::crc32c(payload);
        head.copy_from_slice(&(u64::from(length) << 32 | u64::from(crc)).to_be_bytes());
        Ok(())
    }

    /// Reads a payload; `None` when it is not exactly one frame.
    fn read(payload: &'a [u8]) -> Option<Self> {
        Self::read_event(payload).or_else(|| Self::read_any(payload))
    }

    /// The same for an event, as nearly all are, in fewer steps.
    #[inline]
    fn read_event(payload: &'a [u8]) -> Option<Self> {
        let (tag, rest) = payload.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let (rest, key) = rest.split_last_chunk()?;
        let (leaf, signature) = rest.split_last_chunk()?;
        let is_event = u32::from_be_bytes(*tag) == 0 && u64::from_be_bytes(*length) == leaf.len() as u64;
        is_event.then_some(Self::Event { leaf, signature: *signature, key: *key })
    }

    fn read_any(payload: &'a [u8]) -> Option<Self> {
        let (frame, used) = bincode::borrow_decode_from_slice(payload, FRAMING).ok()?;
        (used == payload.len()).then_some(frame)
    }
}

/// A frame's payload exceeds [`PAYLOAD_BYTES_MAX`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a stored record is longer than 131,072 bytes")]
pub struct TooLong;

/// What stands at one place of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot<'a> {
    /// A sound frame.
    Frame(Frame<'a>),
    /// Bytes whose length is readable and whose contents are not.
    Damaged,
    /// Nothing readable from here to the end of the file, and not all of it zero.
    Unreadable,
}

/// Walks the frames of a container, from just after its header.
#[derive(Clone, Debug)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    offset: usize,
    kind: Kind,
}

impl<'a> Frames<'a> {
    /// Over a whole file whose header was checked.
    pub fn of(kind: Kind, file: &'a [u8]) -> Self {
        Self { bytes: file, offset: HEADER_BYTES, kind }
    }

    /// Over frames from `offset` on.
    pub fn from(kind: Kind, bytes: &'a [u8], offset: usize) -> Self {
        Self { bytes, offset, kind }
    }

    /// Where the next frame begins.
    pub fn offset(&self) -> usize {
        self.offset
    }

    fn slot(&self) -> Option<(Slot<'a>, usize)> {
        let rest = self.bytes.get(self.offset..).unwrap_or_default();
        let unreadable = Some((Slot::Unreadable, self.bytes.len()));
        let Some((head, after)) = rest.split_first_chunk::<FRAME_HEAD_BYTES>() else {
            return if is_zero(rest) { None } else { unreadable };
        };
        let [a, b, c, d, crc @ ..] = *head;
        let Ok(length) = usize::try_from(u32::from_be_bytes([a, b, c, d])) else { return unreadable };
        if length == 0 && is_zero(rest) {
            return None;
        }
        let Some(payload) = after.get(..length).filter(|_| (1..=PAYLOAD_BYTES_MAX).contains(&length)) else {
            return unreadable;
        };
        let next = self.offset + FRAME_HEAD_BYTES + length;
        let sound = crc32c::crc32c(payload).to_be_bytes() == crc;
        let frame = sound.then(|| Frame::read(payload)).flatten().filter(|frame| self.kind.admits(frame));
        Some((frame.map_or(Slot::Damaged, Slot::Frame), next))
    }
}

impl<'a> Iterator for Frames<'a> {
    type Item = (usize, Slot<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let (slot, next) = self.slot()?;
        Some((std::mem::replace(&mut self.offset, next), slot))
    }
}

/// Whether there are only zero bytes.
pub fn is_zero(bytes: &[u8]) -> bool {
    let (chunks, rest) = bytes.as_chunks();
    chunks.iter().all(is_zero_chunk) && rest.iter().all(|byte| *byte == 0)
}

/// Without branches, so that a machine looks at many bytes at once.
#[inline]
fn is_zero_chunk(chunk: &[u8; ZEROS_AT_ONCE]) -> bool {
    chunk.iter().fold(0, |bits, byte| bits | byte) == 0
}

/// How many bytes there are up to the last one that is not zero.
fn used_bytes(bytes: &[u8]) -> usize {
    let (_, chunks) = bytes.as_rchunks();
    let zeros = chunks.iter().rev().take_while(|chunk| is_zero_chunk(chunk)).count();
    let (used, _) = bytes.split_at_checked(bytes.len() - zeros * ZEROS_AT_ONCE).unwrap_or_default();
    used.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// An event as it is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredEvent<'a> {
    /// Its text.
    pub leaf: &'a [u8],
    /// Signature over its leaf hash.
    pub signature: [u8; 64],
    /// Id of the key that signed.
    pub key: [u8; 4],
    /// Where its frame begins in the file.
    pub offset: usize,
}

/// The end of a group, as the file states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Commit {
    /// Events in the whole log after this group.
    pub size: u64,
    /// Leaf hash of the last of them.
    pub head: Hash,
}

/// What follows the last whole group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// Nothing but zero bytes.
    Clean,
    /// An interrupted write, from the end of the groups to its last non-zero byte.
    Torn {
        /// Its length.
        bytes: usize,
    },
    /// Bytes that a later group proves to have been whole once.
    Damaged {
        /// Where the damage begins.
        offset: usize,
    },
}

/// One file of the log, read.
#[derive(Clone, Debug)]
pub struct LogFile<E> {
    /// The events of whole groups.
    pub events: Vec<E>,
    /// The ends of the groups.
    pub commits: Vec<Commit>,
    /// Where the last whole group begins; the same as `end` when there is none.
    pub last_group: usize,
    /// Where the next group would begin.
    pub end: usize,
    /// What stands there.
    pub tail: Tail,
}

impl<'a> LogFile<StoredEvent<'a>> {
    /// Reads a file of the log whose header was checked and whose first event is `first`.
    pub fn parse(file: &'a [u8], first: u64) -> Self {
        Self::parse_into(Vec::new(), file, first, |event| event)
    }
}

impl<E> LogFile<E> {
    /// The same, with what `each` makes of an event in place of it, and in an empty buffer that was used before.
    pub fn parse_into<'a>(
        events: Vec<E>,
        file: &'a [u8],
        first: u64,
        each: impl Fn(StoredEvent<'a>) -> E,
    ) -> Self {
        let mut frames = Frames::of(Kind::Log, file);
        let (last_group, end) = (HEADER_BYTES, HEADER_BYTES);
        let mut read = Self { events, commits: Vec::new(), last_group, end, tail: Tail::Clean };
        read.events.clear();
        let mut committed = 0;
        let mut broken_at = file.len();
        for (offset, slot) in frames.by_ref() {
            match slot {
                Slot::Frame(Frame::Event { leaf, signature, key }) => {
                    read.events.push(each(StoredEvent { leaf, signature, key, offset }));
                }
                Slot::Frame(Frame::Commit { size, head })
                    if size == first + read.events.len() as u64 && committed < read.events.len() =>
                {
                    read.commits.push(Commit { size, head: Hash(head) });
                    committed = read.events.len();
                    read.last_group = read.end;
                    read.end = offset + COMMIT_BYTES;
                }
                Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => {
                    broken_at = offset;
                    break;
                }
            }
        }
        let walked = first + read.events.len() as u64;
        read.events.truncate(committed);
        let rest = file.get(read.end..).unwrap_or_default();
        read.tail = match used_bytes(rest) {
            0 => Tail::Clean,
            _ if was_synced(file, broken_at, walked) => Tail::Damaged { offset: broken_at },
            bytes => Tail::Torn { bytes },
        };
        read
    }
}

/// Whether a later group proves that what stood at `broken_at`, after `walked` events, had been synced.
fn was_synced(file: &[u8], broken_at: usize, walked: u64) -> bool {
    let rest = file.get(broken_at..).unwrap_or_default();
    // One whole commit frame after the break may belong to the interrupted group itself; a second one is of a later group. So is a
    // single one that counts no event more than are whole before it: then what is broken is the commit frame between them.
    commits_after(rest).nth(1).is_some() || supports_next_group(file, broken_at + COMMIT_BYTES, walked)
}

/// Whether whole events from `offset` on lead to a commit frame that counts them and those before.
fn supports_next_group(file: &[u8], offset: usize, mut walked: u64) -> bool {
    for (_, slot) in Frames::from(Kind::Log, file, offset) {
        match slot {
            Slot::Frame(Frame::Event { .. }) => walked += 1,
            Slot::Frame(Frame::Commit { size, .. }) => return size == walked,
            Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => return false,
        }
    }
    false
}

/// The first sound event frame at any byte offset: where it begins, and its leaf.
///
/// Nothing inside a leaf is taken for one: a frame has zero bytes near its beginning, and a leaf has none anywhere.
pub fn first_event(bytes: &[u8]) -> Option<(usize, &[u8])> {
    if is_zero(bytes) {
        // As most of a file is that is still being filled.
        return None;
    }
    let may_begin = |head: &[u8]| {
        let (length, rest) = head.split_first_chunk::<4>()?;
        let (tag, leaf) = rest.get(4..)?.split_first_chunk::<4>()?;
        let leaf = u64::from_be_bytes(*leaf.first_chunk::<8>()?);
        let is_event =
            *tag == [0; 4] && leaf.checked_add(EVENT_BYTES)? == u64::from(u32::from_be_bytes(*length));
        is_event.then_some(())
    };
    let mut starts = bytes.windows(FRAME_HEAD_BYTES + 12).enumerate();
    starts.find_map(|(offset, head)| {
        may_begin(head)?;
        match Frames::from(Kind::Log, bytes, offset).next()?.1 {
            Slot::Frame(Frame::Event { leaf, .. }) => Some((offset, leaf)),
            Slot::Frame(_) | Slot::Damaged | Slot::Unreadable => None,
        }
    })
}

/// Sound commit frames at any byte offset.
fn commits_after(bytes: &[u8]) -> impl Iterator<Item = Commit> {
    bytes.windows(COMMIT_BYTES).filter_map(|window| {
        let (length, rest) = window.split_first_chunk::<4>()?;
        if usize::try_from(u32::from_be_bytes(*length)) != Ok(COMMIT_PAYLOAD_BYTES) {
            return None;
        }
        let (crc, payload) = rest.split_first_chunk::<4>()?;
        let sound = crc32c::crc32c(payload).to_be_bytes() == *crc;
        match sound.then(|| Frame::read(payload)).flatten()? {
            Frame::Commit { size, head } => Some(Commit { size, head: Hash(head) }),
            Frame::Event { .. } | Frame::Payload { .. } | Frame::Erased { .. } | Frame::Checkpoint { .. } => {
                None
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_bytes_are_told_from_used_ones_at_every_place() {
        for length in 0..200 {
            let mut bytes = vec![0; length];
            assert!(is_zero(&bytes) && used_bytes(&bytes) == 0, "{length}");
            for place in 0..length {
                bytes[place] = 0x80;
                assert!(!is_zero(&bytes[..=place]) && !is_zero(&bytes), "{length} {place}");
                assert_eq!(used_bytes(&bytes), place + 1, "{length} {place}");
                bytes[place / 2] = 1;
                assert_eq!(used_bytes(&bytes), place + 1, "{length} {place}");
                bytes.fill(0);
            }
        }
    }

    #[test]
    fn an_event_is_read_in_both_ways_or_in_neither() {
        let (leaf, mut frame) = ([b'x'; 40], Vec::new());
        Frame::Event { leaf: &leaf, signature: [7; 64], key: [1, 2, 3, 4] }.write(&mut frame).unwrap();
        let payload = &frame[FRAME_HEAD_BYTES..];
        assert_eq!(Frame::read_event(payload), Frame::read_any(payload));
        assert!(Frame::read_event(payload).is_some());
        for length in 0..=payload.len() {
            let cut = &payload[..length];
            assert_eq!(Frame::read_event(cut), Frame::read_any(cut), "{length}");
        }
        let places = (0..20).flat_map(|at| (0..8).map(move |bit| (at, bit)));
        for (at, bit) in places {
            let mut changed = payload.to_vec();
            changed[at] ^= 1 << bit;
            let event = Frame::read_any(&changed).filter(|frame| matches!(frame, Frame::Event { .. }));
            assert_eq!(Frame::read_event(&changed), event, "{at}");
        }
        let longer = [payload, &[0]].concat();
        assert_eq!(Frame::read_event(&longer), Frame::read_any(&longer));
    }
}
