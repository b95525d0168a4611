//! What is ordered of a workspace: to run, to stand still, to be gone.

use super::reactor::{Wanted, wanted};
use super::{fits, live, ordering};
use crate::{Ask, Decide, Decision};
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::{DeletionOrdered, StartOrdered, StopOrdered, Why};
use ledger::event::{Actor, Object, Refusal};
use projections::workspaces::derived::running_amounts;
use projections::workspaces::{Status, Wish, Workspace};

/// Start a workspace. One that runs, or is on its way, is left alone. Where Deed starts it of its own accord, the budgets are asked when the build
/// begins.
#[derive(Clone, Debug)]
pub struct StartWorkspace {
    /// Which.
    pub workspace: WorkspaceId,
    /// Why, when Deed does it of its own accord.
    pub why: Why,
}

impl Decide for StartWorkspace {
    const NAME: &'static str = "workspaces.start_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let id = self.workspace;
        let Some((workspace, why)) = ordered(ask, id, Wanted::Start(self.why))? else { return Ok(vec![]) };
        if workspace.phase.wish == Wish::Delete {
            return Err(Refusal::UnknownObject { object: Object::Workspace(id) });
        }
        if workspace.phase.wish == Wish::Run && workspace.phase.status != Status::Failed {
            return Ok(vec![]);
        }
        if let Some(owner) = workspace.owner.filter(|_| ask.actor != Actor::System) {
            ask.active(owner)?;
            let amounts = ask.state.spec_of(workspace).and_then(|version| running_amounts(&version.spec));
            fits(ask, owner, workspace.scope, amounts.as_ref())?;
        }
        Ok(vec![StartOrdered { build: workspace.phase.build + 1, why, workspace: id }.into()])
    }
}

/// Stop a workspace, or give up what is being built. One that stands still is left alone; one that could not be stopped is tried again.
#[derive(Clone, Debug)]
pub struct StopWorkspace {
    /// Which.
    pub workspace: WorkspaceId,
    /// Why, when Deed does it of its own accord.
    pub why: Why,
}

impl Decide for StopWorkspace {
    const NAME: &'static str = "workspaces.stop_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let id = self.workspace;
        let Some((workspace, why)) = ordered(ask, id, Wanted::Stop(self.why))? else { return Ok(vec![]) };
        let failed = workspace.phase.wish == Wish::Stop && workspace.phase.status == Status::Failed;
        if workspace.phase.wish != Wish::Run && !failed {
            return Ok(vec![]);
        }
        Ok(vec![StopOrdered { build: workspace.phase.build + 1, why, workspace: id }.into()])
    }
}

/// Delete a workspace and what it wrote, but for volumes that its template protects.
#[derive(Clone, Debug)]
pub struct DeleteWorkspace {
    /// Which.
    pub workspace: WorkspaceId,
    /// Why, when Deed does it of its own accord.
    pub why: Why,
}

impl Decide for DeleteWorkspace {
    const NAME: &'static str = "workspaces.delete_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let id = self.workspace;
        let Some((workspace, why)) = ordered(ask, id, Wanted::Delete(self.why))? else { return Ok(vec![]) };
        if workspace.phase.wish == Wish::Delete && workspace.phase.status != Status::Failed {
            return Ok(vec![]);
        }
        Ok(vec![DeletionOrdered { build: workspace.phase.build + 1, why, workspace: id }.into()])
    }
}

/// A workspace of which somebody may order something, and why they do; `None` when Deed had a reason of its own that is no more.
fn ordered<'a>(
    ask: &Ask<'a>,
    id: WorkspaceId,
    order: Wanted,
) -> Result<Option<(&'a Workspace, Why)>, Refusal> {
    if ask.actor == Actor::System {
        let found = ask.state.workspaces.live(id);
        let due = found.filter(|found| wanted(ask.state, id, found, ask.now) == Some(order));
        return Ok(due.zip(order.why()));
    }
    ask.shown()?;
    let workspace = live(ask, id)?;
    let why = ordering(ask, workspace)?;
    Ok(Some((workspace, why)))
}
