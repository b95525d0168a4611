//! `devcontainer.json`: each property with its outcome.

use crate::kit::{digests, file, image, outcome, read, refused, spec};
use api::templates::report::Outcome;
use api::templates::{Files, Format, Imported, Options, import};

fn with(lines: &str) -> Imported {
    let text = format!("{{\n  // which image\n  \"image\": \"{}\",\n{lines}\n}}", image());
    read(Format::Devcontainer, "devcontainer.json", &text)
        .unwrap_or_else(|problem| panic!("{problem}\n{text}"))
}

#[test]
fn a_whole_file_becomes_a_spec() {
    let imported = with(
        r#""name": "x", "workspaceFolder": "/workspaces/x",
        "containerEnv": { "A": "${containerWorkspaceFolder}/bin", "B": "${devcontainerId}" },
        "remoteEnv": { "C": "${containerEnv:A}:x" },
        "remoteUser": "1001", "forwardPorts": [3000, "localhost:8080"],
        "portsAttributes": { "3000": { "label": "Web", "onAutoForward": "notify" } },
        "mounts": ["source=cache-${devcontainerId},target=/cache,type=volume", { "type": "tmpfs", "target": "/fast" }],
        "onCreateCommand": "echo it's", "postStartCommand": ["echo", "a b"], "postCreateCommand": { "a": "one", "b": ["two"] },
        "hostRequirements": { "cpus": 4, "memory": "8gb", "storage": "32gb" },
        "customizations": {}, "capAdd": [], "privileged": false,"#,
    );
    let spec = spec(&imported);
    assert_eq!(&*spec.container.environment["A"], "/workspaces/x/bin");
    assert_eq!(&*spec.container.environment["B"], "${workspace.id}");
    assert_eq!(&*spec.container.environment["C"], "/workspaces/x/bin:x");
    assert_eq!(&*spec.container.user, "1001:1001");
    assert_eq!(spec.limits.cpu_millis, 4000);
    assert_eq!(spec.limits.memory_mib, 8192);
    let apps: Vec<_> = spec.apps.iter().map(|app| (&*app.slug, &*app.name, app.port)).collect();
    assert_eq!(apps, [("port-3000", "Web", 3000), ("port-8080", "Port 8080", 8080)]);
    let volumes: Vec<_> = spec.volumes.iter().map(|one| (&*one.name, &*one.path)).collect();
    assert_eq!(volumes, [("cache", "/cache"), ("workspace", "/workspaces/x")]);
    let script = spec.startup.unwrap().script;
    for part in [
        "if [ ! -e '/workspaces/x/.deed/onCreateCommand' ]; then\n/bin/sh -c 'echo it'\\''s' || exit 1\n: > ",
        "/bin/sh -c 'one' || exit 1\n/bin/sh -c ''\\''two'\\''' || exit 1\n",
        "# postStartCommand\n/bin/sh -c ''\\''echo'\\'' '\\''a b'\\''' || exit 1\n",
    ] {
        assert!(script.contains(part), "{script}");
    }
    assert_eq!(outcome(&imported, "containerEnv.A"), Outcome::mapped("container.environment.A"));
    assert!(imported.report.iter().filter(|one| &*one.construct != "default").all(|one| one.line > 0));
}

#[test]
fn what_has_no_place_is_refused_at_its_line() {
    for (line, construct) in [
        (r#""build": { "dockerfile": "Dockerfile" }"#, "build"),
        (r#""dockerComposeFile": "c.yml""#, "dockerComposeFile"),
        (r#""initializeCommand": "rm""#, "initializeCommand"),
        (r#""privileged": true"#, "privileged"),
        (r#""capAdd": ["SYS_PTRACE"]"#, "capAdd"),
        (r#""securityOpt": ["seccomp=unconfined"]"#, "securityOpt"),
        (r#""runArgs": ["--network=host"]"#, "runArgs"),
        (r#""mounts": ["source=/var/run/docker.sock,target=/var/run/docker.sock,type=bind"]"#, "mounts.0"),
        (r#""workspaceMount": "source=${localWorkspaceFolder},target=/w,type=bind""#, "workspaceMount"),
        (r#""containerEnv": { "A": "${localEnv:SECRET}" }"#, "containerEnv.A"),
        (r#""containerEnv": { "A": 1 }"#, "containerEnv.A"),
        (r#""remoteEnv": { "PATH": "${containerEnv:PATH}:/x" }"#, "remoteEnv.PATH"),
        (r#""remoteUser": "root""#, "remoteUser"),
        (r#""forwardPorts": ["db:5432"]"#, "forwardPorts.0"),
        (r#""forwardPorts": [80]"#, "forwardPorts.0"),
        (r#""hostRequirements": { "gpu": true }"#, "hostRequirements.gpu"),
        (
            r#""features": { "ghcr.io/devcontainers/features/go:1": {} }"#,
            "features.ghcr.io/devcontainers/features/go:1",
        ),
        (r#""postCreateCommand": "echo ${localWorkspaceFolder}""#, "postCreateCommand"),
        (r#""unheardOf": 1"#, "unheardOf"),
    ] {
        let imported = with(line);
        assert_eq!(refused(&imported), [construct], "{line}");
        assert!(imported.spec.is_none(), "{line}");
        let found = imported.report.iter().find(|one| &*one.construct == construct).unwrap();
        assert_eq!(found.line, 4, "{line}");
    }
}

#[test]
fn an_image_by_a_tag_needs_its_digest() {
    let files = file("devcontainer.json", r#"{ "image": "mcr.example:5000/base:1" }"#);
    let imported = import(Format::Devcontainer, &files, &Options::default()).unwrap();
    assert_eq!(refused(&imported), ["image"]);
    let imported =
        import(Format::Devcontainer, &files, &digests(&[("mcr.example:5000/base:1", 'b')])).unwrap();
    assert!(spec(&imported).container.image.starts_with("mcr.example:5000/base@sha256:bb"));
}

#[test]
fn what_only_an_editor_wants_is_ignored() {
    for name in ["name", "customizations", "waitFor", "shutdownAction", "userEnvProbe", "init", "$schema"] {
        let imported = with(&format!("\"{name}\": \"none\""));
        assert!(matches!(outcome(&imported, name), Outcome::Ignored { .. }), "{name}");
    }
    assert!(matches!(outcome(&with(r#""remoteUser": "vscode""#), "remoteUser"), Outcome::Ignored { .. }));
}

#[test]
fn a_local_feature_is_mapped_when_it_needs_no_build() {
    let with = |install: &str| -> Imported {
        let files: Files = [
            (
                ".devcontainer/devcontainer.json",
                format!("{{ \"image\": \"{}\", \"features\": {{ \"./x\": {{}} }} }}", image()),
            ),
            (
                ".devcontainer/x/devcontainer-feature.json",
                r#"{ "id": "x", "version": "1", "containerEnv": { "X": "1" }, "postCreateCommand": "y" }"#
                    .to_owned(),
            ),
            (".devcontainer/x/install.sh", install.to_owned()),
        ]
        .map(|(name, text)| (name.into(), text.into()))
        .into();
        import(Format::Devcontainer, &files, &Options::default()).unwrap()
    };
    let imported = with("#!/bin/sh\nset -e\n# nothing\nexit 0\n");
    assert_eq!(&*spec(&imported).container.environment["X"], "1");
    assert!(spec(&imported).startup.unwrap().script.contains("/bin/sh -c 'y'"));
    assert_eq!(refused(&with("apt-get install x\n")), ["features../x"]);
}

#[test]
fn each_property_is_told_once() {
    let imported = with(r#""mounts": [], "containerEnv": {}, "forwardPorts": [3000], "x": 1, "build": {}"#);
    for name in ["image", "mounts", "containerEnv", "forwardPorts", "x", "build"] {
        let _ = outcome(&imported, name);
    }
}

#[test]
fn what_cannot_be_read_is_said_with_its_place() {
    for (text, place) in [
        ("{ \"a\": 1,\n  'b': 2 }", "devcontainer.json:2:"),
        ("{ \"a\": 1,\n  \"a\": 2 }", "devcontainer.json:2:3"),
        ("[]", "devcontainer.json: "),
        ("", "devcontainer.json: "),
    ] {
        let problem = read(Format::Devcontainer, "devcontainer.json", text).unwrap_err().to_string();
        assert!(problem.starts_with(place), "{text}: {problem}");
    }
    let deep = format!("{{ \"a\": {}{} }}", "[".repeat(50_000), "]".repeat(50_000));
    assert!(read(Format::Devcontainer, "devcontainer.json", &deep).is_err());
    let deep = format!("{{ \"a\": {}{} }}", "[".repeat(40), "]".repeat(40));
    assert!(
        read(Format::Devcontainer, "devcontainer.json", &deep).unwrap_err().to_string().contains("32 times")
    );
}
