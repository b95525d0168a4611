//! What Deed orders of workspaces when nobody asks: schedules, idleness, lifetimes, suspensions, dormancy, and the stock of templates.

use super::{DeleteWorkspace, FallAsleep, StartWorkspace, StockWorkspace, StopWorkspace};
use crate::Command;
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::workspaces::{Times, Why};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::State;
use projections::workspaces::{Status, Wish, Workspace};

/// Most commands of one plan; what is left is planned the next time.
const PLANNED_MAX: usize = 256;

/// What is kept ready for whoever comes and failed is made anew so long after that: what cannot be built is not tried all the time.
const STOCK_RETRY_SECONDS: u64 = 3_600;

/// What Deed wants of a workspace of its own accord.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// That it runs.
    Start(Why),
    /// That it stands still.
    Stop(Why),
    /// That it is gone.
    Delete(Why),
    /// That it sleeps.
    Sleep,
}

impl Wanted {
    /// Why, if that is said.
    pub(super) fn why(self) -> Option<Why> {
        match self {
            Self::Start(why) | Self::Stop(why) | Self::Delete(why) => Some(why),
            Self::Sleep => None,
        }
    }

    fn command(self, workspace: WorkspaceId) -> Command {
        match self {
            Self::Start(why) => StartWorkspace { workspace, why }.into(),
            Self::Stop(why) => StopWorkspace { workspace, why }.into(),
            Self::Delete(why) => DeleteWorkspace { workspace, why }.into(),
            Self::Sleep => FallAsleep { workspace }.into(),
        }
    }
}

/// Commands that Deed itself must give now. Given twice, they change nothing the second time; and what is no longer wanted when one is decided
/// does not happen.
pub fn plan(state: &State, now: Time) -> Vec<Command> {
    let due = state
        .workspaces
        .all_live()
        .filter_map(|(id, workspace)| Some(wanted(state, id, workspace, now)?.command(id)));
    let mut commands: Vec<Command> = due.take(PLANNED_MAX).collect();
    commands.extend(stock(state, now));
    commands
}

fn passed(since: Time, seconds: Option<u64>, now: Time) -> bool {
    seconds.is_some_and(|seconds| since.plus_seconds(seconds) <= now)
}

/// What Deed wants of one workspace.
pub(super) fn wanted(state: &State, id: WorkspaceId, found: &Workspace, now: Time) -> Option<Wanted> {
    let Some(owner) = found.owner else { return unwanted(state, id, found, now) };
    let times = state.spec_of(found).map(|version| version.spec.times).unwrap_or_default();
    let (runs, acts) = (found.phase.wish == Wish::Run, state.subjects.is_active(owner));
    if found.phase.wish == Wish::Delete {
        return None;
    }
    if runs && !acts {
        return Some(Wanted::Stop(Why::Suspension));
    }
    if let Some(wanted) = by_sleep(found, &times, now) {
        return Some(wanted);
    }
    if runs && found.phase.status == Status::Running {
        return ended(found, &times, now).map(Wanted::Stop);
    }
    let starts = found.schedule.as_ref().and_then(|schedule| schedule.last_start(now));
    let may_start = found.asleep.is_none() && acts && !runs;
    (may_start && counts(found, starts)).then_some(Wanted::Start(Why::Schedule))
}

/// Whether a moment of a schedule came after the last order, and after the schedule was set.
fn counts(found: &Workspace, moment: Option<Time>) -> bool {
    moment.is_some_and(|moment| moment > found.phase.ordered.max(found.scheduled))
}

fn by_sleep(found: &Workspace, times: &Times, now: Time) -> Option<Wanted> {
    let Some(since) = found.asleep else {
        return passed(found.used, times.dormant_after_seconds, now).then_some(Wanted::Sleep);
    };
    passed(since, times.delete_after_dormant_seconds, now).then_some(Wanted::Delete(Why::Dormancy))
}

/// Why a running workspace is to stop, if it is.
fn ended(found: &Workspace, times: &Times, now: Time) -> Option<Why> {
    let started = found.started.unwrap_or(found.phase.ordered);
    let stops = found.schedule.as_ref().and_then(|schedule| schedule.last_stop(now));
    if counts(found, stops) {
        return Some(Why::Schedule);
    }
    if passed(started, times.lifetime_seconds_max, now) {
        return Some(Why::Lifetime);
    }
    passed(found.used.max(started), times.idle_stop_seconds, now).then_some(Why::Idle)
}

/// What waits for whoever comes goes when its template no longer wants it, or when it has failed for a while.
fn unwanted(state: &State, id: WorkspaceId, found: &Workspace, now: Time) -> Option<Wanted> {
    let template = state.templates.live(found.template).filter(|template| template.deprecated.is_none());
    let active = template.and_then(|template| template.active());
    let wanted = active.is_some_and(|(number, version)| {
        let ahead = state.workspaces.stock(found.template, number).take_while(|one| *one != id).count();
        number == found.version && (ahead as u64) < version.spec.prebuilt
    });
    let (failed, deleting) = (found.phase.status == Status::Failed, found.phase.wish == Wish::Delete);
    let long_ago = passed(found.phase.since.1, Some(STOCK_RETRY_SECONDS), now);
    let stands = found.phase.wish == Wish::Stop || failed;
    let goes = if deleting { failed && long_ago } else { !wanted || stands && long_ago };
    goes.then_some(Wanted::Delete(Why::Template))
}

/// One more of each template's stock that is not full: one at a time, so that a template that cannot be built does no harm.
fn stock(state: &State, now: Time) -> Vec<Command> {
    let wanting = state.templates.list(None).filter_map(|(id, template)| {
        let live = template.span.is_open() && template.deprecated.is_none();
        let (number, version) = template.active().filter(|_| live)?;
        let (mut there, mut on_its_way) = (0, false);
        for one in state.workspaces.stock(id, number).filter_map(|one| state.workspaces.live(one)) {
            there += 1;
            on_its_way |= one.phase.status != Status::Running;
        }
        (there < version.spec.prebuilt && !on_its_way).then_some(id)
    });
    wanting.map(|template| StockWorkspace { workspace: name(template, now), template }.into()).collect()
}

/// A name that nothing else has: it follows from the template and the moment.
fn name(template: TemplateId, now: Time) -> WorkspaceId {
    let Hash(bytes) = Hash::in_context("deed/stock/v1", &[template.as_bytes(), &now.micros().to_be_bytes()]);
    let mut first = [0; 16];
    first.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    WorkspaceId::from_bytes(first)
}
