//! A directory that provisions an organization over SCIM: 8 connections make people and groups, then join people to one group, one request each.
//!
//! `DEED_SCIM_USERS` (100,000), `DEED_SCIM_GROUPS` (2,000) and `DEED_SCIM_JOINS` (50,000) choose how much. An auditor looks at what is left.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "figures are what it is for")]

#[path = "../tests/common/mod.rs"]
#[expect(dead_code, reason = "a bench uses its own part of this")]
mod common;

use common::auditor::Auditor;
use common::people::{claim, service_account};
use common::server::Place;
use fixtures::scim::Service;
use fixtures::scim::load::{Plan, run};
use serde_json::json;
use std::time::Instant;

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let plan = Plan {
        users: number("DEED_SCIM_USERS", 100_000),
        groups: number("DEED_SCIM_GROUPS", 2_000),
        joins: number("DEED_SCIM_JOINS", 50_000),
    };
    let place = Place::new();
    let mut server = place.serve(&["--segment-bytes", "67108864"]);
    let owner = claim(&mut server);
    let corp = service_account(&owner.client, "scim", None);
    let tenant = json!({ "name": "corp", "mode": "entra", "service_account": corp.subject });
    let body = json!({ "body": { "provisioning": { "tenants": [tenant] } } });
    owner.client.done("believe", "policy.propose", &body);
    let service = Service::new(&format!("http://{}/scim/v2", server.address), corp.secret());
    println!("{}", run(&service, plan, "bench").unwrap());
    let events = owner.client.size();
    let key = server.key.clone();
    assert!(server.terminate().success(), "{}", place.log());
    let mut auditor = Auditor::pinning(&key);
    auditor.keep(&std::fs::read_to_string(place.data().join("checkpoint")).unwrap());
    let begun = Instant::now();
    let report = auditor.find_nothing_wrong(&place.data());
    println!("{events} events, verified in {:.1} s: {}", begun.elapsed().as_secs_f64(), report.text().trim());
}
