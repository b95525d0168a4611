//! Sealed payloads: readable under their own key alone, erasable without a trace of their contents, never left without an event.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use fixtures::ledger_session::{Asked, Sealed, check_sealed, draft, folders, open, person_created, replay};
use fixtures::samples::{erased, person, time};
use fixtures::sim_disk::PowerLoss::{KeepAll, KeepPrefix, KeepSubset, KeepSyncedOnly};
use fixtures::sim_disk::{Call, Effect, Failure, Fault, Repeat, SimDisk};
use ledger::bucket::{Binding, BucketError, Buckets, NONCE_BYTES};
use ledger::container::Place;
use ledger::event::custody::ServerStopped;
use ledger::event::{Event, SealedEntry, Subject};
use ledger::hash::Hash;
use ledger::sealed::{PLAIN_BYTES_MAX, SealedPayload, commit};
use ledger::store::Store;
use ledger::writer::{PlainPayload, Writer, WriterError};

const BINDING: Binding<'_> = Binding { ledger: "led_1", bucket: "per_1", class: "profile", name: "profile" };

fn buckets(disk: &SimDisk) -> Buckets {
    Buckets::new(Arc::new(disk.clone()), "/deed/keys/buckets".into())
}

/// Seals under a key that lasts.
fn seal_lasting(buckets: &Buckets, plain: &[u8], nonce: u8, fresh: u8) -> Result<Vec<u8>, BucketError> {
    let bytes = buckets.seal(BINDING, plain, [nonce; NONCE_BYTES], &[fresh; 32])?;
    buckets.make_lasting()?;
    Ok(bytes)
}

fn place(disk: &SimDisk) -> Place {
    let store = Store::open(folders(disk), time(0), Box::new(|_| ())).unwrap();
    store.place().clone()
}

fn events(disk: &SimDisk) -> Vec<Event> {
    let store = Store::open(folders(disk), time(0), Box::new(|_| ())).unwrap();
    replay(store.genesis(), &store.reader()).unwrap().events
}

fn sealed(disk: &SimDisk) -> Sealed {
    check_sealed(&place(disk), &events(disk)).unwrap()
}

fn files(disk: &SimDisk) -> BTreeMap<PathBuf, Vec<u8>> {
    disk.image().into_iter().filter(|(path, _)| path.starts_with("deed/data/sealed")).collect()
}

#[test]
fn the_commitment_has_the_bytes_of_the_format() {
    let (salt, ciphertext) = ([7; 32], b"nonce and ciphertext");
    let bytes = [&b"deed/payload/v1\0"[..], &salt, &20_u64.to_be_bytes(), ciphertext].concat();
    assert_eq!(commit(&salt, ciphertext), Hash::of(&[&bytes]));
}

#[test]
fn a_payload_opens_under_exactly_what_it_was_bound_to() {
    let disk = SimDisk::new(0);
    let buckets = buckets(&disk);
    let bytes = buckets.seal(BINDING, b"Ada", [1; NONCE_BYTES], &[2; 32]).unwrap();
    assert_eq!(bytes[..NONCE_BYTES], [1; NONCE_BYTES]);
    assert_eq!(bytes.len(), NONCE_BYTES + 3 + 16);
    assert_eq!(buckets.open(BINDING, &bytes).unwrap(), b"Ada");
    buckets.seal(Binding { bucket: "per_2", ..BINDING }, b"Bob", [1; NONCE_BYTES], &[3; 32]).unwrap();
    for other in [
        Binding { ledger: "led_2", ..BINDING },
        Binding { bucket: "per_2", ..BINDING },
        Binding { class: "content", ..BINDING },
        Binding { name: "profil", ..BINDING },
    ] {
        assert!(matches!(buckets.open(other, &bytes), Err(BucketError::Cipher { .. })), "{other:?}");
    }
    for place in 0..bytes.len() {
        let mut altered = bytes.clone();
        altered[place] ^= 1;
        assert!(matches!(buckets.open(BINDING, &altered), Err(BucketError::Cipher { .. })), "{place}");
        assert!(buckets.open(BINDING, &bytes[..place]).is_err(), "{place}");
    }
    assert!(matches!(
        buckets.open(Binding { bucket: "per_3", ..BINDING }, &bytes),
        Err(BucketError::Gone { .. })
    ));
}

#[test]
fn one_key_serves_a_bucket_also_for_the_next_process_and_lasts() {
    let disk = SimDisk::new(0);
    let first = seal_lasting(&buckets(&disk), b"Ada", 1, 2).unwrap();
    let second = seal_lasting(&buckets(&disk), b"Ada", 4, 3).unwrap();
    disk.power_loss(KeepSyncedOnly);
    let buckets = buckets(&disk);
    for bytes in [first, second] {
        assert_eq!(buckets.open(BINDING, &bytes).unwrap(), b"Ada");
    }
}

#[test]
fn a_destroyed_key_opens_nothing_even_when_the_destruction_was_interrupted() {
    let calm = SimDisk::new(0);
    let first = buckets(&calm);
    seal_lasting(&first, b"Ada", 1, 2).unwrap();
    let before = calm.calls_all();
    first.destroy("per_1").unwrap();
    for nth in before..calm.calls_all() {
        for loss in [KeepSyncedOnly, KeepAll, KeepPrefix, KeepSubset] {
            let disk = SimDisk::new(nth);
            let first = buckets(&disk);
            let bytes = seal_lasting(&first, b"Ada", 1, 2).unwrap();
            disk.cut_power_at(nth);
            first.destroy("per_1").unwrap_err();
            assert!(first.open(BINDING, &bytes).is_err(), "not from memory either");
            disk.power_loss(loss);
            buckets(&disk).destroy("per_1").unwrap();
            disk.power_loss(KeepSyncedOnly);
            let found = buckets(&disk).open(BINDING, &bytes);
            assert!(matches!(found, Err(BucketError::Gone { .. })), "{nth} {loss:?}: {found:?}");
            let left = disk.image().into_values().flatten().filter(|byte| *byte == 2).count();
            assert!(left < 8, "the key is still in the file");
        }
    }
}

#[test]
fn a_key_that_may_not_last_is_never_used() {
    // Making the key fails somewhere, and the attempt is made again without a restart; what that sealed must open for ever.
    let with_folder =
        || SimDisk::from_image(0, &[("/deed/keys/buckets/other".into(), vec![1; 32])].into()).unwrap();
    let calm = with_folder();
    seal_lasting(&buckets(&calm), b"Ada", 1, 2).unwrap();
    for call in Call::ALL {
        for (nth, effect) in (0..calm.calls(call)).flat_map(|nth| {
            [Effect::NotDone, Effect::DoneAndLasting, Effect::UnsyncedDropped].map(|way| (nth, way))
        }) {
            for restarts in [false, true] {
                let disk = with_folder();
                disk.fail(Fault { call, nth, failure: Failure::Io, effect, repeat: Repeat::Once });
                let mut used = buckets(&disk);
                seal_lasting(&used, b"Ada", 1, 2).unwrap_err();
                if restarts {
                    disk.power_loss(KeepAll);
                    used = buckets(&disk);
                }
                let bytes = seal_lasting(&used, b"Ada", 1, 3).unwrap();
                disk.power_loss(KeepSyncedOnly);
                let found = buckets(&disk).open(BINDING, &bytes).map_err(|cause| cause.to_string());
                assert_eq!(found, Ok(b"Ada".to_vec()), "{call:?} {nth} {effect:?} {restarts}");
            }
        }
    }
}

/// A ledger of three people over several files, the first of them named by an erasure that was not carried out.
fn to_erase() -> (SimDisk, Writer, [(u64, String); 2]) {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    let stopped = || draft(ServerStopped { reason: "x".into() }, Vec::new());
    asked
        .group(&mut writer, vec![stopped(), person_created(1, &[1; 700]), person_created(2, &[2; 900])])
        .unwrap();
    asked.group(&mut writer, vec![person_created(3, &[3; 2_000])]).unwrap();
    asked.group(&mut writer, vec![stopped(), person_created(1, &[4; 1_500])]).unwrap();
    asked.group(&mut writer, vec![draft(erased(person(1), 1), Vec::new())]).unwrap();
    asked.group(&mut writer, vec![draft(erased(person(1), 5), Vec::new())]).unwrap();
    (disk, writer, [(1, "profile".to_owned()), (5, "profile".to_owned())])
}

#[test]
fn an_erasure_leaves_tombstones_of_the_same_length_and_every_other_payload() {
    let (disk, mut writer, wanted) = to_erase();
    let (before, payloads) = (files(&disk), sealed(&disk));
    assert!(before.len() > 1);
    writer.destroy(&person(1).to_string(), &wanted).unwrap();
    let (after, left) = (files(&disk), sealed(&disk));
    assert!(
        before
            .iter()
            .map(|(path, bytes)| (path, bytes.len()))
            .eq(after.iter().map(|(path, bytes)| (path, bytes.len())))
    );
    for (name, payload) in &payloads {
        let expected = if wanted.contains(name) { &None } else { payload };
        assert_eq!(&left[name], expected, "{name:?}");
    }
    for (seq, _) in &wanted {
        let ciphertext = payloads[&(*seq, "profile".to_owned())].clone().unwrap().ciphertext;
        let gone = |part: &[u8]| {
            disk.image().values().all(|bytes| !bytes.windows(part.len()).any(|window| window == part))
        };
        assert!(ciphertext.chunks(16).filter(|part| part.len() == 16).all(gone), "{seq}");
    }
    writer.destroy(&person(1).to_string(), &wanted).unwrap();
    assert_eq!(files(&disk), after, "a second run changes nothing");
}

#[test]
fn an_interrupted_erasure_can_be_run_again_and_ends_as_if_it_never_was() {
    let (calm, mut writer, wanted) = to_erase();
    let (bucket, before) = (person(1).to_string(), calm.calls_all());
    writer.destroy(&bucket, &wanted).unwrap();
    let expected = files(&calm);
    for nth in before..calm.calls_all() {
        for (loss, seed) in [
            (KeepSyncedOnly, 0),
            (KeepAll, 0),
            (KeepSubset, 1),
            (KeepSubset, 2),
            (KeepSubset, 3),
            (KeepSubset, 4),
        ] {
            let (first, mut writer, _) = to_erase();
            first.cut_power_at(nth);
            writer.destroy(&bucket, &wanted).unwrap_err();
            let disk = first.fork(seed * 1_000 + nth);
            disk.power_loss(loss);
            let (mut writer, _) = open(&disk, 2).unwrap();
            writer.destroy(&bucket, &wanted).unwrap();
            disk.power_loss(KeepSyncedOnly);
            assert_eq!(files(&disk), expected, "{nth} {loss:?}");
        }
    }
}

#[test]
fn an_erasure_whose_sync_was_forgotten_is_made_to_last_by_the_next_run() {
    let (calm, mut writer, wanted) = to_erase();
    let (bucket, before) = (person(1).to_string(), calm.calls(Call::SyncData));
    writer.destroy(&bucket, &wanted).unwrap();
    for nth in before..calm.calls(Call::SyncData) {
        let (disk, mut writer, _) = to_erase();
        let effect = Effect::UnsyncedDropped;
        disk.fail(Fault { call: Call::SyncData, nth, failure: Failure::Io, effect, repeat: Repeat::Once });
        assert!(writer.destroy(&bucket, &wanted).unwrap_err().may_retry());
        writer.destroy(&bucket, &wanted).unwrap();
        disk.power_loss(KeepSyncedOnly);
        assert_eq!(files(&disk), files(&calm));
    }
}

#[test]
fn equal_payloads_have_different_commitments_and_match_only_their_own() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![person_created(1, b"Ada"), person_created(1, b"Ada")]).unwrap();
    let (events, found) = (events(&disk), sealed(&disk));
    let entries: Vec<&SealedEntry> = events.iter().flat_map(|event| &event.sealed).collect();
    assert_ne!(entries[0].commit, entries[1].commit);
    let payloads: Vec<SealedPayload> = found.into_values().flatten().collect();
    assert_ne!(payloads[0].salt, payloads[1].salt);
    assert_ne!(payloads[0].ciphertext, payloads[1].ciphertext);
    assert!(payloads[0].matches(entries[0]) && !payloads[0].matches(entries[1]));
    let ledger = writer.genesis().ledger().to_string();
    let bucket = person(1).to_string();
    let binding = Binding { ledger: &ledger, bucket: &bucket, class: "profile", name: "profile" };
    for payload in payloads {
        assert_eq!(buckets(&disk).open(binding, &payload.ciphertext).unwrap(), b"Ada");
    }
}

#[test]
fn payloads_of_a_group_that_was_not_stored_are_set_aside_and_their_numbers_used_again() {
    // The power goes after the payloads were synced and before the log was.
    let (calm, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&calm, 1).unwrap();
    asked.group(&mut writer, vec![person_created(1, &[1; 50])]).unwrap();
    let syncs = calm.calls(Call::SyncData);
    let (disk, before) = (calm.fork(0), asked.clone());
    let (mut writer, _) = open(&disk, 2).unwrap();
    let effect = Effect::NotDone;
    // The keys and the payloads come before it.
    let nth = disk.calls(Call::SyncData) + 2;
    assert!(syncs > 0);
    disk.fail(Fault { call: Call::SyncData, nth, failure: Failure::Io, effect, repeat: Repeat::Once });
    let group = || vec![person_created(2, &[2; 300]), person_created(3, &[3; 300])];
    let cause = asked.group(&mut writer, group()).unwrap_err();
    assert!(matches!(cause, WriterError::Log(_)) && !cause.may_retry(), "{cause:?}");
    disk.power_loss(KeepSyncedOnly);
    let (mut writer, found) = open(&disk, 3).unwrap();
    assert_eq!(found.leaves(), before.acknowledged);
    let kept = disk.image().into_iter().filter(|(path, _)| path.starts_with("deed/data/torn")).count();
    assert_eq!((kept, sealed(&disk).len()), (1, 1));
    asked.check(&found).unwrap();
    asked.group(&mut writer, group()).unwrap();
    assert_eq!(sealed(&disk).len(), 3);
}

#[test]
fn a_group_that_failed_and_may_be_retried_leaves_no_payload() {
    for payload in [10, 900, 5_000] {
        let (disk, mut asked) = (SimDisk::new(0), Asked::default());
        let (mut writer, _) = open(&disk, 1).unwrap();
        asked.group(&mut writer, vec![person_created(1, &[1; 50])]).unwrap();
        // The log needs a new file, for which there is no room.
        let long = || draft(ServerStopped { reason: "x".repeat(4_000).into() }, Vec::new());
        disk.fail(Fault {
            call: Call::Rename,
            nth: disk.calls(Call::Rename) + u64::from(payload == 5_000),
            failure: Failure::Full,
            effect: Effect::NotDone,
            repeat: Repeat::Once,
        });
        let cause = asked.group(&mut writer, vec![person_created(2, &vec![2; payload]), long()]).unwrap_err();
        assert!(matches!(cause, WriterError::Log(_)) && cause.may_retry(), "{cause:?}");
        assert_eq!(sealed(&disk).len(), 1);
        let group = vec![person_created(3, &vec![3; payload + 4_000]), long()];
        asked.group(&mut writer, group).unwrap();
        assert_eq!(sealed(&disk).len(), 2);
        open(&disk, 2).unwrap();
    }
}

#[test]
fn a_payload_may_have_the_greatest_length_and_a_longer_one_spoils_no_group() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    writer.stage(time(0), person_created(1, &vec![1; PLAIN_BYTES_MAX])).unwrap();
    let refused = writer.stage(time(0), person_created(2, &vec![1; PLAIN_BYTES_MAX + 1]));
    assert!(matches!(refused, Err(WriterError::TooLong(_))));
    assert_eq!((writer.staged(), writer.commit().unwrap().len()), (1, 1));
    asked.acknowledged = replay(writer.genesis(), &writer.reader()).unwrap().leaves();
    asked.group(&mut writer, vec![person_created(2, b"Bob")]).unwrap();
    assert_eq!(sealed(&disk).len(), 2);
}

#[test]
fn a_damaged_payload_of_a_stored_event_stays_where_it_is() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![person_created(1, &[1; 50])]).unwrap();
    drop(writer);
    let path = files(&disk).into_keys().next().unwrap();
    disk.corrupt(&path, |bytes| *bytes.iter_mut().rfind(|byte| **byte != 0).unwrap() ^= 1).unwrap();
    let before = files(&disk);
    assert!(open(&disk, 2).is_err(), "the payload is missed");
    assert_eq!(files(&disk), before);
    assert!(!disk.image().keys().any(|path| path.starts_with("deed/data/torn")));
}

#[test]
fn nothing_personal_is_in_debug_output_or_in_the_log() {
    let profile = b"Ada Lovelace";
    let payload = PlainPayload::profile(Subject::Person(person(1)), profile.to_vec());
    let shown = format!("{payload:?} {:?}", person_created(1, profile));
    assert!(shown.contains("12 bytes") && !shown.contains("Ada") && !shown.contains("65, 100"), "{shown}");
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    asked.group(&mut writer, vec![person_created(1, profile)]).unwrap();
    for (path, bytes) in disk.image() {
        assert!(!bytes.windows(3).any(|window| window == b"Ada"), "{}", path.display());
    }
}

#[test]
fn a_reader_opens_what_is_sealed_beside_each_event_while_more_comes_and_nothing_that_was_erased() {
    let (disk, mut asked) = (SimDisk::new(0), Asked::default());
    let (mut writer, _) = open(&disk, 1).unwrap();
    let reader = writer.sealed_reader();
    let mut said = Vec::new();
    for round in 0..12_u8 {
        let first = writer.next().size();
        let group: Vec<_> = (0..3).map(|n| (n + 1, vec![round * 3 + n; 200 * usize::from(n + 1)])).collect();
        said.extend((first..).zip(group.iter().cloned()));
        let drafts = group.iter().map(|(number, plain)| person_created(*number, plain));
        asked.group(&mut writer, drafts.collect()).unwrap();
        for (seq, (number, plain)) in &said {
            let bucket = person(*number).to_string();
            assert_eq!(reader.profile(*seq, &bucket).unwrap().as_ref(), Some(plain), "{seq}");
        }
    }
    assert!(files(&disk).len() > 2, "the payloads are in several files");
    let (seq, (number, _)) = said.swap_remove(0);
    let bucket = person(number).to_string();
    for (seq, bucket) in [(seq + 1, &bucket), (seq, &person(9).to_string()), (u64::MAX, &bucket)] {
        assert_eq!(reader.profile(seq, bucket).unwrap(), None);
    }
    writer.destroy(&bucket, &[(seq, "profile".to_owned())]).unwrap();
    assert_eq!(reader.profile(seq, &bucket).unwrap(), None);
    // The key is gone, and with it all that was sealed under it.
    for (seq, (other, plain)) in said {
        let found = reader.profile(seq, &person(other).to_string()).unwrap();
        assert_eq!(found, (other != number).then_some(plain), "{seq}");
    }
}
