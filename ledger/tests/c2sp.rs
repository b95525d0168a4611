//! Our notes, checkpoints and trees against those of others, and every malformed one that we could think of.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop, and then it has failed"
)]

use ct_merkle::{RootHash, mem_backed_tree::MemoryBackedTree};
use ledger::checkpoint::{Checkpoint, CheckpointError, SignedCheckpoint};
use ledger::hash::{Hash, from_base64, to_base64};
use ledger::merkle::{self, Frontier, InclusionProof, ProofError, leaf_hash};
use ledger::note::{Algorithm, Cosigner, NOTE_BYTES_MAX, Note, NoteError, Signer, VerifierKey};
use ledger::policy::Policy;
use ledger::proof::{LogProof, LogProofError, PROOF_BYTES_MAX};
use ledger::signature::{KeyError, PublicKey, SigningKey};
use proptest::prelude::*;
use serde::Deserialize;
use sha2::Sha256;
use std::convert::Infallible;

const SPECIFIED_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
const SPECIFIED_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

// The keys and the note of the tests of golang.org/x/mod/sumdb/note.
const GO_SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_KEYS: [&str; 2] = [
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
];
const GO_TEXT: &str =
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
const GO_LINES: [&str; 2] = [
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n",
];

// Tree heads that sum.golang.org signed.
const SUMDB_KEY: &str = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
const SUMDB_NOTES: [&str; 3] = [
    "go.sum database tree\n6476701\nmb8QLQIs0Z0yP5Cstq6guj87oXWeC9gEM8oVikmm9Wk=\n\n— sum.golang.org Az3grsLX85Gz+s1SiTbgkuqxgItqFq7gsMUEyVnrsa9LM7Us9S+1xbFIGu95949rj4nPRYfvimWEPWL+o3GeoWwOoAw=\n",
    "go.sum database tree\n15067302\ngJyioq6dwR9n+NjEWORfYmH+ubeYm3kH42BBQ0bTpYI=\n\n— sum.golang.org Az3grp1rvWOs5NKlr/xR4GLN/CDyzzakmt1o61uSxYKpK1SerqOP2ClbX/peKUZjYnyomH5Xz7GZG3TpB7OeKn4E2ww=\n— test.example.com qTGhC/xIPQ0AXKHK6Y+9ypRfuvMZWPjRXM8NiOg5M1WREn07VQXyuIXM3NRNav3ieVFLUqDRK77PWDmL6w8w84UqeAw=\n",
    "go.sum database tree\n65209736\n5+uGFjx6xBZG8ip1+wi77v+grwbhhukIrxEUS8PXvRo=\n\n— sum.golang.org Az3grnbssgK7ubgFX36gVETtNv0U23qxyAhAMai2QUfeGa3nB/akvkMdlUErfcZz7l/R3cVtYspg3dxXABkGZZKdsQ8=\n",
];

// A checkpoint of a log of certificates, with four witnesses of the public network.
const ARCHE_ORIGIN: &str = "arche2025h1.staging.ct.transparency.dev";
const ARCHE_NOTE: &str = "arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
";
const ARCHE_POLICY: &str = "log arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f
witness garden transparency.dev/DEV:witness-little-garden+d8042a87+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM
witness smartit witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO
witness remora remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2 https://remora.n621.de
witness stagemole witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv
";

fn key(text: &str) -> VerifierKey {
    text.parse().unwrap()
}

fn secret(n: u8) -> SigningKey {
    SigningKey::from_seed(&[n; 32])
}

fn log() -> Signer {
    Signer::new("deed/log", secret(1)).unwrap()
}

fn witness() -> Cosigner {
    Cosigner::new("witness.example", secret(2)).unwrap()
}

fn checkpoint(size: u64) -> Checkpoint {
    Checkpoint::new("deed/log", size, Hash([7; 32])).unwrap()
}

fn signed() -> SignedCheckpoint {
    SignedCheckpoint::sign(checkpoint(5), &log()).unwrap().cosign(&witness(), 1_700_000_000).unwrap()
}

// --- Notes of others ------------------------------------------------------------------------------------------------

#[test]
fn the_note_of_the_specification_verifies() {
    let note = Note::parse(SPECIFIED_NOTE.as_bytes()).unwrap();
    let key = key(SPECIFIED_KEY);
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.verify(&[&key]).unwrap()[0].key(), &key);
    assert_eq!(note.to_string(), SPECIFIED_NOTE);
}

#[test]
fn the_notes_of_go_verify_and_are_signed_alike() {
    let note = format!("{GO_TEXT}\n{}{}", GO_LINES[0], GO_LINES[1]);
    let keys = GO_KEYS.map(key);
    let verified = Note::parse(note.as_bytes()).unwrap().verify(&[&keys[0], &keys[1]]).unwrap().len();
    assert_eq!(verified, 2);
    let secret = from_base64(GO_SECRET.splitn(5, '+').last().unwrap()).unwrap();
    let secret = SigningKey::from_seed(&secret[1..].try_into().unwrap());
    let signer = Signer::new("PeterNeumann", secret).unwrap();
    assert_eq!(Note::sign(GO_TEXT, &signer).unwrap().to_string(), format!("{GO_TEXT}\n{}", GO_LINES[0]));
}

#[test]
fn the_tree_heads_of_the_go_checksum_database_verify() {
    let log = key(SUMDB_KEY);
    for (note, size) in SUMDB_NOTES.into_iter().zip([6_476_701, 15_067_302, 65_209_736]) {
        let signed = SignedCheckpoint::parse(note.as_bytes()).unwrap();
        assert_eq!(signed.verify("go.sum database tree", &log, &[]), Ok(vec![]));
        assert_eq!(signed.checkpoint().size(), size);
        assert_eq!(signed.to_string(), note);
        let forged = note.replace(&size.to_string(), &(size + 1).to_string());
        let forged = SignedCheckpoint::parse(forged.as_bytes()).unwrap();
        assert!(forged.verify("go.sum database tree", &log, &[]).is_err());
    }
}

#[test]
fn a_checkpoint_of_the_witness_network_meets_a_policy() {
    let signed = SignedCheckpoint::parse(ARCHE_NOTE.as_bytes()).unwrap();
    let all = format!("{ARCHE_POLICY}group all-four all garden smartit remora stagemole\nquorum all-four\n");
    let policy = Policy::parse(all.as_bytes()).unwrap();
    let cosignatures = policy.check(&signed).unwrap();
    assert_eq!(cosignatures.len(), 4);
    assert!(cosignatures.iter().all(|line| line.timestamp() == Some(0x6a12_2120)));
    assert_eq!(signed.checkpoint().origin(), ARCHE_ORIGIN);
    let without = ARCHE_NOTE.lines().filter(|line| !line.contains("remora"));
    let without: String = without.map(|line| format!("{line}\n")).collect();
    let fewer = SignedCheckpoint::parse(without.as_bytes()).unwrap();
    assert!(policy.check(&fewer).is_err());
    let three = all.replace("all-four all", "all-four 3");
    assert!(Policy::parse(three.as_bytes()).unwrap().check(&fewer).is_ok());
}

// --- Others on our notes --------------------------------------------------------------------------------------------

#[test]
fn a_peer_accepts_our_notes_and_we_accept_its() {
    use signed_note::{Signer as _, StandardSigner, StandardVerifier, VerifierList};
    let theirs = StandardSigner::new(GO_SECRET).unwrap();
    let mut note = signed_note::Note::new(checkpoint(9).to_string().as_bytes(), &[]).unwrap();
    note.add_sigs(&[&theirs]).unwrap();
    let read = Note::parse(&note.to_bytes()).unwrap();
    assert_eq!(read.verify(&[&key(GO_KEYS[0])]).unwrap().len(), 1);
    assert_eq!(read.to_string().into_bytes(), note.to_bytes());
    assert_eq!(key(GO_KEYS[0]).id().0, theirs.key_id().to_be_bytes());

    let ours = StandardVerifier::new(&log().verifier().to_string()).unwrap();
    let read = signed_note::Note::from_bytes(signed().to_string().as_bytes()).unwrap();
    let (verified, unknown) = read.verify(&VerifierList::new(vec![Box::new(ours)])).unwrap();
    assert_eq!((verified.len(), unknown.len()), (1, 1));
    assert_eq!(read.text(), checkpoint(5).to_string().as_bytes());
}

// --- Verifying ------------------------------------------------------------------------------------------------------

#[test]
fn only_known_keys_count_and_each_must_verify() {
    let (log, other) = (log(), Signer::new("other", secret(3)).unwrap());
    let witness = witness();
    let signed = signed();
    let note = signed.note();
    assert_eq!(note.verify(&[]), Err(NoteError::Unsigned));
    assert_eq!(note.verify(&[other.verifier()]), Err(NoteError::Unsigned));
    assert_eq!(note.verify(&[other.verifier(), log.verifier()]).unwrap().len(), 1);
    let both = note.verify(&[log.verifier(), witness.verifier()]).unwrap();
    assert_eq!(both.iter().map(|line| line.timestamp()).collect::<Vec<_>>(), [None, Some(1_700_000_000)]);
    let twice = [log.verifier(), log.verifier()];
    assert_eq!(note.verify(&twice), Err(NoteError::AmbiguousKeys { name: "deed/log".to_owned() }));
    // A key of the same name, or under the same bytes for another purpose, is another key.
    let same_name = Signer::new("deed/log", secret(4)).unwrap();
    assert_eq!(note.verify(&[same_name.verifier()]), Err(NoteError::Unsigned));
    let as_log = VerifierKey::new("witness.example", Algorithm::Log, *secret(2).public()).unwrap();
    assert_eq!(note.verify(&[&as_log]), Err(NoteError::Unsigned));
}

#[test]
fn a_bad_line_of_a_known_key_condemns_the_note() {
    let (log, witness, signed) = (log(), witness(), signed());
    let good = signed.to_string();
    let known = [log.verifier(), witness.verifier()];
    for name in ["deed/log", "witness.example"] {
        let line = good.lines().find(|line| line.contains(&format!("— {name} "))).unwrap();
        let blob = from_base64(line.rsplit_once(' ').unwrap().1).unwrap();
        let bad = Err(NoteError::BadSignature { name: name.to_owned() });
        for byte in 4..blob.len() {
            let mut blob = blob.clone();
            blob[byte] ^= 1;
            let forged = good.replace(line, &format!("— {name} {}", to_base64(&blob)));
            assert_eq!(Note::parse(forged.as_bytes()).unwrap().verify(&known), bad, "byte {byte}");
        }
        for blob in [&blob[..blob.len() - 1], &blob[..5], &[&blob[..], &[0]].concat()] {
            let forged = good.replace(line, &format!("— {name} {}", to_base64(blob)));
            assert_eq!(Note::parse(forged.as_bytes()).unwrap().verify(&known), bad);
        }
        let doubled = format!("{good}{line}\n");
        let twice = Err(NoteError::DuplicateSignature { name: name.to_owned() });
        assert_eq!(Note::parse(doubled.as_bytes()).unwrap().verify(&known), twice);
    }
}

#[test]
fn a_cosignature_binds_its_time_and_the_time_is_in_range() {
    let text = checkpoint(5).to_string();
    for time in [0, 1, (1 << 63) - 1] {
        let note = Note::sign(&text, &log()).unwrap().with(witness().cosign(&text, time).unwrap()).unwrap();
        assert_eq!(note.verify(&[witness().verifier()]).unwrap()[0].timestamp(), Some(time));
    }
    for time in [1 << 63, u64::MAX] {
        assert_eq!(witness().cosign(&text, time), Err(NoteError::Timestamp));
        // The same, signed by someone who does not care.
        let message = format!("cosignature/v1\ntime {time}\n{text}");
        let signature = secret(2).sign(message.as_bytes());
        let blob = [&witness().verifier().id().0[..], &time.to_be_bytes(), &signature.0].concat();
        let forged =
            format!("{}— witness.example {}\n", Note::sign(&text, &log()).unwrap(), to_base64(&blob));
        let bad = Err(NoteError::BadSignature { name: "witness.example".to_owned() });
        assert_eq!(Note::parse(forged.as_bytes()).unwrap().verify(&[witness().verifier()]), bad);
    }
}

#[test]
fn a_checkpoint_is_of_the_log_asked_for_and_signed_by_it() {
    let (log, witness, signed) = (log(), witness(), signed());
    let witnesses = [witness.verifier()];
    assert_eq!(signed.verify("deed/log", log.verifier(), &witnesses).unwrap().len(), 1);
    let other = signed.verify("deed/other", log.verifier(), &witnesses);
    let (expected, found) = ("deed/other".to_owned(), "deed/log".to_owned());
    assert_eq!(other, Err(CheckpointError::OtherLog { expected, found }));
    let stranger = Signer::new("deed/log", secret(9)).unwrap();
    let unsigned = signed.verify("deed/log", stranger.verifier(), &witnesses);
    assert_eq!(unsigned, Err(CheckpointError::LogUnsigned));
    // The log's own cosignature does not stand in for its signature.
    let own = Cosigner::new("deed/log", secret(1)).unwrap();
    let text = checkpoint(5).to_string();
    let other = Signer::new("else", secret(8)).unwrap();
    let note = Note::sign(&text, &other).unwrap().with(own.cosign(&text, 1).unwrap()).unwrap();
    let only_cosigned = SignedCheckpoint::parse(note.to_string().as_bytes()).unwrap();
    assert!(only_cosigned.verify("deed/log", log.verifier(), &[own.verifier()]).is_err());
}

// --- Malformed ------------------------------------------------------------------------------------------------------

#[test]
fn other_notes_are_refused() {
    let line = GO_LINES[0];
    let note = format!("text\n\n{line}");
    assert!(Note::parse(note.as_bytes()).is_ok());
    let blob = line.rsplit_once(' ').unwrap().1.trim_end();
    let bad_line = |line| NoteError::SignatureLine { line };
    let with = |line: String| format!("text\n\n{line}");
    for (bad, error) in [
        (String::new(), NoteError::TextEnd),
        ("text\n".to_owned(), NoteError::TextEnd),
        (format!("text\n{line}"), NoteError::TextEnd),
        (line.to_owned(), NoteError::TextEnd),
        (with(String::new()), bad_line(1)),
        (format!("{note}\n"), bad_line(1)),
        (format!("{note}\n\n"), bad_line(1)),
        (format!("{note}x"), bad_line(2)),
        (format!("{note}x\n"), bad_line(2)),
        (format!("{note}— a\n"), bad_line(2)),
        (format!("{note}{}", line.trim_end()), bad_line(2)),
        (note.trim_end().to_owned(), bad_line(1)),
        (note.replace("— ", "- "), bad_line(1)),
        (note.replace("— ", "—"), bad_line(1)),
        (note.replace("— ", " — "), bad_line(1)),
        (note.replace("— ", "—  "), bad_line(1)),
        (note.replace("— ", "—\u{a0}"), bad_line(1)),
        (note.replace("PeterNeumann", ""), bad_line(1)),
        (note.replace("PeterNeumann", "Peter+Neumann"), bad_line(1)),
        (note.replace("PeterNeumann", "Peter Neumann"), bad_line(1)),
        (note.replace("PeterNeumann", "Peter\u{2003}Neumann"), bad_line(1)),
        (note.replace("PeterNeumann", "Peter\u{3000}Neumann"), bad_line(1)),
        (note.replace("PeterNeumann", "Peter\u{85}Neumann"), bad_line(1)),
        (note.replace(blob, "AAAA"), bad_line(1)),
        (note.replace(blob, "AAAAAA=="), bad_line(1)),
        (note.replace(blob, ""), bad_line(1)),
        (note.replace(blob, &blob.replace('=', "")), bad_line(1)),
        (note.replace(blob, &format!("{blob} ")), bad_line(1)),
        (note.replace(blob, &format!(" {blob}")), bad_line(1)),
        (note.replace(blob, &format!("{blob}AAAA")), bad_line(1)),
        // Non-zero trailing bits: the same bytes in another spelling.
        (note.replace("nAM=", "nAN="), bad_line(1)),
        (note.replace("x08go/", "x08go_"), bad_line(1)),
        (note.replace('\n', "\r\n"), NoteError::TextEnd),
        (note.replace("text\n", "text\r\n"), NoteError::ControlCharacter),
        (note.replace("text", "te\txt"), NoteError::ControlCharacter),
        (note.replace("text", "te\0xt"), NoteError::ControlCharacter),
        (note.replace("text", "te\u{1b}xt"), NoteError::ControlCharacter),
        (note.replace("AM=\n", "AM=\r\n"), bad_line(1)),
        (note.replace("Peter", "Peter\t"), bad_line(1)),
        (note.replace("Peter", "Peter\u{1b}"), bad_line(1)),
        (with(line.repeat(33)), NoteError::TooManySignatures),
        (with(line.repeat(100_000)), NoteError::TooLarge),
        (format!("{}\n\n{line}", "x".repeat(NOTE_BYTES_MAX)), NoteError::TooLarge),
    ] {
        assert_eq!(Note::parse(bad.as_bytes()), Err(error), "{bad:?}");
    }
    assert_eq!(Note::parse(&[note.as_bytes(), b"\xff"].concat()), Err(NoteError::NotUtf8));
    assert!(Note::parse(with(line.repeat(32)).as_bytes()).is_ok());
    assert_eq!(Note::sign("text", &log()), Err(NoteError::TextEnd));
    assert_eq!(Note::sign("te\rxt\n", &log()), Err(NoteError::ControlCharacter));
    assert_eq!(Note::sign(&format!("{}\n", "x".repeat(NOTE_BYTES_MAX)), &log()), Err(NoteError::TooLarge));
    let signed = Note::sign("text\n", &log()).unwrap();
    let full = (1..32).try_fold(signed, |note, time| note.with(witness().cosign("text\n", time)?)).unwrap();
    assert_eq!(full.with(witness().cosign("text\n", 1).unwrap()), Err(NoteError::TooManySignatures));
}

#[test]
fn the_text_of_a_note_may_hold_empty_lines() {
    let note = Note::sign("a\n\n— b c\n\n\n", &log()).unwrap();
    let read = Note::parse(note.to_string().as_bytes()).unwrap();
    assert_eq!(read, note);
    assert!(read.verify(&[log().verifier()]).is_ok());
}

#[test]
fn other_checkpoints_are_refused() {
    use CheckpointError::{Lines, Origin, Root, Size};
    let good = checkpoint(1000).to_string();
    assert_eq!(Checkpoint::parse(&good), Ok(checkpoint(1000)));
    let root = to_base64(&[7; 32]);
    for (bad, error) in [
        (String::new(), Lines),
        ("deed/log\n".to_owned(), Lines),
        (good.trim_end().to_owned(), Lines),
        (format!("{good}\n"), Lines),
        (format!("\n{good}"), Lines),
        (format!("{good}an extension line\n"), Lines),
        (good.replace("deed/log", ""), Origin),
        (good.replace("deed/log", "\u{feff}deed/log"), Origin),
        (good.replace("deed/log", "deed/log\r"), Origin),
        (good.replace("deed/log", "deed\tlog"), Origin),
        (good.replace("deed/log", "deed\0log"), Origin),
        (good.replace("deed/log", "deed\u{9b}31m"), Origin),
        (good.replace("1000", "01000"), Size),
        (good.replace("1000", "+5"), Size),
        (good.replace("1000", "-0"), Size),
        (good.replace("1000", "-1"), Size),
        (good.replace("1000", " 1000"), Size),
        (good.replace("1000", "1000 "), Size),
        (good.replace("1000", "1000\r"), Size),
        (good.replace("1000", "1e3"), Size),
        (good.replace("1000", "0x10"), Size),
        (good.replace("1000", "1_000"), Size),
        (good.replace("1000", ""), Size),
        (good.replace("1000", "18446744073709551616"), Size),
        (good.replace("1000", "١٠٠"), Size),
        (good.replace("1000", "0"), Root),
        (good.replace(&root, ""), Root),
        (good.replace(&root, &to_base64(&[7; 31])), Root),
        (good.replace(&root, &to_base64(&[7; 33])), Root),
        (good.replace(&root, root.trim_end_matches('=')), Root),
        (good.replace(&root, &format!("{root}\r")), Root),
        (good.replace(&root, &format!(" {root}")), Root),
        (good.replace("Bwc=", "Bwd="), Root),
    ] {
        assert_eq!(Checkpoint::parse(&bad), Err(error), "{bad:?}");
    }
    let largest = good.replace("1000", "18446744073709551615");
    assert_eq!(Checkpoint::parse(&largest).unwrap().size(), u64::MAX);
    assert!(Checkpoint::new("deed/log", 0, merkle::empty_root()).is_ok());
}

#[test]
fn keys_of_small_order_are_refused_wherever_they_are_read() {
    let mut one = [0; 32];
    one[0] = 1;
    for bytes in [[0; 32], one] {
        assert_eq!(PublicKey::from_bytes(&bytes), Err(KeyError::SmallOrder));
    }
}

// --- Trees ----------------------------------------------------------------------------------------------------------

#[derive(Deserialize)]
struct Argon {
    size: u64,
    root: String,
    index: u64,
    leaf: String,
    path: Vec<String>,
    old_size: u64,
    old_root: String,
    consistency: Vec<String>,
}

fn hash(text: &str) -> Hash {
    Hash(from_base64(text).unwrap().try_into().unwrap())
}

#[test]
fn the_proofs_of_a_certificate_log_verify() {
    let argon: Argon = serde_json::from_str(include_str!("../../fixtures/vectors/argon2020.json")).unwrap();
    let (root, old_root) = (hash(&argon.root), hash(&argon.old_root));
    let leaf = leaf_hash(&from_base64(&argon.leaf).unwrap());
    let path: Vec<Hash> = argon.path.iter().map(|text| hash(text)).collect();
    assert_eq!(merkle::verify_inclusion(argon.index, argon.size, &leaf, &path, &root), Ok(()));
    let wrong = merkle::verify_inclusion(argon.index + 1, argon.size, &leaf, &path, &root);
    assert_eq!(wrong, Err(ProofError::Root));
    let joins: Vec<Hash> = argon.consistency.iter().map(|text| hash(text)).collect();
    let verdict =
        |old: &Hash, new: &Hash| merkle::verify_consistency(argon.old_size, old, argon.size, new, &joins);
    assert_eq!(verdict(&old_root, &root), Ok(()));
    assert_eq!(verdict(&root, &root), Err(ProofError::OldRoot));
    assert_eq!(verdict(&old_root, &old_root), Err(ProofError::Root));
}

/// The eight leaves of the tests of the certificate-transparency project, and the roots of the first 0 to 8 of them.
fn published_tree() -> (Vec<Vec<u8>>, [&'static str; 9]) {
    let bytes: Vec<u8> = (0x40..0x70).collect();
    let mut leaves = vec![vec![], vec![0], vec![0x10], vec![0x20, 0x21], vec![0x30, 0x31]];
    leaves.extend([&bytes[..4], &bytes[16..24], &bytes[32..48]].map(<[u8]>::to_vec));
    let roots = [
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    (leaves, roots)
}

#[test]
fn the_roots_of_the_published_tree_are_met() {
    let (leaves, roots) = published_tree();
    let mut frontier = Frontier::default();
    assert_eq!(frontier.root().to_string(), roots[0]);
    for (leaf, root) in leaves.iter().zip(&roots[1..]) {
        frontier.push(leaf_hash(leaf));
        assert_eq!(frontier.root().to_string(), *root);
    }
}

/// A source of complete subtrees for building proofs.
fn source(leaves: &[Hash]) -> impl Fn(u8, u64) -> Result<Hash, Infallible> {
    move |level, n| {
        let start = usize::try_from(n).unwrap() << level;
        let mut frontier = Frontier::default();
        leaves[start..start + (1 << level)].iter().for_each(|leaf| frontier.push(*leaf));
        Ok(frontier.root())
    }
}

#[test]
fn the_published_proofs_are_built() {
    let (leaves, _) = published_tree();
    let leaves: Vec<Hash> = leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let hexes = |hashes: &[Hash]| hashes.iter().map(Hash::to_string).collect::<Vec<_>>();
    let to_zero = [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ];
    let to_five = [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ];
    let six_to_eight =
        ["0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a", to_five[1], to_five[2]];
    let inclusion = |index| merkle::inclusion_path(index, 8, &source(&leaves)).unwrap().0;
    let consistency = |old, new| merkle::consistency_path(old, new, &source(&leaves)).unwrap().0;
    assert_eq!(hexes(&inclusion(0)), to_zero);
    assert_eq!(hexes(&inclusion(5)), to_five);
    assert_eq!(hexes(&consistency(1, 8)), to_zero);
    assert_eq!(hexes(&consistency(6, 8)), six_to_eight);
    assert_eq!(hexes(&consistency(2, 5)), [to_zero[1], to_five[0]]);
}

#[test]
fn a_peer_builds_the_same_roots_and_proofs() {
    let mut peer = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let (mut frontier, mut leaves, mut roots) = (Frontier::default(), Vec::new(), Vec::new());
    for size in 1..=70_u64 {
        let leaf = size.to_be_bytes().to_vec();
        leaves.push(leaf_hash(&leaf));
        frontier.push(leaf_hash(&leaf));
        peer.push(leaf);
        let theirs: RootHash<Sha256> = peer.root();
        assert_eq!(frontier.root().0, <[u8; 32]>::from(*theirs.as_bytes()), "size {size}");
        roots.push(frontier.root());
        for index in 0..size {
            let ours = merkle::inclusion_path(index, size, &source(&leaves)).unwrap();
            let proof = peer.prove_inclusion(usize::try_from(index).unwrap());
            assert_eq!(joined(&ours.0), proof.as_bytes());
            let (leaf, root) = (&leaves[usize::try_from(index).unwrap()], frontier.root());
            assert_eq!(ours.verify(index, size, leaf, &root), Ok(()));
        }
        for (old, old_root) in (1..size).zip(&roots) {
            let ours = merkle::consistency_path(old, size, &source(&leaves)).unwrap();
            let proof = peer.prove_consistency(usize::try_from(size - old).unwrap());
            assert_eq!(joined(&ours.0), proof.as_bytes());
            assert_eq!(ours.verify(old, old_root, size, &frontier.root()), Ok(()));
        }
    }
}

fn joined(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

// --- Proof files ----------------------------------------------------------------------------------------------------

/// A proof of leaf 3 of 5, and the hash of the leaf.
fn proof() -> (LogProof, Hash) {
    let leaves: Vec<Hash> = (0..5).map(|n: u8| leaf_hash(&[n])).collect();
    let root = merkle::root_at(5, &source(&leaves)).unwrap();
    let checkpoint = Checkpoint::new("deed/log", 5, root).unwrap();
    let signed = SignedCheckpoint::sign(checkpoint, &log()).unwrap().cosign(&witness(), 1).unwrap();
    let path = merkle::inclusion_path(3, 5, &source(&leaves)).unwrap();
    (LogProof::new(3, path, signed).unwrap(), leaves[3])
}

#[test]
fn a_proof_file_is_read_back_and_shows_its_leaf() {
    let (plain, leaf) = proof();
    let (log, witness) = (log(), witness());
    let policy = format!("log {}\nwitness w {}\nquorum w\n", log.verifier(), witness.verifier());
    let policy = Policy::parse(policy.as_bytes()).unwrap();
    let stricter = format!("log {}\nwitness w {SPECIFIED_KEY}\nquorum w\n", log.verifier());
    assert!(Policy::parse(stricter.as_bytes()).is_err(), "a log's key is no witness");
    for proof in [plain.clone(), plain.with_extra(b"the leaf itself".to_vec()).unwrap()] {
        let read = LogProof::parse(proof.to_string().as_bytes()).unwrap();
        assert_eq!(read.to_string(), proof.to_string());
        assert_eq!((read.extra(), read.index(), read.path()), (proof.extra(), 3, proof.path()));
        let verified = read.verify(&leaf, "deed/log", log.verifier(), &[witness.verifier()]);
        assert_eq!(verified.unwrap()[0].timestamp(), Some(1));
        assert_eq!(read.check(&leaf, &policy).unwrap().len(), 1);
        let other = read.verify(&leaf_hash(b"other"), "deed/log", log.verifier(), &[]);
        assert_eq!(other, Err(LogProofError::Inclusion(ProofError::Root)));
        let other = read.check(&leaf_hash(b"other"), &policy);
        assert_eq!(other, Err(LogProofError::Inclusion(ProofError::Root)));
        assert!(read.verify(&leaf, "deed/other", log.verifier(), &[]).is_err());
    }
}

#[test]
fn other_proof_files_are_refused() {
    use LogProofError::{Checkpoint as BadCheckpoint, Extra, Header, Index, Path, TooLarge};
    let (proof, leaf) = proof();
    let good = proof.to_string();
    let first = to_base64(&proof.path().0[0].0);
    let no_note = BadCheckpoint(CheckpointError::Note(NoteError::TextEnd));
    let extra = |words: &str| good.replace("index", &format!("{words}\nindex"));
    for (bad, error) in [
        (String::new(), Header),
        (good.replace("@v1", "@v2"), Header),
        (format!("\n{good}"), Header),
        (format!("\u{feff}{good}"), Header),
        (good.replace('\n', "\r\n"), Header),
        (good.replace("index 3\n", ""), Index),
        (good.replace("index 3", "index 03"), Index),
        (good.replace("index 3", "index +3"), Index),
        (good.replace("index 3", "index  3"), Index),
        (good.replace("index 3", "index 18446744073709551616"), Index),
        (good.replace("index 3", "Index 3"), Index),
        (good.replace("index 3", "index 3\nindex 3"), Path),
        (extra("extra YQ==\nextra YQ=="), Index),
        (extra("extra YR=="), Extra),
        (extra("extra "), Extra),
        (extra("extra"), Index),
        (good.replace("index 3", "index 3\nextra YQ=="), Path),
        (good.replace(&first, &first[1..]), Path),
        (good.replace(&first, &format!("{first} ")), Path),
        (good.replace(&first, &to_base64(&[1; 31])), Path),
        (good.replace(&first, &vec![first.as_str(); 64].join("\n")), Path),
        (good.replace(&format!("{first}\n"), &format!("{first}\n\n")), BadCheckpoint(CheckpointError::Lines)),
        (good.split_inclusive("\n\n").next().unwrap().to_owned(), no_note),
        ("x".repeat(PROOF_BYTES_MAX + 1), TooLarge),
    ] {
        assert_eq!(LogProof::parse(bad.as_bytes()).map(|proof| proof.to_string()), Err(error), "{bad:?}");
    }
    assert_eq!(LogProof::parse(b"\xff").map(drop), Err(LogProofError::NotUtf8));
    // Well formed, and still not a proof of this leaf.
    let short = good.replace(&format!("{first}\n"), "");
    let long = good.replace(&first, &format!("{first}\n{first}"));
    for (forged, index) in [
        (short, 3),
        (long, 3),
        (good.replace("index 3", "index 5"), 5),
        (good.replace("index 3", "index 2"), 2),
    ] {
        let forged = LogProof::parse(forged.as_bytes()).unwrap();
        assert_eq!(forged.index(), index);
        let verdict = forged.verify(&leaf, "deed/log", log().verifier(), &[]).map(drop);
        assert!(matches!(verdict, Err(LogProofError::Inclusion(_))));
    }
    let path = InclusionProof(vec![leaf; 66]);
    assert_eq!(LogProof::new(3, path, proof.checkpoint().clone()).map(drop), Err(Path));
    assert_eq!(proof.with_extra(vec![0; 65_536]).map(drop), Err(Extra));
}

// --- Any bytes ------------------------------------------------------------------------------------------------------

proptest! {
    #[test]
    fn what_is_read_is_printed_back_byte_for_byte(bytes: Vec<u8>, cut: usize, flip: usize) {
        let texts = [SPECIFIED_NOTE.to_owned(), ARCHE_NOTE.to_owned(), proof().0.to_string()];
        for text in texts {
            let mut forged = text.clone().into_bytes();
            let at = flip % forged.len();
            forged[at] ^= 1 << (flip % 8);
            let spliced = [&text.as_bytes()[..cut % text.len()], &bytes, &text.as_bytes()[cut % text.len()..]].concat();
            for input in [&forged, &spliced, &bytes] {
                if let Ok(note) = Note::parse(input) {
                    prop_assert_eq!(note.to_string().into_bytes(), input.clone());
                }
                if let Ok(signed) = SignedCheckpoint::parse(input) {
                    prop_assert_eq!(signed.to_string().into_bytes(), input.clone());
                    prop_assert_eq!(signed.checkpoint().to_string(), signed.note().text());
                }
                if let Ok(proof) = LogProof::parse(input) {
                    prop_assert_eq!(proof.to_string().into_bytes(), input.clone());
                }
            }
        }
    }

    #[test]
    fn any_size_and_root_are_read_back(origin in "[a-z/]{1,20}", size in 1..=u64::MAX, root: [u8; 32]) {
        let checkpoint = Checkpoint::new(&origin, size, Hash(root)).unwrap();
        prop_assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint));
    }

    #[test]
    fn a_flipped_bit_in_a_signed_checkpoint_is_never_accepted(flip: usize) {
        let signed = SignedCheckpoint::sign(checkpoint(5), &log()).unwrap();
        let mut bytes = signed.to_string().into_bytes();
        let at = flip / 8 % bytes.len();
        bytes[at] ^= 1 << (flip % 8);
        let accepted = SignedCheckpoint::parse(&bytes).is_ok_and(|signed| {
            signed.verify("deed/log", log().verifier(), &[]).is_ok()
        });
        prop_assert!(!accepted);
    }
}
