//! C2SP signed notes: a text, and lines that sign it.
//!
//! The grammar is exact: a note is read and printed back byte for byte, or it is refused. A line of an unknown key is
//! ignored; a line of a known key that does not verify condemns the note, and so do two lines of one known key, because
//! a reader could not say which of them speaks.

mod signer;
mod verifier_key;

pub use signer::{Cosigner, Signer, TIMESTAMP_MAX};
pub use verifier_key::{Algorithm, KeyId, VerifierKey, VerifierKeyError};

use crate::hash::{from_base64, to_base64};
use crate::signature::{BadSignature, Signature};
use std::fmt;

/// The largest note: a checkpoint with 32 lines of the longest names in use takes a tenth of it.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The most signature lines; the specification asks for at least 16.
pub const SIGNATURE_LINES_MAX: usize = 32;

const LINE_START: &str = "\u{2014} ";

/// Why bytes are no note, or why a note is not to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// The note is larger than [`NOTE_BYTES_MAX`].
    #[error("the note is larger than {NOTE_BYTES_MAX} bytes")]
    TooLarge,
    /// The bytes are not UTF-8.
    #[error("the note is not UTF-8")]
    NotUtf8,
    /// A control character other than the newline.
    #[error("the note holds a control character")]
    ControlCharacter,
    /// No empty line, or no newline at the end of the text.
    #[error("the text of the note does not end with a newline and an empty line")]
    TextEnd,
    /// A signature line of another form.
    #[error("signature line {line} of the note is malformed")]
    SignatureLine {
        /// The line, from 1.
        line: usize,
    },
    /// More than [`SIGNATURE_LINES_MAX`] lines.
    #[error("the note has more than {SIGNATURE_LINES_MAX} signature lines")]
    TooManySignatures,
    /// Two of the given keys have one name and one id.
    #[error("two of the known keys are both named `{name}` and have the same id")]
    AmbiguousKeys {
        /// Their name.
        name: String,
    },
    /// A known key's line does not verify.
    #[error("the signature of `{name}` does not verify")]
    BadSignature {
        /// The name of the key.
        name: String,
    },
    /// A known key has two lines.
    #[error("the note has two signatures of `{name}`")]
    DuplicateSignature {
        /// The name of the key.
        name: String,
    },
    /// No line is by a known key.
    #[error("no known key has signed the note")]
    Unsigned,
    /// A cosignature of a time beyond [`TIMESTAMP_MAX`].
    #[error("the time of a cosignature is out of range")]
    Timestamp,
}

/// A note that is well formed; whether it is to be believed, [`Note::verify`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    // INVARIANT: from 1 to SIGNATURE_LINES_MAX.
    lines: Vec<SignatureLine>,
}

/// One signature under a note, of a key known or unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    name: String,
    key_id: KeyId,
    signature: Vec<u8>,
}

/// A line of a known key that verified. Only [`Note::verify`] makes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verified<'k> {
    key: &'k VerifierKey,
    timestamp: Option<u64>,
}

impl<'k> Verified<'k> {
    /// The key that signed.
    pub fn key(&self) -> &'k VerifierKey {
        self.key
    }

    /// The time of a cosignature in seconds since 1970; a log's signature has none.
    pub fn timestamp(&self) -> Option<u64> {
        self.timestamp
    }
}

impl Note {
    /// Reads a note.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge);
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::NotUtf8)?;
        // A text's own last newline comes before the empty line, so the split takes it away.
        let (text, signatures) = note.rsplit_once("\n\n").ok_or(NoteError::TextEnd)?;
        let text = format!("{text}\n");
        check_text(&text)?;
        let lines = signatures.split_inclusive('\n').enumerate();
        let lines = lines.map(|(n, line)| SignatureLine::parse(line).ok_or(n)).take(SIGNATURE_LINES_MAX + 1);
        let lines: Result<Vec<_>, usize> = lines.collect();
        let lines = lines.map_err(|n| NoteError::SignatureLine { line: n + 1 })?;
        if lines.is_empty() {
            return Err(NoteError::SignatureLine { line: 1 });
        }
        if lines.len() > SIGNATURE_LINES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        Ok(Self { text, lines })
    }

    /// Signs a text, which ends with a newline.
    pub fn sign(text: &str, signer: &Signer) -> Result<Self, NoteError> {
        check_text(text)?;
        Self { text: text.to_owned(), lines: vec![signer.sign(text)] }.bounded()
    }

    /// The note with one more signature, which may be of a key that is not known here.
    pub fn with(mut self, line: SignatureLine) -> Result<Self, NoteError> {
        self.lines.push(line);
        self.bounded()
    }

    /// The text that is signed, with its last newline.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signature lines, verified or not.
    pub fn lines(&self) -> &[SignatureLine] {
        &self.lines
    }

    /// Checks every line of a known key, and gives them in the order of the note; there is at least one.
    pub fn verify<'k>(&self, known: &[&'k VerifierKey]) -> Result<Vec<Verified<'k>>, NoteError> {
        check_unambiguous(known)?;
        let mut verified: Vec<Verified<'k>> = Vec::new();
        for line in &self.lines {
            let Some(key) = known.iter().find(|key| line.is_by(key)) else { continue };
            if verified.iter().any(|other| line.is_by(other.key)) {
                return Err(NoteError::DuplicateSignature { name: line.name.clone() });
            }
            let checked = line.check(&self.text, key);
            verified.push(checked.map_err(|_| NoteError::BadSignature { name: line.name.clone() })?);
        }
        if verified.is_empty() { Err(NoteError::Unsigned) } else { Ok(verified) }
    }

    fn bounded(self) -> Result<Self, NoteError> {
        if self.lines.len() > SIGNATURE_LINES_MAX {
            return Err(NoteError::TooManySignatures);
        }
        if self.to_string().len() > NOTE_BYTES_MAX { Err(NoteError::TooLarge) } else { Ok(self) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.lines.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl SignatureLine {
    /// The name of the key that is said to have signed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of that key.
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_suffix('\n')?.strip_prefix(LINE_START)?.split_once(' ')?;
        let blob = from_base64(blob)?;
        let (key_id, signature) = blob.split_first_chunk::<4>()?;
        let whole = verifier_key::is_name(name) && !name.contains(char::is_control) && !signature.is_empty();
        let (name, signature) = (name.to_owned(), signature.to_owned());
        whole.then_some(Self { name, key_id: KeyId(*key_id), signature })
    }

    fn is_by(&self, key: &VerifierKey) -> bool {
        self.name == key.name() && self.key_id == key.id()
    }

    fn check<'k>(&self, text: &str, key: &'k VerifierKey) -> Result<Verified<'k>, BadSignature> {
        let (message, timestamp, signature) = match key.algorithm() {
            Algorithm::Log => (text.to_owned(), None, self.signature.as_slice()),
            Algorithm::Cosigner => {
                let (time, signature) = self.signature.split_first_chunk::<8>().ok_or(BadSignature)?;
                let time = u64::from_be_bytes(*time);
                (signer::cosigned(text, time).ok_or(BadSignature)?, Some(time), signature)
            }
        };
        let signature = Signature(signature.try_into().map_err(|_| BadSignature)?);
        key.key().verify(message.as_bytes(), &signature)?;
        Ok(Verified { key, timestamp })
    }
}

impl fmt::Display for SignatureLine {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let blob = [&self.key_id.0, self.signature.as_slice()].concat();
        write!(out, "{LINE_START}{} {}", self.name, to_base64(&blob))
    }
}

fn check_text(text: &str) -> Result<(), NoteError> {
    if text.bytes().any(|byte| byte < b' ' && byte != b'\n') {
        return Err(NoteError::ControlCharacter);
    }
    if text.ends_with('\n') { Ok(()) } else { Err(NoteError::TextEnd) }
}

fn check_unambiguous(known: &[&VerifierKey]) -> Result<(), NoteError> {
    for (n, key) in known.iter().enumerate() {
        let mut before = known.iter().take(n);
        if before.any(|other| other.name() == key.name() && other.id() == key.id()) {
            return Err(NoteError::AmbiguousKeys { name: key.name().to_owned() });
        }
    }
    Ok(())
}
