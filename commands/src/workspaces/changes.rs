//! What else changes about a workspace: whose it is, who may open its apps, when it runs, what it left.

use super::{live, ordering, unusable};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::WorkspaceId;
use ledger::event::keys::KeyRevoked;
use ledger::event::workspaces::{
    AppShared, Schedule, ScheduleSet, Sharing, StopOrdered, VolumeDeleted, Why, WorkspaceTransferred,
};
use ledger::event::{Object, Refusal, Subject};
use projections::access::Permission;
use projections::workspaces::{ToolKey, Wish};

/// Give a workspace to somebody who may use workspaces there. It stops, since what runs in it has the key of the owner before; sharing ends.
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
        let workspace = live(ask, id)?;
        let why = ordering(ask, workspace, Why::Administrator)?;
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
        let key = ask.state.tool_key(id, workspace, ask.now);
        let revoked = key.and_then(|key| match key {
            ToolKey::Live(key) => {
                Some(KeyRevoked { key, reason: Some("workspace transferred".into()) }.into())
            }
            ToolKey::Due(_) => None,
        });
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
        let workspace = live(ask, id)?;
        ordering(ask, workspace, Why::Person)?;
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
        let workspace = live(ask, id)?;
        ordering(ask, workspace, Why::Person)?;
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
        ordering(ask, workspace, Why::Person)?;
        if !workspace.kept.contains(&volume) {
            return Ok(vec![]);
        }
        Ok(vec![VolumeDeleted { volume, workspace: id }.into()])
    }
}
