//! The audit search and answers about access, as clients get them.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::client::Client;
use common::people::{Member, claim, service_account};
use common::server::{Place, Server};
use ledger::time::Time;
use projections::answers::Answer;
use serde_json::{Value, json};
use verify::answer::Comparison;
use verify::{Options, Silent};

/// A server with some life in it.
fn lively(place: &Place) -> (Server, Member, Member) {
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let robot = service_account(&owner.client, "robot", Some("auditor"));
    service_account(&owner.client, "other", Some("member"));
    let refused = json!({"subject": owner.subject, "role": "owner"});
    assert_eq!(robot.client.order("too-much", "access.grant_role", &refused).status, 403);
    (server, owner, robot)
}

/// A text as a part of a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn search(client: &Client, q: &str, rest: &str) -> Value {
    client.read(&format!("/api/v1/audit?q={}{rest}", encoded(q)))
}

fn positions(page: &Value) -> Vec<u64> {
    page["rows"].as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()).collect()
}

/// Whether a leaf is to be found.
type Finds<'a> = Box<dyn Fn(&Value) -> bool + 'a>;

#[test]
fn a_search_finds_what_a_reader_of_all_events_would_find() {
    let place = Place::new();
    let (_server, owner, robot) = lively(&place);
    let size = owner.client.size();
    let events = owner.client.read("/api/v1/events?limit=1000");
    let leaves: Vec<Value> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .take(usize::try_from(size).unwrap())
        .map(|event| serde_json::from_str(event["leaf"].as_str().unwrap()).unwrap())
        .collect();
    let middle = leaves[leaves.len() / 2]["time"].as_str().unwrap().to_owned();
    let robot_id = robot.subject.clone();
    let is = |leaf: &Value, path: &str, text: &str| leaf.pointer(path).is_some_and(|found| found == text);
    let searches: [(String, Finds<'_>); 6] = [
        (String::new(), Box::new(|_| true)),
        (format!("actor:{robot_id}"), Box::new(|leaf| is(leaf, "/actor/id", &robot_id))),
        (
            format!("actor:{} type:access.*", owner.subject),
            Box::new(|leaf| {
                let kind = leaf["type"].as_str().unwrap();
                is(leaf, "/actor/id", &owner.subject) && kind.starts_with("access.")
            }),
        ),
        ("outcome:refused".into(), Box::new(|leaf| is(leaf, "/outcome", "refused"))),
        (
            format!("object:\"{robot_id}\" outcome:done"),
            Box::new(|leaf| is(leaf, "/object/id", &robot_id) && is(leaf, "/outcome", "done")),
        ),
        (
            format!("since:{middle} type:identity.*"),
            Box::new(|leaf| {
                let kind = leaf["type"].as_str().unwrap();
                leaf["time"].as_str().unwrap() >= &*middle && kind.starts_with("identity.")
            }),
        ),
    ];
    for (q, takes) in searches {
        let expected = leaves.iter().rev().filter(|leaf| takes(leaf));
        let expected: Vec<u64> = expected.map(|leaf| leaf["seq"].as_u64().unwrap()).collect();
        let whole = search(&owner.client, &q, &format!("&as_of={size}&limit=1000"));
        assert_eq!(positions(&whole), expected, "{q}");
        assert_eq!((&whole["next"], whole["size"].as_u64()), (&Value::Null, Some(size)), "{q}");
        let (mut found, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = search(&owner.client, &q, &format!("&as_of={size}&limit=2{cursor}"));
            found.extend(positions(&page));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(found, expected, "{q}");
    }
}

#[test]
fn a_row_says_what_its_leaf_says_and_the_page_can_be_checked() {
    let place = Place::new();
    let (_server, owner, robot) = lively(&place);
    let page = search(&owner.client, &format!("actor:{} outcome:refused", robot.subject), "");
    let row = &page["rows"][0];
    let event = owner.client.read(&format!("/api/v1/events/{}", row["seq"]));
    assert_eq!((&row["leaf"], &row["leaf_hash"]), (&event["leaf"], &event["leaf_hash"]));
    let shown = ["type", "actor", "outcome", "channel", "assurance"].map(|key| row[key].as_str().unwrap());
    assert_eq!(shown, ["custody.command_refused", &robot.subject, "refused", "http", "enforced"]);
    let last = owner.client.read(&format!("/api/v1/events/{}", page["size"].as_u64().unwrap() - 1));
    assert_eq!(page["head"], last["leaf_hash"]);
}

#[test]
fn a_search_is_for_readers_of_the_log_and_is_recorded() {
    let place = Place::new();
    let (server, owner, robot) = lively(&place);
    let other = service_account(&owner.client, "third", Some("member")).client;
    assert_eq!(other.get("/api/v1/audit?q=outcome:done").problem(), "not_permitted");
    assert_eq!(server.client().get("/api/v1/audit").problem(), "not_authenticated");
    search(&robot.client, "outcome:done", "");
    let q = format!("type:custody.log_read actor:{}", robot.subject);
    assert_eq!(search(&owner.client, &q, "")["rows"].as_array().unwrap().len(), 1);
}

#[test]
fn what_a_search_does_not_know_it_names() {
    let place = Place::new();
    let (_server, owner, _) = lively(&place);
    for (q, says) in [
        ("who:system", "`actor`, `object`, `type`, `outcome`, `since` and `until`"),
        ("type:nothing.*", "`access.*`"),
        ("outcome:maybe", "`done`, `refused` or `failed`"),
        ("actor:system actor:operator", "twice"),
        ("since:yesterday", "`2027-01-31`"),
    ] {
        let answer = owner.client.get(&format!("/api/v1/audit?q={}", encoded(q)));
        assert_eq!(answer.problem(), "wrong_query", "{q}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(says), "{answer}");
    }
    for wrong in ["?cursor=-1", "?limit=0", "?as_of=99999", "?what=1"] {
        assert_eq!(owner.client.get(&format!("/api/v1/audit{wrong}")).problem(), "wrong_query", "{wrong}");
    }
    assert_eq!(positions(&owner.client.read("/api/v1/audit?cursor=0")), [0_u64; 0]);
    let refused = owner.client.read("/api/v1/events?outcome=refused");
    assert_eq!(refused["events"].as_array().unwrap().len(), 1);
}

#[test]
fn answers_about_access_are_computed_again_from_the_data_alone() {
    let place = Place::new();
    let (server, owner, robot) = lively(&place);
    let grants = owner.client.read("/api/v1/grants");
    let of_robot = |row: &&Value| row["subject"] == json!(robot.subject);
    let grant = grants["rows"].as_array().unwrap().iter().find(of_robot).unwrap()["grant"].clone();
    let before = owner.client.size();
    owner.client.done("take-back", "access.revoke_role", &json!({"grant": grant}));
    let answers: Vec<Value> = [
        format!("/api/v1/access?subject={}", owner.subject),
        format!("/api/v1/access?subject={}&as_of={before}", robot.subject),
        "/api/v1/access?permission=templates.read&limit=2".into(),
        format!("/api/v1/access/diff?from={before}"),
        "/api/v1/access/diff?from=0".into(),
        format!("/api/v1/access/diff?from=0&after={}", owner.subject),
        format!("/api/v1/access/explain?subject={}&permission=custody.read", robot.subject),
        format!("/api/v1/access/explain?subject={}&permission=custody.read&as_of={before}", robot.subject),
    ]
    .iter()
    .map(|path| owner.client.read(path))
    .collect();
    server.terminate();
    let options = Options { now: Time::from_micros(u64::MAX), ..Options::default() };
    for answer in answers {
        let shown: Answer = serde_json::from_value(answer.clone()).unwrap();
        let judged = verify::answer::judge(&place.data(), &shown, &options, &Silent).unwrap();
        assert_eq!(judged.answer, Comparison::Same, "{}: {answer}", judged.line());
    }
}
