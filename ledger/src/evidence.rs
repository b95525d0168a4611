//! Evidence bundles: a few events with the proofs that a checkpoint covers them, in one file.

use crate::canonical;
use crate::checkpoint::SignedCheckpoint;
use crate::event::{Envelope, LEAF_BYTES_MAX};
use crate::genesis::Genesis;
use crate::hash::{Hash, from_base64, to_base64};
use crate::log::{LogReader, ReadError};
use crate::merkle::{InclusionProof, PROOF_HASHES_MAX, inclusion_path, leaf_hash};
use crate::note::KeyId;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use thiserror::Error;

/// Largest bundle that is read.
pub const BYTES_MAX: u64 = 64 << 20;
const FORMAT: &str = "evidence/v1";
/// Events and bytes of text that are read from the log at once.
const READ_EVENTS: usize = 4_096;
const READ_BYTES_MAX: usize = 16 << 20;

/// Events of one ledger, each with its proof.
#[derive(Clone, Debug)]
pub struct Bundle {
    /// What the proofs lead to.
    pub checkpoint: SignedCheckpoint,
    /// The genesis statement.
    pub genesis: Genesis,
    /// The events, ascending by position.
    pub events: Vec<Evidence>,
}

/// One event in a bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Id of the key that signed.
    pub key: KeyId,
    /// Its text.
    pub leaf: Vec<u8>,
    /// That it is in the tree.
    pub proof: InclusionProof,
    /// Its position.
    pub seq: u64,
    /// Signature over its leaf hash.
    pub signature: [u8; 64],
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct BundleText {
    checkpoint: String,
    deed: String,
    events: Vec<EvidenceText>,
    genesis: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceText {
    key: String,
    leaf: String,
    proof: Vec<String>,
    seq: u64,
    signature: String,
}

/// A bundle could not be made or read.
#[derive(Debug, Error)]
pub enum EvidenceError {
    /// The log cannot be read.
    #[error("could not read the log")]
    Read(#[from] ReadError),
    /// The checkpoint covers more than the log has, or an event asked for is not covered.
    #[error("the checkpoint does not cover what was asked for")]
    Beyond,
    /// Not canonical JSON.
    #[error("the bundle is not canonical JSON")]
    Canonical(#[from] canonical::NotCanonical),
    /// Not the shape of one.
    #[error("the bundle does not have the shape of one")]
    Shape(#[from] serde_json::Error),
    /// A member that is not what it should be.
    #[error("`{member}` of the bundle is not acceptable")]
    Member {
        /// Which.
        member: &'static str,
    },
}

impl Bundle {
    /// Gathers events, with event 0 and every change of keys that the checkpoint covers.
    pub fn gather(
        reader: &LogReader,
        genesis: &Genesis,
        checkpoint: &SignedCheckpoint,
        wanted: &BTreeSet<u64>,
    ) -> Result<Self, EvidenceError> {
        let size = checkpoint.checkpoint().size();
        let (mut hashes, mut found) = (Vec::new(), BTreeMap::new());
        while (hashes.len() as u64) < size {
            let records = reader.read(hashes.len() as u64, READ_EVENTS, READ_BYTES_MAX)?;
            if records.is_empty() {
                return Err(EvidenceError::Beyond);
            }
            for record in records.into_iter().filter(|record| record.seq < size) {
                hashes.push(leaf_hash(&record.leaf));
                if record.seq == 0 || wanted.contains(&record.seq) || changes_keys(&record.leaf) {
                    found.insert(record.seq, record);
                }
            }
        }
        if wanted.iter().any(|seq| !found.contains_key(seq)) {
            return Err(EvidenceError::Beyond);
        }
        let levels = levels(hashes);
        let events = found.into_values().map(|record| {
            let proof = proof(record.seq, size, &levels)?;
            let (key, seq) = (KeyId(record.key), record.seq);
            Ok(Evidence { key, leaf: record.leaf, proof, seq, signature: record.signature })
        });
        let events = events.collect::<Result<_, EvidenceError>>()?;
        Ok(Self { checkpoint: checkpoint.clone(), genesis: genesis.clone(), events })
    }

    /// The bundle as one canonical text.
    pub fn encode(&self) -> Result<Vec<u8>, EvidenceError> {
        let text = BundleText {
            checkpoint: self.checkpoint.to_string(),
            deed: FORMAT.to_owned(),
            events: self.events.iter().map(Evidence::text).collect::<Result<_, _>>()?,
            genesis: text_of(self.genesis.text(), "genesis")?,
        };
        Ok(serde_json::to_vec(&text)?)
    }

    /// Reads a bundle. Whether to believe it is another question.
    pub fn parse(text: &[u8]) -> Result<Self, EvidenceError> {
        canonical::check(text)?;
        let BundleText { checkpoint, deed, events, genesis } = serde_json::from_slice(text)?;
        let wrong = |member| EvidenceError::Member { member };
        if deed != FORMAT {
            return Err(wrong("deed"));
        }
        let events = events.into_iter().map(|event| event.read()).collect::<Option<Vec<_>>>();
        let events = events.filter(|events| events.is_sorted_by(|one, next| one.seq < next.seq));
        Ok(Self {
            checkpoint: SignedCheckpoint::parse(checkpoint.as_bytes()).map_err(|_| wrong("checkpoint"))?,
            genesis: Genesis::parse(genesis.as_bytes()).map_err(|_| wrong("genesis"))?,
            events: events.filter(|events| !events.is_empty()).ok_or_else(|| wrong("events"))?,
        })
    }
}

impl Evidence {
    fn text(&self) -> Result<EvidenceText, EvidenceError> {
        Ok(EvidenceText {
            key: self.key.to_string(),
            leaf: text_of(&self.leaf, "leaf")?,
            proof: self.proof.0.iter().map(|hash| to_base64(&hash.0)).collect(),
            seq: self.seq,
            signature: to_base64(&self.signature),
        })
    }
}

impl EvidenceText {
    fn read(self) -> Option<Evidence> {
        let hash = |text: &String| from_base64(text)?.try_into().ok().map(Hash);
        let bounded = self.proof.len() <= PROOF_HASHES_MAX && self.leaf.len() <= LEAF_BYTES_MAX;
        let proof = self.proof.iter().map(hash).collect::<Option<Vec<_>>>().filter(|_| bounded)?;
        Some(Evidence {
            key: KeyId::from_hex(&self.key)?,
            leaf: self.leaf.into_bytes(),
            proof: InclusionProof(proof),
            seq: self.seq,
            signature: from_base64(&self.signature)?.try_into().ok()?,
        })
    }
}

fn text_of(bytes: &[u8], member: &'static str) -> Result<String, EvidenceError> {
    String::from_utf8(bytes.to_vec()).map_err(|_| EvidenceError::Member { member })
}

fn changes_keys(leaf: &[u8]) -> bool {
    Envelope::parse(leaf).is_ok_and(|envelope| envelope.kind == "custody.key_rotated")
}

/// Every complete subtree, level by level from the leaves.
fn levels(leaves: Vec<Hash>) -> Vec<Vec<Hash>> {
    let mut levels = vec![leaves];
    while let Some(below) = levels.last().filter(|below| below.len() > 1) {
        let (pairs, _) = below.as_chunks::<2>();
        let above = pairs.iter().map(|[left, right]| crate::merkle::node_hash(left, right)).collect();
        levels.push(above);
    }
    levels
}

fn proof(seq: u64, size: u64, levels: &[Vec<Hash>]) -> Result<InclusionProof, EvidenceError> {
    let hash = |level: u8, n: u64| {
        let found = levels.get(usize::from(level)).and_then(|hashes| hashes.get(usize::try_from(n).ok()?));
        found.copied().ok_or(EvidenceError::Beyond)
    };
    inclusion_path(seq, size, &hash).map_err(|_| EvidenceError::Beyond)
}
