//! The thread of time beside a real engine on a simulated disk, with a clock that stands still until nobody has anything else to do.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use api::reactor::{PERIOD, follow};
use commands::Command;
use commands::budgets::{PLANNED_MAX, Payer, Reserve};
use commands::custody::OpenClaim;
use commands::engine::{
    Ended, Engine, Handle, Lookup, Options, Source, Submission, by_operator, by_system, open, run,
};
use commands::identity::ClaimOwnership;
use fixtures::ledger_session::{entropy, folders};
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use ledger::event::budgets::{Amounts, Unit};
use ledger::event::custody::ClaimOpened;
use ledger::event::id::{CredentialId, GrantId, PersonId, ReservationId};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Channel, Origin, Subject, Via};
use ledger::hash::Hash;
use ledger::time::Time;
use std::thread::JoinHandle;
use tokio::sync::watch;
use tokio::time::{Instant, interval};

const COUNT: u64 = PLANNED_MAX as u64 + 20;
/// Before and after the reservations expire.
const EARLY: u64 = 1_790_000_000_000_000;
const LATE: u64 = EARLY + 3_600_000_000;

struct World {
    engine: Handle,
    writer: JoinHandle<Ended>,
    clock: watch::Sender<u64>,
    stop: watch::Sender<bool>,
    reactor: tokio::task::JoinHandle<()>,
}

fn own(engine: &mut Engine, commands: impl IntoIterator<Item = Command>) {
    engine.turn(commands.into_iter().map(|command| by_system(command, Box::new(|_| ()))));
}

fn claimed(engine: &mut Engine) -> Subject {
    let token = Hash::of(&[b"token"]);
    let opened = ClaimOpened { digest: token, expires: Time::from_micros(LATE) };
    let person = PersonId::from_bytes([1; 16]);
    let command = ClaimOwnership {
        token,
        person,
        grant: GrantId::from_bytes([2; 16]),
        credential: CredentialId::from_bytes([3; 16]),
        digest: Hash::of(&[b"secret"]),
        profile: None,
    };
    let claim = Submission {
        actor: Actor::Anonymous(Via::Claim),
        origin: Origin { channel: Channel::Http, digest: None, request: None },
        source: Source::OWN,
        command: command.into(),
        lookup: Lookup::FreeBelow(u64::MAX),
        seen: None,
        reply: Box::new(|_| ()),
    };
    engine.turn([by_operator(OpenClaim(opened).into(), Box::new(|_| ())), claim]);
    Subject::Person(person)
}

/// A ledger with open reservations, and the reactor beside it.
fn begun(disk: &SimDisk) -> World {
    let (clock, time) = watch::channel(EARLY);
    let (engines, reactors) = (time.clone(), time);
    let mut options = Options::new(Box::new(|_| ()));
    // Nothing but what is asked for is written.
    (options.index, options.checkpoint_events, options.checkpoint_seconds) = (false, u64::MAX, u64::MAX);
    let now = Box::new(move || Time::from_micros(*engines.borrow()));
    let mut engine = open(folders(disk), now, entropy(1), options).unwrap();
    let payer = Payer::Subject(claimed(&mut engine), Scope::Site);
    own(
        &mut engine,
        (0..COUNT).map(|number| {
            let reservation = ReservationId::from_bytes(u128::from(number).to_be_bytes());
            let amounts = Amounts::of([(Unit::Tokens, 1)]).unwrap();
            let expires = Time::from_micros(LATE);
            Reserve { reservation, payer, model: None, amounts, expires }.into()
        }),
    );
    let (engine, writer) = run(engine, |_| (), || ()).unwrap();
    let (stop, stopping) = watch::channel(false);
    let now = move || Time::from_micros(*reactors.borrow());
    let reactor = tokio::spawn(follow(engine.clone(), now, stopping));
    assert_eq!(engine.published().state.budgets.open_count() as u64, COUNT);
    World { engine, writer, clock, stop, reactor }
}

/// Lets so many periods of the paused clock pass.
async fn pass(periods: u32) {
    let mut ticks = interval(PERIOD);
    for _ in 0..=periods {
        ticks.tick().await;
    }
}

impl World {
    fn open(&self) -> u64 {
        self.engine.published().state.budgets.open_count() as u64
    }

    /// Lets time pass until something holds. The paused clock may run ahead of the writer's thread.
    async fn until(&self, holds: impl Fn() -> bool) {
        let mut quarters = interval(PERIOD / 4);
        while !holds() {
            quarters.tick().await;
            std::thread::yield_now();
        }
    }

    async fn end(self, how: Ended) -> u64 {
        self.stop.send_replace(true);
        self.reactor.await.unwrap();
        self.engine.stop("test");
        assert_eq!(self.writer.join().unwrap(), how);
        self.engine.reader().size()
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_due_is_done_in_as_many_periods_as_it_takes_and_nothing_after() {
    let world = begun(&SimDisk::new(1));
    let before = world.engine.reader().size();
    pass(3).await;
    assert_eq!(world.engine.reader().size(), before, "nothing is due yet");
    world.clock.send_replace(LATE);
    world.until(|| world.open() == 0).await;
    pass(5).await;
    assert_eq!(world.engine.reader().size(), before + COUNT);
    // The stop itself is one more.
    assert_eq!(world.end(Ended::Clean).await, before + COUNT + 1);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_after_a_full_disk_and_does_not_spin_meanwhile() {
    let disk = SimDisk::new(1);
    let world = begun(&disk);
    let before = world.engine.reader().size();
    // A group this long wants a file of its own.
    disk.limit_to(disk.used_bytes());
    world.clock.send_replace(LATE);
    let (files, began) = (disk.calls(Call::Create), Instant::now());
    let tried = || disk.calls(Call::Create) - files;
    // Were it to spin, the paused clock would never go on.
    world.until(|| began.elapsed() >= 6 * PERIOD && tried() >= 2).await;
    // What one period asks for, the writer takes in one turn, or in several when the machine is busy.
    let most = (began.elapsed().as_secs() / PERIOD.as_secs() + 1) * PLANNED_MAX as u64;
    assert!(tried() <= most, "tried {} times", tried());
    assert_eq!((world.open(), world.engine.reader().size()), (COUNT, before));
    disk.lift_limit();
    world.until(|| world.open() == 0).await;
    assert_eq!(world.engine.reader().size(), before + COUNT);
    world.end(Ended::Clean).await;
}

#[tokio::test(start_paused = true)]
async fn beside_a_dead_engine_it_waits_for_the_end() {
    let disk = SimDisk::new(1);
    let world = begun(&disk);
    let (call, failure, effect) = (Call::SyncData, Failure::Io, Effect::NotDone);
    disk.fail(Fault { call, nth: disk.calls(call), failure, effect, repeat: Repeat::Sticky });
    world.clock.send_replace(LATE);
    world.until(|| world.writer.is_finished()).await;
    pass(5).await;
    assert!(!world.reactor.is_finished());
    assert_eq!(world.open(), COUNT, "nothing is taken for done");
    world.end(Ended::Failed).await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_goes_back_delays_it_and_two_of_them_do_no_harm() {
    let world = begun(&SimDisk::new(1));
    let before = world.engine.reader().size();
    let clock = world.clock.subscribe();
    let second =
        follow(world.engine.clone(), move || Time::from_micros(*clock.borrow()), world.stop.subscribe());
    let second = tokio::spawn(second);
    world.clock.send_replace(LATE);
    world.until(|| world.open() < COUNT).await;
    world.clock.send_replace(EARLY);
    pass(5).await;
    world.clock.send_replace(LATE);
    world.until(|| world.open() == 0).await;
    pass(5).await;
    assert_eq!(world.engine.reader().size(), before + COUNT);
    world.end(Ended::Clean).await;
    second.await.unwrap();
}
