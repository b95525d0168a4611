//! Virtual keys: issuing within policy, rotating, revoking, and their end with their owner.

use crate::given::{Asking, Given, asked_by, given, granted, known, organized, with_roles};
use crate::people::{credential, digest, subject, time};
use crate::spending::{deed, in_force, key, key_of};
use commands::identity::{RemoveSubject, SuspendSubject};
use commands::keys::{IssueKey, RevokeKey, RotateVirtualKey, Wished};
use ledger::event::identity::{CredentialRevoked, SubjectReactivated, SubjectSuspended};
use ledger::event::keys::{KeyClass, KeyIssued, KeyRevoked, KeyRotated, Models};
use ledger::event::policy::{Action, Body, Enforcement, Guardrail, Guardrails, KeyDefaults, Mode, STANDARD};
use ledger::event::scope::Scope;
use ledger::event::{Fact, Object, Refusal};
use ledger::names::Names;
use projections::access::Role;
use projections::keys::{KEYS_MAX, OVERLAP_SECONDS_MAX};

/// Ada owns the site, bob operates the project `deed`, eve is nobody.
fn everybody() -> Given {
    let mut facts = with_roles("ada", &[Role::Owner]);
    facts.extend(organized());
    facts.extend(with_roles("bob", &[Role::Operator]));
    facts.extend(known("eve"));
    given(facts)
}

fn issue(owner: Option<&str>, name: &str) -> IssueKey {
    IssueKey {
        key: key(name),
        digest: digest(name),
        owner: owner.map(subject),
        alias: name.into(),
        class: KeyClass::Ci,
        scope: deed(),
        wished: Wished::default(),
    }
}

fn wishing(wished: Wished) -> IssueKey {
    IssueKey { wished, ..issue(None, "laptop") }
}

fn models(names: &[&str]) -> Models {
    Models::Only(Names::of(names.iter().copied()).expect("names"))
}

fn strict() -> Vec<Fact> {
    let rule = |name: &str| Guardrail { action: Action::Redact, name: name.into(), pattern: "x".into() };
    let set = |name: &str, rules: &[&str]| {
        let rules = rules.iter().map(|name| rule(name)).collect();
        Body::Guardrails(Guardrails { name: name.into(), rules })
    };
    let level =
        |name: &str, mode| Body::Enforcement(Enforcement { mode, name: name.into(), text: "".into() });
    let defaults = KeyDefaults {
        class: KeyClass::Ci,
        enforcement: "told".into(),
        guardrails: "some".into(),
        lifetime_seconds_max: 1_000,
        models: models(&["large", "small"]),
        requests_per_minute: 10,
        tokens_per_minute: 100,
    };
    [
        in_force("told", level("told", Mode::Warn)),
        in_force("stopped", level("stopped", Mode::Block)),
        in_force("seen", level("seen", Mode::Observe)),
        in_force("some", set("some", &["a"])),
        in_force("more", set("more", &["a", "b"])),
        in_force("other", set("other", &["b"])),
        in_force("ci", Body::KeyDefaults(defaults)),
    ]
    .concat()
}

#[test]
fn a_key_is_what_policy_says_where_nothing_is_wished() {
    let mut given = everybody();
    given.when(&asked_by("bob"), issue(None, "laptop")).then([key_of("bob", "laptop").into()]);
    given.happen(strict());
    let expected = KeyIssued {
        enforcement: "told".into(),
        expires: time(4_600),
        guardrails: "some".into(),
        models: models(&["large", "small"]),
        requests_per_minute: 10,
        tokens_per_minute: 100,
        ..key_of("bob", "laptop")
    };
    given.when(&asked_by("bob"), issue(None, "laptop")).then([expected.into()]);
}

#[test]
fn a_key_may_be_stricter_than_policy_and_never_looser() {
    let mut given = everybody();
    given.happen(strict());
    let stricter = Wished {
        models: Some(models(&["small"])),
        requests_per_minute: Some(1),
        tokens_per_minute: Some(99),
        enforcement: Some("stopped".into()),
        guardrails: Some("more".into()),
        expires: Some(time(3_700)),
    };
    assert!(given.when(&asked_by("bob"), wishing(stricter)).facts().is_ok());
    let nothing = Wished::default;
    let rows = [
        ("models", Wished { models: Some(Models::Any), ..nothing() }),
        ("models", Wished { models: Some(models(&["huge"])), ..nothing() }),
        ("requests_per_minute", Wished { requests_per_minute: Some(11), ..nothing() }),
        ("tokens_per_minute", Wished { tokens_per_minute: Some(101), ..nothing() }),
        ("enforcement", Wished { enforcement: Some("seen".into()), ..nothing() }),
        ("enforcement", Wished { enforcement: Some("unheard-of".into()), ..nothing() }),
        ("guardrails", Wished { guardrails: Some("other".into()), ..nothing() }),
        ("guardrails", Wished { guardrails: Some(STANDARD.into()), ..nothing() }),
        ("expires", Wished { expires: Some(time(4_601)), ..nothing() }),
    ];
    for (field, wished) in rows {
        let refusal = Refusal::LooserThanPolicy { field: field.into(), key_class: KeyClass::Ci };
        given.when(&asked_by("bob"), wishing(wished)).refused(refusal);
    }
    let past = Wished { expires: Some(time(3_600)), ..nothing() };
    given.when(&asked_by("bob"), wishing(past)).refused(Refusal::ExpiryInPast {});
}

#[test]
fn a_key_needs_permission_where_it_counts() {
    let given = everybody();
    let lacks = |permission: &str, scope| Refusal::NotPermitted { permission: permission.into(), scope };
    given.when(&asked_by("eve"), issue(None, "k")).refused(lacks("keys.issue", deed()));
    let wide = IssueKey { scope: Scope::Site, ..issue(None, "k") };
    given.when(&asked_by("bob"), wide).refused(lacks("keys.issue", Scope::Site));
    given.when(&asked_by("bob"), issue(Some("eve"), "k")).refused(lacks("keys.manage", deed()));
}

#[test]
fn a_key_for_another_needs_all_of_the_others_rights() {
    let mut given = everybody();
    given.happen([granted("eve", Role::Admin)]);
    let expected = key_of("bob", "k");
    given.when(&asked_by("eve"), issue(Some("bob"), "k")).then([expected.clone().into()]);
    given.when(&asked_by("ada"), issue(Some("bob"), "k")).then([expected.into()]);
    let beyond = Refusal::ExceedsOwnRights { permission: "identity.read".into(), scope: Scope::Site };
    given.when(&asked_by("eve"), issue(Some("ada"), "k")).refused(beyond);
    let nobody = Refusal::UnknownSubject { subject: subject("nobody") };
    given.when(&asked_by("ada"), issue(Some("nobody"), "k")).refused(nobody);
}

#[test]
fn a_key_is_issued_once_under_its_name() {
    let mut given = everybody();
    given.happen([key_of("bob", "laptop").into()]);
    let again = IssueKey { key: key("other"), digest: digest("other"), ..issue(None, "laptop") };
    given.when(&asked_by("bob"), again.clone()).then([]);
    let other = IssueKey { class: KeyClass::User, ..again.clone() };
    let taken = Refusal::AliasTaken { handle: "laptop".into(), key: key("laptop") };
    given.when(&asked_by("bob"), other).refused(taken.clone());
    let slower = Wished { requests_per_minute: Some(1), ..Wished::default() };
    given.when(&asked_by("bob"), IssueKey { wished: slower, ..again.clone() }).refused(taken);
    // Another owner, and the same when the first is gone, are free to choose it.
    assert!(given.when(&asked_by("ada"), again.clone()).facts().is_ok_and(|facts| facts.len() == 1));
    given.happen([KeyRevoked { key: key("laptop"), reason: None }.into()]);
    assert!(given.when(&asked_by("bob"), again).facts().is_ok_and(|facts| facts.len() == 1));
}

#[test]
fn an_owner_has_so_many_keys_and_no_more() {
    let mut given = everybody();
    given.happen((0..KEYS_MAX).map(|number| key_of("bob", &format!("k{number}")).into()));
    given.when(&asked_by("bob"), issue(None, "k")).refused(Refusal::TooMany { count_max: KEYS_MAX });
}

#[test]
fn a_rotated_key_has_two_secrets_for_a_while() {
    let mut given = everybody();
    given.happen([key_of("bob", "laptop").into()]);
    let rotate =
        |seconds| RotateVirtualKey { key: key("laptop"), digest: digest("newer"), overlap_seconds: seconds };
    let rotated: Fact =
        KeyRotated { digest: digest("newer"), key: key("laptop"), previous_until: time(3_660) }.into();
    given.when(&asked_by("bob"), rotate(60)).then([rotated.clone()]);
    given.when(&asked_by("ada"), rotate(60)).then([rotated.clone()]);
    given
        .when(&asked_by("bob"), rotate(OVERLAP_SECONDS_MAX + 1))
        .refused(Refusal::TooLong { seconds_max: OVERLAP_SECONDS_MAX });
    given.happen([rotated]);
    let found =
        |name: &str, seconds| given.state.key_bearer(&digest(name), time(seconds)).map(|(key, _)| key);
    assert_eq!(found("laptop", 3_659), Some(key("laptop")));
    assert_eq!(found("laptop", 3_660), None);
    assert_eq!(found("newer", 3_660), Some(key("laptop")));
    assert_eq!(found("newer", 3_600 + 90 * 86_400), None, "expired");
    assert_eq!(found("unheard of", 3_660), None);
}

#[test]
fn a_third_secret_ends_the_first_at_once() {
    let mut given = everybody();
    given.happen([key_of("bob", "laptop").into()]);
    for name in ["second", "third"] {
        let (digest, previous_until) = (digest(name), time(9_000));
        given.happen([KeyRotated { digest, key: key("laptop"), previous_until }.into()]);
    }
    let works = |name: &str| given.state.key_bearer(&digest(name), time(4_000)).is_some();
    assert_eq!(["laptop", "second", "third"].map(works), [false, true, true]);
    assert!(!given.state.keys.has_digest(&digest("laptop")));
}

#[test]
fn a_key_ends_by_its_owner_or_whoever_manages_keys() {
    let mut given = everybody();
    given.happen([key_of("bob", "laptop").into()]);
    let revoke = |name: &str| RevokeKey { key: key(name), reason: Some("lost".into()) };
    let revoked: Fact = KeyRevoked { key: key("laptop"), reason: Some("lost".into()) }.into();
    given.when(&asked_by("bob"), revoke("laptop")).then([revoked.clone()]);
    given.when(&asked_by("ada"), revoke("laptop")).then([revoked.clone()]);
    let lacks = Refusal::NotPermitted { permission: "keys.manage".into(), scope: deed() };
    given.when(&asked_by("eve"), revoke("laptop")).refused(lacks);
    let unknown = |name: &str| Refusal::UnknownObject { object: Object::Key(key(name)) };
    given.when(&asked_by("bob"), revoke("k")).refused(unknown("k"));
    given.happen([revoked]);
    given.when(&asked_by("bob"), revoke("laptop")).then([]);
    let rotate = RotateVirtualKey { key: key("laptop"), digest: digest("n"), overlap_seconds: 0 };
    given.when(&asked_by("bob"), rotate).refused(unknown("laptop"));
    assert_eq!(given.state.key_bearer(&digest("laptop"), time(3_600)).map(|(key, _)| key), None);
}

#[test]
fn keys_end_with_the_standing_of_their_owner() {
    let mut given = everybody();
    given.happen([key_of("bob", "one").into(), key_of("bob", "two").into()]);
    let bob = subject("bob");
    let ended: [Fact; 4] = [
        SubjectSuspended { reason: "on leave".into(), subject: bob }.into(),
        CredentialRevoked { credential: credential("bob") }.into(),
        KeyRevoked { key: key("one"), reason: None }.into(),
        KeyRevoked { key: key("two"), reason: None }.into(),
    ];
    let suspend = SuspendSubject { subject: bob, reason: "on leave".into() };
    given.when(&asked_by("ada"), suspend).then(ended.clone());
    let remove = RemoveSubject { subject: bob, reason: "left".into() };
    let facts = given.when(&asked_by("ada"), remove).facts().expect("it is allowed");
    assert_eq!(facts[1..], ended[1..]);
    given.happen(ended);
    assert!(given.state.keys.unrevoked(bob).is_empty());
    assert!(given.state.key_bearer(&digest("one"), time(3_600)).is_none());
}

#[test]
fn nobody_who_is_suspended_gets_a_key_or_another_secret() {
    let mut given = everybody();
    let bob = subject("bob");
    given.happen([key_of("bob", "kept").into()]);
    assert!(given.when(&asked_by("ada"), issue(Some("bob"), "new")).facts().is_ok());
    given.happen([SubjectSuspended { reason: "on leave".into(), subject: bob }.into()]);
    let not_active = || Refusal::NotActive { subject: bob };
    given.when(&asked_by("ada"), issue(Some("bob"), "new")).refused(not_active());
    given.when(&asked_by("ada"), issue(Some("bob"), "kept")).refused(not_active());
    let rotate = RotateVirtualKey { key: key("kept"), digest: digest("newer"), overlap_seconds: 0 };
    given.when(&asked_by("ada"), rotate).refused(not_active());
    given.happen([SubjectReactivated { subject: bob }.into()]);
    assert!(given.when(&asked_by("ada"), issue(Some("bob"), "new")).facts().is_ok());
}

#[test]
fn an_expired_key_stands_for_nobody() {
    let mut given = everybody();
    given.happen([key_of("bob", "laptop").into()]);
    let late = Asking { now: time(3_600 + 90 * 86_400), ..asked_by("bob") };
    let rotate = RotateVirtualKey { key: key("laptop"), digest: digest("n"), overlap_seconds: 0 };
    let object = Object::Key(key("laptop"));
    given.when(&late, rotate).refused(Refusal::UnknownObject { object });
    let again = IssueKey { key: key("fresh"), digest: digest("fresh"), ..issue(None, "laptop") };
    assert!(given.when(&late, again).facts().is_ok_and(|facts| facts.len() == 1), "the name is free again");
}
