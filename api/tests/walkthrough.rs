//! The whole interface once through, as its users go, and then the auditor's verdict.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::auditor::{Auditor, leaf};
use common::client::Client;
use common::people::{claim, service_account, text};
use common::server::Place;
use common::tail::Tail;
use common::until;
use ledger::event::{Decoded, Event};
use ledger::hash::from_base64;
use ledger::merkle::leaf_hash;
use ledger::proof::LogProof;
use serde_json::{Value, json};

const OFTEN: &[&str] = &["--checkpoint-events", "1"];

#[test]
fn everything_done_and_refused_is_receipted_and_verifies() {
    let place = Place::new();
    let mut server = place.serve(OFTEN);
    let mut auditor = Auditor::pinning(&server.key);
    let owner = claim(&mut server);
    let bot = service_account(&owner.client, "builder", Some("member"));
    let mut receipts = [owner.receipts.clone(), bot.receipts.clone()].concat();

    let refused =
        bot.client.order("sneak", "access.grant_role", &json!({"subject": bot.subject, "role": "owner"}));
    assert_eq!((refused.status, refused.problem().as_str()), (403, "not_permitted"));
    receipts.push(refused.json()["receipt"].clone());

    let grants = owner.client.read("/api/v1/grants");
    let of_bot = |row: &&Value| row["subject"] == bot.subject;
    let grant = grants["rows"].as_array().unwrap().iter().find(of_bot).unwrap();
    let revoked = owner.client.done("take-back", "access.revoke_role", &json!({"grant": grant["grant"]}));
    receipts.push(revoked["receipt"].clone());
    let again = owner.client.done("take-back-2", "access.revoke_role", &json!({"grant": grant["grant"]}));
    assert!(again.get("receipt").is_none() && again["result"] == json!({}), "{again}");

    let gone =
        owner.client.done("lock-out", "identity.revoke_credential", &json!({"credential": bot.credential}));
    receipts.push(gone["receipt"].clone());
    assert_eq!(bot.client.get("/api/v1/me").status, 401);

    let erased = owner.client.done(
        "forget",
        "custody.erase_payloads",
        &json!({"subject": bot.subject, "reason": "left"}),
    );
    receipts.push(erased["receipt"].clone());
    let nothing = owner.client.order(
        "forget-2",
        "custody.erase_payloads",
        &json!({"subject": bot.subject, "reason": "x"}),
    );
    assert_eq!(nothing.problem(), "nothing_to_erase");
    receipts.push(nothing.json()["receipt"].clone());

    every_receipted_event_is_there(&owner.client, &receipts);
    auditor.keep(&until("a checkpoint", || covering(&owner.client, owner.client.size())));
    assert!(server.terminate().success(), "{}", place.log());
    receipts.iter().for_each(|receipt| auditor.hold(receipt));
    auditor.keep(&std::fs::read_to_string(place.data().join("checkpoint")).unwrap());
    let report = auditor.find_nothing_wrong(&place.data());
    assert_eq!(report.exit(), 0, "{}", report.text());
    assert_eq!((report.unanchored, report.erased, report.torn_tail_bytes), (0, 1, 0), "{}", report.text());
    assert_eq!(report.warnings, [], "{}", report.text());
    no_secret_is_in_the_log_of(&place, &[owner.secret(), bot.secret()]);
}

/// Each event of each receipt stands in the log as the receipt says.
fn every_receipted_event_is_there(client: &Client, receipts: &[Value]) {
    for event in receipts.iter().flat_map(|receipt| receipt["events"].as_array().unwrap()) {
        let row = client.read(&format!("/api/v1/events/{}", event["seq"]));
        let leaf = leaf(&row);
        for key in ["id", "seq", "type"] {
            assert_eq!(event[key], leaf[key], "{row}");
        }
        assert_eq!((&event["leaf_hash"], &event["signature"]), (&row["leaf_hash"], &row["signature"]));
    }
}

/// The checkpoint, once it covers so many events.
fn covering(client: &Client, size: u64) -> Option<String> {
    let answer = client.get("/api/v1/checkpoint");
    let covered: u64 = answer.text().lines().nth(1)?.parse().ok()?;
    (answer.status == 200 && covered >= size).then(|| answer.text())
}

fn no_secret_is_in_the_log_of(place: &Place, secrets: &[&str]) {
    let log = place.log();
    for secret in secrets {
        assert!(!log.contains(secret.get(5..69).unwrap()), "a secret is in the log:\n{log}");
    }
    assert!(!log.contains("deed_"), "{log}");
}

#[test]
fn a_proof_shows_that_an_event_is_in_the_log() {
    let place = Place::new();
    let mut server = place.serve(OFTEN);
    let owner = claim(&mut server);
    for n in 0..20 {
        service_account(&owner.client, &format!("bot-{n}"), None);
    }
    let ledger = owner.client.read("/api/v1/ledger");
    let genesis = ledger::genesis::Genesis::parse(ledger["genesis"].as_str().unwrap().as_bytes()).unwrap();
    assert_eq!(ledger["event_key"], server.key);
    for seq in [0, 1, 7, ledger["size"].as_u64().unwrap() - 1] {
        let proof = until("a proof", || {
            let answer = owner.client.get(&format!("/api/v1/events/{seq}/proof"));
            match answer.status {
                200 => Some(answer),
                _ => {
                    assert!(
                        ["not_checkpointed", "index_behind"].contains(&answer.problem().as_str()),
                        "{answer}"
                    );
                    None
                }
            }
        });
        let row = owner.client.read(&format!("/api/v1/events/{seq}"));
        let hash = leaf_hash(row["leaf"].as_str().unwrap().as_bytes());
        let proof = LogProof::parse(&proof.body).unwrap();
        assert_eq!(proof.index(), seq);
        proof.verify(&hash, genesis.origin(), genesis.checkpoint_key(), &[]).unwrap();
        assert!(proof.verify(&leaf_hash(b"{}"), genesis.origin(), genesis.checkpoint_key(), &[]).is_err());
    }
}

#[test]
fn a_command_sent_again_gets_the_first_answer_also_after_restarts() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let arguments = json!({"handle": "once"});
    let first = owner.client.done("make", "identity.create_service_account", &arguments);
    let refused = owner.client.order("again", "identity.create_service_account", &arguments);
    assert_eq!((refused.status, refused.problem().as_str()), (409, "handle_taken"));
    let secret = owner.client.done("key", "identity.issue_credential", &json!({}));
    assert!(secret["result"]["secret"].is_string());
    for clean in [true, false] {
        if clean {
            assert!(server.terminate().success());
        } else {
            server.kill();
        }
        server = place.serve(&[]);
        let owner = owner.at(&server);
        let size = owner.client.size();
        assert_eq!(owner.client.done("make", "identity.create_service_account", &arguments), first);
        let twice = owner.client.order("again", "identity.create_service_account", &arguments);
        assert_eq!(twice.json(), refused.json());
        let mut shown_once = secret.clone();
        shown_once["result"].as_object_mut().unwrap().remove("secret");
        assert_eq!(owner.client.done("key", "identity.issue_credential", &json!({})), shown_once);
        assert_eq!(owner.client.size(), size, "nothing is recorded twice");
        let other =
            owner.client.order("make", "identity.create_service_account", &json!({"handle": "other"}));
        assert_eq!((other.status, other.problem().as_str()), (422, "command_id_reused"));
    }
}

#[test]
fn a_stream_tells_events_in_order_goes_on_where_it_broke_off_and_ends_with_its_credential() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let reader = service_account(&owner.client, "reader", Some("auditor"));
    let mut tail = Tail::open(&reader.client, "/api/v1/events?from=0", "");
    let end = owner.client.size();
    for seq in 0..end {
        assert_eq!(tail.next().unwrap().id, seq);
    }
    owner.client.done("one-more", "identity.create_service_account", &json!({"handle": "one-more"}));
    let last = tail.next().unwrap();
    assert_eq!(leaf(&last.row)["type"], "identity.service_account_created");
    assert_eq!(last.id, end);
    drop(tail);

    owner.client.done("another", "identity.create_service_account", &json!({"handle": "another"}));
    let mut tail =
        Tail::open(&reader.client, "/api/v1/events?from=0", &format!("Last-Event-ID: {}\r\n", last.id));
    let resumed = tail.next().unwrap();
    assert_eq!(resumed.id, last.id + 1, "neither gap nor repeat");
    assert_eq!(leaf(&resumed.row)["data"]["handle"], "another");
    assert_eq!(owner.client.size(), last.id + 2, "a stream in which nothing happens records nothing");

    owner.client.done("end", "identity.revoke_credential", &json!({"credential": reader.credential}));
    // What was on its way may still come; then the stream ends.
    while let Some(sent) = tail.next() {
        assert_eq!(sent.id, last.id + 2, "{sent:?}");
    }
}

#[test]
fn a_filtered_stream_and_a_filtered_page_say_the_same() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    for n in 0..5 {
        service_account(&owner.client, &format!("bot-{n}"), Some("member"));
    }
    let kind = "type=access.role_granted";
    let page = owner.client.read(&format!("/api/v1/events?{kind}"));
    let rows = page["events"].as_array().unwrap();
    assert_eq!(rows.len(), 6);
    let mut tail = Tail::open(&owner.client, &format!("/api/v1/events?{kind}"), "");
    for row in rows {
        assert_eq!(&tail.next().unwrap().row, row);
    }
}

#[test]
fn a_stop_does_not_wait_for_streams() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let mut tail = Tail::open(&owner.client, &format!("/api/v1/events?from={}", owner.client.size()), "");
    assert!(server.terminate().success());
    while tail.next().is_some() {}
    assert!(!place.log().contains("still open"), "{}", place.log());
}

#[test]
fn pages_hold_every_row_once() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    for n in 0..7 {
        service_account(&owner.client, &format!("bot-{n}"), Some("member"));
    }
    for (list, key, count) in [
        ("users", "subject", 1),
        ("service-accounts", "subject", 7),
        ("credentials", "credential", 8),
        ("grants", "grant", 8),
        ("roles", "role", 10),
    ] {
        let whole = owner.client.read(&format!("/api/v1/{list}"));
        assert!(whole.get("next").is_none() && whole["as_of"].is_u64(), "{whole}");
        let whole = whole["rows"].as_array().unwrap().clone();
        assert_eq!(whole.len(), count, "{list}");
        for limit in [1, 3, count, 1_000] {
            assert_eq!(by_pages(&owner.client, list, limit, key), whole, "{list} by {limit}");
        }
    }
    let size = owner.client.size();
    let mut next = 0;
    let mut seen = Vec::new();
    while next < size {
        let page = owner.client.read(&format!("/api/v1/events?from={next}&limit=4"));
        seen.extend(page["events"].as_array().unwrap().iter().map(|row| row["seq"].as_u64().unwrap()));
        next = page["next"].as_u64().unwrap();
    }
    let upto = seen.len() as u64;
    assert_eq!(seen, (0..upto).collect::<Vec<_>>());
    assert!(upto >= size);
}

fn by_pages(client: &Client, list: &str, limit: usize, key: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut after = String::new();
    loop {
        let page = client.read(&format!("/api/v1/{list}?limit={limit}{after}"));
        rows.extend(page["rows"].as_array().unwrap().iter().cloned());
        match page.get("next") {
            Some(next) => {
                assert_eq!(*next, rows.last().unwrap()[key]);
                after = format!("&after={}", text(next));
            }
            None => return rows,
        }
    }
}

#[test]
fn a_row_can_be_checked_by_hand() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server);
    let row = owner.client.read("/api/v1/events/2");
    let text = row["leaf"].as_str().unwrap().as_bytes();
    let hash = leaf_hash(text);
    assert_eq!(row["leaf_hash"], hash.to_string());
    let key: ledger::note::VerifierKey = server.key.parse().unwrap();
    assert_eq!(row["key"], key.id().to_string());
    let signature = from_base64(row["signature"].as_str().unwrap()).unwrap().try_into().unwrap();
    let signature = ledger::signature::Signature(signature);
    key.key().verify(&ledger::signature::event_message(&hash), &signature).unwrap();
    assert!(matches!(Event::decode(text), Ok(Decoded::Known(_))));
}

#[test]
fn breaking_glass_is_loud_and_waits_for_somebody_elses_review() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let responder = service_account(&owner, "on-call", Some("responder"));
    let arguments = json!({"role": "owner", "seconds": 60, "reason": "the page is down"});
    let broken = responder.client.done("break", "access.break_glass", &arguments);
    let grant = broken["result"]["grant"].as_str().unwrap();
    assert!(place.log().contains(&format!("break-glass: `{}` took the role `owner`", responder.subject)));
    let review = json!({"grant": grant, "finding": "it was", "justified": true});
    let own = responder.client.order("review", "access.review_break_glass", &review);
    assert_eq!((own.status, own.problem().as_str()), (403, "own_matter"));
    owner.done("review", "access.review_break_glass", &review);
    let grants = owner.read("/api/v1/grants?limit=1000");
    let row = grants["rows"].as_array().unwrap().iter().find(|row| row["grant"] == grant).unwrap();
    assert_eq!((&row["justified"], &row["ground"]), (&json!(true), &json!({"break_glass": {}})));
}
