//! What whoever creates a workspace chooses: typed, bounded, and either for ever or until changed.

use super::spec::is_false;
use crate::canonical::INTEGER_MAX;
use crate::event::policy::Unsound;
use regex_lite::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Longest value in bytes.
pub const VALUE_BYTES_MAX: usize = 1024;
/// Longest values of one workspace in bytes, as canonical JSON: half of what an event holds.
const VALUES_BYTES_MAX: usize = 32 << 10;
/// Longest name in bytes: what is no name is not repeated in full.
const NAME_BYTES_MAX: usize = 32;
/// Most memory that a pattern may take once it is read.
const PATTERN_MEMORY_MAX: usize = 1 << 20;

/// The values of the parameters of a workspace, by name.
pub type Values = BTreeMap<Box<str>, Box<str>>;

/// Something that is chosen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Parameter {
    /// What holds when nothing is chosen; absent when something must be.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub default: Option<Box<str>>,
    /// What it means.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub description: Option<Box<str>>,
    /// What its values look like.
    pub kind: Kind,
    /// The greatest number, or the longest text or list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub max: Option<i64>,
    /// The least number, or the shortest text or list.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub min: Option<i64>,
    /// Whether it can be changed after the workspace was created.
    #[serde(skip_serializing_if = "is_false", default)]
    pub mutable: bool,
    /// Its name: 1 to 32 lower-case letters, digits or `_`, first a letter.
    pub name: Box<str>,
    /// The values there are to choose from; absent for any.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub options: Vec<Choice>,
    /// A regular expression that the whole of a text matches.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pattern: Option<Box<str>>,
}

/// What the values of a parameter look like. All of them are texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Any text of one or more lines.
    Text,
    /// A whole number in decimal digits.
    Number,
    /// `true` or `false`.
    Bool,
    /// A JSON array of texts.
    List,
}

/// A value to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// What people call it.
    pub name: Box<str>,
    /// The value.
    pub value: Box<str>,
}

impl Parameter {
    /// Whether a value can be chosen.
    pub fn admits(&self, value: &str) -> Result<(), Unsound> {
        let sound = |holds: bool, what| if holds { Ok(()) } else { Err(Unsound { what }) };
        sound(value.len() <= VALUE_BYTES_MAX, "it is at most 1024 bytes long")?;
        sound(!value.contains('\0'), "it holds no zero byte")?;
        let listed = self.options.is_empty() || self.options.iter().any(|choice| &*choice.value == value);
        sound(listed, "it is one of the options")?;
        let size = self.size(value)?;
        sound(self.min.is_none_or(|min| min <= size), "it is not below `min`")?;
        sound(self.max.is_none_or(|max| size <= max), "it is not above `max`")?;
        let matches = |pattern: &str| read(pattern).is_some_and(|regex| regex.is_match(value));
        sound(self.pattern.as_deref().is_none_or(matches), "it matches the `pattern`")
    }

    /// The number that a value is, or how long it is.
    fn size(&self, value: &str) -> Result<i64, Unsound> {
        let length = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        match self.kind {
            Kind::Text => Ok(length(value.chars().count())),
            Kind::Number => number(value)
                .ok_or(Unsound { what: "it is a whole number within 2^53 of 0, in decimal digits" }),
            Kind::Bool if matches!(value, "true" | "false") => Ok(0),
            Kind::Bool => Err(Unsound { what: "it is `true` or `false`" }),
            Kind::List => {
                let read = serde_json::from_str::<Vec<Box<str>>>(value);
                read.map(|list| length(list.len()))
                    .map_err(|_| Unsound { what: "it is a JSON array of texts" })
            }
        }
    }

    /// Whether its pattern, if it has one, can be read and belongs to a text.
    pub(super) fn has_sound_pattern(&self) -> bool {
        self.pattern.as_deref().is_none_or(|pattern| self.kind == Kind::Text && read(pattern).is_some())
    }
}

/// A number that has one spelling.
fn number(value: &str) -> Option<i64> {
    let number: i64 = value.parse().ok()?;
    (number.unsigned_abs() <= INTEGER_MAX && number.to_string() == value).then_some(number)
}

/// The pattern, made to match the whole of a text.
fn read(pattern: &str) -> Option<Regex> {
    // It is one by itself: brackets of ours are not closed by it.
    RegexBuilder::new(pattern).size_limit(PATTERN_MEMORY_MAX).build().ok()?;
    RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(PATTERN_MEMORY_MAX).build().ok()
}

/// The value of each parameter: what is chosen, else what holds then. Nothing else may be chosen.
pub fn complete(parameters: &[Parameter], chosen: &Values) -> Result<Values, (Box<str>, Unsound)> {
    let known = |name: &str| parameters.iter().any(|parameter| &*parameter.name == name);
    if let Some(name) = chosen.keys().find(|name| !known(name)) {
        let name: String = name.chars().take(NAME_BYTES_MAX).collect();
        return Err((name.into(), Unsound { what: "the template has a parameter of this name" }));
    }
    let value = |parameter: &Parameter| {
        let name = parameter.name.clone();
        let value = chosen.get(&name).or(parameter.default.as_ref());
        let value = value.ok_or(Unsound { what: "it is given, since it has no default" });
        match value.and_then(|value| parameter.admits(value).map(|()| value.clone())) {
            Ok(value) => Ok((name, value)),
            Err(unsound) => Err((name, unsound)),
        }
    };
    let all: Values = parameters.iter().map(value).collect::<Result<_, _>>()?;
    let length = serde_json::to_vec(&all).map_or(usize::MAX, |text| text.len());
    match all.last_key_value() {
        Some((name, _)) if length > VALUES_BYTES_MAX => {
            Err((name.clone(), Unsound { what: "all values together are at most 32 KiB long" }))
        }
        _ => Ok(all),
    }
}
