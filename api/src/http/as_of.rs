//! Questions about the past: `as_of` names a position or a time, and the answer is what was true then.

use super::asking::Deed;
use super::pages::wrong_query;
use super::{Kind, Problem};
use crate::clock;
use commands::engine::{Published, chain};
use ledger::event::Envelope;
use ledger::log::LogReader;
use ledger::time::Time;
use projections::history::Moment;

/// The moment that a client names, or now.
pub(super) fn moment(deed: &Deed, published: &Published, asked: Option<&str>) -> Result<Moment, Problem> {
    let size = published.head.size();
    let Some(asked) = asked else { return Ok(Moment { size, time: clock::now() }) };
    let reader = deed.engine.reader();
    if let Some(time) = Time::parse(asked) {
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

/// How many events had happened by a time. Their times never go back, so the answer is found by halving.
fn size_at(reader: &LogReader, size: u64, time: Time) -> Result<u64, Problem> {
    let (mut below, mut above) = (0, size);
    while below < above {
        let middle = below + (above - below) / 2;
        if time_of(reader, middle)? <= time { below = middle + 1 } else { above = middle }
    }
    Ok(below)
}

fn time_of(reader: &LogReader, seq: u64) -> Result<Time, Problem> {
    let record = reader.event(seq).map_err(|cause| {
        tracing::error!("the log could not be read: {}", chain(&cause));
        Problem::new(Kind::Unreadable, "the log could not be read; ask the operator of this server")
    })?;
    let time = record.and_then(|record| Time::parse(Envelope::parse(&record.leaf).ok()?.time));
    time.ok_or_else(|| Problem::new(Kind::Unreadable, "the event there cannot be read"))
}
