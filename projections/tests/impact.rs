//! What a new version of a template means for a workspace: one row for each kind of change.
#![expect(clippy::indexing_slicing, reason = "the specs of these tests have what they alter")]

use ledger::event::workspaces::{
    Ai, App, Choice, Container, Destination, Doors, Kind, Limits, Network, Parameter, Scratch, Sharing,
    Startup, Times, Values, Volume, WorkspaceSpec,
};
use projections::workspaces::impact::{Change, Impact, Reach, farthest, impacts};

fn app(slug: &str, command: Option<&str>) -> App {
    App {
        command: command.map(Into::into),
        health: None,
        name: slug.into(),
        path: None,
        port: 8080,
        sharing_max: Sharing::Owner,
        slug: slug.into(),
    }
}

fn volume(name: &str, protected: bool) -> Volume {
    Volume { name: name.into(), path: format!("/{name}").into(), protected, size_mib: 64 }
}

fn parameter(name: &str, default: Option<&str>) -> Parameter {
    Parameter {
        default: default.map(Into::into),
        description: None,
        kind: Kind::Text,
        max: None,
        min: None,
        mutable: false,
        name: name.into(),
        options: Vec::new(),
        pattern: None,
    }
}

fn base() -> WorkspaceSpec {
    WorkspaceSpec {
        ai: None,
        apps: vec![app("code", Some("run")), app("web", None)],
        container: Container {
            command: vec!["run".into()],
            environment: [("SIZE".into(), "${parameter.size}".into())].into(),
            image: "sha256:aa".into(),
            runtime: None,
            scratch: vec![Scratch { path: "/tmp".into(), size_mib: 8 }],
            user: "1000:1000".into(),
            working_directory: None,
            writable_root: false,
        },
        doors: Doors::default(),
        limits: Limits { cpu_millis: 500, memory_mib: 512, processes: 64 },
        network: Network { allow: vec![Destination { host: "a.example".into(), ports: Vec::new() }] },
        parameters: vec![parameter("size", Some("5"))],
        prebuilt: 0,
        startup: Some(Startup { script: "a".into(), timeout_seconds: 5 }),
        times: Times::default(),
        volumes: vec![volume("home", true), volume("more", false)],
    }
}

type Row = (&'static str, Change, Reach, fn(&mut WorkspaceSpec));

use Change::{Added, Changed, Removed};
use Reach::{Live, Rebuild, Recreate, Restart};

const LIVE: &[Row] = &[
    ("apps.code.name", Changed, Live, |spec| spec.apps[0].name = "Code".into()),
    ("apps.code.path", Added, Live, |spec| spec.apps[0].path = Some("/x".into())),
    ("apps.code.port", Changed, Live, |spec| spec.apps[0].port = 8081),
    ("apps.code.sharing_max", Changed, Live, |spec| spec.apps[0].sharing_max = Sharing::Public),
    ("apps.code.health", Added, Live, |spec| spec.apps[0].health = Some("/".into())),
    ("apps.web", Removed, Live, |spec| drop(spec.apps.remove(1))),
    ("apps.x", Added, Live, |spec| spec.apps.push(app("x", None))),
    ("doors.terminal", Changed, Live, |spec| spec.doors.terminal = true),
    ("doors.ports", Changed, Live, |spec| spec.doors.ports = true),
    ("network.allow.a.example", Removed, Live, |spec| spec.network.allow.clear()),
    ("network.allow.a.example", Changed, Live, |spec| spec.network.allow[0].ports = vec![80]),
    ("prebuilt", Changed, Live, |spec| spec.prebuilt = 1),
    ("times.idle_stop_seconds", Added, Live, |spec| spec.times.idle_stop_seconds = Some(1)),
    ("times.lifetime_seconds_max", Added, Live, |spec| spec.times.lifetime_seconds_max = Some(1)),
    ("times.dormant_after_seconds", Added, Live, |spec| spec.times.dormant_after_seconds = Some(1)),
    ("times.delete_after_dormant_seconds", Added, Live, |spec| {
        spec.times.delete_after_dormant_seconds = Some(1)
    }),
    ("parameters.size.description", Added, Live, |spec| spec.parameters[0].description = Some("x".into())),
    ("parameters.size.default", Changed, Live, |spec| spec.parameters[0].default = Some("6".into())),
    ("parameters.size.max", Added, Live, |spec| spec.parameters[0].max = Some(3)),
    ("parameters.size.mutable", Changed, Live, |spec| spec.parameters[0].mutable = true),
    ("parameters.size.kind", Changed, Live, |spec| spec.parameters[0].kind = Kind::Number),
    ("parameters.new", Added, Live, |spec| spec.parameters.push(parameter("new", Some("x")))),
    ("volumes.home.protected", Changed, Live, |spec| spec.volumes[0].protected = false),
    ("parameters.size.options", Changed, Live, |spec| {
        spec.parameters[0].options = vec![Choice { name: "Five".into(), value: "5".into() }];
    }),
];

const RESTART: &[Row] = &[
    ("ai", Changed, Restart, |spec| spec.ai = Some(Ai::default())),
    ("apps.code.command", Changed, Restart, |spec| spec.apps[0].command = Some("other".into())),
    ("apps.web.command", Added, Restart, |spec| spec.apps[1].command = Some("other".into())),
    ("apps.code", Removed, Restart, |spec| drop(spec.apps.remove(0))),
    ("apps.x", Added, Restart, |spec| spec.apps.push(app("x", Some("run")))),
    ("limits.cpu_millis", Changed, Restart, |spec| spec.limits.cpu_millis = 1),
    ("limits.memory_mib", Changed, Restart, |spec| spec.limits.memory_mib = 1),
    ("limits.processes", Changed, Restart, |spec| spec.limits.processes = 1),
    ("startup", Removed, Restart, |spec| spec.startup = None),
    ("startup.script", Changed, Restart, |spec| {
        spec.startup = Some(Startup { script: "b".into(), timeout_seconds: 5 });
    }),
    ("startup.timeout_seconds", Changed, Restart, |spec| {
        spec.startup = Some(Startup { script: "a".into(), timeout_seconds: 6 });
    }),
];

const REBUILD: &[Row] = &[
    ("container.command", Changed, Rebuild, |spec| spec.container.command.clear()),
    ("container.environment.SIZE", Removed, Rebuild, |spec| spec.container.environment.clear()),
    ("container.environment.SIZE", Changed, Rebuild, |spec| {
        spec.container.environment.insert("SIZE".into(), "6".into());
    }),
    ("container.image", Changed, Rebuild, |spec| spec.container.image = "sha256:bb".into()),
    ("container.runtime", Added, Rebuild, |spec| spec.container.runtime = Some("runsc".into())),
    ("container.scratch./tmp", Removed, Rebuild, |spec| spec.container.scratch.clear()),
    ("container.scratch./tmp.size_mib", Changed, Rebuild, |spec| spec.container.scratch[0].size_mib = 9),
    ("container.working_directory", Added, Rebuild, |spec| {
        spec.container.working_directory = Some("/x".into())
    }),
    ("container.writable_root", Changed, Rebuild, |spec| spec.container.writable_root = true),
    ("volumes.x", Added, Rebuild, |spec| spec.volumes.push(volume("x", true))),
    ("volumes.more", Removed, Rebuild, |spec| drop(spec.volumes.remove(1))),
    ("volumes.home.path", Changed, Rebuild, |spec| spec.volumes[0].path = "/y".into()),
    ("volumes.home.size_mib", Changed, Restart, |spec| spec.volumes[0].size_mib = 65),
];

const RECREATE: &[Row] = &[
    ("container.user", Changed, Recreate, |spec| spec.container.user = "1001:1001".into()),
    ("volumes.home.size_mib", Changed, Recreate, |spec| spec.volumes[0].size_mib = 63),
    ("volumes.home", Removed, Recreate, |spec| drop(spec.volumes.remove(0))),
    ("parameters.new", Added, Recreate, |spec| spec.parameters.push(parameter("new", None))),
    ("parameters.size.max", Added, Recreate, |spec| spec.parameters[0].max = Some(0)),
    ("parameters.size.pattern", Added, Recreate, |spec| spec.parameters[0].pattern = Some("x".into())),
    ("parameters.size.kind", Changed, Recreate, |spec| spec.parameters[0].kind = Kind::Bool),
    ("parameters.size.options", Changed, Recreate, |spec| {
        spec.parameters[0].options = vec![Choice { name: "Six".into(), value: "6".into() }];
    }),
];

fn chosen() -> Values {
    [("size".into(), "5".into())].into()
}

#[test]
fn each_kind_of_change_reaches_as_far_as_it_should() {
    for (field, change, reach, alter) in [LIVE, RESTART, REBUILD, RECREATE].concat() {
        let mut new = base();
        alter(&mut new);
        let found = impacts(&base(), &new, &chosen());
        assert_eq!(found, [Impact { field: field.into(), change, reach }], "{field}");
        assert_eq!(farthest(&found), Some(reach));
    }
}

#[test]
fn nothing_changes_between_a_spec_and_itself() {
    assert_eq!(impacts(&base(), &base(), &chosen()), []);
    assert_eq!(farthest(&[]), None);
}

#[test]
fn what_resolves_to_the_same_is_the_same() {
    let mut new = base();
    new.container.environment.insert("SIZE".into(), "5".into());
    assert_eq!(impacts(&base(), &new, &chosen()), []);
    // Another default is another value only where nothing was chosen.
    let mut new = base();
    new.parameters[0].default = Some("6".into());
    let fields =
        |values: &Values| impacts(&base(), &new, values).into_iter().map(|one| one.field).collect::<Vec<_>>();
    assert_eq!(fields(&chosen()), ["parameters.size.default".into()]);
    assert_eq!(
        fields(&Values::new()),
        ["container.environment.SIZE".into(), "parameters.size.default".into()]
    );
    // A name of the workspace is not the text that it would be in a spec.
    let mut owned = base();
    owned.container.environment.insert("SIZE".into(), "${owner.handle}".into());
    let mut other = base();
    other.container.environment.insert("SIZE".into(), "${workspace.handle}".into());
    assert_eq!(impacts(&owned, &other, &chosen()).len(), 1);
}

#[test]
fn a_value_that_can_be_chosen_anew_needs_no_new_workspace() {
    let mut old = base();
    old.parameters[0].mutable = true;
    let mut new = old.clone();
    new.parameters[0].max = Some(0);
    assert_eq!(farthest(&impacts(&old, &new, &chosen())), Some(Rebuild));
}

#[test]
fn reaches_are_ordered() {
    assert!(Live < Restart && Restart < Rebuild && Rebuild < Recreate);
    assert_eq!(Added, Added);
}
