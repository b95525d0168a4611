//! How long it takes until a workspace runs: one after another, many at once, and one that its template keeps ready. The times are those of the
//! ledger, from the event that asks to the event that says it runs.
//!
//! `DEED_WORKSPACES` (200) says how many at once. It needs root and a Docker engine, as the tests of workspaces do.

#![expect(clippy::unwrap_used, reason = "a bench that cannot go on has failed")]
#![expect(clippy::print_stdout, reason = "figures are what it is for")]
#![expect(clippy::indexing_slicing, reason = "the answers are ours")]

#[path = "../tests/common/mod.rs"]
#[expect(dead_code, reason = "a bench uses its own part of this")]
mod common;

use common::client::Client;
use common::people::{claim, service_account, text};
use common::server::Place;
use fixtures::engine::Engine;
use ledger::time::Time;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Most workspaces of one owner.
const OF_ONE: usize = 50;

fn number(name: &str, usual: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

fn spec(image: &str, prebuilt: u64) -> Value {
    json!({
        "container": {"command": ["sleep", "1000000"], "image": image, "user": "1000:1000"},
        "limits": {"cpu_millis": 100, "memory_mib": 32, "processes": 32},
        "prebuilt": prebuilt,
    })
}

/// A server with owners of workspaces.
struct Scene {
    owner: Client,
    owners: Vec<Client>,
    orders: usize,
}

impl Scene {
    fn done(&mut self, who: Option<usize>, command: &str, arguments: &Value) -> Value {
        self.orders += 1;
        let client = who.map_or(&self.owner, |who| &self.owners[who]);
        client.done(&format!("order-{}", self.orders), command, arguments)["result"].clone()
    }

    fn template(&mut self, handle: &str, spec: &Value) -> String {
        let arguments = json!({"handle": handle, "spec": spec, "promote": true});
        text(&self.done(None, "workspaces.publish_template", &arguments)["template"])
    }

    fn create(&mut self, who: usize, handle: &str, template: &str, scope: &str) -> String {
        let arguments = json!({"handle": handle, "template": template, "scope": scope});
        text(&self.done(Some(who), "workspaces.create_workspace", &arguments)["workspace"])
    }

    /// Waits until so many workspaces have a status.
    fn wait(&self, count: usize, status: &str) {
        let begun = Instant::now();
        loop {
            let rows = self.owner.read("/api/v1/workspaces?limit=1000")["rows"].clone();
            let found = rows.as_array().unwrap().iter().filter(|row| row["status"] == status).count();
            if found >= count {
                return;
            }
            assert!(begun.elapsed() < Duration::from_secs(600), "{found} of {count} are {status}");
            // Long enough not to be what is measured.
            std::thread::park_timeout(Duration::from_millis(50));
        }
    }

    /// From when to when each workspace was on its way, in milliseconds, for those that were asked for by a kind of event.
    fn times(&self, asked: &str, from: u64) -> Vec<u64> {
        let (mut begun, mut times, mut next) = (HashMap::new(), Vec::new(), from);
        loop {
            let page = self.owner.read(&format!("/api/v1/events?from={next}&limit=1000"));
            let events = page["events"].as_array().unwrap();
            for event in events {
                let leaf: Value = serde_json::from_str(event["leaf"].as_str().unwrap()).unwrap();
                let at = Time::parse(leaf["time"].as_str().unwrap()).unwrap().micros();
                let workspace = leaf["data"]["workspace"].to_string();
                if leaf["type"] == asked {
                    begun.insert(workspace, at);
                } else if leaf["type"] == "workspaces.started"
                    && let Some(begun) = begun.remove(&workspace)
                {
                    times.push((at - begun) / 1_000);
                }
                next = leaf["seq"].as_u64().unwrap() + 1;
            }
            if events.len() < 1_000 {
                return times;
            }
        }
    }
}

fn say(what: &str, mut times: Vec<u64>) {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent / 100).min(times.len() - 1)];
    println!(
        "{what}: {} workspaces, p50 {} ms, p99 {} ms, longest {} ms",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
}

fn main() {
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let (engine, place) = (Engine::shared(), Place::new());
    let socket = engine.socket().display().to_string();
    let mut server = place.serve(&["--engine", &socket]);
    let owner = claim(&mut server).client;
    let mut scene = Scene { owner, owners: Vec::new(), orders: 0 };
    let organization =
        text(&scene.done(None, "access.create_organization", &json!({"handle": "acme"}))["organization"]);
    let project = json!({"organization": organization, "handle": "shop", "environments": ["dev"]});
    let project = text(&scene.done(None, "access.create_project", &project)["project"]);
    let many = number("DEED_WORKSPACES", 200);
    for number in 0..many.div_ceil(OF_ONE) + 1 {
        let member = service_account(&scene.owner, &format!("owner-{number}"), None);
        let granted = json!({"subject": member.subject, "role": "operator", "scope": project});
        scene.done(None, "access.grant_role", &granted);
        scene.owners.push(member.client);
    }
    let image = engine.tiny_image();
    let tiny = scene.template("tiny", &spec(&image, 0));
    let from = scene.owner.size();
    for number in 0..20 {
        scene.create(0, &format!("one-{number}"), &tiny, &project);
        scene.wait(number + 1, "running");
    }
    say(
        "one after another, from the order until it runs",
        scene.times("workspaces.workspace_requested", from),
    );

    let (from, begun) = (scene.owner.size(), Instant::now());
    for number in 0..many {
        scene.create(1 + number / OF_ONE, &format!("many-{number}"), &tiny, &project);
    }
    scene.wait(20 + many, "running");
    println!("{many} at once run after {:.1} s", begun.elapsed().as_secs_f64());
    say("many at once, from the order until it runs", scene.times("workspaces.workspace_requested", from));

    let ready = scene.template("ready", &spec(&image, 3));
    let from = scene.owner.size();
    for number in 0..10 {
        scene.wait(20 + many + number + 3, "running");
        scene.create(0, &format!("ready-{number}"), &ready, &project);
    }
    scene.wait(20 + many + 10, "running");
    say("kept ready, from the claim until it runs", scene.times("workspaces.workspace_claimed", from));
    assert!(server.terminate().success(), "{}", place.log());
    let label = engine.docker(&["ps", "-aq", "--filter", "label=deed.ledger"]);
    for container in label.split_whitespace() {
        drop(engine.try_docker(&["rm", "-f", container]));
    }
}
