//! The test vectors of `docs/format.md`: this build writes and reads the bytes they hold, and nobody changes them.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it cannot go on"
)]

use fixtures::tidy::root;
use ledger::canonical;
use ledger::checkpoint::SignedCheckpoint;
use ledger::event::{Decoded, Event};
use ledger::genesis::Genesis;
use ledger::hash::{Hash, from_base64, to_hex};
use ledger::key_ring::KeyRing;
use ledger::merkle::{ConsistencyProof, InclusionProof, leaf_hash};
use ledger::note::{KeyId, VerifierKey};
use ledger::policy::Policy;
use ledger::proof::LogProof;
use ledger::receipt::Receipt;
use ledger::segment::{Frame, Frames, HEADER_BYTES, Header, Kind, LogFile, Slot, Tail, first_of};
use ledger::signature::{PublicKey, Purpose, Rotation, Signature, SigningKey, event_message};
use ledger::{event, sealed};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

fn path(name: &str) -> PathBuf {
    root().join("fixtures/vectors").join(name)
}

fn bytes(name: &str) -> Vec<u8> {
    fs::read(path(name)).unwrap()
}

fn vectors(name: &str) -> Value {
    serde_json::from_slice(&bytes(name)).unwrap()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn unhex(value: &Value) -> Vec<u8> {
    let digit = |digit: &u8| u8::try_from(char::from(*digit).to_digit(16).unwrap()).unwrap();
    text(value).as_bytes().chunks(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1])).collect()
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value).try_into().unwrap()
}

fn hash(value: &Value) -> Hash {
    Hash(array(value))
}

fn signature(value: &Value) -> Signature {
    Signature(from_base64(text(value)).unwrap().try_into().unwrap())
}

fn genesis() -> Genesis {
    Genesis::parse(&bytes("ledger/genesis.json")).unwrap()
}

fn event_of(vector: &Value) -> Event {
    match Event::decode(text(&vector["leaf"]).as_bytes()).unwrap() {
        Decoded::Known(event) => event,
        Decoded::Unknown { kind, version } => panic!("{kind} {version}"),
    }
}

/// The ring after every rotation of the vectors' ledger.
fn ring() -> KeyRing {
    let mut ring = KeyRing::new(&genesis());
    for vector in list(&vectors("events.json")) {
        let event = event_of(vector);
        if let event::Fact::Custody(event::Custody::KeyRotated(rotated)) = &event.fact {
            ring.rotate(event.seq, rotated).unwrap();
        }
    }
    ring
}

#[test]
fn no_vector_ever_changes() {
    let sums = String::from_utf8(bytes("SHA256SUMS")).unwrap();
    for line in sums.lines() {
        let (sum, name) = line.split_once("  ").unwrap();
        assert_eq!(
            Hash::of(&[&bytes(name)]).to_string(),
            sum,
            "{name} changed: a released format never does"
        );
    }
    let whole = Hash::of(&[sums.as_bytes()]).to_string();
    assert_eq!(
        whole, "d1d7c740f3720edd6029c310b0c850114ebd78e58c319d80dda965c55e6903cf",
        "the list of vectors changed"
    );
}

#[test]
fn canonical_texts_are_told_from_others() {
    let vectors = vectors("canonical.json");
    for accepted in list(&vectors["accept"]) {
        assert_eq!(canonical::check(text(accepted).as_bytes()), Ok(()), "{accepted}");
    }
    for refused in list(&vectors["reject"]) {
        assert!(canonical::check(text(refused).as_bytes()).is_err(), "{refused}");
    }
    for refused in list(&vectors["reject_hex"]) {
        assert!(canonical::check(&unhex(refused)).is_err(), "{refused}");
    }
}

#[test]
fn keys_follow_from_their_seeds() {
    let vectors = vectors("keys.json");
    for key in list(&vectors["keys"]) {
        let seed = Hash::of(&[b"deed test key: ", text(&key["name"]).as_bytes()]);
        assert_eq!(hash(&key["seed"]), seed);
        assert_eq!(to_hex(SigningKey::from_seed(&seed.0).public().as_bytes()), text(&key["public"]));
    }
    for (seq, vkey) in (0..).zip(list(&vectors["event_vkeys"])) {
        assert_eq!(ring().event_key(seq).to_string(), text(vkey));
    }
    for key in list(&vectors["checkpoint_vkeys"]) {
        assert_eq!(ring().checkpoint_key(number(&key["size"])).to_string(), text(&key["vkey"]));
    }
}

#[test]
fn the_genesis_statement_names_both_keys() {
    let (vector, genesis) = (vectors("genesis.json"), genesis());
    assert_eq!(genesis.text(), text(&vector["text"]).as_bytes());
    assert_eq!(genesis.hash(), hash(&vector["hash"]));
    let (events, checkpoints) = (genesis.event_key(), genesis.checkpoint_key());
    assert_eq!(events.id().to_string(), text(&vector["event_key_id"]));
    assert_eq!(events.key().as_bytes(), &array(&vector["event_key"]));
    assert_eq!(checkpoints.id().to_string(), text(&vector["checkpoint_key_id"]));
    assert_eq!(checkpoints.key().as_bytes(), &array(&vector["checkpoint_key"]));
    let again = Genesis::new(genesis.ledger(), *events.key(), *checkpoints.key()).unwrap();
    assert_eq!(again.text(), genesis.text());
}

#[test]
fn events_hash_link_and_verify() {
    let mut before = genesis().hash();
    for (seq, vector) in (0..).zip(list(&vectors("events.json"))) {
        let (leaf, ring) = (text(&vector["leaf"]).as_bytes(), ring());
        let (event, hashed, key) = (event_of(vector), leaf_hash(leaf), ring.event_key(seq));
        assert_eq!((event.seq, event.prev, hashed), (seq, before, hash(&vector["leaf_hash"])));
        assert_eq!(event.encode().unwrap(), leaf);
        assert_eq!(text(&vector["key"]), key.id().to_string());
        key.key().verify(&event_message(&hashed), &signature(&vector["signature"])).unwrap();
        before = hashed;
    }
    let one = vectors("event.json");
    assert!(list(&vectors("events.json")).contains(&one));
}

#[test]
fn headers_and_frames_have_these_bytes() {
    let vectors = vectors("frames.json");
    for header in list(&vectors["headers"]) {
        let kind = match text(&header["kind"]) {
            "log" => Kind::Log,
            "sealed" => Kind::Sealed,
            _ => Kind::Checkpoints,
        };
        let header_of =
            Header { kind, first: number(&header["first"]), genesis: hash(&vectors["genesis_hash"]) };
        assert_eq!(to_hex(&header_of.encode()), text(&header["hex"]));
    }
    let seen: Vec<u64> = list(&vectors["frames"]).iter().map(check_frame).collect();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

fn check_frame(vector: &Value) -> u64 {
    let (leaf, note) =
        (vector["leaf"].as_str().unwrap_or_default(), vector["note"].as_str().unwrap_or_default());
    let (name, bucket) =
        (vector["name"].as_str().unwrap_or_default(), vector["bucket"].as_str().unwrap_or_default());
    let (filler, ciphertext) = match number(&vector["tag"]) {
        2 => (Vec::new(), unhex(&vector["ciphertext"])),
        3 => (unhex(&vector["filler"]), Vec::new()),
        _ => (Vec::new(), Vec::new()),
    };
    let (kind, frame) = match number(&vector["tag"]) {
        0 => {
            let (signature, key) = (array(&vector["signature"]), array(&vector["key"]));
            (Kind::Log, Frame::Event { leaf: leaf.as_bytes(), signature, key })
        }
        1 => (Kind::Log, Frame::Commit { size: number(&vector["size"]), head: array(&vector["head"]) }),
        2 => {
            let (seq, salt) = (number(&vector["seq"]), array(&vector["salt"]));
            (Kind::Sealed, Frame::Payload { seq, name, bucket, salt, ciphertext: &ciphertext })
        }
        3 => (Kind::Sealed, Frame::Erased { seq: number(&vector["seq"]), name, filler: &filler }),
        _ => (Kind::Checkpoints, Frame::Checkpoint { note: note.as_bytes() }),
    };
    let mut written = vec![0; HEADER_BYTES];
    frame.write(&mut written).unwrap();
    assert_eq!(to_hex(&written[HEADER_BYTES..]), text(&vector["hex"]));
    assert_eq!(Frames::of(kind, &written).next(), Some((HEADER_BYTES, Slot::Frame(frame))));
    number(&vector["tag"])
}

#[test]
fn roots_and_proofs_are_those_of_rfc_6962() {
    let vectors = vectors("tree.json");
    let roots: Vec<Hash> = list(&vectors["roots"]).iter().map(hash).collect();
    let leaves: Vec<Hash> = list(&vectors["leaves"]).iter().map(|leaf| leaf_hash(&unhex(leaf))).collect();
    let hashes = |value: &Value| list(value).iter().map(hash).collect::<Vec<_>>();
    assert_eq!(leaves, hashes(&vectors["leaf_hashes"]));
    let at = |value: &Value| usize::try_from(number(value)).unwrap();
    for vector in list(&vectors["inclusion"]) {
        let (index, size) = (number(&vector["index"]), number(&vector["size"]));
        let proof = InclusionProof(hashes(&vector["proof"]));
        let (leaf, root) = (&leaves[at(&vector["index"])], &roots[at(&vector["size"])]);
        assert_eq!(proof.verify(index, size, leaf, root), Ok(()), "{vector}");
    }
    for vector in list(&vectors["consistency"]) {
        let proof = ConsistencyProof(hashes(&vector["proof"]));
        let (old, new) = (number(&vector["old"]), number(&vector["new"]));
        let (before, after) = (&roots[at(&vector["old"])], &roots[at(&vector["new"])]);
        assert!(proof.verify(old, before, new, after).is_ok(), "{vector}");
    }
}

#[test]
fn checkpoints_policy_and_proof_file_verify() {
    let ring = ring();
    for name in
        ["checkpoint", "checkpoint.cosigned", "checkpoint.kept", "ledger/checkpoint", "tiles/checkpoint"]
    {
        let signed = SignedCheckpoint::parse(&bytes(name)).unwrap();
        let key = ring.checkpoint_key(signed.checkpoint().size());
        signed.verify(genesis().origin(), key, &[]).unwrap();
        assert_eq!(signed.to_string().as_bytes(), bytes(name));
    }
    let (policy, proof) =
        (Policy::parse(&bytes("policy")).unwrap(), LogProof::parse(&bytes("proof")).unwrap());
    let cosigned = SignedCheckpoint::parse(&bytes("checkpoint.cosigned")).unwrap();
    assert_eq!(policy.check(&cosigned).unwrap().len(), 1);
    let events = vectors("events.json");
    let leaf = hash(&events[usize::try_from(proof.index()).unwrap()]["leaf_hash"]);
    assert_eq!(proof.check(&leaf, &policy).unwrap().len(), 1);
}

#[test]
fn rotations_are_proved_by_the_new_key() {
    let vectors = vectors("rotations.json");
    for vector in list(&vectors["rotations"]) {
        let key = |name: &str| -> PublicKey { *text(&vector[name]).parse::<VerifierKey>().unwrap().key() };
        let (old, new) = (key("old"), key("new"));
        let purpose = Purpose::parse(text(&vector["purpose"])).unwrap();
        let (ledger, seq) = (text(&vectors["ledger"]), number(&vector["seq"]));
        let message = Rotation { ledger, purpose, seq, old: &old, new: &new }.message();
        assert_eq!(to_hex(&message), text(&vector["message"]));
        new.verify(&message, &signature(&vector["proof"])).unwrap();
    }
}

#[test]
fn payload_commitment_and_event_message_have_these_bytes() {
    let vector = vectors("payload.json");
    let ciphertext = unhex(&vector["ciphertext"]);
    assert_eq!(sealed::commit(&array(&vector["salt"]), &ciphertext), hash(&vector["commit"]));
    assert_eq!(number(&vector["bytes"]), ciphertext.len() as u64);
    assert_eq!(to_hex(&event_message(&hash(&vector["event_message_of"]))), text(&vector["event_message"]));
}

#[test]
fn the_receipt_is_of_events_of_the_ledger() {
    let receipt = Receipt::parse(&bytes("receipt.json")).unwrap();
    assert_eq!(serde_json::to_vec(&receipt).unwrap(), bytes("receipt.json"));
    assert_eq!(canonical::check(&bytes("receipt.json")), Ok(()));
    let events = vectors("events.json");
    for told in &receipt.events {
        let vector = &events[usize::try_from(told.seq).unwrap()];
        assert_eq!(
            (told.leaf_hash, told.signature),
            (hash(&vector["leaf_hash"]), signature(&vector["signature"]))
        );
        assert_eq!(receipt.key, ring().event_key(told.seq).id());
    }
}

#[test]
fn the_ledger_holds_the_events_in_whole_groups() {
    let events = vectors("events.json");
    let mut names: Vec<_> =
        fs::read_dir(path("ledger/log")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let mut next = 0;
    for name in names {
        let (name, file) = (name.to_str().unwrap(), fs::read(path("ledger/log").join(&name)).unwrap());
        assert_eq!(first_of(name), Some(next as u64));
        let header = Header { kind: Kind::Log, first: next as u64, genesis: genesis().hash() };
        assert_eq!(header.check(&file), Ok(()));
        let read = LogFile::parse(&file, next as u64);
        assert_eq!(read.tail, Tail::Clean);
        for stored in &read.events {
            let vector = &events[next];
            assert_eq!(stored.leaf, text(&vector["leaf"]).as_bytes());
            assert_eq!(Signature(stored.signature), signature(&vector["signature"]));
            assert_eq!(KeyId(stored.key).to_string(), text(&vector["key"]));
            next += 1;
        }
    }
    assert_eq!(next, list(&events).len());
}
