//! Verifier keys: a name, what the key signs, and the public key, as one line of text.

use crate::hash::{Hash, array_from_hex, from_base64, to_base64, to_hex};
use crate::signature::{KeyError, PublicKey};
use std::fmt;
use std::str::FromStr;

/// The first bytes of `H(name ‖ 0x0A ‖ algorithm ‖ public key)`; in text 8 lower-case hex digits.
///
/// It finds a key among those one trusts. It identifies none: another key with the same id is soon made.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    /// Reads 8 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        array_from_hex(text.as_bytes()).map(Self)
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

/// What a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// Ed25519 over the text of a note: 0x01.
    Log,
    /// Ed25519 `cosignature/v1`, over a time and the text: 0x04.
    Cosigner,
}

impl Algorithm {
    /// The byte that stands for it.
    pub fn byte(self) -> u8 {
        match self {
            Self::Log => 0x01,
            Self::Cosigner => 0x04,
        }
    }

    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Log, Self::Cosigner].into_iter().find(|algorithm| algorithm.byte() == byte)
    }
}

/// Why a text is no verifier key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifierKeyError {
    /// Not `name+id+base64` of 33 bytes.
    #[error("a verifier key is a name, 8 hex digits and base64 of 33 bytes, joined by `+`")]
    Malformed,
    /// An empty name, or one with a space, a `+` or a control character.
    #[error("`{}` cannot name a key", .name.escape_debug())]
    Name {
        /// The name.
        name: String,
    },
    /// An algorithm other than 0x01 and 0x04.
    #[error("the algorithm of the key, {byte}, is not one of 1 and 4")]
    Algorithm {
        /// Its byte.
        byte: u8,
    },
    /// The public key is refused.
    #[error("the public key is not acceptable")]
    Key(#[source] KeyError),
    /// The id is not that of this key under this name.
    #[error("the id of the key should be {expected}")]
    Id {
        /// What the name and the key give.
        expected: KeyId,
    },
}

/// A key that notes are verified with: what to trust, in one line of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    algorithm: Algorithm,
    key: PublicKey,
    id: KeyId,
}

impl VerifierKey {
    /// A key under a name.
    pub fn new(name: &str, algorithm: Algorithm, key: PublicKey) -> Result<Self, VerifierKeyError> {
        if !is_name(name) || name.contains(char::is_control) {
            return Err(VerifierKeyError::Name { name: name.to_owned() });
        }
        let id = key_id(name, algorithm, &key);
        Ok(Self { name: name.to_owned(), algorithm, key, id })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What the key signs.
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public key.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The id, which signature lines carry.
    pub fn id(&self) -> KeyId {
        self.id
    }
}

impl FromStr for VerifierKey {
    type Err = VerifierKeyError;

    fn from_str(text: &str) -> Result<Self, VerifierKeyError> {
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(id), Some(material)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(VerifierKeyError::Malformed);
        };
        let id = KeyId::from_hex(id).ok_or(VerifierKeyError::Malformed)?;
        let material = from_base64(material).ok_or(VerifierKeyError::Malformed)?;
        let (byte, key) = material.split_first().ok_or(VerifierKeyError::Malformed)?;
        let algorithm = Algorithm::from_byte(*byte).ok_or(VerifierKeyError::Algorithm { byte: *byte })?;
        let key = key.try_into().map_err(|_| VerifierKeyError::Malformed)?;
        let key = PublicKey::from_bytes(key).map_err(VerifierKeyError::Key)?;
        let whole = Self::new(name, algorithm, key)?;
        if whole.id == id { Ok(whole) } else { Err(VerifierKeyError::Id { expected: whole.id }) }
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let material = [&[self.algorithm.byte()], self.key.as_bytes().as_slice()].concat();
        write!(out, "{}+{}+{}", self.name, self.id, to_base64(&material))
    }
}

/// Whether the specification allows the name; that the text holds no control character is the note's own rule.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(char::is_whitespace) && !name.contains('+')
}

fn key_id(name: &str, algorithm: Algorithm, key: &PublicKey) -> KeyId {
    let hash = Hash::of(&[name.as_bytes(), b"\n", &[algorithm.byte()], key.as_bytes()]);
    let [a, b, c, d, ..] = hash.0;
    KeyId([a, b, c, d])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signature::SigningKey;

    fn key(algorithm: Algorithm) -> VerifierKey {
        VerifierKey::new("example.com/a", algorithm, *SigningKey::from_seed(&[1; 32]).public()).unwrap()
    }

    #[test]
    fn a_verifier_key_is_read_back() {
        for algorithm in [Algorithm::Log, Algorithm::Cosigner] {
            let key = key(algorithm);
            assert_eq!(key.to_string().parse(), Ok(key));
        }
        assert_ne!(key(Algorithm::Log).id(), key(Algorithm::Cosigner).id());
    }

    #[test]
    fn published_keys_are_read_back() {
        for text in [
            "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
            "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6",
            "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        ] {
            assert_eq!(text.parse::<VerifierKey>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        use VerifierKeyError::{Algorithm as Other, Id, Key, Malformed, Name};
        let good = key(Algorithm::Log).to_string();
        let id = key(Algorithm::Log).id().to_string();
        let weak = to_base64(&[&[1_u8; 1][..], &[0; 32]].concat());
        let name = |name: &str| Name { name: name.to_owned() };
        for (bad, error) in [
            (String::new(), Malformed),
            (good.replace('+', "-"), Malformed),
            (good.replace(&id, &id.to_uppercase()), Malformed),
            (good.replace(&id, ""), Malformed),
            (good.replace(&id, "00000000"), Id { expected: key(Algorithm::Log).id() }),
            (good.replacen("+A", "+B", 1), Other { byte: 5 }),
            (good.replacen("+AY", "+AQ", 1), Malformed),
            (format!("{good}\n"), Malformed),
            (format!("{good} "), Malformed),
            (format!("{good}A=="), Malformed),
            (good.replacen("example", "", 1).replacen(".com/a", "", 1), name("")),
            (good.replacen("example", "an example", 1), name("an example.com/a")),
            (good.replacen("example", "an\u{2003}example", 1), name("an\u{2003}example.com/a")),
            (good.replacen("example", "\u{1b}", 1), name("\u{1b}.com/a")),
            (format!("a+00000000+{weak}"), Key(KeyError::SmallOrder)),
        ] {
            let found = bad.parse::<VerifierKey>();
            if !(error == Malformed && found.is_err()) {
                assert_eq!(found, Err(error), "{bad}");
            }
        }
    }
}
