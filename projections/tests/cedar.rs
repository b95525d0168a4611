//! Who may do what, decided twice: by our state, and by Cedar, a policy engine that somebody else wrote.
//!
//! The events of a world are turned into Cedar's policies and entities here, without the state: each grant is a policy, each role a group of
//! actions, each group of people and each scope a parent. Both then answer for every subject, permission and place.

#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

use cedar_policy::{Authorizer, Context, Decision, Entities, EntityUid, PolicySet, Request};
use fixtures::organization::{self, Size};
use ledger::event::access::RoleGranted;
use ledger::event::scope::{Environment, Scope};
use ledger::event::{Access, Event, Fact, Identity, Subject};
use ledger::time::Time;
use projections::State;
use projections::access::{Permission, Place, Role};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Worlds that are compared.
const SEEDS: std::ops::Range<u64> = 0..12;

/// What the events say, in the words of Cedar.
#[derive(Default)]
struct World {
    grants: BTreeMap<String, RoleGranted>,
    roles: BTreeMap<String, Vec<String>>,
    subjects: BTreeMap<Subject, bool>,
    members: BTreeSet<(String, Subject)>,
    scopes: BTreeMap<String, String>,
}

impl World {
    fn of(events: &[Event]) -> Self {
        let mut world = Self { scopes: [("site".to_owned(), String::new())].into(), ..Self::default() };
        for role in Role::BUILT_IN {
            let permissions = role.built_in().expect("it is built in").iter();
            let names = permissions.map(|permission| permission.as_str().to_owned()).collect();
            world.roles.insert(role.to_string(), names);
        }
        for event in events {
            match &event.fact {
                Fact::Identity(fact) => world.identity(fact),
                Fact::Access(fact) => world.access(fact),
                Fact::Policy(_)
                | Fact::Provisioning(_)
                | Fact::Workspaces(_)
                | Fact::Keys(_)
                | Fact::Budgets(_)
                | Fact::Custody(_) => {}
            }
        }
        world
    }

    fn identity(&mut self, fact: &Identity) {
        match fact {
            Identity::PersonCreated(fact) => drop(self.subjects.insert(Subject::Person(fact.person), true)),
            Identity::ServiceAccountCreated(fact) => {
                self.subjects.insert(Subject::ServiceAccount(fact.service_account), true);
            }
            Identity::AgentCreated(fact) => drop(self.subjects.insert(Subject::Agent(fact.agent), true)),
            Identity::SubjectSuspended(fact) => drop(self.subjects.insert(fact.subject, false)),
            Identity::SubjectReactivated(fact) => drop(self.subjects.insert(fact.subject, true)),
            Identity::SubjectRemoved(fact) => drop(self.subjects.insert(fact.subject, false)),
            Identity::MemberAdded(fact) => {
                self.members.insert((fact.group.to_string(), fact.subject));
            }
            Identity::MemberRemoved(fact) => {
                self.members.remove(&(fact.group.to_string(), fact.subject));
            }
            Identity::GroupRemoved(fact) => {
                let gone = fact.group.to_string();
                self.members.retain(|(group, _)| *group != gone);
            }
            Identity::GroupCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_)
            | Identity::LoginLinked(_)
            | Identity::SessionStarted(_)
            | Identity::ClientSignedIn(_)
            | Identity::TokenIssued(_)
            | Identity::WorkloadSignedIn(_)
            | Identity::GroupRenamed(_)
            | Identity::RecoveryCodesMade(_)
            | Identity::OwnerRecovered(_)
            | Identity::SessionUsed(_)
            | Identity::ProviderLoggedOut(_) => {}
        }
    }

    fn access(&mut self, fact: &Access) {
        match fact {
            Access::OrganizationCreated(fact) => {
                self.scopes.insert(fact.organization.to_string(), "site".to_owned());
            }
            Access::ProjectCreated(fact) => {
                self.scopes.insert(fact.project.to_string(), fact.organization.to_string());
            }
            Access::RoleDefined(fact) => {
                let names = fact.permissions.iter().map(|name| name.to_string()).collect();
                self.roles.insert(fact.role.to_string(), names);
            }
            Access::RoleRetired(fact) => drop(self.roles.insert(fact.role.to_string(), Vec::new())),
            Access::RoleGranted(fact) => drop(self.grants.insert(fact.grant.to_string(), fact.clone())),
            Access::RoleRevoked(fact) => drop(self.grants.remove(&fact.grant.to_string())),
            Access::ProjectChanged(_)
            | Access::GrantRequested(_)
            | Access::GrantDeclined(_)
            | Access::BreakGlassReviewed(_)
            | Access::DutiesSeparated(_)
            | Access::DutiesJoined(_)
            | Access::GroupMapped(_)
            | Access::GroupUnmapped(_) => {}
        }
    }

    /// One policy for each grant, and one that forbids everything to who may not act.
    fn policies(&self) -> PolicySet {
        let mut text = String::from("forbid (principal, action, resource) unless { principal.active };\n");
        for grant in self.grants.values() {
            let mut when = vec!["true".to_owned()];
            if let Some(expires) = grant.terms.expires {
                when.push(format!("context.now < {}", expires.micros()));
            }
            if let Some(limited) = grant.terms.environments {
                let names: Vec<_> = limited.iter().map(|one| format!("\"{one:?}\"")).collect();
                when.push(format!(
                    "context has environment && [{}].contains(context.environment)",
                    names.join(",")
                ));
            }
            text.push_str(&format!(
                "permit (principal in Who::\"{}\", action in Action::\"{}\", resource in Scope::\"{}\") when {{ {} }};\n",
                grant.subject,
                grant.role,
                grant.scope,
                when.join(" && ")
            ));
        }
        text.parse().expect("the policies read")
    }

    fn entities(&self) -> Entities {
        let entity = |kind: &str, id: &str, attributes: Value, parents: Vec<(&str, String)>| {
            let parents: Vec<_> = parents.iter().map(|(kind, id)| json!({"type": kind, "id": id})).collect();
            json!({"uid": {"type": kind, "id": id}, "attrs": attributes, "parents": parents})
        };
        let mut found = Vec::new();
        for (subject, active) in &self.subjects {
            let groups = self.members.iter().filter(|(_, member)| member == subject);
            let groups = groups.map(|(group, _)| ("Who", group.clone())).collect();
            found.push(entity("Who", &subject.to_string(), json!({"active": active}), groups));
        }
        for (scope, around) in &self.scopes {
            let parents = if around.is_empty() { vec![] } else { vec![("Scope", around.clone())] };
            found.push(entity("Scope", scope, json!({}), parents));
        }
        for permission in Permission::ALL {
            let roles =
                self.roles.iter().filter(|(_, names)| names.iter().any(|name| name == permission.as_str()));
            let roles = roles.map(|(role, _)| ("Action", role.clone())).collect();
            found.push(entity("Action", permission.as_str(), json!({}), roles));
        }
        Entities::from_json_value(Value::Array(found), None).expect("the entities read")
    }

    fn places(&self) -> Vec<Place> {
        let scopes = self.scopes.keys().map(|scope| scope.parse::<Scope>().expect("a scope"));
        let environments = [None, Some(Environment::Dev), Some(Environment::Prod)];
        scopes.flat_map(|scope| environments.map(|environment| Place { scope, environment })).collect()
    }
}

fn uid(kind: &str, id: &str) -> EntityUid {
    format!("{kind}::\"{id}\"").parse().expect("a name")
}

fn request(subject: Subject, permission: Permission, place: Place, now: Time) -> Request {
    let mut context = json!({"now": now.micros()});
    if let (Some(environment), Some(map)) = (place.environment, context.as_object_mut()) {
        map.insert("environment".to_owned(), json!(format!("{environment:?}")));
    }
    let context = Context::from_json_value(context, None).expect("a context");
    let (who, what) = (uid("Who", &subject.to_string()), uid("Action", permission.as_str()));
    Request::new(who, what, uid("Scope", &place.scope.to_string()), context, None).expect("a request")
}

#[test]
fn cedar_decides_as_we_do_for_every_subject_permission_and_place() {
    let (authorizer, mut allowed, mut denied) = (Authorizer::new(), 0_u64, 0_u64);
    for seed in SEEDS {
        let events = organization::events(Size::SMALL, seed);
        let mut state = State::default();
        events.iter().for_each(|event| state.apply(event));
        let world = World::of(&events);
        let (policies, entities) = (world.policies(), world.entities());
        let now = events.last().expect("there are events").time;
        let questions = world.subjects.keys().copied().flat_map(|subject| {
            let places = world.places().into_iter();
            places.flat_map(move |place| {
                Permission::ALL.iter().map(move |permission| (subject, *permission, place))
            })
        });
        for (subject, permission, place) in questions {
            let asked = request(subject, permission, place, now);
            let cedar = authorizer.is_authorized(&asked, &policies, &entities).decision();
            let ours = state.may(subject, permission, place, now);
            let same = ours == (cedar == Decision::Allow);
            assert!(same, "seed {seed}: {subject} {permission:?} {place:?}: ours {ours}, Cedar {cedar:?}");
            *if ours { &mut allowed } else { &mut denied } += 1;
        }
    }
    assert!(allowed > 1_000 && denied > 1_000, "{allowed} allowed, {denied} denied");
}
