//! Templates and workspaces: what is there for the matrix of roles and commands, and the cases by subject.

mod creation;
mod keys;
mod lives;
mod orders;
mod outcomes;
mod plan;
mod reservations;
mod steps;
mod templates;

use crate::people::{subject, time};
use crate::workshop::*;
use commands::Command;
use commands::workspaces::*;
use ledger::event::Fact;
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;

/// What people order, about `bob`'s workspaces.
pub(crate) fn orders() -> Vec<Command> {
    let (template, work) = (template("rust"), workspace("work"));
    let why = Why::Person;
    let create = CreateWorkspace { scope: Scope::Site, ..create("new") };
    vec![
        publish("new", rust()).into(),
        PromoteVersion { template, number: 2 }.into(),
        ArchiveVersion { template, number: 2 }.into(),
        DeprecateTemplate { template, message: Some("use another".into()) }.into(),
        ArchiveTemplate { template }.into(),
        create.into(),
        StartWorkspace { workspace: workspace("still"), why }.into(),
        StopWorkspace { workspace: work, why }.into(),
        DeleteWorkspace { workspace: work, why }.into(),
        UpdateWorkspace { workspace: work, version: Some(2), values: Values::new() }.into(),
        TransferWorkspace { workspace: work, to: subject("owner") }.into(),
        ShareApp { workspace: work, app: "preview".into(), sharing: Sharing::Organization }.into(),
        SetSchedule { workspace: work, schedule: Some(schedule("mon", "UTC")) }.into(),
        DeleteVolume { workspace: workspace("gone"), volume: "home".into() }.into(),
    ]
}

/// What Deed says and does by itself.
pub(crate) fn outcomes() -> Vec<Command> {
    let work = workspace("work");
    let rows = vec![Destinations {
        bytes_in: 0,
        bytes_out: 0,
        count: 1,
        host: None,
        port: 0,
        verdict: Verdict::Denied,
    }];
    let egress = EgressCounted { from: time(0), rows, to: time(1), workspace: work };
    vec![
        begin("asked", 1).into(),
        record_started("begun", 1).into(),
        record_stopped("ending", 2).into(),
        record_deleted("going", 2).into(),
        record_failed("begun", 1).into(),
        RecordLost { workspace: work, build: 1, exit: Some(137) }.into(),
        StockWorkspace { workspace: workspace("stock"), template: template("ready") }.into(),
        FallAsleep { workspace: workspace("sleepy") }.into(),
        SeeActivity { workspace: work }.into(),
        CountConnections { counted: counted() }.into(),
        CountEgress { counted: egress }.into(),
        RecordOrphan { found: OrphanFound { name: "deed-1".into(), thing: Thing::Container } }.into(),
    ]
}

fn counted() -> ConnectionsCounted {
    let (bytes_in, bytes_out, requests, tunnels) = (1, 2, 3, 0);
    let (app, visitor) = ("ide".into(), None);
    let (from, to, workspace) = (time(0), time(1), workspace("work"));
    ConnectionsCounted { app, bytes_in, bytes_out, from, requests, to, tunnels, visitor, workspace }
}

/// Half past eight on these days, until six in the evening.
pub(crate) fn schedule(days: &str, zone: &str) -> Schedule {
    Schedule {
        days: days.parse().expect("days"),
        start: Some("08:30".parse().expect("a time of day")),
        stop: Some("18:00".parse().expect("a time of day")),
        zone: ledger::zone::Zone::parse(zone).expect("a zone"),
    }
}

/// What the orders are about: `bob`'s workspaces, one in each state, and templates.
pub(crate) fn there() -> Vec<Fact> {
    let other = WorkspaceSpec { volumes: vec![volume("home", 1_024, true)], ..rust() };
    let sleepy = Times { dormant_after_seconds: Some(60), ..Times::default() };
    let asleep = WorkspaceRequested {
        handle: "sleepy".into(),
        owner: Some(subject("bob")),
        scope: Scope::Site,
        template: template("sleepy"),
        values: Values::new(),
        version: 1,
        workspace: workspace("sleepy"),
    };
    let gone = WorkspaceDeleted { build: 2, kept: vec!["home".into()], workspace: workspace("gone") };
    let stopped = Stopped { build: 2, workspace: workspace("still") };
    [
        published("rust", rust()),
        vec![version("rust", 2, other)],
        published("ready", WorkspaceSpec { ai: None, prebuilt: 1, ..rust() }),
        published("sleepy", WorkspaceSpec { times: sleepy, ..rust() }),
        vec![asleep.into()],
        requested("asked", "bob"),
        begun("begun", "bob"),
        ran("work", "bob"),
        ran("still", "bob"),
        vec![stopping("still"), stopped.into()],
        ran("ending", "bob"),
        vec![stopping("ending")],
        ran("going", "bob"),
        vec![deleting("going")],
        ran("gone", "bob"),
        vec![deleting("gone"), gone.into()],
    ]
    .concat()
}
