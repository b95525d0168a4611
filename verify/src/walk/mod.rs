//! The walk over a log: read ahead, scan on all cores, chain in order, check signatures beside the next scan.
//!
//! The log is walked in steps of a section or less. While one step is scanned, the one before is chained, the signatures of the one
//! before that are checked, and the next section is read, so that no core waits for what must go in order.

mod chain;
mod fold;
pub(crate) mod scan;
mod signatures;
pub(crate) mod tree;

pub(crate) use chain::{Chain, Walked};

use crate::options::Progress;
use crate::source::{Row, Section, Source, Trouble};
use scan::{Run, Scanner};
use signatures::Job;
use std::ops::Range;
use std::sync::Arc;

/// Events of a step: enough to keep all cores busy, few enough to hold decoded.
const STEP_EVENTS: usize = 8_192;

/// Walks a whole log.
pub(crate) fn run(
    source: &mut dyn Source,
    chain: &mut Chain<'_>,
    progress: &dyn Progress,
) -> Result<(), Trouble> {
    progress.expect(source.bytes());
    let scanner = Scanner::new(chain.ledger(), chain.decodes());
    let (mut before, mut jobs, mut room, mut index) = (None, Vec::new(), Section::default(), 0);
    let mut current = first_step(source.next(Section::default()))?;
    while let Some(step) = current {
        let read = || step.is_last().then(|| source.next(std::mem::take(&mut room)));
        let scan = || (signatures::check(&jobs), scanner.scan(&step.section.bytes, step.rows(), index));
        let (read, (taken, (failed, runs))) =
            rayon::join(read, || rayon::join(|| take(before.as_ref(), chain, progress), scan));
        chain.judge(&failed);
        jobs = taken?;
        index += step.rows().len() as u64;
        current = read.map_or_else(|| Ok(Some(step.following())), first_step)?;
        // A buffer that was used has its pages already.
        let used = before.replace(Scanned { step, runs });
        room = used.and_then(|used| Arc::into_inner(used.step.section)).unwrap_or(room);
    }
    chain.judge(&signatures::check(&jobs));
    let jobs = take(before.as_ref(), chain, progress)?;
    chain.judge(&signatures::check(&jobs));
    Ok(())
}

/// Some of the events of a section.
struct Step {
    section: Arc<Section>,
    rows: Range<usize>,
}

impl Step {
    /// The first rows of a section, from `start` on.
    fn of(section: Arc<Section>, start: usize) -> Self {
        let rows = start..section.rows.len().min(start + STEP_EVENTS);
        Self { section, rows }
    }

    fn rows(&self) -> &[Row] {
        self.section.rows.get(self.rows.clone()).unwrap_or_default()
    }

    fn is_last(&self) -> bool {
        self.rows.end == self.section.rows.len()
    }

    /// The step after this one, in the same section.
    fn following(&self) -> Self {
        Self::of(Arc::clone(&self.section), self.rows.end)
    }
}

/// A step that was scanned and waits to be chained.
struct Scanned {
    step: Step,
    runs: Vec<Run>,
}

fn first_step(section: Option<Result<Section, Trouble>>) -> Result<Option<Step>, Trouble> {
    Ok(section.transpose()?.map(|section| Step::of(Arc::new(section), 0)))
}

/// Chains a step, and gives the signatures to check.
fn take(
    scanned: Option<&Scanned>,
    chain: &mut Chain<'_>,
    progress: &dyn Progress,
) -> Result<Vec<Job>, Trouble> {
    let Some(Scanned { step, runs }) = scanned else { return Ok(Vec::new()) };
    if step.rows.start == 0 {
        chain.enter(&step.section)?;
    }
    let jobs = chain.take(step.rows(), runs);
    if step.is_last() {
        progress.advance(step.section.read);
    }
    Ok(jobs)
}
