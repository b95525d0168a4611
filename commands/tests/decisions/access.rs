//! Granting, revoking and looking.

use crate::given::{SITE_ROLES, asked, asked_by, given, grant_name, grant_role, granted, known, with_roles};
use crate::people::{grant, subject};
use commands::access::{GrantRole, Look, RevokeRole};
use ledger::event::access::{RoleGranted, RoleRevoked};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Refusal, Via};
use projections::access::Permission;
use projections::access::Role::{self, Auditor, Member, Owner, UserAdmin};

fn grant_to(name: &str, role: Role) -> GrantRole {
    grant_role(grant(&grant_name(name, role)), subject(name), role)
}

fn revoke(name: &str, role: Role) -> RevokeRole {
    RevokeRole { grant: grant(&grant_name(name, role)), reason: None }
}

#[test]
fn an_owner_grants_every_role_to_a_person_and_to_a_service_account() {
    for name in ["bob", "svc-ci"] {
        for role in SITE_ROLES {
            given([with_roles("ada", &[Owner]), known(name)].concat())
                .when(&asked_by("ada"), grant_to(name, role))
                .then([granted(name, role)]);
        }
    }
}

#[test]
fn granting_what_is_held_changes_nothing_whatever_the_grant_is_called() {
    let given = given([with_roles("ada", &[Owner]), with_roles("bob", &[Auditor])].concat());
    given.when(&asked_by("ada"), grant_to("bob", Auditor)).then([]);
    let other_name = GrantRole { grant: grant("fresh"), ..grant_to("bob", Auditor) };
    given.when(&asked_by("ada"), other_name).then([]);
}

#[test]
fn a_user_admin_grants_no_more_than_it_has() {
    let given = given([with_roles("ada", &[UserAdmin]), known("bob")].concat());
    given.when(&asked_by("ada"), grant_to("bob", Member)).then([granted("bob", Member)]);
    given.when(&asked_by("ada"), grant_to("bob", UserAdmin)).then([granted("bob", UserAdmin)]);
    for (role, beyond) in [(Owner, Permission::AccessDefine), (Auditor, Permission::AccessReview)] {
        let (permission, scope) = (beyond.as_str().into(), Scope::Site);
        let refusal = Refusal::ExceedsOwnRights { permission, scope };
        given.when(&asked_by("ada"), grant_to("bob", role)).refused(refusal);
    }
}

#[test]
fn granting_to_nobody_is_refused() {
    given(with_roles("ada", &[Owner]))
        .when(&asked_by("ada"), grant_to("bob", Member))
        .refused(Refusal::UnknownSubject { subject: subject("bob") });
}

#[test]
fn revoking_takes_a_grant_back_and_once_is_enough() {
    let mut given = given([with_roles("ada", &[Owner]), with_roles("bob", &[Auditor])].concat());
    let revoked = RoleRevoked::new(grant("bob auditor")).into();
    given.when(&asked_by("ada"), revoke("bob", Auditor)).then([revoked]);
    given.happen([RoleRevoked::new(grant("bob auditor")).into()]);
    given.when(&asked_by("ada"), revoke("bob", Auditor)).then([]);
}

#[test]
fn a_user_admin_does_not_revoke_what_is_beyond_it() {
    let permission = Permission::AccessReview.as_str().into();
    given([with_roles("ada", &[UserAdmin]), with_roles("bob", &[Auditor])].concat())
        .when(&asked_by("ada"), revoke("bob", Auditor))
        .refused(Refusal::ExceedsOwnRights { permission, scope: Scope::Site });
}

#[test]
fn the_last_owner_stays_and_one_of_two_may_go() {
    let mut given = given([with_roles("ada", &[Owner]), known("bob")].concat());
    let last = Refusal::LastOwner { grant: grant("ada owner") };
    given.when(&asked_by("ada"), revoke("ada", Owner)).refused(last);
    given.happen([granted("bob", Owner)]);
    given.when(&asked_by("ada"), revoke("ada", Owner)).then([RoleRevoked::new(grant("ada owner")).into()]);
}

#[test]
fn a_grant_of_an_unknown_role_permits_nothing_and_can_be_revoked() {
    let (grant, subject) = (grant("strange"), subject("bob"));
    let strange = RoleGranted::new(grant, "astronaut", Scope::Site, subject).into();
    let given = given([with_roles("ada", &[UserAdmin]), known("bob"), vec![strange]].concat());
    assert_eq!(given.state.holders.held(subject), []);
    given.when(&asked_by("ada"), RevokeRole { grant, reason: None }).then([RoleRevoked::new(grant).into()]);
}

#[test]
fn revoking_what_was_never_granted_is_refused() {
    given(with_roles("ada", &[Owner]))
        .when(&asked_by("ada"), RevokeRole { grant: grant("none"), reason: None })
        .refused(Refusal::UnknownGrant { grant: grant("none") });
}

#[test]
fn looking_leaves_no_event() {
    let given = given([with_roles("ada", &[Auditor]), known("bob")].concat());
    given.when(&asked_by("ada"), Look { permission: Some((Permission::CustodyRead, Scope::Site)) }).then([]);
    given.when(&asked_by("bob"), Look { permission: None }).then([]);
    let permission = Permission::AccessRead;
    let refusal = Refusal::NotPermitted { permission: permission.as_str().into(), scope: Scope::Site };
    given.when(&asked_by("bob"), Look { permission: Some((permission, Scope::Site)) }).refused(refusal);
    let nobody = asked(Actor::Anonymous(Via::Nothing));
    given.when(&nobody, Look { permission: None }).refused(Refusal::NotAuthenticated {});
}
