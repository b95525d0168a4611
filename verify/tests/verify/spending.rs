//! Keys and budgets that break the rules, signed with the real key: for each rule a story whose last event must be found.

use crate::stories::{DENIED, Story, holds, then};
use fixtures::forge::story::Cast;
use ledger::event::budgets::*;
use ledger::event::custody::CommandRefused;
use ledger::event::id::{BudgetId, PolicyId, ReservationId, VirtualKeyId};
use ledger::event::identity::SubjectSuspended;
use ledger::event::keys::*;
use ledger::event::policy::{Body, KeyDefaults, PolicyAdopted, PolicyProposed, STANDARD};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Object, Refusal, Subject};
use ledger::hash::Hash;
use ledger::names::Names;
use ledger::time::Time;
use ledger::zone::Zone;
use verify::Code;

pub(crate) fn key(number: u8) -> VirtualKeyId {
    VirtualKeyId::from_bytes([number; 16])
}

fn budget(number: u8) -> BudgetId {
    BudgetId::from_bytes([number; 16])
}

fn reservation(number: u8) -> ReservationId {
    ReservationId::from_bytes([number; 16])
}

pub(crate) fn on(day: u8) -> Time {
    Time::parse(&format!("2026-01-{day:02}T00:00:00.000000Z")).unwrap()
}

pub(crate) fn issued(owner: Subject) -> KeyIssued {
    KeyIssued {
        alias: "laptop".into(),
        class: KeyClass::Ci,
        digest: Hash([0x51; 32]),
        enforcement: STANDARD.into(),
        expires: on(9),
        guardrails: STANDARD.into(),
        key: key(1),
        models: Models::Any,
        owner,
        requests_per_minute: 600,
        scope: Scope::Site,
        tokens_per_minute: 1_000_000,
    }
}

fn strict(owner: Actor) -> Vec<(Actor, Fact)> {
    let policy = PolicyId::from_bytes([1; 16]);
    let only = Models::Only(Names::of(["small"]).unwrap());
    let body = Body::KeyDefaults(KeyDefaults { models: only, ..KeyDefaults::standard(KeyClass::Ci) });
    vec![(owner, PolicyProposed { body, policy }.into()), (owner, PolicyAdopted { policy }.into())]
}

fn issuing(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let plain = || issued(cast.owner);
    let one = |actor, fact: KeyIssued| vec![(actor, Fact::from(fact))];
    let there = one(owner, plain());
    let other = || KeyIssued { key: key(2), digest: Hash([0x52; 32]), alias: "ci".into(), ..plain() };
    vec![
        ("a key", there.clone(), None),
        ("a key for another", one(owner, issued(cast.admin)), None),
        ("a key without the right", one(admin, issued(cast.admin)), DENIED),
        ("a key for one's better", one(admin, plain()), DENIED),
        ("a key by Deed", one(Actor::System, plain()), DENIED),
        ("another key", then(&there, owner, other()), None),
        ("a key twice", then(&there, owner, KeyIssued { key: key(1), ..other() }), DENIED),
        ("a secret twice", then(&there, owner, KeyIssued { digest: Hash([0x51; 32]), ..other() }), DENIED),
        ("a name twice", then(&there, owner, KeyIssued { alias: "laptop".into(), ..other() }), DENIED),
        ("no name", one(owner, KeyIssued { alias: "".into(), ..plain() }), DENIED),
        ("too many calls", one(owner, KeyIssued { requests_per_minute: 601, ..plain() }), DENIED),
        ("too many tokens", one(owner, KeyIssued { tokens_per_minute: 1_000_001, ..plain() }), DENIED),
        ("too long", one(owner, KeyIssued { class: KeyClass::AgentWrite, ..plain() }), DENIED),
        ("of the past", one(owner, KeyIssued { expires: Time::from_micros(1), ..plain() }), DENIED),
        ("another level", one(owner, KeyIssued { enforcement: "lax".into(), ..plain() }), DENIED),
        ("another set", one(owner, KeyIssued { guardrails: "none".into(), ..plain() }), DENIED),
        ("any model", then(&strict(owner), owner, plain()), DENIED),
    ]
}

fn ending(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let there = vec![(owner, Fact::from(issued(cast.owner)))];
    let rotated =
        |digest, until| KeyRotated { digest: Hash([digest; 32]), key: key(1), previous_until: until };
    let revoked = || KeyRevoked { key: key(1), reason: None };
    let ended = then(&there, owner, revoked());
    let of_admin = vec![(owner, Fact::from(issued(cast.admin)))];
    let suspended = then(&of_admin, owner, SubjectSuspended { reason: "x".into(), subject: cast.admin });
    vec![
        ("rotate", then(&there, owner, rotated(0x60, on(2))), None),
        ("rotate for another", then(&there, admin, rotated(0x60, on(2))), DENIED),
        ("rotate to the same", then(&there, owner, rotated(0x51, on(2))), DENIED),
        ("rotate with a long overlap", then(&there, owner, rotated(0x60, on(20))), DENIED),
        ("rotate nothing", vec![(owner, rotated(0x60, on(2)).into())], DENIED),
        ("rotate what ended", then(&ended, owner, rotated(0x60, on(2))), DENIED),
        ("revoke", ended.clone(), None),
        ("revoke one's own", then(&of_admin, admin, revoked()), None),
        ("revoke another's", then(&there, admin, revoked()), DENIED),
        ("revoke twice", then(&ended, owner, revoked()), DENIED),
        ("revoke by Deed", then(&there, Actor::System, revoked()), DENIED),
        ("end with the owner", then(&suspended, owner, revoked()), None),
        ("end with the owner, by Deed", then(&suspended, Actor::System, revoked()), DENIED),
    ]
}

fn set(limit: u64) -> BudgetSet {
    BudgetSet {
        budget: budget(1),
        kind: Kind::Hard,
        limit,
        period: Period::Day,
        target: Target::Scope(Scope::Site),
        thresholds: Thresholds::of([50]).unwrap(),
        unit: Unit::Tokens,
        zone: Zone::utc(),
    }
}

fn setting(cast: &Cast) -> Vec<Story> {
    let (owner, admin) = (cast.as_owner(), cast.as_admin());
    let there = vec![(owner, Fact::from(set(10)))];
    let ended = then(&there, owner, BudgetEnded { budget: budget(1) });
    let unknown: Zone = serde_json::from_str("\"Mars/Base\"").unwrap();
    vec![
        ("set", there.clone(), None),
        ("set without the right", vec![(admin, set(10).into())], DENIED),
        (
            "set for nobody",
            vec![(owner, BudgetSet { target: Target::Key(key(9)), ..set(10) }.into())],
            DENIED,
        ),
        ("set in no zone", vec![(owner, BudgetSet { zone: unknown, ..set(10) }.into())], DENIED),
        ("change", then(&there, owner, set(20)), None),
        ("change nothing", then(&there, owner, set(10)), DENIED),
        ("change the kind", then(&there, owner, BudgetSet { kind: Kind::Alert, ..set(20) }), DENIED),
        ("change what ended", then(&ended, owner, set(20)), DENIED),
        ("end", ended.clone(), None),
        ("end twice", then(&ended, owner, BudgetEnded { budget: budget(1) }), DENIED),
        ("end without the right", then(&there, admin, BudgetEnded { budget: budget(1) }), DENIED),
    ]
}

fn amounts(tokens: u64) -> Amounts {
    Amounts::of([(Unit::Tokens, tokens)]).unwrap()
}

fn charge(window: &str) -> Charge {
    Charge { budget: budget(1), window: window.parse().unwrap() }
}

fn reserved(subject: Subject, tokens: u64) -> Reserved {
    Reserved {
        amounts: amounts(tokens),
        charges: vec![charge("2026-01-01")],
        expires: on(2),
        key: None,
        model: None,
        reservation: reservation(1),
        scope: Scope::Site,
        subject,
    }
}

fn reserving(cast: &Cast) -> Vec<Story> {
    let (owner, system) = (cast.as_owner(), Actor::System);
    let there = vec![(owner, Fact::from(set(100)))];
    let plain = || reserved(cast.owner, 40);
    let held = then(&there, system, plain());
    let second = |tokens| Reserved { reservation: reservation(2), ..reserved(cast.owner, tokens) };
    let with_key = then(&there, owner, issued(cast.owner));
    let by_key = || Reserved { key: Some(key(1)), ..plain() };
    let no_more = then(&with_key, owner, KeyRevoked { key: key(1), reason: None });
    vec![
        ("reserve", held.clone(), None),
        ("reserve by the owner", then(&there, owner, plain()), DENIED),
        ("reserve uncharged", then(&there, system, Reserved { charges: vec![], ..plain() }), DENIED),
        (
            "reserve in another window",
            then(&there, system, Reserved { charges: vec![charge("2026-01-02")], ..plain() }),
            DENIED,
        ),
        (
            "reserve in another kind of window",
            then(&there, system, Reserved { charges: vec![charge("lifetime")], ..plain() }),
            DENIED,
        ),
        ("charge what is not there", vec![(system, plain().into())], DENIED),
        ("reserve too much", then(&there, system, reserved(cast.owner, 101)), DENIED),
        ("reserve more than is left", then(&held, system, second(61)), DENIED),
        ("reserve twice", then(&held, system, plain()), DENIED),
        (
            "reserve the expired",
            then(&there, system, Reserved { expires: Time::default(), ..plain() }),
            DENIED,
        ),
        ("reserve by key", then(&with_key, system, by_key()), None),
        ("reserve by no key", then(&there, system, by_key()), DENIED),
        ("reserve by a revoked key", then(&no_more, system, by_key()), DENIED),
        (
            "reserve by another's key",
            then(&with_key, system, Reserved { subject: cast.admin, ..by_key() }),
            DENIED,
        ),
    ]
}

fn closing(cast: &Cast) -> Vec<Story> {
    let (owner, system) = (cast.as_owner(), Actor::System);
    let there = vec![(owner, Fact::from(set(100)))];
    let held = then(&there, system, reserved(cast.owner, 40));
    let settled =
        |tokens, expired| Settled { amounts: amounts(tokens), expired, reservation: reservation(1) };
    let over = then(&held, system, settled(40, false));
    let released = Released { reason: None, reservation: reservation(1) };
    vec![
        ("settle", over.clone(), None),
        ("settle by the owner", then(&held, owner, settled(40, false)), DENIED),
        ("settle nothing", vec![(system, settled(40, false).into())], DENIED),
        ("settle twice", then(&over, system, settled(40, false)), DENIED),
        ("expire too early", then(&held, system, settled(40, true)), DENIED),
        ("release", then(&held, system, released.clone()), None),
        ("release by the owner", then(&held, owner, released.clone()), DENIED),
        ("release what is over", then(&over, system, released), DENIED),
    ]
}

fn telling(cast: &Cast) -> Vec<Story> {
    let (owner, system) = (cast.as_owner(), Actor::System);
    let there = vec![(owner, Fact::from(set(100)))];
    let window = "2026-01-01".parse().unwrap();
    let reached = |percent, used| ThresholdReached { budget: budget(1), percent, used, window };
    let half = then(&there, system, reserved(cast.owner, 50));
    let said = then(&half, system, reached(50, 50));
    let after = || set(200);
    vec![
        ("a threshold", said.clone(), None),
        ("a threshold by the owner", then(&half, owner, reached(50, 50)), DENIED),
        ("a threshold of another amount", then(&half, system, reached(50, 51)), DENIED),
        ("no threshold of it", then(&half, system, reached(40, 50)), DENIED),
        ("a threshold twice", then(&said, system, reached(50, 50)), DENIED),
        ("a threshold out of nowhere", then(&there, system, reached(50, 0)), DENIED),
        ("a threshold that is not said", then(&half, owner, after()), DENIED),
        ("what follows once it is said", then(&said, owner, after()), None),
    ]
}

fn refused(about: Option<Object>, refusal: Refusal) -> Fact {
    CommandRefused { about, command: "x.y".into(), refusal }.into()
}

fn refusing(cast: &Cast) -> Vec<Story> {
    let (owner, system) = (cast.as_owner(), Actor::System);
    let wrong = Some(Code::RefusalWrong);
    let there = vec![(owner, Fact::from(issued(cast.owner)))];
    let taken = |alias: &str, key| refused(None, Refusal::AliasTaken { handle: alias.into(), key });
    let looser = |field: &str| {
        refused(None, Refusal::LooserThanPolicy { field: field.into(), key_class: KeyClass::Ci })
    };
    let set_there = vec![(owner, Fact::from(set(100)))];
    let over = |amount, limit, spent, ends| {
        let (exceeded, unit) = (budget(1), Unit::Tokens);
        refused(None, Refusal::OverBudget { ends, exceeded, limit, reserved: 0, spent, unit, wanted: amount })
    };
    let too_long = |seconds_max| refused(Some(Object::Key(key(1))), Refusal::TooLong { seconds_max });
    vec![
        ("taken", then(&there, owner, taken("laptop", key(1))), None),
        ("free", then(&there, owner, taken("phone", key(1))), wrong),
        ("taken by nobody", then(&there, owner, taken("laptop", key(2))), wrong),
        ("looser", vec![(owner, looser("expires"))], None),
        ("models that nobody bounds", vec![(owner, looser("models"))], wrong),
        ("models", then(&strict(owner), owner, looser("models")), None),
        ("looser in nothing", vec![(owner, looser("colour"))], wrong),
        ("over", then(&set_there, system, over(101, 100, 0, Some(on(2)))), None),
        ("not over", then(&set_there, system, over(100, 100, 0, Some(on(2)))), wrong),
        ("over another limit", then(&set_there, system, over(101, 99, 0, Some(on(2)))), wrong),
        ("over by what was not spent", then(&set_there, system, over(1, 100, 100, Some(on(2)))), wrong),
        ("over until another day", then(&set_there, system, over(101, 100, 0, Some(on(3)))), wrong),
        ("over no budget", vec![(system, over(101, 100, 0, Some(on(2))))], wrong),
        ("too long an overlap", then(&there, owner, too_long(604_800)), None),
        ("not too long an overlap", then(&there, owner, too_long(3_600)), wrong),
    ]
}

#[test]
fn what_keys_and_budgets_may_not_do_is_found_and_what_they_may_is_not() {
    let stories = [issuing, ending, setting, reserving, closing, telling, refusing];
    holds(|cast| stories.iter().flat_map(|stories| stories(cast)).collect());
}
