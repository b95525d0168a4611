//! Suspending, reactivating, removing: what follows at once, and what does not come back.

use crate::given::{Given, asked_by, given, granted, issued, known, with_roles};
use crate::people::{credential, grant, subject};
use commands::access::Look;
use commands::identity::{IssueCredential, ReactivateSubject, RemoveSubject, SuspendSubject};
use ledger::event::identity::{CredentialRevoked, SubjectReactivated, SubjectRemoved, SubjectSuspended};
use ledger::event::scope::Scope;
use ledger::event::{Fact, Refusal};
use projections::access::Permission;
use projections::access::Role::{Member, Owner, UserAdmin};

fn suspend(name: &str) -> SuspendSubject {
    SuspendSubject { subject: subject(name), reason: "left the building".into() }
}

fn suspended(name: &str) -> Fact {
    SubjectSuspended { reason: "left the building".into(), subject: subject(name) }.into()
}

fn revoked(name: &str) -> Fact {
    CredentialRevoked { credential: credential(name) }.into()
}

fn world() -> Given {
    let mut facts =
        [with_roles("ada", &[Owner]), with_roles("adm", &[UserAdmin]), with_roles("bob", &[Member])].concat();
    facts.push(issued("bob", "bob's second", None));
    given(facts)
}

#[test]
fn a_suspension_ends_every_credential_in_the_same_batch() {
    let mut given = world();
    let follows = [suspended("bob"), revoked("bob"), revoked("bob's second")];
    given.when(&asked_by("adm"), suspend("bob")).then(follows.clone());
    given.happen(follows);
    given.when(&asked_by("adm"), suspend("bob")).then([]);
    given.when(&asked_by("bob"), Look { permission: None }).refused(Refusal::NotAuthenticated {});
}

#[test]
fn a_reactivation_brings_nothing_back_but_the_roles() {
    let mut given = world();
    given.happen([suspended("bob"), revoked("bob"), revoked("bob's second")]);
    let order = ReactivateSubject { subject: subject("bob") };
    given.when(&asked_by("adm"), order.clone()).then([SubjectReactivated { subject: subject("bob") }.into()]);
    given.happen([SubjectReactivated { subject: subject("bob") }.into()]);
    given.when(&asked_by("adm"), order).then([]);
    given.when(&asked_by("bob"), Look { permission: None }).refused(Refusal::NotAuthenticated {});
    given.happen([issued("bob", "bob's third", None)]);
    let again = crate::given::asked(ledger::event::Actor::Subject(subject("bob"), credential("bob's third")));
    given.when(&again, Look { permission: Some((Permission::TemplatesRead, Scope::Site)) }).then([]);
}

#[test]
fn nobody_who_is_suspended_gets_a_credential() {
    let mut given = world();
    let issue = IssueCredential {
        credential: credential("new"),
        digest: crate::people::digest("new"),
        expires: None,
        subject: Some(subject("bob")),
    };
    assert!(given.when(&asked_by("ada"), issue.clone()).facts().is_ok());
    given.happen([suspended("bob")]);
    let not_active = Refusal::NotActive { subject: subject("bob") };
    given.when(&asked_by("ada"), issue.clone()).refused(not_active);
    given.happen([SubjectReactivated { subject: subject("bob") }.into()]);
    assert!(given.when(&asked_by("ada"), issue).facts().is_ok());
}

#[test]
fn a_removed_subject_never_comes_back() {
    let mut given = world();
    let remove = RemoveSubject { subject: subject("bob"), reason: "gone".into() };
    let removed: Fact = SubjectRemoved { reason: "gone".into(), subject: subject("bob") }.into();
    given.when(&asked_by("adm"), remove.clone()).then([
        removed.clone(),
        revoked("bob"),
        revoked("bob's second"),
    ]);
    given.happen([removed]);
    let unknown = || Refusal::UnknownSubject { subject: subject("bob") };
    given.when(&asked_by("adm"), remove).refused(unknown());
    given.when(&asked_by("adm"), ReactivateSubject { subject: subject("bob") }).refused(unknown());
    let issue = IssueCredential {
        credential: credential("new"),
        digest: crate::people::digest("new"),
        expires: None,
        subject: Some(subject("bob")),
    };
    given.when(&asked_by("ada"), issue).refused(unknown());
}

#[test]
fn nobody_ends_the_standing_of_who_has_more_or_of_the_last_owner() {
    let mut given = world();
    let permission = Permission::AccessDefine.as_str().into();
    given
        .when(&asked_by("adm"), suspend("ada"))
        .refused(Refusal::ExceedsOwnRights { permission, scope: Scope::Site });
    let last = || Refusal::LastOwner { grant: grant("ada owner") };
    given.when(&asked_by("ada"), suspend("ada")).refused(last());
    given.happen([known("dan"), vec![granted("dan", Owner), suspended("dan")]].concat());
    given.when(&asked_by("ada"), suspend("ada")).refused(last());
    given.happen([SubjectReactivated { subject: subject("dan") }.into()]);
    assert!(given.when(&asked_by("ada"), suspend("ada")).facts().is_ok());
}
