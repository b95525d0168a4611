//! Roles that are defined here, duties that are kept apart, mappings.

use crate::given::{
    Asking, Given, asked, asked_by, given, grant_role, granted, known, organized, with_roles,
};
use crate::names::{custom, duty, group, mapping, project};
use crate::people::{grant, subject, time};
use commands::access::{
    ChangeRole, DefineRole, EndMapped, FollowMappings, GrantRole, JoinDuties, MapGroup, RetireRole,
    SeparateDuties, UnmapGroup,
};
use commands::identity::AddMember;
use commands::reactor::plan;
use ledger::event::access::{
    DutiesJoined, DutiesSeparated, Ground, GroupMapped, GroupUnmapped, RoleDefined, RoleGranted, RoleRetired,
    RoleRevoked,
};
use ledger::event::identity::GroupCreated;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Grantee, Refusal};
use projections::access::Role::{self, Auditor, Custom, Owner, UserAdmin, Viewer};
use projections::access::{Permission, Permissions};

fn world() -> Given {
    given([with_roles("ada", &[Owner]), with_roles("adm", &[UserAdmin]), known("bob"), organized()].concat())
}

fn defined(permissions: &[&str]) -> Fact {
    let permissions = permissions.iter().map(|name| (*name).into()).collect();
    RoleDefined { handle: "on-call".into(), permissions, role: custom("on-call") }.into()
}

fn may(given: &Given, permission: Permission) -> bool {
    given.state.may(subject("bob"), permission, Scope::Site.into(), time(3_600))
}

#[test]
fn a_role_of_our_own_permits_what_it_says_and_what_it_says_later() {
    let mut given = world();
    let permissions = Permissions::of(&[Permission::RunsRead, Permission::AccessBreakGlass]);
    let define = DefineRole { role: custom("on-call"), handle: "on-call".into(), permissions };
    given.when(&asked_by("ada"), define).then([defined(&["access.break_glass", "runs.read"])]);
    given.happen([defined(&["access.break_glass", "runs.read"])]);
    let order = GrantRole {
        scope: Scope::Site,
        ..grant_role(grant("bob's"), subject("bob"), Custom(custom("on-call")))
    };
    let facts = given.when(&asked_by("ada"), order.clone()).facts().expect("it can be granted");
    given.happen(facts);
    assert!(may(&given, Permission::RunsRead));
    let change =
        ChangeRole { role: custom("on-call"), permissions: Permissions::of(&[Permission::KeysRead]) };
    given.when(&asked_by("ada"), change.clone()).then([defined(&["keys.read"])]);
    given.happen([defined(&["keys.read"])]);
    assert!(may(&given, Permission::KeysRead) && !may(&given, Permission::RunsRead));
    given.when(&asked_by("ada"), change).then([]);
    given
        .when(&asked_by("ada"), RetireRole { role: custom("on-call") })
        .then([RoleRetired { role: custom("on-call") }.into()]);
    given.happen([RoleRetired { role: custom("on-call") }.into()]);
    assert!(!may(&given, Permission::KeysRead));
    given.when(&asked_by("ada"), RetireRole { role: custom("on-call") }).then([]);
    let gone = Refusal::UnknownRole { role: Custom(custom("on-call")).to_string().into() };
    given.when(&asked_by("ada"), order).refused(gone);
}

#[test]
fn a_role_permits_no_more_than_who_defines_it_and_takes_no_built_in_name() {
    let mut given = world();
    given.happen([RoleGranted::new(
        grant("def"),
        &Custom(custom("definer")).to_string(),
        Scope::Site,
        subject("bob"),
    )
    .into()]);
    given.happen([RoleDefined {
        handle: "definer".into(),
        permissions: vec!["access.define".into()],
        role: custom("definer"),
    }
    .into()]);
    let define = |permissions| DefineRole { role: custom("new"), handle: "new".into(), permissions };
    let beyond = Permissions::of(&[Permission::CustodyErase]);
    let (permission, scope) = (Permission::CustodyErase.as_str().into(), Scope::Site);
    given.when(&asked_by("bob"), define(beyond)).refused(Refusal::ExceedsOwnRights { permission, scope });
    assert!(
        given.when(&asked_by("bob"), define(Permissions::of(&[Permission::AccessDefine]))).facts().is_ok()
    );
    let named = DefineRole { handle: "owner".into(), ..define(beyond) };
    given.when(&asked_by("ada"), named).refused(Refusal::NameTaken { handle: "owner".into(), scope });
}

fn apart(one: Permission, other: Permission) -> Fact {
    DutiesSeparated { duty: duty("apart"), one: one.as_str().into(), other: other.as_str().into() }.into()
}

#[test]
fn duties_that_are_apart_meet_in_no_subject_by_whatever_path() {
    let conflict = || Refusal::DutiesConflict { duty: duty("apart") };
    let mut given = world();
    let (one, other) = (Permission::AccessGrant, Permission::AccessReview);
    let separate = SeparateDuties { duty: duty("apart"), one, other };
    given.when(&asked_by("ada"), separate.clone()).then([apart(one, other)]);
    given.happen([apart(one, other), granted("bob", Auditor)]);
    given.when(&asked_by("ada"), separate).then([]);
    // By a grant, at whatever scope inside.
    let own = grant_role(grant("new"), subject("bob"), UserAdmin);
    given.when(&asked_by("ada"), own).refused(conflict());
    let inside = grant_role(grant("new"), subject("bob"), Role::Admin);
    given.when(&asked_by("ada"), inside).refused(conflict());
    // By a group.
    given.happen([GroupCreated { group: group("team"), handle: "team".into(), scope: Scope::Site }.into()]);
    let team = RoleGranted::new(grant("team's"), "user_admin", Scope::Site, Grantee::Group(group("team")));
    given.happen([team.into()]);
    let add = |name: &str| AddMember { group: group("team"), subject: subject(name) };
    given.when(&asked_by("ada"), add("bob")).refused(conflict());
    let facts = given.when(&asked_by("ada"), add("adm")).facts().expect("adm reviews nothing");
    given.happen(facts);
    let to_team = grant_role(grant("new"), Grantee::Group(group("team")), Auditor);
    given.when(&asked_by("ada"), to_team).refused(conflict());
    // By a role.
    let both = Permissions::of(&[one, other]);
    let define = DefineRole { role: custom("new"), handle: "new".into(), permissions: both };
    given.when(&asked_by("ada"), define).refused(conflict());
    given.happen([defined(&["runs.read"])]);
    let change = ChangeRole { role: custom("on-call"), permissions: Permissions::of(&[one]) };
    given.when(&asked_by("ada"), change).refused(conflict());
    // Owners hold everything.
    assert!(given.when(&asked_by("ada"), grant_role(grant("new"), subject("bob"), Owner)).facts().is_ok());
    given
        .when(&asked_by("ada"), JoinDuties { duty: duty("apart") })
        .then([DutiesJoined { duty: duty("apart") }.into()]);
    given.happen([DutiesJoined { duty: duty("apart") }.into()]);
    given.when(&asked_by("ada"), JoinDuties { duty: duty("apart") }).then([]);
    assert!(
        given.when(&asked_by("ada"), grant_role(grant("new"), subject("bob"), UserAdmin)).facts().is_ok()
    );
}

fn mapped() -> Fact {
    let scope = Scope::Project(project("deed"));
    let (external, provider) = ("engineers".into(), "corp".into());
    GroupMapped { external, mapping: mapping("m"), provider, role: "viewer".into(), scope }.into()
}

fn follow(groups: &[&str]) -> FollowMappings {
    let groups = groups.iter().map(|group| (*group).into()).collect();
    FollowMappings {
        grantee: subject("bob").into(),
        provider: "corp".into(),
        groups,
        grants: vec![grant("mapped")],
    }
}

#[test]
fn a_mapping_gives_its_role_and_takes_it_back() {
    let mut given = world();
    let map = MapGroup {
        mapping: mapping("m"),
        provider: "corp".into(),
        external: "engineers".into(),
        role: Viewer,
        scope: Scope::Project(project("deed")),
    };
    given.when(&asked_by("ada"), map.clone()).then([mapped()]);
    given.happen([mapped()]);
    given.when(&asked_by("ada"), map).then([]);
    let system: Asking = asked(Actor::System);
    let ground = Some(Ground::Mapping(mapping("m")));
    let plain = RoleGranted::new(grant("mapped"), "viewer", Scope::Project(project("deed")), subject("bob"));
    let by_mapping: Fact = RoleGranted { ground, ..plain }.into();
    given.when(&system, follow(&["sales"])).then([]);
    given.when(&system, follow(&["sales", "engineers"])).then([by_mapping.clone()]);
    given.when(&asked_by("ada"), follow(&["engineers"])).refused(Refusal::NotAuthenticated {});
    given.happen([by_mapping]);
    given.when(&system, follow(&["engineers"])).then([]);
    let back: Fact = RoleRevoked { grant: grant("mapped"), ground, reason: None }.into();
    given.when(&system, follow(&["sales"])).then([back.clone()]);
    let other = FollowMappings { provider: "other".into(), ..follow(&[]) };
    given.when(&system, other).then([]);
    given
        .when(&asked_by("ada"), UnmapGroup { mapping: mapping("m") })
        .then([GroupUnmapped { mapping: mapping("m") }.into()]);
    given.happen([GroupUnmapped { mapping: mapping("m") }.into()]);
    given.when(&system, follow(&["engineers"])).then([back.clone()]);
    // Nobody has to sign in for that.
    let planned = plan(&given.state, time(3_600));
    assert_eq!(planned.len(), 1);
    for command in planned {
        given.when(&system, command).then([back.clone()]);
    }
    given.happen([back]);
    assert!(plan(&given.state, time(3_600)).is_empty());
    given.when(&system, EndMapped { grant: grant("mapped") }).then([]);
}
