//! The keeper's table: what is wished, what a workspace is doing and what the engine has, and the one step that follows.

use crate::given::given;
use crate::workshop::*;
use commands::workspaces::{SeenContainer, SeenState, Step, step};
use ledger::event::workspaces::Why;
use ledger::hash::Hash;
use projections::workspaces::{Phase, Status, Wish, Workspace};

/// What the engine has of a workspace.
const SEEN: [Option<SeenState>; 6] = [
    None,
    Some(SeenState::Running),
    Some(SeenState::Paused),
    Some(SeenState::Created),
    Some(SeenState::Ended(Some(137))),
    Some(SeenState::Ended(None)),
];

use Step::{Attend, Build, Halt, Remove, ReportLost, ReportStopped, Rest, Resume, Sweep};

/// One row of the table, with a step for each of [`SEEN`].
type Row = (Wish, Status, [Step; 6]);

const ROWS: [Row; 18] = [
    (Wish::Run, Status::Requested, [Build; 6]),
    (Wish::Run, Status::Building, [Build; 6]),
    (
        Wish::Run,
        Status::Running,
        [ReportLost(None), Attend, Resume, ReportLost(None), ReportLost(Some(137)), ReportLost(None)],
    ),
    (Wish::Run, Status::Lost, [Build; 6]),
    (Wish::Run, Status::Failed, [Rest, Halt, Halt, Rest, Rest, Rest]),
    (Wish::Run, Status::Deleted, [Rest, Sweep, Sweep, Sweep, Sweep, Sweep]),
    (Wish::Stop, Status::Requested, [Rest, Halt, Halt, Rest, Rest, Rest]),
    (Wish::Stop, Status::Stopping, [ReportStopped, Halt, Halt, ReportStopped, ReportStopped, ReportStopped]),
    (Wish::Stop, Status::Stopped, [Rest, Halt, Halt, Rest, Rest, Rest]),
    (Wish::Stop, Status::Lost, [Rest, Halt, Halt, Rest, Rest, Rest]),
    (Wish::Stop, Status::Failed, [Rest, Halt, Halt, Rest, Rest, Rest]),
    (Wish::Stop, Status::Deleted, [Rest, Sweep, Sweep, Sweep, Sweep, Sweep]),
    (Wish::Delete, Status::Deleting, [Remove; 6]),
    (Wish::Delete, Status::Failed, [Rest, Halt, Halt, Rest, Rest, Rest]),
    (Wish::Delete, Status::Deleted, [Rest, Sweep, Sweep, Sweep, Sweep, Sweep]),
    // Not reached, and harmless: what is to be gone goes.
    (Wish::Delete, Status::Running, [Remove; 6]),
    (Wish::Delete, Status::Stopped, [Remove; 6]),
    (Wish::Delete, Status::Lost, [Remove; 6]),
];

fn in_phase(wish: Wish, status: Status) -> Workspace {
    let given = given([published("rust", rust()), ran("work", "bob")].concat());
    let found = given.found("work").clone();
    let phase = Phase { wish, status, why: Why::Person, ..found.phase };
    Workspace { phase, ..found }
}

#[test]
fn each_wish_state_and_sight_has_its_one_step() {
    for (wish, status, steps) in ROWS {
        let found = in_phase(wish, status);
        for (state, expected) in SEEN.into_iter().zip(steps) {
            let container = |state| SeenContainer { id: Hash([7; 32]), workspace: workspace("work"), state };
            let seen = state.map(container);
            assert_eq!(step(&found, seen.as_ref()), expected, "{wish:?} {status:?} {state:?}");
        }
    }
}

#[test]
fn another_container_in_the_place_of_the_one_that_ran_is_a_loss() {
    let found = in_phase(Wish::Run, Status::Running);
    for state in SEEN.into_iter().flatten() {
        let other = SeenContainer { id: Hash([9; 32]), workspace: workspace("work"), state };
        assert_eq!(step(&found, Some(&other)), ReportLost(None));
    }
}
