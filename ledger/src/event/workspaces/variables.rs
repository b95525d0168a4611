//! Environment variables in a spec: a list, since the keys of an event's objects are lower-case words and names of variables are not.

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::fmt;

type Variables = BTreeMap<Box<str>, Box<str>>;

/// An environment variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Variable<T> {
    /// Its name.
    name: T,
    /// Its value, which may hold references.
    value: T,
}

pub(super) fn serialize<S: Serializer>(variables: &Variables, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(variables.iter().map(|(name, value)| Variable { name: &**name, value: &**value }))
}

/// Reads the list, and the table that people write in its place.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Variables, D::Error> {
    deserializer.deserialize_any(ListOrTable)
}

struct ListOrTable;

impl<'de> Visitor<'de> for ListOrTable {
    type Value = Variables;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("environment variables with their values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Variables, A::Error> {
        let list = Vec::<Variable<Box<str>>>::deserialize(SeqAccessDeserializer::new(list))?;
        if !list.is_sorted_by(|one, next| one.name < next.name) {
            return Err(A::Error::custom("variables are in ascending order of their names"));
        }
        Ok(list.into_iter().map(|Variable { name, value }| (name, value)).collect())
    }

    fn visit_map<A: MapAccess<'de>>(self, table: A) -> Result<Variables, A::Error> {
        Variables::deserialize(MapAccessDeserializer::new(table))
    }
}
