//! `deed` as a client: what it shows, what it says when it is refused, and how it ends.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use api::http::COMMANDS;
use common::people::claim;
use common::server::{Place, Server};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;

/// Somebody at a terminal.
struct Terminal {
    server: String,
    credential: Option<PathBuf>,
}

/// What one run of the program said, and how it ended.
#[derive(Debug)]
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Terminal {
    fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deed"));
        command.args(words).env("DEED_SERVER", &self.server).env_remove("RUST_LOG");
        command.env_remove("DEED_CREDENTIAL_FILE").env("XDG_CONFIG_HOME", "/nonexistent");
        if let Some(file) = &self.credential {
            command.env("DEED_CREDENTIAL_FILE", file);
        }
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    fn done(&self, words: &[&str]) -> String {
        let said = self.run(words);
        assert_eq!((said.code, said.err.as_str()), (Some(0), ""), "{words:?}: {said:?}");
        said.out
    }

    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.done(words)).unwrap()
    }

    /// A command that makes something, and the id of what it made.
    fn make(&self, kind: &str, words: &[&str]) -> String {
        let out = self.done(&[&["do"], words].concat());
        let line = out.lines().find(|line| line.split_whitespace().next() == Some(kind));
        line.unwrap_or_else(|| panic!("no {kind}: {out}")).split_whitespace().nth(1).unwrap().to_owned()
    }
}

fn served(place: &Place) -> (Server, Terminal) {
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let file = place.dir.join("credential");
    std::fs::write(&file, format!("{}\n", owner.secret())).unwrap();
    let terminal = Terminal { server: format!("http://{}", server.address), credential: Some(file) };
    (server, terminal)
}

#[test]
fn commands_are_sent_and_lists_are_shown() {
    let place = Place::new();
    let (_server, owner) = served(&place);
    let robot = owner.make("service_account", &["identity.create_service_account", "handle=robot"]);
    let organization = owner.make("organization", &["access.create_organization", "handle=acme"]);
    let project = format!("organization={organization}");
    let words = ["access.create_project", &project, "handle=shop", "environments=dev,prod"];
    let project = owner.make("project", &words);
    let subject = format!("subject={robot}");
    let scope = format!("scope={project}");
    owner.make("grant", &["access.grant_role", &subject, "role=operator", &scope, "environments=dev"]);

    let table = owner.done(&["service-accounts", "list"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("SUBJECT") && lines[0].contains("HANDLE"), "{table}");
    assert!(lines[1].starts_with(&robot) && lines[1].contains("robot"), "{table}");
    let list = owner.json(&["grants", "list", "--json"]);
    assert_eq!(list["rows"].as_array().unwrap().len(), 2, "{list}");
    let page = owner.json(&["grants", "list", "--json", "--limit", "1"]);
    assert_eq!((page["rows"].as_array().unwrap().len(), page["next"].is_string()), (1, true), "{page}");
    assert_eq!(owner.json(&["grants", "list", "--json", "--as-of", "0"])["rows"], serde_json::json!([]));
}

#[test]
fn the_log_is_searched_a_page_at_a_time() {
    let place = Place::new();
    let (_server, owner) = served(&place);
    let robot = owner.make("service_account", &["identity.create_service_account", "handle=robot"]);
    let table = owner.done(&["audit", "search", "--q", "type:identity.service_account_created"]);
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("SEQ") && !lines[0].contains("LEAF"), "{table}");
    assert!(lines.len() == 2 && lines[1].contains(&robot), "{table}");
    let page = owner.json(&["audit", "search", "--limit", "1", "--json"]);
    assert_eq!((page["rows"].as_array().unwrap().len(), page["next"].is_string()), (1, true), "{page}");
    assert_eq!(owner.done(&["sessions", "list"]), "");
}

#[test]
fn questions_about_access_are_answered() {
    let place = Place::new();
    let (_server, owner) = served(&place);
    let robot = owner.make("service_account", &["identity.create_service_account", "handle=robot"]);
    let subject = format!("subject={robot}");
    owner.make("grant", &["access.grant_role", &subject, "role=auditor"]);
    let me = owner.done(&["me"]);
    assert!(me.contains("subject") && me.contains("owner"), "{me}");
    let of = owner.done(&["access", "of", &robot]);
    assert!(of.contains("auditor") && of.contains(&robot), "{of}");
    let who = owner.done(&["access", "who", "custody.read"]);
    assert!(who.contains(&robot) && who.contains("owner"), "{who}");
    let diff = owner.done(&["access", "diff", "--from", "0"]);
    assert!(diff.contains("gained") && diff.contains(&robot), "{diff}");
    let why = owner.json(&["access", "explain", &robot, "access.grant", "--json"]);
    assert_eq!(why["allowed"], false, "{why}");
    assert!(owner.done(&["access", "explain", &robot, "custody.read"]).contains("allowed"));
}

#[test]
fn the_end_says_whether_it_was_done_refused_or_never_asked() {
    let place = Place::new();
    let (server, owner) = served(&place);
    let nobody = Terminal { server: owner.server.clone(), credential: None };
    let said = nobody.run(&["users", "list"]);
    assert_eq!((said.code, said.out.as_str()), (Some(1), ""), "{said:?}");
    assert!(said.err.starts_with("deed: not_authenticated: ") && said.err.lines().count() == 1, "{said:?}");
    let said = owner.run(&["do", "identity.create_service_account", "handle=Not A Handle"]);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.starts_with("deed: wrong_shape: "), "{said:?}");
    for words in [
        ["do", "identity.create_service_account", "name=a"],
        ["do", "identity.create_service_account", "handle"],
        ["do", "identity.claim_ownership", "token=deed_on_the_command_line"],
        ["do", "access.break_glass", "seconds=many"],
        ["do", "no.such_command", "a=b"],
        ["--server", "https://127.0.0.1:1", "me"],
    ] {
        let said = owner.run(&words);
        assert_eq!((said.code, said.out.as_str()), (Some(2), ""), "{words:?}: {said:?}");
    }
    server.kill();
    let said = owner.run(&["me"]);
    assert_eq!(said.code, Some(2), "{said:?}");
    assert!(said.err.starts_with("deed: could not reach"), "{said:?}");
}

#[test]
fn the_same_id_is_the_same_command() {
    let place = Place::new();
    let (_server, owner) = served(&place);
    let words = ["do", "access.create_organization", "handle=acme", "--id", "make-acme"];
    assert_eq!(owner.done(&words), owner.done(&words));
    let arguments = ["do", "access.create_organization", "--arguments", "{\"handle\":\"other\"}"];
    assert!(owner.done(&arguments).starts_with("organization"));
    let late = ["do", "access.create_organization", "handle=late", "--if-match", "1"];
    let said = owner.run(&late);
    assert_eq!(said.code, Some(1), "{said:?}");
    assert!(said.err.starts_with("deed: changed_since: "), "{said:?}");
}

#[test]
fn a_secret_argument_comes_from_a_file() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let token = place.dir.join("token");
    std::fs::write(&token, server.claim_token()).unwrap();
    let nobody = Terminal { server: format!("http://{}", server.address), credential: None };
    let token = format!("token=@{}", token.display());
    assert!(nobody.make("secret", &["identity.claim_ownership", &token]).starts_with("deed_"));
}

#[test]
fn every_command_has_a_word_with_help() {
    let nobody = Terminal { server: String::new(), credential: None };
    let help = nobody.done(&["do", "--help"]);
    for command in COMMANDS {
        assert!(help.contains(command), "{command} is missing: {help}");
    }
    let help = nobody.done(&["do", "access.grant_role", "--help"]);
    assert!(help.contains("role, [scope], subject") || help.contains("role"), "{help}");
}
