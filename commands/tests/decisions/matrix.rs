//! Which role may do what, as a text that changes only on purpose.

use crate::given::{Given, asked, asked_by, given, grant_role, granted, known, organized, with_roles};
use crate::names::{custom, duty, group, mapping, organization, policy, project, request};
use crate::people::{account, agent, credential, digest, grant, person, subject, time};
use crate::programs::{browser, delegate, issue_token, let_in, on_behalf, token, with_workload, work};
use crate::providers::{adopted, login, logout, sign_in};
use crate::spending::{deed, key, key_of, of_tokens, reservation, tokens};
use crate::tenants::{delete, delete_group, grouped_by, put, put_group, tenant, tenants};
use commands::access::*;
use commands::budgets::{ChangeBudget, EndBudget, Expire, Payer, Release, Reserve, SetBudget, Settle};
use commands::custody::{
    CountReads, CountRefusals, ErasePayloads, OpenClaim, OpenLedger, ReadLog, RecordState, ReportKey,
    RotateKey, StartServer, StopServer,
};
use commands::identity::*;
use commands::keys::{IssueKey, RevokeKey, RotateVirtualKey, Wished};
use commands::policy::{ApprovePolicy, DeclinePolicy, ProposePolicy};
use commands::provisioning::ReadDirectory;
use commands::{Command, custody};
use fixtures::samples;
use ledger::event::access::{
    DutiesSeparated, GrantRequested, Ground, GroupMapped, RoleDefined, RoleGranted, Terms,
};
use ledger::event::budgets::{BudgetSet, Reserved, Target};
use ledger::event::custody::{ClaimOpened, HeadLockCheck, StoppedHow};
use ledger::event::identity::{GroupCreated, MemberAdded, RecoveryCodesMade, SubjectSuspended, Way};
use ledger::event::keys::KeyClass;
use ledger::event::policy::{AccessPolicy, Body, PolicyProposed, SignIn as SignInPolicy};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Actor, Custody, Fact, Via};
use projections::access::{Permission, Permissions, Role};
use std::fmt::Write;
use std::path::Path;

/// Commands that only Deed or its operator may give, with who may.
pub(crate) fn reserved() -> Vec<(Command, Actor)> {
    let started = custody::started(StoppedHow::Genesis, HeadLockCheck::Created, 0);
    let mut found: Vec<(Command, Actor)> = vec![(StartServer(started).into(), Actor::System)];
    for fact in samples::facts() {
        let Fact::Custody(fact) = fact else { continue };
        found.extend(match fact {
            Custody::LedgerOpened(fact) => Some((OpenLedger(fact).into(), Actor::System)),
            Custody::ServerStopped(fact) => Some((StopServer(fact).into(), Actor::System)),
            Custody::StateRecorded(fact) => Some((RecordState(fact).into(), Actor::System)),
            Custody::RefusalsCounted(fact) => Some((CountRefusals(fact).into(), Actor::System)),
            Custody::LogRead(fact) => Some((CountReads(fact).into(), Actor::System)),
            Custody::ClaimOpened(fact) => Some((OpenClaim(fact).into(), Actor::Operator)),
            Custody::KeyRotated(fact) => Some((RotateKey(fact).into(), Actor::Operator)),
            Custody::KeyCompromised(fact) => Some((ReportKey(fact).into(), Actor::Operator)),
            Custody::ServerStarted(_) | Custody::PayloadErased(_) | Custody::CommandRefused(_) => None,
        });
    }
    found
}

/// Every command that a client may send, about `bob` where it is about somebody.
pub(crate) fn every_command() -> Vec<(String, Command)> {
    let named = |label: &str, command: Command| (format!("{}{label}", command.name()), command);
    let mut found: Vec<_> = reserved().into_iter().map(|(command, _)| named("", command)).collect();
    for role in Role::BUILT_IN {
        let grant_role = grant_role(grant("new"), subject("svc-ci"), *role);
        found.push(named(&format!(" {role}"), grant_role.into()));
        let revoke = RevokeRole { grant: grant(&format!("bob {role}")), reason: None };
        found.push(named(&format!(" {role}"), revoke.into()));
        let (credential, digest) = (credential("new"), digest("new"));
        let whose = subject(&role.to_string());
        let issue = IssueCredential { credential, digest, expires: None, subject: Some(whose) };
        found.push(named(&format!(" of {role}"), issue.into()));
        let revoke = RevokeCredential { credential: crate::people::credential(&role.to_string()) };
        found.push(named(&format!(" of {role}"), revoke.into()));
        found.push(named(&format!(" {role}"), SuspendSubject { subject: whose, reason: "x".into() }.into()));
    }
    for permission in Permission::ALL {
        let look = Look { permission: Some((*permission, Scope::Site)) };
        found.push(named(&format!(" {}", permission.as_str()), look.into()));
    }
    let for_a_person: Command = issue_token(Some("guest")).into();
    found.push(named(" for a person", for_a_person));
    let others = [of_identity(), of_access(), of_spending(), of_policy_and_custody()].concat();
    let others =
        [others, of_provisioning(), crate::workspaces::orders(), crate::workspaces::outcomes()].concat();
    found.extend(others.into_iter().map(|command| named("", command)));
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn of_identity() -> Vec<Command> {
    let claim = ClaimOwnership {
        token: digest("token"),
        person: person("new"),
        grant: grant("new"),
        credential: credential("new"),
        digest: digest("new"),
        profile: None,
    };
    let (team, nothing) = (group("team"), subject("nothing"));
    vec![
        claim.into(),
        CreatePerson { person: person("new"), login: None, profile: None }.into(),
        CreateServiceAccount { service_account: account("svc-new"), handle: "svc-new".into(), profile: None }
            .into(),
        CreateAgent { agent: agent("agt-new"), handle: "agt-new".into(), sponsor: nothing, profile: None }
            .into(),
        ReactivateSubject { subject: subject("suspended") }.into(),
        RemoveSubject { subject: nothing, reason: "x".into() }.into(),
        CreateGroup { group: group("new"), handle: "new".into(), scope: Scope::Site }.into(),
        RemoveGroup { group: team }.into(),
        AddMember { group: team, subject: nothing }.into(),
        RemoveMember { group: team, subject: subject("bob") }.into(),
        sign_in("zoe").into(),
        RefuseSignIn { provider: "corp".into(), reason: "wrong_nonce".into() }.into(),
        UseSession {}.into(),
        ProviderLogout {
            provider: "corp".into(),
            token: logout("new"),
            login: Some(login("zoe")),
            provider_session: None,
        }
        .into(),
        let_in(Way::DeviceCode).into(),
        issue_token(None).into(),
        work("new").into(),
        RefuseToken { grant: "jwt_bearer".into(), reason: "token_expired".into() }.into(),
        MakeRecoveryCodes { codes: vec![digest("new")] }.into(),
        Recover { code: digest("code"), session: credential("new"), digest: digest("new") }.into(),
    ]
}

fn of_access() -> Vec<Command> {
    let deed = project("deed");
    let create = CreateProject {
        project: project("new"),
        organization: organization("acme"),
        handle: "new".into(),
        environments: Environments::of([Environment::Dev]),
        repositories: vec![],
    };
    let environments = Environments::of(Environment::ALL);
    let permissions = Permissions::of(&[Permission::RunsRead]);
    let glass = BreakGlass {
        grant: grant("new"),
        role: Role::Owner,
        scope: Scope::Site,
        seconds: 60,
        reason: "down".into(),
    };
    let review = ReviewBreakGlass { grant: grant("glass"), finding: "fine".into(), justified: true };
    let (one, other) = (Permission::PolicyWrite, Permission::PolicyApprove);
    let map = MapGroup {
        mapping: mapping("new"),
        provider: "corp".into(),
        external: "all".into(),
        role: Role::Member,
        scope: Scope::Site,
    };
    let follow = FollowMappings {
        grantee: subject("nothing").into(),
        provider: "corp".into(),
        groups: vec!["everybody".into()],
        grants: vec![grant("new")],
    };
    vec![
        CreateOrganization { organization: organization("new"), handle: "new".into() }.into(),
        create.into(),
        ChangeProject { project: deed, environments, repositories: vec![] }.into(),
        DefineRole { role: custom("new"), handle: "new".into(), permissions }.into(),
        ChangeRole { role: custom("on-call"), permissions: Permissions::NONE }.into(),
        RetireRole { role: custom("on-call") }.into(),
        ApproveGrant { request: request("wanted"), grant: grant("new") }.into(),
        DeclineGrant { request: request("wanted"), reason: "no".into() }.into(),
        glass.into(),
        review.into(),
        SeparateDuties { duty: duty("new"), one, other }.into(),
        JoinDuties { duty: duty("old") }.into(),
        map.into(),
        UnmapGroup { mapping: mapping("old") }.into(),
        follow.into(),
        EndMapped { grant: grant("bob member") }.into(),
    ]
}

fn of_spending() -> Vec<Command> {
    let issue = |scope| IssueKey {
        key: key("new"),
        digest: digest("new"),
        owner: Some(subject("nothing")),
        alias: "new".into(),
        class: KeyClass::User,
        scope,
        wished: Wished::default(),
    };
    let BudgetSet { budget, kind, limit, period, target, thresholds, unit, zone } =
        tokens("new", Target::Scope(deed()), 10);
    let set = SetBudget { budget, target, unit, period, zone, kind, limit, thresholds: thresholds.clone() };
    let reserve = Reserve {
        reservation: reservation("new"),
        payer: Payer::Key(key("laptop")),
        model: None,
        amounts: of_tokens(1),
        expires: time(7_200),
    };
    vec![
        issue(deed()).into(),
        RotateVirtualKey { key: key("laptop"), digest: digest("new"), overlap_seconds: 60 }.into(),
        RevokeKey { key: key("laptop"), reason: None }.into(),
        set.into(),
        ChangeBudget { budget: crate::spending::budget("all"), limit: 10, thresholds }.into(),
        EndBudget { budget: crate::spending::budget("all") }.into(),
        reserve.into(),
        Settle { reservation: reservation("late"), amounts: of_tokens(1) }.into(),
        Release { reservation: reservation("late"), reason: None }.into(),
        Expire { reservation: reservation("late") }.into(),
    ]
}

fn of_policy_and_custody() -> Vec<Command> {
    let changed = AccessPolicy { break_glass_seconds_max: 60, ..AccessPolicy::default() };
    vec![
        ProposePolicy { policy: policy("new"), body: Body::Access(changed) }.into(),
        ApprovePolicy { policy: policy("waiting") }.into(),
        DeclinePolicy { policy: policy("waiting"), reason: "no".into() }.into(),
        ErasePayloads { subject: subject("bob"), reason: "asked for".into() }.into(),
        ReadLog { from: 0, to: 1 }.into(),
    ]
}

fn of_provisioning() -> Vec<Command> {
    vec![
        put("fred").into(),
        delete("theirs").into(),
        put_group("crew", &["theirs"]).into(),
        delete_group("crew").into(),
        ReadDirectory {}.into(),
    ]
}

/// Facts that the orders above are about.
fn things() -> Vec<Fact> {
    let glass = RoleGranted {
        ground: Some(Ground::BreakGlass {}),
        ..RoleGranted::new(grant("glass"), "owner", Scope::Site, subject("bob"))
    };
    let wanted = GrantRequested {
        request: request("wanted"),
        role: "member".into(),
        scope: Scope::Site,
        subject: subject("nothing").into(),
        terms: Terms::default(),
    };
    let mapped = GroupMapped {
        external: "everybody".into(),
        mapping: mapping("old"),
        provider: "corp".into(),
        role: "member".into(),
        scope: Scope::Site,
    };
    vec![
        GroupCreated { group: group("team"), handle: "team".into(), scope: Scope::Site }.into(),
        MemberAdded { group: group("team"), subject: subject("bob") }.into(),
        SubjectSuspended { reason: "x".into(), subject: subject("suspended") }.into(),
        RoleDefined {
            handle: "on-call".into(),
            permissions: vec!["runs.read".into()],
            role: custom("on-call"),
        }
        .into(),
        glass.into(),
        wanted.into(),
        DutiesSeparated { duty: duty("old"), one: "policy.write".into(), other: "custody.erase".into() }
            .into(),
        mapped.into(),
        PolicyProposed { body: Body::Access(AccessPolicy::default()), policy: policy("waiting") }.into(),
    ]
}

/// The same for keys and budgets.
fn spending() -> Vec<Fact> {
    let late = Reserved {
        amounts: of_tokens(1),
        charges: vec![],
        expires: time(1),
        key: None,
        model: None,
        reservation: reservation("late"),
        scope: deed(),
        subject: subject("nothing"),
    };
    vec![
        key_of("nothing", "laptop").into(),
        tokens("all", Target::Scope(Scope::Site), 1_000).into(),
        late.into(),
    ]
}

/// One holder of each role, who is called like it, `bob` who holds all, and programs.
pub(crate) fn everybody() -> Given {
    let mut facts = known("svc-ci");
    facts.extend(organized());
    facts.extend(with_roles("bob", Role::BUILT_IN));
    facts.extend([known("nothing"), known("suspended"), things(), spending()].concat());
    facts.extend(Role::BUILT_IN.iter().flat_map(|role| with_roles(&role.to_string(), &[*role])));
    facts.push(ClaimOpened { digest: digest("token"), expires: time(7_200) }.into());
    facts.push(granted("svc-ci", Role::Member));
    facts.extend(adopted(SignInPolicy { recovery_codes: true, ..with_workload() }));
    facts.extend([known("guest"), with_roles("svc-root", &[Role::Owner])].concat());
    facts.extend(programs());
    facts.extend(crate::workspaces::there());
    facts.extend([known("svc-corp"), tenants("tenants", &[tenant("corp")])].concat());
    let mut given = given(facts);
    given.has("corp", &["theirs"]);
    given.happen_by("svc-corp", grouped_by("corp", "crew"));
    given
}

/// A session in a browser, tokens of a program that owns all, and an owner's recovery code.
fn programs() -> Vec<Fact> {
    let codes = RecoveryCodesMade { codes: vec![digest("code")], person: person("owner") };
    vec![
        browser("guest").into(),
        token("short", "svc-root").into(),
        on_behalf("lent", "svc-root", "owner").into(),
        codes.into(),
    ]
}

fn matrix() -> String {
    let given = everybody();
    let mut actors: Vec<(String, Actor)> = [
        ("system", Actor::System),
        ("operator", Actor::Operator),
        ("anonymous", Actor::Anonymous(Via::Nothing)),
        ("claim link", Actor::Anonymous(Via::Claim)),
        ("provider", Actor::Anonymous(Via::Provider)),
        ("recovery code", Actor::Anonymous(Via::Recovery)),
        ("browser", Actor::Subject(subject("guest"), credential("session"))),
        ("owner's token", Actor::Subject(subject("svc-root"), credential("short"))),
        ("for an owner", delegate("svc-root", "owner", "lent")),
        ("tenant", asked_by("svc-corp").actor),
        ("no role", asked_by("nothing").actor),
    ]
    .map(|(name, actor)| (name.to_owned(), actor))
    .into();
    let holders = Role::BUILT_IN.iter().map(|role| (role.to_string(), asked_by(&role.to_string()).actor));
    actors.extend(holders);
    let mut text =
        String::from("What each actor may do. `changes nothing`: it is so already, or it leaves no event.\n");
    for (label, command) in every_command() {
        writeln!(text, "\n{label}").expect("a string takes all");
        for (name, actor) in &actors {
            let outcome = match given.when(&asked(*actor), command.clone()).facts() {
                Ok(facts) if facts.is_empty() => "changes nothing".to_owned(),
                Ok(facts) => facts.iter().map(|fact| fact.name().0).collect::<Vec<_>>().join(", "),
                Err(refusal) => format!("refused: {}", refusal.code()),
            };
            writeln!(text, "    {name:<14} {outcome}").expect("a string takes all");
        }
    }
    text
}

#[test]
fn the_matrix_of_roles_and_commands_is_golden() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/golden/role_command_matrix.txt");
    let found = matrix();
    if std::env::var_os("DEED_WRITE_GOLDEN").is_some_and(|wanted| wanted == "1") {
        std::fs::write(&path, &found).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == found, "the matrix differs from {}:\n{found}", path.display());
}

#[test]
fn only_a_tenant_gives_the_orders_of_tenants() {
    let given = everybody();
    let actor = |name: &str| asked_by(name).actor;
    let roles = Role::BUILT_IN.iter().map(|role| actor(&role.to_string()));
    let others = [actor("svc-root"), actor("nothing"), Actor::System, Actor::Operator];
    for order in of_provisioning() {
        assert!(given.when(&asked(actor("svc-corp")), order.clone()).facts().is_ok());
        for other in roles.clone().chain(others) {
            given.when(&asked(other), order.clone()).facts().expect_err("it is no tenant");
        }
    }
}

#[test]
fn the_matrix_holds_every_command() {
    let found = every_command();
    for name in Command::NAMES {
        assert!(found.iter().any(|(_, command)| command.name() == *name), "{name} is not in the matrix");
    }
}
