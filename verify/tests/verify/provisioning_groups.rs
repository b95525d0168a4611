//! Groups of tenants, and those that only look so, signed with the real key.

use crate::programs::refused;
use crate::provisioning::{corp, other, says, there, without_corp};
use crate::sessions::{WRONG, person};
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::{OrganizationCreated, RoleGranted};
use ledger::event::id::{GrantId, GroupId, OrganizationId, PolicyId};
use ledger::event::identity::*;
use ledger::event::policy::{AccessPolicy, Body, PolicyAdopted, PolicyProposed};
use ledger::event::provisioning::{GroupDeleted, GroupWritten};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Grantee, Object, Refusal, Subject};

fn group(number: u8) -> GroupId {
    GroupId::from_bytes([number; 16])
}

fn made(number: u8, handle: &str) -> GroupCreated {
    GroupCreated { group: group(number), handle: handle.into(), scope: Scope::Site }
}

fn written(number: u8, name: &str) -> GroupWritten {
    let external = Some("one".into()).filter(|_| number == 1);
    GroupWritten { external, group: group(number), name: name.into(), occurred: None, tenant: "corp".into() }
}

fn renamed(number: u8, handle: &str) -> GroupRenamed {
    GroupRenamed { group: group(number), handle: handle.into() }
}

fn deleted(number: u8) -> GroupDeleted {
    GroupDeleted { group: group(number), occurred: None, tenant: "corp".into() }
}

fn removed(number: u8) -> GroupRemoved {
    GroupRemoved { group: group(number) }
}

fn joined(number: u8, who: u8) -> MemberAdded {
    MemberAdded { group: group(number), subject: Subject::Person(person(who)) }
}

fn left(number: u8, who: u8) -> MemberRemoved {
    MemberRemoved { group: group(number), subject: Subject::Person(person(who)) }
}

/// Corp has group 1, `team`, with person 3 in it; group 2 is from here.
fn grouped(cast: &Cast) -> Vec<(Actor, Fact)> {
    let facts: [Fact; 3] = [made(1, "corp/team").into(), written(1, "team").into(), joined(1, 3).into()];
    let mut events = there(cast);
    events.extend(facts.map(|fact| (corp(), fact)));
    then(&events, cast.as_owner(), made(2, "local"))
}

fn names(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = grouped(cast);
    let id = OrganizationId::from_bytes([0x41; 16]);
    let acme = then(&there, owner, OrganizationCreated { handle: "acme".into(), organization: id });
    let of_acme = GroupCreated { scope: Scope::Organization(id), ..made(3, "corp/crew") };
    let crew = then(&there, corp(), made(3, "corp/crew"));
    let here = then(&there, owner, made(3, "corp/crew"));
    let late = then(&crew, owner, made(4, "late"));
    let capitals = then(&there, corp(), made(3, "corp/TEAM"));
    let called = then(&there, corp(), renamed(1, "corp/all"));
    let gone = [(corp(), deleted(1).into()), (corp(), removed(1).into())];
    let gone = [there.clone(), gone.to_vec()].concat();
    let with_id = GroupWritten { external: Some("one".into()), ..written(3, "crew") };
    let of_other = GroupWritten { tenant: "other".into(), ..written(3, "crew") };
    let stolen = then(&there, owner, CredentialRevoked { credential: crate::programs::shown(1) });
    vec![
        ("a group", crew.clone(), None),
        ("a group as if from here", then(&there, corp(), made(3, "crew")), DENIED),
        ("a group as if another's", then(&there, corp(), made(3, "other/crew")), DENIED),
        ("a group of an organization", then(&acme, corp(), of_acme), DENIED),
        ("a group twice", then(&there, corp(), made(3, "corp/team")), DENIED),
        ("a group, with a credential that is over", then(&stolen, corp(), made(3, "corp/crew")), DENIED),
        ("its word", then(&crew, corp(), written(3, "crew")), None),
        ("its word, later", then(&late, corp(), written(3, "crew")), DENIED),
        ("another name than here", then(&crew, corp(), written(3, "gang")), DENIED),
        ("its word on one from here", then(&here, corp(), written(3, "crew")), DENIED),
        ("another's word", then(&crew, other(), of_other.clone()), DENIED),
        ("a word for another", then(&crew, corp(), of_other), DENIED),
        ("a name but for capitals", then(&capitals, corp(), written(3, "TEAM")), DENIED),
        ("an id of another", then(&crew, corp(), with_id), DENIED),
        ("another name", called.clone(), None),
        ("its word on that", then(&called, corp(), written(1, "all")), None),
        ("a word on the old name", then(&called, corp(), written(1, "team")), DENIED),
        ("another name, as if from here", then(&there, corp(), renamed(1, "all")), DENIED),
        ("another name, which is held", then(&crew, corp(), renamed(1, "corp/crew")), DENIED),
        ("another name, here", then(&there, owner, renamed(1, "corp/all")), DENIED),
        ("another name for one from here", then(&there, corp(), renamed(2, "corp/all")), DENIED),
        ("another name by another", then(&there, other(), renamed(1, "other/all")), DENIED),
        ("another name, too late", then(&gone, corp(), renamed(1, "corp/all")), DENIED),
        (
            "another name, with a credential that is over",
            then(&stolen, corp(), renamed(1, "corp/all")),
            DENIED,
        ),
        ("a word too late", then(&gone, corp(), written(1, "team")), DENIED),
    ]
}

fn members(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = grouped(cast);
    let one = then(&there, corp(), says("corp", Subject::Person(person(1)), true));
    let grant = |role| {
        let team = Grantee::Group(group(1));
        RoleGranted::new(GrantId::from_bytes([0x98; 16]), role, Scope::Site, team)
    };
    let auditors = then(&one, owner, grant("auditor"));
    let policy = PolicyId::from_bytes([0x63; 16]);
    let body =
        Body::Access(AccessPolicy { approved_roles: vec!["auditor".into()], ..AccessPolicy::default() });
    let careful = then(&auditors, owner, PolicyProposed { body, policy });
    let careful = then(&careful, owner, PolicyAdopted { policy });
    let stolen = then(&one, owner, CredentialRevoked { credential: crate::programs::shown(1) });
    let said = then(&there, corp(), deleted(1));
    let left_out = without_corp(cast, &there);
    vec![
        ("its own", then(&one, corp(), joined(1, 1)), None),
        ("its own, into what it does not have itself", then(&auditors, corp(), joined(1, 1)), None),
        ("what a second person approves", then(&careful, corp(), joined(1, 1)), DENIED),
        ("its own twice", then(&there, corp(), joined(1, 3)), DENIED),
        ("another's", then(&there, corp(), joined(1, 4)), DENIED),
        ("who was here", then(&there, corp(), joined(1, 1)), DENIED),
        ("into one from here", then(&there, corp(), joined(2, 3)), DENIED),
        ("by another", then(&there, other(), joined(1, 4)), DENIED),
        ("here", then(&there, owner, joined(1, 1)), DENIED),
        ("with a credential that is over", then(&stolen, corp(), joined(1, 1)), DENIED),
        ("here, without the tenant", then(&left_out, owner, joined(1, 1)), None),
        ("into one that it no longer has", then(&said, corp(), joined(1, 1)), DENIED),
        ("out", then(&there, corp(), left(1, 3)), None),
        ("out, who is not in", then(&there, corp(), left(1, 4)), DENIED),
        ("out, here", then(&there, owner, left(1, 3)), DENIED),
        ("out, by another", then(&there, other(), left(1, 3)), DENIED),
        ("out of one that it no longer has", then(&said, corp(), left(1, 3)), DENIED),
    ]
}

fn ends(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = grouped(cast);
    let said = then(&there, corp(), deleted(1));
    let late = then(&said, owner, made(4, "late"));
    let of_other = GroupDeleted { tenant: "other".into(), ..deleted(1) };
    let managed = |number, tenant: &str| {
        let refusal =
            Refusal::ManagedByTenant { object: Object::Group(group(number)), tenant: tenant.into() };
        then(&there, owner, refused("identity.remove_group", refusal))
    };
    let taken = |number| {
        let refusal = Refusal::TakenAtTenant { holder: Object::Group(group(number)), tenant: "corp".into() };
        then(&there, corp(), refused("provisioning.put_group", refusal))
    };
    let not_its_own = |number| {
        let refusal = Refusal::NotOfTenant { object: Object::Group(group(number)), tenant: "corp".into() };
        then(&there, corp(), refused("provisioning.put_group", refusal))
    };
    vec![
        ("deleted", said.clone(), None),
        ("deleted twice", then(&said, corp(), deleted(1)), DENIED),
        ("deleted, from here", then(&there, corp(), deleted(2)), DENIED),
        ("deleted by another", then(&there, other(), of_other.clone()), DENIED),
        ("deleted for another", then(&there, corp(), of_other), DENIED),
        ("deleted by the owner", then(&there, owner, deleted(1)), DENIED),
        ("removed by its word", then(&said, corp(), removed(1)), None),
        ("removed without a word", then(&there, corp(), removed(1)), DENIED),
        ("removed after other words", then(&late, corp(), removed(1)), DENIED),
        ("removed by another", then(&said, other(), removed(1)), DENIED),
        ("removed here", then(&there, owner, removed(1)), DENIED),
        ("removed here, without the tenant", then(&without_corp(cast, &there), owner, removed(1)), None),
        ("removed, from here", then(&there, corp(), removed(2)), DENIED),
        ("refused here", managed(1, "corp"), None),
        ("refused here for another", managed(1, "other"), WRONG),
        ("refused here for one from here", managed(2, "corp"), WRONG),
        ("taken by its own", taken(1), None),
        ("taken by one from here", taken(2), WRONG),
        ("not its own", not_its_own(2), None),
        ("not its own, which is", not_its_own(1), WRONG),
    ]
}

#[test]
fn groups_that_a_tenant_could_not_make_or_name_are_found() {
    holds(names);
}

#[test]
fn members_whom_a_tenant_could_not_bring_or_take_are_found() {
    holds(members);
}

#[test]
fn ends_of_groups_that_no_tenant_could_bring_about_are_found() {
    holds(ends);
}
