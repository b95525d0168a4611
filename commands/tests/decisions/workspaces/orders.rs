//! Who may order what of a workspace, and what an order leads to in each state.

use super::schedule;
use crate::given::{Asking, Given, asked, asked_by, issued};
use crate::people::{credential, subject};
use crate::programs::delegate;
use crate::spending::deed;
use crate::workshop::*;
use commands::Command;
use commands::identity::SuspendSubject;
use commands::workspaces::*;
use fixtures::samples::workspaces::parameter;
use ledger::event::workspaces::*;
use ledger::event::{Actor, Fact, Object, Refusal};
use projections::access::Permission;

fn work() -> ledger::event::id::WorkspaceId {
    workspace("work")
}

fn stop() -> StopWorkspace {
    StopWorkspace { workspace: work(), why: Why::Person }
}

fn start() -> StartWorkspace {
    StartWorkspace { workspace: work(), why: Why::Person }
}

fn delete() -> DeleteWorkspace {
    DeleteWorkspace { workspace: work(), why: Why::Person }
}

/// Bob's workspace runs.
fn running(spec: WorkspaceSpec) -> Given {
    let mut given = world(spec);
    given.does(&asked_by("bob"), create("work"));
    given.does(&system(3_610), begin("work", 1));
    given.does(&system(3_620), record_started("work", 1));
    given
}

fn stopped() -> Given {
    let mut given = running(rust());
    given.does(&asked_by("bob"), stop());
    given.does(&system(3_700), record_stopped("work", 2));
    given
}

fn start_ordered(build: u64, why: Why) -> Fact {
    StartOrdered { build, why, workspace: work() }.into()
}

fn stop_ordered(build: u64, why: Why) -> Fact {
    StopOrdered { build, why, workspace: work() }.into()
}

fn deletion_ordered(build: u64, why: Why) -> Fact {
    DeletionOrdered { build, why, workspace: work() }.into()
}

fn gone() -> Refusal {
    Refusal::UnknownObject { object: Object::Workspace(work()) }
}

#[test]
fn the_owner_whoever_acts_for_them_and_a_manager_order_and_nobody_else_does() {
    let mut given = running(rust());
    given.happen([issued("bob", "bob's second", None)]);
    let scope = deed();
    let lacks = || {
        let permission = Permission::WorkspacesManage.as_str().into();
        Err(Refusal::NotPermitted { permission, scope })
    };
    let nobody = || Err(Refusal::NotAuthenticated {});
    let rows: [(Asking, Result<Why, Refusal>); 7] = [
        (asked_by("bob"), Ok(Why::Person)),
        (asked(delegate("svc-ci", "bob", "lent")), Ok(Why::Person)),
        (asked_by("eve"), Ok(Why::Administrator)),
        (asked_by("dan"), lacks()),
        (asked_by("zoe"), lacks()),
        (asked_by("svc-ci"), lacks()),
        (asked(Actor::Operator), nobody()),
    ];
    for (asking, expected) in rows {
        let stops = given.when(&asking, stop()).facts();
        assert_eq!(stops, expected.clone().map(|why| vec![stop_ordered(2, why)]));
        let deletes = given.when(&asking, delete()).facts();
        assert_eq!(deletes, expected.clone().map(|why| vec![deletion_ordered(2, why)]));
        let others: [Command; 3] = [
            SetSchedule { workspace: work(), schedule: Some(schedule("mon", "UTC")) }.into(),
            ShareApp { workspace: work(), app: "preview".into(), sharing: Sharing::Organization }.into(),
            TransferWorkspace { workspace: work(), to: subject("ada") }.into(),
        ];
        for other in others {
            let found = given.when(&asking, other).facts().map(drop);
            assert_eq!(found, expected.clone().map(drop));
        }
    }
    given.does(&asked_by("ada"), SuspendSubject { subject: subject("bob"), reason: "away".into() });
    given.when(&asked_by("bob"), stop()).refused(Refusal::NotAuthenticated {});
    let second = asked(Actor::Subject(subject("bob"), credential("bob's second")));
    given.when(&second, stop()).refused(Refusal::NotAuthenticated {});
}

#[test]
fn nobody_starts_a_workspace_whose_owner_may_not_act() {
    let mut given = stopped();
    given.does(&asked_by("ada"), SuspendSubject { subject: subject("bob"), reason: "away".into() });
    given.when(&asked_by("eve"), start()).refused(Refusal::NotActive { subject: subject("bob") });
}

#[test]
fn an_order_that_is_obeyed_already_changes_nothing() {
    let bob = asked_by("bob");
    let given = running(rust());
    given.when(&bob, start()).then([]);
    given.when(&bob, stop()).then([stop_ordered(2, Why::Person)]);
    let given = stopped();
    given.when(&bob, stop()).then([]);
    given.when(&bob, start()).then([start_ordered(3, Why::Person)]);
    let mut given = running(rust());
    given.does(&bob, delete());
    given.when(&bob, delete()).then([]);
    given.when(&bob, stop()).then([]);
    given.when(&bob, start()).refused(gone());
    let others: [Command; 4] = [
        SetSchedule { workspace: work(), schedule: Some(schedule("mon", "UTC")) }.into(),
        ShareApp { workspace: work(), app: "preview".into(), sharing: Sharing::Organization }.into(),
        TransferWorkspace { workspace: work(), to: subject("dan") }.into(),
        UpdateWorkspace { workspace: work(), version: None, values: Values::new() }.into(),
    ];
    for other in others {
        given.when(&bob, other).refused(gone());
    }
    given.does(&system(3_700), record_deleted("work", 2));
    for order in [Command::from(start()), stop().into(), delete().into()] {
        given.when(&bob, order).refused(gone());
    }
}

#[test]
fn what_failed_is_tried_again_when_it_is_ordered_again() {
    let bob = asked_by("bob");
    let mut given = world(rust());
    given.does(&bob, create("work"));
    given.does(&system(3_610), begin("work", 1));
    given.does(&system(3_620), record_failed("work", 1));
    given.when(&bob, start()).then([start_ordered(2, Why::Person)]);
    given.does(&bob, start());
    given.does(&bob, stop());
    given.does(&system(3_630), record_failed("work", 3));
    assert_eq!(given.does(&bob, stop()), [stop_ordered(4, Why::Person)]);
    given.does(&bob, delete());
    given.does(&system(3_640), record_failed("work", 5));
    assert_eq!(given.does(&bob, delete()), [deletion_ordered(6, Why::Person)]);
}

#[test]
fn an_order_of_deed_without_a_reason_changes_nothing() {
    let given = running(rust());
    for why in [Why::Person, Why::Schedule, Why::Idle, Why::Lifetime, Why::Suspension, Why::Template] {
        given.when(&system(4_000), StopWorkspace { workspace: work(), why }).then([]);
        given.when(&system(4_000), DeleteWorkspace { workspace: work(), why }).then([]);
        given.when(&system(4_000), StartWorkspace { workspace: work(), why }).then([]);
    }
    given.when(&system(4_000), FallAsleep { workspace: work() }).then([]);
}

#[test]
fn an_app_is_shared_no_wider_than_the_template_lets_it() {
    let given = running(rust());
    let share = |app: &str, sharing| ShareApp { workspace: work(), app: app.into(), sharing };
    let shared = |sharing| AppShared { app: "preview".into(), sharing, workspace: work() };
    let too_wide = |sharing_max| Refusal::SharedTooWidely { sharing_max };
    let bob = asked_by("bob");
    for sharing in [Sharing::Organization, Sharing::Authenticated] {
        given.when(&bob, share("preview", sharing)).then([shared(sharing).into()]);
    }
    given.when(&bob, share("preview", Sharing::Owner)).then([]);
    given.when(&bob, share("preview", Sharing::Public)).refused(too_wide(Sharing::Authenticated));
    given.when(&bob, share("ide", Sharing::Organization)).refused(too_wide(Sharing::Owner));
    given.when(&bob, share("none", Sharing::Organization)).refused(too_wide(Sharing::Owner));
    let mut given = given;
    given.does(&bob, share("preview", Sharing::Organization));
    given.when(&bob, share("preview", Sharing::Organization)).then([]);
    given.when(&bob, share("preview", Sharing::Owner)).then([shared(Sharing::Owner).into()]);
}

#[test]
fn a_transfer_stops_the_workspace_and_ends_what_was_its_owners() {
    let mut given = running(rust());
    let bob = asked_by("bob");
    given.does(&bob, ShareApp { workspace: work(), app: "preview".into(), sharing: Sharing::Organization });
    let to = |name: &str| TransferWorkspace { workspace: work(), to: subject(name) };
    given.when(&bob, to("bob")).then([]);
    let unusable =
        Refusal::TemplateNotUsable { reason: "new_owner_may_not".into(), template: template("rust") };
    given.when(&bob, to("zoe")).refused(unusable);
    given.when(&bob, to("none")).refused(Refusal::UnknownSubject { subject: subject("none") });
    let transferred: Fact = WorkspaceTransferred { owner: subject("dan"), workspace: work() }.into();
    assert_eq!(given.does(&bob, to("dan")), [stop_ordered(2, Why::Person), transferred]);
    assert!(given.found("work").shared.is_empty());
    let permission = Permission::WorkspacesManage.as_str().into();
    given.when(&bob, start()).refused(Refusal::NotPermitted { permission, scope: deed() });
    given.when(&asked_by("dan"), start()).then([start_ordered(3, Why::Person)]);
    given.does(&bob, create("other"));
    given.happen(requested("dans", "dan"));
    let twin = CreateWorkspace { workspace: workspace("twin"), handle: "dans".into(), ..create("twin") };
    given.does(&bob, twin);
    let taken = TransferWorkspace { workspace: workspace("twin"), to: subject("dan") };
    given.when(&bob, taken).refused(Refusal::HandleTaken { handle: "dans".into() });
}

#[test]
fn a_schedule_is_set_changed_and_ended() {
    let mut given = running(rust());
    let bob = asked_by("bob");
    let set = |schedule| SetSchedule { workspace: work(), schedule };
    given.when(&bob, set(None)).then([]);
    let said = Some(schedule("mon tue", "Europe/Berlin"));
    let expected: Fact = ScheduleSet { schedule: said.clone(), workspace: work() }.into();
    assert_eq!(given.does(&bob, set(said.clone())), [expected]);
    given.when(&bob, set(said)).then([]);
    given.when(&bob, set(None)).then([ScheduleSet { schedule: None, workspace: work() }.into()]);
}

#[test]
fn a_volume_that_is_left_is_deleted_by_name_once() {
    let mut given = running(rust());
    let bob = asked_by("bob");
    given.does(&bob, delete());
    let facts = given.does(&system(3_700), record_deleted("work", 2));
    let deleted: Fact = WorkspaceDeleted { build: 2, kept: vec!["home".into()], workspace: work() }.into();
    assert_eq!(facts.last(), Some(&deleted));
    let volume = |name: &str| DeleteVolume { workspace: work(), volume: name.into() };
    given.when(&bob, volume("cache")).then([]);
    let permission = Permission::WorkspacesManage.as_str().into();
    given.when(&asked_by("dan"), volume("home")).refused(Refusal::NotPermitted { permission, scope: deed() });
    let gone: Fact = VolumeDeleted { volume: "home".into(), workspace: work() }.into();
    assert_eq!(given.does(&bob, volume("home")), [gone]);
    given.when(&bob, volume("home")).then([]);
}

/// With a parameter that can be changed and one that cannot.
fn adjustable() -> WorkspaceSpec {
    let jobs = Parameter { mutable: true, ..parameter("jobs", Kind::Number, Some("2")) };
    WorkspaceSpec { parameters: vec![jobs, parameter("region", Kind::Text, Some("eu"))], ..rust() }
}

#[test]
fn a_value_is_changed_if_it_can_be_and_what_runs_is_built_anew() {
    let mut given = running(adjustable());
    let bob = asked_by("bob");
    let update = |chosen: &[(&str, &str)]| UpdateWorkspace {
        workspace: work(),
        version: None,
        values: values(chosen),
    };
    given.when(&bob, update(&[])).then([]);
    given.when(&bob, update(&[("jobs", "2"), ("region", "eu")])).then([]);
    let field = "parameters.region".into();
    given.when(&bob, update(&[("region", "asia")])).refused(Refusal::RecreationNeeded { field });
    let updated = |jobs: &str| -> Fact {
        let values = values(&[("jobs", jobs), ("region", "eu")]);
        WorkspaceUpdated { values, version: 1, workspace: work() }.into()
    };
    let facts = given.does(&bob, update(&[("jobs", "4")]));
    assert_eq!(facts, [updated("4"), start_ordered(2, Why::Person)]);
    given.does(&bob, stop());
    given.when(&bob, update(&[("jobs", "8")])).then([updated("8")]);
    given.when(&asked_by("eve"), update(&[("jobs", "8")])).then([updated("8")]);
}
