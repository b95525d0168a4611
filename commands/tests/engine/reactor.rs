//! What Deed does of its own accord, when things go wrong: whatever happens in between, each reservation and each mapped grant ends once.

use crate::bench::{Answers, Bench, done, events};
use crate::names::mapping;
use crate::on_sim;
use crate::owned::{actor, facts, make_owner, send};
use crate::people::{account, grant, subject, time, uuid};
use crate::{add, create};
use commands::Command;
use commands::access::{FollowMappings, MapGroup, UnmapGroup};
use commands::budgets::{PLANNED_MAX, Payer, Reserve, SetBudget, Settle};
use commands::engine::{Answer, Engine, Failure as Failed, by_system};
use commands::reactor::plan;
use fixtures::sim_disk::{Call, Effect, Failure, Fault, PowerLoss, Repeat, SimDisk};
use ledger::event::budgets::{Amounts, Kind, Period, Target, Thresholds, Unit, Window};
use ledger::event::id::{BudgetId, ReservationId};
use ledger::event::scope::Scope;
use ledger::event::{Access, Budgets, Fact, Subject};
use ledger::zone::Zone;
use projections::access::Role;
use std::collections::BTreeMap;

/// When reservations expire, in seconds.
const EXPIRY: u64 = 7_200;

fn reservation(number: usize) -> ReservationId {
    ReservationId::from_bytes(uuid("reservation", &number.to_string()))
}

fn site_budget() -> BudgetId {
    BudgetId::from_bytes(uuid("budget", "site"))
}

fn tokens(amount: u64) -> Amounts {
    Amounts::of([(Unit::Tokens, amount)]).expect("one unit")
}

/// Deed itself orders these, in one batch.
fn order(engine: &mut Engine, commands: impl IntoIterator<Item = Command>) -> Vec<Answer> {
    let answers = Answers::default();
    let batch: Vec<_> = commands.into_iter().map(|command| by_system(command, answers.waiting())).collect();
    engine.turn(batch);
    answers.all()
}

fn reserve(number: usize) -> Command {
    let payer = Payer::Subject(subject("ada"), Scope::Site);
    let expires = time(EXPIRY);
    Reserve { reservation: reservation(number), payer, model: None, amounts: tokens(3), expires }.into()
}

/// A ledger with a budget and so many open reservations, at the time when they expire.
fn reserved(disk: &SimDisk, count: usize) -> (Bench, Engine) {
    let bench = on_sim(disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    let budget = SetBudget {
        budget: site_budget(),
        target: Target::Scope(Scope::Site),
        unit: Unit::Tokens,
        period: Period::Lifetime,
        zone: Zone::utc(),
        kind: Kind::Hard,
        limit: 1_000_000,
        thresholds: Thresholds::of([]).expect("they ascend"),
    };
    done(&send(&mut engine, actor("ada"), "budget", budget));
    order(&mut engine, (0..count).map(reserve)).iter().for_each(|answer| drop(done(answer)));
    bench.set_clock(time(EXPIRY));
    (bench, engine)
}

/// What is due now.
fn due(engine: &Engine, seconds: u64) -> Vec<Command> {
    plan(&engine.published().load().state, time(seconds))
}

/// One wake-up of the reactor.
fn wake(engine: &mut Engine) -> Vec<Answer> {
    let due = due(engine, EXPIRY);
    order(engine, due)
}

/// Wakes it until there is nothing to do, and tells how often that took.
fn wake_until_done(engine: &mut Engine) -> usize {
    (0..100).find(|_| wake(engine).is_empty()).expect("there is an end")
}

/// How often each reservation was ended by Deed.
fn ends(engine: &Engine) -> BTreeMap<ReservationId, usize> {
    let mut ends = BTreeMap::new();
    for fact in facts(engine, "budgets.settled") {
        let Fact::Budgets(Budgets::Settled(settled)) = fact else { continue };
        assert!(settled.expired, "nobody else settles here");
        *ends.entry(settled.reservation).or_default() += 1;
    }
    ends
}

#[track_caller]
fn each_ended_once(engine: &Engine, count: usize, label: &str) {
    let ends = ends(engine);
    let each = (0..count).all(|number| ends.get(&reservation(number)) == Some(&1));
    assert!(each && ends.len() == count, "{label}: {} of {count} ended", ends.len());
    let published = engine.published().load_full();
    let tally = published.state.budgets.tally(site_budget(), Window::Lifetime);
    assert_eq!((tally.spent, tally.reserved), (3 * count as u128, 0), "{label}");
    assert!(events(engine).is_sorted_by_key(|event| event.time), "{label}");
}

fn fault(disk: &SimDisk, (call, nth): (Call, u64), failure: Failure, repeat: Repeat) {
    disk.fail(Fault { call, nth: disk.calls(call) + nth, failure, effect: Effect::NotDone, repeat });
}

#[test]
fn more_reservations_than_one_plan_takes_are_ended_in_several() {
    let count = 2 * PLANNED_MAX + 7;
    let (_, mut engine) = reserved(&SimDisk::new(1), count);
    assert!(due(&engine, EXPIRY - 1).is_empty());
    assert_eq!(due(&engine, EXPIRY).len(), PLANNED_MAX);
    assert_eq!(wake_until_done(&mut engine), 3);
    each_ended_once(&engine, count, "three plans");
    assert!(wake(&mut engine).is_empty());
}

#[test]
fn a_plan_that_is_carried_out_twice_ends_each_once() {
    let (_, mut engine) = reserved(&SimDisk::new(1), 40);
    let (one, two) = (due(&engine, EXPIRY), due(&engine, EXPIRY));
    // Both in one batch, by turns, and once more later.
    let both = one.clone().into_iter().zip(two).flat_map(|(one, two)| [one, two]);
    let answers = order(&mut engine, both);
    let news = answers.iter().filter(|answer| matches!(answer, Answer::Done(Some(_)))).count();
    let nothing = answers.iter().filter(|answer| matches!(answer, Answer::Done(None))).count();
    assert_eq!((news, nothing), (40, 40));
    let size = engine.reader().size();
    assert!(order(&mut engine, one).iter().all(|answer| matches!(answer, Answer::Done(None))));
    assert_eq!(engine.reader().size(), size, "a late second run leaves nothing behind");
    each_ended_once(&engine, 40, "twice");
}

#[test]
fn what_is_settled_between_plan_and_order_is_not_ended_again() {
    let (_, mut engine) = reserved(&SimDisk::new(1), 3);
    let planned = due(&engine, EXPIRY);
    let settle = Settle { reservation: reservation(1), amounts: tokens(1) };
    done(&order(&mut engine, [settle.into()])[0]);
    let answers = order(&mut engine, planned);
    assert_eq!(answers.iter().filter(|answer| matches!(answer, Answer::Done(Some(_)))).count(), 2);
    let published = engine.published().load_full();
    let tally = published.state.budgets.tally(site_budget(), Window::Lifetime);
    assert_eq!((tally.spent, tally.reserved), (7, 0));
}

#[test]
fn a_crash_between_plan_and_append_loses_the_plan_and_nothing_else() {
    let disk = SimDisk::new(1);
    let (bench, engine) = reserved(&disk, 20);
    let forgotten = due(&engine, EXPIRY);
    drop(engine);
    disk.power_loss(PowerLoss::KeepSyncedOnly);
    let mut engine = bench.open().expect("it opens again");
    assert!(ends(&engine).is_empty());
    assert_eq!(wake_until_done(&mut engine), 1);
    // Somebody who still holds the plan of before changes nothing.
    assert!(order(&mut engine, forgotten).iter().all(|answer| matches!(answer, Answer::Done(None))));
    each_ended_once(&engine, 20, "after the crash");
}

#[test]
fn a_crash_at_any_call_of_the_append_ends_each_once() {
    let mut cut_short = 0;
    for (call, failure) in
        [(Call::Write, Failure::Io), (Call::SyncData, Failure::Io), (Call::Write, Failure::Full)]
    {
        for (nth, loss) in
            (0..4).flat_map(|nth| [(nth, PowerLoss::KeepSyncedOnly), (nth, PowerLoss::KeepAll)])
        {
            let label = format!("{call:?} {failure:?} {nth} {loss:?}");
            let disk = SimDisk::new(nth);
            let (bench, mut engine) = reserved(&disk, PLANNED_MAX + 30);
            fault(&disk, (call, nth), failure, Repeat::Sticky);
            for _ in 0..3 {
                let answers = wake(&mut engine);
                cut_short += usize::from(answers.iter().any(|answer| matches!(answer, Answer::Failed(_))));
            }
            drop(engine);
            disk.clear_faults();
            disk.power_loss(loss);
            let mut engine = bench.open().unwrap_or_else(|cause| panic!("{label}: {cause}"));
            wake_until_done(&mut engine);
            each_ended_once(&engine, PLANNED_MAX + 30, &label);
        }
    }
    assert!(cut_short > 10, "{cut_short}");
}

#[test]
fn on_a_full_disk_nothing_ends_and_with_room_everything_does_once() {
    let disk = SimDisk::new(1);
    let (_, mut engine) = reserved(&disk, PLANNED_MAX + 30);
    disk.limit_to(disk.used_bytes());
    let (state, size) = (engine.published().load().state.clone(), engine.reader().size());
    for _ in 0..5 {
        let answers = wake(&mut engine);
        assert_eq!(answers.len(), PLANNED_MAX, "the same is due again");
        let refused = |answer: &Answer| matches!(answer, Answer::Failed(Failed::NotRecorded(_)));
        assert!(answers.iter().all(refused), "{answers:?}");
        assert!(!engine.is_dead() && engine.published().load().state == state);
        assert_eq!(engine.reader().size(), size);
    }
    disk.lift_limit();
    assert_eq!(wake_until_done(&mut engine), 2);
    each_ended_once(&engine, PLANNED_MAX + 30, "with room again");
}

#[test]
fn a_clock_that_goes_back_delays_and_repeats_nothing() {
    let count = PLANNED_MAX + 30;
    let (bench, mut engine) = reserved(&SimDisk::new(1), count);
    // Between plan and order, before anything was recorded so late.
    let early = due(&engine, EXPIRY);
    bench.set_clock(time(60));
    assert!(order(&mut engine, early).iter().all(|answer| matches!(answer, Answer::Done(None))));
    assert!(ends(&engine).is_empty(), "by the writer's clock nothing has expired");
    bench.set_clock(time(EXPIRY));
    wake(&mut engine);
    assert_eq!(ends(&engine).len(), PLANNED_MAX);
    // Half is done; by the clock it is too early for the rest.
    bench.set_clock(time(60));
    assert!(due(&engine, 60).is_empty());
    // Whoever planned it before is right all the same: the writer's time has passed it and never goes back.
    wake_until_done(&mut engine);
    each_ended_once(&engine, count, "back and forth");
    bench.set_clock(time(EXPIRY));
    assert!(wake(&mut engine).is_empty());
}

/// A ledger in which so many service accounts got a role by a mapping that has ended.
fn unmapped(disk: &SimDisk, count: usize) -> (Bench, Engine) {
    let bench = on_sim(disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    let (role, external): (_, Box<str>) = (Role::Member, "staff".into());
    let mapping = mapping("staff");
    let map =
        MapGroup { mapping, provider: "idp".into(), external: external.clone(), role, scope: Scope::Site };
    done(&send(&mut engine, actor("ada"), "map", map));
    let names: Vec<_> = (0..count).map(|number| format!("svc-{number}")).collect();
    for name in &names {
        done(&send(&mut engine, actor("ada"), name, add(name)));
    }
    let follow = |name: &String| FollowMappings {
        grantee: Subject::ServiceAccount(account(name)).into(),
        provider: "idp".into(),
        groups: vec![external.clone()],
        grants: vec![grant(name)],
    };
    let answers = order(&mut engine, names.iter().map(|name| follow(name).into()));
    answers.iter().for_each(|answer| drop(done(answer)));
    assert!(due(&engine, EXPIRY).is_empty());
    done(&send(&mut engine, actor("ada"), "unmap", UnmapGroup { mapping }));
    (bench, engine)
}

fn each_revoked_once(engine: &Engine, count: usize, label: &str) {
    let mut revoked = BTreeMap::<_, usize>::new();
    for fact in facts(engine, "access.role_revoked") {
        let Fact::Access(Access::RoleRevoked(fact)) = fact else { continue };
        *revoked.entry(fact.grant).or_default() += 1;
    }
    let each = (0..count).all(|number| revoked.get(&grant(&format!("svc-{number}"))) == Some(&1));
    assert!(each && revoked.len() == count, "{label}: {} of {count}", revoked.len());
}

#[test]
fn more_grants_of_an_ended_mapping_than_one_plan_takes_end_once_each() {
    let count = 1_024 + 9;
    let (_, mut engine) = unmapped(&SimDisk::new(1), count);
    let planned = due(&engine, EXPIRY);
    assert_eq!(planned.len(), 1_024);
    assert_eq!(wake_until_done(&mut engine), 2);
    assert!(order(&mut engine, planned).iter().all(|answer| matches!(answer, Answer::Done(None))));
    each_revoked_once(&engine, count, "two plans");
}

#[test]
fn a_crash_or_a_full_disk_while_grants_end_ends_each_once() {
    for (call, failure) in
        [(Call::Write, Failure::Full), (Call::Write, Failure::Io), (Call::SyncData, Failure::Io)]
    {
        for nth in 0..2 {
            let label = format!("{call:?} {failure:?} {nth}");
            let disk = SimDisk::new(nth);
            let (bench, mut engine) = unmapped(&disk, 30);
            fault(&disk, (call, nth), failure, Repeat::Sticky);
            (0..3).for_each(|_| drop(wake(&mut engine)));
            drop(engine);
            disk.clear_faults();
            disk.power_loss(PowerLoss::KeepSyncedOnly);
            let mut engine = bench.open().unwrap_or_else(|cause| panic!("{label}: {cause}"));
            wake_until_done(&mut engine);
            each_revoked_once(&engine, 30, &label);
        }
    }
}

#[test]
fn reservations_and_grants_that_are_due_together_all_end() {
    let disk = SimDisk::new(1);
    let (bench, mut engine) = unmapped(&disk, 3);
    bench.set_clock(time(0));
    order(&mut engine, (0..4).map(reserve)).iter().for_each(|answer| drop(done(answer)));
    // What others do meanwhile does not keep it from its work.
    done(&send(&mut engine, actor("ada"), "other", create("svc-other")));
    bench.set_clock(time(EXPIRY));
    assert_eq!(wake_until_done(&mut engine), 1);
    assert_eq!(ends(&engine).len(), 4);
    each_revoked_once(&engine, 3, "together");
}
