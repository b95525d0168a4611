//! Values that are written as text, and in snapshots as bytes: read where they stand, without a copy.

use serde::Deserializer;
use serde::de::{Error, Visitor};
use std::fmt;

/// Reads a text and makes of it what `parse` says.
pub(crate) fn read<'de, D: Deserializer<'de>, T, E: fmt::Display>(
    deserializer: D,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    deserializer.deserialize_str(Text(parse))
}

struct Text<P>(P);

impl<'de, T, E: fmt::Display, P: FnOnce(&str) -> Result<T, E>> Visitor<'de> for Text<P> {
    type Value = T;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a string")
    }

    fn visit_str<F: Error>(self, text: &str) -> Result<T, F> {
        (self.0)(text).map_err(F::custom)
    }
}

/// Reads exactly so many bytes, in a format that is not text.
pub(crate) fn read_bytes<'de, D: Deserializer<'de>, const N: usize>(
    deserializer: D,
) -> Result<[u8; N], D::Error> {
    deserializer.deserialize_bytes(Bytes)
}

struct Bytes<const N: usize>;

impl<const N: usize> Visitor<'_> for Bytes<N> {
    type Value = [u8; N];

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{N} bytes")
    }

    fn visit_bytes<F: Error>(self, bytes: &[u8]) -> Result<[u8; N], F> {
        bytes.try_into().map_err(|_| F::invalid_length(bytes.len(), &self))
    }
}
