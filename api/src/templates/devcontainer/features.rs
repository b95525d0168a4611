//! Features in folders beside the file. One whose script does something needs a build, which is not done here.

use super::Reading;
use super::commands::{MOMENTS, command};
use super::mounts;
use super::properties::environment;
use super::text::Document;
use serde_json::Value;

/// All features.
pub(super) fn all(reading: &mut Reading<'_>, construct: &str, value: &Value) {
    for name in value.as_object().into_iter().flatten().map(|(name, _)| name) {
        let construct = format!("{construct}.{name}");
        match local(reading, name) {
            Ok(feature) => one(reading, &construct, &feature),
            Err(why) => reading.refuse(&construct, why),
        }
    }
}

/// What a folder beside the file says of a feature that needs no build.
fn local(reading: &Reading<'_>, name: &str) -> Result<Document, String> {
    let Some(below) = name.strip_prefix("./") else {
        return Err("a feature from elsewhere is installed by a build: put it into the image".to_owned());
    };
    let folder = reading.file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let path = |file: &str| format!("{folder}{}/{file}", below.trim_end_matches('/'));
    let file = path("devcontainer-feature.json");
    let text = reading.files.get(file.as_str()).ok_or_else(|| format!("there is no `{file}`"))?;
    let script = reading.files.get(path("install.sh").as_str());
    if script.is_some_and(|script| !does_nothing(script)) {
        return Err("its `install.sh` runs in a build: put what it does into the image".to_owned());
    }
    Document::read(&file, text).map_err(|problem| problem.to_string())
}

/// Whether a script has nothing but comments and lines without effect.
fn does_nothing(script: &str) -> bool {
    let idle = |line: &str| {
        let line = line.trim();
        line.starts_with('#') || ["", ":", "true", "exit 0", "set -e", "set -eu"].contains(&line)
    };
    script.lines().all(idle)
}

/// Each property of a feature, once.
fn one(reading: &mut Reading<'_>, construct: &str, feature: &Document) {
    reading.map(construct, "what follows; its `install.sh` does nothing");
    for (name, value) in &feature.root {
        property(reading, &format!("{construct}.{name}"), name, value);
    }
}

fn property(reading: &mut Reading<'_>, construct: &str, name: &str, value: &Value) {
    if let Some((moment, _)) = MOMENTS.iter().find(|(moment, _)| *moment == name) {
        return command(reading, construct, moment, value);
    }
    match name {
        "containerEnv" => environment(reading, construct, value),
        "mounts" => mounts::all(reading, construct, value),
        "options" => reading.ignore(construct, "only `install.sh` reads options, and it does nothing"),
        "privileged" | "init" if value == &Value::Bool(false) => reading.ignore(construct, "it is off"),
        "privileged" | "capAdd" | "securityOpt" | "entrypoint" => {
            reading.refuse(construct, "a workspace has no privileges, and its command is the file's to say");
        }
        "dependsOn" => reading.refuse(construct, "name each feature in the file itself"),
        "init" => reading.ignore(construct, "who reaps ended processes is not a template's to say"),
        "customizations" => reading.ignore(construct, "it is about the editor, not the workspace"),
        "id" | "version" | "name" | "description" | "documentationURL" | "licenseURL" | "keywords"
        | "installsAfter" | "legacyIds" | "deprecated" | "$schema" => {
            reading.ignore(construct, "it describes the feature");
        }
        _ => reading.refuse(construct, "it is not known"),
    }
}
