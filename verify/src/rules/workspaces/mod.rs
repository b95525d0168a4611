//! Rules of workspaces: who may publish and order, what an order may follow, and that Deed says nothing that was not ordered.

pub(super) mod refusals;

use super::{Case, Verdict, Wrong, not_allowed, require};
use ledger::event::id::{ReservationId, TemplateId, VirtualKeyId, WorkspaceId};
use ledger::event::keys::{KeyClass, KeyIssued};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{
    AppShared, DeletionOrdered, FellAsleep, Lost, Parameter, ScheduleSet, StartOrdered, StopOrdered,
    TemplateCreated, Values, VersionArchived, VersionPublished, VolumeDeleted, Why, WorkspaceClaimed,
    WorkspaceDeleted, WorkspaceFailed, WorkspaceRequested, WorkspaceTransferred, WorkspaceUpdated, complete,
    is_slug,
};
use ledger::event::{Actor, Subject, Workspaces};
use ledger::time::Time;
use projections::access::Permission;
use projections::workspaces::derived::{
    disk_amounts, disk_reservation, running_amounts, running_reservation,
};
use projections::workspaces::{
    LOSSES_MAX, Status, Template, ToolKey, Version, WORKSPACES_MAX, Wish, Workspace,
};

pub(super) fn judge(case: &Case<'_>, fact: &Workspaces) -> Verdict {
    match fact {
        Workspaces::TemplateCreated(fact) => created(case, fact),
        Workspaces::VersionPublished(fact) => published(case, fact),
        Workspaces::VersionPromoted(fact) => published_version(case, fact.template, fact.number).map(drop),
        Workspaces::VersionArchived(fact) => put_away(case, fact),
        Workspaces::TemplateDeprecated(fact) => managed(case, fact.template).map(drop),
        Workspaces::TemplateArchived(fact) => managed(case, fact.template).map(drop),
        Workspaces::WorkspaceRequested(fact) => requested(case, fact),
        Workspaces::WorkspaceClaimed(fact) => claimed(case, fact),
        Workspaces::StartOrdered(StartOrdered { build, why, workspace }) => {
            ordered(case, *workspace, (*build, *why), Wish::Run)
        }
        Workspaces::StopOrdered(StopOrdered { build, why, workspace }) => {
            ordered(case, *workspace, (*build, *why), Wish::Stop)
        }
        Workspaces::DeletionOrdered(DeletionOrdered { build, why, workspace }) => {
            ordered(case, *workspace, (*build, *why), Wish::Delete)
        }
        Workspaces::BuildBegan(fact) => {
            current(case, fact.workspace, fact.build, &[Status::Requested])?;
            paid(case, fact.workspace)
        }
        Workspaces::Started(fact) => {
            current(case, fact.workspace, fact.build, &[Status::Building, Status::Lost])
        }
        Workspaces::Stopped(fact) => {
            current(case, fact.workspace, fact.build, &[Status::Stopping])?;
            given_back(case, running_reservation(fact.workspace))
        }
        Workspaces::WorkspaceDeleted(fact) => deleted(case, fact),
        Workspaces::WorkspaceFailed(fact) => failed(case, fact),
        Workspaces::Lost(Lost { build, workspace, .. }) => {
            current(case, *workspace, *build, &[Status::Running])
        }
        Workspaces::WorkspaceUpdated(fact) => updated(case, fact),
        Workspaces::WorkspaceTransferred(fact) => transferred(case, fact),
        Workspaces::AppShared(fact) => shared(case, fact),
        Workspaces::ScheduleSet(fact) => scheduled(case, fact),
        Workspaces::FellAsleep(fact) => slept(case, fact),
        Workspaces::VolumeDeleted(fact) => volume_deleted(case, fact),
        Workspaces::ActivitySeen(fact) => {
            case.by_system()?;
            live(case, fact.workspace).map(drop)
        }
        Workspaces::ConnectionsCounted(fact) => counted(case, fact.workspace),
        Workspaces::EgressCounted(fact) => counted(case, fact.workspace),
        Workspaces::OrphanFound(_) => case.by_system(),
    }
}

fn created(case: &Case<'_>, fact: &TemplateCreated) -> Verdict {
    case.permitted(Permission::TemplatesPublish, fact.scope)?;
    let free = case.state.templates.by_handle(fact.scope, &fact.handle).is_none()
        && case.state.templates.find(fact.template).is_none();
    require(free && is_slug(&fact.handle), "the name is none, or was taken")
}

fn put_away(case: &Case<'_>, fact: &VersionArchived) -> Verdict {
    let template = managed(case, fact.template)?;
    open_version(template, fact.number)?;
    let active = template.active().is_some_and(|(number, _)| number == fact.number);
    require(!active, "the version was the promoted one")
}

fn failed(case: &Case<'_>, fact: &WorkspaceFailed) -> Verdict {
    let running = [Status::Requested, Status::Building, Status::Lost];
    let ending = [Status::Stopping, Status::Deleting];
    current(case, fact.workspace, fact.build, &[running.as_slice(), &ending].concat())?;
    let ran = live(case, fact.workspace)?.phase.wish == Wish::Run;
    if ran { given_back(case, running_reservation(fact.workspace)) } else { Ok(()) }
}

fn scheduled(case: &Case<'_>, fact: &ScheduleSet) -> Verdict {
    may_order(case, lasting(case, fact.workspace)?)?;
    let known = fact.schedule.as_ref().is_none_or(|schedule| schedule.zone.is_known());
    require(known, "there is no such time zone, as far as this build knows")
}

fn slept(case: &Case<'_>, fact: &FellAsleep) -> Verdict {
    case.by_system()?;
    let workspace = live(case, fact.workspace)?;
    let times = version_of(case, workspace)?.spec.times;
    let idle = times.dormant_after_seconds;
    let due = idle.is_some_and(|idle| workspace.used.plus_seconds(idle) <= case.event.time);
    require(due && workspace.asleep.is_none(), "it was used not long ago, or slept already")
}

fn volume_deleted(case: &Case<'_>, fact: &VolumeDeleted) -> Verdict {
    let workspace = case.state.workspaces.find(fact.workspace);
    let workspace = workspace.ok_or(not_allowed("there was no such workspace"))?;
    may_order(case, workspace)?;
    require(workspace.kept.contains(&fact.volume), "no such volume was left")
}

/// What was counted may be said when the workspace is gone already.
fn counted(case: &Case<'_>, workspace: WorkspaceId) -> Verdict {
    case.by_system()?;
    require(case.state.workspaces.find(workspace).is_some(), "there was no such workspace")
}

fn live<'a>(case: &Case<'a>, id: WorkspaceId) -> Result<&'a Workspace, Wrong> {
    let found = case.state.workspaces.find(id).filter(|workspace| workspace.span.is_open());
    found.ok_or(not_allowed("there was no such workspace, or it was gone"))
}

/// The same, unless it was to be gone.
fn lasting<'a>(case: &Case<'a>, id: WorkspaceId) -> Result<&'a Workspace, Wrong> {
    let found = live(case, id)?;
    require(found.phase.wish != Wish::Delete, "the workspace was to be gone already")?;
    Ok(found)
}

fn version_of<'a>(case: &Case<'a>, workspace: &Workspace) -> Result<&'a Version, Wrong> {
    case.state.spec_of(workspace).ok_or(not_allowed("the workspace had no version"))
}

fn managed<'a>(case: &Case<'a>, id: TemplateId) -> Result<&'a Template, Wrong> {
    let template = case.state.templates.live(id);
    let template = template.ok_or(not_allowed("there was no such template, or it was archived"))?;
    case.permitted(Permission::TemplatesPublish, template.scope)?;
    Ok(template)
}

fn open_version(template: &Template, number: u64) -> Result<&Version, Wrong> {
    let version = template.versions.get(&number).filter(|version| version.span.is_open());
    version.ok_or(not_allowed("there was no such version, or it was archived"))
}

fn published_version<'a>(case: &Case<'a>, id: TemplateId, number: u64) -> Result<&'a Version, Wrong> {
    open_version(managed(case, id)?, number)
}

fn published(case: &Case<'_>, fact: &VersionPublished) -> Verdict {
    let template = managed(case, fact.template)?;
    require(fact.spec.check().is_ok(), "the template does not keep its bounds")?;
    require(fact.spec.digest() == fact.digest, "the digest is not that of the template")?;
    let newest = template.versions.keys().max().copied().unwrap_or_default();
    require(fact.number == newest + 1, "the version's number is not the next")
}

/// Who acts: the person behind a program, or whoever shows a credential.
fn acting(case: &Case<'_>) -> Option<Subject> {
    let actor = &case.event.actor;
    actor.person_behind().or_else(|| actor.shown().map(|(subject, _)| subject))
}

/// That values are what the parameters of a version admit, and all of them.
fn complete_values(version: &Version, values: &Values) -> Verdict {
    let all = complete(&version.spec.parameters, values);
    require(all.is_ok_and(|all| all == *values), "a parameter has a value that it does not admit")
}

fn requested(case: &Case<'_>, fact: &WorkspaceRequested) -> Verdict {
    require(case.state.workspaces.find(fact.workspace).is_none(), "the workspace existed already")?;
    require(is_slug(&fact.handle), "the workspace's name is none")?;
    let template = case.state.templates.live(fact.template);
    let template = template.filter(|template| template.deprecated.is_none());
    let template = template.ok_or(not_allowed("nothing could be made from the template"))?;
    let version = open_version(template, fact.version)?;
    complete_values(version, &fact.values)?;
    let within = case.state.scopes.is_within(fact.scope, template.scope);
    require(within, "the template is of another scope")?;
    let Some(owner) = fact.owner else {
        case.by_system()?;
        let there = case.state.workspaces.stock(fact.template, fact.version).count() as u64;
        return require(there < version.spec.prebuilt, "the template's stock was full");
    };
    creates(case, owner, fact.scope, &fact.handle)
}

/// That somebody may have one workspace more there, under that name.
fn creates(case: &Case<'_>, owner: Subject, scope: Scope, handle: &str) -> Verdict {
    case.permitted(Permission::WorkspacesUse, scope)?;
    require(acting(case) == Some(owner), "it is somebody else's")?;
    room(case, owner)?;
    let taken = case.state.workspaces.by_handle(owner, handle).is_some();
    require(!taken && is_slug(handle), "the name is none, or was taken")
}

/// That somebody has fewer workspaces than there may be.
fn room(case: &Case<'_>, owner: Subject) -> Verdict {
    let count = case.state.workspaces.of(owner).count() as u64;
    require(count < WORKSPACES_MAX, "the owner had as many workspaces as there may be")
}

fn claimed(case: &Case<'_>, fact: &WorkspaceClaimed) -> Verdict {
    let workspace = live(case, fact.workspace)?;
    require(workspace.owner.is_none(), "the workspace was somebody's")?;
    require(workspace.phase.status == Status::Running, "the workspace did not run")?;
    let template = case.state.templates.live(workspace.template);
    let template = template.filter(|template| template.deprecated.is_none());
    let template = template.ok_or(not_allowed("nothing could be made from the template"))?;
    open_version(template, workspace.version)?;
    let within = case.state.scopes.is_within(fact.scope, template.scope);
    require(within, "the template is of another scope")?;
    creates(case, fact.owner, fact.scope, &fact.handle)
}

/// Why the actor may order something of a workspace.
fn may_order(case: &Case<'_>, workspace: &Workspace) -> Result<Why, Wrong> {
    if workspace.owner.is_some() && workspace.owner == acting(case) {
        case.permitted(Permission::WorkspacesUse, workspace.scope)?;
        return Ok(Why::Person);
    }
    case.permitted(Permission::WorkspacesManage, workspace.scope)?;
    Ok(Why::Administrator)
}

fn ordered(case: &Case<'_>, id: WorkspaceId, (build, why): (u64, Why), wish: Wish) -> Verdict {
    let workspace = live(case, id)?;
    require(build == workspace.phase.build + 1, "the order's number is not the next")?;
    let deleting = workspace.phase.wish == Wish::Delete && wish != Wish::Delete;
    require(!deleting, "the workspace was to be gone already")?;
    if case.event.actor == Actor::System {
        return require(is_due(case, workspace, why, wish), "Deed had no reason of its own to order it");
    }
    require(may_order(case, workspace)? == why, "it gives another reason than the actor had")
}

/// Whether Deed has that reason to order something of its own accord.
fn is_due(case: &Case<'_>, workspace: &Workspace, why: Why, wish: Wish) -> bool {
    let (state, now) = (case.state, case.event.time);
    let times = state.spec_of(workspace).map(|version| version.spec.times).unwrap_or_default();
    let passed =
        |since: Time, seconds: Option<u64>| seconds.is_some_and(|seconds| since.plus_seconds(seconds) <= now);
    let started = workspace.started.unwrap_or(workspace.phase.ordered);
    let schedule = workspace.schedule.as_deref();
    let since = workspace.phase.ordered.max(workspace.scheduled);
    let came = |moment: Option<Time>| moment.is_some_and(|moment| since < moment);
    let (status, acts) =
        (workspace.phase.status, workspace.owner.map(|owner| state.subjects.is_active(owner)));
    match (wish, why) {
        (Wish::Run, Why::Template) => workspace.owner.is_none() && workspace.phase.build == 0,
        (Wish::Run, Why::Schedule) => {
            let may = acts == Some(true) && workspace.asleep.is_none() && workspace.phase.wish == Wish::Stop;
            may && came(schedule.and_then(|found| found.last_start(now)))
        }
        (Wish::Stop, Why::Schedule) => came(schedule.and_then(|found| found.last_stop(now))),
        (Wish::Stop, Why::Idle) => passed(workspace.used.max(started), times.idle_stop_seconds),
        (Wish::Stop, Why::Lifetime) => passed(started, times.lifetime_seconds_max),
        (Wish::Stop, Why::Suspension) => acts == Some(false),
        (Wish::Stop, Why::Dormancy) => passed(workspace.used, times.dormant_after_seconds),
        (Wish::Stop, Why::Unstable) => status == Status::Lost && workspace.phase.losses >= LOSSES_MAX,
        (Wish::Delete, Why::Template) => workspace.owner.is_none(),
        (Wish::Delete, Why::Dormancy) => {
            workspace.asleep.is_some_and(|since| passed(since, times.delete_after_dormant_seconds))
        }
        _ => false,
    }
}

fn current(case: &Case<'_>, id: WorkspaceId, build: u64, statuses: &[Status]) -> Verdict {
    case.by_system()?;
    let phase = live(case, id)?.phase;
    let follows = phase.build == build && statuses.contains(&phase.status);
    require(follows, "it does not follow from what was ordered last")
}

/// That its owner's budgets pay for a workspace that is built.
fn paid(case: &Case<'_>, id: WorkspaceId) -> Verdict {
    let workspace = live(case, id)?;
    if workspace.owner.is_none() {
        return Ok(());
    }
    let spec = &version_of(case, workspace)?.spec;
    let held = |reservation| case.state.budgets.open(reservation).map(|open| &open.amounts);
    let running = held(running_reservation(id)) == running_amounts(spec).as_ref();
    let disk = held(disk_reservation(id)) == disk_amounts(spec).as_ref();
    require(running && disk, "what it takes was not reserved")
}

fn given_back(case: &Case<'_>, reservation: ReservationId) -> Verdict {
    require(case.state.budgets.open(reservation).is_none(), "what it took was not given back")
}

/// That no key of its tools works any more.
fn keyless(case: &Case<'_>, id: WorkspaceId, workspace: &Workspace) -> Verdict {
    let key = case.state.live_tool_key(id, workspace, case.event.time);
    require(key.is_none(), "the key of its tools was not revoked")
}

/// Whether what is reserved may be given back: not what a running workspace takes, nor what the disks of one take that nobody builds or deletes.
pub(super) fn may_release(case: &Case<'_>, reservation: ReservationId) -> bool {
    let id = case.state.workspaces.holder(reservation);
    let Some((id, workspace)) = id.and_then(|id| Some((id, case.state.workspaces.live(id)?))) else {
        return true;
    };
    let phase = workspace.phase;
    if reservation == running_reservation(id) {
        return phase.status != Status::Running;
    }
    phase.status == Status::Requested || phase.wish == Wish::Delete
}

fn deleted(case: &Case<'_>, fact: &WorkspaceDeleted) -> Verdict {
    current(case, fact.workspace, fact.build, &[Status::Deleting])?;
    given_back(case, running_reservation(fact.workspace))?;
    given_back(case, disk_reservation(fact.workspace))?;
    let workspace = live(case, fact.workspace)?;
    keyless(case, fact.workspace, workspace)?;
    let version = version_of(case, workspace)?;
    let protected = version.spec.volumes.iter().filter(|volume| volume.protected).map(|volume| &volume.name);
    require(protected.eq(fact.kept.iter()), "it keeps other volumes than the template protects")
}

fn updated(case: &Case<'_>, fact: &WorkspaceUpdated) -> Verdict {
    let workspace = lasting(case, fact.workspace)?;
    may_order(case, workspace)?;
    let changes = (fact.version, &fact.values) != (workspace.version, &*workspace.values);
    require(changes, "nothing of the workspace changed")?;
    let template = case.state.templates.live(workspace.template);
    let template = template.ok_or(not_allowed("the template was archived"))?;
    let version = if fact.version == workspace.version {
        version_of(case, workspace)?
    } else {
        open_version(template, fact.version)?
    };
    complete_values(version, &fact.values)?;
    let old = version_of(case, workspace)?;
    let moved = |parameter: &Parameter| {
        let (before, after) = (workspace.values.get(&parameter.name), fact.values.get(&parameter.name));
        after.is_some() && before != after
    };
    let changed = old.spec.parameters.iter().any(|parameter| !parameter.mutable && moved(parameter));
    require(!changed, "a parameter changed that never does")
}

fn transferred(case: &Case<'_>, fact: &WorkspaceTransferred) -> Verdict {
    let workspace = lasting(case, fact.workspace)?;
    may_order(case, workspace)?;
    require(workspace.owner != Some(fact.owner), "it was theirs already")?;
    require(workspace.phase.wish != Wish::Run, "it was not stopped before")?;
    keyless(case, fact.workspace, workspace)?;
    room(case, fact.owner)?;
    let may = case.state.may(fact.owner, Permission::WorkspacesUse, workspace.scope.into(), case.event.time);
    require(may && case.state.subjects.is_active(fact.owner), "the new owner may not use workspaces there")?;
    let taken = case.state.workspaces.by_handle(fact.owner, &workspace.handle).is_some();
    require(!taken, "the new owner had one of that name")
}

fn shared(case: &Case<'_>, fact: &AppShared) -> Verdict {
    let workspace = lasting(case, fact.workspace)?;
    may_order(case, workspace)?;
    let app = version_of(case, workspace)?.spec.apps.iter().find(|app| app.slug == fact.app);
    let sharing_max = app.map(|app| app.sharing_max).unwrap_or_default();
    require(fact.sharing <= sharing_max, "the template does not let so many open it")
}

/// Which workspace a key is for, by its name.
fn of_key(case: &Case<'_>, alias: &str) -> Option<(WorkspaceId, Workspace)> {
    let id = alias.strip_prefix("workspace/")?.parse().ok()?;
    Some((id, case.state.workspaces.find(id)?.clone()))
}

/// Whether Deed may issue a key because it begins to build the workspace whose tools have it.
pub(super) fn may_issue(case: &Case<'_>, fact: &KeyIssued) -> bool {
    let Some((id, workspace)) = of_key(case, &fact.alias) else { return false };
    let due = case.state.tool_key(id, &workspace, case.event.time) == Some(ToolKey::Due(fact.key));
    let fits = workspace.owner == Some(fact.owner) && workspace.scope == fact.scope;
    let begins = workspace.phase.status == Status::Requested && workspace.phase.wish == Wish::Run;
    case.event.actor == Actor::System && fact.class == KeyClass::Workspace && due && fits && begins
}

/// Whether a key may end because its workspace does, or becomes somebody else's.
pub(super) fn may_revoke(case: &Case<'_>, key: VirtualKeyId) -> bool {
    let Some(found) = case.state.keys.find(key) else { return false };
    let Some((id, workspace)) = of_key(case, &found.issued.alias) else { return false };
    let is_its = case.state.live_tool_key(id, &workspace, case.event.time) == Some(key);
    let deleting = case.event.actor == Actor::System && workspace.phase.status == Status::Deleting;
    is_its && (deleting || may_order(case, &workspace).is_ok())
}
