//! Names that people give: of models, keys, levels and sets; and sorted lists of them.

use serde::{Deserialize, Deserializer, Serialize};
use std::sync::Arc;
use thiserror::Error;

/// Longest name in bytes.
pub const NAME_BYTES_MAX: usize = 128;
/// Most names in a list.
pub const NAMES_MAX: usize = 64;

/// A text is no name, or a list no list of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error(
    "a name is 1 to {NAME_BYTES_MAX} letters, digits or `.:/_@+-`, and a list holds at most {NAMES_MAX}, each once"
)]
pub struct NotNames;

/// Whether a text is a name: 1 to 128 letters, digits or `.:/_@+-`.
pub fn is_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".:/_@+-".contains(&byte);
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
}

/// Names in ascending order, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Names(Arc<[Box<str>]>);

impl Names {
    /// Of these names, in whatever order they come.
    pub fn of<T: Into<Box<str>>>(names: impl IntoIterator<Item = T>) -> Result<Self, NotNames> {
        let mut names: Vec<Box<str>> = names.into_iter().map(Into::into).collect();
        names.sort();
        Self::sorted(names)
    }

    fn sorted(names: Vec<Box<str>>) -> Result<Self, NotNames> {
        let sound = names.len() <= NAMES_MAX
            && names.iter().all(|name| is_name(name))
            && names.is_sorted_by(|one, next| one < next);
        if sound { Ok(Self(names.into())) } else { Err(NotNames) }
    }

    /// Whether the name is in the list.
    pub fn contains(&self, name: &str) -> bool {
        self.0.binary_search_by(|found| (**found).cmp(name)).is_ok()
    }

    /// Whether every name of the other list is in this one.
    pub fn covers(&self, other: &Self) -> bool {
        other.iter().all(|name| self.contains(name))
    }

    /// The names, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::sorted(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_sorted_and_holds_each_name_once() {
        let names = Names::of(["b", "a"]).unwrap();
        assert_eq!(names.iter().collect::<Vec<_>>(), ["a", "b"]);
        assert!(names.covers(&Names::of(["a"]).unwrap()) && !names.covers(&Names::of(["c"]).unwrap()));
        assert_eq!(Names::of(["a", "a"]), Err(NotNames));
        assert!(serde_json::from_str::<Names>("[\"b\",\"a\"]").is_err());
    }

    #[test]
    fn a_name_has_no_space_and_an_end() {
        assert!(is_name("openai/gpt-5:latest"));
        for bad in ["", "a b", "ä", "\n", &"a".repeat(129)] {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
