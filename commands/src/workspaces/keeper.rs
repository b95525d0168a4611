//! The pure half of the keeper: what the engine has, what is wished, and the one step that leads from the one to the other.
//!
//! A step looks at nothing but these, so a crash, a missed wake-up and a second run all end in the same place.

use ledger::event::id::WorkspaceId;
use ledger::hash::Hash;
use projections::workspaces::{Status, Wish, Workspace};

/// What the engine says a container does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeenState {
    /// It runs.
    Running,
    /// It is held still.
    Paused,
    /// It was made and never ran.
    Created,
    /// It ended, with this code if the engine knows it.
    Ended(Option<i64>),
}

/// A container of ours that the engine has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenContainer {
    /// The engine's id.
    pub id: Hash,
    /// Which workspace its labels name.
    pub workspace: WorkspaceId,
    /// What it does.
    pub state: SeenState,
}

/// What is to be done about a workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Rest,
    /// See that what runs has its proxy and its apps.
    Attend,
    /// Make it run: volumes, container, startup, apps.
    Build,
    /// Let a container go on that somebody held still.
    Resume,
    /// Say that it no longer runs.
    ReportLost(Option<i64>),
    /// Stop its container.
    Halt,
    /// Say that it stands still.
    ReportStopped,
    /// Take its container and its volumes away, and say so.
    Remove,
    /// Take a container away that is left of a deleted workspace.
    Sweep,
}

/// What is to be done about a workspace next.
pub fn step(workspace: &Workspace, seen: Option<&SeenContainer>) -> Step {
    let state = seen.map(|seen| seen.state);
    let lives = matches!(state, Some(SeenState::Running | SeenState::Paused));
    match (workspace.phase.wish, workspace.phase.status) {
        (_, Status::Deleted) => state.map_or(Step::Rest, |_| Step::Sweep),
        (_, Status::Failed) if lives => Step::Halt,
        (_, Status::Failed) => Step::Rest,
        (Wish::Run, Status::Running) => running(workspace, seen),
        (Wish::Run, _) => Step::Build,
        (Wish::Stop, _) if lives => Step::Halt,
        (Wish::Stop, Status::Stopping) => Step::ReportStopped,
        // Asked for and not ordered: never.
        (Wish::Stop, _) => Step::Rest,
        (Wish::Delete, _) => Step::Remove,
    }
}

fn running(workspace: &Workspace, seen: Option<&SeenContainer>) -> Step {
    let Some(seen) = seen else { return Step::ReportLost(None) };
    if workspace.container != Some(seen.id) {
        // Somebody put another in its place.
        return Step::ReportLost(None);
    }
    match seen.state {
        SeenState::Running => Step::Attend,
        SeenState::Paused => Step::Resume,
        SeenState::Created => Step::ReportLost(None),
        SeenState::Ended(code) => Step::ReportLost(code),
    }
}
