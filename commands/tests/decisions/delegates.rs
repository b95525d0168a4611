//! What a program may do for a person: never more than both, never what people keep for themselves, and not a moment longer than it was lent.

use crate::given::{Asking, Given, asked, asked_by, given, issued, known, organized, with_roles};
use crate::matrix::{every_command, everybody};
use crate::names::{custom, organization, project};
use crate::people::{account, credential, digest, grant, person, subject, time};
use crate::programs::{browser, delegate, on_behalf, token, with_workload, worked};
use crate::providers::adopted;
use commands::access::Look;
use commands::identity::RevokeCredential;
use ledger::event::access::{RoleDefined, RoleGranted, Terms};
use ledger::event::identity::{
    Behalf, CredentialRevoked, PersonCreated, ServiceAccountCreated, SessionStarted, SubjectReactivated,
    SubjectRemoved, SubjectSuspended, TokenIssued,
};
use ledger::event::policy::SignIn as Policy;
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Actor, Delegate, Fact, Refusal};
use ledger::time::Time;
use projections::Lasting;
use projections::access::{Permission, Permissions, Place, Role};

/// What a program may do for a person, word for word: a change of it is a change of what everybody lent to programs.
const FOR_A_PERSON: [&str; 11] = [
    "access.read",
    "budgets.read",
    "custody.read",
    "gateway.use",
    "identity.read",
    "keys.read",
    "policy.read",
    "runs.read",
    "templates.read",
    "workspaces.read",
    "workspaces.use",
];

fn look(permission: Permission, scope: Scope) -> Look {
    Look { permission: Some((permission, scope)) }
}

fn suspended(name: &str) -> Fact {
    SubjectSuspended { reason: "stolen".into(), subject: subject(name) }.into()
}

fn revoked(name: &str) -> Fact {
    CredentialRevoked { credential: credential(name) }.into()
}

/// A program and a person, each with a role of its own that has one permission or none, and a token to act for the person.
fn two(permission: Permission, [program, person]: [bool; 2]) -> Given {
    let mut facts = [known("svc-ci"), known("ada")].concat();
    for (name, has) in [("svc-ci", program), ("ada", person)] {
        let permissions = if has { vec![permission.as_str().into()] } else { vec![] };
        let role = custom(name);
        facts.push(RoleDefined { handle: name.into(), permissions, role }.into());
        let held = RoleGranted::new(grant(name), &Role::Custom(role).to_string(), Scope::Site, subject(name));
        facts.push(held.into());
    }
    facts.push(on_behalf("lent", "svc-ci", "ada").into());
    given(facts)
}

#[test]
fn a_program_may_do_for_a_person_what_both_may_and_what_can_be_lent() {
    let lent: Vec<_> = Permissions::ON_BEHALF.iter().map(Permission::as_str).collect();
    assert!(lent.iter().all(|name| FOR_A_PERSON.contains(name)) && lent.len() == FOR_A_PERSON.len());
    let asking = asked(delegate("svc-ci", "ada", "lent"));
    for permission in Permission::ALL.iter().copied() {
        for both in [[true, true], [true, false], [false, true], [false, false]] {
            let decided = two(permission, both).when(&asking, look(permission, Scope::Site));
            if both == [true, true] && FOR_A_PERSON.contains(&permission.as_str()) {
                decided.then([]);
            } else {
                let permission = permission.as_str().into();
                decided.refused(Refusal::NotPermitted { permission, scope: Scope::Site });
            }
        }
    }
}

/// Every role wherever it fits; for the project also in one environment; for a time that is over and one that is not.
fn holdings() -> Vec<(Role, Scope, Terms)> {
    let scopes = [Scope::Site, Scope::Organization(organization("acme")), Scope::Project(project("deed"))];
    let all = Role::BUILT_IN.iter().flat_map(|role| scopes.map(|scope| (*role, scope)));
    let mut found: Vec<_> = all
        .filter(|(role, scope)| role.fits(*scope))
        .map(|(role, scope)| (role, scope, Terms::default()))
        .collect();
    let environments = Some(Environments::of([Environment::Dev]));
    let limited = Terms { environments, ..Terms::default() };
    found.push((Role::Viewer, Scope::Project(project("deed")), limited));
    for expires in [time(3_600), time(3_601)] {
        let ends = Terms { expires: Some(expires), ..Terms::default() };
        found.push((Role::Owner, Scope::Site, ends));
    }
    found
}

fn places() -> Vec<Place> {
    let scopes = [Scope::Site, Scope::Organization(organization("acme")), Scope::Project(project("deed"))];
    let environments = [None, Some(Environment::Dev), Some(Environment::Prod)];
    scopes
        .iter()
        .flat_map(|scope| environments.map(|environment| Place { scope: *scope, environment }))
        .collect()
}

#[test]
fn both_rights_meet_wherever_each_was_granted() {
    let now = time(3_600);
    let actor = delegate("svc-ci", "ada", "lent");
    let base = given([organized(), known("svc-ci"), known("ada")].concat());
    for (role, scope, terms) in holdings() {
        let held = |name: &str| RoleGranted::new(grant(name), &role.to_string(), scope, subject(name));
        let mut programs = base.clone();
        programs.happen([RoleGranted { terms: terms.clone(), ..held("svc-ci") }.into()]);
        for (role, scope, terms) in holdings() {
            let held = RoleGranted::new(grant("ada"), &role.to_string(), scope, subject("ada"));
            let mut given = programs.clone();
            given.happen([RoleGranted { terms, ..held }.into(), on_behalf("lent", "svc-ci", "ada").into()]);
            let state = &given.state;
            for place in places() {
                let rights = |subject| state.rights(subject, place, Lasting::beyond(now));
                let both = rights(subject("svc-ci")).intersection(rights(subject("ada")));
                let both = both.intersection(Permissions::ON_BEHALF);
                assert_eq!(state.rights_of(&actor, place, Lasting::beyond(now)), both);
                for permission in Permission::ALL.iter().copied() {
                    assert_eq!(state.actor_may(&actor, permission, place, now), both.contains(permission));
                }
            }
        }
    }
}

#[test]
fn no_command_does_for_an_owner_what_an_owner_keeps() {
    let given = everybody();
    let (alone, lent) = (asked_by("svc-root"), asked(delegate("svc-root", "owner", "lent")));
    let mut done = Vec::new();
    for (label, command) in every_command() {
        let code = |refusal: Refusal| (refusal.code(), refusal);
        let alone = given.when(&alone, command.clone()).facts().map_err(code);
        match given.when(&lent, command).facts().map_err(code) {
            Ok(facts) => {
                assert!(alone.is_ok(), "{label}");
                let names = facts.iter().map(|fact| fact.name().0);
                let own = ["custody.log_read", "workspaces.workspace_requested", "workspaces.start_ordered"];
                assert!(names.clone().all(|name| own.contains(&name)), "{label}");
                done.push(label);
            }
            Err((_, Refusal::NotPermitted { permission, .. })) => {
                assert!(!FOR_A_PERSON.contains(&&*permission), "{label}");
            }
            Err((_, Refusal::NotOnBehalf {})) => {}
            // Nor may the program by itself: what only Deed, its operator or a provider leads to.
            Err((code, _)) => {
                assert!(matches!(code, "not_authenticated" | "claim_not_open" | "token_refused"), "{label}");
                assert_eq!(alone.err().map(|(code, _)| code), Some(code), "{label}");
            }
        }
    }
    let own = ["custody.read_log", "identity.use_session", "workspaces.create_workspace"];
    let looks = FOR_A_PERSON.iter().map(|name| format!("access.look {name}"));
    let mut expected: Vec<_> = looks.chain(own.map(str::to_owned)).collect();
    expected.sort();
    assert_eq!(done, expected);
}

#[test]
fn a_delegate_lets_go_of_its_own_token_and_of_nothing_else() {
    let mut given = everybody();
    given.happen([on_behalf("other", "svc-root", "owner").into()]);
    let lent = asked(delegate("svc-root", "owner", "lent"));
    let end = |name: &str| RevokeCredential { credential: credential(name) };
    given.when(&lent, end("lent")).then([revoked("lent")]);
    for name in ["other", "short", "svc-root", "owner", "nothing", "none"] {
        given.when(&lent, end(name)).refused(Refusal::NotOnBehalf {});
    }
    given.happen([revoked("lent")]);
    given.when(&lent, end("lent")).refused(Refusal::NotAuthenticated {});
}

#[test]
fn for_who_may_nothing_nothing_is_done() {
    let mut given = everybody();
    given.happen([on_behalf("poor", "svc-root", "nothing").into()]);
    let asking = asked(delegate("svc-root", "nothing", "poor"));
    for (label, command) in every_command() {
        let facts = given.when(&asking, command).facts();
        assert!(facts.is_err() || label == "identity.use_session", "{label}: {facts:?}");
    }
}

/// Everything that ends a delegation, and how; each by itself and in any company.
fn ends() -> [(&'static str, Fact); 6] {
    [
        ("its own credential", revoked("lent")),
        ("its root", revoked("svc-ci")),
        ("the person's credential", revoked("ada")),
        ("the program is suspended", suspended("svc-ci")),
        ("the person is suspended", suspended("ada")),
        ("the person is removed", SubjectRemoved { reason: "left".into(), subject: subject("ada") }.into()),
    ]
}

#[test]
fn a_delegate_stops_at_once() {
    let asking = asked(delegate("svc-ci", "ada", "lent"));
    let base = || two(Permission::CustodyRead, [true, true]);
    let read = || look(Permission::CustodyRead, Scope::Site);
    for which in 0..1_u32 << ends().len() {
        let mut given = base();
        let wanted = ends().into_iter().enumerate().filter(|(place, _)| which >> place & 1 == 1);
        let (names, facts): (Vec<_>, Vec<_>) = wanted.map(|(_, end)| end).unzip();
        given.happen(facts);
        let decided = given.when(&asking, read()).facts();
        assert_eq!(decided.is_ok(), which == 0, "{names:?}");
        assert!(decided.is_ok() || decided == Err(Refusal::NotAuthenticated {}), "{names:?}");
    }
    let over = Asking { now: time(7_200), ..asking };
    base().when(&over, read()).refused(Refusal::NotAuthenticated {});
    // What is another's, or another of the same, changes nothing.
    let mut given = base();
    given.happen([known("eve"), known("svc-cd"), vec![issued("ada", "hers", None)]].concat());
    given.happen([issued("svc-ci", "its", None), on_behalf("other", "svc-ci", "ada").into()]);
    given.happen(["hers", "its", "other"].map(revoked));
    given.happen(["eve", "svc-cd"].map(suspended));
    given.when(&asking, read()).then([]);
}

#[test]
fn who_is_back_has_lent_nothing() {
    // As it happens: a suspension ends what one shows, so that nothing comes back with the standing.
    for name in ["ada", "svc-ci"] {
        let mut given = two(Permission::CustodyRead, [true, true]);
        let boss = with_roles("boss", &[Role::Owner]);
        given.happen(boss);
        let order = commands::identity::SuspendSubject { subject: subject(name), reason: "x".into() };
        let facts = given.when(&asked_by("boss"), order).facts().expect("an owner may");
        given.happen(facts);
        given.happen([SubjectReactivated { subject: subject(name) }.into()]);
        let asking = asked(delegate("svc-ci", "ada", "lent"));
        given.when(&asking, look(Permission::CustodyRead, Scope::Site)).refused(Refusal::NotAuthenticated {});
    }
}

#[test]
fn a_program_goes_on_while_a_session_lies_unused_until_it_ends() {
    let begun = |given: &Given| fixtures::samples::time(given.size());
    let mut given = two(Permission::CustodyRead, [true, true]);
    let session = begun(&given);
    given.happen([SessionStarted { idle_seconds: 60, ..browser("ada") }.into()]);
    let behalf = Some(Behalf { credential: credential("session"), person: person("ada") });
    given.happen([TokenIssued { behalf, ..token("by session", "svc-ci") }.into()]);
    let at = |now: Time| Asking { now, ..asked(delegate("svc-ci", "ada", "by session")) };
    let read = || look(Permission::CustodyRead, Scope::Site);
    given.when(&at(session.plus_seconds(61)), read()).then([]);
    given.happen([revoked("session")]);
    given.when(&at(session.plus_seconds(61)), read()).refused(Refusal::NotAuthenticated {});
}

#[test]
fn a_delegate_has_shown_the_factors_that_its_person_showed() {
    let sensitive = vec!["custody.read".into()];
    let policy = Policy { several_factors_permissions: sensitive, ..with_workload() };
    for (several_factors, ago, enough) in [(true, 900, true), (true, 901, false), (false, 1, false)] {
        let mut given = two(Permission::CustodyRead, [true, true]);
        given.happen(adopted(policy.clone()));
        let authenticated = time(3_600 - ago);
        let session = SessionStarted { several_factors, authenticated, ..browser("ada") };
        let behalf = Some(Behalf { credential: credential("session"), person: person("ada") });
        let by_session = TokenIssued { behalf, ..token("by session", "svc-ci") };
        given.happen([session.into(), by_session.into()]);
        let read = || look(Permission::CustodyRead, Scope::Site);
        let decided = given.when(&asked(delegate("svc-ci", "ada", "by session")), read());
        if enough {
            decided.then([]);
        } else {
            decided.refused(Refusal::SeveralFactorsNeeded { seconds_max: 900 });
        }
        given.when(&asked(delegate("svc-ci", "ada", "lent")), read()).then([]);
    }
}

/// Two people, two programs and an agent, with a credential each, and every kind of token.
fn small_world() -> Given {
    let names = ["ada", "bob", "svc-ci", "svc-cd", "agt-bot"];
    let mut facts = names.map(known).concat();
    facts.push(browser("ada").into());
    for program in ["svc-ci", "svc-cd", "agt-bot"] {
        facts.push(token(&format!("own {program}"), program).into());
        for person in ["ada", "bob"] {
            facts.push(on_behalf(&format!("{program} for {person}"), program, person).into());
        }
    }
    facts.push(worked("one").into());
    given(facts)
}

#[test]
fn no_actor_is_believed_but_the_one_whose_credential_it_is() {
    let given = small_world();
    let names = ["ada", "bob", "svc-ci", "svc-cd", "agt-bot"];
    let (everybody, people) = (names.map(subject), names.map(person));
    let state = &given.state;
    let (mut believed, mut tried) = (0, 0);
    for (id, credential) in state.credentials.list(None) {
        let alone = everybody.map(|subject| Actor::Subject(subject, id));
        let pairs = everybody.into_iter().flat_map(|program| {
            people.map(|person| Actor::Delegate(Delegate { program, person, credential: id }))
        });
        for actor in alone.into_iter().chain(pairs) {
            let is_true = match credential.behalf() {
                None => actor == Actor::Subject(credential.subject, id),
                Some(Behalf { person, .. }) => {
                    actor == Actor::Delegate(Delegate { program: credential.subject, person, credential: id })
                }
            };
            assert_eq!(state.is_authentic(&actor, time(3_600)), is_true, "{actor:?}");
            believed += usize::from(is_true);
            tried += 1;
        }
        assert_eq!(
            state.credentials.bearer(&credential.digest, time(3_600)),
            Some(credential.actor(id)),
            "whoever shows the secret is nobody else"
        );
    }
    assert_eq!((believed, tried), (16, 16 * 30));
    let nobody = Actor::Subject(subject("ada"), credential("nothing"));
    assert!(!state.is_authentic(&nobody, time(3_600)));
}

#[test]
fn people_without_credentials_lend_nothing() {
    // Nobody shows a credential that was never given, whatever it is said to be given for.
    let exist: [Fact; 2] = [
        PersonCreated { login: None, person: person("ada") }.into(),
        ServiceAccountCreated { handle: "svc-ci".into(), service_account: account("svc-ci") }.into(),
    ];
    let mut given = given(exist);
    given.happen([on_behalf("lent", "svc-ci", "ada").into()]);
    given
        .when(&asked(delegate("svc-ci", "ada", "lent")), Look { permission: None })
        .refused(Refusal::NotAuthenticated {});
    assert_eq!(given.state.credentials.bearer(&digest("lent"), time(3_600)), None);
}
