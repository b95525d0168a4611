//! Manipulations of checkpoints and of what witnesses sign.

use crate::honest::ledger_cosign;
use crate::world::{Holds, SIZE, World, codes, now, world};
use fixtures::forge::witness;
use ledger::checkpoint::{Checkpoint, SignedCheckpoint};
use ledger::hash::to_base64;
use ledger::merkle::{ConsistencyProof, InclusionProof, ProofError, consistency_path, inclusion_path};
use ledger::note::{Note, Signer};
use ledger::policy::Policy;
use ledger::signature::Purpose;
use verify::{Code, Report};

/// The verdict of a ledger with this note beside its own.
fn with_note(mut world: World, note: &str) -> Report {
    let report = world.forged(Holds::Witness, |_| Ok(()));
    assert_eq!(codes(&report), []);
    std::fs::write(world.forger.data.join("checkpoint"), note).unwrap();
    world.verdict(&world.options(Holds::Witness))
}

fn seconds() -> u64 {
    now().micros() / 1_000_000
}

fn signer(world: &World) -> Signer {
    let key = world.forger.ring.checkpoint_key(SIZE);
    let secret = world.forger.secrets().signing_key(Purpose::Checkpoints, key).unwrap();
    Signer::new(key.name(), secret).unwrap()
}

#[test]
fn row_24_cosignatures_of_the_future_and_beyond_all_time_are_refused() {
    let world = world();
    let note = ledger_cosign(ledger_cosign(world.last.clone(), 1, seconds() + 301), 2, seconds());
    assert_eq!(codes(&with_note(world, &note.to_string())), [Code::CosignatureFuture]);
    let world = self::world();
    let key = witness(1).unwrap();
    let blob = [&key.verifier().id().0[..], &(1_u64 << 63).to_be_bytes(), &[1; 64]].concat();
    let note = format!("{}\u{2014} {} {}\n", world.last, key.verifier().name(), to_base64(&blob));
    assert_eq!(codes(&with_note(world, &note)), [Code::CheckpointSignature]);
}

#[test]
fn row_25_a_log_is_not_its_own_witness() {
    let world = world();
    let key = world.forger.ring.checkpoint_key(SIZE);
    let own = ledger::note::VerifierKey::new("own", ledger::note::Algorithm::Cosigner, *key.key()).unwrap();
    let text = format!("log {key}\nwitness own {own}\nquorum own\n");
    assert!(Policy::parse(text.as_bytes()).is_err());
}

#[test]
fn row_27_a_bad_signature_of_a_known_witness_condemns_the_note() {
    let world = world();
    let good = [1, 2].iter().fold(world.last.clone(), |note, n| ledger_cosign(note, *n, seconds()));
    let key = witness(3).unwrap();
    let blob = [&key.verifier().id().0[..], &seconds().to_be_bytes(), &[1; 64]].concat();
    let note = format!("{good}\u{2014} {} {}\n", key.verifier().name(), to_base64(&blob));
    let report = with_note(world, &note);
    assert_eq!((codes(&report), report.anchored), (vec![Code::CheckpointSignature], 0));
}

#[test]
fn rows_28_to_31_notes_that_break_the_grammar_are_malformed() {
    let good = world().last.to_string();
    let line = good.lines().last().unwrap().to_owned();
    let size = format!("\n{SIZE}\n");
    let with_size = |text: &str| good.replacen(&size, &format!("\n{text}\n"), 1);
    let notes = [
        format!("{good}{}", format!("{line}\n").repeat(40)),
        format!("{good}{}", format!("{line}\n").repeat(1_000_000)),
        with_size("025"),
        with_size("+25"),
        with_size("-0"),
        with_size("18446744073709551616"),
        with_size("25 "),
        good.replace('\n', "\r\n"),
        format!("\u{feff}{good}"),
        good.replacen("deed/", "deed\t/", 1),
        good.replacen("deed/", "deed\0/", 1),
        good.trim_end().to_owned(),
    ];
    for note in notes {
        let report = with_note(world(), &note);
        assert_eq!(codes(&report), [Code::CheckpointMalformed], "{:?}", &note[..note.len().min(300)]);
    }
    let world = world();
    std::fs::write(world.forger.data.join("checkpoint"), b"\xff\xfe\n\n").unwrap();
    assert_eq!(codes(&world.verdict(&world.options(Holds::Nothing))), [Code::CheckpointMalformed]);
}

#[test]
fn row_31_an_extension_line_is_refused_though_it_is_signed() {
    let world = world();
    let text = format!("{}extension\n", world.last.checkpoint());
    let note = Note::sign(&text, &signer(&world)).unwrap().to_string();
    assert_eq!(codes(&with_note(world, &note)), [Code::CheckpointMalformed]);
}

#[test]
fn row_32_a_checkpoint_of_another_log_by_the_right_key_is_refused() {
    let world = world();
    let other = Checkpoint::new("deed/other", SIZE, *world.last.checkpoint().root()).unwrap();
    let note = SignedCheckpoint::sign(other, &signer(&world)).unwrap().to_string();
    assert_eq!(codes(&with_note(world, &note)), [Code::Origin]);
}

#[test]
fn row_33_a_checkpoint_over_a_duplicated_last_leaf_is_a_rollback() {
    let mut world = world();
    world.forger.events.push(world.forger.events[24].clone());
    let note = world.forger.checkpoint(SIZE + 1).unwrap();
    assert_ne!(note.checkpoint().root(), world.last.checkpoint().root());
    world.forger.events.pop();
    assert_eq!(codes(&with_note(world, &note.to_string())), [Code::Rollback]);
}

#[test]
fn rows_35_and_36_proofs_of_another_length_or_beyond_the_tree_are_refused() {
    let leaves: Vec<_> = world().forger.events.iter().map(fixtures::forge::ForgedEvent::hash).collect();
    let root_of = |from: usize, width: usize| {
        let mut tree = ledger::merkle::Frontier::default();
        leaves[from..from + width].iter().for_each(|leaf| tree.push(*leaf));
        tree.root()
    };
    let hashes = |level: u8, n: u64| Ok::<_, ()>(root_of((n as usize) << level, 1 << level));
    let (root, old) = (root_of(0, 25), root_of(0, 16));
    let InclusionProof(good) = inclusion_path(7, 25, &hashes).unwrap();
    let check = |proof: Vec<_>, index| InclusionProof(proof).verify(index, 25, &leaves[7], &root);
    assert_eq!(check(good.clone(), 7), Ok(()));
    assert!(matches!(check([&good[..], &[root]].concat(), 7), Err(ProofError::Length { .. })));
    assert!(matches!(check(good[1..].to_vec(), 7), Err(ProofError::Length { .. })));
    assert!(matches!(check(good.clone(), 25), Err(ProofError::IndexBeyondSize { .. })));
    assert!(check(good, 6).is_err());
    let ConsistencyProof(good) = consistency_path(16, 25, &hashes).unwrap();
    let check = |from, old, to, proof: Vec<_>| ConsistencyProof(proof).verify(from, &old, to, &root);
    assert_eq!(check(16, old, 25, good.clone()), Ok(()));
    assert!(check(0, ledger::merkle::empty_root(), 25, good.clone()).is_err());
    assert!(check(25, old, 25, vec![]).is_err());
    assert!(check(26, root, 25, vec![]).is_err());
    assert!(check(16, root, 25, good).is_err());
}
