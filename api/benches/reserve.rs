//! Reserving and settling what calls cost: a thousand keys, each of a person with a limit, in a team with a limit, in an organization with one.
//!
//! A submitter is a task that reserves under a key, waits until that is lasting, settles, waits, and goes on with the next key.
//! `cargo bench -p api --bench reserve` prints a table.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::float_arithmetic,
    reason = "a benchmark may stop at the first surprise"
)]
#![expect(clippy::cast_precision_loss, clippy::as_conversions, reason = "rates are for people")]

use api::clock;
use commands::Command;
use commands::budgets::{Payer, Reserve, Settle};
use commands::engine::{self, Answer, Handle, Options, by_system};
use fixtures::forge::Scribe;
use fixtures::temp_dir::TempDir;
use ledger::disk::RealDisk;
use ledger::entropy;
use ledger::event::access::{OrganizationCreated, ProjectCreated};
use ledger::event::budgets::{Amounts, BudgetSet, Kind, Period, Target, Thresholds, Unit};
use ledger::event::id::{
    BudgetId, GroupId, OrganizationId, PersonId, ProjectId, ReservationId, VirtualKeyId, uuid_v7,
};
use ledger::event::identity::{GroupCreated, MemberAdded, PersonCreated};
use ledger::event::keys::{KeyClass, KeyIssued, Models};
use ledger::event::policy::STANDARD;
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Actor, Fact, Subject};
use ledger::log::SEGMENT_BYTES;
use ledger::store::Folders;
use ledger::zone::Zone;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const SUBMITTERS: [usize; 3] = [1, 16, 256];
const KEYS: usize = 1_000;
/// People of one team.
const TEAM: usize = 20;
/// What a call is let in for, and what it did cost.
const RESERVED: [(Unit, u64); 2] = [(Unit::MicroDollars, 20_000), (Unit::Tokens, 4_000)];
const SPENT: [(Unit, u64); 2] = [(Unit::MicroDollars, 7_000), (Unit::Tokens, 1_400)];
/// No call is refused.
const LIMIT: u64 = 1 << 50;

fn fresh() -> [u8; 16] {
    uuid_v7(clock::now(), entropy::fresh())
}

fn limit(target: Target) -> Fact {
    BudgetSet {
        budget: BudgetId::from_bytes(fresh()),
        kind: Kind::Hard,
        limit: LIMIT,
        period: Period::Month,
        target,
        thresholds: Thresholds::of([50, 80, 100]).unwrap(),
        unit: Unit::MicroDollars,
        zone: Zone::utc(),
    }
    .into()
}

/// Writes what there is before the first call, and gives the keys.
fn write(root: &Path) -> Vec<VirtualKeyId> {
    let mut scribe = Scribe::begin(root, SEGMENT_BYTES).unwrap();
    let (organization, project) = (OrganizationId::from_bytes(fresh()), ProjectId::from_bytes(fresh()));
    let environments = Environments::of([Environment::Dev]);
    let (handle, repositories) = ("deed".into(), Vec::new());
    let mut facts: Vec<Fact> = vec![
        OrganizationCreated { handle: "acme".into(), organization }.into(),
        ProjectCreated { environments, handle, organization, project, repositories }.into(),
        limit(Target::Scope(Scope::Organization(organization))),
    ];
    let mut keys = Vec::new();
    let mut group = GroupId::from_bytes(fresh());
    for number in 0..KEYS {
        if number % TEAM == 0 {
            group = GroupId::from_bytes(fresh());
            let handle = format!("team-{number}").into();
            facts.push(GroupCreated { group, handle, scope: Scope::Site }.into());
            facts.push(limit(Target::Group(group)));
        }
        let (person, key) = (PersonId::from_bytes(fresh()), VirtualKeyId::from_bytes(fresh()));
        let subject = Subject::Person(person);
        facts.push(PersonCreated { login: None, person }.into());
        facts.push(MemberAdded { group, subject }.into());
        facts.push(limit(Target::Subject(subject)));
        facts.push(issued(key, subject, Scope::Project(project)));
        keys.push(key);
    }
    facts.into_iter().for_each(|fact| drop(scribe.record(Actor::System, fact).unwrap()));
    scribe.checkpoint().unwrap();
    keys
}

fn issued(key: VirtualKeyId, owner: Subject, scope: Scope) -> Fact {
    KeyIssued {
        alias: "laptop".into(),
        class: KeyClass::Ci,
        digest: ledger::hash::Hash::of(&[&fresh()]),
        enforcement: STANDARD.into(),
        expires: clock::now().plus_seconds(90 * 86_400),
        guardrails: STANDARD.into(),
        key,
        models: Models::Any,
        owner,
        requests_per_minute: 600,
        scope,
        tokens_per_minute: 1_000_000,
    }
    .into()
}

fn open(root: &Path) -> Handle {
    let folders = Folders {
        disk: Arc::new(RealDisk),
        data: root.join("data"),
        keys: root.join("keys"),
        head_lock: root.join("head.lock"),
        segment_bytes: SEGMENT_BYTES,
    };
    let options = Options::new(Box::new(|warning| eprintln!("{warning}")));
    let engine = engine::open(folders, Box::new(clock::now), entropy::system(), options).unwrap();
    engine::run(engine, |_| (), || ()).unwrap().0
}

/// Gives a command and waits until it is lasting: how long that took.
async fn order(engine: &Handle, command: Command) -> Duration {
    let began = Instant::now();
    let (answered, answer) = tokio::sync::oneshot::channel();
    let reply = Box::new(move |answer| drop(answered.send(answer)));
    engine.submit(by_system(command, reply)).unwrap();
    let answer = answer.await.unwrap();
    let took = began.elapsed();
    assert!(matches!(answer, Answer::Done(Some(_))), "{answer:?}");
    took
}

/// How long each reserving and each settling took.
#[derive(Default)]
struct Took {
    reserve: Vec<Duration>,
    settle: Vec<Duration>,
}

async fn submitter(engine: Handle, keys: Vec<VirtualKeyId>, calls: usize) -> Took {
    let mut took = Took::default();
    for key in keys.iter().cycle().take(calls) {
        let reservation = ReservationId::from_bytes(fresh());
        let (amounts, expires) = (Amounts::of(RESERVED).unwrap(), clock::now().plus_seconds(600));
        let reserve = Reserve { reservation, payer: Payer::Key(*key), model: None, amounts, expires };
        took.reserve.push(order(&engine, reserve.into()).await);
        let settle = Settle { reservation, amounts: Amounts::of(SPENT).unwrap() };
        took.settle.push(order(&engine, settle.into()).await);
    }
    took
}

/// About so many calls by so many submitters, who begin at different keys.
fn calls(
    runtime: &tokio::runtime::Runtime,
    engine: &Handle,
    keys: &[VirtualKeyId],
    (submitters, total): (usize, usize),
) -> (Duration, Took) {
    let began = Instant::now();
    let tasks: Vec<_> = (0..submitters)
        .map(|number| {
            let mut keys = keys.to_vec();
            keys.rotate_left(number * KEYS / submitters);
            runtime.spawn(submitter(engine.clone(), keys, total.div_ceil(submitters)))
        })
        .collect();
    let mut all = Took::default();
    for task in tasks {
        let took = runtime.block_on(task).unwrap();
        all.reserve.extend(took.reserve);
        all.settle.extend(took.settle);
    }
    (began.elapsed(), all)
}

fn percentiles(mut took: Vec<Duration>) -> String {
    took.sort_unstable();
    let [p50, p99] = [50, 99].map(|percent| took[took.len() * percent / 100]);
    format!("{p50:.2?} | {p99:.2?}")
}

fn main() {
    let folder = TempDir::new().unwrap();
    let keys = write(folder.path());
    let engine = open(folder.path());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    // Once without looking at the clock: the first calls fill what is cold.
    drop(calls(&runtime, &engine, &keys, (16, 4_000)));
    println!("| submitters | events/s | reserve: p50 | p99 | settle: p50 | p99 |\n|---|---|---|---|---|---|");
    for (submitters, total) in SUBMITTERS.into_iter().zip([8_000, 40_000, 100_000]) {
        let (took, Took { reserve, settle }) = calls(&runtime, &engine, &keys, (submitters, total));
        let rate = (reserve.len() + settle.len()) as f64 / took.as_secs_f64();
        println!("| {submitters} | {rate:.0} | {} | {} |", percentiles(reserve), percentiles(settle));
    }
    let state = &engine.published().state;
    assert_eq!(state.budgets.open_count(), 0);
}
