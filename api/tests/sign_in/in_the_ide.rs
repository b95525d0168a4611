//! The whole way of a developer: signs in at a real provider, creates a workspace, works in its IDE in a browser, and finds everything
//! again after a stop and a start. It needs the image of the IDE, which takes minutes to build: `make e2e` runs it.

use super::Scene;
use super::house::House;
use crate::common::until;
use fixtures::engine::Engine;
use fixtures::identity::Kind;
use fixtures::tidy::root;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// The image, by the id that the engine gives it.
fn image(engine: &Engine) -> String {
    let name = "deed-workspace-ide:test";
    if engine.try_docker(&["image", "inspect", name]).is_err() {
        let script = root().join("docs/workspace-image/build.sh");
        let socket = format!("unix://{}", engine.socket().display());
        let built = Command::new("bash").arg(script).args(["ide", name]).env("DOCKER_HOST", socket).status();
        assert!(built.unwrap().success(), "the image could not be built");
    }
    engine.docker(&["image", "inspect", "-f", "{{.Id}}", name]).trim().to_owned()
}

fn spec(image: &str) -> Value {
    json!({
        "ai": {},
        "apps": [{"command": "deed-ide", "health": "/healthz", "name": "IDE", "port": 8080, "slug": "code"}],
        "container": {
            "image": image,
            "scratch": [{"path": "/run", "size_mib": 16}, {"path": "/tmp", "size_mib": 256}],
            "user": "1000:1000",
        },
        "limits": {"cpu_millis": 2000, "memory_mib": 2048, "processes": 512},
        "startup": {"script": "git --version\n", "timeout_seconds": 60},
        "volumes": [{"name": "home", "path": "/home/coder", "size_mib": 512}],
    })
}

/// A browser that does as the script says, line by line.
struct Driver {
    child: std::process::Child,
    lines: Box<dyn Iterator<Item = String>>,
}

impl Driver {
    fn start(base: &str) -> Self {
        let pictures = root().join("target/screenshots");
        std::fs::create_dir_all(&pictures).unwrap();
        let mut child = Command::new(root().join("target/venv/bin/python"))
            .arg(root().join("fixtures/identity/work_with_chromium.py"))
            .args([base, &pictures.display().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = child.stdout.take().unwrap();
        Self { child, lines: Box::new(BufReader::new(out).lines().map(Result::unwrap)) }
    }

    fn said(&mut self) -> String {
        self.lines.next().unwrap()
    }

    fn tell(&mut self, line: &str) {
        writeln!(self.child.stdin.as_mut().unwrap(), "{line}").unwrap();
    }
}

#[test]
fn a_person_works_in_the_ide_of_a_workspace() {
    let engine = Engine::shared();
    let socket = engine.socket().display().to_string();
    let scene = Scene::at(House::with(&["--engine", &socket]), Kind::OidcProvider, &json!({}));
    let owner = &scene.owner.client;
    let made = |id: &str, command: &str, arguments: Value, kind: &str| {
        owner.done(id, command, &arguments)["result"][kind].as_str().unwrap().to_owned()
    };
    let organization = made("org", "access.create_organization", json!({"handle": "acme"}), "organization");
    let project = json!({"organization": organization, "handle": "site", "environments": ["dev"]});
    let project = made("project", "access.create_project", project, "project");
    let published =
        json!({"handle": "ide", "scope": organization, "spec": spec(&image(&engine)), "promote": true});
    let template = made("template", "workspaces.publish_template", published, "template");
    let mut browser = Driver::start(&scene.base());
    let person = browser.said();
    owner.done(
        "role",
        "access.grant_role",
        &json!({"subject": person, "role": "operator", "scope": project}),
    );
    browser.tell(&format!("{template} {project}"));
    let shown: Value = serde_json::from_str(&browser.said()).unwrap();
    assert_eq!(
        (shown["status"].as_str(), shown["owner"].as_str()),
        (Some("running"), Some(&*person)),
        "{shown}"
    );
    let workspace = shown["workspace"].as_str().unwrap().to_owned();
    let read = |path: &str| engine.try_docker(&["exec", &format!("deed-{workspace}"), "cat", path]).ok();
    assert_eq!(browser.said(), "typed");
    let typed = until("what was typed", || read("/home/coder/typed.txt"));
    assert_eq!(typed.trim(), "typed-42");
    let status =
        || owner.read(&format!("/api/v1/workspaces/{workspace}"))["status"].as_str().unwrap().to_owned();
    owner.done("stop", "workspaces.stop_workspace", &json!({"workspace": workspace}));
    until("a stop", || (status() == "stopped").then_some(()));
    owner.done("start", "workspaces.start_workspace", &json!({"workspace": workspace}));
    until("a start", || (status() == "running").then_some(()));
    browser.tell("again");
    assert_eq!(browser.said(), "read");
    let found = until("what was read", || read("/home/coder/read.txt"));
    assert_eq!(found.trim(), "typed-42", "the file is there after a stop and a start");
    let claude =
        engine.docker(&["exec", &format!("deed-{workspace}"), "sh", "-c", "cat ~/.codex/config.toml"]);
    assert!(claude.contains("base_url = \"http://127.0.0.1:3128/v1\""), "{claude}");
    browser.tell("done");
    assert!(browser.child.wait().unwrap().success());
    owner.done("delete", "workspaces.delete_workspace", &json!({"workspace": workspace}));
    until("the end of the workspace", || (status() == "deleted").then_some(()));

    let kinds = [
        "start_ordered",
        "build_began",
        "started",
        "stop_ordered",
        "stopped",
        "deletion_ordered",
        "workspace_deleted",
    ];
    for kind in kinds {
        assert!(!scene.events(&format!("workspaces.{kind}")).is_empty(), "{kind}");
    }
    let used = until("the record of who used the IDE", || {
        let found = scene.events("workspaces.connections_counted");
        found.into_iter().find(|leaf| leaf["data"]["tunnels"].as_u64() > Some(0))
    });
    assert_eq!(used["data"]["visitor"]["id"], json!(person));
    scene.audited();
}
