//! What happens behind the keeper's back, and when it dies: afterwards what is wished is what is, once, and nothing is lost from a volume.

use crate::common::people::text;
use crate::common::until;
use crate::scene::{HOME, Scene, USER, Workspace, next_id, unmount_below};
use fixtures::engine::Engine;
use fixtures::toll::{Moment, Toll};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::Command;

/// A file that lasts.
const KEPT: &str = "what was worked on";

fn spec(image: &str, version: &str) -> Value {
    json!({
        "apps": [{ "command": "sleep 1000", "name": "Web", "port": 8080, "slug": "web" }],
        "container": {
            "environment": [{ "name": "VERSION", "value": version }],
            "image": image,
            "user": USER,
        },
        "limits": { "cpu_millis": 500, "memory_mib": 32, "processes": 32 },
        "startup": { "script": "test -e /home/coder/first || echo 1 > /home/coder/first", "timeout_seconds": 20 },
        "volumes": [{ "name": "home", "path": HOME, "size_mib": 8 }],
    })
}

/// A server, and the workspaces that there are, with what they should be.
struct Yard {
    scene: Scene,
    template: String,
    all: BTreeMap<String, &'static str>,
}

impl Yard {
    fn with(scene: Scene, image: &str) -> Self {
        let template = scene.template("box", &spec(image, "1"));
        Self { scene, template, all: BTreeMap::new() }
    }

    /// Orders something, and says which workspace it is about.
    fn order(&mut self, command: &str, more: Value, comes_to: &'static str) -> Workspace {
        let result = self.scene.done(&format!("workspaces.{command}_workspace"), &more);
        let id = if command == "create" { &result["workspace"] } else { &more["workspace"] };
        self.all.insert(text(id), comes_to);
        Workspace::of(id)
    }

    fn create(&mut self) -> Workspace {
        let arguments = json!({ "handle": next_id(), "template": self.template, "version": 1 });
        self.order("create", arguments, "running")
    }

    fn change(&mut self, command: &str, of: &Workspace, comes_to: &'static str) {
        self.order(command, json!({ "workspace": of.id }), comes_to);
    }

    /// A workspace that runs and in which somebody has worked.
    fn worked_in(&mut self) -> Workspace {
        let found = self.create();
        self.settles();
        self.works_in(&found);
        found
    }

    fn works_in(&self, workspace: &Workspace) {
        assert_eq!(self.scene.inside(workspace, &format!("echo {KEPT} > {HOME}/kept; sync")), "");
    }

    fn is_kept(&self, workspace: &Workspace) {
        assert_eq!(self.scene.inside(workspace, &format!("cat {HOME}/kept")), KEPT);
    }

    /// Waits until everything is as it should be, and looks at what the engine and the log say.
    fn settles(&self) {
        for (id, status) in &self.all {
            self.scene.comes_to(&Workspace::of(&json!(id)), status);
        }
        until("the engine's containers", || (self.containers() == self.expected()).then_some(()));
        self.reservations();
    }

    /// The workspaces whose containers run, in the engine. There is one for each, and none that nobody knows.
    fn containers(&self) -> Vec<String> {
        let label = format!("label=deed.ledger={}", text(&self.scene.owner.receipts[0]["ledger"]));
        let format = "{{.Label \"deed.workspace\"}} {{.State}} {{.Names}}";
        let listed = self.scene.engine.docker(&["ps", "-a", "--filter", &label, "--format", format]);
        let mut running = Vec::new();
        for line in listed.lines() {
            let words: Vec<&str> = line.split(' ').collect();
            assert!(self.all.contains_key(words[0]), "an orphan: {line}");
            assert_eq!(words[2], format!("deed-{}", words[0]), "{line}");
            if words[1] == "running" {
                running.push(words[0].to_owned());
            }
            let gone = self.all[words[0]] == "deleted";
            if gone {
                running.push(format!("left: {line}"));
            }
        }
        running.sort();
        running
    }

    fn expected(&self) -> Vec<String> {
        self.all.iter().filter(|(_, status)| **status == "running").map(|(id, _)| id.clone()).collect()
    }

    /// What is held of budgets is what runs, and the disks that there are.
    fn reservations(&self) {
        let mut open: BTreeMap<String, Value> = BTreeMap::new();
        let kinds = ["budgets.reserved", "budgets.released"].map(|kind| self.scene.events(kind));
        let mut events = kinds.concat();
        events.sort_by_key(|leaf| leaf["seq"].as_u64());
        for leaf in events {
            let (data, reservation) = (&leaf["data"], text(&leaf["data"]["reservation"]));
            if leaf["type"] == "budgets.released" {
                assert!(open.remove(&reservation).is_some(), "released twice: {leaf}");
            } else {
                let before = open.insert(reservation, data["amounts"].clone());
                assert_eq!(before, None, "reserved twice: {leaf}");
            }
        }
        let holds = |unit: &str| open.values().filter(|amounts| amounts.to_string().contains(unit)).count();
        let there = self.all.values().filter(|status| **status != "deleted").count();
        assert_eq!(
            (holds("\"workspaces\""), holds("\"disk_mib\"")),
            (self.expected().len(), there),
            "{open:?}"
        );
    }

    /// Nothing is left over, and the log is sound.
    fn ends_well(mut self) {
        self.settles();
        let orphans = self.scene.events("workspaces.orphan_found");
        assert!(orphans.is_empty(), "{orphans:?}");
        self.scene.is_sound();
    }
}

/// A call of the engine, by its method and by how its path ends. Lists of containers are not meant, since they come at any time.
type Call = (&'static str, &'static str);

fn is((method, end): Call) -> impl Fn(&str) -> bool + Send + 'static {
    move |call| {
        let (found, path) = call.split_once(' ').unwrap();
        let path = path.split('?').next().unwrap();
        let of_one = path.contains("/containers/") && !path.ends_with("/containers/json");
        found == method && of_one && path.ends_with(end)
    }
}

const CREATE: Call = ("POST", "/containers/create");
const START: Call = ("POST", "/start");
const STOP: Call = ("POST", "/stop");
const EXEC: Call = ("POST", "/exec");
const REMOVE: Call = ("DELETE", "");
const LOOK: Call = ("GET", "/json");

#[test]
fn a_server_killed_at_any_call_ends_in_the_same_place() {
    use Moment::{After, Before};
    let engine = Engine::shared();
    let toll = Toll::before(engine.socket()).unwrap();
    let mut yard = Yard::with(Scene::at(&engine, &toll.socket()), &engine.tiny_image());
    let version = json!({ "handle": "box", "promote": false, "spec": spec(&engine.tiny_image(), "2") });
    yard.scene.done("workspaces.publish_template", &version);
    let lives = [
        [(CREATE, Before), (STOP, Before), (START, Before), (REMOVE, Before), (REMOVE, Before)],
        [(CREATE, After), (STOP, After), (START, After), (REMOVE, After), (REMOVE, After)],
        [(START, Before), (STOP, Before), (EXEC, Before), (CREATE, After), (REMOVE, Before)],
        [(EXEC, After), (STOP, After), (LOOK, Before), (START, After), (REMOVE, After)],
        [(LOOK, After), (STOP, Before), (EXEC, After), (EXEC, Before), (REMOVE, Before)],
    ];
    for moments in lives {
        let mut workspace = None;
        for (step, (call, moment)) in ["create", "stop", "start", "update", "delete"].into_iter().zip(moments)
        {
            let process = yard.scene.server().pid();
            toll.kill_at(process, moment, Box::new(is(call)));
            let found = takes_step(&mut yard, step, workspace.take());
            until("the kill", || toll.has_killed().then_some(()));
            yard.scene.start_at(&toll.socket());
            yard.settles();
            println!("{step:<7} killed {moment:?} {call:?}: settled");
            match step {
                "create" => yard.works_in(&found),
                "start" | "update" => yard.is_kept(&found),
                _ => {}
            }
            workspace = Some(found);
        }
    }
    println!("the engine was called {} times", toll.calls().len());
    yard.ends_well();
}

fn takes_step(yard: &mut Yard, step: &str, workspace: Option<Workspace>) -> Workspace {
    let Some(found) = workspace else { return yard.create() };
    match step {
        "update" => drop(yard.order("update", json!({ "workspace": found.id, "version": 2 }), "running")),
        "stop" => yard.change("stop", &found, "stopped"),
        "start" => yard.change("start", &found, "running"),
        _ => yard.change("delete", &found, "deleted"),
    }
    found
}

/// The newest id of a container of that name.
fn container_of(engine: &Engine, workspace: &Workspace) -> String {
    engine.docker(&["inspect", "--format", "{{.Id}}", &workspace.container])
}

#[test]
fn what_is_done_to_containers_by_hand_is_undone() {
    let engine = Engine::shared();
    let image = engine.tiny_image();
    let mut yard = Yard::with(Scene::new(), &image);
    let found = yard.worked_in();
    let other = yard.worked_in();
    let name = found.container.as_str();
    let before = yard.scene.events("workspaces.started").len();
    let lost = |yard: &Yard, count: usize| {
        until("the loss on record", || (yard.scene.events("workspaces.lost").len() >= count).then_some(()));
        yard.settles();
        yard.is_kept(&found);
    };
    engine.docker(&["kill", name]);
    lost(&yard, 1);
    println!("killed by hand: runs again");
    engine.docker(&["rm", "-f", name]);
    lost(&yard, 2);
    println!("removed by hand: runs again");
    engine.docker(&["pause", name]);
    until("its going on", || {
        (engine.docker(&["inspect", "--format", "{{.State.Status}}", name]) == "running").then_some(())
    });
    yard.settles();
    println!("paused by hand: goes on");
    // Somebody else's in its place, without labels: it is left alone, and the workspace waits for somebody.
    engine.docker(&["rm", "-f", name]);
    engine.docker(&["create", "--name", name, "--network", "none", &image]);
    yard.scene.comes_to(&found, "failed");
    assert_eq!(yard.scene.shown(&found)["failed_at"], "container");
    engine.docker(&["rm", &container_of(&engine, &found)]);
    yard.change("start", &found, "running");
    yard.settles();
    yard.is_kept(&found);
    println!("its name taken by another: fails, and runs again once the name is free");
    // Another with the same labels: it is not the one that was started.
    let label = |name: &str| {
        let format = format!("{{{{index .Config.Labels \"deed.{name}\"}}}}");
        format!("deed.{name}={}", engine.docker(&["inspect", "--format", &format, &found.container]))
    };
    let labels = ["ledger", "workspace", "event"].map(label);
    engine.docker(&["rm", "-f", name]);
    let words = [
        "run",
        "-d",
        "--name",
        name,
        "--network",
        "none",
        "-l",
        &labels[0],
        "-l",
        &labels[1],
        "-l",
        &labels[2],
        &image,
    ];
    let foreign = engine.docker(&words);
    until("its own container", || {
        let now = engine.try_docker(&["inspect", "--format", "{{.Id}}", name]).unwrap_or_default();
        (!now.is_empty() && now != foreign).then_some(())
    });
    yard.settles();
    yard.is_kept(&found);
    println!("replaced by hand: its own runs again");
    burst(&mut yard, &found);
    assert!(yard.scene.events("workspaces.started").len() > before);
    yard.is_kept(&other);
    yard.ends_well();
}

/// Orders that come one upon another, and wake-ups for each.
fn burst(yard: &mut Yard, found: &Workspace) {
    for _ in 0..6 {
        yard.change("stop", found, "stopped");
        yard.change("start", found, "running");
    }
    yard.settles();
    yard.is_kept(found);
    println!("ordered to stop and start six times at once: runs once");
}

#[test]
fn what_is_missing_fails_and_is_taken_up_when_it_is_there() {
    let engine = Engine::shared();
    let tiny = engine.tiny_image();
    let mut yard = Yard::with(Scene::new(), &tiny);
    // An image that goes and comes back.
    let name = format!("deed-test-{}-gone", std::process::id());
    engine.docker(&["create", "--name", &name, "--network", "none", &tiny]);
    let image = engine.docker(&["commit", "-c", &format!("LABEL test={name}"), &name]);
    engine.docker(&["rm", &name]);
    let file = yard.scene.place.dir.join("image.tar");
    let file = file.to_str().unwrap();
    engine.docker(&["save", "-o", file, &image]);
    engine.docker(&["rmi", &image]);
    let template = yard.template.clone();
    yard.template = yard.scene.template("other", &spec(&image, "1"));
    let missing = yard.create();
    yard.scene.comes_to(&missing, "failed");
    assert_eq!(yard.scene.shown(&missing)["failed_at"], "image");
    engine.docker(&["load", "-i", file]);
    yard.change("start", &missing, "running");
    yard.settles();
    println!("image missing: fails, and runs once it is there");
    yard.change("delete", &missing, "deleted");
    yard.settles();
    engine.docker(&["rmi", &image]);
    yard.template = template;
    // A disk that is full when a volume is made.
    let disks = yard.scene.place.data().join("disks");
    let disks = disks.to_str().unwrap().to_owned();
    let mount =
        |words: &[&str]| assert!(Command::new("mount").args(words).arg(&disks).status().unwrap().success());
    mount(&["-t", "tmpfs", "-o", "size=16k", "none"]);
    let full = yard.create();
    yard.scene.comes_to(&full, "failed");
    assert_eq!(yard.scene.shown(&full)["failed_at"], "volume");
    mount(&["-o", "remount,size=64m"]);
    yard.change("start", &full, "running");
    yard.settles();
    yard.works_in(&full);
    println!("disk full: fails, and runs once there is room");
    // A volume that somebody deleted while it stood still.
    yard.change("stop", &full, "stopped");
    yard.settles();
    std::fs::remove_file(yard.scene.place.data().join("disks").join(&full.id).join("home.img")).unwrap();
    yard.change("start", &full, "running");
    yard.settles();
    assert_ne!(yard.scene.inside(&full, &format!("cat {HOME}/kept")), KEPT);
    println!("volume deleted by hand: runs with an empty one");
    yard.change("delete", &full, "deleted");
    yard.settles();
    unmount_below(yard.scene.place.data().join("disks").as_path());
    yard.ends_well();
}

#[test]
fn an_engine_that_goes_away_is_waited_for() {
    let mut private = Engine::shared().private();
    let engine = private.engine().clone();
    let image = engine.tiny_image();
    let mut yard = Yard::with(Scene::at(&engine, engine.socket()), &image);
    let found = yard.worked_in();
    let stopped = yard.worked_in();
    yard.change("stop", &stopped, "stopped");
    yard.settles();
    private.stop();
    // Ordered while nothing answers.
    yard.change("start", &stopped, "running");
    let late = yard.create();
    private.start();
    yard.settles();
    yard.is_kept(&found);
    yard.is_kept(&stopped);
    yard.works_in(&late);
    println!("engine stopped and started: all run again");
    private.kill();
    yard.change("stop", &found, "stopped");
    yard.change("delete", &late, "deleted");
    private.start();
    yard.settles();
    yard.is_kept(&stopped);
    yard.change("start", &found, "running");
    yard.settles();
    yard.is_kept(&found);
    println!("engine killed and started: all are as they should be");
    // Before the engine goes, so does all that it mounts.
    for workspace in [&found, &stopped] {
        yard.change("delete", workspace, "deleted");
    }
    yard.ends_well();
}
