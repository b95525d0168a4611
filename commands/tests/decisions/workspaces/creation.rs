//! Creating workspaces: what may be chosen, where, how many, and what a template keeps ready.

use crate::given::{asked_by, granted};
use crate::names::{organization, project};
use crate::people::{subject, time};
use crate::programs::delegate;
use crate::spending::deed;
use crate::workshop::*;
use commands::workspaces::*;
use fixtures::samples::workspaces::parameter;
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::workspaces::*;
use ledger::event::{Fact, Object, Refusal};
use projections::access::{Permission, Role};

fn unusable(reason: &str) -> Refusal {
    Refusal::TemplateNotUsable { reason: reason.into(), template: template("rust") }
}

/// Parameters of every kind: a choice, a bounded number, a text of a pattern, a flag, a list, and one without a default.
fn chosen() -> WorkspaceSpec {
    let choice = |value: &str| Choice { name: value.into(), value: value.into() };
    let parameters = vec![
        Parameter {
            options: vec![choice("eu"), choice("asia")],
            ..parameter("region", Kind::Text, Some("eu"))
        },
        Parameter { min: Some(1), max: Some(8), mutable: true, ..parameter("jobs", Kind::Number, Some("2")) },
        Parameter { pattern: Some("[a-z]+".into()), ..parameter("branch", Kind::Text, Some("main")) },
        parameter("tests", Kind::Bool, Some("true")),
        Parameter { max: Some(2), ..parameter("tools", Kind::List, Some("[]")) },
        Parameter { min: Some(2), ..parameter("team", Kind::Text, None) },
    ];
    WorkspaceSpec { parameters, ..rust() }
}

#[test]
fn a_workspace_is_its_creators_and_is_to_run() {
    let mut given = world(rust());
    let bob = asked_by("bob");
    assert_eq!(given.does(&bob, create("work")), requested("work", "bob"));
    given.when(&bob, create("work")).then([]);
    let elsewhere = CreateWorkspace { scope: Scope::Site, ..create("work") };
    given.when(&asked_by("ada"), elsewhere).then({
        let [Fact::Workspaces(Workspaces::WorkspaceRequested(one)), start] = &requested("work", "ada")[..]
        else {
            return;
        };
        [WorkspaceRequested { scope: Scope::Site, ..one.clone() }.into(), start.clone()]
    });
}

#[test]
fn a_program_that_acts_for_somebody_creates_theirs_and_one_by_itself_its_own() {
    let given = world(rust());
    let lent = crate::given::asked(delegate("svc-ci", "bob", "lent"));
    given.when(&lent, create("work")).then(requested("work", "bob"));
    given.when(&asked_by("svc-ci"), create("work")).then(requested("work", "svc-ci"));
}

#[test]
fn values_are_admitted_by_their_kind_bounds_options_and_pattern() {
    let given = world(chosen());
    let refused = |name: &str, what: &str| {
        Err(Refusal::ParameterNotAdmitted { parameter: name.into(), what: what.into() })
    };
    let rows = [
        (vec![("team", "core")], Ok(())),
        (vec![], refused("team", "it is given, since it has no default")),
        (vec![("team", "x")], refused("team", "it is not below `min`")),
        (vec![("team", "core"), ("region", "mars")], refused("region", "it is one of the options")),
        (vec![("team", "core"), ("region", "asia")], Ok(())),
        (vec![("team", "core"), ("jobs", "8")], Ok(())),
        (vec![("team", "core"), ("jobs", "9")], refused("jobs", "it is not above `max`")),
        (vec![("team", "core"), ("jobs", "0")], refused("jobs", "it is not below `min`")),
        (
            vec![("team", "core"), ("jobs", "08")],
            refused("jobs", "it is a whole number within 2^53 of 0, in decimal digits"),
        ),
        (vec![("team", "core"), ("branch", "a1")], refused("branch", "it matches the `pattern`")),
        (vec![("team", "core"), ("branch", "ab\ncd")], refused("branch", "it matches the `pattern`")),
        (vec![("team", "core"), ("tests", "yes")], refused("tests", "it is `true` or `false`")),
        (vec![("team", "core"), ("tools", "[\"a\",\"b\"]")], Ok(())),
        (vec![("team", "core"), ("tools", "[\"a\",\"b\",\"c\"]")], refused("tools", "it is not above `max`")),
        (vec![("team", "core"), ("tools", "a,b")], refused("tools", "it is a JSON array of texts")),
        (
            vec![("team", "core"), ("colour", "red")],
            refused("colour", "the template has a parameter of this name"),
        ),
    ];
    for (chosen, expected) in rows {
        let order = CreateWorkspace { values: values(&chosen), ..create("work") };
        assert_eq!(given.when(&asked_by("bob"), order).facts().map(drop), expected, "{chosen:?}");
    }
}

#[test]
fn what_is_no_name_of_a_parameter_is_not_repeated_in_full() {
    let given = world(chosen());
    let long = "x".repeat(40_000);
    let order = CreateWorkspace { values: values(&[(&long, "1")]), ..create("work") };
    let refusal = given.when(&asked_by("bob"), order).facts().expect_err("there is no such parameter");
    let what = "the template has a parameter of this name".into();
    assert_eq!(refusal, Refusal::ParameterNotAdmitted { parameter: "x".repeat(32).into(), what });
}

#[test]
fn all_values_together_fit_into_an_event() {
    let many = |number| parameter(&format!("p{number}"), Kind::Text, Some("x"));
    let given = world(WorkspaceSpec { parameters: (0..32).map(many).collect(), ..rust() });
    // A control character takes six bytes in JSON.
    let order = |count| {
        let values = (0..count).map(|number| (format!("p{number}").into(), "\u{1}".repeat(1_024).into()));
        CreateWorkspace { values: values.collect(), ..create("work") }
    };
    assert!(given.when(&asked_by("bob"), order(5)).facts().is_ok());
    let refusal = given.when(&asked_by("bob"), order(6)).facts().expect_err("it is too much");
    assert_eq!(refusal.code(), "parameter_not_admitted");
}

#[test]
fn a_version_may_be_named_as_long_as_it_was_not_archived() {
    let mut given = world(rust());
    let bob = asked_by("bob");
    let of = |version| CreateWorkspace { version: Some(version), ..create("work") };
    given.when(&bob, of(2)).refused(unusable("no_such_version"));
    given.does(&asked_by("ada"), PublishTemplate { promote: false, ..publish("rust", chosen()) });
    assert!(
        given.when(&bob, CreateWorkspace { values: values(&[("team", "core")]), ..of(2) }).facts().is_ok()
    );
    given.does(&asked_by("ada"), ArchiveVersion { template: template("rust"), number: 2 });
    given.when(&bob, of(2)).refused(unusable("no_such_version"));
    given.does(&asked_by("ada"), PublishTemplate { promote: false, ..publish("bare", rust()) });
    let bare = CreateWorkspace { template: template("bare"), ..create("work") };
    let nothing =
        Refusal::TemplateNotUsable { reason: "nothing_promoted".into(), template: template("bare") };
    given.when(&bob, bare).refused(nothing);
}

#[test]
fn a_workspace_is_made_where_its_template_is_and_its_creator_may() {
    let mut given = world(rust());
    let other = ledger::event::access::ProjectCreated {
        environments: Environments::of([Environment::Dev]),
        handle: "other".into(),
        organization: organization("acme"),
        project: project("other"),
        repositories: vec![],
    };
    given.happen([other.into(), granted("ada", Role::Operator)]);
    let own = PublishTemplate { template: template("own"), scope: deed(), ..publish("own", rust()) };
    given.does(&asked_by("ada"), own);
    let at = |scope| CreateWorkspace { template: template("own"), scope, ..create("work") };
    assert!(given.when(&asked_by("bob"), at(deed())).facts().is_ok());
    let elsewhere = Refusal::TemplateNotUsable { reason: "elsewhere".into(), template: template("own") };
    given.when(&asked_by("ada"), at(Scope::Site)).refused(elsewhere.clone());
    given.when(&asked_by("ada"), at(Scope::Project(project("other")))).refused(elsewhere);
    let scope = Scope::Project(project("other"));
    let permission = Permission::WorkspacesUse.as_str().into();
    given.when(&asked_by("bob"), at(scope)).refused(Refusal::NotPermitted { permission, scope });
    let nowhere = Scope::Project(project("none"));
    let object = Object::Project(project("none"));
    given.when(&asked_by("ada"), at(nowhere)).refused(Refusal::UnknownObject { object });
}

#[test]
fn a_name_is_free_again_when_its_workspace_is_gone() {
    let mut given = world(rust());
    given.happen(published("other", rust()));
    let bob = asked_by("bob");
    given.does(&bob, create("work"));
    let again =
        CreateWorkspace { workspace: workspace("again"), template: template("other"), ..create("work") };
    given.when(&bob, again.clone()).refused(Refusal::HandleTaken { handle: "work".into() });
    given.does(&bob, DeleteWorkspace { workspace: workspace("work"), why: Why::Person });
    given.when(&bob, again.clone()).refused(Refusal::HandleTaken { handle: "work".into() });
    given.does(&system(3_700), record_deleted("work", 2));
    assert!(given.when(&bob, again).facts().is_ok());
    given.when(&asked_by("dan"), create("work")).then(requested("work", "dan"));
}

#[test]
fn nobody_has_more_than_fifty() {
    let mut given = world(rust());
    let bob = asked_by("bob");
    for number in 0..WORKSPACES_MAX {
        given.does(&bob, create(&format!("w{number}")));
    }
    given.when(&bob, create("more")).refused(Refusal::TooMany { count_max: 50 });
    let to_bob = |name: &str| TransferWorkspace { workspace: workspace(name), to: subject("bob") };
    given.does(&asked_by("dan"), create("dans"));
    given.when(&asked_by("eve"), to_bob("dans")).refused(Refusal::TooMany { count_max: 50 });
}

/// A template that keeps two ready, of which one runs.
fn stocked() -> crate::given::Given {
    let mut given = world(WorkspaceSpec { prebuilt: 2, ..chosen_freely() });
    for (name, seconds) in [("one", 10), ("two", 20)] {
        given.does(
            &system(seconds),
            StockWorkspace { workspace: workspace(name), template: template("rust") },
        );
    }
    given.does(&system(30), begin("one", 1));
    given.does(&system(40), record_started("one", 1));
    given
}

fn chosen_freely() -> WorkspaceSpec {
    WorkspaceSpec { parameters: vec![parameter("branch", Kind::Text, Some("main"))], ..rust() }
}

#[test]
fn what_is_kept_ready_is_nobodys_and_takes_of_no_budget() {
    let given = stocked();
    assert_eq!(given.found("one").owner, None);
    assert_eq!(given.state.budgets.open_count(), 0);
    let full = StockWorkspace { workspace: workspace("three"), template: template("rust") };
    given.when(&system(50), full).then([]);
}

#[test]
fn whoever_comes_takes_what_runs_ready_and_it_is_started_for_them() {
    let mut given = stocked();
    let bob = asked_by("bob");
    let claimed = [
        WorkspaceClaimed {
            handle: "work".into(),
            owner: subject("bob"),
            scope: deed(),
            workspace: workspace("one"),
        }
        .into(),
        StartOrdered { build: 2, why: Why::Person, workspace: workspace("one") }.into(),
    ];
    assert_eq!(given.does(&bob, create("work")), claimed);
    given.when(&bob, create("work")).then([]);
    assert_eq!(given.found("one").owner, Some(subject("bob")));
    assert_eq!(given.found("one").used, time(3_600));
    // The other is not ready yet, so the next who comes has one made.
    let Ok(facts) = given.when(&asked_by("dan"), create("work")).facts() else { panic!("it is made") };
    assert!(matches!(&facts[0], Fact::Workspaces(Workspaces::WorkspaceRequested(_))));
    // It takes of the budgets when its build begins, and is its owner's from then on.
    assert_eq!(given.does(&system(3_700), begin("one", 2)).len(), 3);
    assert_eq!(given.state.budgets.open_count(), 2);
}

#[test]
fn what_is_ready_is_taken_only_as_it_is() {
    let given = stocked();
    let other = CreateWorkspace { values: values(&[("branch", "next")]), ..create("work") };
    let Ok(facts) = given.when(&asked_by("bob"), other).facts() else { panic!("it is made") };
    assert!(matches!(&facts[0], Fact::Workspaces(Workspaces::WorkspaceRequested(_))));
    let same = CreateWorkspace { values: values(&[("branch", "main")]), ..create("work") };
    let Ok(facts) = given.when(&asked_by("bob"), same).facts() else { panic!("it is taken") };
    assert!(matches!(&facts[0], Fact::Workspaces(Workspaces::WorkspaceClaimed(_))));
}
