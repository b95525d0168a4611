//! What became of orders: said by Deed alone, about the last order alone.

use crate::given::{Given, asked_by};
use crate::people::time;
use crate::workshop::*;
use commands::Command;
use commands::workspaces::*;
use ledger::event::workspaces::*;
use ledger::event::{Fact, Refusal};
use projections::workspaces::{LOSSES_MAX, Status, Wish};

fn person() -> Why {
    Why::Person
}

/// All that can be said of an order, whatever came of it.
fn said(build: u64) -> [Command; 6] {
    [
        begin("work", build).into(),
        record_started("work", build).into(),
        record_stopped("work", build).into(),
        record_deleted("work", build).into(),
        record_failed("work", build).into(),
        RecordLost { workspace: workspace("work"), build, exit: None }.into(),
    ]
}

/// Bob's workspace, taken so far: an order, or what came of one.
fn taken(path: &[&str]) -> Given {
    let mut given = world(rust());
    let bob = asked_by("bob");
    given.does(&bob, create("work"));
    for (seconds, step) in (3_601..).zip(path) {
        let (now, build) = (system(seconds), given.found("work").phase.build);
        let work = workspace("work");
        match *step {
            "begin" => given.does(&now, begin("work", build)),
            "started" => given.does(&now, record_started("work", build)),
            "stopped" => given.does(&now, record_stopped("work", build)),
            "deleted" => given.does(&now, record_deleted("work", build)),
            "failed" => given.does(&now, record_failed("work", build)),
            "lost" => given.does(&now, RecordLost { workspace: work, build, exit: Some(1) }),
            "stop" => given.does(&bob, StopWorkspace { workspace: work, why: person() }),
            "start" => given.does(&bob, StartWorkspace { workspace: work, why: person() }),
            _ => given.does(&bob, DeleteWorkspace { workspace: work, why: person() }),
        };
    }
    given
}

/// The way there, and which of the things that can be said follow then: begin, started, stopped, deleted, failed, lost.
const STATES: [(&[&str], Status, [bool; 6]); 10] = [
    (&[], Status::Requested, [true, false, false, false, true, false]),
    (&["begin"], Status::Building, [false, true, false, false, true, false]),
    (&["begin", "started"], Status::Running, [false, false, false, false, false, true]),
    (&["begin", "started", "lost"], Status::Lost, [false, true, false, false, true, false]),
    (&["begin", "failed"], Status::Failed, [false; 6]),
    (&["begin", "started", "stop"], Status::Stopping, [false, false, true, false, true, false]),
    (&["begin", "started", "stop", "stopped"], Status::Stopped, [false; 6]),
    (&["begin", "started", "delete"], Status::Deleting, [false, false, false, true, true, false]),
    (&["delete", "deleted"], Status::Deleted, [false; 6]),
    (&["stop", "start"], Status::Requested, [true, false, false, false, true, false]),
];

#[test]
fn only_what_can_come_of_an_order_is_said_of_it() {
    for (path, status, follows) in STATES {
        let given = taken(path);
        let phase = given.found("work").phase;
        assert_eq!(phase.status, status, "{path:?}");
        for (command, follows) in said(phase.build).into_iter().zip(follows) {
            let name = command.name();
            let facts = given.when(&system(3_700), command).facts().expect("Deed may say it");
            assert_eq!(!facts.is_empty(), follows, "{path:?} {name}");
        }
    }
}

#[test]
fn what_came_of_an_order_that_another_overtook_changes_nothing() {
    for (path, _, _) in STATES {
        let given = taken(path);
        let build = given.found("work").phase.build;
        for other in [build - 1, build + 1] {
            for command in said(other) {
                given.when(&system(3_700), command).then([]);
            }
        }
    }
}

#[test]
fn nobody_but_deed_says_what_came_of_an_order() {
    for (path, _, _) in STATES {
        let given = taken(path);
        for command in said(given.found("work").phase.build) {
            given.when(&asked_by("ada"), command).refused(Refusal::NotAuthenticated {});
        }
    }
}

#[test]
fn each_order_has_the_next_number_and_its_outcome_follows() {
    let given = taken(&["begin", "started", "stop", "stopped", "start", "begin", "started"]);
    let phase = given.found("work").phase;
    assert_eq!((phase.build, phase.wish, phase.status), (3, Wish::Run, Status::Running));
    assert_eq!(phase.since.1, time(3_607));
    assert_eq!(given.found("work").started, Some(time(3_607)));
}

#[test]
fn what_is_lost_too_often_is_given_up() {
    let mut path = vec!["begin", "started"];
    for _ in 1..LOSSES_MAX {
        path.extend(["lost", "started"]);
    }
    let mut given = taken(&path);
    let lost = RecordLost { workspace: workspace("work"), build: 1, exit: Some(1) };
    let fact: Fact = Lost { build: 1, exit: Some(1), workspace: workspace("work") }.into();
    let stopped: Fact = StopOrdered { build: 2, why: Why::Unstable, workspace: workspace("work") }.into();
    assert_eq!(given.does(&system(3_700), lost), [fact, stopped]);
    // Whoever starts it again begins to count anew.
    given.does(&system(3_701), record_stopped("work", 2));
    given.does(&asked_by("bob"), StartWorkspace { workspace: workspace("work"), why: person() });
    assert_eq!(given.found("work").phase.losses, 0);
}

#[test]
fn use_is_said_once_a_minute_and_counts_only_of_what_there_was() {
    let mut given = taken(&["begin", "started"]);
    let see = || SeeActivity { workspace: workspace("work") };
    given.when(&system(3_659), see()).then([]);
    given.does(&system(3_660), see());
    assert_eq!(given.found("work").used, time(3_660));
    given.when(&system(3_719), see()).then([]);
    given.when(&system(3_720), see()).then([ActivitySeen { workspace: workspace("work") }.into()]);
    given.when(&system(3_720), SeeActivity { workspace: workspace("none") }).then([]);
    let counted = super::counted();
    given.when(&system(3_720), CountConnections { counted: counted.clone() }).then([counted.clone().into()]);
    let none = ConnectionsCounted { workspace: workspace("none"), ..counted };
    given.when(&system(3_720), CountConnections { counted: none }).then([]);
}
