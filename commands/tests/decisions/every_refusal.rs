//! Every reason for refusing has a case.

use crate::given::{SITE_ROLES, asked, asked_by, given, grant_role, granted, known, organized, with_roles};
use crate::names::{custom, duty, group, organization, policy, project, request};
use crate::people::{account, credential, digest, grant, person, subject, time};
use crate::programs::{delegate, issue_token, on_behalf};
use crate::providers::{adopted, asserted, believing, corp, login, sign_in};
use crate::spending::{key, key_of, of_tokens, reservation, tokens};
use crate::tenants::{called, delete, grouped_by, put, tenant, tenants};
use crate::workshop::{create, publish, published, ran, rust, values, workspace};
use commands::Command;
use commands::access::{
    ApproveGrant, BreakGlass, CreateOrganization, GrantRole, Look, RetireRole, RevokeRole,
};
use commands::budgets::{Payer, Reserve};
use commands::custody::ErasePayloads;
use commands::identity::{
    AddMember, Asserted, ClaimOwnership, CreateGroup, CreatePerson, CreateServiceAccount, IssueCredential,
    MakeRecoveryCodes, RemoveGroup, RevokeCredential, SignIn,
};
use commands::keys::{IssueKey, Wished};
use commands::policy::ApprovePolicy;
use commands::provisioning::{PutSubject, ReadDirectory};
use commands::workspaces::{CreateWorkspace, ShareApp, UpdateWorkspace};
use fixtures::samples;
use fixtures::samples::workspaces::parameter;
use ledger::event::access::{GrantRequested, RoleGranted, Terms};
use ledger::event::budgets::Target;
use ledger::event::custody::CommandRefused;
use ledger::event::identity::{GroupCreated, PersonCreated, SubjectSuspended};
use ledger::event::keys::KeyClass;
use ledger::event::policy::{AccessPolicy, Body, PolicyAdopted, PolicyProposed, SignIn as SignInPolicy};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::workspaces::{Kind, Sharing, WorkspaceSpec};
use ledger::event::{Actor, ContentDigest, Fact, Grantee, Refusal, Via};
use ledger::hash::Hash;
use projections::access::{Permission, Role};
use std::collections::BTreeSet;

/// Reasons that the engine gives and no decision: see `tests/engine/idempotency.rs`.
const OF_THE_ENGINE: [&str; 1] = ["command_id_reused"];

fn person_of(login: u8) -> Command {
    CreatePerson { person: person("new"), login: Some(ContentDigest([login; 16])), profile: None }.into()
}

/// Cases about subjects and their credentials.
fn of_identity() -> Vec<(&'static str, Actor, Command)> {
    let (ada, adm) = (asked_by("ada").actor, asked_by("adm").actor);
    let claimer = Actor::Anonymous(Via::Claim);
    let claim = ClaimOwnership {
        token: digest("guess"),
        person: person("new"),
        grant: grant("new"),
        credential: credential("new"),
        digest: digest("new"),
        profile: None,
    };
    let expired = IssueCredential {
        credential: credential("new"),
        digest: digest("new"),
        expires: Some(time(1)),
        subject: None,
    };
    let create =
        CreateServiceAccount { service_account: account("svc-new"), handle: "svc-ci".into(), profile: None };
    let named = CreateGroup { group: group("new"), handle: "team".into(), scope: Scope::Site };
    let crowded = IssueCredential {
        credential: credential("new"),
        digest: digest("new"),
        expires: None,
        subject: Some(subject("svc-many")),
    };
    let away = IssueCredential { subject: Some(subject("eve")), ..crowded.clone() };
    let provider = Actor::Anonymous(Via::Provider);
    let weak = SignIn { asserted: Asserted { methods: vec![], ..asserted("dan") }, ..sign_in("dan") };
    let newcomer = AddMember { group: group("team"), subject: subject("bob") };
    vec![
        ("not_active", ada, away.into()),
        ("sign_in_refused", provider, sign_in("eve").into()),
        ("several_factors_needed", provider, weak.into()),
        ("token_refused", ada, issue_token(None).into()),
        ("not_on_behalf", delegate("svc-ci", "ada", "lent"), issue_token(None).into()),
        ("recovery_refused", adm, MakeRecoveryCodes { codes: vec![] }.into()),
        ("approval_needed", ada, newcomer.into()),
        ("unknown_credential", ada, RevokeCredential { credential: credential("none") }.into()),
        ("handle_taken", ada, create.into()),
        ("claim_not_open", claimer, claim.into()),
        ("expiry_in_past", ada, expired.into()),
        ("nothing_to_erase", ada, ErasePayloads { subject: subject("svc-ci"), reason: "x".into() }.into()),
        ("login_taken", ada, person_of(1)),
        ("name_taken", ada, named.into()),
        ("unknown_object", ada, AddMember { group: group("none"), subject: subject("bob") }.into()),
        ("too_many", ada, crowded.into()),
    ]
}

/// Cases about what tenants say.
fn of_provisioning() -> Vec<(&'static str, Actor, Command)> {
    let (ada, corp) = (asked_by("ada").actor, asked_by("svc-corp").actor);
    let named = PutSubject { name: called("theirs"), ..put("new") };
    let removed = PutSubject { login: Some(login("eve")), ..put("new") };
    vec![
        ("not_a_tenant", ada, ReadDirectory {}.into()),
        ("not_of_tenant", corp, delete("bob").into()),
        ("taken_at_tenant", corp, named.into()),
        ("taken_at_tenant", corp, removed.into()),
        ("managed_by_tenant", ada, RemoveGroup { group: group("crew") }.into()),
    ]
}

/// Cases about roles and grants.
fn of_access() -> Vec<(&'static str, Actor, Command)> {
    let (ada, adm) = (asked_by("ada").actor, asked_by("adm").actor);
    let nobody = Actor::Anonymous(Via::Nothing);
    let grant_to = |name: &str, role| grant_role(grant("new"), subject(name), role);
    let limited = Terms { environments: Some(Environments::of([Environment::Staging])), ..Terms::default() };
    let elsewhere = GrantRole { terms: limited, ..grant_to("bob", Role::Viewer) };
    let misplaced = GrantRole { scope: Scope::Project(project("deed")), ..grant_to("bob", Role::Member) };
    let glass = |role, seconds| BreakGlass {
        grant: grant("new"),
        role,
        scope: Scope::Site,
        seconds,
        reason: "down".into(),
    };
    let apart = GrantRole { scope: Scope::Site, ..grant_to("svc-ci", Role::Auditor) };
    vec![
        ("not_authenticated", nobody, Look { permission: None }.into()),
        ("not_permitted", adm, Look { permission: Some((Permission::CustodyRead, Scope::Site)) }.into()),
        ("exceeds_own_rights", adm, grant_to("bob", Role::Owner).into()),
        ("unknown_subject", ada, grant_to("zoe", Role::Member).into()),
        ("unknown_grant", ada, RevokeRole { grant: grant("none"), reason: None }.into()),
        ("last_owner", ada, RevokeRole { grant: grant("ada owner"), reason: None }.into()),
        ("unknown_role", ada, RetireRole { role: custom("none") }.into()),
        ("role_not_here", ada, misplaced.into()),
        ("environments_not_here", ada, elsewhere.into()),
        ("not_for_emergencies", ada, glass(Role::Member, 60).into()),
        ("too_long", ada, glass(Role::Owner, 1_000_000).into()),
        ("own_matter", ada, ApproveGrant { request: request("hers"), grant: grant("new") }.into()),
        ("settled", ada, ApprovePolicy { policy: policy("first") }.into()),
        ("duties_conflict", ada, apart.into()),
        (
            "name_taken",
            ada,
            CreateOrganization { organization: organization("new"), handle: "acme".into() }.into(),
        ),
    ]
}

/// Cases about keys and budgets.
fn of_spending() -> Vec<(&'static str, Actor, Command)> {
    let ada = asked_by("ada").actor;
    let issue = |alias: &str, class, wished| IssueKey {
        key: key("new"),
        digest: digest("new"),
        owner: None,
        alias: alias.into(),
        class,
        scope: Scope::Site,
        wished,
    };
    let fast = Wished { requests_per_minute: Some(1_000_000), ..Wished::default() };
    let reserve = Reserve {
        reservation: reservation("new"),
        payer: Payer::Subject(subject("bob"), Scope::Site),
        model: None,
        amounts: of_tokens(11),
        expires: time(7_200),
    };
    vec![
        ("alias_taken", ada, issue("laptop", KeyClass::User, Wished::default()).into()),
        ("looser_than_policy", ada, issue("new", KeyClass::Ci, fast).into()),
        ("over_budget", Actor::System, reserve.into()),
    ]
}

/// Cases about templates and workspaces.
fn of_workspaces() -> Vec<(&'static str, Actor, Command)> {
    let ada = asked_by("ada").actor;
    let unsound = WorkspaceSpec { prebuilt: 101, ..rust() };
    let fixed = values(&[("region", "asia")]);
    let update = UpdateWorkspace { workspace: workspace("work"), version: None, values: fixed };
    let share = ShareApp { workspace: workspace("work"), app: "ide".into(), sharing: Sharing::Authenticated };
    let unknown = CreateWorkspace { values: values(&[("colour", "red")]), ..create("new") };
    vec![
        ("unsound_template", ada, publish("new", unsound).into()),
        ("template_not_usable", ada, CreateWorkspace { version: Some(9), ..create("new") }.into()),
        ("parameter_not_admitted", ada, unknown.into()),
        ("recreation_needed", ada, update.into()),
        ("shared_too_widely", ada, share.into()),
    ]
}

fn asked_for() -> Fact {
    GrantRequested {
        request: request("hers"),
        role: "member".into(),
        scope: Scope::Site,
        subject: subject("bob").into(),
        terms: Terms::default(),
    }
    .into()
}

fn facts() -> Vec<Fact> {
    let body =
        Body::Access(AccessPolicy { approved_roles: vec!["auditor".into()], ..AccessPolicy::default() });
    let team = Grantee::Group(group("team"));
    let duty = ledger::event::access::DutiesSeparated {
        duty: duty("one"),
        one: "access.grant".into(),
        other: "access.review".into(),
    };
    let mut facts = [
        with_roles("ada", &[Role::Owner]),
        with_roles("adm", &[Role::UserAdmin]),
        known("bob"),
        known("eve"),
        known("svc-ci"),
        known("svc-many"),
        organized(),
    ]
    .concat();
    facts.extend([
        PersonCreated { login: Some(ContentDigest([1; 16])), person: person("dan") }.into(),
        GroupCreated { group: group("team"), handle: "team".into(), scope: Scope::Site }.into(),
        RoleGranted::new(grant("team's"), "auditor", Scope::Site, team).into(),
        SubjectSuspended { reason: "away".into(), subject: subject("eve") }.into(),
        PolicyProposed { body, policy: policy("first") }.into(),
        PolicyAdopted { policy: policy("first") }.into(),
        granted("svc-ci", Role::UserAdmin),
        duty.into(),
        key_of("ada", "laptop").into(),
        tokens("all", Target::Scope(Scope::Site), 10).into(),
    ]);
    let everybody = SignInPolicy { several_factors: true, ..believing(corp()) };
    facts.push(PersonCreated { login: Some(login("eve")), person: person("eva") }.into());
    facts.push(SubjectSuspended { reason: "away".into(), subject: subject("eva") }.into());
    facts.extend(adopted(everybody));
    facts.push(on_behalf("lent", "svc-ci", "ada").into());
    let region = parameter("region", Kind::Text, Some("eu"));
    facts.extend(published("rust", WorkspaceSpec { parameters: vec![region], ..rust() }));
    facts.extend(ran("work", "ada"));
    facts.extend((0..64).map(|number| crate::given::issued("svc-many", &format!("many {number}"), None)));
    facts
}

#[test]
fn every_reason_for_refusing_has_a_case() {
    let mut given = given(facts());
    given.happen_by("ada", [asked_for()]);
    given.happen([known("svc-corp"), tenants("tenants", &[tenant("corp")])].concat());
    given.has("corp", &["theirs"]);
    given.happen_by("svc-corp", grouped_by("corp", "crew"));
    let mut seen: BTreeSet<&str> = OF_THE_ENGINE.into();
    let cases = [of_identity(), of_access(), of_spending(), of_provisioning(), of_workspaces()].concat();
    for (code, actor, command) in cases {
        let name = command.name();
        let refusal = given.when(&asked(actor), command).facts().expect_err(code);
        assert_eq!(refusal.code(), code, "{refusal}");
        let refused = CommandRefused { about: None, command: name.into(), refusal };
        samples::event(1, Hash([0; 32]), refused.into()).encode().expect("it can be recorded");
        seen.insert(code);
    }
    let all: BTreeSet<&str> = Refusal::CODES.iter().copied().collect();
    assert_eq!(seen, all);
    assert_eq!(SITE_ROLES.len() + 4, Role::BUILT_IN.len());
}
