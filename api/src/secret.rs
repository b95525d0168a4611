//! Secrets that people and programs carry: credentials, claim tokens and virtual keys.
//!
//! `deed_` and 64 hex digits, `_` and 8 more that check them, so that a scanner can tell one from noise and a slip of the finger is noticed
//! before it is sent anywhere. A virtual key begins with `deed_key_` instead. Only the SHA-256 of a secret is ever kept.

use ledger::entropy::fresh;
use ledger::event::id::VirtualKeyId;
use ledger::hash::{Hash, array_from_hex, to_hex};
use std::fmt;

/// What a secret is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// To act as a subject, or to claim a ledger.
    Credential,
    /// To call models.
    Key,
}

impl Form {
    fn prefix(self) -> &'static str {
        match self {
            Self::Credential => "deed_",
            Self::Key => "deed_key_",
        }
    }

    fn check_context(self) -> &'static str {
        match self {
            Self::Credential => "deed/secret-check/v1",
            Self::Key => "deed/key-check/v1",
        }
    }
}

/// A secret. It prints only when asked to by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret {
    bytes: [u8; 32],
    form: Form,
}

impl Secret {
    /// A fresh one to act as a subject.
    pub fn fresh() -> Self {
        Self { bytes: fresh(), form: Form::Credential }
    }

    /// A fresh one to call models.
    pub fn fresh_key() -> Self {
        Self { bytes: fresh(), form: Form::Key }
    }

    /// The one of the tools of a workspace: it follows from a secret of this Deed and the key's id, so it is the same after every start.
    pub fn of_tools(own: &[u8; 32], key: VirtualKeyId) -> Self {
        let Hash(bytes) = Hash::in_context("deed/tool-key-secret/v1", &[own, key.as_bytes()]);
        Self { bytes, form: Form::Key }
    }

    /// Reads one to act as a subject; `None` when it is not one, or mistyped.
    pub fn parse(text: &str) -> Option<Self> {
        Self::read(text, Form::Credential)
    }

    /// Reads one to call models; `None` when it is not one, or mistyped.
    pub fn parse_key(text: &str) -> Option<Self> {
        Self::read(text, Form::Key)
    }

    fn read(text: &str, form: Form) -> Option<Self> {
        let (digits, check) = text.strip_prefix(form.prefix())?.split_once('_')?;
        let secret = Self { bytes: array_from_hex(digits.as_bytes())?, form };
        (secret.check() == check).then_some(secret)
    }

    /// What is kept of it.
    pub fn digest(&self) -> Hash {
        Hash::of(&[self.reveal().as_bytes()])
    }

    /// The secret itself, to be shown once to whom it belongs.
    pub fn reveal(&self) -> String {
        format!("{}{}_{}", self.form.prefix(), to_hex(&self.bytes), self.check())
    }

    fn check(&self) -> String {
        let Hash([a, b, c, d, ..]) = Hash::in_context(self.form.check_context(), &[&self.bytes]);
        to_hex(&[a, b, c, d])
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Secret(…)")
    }
}

/// A code that people keep on paper: twenty letters and digits, of which none looks like another, with 100 bits of chance.
pub struct RecoveryCode(String);

impl RecoveryCode {
    /// The letters and digits (Crockford's base 32).
    const LETTERS: &'static [u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    const LENGTH: usize = 20;

    /// A fresh one.
    pub fn fresh() -> Self {
        let places = fresh::<{ Self::LENGTH }>().map(|byte| usize::from(byte % 32));
        let letters = places.iter().filter_map(|place| Self::LETTERS.get(*place));
        Self(letters.map(|letter| char::from(*letter)).collect())
    }

    /// Reads one as people type it: in any case, with anything between its parts; `None` when it is not one.
    pub fn parse(text: &str) -> Option<Self> {
        let meant = |letter: char| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            letter => letter,
        };
        let letters = text.chars().filter(|letter| letter.is_ascii_alphanumeric()).map(meant);
        let code: String = letters.take(Self::LENGTH + 1).collect();
        let known = code.bytes().all(|letter| Self::LETTERS.contains(&letter));
        (known && code.len() == Self::LENGTH).then_some(Self(code))
    }

    /// What is kept of it.
    pub fn digest(&self) -> Hash {
        Hash::in_context("deed/recovery-code/v1", &[self.0.as_bytes()])
    }

    /// The code itself, to be shown once.
    pub fn reveal(&self) -> String {
        let parts: Vec<_> = self.0.as_bytes().chunks(5).map(String::from_utf8_lossy).collect();
        parts.join("-")
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

    #[test]
    fn a_recovery_code_reads_back_as_people_type_it() {
        let code = RecoveryCode::fresh();
        let text = code.reveal();
        assert_eq!(text.len(), 23);
        let sloppy = text.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(RecoveryCode::parse(&sloppy).map(|read| read.digest()), Some(code.digest()));
        for wrong in ["", "ABC", &format!("{text}A"), &text.replacen(text.get(..1).unwrap(), "U", 1)] {
            assert!(RecoveryCode::parse(wrong).is_none(), "{wrong}");
        }
        assert_ne!(RecoveryCode::fresh().reveal(), text);
    }

    #[test]
    fn a_key_is_no_credential_and_a_credential_no_key() {
        let (key, credential) = (Secret::fresh_key(), Secret::fresh());
        assert_eq!(Secret::parse_key(&key.reveal()), Some(key.clone()));
        assert_eq!(Secret::parse(&key.reveal()), None);
        assert_eq!(Secret::parse_key(&credential.reveal()), None);
        assert_eq!(Secret::parse(&key.reveal().replace("deed_key_", "deed_")), None);
        assert_eq!(Secret::parse_key(&credential.reveal().replace("deed_", "deed_key_")), None);
    }
}
