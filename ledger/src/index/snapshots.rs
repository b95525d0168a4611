//! Snapshots of the state in the index, in pieces: sled handles small values well and large ones badly.

use super::{Index, IndexError, guard, key};
use crate::hash::Hash;
use crate::merkle::Frontier;
use crate::snapshot::{decode, digest, encode};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Bytes of a piece.
const PIECE_BYTES: usize = 4_000;
/// How many snapshots are kept: the newest, and one before in case the newest is beyond a checkpoint.
const KEPT: usize = 2;

/// A snapshot as it is kept: where the log stood, and the encoded state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSnapshot {
    /// The tree over the events folded.
    pub frontier: Frontier,
    /// Leaf hash of the last of them.
    pub head: Hash,
    /// When the last of them was recorded.
    pub time: Time,
    /// Version of the state's encoding.
    pub schema: u32,
    /// The encoded state.
    pub state: Vec<u8>,
}

#[derive(Serialize, Deserialize)]
struct Cover {
    frontier: Frontier,
    head: Hash,
    time: Time,
    schema: u32,
    pieces: u32,
    digest: Hash,
}

impl Index {
    /// Keeps a snapshot and forgets the oldest.
    pub fn keep_snapshot(&self, snapshot: &StoredSnapshot) -> Result<(), IndexError> {
        let size = snapshot.frontier.size();
        let pieces = snapshot.state.chunks(PIECE_BYTES);
        let cover = Cover {
            frontier: snapshot.frontier.clone(),
            head: snapshot.head,
            time: snapshot.time,
            schema: snapshot.schema,
            pieces: u32::try_from(pieces.len()).map_err(|_| IndexError::Damaged)?,
            digest: digest(&snapshot.state),
        };
        guard(|| {
            for (number, piece) in (0_u32..).zip(pieces) {
                self.db.insert(piece_key(size, number), piece)?;
            }
            // The cover comes last: without it the pieces are nothing.
            self.db.insert(cover_key(size), encode(&cover).map_err(|_| IndexError::Damaged)?)?;
            let sizes = self.snapshot_sizes()?;
            sizes.iter().rev().skip(KEPT).try_for_each(|size| self.forget_snapshot(*size))
        })
    }

    /// The newest whole snapshot of at most `size_max` events.
    pub fn snapshot(&self, size_max: u64) -> Result<Option<StoredSnapshot>, IndexError> {
        guard(|| {
            for size in self.snapshot_sizes()?.into_iter().rev().filter(|size| *size <= size_max) {
                if let Some(snapshot) = self.read_snapshot(size)? {
                    return Ok(Some(snapshot));
                }
            }
            Ok(None)
        })
    }

    fn read_snapshot(&self, size: u64) -> Result<Option<StoredSnapshot>, IndexError> {
        let Some(bytes) = self.db.get(cover_key(size))? else { return Ok(None) };
        let Ok(cover) = decode::<Cover>(&bytes) else { return Ok(None) };
        let mut state = Vec::new();
        for piece in self.db.range(piece_key(size, 0)..piece_key(size, cover.pieces)) {
            state.extend_from_slice(&piece?.1);
        }
        if digest(&state) != cover.digest || cover.frontier.size() != size {
            return Ok(None);
        }
        let Cover { frontier, head, time, schema, .. } = cover;
        Ok(Some(StoredSnapshot { frontier, head, time, schema, state }))
    }

    fn snapshot_sizes(&self) -> Result<Vec<u64>, IndexError> {
        let covers = self.db.scan_prefix(key(b's', &[])).keys();
        covers
            .map(|found| match found?.as_ref() {
                [_, size @ ..] => size.try_into().map(u64::from_be_bytes).map_err(|_| IndexError::Damaged),
                [] => Err(IndexError::Damaged),
            })
            .collect()
    }

    fn forget_snapshot(&self, size: u64) -> Result<(), IndexError> {
        self.db.remove(cover_key(size))?;
        for piece in self.db.range(piece_key(size, 0)..=piece_key(size, u32::MAX)).keys() {
            self.db.remove(piece?)?;
        }
        Ok(())
    }
}

fn cover_key(size: u64) -> Vec<u8> {
    key(b's', &[&size.to_be_bytes()])
}

fn piece_key(size: u64, number: u32) -> Vec<u8> {
    key(b'u', &[&size.to_be_bytes(), &number.to_be_bytes()])
}
