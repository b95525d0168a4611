//! Policies: proposing, approving, declining.

use crate::given::{Given, asked_by, given, with_roles};
use crate::names::policy;
use commands::policy::{ApprovePolicy, DeclinePolicy, ProposePolicy};
use ledger::event::policy::{AccessPolicy, Body, PolicyAdopted, PolicyDeclined, PolicyProposed};
use ledger::event::{Fact, Object, Refusal};
use projections::access::Role::{Auditor, Owner};

fn body(seconds: u64, approved: bool) -> Body {
    let break_glass_seconds_max = seconds;
    Body::Access(AccessPolicy {
        break_glass_seconds_max,
        policies_are_approved: approved,
        ..AccessPolicy::default()
    })
}

fn propose(name: &str, body: Body) -> ProposePolicy {
    ProposePolicy { policy: policy(name), body }
}

fn proposed(name: &str, body: Body) -> Fact {
    PolicyProposed { body, policy: policy(name) }.into()
}

fn adopted(name: &str) -> Fact {
    PolicyAdopted { policy: policy(name) }.into()
}

fn people() -> Given {
    given([with_roles("ada", &[Owner]), with_roles("dan", &[Owner]), with_roles("bob", &[Auditor])].concat())
}

#[test]
fn a_policy_is_in_force_at_once_unless_policies_are_approved() {
    let mut given = people();
    given
        .when(&asked_by("ada"), propose("one", body(60, true)))
        .then([proposed("one", body(60, true)), adopted("one")]);
    given.happen_by("ada", [proposed("one", body(60, true)), adopted("one")]);
    assert_eq!(given.state.policies.access().break_glass_seconds_max, 60);
    given.when(&asked_by("ada"), propose("same", body(60, true))).then([]);
    given.when(&asked_by("ada"), propose("two", body(90, true))).then([proposed("two", body(90, true))]);
    given.happen_by("ada", [proposed("two", body(90, true))]);
    assert_eq!(given.state.policies.access().break_glass_seconds_max, 60);
    let object = Object::Policy(policy("two"));
    let approve = ApprovePolicy { policy: policy("two") };
    given.when(&asked_by("ada"), approve.clone()).refused(Refusal::OwnMatter { object });
    given.when(&asked_by("dan"), approve.clone()).then([adopted("two")]);
    given.happen_by("dan", [adopted("two")]);
    assert_eq!(given.state.policies.access().break_glass_seconds_max, 90);
    given.when(&asked_by("dan"), approve).refused(Refusal::Settled { object });
}

#[test]
fn every_version_that_was_in_force_is_known() {
    let mut given = people();
    for (name, seconds) in [("one", 60), ("two", 90)] {
        given.happen([proposed(name, body(seconds, false)), adopted(name)]);
    }
    let size = given.size();
    let at = |size| given.state.policies.in_force_at("access", "", size).map(|(id, _)| id);
    let found = [size - 4, size - 3, size - 2, size - 1, size].map(at);
    assert_eq!(found, [None, None, Some(policy("one")), Some(policy("one")), Some(policy("two"))]);
}

#[test]
fn a_version_is_declined_by_who_wrote_it_or_may_approve() {
    let mut given = people();
    given.happen_by("ada", [proposed("one", body(60, false))]);
    let decline = || DeclinePolicy { policy: policy("one"), reason: "no".into() };
    let declined = || PolicyDeclined { policy: policy("one"), reason: "no".into() }.into();
    given.when(&asked_by("ada"), decline()).then([declined()]);
    given.when(&asked_by("dan"), decline()).then([declined()]);
    assert!(given.when(&asked_by("bob"), decline()).facts().is_err());
    given.happen([declined()]);
    let object = Object::Policy(policy("one"));
    given
        .when(&asked_by("dan"), ApprovePolicy { policy: policy("one") })
        .refused(Refusal::Settled { object });
}
