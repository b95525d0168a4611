//! What nobody gets: a role that needs approval by joining a group, and secrets while suspended; signed with the real key, and refusals for these
//! reasons.

use crate::governance::careful;
use crate::spending::{issued, key, on};
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::{RoleGranted, RoleRevoked, Terms};
use ledger::event::custody::CommandRefused;
use ledger::event::id::{CredentialId, GrantId, GroupId};
use ledger::event::identity::*;
use ledger::event::keys::KeyRotated;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Grantee, Object, Refusal, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use verify::Code;

const WRONG: Option<Code> = Some(Code::RefusalWrong);

fn group(number: u8) -> GroupId {
    GroupId::from_bytes([number; 16])
}

/// Two groups, the first with the role of an auditor, until the policy wants that role approved.
fn audited(owner: Actor, expires: Option<Time>) -> Vec<(Actor, Fact)> {
    let made = |number, handle: &str| GroupCreated {
        group: group(number),
        handle: handle.into(),
        scope: Scope::Site,
    };
    let grant = GrantId::from_bytes([1; 16]);
    let granted = RoleGranted {
        terms: Terms { expires, ..Terms::default() },
        ..RoleGranted::new(grant, "auditor", Scope::Site, Grantee::Group(group(1)))
    };
    let facts: [Fact; 3] = [made(1, "team").into(), made(2, "guests").into(), granted.into()];
    let story = facts.map(|fact| (owner, fact));
    [story.to_vec(), careful(owner)].concat()
}

fn refused(about: Option<Object>, refusal: Refusal) -> Fact {
    CommandRefused { about, command: "x.y".into(), refusal }.into()
}

fn joining(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = audited(owner, None);
    let join = |number| MemberAdded { group: group(number), subject: cast.admin };
    let revoked = then(&there, owner, RoleRevoked::new(GrantId::from_bytes([1; 16])));
    let needed = |about, role: &str| refused(about, Refusal::ApprovalNeeded { role: role.into() });
    let team = Some(Object::Group(group(1)));
    let guests = Some(Object::Group(group(2)));
    let before = there.split_at(3).0;
    vec![
        ("join before the policy", then(before, owner, join(1)), None),
        ("join past approval", then(&there, owner, join(1)), DENIED),
        ("join a group without the role", then(&there, owner, join(2)), None),
        ("join after its revocation", then(&revoked, owner, join(1)), None),
        ("join while it lasts", then(&audited(owner, Some(on(9))), owner, join(1)), DENIED),
        ("approval was needed", then(&there, owner, needed(team, "auditor")), None),
        ("approval of another role", then(&there, owner, needed(team, "member")), WRONG),
        ("approval in another group", then(&there, owner, needed(guests, "auditor")), WRONG),
        ("approval of nothing", then(&there, owner, needed(None, "auditor")), WRONG),
        ("approval before the policy", then(before, owner, needed(team, "auditor")), WRONG),
        ("approval of what was revoked", then(&revoked, owner, needed(team, "auditor")), WRONG),
    ]
}

fn suspended(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let subject = cast.admin;
    let there = vec![(owner, Fact::from(SubjectSuspended { reason: "x".into(), subject }))];
    let back = then(&there, owner, SubjectReactivated { subject });
    let removed = vec![(owner, Fact::from(SubjectRemoved { reason: "x".into(), subject }))];
    let credential = CredentialIssued {
        credential: CredentialId::from_bytes([1; 16]),
        digest: Hash([0x79; 32]),
        expires: None,
        subject,
    };
    let with_key = vec![(owner, Fact::from(issued(subject)))];
    let with_key = then(&with_key, owner, SubjectSuspended { reason: "x".into(), subject });
    let rotated = KeyRotated { digest: Hash([0x60; 32]), key: key(1), previous_until: on(2) };
    let rotated_later = then(&with_key, owner, SubjectReactivated { subject });
    let not_active = |subject: Subject| refused(None, Refusal::NotActive { subject });
    vec![
        ("a credential for the suspended", then(&there, owner, credential.clone()), DENIED),
        ("a credential for who is back", then(&back, owner, credential.clone()), None),
        ("a credential for the removed", then(&removed, owner, credential), DENIED),
        ("a key for the suspended", then(&there, owner, issued(subject)), DENIED),
        ("a key for who is back", then(&back, owner, issued(subject)), None),
        ("a key for the removed", then(&removed, owner, issued(subject)), DENIED),
        ("another secret for the suspended", then(&with_key, owner, rotated.clone()), DENIED),
        ("another secret for who is back", then(&rotated_later, owner, rotated), None),
        ("suspended", then(&there, owner, not_active(subject)), None),
        ("not suspended", then(&back, owner, not_active(subject)), WRONG),
        ("removed, not suspended", then(&removed, owner, not_active(subject)), WRONG),
    ]
}

#[test]
fn who_joins_past_approval_is_found() {
    holds(joining);
}

#[test]
fn who_gets_secrets_while_suspended_is_found() {
    holds(suspended);
}
