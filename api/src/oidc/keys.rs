//! A provider's public keys, and the parts of a signed token.

use super::base64url::decode;
use super::discovery::DiscoveryError;
use super::error::TokenError;
use super::fetch::Fetcher;
use super::settings::Algorithm;
use openidconnect::JsonWebKey;
use openidconnect::core::{CoreJsonWebKey, CoreJsonWebKeySet, CoreJwsSigningAlgorithm};
use openidconnect::url::Url;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Asked for again after a quarter of an hour, so that a withdrawn key serves no longer than that.
pub(super) const AGE_SECONDS_MAX: u64 = 900;
/// Far more keys than a provider has at a time.
const KEYS_MAX: usize = 64;
/// Base64 digits of the shortest RSA modulus that is believed: 2,048 bits.
const RSA_DIGITS_MIN: usize = 342;
/// The longest token that is read. One with some hundred groups has ten thousand bytes.
pub(super) const TOKEN_BYTES_MAX: usize = 64 << 10;

pub(super) type KeySet = CoreJsonWebKeySet;

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

/// Fetches and reads the keys at an address.
pub(super) async fn fetch(fetcher: &Fetcher, place: &Url) -> Result<KeySet, DiscoveryError> {
    read(&fetcher.document(place).await?)
}

// Keys that we cannot use are passed over, as the standard asks: providers list keys for other purposes too.
fn read(bytes: &[u8]) -> Result<KeySet, DiscoveryError> {
    let unreadable = |cause| DiscoveryError::Unreadable { document: "keys", cause };
    let document: Document = serde_json::from_slice(bytes).map_err(unreadable)?;
    if document.keys.len() > KEYS_MAX {
        return Err(DiscoveryError::TooManyKeys(document.keys.len()));
    }
    let strong = document.keys.into_iter().filter(is_strong);
    Ok(KeySet::new(strong.filter_map(|key| serde_json::from_value(key).ok()).collect()))
}

// A symmetric key has no place among public ones.
fn is_strong(key: &Value) -> bool {
    match key.get("kty").and_then(Value::as_str) {
        Some("RSA") => {
            key.get("n").and_then(Value::as_str).is_some_and(|digits| digits.len() >= RSA_DIGITS_MIN)
        }
        Some("oct") | None => false,
        Some(_) => true,
    }
}

pub(super) fn signing(algorithm: Algorithm) -> CoreJwsSigningAlgorithm {
    match algorithm {
        Algorithm::Rs256 => CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        Algorithm::Ps256 => CoreJwsSigningAlgorithm::RsaSsaPssSha256,
        Algorithm::Es256 => CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        Algorithm::EdDsa => CoreJwsSigningAlgorithm::EdDsa,
    }
}

/// A signed token in its parts. Nothing is checked yet but its shape and that its algorithm is allowed.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    pub(super) header: Map<String, Value>,
    pub(super) payload: Map<String, Value>,
    algorithm: Algorithm,
    signed: &'a str,
    signature: Vec<u8>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(text: &'a str, allowed: &[Algorithm]) -> Result<Self, TokenError> {
        if text.len() > TOKEN_BYTES_MAX {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Unreadable)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Unreadable)?;
        let header = object(header)?;
        let algorithm = algorithm(&header, allowed)?;
        let signature = decode(signature).ok_or(TokenError::Unreadable)?;
        Ok(Self { payload: object(payload)?, header, algorithm, signed, signature })
    }

    /// Whether one of the keys made the signature.
    pub(super) fn verify(&self, keys: &KeySet) -> Result<(), TokenError> {
        let named = self.header.get("kid").and_then(Value::as_str);
        let of_name = |key: &&CoreJsonWebKey| {
            named.is_none_or(|named| key.key_id().is_some_and(|id| id.as_str() == named))
        };
        let mut candidates = keys.keys().iter().filter(of_name).peekable();
        if candidates.peek().is_none() {
            return Err(TokenError::KeyUnknown);
        }
        let fits = |key: &CoreJsonWebKey| {
            key.verify_signature(&signing(self.algorithm), self.signed.as_bytes(), &self.signature).is_ok()
        };
        if candidates.any(fits) { Ok(()) } else { Err(TokenError::SignatureWrong) }
    }
}

fn object(part: &str) -> Result<Map<String, Value>, TokenError> {
    let bytes = decode(part).ok_or(TokenError::Unreadable)?;
    serde_json::from_slice(&bytes).map_err(|_| TokenError::Unreadable)
}

fn algorithm(header: &Map<String, Value>, allowed: &[Algorithm]) -> Result<Algorithm, TokenError> {
    let name = header.get("alg").and_then(Value::as_str).ok_or(TokenError::Unreadable)?;
    if name.eq_ignore_ascii_case("none") {
        return Err(TokenError::Unsigned);
    }
    allowed.iter().copied().find(|one| one.name() == name).ok_or(TokenError::AlgorithmNotAllowed)
}
