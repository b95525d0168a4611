//! In which window something counts, and when the window ends.

use ledger::event::budgets::{Period, Window};
use ledger::time::Time;
use ledger::zone::{Day, Zone};

/// The window of a period in which a moment lies.
pub fn window_of(time: Time, period: Period, zone: &Zone) -> Window {
    match period {
        Period::Lifetime => Window::Lifetime,
        Period::Month => Window::Month(Day { day: 1, ..zone.day_of(time) }),
        Period::Day => Window::Day(zone.day_of(time)),
    }
}

/// The first moment after a window; `None` when it does not end.
pub fn end_of(window: Window, zone: &Zone) -> Option<Time> {
    let next = match window {
        Window::Lifetime => return None,
        Window::Month(Day { year, month: 12, .. }) => Day { year: year.checked_add(1)?, month: 1, day: 1 },
        Window::Month(Day { year, month, .. }) => Day { year, month: month.checked_add(1)?, day: 1 },
        Window::Day(day) => day.next()?,
    };
    zone.start_of(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    #[test]
    fn a_window_begins_and_ends_at_the_midnights_of_its_zone() {
        let rows = [
            (
                "Europe/Berlin",
                Period::Day,
                "2026-03-28T23:00:00.000000Z",
                "2026-03-29",
                Some("2026-03-29T22:00:00.000000Z"),
            ),
            (
                "Europe/Berlin",
                Period::Day,
                "2026-10-24T22:00:00.000000Z",
                "2026-10-25",
                Some("2026-10-25T23:00:00.000000Z"),
            ),
            (
                "Asia/Tokyo",
                Period::Month,
                "2026-12-31T14:59:59.999999Z",
                "2026-12",
                Some("2026-12-31T15:00:00.000000Z"),
            ),
            (
                "Asia/Tokyo",
                Period::Month,
                "2026-12-31T15:00:00.000000Z",
                "2027-01",
                Some("2027-01-31T15:00:00.000000Z"),
            ),
            ("UTC", Period::Lifetime, "2026-12-31T15:00:00.000000Z", "lifetime", None),
        ];
        for (zone, period, at, window, end) in rows {
            let zone = Zone::parse(zone).unwrap();
            let found = window_of(time(at), period, &zone);
            assert_eq!((found.to_string().as_str(), end_of(found, &zone)), (window, end.map(time)), "{at}");
        }
    }

    #[test]
    fn the_end_of_a_window_lies_in_the_next() {
        for zone in ["UTC", "America/New_York", "Africa/Cairo", "Pacific/Apia", "Asia/Kathmandu"] {
            let zone = Zone::parse(zone).unwrap();
            for period in [Period::Day, Period::Month] {
                let mut at = time("2011-11-30T12:34:56.000000Z");
                for _ in 0..500 {
                    let window = window_of(at, period, &zone);
                    let end = end_of(window, &zone).unwrap();
                    assert!(at < end, "{zone} {window}");
                    assert_ne!(window_of(end, period, &zone), window, "{zone} {window}");
                    let last = Time::from_micros(end.micros() - 1);
                    assert_eq!(window_of(last, period, &zone), window, "{zone} {window}");
                    at = end;
                }
            }
        }
    }
}
