//! C2SP proofs: one file that shows, without the log at hand, that a leaf is in it.

use crate::checkpoint::{CheckpointError, SignedCheckpoint, parse_hash};
use crate::decimal;
use crate::hash::{Hash, from_base64, to_base64};
use crate::merkle::{InclusionProof, PROOF_HASHES_MAX, ProofError};
use crate::note::{NOTE_BYTES_MAX, Verified, VerifierKey};
use crate::policy::{Policy, PolicyRefusal};
use std::fmt;

/// The most extra bytes: a leaf, which is what an application would most likely put there.
pub const EXTRA_BYTES_MAX: usize = 65_535;
/// The largest proof file: a note, the extra bytes in base64, and 6 KiB for the path.
pub const PROOF_BYTES_MAX: usize = NOTE_BYTES_MAX + EXTRA_BYTES_MAX.div_ceil(3) * 4 + 6 * 1024;

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// Why a proof file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LogProofError {
    /// The file is larger than [`PROOF_BYTES_MAX`].
    #[error("the proof is larger than {PROOF_BYTES_MAX} bytes")]
    TooLarge,
    /// The file is not UTF-8.
    #[error("the proof is not UTF-8")]
    NotUtf8,
    /// The file does not begin as a proof does, or no empty line comes before the checkpoint.
    #[error("the file is not a proof of version 1")]
    Header,
    /// The extra bytes are not base64, or too many.
    #[error("the extra line of the proof is malformed")]
    Extra,
    /// The index is not a canonical decimal number.
    #[error("the index line of the proof is malformed")]
    Index,
    /// A line of the path is not a hash in base64, or there are too many.
    #[error("the path of the proof is malformed")]
    Path,
    /// The checkpoint is refused.
    #[error("the checkpoint of the proof is not acceptable")]
    Checkpoint(#[source] CheckpointError),
    /// The checkpoint does not satisfy the policy.
    #[error("the checkpoint of the proof does not satisfy the policy")]
    Policy(#[source] PolicyRefusal),
    /// The path does not lead from the leaf to the root of the checkpoint.
    #[error("the leaf is not shown to be in the log")]
    Inclusion(#[source] ProofError),
}

/// A proof file. What it shows, [`LogProof::verify`] says.
#[derive(Clone, Debug)]
pub struct LogProof {
    extra: Option<Vec<u8>>,
    index: u64,
    path: InclusionProof,
    checkpoint: SignedCheckpoint,
}

impl LogProof {
    /// A proof without extra bytes.
    pub fn new(
        index: u64,
        path: InclusionProof,
        checkpoint: SignedCheckpoint,
    ) -> Result<Self, LogProofError> {
        if path.0.len() > PROOF_HASHES_MAX {
            return Err(LogProofError::Path);
        }
        Ok(Self { extra: None, index, path, checkpoint })
    }

    /// The proof with extra bytes, which nothing vouches for.
    pub fn with_extra(mut self, extra: Vec<u8>) -> Result<Self, LogProofError> {
        if extra.is_empty() || extra.len() > EXTRA_BYTES_MAX {
            return Err(LogProofError::Extra);
        }
        self.extra = Some(extra);
        Ok(self)
    }

    /// Reads a proof file.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogProofError> {
        if bytes.len() > PROOF_BYTES_MAX {
            return Err(LogProofError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| LogProofError::NotUtf8)?;
        let (head, note) = text.split_once("\n\n").ok_or(LogProofError::Header)?;
        let mut lines = head.split('\n').peekable();
        if lines.next() != Some(HEADER) {
            return Err(LogProofError::Header);
        }
        let extra = lines.next_if(|line| line.starts_with("extra "));
        let index = lines.next().and_then(|line| line.strip_prefix("index ")).and_then(decimal::parse);
        let index = index.ok_or(LogProofError::Index)?;
        let path: Option<Vec<Hash>> = lines.take(PROOF_HASHES_MAX + 1).map(parse_hash).collect();
        let checkpoint = SignedCheckpoint::parse(note.as_bytes()).map_err(LogProofError::Checkpoint)?;
        let proof = Self::new(index, InclusionProof(path.ok_or(LogProofError::Path)?), checkpoint)?;
        match extra.and_then(|line| line.strip_prefix("extra ")) {
            Some(extra) => proof.with_extra(from_base64(extra).ok_or(LogProofError::Extra)?),
            None => Ok(proof),
        }
    }

    /// The extra bytes, which nothing vouches for.
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// The position of the leaf.
    pub fn index(&self) -> u64 {
        self.index
    }

    /// The path from the leaf to the root.
    pub fn path(&self) -> &InclusionProof {
        &self.path
    }

    /// The checkpoint that the path leads to.
    pub fn checkpoint(&self) -> &SignedCheckpoint {
        &self.checkpoint
    }

    /// Checks that the leaf is in the log of this origin, and gives the witnesses that have seen the checkpoint.
    pub fn verify<'k>(
        &self,
        leaf: &Hash,
        origin: &str,
        log: &'k VerifierKey,
        witnesses: &[&'k VerifierKey],
    ) -> Result<Vec<Verified<'k>>, LogProofError> {
        self.verify_path(leaf)?;
        self.checkpoint.verify(origin, log, witnesses).map_err(LogProofError::Checkpoint)
    }

    /// The same under a policy: one of its logs has signed, and its quorum is met.
    pub fn check<'k>(&self, leaf: &Hash, policy: &'k Policy) -> Result<Vec<Verified<'k>>, LogProofError> {
        self.verify_path(leaf)?;
        policy.check(&self.checkpoint).map_err(LogProofError::Policy)
    }

    fn verify_path(&self, leaf: &Hash) -> Result<(), LogProofError> {
        let checkpoint = self.checkpoint.checkpoint();
        let verdict = self.path.verify(self.index, checkpoint.size(), leaf, checkpoint.root());
        verdict.map_err(LogProofError::Inclusion)
    }
}

impl fmt::Display for LogProof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(out, "extra {}", to_base64(extra))?;
        }
        writeln!(out, "index {}", self.index)?;
        self.path.0.iter().try_for_each(|hash| writeln!(out, "{}", to_base64(&hash.0)))?;
        write!(out, "\n{}", self.checkpoint)
    }
}
