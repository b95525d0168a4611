//! Reading by position: events are found in files that nobody walked, and damage is told and never taken for an event.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use fixtures::rng::Rng;
use fixtures::samples::{event, genesis};
use fixtures::sim_disk::{Call, SimDisk};
use ledger::container::Place;
use ledger::disk::Disk;
use ledger::event::Envelope;
use ledger::event::custody::ServerStopped;
use ledger::hash::Hash;
use ledger::log::{LogReader, NewEvent, ReadError, SegmentLog};
use ledger::merkle::leaf_hash;
use ledger::segment::HEADER_BYTES;
use ledger::signature::Signature;
use std::path::{Path, PathBuf};

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
    disk.image().into_keys().filter(|path| path.starts_with("data/log")).collect()
}

/// A log of three files, of events of very different lengths, and how many there are. The last file is the one in use.
fn long_log() -> (SimDisk, u64) {
    let (disk, mut rng) = (SimDisk::new(0), Rng::new(8));
    let (mut log, _) = SegmentLog::open(&place(&disk), 2 << 20).unwrap();
    while disk.list(Path::new("/data/log")).unwrap().len() < 3 {
        // Long and short ones come in turns, so that no event is where it would be if all were alike.
        let longest = if (log.size() / 500).is_multiple_of(2) { 300 } else { 4_300 };
        let lengths: Vec<_> = (0..1 + rng.index(40))
            .map(|_| if rng.chance(1, 200) { 60_000 } else { rng.index(longest) })
            .collect();
        log.append(log.size(), &group(log.size(), &lengths)).unwrap();
    }
    (disk, log.size())
}

fn seq_in(leaf: &[u8]) -> u64 {
    Envelope::parse(leaf).unwrap().seq
}

#[test]
fn an_event_is_found_in_a_file_that_nobody_has_walked() {
    let (disk, size) = long_log();
    let mut rng = Rng::new(3);
    assert!(size > 1_500, "{size}");
    let mut most = 0;
    for _ in 0..300 {
        let (reader, seq) = (LogReader::open(&place(&disk), size).unwrap(), rng.below(size));
        let before = disk.calls(Call::Read);
        let record = reader.event(seq).unwrap().unwrap();
        assert_eq!((record.seq, seq_in(&record.leaf)), (seq, seq));
        most = most.max(disk.calls(Call::Read) - before);
    }
    assert!(most < 20, "{most} reads for one event");
}

/// Which event is read in which step.
type Order = fn(u64, u64, &mut Rng) -> u64;

#[test]
fn events_are_read_in_any_order_by_one_reader() {
    let (disk, size) = long_log();
    let orders: [Order; 3] =
        [|step, _, _| step, |step, size, _| size - 1 - step, |_, size, rng| rng.below(size)];
    for order in orders {
        let (reader, mut rng) = (LogReader::open(&place(&disk), size).unwrap(), Rng::new(4));
        for step in 0..size {
            let (from, count) = (order(step, size, &mut rng), 1 + rng.index(5));
            let records = reader.read(from, count, usize::MAX).unwrap();
            assert_eq!(records.len() as u64, (size - from).min(count as u64));
            assert!(records.iter().map(|record| seq_in(&record.leaf)).eq(from..from + records.len() as u64));
        }
    }
}

#[test]
fn whatever_is_damaged_in_an_older_file_no_event_is_taken_for_another() {
    let (disk, size) = long_log();
    let file = log_files(&disk).remove(0);
    let length = disk.image()[&file].len();
    for seed in 0..60 {
        let (disk, mut rng) = (disk.fork(seed), Rng::new(seed));
        let from = HEADER_BYTES + rng.index(length - HEADER_BYTES);
        let upto = length.min(from + 1 + rng.index(400_000));
        disk.corrupt(&file, |bytes| match seed % 4 {
            0 => bytes[from] ^= 1 << rng.below(8),
            1 => bytes[from..upto].fill(0),
            2 => bytes[from..upto].rotate_left(rng.index(upto - from)),
            _ => bytes.truncate(from),
        })
        .unwrap();
        let reader = LogReader::open(&place(&disk), size).unwrap();
        for _ in 0..100 {
            let seq = rng.below(size);
            match reader.event(seq) {
                Ok(record) => assert_eq!(seq_in(&record.unwrap().leaf), seq, "{seed}"),
                Err(ReadError::Damaged { seq: at }) => assert_eq!(at, seq, "{seed}"),
                Err(cause) => panic!("{seed}: {cause}"),
            }
        }
    }
}

#[test]
fn what_lies_far_from_the_damage_is_read() {
    let (disk, size) = long_log();
    let file = log_files(&disk).remove(0);
    let walked = LogReader::open(&place(&disk), size).unwrap().read(0, usize::MAX, usize::MAX).unwrap();
    disk.corrupt(&file, |bytes| bytes[700_000] ^= 1).unwrap();
    let lost = |seq| {
        matches!(LogReader::open(&place(&disk), size).unwrap().event(seq), Err(ReadError::Damaged { .. }))
    };
    let lost: Vec<u64> = walked.iter().map(|record| record.seq).filter(|seq| lost(*seq)).collect();
    assert!((1..200).contains(&lost.len()), "{lost:?}");
}

#[test]
fn a_file_that_is_cut_swapped_or_gone_under_a_reader_is_told() {
    let (disk, size) = long_log();
    let files = log_files(&disk);
    let second: u64 = files[1].file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let reader = LogReader::open(&place(&disk), size).unwrap();
    let fails = |edit: &dyn Fn(&mut Vec<u8>)| {
        disk.corrupt(&files[0], edit).unwrap();
        reader.event(second - 1).unwrap_err()
    };
    assert!(reader.event(second - 1).unwrap().is_some());
    let whole = disk.image()[&files[0]].clone();
    let other = disk.image()[&files[1]].clone();
    assert!(matches!(fails(&|bytes| bytes.truncate(900_000)), ReadError::Damaged { .. }));
    assert!(matches!(fails(&|bytes| bytes[HEADER_BYTES..].fill(0)), ReadError::Damaged { .. }));
    for foreign in [other, b"short".to_vec(), Vec::new()] {
        let cause = fails(&|bytes| bytes.clone_from(&foreign));
        assert!(matches!(cause, ReadError::Container { .. }), "{cause}");
    }
    // The events of another file under this one's name.
    let mixed = [&whole[..HEADER_BYTES], &disk.image()[&files[1]][HEADER_BYTES..]].concat();
    assert!(matches!(fails(&|bytes| bytes.clone_from(&mixed)), ReadError::Damaged { .. }));
    disk.corrupt(&files[0], |bytes| bytes.clone_from(&whole)).unwrap();
    assert!(reader.event(second - 1).unwrap().is_some());
    disk.remove(&Path::new("/").join(&files[0])).unwrap();
    assert!(matches!(reader.event(second - 1), Err(ReadError::Container { .. })));
    assert!(reader.event(second).unwrap().is_some());
}
