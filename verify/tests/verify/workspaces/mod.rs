//! What nobody had the right to do with templates and workspaces, signed with the real key, each with something that they had; and what Deed
//! said that did not follow.

mod changes;
mod life;

use crate::spending::on;
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use fixtures::samples::workspaces::{least, parameter};
use ledger::event::budgets::{Amounts, Released, Reserved};
use ledger::event::id::{ReservationId, TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;
use ledger::event::{Actor, Fact, Subject};
use ledger::hash::Hash;
use projections::workspaces::derived::{
    disk_amounts, disk_reservation, running_amounts, running_reservation,
};

const SYSTEM: Actor = Actor::System;

type Told = Vec<(Actor, Fact)>;

fn template(number: u8) -> TemplateId {
    TemplateId::from_bytes([number; 16])
}

fn workspace(number: u8) -> WorkspaceId {
    WorkspaceId::from_bytes([number; 16])
}

/// The story, with more events by one.
fn also(before: &[(Actor, Fact)], actor: Actor, facts: impl IntoIterator<Item = Fact>) -> Told {
    before.iter().cloned().chain(facts.into_iter().map(|fact| (actor, fact))).collect()
}

fn spec() -> WorkspaceSpec {
    let preview = App {
        command: None,
        health: None,
        name: "Preview".into(),
        path: None,
        port: 8_080,
        sharing_max: Sharing::Organization,
        slug: "preview".into(),
    };
    let volume = |name: &str, protected| Volume {
        name: name.into(),
        path: format!("/home/{name}").into(),
        protected,
        size_mib: 512,
    };
    let times = Times {
        delete_after_dormant_seconds: Some(30),
        dormant_after_seconds: Some(20),
        idle_stop_seconds: Some(12),
        lifetime_seconds_max: Some(1_000),
    };
    let jobs = Parameter { mutable: true, ..parameter("jobs", Kind::Number, Some("2")) };
    WorkspaceSpec {
        ai: Some(Ai::default()),
        apps: vec![preview],
        parameters: vec![jobs, parameter("region", Kind::Text, Some("eu"))],
        prebuilt: 1,
        times,
        volumes: vec![volume("cache", false), volume("home", true)],
        ..least()
    }
}

fn values(jobs: &str, region: &str) -> Values {
    [("jobs".into(), jobs.into()), ("region".into(), region.into())].into()
}

fn made(number: u8, handle: &str) -> TemplateCreated {
    TemplateCreated { handle: handle.into(), scope: Scope::Site, template: template(number) }
}

fn version(number: u64, spec: WorkspaceSpec) -> VersionPublished {
    let source = Source { digest: Hash([5; 32]), format: Format::Native };
    VersionPublished { digest: spec.digest(), number, source, spec: Box::new(spec), template: template(1) }
}

fn promoted(number: u64) -> VersionPromoted {
    VersionPromoted { number, template: template(1) }
}

fn archived(number: u64) -> VersionArchived {
    VersionArchived { number, template: template(1) }
}

/// A template with one version, which is promoted.
fn there(cast: &Cast) -> Told {
    let facts: [Fact; 3] = [made(1, "rust").into(), version(1, spec()).into(), promoted(1).into()];
    also(&[], cast.as_owner(), facts)
}

fn requested(owner: Option<Subject>) -> WorkspaceRequested {
    WorkspaceRequested {
        handle: "work".into(),
        owner,
        scope: Scope::Site,
        template: template(1),
        values: values("2", "eu"),
        version: 1,
        workspace: workspace(1),
    }
}

fn starts(build: u64, why: Why) -> Fact {
    StartOrdered { build, why, workspace: workspace(1) }.into()
}

fn stops(build: u64, why: Why) -> Fact {
    StopOrdered { build, why, workspace: workspace(1) }.into()
}

fn deletes(build: u64, why: Why) -> Fact {
    DeletionOrdered { build, why, workspace: workspace(1) }.into()
}

/// The owner has a workspace, which is to run.
fn asked(cast: &Cast) -> Told {
    also(&there(cast), cast.as_owner(), [requested(Some(cast.owner)).into(), starts(1, Why::Person)])
}

fn reserves(cast: &Cast, reservation: ReservationId, amounts: Option<Amounts>) -> Fact {
    Reserved {
        amounts: amounts.unwrap(),
        charges: vec![],
        expires: on(9),
        key: None,
        model: None,
        reservation,
        scope: Scope::Site,
        subject: cast.owner,
    }
    .into()
}

fn takes_running(cast: &Cast) -> Fact {
    reserves(cast, running_reservation(workspace(1)), running_amounts(&spec()))
}

fn takes_disk(cast: &Cast) -> Fact {
    reserves(cast, disk_reservation(workspace(1)), disk_amounts(&spec()))
}

fn gives_running() -> Fact {
    Released { reason: None, reservation: running_reservation(workspace(1)) }.into()
}

fn gives_disk() -> Fact {
    Released { reason: None, reservation: disk_reservation(workspace(1)) }.into()
}

fn began(build: u64) -> Fact {
    BuildBegan { build, workspace: workspace(1) }.into()
}

fn started(build: u64) -> Fact {
    Started { build, container: Hash([7; 32]), image: Hash([8; 32]), workspace: workspace(1) }.into()
}

fn stopped(build: u64) -> Fact {
    Stopped { build, workspace: workspace(1) }.into()
}

fn failed(build: u64) -> Fact {
    WorkspaceFailed { at: FailedAt::Start, build, workspace: workspace(1) }.into()
}

fn lost(build: u64) -> Fact {
    Lost { build, exit: None, workspace: workspace(1) }.into()
}

fn gone(build: u64, kept: &[&str]) -> Fact {
    let kept = kept.iter().map(|name| Box::from(*name)).collect();
    WorkspaceDeleted { build, kept, workspace: workspace(1) }.into()
}

fn paid(cast: &Cast) -> Told {
    also(&asked(cast), SYSTEM, [takes_running(cast), takes_disk(cast)])
}

/// It is built.
fn building(cast: &Cast) -> Told {
    then(&paid(cast), SYSTEM, began(1))
}

/// It runs.
fn running(cast: &Cast) -> Told {
    then(&building(cast), SYSTEM, started(1))
}

/// It stands still.
fn standing(cast: &Cast) -> Told {
    let stopping = then(&running(cast), cast.as_owner(), stops(2, Why::Person));
    also(&stopping, SYSTEM, [gives_running(), stopped(2)])
}

/// Time goes by: so many events of somebody who looks into the log.
fn later(before: &[(Actor, Fact)], cast: &Cast, seconds: usize) -> Told {
    let read = || crate::stories::read(cast);
    also(before, cast.as_owner(), std::iter::repeat_with(read).take(seconds))
}

fn templates(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let there = there(cast);
    let unsound = WorkspaceSpec { prebuilt: 101, ..spec() };
    let mislabelled = VersionPublished { digest: Hash([1; 32]), ..version(2, least()) };
    let second = then(&there, owner, version(2, least()));
    let put_away = then(&second, owner, archived(2));
    let ended = then(&there, owner, TemplateArchived { template: template(1) });
    let told = TemplateDeprecated { message: Some("use another".into()), template: template(1) };
    vec![
        ("a template", there.clone(), None),
        ("by who may not publish", vec![(admin, made(1, "rust").into())], DENIED),
        ("by Deed", vec![(SYSTEM, made(1, "rust").into())], DENIED),
        ("a template twice", then(&there, owner, made(1, "other")), DENIED),
        ("a name twice", then(&there, owner, made(2, "rust")), DENIED),
        ("a name that is none", then(&there, owner, made(2, "Rust!")), DENIED),
        ("a name that is free", then(&ended, owner, made(2, "rust")), None),
        ("a version", second.clone(), None),
        ("a version by who may not", then(&there, admin, version(2, least())), DENIED),
        ("a version that keeps no bounds", then(&there, owner, version(2, unsound)), DENIED),
        ("a version under another digest", then(&there, owner, mislabelled), DENIED),
        ("a version left out", then(&there, owner, version(3, least())), DENIED),
        ("a version of what is archived", then(&ended, owner, version(2, least())), DENIED),
        ("promote", then(&second, owner, promoted(2)), None),
        ("promote what is not there", then(&there, owner, promoted(2)), DENIED),
        ("promote what is archived", then(&put_away, owner, promoted(2)), DENIED),
        ("promote by who may not", then(&second, admin, promoted(2)), DENIED),
        ("archive a version", put_away.clone(), None),
        ("archive it twice", then(&put_away, owner, archived(2)), DENIED),
        ("archive the promoted one", then(&second, owner, archived(1)), DENIED),
        ("deprecate", then(&there, owner, told.clone()), None),
        ("deprecate by who may not", then(&there, admin, told), DENIED),
        ("archive", ended.clone(), None),
        ("archive twice", then(&ended, owner, TemplateArchived { template: template(1) }), DENIED),
    ]
}

fn creations(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let there = there(cast);
    let ask = |change: fn(&mut WorkspaceRequested)| {
        let mut fact = requested(Some(cast.owner));
        change(&mut fact);
        then(&there, owner, fact)
    };
    let again = |number, handle: &str| WorkspaceRequested {
        handle: handle.into(),
        workspace: workspace(number),
        ..requested(Some(cast.owner))
    };
    let told = TemplateDeprecated { message: Some("use another".into()), template: template(1) };
    let mine = then(&there, owner, again(1, "work"));
    let ended = then(&there, owner, TemplateArchived { template: template(1) });
    let many = (1..=50).map(|number| again(number, &format!("w{number}")).into());
    let full = also(&there, owner, many);
    let stock = then(&there, SYSTEM, requested(None));
    let more = WorkspaceRequested { workspace: workspace(2), ..requested(None) };
    vec![
        ("a workspace", mine.clone(), None),
        ("for somebody else", then(&there, owner, requested(Some(cast.admin))), DENIED),
        ("by who may not", then(&there, admin, requested(Some(cast.admin))), DENIED),
        ("by Deed for somebody", then(&there, SYSTEM, requested(Some(cast.owner))), DENIED),
        ("a workspace twice", then(&mine, owner, again(1, "other")), DENIED),
        ("a name twice", then(&mine, owner, again(2, "work")), DENIED),
        ("another name", then(&mine, owner, again(2, "other")), None),
        ("no name", ask(|fact| fact.handle = "Work!".into()), DENIED),
        ("no version", ask(|fact| fact.version = 2), DENIED),
        ("a value that is not admitted", ask(|fact| fact.values = values("two", "eu")), DENIED),
        ("without a value", ask(|fact| drop(fact.values.remove("jobs"))), DENIED),
        ("from what is deprecated", then(&then(&there, owner, told), owner, again(1, "work")), DENIED),
        ("from what is archived", then(&ended, owner, again(1, "work")), DENIED),
        ("the fiftieth", full.clone(), None),
        ("one too many", then(&full, owner, again(51, "w51")), DENIED),
        ("one kept ready", stock.clone(), None),
        ("one more than is kept ready", then(&stock, SYSTEM, more.clone()), DENIED),
        ("one kept ready, by somebody", then(&there, owner, requested(None)), DENIED),
    ]
}

fn claims(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let stock = also(&there(cast), SYSTEM, [requested(None).into(), starts(1, Why::Template)]);
    let ready = also(&stock, SYSTEM, [began(1), started(1)]);
    let claim = |owner, handle: &str| WorkspaceClaimed {
        handle: handle.into(),
        owner,
        scope: Scope::Site,
        workspace: workspace(1),
    };
    let taken = then(&ready, owner, claim(cast.owner, "work"));
    let told = TemplateDeprecated { message: Some("use another".into()), template: template(1) };
    let began_anew = then(&taken, owner, starts(2, Why::Person));
    vec![
        ("a claim", taken.clone(), None),
        ("a claim for somebody else", then(&ready, owner, claim(cast.admin, "work")), DENIED),
        ("a claim by who may not", then(&ready, admin, claim(cast.admin, "work")), DENIED),
        ("a claim of what does not run", then(&stock, owner, claim(cast.owner, "work")), DENIED),
        ("a claim of what is somebody's", then(&taken, owner, claim(cast.owner, "more")), DENIED),
        ("a claim without a name", then(&ready, owner, claim(cast.owner, "")), DENIED),
        (
            "a claim of what is deprecated",
            then(&then(&ready, owner, told), owner, claim(cast.owner, "work")),
            DENIED,
        ),
        ("a claim, and its start", began_anew.clone(), None),
        ("a build that nobody pays for", then(&began_anew, SYSTEM, began(2)), DENIED),
    ]
}

#[test]
fn what_happens_to_templates_without_a_right_is_found() {
    holds(templates);
}

#[test]
fn workspaces_that_nobody_could_have_are_found() {
    holds(|cast| [creations(cast), claims(cast)].concat());
}
