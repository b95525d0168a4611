//! The walk over a log: read ahead, scan on all cores, chain in order, check signatures beside the next scan.
//!
//! A thread of its own reads the next section while one is walked. Of a section, batch after batch is scanned and chained while the
//! signatures of the batch before are checked, so that no core waits for the part that must go in order.

mod chain;
mod fold;
pub(crate) mod scan;
mod signatures;
pub(crate) mod tree;

pub(crate) use chain::{Chain, Walked};

use crate::options::Progress;
use crate::source::{Section, Source, Trouble};
use signatures::Job;
use std::sync::mpsc::sync_channel;

/// Events of a batch: enough to keep all cores busy, few enough to hold decoded.
const BATCH_EVENTS: usize = 2_048;

/// Buffers that wait to be used again: one is enough where reading keeps up.
const BUFFERS_KEPT: usize = 2;

/// Walks a whole log.
pub(crate) fn run(
    source: &mut dyn Source,
    chain: &mut Chain<'_>,
    progress: &dyn Progress,
) -> Result<(), Trouble> {
    progress.expect(source.bytes());
    // Without a place to wait in, one section is walked and one is held ready: two in memory.
    let (ahead, sections) = sync_channel::<Result<Section, Trouble>>(0);
    // A buffer that was used has its pages already.
    let (back, rooms) = sync_channel(BUFFERS_KEPT);
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while let Some(section) = source.next(rooms.try_recv().unwrap_or_default()) {
                if ahead.send(section).is_err() {
                    return;
                }
            }
        });
        let mut jobs = Vec::new();
        for section in sections {
            let section = section?;
            jobs = walk_section(&section, chain, jobs)?;
            progress.advance(chain.bytes_read());
            // Where there is no place for it, it is not needed.
            drop(back.try_send(section.bytes));
        }
        chain.judge(&signatures::check(&jobs));
        Ok(())
    })
}

/// While one batch is chained, the next is scanned and the signatures of the one before are checked.
fn walk_section(section: &Section, chain: &mut Chain<'_>, jobs: Vec<Job>) -> Result<Vec<Job>, Trouble> {
    chain.enter(section)?;
    let (mut index, decodes) = (chain.index(), chain.decodes());
    let mut batches = section.rows.chunks(BATCH_EVENTS).map(|rows| {
        let start = index;
        index += rows.len() as u64;
        scan::scan(&section.bytes, rows, start, decodes)
    });
    let mut jobs = jobs;
    let mut scanned = batches.next();
    while let Some(batch) = scanned {
        let (next_jobs, (failed, next)) =
            rayon::join(|| chain.take(&batch), || (signatures::check(&jobs), batches.next()));
        chain.judge(&failed);
        (jobs, scanned) = (next_jobs, next);
    }
    Ok(jobs)
}
