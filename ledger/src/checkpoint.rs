//! C2SP checkpoints: the size and the root of a log in three lines, as a signed note.
//!
//! A checkpoint is its text. The bytes of the note around it may differ, for anyone may add or drop signatures, so two
//! signed checkpoints are compared by [`SignedCheckpoint::checkpoint`].

use crate::decimal;
use crate::hash::{Hash, from_base64, to_base64};
use crate::merkle::empty_root;
use crate::note::{Cosigner, Note, NoteError, Signer, Verified, VerifierKey};
use std::fmt;

/// Why a text is no checkpoint, or why a checkpoint is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// The note around the checkpoint is refused.
    #[error("the note of the checkpoint is not acceptable")]
    Note(#[source] NoteError),
    /// Not three lines, each ended by a newline.
    #[error("a checkpoint has three lines and no extension lines")]
    Lines,
    /// An empty origin, or one with a control character or a byte order mark.
    #[error("the origin of the checkpoint is not acceptable")]
    Origin,
    /// The size is not a canonical decimal number of 64 bits.
    #[error("the size of the checkpoint is not a canonical number")]
    Size,
    /// The root is not base64 of 32 bytes, or not that of the empty tree at size 0.
    #[error("the root of the checkpoint is not acceptable")]
    Root,
    /// The checkpoint is of another log.
    #[error("the checkpoint is of the log `{}`, not of `{}`", .found.escape_debug(), .expected.escape_debug())]
    OtherLog {
        /// The origin asked for.
        expected: String,
        /// The origin of the checkpoint.
        found: String,
    },
    /// The log itself has not signed, though a witness has.
    #[error("the log itself has not signed the checkpoint")]
    LogUnsigned,
}

/// What a log says of itself: so many events, with this root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    origin: String,
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// A checkpoint of the log of this origin.
    pub fn new(origin: &str, size: u64, root: Hash) -> Result<Self, CheckpointError> {
        if !is_origin(origin) {
            return Err(CheckpointError::Origin);
        }
        if size == 0 && root != empty_root() {
            return Err(CheckpointError::Root);
        }
        Ok(Self { origin: origin.to_owned(), size, root })
    }

    /// Reads the text of a checkpoint.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.split('\n');
        let parts = (lines.next(), lines.next(), lines.next(), lines.next(), lines.next());
        let (Some(origin), Some(size), Some(root), Some(""), None) = parts else {
            return Err(CheckpointError::Lines);
        };
        let size = decimal::parse(size).ok_or(CheckpointError::Size)?;
        let root = parse_hash(root).ok_or(CheckpointError::Root)?;
        Self::new(origin, size, root)
    }

    /// Which log it is of.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// How many events the log has.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    pub fn root(&self) -> &Hash {
        &self.root
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}\n{}\n{}\n", self.origin, self.size, to_base64(&self.root.0))
    }
}

/// A checkpoint in a note that is well formed; whether to believe it, [`SignedCheckpoint::verify`] says.
#[derive(Clone, Debug)]
pub struct SignedCheckpoint {
    note: Note,
    checkpoint: Checkpoint,
}

impl SignedCheckpoint {
    /// Reads the note of a checkpoint.
    pub fn parse(bytes: &[u8]) -> Result<Self, CheckpointError> {
        let note = Note::parse(bytes).map_err(CheckpointError::Note)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        Ok(Self { note, checkpoint })
    }

    /// Signs a checkpoint as its log.
    pub fn sign(checkpoint: Checkpoint, log: &Signer) -> Result<Self, CheckpointError> {
        let note = Note::sign(&checkpoint.to_string(), log).map_err(CheckpointError::Note)?;
        Ok(Self { note, checkpoint })
    }

    /// Adds a cosignature of the time in seconds since 1970.
    pub fn cosign(self, cosigner: &Cosigner, timestamp: u64) -> Result<Self, CheckpointError> {
        let line = cosigner.cosign(self.note.text(), timestamp).map_err(CheckpointError::Note)?;
        let note = self.note.with(line).map_err(CheckpointError::Note)?;
        Ok(Self { note, checkpoint: self.checkpoint })
    }

    /// What is signed.
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note, which prints to the bytes to keep.
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Checks that the log asked for has signed, and gives the signatures of the witnesses that have.
    pub fn verify<'k>(
        &self,
        origin: &str,
        log: &'k VerifierKey,
        witnesses: &[&'k VerifierKey],
    ) -> Result<Vec<Verified<'k>>, CheckpointError> {
        self.verify_any(origin, &[log], witnesses)
    }

    /// The same, when each of several keys may speak for the log.
    pub(crate) fn verify_any<'k>(
        &self,
        origin: &str,
        logs: &[&'k VerifierKey],
        witnesses: &[&'k VerifierKey],
    ) -> Result<Vec<Verified<'k>>, CheckpointError> {
        if self.checkpoint.origin != origin {
            let (expected, found) = (origin.to_owned(), self.checkpoint.origin.clone());
            return Err(CheckpointError::OtherLog { expected, found });
        }
        let verified = self.note.verify(&[logs, witnesses].concat()).map_err(CheckpointError::Note)?;
        let (by_log, cosigned): (Vec<_>, Vec<_>) =
            verified.into_iter().partition(|line| logs.contains(&line.key()));
        if by_log.is_empty() { Err(CheckpointError::LogUnsigned) } else { Ok(cosigned) }
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.note.fmt(out)
    }
}

/// A SHA-256 hash in base64.
pub(crate) fn parse_hash(text: &str) -> Option<Hash> {
    from_base64(text)?.try_into().ok().map(Hash)
}

fn is_origin(origin: &str) -> bool {
    !origin.is_empty() && !origin.contains(char::is_control) && !origin.contains('\u{feff}')
}
