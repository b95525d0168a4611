//! Grants that a second person approves, and emergencies.

use crate::given::{Given, asked, asked_by, given, grant_role, granted, known, organized, with_roles};
use crate::names::{mapping, policy, request};
use crate::people::{grant, subject, time};
use commands::access::{ApproveGrant, BreakGlass, DeclineGrant, FollowMappings, GrantRole, ReviewBreakGlass};
use ledger::event::access::{
    BreakGlassReviewed, GrantDeclined, GrantRequested, Ground, GroupMapped, RoleGranted, Terms,
};
use ledger::event::policy::{AccessPolicy, Body, PolicyAdopted, PolicyProposed};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Object, Refusal};
use projections::access::Role::{self, Auditor, Member, Owner, Responder};

/// Two owners and bob, where the role of an auditor needs approval.
fn careful() -> Given {
    let policy_body = AccessPolicy { approved_roles: vec!["auditor".into()], ..AccessPolicy::default() };
    let mut facts =
        [with_roles("ada", &[Owner]), with_roles("dan", &[Owner]), known("bob"), organized()].concat();
    facts.push(PolicyProposed { body: Body::Access(policy_body), policy: policy("careful") }.into());
    facts.push(PolicyAdopted { policy: policy("careful") }.into());
    given(facts)
}

fn auditor_for(name: &str) -> GrantRole {
    let reason = Some("audit of the year".into());
    GrantRole {
        terms: Terms { reason, ..Terms::default() },
        ..grant_role(grant("new"), subject(name), Auditor)
    }
}

#[test]
fn a_mapping_from_before_gives_no_role_that_needs_approval() {
    let mut given = careful();
    let (mapping, provider) = (mapping("old"), Box::<str>::from("corp"));
    let follow = || FollowMappings {
        grantee: subject("bob").into(),
        provider: provider.clone(),
        groups: vec!["all".into()],
        grants: vec![grant("mapped")],
    };
    let external = "all".into();
    let mapped = |role: &str| GroupMapped {
        external,
        mapping,
        provider: provider.clone(),
        role: role.into(),
        scope: Scope::Site,
    };
    given.happen([mapped("auditor").into()]);
    given.when(&asked(Actor::System), follow()).then([]);
}

fn requested(name: &str) -> Fact {
    let order = auditor_for(name);
    GrantRequested {
        request: order.request,
        role: "auditor".into(),
        scope: Scope::Site,
        subject: order.subject,
        terms: order.terms,
    }
    .into()
}

/// The same, after ada has asked for a grant to somebody.
fn asked_for(name: &str) -> Given {
    let mut given = careful();
    given.happen_by("ada", [requested(name)]);
    given
}

fn approve() -> ApproveGrant {
    ApproveGrant { request: request("new"), grant: grant("approved") }
}

#[test]
fn a_role_that_needs_approval_is_asked_for_and_others_are_granted() {
    careful().when(&asked_by("ada"), auditor_for("bob")).then([requested("bob")]);
    let plain = grant_role(grant("bob member"), subject("bob"), Member);
    careful().when(&asked_by("ada"), plain).then([granted("bob", Member)]);
}

#[test]
fn a_second_person_approves_and_the_grant_names_the_request() {
    let order = auditor_for("bob");
    let plain = RoleGranted::new(grant("approved"), "auditor", Scope::Site, order.subject);
    let expected = RoleGranted { ground: Some(Ground::Request(request("new"))), terms: order.terms, ..plain };
    asked_for("bob").when(&asked_by("dan"), approve()).then([expected.into()]);
}

#[test]
fn nobody_approves_what_they_asked_for_or_get() {
    let own = || Refusal::OwnMatter { object: Object::Request(request("new")) };
    asked_for("bob").when(&asked_by("ada"), approve()).refused(own());
    asked_for("dan").when(&asked_by("dan"), approve()).refused(own());
}

#[test]
fn what_was_decided_stays_decided() {
    let mut given = asked_for("bob");
    let declined = GrantDeclined { reason: "no".into(), request: request("new") };
    let decline = DeclineGrant { request: request("new"), reason: "no".into() };
    given.when(&asked_by("ada"), decline.clone()).then([declined.clone().into()]);
    given.when(&asked_by("dan"), decline.clone()).then([declined.clone().into()]);
    given.happen([declined.into()]);
    let settled = || Refusal::Settled { object: Object::Request(request("new")) };
    given.when(&asked_by("dan"), approve()).refused(settled());
    given.when(&asked_by("dan"), decline).refused(settled());
}

fn glass(role: Role) -> BreakGlass {
    BreakGlass { grant: grant("glass"), role, scope: Scope::Site, seconds: 600, reason: "down".into() }
}

fn glass_granted(name: &str) -> Fact {
    let terms = Terms { expires: Some(time(4_200)), reason: Some("down".into()), ..Terms::default() };
    let plain = RoleGranted::new(grant("glass"), "owner", Scope::Site, subject(name));
    RoleGranted { ground: Some(Ground::BreakGlass {}), terms, ..plain }.into()
}

#[test]
fn breaking_glass_needs_no_approval_and_ends_by_itself() {
    let given = given([with_roles("bob", &[Responder]), organized()].concat());
    given.when(&asked_by("bob"), glass(Owner)).then([glass_granted("bob")]);
    given
        .when(&asked_by("bob"), glass(Auditor))
        .refused(Refusal::NotForEmergencies { role: "auditor".into() });
    let long = BreakGlass { seconds: 3_601, ..glass(Owner) };
    given.when(&asked_by("bob"), long).refused(Refusal::TooLong { seconds_max: 3_600 });
}

#[test]
fn a_broken_glass_is_reviewed_once_by_somebody_else() {
    let mut given = given([with_roles("bob", &[Responder]), with_roles("ada", &[Auditor])].concat());
    given.happen([glass_granted("bob")]);
    let review = ReviewBreakGlass { grant: grant("glass"), finding: "it was down".into(), justified: true };
    let object = Object::Grant(grant("glass"));
    given.when(&asked_by("bob"), review.clone()).refused(Refusal::OwnMatter { object });
    let reviewed =
        BreakGlassReviewed { finding: "it was down".into(), grant: grant("glass"), justified: true };
    given.when(&asked_by("ada"), review.clone()).then([reviewed.clone().into()]);
    given.happen([reviewed.into()]);
    given.when(&asked_by("ada"), review).refused(Refusal::Settled { object });
    let other = ReviewBreakGlass { grant: grant("bob responder"), finding: "x".into(), justified: true };
    given.when(&asked_by("ada"), other).refused(Refusal::UnknownGrant { grant: grant("bob responder") });
}
