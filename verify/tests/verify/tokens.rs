//! Tokens and sessions of programs that nobody should have been given, signed with the real key, each with one that is sound.

use crate::programs::{
    HERS, JOB, LENT, ROOT, SHORT, by, eve, for_whom, issued, later, lent, program, programs, refused, shown,
    token, with_workload,
};
use crate::sessions::{PROVIDER, WRONG, person, session, started};
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::RoleGranted;
use ledger::event::id::{CredentialId, GrantId, ServiceAccountId};
use ledger::event::identity::*;
use ledger::event::policy::SignIn;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Refusal, Subject, Via};
use ledger::hash::Hash;

const NOBODY: Actor = Actor::Anonymous(Via::Nothing);

fn own(cast: &Cast) -> Vec<Story> {
    let (owner, own) = (cast.as_owner(), by(program(), ROOT));
    let there = programs(owner, with_workload());
    let with = |change: fn(&mut TokenIssued)| {
        let mut fact = token(SHORT);
        change(&mut fact);
        fact
    };
    let renewed =
        |from: u8| TokenIssued { digest: Hash([8; 32]), token: shown(8), from: shown(from), ..token(SHORT) };
    let short = then(&there, own, token(SHORT));
    let shorter = then(&there, own, with(|fact| fact.expires = later(600)));
    let renewed_until = |seconds| TokenIssued { expires: later(seconds), ..renewed(ROOT) };
    let brief = then(&there, owner, issued(6, program(), Some(later(600))));
    let from_brief = |seconds| TokenIssued { from: shown(6), expires: later(seconds), ..token(SHORT) };
    let briefly = then(&brief, by(program(), 6), from_brief(600));
    let from_briefly = |seconds| TokenIssued { expires: later(seconds), ..renewed(6) };
    let suspended = then(&there, owner, SubjectSuspended { reason: "x".into(), subject: program() });
    vec![
        ("a token", short.clone(), None),
        ("a token by a token", then(&short, by(program(), SHORT), renewed(ROOT)), None),
        ("a token for a token", then(&short, by(program(), SHORT), renewed(SHORT)), DENIED),
        ("a token by nobody", then(&there, NOBODY, token(SHORT)), DENIED),
        ("a token by a provider", then(&there, PROVIDER, token(SHORT)), DENIED),
        ("a token by Deed", then(&there, Actor::System, token(SHORT)), DENIED),
        ("a token by its owner", then(&there, owner, token(SHORT)), DENIED),
        ("a token by another program", then(&there, cast.as_admin(), token(SHORT)), DENIED),
        (
            "a token for another program",
            then(&there, cast.as_admin(), TokenIssued { from: cast.admin_credential, ..token(SHORT) }),
            DENIED,
        ),
        ("a token of the suspended", then(&suspended, own, token(SHORT)), DENIED),
        (
            "a token of a person",
            then(&there, by(eve(), HERS), TokenIssued { from: shown(HERS), subject: eve(), ..token(SHORT) }),
            DENIED,
        ),
        ("a token from another's", then(&there, own, with(|fact| fact.from = shown(HERS))), DENIED),
        ("a token that is there", then(&there, own, with(|fact| fact.token = shown(HERS))), DENIED),
        (
            "a token with a secret in use",
            then(&there, own, with(|fact| fact.digest = Hash([0xc0 + HERS; 32]))),
            DENIED,
        ),
        ("a token that is over", then(&there, own, with(|fact| fact.expires = later(0))), DENIED),
        ("a token for longer", then(&there, own, with(|fact| fact.expires = later(3_700))), DENIED),
        ("a token as long as a short one", then(&shorter, by(program(), SHORT), renewed_until(600)), None),
        ("a token longer than a short one", then(&shorter, by(program(), SHORT), renewed_until(601)), DENIED),
        ("a token as long as its root", briefly.clone(), None),
        ("a token longer than its root", then(&brief, by(program(), 6), from_brief(601)), DENIED),
        ("a token as long as the one shown", then(&briefly, by(program(), SHORT), from_briefly(600)), None),
        (
            "a token longer than the one shown",
            then(&briefly, by(program(), SHORT), from_briefly(601)),
            DENIED,
        ),
    ]
}

fn of_people(cast: &Cast) -> Vec<Story> {
    let (owner, own) = (cast.as_owner(), by(program(), ROOT));
    let there = programs(owner, with_workload());
    let give =
        |there: &[(Actor, Fact)], person: Subject, number| then(there, own, for_whom(person, shown(number)));
    let session_of = |there: &[(Actor, Fact)]| then(there, own, for_whom(eve(), session()));
    let after = |fact: Fact| then(&there, owner, fact);
    let revoked = |credential| after(CredentialRevoked { credential }.into());
    let suspended = after(SubjectSuspended { reason: "x".into(), subject: eve() }.into());
    let brief = after(issued(6, eve(), Some(later(600))).into());
    let briefly = |seconds| {
        let fact = TokenIssued { expires: later(seconds), ..for_whom(eve(), shown(6)) };
        then(&brief, own, fact)
    };
    let mut idle = started(true);
    (idle.session, idle.digest, idle.idle_seconds) = (shown(7), Hash([0xc7; 32]), 3_600);
    let tokens = then(&there, own, token(SHORT));
    let lent_before = then(
        &there,
        own,
        TokenIssued { token: shown(8), digest: Hash([8; 32]), ..for_whom(eve(), shown(HERS)) },
    );
    vec![
        ("for eve", give(&there, eve(), HERS), None),
        ("for her session", session_of(&there), None),
        ("for another session", then(&then(&there, PROVIDER, idle), own, for_whom(eve(), shown(7))), None),
        ("for the owner, with hers", give(&there, cast.owner, HERS), DENIED),
        ("for eve, with the owner's", then(&there, own, for_whom(eve(), cast.owner_credential)), DENIED),
        (
            "for the owner, with the owner's",
            then(&there, own, for_whom(cast.owner, cast.owner_credential)),
            None,
        ),
        ("for nobody there", give(&there, Subject::Person(person(9)), HERS), DENIED),
        ("with nothing there", give(&there, eve(), 9), DENIED),
        ("with what was revoked", give(&revoked(shown(HERS)), eve(), HERS), DENIED),
        ("with a session that was ended", session_of(&revoked(session())), DENIED),
        ("for the suspended", give(&suspended, eve(), HERS), DENIED),
        ("for another program", then(&there, own, for_whom(cast.admin, cast.admin_credential)), DENIED),
        ("for itself", give(&there, program(), ROOT), DENIED),
        ("with a token", give(&tokens, program(), SHORT), DENIED),
        ("with a token for eve", give(&lent_before, eve(), 8), DENIED),
        ("as long as hers", briefly(600), None),
        ("longer than hers", briefly(601), DENIED),
        ("for eve, by a delegate", then(&lent_before, lent(eve(), 8), for_whom(eve(), shown(HERS))), DENIED),
        ("for eve, by a person", then(&there, by(eve(), HERS), for_whom(eve(), shown(HERS))), DENIED),
    ]
}

fn job() -> WorkloadSignedIn {
    WorkloadSignedIn {
        assertion: Hash([0x21; 32]),
        digest: Hash([0xc0 + JOB; 32]),
        expires: later(3_600),
        service_account: ServiceAccountId::from_bytes([0x81; 16]),
        token: shown(JOB),
        workload: "ci".into(),
    }
}

fn workloads(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = programs(owner, with_workload());
    let without = programs(owner, SignIn { workloads: vec![], ..with_workload() });
    let suspended = then(&there, owner, SubjectSuspended { reason: "x".into(), subject: program() });
    let with = |change: fn(&mut WorkloadSignedIn)| {
        let mut fact = job();
        change(&mut fact);
        then(&there, PROVIDER, fact)
    };
    let Subject::ServiceAccount(service_account) = cast.admin else { return vec![] };
    let as_admin = WorkloadSignedIn { service_account, ..job() };
    let once = then(&there, PROVIDER, job());
    let again = |assertion| WorkloadSignedIn { assertion, token: shown(9), digest: Hash([9; 32]), ..job() };
    let token = TokenIssued { from: shown(JOB), ..token(SHORT) };
    let acting = by(program(), JOB);
    vec![
        ("a workload", once.clone(), None),
        ("a workload again", then(&once, PROVIDER, again(Hash([0x22; 32]))), None),
        ("an assertion twice", then(&once, PROVIDER, again(Hash([0x21; 32]))), DENIED),
        ("a workload by nobody", then(&there, NOBODY, job()), DENIED),
        ("a workload by itself", then(&there, by(program(), ROOT), job()), DENIED),
        ("a workload by an owner", then(&there, owner, job()), DENIED),
        ("a workload that no policy names", then(&without, PROVIDER, job()), DENIED),
        ("a workload of another name", with(|fact| fact.workload = "cd".into()), DENIED),
        (
            "a workload as another account",
            with(|fact| fact.service_account = ServiceAccountId::from_bytes([0x82; 16])),
            DENIED,
        ),
        ("a workload as the administrator", then(&there, PROVIDER, as_admin), DENIED),
        ("a workload of the suspended", then(&suspended, PROVIDER, job()), DENIED),
        ("a workload that is there", with(|fact| fact.token = shown(ROOT)), DENIED),
        ("a workload with a secret in use", with(|fact| fact.digest = Hash([0xc0 + ROOT; 32])), DENIED),
        ("a workload that is over", with(|fact| fact.expires = later(0)), DENIED),
        ("a workload for longer", with(|fact| fact.expires = later(3_700)), DENIED),
        ("a token by a workload", then(&once, acting, token.clone()), None),
        (
            "a token for another than the workload",
            then(&once, acting, TokenIssued { from: shown(ROOT), ..token.clone() }),
            DENIED,
        ),
        (
            "a token longer than the workload",
            then(&once, acting, TokenIssued { expires: later(3_601), ..token }),
            DENIED,
        ),
    ]
}

fn let_in() -> ClientSignedIn {
    ClientSignedIn {
        client: "deed-cli".into(),
        digest: Hash([0x31; 32]),
        expires: started(true).expires,
        from: session(),
        idle_seconds: 3_600,
        person: person(1),
        session: CredentialId::from_bytes([0x31; 16]),
        way: Way::DeviceCode,
    }
}

fn clients(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = programs(owner, with_workload());
    let own = Actor::Subject(eve(), session());
    let with = |change: fn(&mut ClientSignedIn)| {
        let mut fact = let_in();
        change(&mut fact);
        then(&there, own, fact)
    };
    let off = programs(owner, SignIn { device_codes: false, ..with_workload() });
    let by_browser = ClientSignedIn { way: Way::AuthorizationCode, ..let_in() };
    let once = then(&there, own, let_in());
    let from_client =
        ClientSignedIn { from: let_in().session, session: shown(8), digest: Hash([8; 32]), ..let_in() };
    let as_client = Actor::Subject(eve(), let_in().session);
    let ended = then(&there, owner, CredentialRevoked { credential: session() });
    let for_session = then(&there, by(program(), ROOT), for_whom(eve(), session()));
    let used = SessionUsed { session: let_in().session };
    vec![
        ("a program's session", once.clone(), None),
        ("a program's session by a code in a browser", then(&off, own, by_browser), None),
        ("a typed code that policy does not want", then(&off, own, let_in()), DENIED),
        (
            "by no session",
            then(&there, by(eve(), HERS), ClientSignedIn { from: shown(HERS), ..let_in() }),
            DENIED,
        ),
        ("by no session, as if", then(&there, by(eve(), HERS), let_in()), DENIED),
        ("by the owner", then(&there, owner, let_in()), DENIED),
        ("by a provider", then(&there, PROVIDER, let_in()), DENIED),
        ("by nobody", then(&there, NOBODY, let_in()), DENIED),
        ("by a program's session", then(&once, as_client, from_client), DENIED),
        ("for eve, by a program", then(&for_session, lent(eve(), LENT), let_in()), DENIED),
        ("after the session", then(&ended, own, let_in()), DENIED),
        ("for somebody else", with(|fact| fact.person = person(9)), DENIED),
        ("from another session", with(|fact| fact.from = shown(HERS)), DENIED),
        (
            "longer than the session",
            with(|fact| fact.expires = started(true).expires.plus_seconds(1)),
            DENIED,
        ),
        ("shorter than the session", with(|fact| fact.expires = later(3_600)), DENIED),
        ("unused for longer", with(|fact| fact.idle_seconds = 3_601), DENIED),
        ("a session that is there", with(|fact| fact.session = shown(HERS)), DENIED),
        ("a secret in use", with(|fact| fact.digest = Hash([0xc0 + HERS; 32])), DENIED),
        ("a use by the program", then(&once, as_client, used.clone()), None),
        ("a use by the browser", then(&once, own, used), DENIED),
        (
            "a provider ends it",
            then(&once, PROVIDER, CredentialRevoked { credential: let_in().session }),
            None,
        ),
    ]
}

fn factors(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    // Eve signs in with one factor, and owns all only then; policy wants several of owners.
    let wants = SignIn { several_factors_roles: vec!["owner".into()], ..with_workload() };
    let before = crate::sessions::there(owner, wants);
    let grant = RoleGranted::new(GrantId::from_bytes([0x96; 16]), "owner", Scope::Site, eve());
    let own = Actor::Subject(eve(), session());
    let signed_in = |several| then(&before, PROVIDER, started(several));
    let promoted = |several| then(&signed_in(several), owner, grant.clone());
    vec![
        ("one factor is enough", then(&signed_in(false), own, let_in()), None),
        ("one factor too few", then(&promoted(false), own, let_in()), DENIED),
        ("several factors", then(&promoted(true), own, let_in()), None),
    ]
}

fn refusals(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = programs(owner, with_workload());
    let off = programs(owner, SignIn { device_codes: false, ..with_workload() });
    let because = |command: &str, reason: &str| {
        refused(command, Refusal::TokenRefused { grant: "x".into(), reason: reason.into() })
    };
    let says = |there: &[(Actor, Fact)], actor, reason: &str| then(there, actor, because("x.y", reason));
    let (own, browser) = (by(program(), ROOT), Actor::Subject(eve(), session()));
    let by_edge = |actor, reason: &str| then(&there, actor, because("identity.refuse_token", reason));
    vec![
        ("no program", says(&there, by(eve(), HERS), "not_a_program"), None),
        ("a program", says(&there, own, "not_a_program"), WRONG),
        ("typed codes are off", says(&off, browser, "device_codes_off"), None),
        ("typed codes are on", says(&there, browser, "device_codes_off"), WRONG),
        ("no browser", says(&there, by(eve(), HERS), "no_browser_session"), None),
        ("a browser", says(&there, browser, "no_browser_session"), WRONG),
        ("nobody's browser", says(&there, NOBODY, "no_browser_session"), WRONG),
        ("replayed", says(&there, PROVIDER, "assertion_replayed"), None),
        ("replayed, by somebody", says(&there, own, "assertion_replayed"), WRONG),
        ("unknown workload", says(&there, PROVIDER, "unknown_workload"), None),
        ("unknown workload, by nobody", says(&there, NOBODY, "unknown_workload"), WRONG),
        ("not active", says(&there, PROVIDER, "not_active"), None),
        ("not active, by somebody", says(&there, own, "not_active"), WRONG),
        // What the edge saw, no log shows.
        ("never believed", by_edge(NOBODY, "unknown_workload"), None),
        ("off when it was asked for", by_edge(NOBODY, "device_codes_off"), None),
        ("declined", by_edge(browser, "declined_by_person"), None),
        ("declined by a stranger", by_edge(Actor::Subject(eve(), shown(9)), "declined_by_person"), WRONG),
    ]
}

#[test]
fn tokens_that_no_program_should_have_are_found() {
    holds(own);
}

#[test]
fn tokens_for_people_who_lent_nothing_are_found() {
    holds(of_people);
}

#[test]
fn workloads_that_nobody_vouched_for_are_found() {
    holds(workloads);
}

#[test]
fn programs_that_nobody_let_in_are_found() {
    holds(clients);
}

#[test]
fn programs_that_were_let_in_with_one_factor_too_few_are_found() {
    holds(factors);
}

#[test]
fn refusals_of_tokens_that_did_not_hold_are_found() {
    holds(refusals);
}
