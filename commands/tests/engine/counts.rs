//! Refusals and reads: the first ones whole, then counts, and nothing unmentioned.

use crate::bench::{Sent, events, send_all, sent};
use crate::on_sim;
use crate::owned::{actor, facts, make_owner, open_claim, send};
use crate::people::subject;
use commands::access::Look;
use commands::custody::ReadLog;
use commands::engine::{Answer, Source};
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use ledger::event::{Actor, Custody, Fact, Via};

const WHOLE: usize = 20;

fn look() -> Sent {
    sent(Actor::Anonymous(Via::Nothing), "", Look { permission: None })
}

fn from_source(number: u64) -> Sent {
    let mut source = [1; 16];
    source[..8].copy_from_slice(&number.to_be_bytes());
    Sent { source: Source(source), ..look() }
}

fn counted(fact: &Fact) -> u64 {
    match fact {
        Fact::Custody(Custody::RefusalsCounted(counted)) => {
            assert!(counted.since <= counted.until);
            counted.codes.iter().map(|code| code.count).sum()
        }
        Fact::Identity(_)
        | Fact::Access(_)
        | Fact::Keys(_)
        | Fact::Budgets(_)
        | Fact::Policy(_)
        | Fact::Provisioning(_)
        | Fact::Workspaces(_)
        | Fact::Custody(_) => 0,
    }
}

#[test]
fn a_flood_of_one_source_is_written_whole_at_first_and_then_counted() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("it opens");
    let answers = send_all(&mut engine, (0..100).map(|_| look()));
    let with_receipt = answers.iter().filter(|answer| matches!(answer, Answer::Refused(_, Some(_)))).count();
    assert_eq!(with_receipt, WHOLE);
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Refused(..))));
    assert_eq!(facts(&engine, "custody.command_refused").len(), WHOLE);
    bench.pass(59);
    engine.turn([]);
    assert_eq!(facts(&engine, "custody.refusals_counted").len(), 0, "the window has not ended");
    bench.pass(2);
    engine.turn([]);
    let found = facts(&engine, "custody.refusals_counted");
    assert_eq!(found.iter().map(counted).collect::<Vec<_>>(), [80]);
    send_all(&mut engine, [look()]);
    assert_eq!(facts(&engine, "custody.command_refused").len(), WHOLE + 1, "a new window begins");
}

#[test]
fn what_is_counted_is_written_at_the_stop() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("it opens");
    send_all(&mut engine, (0..50).map(|_| look()));
    engine.stop("test");
    assert_eq!(facts(&engine, "custody.refusals_counted").iter().map(counted).sum::<u64>(), 30);
    assert!(engine.is_stopped());
}

#[test]
fn a_hundred_thousand_sources_leave_a_thousand_events_and_one_count() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("it opens");
    let before = events(&engine).len();
    for batch in 0..100_u64 {
        send_all(&mut engine, (0..1_000).map(|number| from_source(batch * 1_000 + number)));
    }
    assert_eq!(events(&engine).len() - before, 1_000);
    engine.stop("test");
    assert_eq!(facts(&engine, "custody.refusals_counted").iter().map(counted).sum::<u64>(), 99_000);
}

fn fail_next_sync(disk: &SimDisk, call: Call, failure: Failure) {
    let (nth, effect, repeat) = (disk.calls(call), Effect::NotDone, Repeat::Once);
    disk.fail(Fault { call, nth, failure, effect, repeat });
}

#[test]
fn counts_that_could_not_be_written_are_written_later() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    let read = || sent(actor("ada"), "", ReadLog { from: 0, to: 2 });
    send_all(&mut engine, (0..30).map(|_| look()).chain((0..3).map(|_| read())));
    bench.pass(61);
    fail_next_sync(&disk, Call::Write, Failure::Full);
    engine.turn([]);
    assert!(!engine.is_dead());
    assert_eq!(facts(&engine, "custody.refusals_counted").len(), 0);
    engine.turn([]);
    assert_eq!(facts(&engine, "custody.refusals_counted").iter().map(counted).sum::<u64>(), 10);
    assert_eq!(facts(&engine, "custody.log_read").len(), 2);
}

#[test]
fn refusals_that_could_not_be_written_do_not_count() {
    let disk = SimDisk::new(1);
    let bench = on_sim(&disk);
    let mut engine = bench.open().expect("it opens");
    fail_next_sync(&disk, Call::Write, Failure::Full);
    let answers = send_all(&mut engine, (0..30).map(|_| look()));
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Failed(_))), "{answers:?}");
    let answers = send_all(&mut engine, (0..WHOLE).map(|_| look()));
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Refused(_, Some(_)))));
    engine.stop("test");
    assert_eq!(facts(&engine, "custody.refusals_counted").len(), 0);
}

#[test]
fn the_first_read_is_told_by_the_reader_and_further_ones_are_counted() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("it opens");
    make_owner(&mut engine, "ada");
    for (from, to) in [(3, 5), (1, 2), (2, 9)] {
        let answer = send(&mut engine, actor("ada"), "", ReadLog { from, to });
        assert!(matches!(answer, Answer::Done(_)));
    }
    bench.pass(61);
    for _ in 0..2 {
        send(&mut engine, actor("ada"), "", ReadLog { from: 7, to: 8 });
    }
    engine.stop("test");
    let events = events(&engine);
    let reads: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.fact {
            Fact::Custody(Custody::LogRead(read)) => Some((event.actor, read)),
            Fact::Identity(_)
            | Fact::Access(_)
            | Fact::Keys(_)
            | Fact::Budgets(_)
            | Fact::Policy(_)
            | Fact::Provisioning(_)
            | Fact::Workspaces(_)
            | Fact::Custody(_) => None,
        })
        .collect();
    let told: Vec<_> = reads.iter().map(|(by, read)| (*by, read.count, read.from, read.to)).collect();
    let ada = actor("ada");
    let expected = [(ada, 1, 3, 5), (Actor::System, 2, 1, 9), (ada, 1, 7, 8), (Actor::System, 1, 7, 8)];
    assert_eq!(told, expected);
    assert!(reads.iter().all(|(_, read)| read.reader == subject("ada") && read.since <= read.until));
}

#[test]
fn a_clock_that_goes_back_does_not_turn_times_round() {
    let bench = on_sim(&SimDisk::new(1));
    let mut engine = bench.open().expect("it opens");
    open_claim(&mut engine);
    send_all(&mut engine, (0..30).map(|_| look()));
    bench.set_clock(crate::people::time(0));
    send_all(&mut engine, (0..30).map(|_| look()));
    engine.stop("test");
    let events = events(&engine);
    assert!(events.is_sorted_by_key(|event| event.time));
    assert_eq!(events.iter().map(|event| counted(&event.fact)).sum::<u64>(), 40);
}
