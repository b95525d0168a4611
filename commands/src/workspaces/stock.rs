//! What Deed does with workspaces of its own accord, beside starting, stopping and deleting them.

use super::by_system;
use super::reactor::{Wanted, wanted};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::Object;
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::workspaces::{
    FellAsleep, StartOrdered, StopOrdered, Values, Why, WorkspaceRequested, complete,
};
use projections::workspaces::Wish;

/// Make a workspace that waits for whoever comes.
#[derive(Clone, Debug)]
pub struct StockWorkspace {
    /// Fresh name.
    pub workspace: WorkspaceId,
    /// From which template's promoted version.
    pub template: TemplateId,
}

impl Decide for StockWorkspace {
    const NAME: &'static str = "workspaces.stock_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let Self { workspace, template: id } = self;
        let template = ask.state.templates.live(id).filter(|template| template.deprecated.is_none());
        let Some((version, found)) = template.and_then(|template| template.active()) else {
            return Ok(vec![]);
        };
        let there = ask.state.workspaces.stock(id, version).count() as u64;
        let Ok(values) = complete(&found.spec.parameters, &Values::new()) else { return Ok(vec![]) };
        if there >= found.spec.prebuilt || ask.state.workspaces.find(workspace).is_some() {
            return Ok(vec![]);
        }
        let scope = template.map(|template| template.scope).unwrap_or_default();
        let handle = "ready".into();
        let requested =
            WorkspaceRequested { handle, owner: None, scope, template: id, values, version, workspace };
        Ok(vec![requested.into(), StartOrdered { build: 1, why: Why::Template, workspace }.into()])
    }
}

/// Put a workspace to sleep that nobody used for as long as its template says.
#[derive(Clone, Debug)]
pub struct FallAsleep {
    /// Which.
    pub workspace: WorkspaceId,
}

impl Decide for FallAsleep {
    const NAME: &'static str = "workspaces.fall_asleep";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let workspace = self.workspace;
        let found = ask.state.workspaces.live(workspace);
        let due = found.filter(|found| wanted(ask.state, workspace, found, ask.now) == Some(Wanted::Sleep));
        let Some(found) = due else { return Ok(vec![]) };
        let build = found.phase.build + 1;
        let stopped: Option<Happening> = (found.phase.wish == Wish::Run)
            .then(|| StopOrdered { build, why: Why::Dormancy, workspace }.into());
        Ok(stopped.into_iter().chain([FellAsleep { workspace }.into()]).collect())
    }
}
