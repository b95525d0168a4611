//! Secrets that people and programs carry: credentials and claim tokens.
//!
//! `deed_` and 64 hex digits, `_` and 8 more that check them, so that a scanner can tell one from noise and a slip of the finger is noticed
//! before it is sent anywhere. Only its SHA-256 is ever kept.

use ledger::entropy::fresh;
use ledger::hash::{Hash, array_from_hex, to_hex};
use std::fmt;

const PREFIX: &str = "deed_";

/// A secret. It prints only when asked to by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A fresh one.
    pub fn fresh() -> Self {
        Self(fresh())
    }

    /// Reads one; `None` when it is not one, or mistyped.
    pub fn parse(text: &str) -> Option<Self> {
        let (digits, check) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let secret = Self(array_from_hex(digits.as_bytes())?);
        (secret.check() == check).then_some(secret)
    }

    /// What is kept of it.
    pub fn digest(&self) -> Hash {
        Hash::of(&[self.reveal().as_bytes()])
    }

    /// The secret itself, to be shown once to whom it belongs.
    pub fn reveal(&self) -> String {
        format!("{PREFIX}{}_{}", to_hex(&self.0), self.check())
    }

    fn check(&self) -> String {
        let Hash([a, b, c, d, ..]) = Hash::in_context("deed/secret-check/v1", &[&self.0]);
        to_hex(&[a, b, c, d])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_reads_back_and_a_mistyped_one_does_not() {
        let secret = Secret::fresh();
        let text = secret.reveal();
        assert_eq!(Secret::parse(&text), Some(secret.clone()));
        assert_eq!(Secret::parse(&text.to_uppercase()), None);
        for place in 0..text.len() {
            let mut mistyped = text.clone().into_bytes();
            mistyped[place] = if mistyped[place] == b'0' { b'1' } else { b'0' };
            assert_eq!(Secret::parse(&String::from_utf8(mistyped).unwrap()), None, "at {place}");
        }
        assert!(!format!("{secret:?}").contains(text.get(5..20).unwrap()));
    }
}
