//! What policies say: one type for each kind, with the bounds that a version must keep.
//!
//! The bounds hold for what is proposed from now on; a version that was adopted under others stays readable.

use crate::event::keys::{KeyClass, Models};
use crate::names::{Names, is_name};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Most calls or tokens a minute that a policy can name.
pub const PER_MINUTE_MAX: u64 = 1_000_000_000;
/// Longest life of a key that a policy can name: ten years.
pub const LIFETIME_SECONDS_MAX: u64 = 315_360_000;
/// Longest text of an enforcement level in bytes.
const TEXT_BYTES_MAX: usize = 4_096;
/// Most rules of a guardrail set.
const RULES_MAX: usize = 128;
/// Longest pattern of a guardrail in bytes.
const PATTERN_BYTES_MAX: usize = 1_024;
/// Most models of a catalogue.
const CATALOGUE_MAX: usize = 128;
/// Highest prices in pico-dollars: one dollar a token, a thousand a call.
const TOKEN_PICODOLLARS_MAX: u64 = 1_000_000_000_000;
const REQUEST_PICODOLLARS_MAX: u64 = 1_000_000_000_000_000;
/// Most classes of sealed data.
const CLASSES_MAX: usize = 32;
/// Longest retention: a hundred years.
const DAYS_MAX: u64 = 36_500;
/// Shortest and longest session in seconds.
const SESSION_SECONDS: std::ops::RangeInclusive<u64> = 60..=31_536_000;

/// A policy says something that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the policy is not sound: {what}")]
pub struct Unsound {
    /// What must hold.
    pub what: &'static str,
}

pub(super) fn sound(holds: bool, what: &'static str) -> Result<(), Unsound> {
    if holds { Ok(()) } else { Err(Unsound { what }) }
}

/// What the keys of a class may be at most, and are where nothing else is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct KeyDefaults {
    /// The class.
    pub class: KeyClass,
    /// The enforcement level; another must be as strict.
    pub enforcement: Box<str>,
    /// The guardrail set; another must hold all of its rules.
    pub guardrails: Box<str>,
    /// The longest life.
    pub lifetime_seconds_max: u64,
    /// The models.
    pub models: Models,
    /// Most calls a minute.
    pub requests_per_minute: u64,
    /// Most tokens a minute.
    pub tokens_per_minute: u64,
}

/// The level and the set that exist before anybody wrote one.
pub const STANDARD: &str = "standard";

impl KeyDefaults {
    /// What holds for a class before anything was adopted: a week for agents, ninety days for others, any model.
    pub fn standard(class: KeyClass) -> Self {
        let days = match class {
            KeyClass::AgentReview | KeyClass::AgentWrite => 7,
            KeyClass::Workspace | KeyClass::User | KeyClass::Ci => 90,
        };
        Self {
            class,
            enforcement: STANDARD.into(),
            guardrails: STANDARD.into(),
            lifetime_seconds_max: days * 86_400,
            models: Models::Any,
            requests_per_minute: 600,
            tokens_per_minute: 1_000_000,
        }
    }

    pub(super) fn check(&self) -> Result<(), Unsound> {
        let named = is_name(&self.enforcement) && is_name(&self.guardrails);
        sound(named, "`enforcement` and `guardrails` are names")?;
        let per_minute = [self.requests_per_minute, self.tokens_per_minute];
        let bounded = per_minute.iter().all(|rate| (1..=PER_MINUTE_MAX).contains(rate));
        sound(bounded, "rates are from 1 to 1000000000 a minute")?;
        let lives = (1..=LIFETIME_SECONDS_MAX).contains(&self.lifetime_seconds_max);
        sound(lives, "`lifetime_seconds_max` is from 1 to 315360000")
    }
}

/// How strict an enforcement level is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// It is written down.
    Observe,
    /// Who asked is told.
    Warn,
    /// It does not happen.
    Block,
}

/// A level of enforcement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Enforcement {
    /// How strict it is.
    pub mode: Mode,
    /// Its name.
    pub name: Box<str>,
    /// What is said to who is told.
    pub text: Box<str>,
}

impl Enforcement {
    /// The level that exists before anybody wrote one.
    pub fn standard() -> Self {
        Self { mode: Mode::Warn, name: STANDARD.into(), text: "".into() }
    }

    pub(super) fn check(&self) -> Result<(), Unsound> {
        sound(is_name(&self.name), "`name` is a name")?;
        sound(self.text.len() <= TEXT_BYTES_MAX, "`text` is at most 4096 bytes long")
    }
}

/// What a guardrail does with what it finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Takes it out.
    Redact,
    /// Stops the call.
    Block,
    /// Writes it down.
    Flag,
}

/// A rule over the content of calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guardrail {
    /// What happens with what it finds.
    pub action: Action,
    /// Its name in the set.
    pub name: Box<str>,
    /// What it looks for.
    pub pattern: Box<str>,
}

/// A set of guardrails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Guardrails {
    /// The set's name.
    pub name: Box<str>,
    /// Its rules, in ascending order of their names.
    pub rules: Vec<Guardrail>,
}

impl Guardrails {
    /// The set that exists before anybody wrote one.
    pub fn standard() -> Self {
        Self { name: STANDARD.into(), rules: Vec::new() }
    }

    pub(super) fn check(&self) -> Result<(), Unsound> {
        sound(is_name(&self.name), "`name` is a name")?;
        let names = self.rules.iter().map(|rule| &*rule.name);
        sound(ascending(names, RULES_MAX), "`rules` are at most 128, in ascending order of their names")?;
        let fits = |rule: &Guardrail| (1..=PATTERN_BYTES_MAX).contains(&rule.pattern.len());
        sound(self.rules.iter().all(fits), "a `pattern` is 1 to 1024 bytes long")
    }
}

/// A model that can be called, and what it costs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// For a token read from a cache.
    pub cache_read_picodollars: u64,
    /// For a token written to a cache.
    pub cache_write_picodollars: u64,
    /// For a token sent.
    pub input_picodollars: u64,
    /// What callers call it.
    pub name: Box<str>,
    /// For a token that comes back.
    pub output_picodollars: u64,
    /// For each call.
    pub request_picodollars: u64,
}

/// The models that can be called, and what they cost.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The models, in ascending order of their names.
    pub models: Vec<Model>,
}

impl Catalogue {
    /// The names of all models.
    pub fn names(&self) -> Option<Names> {
        Names::of(self.models.iter().map(|model| model.name.clone())).ok()
    }

    pub(super) fn check(&self) -> Result<(), Unsound> {
        let names = self.models.iter().map(|model| &*model.name);
        sound(
            ascending(names, CATALOGUE_MAX),
            "`models` are at most 128, in ascending order of their names",
        )?;
        let of_token = |model: &Model| {
            let read = [model.cache_read_picodollars, model.cache_write_picodollars];
            let prices = [model.input_picodollars, model.output_picodollars];
            read.iter().chain(&prices).all(|price| *price <= TOKEN_PICODOLLARS_MAX)
        };
        let bounded = |model: &Model| of_token(model) && model.request_picodollars <= REQUEST_PICODOLLARS_MAX;
        sound(self.models.iter().all(bounded), "a token costs at most one dollar, a call at most 1000")
    }
}

/// How long one class of sealed data is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Retained {
    /// The class.
    pub class: Box<str>,
    /// For so many days.
    pub days: u64,
}

/// How long sealed data are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// The classes, in ascending order of their names.
    pub classes: Vec<Retained>,
}

impl Retention {
    pub(super) fn check(&self) -> Result<(), Unsound> {
        let names = self.classes.iter().map(|retained| &*retained.class);
        sound(ascending(names, CLASSES_MAX), "`classes` are at most 32, in ascending order of their names")?;
        let bounded = self.classes.iter().all(|retained| (1..=DAYS_MAX).contains(&retained.days));
        sound(bounded, "`days` are from 1 to 36500")
    }
}

/// How long a session lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// In all.
    pub absolute_seconds: u64,
    /// Without anything being done.
    pub idle_seconds: u64,
}

impl Session {
    /// What holds before anything was adopted: eight hours in all, one unused.
    pub const STANDARD: Self = Self { absolute_seconds: 28_800, idle_seconds: 3_600 };

    pub(super) fn check(self) -> Result<(), Unsound> {
        let bounded =
            [self.absolute_seconds, self.idle_seconds].iter().all(|it| SESSION_SECONDS.contains(it));
        sound(bounded, "sessions last from 60 to 31536000 seconds")?;
        sound(self.idle_seconds <= self.absolute_seconds, "`idle_seconds` is at most `absolute_seconds`")
    }
}

/// Whether these are names in ascending order, each once, and not too many.
pub(super) fn ascending<'a>(names: impl Iterator<Item = &'a str>, count_max: usize) -> bool {
    let names: Vec<_> = names.collect();
    names.len() <= count_max
        && names.iter().all(|name| is_name(name))
        && names.is_sorted_by(|one, next| one < next)
}
