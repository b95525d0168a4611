//! Snapshots: a folded state as bytes, and the digest by which a verifier compares its own fold.

use crate::hash::Hash;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

/// Largest snapshot that is read.
const BYTES_MAX: usize = 1 << 30;

/// Bytes are not a snapshot, or a state has none.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// The state cannot be written.
    #[error("the state has no encoding")]
    Encode(#[source] bincode::error::EncodeError),
    /// The bytes cannot be read.
    #[error("the bytes are not a snapshot")]
    Decode(#[source] bincode::error::DecodeError),
    /// More bytes than the state needs.
    #[error("bytes follow the snapshot")]
    Trailing,
}

/// The state as bytes. Equal states give equal bytes, as long as their maps are ordered.
pub fn encode(state: &impl Serialize) -> Result<Vec<u8>, SnapshotError> {
    bincode::serde::encode_to_vec(state, bincode::config::standard()).map_err(SnapshotError::Encode)
}

/// Reads what [`encode`] wrote.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, SnapshotError> {
    let config = bincode::config::standard().with_limit::<BYTES_MAX>();
    let (state, used) =
        bincode::serde::borrow_decode_from_slice(bytes, config).map_err(SnapshotError::Decode)?;
    if used == bytes.len() { Ok(state) } else { Err(SnapshotError::Trailing) }
}

/// The digest of an encoded state.
pub fn digest(encoded: &[u8]) -> Hash {
    Hash::in_context("deed/state/v1", &[encoded])
}
