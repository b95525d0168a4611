//! What tenants say: whom and what they have, what follows from it, and what they cannot bring about.

use crate::given::{Asking, Given, asked, asked_by, given, granted, issued, known, with_roles};
use crate::names::group;
use crate::people::{credential, grant, person, subject};
use crate::programs::{delegate, on_behalf};
use crate::providers::login;
use crate::spending::{key, key_of};
use crate::tenants::{
    called, created, delete, delete_group, external, grouped_by, let_go, put, put_group, put_off, tenant,
    tenants, written,
};
use commands::Command;
use commands::identity::{AddMember, CreatePerson, ReactivateSubject, SuspendSubject};
use commands::provisioning::{PutSubject, ReadDirectory};
use ledger::event::identity::{
    AgentCreated, CredentialRevoked, MemberAdded, PersonCreated, SubjectReactivated, SubjectRemoved,
    SubjectSuspended,
};
use ledger::event::keys::KeyRevoked;
use ledger::event::policy::Tenant;
use ledger::event::provisioning::{SubjectDeleted, SubjectWritten};
use ledger::event::{Fact, Object, Refusal};
use projections::access::Role;

/// What it is called, who asks, for what, and what comes of it.
pub(crate) type Case = (&'static str, Asking, Command, Result<Vec<Fact>, Refusal>);

#[track_caller]
pub(crate) fn holds(given: &Given, cases: Vec<Case>) {
    for (name, asking, command, expected) in cases {
        assert_eq!(given.when(&asking, command).facts(), expected, "{name}");
    }
}

pub(crate) fn corp() -> Asking {
    asked_by("svc-corp")
}

pub(crate) fn not_its_own(object: impl Into<Object>) -> Refusal {
    Refusal::NotOfTenant { object: object.into(), tenant: "corp".into() }
}

pub(crate) fn taken(by: impl Into<Object>) -> Refusal {
    Refusal::TakenAtTenant { holder: by.into(), tenant: "corp".into() }
}

pub(crate) fn managed(object: impl Into<Object>) -> Refusal {
    Refusal::ManagedByTenant { object: object.into(), tenant: "corp".into() }
}

fn reactivated(name: &str) -> Fact {
    SubjectReactivated { subject: subject(name) }.into()
}

fn deleted(name: &str) -> Fact {
    SubjectDeleted { occurred: None, subject: subject(name), tenant: "corp".into() }.into()
}

fn removed(name: &str) -> Fact {
    SubjectRemoved { reason: "provisioning".into(), subject: subject(name) }.into()
}

pub(crate) fn revoked(name: &str) -> Fact {
    CredentialRevoked { credential: credential(name) }.into()
}

/// Suspended by somebody here.
pub(crate) fn suspended(name: &str) -> Fact {
    SubjectSuspended { reason: "x".into(), subject: subject(name) }.into()
}

/// Zoe was here before; bob is corp's, with a credential and a key; dan corp lets go of; eve is another tenant's.
pub(crate) fn world() -> Given {
    let people = [with_roles("ada", &[Role::Owner]), with_roles("adm", &[Role::UserAdmin])].concat();
    let programs = [known("svc-corp"), known("svc-other")].concat();
    let mut given =
        given([people, programs, tenants("tenants", &[tenant("corp"), tenant("other")])].concat());
    let zoe = PersonCreated { login: Some(login("zoe")), person: person("zoe") };
    given.happen([zoe.into(), issued("zoe", "zoe", None)]);
    given.has("corp", &["bob", "dan", "agt-bot", "svc-app"]);
    given.happen([issued("bob", "bob", None), key_of("bob", "laptop").into()]);
    given.happen_by("svc-corp", [written("corp", "dan", false), let_go("dan")]);
    given.has("other", &["eve"]);
    given.happen_by("svc-corp", grouped_by("corp", "team"));
    given
}

#[test]
fn a_tenant_makes_changes_and_ends_what_it_has() {
    let mut taken_handle = world();
    taken_handle.happen(known("svc-x"));
    let handle: Box<str> = "corp/agt-new".into();
    let agent = crate::people::agent;
    taken_handle.happen([AgentCreated { agent: agent("agt-x"), handle, sponsor: subject("ada") }.into()]);
    let by_id: Box<str> = format!("corp/{}", subject("agt-new")).into();
    let own = AgentCreated { agent: agent("agt-new"), handle: by_id, sponsor: subject("svc-corp") };
    let agent_cases = vec![(
        "an agent whose name is taken",
        corp(),
        put("agt-new").into(),
        Ok(vec![own.into(), written("corp", "agt-new", true)]),
    )];
    holds(&taken_handle, agent_cases);
    let makes = |name: &str| Ok(vec![created("corp", name), written("corp", name, true)]);
    let ends = |name: &str| vec![revoked(name), KeyRevoked { key: key("laptop"), reason: None }.into()];
    let key = vec![written("corp", "bob", false), let_go("bob")];
    let unnamed = PutSubject { external: None, login: None, ..put("new") };
    let quiet = SubjectWritten {
        active: true,
        external: None,
        name: called("new"),
        occurred: None,
        subject: subject("new"),
        tenant: "corp".into(),
    };
    let nameless = PersonCreated { login: None, person: person("new") };
    let off = vec![created("corp", "new"), written("corp", "new", false), let_go("new")];
    let zoe_off = vec![written("corp", "zoe", false), let_go("zoe"), revoked("zoe")];
    let gone = [vec![deleted("bob"), removed("bob")], ends("bob")].concat();
    holds(
        &world(),
        vec![
            ("a person", corp(), put("new").into(), makes("new")),
            (
                "a person who signs in nowhere",
                corp(),
                unnamed.into(),
                Ok(vec![nameless.into(), quiet.into()]),
            ),
            ("a person who must not act", corp(), put_off("new").into(), Ok(off)),
            ("an agent", corp(), put("agt-new").into(), makes("agt-new")),
            ("an application", corp(), put("svc-new").into(), makes("svc-new")),
            ("somebody who was here", corp(), put("zoe").into(), Ok(vec![written("corp", "zoe", true)])),
            ("somebody who was here, to end", corp(), put_off("zoe").into(), Ok(zoe_off)),
            ("its own again", corp(), put("bob").into(), Ok(vec![written("corp", "bob", true)])),
            ("its own, to end", corp(), put_off("bob").into(), Ok([key, ends("bob")].concat())),
            ("let go still", corp(), put_off("dan").into(), Ok(vec![written("corp", "dan", false)])),
            (
                "let act again",
                corp(),
                put("dan").into(),
                Ok(vec![reactivated("dan"), written("corp", "dan", true)]),
            ),
            ("deleted", corp(), delete("bob").into(), Ok(gone)),
            ("deleted, let go", corp(), delete("dan").into(), Ok(vec![deleted("dan"), removed("dan")])),
            ("a look", corp(), ReadDirectory {}.into(), Ok(vec![])),
        ],
    );
}

#[test]
fn only_what_a_tenant_suspended_itself_it_lets_act_again() {
    let only_written = |active| Ok(vec![written("corp", "bob", active)]);
    let suspend = || -> Command { SuspendSubject { subject: subject("dan"), reason: "x".into() }.into() };
    let back = |name: &str| -> Command { ReactivateSubject { subject: subject(name) }.into() };
    let mut given = world();
    given.happen_by("adm", [suspended("bob"), revoked("bob")]);
    holds(&given, vec![("suspended here", corp(), put("bob").into(), only_written(true))]);
    given.happen_by("svc-corp", [written("corp", "bob", false)]);
    holds(
        &given,
        vec![
            ("suspended here, then let go there", corp(), put("bob").into(), only_written(true)),
            ("while its tenant keeps it", asked_by("adm"), back("bob"), Err(managed(subject("bob")))),
        ],
    );
    given.happen_by("svc-corp", [written("corp", "bob", true)]);
    let here = ("when its tenant does not", asked_by("adm"), back("bob"), Ok(vec![reactivated("bob")]));
    holds(&given, vec![here]);
    given.happen_by("adm", [reactivated("bob")]);
    let off = Ok(vec![
        written("corp", "bob", false),
        let_go("bob"),
        KeyRevoked { key: key("laptop"), reason: None }.into(),
    ]);
    holds(&given, vec![("back here, then let go there", corp(), put_off("bob").into(), off)]);

    holds(
        &given,
        vec![
            ("kept by its tenant", asked_by("adm"), back("dan"), Err(managed(subject("dan")))),
            ("suspended here too", asked_by("adm"), suspend(), Ok(vec![suspended("dan")])),
        ],
    );
    given.happen_by("adm", [suspended("dan")]);
    let dan = Ok(vec![written("corp", "dan", true)]);
    holds(
        &given,
        vec![
            ("twice", asked_by("adm"), suspend(), Ok(vec![])),
            ("no longer the tenant's to lift", corp(), put("dan").into(), dan),
        ],
    );
}

#[test]
fn names_and_ids_are_one_subjects_of_a_tenant_and_kind() {
    let given = world();
    let as_bob = |name: &str| PutSubject { name: called("bob"), ..put(name) };
    let with_his_id = |name: &str| PutSubject { external: Some(external("bob")), ..put(name) };
    let other = asked_by("svc-other");
    let is_ok = |asking: &Asking, command: Command| given.when(asking, command).facts().is_ok();
    holds(
        &given,
        vec![
            ("its name", corp(), as_bob("new").into(), Err(taken(subject("bob")))),
            ("its id", corp(), with_his_id("new").into(), Err(taken(subject("bob")))),
            ("its name, to one who was here", corp(), as_bob("zoe").into(), Err(taken(subject("bob")))),
            ("its name, to its own", corp(), as_bob("dan").into(), Err(taken(subject("bob")))),
            (
                "its name to sign in with",
                corp(),
                PutSubject { login: Some(login("bob")), ..put("new") }.into(),
                Err(taken(subject("bob"))),
            ),
            (
                "that of another tenant's",
                corp(),
                PutSubject { login: Some(login("eve")), ..put("new") }.into(),
                Err(taken(subject("eve"))),
            ),
        ],
    );
    assert!(is_ok(&corp(), as_bob("agt-new").into()), "of another kind");
    assert!(is_ok(&other, PutSubject { name: called("bob"), ..put("new") }.into()), "of another tenant");
    let mut after = given.clone();
    after.happen_by("svc-corp", [deleted("bob"), removed("bob")]);
    assert!(
        after.when(&corp(), PutSubject { external: Some(external("bob")), ..as_bob("new") }).facts().is_ok()
    );
    assert!(after.when(&corp(), put("bob")).facts().is_err(), "who was removed stays removed");
}

#[test]
fn the_name_of_one_who_was_removed_only_their_tenant_gives_again() {
    let again = |name: &str| PutSubject { login: Some(login(name)), ..put("new") };
    let makes = |name: &str| {
        let person = PersonCreated { login: Some(login(name)), person: person("new") };
        Ok(vec![person.into(), written("corp", "new", true)])
    };
    let anew = |name: &str| -> Command {
        CreatePerson { person: person("new"), login: Some(login(name)), profile: None }.into()
    };
    let gone = |name: &str| -> Result<Vec<Fact>, Refusal> { Err(Refusal::LoginTaken { login: login(name) }) };
    let mut given = world();
    given.happen_by("svc-corp", [deleted("bob"), removed("bob")]);
    given.happen_by("adm", [removed("dan"), removed("zoe"), removed("eve")]);
    holds(
        &given,
        vec![
            ("whom it deleted", corp(), again("bob").into(), makes("bob")),
            ("who was removed here", corp(), again("dan").into(), makes("dan")),
            ("who was no tenant's", corp(), again("zoe").into(), gone("zoe")),
            ("who was another tenant's", corp(), again("eve").into(), gone("eve")),
            ("by somebody else", asked_by("ada"), anew("bob"), gone("bob")),
            ("by another tenant", asked_by("svc-other"), again("bob").into(), gone("bob")),
        ],
    );
    given.happen_by("svc-corp", [makes("bob").expect("it is made")].concat());
    assert_eq!(given.state.subjects.by_login(&login("bob")), Some(subject("new")));
}

#[test]
fn what_is_not_its_own_a_tenant_does_not_touch() {
    let mut given = world();
    given.happen_by("svc-other", grouped_by("other", "staff"));
    let staff = Object::Group(group("staff"));
    let as_eve = PutSubject { login: Some(login("eve")), ..put("eve") };
    let unmet = PutSubject { login: None, ..put("zoe") };
    let as_another = PutSubject { login: Some(login("nobody")), ..put("zoe") };
    let cases = |asking: Asking| {
        vec![
            ("another's person", asking, put("eve").into(), Err(not_its_own(subject("eve")))),
            ("another's, by name", asking, as_eve.clone().into(), Err(not_its_own(subject("eve")))),
            ("another's, to delete", asking, delete("eve").into(), Err(not_its_own(subject("eve")))),
            ("whom it cannot know", asking, unmet.clone().into(), Err(not_its_own(subject("zoe")))),
            ("who has another name", asking, as_another.clone().into(), Err(not_its_own(subject("zoe")))),
            ("who was here, to delete", asking, delete("zoe").into(), Err(not_its_own(subject("zoe")))),
            ("an owner", asking, delete("ada").into(), Err(not_its_own(subject("ada")))),
            ("itself", asking, put("svc-corp").into(), Err(not_its_own(subject("svc-corp")))),
            (
                "another tenant itself",
                asking,
                put_off("svc-other").into(),
                Err(not_its_own(subject("svc-other"))),
            ),
            ("nobody", asking, delete("new").into(), Err(not_its_own(subject("new")))),
            ("another's group", asking, delete_group("staff").into(), Err(not_its_own(staff))),
            (
                "another's group, to fill",
                asking,
                put_group("staff", &["bob"]).into(),
                Err(not_its_own(staff)),
            ),
        ]
    };
    holds(&given, cases(corp()));
    // Without a word by which its people sign in, a tenant finds nobody and gives no name to sign in with; without agents, it makes none.
    let silent = Tenant { agents: false, login: None, ..tenant("corp") };
    given.happen(tenants("silent", &[silent, tenant("other")]));
    let unnamed = PersonCreated { login: None, person: person("new") };
    let zoe = PutSubject { login: Some(login("zoe")), ..put("zoe") };
    holds(&given, cases(corp()));
    holds(
        &given,
        vec![
            ("no name", corp(), put("new").into(), Ok(vec![unnamed.into(), written("corp", "new", true)])),
            ("no agent", corp(), put("agt-new").into(), Err(not_its_own(subject("agt-new")))),
            ("no application", corp(), put("svc-new").into(), Err(not_its_own(subject("svc-new")))),
            ("nobody found", corp(), zoe.into(), Err(not_its_own(subject("zoe")))),
        ],
    );
}

#[test]
fn nobody_but_a_tenant_by_the_policy_in_force_speaks_for_it() {
    let mut given = world();
    given.happen([on_behalf("lent", "svc-corp", "ada").into(), issued("svc-corp", "short", None)]);
    let lent = asked(delegate("svc-corp", "ada", "lent"));
    let orders = || -> [Command; 5] {
        [
            put("new").into(),
            delete("bob").into(),
            put_group("team", &["bob"]).into(),
            delete_group("team").into(),
            ReadDirectory {}.into(),
        ]
    };
    for order in orders() {
        let refused = |asking: &Asking| given.when(asking, order.clone()).facts().expect_err("it is refused");
        assert_eq!(refused(&lent), Refusal::NotOnBehalf {});
        assert_eq!(refused(&asked_by("ada")), Refusal::NotATenant {});
        assert_eq!(refused(&asked(ledger::event::Actor::System)), Refusal::NotAuthenticated {});
    }
    // Out of the policy, and in again by another service account.
    let mut out = given.clone();
    out.happen(tenants("fewer", &[tenant("other")]));
    let mut moved = given.clone();
    let by_app = Tenant { service_account: crate::people::account("svc-app"), ..tenant("corp") };
    moved.happen([tenants("moved", &[by_app]), vec![issued("svc-app", "svc-app", None)]].concat());
    for order in orders() {
        out.when(&corp(), order.clone()).refused(Refusal::NotATenant {});
        moved.when(&corp(), order.clone()).refused(Refusal::NotATenant {});
        assert!(moved.when(&asked_by("svc-app"), order).facts().is_ok());
    }
    let zoe = Ok(vec![written("other", "bob", true)]);
    let add: Command = AddMember { group: group("team"), subject: subject("zoe") }.into();
    holds(
        &out,
        vec![
            ("what it had, another may find", asked_by("svc-other"), put("bob").into(), zoe),
            (
                "whom it kept, is let act here",
                asked_by("adm"),
                ReactivateSubject { subject: subject("dan") }.into(),
                Ok(vec![reactivated("dan")]),
            ),
            (
                "its group is changed here",
                asked_by("adm"),
                add,
                Ok(vec![MemberAdded { group: group("team"), subject: subject("zoe") }.into()]),
            ),
        ],
    );
    given.happen_by("adm", [suspended("svc-corp"), revoked("svc-corp"), revoked("short")]);
    given.when(&corp(), put("new")).refused(Refusal::NotAuthenticated {});
}

#[test]
fn a_tenant_does_not_end_the_last_owner() {
    let mut given = world();
    given.happen_by(
        "svc-corp",
        [
            PersonCreated { login: Some(login("own")), person: person("own") }.into(),
            written("corp", "own", true),
        ],
    );
    given.happen([granted("own", Role::Owner), suspended("ada")]);
    let last = || Err(Refusal::LastOwner { grant: grant("own owner") });
    holds(
        &given,
        vec![
            ("to suspend", corp(), put_off("own").into(), last()),
            ("to delete", corp(), delete("own").into(), last()),
        ],
    );
    given.happen([reactivated("ada")]);
    assert!(given.when(&corp(), put_off("own")).facts().is_ok());
    assert!(given.when(&corp(), delete("own")).facts().is_ok());
}
