//! Who may do what: every route and every command for every role, as a table that people can read.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use api::http::{COMMANDS, ROUTES};
use common::client::{Client, JSON};
use common::people::{Member, claim, service_account};
use common::server::Place;
use common::until;
use serde_json::{Value, json};
use std::fmt::Write;

const WHO: [&str; 5] = ["anonymous", "member", "auditor", "user_admin", "owner"];

/// The table as it was agreed on.
fn golden() -> std::path::PathBuf {
    fixtures::tidy::root().join("fixtures/golden/access_matrix.txt")
}

/// What each line of the table sends. A command is sent about somebody else, who holds no role.
fn request(line: &str, column: &str, victim: &Victim) -> (&'static str, String, String) {
    let Some(command) = line.strip_prefix("command ") else {
        let (method, path) = line.split_once(' ').unwrap();
        let method = if method == "post" { "POST" } else { "GET" };
        let path = path.replace("{seq}", "1").replace("{group}", &victim.group);
        let path = path.replace("{template}", &victim.template).replace("{number}", "1");
        let path = path.replace("{workspace}", &victim.workspace);
        return (method, with_question(&path), body_of(&path));
    };
    let arguments = match command {
        "identity.claim_ownership" => json!({"token": "wrong"}),
        "identity.create_service_account" => {
            json!({"handle": format!("made-by-{}", column.replace('_', "-"))})
        }
        "identity.create_person" => json!({"login": format!("{column}@example.org")}),
        "identity.create_agent" => {
            json!({"handle": format!("agent-of-{}", column.replace('_', "-")), "sponsor": victim.subject})
        }
        "identity.suspend_subject" | "identity.remove_subject" => {
            json!({"subject": victim.subject, "reason": "a test"})
        }
        "identity.reactivate_subject" => json!({"subject": victim.subject}),
        "identity.create_group" => json!({"handle": format!("group-of-{}", column.replace('_', "-"))}),
        "identity.remove_group" => json!({"group": victim.group}),
        "identity.add_member" | "identity.remove_member" => {
            json!({"group": victim.group, "subject": victim.subject})
        }
        "access.create_organization" => json!({"handle": format!("org-of-{}", column.replace('_', "-"))}),
        "access.create_project" => {
            let organization = nothing("org");
            json!({"organization": organization, "handle": "new", "environments": ["dev"]})
        }
        "access.change_project" => {
            json!({"project": nothing("prj"), "environments": ["dev"], "repositories": []})
        }
        "access.define_role" => {
            let handle = format!("role-of-{}", column.replace('_', "-"));
            json!({"handle": handle, "permissions": ["templates.read"]})
        }
        "access.change_role" => json!({"role": nothing("rol"), "permissions": []}),
        "access.retire_role" => json!({"role": nothing("rol")}),
        "access.approve_grant" => json!({"request": nothing("req")}),
        "access.decline_grant" => json!({"request": nothing("req"), "reason": "a test"}),
        "access.break_glass" => json!({"role": "owner", "seconds": 60, "reason": "a test"}),
        "access.review_break_glass" => json!({"grant": victim.grant, "finding": "a test", "justified": true}),
        "access.separate_duties" => json!({"one": "keys.manage", "other": format!("{}.read", "runs")}),
        "access.join_duties" => json!({"duty": nothing("dut")}),
        "access.map_group" => json!({"provider": "corp", "external": column, "role": "member"}),
        "access.unmap_group" => json!({"mapping": nothing("map")}),
        "policy.propose" => json!({"body": {"access": access_policy()}}),
        "policy.approve" => json!({"policy": nothing("pol")}),
        "policy.decline" => json!({"policy": nothing("pol"), "reason": "a test"}),
        "identity.issue_credential" => json!({"subject": victim.subject}),
        "identity.revoke_credential" => json!({"credential": victim.credential}),
        "identity.make_recovery_codes" => json!({}),
        "access.grant_role" => json!({"subject": victim.subject, "role": "user_admin"}),
        "access.revoke_role" => json!({"grant": victim.grant}),
        "keys.issue_key" => json!({"alias": column, "class": "user", "owner": victim.subject}),
        "keys.rotate_key" | "keys.revoke_key" => json!({"key": victim.key}),
        "budgets.set_budget" => budget_of(&victim.subject),
        "budgets.change_budget" => json!({"budget": victim.budget, "limit": 2, "thresholds": [50]}),
        "budgets.end_budget" => json!({"budget": victim.budget}),
        command if command.starts_with("workspaces.") => of_workspaces(command, column, victim),
        "custody.erase_payloads" => json!({"subject": victim.subject, "reason": "a test"}),
        other => panic!("`{other}` has no row: say here what it is sent with"),
    };
    let body = json!({"id": format!("{column}-{command}"), "command": command, "arguments": arguments});
    ("POST", "/api/v1/commands".to_owned(), body.to_string())
}

fn of_workspaces(command: &str, column: &str, victim: &Victim) -> Value {
    let (template, workspace) = (&victim.template, &victim.workspace);
    let handle = column.replace('_', "-");
    match command {
        "workspaces.publish_template" => json!({"handle": handle, "spec": spec(), "promote": true}),
        "workspaces.promote_version" => json!({"template": template, "number": 1}),
        "workspaces.archive_version" => json!({"template": template, "number": 2}),
        "workspaces.deprecate_template" => json!({"template": template, "message": "a test"}),
        "workspaces.archive_template" => json!({"template": template}),
        "workspaces.create_workspace" => json!({"handle": handle, "template": template}),
        "workspaces.transfer_workspace" => json!({"workspace": workspace, "to": victim.subject}),
        "workspaces.share_app" => json!({"workspace": workspace, "app": "web", "sharing": "owner"}),
        "workspaces.delete_volume" => json!({"workspace": workspace, "volume": "home"}),
        _ => json!({"workspace": workspace}),
    }
}

/// The smallest template there is.
fn spec() -> Value {
    json!({
        "container": {"image": format!("sha256:{}", "0".repeat(64)), "user": "1000:1000"},
        "limits": {"cpu_millis": 100, "memory_mib": 64, "processes": 64},
    })
}

fn access_policy() -> Value {
    json!({
        "approved_roles": [],
        "break_glass_roles": ["owner"],
        "break_glass_seconds_max": 60,
        "policies_are_approved": false,
    })
}

/// What a path is asked with, where it takes a question.
fn with_question(path: &str) -> String {
    match path {
        "/api/v1/access" => format!("{path}?permission=runs.read"),
        "/api/v1/access/diff" => format!("{path}?from=0"),
        "/api/v1/access/explain" => format!("{path}?permission=runs.read&subject={}", nothing("per")),
        path => path.to_owned(),
    }
}

fn body_of(path: &str) -> String {
    match path {
        path if path.ends_with("/plan") => json!({"spec": spec()}).to_string(),
        "/api/v1/authcheck" => json!({"checks": {"read": {"permission": "runs.read"}}}).to_string(),
        _ => String::new(),
    }
}

/// The id of something that does not exist.
fn nothing(prefix: &str) -> String {
    format!("{prefix}_{}", "0".repeat(32))
}

/// Whom commands are about: somebody new for every column, so that one column does not change the next.
struct Victim {
    subject: String,
    credential: String,
    grant: Value,
    group: String,
    key: String,
    budget: String,
    template: String,
    workspace: String,
}

fn budget_of(subject: &str) -> Value {
    json!({"target": subject, "unit": "tokens", "period": "day", "kind": "alert", "limit": 1})
}

fn victim(owner: &Client, handle: &str) -> Victim {
    let Member { subject, credential, .. } = service_account(owner, handle, Some("member"));
    let grants = owner.read("/api/v1/grants?limit=1000");
    let of = |row: &&Value| row["subject"] == subject;
    let grant = grants["rows"].as_array().unwrap().iter().find(of).unwrap()["grant"].clone();
    let make = |kind: &str, command: &str, arguments: Value| {
        let made = owner.done(&format!("{kind}-{handle}"), command, &arguments);
        made["result"][kind].as_str().unwrap().to_owned()
    };
    let group = make("group", "identity.create_group", json!({"handle": handle}));
    let key = make("key", "keys.issue_key", json!({"alias": handle, "class": "user", "owner": subject}));
    let budget = make("budget", "budgets.set_budget", budget_of(&subject));
    let name = handle.trim_start_matches("victim-");
    let published = json!({"handle": name, "spec": spec(), "promote": true});
    let template = make("template", "workspaces.publish_template", published);
    let workspace =
        make("workspace", "workspaces.create_workspace", json!({"handle": name, "template": template}));
    Victim { subject, credential, grant, group, key, budget, template, workspace }
}

fn cell(client: &Client, line: &str, column: &str, victim: &Victim) -> String {
    let (method, path, body) = request(line, column, victim);
    let answer = match body.as_str() {
        "" if method == "POST" => client.send(method, &path, JSON, b"{}"),
        "" => client.get(&path),
        body => client.send(method, &path, JSON, body.as_bytes()),
    };
    if answer.status < 400 {
        answer.status.to_string()
    } else {
        format!("{} {}", answer.status, answer.problem())
    }
}

fn lines() -> Vec<String> {
    let routes = ROUTES.iter().map(|(method, path)| format!("{method} {path}"));
    routes.chain(COMMANDS.iter().map(|command| format!("command {command}"))).collect()
}

fn table() -> String {
    let place = Place::new();
    let mut server = place.serve(&["--checkpoint-events", "1"]);
    let owner = claim(&mut server).client;
    let clients = WHO.map(|who| match who {
        "anonymous" => server.client(),
        "owner" => owner.clone(),
        role => service_account(&owner, &role.replace('_', "-"), Some(role)).client,
    });
    let victims = WHO.map(|who| victim(&owner, &format!("victim-of-{}", who.replace('_', "-"))));
    until("a proof", || (owner.get("/api/v1/events/1/proof").status == 200).then_some(()));
    let mut table = String::from(
        "# Written by `cargo gate --write`. One line for each route and command, one column for each role.\n",
    );
    for line in lines() {
        writeln!(table, "\n{line}").unwrap();
        for ((who, client), victim) in WHO.iter().zip(&clients).zip(&victims) {
            writeln!(table, "    {who:<10} {}", cell(client, &line, who, victim)).unwrap();
        }
    }
    table
}

#[test]
fn the_golden_table_says_who_may_do_what() {
    let table = table();
    if std::env::var_os("DEED_WRITE_GOLDEN").is_some() {
        std::fs::write(golden(), &table).unwrap();
    }
    let agreed = std::fs::read_to_string(golden()).unwrap_or_default();
    assert!(table == agreed, "`{}` differs from what the server does:\n{table}", golden().display());
}

#[test]
fn no_route_and_no_command_lacks_a_row() {
    let agreed = std::fs::read_to_string(golden()).unwrap();
    let rows: Vec<&str> =
        agreed.lines().filter(|line| line.starts_with(|c: char| c.is_lowercase())).collect();
    assert_eq!(rows, lines());
}
