//! Events that the rules forbade, signed with the real key, one for each rule; and refusals that were wrong.

use crate::world::{Holds, SIZE, first, world};
use fixtures::forge::story::{Cast, started};
use ledger::event::access::{RoleGranted, RoleRevoked};
use ledger::event::custody::*;
use ledger::event::id::{CredentialId, GrantId, PersonId, ServiceAccountId};
use ledger::event::identity::*;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, Fact, Refusal, Subject, Via};
use ledger::hash::Hash;
use ledger::time::Time;
use verify::Code;

const NEW: [u8; 16] = [0x77; 16];
const CLAIM: Actor = Actor::Anonymous(Via::Claim);
const NOBODY: Actor = Actor::Anonymous(Via::Nothing);

fn grant(id: GrantId, role: &str, subject: Subject) -> Fact {
    RoleGranted::new(id, role, Scope::Site, subject).into()
}

fn new_grant() -> GrantId {
    GrantId::from_bytes(NEW)
}

fn revoke(grant: GrantId) -> Fact {
    RoleRevoked::new(grant).into()
}

fn account(handle: &str) -> Fact {
    ServiceAccountCreated { handle: handle.into(), service_account: ServiceAccountId::from_bytes(NEW) }.into()
}

fn credential(subject: Subject, expires: Option<Time>) -> Fact {
    let (credential, digest) = (CredentialId::from_bytes(NEW), Hash([9; 32]));
    CredentialIssued { credential, digest, expires, subject }.into()
}

fn unknown() -> Subject {
    Subject::Person(PersonId::from_bytes(NEW))
}

fn read(reader: Subject) -> Fact {
    let (since, until) = (Time::default(), Time::default());
    LogRead { channel: Channel::Http, count: 1, from: 0, reader, since, to: 1, until }.into()
}

fn stopped() -> Fact {
    ServerStopped { reason: "x".into() }.into()
}

fn refused(refusal: Refusal) -> Fact {
    CommandRefused { about: None, command: "x.y".into(), refusal }.into()
}

fn claim_opened() -> Fact {
    ClaimOpened { digest: Hash([1; 32]), expires: Time::from_micros(u64::MAX) }.into()
}

/// What is appended, who did it, and the code it must get; `None` for what is allowed.
fn rows(cast: &Cast) -> Vec<(&'static str, Actor, Fact, Option<Code>)> {
    let denied = Some(Code::NotAllowed);
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let stolen = Actor::Subject(cast.owner, cast.admin_credential);
    let made_up = Actor::Subject(cast.owner, CredentialId::from_bytes(NEW));
    let past = Some(Time::from_micros(1));
    vec![
        ("grant", owner, grant(new_grant(), "auditor", cast.admin), None),
        ("grant by nobody", NOBODY, grant(new_grant(), "auditor", cast.admin), denied),
        ("grant by the system", Actor::System, grant(new_grant(), "auditor", cast.admin), denied),
        ("grant with another's credential", stolen, grant(new_grant(), "member", cast.admin), denied),
        ("grant with no credential", made_up, grant(new_grant(), "member", cast.admin), denied),
        ("grant beyond own rights", admin, grant(new_grant(), "owner", cast.admin), denied),
        ("grant of what one lacks", admin, grant(new_grant(), "auditor", cast.admin), denied),
        ("grant to nobody", owner, grant(new_grant(), "member", unknown()), denied),
        ("grant twice", owner, grant(cast.admin_grant, "member", cast.admin), denied),
        ("grant of no role", owner, grant(new_grant(), "king", cast.admin), denied),
        ("grant by claim", CLAIM, grant(new_grant(), "owner", cast.admin), denied),
        ("revoke", owner, revoke(cast.admin_grant), None),
        ("revoke own", admin, revoke(cast.admin_grant), None),
        ("revoke of the last owner", owner, revoke(cast.owner_grant), denied),
        ("revoke beyond own rights", admin, revoke(cast.owner_grant), denied),
        ("revoke of nothing", owner, revoke(new_grant()), denied),
        ("account", admin, account("new"), None),
        ("account of a taken name", admin, account("robot"), denied),
        ("account by nobody", NOBODY, account("new"), denied),
        ("credential for another", admin, credential(cast.admin, None), None),
        ("credential for one's better", admin, credential(cast.owner, None), denied),
        ("credential for nobody", owner, credential(unknown(), None), denied),
        ("credential of the past", owner, credential(cast.owner, past), denied),
        ("credential by claim", CLAIM, credential(cast.owner, None), denied),
        ("revoke a credential", owner, CredentialRevoked { credential: cast.admin_credential }.into(), None),
        (
            "revoke one's better's",
            admin,
            CredentialRevoked { credential: cast.owner_credential }.into(),
            denied,
        ),
        (
            "revoke no credential",
            owner,
            CredentialRevoked { credential: CredentialId::from_bytes(NEW) }.into(),
            denied,
        ),
    ]
}

/// The same for the claim and for custody.
fn rows_of_custody(cast: &Cast) -> Vec<(&'static str, Actor, Fact, Option<Code>)> {
    let denied = Some(Code::NotAllowed);
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let person: PersonId = PersonId::from_bytes(NEW);
    vec![
        ("claim again", CLAIM, OwnershipClaimed { claim: Hash([1; 32]), person }.into(), denied),
        ("person without claim", CLAIM, PersonCreated { login: None, person }.into(), denied),
        ("person by the owner", owner, PersonCreated { login: None, person }.into(), None),
        ("person by nobody", NOBODY, PersonCreated { login: None, person }.into(), denied),
        ("open a claim", Actor::Operator, claim_opened(), None),
        ("open a claim as owner", owner, claim_opened(), denied),
        (
            "key compromised by the system",
            Actor::System,
            KeyCompromised { key: "00".into(), since: 0 }.into(),
            denied,
        ),
        ("stop", Actor::System, stopped(), None),
        ("stop by the operator", Actor::Operator, stopped(), denied),
        (
            "count by the owner",
            owner,
            RefusalsCounted { codes: vec![], since: Time::default(), until: Time::default() }.into(),
            denied,
        ),
        ("start after a clean stop", Actor::System, started(StoppedHow::CleanStop).into(), None),
        (
            "start as if unclean",
            Actor::System,
            started(StoppedHow::UncleanStop).into(),
            Some(Code::StartWrong),
        ),
        ("start as if first", Actor::System, started(StoppedHow::Genesis).into(), Some(Code::StartWrong)),
        ("start by the owner", owner, started(StoppedHow::CleanStop).into(), denied),
        ("read", owner, read(cast.owner), None),
        ("read as somebody else", owner, read(cast.admin), denied),
        ("counted reads", Actor::System, read(cast.admin), None),
        ("counted reads of nobody", Actor::System, read(unknown()), denied),
        ("read without the right", admin, read(cast.admin), denied),
    ]
}

fn refusal_rows(cast: &Cast) -> Vec<(&'static str, Actor, Refusal, Option<Code>)> {
    let wrong = Some(Code::RefusalWrong);
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let bad = Actor::Subject(cast.owner, CredentialId::from_bytes(NEW));
    let not_permitted = |name: &str| Refusal::NotPermitted { permission: name.into(), scope: Scope::Site };
    let exceeds = |name: &str| Refusal::ExceedsOwnRights { permission: name.into(), scope: Scope::Site };
    let credential = CredentialId::from_bytes(NEW);
    vec![
        ("anonymous", NOBODY, Refusal::NotAuthenticated {}, None),
        ("bad credential", bad, Refusal::NotAuthenticated {}, None),
        ("good credential", owner, Refusal::NotAuthenticated {}, wrong),
        ("lacks it", admin, not_permitted("custody.erase"), None),
        ("has it", owner, not_permitted("custody.erase"), wrong),
        ("no such permission", admin, not_permitted("custody.everything"), wrong),
        ("bad credential and lacks it", bad, not_permitted("custody.everything"), wrong),
        ("exceeds", admin, exceeds("custody.read"), None),
        ("does not exceed", owner, exceeds("custody.read"), wrong),
        ("unknown subject", owner, Refusal::UnknownSubject { subject: unknown() }, None),
        ("known subject", owner, Refusal::UnknownSubject { subject: cast.admin }, wrong),
        ("unknown grant", owner, Refusal::UnknownGrant { grant: new_grant() }, None),
        ("known grant", owner, Refusal::UnknownGrant { grant: cast.admin_grant }, wrong),
        ("unknown credential", owner, Refusal::UnknownCredential { credential }, None),
        ("known credential", owner, Refusal::UnknownCredential { credential: cast.admin_credential }, wrong),
        ("handle taken", owner, Refusal::HandleTaken { handle: "robot".into() }, None),
        ("handle free", owner, Refusal::HandleTaken { handle: "new".into() }, wrong),
        ("claim not open", CLAIM, Refusal::ClaimNotOpen {}, None),
        ("claim by a subject", owner, Refusal::ClaimNotOpen {}, wrong),
        ("last owner", owner, Refusal::LastOwner { grant: cast.owner_grant }, None),
        ("no last owner", owner, Refusal::LastOwner { grant: cast.admin_grant }, wrong),
        ("nothing to erase", owner, Refusal::NothingToErase { subject: cast.owner }, None),
        ("something to erase", owner, Refusal::NothingToErase { subject: helper() }, wrong),
        ("expired", owner, Refusal::ExpiryInPast {}, None),
        ("command id", owner, Refusal::CommandIdReused { request: "a".parse().unwrap() }, None),
    ]
}

/// A subject with a sealed profile: the helper of the story.
pub(crate) fn helper() -> Subject {
    let event = &world().forger.events[18];
    let leaf: serde_json::Value = serde_json::from_slice(&event.leaf).unwrap();
    Subject::ServiceAccount(leaf["object"]["id"].as_str().unwrap().parse().unwrap())
}

#[test]
fn what_the_rules_forbid_is_found_and_what_they_allow_is_not() {
    for (name, actor, fact, code) in rows(&world().cast).into_iter().chain(rows_of_custody(&world().cast)) {
        let report = world().forged(Holds::Key, |forger| {
            forger.append(actor, fact)?;
            forger.recheckpoint()
        });
        assert_eq!(first(&report), code.map(|code| (code, Some(SIZE))), "{name}: {:?}", report.faults);
    }
}

#[test]
fn refusals_are_judged_by_their_reason() {
    for (name, actor, refusal, code) in refusal_rows(&world().cast) {
        let report = world().forged(Holds::Key, |forger| {
            forger.append(actor, refused(refusal))?;
            forger.recheckpoint()
        });
        assert_eq!(first(&report), code.map(|code| (code, Some(SIZE))), "{name}: {:?}", report.faults);
    }
}

#[test]
fn a_claim_makes_one_owner_and_no_more() {
    let claim = Hash([1; 32]);
    let person = PersonId::from_bytes(NEW);
    let subject = Subject::Person(person);
    let other = world().cast.admin;
    let follow = |last: Fact| {
        let report = world().forged(Holds::Key, |forger| {
            forger.append(Actor::Operator, claim_opened())?;
            forger.append(CLAIM, OwnershipClaimed { claim, person })?;
            forger.append(CLAIM, PersonCreated { login: None, person })?;
            forger.append(CLAIM, last)?;
            forger.recheckpoint()
        });
        first(&report)
    };
    assert_eq!(follow(grant(new_grant(), "owner", subject)), None);
    assert_eq!(follow(credential(subject, None)), None);
    let denied = Some((Code::NotAllowed, Some(SIZE + 3)));
    assert_eq!(follow(grant(new_grant(), "owner", other)), denied);
    assert_eq!(follow(grant(new_grant(), "auditor", subject)), denied);
    assert_eq!(follow(credential(other, None)), denied);
    assert_eq!(follow(account("mine")), denied);
}

#[test]
fn a_recorded_state_of_another_schema_is_not_compared() {
    let digest = Hash([0; 32]);
    for (at, schema, faults) in [(SIZE, 99, 0), (SIZE, projections::SCHEMA, 1), (3, projections::SCHEMA, 1)] {
        let report = world().forged(Holds::Key, |forger| {
            forger.append(Actor::System, StateRecorded { at, digest, schema })?;
            forger.recheckpoint()
        });
        assert_eq!(report.faults_total, faults);
        assert_eq!(report.warnings.iter().any(|warning| warning.code == Code::NotCompared), faults == 0);
    }
}
