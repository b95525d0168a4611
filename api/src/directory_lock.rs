//! One server for one data directory: a file that the running server holds locked.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// The hold on a data directory. The system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub struct DirectoryLock {
    _file: File,
}

/// The directory cannot be held.
#[derive(Debug, Error)]
pub enum LockError {
    /// Another process holds it.
    #[error("another server is running on `{path}`; stop it first")]
    Held {
        /// Which.
        path: PathBuf,
    },
    /// The lock file cannot be made.
    #[error("could not make `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl DirectoryLock {
    /// Takes hold of a data directory, which is made where needed.
    pub fn take(data: &Path) -> Result<Self, LockError> {
        let path = data.join("lock");
        let opened = std::fs::create_dir_all(data)
            .and_then(|()| OpenOptions::new().create(true).truncate(false).write(true).open(&path));
        let file = opened.map_err(|cause| LockError::File { path: path.clone(), cause })?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { path: data.to_path_buf() }),
            Err(TryLockError::Error(cause)) => Err(LockError::File { path, cause }),
        }
    }
}
