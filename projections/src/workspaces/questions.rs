//! Questions about workspaces that need more than the workspaces.

use super::fold::{Status, Workspace, label};
use super::templates::Version;
use crate::State;
use crate::access::Permission;
use ledger::event::Actor;
use ledger::event::id::WorkspaceId;
use ledger::event::scope::Scope;
use ledger::event::workspaces::{App, Names, Sharing};
use ledger::time::Time;

/// Who stands at a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Visitor {
    /// Somebody who signed in.
    Known(Actor),
    /// Anybody.
    Public,
}

/// A door that is open to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The workspace.
    pub workspace: WorkspaceId,
    /// The port on its loopback.
    pub port: u16,
    /// Whether its owner came in.
    pub by_owner: bool,
}

impl State {
    /// What a workspace is made of.
    pub fn spec_of(&self, workspace: &Workspace) -> Option<&Version> {
        self.templates.find(workspace.template)?.version(workspace.version)
    }

    /// What references in a workspace's spec stand for.
    pub fn names_of(&self, id: WorkspaceId, workspace: &Workspace) -> Names {
        let owner = workspace.owner;
        let handle = owner.and_then(|owner| self.subjects.find(owner)?.handle.as_deref().map(Box::from));
        let owner_id: Box<str> = owner.map(|owner| owner.to_string().into()).unwrap_or_default();
        Names {
            owner_handle: handle.unwrap_or_else(|| owner_id.clone()),
            owner_id,
            workspace_handle: workspace.handle.clone(),
            workspace_id: id.to_string().into(),
        }
    }

    /// What stands for a workspace in host names.
    pub fn label_of(&self, id: WorkspaceId) -> Box<str> {
        label(id)
    }

    /// Whether somebody may open an app of a workspace, or a port of it by number, at `now`.
    pub fn opens(&self, visitor: Visitor, id: WorkspaceId, door: &str, now: Time) -> Option<Opened> {
        let workspace = self.workspaces.live(id)?;
        let spec = &self.spec_of(workspace)?.spec;
        if workspace.phase.status != Status::Running {
            return None;
        }
        let by_owner = self.is_owner(visitor, workspace, now);
        let opened = |port| Opened { workspace: id, port, by_owner };
        if let Some(app) = spec.app(door) {
            let let_in = by_owner || self.shares(visitor, workspace, app, now);
            return let_in.then(|| opened(app.port));
        }
        let port: u16 = door.parse().ok()?;
        let is_door = spec.doors.ports && port >= 1024 && port.to_string() == door;
        (is_door && by_owner).then(|| opened(port))
    }

    /// Whether a terminal may be opened.
    pub fn opens_terminal(&self, visitor: Visitor, id: WorkspaceId, now: Time) -> bool {
        let found = self.workspaces.live(id).filter(|found| found.phase.status == Status::Running);
        found.is_some_and(|workspace| {
            let has_terminal = self.spec_of(workspace).is_some_and(|version| version.spec.doors.terminal);
            has_terminal && self.is_owner(visitor, workspace, now)
        })
    }

    fn is_owner(&self, visitor: Visitor, workspace: &Workspace, now: Time) -> bool {
        let Visitor::Known(actor) = visitor else { return false };
        let acting = actor.person_behind().or_else(|| actor.shown().map(|(subject, _)| subject));
        acting.is_some()
            && acting == workspace.owner
            && self.is_authentic(&actor, now)
            && self.actor_may(&actor, Permission::WorkspacesUse, workspace.scope.into(), now)
    }

    /// Whether an app is open to somebody who is not its owner. The template has the last word, and a workspace whose owner may not act
    /// is open to nobody.
    fn shares(&self, visitor: Visitor, workspace: &Workspace, app: &App, now: Time) -> bool {
        let sharing = workspace.shared.get(&app.slug).copied().unwrap_or_default().min(app.sharing_max);
        if !workspace.owner.is_some_and(|owner| self.subjects.is_active(owner)) {
            return false;
        }
        let Visitor::Known(actor) = visitor else { return sharing == Sharing::Public };
        if !self.is_authentic(&actor, now) {
            return sharing == Sharing::Public;
        }
        match sharing {
            Sharing::Owner => false,
            Sharing::Organization => {
                let organization = self.scopes.around(workspace.scope).iter().find(is_organization);
                let scope = organization.unwrap_or(Scope::Site);
                self.actor_may(&actor, Permission::TemplatesRead, scope.into(), now)
            }
            Sharing::Authenticated | Sharing::Public => true,
        }
    }
}

fn is_organization(scope: &Scope) -> bool {
    matches!(scope, Scope::Organization(_))
}
