//! What a new version of a template would mean is said before anything happens, and is what then happens: for each kind of change a
//! workspace that runs is planned for, updated, and looked at through the engine's own client.

use crate::common::people::text;
use crate::common::until;
use crate::scene::{HOME, Scene, Workspace, next_id};
use serde_json::{Value, json};

/// A template with one of everything.
fn spec(image: &str) -> Value {
    json!({
        "apps": [{"command": "sleep 1000", "name": "Web", "port": 8080, "slug": "web"}],
        "container": {
            "command": ["sleep", "1000000"],
            "environment": [{"name": "EDITOR", "value": "vi"}],
            "image": image,
            "scratch": [{"path": "/tmp", "size_mib": 16}],
            "user": "1000:1000",
        },
        "limits": {"cpu_millis": 200, "memory_mib": 64, "processes": 64},
        "network": {"allow": [{"host": "example.org"}]},
        "parameters": [
            {"default": "small", "kind": "text", "name": "size", "options": [
                {"name": "Small", "value": "small"}, {"name": "Large", "value": "large"},
            ]},
        ],
        "startup": {"script": "true\n", "timeout_seconds": 30},
        "volumes": [
            {"name": "home", "path": HOME, "protected": true, "size_mib": 16},
            {"name": "spare", "path": "/spare", "size_mib": 16},
        ],
    })
}

/// What changes, and how far the plan is to say that it reaches.
fn changes() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("/apps/0/name", json!("Site"), "live"),
        ("/apps/0/port", json!(8081), "live"),
        ("/apps/0/sharing_max", json!("public"), "live"),
        ("/doors", json!({"ports": true}), "live"),
        ("/network/allow/0/host", json!("example.com"), "live"),
        ("/times", json!({"idle_stop_seconds": 3600}), "live"),
        ("/apps/0/command", json!("sleep 2000"), "restart"),
        ("/startup/script", json!("echo again\n"), "restart"),
        ("/limits/memory_mib", json!(96), "restart"),
        ("/limits/processes", json!(96), "restart"),
        ("/container/environment/0/value", json!("ed"), "rebuild"),
        ("/container/command", json!(["sleep", "2000000"]), "rebuild"),
        ("/container/scratch/0/size_mib", json!(24), "rebuild"),
        ("/container/writable_root", json!(true), "rebuild"),
        ("/volumes/1/path", json!("/other"), "rebuild"),
        ("/volumes/0/size_mib", json!(8), "recreate"),
        ("/container/user", json!("1001:1001"), "recreate"),
        ("/parameters/0/options", json!([{"name": "Huge", "value": "huge"}]), "recreate"),
        // The last: what grew does not shrink again.
        ("/volumes/1/size_mib", json!(24), "restart"),
    ]
}

/// The spec with one thing changed or added.
fn changed(spec: &Value, pointer: &str, to: &Value) -> Value {
    let mut new = spec.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    match key.parse::<usize>() {
        Ok(place) => new.pointer_mut(parent).unwrap()[place] = to.clone(),
        Err(_) => new.pointer_mut(parent).unwrap()[key] = to.clone(),
    }
    if pointer == "/parameters/0/options" {
        new["parameters"][0]["default"] = json!("huge");
    }
    new
}

/// Which container it is, and when it started.
fn container(scene: &Scene, workspace: &Workspace) -> (String, String) {
    let said = scene.engine.docker(&["inspect", "-f", "{{.Id}} {{.State.StartedAt}}", &workspace.container]);
    let (id, started) = said.trim().split_once(' ').unwrap();
    (id.to_owned(), started.to_owned())
}

#[test]
fn what_is_planned_for_a_workspace_is_what_happens_to_it() {
    let mut scene = Scene::new();
    let ada = scene.person("ada");
    let old = spec(&scene.engine.tiny_image());
    let template = scene.template("everything", &old);
    let workspace = scene.workspace(&ada, "dev", &template);
    scene.inside(&workspace, &format!("echo kept > {HOME}/file"));
    for (pointer, to, expected) in changes() {
        let new = changed(&old, pointer, &to);
        let planned = scene.owner.client.send(
            "POST",
            &format!("/api/v1/templates/{template}/plan"),
            crate::common::client::JSON,
            json!({ "spec": new }).to_string().as_bytes(),
        );
        let row = planned.json()["workspaces"][0].clone();
        assert_eq!(
            (text(&row["workspace"]), text(&row["reach"])),
            (workspace.id.clone(), expected.into()),
            "{pointer}: {row}"
        );
        let before = container(&scene, &workspace);
        scene.template("everything", &new);
        let updated =
            ada.order(&next_id(), "workspaces.update_workspace", &json!({ "workspace": workspace.id }));
        if expected == "recreate" {
            assert_eq!(updated.problem(), "recreation_needed", "{pointer}: {updated}");
        } else {
            assert_eq!(updated.status, 200, "{pointer}: {updated}");
            let build = scene.shown(&workspace)["build"].clone();
            until("the update", || {
                let shown = scene.shown(&workspace);
                (shown["status"] == "running" && shown["build"] == build).then_some(())
            });
        }
        let after = container(&scene, &workspace);
        let happened = match (before.0 == after.0, before.1 == after.1) {
            (true, true) if expected == "recreate" => "recreate",
            (true, true) => "live",
            (true, false) => "restart",
            (false, _) => "rebuild",
        };
        println!("{pointer:<36} planned {expected:<9} happened {happened}");
        assert_eq!(happened, expected, "{pointer}");
        assert_eq!(scene.inside(&workspace, &format!("cat {HOME}/file")), "kept", "{pointer}");
        // Back to what it was, so that each change is looked at by itself.
        scene.template("everything", &old);
        let back =
            ada.order(&next_id(), "workspaces.update_workspace", &json!({ "workspace": workspace.id }));
        if pointer == "/volumes/1/size_mib" {
            assert_eq!(back.problem(), "recreation_needed", "{back}");
            break;
        }
        assert_eq!(back.status, 200, "{pointer}: {back}");
        until("the way back", || (scene.shown(&workspace)["status"] == "running").then_some(()));
    }
    ada.order(&next_id(), "workspaces.delete_workspace", &json!({ "workspace": workspace.id }));
    scene.comes_to(&workspace, "deleted");
    scene.is_sound();
}
