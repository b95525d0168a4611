//! Workspaces: what is wished of each, and what each is.

use super::derived::{disk_reservation, running_reservation};
use crate::as_json::AsJson;
use crate::history::Span;
use imbl::{OrdMap, OrdSet};
use ledger::event::id::{ReservationId, TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{
    AppShared, FailedAt, Schedule, Sharing, Started, Values, VolumeDeleted, Why, WorkspaceFailed,
    WorkspaceRequested,
};
use ledger::event::{Event, Subject, Workspaces as Facts};
use ledger::hash::Hash;
use ledger::time::Time;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A workspace that is lost so often since somebody ordered something is given up.
pub const LOSSES_MAX: u64 = 5;
/// Most workspaces of one owner.
pub const WORKSPACES_MAX: u64 = 50;

/// What is wished of a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To run.
    Run,
    /// To stand still.
    Stop,
    /// To be gone.
    Delete,
}

/// What a workspace is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It was asked for, and Deed has not begun.
    Requested,
    /// Deed makes it run.
    Building,
    /// It runs.
    Running,
    /// Deed makes it stand still.
    Stopping,
    /// It stands still.
    Stopped,
    /// Deed takes it away.
    Deleting,
    /// It is gone.
    Deleted,
    /// What was ordered could not be done.
    Failed,
    /// It stopped running by itself.
    Lost,
}

impl Status {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Building => "building",
            Self::Running => "running",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Deleting => "deleting",
            Self::Deleted => "deleted",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}

/// The last order, and what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Its number; 0 before the first.
    pub build: u64,
    /// What is wished since.
    pub wish: Wish,
    /// Why.
    pub why: Why,
    /// When it was ordered.
    pub ordered: Time,
    /// What the workspace is doing.
    pub status: Status,
    /// The event that said so.
    pub since: (u64, Time),
    /// Where it failed, if it did.
    pub failed: Option<FailedAt>,
    /// How often it was lost since.
    pub losses: u64,
}

/// A workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspace {
    /// What its owner calls it.
    pub handle: Box<str>,
    /// Whose it is; `None` for one of a template's stock.
    pub owner: Option<Subject>,
    /// Whose budgets pay for what it takes: the owner when it was last built.
    pub payer: Option<Subject>,
    /// Where it counts.
    pub scope: Scope,
    /// Its template.
    pub template: TemplateId,
    /// The version of that.
    pub version: u64,
    /// The value of each parameter.
    pub values: Arc<Values>,
    /// The last order, and what became of it.
    pub phase: Phase,
    /// The engine's id of its container, since it last started.
    pub container: Option<Hash>,
    /// When it last started.
    pub started: Option<Time>,
    /// When it was last used.
    pub used: Time,
    /// Apps that others may open.
    pub shared: OrdMap<Box<str>, Sharing>,
    /// When it starts and stops by itself.
    pub schedule: Option<AsJson<Schedule>>,
    /// When that was said last. Moments before it do not count.
    pub scheduled: Time,
    /// Since when it sleeps.
    pub asleep: Option<Time>,
    /// The event beside which what its last build said is sealed.
    pub logged: Option<u64>,
    /// Volumes that are still there though it is gone.
    pub kept: Arc<[Box<str>]>,
    /// From which event until which it was not deleted.
    pub span: Span,
}

/// All workspaces there ever were.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Workspaces {
    by_id: OrdMap<WorkspaceId, Workspace>,
    by_owner: OrdMap<Subject, OrdMap<Box<str>, WorkspaceId>>,
    by_label: OrdMap<Box<str>, WorkspaceId>,
    stock: OrdSet<(TemplateId, u64, WorkspaceId)>,
    live: OrdSet<WorkspaceId>,
    holders: OrdMap<ReservationId, WorkspaceId>,
    orders: u64,
}

/// Where a log is sealed, if one is.
fn logged(event: &Event) -> Option<u64> {
    Some(event.seq).filter(|_| !event.sealed.is_empty())
}

/// How many hex digits at the end of a workspace's id stand for it in host names: 48 bits of chance.
const LABEL_DIGITS: usize = 12;

/// What stands for a workspace in host names.
pub(super) fn label(id: WorkspaceId) -> Box<str> {
    let text = id.to_string();
    text.get(text.len() - LABEL_DIGITS..).unwrap_or_default().into()
}

impl Workspaces {
    pub(crate) fn apply(&mut self, fact: &Facts, event: &Event) {
        match fact {
            Facts::WorkspaceRequested(requested) => self.add(requested, event),
            Facts::WorkspaceClaimed(claimed) => {
                self.hand_over(claimed.workspace, claimed.owner, Some(&claimed.handle), event.time);
                self.change(claimed.workspace, |workspace| workspace.scope = claimed.scope);
            }
            Facts::StartOrdered(order) => {
                self.order(order.workspace, (order.build, Wish::Run, order.why), event)
            }
            Facts::StopOrdered(order) => {
                self.order(order.workspace, (order.build, Wish::Stop, order.why), event)
            }
            Facts::DeletionOrdered(order) => {
                self.order(order.workspace, (order.build, Wish::Delete, order.why), event);
            }
            Facts::BuildBegan(began) => {
                self.turn(began.workspace, Status::Building, event);
                self.change(began.workspace, |workspace| workspace.payer = workspace.owner);
            }
            Facts::Started(started) => self.run(started, event),
            Facts::Stopped(stopped) => self.turn(stopped.workspace, Status::Stopped, event),
            Facts::WorkspaceDeleted(deleted) => self.end(deleted.workspace, &deleted.kept, event),
            Facts::WorkspaceFailed(failed) => self.fail(failed, event),
            Facts::Lost(lost) => {
                self.turn(lost.workspace, Status::Lost, event);
                self.change(lost.workspace, |workspace| workspace.phase.losses += 1);
            }
            Facts::WorkspaceUpdated(updated) => {
                self.update(updated.workspace, updated.version, &updated.values)
            }
            Facts::WorkspaceTransferred(to) => self.hand_over(to.workspace, to.owner, None, event.time),
            Facts::AppShared(shared) => self.share(shared),
            Facts::ScheduleSet(set) => self.change(set.workspace, |workspace| {
                workspace.schedule = set.schedule.clone().map(AsJson::new);
                workspace.scheduled = event.time;
            }),
            Facts::FellAsleep(asleep) => {
                self.change(asleep.workspace, |workspace| workspace.asleep = Some(event.time));
            }
            Facts::VolumeDeleted(deleted) => self.forget_volume(deleted),
            Facts::ActivitySeen(seen) => self.change(seen.workspace, |workspace| workspace.used = event.time),
            Facts::TemplateCreated(_)
            | Facts::VersionPublished(_)
            | Facts::VersionPromoted(_)
            | Facts::VersionArchived(_)
            | Facts::TemplateDeprecated(_)
            | Facts::TemplateArchived(_)
            | Facts::ConnectionsCounted(_)
            | Facts::EgressCounted(_)
            | Facts::OrphanFound(_) => {}
        }
    }

    fn run(&mut self, started: &Started, event: &Event) {
        self.turn(started.workspace, Status::Running, event);
        self.change(started.workspace, |workspace| {
            workspace.container = Some(started.container);
            workspace.started = Some(event.time);
            workspace.logged = logged(event);
        });
    }

    fn fail(&mut self, failed: &WorkspaceFailed, event: &Event) {
        self.turn(failed.workspace, Status::Failed, event);
        self.change(failed.workspace, |workspace| {
            workspace.phase.failed = Some(failed.at);
            workspace.logged = logged(event);
        });
    }

    fn share(&mut self, shared: &AppShared) {
        self.change(shared.workspace, |workspace| match shared.sharing {
            Sharing::Owner => {
                workspace.shared.remove(&shared.app);
            }
            Sharing::Organization | Sharing::Authenticated | Sharing::Public => {
                workspace.shared.insert(shared.app.clone(), shared.sharing);
            }
        });
    }

    fn forget_volume(&mut self, deleted: &VolumeDeleted) {
        self.orders += 1;
        self.change(deleted.workspace, |workspace| {
            let rest = workspace.kept.iter().filter(|kept| **kept != deleted.volume);
            workspace.kept = rest.cloned().collect();
        });
    }

    fn add(&mut self, requested: &WorkspaceRequested, event: &Event) {
        let id = requested.workspace;
        if self.by_id.contains_key(&id) {
            return;
        }
        let phase = Phase {
            build: 0,
            wish: Wish::Stop,
            why: Why::Person,
            ordered: event.time,
            status: Status::Requested,
            since: (event.seq, event.time),
            failed: None,
            losses: 0,
        };
        let workspace = Workspace {
            handle: requested.handle.clone(),
            owner: requested.owner,
            payer: None,
            scope: requested.scope,
            template: requested.template,
            version: requested.version,
            values: Arc::new(requested.values.clone()),
            phase,
            container: None,
            started: None,
            used: event.time,
            shared: OrdMap::new(),
            schedule: None,
            scheduled: event.time,
            asleep: None,
            logged: None,
            kept: Arc::new([]),
            span: Span::open(event.seq),
        };
        match workspace.owner {
            Some(owner) => self.name(owner, &workspace.handle, id),
            None => drop(self.stock.insert((workspace.template, workspace.version, id))),
        }
        self.by_label.entry(label(id)).or_insert(id);
        self.live.insert(id);
        self.holders.insert(running_reservation(id), id);
        self.holders.insert(disk_reservation(id), id);
        self.by_id.insert(id, workspace);
    }

    fn name(&mut self, owner: Subject, handle: &str, id: WorkspaceId) {
        self.by_owner.entry(owner).or_default().entry(handle.into()).or_insert(id);
    }

    fn forget_name(&mut self, owner: Subject, handle: &str, id: WorkspaceId) {
        let Some(names) = self.by_owner.get_mut(&owner) else { return };
        if names.get(handle) == Some(&id) {
            names.remove(handle);
        }
        if names.is_empty() {
            self.by_owner.remove(&owner);
        }
    }

    fn change(&mut self, id: WorkspaceId, with: impl FnOnce(&mut Workspace)) {
        if let Some(workspace) = self.by_id.get_mut(&id) {
            with(workspace);
        }
    }

    fn order(&mut self, id: WorkspaceId, (build, wish, why): (u64, Wish, Why), event: &Event) {
        self.orders += 1;
        self.change(id, |workspace| {
            let status = match wish {
                Wish::Run => Status::Requested,
                Wish::Stop => Status::Stopping,
                Wish::Delete => Status::Deleting,
            };
            if wish == Wish::Run {
                workspace.used = event.time;
                workspace.asleep = None;
            }
            let since = (event.seq, event.time);
            workspace.phase =
                Phase { build, wish, why, ordered: event.time, status, since, failed: None, losses: 0 };
        });
    }

    fn turn(&mut self, id: WorkspaceId, status: Status, event: &Event) {
        self.change(id, |workspace| {
            workspace.phase.status = status;
            workspace.phase.since = (event.seq, event.time);
        });
    }

    fn hand_over(&mut self, id: WorkspaceId, owner: Subject, handle: Option<&str>, time: Time) {
        let Some(workspace) = self.by_id.get_mut(&id) else { return };
        let (before, old) = (workspace.owner.replace(owner), workspace.handle.clone());
        workspace.used = time;
        workspace.asleep = None;
        workspace.shared = OrdMap::new();
        if let Some(handle) = handle {
            workspace.handle = handle.into();
        }
        let (new, stocked) = (workspace.handle.clone(), (workspace.template, workspace.version, id));
        match before {
            Some(before) => self.forget_name(before, &old, id),
            None => drop(self.stock.remove(&stocked)),
        }
        self.name(owner, &new, id);
    }

    fn update(&mut self, id: WorkspaceId, version: u64, values: &Values) {
        self.orders += 1;
        let Some(workspace) = self.by_id.get_mut(&id) else { return };
        let (template, before) = (workspace.template, workspace.version);
        workspace.version = version;
        workspace.values = Arc::new(values.clone());
        if self.stock.remove(&(template, before, id)).is_some() {
            self.stock.insert((template, version, id));
        }
    }

    fn end(&mut self, id: WorkspaceId, kept: &[Box<str>], event: &Event) {
        self.turn(id, Status::Deleted, event);
        let Some(workspace) = self.by_id.get_mut(&id) else { return };
        workspace.span.end(event.seq);
        workspace.kept = kept.into();
        workspace.shared = OrdMap::new();
        workspace.schedule = None;
        let (owner, handle) = (workspace.owner, workspace.handle.clone());
        let stocked = (workspace.template, workspace.version, id);
        match owner {
            Some(owner) => self.forget_name(owner, &handle, id),
            None => drop(self.stock.remove(&stocked)),
        }
        if self.by_label(&label(id)) == Some(id) {
            self.by_label.remove(&label(id));
        }
        self.live.remove(&id);
        self.holders.remove(&running_reservation(id));
        self.holders.remove(&disk_reservation(id));
    }

    /// How often something was wished: as long as it stays the same, nothing else is.
    pub fn orders(&self) -> u64 {
        self.orders
    }

    /// A workspace, deleted or not.
    pub fn find(&self, id: WorkspaceId) -> Option<&Workspace> {
        self.by_id.get(&id)
    }

    /// A workspace that is not gone.
    pub fn live(&self, id: WorkspaceId) -> Option<&Workspace> {
        self.find(id).filter(|workspace| workspace.span.is_open())
    }

    /// The workspace that is not gone and to which a reservation belongs, whether it is open or not.
    pub fn holder(&self, reservation: ReservationId) -> Option<WorkspaceId> {
        self.holders.get(&reservation).copied()
    }

    /// The workspace that stands so in host names.
    pub fn by_label(&self, label: &str) -> Option<WorkspaceId> {
        self.by_label.get(label).copied()
    }

    /// The workspace that an owner calls so.
    pub fn by_handle(&self, owner: Subject, handle: &str) -> Option<WorkspaceId> {
        self.by_owner.get(&owner)?.get(handle).copied()
    }

    /// The workspaces of an owner, in order of their names.
    pub fn of(&self, owner: Subject) -> impl Iterator<Item = WorkspaceId> + '_ {
        self.by_owner.get(&owner).into_iter().flat_map(|names| names.values().copied())
    }

    /// The workspaces of a template's stock that are of a version, the oldest first.
    pub fn stock(&self, template: TemplateId, version: u64) -> impl Iterator<Item = WorkspaceId> + '_ {
        let ends = (template, version, WorkspaceId::FIRST)..=(template, version, WorkspaceId::LAST);
        self.stock.range(ends).map(|(_, _, id)| *id)
    }

    /// Every workspace of a stock.
    pub fn stocked(&self) -> impl Iterator<Item = (TemplateId, u64, WorkspaceId)> + '_ {
        self.stock.iter().copied()
    }

    /// Workspaces that are not gone, in order of id.
    pub fn all_live(&self) -> impl Iterator<Item = (WorkspaceId, &Workspace)> + '_ {
        self.live.iter().filter_map(|id| Some((*id, self.by_id.get(id)?)))
    }

    /// Workspaces after `after`, in order of id, deleted or not.
    pub fn list(&self, after: Option<WorkspaceId>) -> impl Iterator<Item = (WorkspaceId, &Workspace)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}
