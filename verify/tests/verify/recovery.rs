//! Recovery codes that were not the person's to make or to use, signed with the real key, each with one that is sound.

use crate::programs::{as_person, issued, later, refused, shown};
use crate::sessions::{PROVIDER, WRONG, believing, corp, person, started, there};
use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::access::{RoleGranted, RoleRevoked};
use ledger::event::id::{GrantId, PersonId, PolicyId};
use ledger::event::identity::*;
use ledger::event::policy::{Body, PolicyAdopted, PolicyProposed, Session, SignIn};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Delegate, Fact, Refusal, Subject, Via};
use ledger::hash::Hash;

const CODE: Actor = Actor::Anonymous(Via::Recovery);
/// The second owner's credential, and the session by a code.
const HIS: u8 = 1;
const RESCUE: u8 = 2;

fn bob() -> Subject {
    Subject::Person(person(2))
}

fn as_bob() -> Actor {
    Actor::Subject(bob(), shown(HIS))
}

fn bobs_grant() -> GrantId {
    GrantId::from_bytes([0x97; 16])
}

fn codes(person: PersonId, numbers: &[u8]) -> RecoveryCodesMade {
    RecoveryCodesMade { codes: numbers.iter().map(|number| Hash([*number; 32])).collect(), person }
}

fn recovered(code: u8) -> OwnerRecovered {
    OwnerRecovered {
        code: Hash([code; 32]),
        digest: Hash([0xc0 + RESCUE; 32]),
        expires: later(3_600),
        idle_seconds: 3_600,
        person: person(2),
        session: shown(RESCUE),
    }
}

/// Bob owns all too, and has two codes; person 1 signs in at a provider and owns nothing.
fn owners(owner: Actor, policy: SignIn) -> Vec<(Actor, Fact)> {
    let facts: [Fact; 3] = [
        PersonCreated { login: None, person: person(2) }.into(),
        issued(HIS, bob(), None).into(),
        RoleGranted::new(bobs_grant(), "owner", Scope::Site, bob()).into(),
    ];
    let there = [there(owner, policy), facts.map(|fact| (owner, fact)).to_vec()].concat();
    then(&there, as_bob(), codes(person(2), &[1, 2]))
}

fn making(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = owners(owner, believing(corp()));
    let Subject::Person(first) = cast.owner else { return vec![] };
    let demoted = then(&there, owner, RoleRevoked::new(bobs_grant()));
    let many: Vec<u8> = (0..33).collect();
    let (most, one_more) = (many.split_at(32).0, &many[..]);
    let plain = issued(3, Subject::Person(person(1)), None);
    let there_too = then(&there, owner, plain);
    let lent = lent_to_admin(cast, &there);
    vec![
        ("codes", then(&there, owner, codes(first, &[3, 4])), None),
        ("no codes", then(&there, owner, codes(first, &[])), None),
        ("codes again", then(&there, as_bob(), codes(person(2), &[1, 3])), None),
        ("codes for another", then(&there, owner, codes(person(2), &[3])), DENIED),
        (
            "codes of who owns nothing",
            then(&there_too, Actor::Subject(Subject::Person(person(1)), shown(3)), codes(person(1), &[3])),
            DENIED,
        ),
        ("codes of who owns nothing any more", then(&demoted, as_bob(), codes(person(2), &[3])), DENIED),
        ("codes by a provider", then(&there, PROVIDER, codes(first, &[3])), DENIED),
        ("codes by a code", then(&there, CODE, codes(person(2), &[3])), DENIED),
        ("codes by Deed", then(&there, Actor::System, codes(first, &[3])), DENIED),
        ("codes by the operator", then(&there, Actor::Operator, codes(first, &[3])), DENIED),
        ("codes for an owner by a program", then(&lent.0, lent.1, codes(first, &[3])), DENIED),
        ("codes in disorder", then(&there, owner, codes(first, &[4, 3])), DENIED),
        ("a code twice", then(&there, owner, codes(first, &[3, 3])), DENIED),
        ("another's code", then(&there, owner, codes(first, &[2, 3])), DENIED),
        (
            "many codes",
            then(&demoted, owner, codes(first, &most.iter().map(|one| one + 9).collect::<Vec<_>>())),
            None,
        ),
        (
            "too many codes",
            then(&demoted, owner, codes(first, &one_more.iter().map(|one| one + 9).collect::<Vec<_>>())),
            DENIED,
        ),
    ]
}

/// The administrator's program acts for the owner.
fn lent_to_admin(cast: &Cast, there: &[(Actor, Fact)]) -> (Vec<(Actor, Fact)>, Actor) {
    let behalf = Some(Behalf { credential: cast.owner_credential, person: as_person(cast.owner) });
    let issued = TokenIssued {
        behalf,
        digest: Hash([0xc9; 32]),
        expires: later(3_600),
        from: cast.admin_credential,
        subject: cast.admin,
        token: shown(9),
    };
    let acting = Delegate { program: cast.admin, person: as_person(cast.owner), credential: shown(9) };
    (then(there, cast.as_admin(), issued), Actor::Delegate(acting))
}

fn recovering(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = owners(owner, believing(corp()));
    let with = |change: fn(&mut OwnerRecovered)| {
        let mut fact = recovered(1);
        change(&mut fact);
        then(&there, CODE, fact)
    };
    let as_owner = OwnerRecovered { person: as_person(cast.owner), ..recovered(1) };
    let once = then(&there, CODE, recovered(1));
    let again = |code| OwnerRecovered { session: shown(8), digest: Hash([8; 32]), ..recovered(code) };
    let after = |fact: Fact, code| then(&then(&there, owner, fact), CODE, recovered(code));
    let suspended = SubjectSuspended { reason: "x".into(), subject: bob() };
    let back = then(&then(&there, owner, suspended.clone()), owner, SubjectReactivated { subject: bob() });
    let replaced = then(&there, as_bob(), codes(person(2), &[3]));
    let rescued = Actor::Subject(bob(), shown(RESCUE));
    vec![
        ("a recovery", once.clone(), None),
        ("another recovery", then(&once, CODE, again(2)), None),
        ("a code that was spent", then(&once, CODE, again(1)), DENIED),
        ("a code that is nobody's", with(|fact| fact.code = Hash([9; 32])), DENIED),
        ("a code of another", with(|fact| fact.person = person(1)), DENIED),
        ("a code of another owner", then(&there, CODE, as_owner), DENIED),
        ("a code that was replaced", then(&replaced, CODE, recovered(1)), DENIED),
        ("a code that replaced it", then(&replaced, CODE, recovered(3)), None),
        ("no code", then(&there, Actor::Anonymous(Via::Nothing), recovered(1)), DENIED),
        ("a provider instead", then(&there, PROVIDER, recovered(1)), DENIED),
        ("a claim instead", then(&there, Actor::Anonymous(Via::Claim), recovered(1)), DENIED),
        ("the owner instead", then(&there, as_bob(), recovered(1)), DENIED),
        ("the operator instead", then(&there, Actor::Operator, recovered(1)), DENIED),
        ("an owner no more", after(RoleRevoked::new(bobs_grant()).into(), 1), DENIED),
        ("a suspended owner", after(suspended.into(), 1), DENIED),
        ("a removed owner", after(SubjectRemoved { reason: "x".into(), subject: bob() }.into(), 1), DENIED),
        ("an owner who is back", then(&back, CODE, recovered(1)), DENIED),
        ("a session that is there", with(|fact| fact.session = shown(HIS)), DENIED),
        ("a secret in use", with(|fact| fact.digest = Hash([0xc0 + HIS; 32])), DENIED),
        ("a session that is over", with(|fact| fact.expires = later(0)), DENIED),
        ("a session for long", with(|fact| fact.expires = later(3_700)), DENIED),
        ("a session that may lie unused", with(|fact| fact.idle_seconds = 3_601), DENIED),
        ("it does what an owner does", then(&once, rescued, codes(person(2), &[7])), None),
        ("it is used", then(&once, rescued, SessionUsed { session: shown(RESCUE) }), None),
    ]
}

fn in_force(owner: Actor, number: u8, body: Body) -> Vec<(Actor, Fact)> {
    let policy = PolicyId::from_bytes([number; 16]);
    vec![(owner, PolicyProposed { body, policy }.into()), (owner, PolicyAdopted { policy }.into())]
}

fn switches(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let there = owners(owner, believing(corp()));
    let worked = then(&there, PROVIDER, started(true));
    let set = |recovery_codes| Body::SignIn(SignIn { recovery_codes, ..believing(corp()) });
    let on = [worked.clone(), in_force(owner, 0x61, set(true))].concat();
    let off = [on.clone(), in_force(owner, 0x62, set(false))].concat();
    let short = Body::Session(Session { absolute_seconds: 600, idle_seconds: 60 });
    let short = [there.clone(), in_force(owner, 0x63, short)].concat();
    let briefly = |seconds, idle_seconds| {
        let fact = OwnerRecovered { expires: later(seconds), idle_seconds, ..recovered(1) };
        then(&short, CODE, fact)
    };
    let because =
        |reason: &str| refused("identity.recover", Refusal::RecoveryRefused { reason: reason.into() });
    vec![
        ("after a provider worked", then(&worked, CODE, recovered(1)), DENIED),
        ("on by policy", then(&on, CODE, recovered(1)), None),
        ("off by policy", then(&off, CODE, recovered(1)), DENIED),
        ("as long as policy says", briefly(600, 60), None),
        ("longer than policy says", briefly(700, 60), DENIED),
        ("unused for longer than policy says", briefly(600, 61), DENIED),
        ("refused, off", then(&worked, CODE, because("recovery_off")), None),
        ("refused, on", then(&on, CODE, because("recovery_off")), WRONG),
        ("refused, never off", then(&there, CODE, because("recovery_off")), WRONG),
        ("refused, no such code", then(&there, CODE, because("unknown_code")), None),
        ("refused, no such code, to somebody", then(&there, owner, because("unknown_code")), WRONG),
        ("refused, not active", then(&there, CODE, because("not_active")), None),
        ("refused, not active, to a provider", then(&there, PROVIDER, because("not_active")), WRONG),
        ("refused, no owner", then(&there, cast.as_admin(), because("not_an_owner")), None),
        ("refused, no owner, to one", then(&there, as_bob(), because("not_an_owner")), WRONG),
        ("refused, no owner, to a code", then(&there, CODE, because("not_an_owner")), None),
        ("refused, another's code", then(&there, owner, because("code_taken")), None),
        ("refused, another's code, to a code", then(&there, CODE, because("code_taken")), WRONG),
        ("refused, another's code, to no owner", then(&there, cast.as_admin(), because("code_taken")), WRONG),
    ]
}

fn factors(cast: &Cast) -> Vec<Story> {
    let owner = cast.as_owner();
    let sensitive = vec!["custody.erase".into()];
    let policy = SignIn { several_factors_permissions: sensitive, recovery_codes: true, ..believing(corp()) };
    let one = Subject::Person(person(1));
    let grant = RoleGranted::new(GrantId::from_bytes([0x98; 16]), "owner", Scope::Site, one);
    let there = then(&owners(owner, policy), owner, grant);
    let own = Actor::Subject(one, crate::sessions::session());
    let make = |several| then(&then(&there, PROVIDER, started(several)), own, codes(person(1), &[5]));
    let rescued = then(&there, CODE, recovered(1));
    let again = then(&rescued, Actor::Subject(bob(), shown(RESCUE)), codes(person(2), &[6]));
    vec![
        ("codes with several factors", make(true), None),
        ("codes with one factor", make(false), DENIED),
        ("a code stands for several", again, None),
    ]
}

#[test]
fn codes_that_were_not_theirs_to_make_are_found() {
    holds(making);
}

#[test]
fn recoveries_without_a_good_code_are_found() {
    holds(recovering);
}

#[test]
fn recoveries_that_policy_did_not_want_are_found() {
    holds(switches);
}

#[test]
fn codes_made_with_one_factor_too_few_are_found() {
    holds(factors);
}
