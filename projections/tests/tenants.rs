//! What tenants have, by the events: whose names, who keeps whom, and what was so before.

#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

use fixtures::samples;
use ledger::event::id::{CredentialId, GroupId, PolicyId, ServiceAccountId};
use ledger::event::identity::{
    GroupCreated, GroupRemoved, GroupRenamed, PersonCreated, SubjectReactivated, SubjectRemoved,
    SubjectSuspended,
};
use ledger::event::policy::{Body, PolicyAdopted, PolicyProposed, Provisioning, Tenant, TenantMode};
use ledger::event::provisioning::{GroupDeleted, GroupWritten, SubjectDeleted, SubjectWritten};
use ledger::event::scope::Scope;
use ledger::event::{Actor, ContentDigest, Event, Fact, Subject};
use ledger::hash::Hash;
use projections::State;
use projections::provisioning::Shelf::{Groups, People};

const CORP: u8 = 1;
const OTHER: u8 = 2;
/// Somebody here.
const HERE: u8 = 9;

/// A state, and how many events led to it.
#[derive(Clone, Default)]
struct World {
    state: State,
    size: u64,
}

impl World {
    fn begin() -> Self {
        let mut world = Self::default();
        world.adopt(&["corp", "other"]);
        world
    }

    /// The tenants of the policy from now on.
    fn adopt(&mut self, names: &[&str]) {
        let of = |name: &&str| Tenant {
            agents: true,
            login: None,
            mode: TenantMode::Strict,
            name: (*name).into(),
            service_account: ServiceAccountId::from_bytes([if *name == "corp" { CORP } else { OTHER }; 16]),
        };
        let body = Body::Provisioning(Provisioning { tenants: names.iter().map(of).collect() });
        let policy = PolicyId::from_bytes([u8::try_from(self.size).expect("there are few"); 16]);
        self.add(HERE, PolicyProposed { body, policy });
        self.add(HERE, PolicyAdopted { policy });
    }

    fn add(&mut self, by: u8, fact: impl Into<Fact>) {
        let account = Subject::ServiceAccount(ServiceAccountId::from_bytes([by; 16]));
        let actor = Actor::Subject(account, CredentialId::from_bytes([by; 16]));
        let event = samples::event(self.size, Hash([0; 32]), fact.into());
        self.state.apply(&Event { actor, ..event });
        self.size += 1;
    }

    /// A tenant says of a person what it is called, and whether it may act.
    fn says(&mut self, by: u8, number: u8, name: u8, active: bool) {
        let (external, name) = (Some(digest(100 + name)), digest(name));
        let (subject, tenant) = (person(number), named(by).into());
        self.add(by, SubjectWritten { active, external, name, occurred: None, subject, tenant });
    }

    fn whose(&self, tenant: &str, name: u8) -> Option<Subject> {
        let by_name = self.state.provisioned.by_name(tenant, People, &digest(name));
        assert_eq!(by_name, self.state.provisioned.by_external(tenant, People, &digest(100 + name)));
        by_name
    }

    fn is_kept(&self, number: u8) -> bool {
        self.state.provisioned.find(person(number)).expect("it is known").kept
    }
}

fn digest(number: u8) -> ContentDigest {
    ContentDigest([number; 16])
}

fn person(number: u8) -> Subject {
    Subject::Person(samples::person(number))
}

fn named(by: u8) -> &'static str {
    if by == CORP { "corp" } else { "other" }
}

fn suspended(number: u8) -> SubjectSuspended {
    SubjectSuspended { reason: "x".into(), subject: person(number) }
}

#[test]
fn a_name_is_whose_it_was_said_to_be_until_it_is_let_go() {
    let mut world = World::begin();
    world.says(CORP, 3, 1, true);
    world.says(CORP, 4, 1, true);
    assert_eq!(world.whose("corp", 1), Some(person(3)), "what is taken stays whose it is");
    world.says(CORP, 4, 2, true);
    assert_eq!(world.whose("corp", 1), Some(person(3)), "and is not freed by another");
    world.says(CORP, 3, 5, true);
    assert_eq!((world.whose("corp", 1), world.whose("corp", 5)), (None, Some(person(3))));
    assert_eq!((world.whose("other", 5), world.state.provisioned.count("corp", People)), (None, 2));
    world.add(CORP, SubjectDeleted { occurred: None, subject: person(3), tenant: "corp".into() });
    assert_eq!((world.whose("corp", 5), world.state.tenant_with(person(3))), (None, None));
    assert!(
        world.state.provisioned.had("corp", person(3)) && !world.state.provisioned.had("other", person(3))
    );
    world.says(CORP, 6, 5, true);
    world.says(CORP, 3, 7, true);
    assert_eq!(world.whose("corp", 5), Some(person(6)), "whom it belongs to since");
    world.add(HERE, SubjectRemoved { reason: "x".into(), subject: person(6) });
    assert_eq!(world.whose("corp", 5), None, "who was removed here has none");
    let order: Vec<_> = world.state.provisioned.subjects("corp", People, None).map(|(_, who)| who).collect();
    assert_eq!(order, [person(3), person(4)], "in the order in which they came");
}

#[test]
fn a_tenant_keeps_whom_it_suspended_and_nobody_else_did() {
    let mut world = World::begin();
    world.says(CORP, 3, 1, false);
    assert!(!world.is_kept(3), "its word alone suspends nobody");
    world.add(OTHER, suspended(3));
    assert!(!world.is_kept(3), "nor does another's deed");
    world.add(CORP, suspended(3));
    assert!(world.is_kept(3));
    world.says(CORP, 3, 2, false);
    assert!(world.is_kept(3), "its next word leaves it so");
    let mut after = world.clone();
    after.add(CORP, SubjectReactivated { subject: person(3) });
    assert!(!after.is_kept(3));
    let mut after = world.clone();
    after.says(OTHER, 3, 1, false);
    assert!(!after.is_kept(3), "another has it now");
    let mut after = world.clone();
    after.add(CORP, SubjectDeleted { occurred: None, subject: person(3), tenant: "corp".into() });
    assert!(!after.is_kept(3));
    world.add(HERE, suspended(3));
    assert!(!world.is_kept(3), "somebody here suspended it too");
    let mut world = World::begin();
    world.says(CORP, 3, 1, true);
    world.add(CORP, suspended(3));
    assert!(!world.is_kept(3), "it says something else");
    world.adopt(&["other"]);
    world.says(CORP, 3, 1, false);
    world.add(CORP, suspended(3));
    assert!(!world.is_kept(3), "it is no tenant");
}

#[test]
fn what_a_tenant_made_is_known_until_something_else_is_made() {
    let mut world = World::begin();
    let made = |number| PersonCreated { login: None, person: samples::person(number) };
    world.add(CORP, made(3));
    let at = world.size - 1;
    assert!(world.state.provisioned.made("corp", at));
    assert!(!world.state.provisioned.made("other", at) && !world.state.provisioned.made("corp", at + 1));
    world.add(HERE, made(4));
    assert!(!world.state.provisioned.made("corp", at) && !world.state.provisioned.made("corp", at + 1));
}

#[test]
fn a_group_has_one_name_here_and_at_its_tenant_and_frees_both() {
    let mut world = World::begin();
    let (team, crew) = (GroupId::from_bytes([1; 16]), GroupId::from_bytes([2; 16]));
    let say = |world: &mut World, group, name: &str| {
        let (external, tenant) = (Some(format!("id of {name}").into()), "corp".into());
        world.add(CORP, GroupWritten { external, group, name: name.into(), occurred: None, tenant });
    };
    let whose = |world: &World, name: &str| {
        let provisioned = &world.state.provisioned;
        let by_name = provisioned.group_by_name("corp", name);
        let here = world.state.groups.by_handle(Scope::Site, &format!("corp/{name}"));
        (by_name, provisioned.group_by_external("corp", &format!("id of {name}")), here)
    };
    let all = |group| (Some(group), Some(group), Some(group));
    world.add(CORP, GroupCreated { group: team, handle: "corp/team".into(), scope: Scope::Site });
    say(&mut world, team, "team");
    assert_eq!(whose(&world, "team"), all(team));
    assert_eq!(world.state.provisioned.group_by_name("corp", "TEAM"), Some(team));
    say(&mut world, crew, "team");
    assert_eq!(whose(&world, "team"), all(team), "what is taken stays whose it is");
    world.add(CORP, GroupRenamed { group: team, handle: "corp/all".into() });
    say(&mut world, team, "all");
    assert_eq!((whose(&world, "team"), whose(&world, "all")), ((None, None, None), all(team)));
    let mut after = world.clone();
    after.add(CORP, GroupDeleted { group: team, occurred: None, tenant: "corp".into() });
    assert_eq!(whose(&after, "all"), (None, None, Some(team)), "it is there without its tenant");
    after.add(CORP, GroupRemoved { group: team });
    assert_eq!(whose(&after, "all"), (None, None, None));
    world.adopt(&["other"]);
    assert_eq!(world.state.tenant_with_group(team), None, "a tenant that is in no policy has nothing");
    assert_eq!(world.state.provisioned.count("corp", Groups), 2, "what it had, it has when it comes back");
    world.add(HERE, GroupRemoved { group: team });
    assert_eq!(whose(&world, "all"), (None, None, None));
}

#[test]
fn the_name_of_one_who_was_removed_is_whose_it_was_given_to() {
    let mut world = World::begin();
    let made = |number| PersonCreated { login: Some(digest(1)), person: samples::person(number) };
    world.add(CORP, made(3));
    world.add(CORP, made(4));
    assert_eq!(world.state.subjects.by_login(&digest(1)), Some(person(3)));
    world.add(HERE, SubjectRemoved { reason: "x".into(), subject: person(3) });
    assert_eq!(world.state.subjects.by_login(&digest(1)), Some(person(3)), "nobody else has it by that");
    world.add(CORP, made(5));
    assert_eq!(world.state.subjects.by_login(&digest(1)), Some(person(5)));
}
