//! One decision for each property that the file may have.

use super::commands::{MOMENTS, command};
use super::values::Variables;
use super::{Reading, features, mounts, ports};
use crate::templates::draft::{escaped, mebibytes};
use crate::templates::pinned;
use serde_json::Value;

/// Properties that say nothing about what a workspace is.
const IGNORED: &[(&str, &str)] = &[
    ("$schema", "it is for editors"),
    ("name", "a template is named when it is published"),
    ("customizations", "it is about the editor, not the workspace"),
    ("settings", "it is about the editor, not the workspace"),
    ("extensions", "it is about the editor, not the workspace"),
    ("devPort", "it is about the editor, not the workspace"),
    ("otherPortsAttributes", "ports that nobody named are no apps"),
    ("overrideFeatureInstallOrder", "features that need to be installed are refused"),
    ("updateRemoteUserUID", "no folder of the host is in a workspace whose owner it would have to be"),
    ("userEnvProbe", "what the shell of the image sets, it sets in Deed's terminals too"),
    ("shutdownAction", "a template's `times` say when a workspace stops"),
    ("init", "who reaps ended processes is not a template's to say"),
    ("waitFor", "apps open once the startup script has ended"),
    ("secrets", "it only recommends what a developer may set"),
];

/// Properties for which there is no place.
const REFUSED: &[(&str, &str)] = &[
    ("build", "Deed builds no images: build it beforehand, and name it in `image` by its digest"),
    ("dockerFile", "Deed builds no images: build it beforehand, and name it in `image` by its digest"),
    ("context", "Deed builds no images: build it beforehand, and name it in `image` by its digest"),
    ("dockerComposeFile", "a workspace is one container: name its `image`"),
    ("service", "a workspace is one container: name its `image`"),
    ("runServices", "a workspace is one container: name its `image`"),
    ("initializeCommand", "nothing of a template runs on the host"),
];

/// Each property of the file, once.
pub(super) fn all(reading: &mut Reading<'_>) {
    let document = reading.document;
    // Apps are made of ports before anything is said about them.
    let later = |name: &str| name == "portsAttributes" || name == "remoteEnv" || name == "remoteUser";
    let (after, first): (Vec<_>, Vec<_>) = document.root.iter().partition(|(name, _)| later(name));
    for (name, value) in first.into_iter().chain(after) {
        property(reading, name, value);
    }
}

fn property(reading: &mut Reading<'_>, name: &str, value: &Value) {
    let of = |table: &[(&str, &'static str)]| table.iter().find(|(one, _)| *one == name).map(|(_, why)| *why);
    if let Some(why) = of(IGNORED) {
        return reading.ignore(name, why);
    }
    if let Some(why) = of(REFUSED) {
        return reading.refuse(name, why);
    }
    if let Some((moment, _)) = MOMENTS.iter().find(|(moment, _)| *moment == name) {
        return command(reading, name, moment, value);
    }
    match name {
        "image" => image(reading, name, value),
        "containerEnv" | "remoteEnv" => of_several(reading, name, value, environment),
        "containerUser" | "remoteUser" => user(reading, name, value),
        "forwardPorts" | "appPort" => of_several(reading, name, value, ports::forwarded),
        "portsAttributes" => of_several(reading, name, value, ports::attributes),
        "mounts" => of_several(reading, name, value, mounts::all),
        "features" => of_several(reading, name, value, features::all),
        "hostRequirements" => of_several(reading, name, value, requirements),
        "workspaceFolder" => folder(reading, name, value),
        "workspaceMount" => workspace_mount(reading, name, value),
        "overrideCommand" if value.is_boolean() => reading.map(name, "container.command"),
        "runArgs" | "capAdd" | "securityOpt" | "privileged" => privilege(reading, name, value),
        _ => reading.refuse(name, "it is no property that is known"),
    }
}

/// A property with others in it: one line for itself, and one for each of those.
fn of_several(
    reading: &mut Reading<'_>,
    name: &str,
    value: &Value,
    each: impl Fn(&mut Reading<'_>, &str, &Value),
) {
    if !value.is_object() && !value.is_array() {
        // A single port is its own line.
        return if name == "appPort" {
            each(reading, name, value)
        } else {
            reading.refuse(name, "it holds several")
        };
    }
    reading.map(name, "each of its parts by itself");
    let before = reading.findings.len();
    each(reading, name, value);
    if reading.findings.len() == before {
        reading.findings.pop();
        reading.ignore(name, "it is empty");
    }
}

fn image(reading: &mut Reading<'_>, name: &str, value: &Value) {
    let Some(image) = value.as_str() else { return reading.refuse(name, "an image is a text") };
    let variables = Variables { folder: &reading.folder, environment: None, references: false };
    match variables.resolve(image).and_then(|image| pinned(&image, reading.options)) {
        Ok(image) => {
            reading.draft.image = Some(image);
            reading.map(name, "container.image");
        }
        Err(why) => reading.refuse(name, why),
    }
}

/// Environment variables. One that is `null` is taken away again.
pub(super) fn environment(reading: &mut Reading<'_>, construct: &str, value: &Value) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let construct = format!("{construct}.{name}");
        let key: Box<str> = name.as_str().into();
        let known = reading.draft.environment.clone();
        let variables = Variables { folder: &reading.folder, environment: Some(&known), references: true };
        if value.is_null() {
            reading.draft.environment.remove(&key);
            reading.map(&construct, "container.environment, from which it is taken away");
        } else if let Some(text) = value.as_str() {
            match variables.resolve(text) {
                Ok(text) => {
                    reading.draft.environment.insert(key, text.into());
                    reading.map(&construct, format!("container.environment.{name}"));
                }
                Err(why) => reading.refuse(&construct, why),
            }
        } else {
            reading.refuse(&construct, "its value is a text");
        }
    }
}

fn user(reading: &mut Reading<'_>, name: &str, value: &Value) {
    let Some(user) = value.as_str() else { return reading.refuse(name, "a user is a text") };
    let (id, group) = user.split_once(':').unwrap_or((user, user));
    let number = |text: &str| text.parse::<u32>().is_ok();
    if ["root", "0"].contains(&id) || group == "0" {
        reading.refuse(name, "nobody in a workspace is root: give a user by its number, such as `1000`");
    } else if number(id) && number(group) {
        reading.draft.user = Some(format!("{id}:{group}").into());
        reading.map(name, "container.user");
    } else {
        let why =
            format!("which number `{user}` has is in the image: give it, such as `1000`, unless it is 1000");
        reading.ignore(name, why);
    }
}

fn requirements(reading: &mut Reading<'_>, construct: &str, value: &Value) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let construct = format!("{construct}.{name}");
        let size = value.as_str().and_then(mebibytes);
        match (name.as_str(), value.as_u64(), size) {
            ("cpus", Some(cpus), _) => {
                reading.draft.cpu_millis = Some(cpus.saturating_mul(1_000));
                reading.map(&construct, "limits.cpu_millis");
            }
            ("memory", _, Some(size)) => {
                reading.draft.memory_mib = Some(size);
                reading.map(&construct, "limits.memory_mib");
            }
            ("storage", ..) => reading.ignore(&construct, "each volume says what it holds"),
            ("gpu", ..) if *value == Value::Bool(false) || value.as_str() == Some("optional") => {
                reading.ignore(&construct, "a workspace has no GPU, and this one can do without");
            }
            ("gpu", ..) => reading.refuse(&construct, "a workspace has no devices of the host"),
            _ => reading.refuse(&construct, "`cpus` is a whole number, `memory` a size such as `8gb`"),
        }
    }
}

fn folder(reading: &mut Reading<'_>, name: &str, value: &Value) {
    let sound = value.as_str().is_some_and(|path| path.starts_with('/') && !path.contains("${"));
    if sound {
        reading.map(name, "container.working_directory");
    } else {
        reading.refuse(name, "it is an absolute path without variables");
    }
}

/// The files of the project live in a volume: an empty text asks for that, and a volume does.
fn workspace_mount(reading: &mut Reading<'_>, name: &str, value: &Value) {
    if value.as_str() == Some("") {
        return reading.ignore(name, "nothing is mounted from the host");
    }
    match mounts::one(reading, value) {
        Ok(to) => reading.map(name, to),
        Err(why) => reading.refuse(name, why),
    }
}

fn privilege(reading: &mut Reading<'_>, name: &str, value: &Value) {
    let none = value == &Value::Bool(false) || value.as_array().is_some_and(Vec::is_empty);
    match (name, none) {
        (_, true) => reading.ignore(name, "it asks for nothing"),
        ("runArgs", _) => {
            let args = escaped(&value.to_string());
            reading.refuse(name, format!("options of one engine have no place in a template: {args}"));
        }
        _ => reading.refuse(name, "a workspace has no privileges: nothing can be added to what it may do"),
    }
}
