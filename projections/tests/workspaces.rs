//! Templates and workspaces: who may open what, what a snapshot keeps, and what names lead to.

use fixtures::samples::{self, workspaces::whole};
use ledger::event::access::{OrganizationCreated, RoleGranted};
use ledger::event::id::{
    CredentialId, GrantId, OrganizationId, PolicyId, ServiceAccountId, TemplateId, WorkspaceId,
};
use ledger::event::identity::{
    Behalf, CredentialIssued, PersonCreated, ServiceAccountCreated, SubjectSuspended, TokenIssued,
};
use ledger::event::keys::KeyClass;
use ledger::event::policy::*;
use ledger::event::scope::Scope;
use ledger::event::workspaces::*;
use ledger::event::{Actor, Delegate, Fact, Subject};
use ledger::hash::Hash;
use ledger::snapshot::{decode, encode};
use ledger::time::Time;
use projections::State;
use projections::workspaces::{Status, Visitor};

const ADA: u8 = 1;
const BOB: u8 = 2;
const EVE: u8 = 3;

fn template() -> TemplateId {
    TemplateId::from_bytes([1; 16])
}

fn workspace(number: u8) -> WorkspaceId {
    WorkspaceId::from_bytes([number; 16])
}

fn organization() -> Scope {
    Scope::Organization(OrganizationId::from_bytes([1; 16]))
}

fn person(number: u8) -> Subject {
    Subject::Person(samples::person(number))
}

fn program() -> Subject {
    Subject::ServiceAccount(ServiceAccountId::from_bytes([9; 16]))
}

fn credential(number: u8) -> CredentialId {
    CredentialId::from_bytes([number; 16])
}

fn now() -> Time {
    samples::time(1_000)
}

#[derive(Clone, Default)]
struct Story {
    state: State,
    seq: u64,
}

impl Story {
    fn happen(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            self.state.apply(&samples::event(self.seq, Hash([0; 32]), fact));
            self.seq += 1;
        }
    }
}

fn credential_of(number: u8, subject: Subject) -> Fact {
    let (credential, digest) = (credential(number), Hash([number; 32]));
    CredentialIssued { credential, digest, expires: None, subject }.into()
}

fn granted(number: u8, role: &str, scope: Scope, subject: Subject) -> Fact {
    RoleGranted::new(GrantId::from_bytes([number; 16]), role, scope, subject).into()
}

/// Ada may use workspaces in the organization, bob has a role there, eve has none, and a program acts for ada.
fn people() -> Story {
    let Scope::Organization(organization_id) = organization() else { return Story::default() };
    let mut story = Story::default();
    story.happen([OrganizationCreated { handle: "acme".into(), organization: organization_id }.into()]);
    for number in [ADA, BOB, EVE] {
        let person = samples::person(number);
        story.happen([
            PersonCreated { login: None, person }.into(),
            credential_of(number, Subject::Person(person)),
        ]);
    }
    let account = ServiceAccountId::from_bytes([9; 16]);
    let behalf = Some(Behalf { credential: credential(ADA), person: samples::person(ADA) });
    let token = TokenIssued {
        behalf,
        digest: Hash([10; 32]),
        expires: now().plus_seconds(60),
        from: credential(9),
        subject: program(),
        token: credential(10),
    };
    story.happen([
        ServiceAccountCreated { handle: "ci".into(), service_account: account }.into(),
        credential_of(9, program()),
        granted(1, "owner", Scope::Site, person(ADA)),
        granted(2, "member", organization(), person(BOB)),
        granted(3, "owner", Scope::Site, program()),
        token.into(),
    ]);
    story
}

fn version(number: u64, spec: WorkspaceSpec) -> Fact {
    let source = Source { digest: Hash([5; 32]), format: Format::Native };
    VersionPublished { digest: spec.digest(), number, source, spec: Box::new(spec), template: template() }
        .into()
}

fn requested(number: u8, handle: &str, owner: Option<Subject>) -> Fact {
    WorkspaceRequested {
        handle: handle.into(),
        owner,
        scope: organization(),
        template: template(),
        values: Values::new(),
        version: 1,
        workspace: workspace(number),
    }
    .into()
}

fn started(number: u8) -> Fact {
    Started { build: 1, container: Hash([7; 32]), image: Hash([8; 32]), workspace: workspace(number) }.into()
}

fn deleted(number: u8) -> Fact {
    WorkspaceDeleted { build: 2, kept: vec![], workspace: workspace(number) }.into()
}

/// Ada's workspace, of a template whose app may be shared so far, and is shared so far.
fn shared(sharing_max: Sharing, sharing: Sharing) -> Story {
    let mut story = people();
    let mut spec = whole();
    spec.apps.iter_mut().for_each(|app| app.sharing_max = sharing_max);
    let build_order = StartOrdered { build: 1, why: Why::Person, workspace: workspace(1) };
    story.happen([
        TemplateCreated { handle: "rust".into(), scope: Scope::Site, template: template() }.into(),
        version(1, spec),
        VersionPromoted { number: 1, template: template() }.into(),
        requested(1, "work", Some(person(ADA))),
        build_order.into(),
        BuildBegan { build: 1, workspace: workspace(1) }.into(),
        started(1),
        AppShared { app: "preview".into(), sharing, workspace: workspace(1) }.into(),
    ]);
    story
}

fn known(number: u8) -> Visitor {
    Visitor::Known(Actor::Subject(person(number), credential(number)))
}

fn delegate() -> Visitor {
    let person = samples::person(ADA);
    Visitor::Known(Actor::Delegate(Delegate { program: program(), person, credential: credential(10) }))
}

/// Who stands at the door: the owner, a program that acts for the owner, one of the organization, one who signed in, one whose credential
/// is none, and anybody.
fn visitors() -> [Visitor; 6] {
    let forged = Visitor::Known(Actor::Subject(person(BOB), credential(77)));
    [known(ADA), delegate(), known(BOB), known(EVE), forged, Visitor::Public]
}

fn opened(story: &Story, door: &str) -> [bool; 6] {
    visitors().map(|visitor| story.state.opens(visitor, workspace(1), door, now()).is_some())
}

use Sharing::{Authenticated, Organization, Owner, Public};

const ALONE: [bool; 6] = [true, true, false, false, false, false];
const COLLEAGUES: [bool; 6] = [true, true, true, false, false, false];
const KNOWN: [bool; 6] = [true, true, true, true, false, false];
const ALL: [bool; 6] = [true; 6];

#[test]
fn an_app_is_open_as_far_as_its_owner_and_the_template_say() {
    let rows = [
        (Owner, Owner, ALONE),
        (Owner, Public, ALONE),
        (Organization, Owner, ALONE),
        (Organization, Organization, COLLEAGUES),
        (Organization, Public, COLLEAGUES),
        (Authenticated, Organization, COLLEAGUES),
        (Authenticated, Authenticated, KNOWN),
        (Authenticated, Public, KNOWN),
        (Public, Authenticated, KNOWN),
        (Public, Public, ALL),
    ];
    for (sharing_max, sharing, expected) in rows {
        assert_eq!(opened(&shared(sharing_max, sharing), "preview"), expected, "{sharing_max:?} {sharing:?}");
    }
}

#[test]
fn ports_and_terminals_are_their_owners_alone_and_doors_that_are_none_open_to_nobody() {
    let story = shared(Public, Public);
    assert_eq!(opened(&story, "3000"), ALONE);
    for door in ["80", "03000", "+3000", "70000", "", "terminal", "none", "Preview"] {
        assert_eq!(opened(&story, door), [false; 6], "{door}");
    }
    let terminal = visitors().map(|visitor| story.state.opens_terminal(visitor, workspace(1), now()));
    assert_eq!(terminal, ALONE);
    let shut = WorkspaceSpec { doors: Doors::default(), ..whole() };
    let mut story = story;
    let updated = WorkspaceUpdated { values: Values::new(), version: 2, workspace: workspace(1) };
    story.happen([version(2, shut), updated.into()]);
    assert_eq!(opened(&story, "3000"), [false; 6]);
    assert!(!story.state.opens_terminal(known(ADA), workspace(1), now()));
}

#[test]
fn what_does_not_run_is_open_to_nobody() {
    let build = 2;
    let id = workspace(1);
    let rows: [(&[Fact], Status); 7] = [
        (&[StopOrdered { build, why: Why::Person, workspace: id }.into()], Status::Stopping),
        (&[Stopped { build, workspace: id }.into()], Status::Stopped),
        (&[StartOrdered { build, why: Why::Person, workspace: id }.into()], Status::Requested),
        (&[BuildBegan { build, workspace: id }.into()], Status::Building),
        (&[Lost { build: 1, exit: None, workspace: id }.into()], Status::Lost),
        (&[DeletionOrdered { build, why: Why::Person, workspace: id }.into()], Status::Deleting),
        (&[deleted(1)], Status::Deleted),
    ];
    for (facts, status) in rows {
        let mut story = shared(Public, Public);
        story.happen(facts.iter().cloned());
        assert_eq!(story.state.workspaces.find(id).map(|found| found.phase.status), Some(status));
        assert_eq!(opened(&story, "preview"), [false; 6], "{status:?}");
    }
}

#[test]
fn a_workspace_whose_owner_may_not_act_is_open_to_nobody() {
    let mut story = shared(Public, Public);
    story.happen([SubjectSuspended { reason: "away".into(), subject: person(ADA) }.into()]);
    assert_eq!(opened(&story, "preview"), [false; 6]);
    // A transfer ends what was shared.
    let mut story = shared(Public, Public);
    story.happen([WorkspaceTransferred { owner: person(EVE), workspace: workspace(1) }.into()]);
    assert_eq!(opened(&story, "preview"), [false; 6]);
}

#[test]
fn names_labels_and_the_stock_follow_what_happens() {
    let mut story = shared(Owner, Owner);
    let workspaces = |story: &Story| story.state.workspaces.clone();
    assert_eq!(workspaces(&story).by_handle(person(ADA), "work"), Some(workspace(1)));
    assert_eq!(workspaces(&story).by_label(&story.state.label_of(workspace(1))), Some(workspace(1)));
    story.happen([WorkspaceTransferred { owner: person(BOB), workspace: workspace(1) }.into()]);
    assert_eq!(workspaces(&story).by_handle(person(ADA), "work"), None);
    assert_eq!(workspaces(&story).by_handle(person(BOB), "work"), Some(workspace(1)));
    story.happen([deleted(1)]);
    assert_eq!(workspaces(&story).by_handle(person(BOB), "work"), None);
    assert_eq!(workspaces(&story).by_label(&story.state.label_of(workspace(1))), None);
    assert_eq!(workspaces(&story).all_live().count(), 0);
    // Of two with one label the first keeps it, also when the other is gone.
    let twin = WorkspaceId::from_bytes([[8; 8], [3; 8]].concat().try_into().expect("sixteen bytes"));
    let first = workspace(3);
    story.happen([requested(3, "one", Some(person(ADA)))]);
    let Fact::Workspaces(Workspaces::WorkspaceRequested(other)) = requested(4, "two", Some(person(ADA)))
    else {
        return;
    };
    story.happen([WorkspaceRequested { workspace: twin, ..other }.into()]);
    let gone = WorkspaceDeleted { build: 1, kept: vec![], workspace: twin };
    story.happen([gone.into()]);
    assert_eq!(workspaces(&story).by_label(&story.state.label_of(first)), Some(first));
}

#[test]
fn the_stock_follows_an_update_and_a_deletion() {
    let mut story = shared(Owner, Owner);
    story.happen([requested(5, "ready", None)]);
    let stock = |story: &Story, version| story.state.workspaces.stock(template(), version).count();
    assert_eq!((stock(&story, 1), stock(&story, 2)), (1, 0));
    let values = Values::new();
    story.happen([
        version(2, whole()),
        WorkspaceUpdated { values, version: 2, workspace: workspace(5) }.into(),
    ]);
    assert_eq!((stock(&story, 1), stock(&story, 2)), (0, 1));
    story.happen([deleted(5)]);
    assert_eq!(story.state.workspaces.stocked().count(), 0);
}

/// One policy of every kind, with what may be absent there and not there.
fn policies() -> Vec<Body> {
    let workload = Workload {
        audience: "deed".into(),
        issuer: "https://ci.example".into(),
        name: "ci".into(),
        service_account: ServiceAccountId::from_bytes([9; 16]),
        special_addresses: false,
        subject: "repo".into(),
    };
    let tenant = |login| Tenant {
        agents: false,
        login,
        mode: TenantMode::Strict,
        name: "corp".into(),
        service_account: ServiceAccountId::from_bytes([9; 16]),
    };
    let tenants = vec![tenant(None), tenant(Some(Login::VerifiedEmail {}))];
    vec![
        Body::Access(AccessPolicy::default()),
        Body::KeyDefaults(KeyDefaults::standard(KeyClass::Workspace)),
        Body::Enforcement(Enforcement::standard()),
        Body::Guardrails(Guardrails::standard()),
        Body::Catalogue(Catalogue { models: vec![] }),
        Body::Retention(Retention { classes: vec![] }),
        Body::Session(Session::STANDARD),
        Body::SignIn(SignIn::default()),
        Body::SignIn(SignIn { recovery_codes: true, workloads: vec![workload], ..SignIn::default() }),
        Body::Provisioning(Provisioning::default()),
        Body::Provisioning(Provisioning { tenants }),
    ]
}

#[test]
fn a_snapshot_keeps_templates_workspaces_and_policies_of_every_kind() {
    let mut story = shared(Organization, Organization);
    for (number, body) in (1..).zip(policies()) {
        let policy = PolicyId::from_bytes([number; 16]);
        story.happen([PolicyProposed { body, policy }.into(), PolicyAdopted { policy }.into()]);
    }
    story.happen([version(2, samples::workspaces::least())]);
    let start = Some("08:30".parse().expect("a time of day"));
    let zone = ledger::zone::Zone::parse("Europe/Berlin").expect("a zone");
    let schedule = Some(Schedule { days: "mon".parse().expect("days"), start, stop: None, zone });
    story.happen([ScheduleSet { schedule, workspace: workspace(1) }.into(), requested(5, "ready", None)]);
    let bytes = encode(&story.state).expect("it has an encoding");
    let back: State = decode(&bytes).expect("it reads back");
    assert!(back == story.state);
    assert_eq!(encode(&back).expect("it has an encoding"), bytes);
}
