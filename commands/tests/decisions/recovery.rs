//! Recovery codes: who makes them, and who comes in with them.

use crate::given::{Asking, Given, asked, asked_by, given, issued, known, with_roles};
use crate::people::{credential, digest, grant, person, subject, time};
use crate::programs::{browser, delegate, on_behalf, recovered, token};
use crate::providers::{adopted, believing, corp, started};
use crate::spending::in_force;
use commands::access::Look;
use commands::identity::{MakeRecoveryCodes, Recover};
use ledger::event::access::RoleRevoked;
use ledger::event::identity::{
    CredentialRevoked, RecoveryCodesMade, SessionStarted, SubjectReactivated, SubjectRemoved,
    SubjectSuspended,
};
use ledger::event::policy::{Body, Session, SignIn as Policy};
use ledger::event::{Actor, Fact, Refusal, Via};
use projections::access::Role;

fn refused(reason: &str) -> Refusal {
    Refusal::RecoveryRefused { reason: reason.into() }
}

fn make(codes: &[&str]) -> MakeRecoveryCodes {
    MakeRecoveryCodes { codes: codes.iter().map(|code| digest(code)).collect() }
}

fn made(name: &str, codes: &[&str]) -> Fact {
    let mut codes: Vec<_> = codes.iter().map(|code| digest(code)).collect();
    codes.sort_unstable();
    RecoveryCodesMade { codes, person: person(name) }.into()
}

fn recover(code: &str) -> Recover {
    Recover { code: digest(code), session: credential("rescue"), digest: digest("rescue") }
}

fn with_code() -> Asking {
    asked(Actor::Anonymous(Via::Recovery))
}

/// Ada and bob own all, eve owns nothing, a program owns all; ada has codes.
fn world() -> Given {
    let owners = ["ada", "bob", "svc-root"].map(|name| with_roles(name, &[Role::Owner])).concat();
    let mut given = given([owners, known("eve")].concat());
    given.happen([made("ada", &["one", "two"])]);
    given
}

fn came_in() -> Fact {
    recovered("ada", "one", time(7_200)).into()
}

#[test]
fn an_owner_makes_codes_and_comes_in_with_each_once() {
    let mut given = world();
    given.when(&asked_by("bob"), make(&["x", "y"])).then([made("bob", &["x", "y"])]);
    given.when(&with_code(), recover("one")).then([came_in()]);
    given.happen([came_in()]);
    given.when(&with_code(), recover("one")).refused(refused("unknown_code"));
    assert_eq!(given.state.recovery.left(person("ada")), 1);
    let other = Recover { session: credential("again"), digest: digest("again"), ..recover("two") };
    assert!(given.when(&with_code(), other).facts().is_ok());
    let rescued = Actor::Subject(subject("ada"), credential("rescue"));
    assert!(given.state.is_authentic(&rescued, time(1)));
    assert!(!given.state.is_authentic(&rescued, time(7_200)));
}

#[test]
fn who_makes_no_codes() {
    let mut given = world();
    given.happen([on_behalf("lent", "svc-root", "ada").into(), token("short", "svc-root").into()]);
    for name in ["eve", "svc-root"] {
        given.when(&asked_by(name), make(&["x"])).refused(refused("not_an_owner"));
    }
    let short = Actor::Subject(subject("svc-root"), credential("short"));
    given.when(&asked(short), make(&["x"])).refused(refused("not_an_owner"));
    let lent = asked(delegate("svc-root", "ada", "lent"));
    given.when(&lent, make(&["x"])).refused(Refusal::NotOnBehalf {});
    let vias = [Via::Nothing, Via::Claim, Via::Provider, Via::Recovery].map(Actor::Anonymous);
    for actor in vias.into_iter().chain([Actor::System, Actor::Operator]) {
        given.when(&asked(actor), make(&["x"])).refused(Refusal::NotAuthenticated {});
    }
    given.happen([RoleRevoked::new(grant("ada owner")).into()]);
    given.when(&asked_by("ada"), make(&["x"])).refused(refused("not_an_owner"));
}

#[test]
fn ownership_for_a_time_or_by_a_group_makes_no_codes() {
    use ledger::event::access::{RoleGranted, Terms};
    use ledger::event::identity::{GroupCreated, MemberAdded};
    use ledger::event::scope::Scope;
    let group = crate::names::group("owners");
    let mut given = world();
    let plain = RoleGranted::new(grant("for a time"), "owner", Scope::Site, subject("eve"));
    let terms = Terms { expires: Some(time(9_000)), ..Terms::default() };
    given.happen([
        RoleGranted { terms, ..plain }.into(),
        GroupCreated { group, handle: "owners".into(), scope: Scope::Site }.into(),
        RoleGranted::new(grant("team's"), "owner", Scope::Site, ledger::event::Grantee::Group(group)).into(),
        MemberAdded { group, subject: subject("eve") }.into(),
    ]);
    given.when(&asked_by("eve"), make(&["x"])).refused(refused("not_an_owner"));
}

#[test]
fn codes_are_few_each_once_and_nobody_elses() {
    let mut given = world();
    let many: Vec<String> = (0..33).map(|number| format!("code {number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (most, one_more) = (many.get(..32).expect("there are more"), &many[..]);
    given.when(&asked_by("ada"), make(most)).then([made("ada", most)]);
    given.when(&asked_by("ada"), make(one_more)).refused(Refusal::TooMany { count_max: 32 });
    given.when(&asked_by("ada"), make(&["x", "x", "y"])).then([made("ada", &["x", "y"])]);
    given.when(&asked_by("bob"), make(&["x", "one"])).refused(refused("code_taken"));
    given.when(&asked_by("ada"), make(&["x", "one"])).then([made("ada", &["x", "one"])]);
    given.happen([made("ada", &["x"])]);
    given.when(&asked_by("bob"), make(&["one"])).then([made("bob", &["one"])]);
}

#[test]
fn codes_that_are_made_again_replace_the_old() {
    let mut given = world();
    given.happen([made("bob", &["his"]), made("ada", &["new"])]);
    for old in ["one", "two"] {
        given.when(&with_code(), recover(old)).refused(refused("unknown_code"));
    }
    for good in ["new", "his"] {
        assert!(given.when(&with_code(), recover(good)).facts().is_ok(), "{good}");
    }
    given.happen([made("ada", &[])]);
    given.when(&with_code(), recover("new")).refused(refused("unknown_code"));
    assert_eq!((given.state.recovery.left(person("ada")), given.state.recovery.left(person("bob"))), (0, 1));
}

#[test]
fn nothing_but_a_code_is_a_way_in() {
    let given = world();
    let vias = [Via::Nothing, Via::Claim, Via::Provider].map(Actor::Anonymous);
    for actor in vias.into_iter().chain([Actor::System, Actor::Operator, asked_by("ada").actor]) {
        given.when(&asked(actor), recover("one")).refused(Refusal::NotAuthenticated {});
    }
    given.when(&with_code(), recover("three")).refused(refused("unknown_code"));
    // A code by itself does nothing else.
    given.when(&with_code(), make(&["x"])).refused(Refusal::NotAuthenticated {});
    given.when(&with_code(), Look { permission: None }).refused(Refusal::NotAuthenticated {});
}

#[test]
fn codes_are_off_once_a_provider_worked_and_on_again_by_policy() {
    let mut given = world();
    given.happen(adopted(believing(corp())));
    given.when(&with_code(), recover("one")).then([came_in()]);
    given.happen([started("eve").into()]);
    given.when(&with_code(), recover("one")).refused(refused("recovery_off"));
    given.when(&with_code(), recover("guess")).refused(refused("recovery_off"));
    // They can be made meanwhile, for when they are wanted.
    assert!(given.when(&asked_by("ada"), make(&["x"])).facts().is_ok());
    let set = |recovery_codes| Body::SignIn(Policy { recovery_codes, ..believing(corp()) });
    given.happen(in_force("on", set(true)));
    given.when(&with_code(), recover("one")).then([came_in()]);
    given.happen(in_force("off", set(false)));
    given.when(&with_code(), recover("one")).refused(refused("recovery_off"));
}

#[test]
fn who_is_no_owner_any_more_does_not_come_in() {
    let mut given = world();
    given.happen([RoleRevoked::new(grant("ada owner")).into()]);
    given.when(&with_code(), recover("one")).refused(refused("not_an_owner"));
}

#[test]
fn codes_end_with_the_standing_of_their_owner() {
    let suspended: Fact = SubjectSuspended { reason: "stolen".into(), subject: subject("ada") }.into();
    let removed: Fact = SubjectRemoved { reason: "left".into(), subject: subject("ada") }.into();
    for ended in [suspended.clone(), removed] {
        let mut given = world();
        given.happen([made("bob", &["his"]), ended]);
        given.when(&with_code(), recover("one")).refused(refused("unknown_code"));
        assert!(given.when(&with_code(), recover("his")).facts().is_ok());
    }
    // As with credentials, who is back needs new ones.
    let mut given = world();
    given.happen([suspended.clone(), SubjectReactivated { subject: subject("ada") }.into()]);
    given.when(&with_code(), recover("one")).refused(refused("unknown_code"));
    given.happen([suspended, made("ada", &["one"])]);
    given.when(&with_code(), recover("one")).refused(refused("not_active"));
}

#[test]
fn a_session_by_a_code_lasts_an_hour_or_as_policy_says() {
    for (absolute_seconds, lasts) in [(600, 600), (3_599, 3_599), (3_600, 3_600), (3_601, 3_600)] {
        let mut given = world();
        let idle_seconds = 300;
        given.happen(in_force("short", Body::Session(Session { absolute_seconds, idle_seconds })));
        let expected = recovered("ada", "one", time(3_600 + lasts));
        let expected = ledger::event::identity::OwnerRecovered { idle_seconds, ..expected };
        given.when(&with_code(), recover("one")).then([expected.into()]);
    }
}

#[test]
fn what_is_over_makes_room_for_a_recovery() {
    let mut given = world();
    given.happen((0..70).map(|number| issued("ada", &format!("old {number}"), Some(time(3_600)))));
    let idle = SessionStarted { idle_seconds: 60, ..browser("ada") };
    // A session began at a provider, so codes are on by policy.
    given.happen(in_force("on", Body::SignIn(Policy { recovery_codes: true, ..believing(corp()) })));
    given.happen([idle.into()]);
    let revoked = |name: &str| -> Fact { CredentialRevoked { credential: credential(name) }.into() };
    let old = (0..70).map(|number| revoked(&format!("old {number}")));
    let expected: Vec<_> = old.chain([revoked("session"), came_in()]).collect();
    given.when(&with_code(), recover("one")).then(expected);
    let mut full = world();
    full.happen((0..63).map(|number| issued("ada", &format!("live {number}"), None)));
    full.when(&with_code(), recover("one")).refused(Refusal::TooMany { count_max: 64 });
}

#[test]
fn a_code_stands_for_several_factors() {
    let careful = Policy {
        several_factors: true,
        several_factors_permissions: vec!["custody.read".into()],
        recovery_codes: true,
        ..believing(corp())
    };
    let mut given = world();
    given.happen(adopted(careful));
    given.happen([came_in()]);
    let rescued = |seconds| Asking {
        now: fixtures::samples::time(given.size() - 1).plus_seconds(seconds),
        actor: Actor::Subject(subject("ada"), credential("rescue")),
    };
    let read = || {
        let permission = projections::access::Permission::CustodyRead;
        Look { permission: Some((permission, ledger::event::scope::Scope::Site)) }
    };
    given.when(&rescued(900), read()).then([]);
    given.when(&rescued(901), read()).refused(Refusal::SeveralFactorsNeeded { seconds_max: 900 });
    given.when(&rescued(900), make(&["x"])).then([made("ada", &["x"])]);
    given.when(&rescued(901), make(&["x"])).refused(Refusal::SeveralFactorsNeeded { seconds_max: 900 });
}
