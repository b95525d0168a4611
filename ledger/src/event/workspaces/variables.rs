//! Environment variables in a spec: a list, since the keys of an event's objects are lower-case words and names of variables are not.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;

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

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Variables, D::Error> {
    let list = Vec::<Variable<Box<str>>>::deserialize(deserializer)?;
    if !list.is_sorted_by(|one, next| one.name < next.name) {
        return Err(D::Error::custom("variables are in ascending order of their names"));
    }
    Ok(list.into_iter().map(|Variable { name, value }| (name, value)).collect())
}
