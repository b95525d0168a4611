//! Who signs notes: a log its checkpoints, a cosigner those of others.

use super::{Algorithm, NoteError, SignatureLine, VerifierKey, VerifierKeyError};
use crate::signature::SigningKey;

/// The latest time of a cosignature, 2^63 − 1 seconds.
pub const TIMESTAMP_MAX: u64 = i64::MAX.unsigned_abs();

/// A key that signs the text of notes.
#[derive(Debug)]
pub struct Signer {
    secret: SigningKey,
    verifier: VerifierKey,
}

impl Signer {
    /// A signer of this name.
    pub fn new(name: &str, secret: SigningKey) -> Result<Self, VerifierKeyError> {
        let verifier = VerifierKey::new(name, Algorithm::Log, *secret.public())?;
        Ok(Self { secret, verifier })
    }

    /// What others verify with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    pub(super) fn sign(&self, text: &str) -> SignatureLine {
        line(&self.verifier, self.secret.sign(text.as_bytes()).0.to_vec())
    }
}

/// A key that signs, with the time, that it saw a checkpoint.
#[derive(Debug)]
pub struct Cosigner {
    secret: SigningKey,
    verifier: VerifierKey,
}

impl Cosigner {
    /// A cosigner of this name.
    pub fn new(name: &str, secret: SigningKey) -> Result<Self, VerifierKeyError> {
        let verifier = VerifierKey::new(name, Algorithm::Cosigner, *secret.public())?;
        Ok(Self { secret, verifier })
    }

    /// What others verify with.
    pub fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// Signs the text of a checkpoint at a time in seconds since 1970.
    pub fn cosign(&self, text: &str, timestamp: u64) -> Result<SignatureLine, NoteError> {
        let message = cosigned(text, timestamp).ok_or(NoteError::Timestamp)?;
        let signature = self.secret.sign(message.as_bytes());
        Ok(line(&self.verifier, [timestamp.to_be_bytes().as_slice(), &signature.0].concat()))
    }
}

/// The message of `cosignature/v1`, when the time is in range.
pub(super) fn cosigned(text: &str, timestamp: u64) -> Option<String> {
    (timestamp <= TIMESTAMP_MAX).then(|| format!("cosignature/v1\ntime {timestamp}\n{text}"))
}

fn line(key: &VerifierKey, signature: Vec<u8>) -> SignatureLine {
    SignatureLine { name: key.name().to_owned(), key_id: key.id(), signature }
}
