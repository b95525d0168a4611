//! Values that are written as text: read where they stand, without a copy of the text.

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
