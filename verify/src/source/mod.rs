//! Where events come from: files of a data directory or bundles of a tiles directory, one section at a time.

pub mod directory;
pub mod tiles;

use crate::fault::Finding;
use ledger::note::KeyId;
use ledger::segment::Commit;
use std::io;
use std::path::PathBuf;
use thiserror::Error;

/// Why nothing can be said about a ledger.
#[derive(Debug, Error)]
pub enum Trouble {
    /// A file or folder cannot be read.
    #[error("could not read `{}`", path.display().to_string().escape_debug())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The path holds nothing that can be verified.
    #[error(
        "`{}` is no data directory, no tiles directory and no evidence bundle",
        path.display().to_string().escape_debug()
    )]
    NotALedger {
        /// Which.
        path: PathBuf,
    },
    /// The auditor asked not to go on without something to compare with.
    #[error("no `--checkpoint` and no `--policy` was given, and `--require-prior` asks for one")]
    NoPrior,
    /// The threads could not be started.
    #[error("could not start the threads")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// An event as it is stored, by its place in the section.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Where its text begins.
    pub start: usize,
    /// Where its text ends.
    pub end: usize,
    /// Signature over its leaf hash.
    pub signature: [u8; 64],
    /// Id of the key that signed.
    pub key: KeyId,
}

/// A run of events that was read at once.
#[derive(Clone, Debug, Default)]
pub struct Section {
    /// How many events come before, as the name of the file says.
    pub first: u64,
    /// The bytes that hold the texts.
    pub bytes: Vec<u8>,
    /// The events.
    pub rows: Vec<Row>,
    /// The ends of groups.
    pub commits: Vec<Commit>,
    /// What was wrong with the bytes.
    pub findings: Vec<Finding>,
    /// Bytes of an interrupted write at the end.
    pub torn: u64,
    /// Bytes read for it.
    pub read: u64,
}

/// Gives sections in order. After one with a fault that hides events it gives no more.
pub trait Source: Send {
    /// The next section. What `room` holds is overwritten: it is a section that was walked and whose buffers serve again, or empty.
    fn next(&mut self, room: Section) -> Option<Result<Section, Trouble>>;
    /// How many bytes there are, about.
    fn bytes(&self) -> u64;
}
