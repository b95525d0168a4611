//! Virtual keys and budgets as clients meet them.

#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;

use common::people::{claim, text};
use common::server::Place;
use serde_json::json;

#[test]
fn a_keys_secret_is_shown_once_and_is_no_credential() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let wanted = json!({"alias": "laptop", "class": "user"});
    let issued = owner.done("first", "keys.issue_key", &wanted);
    let secret = text(&issued["result"]["secret"]);
    assert!(secret.starts_with("deed_key_"));
    assert_eq!(owner.with(&secret).get("/api/v1/me").status, 401);
    let again = owner.done("second", "keys.issue_key", &wanted);
    assert_eq!(again["result"]["key"], issued["result"]["key"]);
    assert!(again["result"].get("secret").is_none() && again.get("receipt").is_none());
    let other = json!({"alias": "laptop", "class": "ci"});
    assert_eq!(owner.order("third", "keys.issue_key", &other).problem(), "alias_taken");
    let rotate = json!({"key": issued["result"]["key"], "overlap_seconds": 60});
    let rotated = owner.done("fourth", "keys.rotate_key", &rotate);
    assert_ne!(text(&rotated["result"]["secret"]), secret);
    owner.done("fifth", "keys.revoke_key", &json!({"key": issued["result"]["key"]}));
    let rows = owner.read("/api/v1/keys");
    assert_eq!(rows["rows"][0]["status"], "revoked");
    assert_eq!(rows["rows"][0]["models"], "any");
}

#[test]
fn a_budget_is_set_changed_and_ended() {
    let place = Place::new();
    let mut server = place.serve(&[]);
    let owner = claim(&mut server).client;
    let wanted = json!({
        "target": "model:large", "unit": "tokens", "period": "day", "zone": "Asia/Tokyo", "kind": "hard", "limit": 10
    });
    let made = owner.done("first", "budgets.set_budget", &wanted);
    let budget = &made["result"]["budget"];
    owner.done(
        "second",
        "budgets.change_budget",
        &json!({"budget": budget, "limit": 20, "thresholds": [90]}),
    );
    let row = owner.read("/api/v1/budgets")["rows"][0].clone();
    assert_eq!((&row["limit"], &row["thresholds"]), (&json!(20), &json!([90])));
    assert_eq!((&row["current"]["spent"], &row["current"]["reserved"]), (&json!(0), &json!(0)));
    assert_eq!((&row["target"], &row["status"]), (&json!("model:large"), &json!("live")));
    owner.done("third", "budgets.end_budget", &json!({"budget": budget}));
    assert_eq!(owner.read("/api/v1/budgets")["rows"][0]["status"], "ended");
    let elsewhere = json!({
        "target": "nobody", "unit": "tokens", "period": "day", "kind": "hard", "limit": 10
    });
    assert_eq!(owner.order("fourth", "budgets.set_budget", &elsewhere).problem(), "wrong_shape");
    let nowhere = json!({
        "target": "site", "unit": "tokens", "period": "day", "zone": "Mars/Base", "kind": "hard", "limit": 10
    });
    assert_eq!(owner.order("fifth", "budgets.set_budget", &nowhere).problem(), "wrong_shape");
}
