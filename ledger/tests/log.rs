//! The log over many files: opened, appended to, read in every range, and refused when a file is missing or foreign.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fixtures::ledger_session::{Asked, NotOpened, SEGMENT_BYTES, draft, entropy, folders, open, write};
use fixtures::rng::Rng;
use fixtures::samples::{event, genesis, time};
use fixtures::sim_disk::PowerLoss::KeepSyncedOnly;
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use ledger::container::Place;
use ledger::disk::Disk;
use ledger::event::custody::ServerStopped;
use ledger::hash::Hash;
use ledger::head_lock::HeadLockError;
use ledger::log::{LogError, NewEvent, ReadError, SegmentLog};
use ledger::merkle::leaf_hash;
use ledger::segment::{HEADER_BYTES, HeaderFault, file_name};
use ledger::signature::Signature;
use ledger::store::{OpenError, Store};
use ledger::writer::{Draft, Head};

fn place(disk: &SimDisk) -> Place {
    disk.create_dir_all(Path::new("/data")).unwrap();
    Place { disk: std::sync::Arc::new(disk.clone()), root: "/data".into(), genesis: genesis().hash() }
}

/// A group of events with reasons of these lengths, from position `seq` on.
fn group(seq: u64, lengths: &[usize]) -> Vec<NewEvent> {
    let events = (seq..).zip(lengths).map(|(seq, len)| {
        let fact = ServerStopped { reason: "x".repeat(*len).into() };
        let leaf = event(seq, Hash([0; 32]), fact.into()).encode().unwrap();
        NewEvent { hash: leaf_hash(&leaf), leaf, signature: Signature([9; 64]), key: [1, 2, 3, 4] }
    });
    events.collect()
}

fn log_files(disk: &SimDisk) -> Vec<PathBuf> {
    disk.image().into_keys().filter(|path| path.starts_with("deed/data/log")).collect()
}

/// A ledger of some groups on a disk, synced.
fn written(groups: usize) -> (SimDisk, Asked) {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    write(&mut writer, &mut asked, &mut Rng::new(1), groups).unwrap();
    writer.checkpoint().unwrap();
    drop(writer);
    disk.power_loss(KeepSyncedOnly);
    (disk, asked)
}

fn without_head_lock(disk: &SimDisk) {
    drop(disk.remove(Path::new("/deed/lock/head")));
}

fn stopped(len: usize) -> Draft {
    draft(ServerStopped { reason: "x".repeat(len).into() }, Vec::new())
}

#[test]
fn an_empty_directory_becomes_a_ledger_without_events() {
    let disk = SimDisk::new(0);
    let store = Store::open(folders(&disk), time(0), entropy(1)).unwrap();
    assert_eq!((store.recovered().size, store.recovered().head), (0, store.genesis().hash()));
    assert_eq!(store.reader().read(0, 10, 10).unwrap(), []);
    let statement = store.genesis().text().to_vec();
    drop(store);
    disk.power_loss(KeepSyncedOnly);
    let store = Store::open(folders(&disk), time(9), entropy(2)).unwrap();
    assert_eq!(store.genesis().text(), statement, "the second start finds the first one's ledger");
}

#[test]
fn a_directory_with_a_log_and_no_statement_is_refused() {
    let (disk, _) = written(2);
    disk.remove(Path::new("/deed/data/genesis.json")).unwrap();
    assert!(matches!(open(&disk, 2), Err(NotOpened::Open(OpenError::NotALedger { .. }))));
}

#[test]
fn every_range_is_read_over_many_files() {
    let (disk, asked) = written(40);
    assert!(log_files(&disk).len() > 5);
    let (_, found) = open(&disk, 2).unwrap();
    assert_eq!(found.leaves(), asked.acknowledged);
    let store = Store::open(folders(&disk), time(0), entropy(3)).unwrap();
    let reader = store.reader();
    let size = asked.acknowledged.len();
    for from in 0..size + 3 {
        for count in [0, 1, 2, 9, usize::MAX] {
            for bytes in [0, 1, 800, 5_000, usize::MAX] {
                let mut sum = 0;
                let wanted = asked.acknowledged.iter().skip(from).take(count).take_while(|leaf| {
                    let goes_on = sum < bytes;
                    sum += leaf.len();
                    goes_on
                });
                let records = reader.read(from as u64, count, bytes).unwrap();
                assert!(records.iter().map(|record| &record.leaf).eq(wanted), "{from} {count} {bytes}");
                assert!(records.iter().map(|record| record.seq).eq((from as u64..).take(records.len())));
            }
        }
        let event = reader.event(from as u64).unwrap().map(|record| record.leaf);
        assert_eq!(event.as_ref(), asked.acknowledged.get(from));
    }
    assert_eq!(reader.read(u64::MAX, 5, 5).unwrap(), []);
}

#[test]
fn long_events_and_many_short_ones_are_read_over_the_bounds_of_chunks() {
    let disk = SimDisk::new(0);
    let (mut log, _) = SegmentLog::open(&place(&disk), 8 << 20).unwrap();
    let mut rng = Rng::new(5);
    for _ in 0..60 {
        let lengths: Vec<_> =
            (0..9).map(|_| if rng.chance(1, 4) { 64_000 } else { rng.index(300) }).collect();
        log.append(log.size(), &group(log.size(), &lengths)).unwrap();
    }
    let (reopened, recovered) = SegmentLog::open(&place(&disk), 8 << 20).unwrap();
    assert_eq!(recovered.size, 540);
    for reader in [log.reader(), reopened.reader()] {
        for seq in 0..540 {
            assert_eq!(reader.event(seq).unwrap().unwrap().seq, seq);
        }
        let records = reader.read(0, usize::MAX, usize::MAX).unwrap();
        assert!(records.iter().map(|record| record.seq).eq(0..540));
        let seqs = records.iter().map(|record| std::str::from_utf8(&record.leaf).unwrap());
        assert!(seqs.enumerate().all(|(seq, leaf)| leaf.contains(&format!("\"seq\":{seq},"))));
    }
}

#[test]
fn a_group_is_taken_only_at_the_end_that_was_expected() {
    let disk = SimDisk::new(0);
    let (mut log, _) = SegmentLog::open(&place(&disk), SEGMENT_BYTES).unwrap();
    log.append(0, &group(0, &[3, 4])).unwrap();
    for expected in [0, 1, 3] {
        let refused = log.append(expected, &group(expected, &[1]));
        assert!(matches!(refused, Err(LogError::Moved { size: 2, .. })), "{expected}");
    }
    log.append(2, &[]).unwrap();
    log.append(2, &group(2, &[1])).unwrap();
    assert_eq!((log.size(), log.reader().size()), (3, 3));
}

#[test]
fn a_writer_whose_head_is_not_the_end_of_the_log_is_refused() {
    let (disk, _) = written(2);
    let store = Store::open(folders(&disk), time(0), entropy(3)).unwrap();
    let (head, ring) = (Head::genesis(store.genesis()), ledger::key_ring::KeyRing::new(store.genesis()));
    let refused = store.into_writer(head, ring).map(drop);
    assert!(matches!(refused, Err(OpenError::Log(LogError::Moved { expected: 0, .. }))));
}

#[test]
fn an_attempt_that_began_a_file_and_failed_leaves_readers_right() {
    // The write into the new file fails; the next group is the first in it.
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![stopped(3_000)]).unwrap();
    let nth = disk.calls(Call::Write) + 2;
    disk.fail(Fault {
        call: Call::Write,
        nth,
        failure: Failure::Io,
        effect: Effect::NotDone,
        repeat: Repeat::Once,
    });
    let cause = asked.group(&mut writer, vec![stopped(3_000)]).unwrap_err();
    assert!(cause.may_retry() && log_files(&disk).len() == 2, "{cause:?}");
    asked.group(&mut writer, vec![stopped(500), stopped(20)]).unwrap();
    asked.group(&mut writer, vec![stopped(700)]).unwrap();
    let leaves: Vec<_> =
        writer.reader().read(0, 9, usize::MAX).unwrap().into_iter().map(|record| record.leaf).collect();
    assert_eq!(leaves, asked.acknowledged);
}

#[test]
fn an_empty_last_file_takes_a_group_that_is_longer_than_the_file() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![stopped(3_000)]).unwrap();
    // The power goes between the making of the second file and the write into it.
    disk.fail(Fault {
        call: Call::Write,
        nth: disk.calls(Call::Write) + 2,
        failure: Failure::Io,
        effect: Effect::NotDone,
        repeat: Repeat::Sticky,
    });
    asked.group(&mut writer, vec![stopped(1_500)]).unwrap_err();
    drop(writer);
    disk.clear_faults();
    disk.power_loss(KeepSyncedOnly);
    let (mut writer, found) = open(&disk, 2).unwrap();
    asked.check(&found).unwrap();
    asked.group(&mut writer, vec![stopped(9_000), stopped(9_000)]).unwrap();
    asked.group(&mut writer, vec![stopped(1)]).unwrap();
    let (_, found) = open(&disk, 2).unwrap();
    asked.check(&found).unwrap();
    assert_eq!((found.records.len(), log_files(&disk).len()), (4, 3));
}

#[test]
fn a_torn_tail_is_set_aside_and_counted() {
    let (disk, mut asked) = written(3);
    without_head_lock(&disk);
    let last = log_files(&disk).pop().unwrap();
    let mut torn = Vec::new();
    disk.corrupt(&last, |bytes| {
        let used = bytes.iter().rposition(|byte| *byte != 0).unwrap();
        bytes[used] ^= 1;
        torn.clone_from(bytes);
    })
    .unwrap();
    let store = Store::open(folders(&disk), time(0), entropy(3)).unwrap();
    let kept = disk.image().into_iter().find(|(path, _)| path.starts_with("deed/data/torn")).unwrap();
    assert_eq!(kept.1.len() as u64, store.recovered().torn_bytes);
    assert!(torn.windows(kept.1.len()).any(|window| window == kept.1), "not a byte is lost");
    let name = kept.0.file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.starts_with("log-0000000000"), "{name}");
    drop(store);
    let (mut writer, found) = open(&disk, 4).unwrap();
    assert!(
        found.records.len() < asked.acknowledged.len() && asked.acknowledged.starts_with(&found.leaves())
    );
    asked.acknowledged = found.leaves();
    write(&mut writer, &mut asked, &mut Rng::new(4), 3).unwrap();
    let (_, found) = open(&disk, 4).unwrap();
    assert_eq!(found.leaves(), asked.acknowledged);
}

#[test]
fn damage_in_the_last_file_before_a_later_group_is_not_opened_and_not_touched() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    for len in 0..3 {
        asked.group(&mut writer, vec![stopped(len)]).unwrap();
    }
    disk.corrupt(&log_files(&disk)[0], |bytes| bytes[HEADER_BYTES + 90] ^= 1).unwrap();
    let before = disk.image();
    let refused = open(&disk, 2).map(drop);
    assert!(matches!(
        refused,
        Err(NotOpened::Open(OpenError::Log(LogError::Damaged { offset: HEADER_BYTES, .. })))
    ));
    assert_eq!(disk.image(), before);
}

#[test]
fn damage_in_an_older_file_is_told_and_what_lies_before_is_read() {
    let (disk, asked) = written(40);
    let files = log_files(&disk);
    let first: u64 = files[2].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    disk.corrupt(&files[2], |bytes| bytes[HEADER_BYTES + 90] ^= 1).unwrap();
    let store = Store::open(folders(&disk), time(0), entropy(3)).unwrap();
    let before = store.reader().read(0, usize::try_from(first).unwrap(), usize::MAX).unwrap();
    assert!(before.iter().map(|record| &record.leaf).eq(asked.acknowledged.iter().take(before.len())));
    assert_eq!(before.len() as u64, first);
    let refused = store.reader().event(first);
    assert!(matches!(refused, Err(ReadError::Damaged { seq }) if seq == first), "{refused:?}");
}

#[test]
fn a_missing_file_is_noticed_wherever_it_was() {
    let (disk, asked) = written(40);
    let files = log_files(&disk);
    for (missing, file) in files.iter().enumerate() {
        let disk = disk.fork(missing as u64);
        disk.remove(file).unwrap();
        let refused = open(&disk, 2).map(drop);
        let seq: u64 = file.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        match refused {
            Err(NotOpened::Open(OpenError::Log(LogError::Gap { expected: 0 }))) => assert_eq!(missing, 0),
            Err(NotOpened::Read(ReadError::Damaged { seq: found })) => {
                assert_eq!((found, missing > 0), (seq, true))
            }
            Err(NotOpened::Open(OpenError::HeadLock(HeadLockError::Behind { size, locked, .. }))) => {
                assert_eq!((missing + 1, size), (files.len(), seq));
                assert!(locked > size && locked <= asked.acknowledged.len() as u64);
            }
            other => panic!("{missing}: {other:?}"),
        }
    }
}

#[test]
fn a_store_that_was_set_back_is_refused_by_the_head_lock_and_by_nothing_else() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![stopped(1)]).unwrap();
    let data = |path: &Path| path.starts_with("deed/data");
    let old: BTreeMap<_, _> = disk.image().into_iter().filter(|(path, _)| data(path)).collect();
    asked.group(&mut writer, vec![stopped(2)]).unwrap();
    writer.checkpoint().unwrap();
    let rest = disk.image().into_iter().filter(|(path, _)| !data(path));
    let set_back = SimDisk::from_image(0, &old.into_iter().chain(rest).collect()).unwrap();
    let refused = open(&set_back, 2).map(drop);
    let behind = |size, locked| (size, locked) == (1, 2);
    assert!(
        matches!(refused, Err(NotOpened::Open(OpenError::HeadLock(HeadLockError::Behind { size, locked, .. }))) if behind(size, locked))
    );
    without_head_lock(&set_back);
    open(&set_back, 2).unwrap();
}

#[test]
fn foreign_names_and_foreign_headers_are_refused_in_every_folder() {
    for folder in ["log", "sealed", "checkpoints"] {
        let (disk, _) = written(6);
        let path = Path::new("/deed/data").join(folder);
        let named = disk.fork(1);
        named.create_new(&path.join("notes.txt")).unwrap();
        let told = format!("{:?}", open(&named, 2).map(drop).unwrap_err());
        assert!(told.contains("ForeignName") && told.contains("notes.txt"), "{told}");
        let firsts: Vec<_> = disk.list(&path).unwrap();
        let last = path.join(firsts.last().unwrap());
        for (edit, fault) in [
            ((|bytes| bytes[30] ^= 1) as fn(&mut Vec<u8>), HeaderFault::Damaged),
            (|bytes| bytes.truncate(63), HeaderFault::Short),
            (
                |bytes| {
                    bytes[30] ^= 1;
                    let crc = crc32c::crc32c(&bytes[..60]).to_be_bytes();
                    bytes[60..64].copy_from_slice(&crc);
                },
                HeaderFault::Foreign,
            ),
        ] {
            let other = disk.fork(2);
            other.corrupt(&last, edit).unwrap();
            let told = format!("{:?}", open(&other, 2).map(drop).unwrap_err());
            assert!(told.contains(&format!("{fault:?}")) && told.contains(folder), "{told}");
        }
    }
}

#[test]
fn a_leftover_of_a_file_that_was_being_made_is_removed() {
    let (disk, mut asked) = written(3);
    for folder in ["log", "sealed", "checkpoints"] {
        let file = disk.create_new(&Path::new("/deed/data").join(folder).join("next.new")).unwrap();
        file.write_at(0, b"half").unwrap();
    }
    let (_, found) = open(&disk, 2).unwrap();
    asked.check(&found).unwrap();
    assert!(!disk.image().keys().any(|path| path.ends_with("next.new")));
}

/// Files that are filled ahead.
const LARGE: u64 = 16 << 20;

/// Appends groups of a megabyte for as long as that goes well and `on` says to go on.
fn append_while(
    log: &mut SegmentLog,
    events: &mut Vec<NewEvent>,
    on: impl Fn() -> bool,
) -> Result<(), LogError> {
    while on() {
        let group = group(events.len() as u64, &[60_000; 16]);
        log.append(events.len() as u64, &group)?;
        events.extend(group);
    }
    Ok(())
}

fn assert_all_read(disk: &SimDisk, events: &[NewEvent]) {
    let (log, recovered) = SegmentLog::open(&place(disk), LARGE).unwrap();
    assert_eq!((recovered.size, recovered.torn_bytes), (events.len() as u64, 0));
    let records = log.reader().read(0, usize::MAX, usize::MAX).unwrap();
    assert!(records.iter().map(|record| &record.leaf).eq(events.iter().map(|event| &event.leaf)));
    let files = disk.image().into_iter().filter(|(path, _)| path.starts_with("data/log"));
    assert!(files.map(|(_, bytes)| bytes.len() as u64).all(|len| len == LARGE));
}

#[test]
fn a_large_file_is_filled_while_the_one_before_it_is_in_use() {
    let (disk, mut events) = (SimDisk::new(0), Vec::new());
    let names = || disk.list(Path::new("/data/log")).unwrap();
    let (mut log, _) = SegmentLog::open(&place(&disk), LARGE).unwrap();
    append_while(&mut log, &mut events, || names().len() < 4).unwrap();
    assert_eq!(names().iter().filter(|name| *name == "next.new").count(), 1, "{:?}", names());
    disk.power_loss(KeepSyncedOnly);
    drop(log);
    assert_all_read(&disk, &events);
}

#[test]
fn a_file_that_could_not_be_filled_ahead_is_filled_when_it_is_needed() {
    let (disk, mut events) = (SimDisk::new(0), Vec::new());
    let (mut log, _) = SegmentLog::open(&place(&disk), LARGE).unwrap();
    disk.limit_to(LARGE + LARGE / 2);
    let full = append_while(&mut log, &mut events, || true).unwrap_err();
    assert!(full.may_retry() && events.len() > 200, "{full:?}");
    disk.lift_limit();
    let size = events.len();
    append_while(&mut log, &mut events, || disk.list(Path::new("/data/log")).unwrap().len() == 1).unwrap();
    assert!(events.len() > size);
    drop(log);
    assert_all_read(&disk, &events);
}

#[test]
fn a_name_that_is_taken_is_never_written_over() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![stopped(3_000)]).unwrap();
    let taken = Path::new("/deed/data/log").join(file_name(1));
    disk.create_new(&taken).unwrap().write_at(0, b"theirs").unwrap();
    let cause = asked.group(&mut writer, vec![stopped(3_000)]).unwrap_err();
    assert!(cause.may_retry(), "{cause:?}");
    assert_eq!(disk.image()[taken.strip_prefix("/").unwrap()], b"theirs");
}

#[test]
fn a_checkpoint_of_the_same_size_is_stored_once_and_checkpoints_fill_many_files() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    let folder = Path::new("/deed/data/checkpoints");
    for round in 0..40 {
        asked.group(&mut writer, vec![stopped(1)]).unwrap();
        for _ in 0..30 {
            writer.checkpoint().unwrap();
        }
        if round % 7 == 0 {
            writer = open(&disk, round).unwrap().0;
            writer.checkpoint().unwrap();
        }
    }
    let files = disk.list(folder).unwrap();
    let notes = files.iter().map(|name| {
        let bytes = disk.image()[&folder.strip_prefix("/").unwrap().join(name)].clone();
        let frames = ledger::segment::Frames::of(ledger::segment::Kind::Checkpoints, &bytes);
        frames.count()
    });
    assert!(files.len() > 1);
    assert_eq!(notes.sum::<usize>(), 40);
}
