//! Manipulations of keys and signatures.

use crate::world::{Holds, SIZE, codes, first, world};
use fixtures::forge::{Fallible, Forger};
use ledger::event::Actor;
use ledger::event::custody::KeyRotated;
use ledger::genesis::Genesis;
use ledger::hash::to_base64;
use ledger::key_folder::verifier;
use ledger::signature::{Purpose, SigningKey};
use verify::report::KeyTrust;
use verify::{Code, Outcome};

fn attacker(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

/// Row 18: own keys under the same ledger id, everything signed again.
fn replace_keys(forger: &mut Forger) -> Fallible<()> {
    forger.genesis = Genesis::new(forger.genesis.ledger(), *attacker(1).public(), *attacker(2).public())?;
    // The rotation at 12 needs the old key's history, so the attacker stops before it.
    forger.events.truncate(12);
    forger.sealed.clear();
    let opened = serde_json::to_value(forger.genesis.opened())?;
    forger.edit(0, |leaf| leaf["data"] = opened)?;
    forger.edit(4, |leaf| drop(leaf.as_object_mut().unwrap().remove("sealed")))?;
    forger.relink(0)?;
    for seq in 0..forger.size() {
        forger.sign(seq, &attacker(1), forger.genesis.event_key().id())?;
    }
    forger.checkpoints = vec![forger.checkpoint_by(12, attacker(2))?.to_string()];
    Ok(())
}

#[test]
fn row_18_keys_of_an_attacker_fool_nobody_who_pinned_or_kept_something() {
    let report = world().forged(Holds::Nothing, replace_keys);
    assert_eq!(
        (codes(&report), report.outcome, report.key),
        (vec![], Outcome::Unanchored, KeyTrust::Embedded)
    );
    assert!(report.text().contains("KEY EMBEDDED"));
    for (holds, code) in [
        (Holds::Key, Code::KeyNotOfLedger),
        (Holds::Prior, Code::Rollback),
        (Holds::Witness, Code::KeyNotOfLedger),
    ] {
        let report = world().forged(holds, replace_keys);
        assert_eq!(codes(&report), [code], "{holds:?}");
    }
}

#[test]
fn rows_17_and_47_a_genesis_statement_of_other_rules_or_a_weak_key_is_malformed() {
    let zero_key = "+AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    for (from, to) in [("ed25519", "none"), ("genesis/v1", "genesis/v0"), ("\"epoch\":0", "\"epoch\":1")] {
        let world = world();
        let text = String::from_utf8(world.forger.genesis.text().to_vec()).unwrap();
        std::fs::write(world.forger.data.join("genesis.json"), text.replacen(from, to, 1)).unwrap();
        let report = world.verdict(&world.options(Holds::Nothing));
        assert_eq!(first(&report), Some((Code::GenesisMalformed, Some(0))), "{from}");
    }
    let world = world();
    let text = String::from_utf8(world.forger.genesis.text().to_vec()).unwrap();
    let key = world.forger.genesis.event_key().to_string();
    let weak = format!("{}{zero_key}", key.rsplit_once('+').unwrap().0);
    std::fs::write(world.forger.data.join("genesis.json"), text.replace(&key, &weak)).unwrap();
    assert_eq!(codes(&world.verdict(&world.options(Holds::Nothing))), [Code::GenesisMalformed]);
}

#[test]
fn row_15_a_signature_made_for_another_purpose_is_refused() {
    let report = world().forged(Holds::Key, |forger| {
        let key = forger.ring.checkpoint_key(0).clone();
        let secret = forger.secrets().signing_key(Purpose::Checkpoints, &key)?;
        forger.sign(8, &secret, key.id())
    });
    assert_eq!(first(&report), Some((Code::KeyInterval, Some(8))));
    let report = world().forged(Holds::Key, |forger| {
        let key = forger.ring.event_key(8).clone();
        let secret = forger.secrets().signing_key(Purpose::Events, &key)?;
        let event = forger.event_mut(8)?;
        // The leaf hash alone, without the context of events.
        event.signature = secret.sign(&event.hash().0).0;
        Ok(())
    });
    assert_eq!(first(&report), Some((Code::Signature, Some(8))));
    let report = world().forged(Holds::Key, |forger| {
        let key = forger.ring.event_key(u64::MAX).clone();
        let secret = forger.secrets().signing_key(Purpose::Events, &key)?;
        forger.checkpoints = vec![forger.checkpoint_by(SIZE, secret)?.to_string()];
        Ok(())
    });
    assert_eq!(codes(&report), [Code::CheckpointSignature]);
}

#[test]
fn row_19_a_key_that_was_rotated_out_signs_nothing_more() {
    let report = world().forged(Holds::Key, |forger| {
        let key = forger.ring.event_key(0).clone();
        let secret = forger.secrets().signing_key(Purpose::Events, &key)?;
        forger.sign(14, &secret, key.id())
    });
    assert_eq!(first(&report), Some((Code::KeyInterval, Some(14))));
    let report = world().forged(Holds::Key, |forger| {
        let key = forger.ring.checkpoint_key(0).clone();
        let secret = forger.secrets().signing_key(Purpose::Checkpoints, &key)?;
        forger.checkpoints = vec![forger.checkpoint_by(SIZE, secret)?.to_string()];
        Ok(())
    });
    assert_eq!(codes(&report), [Code::CheckpointSignature]);
}

#[test]
fn row_20_a_rotation_needs_the_old_key_and_the_new_one() {
    // The attacker signs the rotation to a key of its own with that key.
    let report = world().forged(Holds::Key, |forger| {
        let key = verifier(forger.genesis.ledger(), Purpose::Events, attacker(3).public())?;
        let proof = attacker(3).sign(&forger.ring.message(Purpose::Events, SIZE, &key));
        let proof = to_base64(&proof.0).into();
        let rotated = KeyRotated { key: key.to_string().into(), proof, purpose: Purpose::Checkpoints };
        let seq = forger.append(Actor::Operator, KeyRotated { purpose: Purpose::Events, ..rotated })?;
        forger.sign(seq, &attacker(3), key.id())?;
        forger.recheckpoint()
    });
    assert_eq!(first(&report), Some((Code::KeyUnknown, Some(SIZE))));
    // The new key's proof is of another position, is by another key, or the key is an old one.
    for (n, signer, seq) in [(3, 3, 7), (3, 4, SIZE)] {
        let report = world().forged(Holds::Key, |forger| {
            let key = verifier(forger.genesis.ledger(), Purpose::Events, attacker(n).public())?;
            let proof = attacker(signer).sign(&forger.ring.message(Purpose::Events, seq, &key));
            let proof = to_base64(&proof.0).into();
            forger.append(
                Actor::Operator,
                KeyRotated { key: key.to_string().into(), proof, purpose: Purpose::Events },
            )?;
            forger.recheckpoint()
        });
        assert_eq!(first(&report), Some((Code::Rotation, Some(SIZE))));
    }
}

#[test]
fn a_pinned_key_of_another_kind_is_no_pin() {
    let world = world();
    let mut options = world.options(Holds::Nothing);
    options.key = Some(world.forger.ring.event_key(u64::MAX).clone());
    assert_eq!(codes(&world.verdict(&options)), [Code::KeyNotOfLedger]);
}

#[test]
fn a_header_of_another_ledger_is_foreign() {
    let world = world();
    for (kind, folder) in [(ledger::segment::Kind::Log, "log"), (ledger::segment::Kind::Sealed, "sealed")] {
        let header =
            ledger::segment::Header { kind, first: 0, genesis: ledger::hash::Hash([7; 32]) }.encode();
        world.forger.write().unwrap();
        let path = world.forger.data.join(folder).join("00000000000000000000.seg");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[..64].copy_from_slice(&header);
        std::fs::write(&path, bytes).unwrap();
        let report = world.verdict(&world.options(Holds::Key));
        assert_eq!(first(&report), Some((Code::HeaderForeign, Some(0))), "{folder}");
    }
}
