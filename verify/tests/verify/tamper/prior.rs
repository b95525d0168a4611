//! Manipulations that only a kept checkpoint, a witness or a receipt can show. Without, the verdict is `UNANCHORED`.

use super::events::set_time;
use crate::honest::ledger_cosign;
use crate::world::{Holds, SIZE, World, codes, first, now, world};
use fixtures::forge::{Fallible, Forger};
use ledger::event::{Actor, custody};
use ledger::receipt::{Receipt, ReceiptEvent};
use ledger::signature::Signature;
use serde_json::json;
use verify::report::KeyTrust;
use verify::{Code, Outcome};

type Change = fn(&mut Forger) -> Fallible<()>;

/// Number in the list, what is done, and the code that an auditor with a kept checkpoint sees.
const ROWS: &[(u8, Change, Code)] = &[
    (5, truncate, Code::Rollback),
    (6, empty, Code::Rollback),
    (8, truncate_and_continue, Code::Rewritten),
    (9, rewrite, Code::Rewritten),
    (22, rewrite_before_compromise, Code::Rewritten),
];

fn truncate(forger: &mut Forger) -> Fallible<()> {
    forger.events.truncate(20);
    forger.recheckpoint()
}

fn empty(forger: &mut Forger) -> Fallible<()> {
    forger.events.clear();
    forger.sealed.clear();
    forger.recheckpoint()
}

fn truncate_and_continue(forger: &mut Forger) -> Fallible<()> {
    forger.events.truncate(24);
    for _ in 0..5 {
        stop(forger)?;
    }
    forger.recheckpoint()
}

fn stop(forger: &mut Forger) -> Fallible<()> {
    forger.append(Actor::System, custody::ServerStopped { reason: "other".into() })?;
    Ok(())
}

/// Changes a count that no state depends on, with the real keys.
fn rewrite(forger: &mut Forger) -> Fallible<()> {
    forger.edit(11, |leaf| leaf["data"]["codes"][0]["count"] = json!(2))?;
    forger.cover_up(11)
}

fn rewrite_before_compromise(forger: &mut Forger) -> Fallible<()> {
    let key = forger.genesis.event_key().id().to_string().into();
    forger.append(Actor::Operator, custody::KeyCompromised { key, since: 14 })?;
    rewrite(forger)
}

#[test]
fn only_a_kept_checkpoint_shows_what_was_rewritten_with_the_real_keys() {
    for (row, change, code) in ROWS {
        for holds in [Holds::Nothing, Holds::Key, Holds::Witness] {
            let report = world().forged(holds, |forger| change(forger));
            assert_eq!((codes(&report), report.outcome), (vec![], Outcome::Unanchored), "row {row}");
            assert!(report.verdicts.iter().any(|verdict| verdict.starts_with("UNANCHORED")), "row {row}");
            assert_eq!(report.exit(), 3);
        }
        let report = world().forged(Holds::Prior, |forger| change(forger));
        assert!(codes(&report).contains(code), "row {row}: {:?}", report.faults);
        assert_eq!(report.anchored, 0, "row {row}");
    }
}

#[test]
fn rows_5_to_9_a_checkpoint_that_witnesses_saw_shows_it_as_well() {
    for (row, change, code) in ROWS {
        let time = now().micros() / 1_000_000 - 60;
        let mut world = world();
        let seen = [1, 2].iter().fold(world.last.clone(), |note, n| ledger_cosign(note, *n, time));
        let report = world.forged(Holds::Witness, |forger| {
            change(forger)?;
            forger.checkpoints.push(seen.to_string());
            Ok(())
        });
        // It stands in the directory, so it is the ledger that contradicts itself.
        let code = if *code == Code::Rewritten { Code::CheckpointRoot } else { *code };
        assert!(codes(&report).contains(&code), "row {row}: {:?}", report.faults);
    }
}

#[test]
fn row_10_a_rewrite_after_the_last_anchor_is_unanchored() {
    let mut world = world();
    let mut options = world.options(Holds::Key);
    options.kept = vec![world.kept(10)];
    rewrite(&mut world.forger).unwrap();
    world.forger.write().unwrap();
    let report = world.verdict(&options);
    assert_eq!(codes(&report), []);
    assert_eq!(report.verdicts, ["ANCHORED 10", "UNANCHORED 15", "ERASED 1"]);
}

#[test]
fn row_11_two_signed_checkpoints_of_one_size_are_a_split_view() {
    let mut world = world();
    let mut options = world.options(Holds::Prior);
    rewrite(&mut world.forger).unwrap();
    world.forger.write().unwrap();
    options.kept.push(world.kept(SIZE));
    let report = world.verdict(&options);
    let codes: Vec<Code> = report.faults.iter().map(|fault| fault.code).collect();
    assert!(codes.contains(&Code::SplitView) && codes.contains(&Code::Rewritten), "{codes:?}");
}

#[test]
fn row_12_every_checkpoint_is_compared_and_not_only_the_newest() {
    let mut world = world();
    let old = world.kept(16).to_string();
    let report = world.forged(Holds::Nothing, |forger| {
        rewrite(forger)?;
        forger.checkpoints.insert(0, old);
        Ok(())
    });
    assert_eq!(first(&report).map(|(code, _)| code), Some(Code::CheckpointRoot));
}

#[test]
fn row_23_a_clock_set_forward_is_a_warning() {
    let report = world().forged(Holds::Key, |forger| {
        set_time(forger, 24, "2100-01-01T00:00:00.000000Z")?;
        forger.cover_up(24)
    });
    assert_eq!((report.faults_total, report.warnings[0].code), (0, Code::Clock));
}

#[test]
fn rows_21_and_23_an_event_later_than_the_cosignature_over_it_is_a_warning() {
    let mut world = world();
    let early = now().micros() / 1_000_000 - 200_000;
    let note = [1, 2].iter().fold(world.last.clone(), |note, n| ledger_cosign(note, *n, early));
    let report = world.forged(Holds::Witness, |forger| {
        forger.checkpoints.push(note.to_string());
        Ok(())
    });
    assert_eq!((report.faults_total, report.warnings[0].code), (0, Code::Clock));
}

fn receipt(world: &World, seq: u64) -> Receipt {
    let event = &world.forger.events[seq as usize];
    let kind = "custody.server_stopped".into();
    let id = ledger::event::id::EventId::from_bytes([0; 16]);
    let signature = Signature(event.signature);
    let event = ReceiptEvent { id, leaf_hash: event.hash(), seq, signature, kind };
    Receipt::new(world.forger.genesis.ledger(), ledger::note::KeyId([0; 4]), vec![event])
}

#[test]
fn row_54_a_receipt_shows_an_acknowledged_event_that_is_gone() {
    let mut world = world();
    let mut options = world.options(Holds::Key);
    options.receipts = vec![receipt(&world, 24)];
    let report = world.verdict(&options);
    assert_eq!((report.checked.receipts, report.faults_total), (1, 0));
    truncate(&mut world.forger).unwrap();
    world.forger.write().unwrap();
    assert_eq!(first(&world.verdict(&options)), Some((Code::ReceiptNotInLog, Some(24))));
    // Another event at that position is no better.
    for _ in 0..5 {
        stop(&mut world.forger).unwrap();
    }
    world.forger.write().unwrap();
    assert_eq!(first(&world.verdict(&options)), Some((Code::ReceiptNotInLog, Some(24))));
    // A receipt that the ledger's key never signed accuses nobody of losing events.
    options.receipts[0].events[0].signature.0[3] ^= 1;
    assert_eq!(first(&world.verdict(&options)), Some((Code::ReceiptSignature, Some(24))));
}

#[test]
fn row_60_an_event_left_out_and_covered_up_is_unanchored() {
    let report = world().forged(Holds::Key, |forger| {
        forger.events.remove(24);
        forger.recheckpoint()
    });
    assert_eq!(
        (codes(&report), report.outcome, report.key),
        (vec![], Outcome::Unanchored, KeyTrust::PinnedEvents)
    );
}
