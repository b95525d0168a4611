//! The README's walk-through, run as it stands: a stranger's first hour must work.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it cannot go on")]
#![expect(dead_code, reason = "these tests use a part of what the tests of the server share")]

mod common;

use common::auditor::verifier;
use common::server::Place;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// The shell block after a mark.
fn block(mark: &str) -> &'static str {
    let after = README
        .split_once(&format!("<!-- {mark}: tested -->\n```sh\n"))
        .unwrap_or_else(|| panic!("no `{mark}`"));
    after.1.split_once("```").unwrap().0
}

/// Runs a script where the ledger is; what it printed.
fn run(place: &Place, script: &str) -> String {
    let output = Command::new("bash").arg("-c").arg(script).current_dir(place.dir.path()).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    format!("{out}{err}")
}

#[test]
fn the_walk_through_does_what_it_says() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let token = server.claim_token();
    let script = block("walk-through")
        .replace("deed_…", &token)
        .replace("127.0.0.1:7331", &server.address.to_string());
    let said = run(&place, &script);
    for expected in [
        "\"secret\": \"deed_",
        "same answer",
        "the command id `grant-1` was used for another command",
        "this needs the permission `access.grant`",
        "access.role_revoked",
        "person refused custody.command_refused",
        "service_account refused custody.command_refused",
    ] {
        assert!(said.contains(expected), "`{expected}` is missing in:\n{said}");
    }
    assert!(server.terminate().success());

    let check = block("check").replace("target/release/deed-verify", verifier().to_str().unwrap());
    let said = run(&place, &check);
    assert!(said.contains("\nANCHORED "), "{said}");
    assert!(said.contains("\nUNANCHORED "), "{said}");
    assert!(said.contains("4 receipts") || said.contains("1 receipts"), "{said}");

    let said = run(&place, &format!("{check}{}", block("tamper")).replace("\nverify ", "\necho ==\nverify "));
    let verdicts: Vec<&str> = said.split("==\n").skip(4).collect();
    let [flipped, cut, cut_and_kept] = verdicts[..] else { panic!("{said}") };
    assert!(flipped.contains("INVALID"), "{flipped}");
    assert!(cut.contains("UNANCHORED") && !cut.contains("INVALID"), "{cut}");
    assert!(cut_and_kept.contains("INVALID") && cut_and_kept.contains("ROLLBACK"), "{cut_and_kept}");
}
