//! Receipts: what a client keeps to prove that a command was accepted.

use crate::event::id::{EventId, LedgerId};
use crate::hash::{Hash, from_base64, to_base64};
use crate::note::KeyId;
use crate::signature::Signature;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use thiserror::Error;

/// Largest receipt that is read.
pub const BYTES_MAX: u64 = 1 << 20;
const FORMAT: &str = "receipt/v1";

/// The events that a command led to, with the log's signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    deed: Cow<'static, str>,
    /// The events, in order.
    pub events: Vec<ReceiptEvent>,
    /// Id of the key that signed.
    #[serde(serialize_with = "key_to_text", deserialize_with = "key_from_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub key: KeyId,
    /// The ledger.
    pub ledger: LedgerId,
}

/// One event in a receipt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ReceiptEvent {
    /// Its name.
    pub id: EventId,
    /// Its leaf hash.
    pub leaf_hash: Hash,
    /// Its position.
    pub seq: u64,
    /// The log's signature over the leaf hash.
    #[serde(serialize_with = "signature_to_text", deserialize_with = "signature_from_text")]
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub signature: Signature,
    /// `<area>.<past fact>`.
    #[serde(rename = "type")]
    pub kind: Cow<'static, str>,
}

/// A text is not a receipt.
#[derive(Debug, Error)]
pub enum ReceiptError {
    /// Not the shape of one.
    #[error("the receipt does not have the shape of one")]
    Shape(#[from] serde_json::Error),
    /// Another format, or no events.
    #[error("the receipt is of another format, or names no event")]
    Format,
}

impl Receipt {
    /// A receipt for events of one command.
    pub fn new(ledger: LedgerId, key: KeyId, events: Vec<ReceiptEvent>) -> Self {
        Self { deed: FORMAT.into(), events, key, ledger }
    }

    /// Reads a receipt.
    pub fn parse(text: &[u8]) -> Result<Self, ReceiptError> {
        let receipt: Self = serde_json::from_slice(text)?;
        if *receipt.deed == *FORMAT && !receipt.events.is_empty() {
            Ok(receipt)
        } else {
            Err(ReceiptError::Format)
        }
    }
}

fn key_to_text<S: Serializer>(key: &KeyId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(key)
}

fn key_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyId, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    KeyId::from_hex(&text).ok_or_else(|| serde::de::Error::custom("a key id is 8 lower-case hex digits"))
}

fn signature_to_text<S: Serializer>(signature: &Signature, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&to_base64(&signature.0))
}

fn signature_from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Signature, D::Error> {
    let text = Cow::<'de, str>::deserialize(deserializer)?;
    let bytes = from_base64(&text).and_then(|bytes| bytes.try_into().ok());
    bytes.map(Signature).ok_or_else(|| serde::de::Error::custom("a signature is base64 of 64 bytes"))
}
