//! What Deed saw of workspaces while they ran.

use super::by_system;
use crate::{Ask, Decide, Decision};
use ledger::event::Object;
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::{ActivitySeen, ConnectionsCounted, EgressCounted, OrphanFound};
use ledger::time::Time;

/// How fresh the last use of a workspace is kept: it is recorded no more often than this.
const ACTIVITY_SECONDS: u64 = 60;

/// Say that a workspace is used. What was said a short time ago is not said again.
#[derive(Clone, Debug)]
pub struct SeeActivity {
    /// Which.
    pub workspace: WorkspaceId,
}

impl Decide for SeeActivity {
    const NAME: &'static str = "workspaces.see_activity";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let workspace = self.workspace;
        let due = |used: Time| used.plus_seconds(ACTIVITY_SECONDS) <= ask.now;
        let due = ask.state.workspaces.live(workspace).is_some_and(|found| due(found.used));
        Ok(due.then(|| ActivitySeen { workspace }.into()).into_iter().collect())
    }
}

/// Say who used an app, from when to when and how much. Of a workspace that never was, nothing is said.
#[derive(Clone, Debug)]
pub struct CountConnections {
    /// What was counted.
    pub counted: ConnectionsCounted,
}

impl Decide for CountConnections {
    const NAME: &'static str = "workspaces.count_connections";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.counted.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let known = ask.state.workspaces.find(self.counted.workspace);
        Ok(known.map(|_| self.counted.into()).into_iter().collect())
    }
}

/// Say where a workspace reached out to.
#[derive(Clone, Debug)]
pub struct CountEgress {
    /// What was counted.
    pub counted: EgressCounted,
}

impl Decide for CountEgress {
    const NAME: &'static str = "workspaces.count_egress";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.counted.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        let known =
            ask.state.workspaces.find(self.counted.workspace).filter(|_| !self.counted.rows.is_empty());
        Ok(known.map(|_| self.counted.into()).into_iter().collect())
    }
}

/// Say that the engine has something of ours that belongs to no workspace.
#[derive(Clone, Debug)]
pub struct RecordOrphan {
    /// What.
    pub found: OrphanFound,
}

impl Decide for RecordOrphan {
    const NAME: &'static str = "workspaces.record_orphan";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_system(ask)?;
        Ok(vec![self.found.into()])
    }
}
