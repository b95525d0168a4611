//! The fields that chain a leaf, found by a scan that also proves the text canonical.
//!
//! [`Envelope::parse`] reads every byte as JSON. [`Envelope::parse_alike`] gives the same answer, and first compares the text with the
//! [`Shapes`] of texts that were proven before: most events of a log are written alike.

use super::leaf::{DecodeError, within_limit};
use super::shapes::Shapes;
use crate::canonical;
use crate::hash::{Hash, array_from_hex};
use std::ops::Range;

/// The fields that chain a leaf.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Envelope<'a> {
    /// Counts restores.
    pub epoch: u64,
    /// The ledger, as text.
    pub ledger: &'a str,
    /// Leaf hash of the event before.
    pub prev: Hash,
    /// Whether payloads are sealed beside it.
    pub has_sealed: bool,
    /// Its position.
    pub seq: u64,
    /// When, as text of fixed width: texts order as times do.
    pub time: &'a str,
    /// `<area>.<past fact>`.
    pub kind: &'a str,
}

/// How many keys every leaf has.
const KEYS_REQUIRED: usize = 13;

/// Where the fields stand in a leaf.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    required: usize,
    foreign: bool,
    epoch: Range<usize>,
    ledger: Range<usize>,
    prev: Range<usize>,
    has_sealed: bool,
    seq: Range<usize>,
    time: Range<usize>,
    kind: Range<usize>,
}

impl Spans {
    /// Takes up a member. None comes twice, since the text is canonical.
    #[inline]
    fn note(&mut self, key: &[u8], value: Range<usize>) {
        match key {
            b"actor" | b"data" | b"id" | b"object" | b"origin" | b"outcome" | b"v" => {}
            b"epoch" => self.epoch = value,
            b"ledger" => self.ledger = value,
            b"prev" => self.prev = value,
            b"seq" => self.seq = value,
            b"time" => self.time = value,
            b"type" => self.kind = value,
            b"assurance" | b"cause" => return,
            b"sealed" => {
                self.has_sealed = true;
                return;
            }
            _ => {
                self.foreign = true;
                return;
            }
        }
        self.required += 1;
    }

    /// Proves the text a canonical JSON object with the keys of a leaf.
    fn find(text: &[u8]) -> Result<Self, DecodeError> {
        within_limit(text)?;
        let mut spans = Self::default();
        canonical::members(text, |key, value| spans.note(key, value))?;
        if spans.foreign || spans.required != KEYS_REQUIRED {
            return Err(DecodeError::Contradiction { field: "keys" });
        }
        Ok(spans)
    }
}

impl<'a> Envelope<'a> {
    /// Proves the text a canonical JSON object with the keys of a leaf, and finds the fields that chain it.
    pub fn parse(text: &'a [u8]) -> Result<Self, DecodeError> {
        Self::of(text, &Spans::find(text)?)
    }

    /// The same as [`Self::parse`], sooner when the text is like one that was read with these shapes before.
    pub fn parse_alike(text: &'a [u8], shapes: &mut Shapes) -> Result<Self, DecodeError> {
        if let Some(spans) = shapes.find(text) {
            return Self::of(text, spans);
        }
        let spans = Spans::find(text)?;
        let envelope = Self::of(text, &spans);
        shapes.learn(text, spans);
        envelope
    }

    fn of(text: &'a [u8], spans: &Spans) -> Result<Self, DecodeError> {
        let at = |span: &Range<usize>| text.get(span.clone()).unwrap_or_default();
        Ok(Self {
            epoch: number(at(&spans.epoch), "epoch")?,
            ledger: string(at(&spans.ledger), "ledger")?,
            prev: hash(at(&spans.prev)).ok_or(DecodeError::Contradiction { field: "prev" })?,
            has_sealed: spans.has_sealed,
            seq: number(at(&spans.seq), "seq")?,
            time: string(at(&spans.time), "time")?,
            kind: string(at(&spans.kind), "type")?,
        })
    }
}

fn hash(value: &[u8]) -> Option<Hash> {
    array_from_hex(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?).map(Hash)
}

fn string<'a>(value: &'a [u8], field: &'static str) -> Result<&'a str, DecodeError> {
    let inner = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\""));
    let plain = inner.filter(|inner| !inner.contains(&b'\\'));
    plain.and_then(|plain| std::str::from_utf8(plain).ok()).ok_or(DecodeError::Contradiction { field })
}

fn number(value: &[u8], field: &'static str) -> Result<u64, DecodeError> {
    let text = std::str::from_utf8(value).ok();
    text.and_then(|text| text.parse().ok()).ok_or(DecodeError::Contradiction { field })
}
