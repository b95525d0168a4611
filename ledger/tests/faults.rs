//! Every call of the disk fails once, in every way: nothing acknowledged is lost, and what may be retried succeeds when retried.
#![expect(clippy::panic, reason = "a test that cannot go on has failed")]

use std::error::Error;

use fixtures::ledger_session::{Asked, NotOpened, Replayed, draft, open, person_created, write};
use fixtures::rng::Rng;
use fixtures::samples::{erased, person, time};
use fixtures::sim_disk::PowerLoss::{KeepAll, KeepSyncedOnly};
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use ledger::event::custody::ServerStopped;
use ledger::writer::{Draft, Writer, WriterError};

/// The message with all its causes.
fn told(cause: &dyn Error) -> String {
    let rest = cause.source().map(|cause| format!(": {}", told(cause)));
    cause.to_string() + &rest.unwrap_or_default()
}

fn told_at_start(cause: &NotOpened) -> String {
    match cause {
        NotOpened::Open(cause) => told(cause),
        NotOpened::Read(cause) => told(cause),
        NotOpened::Sealed(cause) => told(cause),
        NotOpened::Wrong { .. } => panic!("{cause:?}"),
    }
}

fn stopped(len: usize) -> Draft {
    draft(ServerStopped { reason: "x".repeat(len).into() }, Vec::new())
}

/// A ledger whose disk fails, and what it acknowledged.
struct Session {
    disk: SimDisk,
    asked: Asked,
    effect: Effect,
    /// What was said of failures.
    told: Vec<String>,
    context: String,
}

impl Session {
    fn new(effect: Effect, context: String) -> Self {
        Self { disk: SimDisk::new(0), asked: Asked::default(), effect, told: Vec::new(), context }
    }

    fn open(&mut self) -> Writer {
        let (writer, found) = open(&self.disk, 1).unwrap_or_else(|cause| {
            self.told.push(told_at_start(&cause));
            if self.effect == Effect::UnsyncedDropped {
                // What the system forgot is not on the disk, however it reads.
                self.disk.power_loss(KeepSyncedOnly);
            }
            open(&self.disk, 2).unwrap_or_else(|cause| panic!("{}: {cause:?}", self.context))
        });
        self.check(&found);
        writer
    }

    fn check(&mut self, found: &Replayed) {
        self.asked.check(found).unwrap_or_else(|cause| panic!("{}: {cause:?}", self.context));
    }

    /// Does something; after a failure once more, where that may not be with a new writer after a loss of power.
    fn act(
        &mut self,
        writer: &mut Writer,
        mut act: impl FnMut(&mut Writer, &mut Asked) -> Result<(), WriterError>,
    ) {
        let head = writer.head().clone();
        let Err(cause) = act(writer, &mut self.asked) else { return };
        self.told.push(told(&cause));
        assert_eq!((writer.head(), writer.staged()), (&head, 0), "{}", self.context);
        assert_eq!(writer.reader().size(), head.size(), "{}", self.context);
        if !cause.may_retry() {
            assert!(
                matches!(writer.stage(time(0), stopped(1)), Err(WriterError::Broken)),
                "{}",
                self.context
            );
            assert!(matches!(writer.commit(), Err(WriterError::Broken)), "{}", self.context);
            assert!(matches!(writer.checkpoint(), Err(WriterError::Broken)), "{}", self.context);
            self.disk.power_loss(KeepSyncedOnly);
            *writer = self.open();
            if writer.head() != &head {
                return;
            }
        }
        act(writer, &mut self.asked).unwrap_or_else(|cause| panic!("{}: {cause:?}", self.context));
    }

    fn run(&mut self) {
        let mut writer = self.open();
        let groups: [fn() -> Vec<Draft>; 5] = [
            || vec![stopped(3), person_created(1, b"ada"), stopped(700)],
            || vec![stopped(900), person_created(2, &[7; 800]), person_created(3, &[9; 800])],
            || vec![person_created(4, &[1; 2_000]), stopped(1_500), stopped(10)],
            || vec![stopped(40)],
            || vec![draft(erased(person(1), 1), Vec::new())],
        ];
        for group in groups {
            self.act(&mut writer, |writer, asked| asked.group(writer, group()));
            self.act(&mut writer, |writer, _| writer.checkpoint().map(drop));
        }
        let bucket = person(1).to_string();
        self.act(&mut writer, |writer, _| writer.destroy(&bucket, &[(1, "profile".to_owned())]));
        assert_eq!(self.asked.acknowledged.len(), 11, "{}", self.context);
        self.disk.power_loss(KeepSyncedOnly);
        drop(self.open());
    }
}

#[test]
fn whatever_call_fails_nothing_acknowledged_is_lost_and_the_message_names_the_file() {
    let mut calm = Session::new(Effect::NotDone, "calm".to_owned());
    calm.run();
    assert_eq!(calm.told, [""; 0]);
    let effects = [
        (Failure::Io, Effect::NotDone),
        (Failure::Full, Effect::NotDone),
        (Failure::ReadOnly, Effect::NotDone),
        (Failure::Io, Effect::DoneAndLasting),
        (Failure::Full, Effect::Short { bytes: 100 }),
        (Failure::Io, Effect::Short { bytes: 700 }),
        (Failure::Io, Effect::UnsyncedDropped),
    ];
    for call in Call::ALL {
        for (nth, (failure, effect)) in
            (0..calm.disk.calls(call)).flat_map(|nth| effects.map(|way| (nth, way)))
        {
            let mut session = Session::new(effect, format!("{call:?} {nth} {failure:?} {effect:?}"));
            session.disk.fail(Fault { call, nth, failure, effect, repeat: Repeat::Once });
            session.run();
            let Session { told, context, .. } = session;
            assert!(told.iter().all(|told| told.contains("`/deed")), "{context}: {told:?}");
        }
    }
}

#[test]
fn a_disk_that_keeps_failing_stops_the_writer_and_loses_nothing() {
    let mut calm = Session::new(Effect::NotDone, "calm".to_owned());
    calm.run();
    for call in [Call::Write, Call::SyncData, Call::SyncAll, Call::SyncDir, Call::Create, Call::Rename] {
        for (nth, effect) in (0..calm.disk.calls(call)).flat_map(|nth| {
            [Effect::NotDone, Effect::DoneAndLasting, Effect::UnsyncedDropped].map(|way| (nth, way))
        }) {
            let (disk, mut asked) = (SimDisk::new(0), Asked::default());
            disk.fail(Fault { call, nth, failure: Failure::Io, effect, repeat: Repeat::Sticky });
            if let Ok((mut writer, _)) = open(&disk, 1) {
                let mut rng = Rng::new(nth);
                for _ in 0..3 {
                    drop(write(&mut writer, &mut asked, &mut rng, 3));
                }
            }
            disk.clear_faults();
            disk.power_loss(KeepSyncedOnly);
            let context = format!("{call:?} {nth} {effect:?}");
            let (mut writer, found) = open(&disk, 2).unwrap_or_else(|cause| panic!("{context}: {cause:?}"));
            asked.check(&found).unwrap_or_else(|cause| panic!("{context}: {cause:?}"));
            write(&mut writer, &mut asked, &mut Rng::new(1), 2).unwrap();
        }
    }
}

#[test]
fn a_full_disk_refuses_until_it_has_room_and_then_takes_the_same_command() {
    for room in (0..40_000).step_by(450) {
        let (disk, mut asked) = (SimDisk::new(0), Asked::default());
        let (mut writer, _) = open(&disk, 1).unwrap();
        disk.limit_to(disk.used_bytes() + room);
        let mut refused = 0;
        for len in 0..20_u8 {
            let group = || vec![person_created(len, &[len; 900]), stopped(600)];
            while let Err(cause) = asked.group(&mut writer, group()) {
                assert!(cause.may_retry(), "room {room}: {cause:?}");
                assert!(told(&cause).contains("`/deed"), "{cause:?}");
                refused += 1;
                if refused % 3 == 0 {
                    disk.limit_to(disk.used_bytes() + 9_000);
                }
            }
        }
        assert!(refused > 0);
        disk.power_loss(KeepSyncedOnly);
        let (_, found) = open(&disk, 2).unwrap();
        asked.check(&found).unwrap();
        assert_eq!(asked.acknowledged.len(), 40);
    }
}

#[test]
fn a_read_only_disk_takes_nothing_and_loses_nothing() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    write(&mut writer, &mut asked, &mut Rng::new(1), 3).unwrap();
    disk.make_read_only();
    let cause = asked.group(&mut writer, vec![stopped(1)]).unwrap_err();
    assert!(!cause.may_retry(), "{cause:?}");
    disk.make_writable();
    assert!(matches!(asked.group(&mut writer, vec![stopped(1)]), Err(WriterError::Broken)));
    let (mut writer, found) = open(&disk, 2).unwrap();
    asked.check(&found).unwrap();
    write(&mut writer, &mut asked, &mut Rng::new(2), 3).unwrap();
}

#[test]
fn pages_that_a_failed_sync_forgot_are_written_again_by_the_next_process() {
    // The system drops what it could not write and calls it clean. The group still reads whole, so the next process keeps it.
    for groups in 0..6 {
        let (disk, mut asked) = (SimDisk::new(0), Asked::default());
        let (mut writer, _) = open(&disk, 1).unwrap();
        write(&mut writer, &mut asked, &mut Rng::new(1), groups).unwrap();
        let (effect, nth) = (Effect::UnsyncedDropped, disk.calls(Call::SyncData));
        disk.fail(Fault { call: Call::SyncData, nth, failure: Failure::Io, effect, repeat: Repeat::Once });
        let cause = asked.group(&mut writer, vec![stopped(500), stopped(20)]).unwrap_err();
        assert!(!cause.may_retry(), "{cause:?}");
        drop(writer);
        disk.power_loss(KeepAll);
        let (mut writer, found) = open(&disk, 2).unwrap();
        asked.check(&found).unwrap();
        write(&mut writer, &mut asked, &mut Rng::new(2), 1).unwrap();
        disk.power_loss(KeepSyncedOnly);
        let (_, found) = open(&disk, 3).unwrap();
        asked.check(&found).unwrap();
    }
}
