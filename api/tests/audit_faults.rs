//! The audit search while the files under a running server come to harm: the index changes no answer, and a log that cannot be read is said to be so.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::auditor::Auditor;
use common::client::Client;
use common::people::{Member, claim};
use common::server::{Place, Server};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Searches that the index answers, and one that it does not.
const SEARCHES: [&str; 5] = [
    "",
    "outcome:done",
    "type:access.* outcome:done",
    "type:custody.ledger_opened actor:system",
    "type:access.organization_created actor:operator",
];

/// A server with some files of log.
fn busy(place: &Place) -> (Server, Member) {
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    (0..250).for_each(|number| create(&owner.client, number));
    (server, owner)
}

fn create(client: &Client, number: u32) {
    let handle = format!("org-{number}");
    client.done(&handle, "access.create_organization", &json!({"handle": handle}));
}

fn path(q: &str, size: u64, cursor: Option<&str>) -> String {
    let q: String = q.bytes().map(|byte| format!("%{byte:02x}")).collect();
    let cursor = cursor.map(|cursor| format!("&cursor={cursor}")).unwrap_or_default();
    format!("/api/v1/audit?q={q}&as_of={size}&limit=100{cursor}")
}

/// All that a search finds, page by page.
fn found(client: &Client, q: &str, size: u64) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), None);
    loop {
        let page = client.read(&path(q, size, cursor.as_deref()));
        rows.extend(page["rows"].as_array().unwrap().clone());
        cursor = page["next"].as_str().map(str::to_owned);
        if cursor.is_none() {
            return rows;
        }
    }
}

fn all_found(client: &Client, size: u64) -> Vec<Vec<Value>> {
    SEARCHES.iter().map(|q| found(client, q, size)).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect();
    files.sort();
    files
}

/// What is done to the index while the server runs.
type Harm = fn(&Path);

const HARMS: [Harm; 4] = [
    |index| fs::remove_dir_all(index).unwrap(),
    |index| files(index).iter().for_each(|file| fs::write(file, []).unwrap()),
    |index| {
        for file in files(index) {
            let length = usize::try_from(fs::metadata(&file).unwrap().len()).unwrap();
            fs::write(file, vec![0xa5; length]).unwrap();
        }
    },
    |index| files(index).iter().for_each(|file| fs::remove_file(file).unwrap()),
];

#[test]
fn whatever_happens_to_the_index_the_search_finds_the_same() {
    for (number, harm) in HARMS.iter().enumerate() {
        let place = Place::new();
        let (server, owner) = busy(&place);
        let size = owner.client.size();
        let before = all_found(&owner.client, size);
        assert!(before.iter().all(|rows| !rows.is_empty() || rows == before.last().unwrap()));
        harm(&place.data().join("index"));
        assert_eq!(all_found(&owner.client, size), before, "{number}: while it runs");
        // Enough that the index has to store what it holds.
        (300..310).for_each(|number| create(&owner.client, number));
        assert_eq!(all_found(&owner.client, size), before, "{number}: after more events");
        server.kill();
        // At once: the index is made again meanwhile.
        let server = place.serve(&[]);
        let owner = owner.at(&server);
        assert_eq!(all_found(&owner.client, size), before, "{number}: while it is made again");
        create(&owner.client, 400);
        assert!(server.terminate().success(), "{number}: {}", place.log());
        assert!(!place.log().contains("panicked"), "{number}: {}", place.log());
    }
}

/// The rows of searches that can be answered, and how many cannot, each with a document that says so.
fn attempts(client: &Client, size: u64) -> (usize, usize) {
    let (mut answered, mut unreadable) = (0, 0);
    for q in SEARCHES {
        for before in (0..=size).rev().step_by(20) {
            let answer = client.get(&path(q, size, Some(&before.to_string())));
            if answer.status == 200 {
                answered += 1;
                continue;
            }
            assert_eq!((answer.status, answer.problem().as_str()), (503, "unreadable"), "{answer}");
            assert_eq!(answer.header("retry-after"), Some("1"), "{answer}");
            assert!(!answer.text().contains("/log/"), "a client learns no paths: {answer}");
            unreadable += 1;
        }
    }
    (answered, unreadable)
}

fn forbid(file: &Path) {
    fs::set_permissions(file, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::File::open(file).is_ok() {
        // Whoever may read everything is kept off by another name.
        fs::rename(file, file.with_extension("away")).unwrap();
    }
}

fn allow(file: &Path) {
    let away = file.with_extension("away");
    if away.exists() {
        fs::rename(away, file).unwrap();
    }
    fs::set_permissions(file, fs::Permissions::from_mode(0o600)).unwrap();
}

/// How a file is made what it was.
type Heal = fn(&Path, &[u8]);

#[test]
fn a_log_file_that_cannot_be_read_is_told_and_found_again_when_it_can() {
    let harms: [(&str, Harm, Heal); 4] = [
        ("forbidden", forbid, |file, _| allow(file)),
        ("cut", |file| fs::File::options().write(true).open(file).unwrap().set_len(20_000).unwrap(), restore),
        ("empty", |file| fs::write(file, []).unwrap(), restore),
        (
            "foreign",
            |file| {
                let next = files(file.parent().unwrap()).last().unwrap().clone();
                fs::copy(next, file).unwrap();
            },
            restore,
        ),
    ];
    let place = Place::new();
    let (mut server, mut owner) = busy(&place);
    let key = server.key.clone();
    for (label, harm, heal) in harms {
        let size = owner.client.size();
        let before = all_found(&owner.client, size);
        let file = files(&place.data().join("log"))[1].clone();
        let whole = fs::read(&file).unwrap();
        harm(&file);
        let (answered, unreadable) = attempts(&owner.client, size);
        assert!(answered > 0 && unreadable > 0, "{label}: {answered} {unreadable}");
        // Work goes on: the file in use is another one.
        owner.client.done(label, "access.create_organization", &json!({"handle": label}));
        heal(&file, &whole);
        assert_eq!(all_found(&owner.client, size), before, "{label}");
        server.kill();
        server = place.serve(&[]);
        owner = owner.at(&server);
        assert_eq!(all_found(&owner.client, size), before, "{label}, after a restart");
    }
    assert!(place.log().contains("the log could not be read"), "the operator is told: {}", place.log());
    assert!(!place.log().contains("panicked"), "{}", place.log());
    assert!(server.terminate().success());
    let mut auditor = Auditor::pinning(&key);
    auditor.keep(&fs::read_to_string(place.data().join("checkpoint")).unwrap());
    assert_eq!(auditor.find_nothing_wrong(&place.data()).exit(), 0);
}

fn restore(file: &Path, whole: &[u8]) {
    fs::write(file, whole).unwrap();
}
