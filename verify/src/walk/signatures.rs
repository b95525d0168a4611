//! Signatures of events, each checked alone and strictly, on all cores.

use ledger::hash::Hash;
use ledger::signature::{FastVerifier, PublicKey, Signature, event_message};
use rayon::prelude::*;
use std::sync::Arc;

/// Signatures that one task takes at least.
const TASK_SIGNATURES_MIN: usize = 16;

/// A signature to check.
pub(crate) struct Job {
    pub(crate) seq: u64,
    pub(crate) hash: Hash,
    pub(crate) signature: [u8; 64],
    pub(crate) key: Arc<FastVerifier>,
}

/// What came of it: how many were checked, and where one does not verify.
#[derive(Debug, Default)]
pub(crate) struct Failed {
    pub(crate) checked: u64,
    pub(crate) at: Vec<u64>,
}

/// Checks them all.
pub(crate) fn check(jobs: &[Job]) -> Failed {
    let failed = jobs
        .par_iter()
        .with_min_len(TASK_SIGNATURES_MIN)
        .filter(|job| job.key.verify(&event_message(&job.hash), &Signature(job.signature)).is_err());
    Failed { checked: jobs.len() as u64, at: failed.map(|job| job.seq).collect() }
}

/// The tables of the keys in use: few, and each costs as much as several signatures.
#[derive(Default)]
pub(crate) struct Verifiers(Vec<Arc<FastVerifier>>);

impl Verifiers {
    pub(crate) fn of(&mut self, key: &PublicKey) -> Arc<FastVerifier> {
        // The key in force is the newest one.
        if let Some(found) = self.0.iter().rev().find(|verifier| verifier.public() == key) {
            return Arc::clone(found);
        }
        let made = Arc::new(FastVerifier::new(key));
        self.0.push(Arc::clone(&made));
        made
    }
}
