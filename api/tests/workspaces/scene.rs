//! A server with an engine, people who sign in, and workspaces of a small template. What it made in the engine goes when it is dropped.

use crate::common::client::Answer;
use crate::common::people::text;
use crate::common::server::Server;
use crate::common::until;
use crate::forging::Forging;
use crate::house::Session;
use fixtures::engine::Engine;
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::ops::Deref;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};

/// As whom programs run in workspaces.
pub(crate) const USER: &str = "1000:1000";
/// What lasts in a workspace.
pub(crate) const HOME: &str = "/home/coder";

/// A server that keeps workspaces.
pub(crate) struct Scene {
    pub(crate) forging: Forging,
    pub(crate) engine: Engine,
    pub(crate) organization: String,
    pub(crate) project: String,
    ledger: String,
}

impl Deref for Scene {
    type Target = Forging;

    fn deref(&self) -> &Forging {
        &self.forging
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(self.forging.house.server.take());
        let label = format!("label=deed.ledger={}", self.ledger);
        // An engine that is gone has nothing left to remove.
        let left = self.engine.try_docker(&["ps", "-aq", "--no-trunc", "--filter", &label]);
        for container in left.unwrap_or_default().lines() {
            drop(self.engine.try_docker(&["rm", "-f", "-v", container]));
        }
        unmount_below(self.place.dir.path());
    }
}

/// Unmounts what a killed server left mounted.
pub(crate) fn unmount_below(folder: &Path) {
    let list = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let mut places: Vec<&str> = list.lines().filter_map(|line| line.split(' ').nth(4)).collect();
    places.retain(|place| Path::new(place).starts_with(folder));
    for place in places.iter().rev() {
        drop(Command::new("umount").args(["--lazy", place]).output());
    }
}

/// A command's id that was never used.
pub(crate) fn next_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("order-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A workspace, by its id, and its container's name.
#[derive(Clone, Debug)]
pub(crate) struct Workspace {
    pub(crate) id: String,
    pub(crate) container: String,
}

impl Scene {
    /// One with the engine that all tests share.
    pub(crate) fn new() -> Self {
        let engine = Engine::shared();
        Self::at(&engine, engine.socket())
    }

    /// One whose server finds the engine at a socket.
    pub(crate) fn at(engine: &Engine, socket: &Path) -> Self {
        let forging = Forging::with(&["--engine", socket.to_str().unwrap()]);
        let ledger = text(&forging.owner.receipts[0]["ledger"]);
        let order =
            |command, arguments| forging.owner.client.done(&next_id(), command, &arguments)["result"].clone();
        let organization = order("access.create_organization", json!({ "handle": "acme" }));
        let organization = text(&organization["organization"]);
        let arguments = json!({ "organization": organization, "handle": "shop", "environments": ["dev"] });
        let project = text(&order("access.create_project", arguments)["project"]);
        Self { forging, engine: engine.clone(), organization, project, ledger }
    }

    /// What the server was started with, once more.
    pub(crate) fn start_at(&mut self, socket: &Path) {
        drop(self.forging.house.server.take());
        let flags = ["--checkpoint-events", "1", "--engine", socket.to_str().unwrap()];
        let server: Server = self.place.serve(&flags);
        self.forging.house.moved_to(server);
    }

    /// Orders something as the owner, who may everything.
    pub(crate) fn done(&self, command: &str, arguments: &Value) -> Value {
        self.owner.client.done(&next_id(), command, arguments)["result"].clone()
    }

    /// Signs somebody in who may use workspaces.
    pub(crate) fn person(&self, name: &str) -> Session {
        let session = self.sign_in(name);
        let granted = json!({ "subject": subject(&session), "role": "operator", "scope": self.project });
        self.done("access.grant_role", &granted);
        session
    }

    /// Publishes a version of a template, and promotes it.
    pub(crate) fn template(&self, handle: &str, spec: &Value) -> String {
        let arguments = json!({ "handle": handle, "promote": true, "spec": spec });
        text(&self.done("workspaces.publish_template", &arguments)["template"])
    }

    /// Asks for a workspace as somebody, and waits until it runs.
    pub(crate) fn workspace(&self, who: &Session, handle: &str, template: &str) -> Workspace {
        let arguments = json!({ "handle": handle, "template": template, "scope": self.project });
        let answer = who.order(&next_id(), "workspaces.create_workspace", &arguments);
        assert_eq!(answer.status, 200, "{answer}");
        let found = Workspace::of(&answer.json()["result"]["workspace"]);
        self.comes_to(&found, "running");
        found
    }

    /// A workspace as it is shown.
    pub(crate) fn shown(&self, workspace: &Workspace) -> Value {
        self.owner.client.read(&format!("/api/v1/workspaces/{}", workspace.id))
    }

    /// Waits until a workspace has a status.
    pub(crate) fn comes_to(&self, workspace: &Workspace, status: &str) {
        let mut seen = Value::Null;
        let mut last = String::new();
        let wait = std::time::Instant::now();
        let reached = || {
            seen = self.shown(workspace);
            last = text(&seen["status"]);
            let gone_wrong = last == "failed" && status != "failed" || wait.elapsed().as_secs() > 55;
            assert!(!gone_wrong, "not {status}: {seen}\n{}\n{}", self.place.log(), self.build_log(workspace));
            (last == status).then_some(())
        };
        until(status, reached);
    }

    /// What the build said so far. It goes on for ever while something is built, so the end of it is not waited for.
    fn build_log(&self, workspace: &Workspace) -> String {
        let client = &self.owner.client;
        let mut stream = client.connect();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(1))).unwrap();
        let head = client.head("GET", &format!("/api/v1/workspaces/{}/log", workspace.id));
        stream.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        let mut all = Vec::new();
        drop(stream.read_to_end(&mut all));
        String::from_utf8_lossy(&all).into_owned()
    }

    /// What a script in a workspace prints, also when it fails. It ends within some seconds.
    pub(crate) fn inside(&self, workspace: &Workspace, script: &str) -> String {
        let script = format!("{{ {script}\n}} 2>&1");
        let words = ["exec", "-u", USER, &workspace.container, "timeout", "-s", "KILL", "15"];
        let words = [&words[..], &["sh", "-c", &script]].concat();
        let output = Command::new("docker")
            .args(words)
            .env("DOCKER_HOST", format!("unix://{}", self.engine.socket().display()))
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let complaint = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        let code = output.status.code().unwrap_or_default();
        if code == 0 { printed } else { format!("{printed} {complaint} exit {code}").trim().to_owned() }
    }

    /// Where an app of a workspace is opened: the host with its port.
    pub(crate) fn host_of(&self, workspace: &Workspace, app: &str) -> String {
        let shown = self.shown(workspace);
        let apps = shown["apps"].as_array().unwrap();
        let url = apps.iter().find(|found| found["slug"] == app).map(|found| text(&found["url"])).unwrap();
        url.trim_start_matches("http://").trim_end_matches('/').to_owned()
    }

    /// Stops the server, and lets an auditor and `deed-verify` look at what it leaves.
    pub(crate) fn is_sound(&mut self) {
        self.forging.house.audited();
        let said = self.verified();
        assert!(said.contains("ANCHORED") && !said.contains("INVALID"), "{said}");
    }
}

impl Workspace {
    /// By its id.
    pub(crate) fn of(id: &Value) -> Self {
        let id = text(id);
        Self { container: format!("deed-{id}"), id }
    }
}

/// Whom a session is for.
pub(crate) fn subject(session: &Session) -> Value {
    session.get("/api/v1/me").json()["subject"].clone()
}

/// Holds when somebody was allowed to do something.
pub(crate) fn was_done(answer: &Answer) {
    assert_eq!(answer.status, 200, "{answer}");
}
