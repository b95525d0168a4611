//! What tenants did not have the right to say, signed with the real key, each with something that they had.

use crate::programs::{issued, refused, shown};
use crate::sessions::{WRONG, person};
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::RoleGranted;
use ledger::event::id::{AgentId, GrantId, PolicyId, ServiceAccountId};
use ledger::event::identity::*;
use ledger::event::keys::KeyRevoked;
use ledger::event::policy::{Body, Login, PolicyAdopted, PolicyProposed, Provisioning, Tenant, TenantMode};
use ledger::event::provisioning::{SubjectDeleted, SubjectWritten};
use ledger::event::scope::Scope;
use ledger::event::{Actor, ContentDigest, Fact, Object, Refusal, Subject};

/// The credentials of the tenants, and one of a person.
const CORP: u8 = 1;
const OTHER: u8 = 2;
const SILENT: u8 = 3;
const HERS: u8 = 4;

pub(crate) fn account(number: u8) -> Subject {
    Subject::ServiceAccount(ServiceAccountId::from_bytes([0x80 + number; 16]))
}

fn by_tenant(number: u8) -> Actor {
    Actor::Subject(account(number), shown(number))
}

pub(crate) fn corp() -> Actor {
    by_tenant(CORP)
}

pub(crate) fn other() -> Actor {
    by_tenant(OTHER)
}

fn digest(number: u8) -> ContentDigest {
    ContentDigest([number; 16])
}

fn tenant(number: u8, name: &str, login: Option<Login>) -> Tenant {
    let service_account = ServiceAccountId::from_bytes([0x80 + number; 16]);
    let agents = number != SILENT;
    Tenant { agents, login, mode: TenantMode::Strict, name: name.into(), service_account }
}

/// A policy with some of the tenants.
fn policy(owner: Actor, number: u8, names: &[&str]) -> Vec<(Actor, Fact)> {
    let all = [
        tenant(CORP, "corp", Some(Login::UserNameAt { issuer: "https://id.corp.example".into() })),
        tenant(OTHER, "other", Some(Login::VerifiedEmail {})),
        tenant(SILENT, "silent", None),
    ];
    let tenants = all.into_iter().filter(|tenant| names.contains(&&*tenant.name)).collect();
    let (body, policy) = (Body::Provisioning(Provisioning { tenants }), PolicyId::from_bytes([number; 16]));
    [PolicyProposed { body, policy }.into(), PolicyAdopted { policy }.into()]
        .map(|fact| (owner, fact))
        .to_vec()
}

/// Corp is out of the policy.
pub(crate) fn without_corp(cast: &Cast, before: &[(Actor, Fact)]) -> Vec<(Actor, Fact)> {
    [before.to_vec(), policy(cast.as_owner(), 0x62, &["other", "silent"])].concat()
}

fn who(number: u8) -> Subject {
    Subject::Person(person(number))
}

fn made(number: u8, login: Option<u8>) -> PersonCreated {
    PersonCreated { login: login.map(digest), person: person(number) }
}

fn bot(number: u8) -> Subject {
    Subject::Agent(AgentId::from_bytes([number; 16]))
}

pub(crate) fn says(tenant: &str, subject: Subject, active: bool) -> SubjectWritten {
    let name = match subject {
        Subject::Person(id) => ContentDigest(*id.as_bytes()),
        Subject::Agent(id) => ContentDigest(*id.as_bytes()),
        Subject::ServiceAccount(id) => ContentDigest(*id.as_bytes()),
    };
    SubjectWritten { active, external: None, name, occurred: None, subject, tenant: tenant.into() }
}

fn suspended(number: u8) -> SubjectSuspended {
    SubjectSuspended { reason: "x".into(), subject: who(number) }
}

fn back(number: u8) -> SubjectReactivated {
    SubjectReactivated { subject: who(number) }
}

fn deleted(tenant: &str, number: u8) -> SubjectDeleted {
    SubjectDeleted { occurred: None, subject: who(number), tenant: tenant.into() }
}

fn removed(number: u8) -> SubjectRemoved {
    SubjectRemoved { reason: "x".into(), subject: who(number) }
}

/// Three tenants; person 1 was here before and can be found, person 2 cannot; corp has person 3, and the other has person 4.
pub(crate) fn there(cast: &Cast) -> Vec<(Actor, Fact)> {
    let owner = cast.as_owner();
    let mut events = policy(owner, 0x61, &["corp", "other", "silent"]);
    for (number, handle) in [(CORP, "scim"), (OTHER, "scim-other"), (SILENT, "scim-silent")] {
        let service_account = ServiceAccountId::from_bytes([0x80 + number; 16]);
        let facts: [Fact; 2] = [
            ServiceAccountCreated { handle: handle.into(), service_account }.into(),
            issued(number, account(number), None).into(),
        ];
        events.extend(facts.map(|fact| (owner, fact)));
    }
    events.extend([made(1, Some(1)), made(2, None)].map(|fact| (owner, fact.into())));
    for (actor, name, number) in [(corp(), "corp", 3), (other(), "other", 4)] {
        events.push((actor, made(number, Some(number)).into()));
        events.push((actor, says(name, who(number), true).into()));
    }
    events
}

/// The story, with more events by one.
fn also(before: &[(Actor, Fact)], actor: Actor, facts: impl IntoIterator<Item = Fact>) -> Vec<(Actor, Fact)> {
    before.iter().cloned().chain(facts.into_iter().map(|fact| (actor, fact))).collect()
}

fn let_go(before: &[(Actor, Fact)]) -> Vec<(Actor, Fact)> {
    also(before, corp(), [says("corp", who(3), false).into(), suspended(3).into()])
}

fn people(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(cast);
    let by = |actor, login| then(&there, actor, made(9, login));
    let gone = also(&there, corp(), [deleted("corp", 3).into(), removed(3).into()]);
    let after = |fact: Fact, actor, login| then(&then(&there, owner, fact), actor, made(9, login));
    let stolen = CredentialRevoked { credential: shown(CORP) };
    vec![
        ("a person", by(corp(), Some(9)), None),
        ("a person without a name", by(corp(), None), None),
        ("a person twice", then(&by(corp(), None), corp(), made(9, None)), DENIED),
        ("under the name of one who is here", by(corp(), Some(1)), DENIED),
        ("under the name of its own", by(corp(), Some(3)), DENIED),
        ("under the name of one whom it deleted", then(&gone, corp(), made(9, Some(3))), None),
        ("the same by another", then(&gone, other(), made(9, Some(3))), DENIED),
        ("the same by the owner", then(&gone, owner, made(9, Some(3))), DENIED),
        ("under the name of its own, removed here", after(removed(3).into(), corp(), Some(3)), None),
        ("under the name of nobody's, removed here", after(removed(1).into(), corp(), Some(1)), DENIED),
        ("under a name, by who knows none", by(by_tenant(SILENT), Some(9)), DENIED),
        ("without one, by who knows none", by(by_tenant(SILENT), None), None),
        ("with a credential that is over", after(stolen.into(), corp(), Some(9)), DENIED),
        ("by who is no tenant any more", then(&without_corp(cast, &there), corp(), made(9, None)), DENIED),
        ("by who is none", by(Actor::System, None), DENIED),
    ]
}

fn programs(cast: &Cast) -> Vec<Story> {
    let there = there(cast);
    let account_of = |handle: &str| ServiceAccountCreated {
        handle: handle.into(),
        service_account: ServiceAccountId::from_bytes([0x77; 16]),
    };
    let agent_of = |handle: &str, sponsor| AgentCreated {
        agent: AgentId::from_bytes([9; 16]),
        handle: handle.into(),
        sponsor,
    };
    let taken = then(&there, corp(), account_of("corp/app"));
    let again = agent_of("corp/app", account(CORP));
    vec![
        ("an application", taken.clone(), None),
        ("an application as if from here", then(&there, corp(), account_of("app")), DENIED),
        ("an application as if another's", then(&there, corp(), account_of("other/app")), DENIED),
        ("a name that is longer", then(&there, corp(), account_of("corps/app")), DENIED),
        ("an application by who may from here", then(&there, cast.as_admin(), account_of("app")), None),
        ("an application by who has none", then(&there, by_tenant(SILENT), account_of("silent/app")), DENIED),
        (
            "an agent by who has none",
            then(&there, by_tenant(SILENT), agent_of("silent/bot", account(SILENT))),
            DENIED,
        ),
        ("an agent", then(&there, corp(), agent_of("corp/bot", account(CORP))), None),
        ("an agent as if from here", then(&there, corp(), agent_of("bot", account(CORP))), DENIED),
        ("an agent of another's", then(&there, corp(), agent_of("corp/bot", account(OTHER))), DENIED),
        ("an agent of somebody's", then(&there, corp(), agent_of("corp/bot", cast.owner)), DENIED),
        ("a name twice", then(&taken, corp(), again), DENIED),
    ]
}

fn words(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(cast);
    let say = |actor, tenant: &str, number| then(&there, actor, says(tenant, who(number), true));
    let new = then(&there, corp(), made(9, None));
    let agent = |actor, sponsor| {
        let agent = AgentId::from_bytes([9; 16]);
        then(&there, actor, AgentCreated { agent, handle: "corp/bot".into(), sponsor })
    };
    let bots = agent(corp(), account(CORP));
    let late = then(&bots, owner, made(8, None));
    let here = then(&there, owner, made(9, None));
    let as_three = SubjectWritten { name: says("corp", who(3), true).name, ..says("corp", who(1), true) };
    let as_bot = SubjectWritten { name: as_three.name, ..says("corp", bot(9), true) };
    let with_id =
        |number: u8| SubjectWritten { external: Some(digest(0x99)), ..says("corp", who(number), true) };
    let one_id = then(&there, corp(), with_id(3));
    let gone = also(&one_id, corp(), [deleted("corp", 3).into(), removed(3).into()]);
    vec![
        ("its own again", say(corp(), "corp", 3), None),
        ("another's", say(corp(), "corp", 4), DENIED),
        ("its own for another", say(corp(), "other", 3), DENIED),
        ("its own, by the owner", say(owner, "corp", 3), DENIED),
        ("its own, by Deed", say(Actor::System, "corp", 3), DENIED),
        ("who was here", say(corp(), "corp", 1), None),
        ("who was here and is not found", say(corp(), "corp", 2), DENIED),
        ("who was here, by who finds nobody", say(by_tenant(SILENT), "silent", 1), DENIED),
        ("a program that was here", then(&there, corp(), says("corp", cast.admin, true)), DENIED),
        ("a tenant itself", then(&there, corp(), says("corp", account(OTHER), true)), DENIED),
        ("nobody", say(corp(), "corp", 9), DENIED),
        ("new", then(&new, corp(), says("corp", who(9), true)), None),
        ("new, another's", then(&new, other(), says("other", who(9), true)), DENIED),
        ("new, from here", then(&here, corp(), says("corp", who(9), true)), DENIED),
        ("a new agent", then(&bots, corp(), says("corp", bot(9), true)), None),
        ("a new agent, later", then(&late, corp(), says("corp", bot(9), true)), DENIED),
        (
            "a new agent, from here",
            then(&agent(owner, account(CORP)), corp(), says("corp", bot(9), true)),
            DENIED,
        ),
        ("under its own's name", then(&there, corp(), as_three.clone()), DENIED),
        ("under its own's name, of another kind", then(&bots, corp(), as_bot), None),
        ("with its own's id", then(&one_id, corp(), with_id(1)), DENIED),
        (
            "with its own's id and name, later",
            then(&gone, corp(), SubjectWritten { external: Some(digest(0x99)), ..as_three }),
            None,
        ),
        ("who was removed", then(&gone, corp(), with_id(3)), DENIED),
        (
            "whom one had who is no tenant any more",
            then(&without_corp(cast, &there), other(), says("other", who(3), true)),
            None,
        ),
    ]
}

fn standings(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(cast);
    let off = then(&there, corp(), says("corp", who(3), false));
    let kept = let_go(&there);
    let here = then(&there, owner, suspended(3));
    let both = then(&here, corp(), says("corp", who(3), false));
    let here_too = then(&kept, owner, suspended(3));
    let stolen = then(&kept, owner, CredentialRevoked { credential: shown(CORP) });
    let late = then(&off, corp(), says("corp", who(1), true));
    let on = |before: &[(Actor, Fact)]| then(before, corp(), says("corp", who(3), true));
    let owning = |before: &[(Actor, Fact)]| {
        let grant = RoleGranted::new(GrantId::from_bytes([0x97; 16]), "owner", Scope::Site, who(3));
        let first = SubjectSuspended { reason: "x".into(), subject: cast.owner };
        also(before, owner, [grant.into(), first.into()])
    };
    vec![
        ("suspended by its word", then(&off, corp(), suspended(3)), None),
        ("suspended without a word", then(&there, corp(), suspended(3)), DENIED),
        ("suspended after other words", then(&late, corp(), suspended(3)), DENIED),
        ("suspended by another's", then(&off, other(), suspended(3)), DENIED),
        (
            "suspended, the last owner",
            then(&then(&owning(&there), corp(), says("corp", who(3), false)), corp(), suspended(3)),
            DENIED,
        ),
        ("suspended here", here.clone(), None),
        ("suspended here too", here_too.clone(), None),
        ("suspended here twice", then(&here, owner, suspended(3)), DENIED),
        ("suspended here too, twice", then(&here_too, owner, suspended(3)), DENIED),
        ("let act", then(&kept, corp(), back(3)), None),
        ("let act, and said so", on(&then(&kept, corp(), back(3))), None),
        ("said so, and not let act", on(&kept), DENIED),
        ("said so of one suspended here", on(&here), None),
        ("let act, suspended here", then(&here, corp(), back(3)), DENIED),
        ("let act, suspended here before", then(&both, corp(), back(3)), DENIED),
        ("let act, suspended here too", then(&here_too, corp(), back(3)), DENIED),
        ("let act by another", then(&kept, other(), back(3)), DENIED),
        ("let act with a credential that is over", then(&stolen, corp(), back(3)), DENIED),
        ("let act here against its word", then(&kept, owner, back(3)), DENIED),
        ("let act here against its later word", then(&both, owner, back(3)), DENIED),
        ("let act here by its word", then(&on(&both), owner, back(3)), None),
        ("let act here without the tenant", then(&without_corp(cast, &kept), owner, back(3)), None),
    ]
}

fn ends(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(cast);
    let gone = then(&there, corp(), deleted("corp", 3));
    let late = then(&gone, corp(), says("corp", who(1), true));
    let grant = RoleGranted::new(GrantId::from_bytes([0x97; 16]), "owner", Scope::Site, who(3));
    let last = SubjectSuspended { reason: "x".into(), subject: cast.owner };
    let owning = also(&there, owner, [grant.into(), last.into()]);
    let with =
        also(&there, owner, [issued(HERS, who(3), None).into(), crate::spending::issued(who(3)).into()]);
    let credential = || CredentialRevoked { credential: shown(HERS) };
    let key = || KeyRevoked { key: crate::spending::issued(who(3)).key, reason: None };
    let off = let_go(&with);
    let removed_with = also(&with, corp(), [deleted("corp", 3).into(), removed(3).into()]);
    let only_said = then(&with, corp(), says("corp", who(3), false));
    vec![
        ("deleted", gone.clone(), None),
        ("deleted by another", then(&there, other(), deleted("other", 3)), DENIED),
        ("deleted for another", then(&there, corp(), deleted("other", 4)), DENIED),
        ("deleted by the owner", then(&there, owner, deleted("corp", 3)), DENIED),
        ("deleted, who was here", then(&there, corp(), deleted("corp", 1)), DENIED),
        ("deleted twice", then(&gone, corp(), deleted("corp", 3)), DENIED),
        ("removed by its word", then(&gone, corp(), removed(3)), None),
        ("removed without a word", then(&there, corp(), removed(3)), DENIED),
        ("removed when it was let go", then(&let_go(&there), corp(), removed(3)), DENIED),
        ("removed after other words", then(&late, corp(), removed(3)), DENIED),
        ("removed by another's", then(&gone, other(), removed(3)), DENIED),
        (
            "removed, the last owner",
            then(&then(&owning, corp(), deleted("corp", 3)), corp(), removed(3)),
            DENIED,
        ),
        ("removed here", then(&there, owner, removed(3)), None),
        ("a credential with it", then(&off, corp(), credential()), None),
        ("a credential, removed", then(&removed_with, corp(), credential()), None),
        ("a credential without it", then(&with, corp(), credential()), DENIED),
        ("a credential before it", then(&only_said, corp(), credential()), DENIED),
        ("a credential by another", then(&off, other(), credential()), DENIED),
        ("a key with it", then(&off, corp(), key()), None),
        ("a key, removed", then(&removed_with, corp(), key()), None),
        ("a key without it", then(&with, corp(), key()), DENIED),
        ("a key before it", then(&only_said, corp(), key()), DENIED),
        ("a key by another", then(&off, other(), key()), DENIED),
    ]
}

fn refusals(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = there(cast);
    let by = |actor, refusal| then(&there, actor, refused("provisioning.put_subject", refusal));
    let corps = || -> Box<str> { "corp".into() };
    let not_its_own =
        |number, tenant: &str| Refusal::NotOfTenant { object: who(number).into(), tenant: tenant.into() };
    let taken = |by: Object, tenant: &str| Refusal::TakenAtTenant { holder: by, tenant: tenant.into() };
    let managed = || Refusal::ManagedByTenant { object: who(3).into(), tenant: corps() };
    let others = || Refusal::ManagedByTenant { object: who(3).into(), tenant: "other".into() };
    let kept = let_go(&there);
    vec![
        ("no tenant", by(owner, Refusal::NotATenant {}), None),
        ("no tenant, to one", by(corp(), Refusal::NotATenant {}), WRONG),
        ("not its own", by(corp(), not_its_own(4, "corp")), None),
        ("not its own, to who has it", by(corp(), not_its_own(3, "corp")), WRONG),
        ("not its own, of another", by(corp(), not_its_own(4, "other")), WRONG),
        ("not its own, to no tenant", by(owner, not_its_own(4, "corp")), WRONG),
        ("taken by its own", by(corp(), taken(who(3).into(), "corp")), None),
        ("taken by one who is here", by(corp(), taken(who(1).into(), "corp")), None),
        ("taken by nobody", by(corp(), taken(who(9).into(), "corp")), WRONG),
        ("taken by a program from here", by(corp(), taken(cast.admin.into(), "corp")), WRONG),
        ("taken at another", by(corp(), taken(who(3).into(), "other")), WRONG),
        ("taken, to no tenant", by(owner, taken(who(3).into(), "corp")), WRONG),
        ("kept by its tenant", then(&kept, owner, refused("identity.reactivate_subject", managed())), None),
        ("kept by another", then(&kept, owner, refused("identity.reactivate_subject", others())), WRONG),
        ("not kept", by(owner, managed()), WRONG),
    ]
}

#[test]
fn people_whom_a_tenant_could_not_make_are_found() {
    holds(people);
}

#[test]
fn programs_that_a_tenant_could_not_make_are_found() {
    holds(programs);
}

#[test]
fn words_of_tenants_about_whom_they_do_not_have_are_found() {
    holds(words);
}

#[test]
fn standings_that_no_tenant_could_change_so_are_found() {
    holds(standings);
}

#[test]
fn ends_that_no_tenant_could_bring_about_are_found() {
    holds(ends);
}

#[test]
fn refusals_to_tenants_that_did_not_hold_are_found() {
    holds(refusals);
}
