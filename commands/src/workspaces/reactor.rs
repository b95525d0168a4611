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

/// Commands that Deed itself must give now. Given twice, they change nothing the second time.
pub fn plan(state: &State, now: Time) -> Vec<Command> {
    let due = state.workspaces.all_live().filter_map(|(id, workspace)| due(state, id, workspace, now));
    let mut commands: Vec<Command> = due.take(PLANNED_MAX).collect();
    commands.extend(stock(state, now));
    commands
}

/// What is due of one workspace.
fn due(state: &State, workspace: WorkspaceId, found: &Workspace, now: Time) -> Option<Command> {
    let Some(owner) = found.owner else { return unwanted(state, workspace, found) };
    let times = state.spec_of(found).map(|version| version.spec.times).unwrap_or_default();
    let runs = found.phase.wish == Wish::Run;
    if runs && !state.subjects.is_active(owner) {
        return Some(StopWorkspace { workspace, why: Why::Suspension }.into());
    }
    if found.phase.wish == Wish::Delete {
        return None;
    }
    if let Some(command) = by_sleep(workspace, found, &times, now) {
        return Some(command);
    }
    if runs && found.phase.status == Status::Running {
        return ended(found, &times, now).map(|why| StopWorkspace { workspace, why }.into());
    }
    let starts = found.schedule.as_ref().and_then(|schedule| schedule.last_start(now));
    let starts = starts.filter(|moment| *moment > found.phase.ordered && !runs);
    let may_start = found.asleep.is_none() && state.subjects.is_active(owner);
    starts.filter(|_| may_start).map(|_| StartWorkspace { workspace, why: Why::Schedule }.into())
}

fn by_sleep(workspace: WorkspaceId, found: &Workspace, times: &Times, now: Time) -> Option<Command> {
    let passed =
        |since: Time, seconds: Option<u64>| seconds.is_some_and(|seconds| since.plus_seconds(seconds) <= now);
    match found.asleep {
        Some(since) if passed(since, times.delete_after_dormant_seconds) => {
            Some(DeleteWorkspace { workspace, why: Why::Dormancy }.into())
        }
        Some(_) => None,
        None => passed(found.used, times.dormant_after_seconds).then(|| FallAsleep { workspace }.into()),
    }
}

/// Why a running workspace is to stop, if it is.
fn ended(found: &Workspace, times: &Times, now: Time) -> Option<Why> {
    let started = found.started.unwrap_or(found.phase.ordered);
    let passed =
        |since: Time, seconds: Option<u64>| seconds.is_some_and(|seconds| since.plus_seconds(seconds) <= now);
    let stops = found.schedule.as_ref().and_then(|schedule| schedule.last_stop(now));
    if stops.is_some_and(|moment| moment > found.phase.ordered) {
        return Some(Why::Schedule);
    }
    if passed(started, times.lifetime_seconds_max) {
        return Some(Why::Lifetime);
    }
    passed(found.used.max(started), times.idle_stop_seconds).then_some(Why::Idle)
}

/// What waits for whoever comes goes when its template no longer wants it.
fn unwanted(state: &State, workspace: WorkspaceId, found: &Workspace) -> Option<Command> {
    let template = state.templates.live(found.template).filter(|template| template.deprecated.is_none());
    let active = template.and_then(|template| template.active());
    let wanted = active.is_some_and(|(number, version)| {
        let ahead = state.workspaces.stock(found.template, number).take_while(|id| *id != workspace).count();
        number == found.version && (ahead as u64) < version.spec.prebuilt
    });
    let failed = found.phase.status == Status::Failed || found.phase.wish == Wish::Stop;
    let goes = (!wanted || failed) && found.phase.wish != Wish::Delete;
    goes.then(|| DeleteWorkspace { workspace, why: Why::Template }.into())
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
