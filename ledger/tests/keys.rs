//! Keys and their intervals, the files that hold the secrets, and what a rotation may and may not do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use fixtures::ledger_session::{Asked, draft, folders, open, replay};
use fixtures::samples::{genesis, key, ledger, person, rotation, time};
use fixtures::sim_disk::PowerLoss::KeepSyncedOnly;
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use fixtures::temp_dir::TempDir;
use ledger::checkpoint::SignedCheckpoint;
use ledger::disk::{Disk, RealDisk};
use ledger::event::custody::{KeyRotated, ServerStopped};
use ledger::genesis::{Genesis, event_key_name};
use ledger::hash::{from_base64, to_base64};
use ledger::key_folder::{KeyFolder, KeyFolderError, verifier};
use ledger::key_ring::{KeyRing, RotationFault};
use ledger::note::{Algorithm, Signer, VerifierKey};
use ledger::receipt::{Receipt, ReceiptEvent};
use ledger::signature::{Purpose, Signature};
use ledger::store::{OpenError, Store};
use ledger::writer::{Draft, Writer, WriterError};

const PURPOSES: [Purpose; 2] = [Purpose::Events, Purpose::Checkpoints];

fn stopped() -> Draft {
    draft(ServerStopped { reason: "x".into() }, Vec::new())
}

fn rotate(writer: &mut Writer, asked: &mut Asked, purpose: Purpose, new: u8) {
    let rotated = writer.rotation(purpose, &key(new)).unwrap();
    asked.group(writer, vec![draft(rotated, Vec::new())]).unwrap();
}

#[test]
fn an_event_key_signs_from_the_event_after_its_rotation_on() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    let first = writer.event_key_id();
    asked.group(&mut writer, vec![stopped()]).unwrap();
    rotate(&mut writer, &mut asked, Purpose::Events, 9);
    let second = writer.event_key_id();
    asked.group(&mut writer, vec![stopped(), stopped()]).unwrap();
    disk.power_loss(KeepSyncedOnly);
    let (writer, found) = open(&disk, 2).unwrap();
    assert_eq!(writer.event_key_id(), second);
    let ids: Vec<_> = found.records.iter().map(|record| record.key).collect();
    assert_eq!(ids, [first.0, first.0, second.0, second.0]);
    assert_eq!(found.ring.event_key(1).id(), first);
    assert_eq!(found.ring.event_key(2).id(), second);
    assert_eq!(found.ring.event_keys().count(), 2);
    assert_eq!(found.ring.by_id(first).unwrap().id(), first);
}

#[test]
fn a_rotation_in_the_middle_of_a_group_signs_the_rest_of_it_anew() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    writer.stage(time(0), stopped()).unwrap();
    let rotated = writer.rotation(Purpose::Events, &key(9)).unwrap();
    writer.stage(time(0), draft(rotated, Vec::new())).unwrap();
    for _ in 0..5 {
        writer.stage(time(0), stopped()).unwrap();
    }
    assert_eq!(writer.commit().unwrap().len(), 7);
    let (_, found) = open(&disk, 2).unwrap();
    assert_eq!(found.records.iter().filter(|record| record.key == found.records[0].key).count(), 2);
    asked.acknowledged = found.leaves();
}

#[test]
fn a_checkpoint_is_signed_by_the_key_in_force_for_its_size() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    let old = writer.ring().checkpoint_key(0).clone();
    let signed_by =
        |signed: &SignedCheckpoint, key: &VerifierKey| signed.verify(old.name(), key, &[]).is_ok();
    asked.group(&mut writer, vec![stopped()]).unwrap();
    let rotated = writer.rotation(Purpose::Checkpoints, &key(9)).unwrap();
    writer.stage(time(0), draft(rotated, Vec::new())).unwrap();
    let new = writer.ring().checkpoint_key(u64::MAX).clone();
    assert!(signed_by(&writer.checkpoint().unwrap(), &old), "the rotation is not stored yet");
    writer.commit().unwrap();
    let last = writer.checkpoint().unwrap();
    assert!(last.checkpoint().size() == 2 && signed_by(&last, &old) && !signed_by(&last, &new));
    drop(writer);
    disk.power_loss(KeepSyncedOnly);
    let store = Store::open(folders(&disk), time(0), Box::new(|_| ())).unwrap();
    let found = replay(store.genesis(), &store.reader()).unwrap();
    let locked = store.head_lock().read(&found.ring, old.name()).unwrap().unwrap();
    assert_eq!(locked.checkpoint(), last.checkpoint());
    drop(store);
    let (mut writer, found) = open(&disk, 2).unwrap();
    assert!(signed_by(&writer.checkpoint().unwrap(), &old), "also after a start");
    asked.acknowledged = found.leaves();
    asked.group(&mut writer, vec![stopped()]).unwrap();
    let next = writer.checkpoint().unwrap();
    assert!(signed_by(&next, &new) && !signed_by(&next, &old));
}

#[test]
fn an_abandoned_rotation_leaves_the_keys_as_they_were() {
    for purpose in PURPOSES {
        let (disk, mut asked) = (SimDisk::new(0), Asked::default());
        let (mut writer, _) = open(&disk, 1).unwrap();
        asked.group(&mut writer, vec![stopped()]).unwrap();
        let before = (writer.ring().clone(), writer.event_key_id());
        for new in [8, 9] {
            let rotated = writer.rotation(purpose, &key(new)).unwrap();
            writer.stage(time(0), draft(rotated, Vec::new())).unwrap();
        }
        assert_ne!(writer.ring(), &before.0);
        writer.abandon();
        assert_eq!((writer.ring(), writer.event_key_id()), (&before.0, before.1));
        // The same when it is the disk that fails.
        let rotated = writer.rotation(purpose, &key(9)).unwrap();
        let nth = disk.calls(Call::Write);
        let effect = Effect::Short { bytes: 90 };
        disk.fail(Fault { call: Call::Write, nth, failure: Failure::Full, effect, repeat: Repeat::Once });
        let cause = asked.group(&mut writer, vec![draft(rotated, Vec::new())]).unwrap_err();
        assert!(cause.may_retry(), "{cause:?}");
        assert_eq!((writer.ring(), writer.event_key_id()), (&before.0, before.1));
        asked.group(&mut writer, vec![stopped()]).unwrap();
        writer.checkpoint().unwrap();
        rotate(&mut writer, &mut asked, purpose, 9);
        asked.group(&mut writer, vec![stopped()]).unwrap();
        let (_, found) = open(&disk, 2).unwrap();
        asked.check(&found).unwrap();
    }
}

#[test]
fn a_rotation_that_is_not_valid_is_not_staged() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    let mut wrong = writer.rotation(Purpose::Events, &key(9)).unwrap();
    wrong.proof = to_base64(&[0; 64]).into();
    let refused = writer.stage(time(0), draft(wrong.clone(), Vec::new()));
    assert!(matches!(refused, Err(WriterError::Rotation(RotationFault::Proof))));
    assert_eq!((writer.staged(), writer.ring()), (0, &KeyRing::new(writer.genesis())));
    // A sound rotation whose secret is not there.
    let sound = writer.rotation(Purpose::Events, &key(9)).unwrap();
    let path = key_file(&disk, Purpose::Events, &sound);
    disk.remove(&path).unwrap();
    let refused = writer.stage(time(0), draft(sound, Vec::new()));
    assert!(
        matches!(refused, Err(WriterError::Key(KeyFolderError::Missing { path: found })) if found == path)
    );
    assert_eq!((writer.staged(), writer.ring()), (0, &KeyRing::new(writer.genesis())));
    asked.group(&mut writer, vec![stopped()]).unwrap();
    let (_, found) = open(&disk, 2).unwrap();
    asked.check(&found).unwrap();
}

fn key_file(disk: &SimDisk, purpose: Purpose, rotated: &KeyRotated) -> PathBuf {
    let key: VerifierKey = rotated.key.parse().unwrap();
    folders(disk).keys.join(format!("{}-{}.key", purpose.as_str(), key.id()))
}

#[test]
fn the_ring_refuses_keys_that_were_in_force_for_either_purpose() {
    for purpose in PURPOSES {
        let mut ring = KeyRing::new(&genesis());
        ring.rotate(4, &rotation(&ring, purpose, 4, &key(3)).unwrap()).unwrap();
        for used in [1, 2, 3] {
            let rotated = rotation(&ring, purpose, 5, &key(used)).unwrap();
            assert_eq!(ring.clone().rotate(5, &rotated), Err(RotationFault::Reused), "{used}");
        }
        let other = PURPOSES[usize::from(purpose == Purpose::Events)];
        let rotated = rotation(&ring, other, 5, &key(3)).unwrap();
        assert_eq!(ring.rotate(5, &rotated), Err(RotationFault::Reused));
    }
}

#[test]
fn the_ring_refuses_wrong_names_and_malformed_keys() {
    let mut ring = KeyRing::new(&genesis());
    let sound = rotation(&ring, Purpose::Events, 4, &key(3)).unwrap();
    let checkpoints = verifier(ledger(), Purpose::Checkpoints, key(3).public()).unwrap();
    let cosigner =
        VerifierKey::new(&event_key_name(ledger()), Algorithm::Cosigner, *key(3).public()).unwrap();
    let small =
        format!("{}+00000000+{}", event_key_name(ledger()), to_base64(&[&[1][..], &[0; 32]].concat()));
    for text in
        [checkpoints.to_string(), cosigner.to_string(), small, String::new(), sound.key.replace('+', "-")]
    {
        let rotated = KeyRotated { key: text.as_str().into(), ..sound.clone() };
        assert_eq!(ring.rotate(4, &rotated), Err(RotationFault::Key), "{text}");
    }
    assert_eq!(ring, KeyRing::new(&genesis()));
}

#[test]
fn the_ring_refuses_a_proof_for_another_place_purpose_key_or_ledger() {
    let mut ring = KeyRing::new(&genesis());
    let sound = rotation(&ring, Purpose::Events, 4, &key(3)).unwrap();
    let mut moved_on = ring.clone();
    moved_on.rotate(3, &rotation(&ring, Purpose::Events, 3, &key(5)).unwrap()).unwrap();
    assert_eq!(moved_on.rotate(4, &sound), Err(RotationFault::Proof), "it was to replace another key");
    assert_eq!(ring.rotate(5, &sound), Err(RotationFault::Proof));
    let for_checkpoints = rotation(&ring, Purpose::Checkpoints, 4, &key(3)).unwrap();
    let by_another = rotation(&ring, Purpose::Events, 4, &key(4)).unwrap();
    let mut altered = from_base64(&sound.proof).unwrap();
    altered[40] ^= 1;
    for proof in
        [&*for_checkpoints.proof, &*by_another.proof, &to_base64(&altered), "", "x", &to_base64(&[0; 63])]
    {
        let rotated = KeyRotated { proof: proof.into(), ..sound.clone() };
        assert_eq!(ring.rotate(4, &rotated), Err(RotationFault::Proof), "{proof}");
    }
    assert_eq!(ring, KeyRing::new(&genesis()));
    ring.rotate(4, &sound).unwrap();
    assert_eq!(ring.event_key(4), genesis().event_key());
    assert_eq!(ring.event_key(5).key(), key(3).public());
    assert_eq!(ring.checkpoint_key(u64::MAX), genesis().checkpoint_key());
}

#[test]
fn a_checkpoint_key_serves_sizes_beyond_its_rotation() {
    let mut ring = KeyRing::new(&genesis());
    ring.rotate(4, &rotation(&ring, Purpose::Checkpoints, 4, &key(3)).unwrap()).unwrap();
    assert_eq!(ring.checkpoint_key(5), genesis().checkpoint_key());
    assert_eq!(ring.checkpoint_key(6).key(), key(3).public());
    assert_eq!(ring.event_key(u64::MAX), genesis().event_key());
}

/// A key folder on the real disk that holds one event key.
fn real() -> (TempDir, KeyFolder, VerifierKey, PathBuf) {
    let temporary = TempDir::new().unwrap();
    let path = temporary.join("a/keys");
    let folder = KeyFolder::new(Arc::new(RealDisk), &path);
    let kept = folder.keep(ledger(), Purpose::Events, &key(3)).unwrap();
    let file = path.join(format!("events-{}.key", kept.id()));
    (temporary, folder, kept, file)
}

#[test]
fn a_key_file_is_readable_by_its_owner_alone_and_gives_the_key_back() {
    let (_temporary, folder, kept, file) = real();
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::read(&file).unwrap().len(), 65);
    let found = folder.signing_key(Purpose::Events, &kept).unwrap();
    assert_eq!(found.public(), key(3).public());
}

#[test]
fn a_key_file_that_is_missing_exposed_or_damaged_is_told_so() {
    let (_temporary, folder, kept, file) = real();
    let found = || folder.signing_key(Purpose::Events, &kept).map(drop);
    for mode in [0o640, 0o604, 0o620, 0o610, 0o666] {
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        assert!(matches!(found(), Err(KeyFolderError::Exposed { path }) if path == file), "{mode:o}");
    }
    for mode in [0o600, 0o400, 0o700] {
        std::fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        found().unwrap();
    }
    let sound = std::fs::read_to_string(&file).unwrap();
    let other = sound.replace('3', "4");
    for text in [
        other,
        sound.to_uppercase().replace('3', "A"),
        sound.trim().to_owned(),
        format!("{sound}\n"),
        String::new(),
    ] {
        std::fs::write(&file, &text).unwrap();
        assert!(matches!(found(), Err(KeyFolderError::Damaged { path }) if path == file), "{text:?}");
    }
    std::fs::write(&file, "x".repeat(129)).unwrap();
    assert!(matches!(found(), Err(KeyFolderError::File { path, .. }) if path == file));
    std::fs::remove_file(&file).unwrap();
    assert!(matches!(found(), Err(KeyFolderError::Missing { path }) if path == file));
}

#[test]
fn a_ledger_whose_keys_are_gone_is_not_written_to() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![stopped()]).unwrap();
    drop(writer);
    for file in disk.image().into_keys().filter(|path| path.starts_with("deed/keys")) {
        let disk = disk.fork(1);
        disk.remove(&file).unwrap();
        let store = Store::open(folders(&disk), time(0), Box::new(|_| ())).unwrap();
        let found = replay(store.genesis(), &store.reader()).unwrap();
        let refused = store.into_writer(found.head, found.ring).map(drop);
        let path = Path::new("/").join(&file);
        assert!(
            matches!(refused, Err(OpenError::Keys(KeyFolderError::Missing { path: told })) if told == path)
        );
    }
}

#[test]
fn the_digest_key_is_made_once() {
    let disk = SimDisk::new(0);
    let folder = KeyFolder::new(Arc::new(disk.clone()), Path::new("/deed/keys"));
    assert_eq!(*folder.digest_key(&[1; 32]).unwrap(), [1; 32]);
    disk.power_loss(KeepSyncedOnly);
    assert_eq!(*folder.digest_key(&[2; 32]).unwrap(), [1; 32]);
}

#[test]
fn secrets_are_never_in_debug_output() {
    let secret = key(3);
    let signer = Signer::new("deed/x", key(3)).unwrap();
    let shown = format!("{secret:?} {signer:?}");
    assert!(
        !shown.contains("030303") && !shown.contains("3, 3, 3") && !shown.contains(&to_base64(&[3; 32])),
        "{shown}"
    );
    let (_temporary, folder, kept, file) = real();
    std::fs::write(&file, "03".repeat(32)).unwrap();
    let shown = format!("{:?}", folder.signing_key(Purpose::Events, &kept).map(drop));
    assert!(!shown.contains("0303"), "{shown}");
}

#[test]
fn a_statement_reads_back_and_contradictions_in_it_are_refused() {
    let text = String::from_utf8(genesis().text().to_vec()).unwrap();
    let read = Genesis::parse(text.as_bytes()).unwrap();
    assert_eq!(read, genesis());
    assert_eq!((read.ledger(), read.origin()), (ledger(), format!("deed/{}", ledger()).as_str()));
    let (events, checkpoints) = (genesis().event_key().to_string(), genesis().checkpoint_key().to_string());
    for (from, to) in [
        ("ed25519", "ed448"),
        ("genesis/v1", "genesis/v2"),
        (r#""epoch":0"#, r#""epoch":1"#),
        (r#""origin":"deed/"#, r#""origin":"deeds/"#),
        (&events, &checkpoints),
        (&checkpoints, &events),
        ("led_01", "led_02"),
        (r#""epoch":0,"#, ""),
        (r#"{"algorithm""#, r#"{"a":1,"algorithm""#),
        (r#""epoch":0"#, r#""epoch": 0"#),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        assert!(Genesis::parse(changed.as_bytes()).is_err(), "{from}");
    }
    assert!(Genesis::new(ledger(), *key(1).public(), *key(1).public()).is_err(), "one key for both");
}

#[test]
fn a_receipt_reads_back_and_is_canonical() {
    let disk = SimDisk::new(0);
    let (mut writer, _) = open(&disk, 1).unwrap();
    let key = writer.event_key_id();
    writer.stage(time(0), stopped()).unwrap();
    let events: Vec<ReceiptEvent> = writer.commit().unwrap();
    let receipt = Receipt::new(writer.genesis().ledger(), key, events);
    let text = serde_json::to_vec(&receipt).unwrap();
    ledger::canonical::check(&text).unwrap();
    assert_eq!(Receipt::parse(&text).unwrap(), receipt);
    let record = writer.reader().event(0).unwrap().unwrap();
    assert_eq!(receipt.events[0].signature, Signature(record.signature));
    let text = String::from_utf8(text).unwrap();
    for (from, to) in
        [("receipt/v1", "receipt/v2"), (r#""seq":0"#, r#""seq":0,"x":1"#), (r#""key":""#, r#""key":"0"#)]
    {
        assert!(Receipt::parse(text.replacen(from, to, 1).as_bytes()).is_err(), "{from}");
    }
    let empty = Receipt::new(ledger(), key, Vec::new());
    assert!(Receipt::parse(&serde_json::to_vec(&empty).unwrap()).is_err());
    assert_ne!(person(1), person(2));
}
