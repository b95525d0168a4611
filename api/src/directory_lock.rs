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
    /// It holds other things.
    #[error(
        "`{path}` holds `{name}` and no `genesis.json`; choose an empty directory, or bring the statement back"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
        /// What else it holds.
        name: String,
    },
    /// It cannot be made or read.
    #[error("could not use the data directory `{path}`")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
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

/// What a directory may hold besides and still become a ledger: what making one that was interrupted leaves, and what a file system brings.
const HARMLESS: [&str; 3] = [LOCK, "lost+found", "index"];
const LOCK: &str = "lock";

impl DirectoryLock {
    /// Takes hold of a data directory, which is made where needed. One that holds other files than a ledger is left alone; `beside` may be in it.
    pub fn take(data: &Path, beside: &[&Path]) -> Result<Self, LockError> {
        let unusable = |cause| LockError::Directory { path: data.to_path_buf(), cause };
        std::fs::create_dir_all(data).map_err(unusable)?;
        if let Some(name) = foreign(data, beside).map_err(unusable)? {
            return Err(LockError::Foreign { path: data.to_path_buf(), name });
        }
        let path = data.join(LOCK);
        let fail = |cause| LockError::File { path: path.clone(), cause };
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(LockError::Held { path: data.to_path_buf() }),
            Err(TryLockError::Error(cause)) => Err(fail(cause)),
        }
    }
}

/// The name of something that does not belong in a directory where a ledger is to begin.
fn foreign(data: &Path, beside: &[&Path]) -> io::Result<Option<String>> {
    if data.join(ledger::genesis::FILE).exists() {
        return Ok(None);
    }
    for entry in std::fs::read_dir(data)? {
        let name = entry?.file_name();
        let path = data.join(&name);
        let belongs = HARMLESS.iter().any(|harmless| name == *harmless)
            || beside.iter().any(|beside| **beside == *path);
        if !belongs {
            return Ok(Some(name.to_string_lossy().into_owned()));
        }
    }
    Ok(None)
}
