//! Time zones: what date a moment has somewhere, and when a date begins there.
//!
//! The zones are those compiled in; no file of the system is read, so that every machine with this build gives the same answer.

use crate::time::Time;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::sync::LazyLock;
use thiserror::Error;

/// Longest name of a zone in bytes.
const NAME_BYTES_MAX: usize = 64;

/// A text is not the name of a time zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("there is no such time zone; write a name like `Europe/Berlin` or `UTC`")]
pub struct NotAZone;

/// The name of a time zone. One that this build does not know counts as UTC.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Zone(Box<str>);

/// A date: year, month and day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day {
    /// From 1969 to 9999.
    pub year: i16,
    /// From 1 to 12.
    pub month: i8,
    /// From 1 to 31.
    pub day: i8,
}

fn known(name: &str) -> Option<TimeZone> {
    static COMPILED_IN: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    let found = COMPILED_IN.get(name).ok()?;
    // A name has one spelling.
    (found.iana_name() == Some(name)).then_some(found)
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self("UTC".into())
    }

    /// The zone of that IANA name, if this build knows it.
    pub fn parse(text: &str) -> Result<Self, NotAZone> {
        let zone = Self::named(text)?;
        if zone.is_known() { Ok(zone) } else { Err(NotAZone) }
    }

    /// A text that could be the name of a zone, to this build or to another.
    fn named(text: &str) -> Result<Self, NotAZone> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+-".contains(&byte);
        let sound = (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain);
        if sound { Ok(Self(text.into())) } else { Err(NotAZone) }
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this build knows it.
    pub fn is_known(&self) -> bool {
        known(&self.0).is_some()
    }

    fn rules(&self) -> TimeZone {
        known(&self.0).unwrap_or(TimeZone::UTC)
    }

    /// The date of a moment there.
    pub fn day_of(&self, time: Time) -> Day {
        let moment = Timestamp::from_microsecond(time.micros().cast_signed()).unwrap_or_default();
        let date = self.rules().to_datetime(moment).date();
        Day { year: date.year(), month: date.month(), day: date.day() }
    }

    /// The first moment of a date there; `None` when there is no such date, or none that a time can name.
    pub fn start_of(&self, day: Day) -> Option<Time> {
        let date = Date::new(day.year, day.month, day.day).ok()?;
        let moment = self.rules().to_zoned(date.to_datetime(jiff::civil::Time::midnight())).ok()?;
        let first = moment.start_of_day().ok()?.timestamp();
        u64::try_from(first.as_microsecond()).ok().map(Time::from_micros)
    }

    /// So many minutes after midnight by the clock of a date there; where the clock leaves that out, as much later.
    pub fn moment_of(&self, day: Day, minutes: u16) -> Option<Time> {
        let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        let time = jiff::civil::Time::new(hour, minute, 0, 0).ok()?;
        let date = Date::new(day.year, day.month, day.day).ok()?;
        let moment = self.rules().to_zoned(date.to_datetime(time)).ok()?.timestamp();
        u64::try_from(moment.as_microsecond()).ok().map(Time::from_micros)
    }
}

impl Day {
    /// Whether the calendar has it.
    pub fn exists(self) -> bool {
        Date::new(self.year, self.month, self.day).is_ok()
    }

    /// The day of the week, from 0 for Monday to 6; `None` when the calendar does not have it.
    pub fn weekday(self) -> Option<usize> {
        let date = Date::new(self.year, self.month, self.day).ok()?;
        usize::try_from(date.weekday().to_monday_zero_offset()).ok()
    }

    /// The day before it; `None` before the first.
    pub fn previous(self) -> Option<Self> {
        let before = Date::new(self.year, self.month, self.day).ok()?.yesterday().ok()?;
        Some(Self { year: before.year(), month: before.month(), day: before.day() })
    }

    /// The day after it; `None` after the last.
    pub fn next(self) -> Option<Self> {
        let next = Date::new(self.year, self.month, self.day).ok()?.tomorrow().ok()?;
        Some(Self { year: next.year(), month: next.month(), day: next.day() })
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Box::<str>::deserialize(deserializer)?;
        Self::named(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn a_day_begins_where_its_zone_says() {
        let berlin = Zone::parse("Europe/Berlin").unwrap();
        let day = Day { year: 2026, month: 7, day: 1 };
        assert_eq!(berlin.day_of(time("2026-06-30T22:00:00.000000Z")), day);
        assert_eq!(berlin.start_of(day), Some(time("2026-06-30T22:00:00.000000Z")));
        assert_eq!(Zone::utc().start_of(day), Some(time("2026-07-01T00:00:00.000000Z")));
    }

    #[test]
    fn a_day_without_a_midnight_begins_later() {
        let cairo = Zone::parse("Africa/Cairo").unwrap();
        let day = Day { year: 2024, month: 4, day: 26 };
        assert_eq!(cairo.start_of(day), Some(time("2024-04-25T22:00:00.000000Z")));
        assert_eq!(cairo.day_of(time("2024-04-25T21:59:59.999999Z")), Day { day: 25, ..day });
    }

    #[test]
    fn a_zone_has_one_spelling_and_an_unknown_one_counts_as_utc() {
        assert_eq!(Zone::parse("europe/berlin"), Err(NotAZone));
        assert_eq!(Zone::parse("Mars/Base"), Err(NotAZone));
        assert_eq!(Zone::parse(""), Err(NotAZone));
        let unknown: Zone = serde_json::from_str("\"Mars/Base\"").unwrap();
        let day = Day { year: 2026, month: 1, day: 1 };
        assert_eq!(unknown.start_of(day), Zone::utc().start_of(day));
    }

    #[test]
    fn days_follow_one_another() {
        let last = Day { year: 2026, month: 12, day: 31 };
        assert_eq!(last.next(), Some(Day { year: 2027, month: 1, day: 1 }));
        assert!(!Day { year: 2026, month: 2, day: 29 }.exists());
    }
}
