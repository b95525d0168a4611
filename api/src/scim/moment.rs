//! Points in time as clients write them: `xsd:dateTime`, with any offset from UTC and any number of fractional digits.

use ledger::time::Time;

/// Seconds of a day.
const DAY: i64 = 86_400;
/// Digits after the seconds that are told apart.
const FRACTION_DIGITS: usize = 9;

/// A point in time: seconds since 1970 in UTC and nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    seconds: i64,
    nanoseconds: u32,
}

impl Moment {
    /// Reads `2011-05-13T04:42:34Z`, `2011-05-13T06:42:34.5+02:00`. Without an offset it is UTC.
    pub fn read(text: &str) -> Option<Self> {
        let (date, time) = text.split_once('T')?;
        let (clock, offset) = split_offset(time)?;
        let (whole, fraction) = clock.split_once('.').map_or((clock, None), |(one, two)| (one, Some(two)));
        let seconds = days(date)?.checked_mul(DAY)?.checked_add(of_clock(whole)?)?.checked_sub(offset)?;
        Some(Self { seconds, nanoseconds: fraction.map_or(Some(0), nanoseconds)? })
    }

    /// The same in microseconds, as the log has it; the first moment of 1970 for what is before that.
    pub fn time(self) -> Time {
        let seconds = u64::try_from(self.seconds).unwrap_or_default();
        Time::from_micros(
            seconds.saturating_mul(1_000_000).saturating_add(u64::from(self.nanoseconds / 1_000)),
        )
    }
}

/// The clock, and seconds east of UTC.
fn split_offset(time: &str) -> Option<(&str, i64)> {
    if let Some(clock) = time.strip_suffix('Z') {
        return Some((clock, 0));
    }
    let Some(at) = time.find(['+', '-']) else { return Some((time, 0)) };
    let (clock, zone) = time.split_at_checked(at)?;
    let (sign, digits) =
        if let Some(west) = zone.strip_prefix('-') { (-1, west) } else { (1, zone.strip_prefix('+')?) };
    let [hours, minutes] = numbers(digits, ':', [2, 2])?;
    let within = hours <= 14 && minutes <= 59;
    within.then_some((clock, sign * (hours * 3_600 + minutes * 60)))
}

fn of_clock(text: &str) -> Option<i64> {
    let [hours, minutes, seconds] = numbers(text, ':', [2, 2, 2])?;
    let within = hours <= 23 && minutes <= 59 && seconds <= 59;
    within.then_some(hours * 3_600 + minutes * 60 + seconds)
}

/// Days since 1970 of a date of the Gregorian calendar, counted in eras of 400 years from 1 March.
fn days(text: &str) -> Option<i64> {
    let [year, month, day] = numbers(text, '-', [4, 2, 2])?;
    if !(1..=12).contains(&month) || !(1..=days_of(year, month)).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn days_of(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn nanoseconds(digits: &str) -> Option<u32> {
    let fits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let kept: String = digits.chars().chain(std::iter::repeat('0')).take(FRACTION_DIGITS).collect();
    if fits { kept.parse().ok() } else { None }
}

/// So many numbers with so many digits each.
fn numbers<const N: usize>(text: &str, between: char, digits: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut found = [0; N];
    for (number, wanted) in found.iter_mut().zip(digits) {
        let part = parts.next()?;
        let fits = part.len() == wanted && part.bytes().all(|digit| digit.is_ascii_digit());
        *number = fits.then(|| part.parse().ok())??;
    }
    parts.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_many_texts() {
        let read = |text| Moment::read(text).unwrap();
        let moment = read("2011-05-13T04:42:34Z");
        assert_eq!(moment, Moment { seconds: 1_305_261_754, nanoseconds: 0 });
        for same in [
            "2011-05-13T06:42:34+02:00",
            "2011-05-12T23:12:34.000-05:30",
            "2011-05-13T04:42:34",
            "2011-05-13T04:42:34.0Z",
        ] {
            assert_eq!(read(same), moment, "{same}");
        }
        assert!(read("2011-05-13T04:42:34.5Z") > moment);
        assert!(read("1969-12-31T23:59:59.9Z") < read("1970-01-01T00:00:00Z"));
        assert!(read("2000-02-29T00:00:00Z") < read("2000-03-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        for text in [
            "",
            "2011-05-13",
            "2011-13-01T00:00:00Z",
            "2011-02-29T00:00:00Z",
            "2011-05-13T24:00:00Z",
            "2011-05-13T00:00:60Z",
            "2011-05-13T00:00Z",
            "2011-05-13T00:00:00.Z",
            "2011-05-13T00:00:00+15:00",
            "2011-05-13T00:00:00+2",
            "2011-5-13T00:00:00Z",
            "+011-05-13T00:00:00Z",
            "2011-05-13t00:00:00Z",
            "2011-05-13T00:00:00Zx",
            "Tä",
        ] {
            assert_eq!(Moment::read(text), None, "{text}");
        }
    }
}
