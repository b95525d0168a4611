//! Manipulations of events that any auditor notices.

use crate::world::{Holds, SIZE, World, codes, first, world};
use fixtures::forge::{Fallible, Forger};
use ledger::event::{Actor, custody};
use ledger::merkle::{leaf_hash, node_hash};
use serde_json::json;
use verify::{Code, Outcome};

type Change = fn(&mut Forger) -> Fallible<()>;

fn set(forger: &mut Forger, seq: u64, pointer: &str, value: serde_json::Value) -> Fallible<()> {
    forger.edit(seq, |leaf| *leaf.pointer_mut(pointer).unwrap() = value)
}

/// Number in the list, what is done, the code and the position that come first.
const ROWS: &[(u8, Change, Code, u64)] = &[
    (1, |forger| set(forger, 7, "/data/handle", json!("robos")), Code::Signature, 7),
    (3, |forger| Ok(forger.event_mut(9)?.signature[40] ^= 1), Code::Signature, 9),
    (4, |forger| Ok(drop(forger.events.remove(8))), Code::Gap, 8),
    (7, |forger| Ok(drop(forger.events.drain(..5))), Code::GenesisBinding, 0),
    (13, |forger| Ok(forger.events.swap(7, 8)), Code::Gap, 7),
    (14, swap_and_relink, Code::Signature, 7),
    (
        16,
        |forger| Ok(forger.events.iter_mut().for_each(|event| event.signature = [0; 64])),
        Code::Signature,
        0,
    ),
    (21, backdate, Code::TimeDecreases, 24),
    (33, duplicate_last, Code::Fork, SIZE),
    (34, inner_node_as_leaf, Code::NotCanonical, 8),
    (39, shift_boundary, Code::Signature, 10),
    (40, |forger| set(forger, 7, "/data/handle", json!("ro\u{1f}ot")), Code::Signature, 7),
    (41, |forger| Ok(forger.event_mut(8)?.leaf.push(b' ')), Code::NotCanonical, 8),
    (45, float, Code::NotCanonical, 11),
    (46, nest_deep, Code::NotCanonical, 24),
    (47, malleate, Code::Signature, 6),
    (52, |forger| Ok(forger.events.insert(9, forger.events[8].clone())), Code::Fork, 9),
    (55, alter_digest, Code::StateDigest, 15),
];

fn swap_and_relink(forger: &mut Forger) -> Fallible<()> {
    forger.events.swap(7, 8);
    forger.relink(7)
}

fn backdate(forger: &mut Forger) -> Fallible<()> {
    set_time(forger, 24, "2026-01-01T00:00:01.000000Z")?;
    forger.cover_up(24)
}

/// Sets the time of an event, and its id with it.
pub(super) fn set_time(forger: &mut Forger, seq: u64, time: &str) -> Fallible<()> {
    let micros = ledger::time::Time::parse(time).unwrap();
    let id = ledger::event::id::EventId::from_bytes(ledger::event::id::uuid_v7(micros, [9; 10]));
    set(forger, seq, "/time", json!(time))?;
    set(forger, seq, "/id", json!(id.to_string()))
}

fn duplicate_last(forger: &mut Forger) -> Fallible<()> {
    forger.events.push(forger.events.last().unwrap().clone());
    forger.recheckpoint()
}

fn inner_node_as_leaf(forger: &mut Forger) -> Fallible<()> {
    let right = forger.events.remove(9).hash();
    let left = forger.events[8].hash();
    forger.events[8].leaf = [left.0, right.0].concat();
    assert_ne!(leaf_hash(&forger.events[8].leaf), node_hash(&left, &right));
    Ok(())
}

/// Moves a letter from the end of one text to the beginning of another.
fn shift_boundary(forger: &mut Forger) -> Fallible<()> {
    set(forger, 10, "/data/command", json!("custody.erase_payload"))?;
    set(forger, 10, "/data/refusal/permission", json!("scustody.erase"))
}

fn float(forger: &mut Forger) -> Fallible<()> {
    set(forger, 11, "/data/codes/0/count", json!(3.0))?;
    forger.event_mut(11)?.leaf = String::from_utf8(forger.event_mut(11)?.leaf.clone())?.into();
    forger.resign(11)
}

fn nest_deep(forger: &mut Forger) -> Fallible<()> {
    let deep = (0..40).fold(json!({}), |inner, _| json!({ "a": inner }));
    set(forger, 24, "/data", deep)?;
    forger.cover_up(24)
}

/// Adds the order of the group to S.
fn malleate(forger: &mut Forger) -> Fallible<()> {
    let order = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut carry = 0_u16;
    for (byte, add) in forger.event_mut(6)?.signature[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add as u8) + carry;
        (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
    }
    Ok(())
}

fn alter_digest(forger: &mut Forger) -> Fallible<()> {
    set(forger, 15, "/data/digest", json!("00".repeat(32)))?;
    forger.cover_up(15)
}

#[test]
fn manipulations_are_found_at_the_first_event_concerned() {
    for (row, change, code, seq) in ROWS {
        for holds in [Holds::Nothing, Holds::Key] {
            let report = world().forged(holds, |forger| change(forger));
            assert_eq!(first(&report), Some((*code, Some(*seq))), "row {row}: {:?}", report.faults);
            assert_eq!((report.outcome, report.exit()), (Outcome::Invalid, 1), "row {row}");
        }
    }
}

#[test]
fn later_events_are_not_blamed_for_an_earlier_one() {
    let report = world().forged(Holds::Key, |forger| Ok(forger.event_mut(9)?.signature[40] ^= 1));
    assert_eq!(codes(&report), [Code::Signature]);
    assert_eq!(report.faults_total, 1);
}

#[test]
fn a_leaf_of_another_ledger_epoch_or_shape_is_found() {
    let rows: [(Change, Code); 6] = [
        (|forger| set(forger, 20, "/ledger", json!("led_00000000000000000000000000000000")), Code::LedgerId),
        (|forger| set(forger, 20, "/epoch", json!(1)), Code::Epoch),
        (|forger| set(forger, 20, "/time", json!("2026-01-01T00:00:20.000001Z")), Code::IdTime),
        (|forger| set(forger, 20, "/time", json!("yesterday")), Code::LeafShape),
        (|forger| set(forger, 20, "/data", json!({ "more": 1 })), Code::LeafShape),
        (|forger| set(forger, 20, "/object/kind", json!("ledger")), Code::LeafShape),
    ];
    for (n, (change, code)) in rows.into_iter().enumerate() {
        let report = world().forged(Holds::Key, |forger| {
            change(forger)?;
            if n == 2 {
                set(forger, 20, "/time", json!("2026-01-01T00:00:20.999999Z"))?;
            }
            forger.cover_up(20)
        });
        let found = report.faults.iter().any(|fault| fault.code == code && fault.seq == Some(20));
        assert!(found, "{n}: {:?}", report.faults);
    }
}

#[test]
fn a_second_beginning_and_a_wrong_one_are_found() {
    let mut world = world();
    let opened = world.forger.genesis.opened();
    let report = world.forged(Holds::Key, |forger| {
        forger.append(Actor::System, opened)?;
        forger.recheckpoint()
    });
    assert_eq!(first(&report), Some((Code::GenesisBinding, Some(SIZE))));
    let report = self::world().forged(Holds::Key, |forger| {
        set(forger, 0, "/data/algorithm", json!("none"))?;
        forger.cover_up(0)
    });
    assert_eq!(first(&report), Some((Code::GenesisBinding, Some(0))));
}

#[test]
fn row_7_a_log_that_begins_later_lacks_a_file() {
    let world = world();
    let folder = world.forger.data.join("log");
    for name in std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name()) {
        if name == "00000000000000000000.seg" {
            std::fs::rename(folder.join(&name), folder.join("00000000000000000003.seg")).unwrap();
        }
    }
    let report = world.verdict(&world.options(Holds::Key));
    assert_eq!(first(&report), Some((Code::FileMissing, Some(0))));
}

#[test]
fn row_42_an_unknown_type_is_checked_and_reported_by_name() {
    let mut world = world();
    let report = world.forged(Holds::Key, |forger| {
        set(forger, 24, "/type", json!("custody.dreamt"))?;
        forger.cover_up(24)
    });
    assert_eq!((report.faults_total, report.warnings[0].code), (0, Code::Unknown));
    assert_eq!(report.unknown, [("custody.dreamt/1".to_owned(), 1)]);
    let report = world.forged(Holds::Key, |forger| Ok(forger.event_mut(24)?.signature[0] ^= 1));
    assert_eq!(first(&report), Some((Code::Signature, Some(24))));
}

#[test]
fn row_43_the_tags_of_stored_records_are_what_the_format_says() {
    use ledger::segment::Frame;
    let (salt, signature) = ([0; 32], [0; 64]);
    let frames = [
        Frame::Event { leaf: b"", signature, key: [0; 4] },
        Frame::Commit { size: 0, head: salt },
        Frame::Payload { seq: 0, name: "", bucket: "", salt, ciphertext: b"" },
        Frame::Erased { seq: 0, name: "", filler: b"" },
        Frame::Checkpoint { note: b"" },
    ];
    for (tag, frame) in (0_u32..).zip(frames) {
        let mut bytes = Vec::new();
        frame.write(&mut bytes).unwrap();
        assert_eq!(bytes[8..12], tag.to_be_bytes());
    }
}

#[test]
fn row_44_names_that_look_alike_are_different_and_printed_escaped() {
    let report = world().forged(Holds::Key, |forger| {
        set(forger, 24, "/type", json!("custody.\u{202e}stopped"))?;
        forger.cover_up(24)
    });
    assert!(report.text().contains("custody.\\u{202e}stopped"), "{}", report.text());
}

#[test]
fn rows_41_46_and_53_broken_frames_before_a_later_group_are_damage() {
    let damage: [fn(&mut Vec<u8>); 3] = [
        |frames| frames[..4].copy_from_slice(&u32::MAX.to_be_bytes()),
        |frames| frames[4] ^= 1,
        |frames| {
            // A byte more than the record needs, its checksum right.
            let length = u32::from_be_bytes(*frames.first_chunk().unwrap());
            let end = 8 + length as usize;
            frames.insert(end, 0);
            frames[..4].copy_from_slice(&(length + 1).to_be_bytes());
            let crc = crc32c(&frames[8..=end]);
            frames[4..8].copy_from_slice(&crc.to_be_bytes());
        },
    ];
    for (n, damage) in damage.into_iter().enumerate() {
        let world = world();
        let mut frames = world.forger.log_frames().unwrap();
        damage(&mut frames);
        world.forger.write_kind(ledger::segment::Kind::Log, "log", &frames).unwrap();
        let report = world.verdict(&world.options(Holds::Key));
        assert_eq!(first(&report), Some((Code::FrameDamaged, Some(0))), "{n}");
    }
}

fn crc32c(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0x82f6_3b78 * (crc & 1)))
    };
    !bytes.iter().fold(!0, step)
}

#[test]
fn a_commit_that_names_another_event_is_found() {
    let world = world();
    let mut frames = world.forger.log_frames().unwrap();
    let last = frames.len() - 1;
    frames[last] ^= 1;
    let start = frames.len() - 44;
    let crc = crc32c(&frames[start..]);
    frames[start - 4..start].copy_from_slice(&crc.to_be_bytes());
    world.forger.write_kind(ledger::segment::Kind::Log, "log", &frames).unwrap();
    assert_eq!(first(&world.verdict(&world.options(Holds::Key))), Some((Code::CommitHead, Some(SIZE - 1))));
}

#[test]
fn rows_60_and_61_what_was_never_logged_or_was_a_lie_when_written_is_not_found() {
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/reference/verify.md")).unwrap();
    assert!(
        page.contains("An action that was never logged") && page.contains("A lie at the time of writing")
    );
    // The writer left out a read of the log and made up its own stop: an anchor of that changes nothing.
    let mut world: World = world();
    world.forger.events.truncate(24);
    let fact = custody::ServerStopped { reason: "a power cut that never was".into() };
    world.forger.append(Actor::System, fact).unwrap();
    world.forger.recheckpoint().unwrap();
    world.last = world.kept(25);
    world.forger.write().unwrap();
    let report = world.verdict(&world.options(Holds::Prior));
    assert_eq!((report.outcome, report.anchored), (Outcome::Whole, 25));
}
