//! Groups, and what their members get.

use crate::given::{Given, asked_by, given, known, organized, with_roles};
use crate::names::{group, organization};
use crate::people::{grant, subject, time};
use crate::spending::in_force;
use commands::identity::{AddMember, CreateGroup, RemoveGroup, RemoveMember};
use ledger::event::access::{RoleGranted, RoleRevoked, Terms};
use ledger::event::identity::{GroupCreated, GroupRemoved, MemberAdded, MemberRemoved};
use ledger::event::policy::{AccessPolicy, Body};
use ledger::event::scope::Scope;
use ledger::event::{Fact, Grantee, Object, Refusal};
use projections::access::Permission;
use projections::access::Role::{Owner, UserAdmin};

fn team() -> Fact {
    GroupCreated { group: group("team"), handle: "team".into(), scope: Scope::Site }.into()
}

fn team_holds(role: &str) -> Fact {
    RoleGranted::new(grant("team's"), role, Scope::Site, Grantee::Group(group("team"))).into()
}

fn world() -> Given {
    let mut facts =
        [with_roles("ada", &[Owner]), with_roles("adm", &[UserAdmin]), known("bob"), organized()].concat();
    facts.push(team());
    given(facts)
}

fn add(name: &str) -> AddMember {
    AddMember { group: group("team"), subject: subject(name) }
}

fn joined(name: &str) -> Fact {
    MemberAdded { group: group("team"), subject: subject(name) }.into()
}

#[test]
fn a_group_of_an_organization_is_made_by_who_may_there() {
    let scope = Scope::Organization(organization("acme"));
    let create = || CreateGroup { group: group("new"), handle: "team".into(), scope };
    let mut given = world();
    let made = GroupCreated { group: group("new"), handle: "team".into(), scope };
    given.when(&asked_by("ada"), create()).then([made.into()]);
    let permission: Box<str> = Permission::IdentityGroups.as_str().into();
    given
        .when(&asked_by("bob"), create())
        .refused(Refusal::NotPermitted { permission: permission.clone(), scope });
    given.happen([RoleGranted::new(grant("bob's"), "user_admin", scope, subject("bob")).into()]);
    assert!(given.when(&asked_by("bob"), create()).facts().is_ok());
    let site = CreateGroup { scope: Scope::Site, ..create() };
    given.when(&asked_by("bob"), site).refused(Refusal::NotPermitted { permission, scope: Scope::Site });
}

#[test]
fn joining_gives_what_the_group_has_and_leaving_takes_it() {
    let mut given = world();
    given.happen([team_holds("user_admin")]);
    let may = |given: &Given| {
        given.state.may(subject("bob"), Permission::IdentityCreate, Scope::Site.into(), time(3_600))
    };
    given.when(&asked_by("adm"), add("bob")).then([joined("bob")]);
    given.happen([joined("bob")]);
    assert!(may(&given));
    given.when(&asked_by("adm"), add("bob")).then([]);
    let leave = RemoveMember { group: group("team"), subject: subject("bob") };
    let left = MemberRemoved { group: group("team"), subject: subject("bob") };
    given.when(&asked_by("adm"), leave.clone()).then([left.clone().into()]);
    given.happen([left.into()]);
    assert!(!may(&given));
    given.when(&asked_by("adm"), leave).then([]);
}

/// From now on a second person approves the role of an auditor.
fn careful() -> Vec<Fact> {
    let approved_roles = vec!["auditor".into()];
    in_force("careful", Body::Access(AccessPolicy { approved_roles, ..AccessPolicy::default() }))
}

#[test]
fn a_group_with_a_role_that_needs_approval_takes_no_new_member() {
    let mut given = world();
    given.happen([joined("adm"), team_holds("auditor")]);
    given.when(&asked_by("ada"), add("bob")).then([joined("bob")]);
    given.happen(careful());
    let refusal = || Refusal::ApprovalNeeded { role: "auditor".into() };
    given.when(&asked_by("ada"), add("bob")).refused(refusal());
    given.when(&asked_by("ada"), add("adm")).then([]);
    given.happen([RoleRevoked::new(grant("team's")).into()]);
    given.when(&asked_by("ada"), add("bob")).then([joined("bob")]);
}

#[test]
fn a_role_that_needs_approval_and_has_expired_keeps_nobody_out() {
    for (expires, is_over) in [(3_600, true), (3_601, false)] {
        let mut given = world();
        let terms = Terms { expires: Some(time(expires)), ..Terms::default() };
        let team = Grantee::Group(group("team"));
        let granted = RoleGranted::new(grant("team's"), "auditor", Scope::Site, team);
        given.happen([RoleGranted { terms, ..granted }.into()]);
        given.happen(careful());
        let decided = given.when(&asked_by("ada"), add("bob"));
        if is_over {
            decided.then([joined("bob")]);
        } else {
            decided.refused(Refusal::ApprovalNeeded { role: "auditor".into() });
        }
    }
}

#[test]
fn nobody_puts_anybody_into_a_group_that_has_more_than_they() {
    let mut given = world();
    given.happen([team_holds("owner")]);
    let permission = Permission::AccessDefine.as_str().into();
    let exceeds = Refusal::ExceedsOwnRights { permission, scope: Scope::Site };
    given.when(&asked_by("adm"), add("adm")).refused(exceeds);
    given.when(&asked_by("ada"), add("bob")).then([joined("bob")]);
}

#[test]
fn a_removed_group_gives_nothing_and_its_name_is_free() {
    let mut given = world();
    given.happen([team_holds("user_admin"), joined("bob")]);
    given
        .when(&asked_by("ada"), RemoveGroup { group: group("team") })
        .then([GroupRemoved { group: group("team") }.into()]);
    given.happen([GroupRemoved { group: group("team") }.into()]);
    assert!(!given.state.may(subject("bob"), Permission::IdentityCreate, Scope::Site.into(), time(3_600)));
    assert!(given.state.groups.members(group("team"), None).next().is_none());
    given.when(&asked_by("ada"), RemoveGroup { group: group("team") }).then([]);
    let object = Object::Group(group("team"));
    given.when(&asked_by("ada"), add("bob")).refused(Refusal::UnknownObject { object });
    let again = CreateGroup { group: group("other"), handle: "team".into(), scope: Scope::Site };
    assert!(given.when(&asked_by("ada"), again).facts().is_ok());
}
