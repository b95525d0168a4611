//! Ledgers with nothing wrong, and how much of them is anchored.

use crate::world::{Holds, SIZE, codes, now, world};
use fixtures::forge::witness;
use verify::report::{AnchorKind, KeyTrust};
use verify::{Code, Outcome, Signatures};

#[test]
fn an_honest_ledger_without_an_anchor_is_unanchored() {
    let world = world();
    let report = world.verdict(&world.options(Holds::Nothing));
    assert_eq!(report.faults, []);
    assert_eq!(report.warnings, []);
    assert_eq!((report.outcome, report.key), (Outcome::Unanchored, KeyTrust::Embedded));
    assert_eq!(report.verdicts, ["UNANCHORED 25", "ERASED 1"]);
    assert_eq!(report.events, SIZE);
    assert_eq!(report.checked.signatures, SIZE);
    assert_eq!((report.checked.rules, report.checked.state_digests, report.checked.payloads), (SIZE, 1, 2));
    assert!(report.text().contains("KEY EMBEDDED"));
    let pinned = world.verdict(&world.options(Holds::Key));
    assert_eq!((pinned.outcome, pinned.key), (Outcome::Unanchored, KeyTrust::PinnedEvents));
}

#[test]
fn a_kept_checkpoint_anchors_what_it_covers() {
    let world = world();
    let mut options = world.options(Holds::Nothing);
    options.kept = vec![world.kept(10)];
    let report = world.verdict(&options);
    assert_eq!((report.outcome, report.key), (Outcome::Whole, KeyTrust::Anchored));
    assert_eq!(report.verdicts, ["ANCHORED 10", "UNANCHORED 15", "ERASED 1"]);
    options.unanchored_max = Some(14);
    assert_eq!(world.verdict(&options).outcome, Outcome::Unanchored);
    options.unanchored_max = Some(15);
    assert_eq!(world.verdict(&options).outcome, Outcome::Whole);
}

#[test]
fn a_checkpoint_that_the_quorum_cosigned_anchors_and_one_witness_does_not() {
    for (witnesses, anchored) in [(&[1, 3][..], SIZE), (&[2], 0), (&[4, 5], 0)] {
        let mut world = world();
        let time = now().micros() / 1_000_000 - 60;
        let cosign = |note, n: &u8| ledger_cosign(note, *n, time);
        let note = witnesses.iter().fold(world.last.clone(), cosign);
        world.forger.checkpoints.push(note.to_string());
        world.forger.write().unwrap();
        let report = world.verdict(&world.options(Holds::Witness));
        assert_eq!((codes(&report), report.anchored), (vec![], anchored), "{witnesses:?}");
        assert_eq!(report.anchors.iter().any(|anchor| anchor.kind == AnchorKind::Witnessed), anchored > 0);
    }
}

pub(crate) fn ledger_cosign(
    note: ledger::checkpoint::SignedCheckpoint,
    n: u8,
    time: u64,
) -> ledger::checkpoint::SignedCheckpoint {
    note.cosign(&witness(n).unwrap(), time).unwrap()
}

#[test]
fn the_checkpoint_key_pins_when_a_checkpoint_by_it_covers_events() {
    let mut world = world();
    let mut options = world.options(Holds::Nothing);
    options.key = Some(world.forger.genesis.checkpoint_key().clone());
    assert_eq!(world.verdict(&options).key, KeyTrust::PinnedCheckpoints);
    world.forger.checkpoints.clear();
    world.forger.write().unwrap();
    assert_eq!(world.verdict(&options).key, KeyTrust::Embedded);
}

#[test]
fn below_a_kept_checkpoint_the_verdict_is_the_same_with_less_work() {
    let world = world();
    let mut full = world.options(Holds::Key);
    full.kept = vec![world.kept(16)];
    let full = world.verdict(&full);
    let mut since = world.options(Holds::Key);
    since.since = Some(world.kept(16));
    let mut since = world.verdict(&since);
    assert_eq!((since.since, since.checked.rules), (16, SIZE - 16));
    // Event 0 and the rotation at 12 are checked all the same.
    assert_eq!(since.checked.signatures, SIZE - 16 + 2);
    (since.since, since.checked) = (full.since, full.checked.clone());
    assert_eq!(since, full);
}

#[test]
fn with_checkpoint_signatures_only_the_verdict_says_so() {
    let world = world();
    let mut options = world.options(Holds::Prior);
    options.signatures = Signatures::Checkpoints;
    let report = world.verdict(&options);
    assert_eq!((report.outcome, codes(&report)), (Outcome::Whole, vec![]));
    // Event 0 and both rotations.
    assert_eq!((report.checked.signatures, report.checked.rules), (3, 0));
    assert!(report.text().contains("CHECKPOINTS ONLY"));
    assert_eq!(report.checked.payloads, 2);
}

#[test]
fn a_torn_tail_is_no_fault() {
    let world = world();
    let mut frames = world.forger.log_frames().unwrap();
    frames.extend_from_slice(&[0, 0, 1, 0, 9, 9, 9, 9, 7, 7, 7]);
    world.forger.write_kind(ledger::segment::Kind::Log, "log", &frames).unwrap();
    let report = world.verdict(&world.options(Holds::Prior));
    assert_eq!((report.outcome, report.torn_tail_bytes), (Outcome::Whole, 11));
    assert!(report.verdicts.contains(&"TORN_TAIL 11".to_owned()));
}

#[test]
fn events_of_a_compromised_key_are_suspect_unless_anchored() {
    let mut world = world();
    let first_key = world.forger.genesis.event_key().id().to_string();
    let fact = ledger::event::custody::KeyCompromised { key: first_key.into(), since: 6 };
    let mut options = world.options(Holds::Key);
    world.forger.append(ledger::event::Actor::Operator, fact).unwrap();
    world.forger.write().unwrap();
    // The first key signed up to the rotation at 12.
    let report = world.verdict(&options);
    assert_eq!((report.suspect, report.faults_total), (7, 0));
    assert_eq!(report.warnings[0].code, Code::Suspect);
    options.kept = vec![world.kept(10)];
    assert_eq!(world.verdict(&options).suspect, 3);
}
