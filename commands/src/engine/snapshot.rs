//! States that are to be kept in the index, so that a start need not fold the whole log.

use ledger::event::custody::StateRecorded;
use ledger::index::{Index, IndexError, StoredSnapshot};
use ledger::snapshot::{SnapshotError, digest, encode};
use ledger::writer::Head;
use projections::{SCHEMA, State};
use thiserror::Error;

/// A state that is to be kept in the index.
pub struct SnapshotDue {
    state: State,
    head: Head,
}

/// A state could not be kept.
#[derive(Debug, Error)]
pub enum KeepError {
    /// The state cannot be written.
    #[error("the state cannot be written")]
    Encode(#[from] SnapshotError),
    /// The index failed.
    #[error("the index cannot keep the state")]
    Index(#[from] IndexError),
}

impl SnapshotDue {
    pub(super) fn new(state: &State, head: &Head) -> Self {
        Self { state: state.clone(), head: head.clone() }
    }

    /// How many events were folded.
    pub fn size(&self) -> u64 {
        self.head.size()
    }

    /// Keeps the state in the index; the fact that records its digest.
    pub fn keep(self, index: &Index) -> Result<StateRecorded, KeepError> {
        let state = encode(&self.state)?;
        let recorded = StateRecorded { at: self.head.size(), digest: digest(&state), schema: SCHEMA };
        let Head { frontier, hash: head, time } = self.head;
        index.keep_snapshot(&StoredSnapshot { frontier, head, time, schema: SCHEMA, state })?;
        Ok(recorded)
    }
}
