//! The head lock: the newest checkpoint once more, in a file outside the store, so that a store that was set back is noticed.

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::disk::{Disk, create_dir_lasting, read_whole, replace};
use crate::key_ring::KeyRing;
use crate::note::NOTE_BYTES_MAX;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;

/// The file that holds the newest checkpoint.
#[derive(Clone)]
pub struct HeadLock {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

/// The head lock could not be used, or does not agree with the store.
#[derive(Debug, Error)]
pub enum HeadLockError {
    /// The file failed.
    #[error("could not use the head lock `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// It does not hold a checkpoint of this ledger.
    #[error("the head lock `{path}` does not hold a checkpoint of this ledger; keep the file as evidence")]
    Foreign {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: CheckpointError,
    },
    /// The store holds fewer events than the lock.
    #[error(
        "the log has {size} events, the head lock `{path}` knows of {locked}: the store was set back; restore a backup that is newer than event {locked}"
    )]
    Behind {
        /// Which.
        path: PathBuf,
        /// Events in the log.
        size: u64,
        /// Events that were there once.
        locked: u64,
    },
    /// The store holds other events than the lock.
    #[error(
        "the first {locked} events of the log are not those that the head lock `{path}` knows of; keep both as evidence"
    )]
    Differs {
        /// Which.
        path: PathBuf,
        /// Events in the lock.
        locked: u64,
    },
    /// There is none.
    #[error(
        "the head lock `{path}` is missing; bring it back, or start once with `--accept-missing-head-lock`, which is recorded"
    )]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
}

impl HeadLock {
    /// At a path, best on another volume than the store.
    pub fn new(disk: Arc<dyn Disk>, path: PathBuf) -> Self {
        Self { disk, path }
    }

    /// The checkpoint in the file, signed by the key in force for its size; `None` when there is no file.
    pub fn read(&self, ring: &KeyRing, origin: &str) -> Result<Option<SignedCheckpoint>, HeadLockError> {
        let bytes = match read_whole(self.disk.as_ref(), &self.path, NOTE_BYTES_MAX as u64) {
            Ok(bytes) => bytes,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(cause) => return Err(HeadLockError::File { path: self.path.clone(), cause }),
        };
        let checked = SignedCheckpoint::parse(&bytes).and_then(|checkpoint| {
            let size = checkpoint.checkpoint().size();
            checkpoint.verify(origin, ring.checkpoint_key(size), &[])?;
            Ok(checkpoint)
        });
        checked.map(Some).map_err(|cause| HeadLockError::Foreign { path: self.path.clone(), cause })
    }

    /// The size in the file, believed only so far that a store below it is refused. `None` when there is no file.
    pub fn size(&self) -> Result<Option<u64>, HeadLockError> {
        let path = || self.path.clone();
        match read_whole(self.disk.as_ref(), &self.path, NOTE_BYTES_MAX as u64) {
            Ok(bytes) => {
                let parsed = SignedCheckpoint::parse(&bytes);
                let size = parsed.map(|checkpoint| checkpoint.checkpoint().size());
                size.map(Some).map_err(|cause| HeadLockError::Foreign { path: path(), cause })
            }
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(cause) => Err(HeadLockError::File { path: path(), cause }),
        }
    }

    /// Puts a newer checkpoint in its place.
    pub fn write(&self, checkpoint: &SignedCheckpoint) -> Result<(), HeadLockError> {
        let written = replace(self.disk.as_ref(), &self.path, checkpoint.to_string().as_bytes());
        written.map_err(|cause| HeadLockError::File { path: self.path.clone(), cause })
    }

    /// Makes its folder, once before the first [`HeadLock::write`].
    pub fn make_folder(&self) -> Result<(), HeadLockError> {
        let folder = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let made = folder.map_or(Ok(()), |folder| create_dir_lasting(self.disk.as_ref(), folder));
        made.map_err(|cause| HeadLockError::File { path: self.path.clone(), cause })
    }

    /// Where it is.
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }
}
