//! What else changes about a workspace: whose it is, who may open its apps, when it runs, what it left.

use super::{WORKSPACES_MAX, fits, lasting, ordering, revoked, unusable};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::{
    AppShared, Schedule, ScheduleSet, Sharing, StopOrdered, VolumeDeleted, WorkspaceTransferred,
};
use ledger::event::{Object, Refusal, Subject};
use projections::access::Permission;
use projections::workspaces::Wish;
use projections::workspaces::derived::disk_amounts;

/// Give a workspace to somebody who may use workspaces there. It stops, since what runs in it has the key of the owner before; sharing ends.
/// What its disks take counts for the owner before until it starts again.
#[derive(Clone, Debug)]
pub struct TransferWorkspace {
    /// Which.
    pub workspace: WorkspaceId,
    /// To whom.
    pub to: Subject,
}

impl Decide for TransferWorkspace {
    const NAME: &'static str = "workspaces.transfer_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.shown()?;
        let Self { workspace: id, to } = self;
        let workspace = lasting(ask, id)?;
        let why = ordering(ask, workspace)?;
        ask.active(to)?;
        if workspace.owner == Some(to) {
            return Ok(vec![]);
        }
        let (permission, scope) = (Permission::WorkspacesUse, workspace.scope);
        if !ask.state.may(to, permission, scope.into(), ask.now) {
            return Err(unusable(workspace.template, "new_owner_may_not"));
        }
        if ask.state.workspaces.by_handle(to, &workspace.handle).is_some() {
            return Err(Refusal::HandleTaken { handle: workspace.handle.clone() });
        }
        if ask.state.workspaces.of(to).count() as u64 >= WORKSPACES_MAX {
            return Err(Refusal::TooMany { count_max: WORKSPACES_MAX });
        }
        let disk = ask.state.spec_of(workspace).and_then(|version| disk_amounts(&version.spec));
        fits(ask, to, workspace.scope, disk.as_ref())?;
        let revoked = revoked(ask, id, workspace, "workspace transferred");
        let stopped = (workspace.phase.wish == Wish::Run)
            .then(|| StopOrdered { build: workspace.phase.build + 1, why, workspace: id }.into());
        let transferred: Happening = WorkspaceTransferred { owner: to, workspace: id }.into();
        Ok(revoked.into_iter().chain(stopped).chain([transferred]).collect())
    }
}

/// Let others open an app, as far as the template allows, or nobody any more.
#[derive(Clone, Debug)]
pub struct ShareApp {
    /// Which workspace.
    pub workspace: WorkspaceId,
    /// The app, by its slug.
    pub app: Box<str>,
    /// Who may open it.
    pub sharing: Sharing,
}

impl Decide for ShareApp {
    const NAME: &'static str = "workspaces.share_app";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.shown()?;
        let Self { workspace: id, app, sharing } = self;
        let workspace = lasting(ask, id)?;
        ordering(ask, workspace)?;
        let spec = ask.state.spec_of(workspace).map(|version| &version.spec);
        let found = spec.and_then(|spec| spec.app(&app));
        let sharing_max = found.map(|app| app.sharing_max).unwrap_or_default();
        if sharing > sharing_max {
            return Err(Refusal::SharedTooWidely { sharing_max });
        }
        if workspace.shared.get(&app).copied().unwrap_or_default() == sharing {
            return Ok(vec![]);
        }
        Ok(vec![AppShared { app, sharing, workspace: id }.into()])
    }
}

/// Say when a workspace starts and stops by itself.
#[derive(Clone, Debug)]
pub struct SetSchedule {
    /// Which.
    pub workspace: WorkspaceId,
    /// When; `None` for never.
    pub schedule: Option<Schedule>,
}

impl Decide for SetSchedule {
    const NAME: &'static str = "workspaces.set_schedule";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.shown()?;
        let Self { workspace: id, schedule } = self;
        let workspace = lasting(ask, id)?;
        ordering(ask, workspace)?;
        if workspace.schedule.as_deref() == schedule.as_ref() {
            return Ok(vec![]);
        }
        Ok(vec![ScheduleSet { schedule, workspace: id }.into()])
    }
}

/// Delete a volume that a deleted workspace left because its template protects it. Deleting what is not there changes nothing.
#[derive(Clone, Debug)]
pub struct DeleteVolume {
    /// Which workspace.
    pub workspace: WorkspaceId,
    /// The volume, by its name in the template.
    pub volume: Box<str>,
}

impl Decide for DeleteVolume {
    const NAME: &'static str = "workspaces.delete_volume";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.shown()?;
        let Self { workspace: id, volume } = self;
        let object = Object::Workspace(id);
        let workspace = ask.state.workspaces.find(id).ok_or(Refusal::UnknownObject { object })?;
        ordering(ask, workspace)?;
        if !workspace.kept.contains(&volume) {
            return Ok(vec![]);
        }
        Ok(vec![VolumeDeleted { volume, workspace: id }.into()])
    }
}
