//! Manipulations of sealed payloads and erasures.

use crate::world::{Holds, SIZE, first, world};
use fixtures::forge::story::at;
use fixtures::forge::{Fallible, Forger};
use ledger::event::custody::{PayloadErased, PayloadName};
use ledger::sealed::commit;
use serde_json::json;
use verify::{Code, Outcome};

type Change = fn(&mut Forger) -> Fallible<()>;

fn of(forger: &mut Forger, seq: u64) -> usize {
    forger.sealed.iter().position(|payload| payload.seq == seq).unwrap()
}

const ROWS: &[(u8, Change, Code, u64)] = &[
    (2, flip, Code::PayloadAltered, at::HELPER),
    (48, swap, Code::PayloadAltered, at::HELPER),
    (49, remove, Code::MissingPayload, at::HELPER),
    (49, wipe, Code::MissingPayload, at::HELPER),
    (51, salt_zero, Code::Salt, at::HELPER),
    (51, salt_reused, Code::Salt, at::SPARE),
];

fn flip(forger: &mut Forger) -> Fallible<()> {
    let at = of(forger, at::HELPER);
    forger.sealed[at].ciphertext.as_mut().unwrap()[30] ^= 1;
    Ok(())
}

fn swap(forger: &mut Forger) -> Fallible<()> {
    let (one, other) = (of(forger, at::HELPER), of(forger, at::SPARE));
    forger.sealed.swap(one, other);
    (forger.sealed[one].seq, forger.sealed[other].seq) = (at::HELPER, at::SPARE);
    Ok(())
}

fn remove(forger: &mut Forger) -> Fallible<()> {
    let at = of(forger, at::HELPER);
    forger.sealed.remove(at);
    Ok(())
}

fn wipe(forger: &mut Forger) -> Fallible<()> {
    let at = of(forger, at::HELPER);
    forger.sealed[at].ciphertext = None;
    Ok(())
}

fn salt(forger: &mut Forger, seq: u64, salt: [u8; 32]) -> Fallible<()> {
    let at = of(forger, seq);
    forger.sealed[at].salt = salt;
    let commitment = commit(&salt, forger.sealed[at].ciphertext.as_ref().unwrap());
    forger.edit(seq, |leaf| leaf["sealed"][0]["commit"] = json!(commitment.to_string()))?;
    forger.cover_up(seq)
}

fn salt_zero(forger: &mut Forger) -> Fallible<()> {
    salt(forger, at::HELPER, [0; 32])
}

fn salt_reused(forger: &mut Forger) -> Fallible<()> {
    let at = of(forger, at::HELPER);
    salt(forger, at::SPARE, forger.sealed[at].salt)
}

#[test]
fn manipulations_of_payloads_are_found_at_their_event() {
    for (row, change, code, seq) in ROWS {
        let report = world().forged(Holds::Nothing, change);
        assert_eq!(first(&report), Some((*code, Some(*seq))), "row {row}: {:?}", report.faults);
        assert_eq!(report.outcome, Outcome::Invalid);
    }
}

#[test]
fn row_50_an_erasure_needs_the_right_and_an_erasable_payload() {
    let world = world();
    let cast = world.cast;
    let erased = |seq, name: &str| PayloadErased {
        bucket: cast.admin,
        payloads: vec![PayloadName { name: name.into(), seq }],
        reason: "asked".into(),
    };
    let rows = [
        (cast.as_admin(), erased(at::HELPER, "profile"), Code::NotAllowed),
        (cast.as_owner(), erased(at::OWNER_GRANT, "profile"), Code::ErasureForbidden),
        (cast.as_owner(), erased(at::HELPER, "profile"), Code::ErasureForbidden),
        (cast.as_owner(), PayloadErased { payloads: vec![], ..erased(0, "") }, Code::ErasureForbidden),
    ];
    for (actor, fact, code) in rows {
        let report = self::world().forged(Holds::Key, |forger| {
            forger.append(actor, fact)?;
            forger.recheckpoint()
        });
        assert_eq!(first(&report), Some((code, Some(SIZE))), "{:?}", report.faults);
    }
}

#[test]
fn row_50_a_class_that_may_not_be_erased_is_missed_though_an_erasure_names_it() {
    let report = world().forged(Holds::Key, |forger| {
        forger.edit(at::PERSON, |leaf| leaf["sealed"][0]["class"] = json!("evidence"))?;
        forger.cover_up(at::PERSON)
    });
    let code = report.faults.iter().find(|fault| fault.seq == Some(at::PERSON)).map(|fault| fault.code);
    assert_eq!(code, Some(Code::ErasureForbidden), "{:?}", report.faults);
}

#[test]
fn a_payload_that_is_named_and_still_there_is_whole() {
    let world = world();
    let payloads = vec![PayloadName { name: "profile".into(), seq: at::HELPER }];
    let fact = PayloadErased { bucket: crate::rules::helper(), payloads, reason: "asked".into() };
    let owner = world.cast.as_owner();
    let report = self::world().forged(Holds::Key, |forger| {
        forger.append(owner, fact)?;
        forger.recheckpoint()
    });
    assert_eq!((first(&report), report.erased, report.erasing), (None, 1, 1));
}

#[test]
fn a_payload_that_went_before_an_erasure_named_it_is_missing() {
    let report = world().forged(Holds::Key, |forger| {
        forger.events.truncate(17);
        let at = of(forger, at::PERSON);
        forger.sealed.truncate(at + 1);
        forger.recheckpoint()
    });
    assert_eq!(first(&report), Some((Code::MissingPayload, Some(at::PERSON))));
}
