//! What `deed tiles` and `deed evidence` write, and what they refuse.
#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]
#![expect(dead_code, reason = "these tests use a part of what the tests of the server share")]

mod common;

use common::auditor::Auditor;
use common::people::{claim, service_account};
use common::server::Place;
use std::process::{Command, Output};

fn deed(place: &Place, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deed"));
    command.current_dir(place.dir.path()).args(arguments).output().unwrap()
}

/// A ledger with something in it, whose server has stopped; and who pins its key.
fn ledger() -> (Place, Auditor) {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    service_account(&owner.at(&server).client, "robot", Some("auditor"));
    let auditor = Auditor::pinning(&server.key);
    assert!(server.terminate().success());
    (place, auditor)
}

#[test]
fn tiles_and_bundles_verify() {
    let (place, mut auditor) = ledger();
    auditor.keep(&std::fs::read_to_string(place.data().join("checkpoint")).unwrap());
    assert!(deed(&place, &["tiles", "--to", "tiles"]).status.success());
    auditor.find_nothing_wrong(&place.dir.join("tiles"));
    assert!(deed(&place, &["evidence", "--seq", "3", "--seq", "5", "--to", "bundle.json"]).status.success());
    auditor.find_nothing_wrong(&place.dir.join("bundle.json"));
}

#[test]
fn nothing_is_overwritten_and_nothing_beyond_the_checkpoint_is_promised() {
    let (place, _) = ledger();
    for (arguments, complaint) in [
        (&["tiles", "--to", "data"][..], "`data` is not empty; choose a new directory"),
        (&["evidence", "--seq", "3", "--to", "data/genesis.json"], "could not use `data/genesis.json`"),
        (&["evidence", "--seq", "4000", "--to", "new.json"], "the bundle could not be gathered"),
        (&["tiles", "--data", "nowhere", "--to", "new"], "could not use `nowhere/genesis.json`"),
    ] {
        let output = deed(&place, arguments);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && said.contains(complaint), "{arguments:?}: {said}");
    }
    assert!(!place.dir.join("new.json").exists());
}
