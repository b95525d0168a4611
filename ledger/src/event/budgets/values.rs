//! What budgets count, over how long, and when something is said.

use crate::canonical::INTEGER_MAX;
use crate::text;
use crate::zone::Day;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use thiserror::Error;

/// What a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Money, in millionths of a dollar.
    MicroDollars,
    /// Tokens of a model, in and out.
    Tokens,
    /// Workspaces at a time.
    Workspaces,
    /// Thousandths of a processor.
    CpuMillis,
    /// Memory in MiB.
    MemoryMib,
    /// Disk in MiB.
    DiskMib,
}

impl Unit {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MicroDollars => "micro_dollars",
            Self::Tokens => "tokens",
            Self::Workspaces => "workspaces",
            Self::CpuMillis => "cpu_millis",
            Self::MemoryMib => "memory_mib",
            Self::DiskMib => "disk_mib",
        }
    }
}

impl fmt::Display for Unit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// So much of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Amount {
    /// How much.
    pub amount: u64,
    /// Of what.
    pub unit: Unit,
}

/// Amounts are not in ascending order of their units, or one is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("amounts are listed in the order of their units, each unit once, and are at most {INTEGER_MAX}")]
pub struct NotAmounts;

/// Amounts of one or more units, in ascending order of the unit, none above 2^53 − 1.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Amounts(Arc<[Amount]>);

impl Amounts {
    /// Of these amounts, in whatever order they come; a unit that comes twice is refused.
    pub fn of(amounts: impl IntoIterator<Item = (Unit, u64)>) -> Result<Self, NotAmounts> {
        let mut amounts: Vec<_> = amounts.into_iter().map(|(unit, amount)| Amount { amount, unit }).collect();
        amounts.sort_by_key(|amount| amount.unit);
        Self::sorted(amounts)
    }

    fn sorted(amounts: Vec<Amount>) -> Result<Self, NotAmounts> {
        let sound = !amounts.is_empty()
            && amounts.iter().all(|amount| amount.amount <= INTEGER_MAX)
            && amounts.is_sorted_by(|one, next| one.unit < next.unit);
        if sound { Ok(Self(amounts.into())) } else { Err(NotAmounts) }
    }

    /// How much of a unit; `None` when the unit is not among them.
    pub fn get(&self, unit: Unit) -> Option<u64> {
        self.0.iter().find(|amount| amount.unit == unit).map(|amount| amount.amount)
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = Amount> {
        self.0.iter().copied()
    }
}

impl<'de> Deserialize<'de> for Amounts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::sorted(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// Over how long a budget counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the next.
    Month,
    /// For ever.
    Lifetime,
}

/// One stretch of a budget's time: `2026-11-22`, `2026-11` or `lifetime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Window {
    /// All time.
    Lifetime,
    /// The month that begins with this day.
    Month(Day),
    /// This day.
    Day(Day),
}

/// A text names no window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a window reads `2026-11-22`, `2026-11` or `lifetime`")]
pub struct NotAWindow;

const LIFETIME: &str = "lifetime";

impl fmt::Display for Window {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lifetime => out.write_str(LIFETIME),
            Self::Month(day) => write!(out, "{:04}-{:02}", day.year, day.month),
            Self::Day(day) => write!(out, "{:04}-{:02}-{:02}", day.year, day.month, day.day),
        }
    }
}

impl FromStr for Window {
    type Err = NotAWindow;

    fn from_str(text: &str) -> Result<Self, NotAWindow> {
        let window = read(text).ok_or(NotAWindow)?;
        // A window has one spelling.
        if window.to_string() == text { Ok(window) } else { Err(NotAWindow) }
    }
}

fn read(text: &str) -> Option<Window> {
    if text == LIFETIME {
        return Some(Window::Lifetime);
    }
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next());
    let first = Day { year, month, day: 1 };
    let window = match day {
        None => Window::Month(first),
        Some(day) => Window::Day(Day { day: day.parse().ok()?, ..first }),
    };
    let (Window::Month(day) | Window::Day(day)) = window else { return None };
    day.exists().then_some(window)
}

impl Serialize for Window {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, str::parse)
    }
}

/// Most thresholds of a budget.
const THRESHOLDS_MAX: usize = 16;
/// Highest threshold, in percent.
const PERCENT_MAX: u16 = 1_000;

/// Percents of a limit at which something is to be said, in ascending order; they may exceed 100.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Thresholds(Arc<[u16]>);

/// A list holds no thresholds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("thresholds are at most {THRESHOLDS_MAX} percents from 1 to {PERCENT_MAX}, in ascending order")]
pub struct NotThresholds;

impl Thresholds {
    /// Of these percents.
    pub fn of(percents: impl IntoIterator<Item = u16>) -> Result<Self, NotThresholds> {
        let percents: Arc<[u16]> = percents.into_iter().collect();
        let sound = percents.len() <= THRESHOLDS_MAX
            && percents.iter().all(|percent| (1..=PERCENT_MAX).contains(percent))
            && percents.is_sorted_by(|one, next| one < next);
        if sound { Ok(Self(percents)) } else { Err(NotThresholds) }
    }

    /// The percents, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        self.0.iter().copied()
    }

    /// Whether the percent is one of them.
    pub fn contains(&self, percent: u16) -> bool {
        self.0.binary_search(&percent).is_ok()
    }
}

impl<'de> Deserialize<'de> for Thresholds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(Vec::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_has_one_spelling() {
        for text in ["lifetime", "2026-11", "2026-11-22"] {
            assert_eq!(text.parse::<Window>().map(|window| window.to_string()), Ok(text.to_owned()));
        }
        for bad in ["", "2026", "2026-13", "2026-02-29", "2026-1", "+2026-01", "2026-11-22-01", "Lifetime"] {
            assert_eq!(bad.parse::<Window>(), Err(NotAWindow), "{bad}");
        }
    }

    #[test]
    fn amounts_name_each_unit_once_and_stay_within_bounds() {
        let amounts = Amounts::of([(Unit::Tokens, 2), (Unit::MicroDollars, 1)]).unwrap();
        assert_eq!(amounts.iter().map(|amount| amount.amount).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(amounts.get(Unit::DiskMib), None);
        assert_eq!(Amounts::of([(Unit::Tokens, 1), (Unit::Tokens, 2)]), Err(NotAmounts));
        assert_eq!(Amounts::of([(Unit::Tokens, INTEGER_MAX + 1)]), Err(NotAmounts));
        assert_eq!(Amounts::of([]), Err(NotAmounts));
    }

    #[test]
    fn thresholds_ascend() {
        assert!(Thresholds::of([50, 80, 100, 120]).is_ok());
        for bad in [vec![0], vec![80, 50], vec![50, 50], vec![1_001]] {
            assert!(Thresholds::of(bad).is_err());
        }
    }
}
