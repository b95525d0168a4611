//! Groups of tenants: who is in them, and who changes that.

use crate::given::{asked_by, granted};
use crate::names::{duty, group};
use crate::people::{grant, subject};
use crate::provisioning::{corp, holds, managed, not_its_own, revoked, suspended, taken, world};
use crate::spending::{in_force, key};
use crate::tenants::{delete, delete_group, group_written, grouped_by, put, put_group};
use commands::identity::{AddMember, RemoveGroup, RemoveMember, RemoveSubject, SuspendSubject};
use commands::provisioning::{GroupNames, MEMBERS_MAX, PutGroup};
use ledger::event::access::{DutiesSeparated, RoleGranted};
use ledger::event::identity::{
    GroupCreated, GroupRemoved, GroupRenamed, MemberAdded, MemberRemoved, SubjectRemoved,
};
use ledger::event::keys::KeyRevoked;
use ledger::event::policy::{AccessPolicy, Body};
use ledger::event::provisioning::{GroupDeleted, SubjectDeleted};
use ledger::event::scope::Scope;
use ledger::event::{Fact, Grantee, Object, Refusal, Subject};
use projections::access::Role;

fn left(name: &str) -> Fact {
    MemberRemoved { group: group("team"), subject: subject(name) }.into()
}

fn joined(name: &str) -> Fact {
    MemberAdded { group: group("team"), subject: subject(name) }.into()
}

fn team() -> Object {
    Object::Group(group("team"))
}

fn renamed(name: &str) -> PutGroup {
    let names = GroupNames { external: Some("id of team".into()), name: name.into() };
    PutGroup { names: Some(names), ..put_group("team", &[]) }
}

fn members(come: &[&str], go: &[&str]) -> PutGroup {
    let go = go.iter().map(|name| subject(name)).collect();
    PutGroup { names: None, go, ..put_group("team", come) }
}

#[test]
fn a_tenant_makes_names_fills_and_ends_its_groups() {
    let mut given = world();
    given.happen_by("svc-corp", [joined("dan")]);
    given.happen([
        GroupCreated { group: group("local"), handle: "corp/held".into(), scope: Scope::Site }.into()
    ]);
    let handle = |name: &str| -> Box<str> { format!("corp/{name}").into() };
    let new_name: Fact = GroupRenamed { group: group("team"), handle: handle("crew") }.into();
    let held = Err(Refusal::NameTaken { handle: handle("held"), scope: Scope::Site });
    let gone = GroupDeleted { group: group("team"), occurred: None, tenant: "corp".into() };
    let ended = vec![gone.into(), GroupRemoved { group: group("team") }.into()];
    let local = Object::Group(group("local"));
    let second = PutGroup { names: renamed("TEAM").names, ..put_group("second", &[]) };
    let mut new = grouped_by("corp", "second");
    new.push(MemberAdded { group: group("second"), subject: subject("bob") }.into());
    let none = PutGroup { group: group("none"), ..members(&["bob"], &[]) };
    holds(
        &given,
        vec![
            ("a group", corp(), put_group("second", &["bob"]).into(), Ok(new)),
            ("the same again", corp(), put_group("team", &[]).into(), Ok(vec![])),
            (
                "another name",
                corp(),
                renamed("crew").into(),
                Ok(vec![new_name, group_written("corp", "team", "crew")]),
            ),
            ("a name that is held here", corp(), renamed("held").into(), held),
            ("a name or id of its own", corp(), second.into(), Err(taken(team()))),
            (
                "some come and go",
                corp(),
                members(&["bob", "svc-app"], &["dan"]).into(),
                Ok({
                    let mut come = [subject("bob"), subject("svc-app")];
                    come.sort_unstable();
                    let come = come.map(|subject| Fact::from(MemberAdded { group: group("team"), subject }));
                    [vec![left("dan")], come.to_vec()].concat()
                }),
            ),
            (
                "each once",
                corp(),
                members(&["bob", "bob"], &["dan", "dan"]).into(),
                Ok(vec![left("dan"), joined("bob")]),
            ),
            ("who is in, who is not", corp(), members(&["dan"], &["bob"]).into(), Ok(vec![])),
            ("no name", corp(), none.into(), Err(not_its_own(Object::Group(group("none"))))),
            (
                "a group from here",
                corp(),
                PutGroup { group: group("local"), ..renamed("x") }.into(),
                Err(not_its_own(local)),
            ),
            ("the end", corp(), delete_group("team").into(), Ok(ended.clone())),
        ],
    );
    given.happen_by("svc-corp", ended);
    let anew = PutGroup { group: group("second"), ..renamed("team") };
    assert!(given.when(&corp(), anew).facts().is_ok(), "its name is free");
    given.when(&corp(), put_group("team", &[])).refused(not_its_own(team()));
}

#[test]
fn who_comes_into_a_tenants_group_is_its_own_and_may() {
    let own = |role: &str| -> Fact {
        RoleGranted::new(grant("team's"), role, Scope::Site, Grantee::Group(group("team"))).into()
    };
    let apart =
        DutiesSeparated { duty: duty("one"), one: "access.grant".into(), other: "custody.export".into() };
    let policy = AccessPolicy { approved_roles: vec!["auditor".into()], ..AccessPolicy::default() };
    let approved = in_force("careful", Body::Access(policy));
    let bob = || members(&["bob"], &[]);
    let is_in: Vec<Fact> = (0..256)
        .map(|number| {
            MemberAdded { group: group(&format!("group {number}")), subject: subject("bob") }.into()
        })
        .collect();
    let after = |facts: Vec<Fact>| {
        let mut given = world();
        given.happen(facts);
        given
    };
    after(vec![own("owner")]).when(&corp(), bob()).then([joined("bob")]);
    after([vec![own("auditor")], approved].concat())
        .when(&corp(), bob())
        .refused(Refusal::ApprovalNeeded { role: "auditor".into() });
    after(vec![own("auditor"), granted("bob", Role::UserAdmin), apart.into()])
        .when(&corp(), bob())
        .refused(Refusal::DutiesConflict { duty: duty("one") });
    after(is_in).when(&corp(), bob()).refused(Refusal::TooMany { count_max: 256 });
    let world = world();
    for name in ["eve", "zoe", "ada", "svc-corp", "nobody"] {
        world.when(&corp(), members(&["bob", name], &[])).refused(not_its_own(subject(name)));
    }
    let many = |come: usize, go: usize| {
        let some =
            |count, whose| (0..count).map(|n| subject(&format!("{whose} {n}"))).collect::<Vec<Subject>>();
        PutGroup { come: some(come, "one"), go: some(go, "other"), ..members(&[], &[]) }
    };
    let too_many = Refusal::TooMany { count_max: 1_000 };
    world.when(&corp(), many(1, MEMBERS_MAX)).refused(too_many.clone());
    world.when(&corp(), many(MEMBERS_MAX + 1, 0)).refused(too_many);
    world.when(&corp(), many(0, MEMBERS_MAX)).then([]);
}

#[test]
fn who_is_deleted_leaves_the_tenants_groups_and_no_others() {
    let mut given = world();
    let local = GroupCreated { group: group("local"), handle: "local".into(), scope: Scope::Site };
    let in_local = MemberAdded { group: group("local"), subject: subject("dan") };
    given.happen_by("svc-corp", [joined("dan")]);
    given.happen([local.into(), in_local.into()]);
    let gone = SubjectDeleted { occurred: None, subject: subject("dan"), tenant: "corp".into() };
    let removed = SubjectRemoved { reason: "provisioning".into(), subject: subject("dan") };
    given.when(&corp(), delete("dan")).then([left("dan"), gone.into(), removed.into()]);
}

#[test]
fn what_a_tenant_has_is_not_changed_here_but_suspended_and_removed() {
    let mut given = world();
    given.happen_by("svc-corp", [joined("bob")]);
    let (group, bob) = (group("team"), subject("bob"));
    let ends =
        |ended: Fact| Ok(vec![ended, revoked("bob"), KeyRevoked { key: key("laptop"), reason: None }.into()]);
    let gone = SubjectRemoved { reason: "x".into(), subject: bob };
    holds(
        &given,
        vec![
            (
                "a member",
                asked_by("ada"),
                AddMember { group, subject: subject("zoe") }.into(),
                Err(managed(team())),
            ),
            ("no member", asked_by("ada"), RemoveMember { group, subject: bob }.into(), Err(managed(team()))),
            ("no group", asked_by("ada"), RemoveGroup { group }.into(), Err(managed(team()))),
            (
                "suspended",
                asked_by("adm"),
                SuspendSubject { subject: bob, reason: "x".into() }.into(),
                ends(suspended("bob")),
            ),
            (
                "removed",
                asked_by("adm"),
                RemoveSubject { subject: bob, reason: "x".into() }.into(),
                ends(gone.clone().into()),
            ),
        ],
    );
    given.happen_by("adm", [gone.into()]);
    given.when(&corp(), put("bob")).refused(not_its_own(bob));
    given.when(&corp(), delete("bob")).refused(not_its_own(bob));
    given.when(&corp(), members(&["bob"], &[])).then([]);
}
