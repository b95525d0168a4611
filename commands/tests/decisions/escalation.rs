//! Nobody gains a right that who gave it lacked: all roles against all roles, for every command that gives.

use crate::given::{Given, asked_by, given, granted, known, with_roles};
use crate::people::{credential, digest, grant, subject};
use commands::Command;
use commands::access::{GrantRole, RevokeRole};
use commands::identity::{IssueCredential, RevokeCredential};
use ledger::event::{Fact, Identity};
use projections::access::{Permissions, Role};

const PEOPLE: [&str; 3] = ["ada", "bob", "eve"];

fn roles_of(set: usize) -> Vec<Role> {
    Role::ALL.into_iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, role)| role).collect()
}

fn gifts() -> Vec<Command> {
    let mut gifts = Vec::new();
    for name in PEOPLE {
        for role in Role::ALL {
            gifts.push(GrantRole { grant: grant("new"), subject: subject(name), role }.into());
            gifts.push(RevokeRole { grant: grant(&format!("{name} {}", role.as_str())) }.into());
        }
        for subject in [None, Some(subject(name))] {
            let (credential, digest) = (credential("new"), digest("new"));
            gifts.push(IssueCredential { credential, digest, expires: None, subject }.into());
        }
        gifts.push(RevokeCredential { credential: credential(name) }.into());
    }
    gifts
}

fn rights(given: &Given, name: &str) -> Permissions {
    given.state.grants.permissions(subject(name))
}

#[test]
fn nobody_gains_a_right_that_the_giver_lacked() {
    let gifts = gifts();
    let mut given_something = 0;
    for (ada, bob) in (0..16).flat_map(|ada| (0..16).map(move |bob| (ada, bob))) {
        let mut before =
            given([with_roles("ada", &roles_of(ada)), with_roles("bob", &roles_of(bob))].concat());
        before.happen([known("eve"), vec![granted("eve", Role::Owner)]].concat());
        for gift in &gifts {
            let Ok(facts) = before.when(&asked_by("ada"), gift.clone()).facts() else { continue };
            given_something += usize::from(!facts.is_empty());
            let own = rights(&before, "ada");
            for fact in &facts {
                if let Fact::Identity(Identity::CredentialIssued(issued)) = fact {
                    let of_subject = before.state.grants.permissions(issued.subject);
                    assert_eq!(of_subject.first_beyond(own), None, "{ada:b} {bob:b} {gift:?}");
                }
            }
            let mut after = before.clone();
            after.happen(facts);
            for name in PEOPLE {
                let reachable = rights(&before, name).union(own);
                assert_eq!(rights(&after, name).first_beyond(reachable), None, "{ada:b} {bob:b} {gift:?}");
                let lost = rights(&before, name).first_beyond(rights(&after, name));
                assert!(lost.is_none_or(|lost| own.contains(lost)), "{ada:b} {bob:b} {gift:?}");
            }
        }
    }
    assert!(given_something > 1_000, "the test gives too little: {given_something}");
}
