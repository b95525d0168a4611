//! Points in time: microseconds in UTC, with one text form.

use crate::text;
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::num::NonZeroU64;

/// A point in time in microseconds since 1970-01-01T00:00:00Z, from 1970 to the end of 9999-12-30T21:59:59Z.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Time {
    // One more than the microseconds, so that a time that may be absent takes no more room.
    after: NonZeroU64,
}

/// 9999-12-30T21:59:59.999999Z: the last moment that every offset from UTC can name.
const MICROS_MAX: u64 = 253_402_207_199_999_999;
/// Length of the text form: `2026-01-31T23:59:59.000000Z`.
const TEXT_BYTES: usize = 27;

impl Default for Time {
    fn default() -> Self {
        Self::from_micros(0)
    }
}

impl Time {
    /// From microseconds since 1970; later ones become 9999-12-30T21:59:59.999999Z.
    pub fn from_micros(micros: u64) -> Self {
        Self { after: NonZeroU64::MIN.saturating_add(micros.min(MICROS_MAX)) }
    }

    /// Microseconds since 1970.
    pub fn micros(self) -> u64 {
        self.after.get() - 1
    }

    /// The time so many seconds later.
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        Self::from_micros(self.micros().saturating_add(seconds.saturating_mul(1_000_000)))
    }

    /// Seconds from `earlier` to here, 0 when it is not earlier.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        self.micros().saturating_sub(earlier.micros()) / 1_000_000
    }

    /// Reads `2026-01-31T23:59:59.000000Z`: RFC 3339, UTC, exactly six fractional digits.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: &[u8; TEXT_BYTES] = text.as_bytes().try_into().ok()?;
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (26, b'Z')];
        if marks.iter().any(|(place, mark)| bytes.get(*place) != Some(mark)) {
            return None;
        }
        let number = |from: usize, to: usize| -> Option<i32> {
            bytes
                .get(from..to)?
                .iter()
                .try_fold(0, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i32::from(digit - b'0')))
        };
        let small = |from: usize| i8::try_from(number(from, from + 2)?).ok();
        let year = i16::try_from(number(0, 4)?).ok()?;
        let nanos = number(20, 26)? * 1_000;
        let civil =
            DateTime::new(year, small(5)?, small(8)?, small(11)?, small(14)?, small(17)?, nanos).ok()?;
        let moment = Offset::UTC.to_timestamp(civil).ok()?;
        u64::try_from(moment.as_microsecond()).ok().map(Self::from_micros)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = Timestamp::from_microsecond(self.micros().cast_signed()).unwrap_or_default();
        let civil = Offset::UTC.to_datetime(moment);
        let (date, time) = (civil.date(), civil.time());
        write!(out, "{:04}-{:02}-{:02}T", date.year(), date.month(), date.day())?;
        write!(out, "{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second())?;
        write!(out, ".{:06}Z", self.micros() % 1_000_000)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.micros().serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            text::read(deserializer, |text| {
                Self::parse(text)
                    .ok_or("a time reads `2026-01-31T23:59:59.000000Z`, in UTC with six fractional digits")
            })
        } else {
            u64::deserialize(deserializer).map(Self::from_micros)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_one_text_that_reads_back() {
        for micros in [0, 1, 999_999, 1_000_000, 951_782_400_000_000, 1_795_000_000_123_456, MICROS_MAX] {
            let time = Time::from_micros(micros);
            assert_eq!(Time::parse(&time.to_string()), Some(time), "{time}");
        }
        assert_eq!(Time::from_micros(951_782_400_000_000).to_string(), "2000-02-29T00:00:00.000000Z");
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in [
            "2026-01-31T23:59:59Z",
            "2026-01-31T23:59:59.000Z",
            "2026-01-31T23:59:59.000000+00:00",
            "2026-02-30T23:59:59.000000Z",
            "2026-01-31T24:00:00.000000Z",
            "2026-01-31T23:59:60.000000Z",
            "2026-01-31t23:59:59.000000z",
            "1969-12-31T23:59:59.999999Z",
            "+026-01-31T23:59:59.000000Z",
        ] {
            assert_eq!(Time::parse(bad), None, "{bad}");
        }
    }
}
