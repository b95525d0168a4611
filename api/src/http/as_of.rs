//! Questions about the past: `as_of` names a position or a time, and the answer is what was true then.

use super::asking::Deed;
use super::custody::unreadable;
use super::pages::wrong_query;
use super::{Kind, Problem};
use crate::clock;
use commands::engine::Published;
use ledger::event::Envelope;
use ledger::hash::Hash;
use ledger::log::LogReader;
use ledger::merkle::leaf_hash;
use ledger::time::Time;
use projections::history::Moment;

/// The moment that a client names, or now.
pub(super) fn moment(deed: &Deed, published: &Published, asked: Option<&str>) -> Result<Moment, Problem> {
    let size = published.head.size();
    let Some(asked) = asked else { return Ok(Moment { size, time: clock::now() }) };
    let reader = deed.engine.reader();
    if let Some(time) = time(asked) {
        return Ok(Moment { size: size_at(reader, size, time)?, time });
    }
    let wanted = asked.parse().ok().filter(|wanted| *wanted <= size && !asked.starts_with('+'));
    let wanted = wanted.ok_or_else(|| {
        wrong_query(format!(
            "`as_of` is a number of events up to {size}, or a time such as `2027-01-31T23:59:59.000000Z`"
        ))
    })?;
    let time = match u64::checked_sub(wanted, 1) {
        Some(last) => time_of(reader, last)?,
        None => Time::default(),
    };
    Ok(Moment { size: wanted, time })
}

/// A time in UTC: a day, which stands for its beginning, a whole second, or exact.
pub(super) fn time(text: &str) -> Option<Time> {
    let exact = match text.strip_suffix('Z') {
        Some(second) if second.len() == "2027-01-31T23:59:59".len() => format!("{second}.000000Z"),
        None if text.len() == "2027-01-31".len() => format!("{text}T00:00:00.000000Z"),
        _ => return Time::parse(text),
    };
    Time::parse(&exact)
}

/// How many events had happened by a time.
fn size_at(reader: &LogReader, size: u64, time: Time) -> Result<u64, Problem> {
    halve(reader, size, |at| at <= time)
}

/// How many events had happened before a time.
pub(super) fn size_before(reader: &LogReader, size: u64, time: Time) -> Result<u64, Problem> {
    halve(reader, size, |at| at < time)
}

/// How many events come before the first whose time is not early. Times never go back, so it is found by halving.
fn halve(reader: &LogReader, size: u64, early: impl Fn(Time) -> bool) -> Result<u64, Problem> {
    let (mut below, mut above) = (0, size);
    while below < above {
        let middle = below + (above - below) / 2;
        if early(time_of(reader, middle)?) { below = middle + 1 } else { above = middle }
    }
    Ok(below)
}

/// Leaf hash of the last of so many events; `None` when there are none.
pub(super) fn head(deed: &Deed, size: u64) -> Result<Option<Hash>, Problem> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let record = deed.engine.reader().event(last).map_err(|cause| unreadable(&cause))?;
    Ok(record.map(|record| leaf_hash(&record.leaf)))
}

fn time_of(reader: &LogReader, seq: u64) -> Result<Time, Problem> {
    let record = reader.event(seq).map_err(|cause| unreadable(&cause))?;
    let time = record.and_then(|record| Time::parse(Envelope::parse(&record.leaf).ok()?.time));
    time.ok_or_else(|| Problem::new(Kind::Unreadable, "the event there cannot be read"))
}
