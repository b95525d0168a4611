//! What Deed orders when nobody asks: by the clock, by disuse, by suspension, and for the stock of templates.

use super::schedule;
use crate::given::{Given, asked_by};
use crate::people::subject;
use crate::spending::tokens;
use crate::workshop::*;
use commands::Command;
use commands::identity::SuspendSubject;
use commands::workspaces::*;
use ledger::event::Fact;
use ledger::event::budgets::{BudgetSet, Target, Unit};
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;
use ledger::time::Time;
use projections::workspaces::{Status, Wish};

const HOUR: u64 = 3_600;
const DAY: u64 = 86_400;

/// Bob's workspace runs since 3,620 seconds after the first day.
fn running(times: Times) -> Given {
    let mut given = world(WorkspaceSpec { times, ..rust() });
    given.does(&asked_by("bob"), create("work"));
    given.does(&system(3_610), begin("work", 1));
    given.does(&system(3_620), record_started("work", 1));
    given
}

fn at(text: &str) -> crate::given::Asking {
    crate::given::Asking { now: Time::parse(text).expect("a time"), ..system(0) }
}

/// Gives the plan's commands, and gives it again: it is empty then. What happened is told.
fn obey(given: &mut Given, asking: &crate::given::Asking) -> Vec<Fact> {
    let mut facts = Vec::new();
    for command in plan(&given.state, asking.now) {
        facts.extend(given.does(asking, command.clone()));
        given.when(asking, command).then([]);
    }
    let names = |commands: Vec<Command>| commands.iter().map(Command::name).collect::<Vec<_>>();
    assert_eq!(names(plan(&given.state, asking.now)), Vec::<&str>::new());
    facts
}

fn stop_ordered(build: u64, why: Why) -> Fact {
    StopOrdered { build, why, workspace: workspace("work") }.into()
}

fn start_ordered(build: u64, why: Why) -> Fact {
    StartOrdered { build, why, workspace: workspace("work") }.into()
}

#[test]
fn what_runs_stops_when_it_is_idle_or_its_lifetime_is_over() {
    let none = Times::default();
    let rows = [
        (none, 400 * DAY, None),
        (Times { idle_stop_seconds: Some(HOUR), ..none }, 3_620 + HOUR - 1, None),
        (Times { idle_stop_seconds: Some(HOUR), ..none }, 3_620 + HOUR, Some(Why::Idle)),
        (Times { lifetime_seconds_max: Some(DAY), ..none }, 3_620 + DAY - 1, None),
        (Times { lifetime_seconds_max: Some(DAY), ..none }, 3_620 + DAY, Some(Why::Lifetime)),
    ];
    for (times, seconds, why) in rows {
        let mut given = running(times);
        let expected: Vec<Fact> = why.map(|why| stop_ordered(2, why)).into_iter().collect();
        assert_eq!(obey(&mut given, &system(seconds)), expected, "{times:?} {seconds}");
    }
}

#[test]
fn whoever_uses_a_workspace_keeps_it_awake_and_no_longer_alive() {
    let (idle, lifetime) = (Some(HOUR), Some(2 * HOUR));
    let times = Times { idle_stop_seconds: idle, lifetime_seconds_max: lifetime, ..Times::default() };
    let mut given = running(times);
    given.does(&system(3_620 + HOUR - 60), SeeActivity { workspace: workspace("work") });
    assert_eq!(obey(&mut given, &system(3_620 + HOUR)), []);
    given.does(&system(3_620 + 2 * HOUR - 60), SeeActivity { workspace: workspace("work") });
    assert_eq!(obey(&mut given, &system(3_620 + 2 * HOUR)), [stop_ordered(2, Why::Lifetime)]);
}

#[test]
fn what_was_planned_and_is_no_longer_due_does_not_happen() {
    let mut given = running(Times { idle_stop_seconds: Some(HOUR), ..Times::default() });
    let now = system(3_620 + HOUR);
    let planned = plan(&given.state, now.now);
    assert_eq!(planned.len(), 1);
    given.does(&now, SeeActivity { workspace: workspace("work") });
    for command in planned {
        given.when(&now, command).then([]);
    }
}

#[test]
fn a_schedule_starts_and_stops_by_the_clock_of_its_zone() {
    let bob = asked_by("bob");
    // 2026-09-21 is a Monday; Berlin is two hours ahead until 2026-10-25, and one after.
    let mut given = running(Times::default());
    let set = SetSchedule {
        workspace: workspace("work"),
        schedule: Some(schedule("mon tue wed thu fri sun", "Europe/Berlin")),
    };
    given.does(&bob, set);
    let rows = [
        ("2026-09-21T15:59:59.000000Z", None),
        ("2026-09-21T16:00:00.000000Z", Some(stop_ordered(2, Why::Schedule))),
        ("2026-09-22T06:29:59.000000Z", None),
        ("2026-09-22T06:30:00.000000Z", Some(start_ordered(3, Why::Schedule))),
        ("2026-09-22T16:00:01.000000Z", Some(stop_ordered(4, Why::Schedule))),
        // The Sunday on which the clock goes back.
        ("2026-10-25T07:29:59.000000Z", Some(start_ordered(5, Why::Schedule))),
        ("2026-10-25T17:00:00.000000Z", Some(stop_ordered(6, Why::Schedule))),
        ("2026-10-26T07:29:59.000000Z", None),
        ("2026-10-26T07:30:00.000000Z", Some(start_ordered(7, Why::Schedule))),
    ];
    for (now, expected) in rows {
        let now = at(now);
        let phase = given.found("work").phase;
        if phase.status == Status::Requested {
            given.does(&now, begin("work", phase.build));
            given.does(&now, record_started("work", phase.build));
        }
        if phase.status == Status::Stopping {
            given.does(&now, record_stopped("work", phase.build));
        }
        assert_eq!(obey(&mut given, &now), expected.into_iter().collect::<Vec<_>>(), "{:?}", now.now);
    }
}

#[test]
fn moments_before_a_schedule_was_set_do_not_count() {
    let mut given = running(Times::default());
    let tuesday = at("2026-09-22T09:00:00.000000Z");
    let bob = crate::given::Asking { actor: asked_by("bob").actor, ..tuesday };
    let set = SetSchedule { workspace: workspace("work"), schedule: Some(schedule("mon tue", "UTC")) };
    given.does(&bob, set);
    assert_eq!(obey(&mut given, &tuesday), []);
    assert_eq!(obey(&mut given, &at("2026-09-22T18:00:00.000000Z")), [stop_ordered(2, Why::Schedule)]);
}

#[test]
fn a_schedule_wakes_nobody_who_sleeps_or_may_not_act_and_asks_no_budget() {
    let mut given = running(Times { dormant_after_seconds: Some(DAY), ..Times::default() });
    let bob = asked_by("bob");
    given.does(&bob, SetSchedule { workspace: workspace("work"), schedule: Some(schedule("tue", "UTC")) });
    given.does(&bob, StopWorkspace { workspace: workspace("work"), why: Why::Person });
    given.does(&system(3_700), record_stopped("work", 2));
    let none = BudgetSet { unit: Unit::Workspaces, ..tokens("all", Target::Scope(Scope::Site), 0) };
    let mut poor = given.clone();
    poor.happen([none.into()]);
    // Whether budgets let it is asked when the build begins, and the workspace fails then, once.
    assert_eq!(obey(&mut poor, &at("2026-09-22T08:30:00.000000Z")), [start_ordered(3, Why::Schedule)]);
    let mut away = given.clone();
    away.does(&asked_by("ada"), SuspendSubject { subject: subject("bob"), reason: "away".into() });
    assert_eq!(obey(&mut away, &at("2026-09-22T08:30:00.000000Z")), []);
    given.does(&at("2026-09-22T16:00:00.000000Z"), FallAsleep { workspace: workspace("work") });
    assert!(given.found("work").asleep.is_some());
    assert_eq!(obey(&mut given, &at("2026-09-29T08:30:00.000000Z")), []);
}

#[test]
fn what_nobody_uses_sleeps_then_goes_and_whoever_starts_it_wakes_it() {
    let times = Times {
        dormant_after_seconds: Some(DAY),
        delete_after_dormant_seconds: Some(7 * DAY),
        ..Times::default()
    };
    let mut given = running(times);
    let work = workspace("work");
    let asleep: Fact = FellAsleep { workspace: work }.into();
    assert_eq!(obey(&mut given, &system(3_599 + DAY)), []);
    let facts = obey(&mut given, &system(3_600 + DAY));
    assert_eq!(facts, [stop_ordered(2, Why::Dormancy), asleep]);
    given.does(&system(3_700 + DAY), record_stopped("work", 2));
    let mut woken = given.clone();
    woken.does(&asked_by("bob"), StartWorkspace { workspace: work, why: Why::Person });
    assert_eq!(woken.found("work").asleep, None);
    let mut given_away = given.clone();
    given_away.does(&asked_by("bob"), TransferWorkspace { workspace: work, to: subject("dan") });
    assert_eq!(given_away.found("work").asleep, None);
    assert_eq!(obey(&mut given, &system(3_599 + 8 * DAY)), []);
    let deleted: Fact = DeletionOrdered { build: 3, why: Why::Dormancy, workspace: work }.into();
    assert_eq!(obey(&mut given, &system(3_600 + 8 * DAY)), [deleted]);
}

#[test]
fn a_workspace_stops_when_its_owner_may_not_act_any_more() {
    let mut given = running(Times::default());
    given.does(&asked_by("ada"), SuspendSubject { subject: subject("bob"), reason: "away".into() });
    assert_eq!(obey(&mut given, &system(3_700)), [stop_ordered(2, Why::Suspension)]);
    let mut building = world(rust());
    building.does(&asked_by("bob"), create("work"));
    building.does(&asked_by("ada"), SuspendSubject { subject: subject("bob"), reason: "away".into() });
    assert_eq!(obey(&mut building, &system(3_700)), [stop_ordered(2, Why::Suspension)]);
}

/// How many of a stock there are, by status.
fn stock(given: &Given) -> Vec<Status> {
    let all = given.state.workspaces.stocked();
    all.map(|(_, _, id)| given.state.workspaces.find(id).expect("it is there").phase.status).collect()
}

/// Builds what is to run and takes away what is to go, as the keeper does.
fn keep(given: &mut Given, seconds: u64) {
    let all: Vec<_> = given.state.workspaces.all_live().map(|(id, found)| (id, found.phase)).collect();
    for (workspace, phase) in all {
        let (build, now) = (phase.build, system(seconds));
        match (phase.wish, phase.status) {
            (Wish::Run, Status::Requested) => {
                given.does(&now, BeginBuild { workspace, build, key: None });
                given.does(&now, RecordStarted { workspace, build, ..record_started("work", build) });
            }
            (Wish::Delete, Status::Deleting) => drop(given.does(&now, RecordDeleted { workspace, build })),
            _ => {}
        }
    }
}

#[test]
fn a_stock_is_filled_one_at_a_time_and_made_anew_with_another_version() {
    let mut given = world(WorkspaceSpec { prebuilt: 2, ..rust() });
    obey(&mut given, &system(4_000));
    assert_eq!(stock(&given), [Status::Requested]);
    assert_eq!(obey(&mut given, &system(4_001)), []);
    keep(&mut given, 4_002);
    obey(&mut given, &system(4_003));
    keep(&mut given, 4_004);
    assert_eq!(obey(&mut given, &system(4_005)), []);
    assert_eq!(stock(&given), [Status::Running; 2]);
    // One is taken, another is made.
    given.does(&asked_by("bob"), create("work"));
    obey(&mut given, &system(4_006));
    keep(&mut given, 4_007);
    assert_eq!(stock(&given), [Status::Running; 2]);
    // Another version: those of the one before go.
    given.does(&asked_by("ada"), publish("rust", WorkspaceSpec { prebuilt: 1, ai: None, ..rust() }));
    let facts = obey(&mut given, &system(4_008));
    let deletions = facts.iter().filter(|fact| fact.name().0 == "workspaces.deletion_ordered").count();
    assert_eq!(deletions, 2);
    keep(&mut given, 4_009);
    obey(&mut given, &system(4_010));
    assert_eq!(stock(&given), [Status::Running]);
    // And without the template, all of them.
    given.does(&asked_by("ada"), ArchiveTemplate { template: template("rust") });
    obey(&mut given, &system(4_011));
    keep(&mut given, 4_012);
    assert_eq!(stock(&given), []);
}

#[test]
fn what_cannot_be_kept_ready_is_tried_again_after_an_hour() {
    let mut given = world(WorkspaceSpec { prebuilt: 1, ..rust() });
    obey(&mut given, &system(4_000));
    let (_, _, id) = given.state.workspaces.stocked().next().expect("one is on its way");
    let failed = RecordFailed { workspace: id, ..record_failed("work", 1) };
    given.does(&system(4_010), failed);
    assert_eq!(obey(&mut given, &system(4_010 + HOUR - 1)), []);
    let facts = obey(&mut given, &system(4_010 + HOUR));
    let deleted: Fact = DeletionOrdered { build: 2, why: Why::Template, workspace: id }.into();
    assert_eq!(facts, [deleted]);
    keep(&mut given, 4_020 + HOUR);
    assert_eq!(obey(&mut given, &system(4_030 + HOUR)).len(), 2);
}

#[test]
fn a_plan_has_no_more_than_its_bound() {
    let mut given =
        world(WorkspaceSpec { times: Times { idle_stop_seconds: Some(HOUR), ..Times::default() }, ..rust() });
    for number in 0..300 {
        given.happen(ran(&format!("w{number}"), "bob"));
    }
    let now = system(30 * DAY);
    let planned = plan(&given.state, now.now);
    assert_eq!(planned.len(), 256);
    for command in planned {
        given.does(&now, command);
    }
    assert_eq!(plan(&given.state, now.now).len(), 44);
}
