//! A story with programs in it: whom a person lends what, and what the programs then do.

use crate::sessions::{PROVIDER, WRONG, believing, corp, person, session, started, there};
use crate::spending::on;
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::{RoleGranted, RoleRevoked};
use ledger::event::custody::{CommandRefused, LogRead};
use ledger::event::id::{CredentialId, GrantId, PersonId, ServiceAccountId};
use ledger::event::identity::*;
use ledger::event::policy::{SignIn, Workload};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, Delegate, Fact, Refusal, Subject, Via};
use ledger::hash::Hash;
use ledger::time::Time;

/// So many seconds after the story began, which it takes less than a minute to tell.
pub(crate) fn later(seconds: u64) -> Time {
    on(1).plus_seconds(seconds)
}

/// The credential of that number.
pub(crate) fn shown(number: u8) -> CredentialId {
    CredentialId::from_bytes([0xc0 + number; 16])
}

pub(crate) fn program() -> Subject {
    Subject::ServiceAccount(ServiceAccountId::from_bytes([0x81; 16]))
}

pub(crate) fn eve() -> Subject {
    Subject::Person(person(1))
}

/// What the program has for itself, and what eve has: no session.
pub(crate) const ROOT: u8 = 1;
pub(crate) const HERS: u8 = 2;
/// The program's tokens: its own, and the one to act for eve.
pub(crate) const SHORT: u8 = 3;
pub(crate) const LENT: u8 = 4;
pub(crate) const JOB: u8 = 5;

pub(crate) fn by(subject: Subject, number: u8) -> Actor {
    Actor::Subject(subject, shown(number))
}

pub(crate) fn lent(person: Subject, number: u8) -> Actor {
    Actor::Delegate(Delegate { program: program(), person: as_person(person), credential: shown(number) })
}

/// Who would be meant, if it were a person.
pub(crate) fn as_person(subject: Subject) -> PersonId {
    PersonId::from_bytes(match subject {
        Subject::Person(id) => *id.as_bytes(),
        Subject::ServiceAccount(id) => *id.as_bytes(),
        Subject::Agent(id) => *id.as_bytes(),
    })
}

pub(crate) fn issued(number: u8, subject: Subject, expires: Option<Time>) -> CredentialIssued {
    CredentialIssued { credential: shown(number), digest: Hash([0xc0 + number; 32]), expires, subject }
}

/// A policy that believes `corp`, and the provider of a workload `ci`, which is the program here.
pub(crate) fn with_workload() -> SignIn {
    let ci = Workload {
        audience: "deed".into(),
        issuer: "https://ci.example".into(),
        name: "ci".into(),
        service_account: ServiceAccountId::from_bytes([0x81; 16]),
        special_addresses: false,
        subject: "repo:acme/deed".into(),
    };
    SignIn { workloads: vec![ci], ..believing(corp()) }
}

/// Eve with a credential and a session, and the program with a credential.
pub(crate) fn programs(owner: Actor, policy: SignIn) -> Vec<(Actor, Fact)> {
    let account = ServiceAccountId::from_bytes([0x81; 16]);
    let facts: [Fact; 3] = [
        ServiceAccountCreated { handle: "ci".into(), service_account: account }.into(),
        issued(ROOT, program(), None).into(),
        issued(HERS, eve(), None).into(),
    ];
    let all = [there(owner, policy), facts.map(|fact| (owner, fact)).to_vec()].concat();
    then(&all, PROVIDER, started(true))
}

/// The program's own token.
pub(crate) fn token(number: u8) -> TokenIssued {
    TokenIssued {
        behalf: None,
        digest: Hash([0xc0 + number; 32]),
        expires: later(3_600),
        from: shown(ROOT),
        subject: program(),
        token: shown(number),
    }
}

/// Its token to act for who has that credential.
pub(crate) fn for_whom(person: Subject, credential: CredentialId) -> TokenIssued {
    TokenIssued { behalf: Some(Behalf { credential, person: as_person(person) }), ..token(LENT) }
}

/// The program has its own token, and one to act for eve; both are auditors.
fn lending(cast: &Cast) -> Vec<(Actor, Fact)> {
    let (owner, own) = (cast.as_owner(), by(program(), ROOT));
    let grant = |number, subject| {
        RoleGranted::new(GrantId::from_bytes([number; 16]), "auditor", Scope::Site, subject)
    };
    let there = programs(owner, with_workload());
    let there = then(&then(&there, owner, grant(0x91, program())), owner, grant(0x92, eve()));
    then(&then(&there, own, token(SHORT)), own, for_whom(eve(), shown(HERS)))
}

fn read(reader: Subject) -> LogRead {
    let (since, until) = (on(1), on(1));
    LogRead { channel: Channel::Http, count: 1, from: 0, reader, since, to: 9, until }
}

fn deeds(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = lending(cast);
    let read = || read(program());
    let after = |fact: Fact| then(&then(&there, owner, fact), lent(eve(), LENT), read());
    let revoked = |number| CredentialRevoked { credential: shown(number) }.into();
    let suspended = |subject| SubjectSuspended { reason: "x".into(), subject }.into();
    let without = |number| RoleRevoked::new(GrantId::from_bytes([number; 16])).into();
    let by_session = then(&there, by(program(), ROOT), {
        TokenIssued { digest: Hash([9; 32]), token: shown(9), ..for_whom(eve(), session()) }
    });
    let ended = then(&by_session, owner, CredentialRevoked { credential: session() });
    vec![
        ("the program reads", then(&there, by(program(), ROOT), read()), None),
        ("its token reads", then(&there, by(program(), SHORT), read()), None),
        ("it reads for eve", then(&there, lent(eve(), LENT), read()), None),
        ("it reads for her session", then(&by_session, lent(eve(), 9), read()), None),
        ("the session has ended", then(&ended, lent(eve(), 9), read()), DENIED),
        ("eve is said to read", then(&there, lent(eve(), LENT), self::read(eve())), DENIED),
        ("another's rights", after(suspended(cast.admin)), None),
        ("the token was revoked", after(revoked(LENT)), DENIED),
        ("its root was revoked", after(revoked(ROOT)), DENIED),
        ("hers was revoked", after(revoked(HERS)), DENIED),
        ("another token was revoked", after(revoked(SHORT)), None),
        ("the program is suspended", after(suspended(program())), DENIED),
        ("eve is suspended", after(suspended(eve())), DENIED),
        ("the program may not", after(without(0x91)), DENIED),
        ("eve may not", after(without(0x92)), DENIED),
    ]
}

fn lies(cast: &Cast) -> Vec<Story> {
    let there = lending(cast);
    let read = |actor| then(&there, actor, read(program()));
    vec![
        ("for eve", read(lent(eve(), LENT)), None),
        ("as if it were its own", read(by(program(), LENT)), DENIED),
        ("as if it were hers", read(by(eve(), LENT)), DENIED),
        ("for eve, with its own", read(lent(eve(), ROOT)), DENIED),
        ("for eve, with its own token", read(lent(eve(), SHORT)), DENIED),
        ("for eve, with hers", read(lent(eve(), HERS)), DENIED),
        ("for eve, with what is nobody's", read(lent(eve(), 9)), DENIED),
        ("for the owner", read(lent(cast.owner, LENT)), DENIED),
        (
            "for the owner, with the owner's",
            {
                let program = program();
                let credential = cast.owner_credential;
                read(Actor::Delegate(Delegate { program, person: as_person(cast.owner), credential }))
            },
            DENIED,
        ),
        (
            "another program",
            {
                let program = cast.admin;
                read(Actor::Delegate(Delegate { program, person: as_person(eve()), credential: shown(LENT) }))
            },
            DENIED,
        ),
    ]
}

/// What nobody does for an owner, though the program owns all too.
fn kept(cast: &Cast) -> Vec<Story> {
    let (owner, own) = (cast.as_owner(), by(program(), ROOT));
    let there = programs(owner, with_workload());
    let grant = RoleGranted::new(GrantId::from_bytes([0x93; 16]), "owner", Scope::Site, program());
    let there = then(&there, owner, grant);
    let there = then(&there, own, for_whom(cast.owner, cast.owner_credential));
    let there = then(&there, own, token(SHORT));
    let acting = lent(cast.owner, LENT);
    let both = |name: (&'static str, &'static str), fact: Fact| {
        [(name.0, then(&there, own, fact.clone()), None), (name.1, then(&there, acting, fact), DENIED)]
    };
    let again = TokenIssued { digest: Hash([8; 32]), token: shown(8), ..token(SHORT) };
    let person = PersonCreated { login: None, person: person(7) };
    let granted = RoleGranted::new(GrantId::from_bytes([0x94; 16]), "member", Scope::Site, eve());
    let end = |number| CredentialRevoked { credential: shown(number) };
    let own_end = [
        ("lets go of what it shows", then(&there, acting, end(LENT)), None),
        ("lets go of what it shows not", then(&there, acting, end(ROOT)), DENIED),
    ];
    let all = [
        both(("makes a person", "makes a person for an owner"), person.into()),
        both(("makes a credential", "makes a credential for an owner"), issued(8, program(), None).into()),
        both(
            ("ends a credential", "ends a credential for an owner"),
            CredentialRevoked { credential: shown(SHORT) }.into(),
        ),
        both(("grants", "grants for an owner"), granted.into()),
        both(("gets a token", "gets a token for an owner"), again.into()),
        both(
            ("suspends", "suspends for an owner"),
            SubjectSuspended { reason: "x".into(), subject: eve() }.into(),
        ),
    ];
    [all.concat(), own_end.to_vec()].concat()
}

fn lasting(cast: &Cast) -> Vec<Story> {
    let (owner, own) = (cast.as_owner(), by(program(), ROOT));
    let there = then(&programs(owner, with_workload()), own, token(SHORT));
    let job = WorkloadSignedIn {
        assertion: Hash([1; 32]),
        digest: Hash([0xc0 + JOB; 32]),
        expires: later(3_600),
        service_account: ServiceAccountId::from_bytes([0x81; 16]),
        token: shown(JOB),
        workload: "ci".into(),
    };
    // The assertion of the session that began in the same story counts for itself.
    let there = then(&there, PROVIDER, job);
    let allowed = RoleGranted::new(GrantId::from_bytes([0x95; 16]), "user_admin", Scope::Site, program());
    let allowed = then(&there, owner, allowed);
    let more = || issued(9, program(), None);
    vec![
        ("its own credential makes another", then(&there, own, more()), None),
        ("a token makes a credential", then(&there, by(program(), SHORT), more()), DENIED),
        ("a workload makes a credential", then(&there, by(program(), JOB), more()), DENIED),
        ("a token that may makes a credential", then(&allowed, by(program(), SHORT), more()), None),
        ("a workload that may makes a credential", then(&allowed, by(program(), JOB), more()), None),
    ]
}

fn sweeps(cast: &Cast) -> Vec<Story> {
    let (owner, own) = (cast.as_owner(), by(program(), ROOT));
    let there = programs(owner, with_workload());
    let there = then(&there, owner, issued(6, program(), None));
    let from = TokenIssued { from: shown(6), ..token(SHORT) };
    let there = then(&then(&there, by(program(), 6), from), own, for_whom(eve(), shown(HERS)));
    // Over once some time has passed.
    let there = then(&there, owner, issued(7, eve(), Some(later(45))));
    let waited: Vec<_> = (0..20).map(|_| (owner, Fact::from(read_by(cast)))).collect();
    let there = [there, waited].concat();
    let gone = then(&there, owner, CredentialRevoked { credential: shown(6) });
    let gone = then(&gone, owner, CredentialRevoked { credential: shown(HERS) });
    let end = |number| CredentialRevoked { credential: shown(number) };
    let code = Actor::Anonymous(Via::Recovery);
    let nobody = Actor::Anonymous(Via::Nothing);
    vec![
        ("a provider sweeps what is past", then(&there, PROVIDER, end(7)), None),
        ("a code sweeps what is past", then(&there, code, end(7)), None),
        ("nobody sweeps", then(&there, nobody, end(7)), DENIED),
        ("a claim sweeps", then(&there, Actor::Anonymous(Via::Claim), end(7)), DENIED),
        ("a provider ends what is not over", then(&there, PROVIDER, end(SHORT)), DENIED),
        ("a code ends what is not over", then(&there, code, end(SHORT)), DENIED),
        (
            "a code ends a session",
            { then(&there, code, CredentialRevoked { credential: session() }) },
            DENIED,
        ),
        ("a provider sweeps a token without root", then(&gone, PROVIDER, end(SHORT)), None),
        ("a code sweeps a token without root", then(&gone, code, end(SHORT)), None),
        ("a provider sweeps a token without person", then(&gone, PROVIDER, end(LENT)), None),
        ("a provider sweeps twice", then(&gone, PROVIDER, end(HERS)), DENIED),
        ("the program sweeps its own", then(&gone, own, end(LENT)), None),
        ("the program sweeps another's", then(&there, own, end(7)), DENIED),
    ]
}

fn read_by(cast: &Cast) -> LogRead {
    read(cast.owner)
}

fn refusals(cast: &Cast) -> Vec<Story> {
    let there = lending(cast);
    let acting = lent(eve(), LENT);
    let ended = then(&there, cast.as_owner(), CredentialRevoked { credential: shown(LENT) });
    let not_on_behalf = || refused("identity.issue_token", Refusal::NotOnBehalf {});
    let lacking = |permission: &str| {
        let scope = Scope::Site;
        refused("access.look", Refusal::NotPermitted { permission: permission.into(), scope })
    };
    vec![
        ("not on behalf", then(&there, acting, not_on_behalf()), None),
        ("not on behalf of nobody", then(&there, by(program(), ROOT), not_on_behalf()), WRONG),
        ("not on behalf, by a token", then(&there, by(program(), SHORT), not_on_behalf()), WRONG),
        ("not on behalf of the owner", then(&there, lent(cast.owner, LENT), not_on_behalf()), WRONG),
        ("not on behalf, ended", then(&ended, acting, not_on_behalf()), WRONG),
        ("ended", then(&ended, acting, refused("x.y", Refusal::NotAuthenticated {})), None),
        ("not ended", then(&there, acting, refused("x.y", Refusal::NotAuthenticated {})), WRONG),
        // Auditors may take exports; a program does that for nobody.
        ("lacks what cannot be lent", then(&there, acting, lacking("custody.export")), None),
        ("lacks it itself", then(&there, by(program(), ROOT), lacking("custody.export")), WRONG),
        ("lacks what both may", then(&there, acting, lacking("custody.read")), WRONG),
        ("lacks what neither may", then(&there, acting, lacking("workspaces.use")), None),
    ]
}

pub(crate) fn refused(command: &str, refusal: Refusal) -> Fact {
    CommandRefused { about: None, command: command.into(), refusal }.into()
}

#[test]
fn deeds_of_programs_without_the_rights_of_both_are_found() {
    holds(deeds);
}

#[test]
fn actors_that_lie_about_whom_they_act_for_are_found() {
    holds(lies);
}

#[test]
fn what_nobody_does_for_somebody_is_found() {
    holds(kept);
}

#[test]
fn credentials_that_tokens_made_are_found() {
    holds(lasting);
}

#[test]
fn sweeps_of_what_is_not_over_are_found() {
    holds(sweeps);
}

#[test]
fn refusals_of_programs_that_did_not_hold_are_found() {
    holds(refusals);
}
