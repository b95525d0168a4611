//! Templates and workspaces by short name, and what is set up around them; one name gives the same id in every run.

use crate::given::{Asking, Given, asked, granted, known, organized, with_roles};
use crate::people::{subject, time, uuid};
use crate::programs::on_behalf;
use crate::spending::deed;
use commands::Command;
use commands::workspaces::{
    BeginBuild, CreateWorkspace, PublishTemplate, RecordDeleted, RecordFailed, RecordStarted, RecordStopped,
};
use fixtures::samples::workspaces::least;
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;
use ledger::event::{Actor, Fact};
use ledger::hash::Hash;
use projections::access::Role;
use projections::workspaces::Workspace;

/// The template of that name.
pub(crate) fn template(name: &str) -> TemplateId {
    TemplateId::from_bytes(uuid("template", name))
}

/// The workspace of that name.
pub(crate) fn workspace(name: &str) -> WorkspaceId {
    WorkspaceId::from_bytes(uuid("workspace", name))
}

fn app(slug: &str, port: u16, sharing_max: Sharing) -> App {
    let (command, health, path) = (None, None, None);
    App { command, health, name: slug.into(), path, port, sharing_max, slug: slug.into() }
}

pub(crate) fn volume(name: &str, size_mib: u64, protected: bool) -> Volume {
    Volume { name: name.into(), path: format!("/home/{name}").into(), protected, size_mib }
}

/// A template with two apps, two volumes, and a key for its tools.
pub(crate) fn rust() -> WorkspaceSpec {
    WorkspaceSpec {
        ai: Some(Ai::default()),
        apps: vec![app("ide", 13_337, Sharing::Owner), app("preview", 8_080, Sharing::Authenticated)],
        volumes: vec![volume("cache", 512, false), volume("home", 1_024, true)],
        ..least()
    }
}

/// What a version was written in.
pub(crate) fn source() -> Source {
    Source { digest: Hash([5; 32]), format: Format::Native }
}

/// An order to publish a template for the site and promote it.
pub(crate) fn publish(name: &str, spec: WorkspaceSpec) -> PublishTemplate {
    let (template, handle) = (template(name), name.into());
    PublishTemplate {
        template,
        handle,
        scope: Scope::Site,
        spec: Box::new(spec),
        source: source(),
        promote: true,
    }
}

/// A version of a template is there.
pub(crate) fn version(name: &str, number: u64, spec: WorkspaceSpec) -> Fact {
    let (digest, spec) = (spec.digest(), Box::new(spec));
    VersionPublished { digest, number, source: source(), spec, template: template(name) }.into()
}

/// A template for the site, with one version, which is promoted.
pub(crate) fn published(name: &str, spec: WorkspaceSpec) -> Vec<Fact> {
    let template = template(name);
    vec![
        TemplateCreated { handle: name.into(), scope: Scope::Site, template }.into(),
        version(name, 1, spec),
        VersionPromoted { number: 1, template }.into(),
    ]
}

/// Somebody has a workspace in the project `deed`, of the template `rust`, which is to run.
pub(crate) fn requested(name: &str, owner: &str) -> Vec<Fact> {
    let workspace = workspace(name);
    let requested = WorkspaceRequested {
        handle: name.into(),
        owner: Some(subject(owner)),
        scope: deed(),
        template: template("rust"),
        values: Values::new(),
        version: 1,
        workspace,
    };
    vec![requested.into(), StartOrdered { build: 1, why: Why::Person, workspace }.into()]
}

/// The order of a workspace's first start is worked on.
pub(crate) fn begun(name: &str, owner: &str) -> Vec<Fact> {
    let began = BuildBegan { build: 1, workspace: workspace(name) };
    [requested(name, owner), vec![began.into()]].concat()
}

/// A workspace started for the first time.
pub(crate) fn ran(name: &str, owner: &str) -> Vec<Fact> {
    [begun(name, owner), vec![started(name, 1).into()]].concat()
}

/// It runs by that order.
pub(crate) fn started(name: &str, build: u64) -> Started {
    let (container, image) = (Hash([7; 32]), Hash([8; 32]));
    Started { build, container, image, workspace: workspace(name) }
}

/// Something is ordered of a workspace, the second time.
pub(crate) fn stopping(name: &str) -> Fact {
    StopOrdered { build: 2, why: Why::Person, workspace: workspace(name) }.into()
}

/// It is to be gone, the second thing that is ordered.
pub(crate) fn deleting(name: &str) -> Fact {
    DeletionOrdered { build: 2, why: Why::Person, workspace: workspace(name) }.into()
}

/// An order to create a workspace in the project `deed` from the template `rust`.
pub(crate) fn create(name: &str) -> CreateWorkspace {
    CreateWorkspace {
        workspace: workspace(name),
        handle: name.into(),
        template: template("rust"),
        version: None,
        scope: deed(),
        values: Values::new(),
    }
}

/// Work begins on an order.
pub(crate) fn begin(name: &str, build: u64) -> BeginBuild {
    BeginBuild { workspace: workspace(name), build, key: None }
}

/// It runs.
pub(crate) fn record_started(name: &str, build: u64) -> RecordStarted {
    let Started { container, image, workspace, .. } = started(name, build);
    RecordStarted { workspace, build, container, image, log: None }
}

/// It stands still.
pub(crate) fn record_stopped(name: &str, build: u64) -> RecordStopped {
    RecordStopped { workspace: workspace(name), build }
}

/// It is gone.
pub(crate) fn record_deleted(name: &str, build: u64) -> RecordDeleted {
    RecordDeleted { workspace: workspace(name), build }
}

/// It could not be done.
pub(crate) fn record_failed(name: &str, build: u64) -> RecordFailed {
    RecordFailed { workspace: workspace(name), build, at: FailedAt::Start, log: None }
}

/// Deed itself asks, so many seconds after the first day.
pub(crate) fn system(seconds: u64) -> Asking {
    Asking { now: time(seconds), ..asked(Actor::System) }
}

/// Values by name.
pub(crate) fn values(all: &[(&str, &str)]) -> Values {
    all.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// Ada owns the site; bob and dan operate the project `deed`, eve administers it, and zoe has no role. `svc-ci` operates it too, and acts for bob.
pub(crate) fn world(spec: WorkspaceSpec) -> Given {
    let mut facts = [with_roles("ada", &[Role::Owner]), organized()].concat();
    for (name, role) in [("bob", Role::Operator), ("dan", Role::Operator), ("eve", Role::Admin)] {
        facts.extend(with_roles(name, &[role]));
    }
    facts.extend([known("zoe"), known("svc-ci")].concat());
    facts.extend([granted("svc-ci", Role::Operator), on_behalf("lent", "svc-ci", "bob").into()]);
    facts.extend(published("rust", spec));
    crate::given::given(facts)
}

impl Given {
    /// Somebody asks, and what is decided happens.
    #[track_caller]
    pub(crate) fn does(&mut self, asking: &Asking, command: impl Into<Command>) -> Vec<Fact> {
        let facts = self.when(asking, command).facts().expect("it is done");
        self.happen_at(asking, facts.clone());
        facts
    }

    /// The workspace of that name.
    #[track_caller]
    pub(crate) fn found(&self, name: &str) -> &Workspace {
        self.state.workspaces.find(workspace(name)).expect("there is such a workspace")
    }
}
