//! `ETag`, `If-None-Match`, `If-Match` and the limit on requests, over the real server.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use api::http::openapi::document;
use common::client::{Answer, Client, JSON};
use common::people::claim;
use common::server::Place;
use serde_json::{Value, json};

fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer}");
    answer.header("etag").unwrap_or_default().to_owned()
}

fn read(client: &Client, path: &str, headers: &str) -> Answer {
    client.send("GET", path, headers, b"")
}

/// Paths whose answers the document gives a tag, with what they must be asked with.
fn tagged(template: &str, workspace: &str) -> Vec<String> {
    let document = document();
    let paths = document["paths"].as_object().unwrap();
    let tagged = paths.iter().filter(|(_, found)| found["get"]["responses"].get("304").is_some());
    let asked = |path: &str| match path {
        "/api/v1/access" => format!("{path}?permission=access.read"),
        "/api/v1/access/diff" => format!("{path}?from=0"),
        "/api/v1/access/explain" => {
            format!("{path}?permission=access.read&subject=svc_00000000000000000000000000000000")
        }
        path => path
            .replace("{group}", "grp_00000000000000000000000000000000")
            .replace("{template}", template)
            .replace("{number}", "1")
            .replace("{workspace}", workspace),
    };
    tagged.map(|(path, _)| asked(path)).collect()
}

#[test]
fn every_list_has_a_tag_and_is_not_sent_twice() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let spec = json!({
        "container": {"image": format!("sha256:{}", "0".repeat(64)), "user": "1000:1000"},
        "limits": {"cpu_millis": 100, "memory_mib": 64, "processes": 64},
    });
    let made = |id: &str, command: &str, arguments: Value, kind: &str| {
        owner.done(id, command, &arguments)["result"][kind].as_str().unwrap().to_owned()
    };
    let published = json!({"handle": "tiny", "spec": spec, "promote": true});
    let template = made("publish", "workspaces.publish_template", published, "template");
    let created = json!({"handle": "dev", "template": template});
    let workspace = made("create", "workspaces.create_workspace", created, "workspace");
    let size = owner.size();
    let paths = tagged(&template, &workspace);
    assert!(paths.len() >= 15, "{paths:?}");
    for path in paths {
        let first = tag(&owner.get(&path));
        assert!(first.trim_start_matches("W/").starts_with(&format!("\"{size}.")), "{path}: {first}");
        let again = read(&owner, &path, &format!("If-None-Match: \"0.00\", {first}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}: {again}");
        assert_eq!(again.header("etag"), Some(first.as_str()), "{path}");
        let other = read(&owner, &path, "If-None-Match: \"1.00\"\r\n");
        assert_eq!(other.status, 200, "{path}: {other}");
    }
    // Who may not see it learns nothing by a tag.
    let anybody = read(&server.client(), "/api/v1/users", "If-None-Match: *\r\n");
    assert_eq!(anybody.status, 401, "{anybody}");
}

#[test]
fn a_list_that_grew_is_sent_again() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let before = tag(&owner.get("/api/v1/organizations"));
    owner.done("acme", "access.create_organization", &json!({"handle": "acme"}));
    let after = read(&owner, "/api/v1/organizations", &format!("If-None-Match: {before}\r\n"));
    assert_ne!(tag(&after), before);
    assert_eq!(after.json()["rows"][0]["handle"], "acme");
}

fn organization(client: &Client, handle: &str, seen: &str) -> Answer {
    let body =
        json!({"id": handle, "command": "access.create_organization", "arguments": {"handle": handle}});
    let headers = format!("{JSON}If-Match: {seen}\r\n");
    client.send("POST", "/api/v1/commands", &headers, body.to_string().as_bytes())
}

#[test]
fn a_command_on_what_one_has_seen_is_not_done_when_there_is_more() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let seen = tag(&owner.get("/api/v1/organizations"));
    let first = organization(&owner, "first", &seen);
    assert_eq!(first.status, 200, "{first}");
    let size = owner.size();
    let second = organization(&owner, "second", &seen);
    assert_eq!((second.status, second.problem().as_str()), (412, "changed_since"), "{second}");
    assert_eq!(owner.size(), size, "that it was not done is not recorded");
    // What was done already is answered as before, whatever came since.
    assert_eq!(organization(&owner, "first", &seen).json(), first.json());
    assert_eq!(organization(&owner, "second", &format!("\"{size}\"")).status, 200);
    assert_eq!(organization(&owner, "third", "*").status, 200);
    let wrong = organization(&owner, "fourth", "7");
    assert_eq!((wrong.status, wrong.problem().as_str()), (400, "wrong_header"), "{wrong}");
    // A refusal comes before the condition, and is recorded.
    let refused = organization(&server.client(), "fifth", &seen);
    assert_eq!(refused.status, 401, "{refused}");
    assert_eq!(owner.read("/api/v1/organizations")["rows"].as_array().map(Vec::len), Some(3));
}

#[test]
fn of_many_who_order_on_the_same_size_one_is_done() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let seen = format!("\"{}\"", owner.size());
    let threads: Vec<_> = (0..16)
        .map(|number| {
            let (owner, seen) = (owner.clone(), seen.clone());
            std::thread::spawn(move || organization(&owner, &format!("o-{number}"), &seen).status)
        })
        .collect();
    let mut statuses: Vec<u16> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (200, &[412; 15][..]));
}

#[test]
fn too_many_requests_are_told_to_wait() {
    let place = Place::new();
    let mut server = place.serve(&["--requests-per-second", "1"]);
    let owner = claim(&mut server).client;
    let answers: Vec<Answer> = (0..40).map(|_| owner.get("/api/v1/me")).collect();
    assert_eq!(answers[0].header("ratelimit-limit"), Some("4"), "{}", answers[0]);
    let limited: Vec<&Answer> = answers.iter().filter(|answer| answer.status != 200).collect();
    let refused = limited.first().unwrap();
    assert_eq!((refused.status, refused.problem().as_str()), (429, "rate_limited"), "{refused}");
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=4).contains(&wait), "{refused}");
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"), "{refused}");
    let reset: u64 = refused.header("ratelimit-reset").unwrap().parse().unwrap();
    assert_eq!(reset, 4, "{refused}");
    // Whether the server lives can be asked at any time.
    assert!((0..40).all(|_| server.client().get("/healthz").status == 200));
}

#[test]
fn without_a_number_there_is_no_limit() {
    let place = Place::new();
    let mut server = place.serve(&["--requests-per-second", "0"]);
    let owner = claim(&mut server).client;
    let answers: Vec<Answer> = (0..300).map(|_| owner.get("/api/v1/me")).collect();
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.header("ratelimit-limit").is_none()));
    assert!(matches!(answers[0].json()["access"], Value::Array(_)));
}
