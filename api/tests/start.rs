//! Starts that are refused: one clear line, and nothing lost or changed by the refusal.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::auditor::Auditor;
use common::people::{claim, service_account};
use common::server::Place;
use ledger::hash::Hash;
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What stands in a directory: every path with the hash of its bytes and its mode. Not compared: the empty file that a
/// running server locks, and the index, which is made anew on any doubt.
fn contents(root: &Path) -> BTreeMap<PathBuf, (Hash, u32)> {
    let mut found = BTreeMap::new();
    let mut folders = vec![root.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.extend(Some(path).filter(|path| !path.ends_with("index")));
            } else if path.file_name().is_some_and(|name| name != "lock" && name != "stderr") {
                let mode = fs::metadata(&path).unwrap().permissions().mode();
                found.insert(path.clone(), (Hash::of(&[&fs::read(&path).unwrap()]), mode));
            }
        }
    }
    found
}

/// A ledger with a few events whose server has stopped.
fn used(flags: &[&str]) -> Place {
    let place = Place::new();
    let mut server = place.serve(flags);
    let owner = claim(&mut server);
    service_account(&owner.client, "bot", Some("member"));
    assert!(server.terminate().success(), "{}", place.log());
    place
}

/// The start is refused with one line that says all of `words`, and changes nothing.
fn refused(place: &Place, flags: &[&str], words: &[&str]) {
    let before = contents(place.dir.path());
    let line = refusal(place, flags, words);
    let after = contents(place.dir.path());
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>(), "{line}");
    assert!(before == after, "the refusal changed a file: {line}");
}

/// The one line.
fn refusal(place: &Place, flags: &[&str], words: &[&str]) -> String {
    let ended = place.run(flags);
    let line = ended.err.trim_end().to_owned();
    assert!(!ended.status.success() && ended.out.is_empty(), "{ended:?}");
    assert!(line.starts_with("deed: ") && !line.contains('\n'), "{line}");
    for word in words {
        assert!(line.contains(word), "`{word}` is not in: {line}");
    }
    line
}

/// Whole from the first event to the last, and writable.
fn still_whole(place: &Place, flags: &[&str]) {
    let server = place.serve(flags);
    let key = server.key.clone();
    assert!(server.terminate().success(), "{}", place.log());
    Auditor::pinning(&key).find_nothing_wrong(&place.data());
}

fn key_file(place: &Place, purpose: &str) -> PathBuf {
    let keys = fs::read_dir(place.data().join("keys")).unwrap().map(|entry| entry.unwrap().path());
    let named = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(purpose);
    keys.into_iter().find(named).unwrap()
}

#[test]
fn a_second_server_on_the_same_directory_is_refused_and_the_first_goes_on() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    refusal(&place, &[], &["another server", "data", "stop it first"]);
    service_account(&owner.client, "bot", None);
    assert!(server.terminate().success());
    still_whole(&place, &[]);
}

#[test]
fn a_port_in_use_is_refused_before_anything_is_recorded() {
    let place = used(&[]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deed"));
    command.args(["serve", "--data"]).arg(place.data()).args(["--listen", &address]);
    let before = contents(place.dir.path());
    let output = command.output().unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && line.contains(&address) && line.contains("--listen"), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(before == contents(place.dir.path()), "the refusal changed a file");
}

#[test]
fn a_data_directory_that_cannot_be_written_is_refused() {
    let place = Place::new();
    // Below a file, and below a file system that takes no directories: both hold for every user.
    fs::write(place.data(), "a file").unwrap();
    refused(&place, &[], &["could not use the data directory"]);
    let command = |data: &str| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deed"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--data", data]).output().unwrap()
    };
    for data in ["/proc/deed", "/dev/null/deed", "/sys/deed"] {
        let output = command(data);
        let line = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && line.contains(data), "{line}");
        assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    }
}

#[test]
fn a_key_that_is_missing_damaged_or_open_to_others_is_refused() {
    for purpose in ["events", "checkpoints", "digests"] {
        let place = used(&[]);
        let path = key_file(&place, purpose);
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let (good, private) = (fs::read(&path).unwrap(), fs::metadata(&path).unwrap().permissions());

        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        refused(&place, &[], &[&name, "chmod 600"]);
        fs::set_permissions(&path, private.clone()).unwrap();

        for damaged in [&good[..40], b"", b"not a key\n", &[good.clone(), good.clone()].concat()] {
            fs::write(&path, damaged).unwrap();
            refused(&place, &[], &[&name]);
        }
        fs::write(&path, &good).unwrap();
        if purpose != "digests" {
            let mut other = good.clone();
            other.swap(0, 1);
            other[0] = if other[0] == b'a' { b'b' } else { b'a' };
            fs::write(&path, &other).unwrap();
            refused(&place, &[], &[&name, "does not hold the key"]);
            fs::remove_file(&path).unwrap();
            refused(&place, &[], &[&name, "missing"]);
            fs::write(&path, &good).unwrap();
            fs::set_permissions(&path, private).unwrap();
        }
        still_whole(&place, &[]);
    }
}

#[test]
fn a_missing_head_lock_is_refused_until_it_is_accepted() {
    let place = used(&[]);
    fs::remove_file(place.data().join("head.lock")).unwrap();
    refused(&place, &[], &["head.lock", "is missing", "--accept-missing-head-lock"]);
    still_whole(&place, &["--accept-missing-head-lock"]);
    still_whole(&place, &[]);
    let log = fs::read(place.data().join("log/00000000000000000000.seg")).unwrap();
    let accepted = log.windows(16).filter(|bytes| bytes == b"accepted_missing").count();
    assert_eq!(accepted, 1, "the acceptance is recorded, once");
}

fn copy(from: &Path, to: &Path) {
    let copied = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(copied.success());
}

#[test]
fn an_old_backup_under_a_newer_head_lock_is_refused() {
    let place = used(&[]);
    copy(&place.data(), &place.dir.join("backup"));
    still_whole(&place, &[]);
    let newer = place.dir.join("newer");
    fs::rename(place.data(), &newer).unwrap();
    copy(&place.dir.join("backup"), &place.data());
    fs::copy(newer.join("head.lock"), place.data().join("head.lock")).unwrap();
    refused(&place, &[], &["head.lock", "set back", "backup that is newer"]);
}

#[test]
fn a_log_that_forked_from_its_head_lock_is_refused() {
    let place = used(&[]);
    copy(&place.data(), &place.dir.join("backup"));
    still_whole(&place, &[]);
    let lock = fs::read(place.data().join("head.lock")).unwrap();
    fs::rename(place.data(), place.dir.join("first")).unwrap();
    fs::rename(place.dir.join("backup"), place.data()).unwrap();
    still_whole(&place, &[]);
    still_whole(&place, &[]);
    fs::write(place.data().join("head.lock"), lock).unwrap();
    refused(&place, &[], &["head.lock", "are not those", "evidence"]);
}

#[test]
fn the_head_lock_of_another_ledger_is_refused() {
    let (place, other) = (used(&[]), used(&[]));
    fs::copy(other.data().join("head.lock"), place.data().join("head.lock")).unwrap();
    refused(&place, &[], &["head.lock", "does not hold a checkpoint of this ledger"]);
    fs::write(place.data().join("head.lock"), "garbage").unwrap();
    refused(&place, &[], &["head.lock", "does not hold a checkpoint of this ledger"]);
}

#[test]
fn a_damaged_log_is_refused_wherever_the_damage_is() {
    let place = used(&[]);
    let path = place.data().join("log/00000000000000000000.seg");
    let good = fs::read(&path).unwrap();
    let end = good.iter().rposition(|byte| *byte != 0).unwrap();
    for at in [3, 20, 70, 300, end / 2] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&path, &bad).unwrap();
        refused(&place, &[], &["damaged"]);
    }
    fs::write(&path, &good).unwrap();
    fs::write(place.data().join("genesis.json"), "{}").unwrap();
    refused(&place, &[], &["genesis"]);
}

#[test]
fn a_missing_log_or_statement_does_not_begin_a_new_ledger() {
    for gone in ["genesis.json", "log"] {
        let place = used(&[]);
        fs::rename(place.data().join(gone), place.dir.join("gone")).unwrap();
        refused(&place, &[], &[]);
    }
}

#[test]
fn a_directory_with_other_files_is_left_alone() {
    let place = Place::new();
    fs::create_dir(place.data()).unwrap();
    fs::write(place.data().join("holiday.jpg"), "a beach").unwrap();
    refused(&place, &[], &["holiday.jpg", "choose an empty directory"]);
    assert_eq!(fs::read_dir(place.data()).unwrap().count(), 1, "not even a lock is left there");
}

#[test]
fn words_that_the_program_does_not_know_are_named() {
    for (words, named) in [
        (vec!["serve", "--lsten", "127.0.0.1:0"], "--listen"),
        (vec!["serve", "--listen", "nowhere"], "nowhere"),
        (vec!["serve", "--checkpoint-events", "0"], "--checkpoint-events"),
        (vec!["serv"], "serve"),
        (vec!["rotate-key", "--purpose", "doors"], "events"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_deed")).args(&words).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(text.contains(named), "{words:?}: {text}");
    }
}

#[test]
fn a_key_is_rotated_and_a_new_claim_link_made_while_the_server_is_stopped() {
    let place = used(&[]);
    let run = |words: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_deed"));
        let output = command.args(words).arg("--data").arg(place.data()).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(run(&["rotate-key", "--purpose", "events"]).contains("events are signed by"));
    assert!(run(&["rotate-key", "--purpose", "checkpoints"]).contains("checkpoints are signed by"));
    let link = run(&["claim-link"]);
    let token = link.trim_end().rsplit_once("#token=").unwrap().1;
    let server = place.serve(&[]);
    let arguments = serde_json::json!({"token": token});
    server.client().done("second", "identity.claim_ownership", &arguments);
    let key = server.key.clone();
    assert!(server.terminate().success());
    let mut auditor = Auditor::pinning(&key);
    auditor.keep(&fs::read_to_string(place.data().join("checkpoint")).unwrap());
    let report = auditor.find_nothing_wrong(&place.data());
    assert_eq!(report.exit(), 0, "{}", report.text());
}

#[test]
fn a_server_goes_on_when_nobody_reads_what_it_says() {
    let place = Place::new();
    let mut command = place.command(&[]);
    let mut child = command.stdout(std::process::Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    common::until("the log", || place.data().join("checkpoint").exists().then_some(()));
    common::server::signal(child.id(), "TERM");
    assert!(child.wait().unwrap().success());
}
