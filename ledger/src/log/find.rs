//! Finding an event in a file of the log without walking it.
//!
//! Every frame can be told from what stands around it, and its leaf says which event it is. So one looks at a place where the event may
//! be, learns how far off that was, and looks again nearer. Nothing needs to be kept for it, so nothing can be missing, old or wrong:
//! where the bytes do not add up, the search ends early, and whoever walks on from there finds the damage.

use crate::disk::File;
use crate::event::{Envelope, LEAF_BYTES_MAX};
use crate::segment::{FRAME_HEAD_BYTES, PAYLOAD_BYTES_MAX, first_event};
use std::io;

/// Events that are walked rather than searched.
pub(super) const STRIDE: u64 = 64;
/// Bytes that are walked rather than searched.
const NEAR_BYTES: u64 = 64 << 10;
/// How much is read at a place at first; many frames, as events are.
const LOOK_BYTES: usize = 8 << 10;
/// How much is read at once at most: so much that from any place on a whole event is among it.
pub(super) const CHUNK_BYTES: usize = 256 << 10;

const _: () =
    assert!(CHUNK_BYTES > PAYLOAD_BYTES_MAX + FRAME_HEAD_BYTES && CHUNK_BYTES > 2 * (LEAF_BYTES_MAX + 128));
/// How far before the place where an event should be one looks, so that less often one comes behind it.
const BEFORE_BYTES: u64 = 8 << 10;
/// Looks at most. One of any two halves what is left, and the largest file halved twelve times is near.
const LOOKS_MAX: u32 = 24;

/// Where an event begins in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) seq: u64,
    pub(super) offset: u64,
}

/// A stretch of a file: an event that begins it, and one that comes no sooner than its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) below: Mark,
    pub(super) above: Mark,
}

impl Stretch {
    /// The mark of an event at or before `seq`: not far before it where the bytes are sound.
    pub(super) fn narrow(mut self, file: &dyn File, seq: u64) -> io::Result<Mark> {
        if self.is_near(seq) {
            return Ok(self.below);
        }
        self.above.offset = self.above.offset.min(file.len()?);
        let mut halve = false;
        for _ in 0..LOOKS_MAX {
            let bytes = self.bytes();
            if self.is_near(seq) {
                break;
            }
            let at = if halve { self.middle() } else { self.guess(seq) };
            match look(file, at)? {
                Some(found) if found.seq > self.above.seq || found.seq <= self.below.seq => break,
                Some(found) if found.seq <= seq => self.below = found,
                Some(found) => self.above = Mark { seq: found.seq, offset: at },
                None => self.above.offset = at,
            }
            // A guess that was far off is made up for.
            halve = !halve && self.bytes() > bytes / 2;
        }
        Ok(self.below)
    }

    fn bytes(&self) -> u64 {
        self.above.offset.saturating_sub(self.below.offset)
    }

    fn is_near(&self, seq: u64) -> bool {
        seq.saturating_sub(self.below.seq) < STRIDE || self.bytes() <= NEAR_BYTES
    }

    fn middle(&self) -> u64 {
        self.below.offset + self.bytes() / 2
    }

    /// Where an event should be if all were of one length, and a little before.
    fn guess(&self, seq: u64) -> u64 {
        let events = u128::from(self.above.seq.saturating_sub(self.below.seq).max(1));
        let wanted = u128::from(seq.saturating_sub(self.below.seq));
        let share = u128::from(self.bytes()) * wanted / events;
        let share = u64::try_from(share).unwrap_or(u64::MAX).saturating_sub(BEFORE_BYTES);
        self.below.offset + share.clamp(1, self.bytes().max(2) - 1)
    }
}

/// The first event that begins at a place or after it; `None` when there is none nearby, as behind the last.
fn look(file: &dyn File, at: u64) -> io::Result<Option<Mark>> {
    for bytes in [LOOK_BYTES, CHUNK_BYTES] {
        let mut chunk = vec![0; bytes];
        let read = file.read_at(at, &mut chunk)?;
        let found = first_event(chunk.get(..read).unwrap_or_default());
        if let Some((offset, leaf)) = found {
            let envelope = Envelope::parse(leaf).ok();
            return Ok(envelope.map(|envelope| Mark { seq: envelope.seq, offset: at + offset as u64 }));
        }
    }
    Ok(None)
}
