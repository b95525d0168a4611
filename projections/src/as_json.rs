//! Words of the log inside a state. In a snapshot they stand as the JSON that they are in the log: what a snapshot is made of leaves
//! nothing out, and these words do.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::ops::Deref;
use std::sync::Arc;

/// Words of the log, shared between the states that hold them.
#[derive(Debug, PartialEq, Eq)]
pub struct AsJson<T>(Arc<T>);

impl<T> AsJson<T> {
    /// Of these words.
    pub fn new(words: T) -> Self {
        Self(Arc::new(words))
    }

    /// The words, to be kept beyond the state.
    pub fn share(&self) -> Arc<T> {
        Arc::clone(&self.0)
    }
}

impl<T> Clone for AsJson<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for AsJson<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Serialize> Serialize for AsJson<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return self.0.serialize(serializer);
        }
        let text = serde_json::to_string(&self.0).map_err(serde::ser::Error::custom)?;
        text.serialize(serializer)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for AsJson<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return T::deserialize(deserializer).map(Self::new);
        }
        let text = String::deserialize(deserializer)?;
        serde_json::from_str(&text).map(Self::new).map_err(D::Error::custom)
    }
}
