//! `docs/reference/http.md` says what the program does: its tables are complete, and its examples run.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use api::http::{COMMANDS, Kind, ROUTES, status};
use common::people::claim;
use common::server::Place;
use ledger::event::Refusal;
use ledger::event::scope::Scope;
use std::process::Command;

fn page() -> String {
    std::fs::read_to_string(fixtures::tidy::root().join("docs/reference/http.md")).unwrap()
}

/// The rows of the table under a heading, each as its cells without backticks.
fn table(heading: &str) -> Vec<Vec<String>> {
    let page = page();
    let section = page.split("\n## ").find(|section| section.starts_with(heading)).unwrap();
    let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect())
        .collect()
}

fn columns(heading: &str, count: usize) -> Vec<String> {
    table(heading).iter().map(|row| row[..count].join(" ")).collect()
}

/// The codes of all refusals: the list that reading an unknown one names.
fn refusals() -> Vec<String> {
    let cause = serde_json::from_str::<Refusal>(r#"{"code":"?"}"#).unwrap_err().to_string();
    let (_, list) = cause.split_once("expected one of ").unwrap();
    list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn every_route_and_command_is_described() {
    let routes: Vec<_> =
        ROUTES.iter().map(|(method, path)| format!("{} {path}", method.to_uppercase())).collect();
    assert_eq!(columns("Routes", 2), routes);
    assert_eq!(columns("Commands", 1), COMMANDS);
}

#[test]
fn every_problem_is_described_with_its_status() {
    let described = columns("Problems", 2);
    let own = Kind::ALL.iter().map(|kind| format!("{} {}", kind.code(), kind.status().as_u16()));
    for problem in own {
        assert!(described.contains(&problem), "`{problem}` is not described");
    }
    let described_codes = columns("Problems", 1);
    for code in refusals() {
        assert!(described_codes.contains(&code), "`{code}` is not described");
    }
    assert_eq!(described.len(), Kind::ALL.len() + refusals().len(), "what is described and does not exist?");
    for (refusal, words) in [
        (Refusal::NotAuthenticated {}, "not_authenticated 401"),
        (Refusal::ClaimNotOpen {}, "claim_not_open 403"),
        (Refusal::HandleTaken { handle: "a".into() }, "handle_taken 409"),
        (Refusal::ExpiryInPast {}, "expiry_in_past 422"),
        (Refusal::NotPermitted { permission: "a".into(), scope: Scope::Site }, "not_permitted 403"),
        (Refusal::ExceedsOwnRights { permission: "a".into(), scope: Scope::Site }, "exceeds_own_rights 403"),
    ] {
        assert_eq!(format!("{} {}", refusal.code(), status(&refusal).as_u16()), words);
        assert!(described.contains(&words.to_owned()), "{words}");
    }
}

#[test]
fn every_example_runs() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let page = page();
    let examples: Vec<&str> =
        page.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(examples.len() >= 4, "{examples:?}");
    for example in examples {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", example])
            .env("deed", format!("http://{}", server.address))
            .env("owner", owner.secret());
        let output = shell.output().unwrap();
        assert!(output.status.success(), "{example}: {}", String::from_utf8_lossy(&output.stderr));
        assert!(!output.stdout.is_empty(), "{example}");
    }
}
