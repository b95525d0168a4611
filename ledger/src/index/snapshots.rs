//! Snapshots of the state in the index, in pieces: sled handles small values well and large ones badly.
//!
//! sled keeps in memory whatever it has read of a database that is open. So a snapshot is a folder with one small database for each part
//! of the state and one for what the parts belong to, each open only while it is written or read. To forget a snapshot is to remove its folder.

use super::{Index, IndexError, SNAPSHOTS, database, guard, make_private, until_unlocked};
use crate::hash::Hash;
use crate::merkle::Frontier;
use crate::snapshot::{decode, digest, encode};
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// Bytes of a piece.
const PIECE_BYTES: usize = 4_000;
/// Bytes of a part: what sled may keep in memory meanwhile.
const PART_BYTES: usize = 8 << 20;
/// Memory that sled may use for its cache: pieces are written and read once.
const CACHE_BYTES: u64 = 1 << 20;
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
    parts: u32,
    digest: Hash,
}

impl Index {
    /// Keeps a snapshot and forgets the oldest.
    pub fn keep_snapshot(&self, snapshot: &StoredSnapshot) -> Result<(), IndexError> {
        let size = snapshot.frontier.size();
        let parts = snapshot.state.chunks(PART_BYTES);
        let cover = Cover {
            frontier: snapshot.frontier.clone(),
            head: snapshot.head,
            time: snapshot.time,
            schema: snapshot.schema,
            parts: u32::try_from(parts.len()).map_err(|_| IndexError::Damaged)?,
            digest: digest(&snapshot.state),
        };
        let cover = encode(&cover).map_err(|_| IndexError::Damaged)?;
        let _alone = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        self.forget_snapshot(size)?;
        let folder = self.snapshot_folder(size);
        make_private(&folder)?;
        for (number, part) in (0_u32..).zip(parts) {
            write(&folder.join(number.to_string()), part)?;
        }
        // The cover comes last: without it the parts are nothing.
        write(&folder.join(COVER), &cover)?;
        let sizes = self.snapshot_sizes();
        sizes.iter().rev().skip(KEPT).try_for_each(|size| self.forget_snapshot(*size))
    }

    /// The newest whole snapshot of at most `size_max` events.
    pub fn snapshot(&self, size_max: u64) -> Result<Option<StoredSnapshot>, IndexError> {
        let _alone = self.snapshots.lock().unwrap_or_else(PoisonError::into_inner);
        let sizes = self.snapshot_sizes().into_iter().rev().filter(|size| *size <= size_max);
        // What cannot be read is nothing: there may be an older one, and there is the log.
        Ok(sizes.into_iter().find_map(|size| self.read_snapshot(size).ok().flatten()))
    }

    fn read_snapshot(&self, size: u64) -> Result<Option<StoredSnapshot>, IndexError> {
        let folder = self.snapshot_folder(size);
        let mut cover = Vec::new();
        read(&folder.join(COVER), &mut cover)?;
        let Ok(cover) = decode::<Cover>(&cover) else { return Ok(None) };
        let mut state = Vec::new();
        // At once, so that growing leaves no gaps behind; if that is too much, the digest will not agree either.
        drop(state.try_reserve_exact(PART_BYTES.saturating_mul(usize::try_from(cover.parts).unwrap_or(0))));
        for number in 0..cover.parts {
            read(&folder.join(number.to_string()), &mut state)?;
        }
        if digest(&state) != cover.digest || cover.frontier.size() != size {
            return Ok(None);
        }
        let Cover { frontier, head, time, schema, .. } = cover;
        Ok(Some(StoredSnapshot { frontier, head, time, schema, state }))
    }

    /// Of how many events there are snapshots, whole or not, ascending.
    fn snapshot_sizes(&self) -> Vec<u64> {
        let entries = std::fs::read_dir(self.folder.join(SNAPSHOTS)).into_iter().flatten();
        let sizes = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        let mut sizes: Vec<u64> = sizes.collect();
        sizes.sort_unstable();
        sizes
    }

    fn snapshot_folder(&self, size: u64) -> PathBuf {
        self.folder.join(SNAPSHOTS).join(size.to_string())
    }

    fn forget_snapshot(&self, size: u64) -> Result<(), IndexError> {
        Self::remove(&self.snapshot_folder(size))
    }
}

/// The database of what the parts belong to.
const COVER: &str = "cover";

/// Writes bytes as a database of their own.
fn write(folder: &Path, bytes: &[u8]) -> Result<(), IndexError> {
    guard(|| {
        let db = database(folder, CACHE_BYTES, None)?;
        for (number, piece) in (0_u32..).zip(bytes.chunks(PIECE_BYTES)) {
            db.insert(number.to_be_bytes(), piece)?;
        }
        db.flush()?;
        Ok(())
    })
}

/// Adds the bytes of a database. One that is missing counts as damaged, and is not made.
fn read(folder: &Path, bytes: &mut Vec<u8>) -> Result<(), IndexError> {
    if !folder.is_dir() {
        return Err(IndexError::Damaged);
    }
    guard(|| {
        let db = until_unlocked(|| database(folder, CACHE_BYTES, None))?;
        for piece in db.iter() {
            bytes.extend_from_slice(&piece?.1);
        }
        Ok(())
    })
}
