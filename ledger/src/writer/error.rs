//! Why something could not be recorded, and what that leaves.

use crate::bucket::BucketError;
use crate::checkpoint::CheckpointError;
use crate::container::ContainerError;
use crate::event::DecodeError;
use crate::head_lock::HeadLockError;
use crate::key_folder::KeyFolderError;
use crate::key_ring::RotationFault;
use crate::log::LogError;
use crate::sealed::SealedError;
use crate::segment::TooLong;
use std::path::PathBuf;
use thiserror::Error;

/// Something could not be recorded.
#[derive(Debug, Error)]
pub enum WriterError {
    /// The log failed.
    #[error("the log could not take the events")]
    Log(#[from] LogError),
    /// The sealed payloads failed.
    #[error("the sealed payloads could not be stored")]
    Sealed(#[from] SealedError),
    /// A bucket key failed.
    #[error("a payload could not be sealed")]
    Bucket(#[from] BucketError),
    /// The event has no valid text.
    #[error("the event has no valid text")]
    Encode(#[from] DecodeError),
    /// A checkpoint could not be made.
    #[error("the checkpoint could not be signed")]
    Checkpoint(#[from] CheckpointError),
    /// A checkpoint could not be stored.
    #[error("the checkpoint could not be stored")]
    Store(#[from] ContainerError),
    /// The newest checkpoint could not be put beside the log.
    #[error("could not write the newest checkpoint `{path}`")]
    Newest {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The head lock failed.
    #[error("the head lock could not be written")]
    HeadLock(#[from] HeadLockError),
    /// A rotation is not valid.
    #[error("the key cannot be rotated so")]
    Rotation(#[from] RotationFault),
    /// A secret key is not there.
    #[error("a secret key could not be used")]
    Key(#[from] KeyFolderError),
    /// A record is too long.
    #[error("a stored record is too long")]
    TooLong(#[from] TooLong),
    /// An earlier write or sync failed in a way that leaves it open what is stored.
    #[error("an earlier write failed; nothing more is recorded until the ledger is opened again")]
    Broken,
}

impl WriterError {
    /// Whether nothing that counts was changed, so that the server may go on and the command may be sent again.
    pub fn may_retry(&self) -> bool {
        match self {
            Self::Log(cause) => cause.may_retry(),
            Self::Sealed(SealedError::Container(cause)) | Self::Store(cause) => cause.may_retry(),
            Self::Bucket(cause) => !matches!(cause, BucketError::Sync { .. }),
            Self::Newest { .. } | Self::HeadLock(_) => true,
            Self::Sealed(SealedError::TooLong(_))
            | Self::Encode(_)
            | Self::Checkpoint(_)
            | Self::Rotation(_)
            | Self::Key(_)
            | Self::TooLong(_)
            | Self::Broken => false,
        }
    }

    /// Whether it is open what is stored.
    pub(super) fn leaves_doubt(&self) -> bool {
        matches!(self, Self::Log(_) | Self::Sealed(_) | Self::Bucket(_) | Self::Store(_)) && !self.may_retry()
    }
}
