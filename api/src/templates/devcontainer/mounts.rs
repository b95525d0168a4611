//! Mounts: volumes and memory, nothing of the machine.

use super::Reading;
use super::values::Variables;
use crate::templates::draft::{SCRATCH_MIB, VOLUME_MIB, mebibytes, slug};
use ledger::event::workspaces::{Scratch, Volume};
use serde_json::Value;
use std::collections::BTreeMap;

/// The list of mounts.
pub(super) fn all(reading: &mut Reading<'_>, construct: &str, value: &Value) {
    let Some(mounts) = value.as_array() else {
        return reading.refuse(construct, "it is a list");
    };
    for (place, mount) in mounts.iter().enumerate() {
        let construct = format!("{construct}.{place}");
        match one(reading, mount) {
            Ok(to) => reading.map(&construct, to),
            Err(why) => reading.refuse(&construct, why),
        }
    }
}

/// The volume in which the files of the project are, unless a mount is there.
pub(super) fn project(reading: &mut Reading<'_>) {
    let folder = reading.folder.clone();
    if reading.draft.volumes.iter().any(|volume| volume.path == folder) {
        return;
    }
    let name = slug("workspace", reading.draft.volumes.iter().map(|volume| &*volume.name));
    reading.draft.volumes.push(Volume { name, path: folder, protected: false, size_mib: VOLUME_MIB });
    let to = format!("volumes.workspace: {}, {VOLUME_MIB} MiB", reading.folder);
    reading.map("default", to);
}

pub(super) fn one(reading: &mut Reading<'_>, mount: &Value) -> Result<String, String> {
    let parts = parts(mount)?;
    let part = |names: &[&str]| names.iter().find_map(|name| parts.get(*name)).map(String::as_str);
    let variables = Variables { folder: &reading.folder, environment: None, references: false };
    let target = part(&["target", "destination", "dst"]).ok_or("a mount has a target")?;
    let path: Box<str> = variables.resolve(target)?.into();
    match part(&["type"]).unwrap_or("bind") {
        "volume" => {
            let draft = &mut reading.draft;
            let source = part(&["source", "src"]).unwrap_or("data");
            let name = slug(&unnumbered(source), draft.volumes.iter().map(|volume| &*volume.name));
            let to = format!("volumes.{name}: {path}, {VOLUME_MIB} MiB");
            draft.volumes.push(Volume { name, path, protected: false, size_mib: VOLUME_MIB });
            Ok(to)
        }
        "tmpfs" => {
            let size = part(&["tmpfs-size"]).map_or(Some(SCRATCH_MIB), mebibytes);
            let size_mib = size.ok_or("a size is a number of bytes, or one with `k`, `m` or `g`")?;
            let to = format!("container.scratch: {path}, {size_mib} MiB");
            reading.draft.scratch.push(Scratch { path, size_mib });
            Ok(to)
        }
        "bind" => Err("nothing of the host is in a workspace: make it a volume".to_owned()),
        other => Err(format!("`{other}` is no kind of mount that a workspace has: make it a volume")),
    }
}

/// The name of a volume is one of each workspace already.
fn unnumbered(source: &str) -> String {
    source.replace("${devcontainerId}", "")
}

/// A mount is an object, or a text of pairs with commas between them.
fn parts(mount: &Value) -> Result<BTreeMap<String, String>, String> {
    let shape = || "a mount is an object or a text of `name=value` pairs".to_owned();
    if let Some(object) = mount.as_object() {
        let pair = |(name, value): (&String, &Value)| {
            value.as_str().map(|value| (name.clone(), value.to_owned())).ok_or_else(shape)
        };
        return object.iter().map(pair).collect();
    }
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
        (name.trim().to_owned(), value.trim().to_owned())
    };
    Ok(mount.as_str().ok_or_else(shape)?.split(',').map(pair).collect())
}
