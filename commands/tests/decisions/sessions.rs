//! Signing in, using a session, signing out.

use crate::given::{Asking, Given, asked, asked_by, given, known, with_roles};
use crate::people::{credential, digest, person, subject, time};
use crate::providers::{adopted, asserted, believing, corp, login, logout, sign_in, started};
use commands::identity::{
    Asserted, IssueCredential, ProviderLogout, RefuseSignIn, SignIn, SuspendSubject, UseSession,
    VerifiedEmail,
};
use commands::policy::ProposePolicy;
use ledger::event::identity::{
    CredentialRevoked, LoginLinked, PersonCreated, ProviderLoggedOut, SessionStarted, SessionUsed,
    SubjectSuspended,
};
use ledger::event::policy::{Body, Provider, Session, SignIn as Policy};
use ledger::event::{Actor, Fact, Refusal, Via};
use projections::access::{Permission, Role};

fn from_provider() -> Asking {
    asked(Actor::Anonymous(Via::Provider))
}

/// Ada owns all; bob was created with an e-mail address, eve came from the provider before.
fn world(policy: Policy) -> Given {
    let mut facts = with_roles("ada", &[Role::Owner]);
    facts.extend([
        PersonCreated { login: Some(login("bob mail")), person: person("bob") }.into(),
        PersonCreated { login: Some(login("eve")), person: person("eve") }.into(),
    ]);
    facts.extend(adopted(policy));
    given(facts)
}

fn refused(reason: &str) -> Refusal {
    Refusal::SignInRefused { provider: "corp".into(), reason: reason.into() }
}

/// The session acts, an hour after the first day.
fn in_session(name: &str) -> Asking {
    asked(Actor::Subject(subject(name), credential("session")))
}

#[test]
fn who_is_known_new_or_invited_comes_in() {
    let given = world(believing(corp()));
    given.when(&from_provider(), sign_in("eve")).then([started("eve").into()]);
    let created = PersonCreated { login: Some(login("zoe")), person: person("new") };
    let new = SessionStarted { assertion: digest("assertion zoe"), ..started("new") };
    given.when(&from_provider(), sign_in("zoe")).then([created.into(), new.into()]);
    let linked = LoginLinked { login: login("bob"), person: person("bob"), provider: "corp".into() };
    given.when(&from_provider(), sign_in("bob")).then([linked.into(), started("bob").into()]);
}

#[test]
fn an_address_finds_a_person_once_and_only_where_it_counts() {
    let closed = Provider { sign_up: false, ..corp() };
    let mut given = world(believing(closed.clone()));
    let linked: Fact =
        LoginLinked { login: login("bob"), person: person("bob"), provider: "corp".into() }.into();
    given.when(&from_provider(), sign_in("bob")).then([linked.clone(), started("bob").into()]);
    given.happen([linked]);
    // Somebody else with that address, or the same person under another name: nobody is taken for bob twice.
    let again =
        SignIn { asserted: Asserted { login: login("mallory"), ..asserted("bob") }, ..sign_in("bob") };
    given.when(&from_provider(), again).refused(refused("not_invited"));
    let unbelieved = Provider { link_verified_email: false, ..closed };
    world(believing(unbelieved)).when(&from_provider(), sign_in("bob")).refused(refused("not_invited"));
}

#[test]
fn who_may_not_come_in_is_told_why() {
    let given = world(believing(corp()));
    let saying = |asserted: Asserted| SignIn { asserted, ..sign_in("eve") };
    let elsewhere = VerifiedEmail { login: login("x"), domain: "other.example".into() };
    let cases = [
        (SignIn { provider: "other".into(), ..sign_in("eve") }, "unknown_provider"),
        (saying(Asserted { groups: vec!["guests".into()], ..asserted("eve") }), "group_missing"),
        (saying(Asserted { email: None, ..asserted("eve") }), "domain_not_allowed"),
        (saying(Asserted { email: Some(elsewhere), ..asserted("eve") }), "domain_not_allowed"),
        (saying(Asserted { until: Some(time(3_600)), ..asserted("eve") }), "session_over"),
    ];
    for (command, reason) in cases {
        let provider = command.provider.clone();
        let refusal = Refusal::SignInRefused { provider, reason: reason.into() };
        given.when(&from_provider(), command).refused(refusal);
    }
    for actor in [Actor::Anonymous(Via::Nothing), Actor::System, asked_by("ada").actor] {
        given.when(&asked(actor), sign_in("eve")).refused(Refusal::NotAuthenticated {});
    }
    let mut away = given;
    away.happen([SubjectSuspended { reason: "away".into(), subject: subject("eve") }.into()]);
    away.when(&from_provider(), sign_in("eve")).refused(refused("not_active"));
    let failed = RefuseSignIn { provider: "corp".into(), reason: "wrong_nonce".into() };
    away.when(&from_provider(), failed.clone()).refused(refused("wrong_nonce"));
    away.when(&asked_by("ada"), failed).refused(Refusal::NotAuthenticated {});
}

#[test]
fn a_session_lasts_as_long_as_policy_and_provider_say() {
    let given = world(believing(corp()));
    let until =
        SignIn { asserted: Asserted { until: Some(time(5_000)), ..asserted("eve") }, ..sign_in("eve") };
    given
        .when(&from_provider(), until)
        .then([SessionStarted { expires: time(5_000), ..started("eve") }.into()]);
    let mut rules = given;
    let short = Body::Session(Session { absolute_seconds: 600, idle_seconds: 60 });
    let propose = ProposePolicy { policy: crate::names::policy("short"), body: short };
    let adopted = rules.when(&asked_by("ada"), propose).facts().expect("an owner sets policies");
    rules.happen(adopted);
    let shorter = SessionStarted { expires: time(4_200), idle_seconds: 60, ..started("eve") };
    rules.when(&from_provider(), sign_in("eve")).then([shorter.into()]);
}

#[test]
fn a_session_that_lies_unused_is_over_and_its_use_is_recorded_now_and_then() {
    let mut given = world(believing(corp()));
    // The facts of these tests happen within seconds, before anybody asks.
    let begun = ledger::time::Time::from_micros(fixtures::samples::time(given.size()).micros());
    given.happen([started("eve").into()]);
    let at = |seconds| Asking { now: begun.plus_seconds(seconds), ..in_session("eve") };
    given.when(&at(1), UseSession {}).then([]);
    given.when(&at(449), UseSession {}).then([]);
    given.when(&at(450), UseSession {}).then([SessionUsed { session: credential("session") }.into()]);
    given.when(&at(3_600), UseSession {}).refused(Refusal::NotAuthenticated {});
    given.when(&asked_by("ada"), UseSession {}).then([]);
}

#[test]
fn sessions_that_are_over_make_room() {
    let mut given = world(believing(corp()));
    // Idle for an hour since the facts happened, which is longer ago.
    for number in 0..64_u8 {
        let (session, digest) = (credential(&format!("old {number}")), digest(&format!("old {number}")));
        given.happen([SessionStarted { session, digest, ..started("eve") }.into()]);
    }
    let facts = given.when(&from_provider(), sign_in("eve")).facts().expect("the old ones make room");
    assert_eq!(facts.len(), 65);
    assert!(facts.contains(&CredentialRevoked { credential: credential("old 63") }.into()));
    let mut full = world(believing(corp()));
    full.happen((0..64).map(|number| crate::given::issued("eve", &format!("key {number}"), None)));
    full.when(&from_provider(), sign_in("eve")).refused(Refusal::TooMany { count_max: 64 });
}

#[test]
fn a_provider_ends_the_sessions_that_it_began() {
    let mut given = world(believing(corp()));
    given.happen([started("eve").into(), crate::given::issued("eve", "token", None)]);
    let by = |login, provider_session| ProviderLogout {
        provider: "corp".into(),
        token: logout("one"),
        login,
        provider_session,
    };
    let said: Fact = ProviderLoggedOut { provider: "corp".into(), token: logout("one") }.into();
    let ended = || [said.clone(), CredentialRevoked { credential: credential("session") }.into()];
    given.when(&from_provider(), by(Some(login("eve")), None)).then(ended());
    given.when(&from_provider(), by(None, Some(login("session at corp")))).then(ended());
    given.when(&from_provider(), by(None, Some(login("another session")))).then([said.clone()]);
    given.when(&asked_by("ada"), by(Some(login("eve")), None)).refused(Refusal::NotAuthenticated {});
    given.happen(ended());
    given.when(&from_provider(), by(Some(login("eve")), None)).refused(refused("logout_token_replayed"));
}

#[test]
fn a_session_ends_with_the_standing_of_its_person() {
    let mut given = world(believing(corp()));
    let lasting = SessionStarted { idle_seconds: 28_800, ..started("eve") };
    given.happen([lasting.into()]);
    let suspend = SuspendSubject { subject: subject("eve"), reason: "left".into() };
    let ended: Fact = CredentialRevoked { credential: credential("session") }.into();
    let facts = given.when(&asked_by("ada"), suspend).facts().expect("an owner may");
    assert!(facts.contains(&ended));
}

#[test]
fn several_factors_are_asked_for_where_policy_wants_them() {
    let weak =
        || SignIn { asserted: Asserted { methods: vec!["pwd".into()], ..asserted("eve") }, ..sign_in("eve") };
    let needed = || Refusal::SeveralFactorsNeeded { seconds_max: 900 };
    let everybody = Policy { several_factors: true, ..believing(corp()) };
    world(everybody.clone()).when(&from_provider(), weak()).refused(needed());
    world(everybody).when(&from_provider(), sign_in("eve")).then([started("eve").into()]);
    let owners = Policy { several_factors_roles: vec!["owner".into()], ..believing(corp()) };
    let mut given = world(owners);
    let plain = SessionStarted { several_factors: false, ..started("eve") };
    given.when(&from_provider(), weak()).then([plain.into()]);
    given.happen([crate::given::granted("eve", Role::Owner)]);
    given.when(&from_provider(), weak()).refused(needed());
}

#[test]
fn a_sensitive_command_wants_them_lately() {
    let sensitive = vec![Permission::IdentityManage.as_str().into()];
    let mut given = world(Policy { several_factors_permissions: sensitive, ..believing(corp()) });
    given.happen(known("bob2"));
    let session = |several_factors, ago: u64| SessionStarted {
        several_factors,
        authenticated: time(3_600 - ago),
        idle_seconds: 28_800,
        ..started("ada")
    };
    let suspend = || SuspendSubject { subject: subject("bob2"), reason: "x".into() };
    let issue = || IssueCredential {
        credential: credential("new"),
        digest: digest("new"),
        expires: None,
        subject: None,
    };
    let needed = || Refusal::SeveralFactorsNeeded { seconds_max: 900 };
    for (several_factors, ago, enough) in [(true, 900, true), (true, 901, false), (false, 1, false)] {
        let mut given = given.clone();
        given.happen([session(several_factors, ago).into()]);
        if enough {
            assert!(given.when(&in_session("ada"), suspend()).facts().is_ok());
            assert!(given.when(&in_session("ada"), issue()).facts().is_ok());
        } else {
            given.when(&in_session("ada"), suspend()).refused(needed());
            // Otherwise a credential would be the way around it.
            given.when(&in_session("ada"), issue()).refused(needed());
        }
    }
    // A credential that is no session shows what it is.
    assert!(given.when(&asked_by("ada"), suspend()).facts().is_ok());
}
