//! The genesis statement: which ledger this is and which keys it begins with.

use crate::canonical;
use crate::event::custody::LedgerOpened;
use crate::event::id::LedgerId;
use crate::hash::Hash;
use crate::note::{Algorithm, VerifierKey, VerifierKeyError};
use crate::signature::PublicKey;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use thiserror::Error;

/// Name of the statement's file in the data directory.
pub const FILE: &str = "genesis.json";
/// Longest statement that is read.
pub const BYTES_MAX: u64 = 4_096;
const ALGORITHM: &str = "ed25519";
const FORMAT: &str = "genesis/v1";

/// The genesis statement, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Genesis {
    text: Vec<u8>,
    ledger: LedgerId,
    checkpoint_key: VerifierKey,
    event_key: VerifierKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Statement<'a> {
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    checkpoint_key: Cow<'a, str>,
    #[serde(borrow)]
    deed: Cow<'a, str>,
    epoch: u32,
    #[serde(borrow)]
    event_key: Cow<'a, str>,
    ledger: LedgerId,
    #[serde(borrow)]
    origin: Cow<'a, str>,
}

/// Why a text is not a genesis statement.
#[derive(Debug, Error)]
pub enum GenesisError {
    /// Not canonical JSON.
    #[error("the genesis statement is not canonical JSON")]
    Canonical(#[from] canonical::NotCanonical),
    /// Not the fields of a statement.
    #[error("the genesis statement does not have the shape of one")]
    Shape(#[from] serde_json::Error),
    /// A key cannot be used.
    #[error("a key in the genesis statement cannot be used")]
    Key(#[from] VerifierKeyError),
    /// A field that contradicts the rest.
    #[error("`{field}` contradicts the rest of the genesis statement")]
    Contradiction {
        /// The field.
        field: &'static str,
    },
}

/// The first line of a ledger's checkpoints, and the name of the key that signs them.
pub fn origin(ledger: LedgerId) -> String {
    format!("deed/{ledger}")
}

/// The name of the key that signs events.
pub fn event_key_name(ledger: LedgerId) -> String {
    format!("deed/{ledger}/events")
}

impl Genesis {
    /// The statement of a new ledger.
    pub fn new(ledger: LedgerId, events: PublicKey, checkpoints: PublicKey) -> Result<Self, GenesisError> {
        let checkpoint_key = VerifierKey::new(&origin(ledger), Algorithm::Log, checkpoints)?;
        let event_key = VerifierKey::new(&event_key_name(ledger), Algorithm::Log, events)?;
        let statement = Statement {
            algorithm: ALGORITHM.into(),
            checkpoint_key: checkpoint_key.to_string().into(),
            deed: FORMAT.into(),
            epoch: 0,
            event_key: event_key.to_string().into(),
            ledger,
            origin: origin(ledger).into(),
        };
        Self::parse(&serde_json::to_vec(&statement)?)
    }

    /// Reads a statement and checks it.
    pub fn parse(text: &[u8]) -> Result<Self, GenesisError> {
        canonical::check(text)?;
        let statement: Statement<'_> = serde_json::from_slice(text)?;
        let ledger = statement.ledger;
        let checkpoint_key: VerifierKey = statement.checkpoint_key.parse()?;
        let event_key: VerifierKey = statement.event_key.parse()?;
        let wrong = |field| Err(GenesisError::Contradiction { field });
        if statement.algorithm != ALGORITHM {
            return wrong("algorithm");
        }
        if statement.deed != FORMAT || statement.epoch != 0 {
            return wrong("deed");
        }
        if statement.origin != origin(ledger) || !is_log_key(&checkpoint_key, &origin(ledger)) {
            return wrong("checkpoint_key");
        }
        if !is_log_key(&event_key, &event_key_name(ledger)) || event_key.key() == checkpoint_key.key() {
            return wrong("event_key");
        }
        Ok(Self { text: text.to_vec(), ledger, checkpoint_key, event_key })
    }

    /// The statement's bytes.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The hash that event 0 names as the one before it.
    pub fn hash(&self) -> Hash {
        Hash::of(&[&self.text])
    }

    /// The ledger's id.
    pub fn ledger(&self) -> LedgerId {
        self.ledger
    }

    /// The first line of checkpoints.
    pub fn origin(&self) -> &str {
        self.checkpoint_key.name()
    }

    /// The first key that signs checkpoints.
    pub fn checkpoint_key(&self) -> &VerifierKey {
        &self.checkpoint_key
    }

    /// The first key that signs events: what an auditor pins.
    pub fn event_key(&self) -> &VerifierKey {
        &self.event_key
    }

    /// The fact of event 0.
    pub fn opened(&self) -> LedgerOpened {
        LedgerOpened {
            algorithm: ALGORITHM.into(),
            checkpoint_key: self.checkpoint_key.to_string().into(),
            event_key: self.event_key.to_string().into(),
            origin: self.origin().into(),
        }
    }
}

fn is_log_key(key: &VerifierKey, name: &str) -> bool {
    key.name() == name && key.algorithm() == Algorithm::Log
}
