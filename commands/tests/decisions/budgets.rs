//! Budgets: who sets them, what they let in, what is charged to them and when they tell.

use crate::given::{Asking, Given, asked, asked_by, given, organized, with_roles};
use crate::names::{group, organization};
use crate::people::{subject, time};
use crate::spending::{budget, deed, grouped, key, key_of, of_tokens, reservation, tokens};
use commands::budgets::{
    ChangeBudget, EndBudget, Expire, PLANNED_MAX, Payer, Release, Reserve, SetBudget, Settle, plan,
};
use ledger::canonical::INTEGER_MAX;
use ledger::event::budgets::{
    Amounts, BudgetEnded, BudgetSet, Charge, Kind, Period, Released, Reserved, Settled, Target,
    ThresholdReached, Thresholds, Unit, Window,
};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Object, Refusal};
use ledger::time::Time;
use ledger::zone::Zone;
use projections::access::Role;
use projections::budgets::BUDGETS_PER_TARGET_MAX;

/// Ada owns the site, bob operates the project `deed`, eve administers it.
fn everybody() -> Given {
    let mut facts = with_roles("ada", &[Role::Owner]);
    facts.extend(organized());
    for (name, role) in [("bob", Role::Operator), ("eve", Role::Admin)] {
        facts.extend(with_roles(name, &[role]));
    }
    given(facts)
}

fn site() -> Target {
    Target::Scope(Scope::Site)
}

fn system() -> Asking {
    asked(Actor::System)
}

fn set(set: BudgetSet) -> SetBudget {
    let BudgetSet { budget, kind, limit, period, target, thresholds, unit, zone } = set;
    SetBudget { budget, target, unit, period, zone, kind, limit, thresholds }
}

fn change(name: &str, limit: u64) -> ChangeBudget {
    ChangeBudget { budget: budget(name), limit, thresholds: Thresholds::of([50, 100]).expect("they ascend") }
}

fn reserve(name: &str, amount: u64) -> Reserve {
    Reserve {
        reservation: reservation(name),
        payer: Payer::Subject(subject("bob"), deed()),
        model: None,
        amounts: of_tokens(amount),
        expires: time(7_200),
    }
}

fn charge(name: &str) -> Charge {
    Charge { budget: budget(name), window: Window::Lifetime }
}

fn reserved(name: &str, amount: u64, budgets: &[&str]) -> Reserved {
    let mut charges: Vec<_> = budgets.iter().map(|name| charge(name)).collect();
    charges.sort();
    Reserved {
        amounts: of_tokens(amount),
        charges,
        expires: time(7_200),
        key: None,
        model: None,
        reservation: reservation(name),
        scope: deed(),
        subject: subject("bob"),
    }
}

fn settle(name: &str, amount: u64) -> Settle {
    Settle { reservation: reservation(name), amounts: of_tokens(amount) }
}

fn settled(name: &str, amount: u64) -> Settled {
    Settled { amounts: of_tokens(amount), expired: false, reservation: reservation(name) }
}

fn reached(name: &str, percent: u16, used: u64) -> Fact {
    ThresholdReached { budget: budget(name), percent, used, window: Window::Lifetime }.into()
}

fn over(name: &str, amount: u64, (limit, spent, reserved): (u64, u64, u64)) -> Refusal {
    let (exceeded, unit) = (budget(name), Unit::Tokens);
    Refusal::OverBudget { ends: None, exceeded, limit, reserved, spent, unit, wanted: amount }
}

#[test]
fn budgets_are_set_by_those_who_manage_them_there() {
    let mut given = everybody();
    given.happen(grouped("team", "bob"));
    given.happen([key_of("bob", "laptop").into()]);
    let targets = [
        site(),
        Target::Scope(Scope::Organization(organization("acme"))),
        Target::Group(group("team")),
        Target::Subject(subject("bob")),
        Target::Model("large".into()),
    ];
    let lacks = |scope| Refusal::NotPermitted { permission: "budgets.manage".into(), scope };
    for target in targets {
        let wanted = tokens("b", target.clone(), 10);
        given.when(&asked_by("ada"), set(wanted.clone())).then([wanted.clone().into()]);
        let scope = if let Target::Scope(scope) = target { scope } else { Scope::Site };
        given.when(&asked_by("eve"), set(wanted)).refused(lacks(scope));
    }
    for target in [Target::Scope(deed()), Target::Key(key("laptop"))] {
        let wanted = tokens("b", target, 10);
        given.when(&asked_by("eve"), set(wanted.clone())).then([wanted.clone().into()]);
        given.when(&asked_by("bob"), set(wanted)).refused(lacks(deed()));
    }
}

#[test]
fn a_budget_is_for_something_that_is_there() {
    let given = everybody();
    let rows = [
        (Target::Group(group("team")), Refusal::UnknownObject { object: Object::Group(group("team")) }),
        (Target::Key(key("k")), Refusal::UnknownObject { object: Object::Key(key("k")) }),
        (Target::Subject(subject("x")), Refusal::UnknownSubject { subject: subject("x") }),
        (
            Target::Scope(Scope::Organization(organization("x"))),
            Refusal::UnknownObject { object: Object::Organization(organization("x")) },
        ),
    ];
    for (target, refusal) in rows {
        given.when(&asked_by("ada"), set(tokens("b", target, 10))).refused(refusal);
    }
}

#[test]
fn a_target_has_so_many_budgets_and_no_more() {
    let mut given = everybody();
    given.happen((0..BUDGETS_PER_TARGET_MAX).map(|n| tokens(&format!("b{n}"), site(), 10).into()));
    let refusal = Refusal::TooMany { count_max: BUDGETS_PER_TARGET_MAX };
    given.when(&asked_by("ada"), set(tokens("b", site(), 10))).refused(refusal);
    given.happen([BudgetEnded { budget: budget("b3") }.into()]);
    assert!(given.when(&asked_by("ada"), set(tokens("b", site(), 10))).facts().is_ok());
}

#[test]
fn a_budget_changes_its_limit_and_keeps_the_ones_before() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 10).into()]);
    given.when(&asked_by("ada"), change("b", 10)).then([]);
    given.when(&asked_by("ada"), change("b", 20)).then([tokens("b", site(), 20).into()]);
    given.happen([tokens("b", site(), 20).into()]);
    let terms = &given.state.budgets.find(budget("b")).expect("it is there").terms;
    assert_eq!(terms.iter().map(|(_, terms)| terms.limit).collect::<Vec<_>>(), [10, 20]);
    let unknown = Refusal::UnknownObject { object: Object::Budget(budget("x")) };
    given.when(&asked_by("ada"), change("x", 1)).refused(unknown.clone());
    given.when(&asked_by("ada"), EndBudget { budget: budget("x") }).refused(unknown);
}

#[test]
fn an_ended_budget_limits_nothing_and_stays_ended() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 10).into()]);
    let end = EndBudget { budget: budget("b") };
    given.when(&asked_by("ada"), end.clone()).then([BudgetEnded { budget: budget("b") }.into()]);
    given.happen([BudgetEnded { budget: budget("b") }.into()]);
    given.when(&asked_by("ada"), end).then([]);
    let unknown = Refusal::UnknownObject { object: Object::Budget(budget("b")) };
    given.when(&asked_by("ada"), change("b", 20)).refused(unknown);
    given.when(&system(), reserve("r", 1_000)).then([reserved("r", 1_000, &[]).into()]);
}

#[test]
fn only_deed_itself_reserves_settles_releases_and_expires() {
    let given = everybody();
    let commands: [commands::Command; 4] = [
        reserve("r", 1).into(),
        settle("r", 1).into(),
        Release { reservation: reservation("r"), reason: None }.into(),
        Expire { reservation: reservation("r") }.into(),
    ];
    for command in commands {
        for asking in [asked_by("ada"), asked(Actor::Operator)] {
            given.when(&asking, command.clone()).refused(Refusal::NotAuthenticated {});
        }
    }
}

#[test]
fn a_reservation_is_charged_to_every_budget_that_counts_it() {
    let mut given = everybody();
    given.happen(grouped("team", "bob"));
    given.happen([key_of("bob", "laptop").into()]);
    let targets = [
        ("site", site()),
        ("organization", Target::Scope(Scope::Organization(organization("acme")))),
        ("project", Target::Scope(deed())),
        ("group", Target::Group(group("team"))),
        ("subject", Target::Subject(subject("bob"))),
        ("key", Target::Key(key("laptop"))),
        ("model", Target::Model("large".into())),
    ];
    for (name, target) in targets.clone() {
        given.happen([tokens(name, target, 1_000).into()]);
    }
    let others = [Target::Subject(subject("eve")), Target::Model("small".into())];
    for (number, target) in others.into_iter().enumerate() {
        given.happen([tokens(&format!("other {number}"), target, 0).into()]);
    }
    given.happen([BudgetSet { unit: Unit::CpuMillis, ..tokens("cores", site(), 0) }.into()]);
    let names = targets.map(|(name, _)| name);
    let by_key =
        Reserve { payer: Payer::Key(key("laptop")), model: Some("large".into()), ..reserve("r", 10) };
    let all = Reserved { key: Some(key("laptop")), model: Some("large".into()), ..reserved("r", 10, &names) };
    given.when(&system(), by_key).then([all.into()]);
    let plain = reserved("r", 10, &["site", "organization", "project", "group", "subject"]);
    given.when(&system(), reserve("r", 10)).then([plain.into()]);
}

#[test]
fn a_reservation_by_a_dead_key_is_refused() {
    let mut given = everybody();
    let by_key = || Reserve { payer: Payer::Key(key("laptop")), ..reserve("r", 10) };
    let unknown = Refusal::UnknownObject { object: Object::Key(key("laptop")) };
    given.when(&system(), by_key()).refused(unknown.clone());
    given.happen([key_of("bob", "laptop").into()]);
    assert!(given.when(&system(), by_key()).facts().is_ok());
    let late = Asking { now: time(3_600 + 90 * 86_400), ..system() };
    let lasting = Reserve { expires: Time::from_micros(u64::MAX), ..by_key() };
    given.when(&late, lasting).refused(unknown);
}

#[test]
fn a_hard_budget_lets_in_what_it_has_left_and_no_more() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 100).into()]);
    given.when(&system(), reserve("r", 101)).refused(over("b", 101, (100, 0, 0)));
    given.happen([
        reserved("r", 40, &["b"]).into(),
        settled("r", 30).into(),
        reserved("s", 30, &["b"]).into(),
    ]);
    given.when(&system(), reserve("t", 41)).refused(over("b", 41, (100, 30, 30)));
    let expected: [Fact; 3] =
        [reserved("t", 40, &["b"]).into(), reached("b", 50, 100), reached("b", 100, 100)];
    given.when(&system(), reserve("t", 40)).then(expected);
}

#[test]
fn a_bill_may_exceed_what_was_reserved_and_then_nothing_more_is_let_in() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 100).into(), reserved("r", 10, &["b"]).into()]);
    let bill: [Fact; 3] = [settled("r", 250).into(), reached("b", 50, 250), reached("b", 100, 250)];
    given.when(&system(), settle("r", 250)).then(bill.clone());
    given.happen(bill);
    given.when(&system(), reserve("s", 0)).refused(over("b", 0, (100, 250, 0)));
    given.happen([tokens("b", site(), 300).into()]);
    given.when(&system(), reserve("s", 50)).then([reserved("s", 50, &["b"]).into()]);
}

#[test]
fn the_largest_amounts_do_not_overflow() {
    let mut given = everybody();
    given.happen([BudgetSet { kind: Kind::Alert, ..tokens("b", site(), INTEGER_MAX) }.into()]);
    for name in ["r", "s", "t"] {
        given.happen([reserved(name, INTEGER_MAX, &["b"]).into()]);
    }
    let facts = given.when(&system(), settle("r", INTEGER_MAX)).facts().expect("it is recorded");
    assert_eq!(facts[1], reached("b", 50, INTEGER_MAX), "no larger number is shown");
    given.happen(["r", "s", "t"].map(|name| settled(name, INTEGER_MAX).into()));
    let tally = given.state.budgets.tally(budget("b"), Window::Lifetime);
    assert_eq!((tally.spent, tally.reserved), (3 * u128::from(INTEGER_MAX), 0));
}

#[test]
fn an_alert_budget_tells_and_lets_everything_in() {
    let mut given = everybody();
    given.happen([BudgetSet { kind: Kind::Alert, ..tokens("b", site(), 100) }.into()]);
    let expected: [Fact; 3] =
        [reserved("r", 500, &["b"]).into(), reached("b", 50, 500), reached("b", 100, 500)];
    given.when(&system(), reserve("r", 500)).then(expected.clone());
    given.happen(expected);
    given.when(&system(), settle("r", 400)).then([settled("r", 400).into()]);
}

#[test]
fn what_did_not_happen_costs_nothing() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 100).into(), reserved("r", 40, &["b"]).into()]);
    let release = || Release { reservation: reservation("r"), reason: Some("no answer".into()) };
    let released: Fact = Released { reason: Some("no answer".into()), reservation: reservation("r") }.into();
    given.when(&system(), release()).then([released.clone()]);
    given.happen([released]);
    assert_eq!(given.state.budgets.tally(budget("b"), Window::Lifetime).used(), 0);
    given.when(&system(), release()).then([]);
    given.when(&system(), settle("r", 5)).then([]);
}

#[test]
fn settling_and_reserving_twice_change_nothing() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 100).into(), reserved("r", 40, &["b"]).into()]);
    given.when(&system(), reserve("r", 40)).then([]);
    given.happen([settled("r", 30).into()]);
    given.when(&system(), settle("r", 30)).then([]);
    given.when(&system(), Release { reservation: reservation("r"), reason: None }).then([]);
    assert_eq!(given.state.budgets.open_count(), 0);
}

#[test]
fn an_orphan_counts_as_spent_once_it_expired() {
    let mut given = everybody();
    given.happen([tokens("b", site(), 1_000_000).into()]);
    let many = PLANNED_MAX + 5;
    given.happen((0..many).map(|n| reserved(&format!("r{n}"), 1, &["b"]).into()));
    assert!(plan(&given.state, time(7_199)).is_empty());
    given.when(&system(), Expire { reservation: reservation("r0") }).then([]);
    let late = Asking { now: time(7_200), ..system() };
    let mut rounds = Vec::new();
    loop {
        let planned = plan(&given.state, late.now);
        if planned.is_empty() {
            break;
        }
        rounds.push(planned.len());
        for command in planned {
            let facts = given.when(&late, command.clone()).facts().expect("it is allowed");
            assert!(matches!(&facts[..], [Fact::Budgets(_)]));
            given.happen(facts);
            given.when(&late, command).then([]);
        }
    }
    assert_eq!(rounds, [PLANNED_MAX, 5]);
    let tally = given.state.budgets.tally(budget("b"), Window::Lifetime);
    assert_eq!((tally.spent, tally.reserved), (many as u128, 0));
}

#[test]
fn a_window_is_that_of_the_budgets_own_midnight() {
    let mut given = everybody();
    let day = BudgetSet {
        period: Period::Day,
        zone: Zone::parse("Asia/Tokyo").expect("a zone"),
        ..tokens("b", site(), 100)
    };
    given.happen([day.into()]);
    let at = |text: &str| Asking { now: Time::parse(text).expect("a time"), ..system() };
    let lasting =
        |name: &str, amount| Reserve { expires: Time::from_micros(u64::MAX), ..reserve(name, amount) };
    let charged = |asking: &Asking, name: &str| {
        let facts = given.when(asking, lasting(name, 100)).facts();
        facts.map(|facts| {
            let [Fact::Budgets(ledger::event::Budgets::Reserved(reserved)), ..] = &facts[..] else {
                panic!("not a reservation: {facts:?}")
            };
            reserved.charges[0].window.to_string()
        })
    };
    let (before, after) = (at("2026-11-22T14:59:59.999999Z"), at("2026-11-22T15:00:00.000000Z"));
    assert_eq!(charged(&before, "r"), Ok("2026-11-22".into()));
    assert_eq!(charged(&after, "r"), Ok("2026-11-23".into()));
    let facts = given.when(&before, lasting("r", 60)).facts().expect("it is allowed");
    given.happen(facts);
    let refusal = Refusal::OverBudget {
        exceeded: budget("b"),
        wanted: 41,
        ends: Time::parse("2026-11-22T15:00:00.000000Z"),
        limit: 100,
        reserved: 60,
        spent: 0,
        unit: Unit::Tokens,
    };
    given.when(&before, lasting("s", 41)).refused(refusal);
    assert!(given.when(&after, lasting("s", 100)).facts().is_ok(), "a new day has its own");
}

#[test]
fn each_unit_counts_in_its_own_budgets() {
    let mut given = everybody();
    given.happen([
        tokens("tokens", site(), 100).into(),
        BudgetSet { unit: Unit::MicroDollars, ..tokens("money", site(), 5) }.into(),
    ]);
    let both = |tokens, money| Amounts::of([(Unit::Tokens, tokens), (Unit::MicroDollars, money)]);
    let wanted = |money| Reserve { amounts: both(90, money).expect("two units"), ..reserve("r", 0) };
    let refusal = Refusal::OverBudget {
        exceeded: budget("money"),
        wanted: 6,
        ends: None,
        limit: 5,
        reserved: 0,
        spent: 0,
        unit: Unit::MicroDollars,
    };
    given.when(&system(), wanted(6)).refused(refusal);
    let facts = given.when(&system(), wanted(1)).facts().expect("it is allowed");
    given.happen(facts);
    let used = |name: &str| given.state.budgets.tally(budget(name), Window::Lifetime).used();
    assert_eq!((used("tokens"), used("money")), (90, 1));
}
