//! What workspaces take of budgets: when their build begins, as long as they run, and their disks as long as they are there.

use crate::given::{Given, asked_by};
use crate::names::{group, organization};
use crate::people::subject;
use crate::spending::{budget, deed, grouped, tokens};
use crate::workshop::*;
use commands::workspaces::*;
use fixtures::samples::workspaces::least;
use ledger::event::budgets::{BudgetSet, Released, Target, Unit, Window};
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;
use ledger::event::{Budgets, Fact};
use projections::workspaces::derived::{disk_reservation, running_reservation};

fn limit(target: Target, unit: Unit, limit: u64) -> Fact {
    BudgetSet { unit, ..tokens("all", target, limit) }.into()
}

/// How much is taken of the budget.
fn taken(given: &Given) -> u128 {
    given.state.budgets.tally(budget("all"), Window::Lifetime).reserved
}

/// Bob has a workspace that is to run, and somebody has set a budget.
fn limited(target: Target, unit: Unit, most: u64) -> Given {
    let mut given = world(rust());
    given.happen(grouped("team", "bob"));
    given.happen([limit(target, unit, most)]);
    given
}

/// The units with what one workspace takes of each.
const UNITS: [(Unit, u64); 4] =
    [(Unit::Workspaces, 1), (Unit::CpuMillis, 1_000), (Unit::MemoryMib, 512), (Unit::DiskMib, 1_536)];

#[test]
fn a_workspace_fits_into_each_unit_of_each_target_or_is_refused() {
    let targets = [
        Target::Subject(subject("bob")),
        Target::Group(group("team")),
        Target::Scope(deed()),
        Target::Scope(Scope::Organization(organization("acme"))),
        Target::Scope(Scope::Site),
    ];
    for target in targets {
        for (unit, amount) in UNITS {
            let mut given = limited(target.clone(), unit, amount);
            given.does(&asked_by("bob"), create("work"));
            given.does(&system(3_700), begin("work", 1));
            assert_eq!(taken(&given), u128::from(amount), "{target:?} {unit}");
            let refusal = given.when(&asked_by("bob"), create("more")).facts().expect_err("it is too much");
            assert_eq!(refusal.code(), "over_budget", "{target:?} {unit}");
            let given = limited(target.clone(), unit, amount - 1);
            let refusal = given.when(&asked_by("bob"), create("work")).facts().expect_err("it is too much");
            assert_eq!(refusal.code(), "over_budget", "{target:?} {unit}");
        }
    }
}

#[test]
fn a_budget_of_somebody_else_does_not_count() {
    let given = limited(Target::Subject(subject("dan")), Unit::Workspaces, 0);
    assert!(given.when(&asked_by("bob"), create("work")).facts().is_ok());
}

/// After each step, how many workspaces and how much disk are taken.
fn follow(steps: &[(&str, u128, u128)]) -> Given {
    let mut given = world(rust());
    given.happen([limit(Target::Scope(deed()), Unit::Workspaces, 5)]);
    given.happen([BudgetSet {
        budget: budget("disk"),
        unit: Unit::DiskMib,
        ..tokens("all", Target::Scope(deed()), 9_000)
    }
    .into()]);
    let bob = asked_by("bob");
    given.does(&bob, create("work"));
    for (seconds, (step, running, disk)) in (3_601..).zip(steps) {
        let (now, build, work) = (system(seconds), given.found("work").phase.build, workspace("work"));
        let why = Why::Person;
        match *step {
            "begin" => given.does(&now, begin("work", build)),
            "started" => given.does(&now, record_started("work", build)),
            "stopped" => given.does(&now, record_stopped("work", build)),
            "deleted" => given.does(&now, record_deleted("work", build)),
            "failed" => given.does(&now, record_failed("work", build)),
            "lost" => given.does(&now, RecordLost { workspace: work, build, exit: None }),
            "stop" => given.does(&bob, StopWorkspace { workspace: work, why }),
            "start" => given.does(&bob, StartWorkspace { workspace: work, why }),
            "grow" => given.does(&asked_by("ada"), publish("rust", grown())),
            "give" => given.does(&bob, TransferWorkspace { workspace: work, to: subject("dan") }),
            "dan starts" => given.does(&asked_by("dan"), StartWorkspace { workspace: work, why }),
            "update" => {
                given.does(&bob, UpdateWorkspace { workspace: work, version: None, values: Values::new() })
            }
            _ => given.does(&bob, DeleteWorkspace { workspace: work, why }),
        };
        let tally = |name| given.state.budgets.tally(budget(name), Window::Lifetime).reserved;
        assert_eq!((tally("all"), tally("disk")), (*running, *disk), "{steps:?} {step}");
    }
    given
}

/// The same template with another disk.
fn grown() -> WorkspaceSpec {
    WorkspaceSpec { volumes: vec![volume("home", 2_048, true)], ..rust() }
}

#[test]
fn what_is_taken_is_given_back_once_on_every_way() {
    let ways: [&[(&str, u128, u128)]; 9] = [
        &[("begin", 1, 1_536), ("started", 1, 1_536), ("stop", 1, 1_536), ("stopped", 0, 1_536)],
        &[("begin", 1, 1_536), ("failed", 0, 1_536), ("start", 0, 1_536), ("begin", 1, 1_536)],
        &[("begin", 1, 1_536), ("started", 1, 1_536), ("lost", 1, 1_536), ("started", 1, 1_536)],
        &[("begin", 1, 1_536), ("started", 1, 1_536), ("lost", 1, 1_536), ("failed", 0, 1_536)],
        &[
            ("begin", 1, 1_536),
            ("delete", 1, 1_536),
            ("failed", 1, 1_536),
            ("delete", 1, 1_536),
            ("deleted", 0, 0),
        ],
        &[("failed", 0, 0), ("delete", 0, 0), ("deleted", 0, 0)],
        // Stopped and started again before it stood still: what it holds is kept, and not taken twice.
        &[
            ("begin", 1, 1_536),
            ("started", 1, 1_536),
            ("stop", 1, 1_536),
            ("start", 1, 1_536),
            ("begin", 1, 1_536),
        ],
        // What could not be stopped still runs, perhaps.
        &[
            ("begin", 1, 1_536),
            ("started", 1, 1_536),
            ("stop", 1, 1_536),
            ("failed", 1, 1_536),
            ("stop", 1, 1_536),
            ("stopped", 0, 1_536),
        ],
        &[("stop", 0, 0), ("stopped", 0, 0), ("delete", 0, 0), ("deleted", 0, 0)],
    ];
    for way in ways {
        follow(way);
    }
}

#[test]
fn an_update_exchanges_what_is_taken_if_it_is_another_amount() {
    let given = follow(&[
        ("begin", 1, 1_536),
        ("started", 1, 1_536),
        ("grow", 1, 1_536),
        ("update", 1, 1_536),
        ("begin", 1, 0),
        ("begin", 1, 2_048),
        ("started", 1, 2_048),
        ("delete", 1, 2_048),
        ("deleted", 0, 0),
    ]);
    assert_eq!(given.state.budgets.open_count(), 0);
}

#[test]
fn an_update_keeps_what_is_taken_if_it_is_the_same_amount() {
    let mut given = world(rust());
    given.does(&asked_by("bob"), create("work"));
    assert_eq!(given.does(&system(3_601), begin("work", 1)).len(), 3);
    given.does(&system(3_602), record_started("work", 1));
    let other =
        WorkspaceSpec { network: Network::default(), doors: Doors { ports: true, terminal: true }, ..rust() };
    given.does(&asked_by("ada"), publish("rust", other));
    let update = UpdateWorkspace { workspace: workspace("work"), version: None, values: Values::new() };
    if given.does(&asked_by("bob"), update).len() == 2 {
        assert_eq!(given.does(&system(3_603), begin("work", 2)).len(), 1);
    }
    assert_eq!(given.state.budgets.open_count(), 2);
}

#[test]
fn after_a_transfer_the_new_owner_pays_from_the_next_start_on() {
    let mut given = follow(&[
        ("begin", 1, 1_536),
        ("started", 1, 1_536),
        ("give", 1, 1_536),
        ("stopped", 0, 1_536),
        ("dan starts", 0, 1_536),
        ("begin", 0, 0),
        ("begin", 1, 1_536),
    ]);
    let mine = BudgetSet {
        budget: budget("dans"),
        unit: Unit::DiskMib,
        ..tokens("x", Target::Subject(subject("dan")), 1)
    };
    given.happen([mine.into()]);
    given.does(&asked_by("bob"), create("other"));
    let to_dan = TransferWorkspace { workspace: workspace("other"), to: subject("dan") };
    let refusal = given.when(&asked_by("bob"), to_dan).facts().expect_err("his budget has too little left");
    assert_eq!(refusal.code(), "over_budget");
}

#[test]
fn what_no_longer_fits_when_its_build_begins_is_refused_and_takes_nothing() {
    let mut given = limited(Target::Scope(deed()), Unit::Workspaces, 1);
    given.does(&asked_by("bob"), create("work"));
    given.does(&asked_by("dan"), create("other"));
    given.does(&system(3_601), begin("other", 1));
    let refusal = given.when(&system(3_602), begin("work", 1)).facts().expect_err("it is too much");
    assert_eq!(refusal.code(), "over_budget");
    let failed = RecordFailed { at: FailedAt::Quota, ..record_failed("work", 1) };
    let expected: Fact =
        WorkspaceFailed { at: FailedAt::Quota, build: 1, workspace: workspace("work") }.into();
    assert_eq!(given.does(&system(3_603), failed), [expected]);
    assert_eq!(taken(&given), 1);
}

#[test]
fn a_workspace_without_disks_takes_none() {
    let mut given = world(least());
    given.does(&asked_by("bob"), create("work"));
    given.does(&system(3_601), begin("work", 1));
    let open = |reservation| given.state.budgets.open(reservation).is_some();
    assert!(open(running_reservation(workspace("work"))));
    assert!(!open(disk_reservation(workspace("work"))));
}

#[test]
fn a_deletion_gives_back_both() {
    let mut given = world(rust());
    given.does(&asked_by("bob"), create("work"));
    given.does(&system(3_601), begin("work", 1));
    given.does(&asked_by("bob"), DeleteWorkspace { workspace: workspace("work"), why: Why::Person });
    let facts = given.does(&system(3_602), record_deleted("work", 2));
    let id = workspace("work");
    let released = |reservation| Fact::from(Released { reason: None, reservation });
    assert_eq!(facts[..2], [released(running_reservation(id)), released(disk_reservation(id))]);
    let reserved = |fact: &Fact| matches!(fact, Fact::Budgets(Budgets::Reserved(_)));
    assert!(!facts.iter().any(reserved));
}
