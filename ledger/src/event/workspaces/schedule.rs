//! When a workspace starts and stops by the clock of whoever uses it.

use crate::text;
use crate::time::Time;
use crate::zone::{Day, Zone};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

/// When a workspace starts and stops by itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// On which days of the week.
    pub days: Days,
    /// When it starts; absent for never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub start: Option<Daily>,
    /// When it stops; absent for never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stop: Option<Daily>,
    /// By whose clock.
    pub zone: Zone,
}

/// A text is no time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a time of day is hours and minutes, from `00:00` to `23:59`")]
pub struct NotADaily;

/// A time of day in minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Daily {
    minutes: u16,
}

impl FromStr for Daily {
    type Err = NotADaily;

    fn from_str(text: &str) -> Result<Self, NotADaily> {
        let (hours, minutes) = text.split_once(':').ok_or(NotADaily)?;
        let two = |text: &str, most: u16| {
            let plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<u16>().ok().filter(|number| plain && *number <= most).ok_or(NotADaily)
        };
        Ok(Self { minutes: two(hours, 23)? * 60 + two(minutes, 59)? })
    }
}

impl fmt::Display for Daily {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

/// A text is no list of days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("days are some of `mon tue wed thu fri sat sun`, in this order, with a space between two")]
pub struct NotDays;

const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// Days of the week, at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days([bool; 7]);

impl FromStr for Days {
    type Err = NotDays;

    fn from_str(text: &str) -> Result<Self, NotDays> {
        let days = Self(NAMES.map(|name| text.split(' ').any(|day| day == name)));
        if text == days.to_string() && !text.is_empty() { Ok(days) } else { Err(NotDays) }
    }
}

impl fmt::Display for Days {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = NAMES.iter().zip(self.0).filter_map(|(name, on)| on.then_some(*name));
        out.write_str(&names.collect::<Vec<_>>().join(" "))
    }
}

macro_rules! as_text {
    ($($name:ident)*) => {$(
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                text::read(deserializer, str::parse)
            }
        }
    )*};
}

as_text! {
    Daily
    Days
}

/// How many days a search looks back: a week, and one for the day that is not over.
const DAYS_BACK: usize = 8;

impl Schedule {
    /// The last moment not after `now` at which it says to start.
    pub fn last_start(&self, now: Time) -> Option<Time> {
        self.last(self.start?, now)
    }

    /// The last moment not after `now` at which it says to stop.
    pub fn last_stop(&self, now: Time) -> Option<Time> {
        self.last(self.stop?, now)
    }

    fn last(&self, daily: Daily, now: Time) -> Option<Time> {
        let mut day = self.zone.day_of(now);
        for _ in 0..DAYS_BACK {
            let moment = self.moment(day, daily);
            if let Some(moment) = moment.filter(|moment| *moment <= now) {
                return Some(moment);
            }
            day = day.previous()?;
        }
        None
    }

    /// That time on that day, if it is one of the days.
    fn moment(&self, day: Day, daily: Daily) -> Option<Time> {
        let on = self.days.0.get(day.weekday()?)?;
        on.then(|| self.zone.moment_of(day, daily.minutes)).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_moment_is_on_one_of_the_days_by_the_clock_of_its_zone() {
        let schedule = |days: &str, zone: &str| Schedule {
            days: days.parse().unwrap(),
            start: Some("08:30".parse().unwrap()),
            stop: None,
            zone: Zone::parse(zone).unwrap(),
        };
        // 2026-11-23 is a Monday; Berlin is an hour ahead then, and two in summer.
        let rows = [
            ("mon tue", "UTC", "2026-11-23T08:30:00.000000Z", "2026-11-23T08:30:00.000000Z"),
            ("mon tue", "UTC", "2026-11-23T08:29:59.000000Z", "2026-11-17T08:30:00.000000Z"),
            ("mon", "UTC", "2026-11-23T08:29:59.000000Z", "2026-11-16T08:30:00.000000Z"),
            (
                "mon tue wed thu fri",
                "Europe/Berlin",
                "2026-11-22T12:00:00.000000Z",
                "2026-11-20T07:30:00.000000Z",
            ),
            ("sun", "Europe/Berlin", "2026-07-05T06:30:00.000000Z", "2026-07-05T06:30:00.000000Z"),
        ];
        for (days, zone, now, last) in rows {
            let (now, last) = (Time::parse(now).unwrap(), Time::parse(last).unwrap());
            assert_eq!(schedule(days, zone).last_start(now), Some(last), "{days} {zone}");
            assert_eq!(schedule(days, zone).last_stop(now), None);
        }
    }

    #[test]
    fn times_of_day_and_days_have_one_spelling() {
        for text in ["00:00", "23:59", "08:05"] {
            assert_eq!(text.parse::<Daily>().unwrap().to_string(), text);
        }
        for text in ["24:00", "8:00", "12:60", "12", "+1:00", "12:000", ""] {
            assert_eq!(text.parse::<Daily>(), Err(NotADaily), "{text}");
        }
        for text in ["mon", "mon sun", "mon tue wed thu fri sat sun"] {
            assert_eq!(text.parse::<Days>().unwrap().to_string(), text);
        }
        for text in ["", "sun mon", "mon  tue", "mon mon", "Mon", "mon,tue"] {
            assert_eq!(text.parse::<Days>(), Err(NotDays), "{text}");
        }
    }
}
