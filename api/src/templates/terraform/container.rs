//! `docker_container` and `docker_volume`.

use super::value::{Failure, Part, Text, Value};
use super::work::{Declared, View, Work};
use super::{image, rules, shell};
use crate::templates::draft::{IDLE, SCRATCH_MIB, VOLUME_MIB, mebibytes, slug};
use ledger::event::workspaces::{Scratch, Volume};

/// A volume, which is in the spec once a container mounts it.
pub(super) fn volume<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let mut protected = false;
    for lifecycle in work.blocks(view, "lifecycle") {
        protected |= work.bool(&lifecycle, "prevent_destroy", "volumes: `protected`").unwrap_or_default();
        let file = lifecycle.file;
        let why = crate::templates::report::Outcome::ignored("it is about Terraform's state");
        work.sheet.mark_all(file, lifecycle.block, &why);
    }
    let driver = work.literal(view, "driver", "a disk of its own");
    if driver.is_some_and(|driver| driver != "local")
        && let Some(attribute) = view.attribute("driver")
    {
        work.refuse(view.site_of(attribute), "a volume is a disk of its own");
    }
    work.volumes.insert(format!("{}{}", view.label(), view.suffix), Declared { protected, used: false });
    work.rest(view, rules::VOLUME);
}

/// The container of the workspace.
pub(super) fn container<'a>(work: &mut Work<'a>, view: &View<'a>) {
    if std::mem::replace(&mut work.has_container, true) {
        work.refuse(view.site(), "a workspace is one container");
    }
    image::of_container(work, view);
    command(work, view);
    environment(work, view);
    user(work, view);
    limits(work, view);
    if let Some(path) = work.literal(view, "working_dir", "container.working_directory") {
        work.draft.working_directory.get_or_insert(path.into());
    }
    if let Some(read_only) = work.bool(view, "read_only", "container.writable_root") {
        work.draft.writable_root = Some(!read_only);
    }
    work.draft.runtime = work.literal(view, "runtime", "container.runtime").map(Into::into);
    for mount in work.blocks(view, "volumes").into_iter().chain(work.blocks(view, "mounts")) {
        self::mount(work, &mount);
    }
    scratch(work, view);
    hosts(work, view);
    network(work, view);
    work.rest(view, rules::CONTAINER);
}

/// What runs in it: an agent's script is nothing here, so the container only has to live.
fn command<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let mut words: Vec<Box<str>> = Vec::new();
    for name in ["entrypoint", "command"] {
        let read = work.read(view, name, "container.command", |value| {
            let texts: Result<Vec<Text>, Failure> = value.to_list()?.iter().map(Value::to_text).collect();
            let texts = texts?;
            let withheld = texts.iter().find_map(Text::withheld);
            match withheld {
                Some(withheld) if withheld.harmless => Ok(None),
                Some(withheld) => Err(Failure::Withheld(withheld)),
                None => texts.iter().map(Text::literal).collect::<Result<Vec<_>, _>>().map(Some),
            }
        });
        match read {
            Some(None) => {
                work.draft.command = IDLE.map(Into::into).to_vec();
                return command_of_agent(work, view, name);
            }
            Some(Some(more)) => words.extend(more.into_iter().map(Into::into)),
            None => {}
        }
    }
    work.draft.command = words;
}

fn command_of_agent<'a>(work: &mut Work<'a>, view: &View<'a>, from: &str) {
    if from == "entrypoint"
        && let Some(attribute) = view.attribute("command")
    {
        work.ignore(view.site_of(attribute), "the entry point starts the agent, which Deed does not need");
    }
}

fn environment<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(attribute) = view.attribute("env") else { return };
    let site = view.site_of(attribute);
    let list = match work.value(view, attribute) {
        Ok(Value::Null) => return work.ignore(site, "it is null"),
        value => value.and_then(|value| value.to_list()),
    };
    let list = match list {
        Ok(list) => list,
        Err(failure) => return work.refuse(site, failure.words()),
    };
    work.map(site, "container.environment");
    for one in list {
        let pair = one.to_text().map_err(|failure| failure.words()).and_then(|text| pair(&text));
        match pair {
            Ok((name, value)) => variable(work, site, &name, &value),
            Err(why) => work.refuse(site, why),
        }
    }
}

/// A text `NAME=value`, whose name is known.
fn pair(text: &Text) -> Result<(String, Text), String> {
    let shape = || "a variable is `NAME=value`, and its name is known".to_owned();
    let (first, rest) = text.parts().split_first().ok_or_else(shape)?;
    let Part::Literal(first) = first else { return Err(shape()) };
    let (name, start) = first.split_once('=').ok_or_else(shape)?;
    let mut value = Text::of(start);
    for part in rest {
        value.push(Text::part(part.clone()));
    }
    Ok((name.to_owned(), value))
}

/// A variable of the environment. One with something withheld is left out where that does no harm.
pub(super) fn variable(work: &mut Work<'_>, site: super::source::Site, name: &str, value: &Text) {
    use crate::templates::report::Outcome;
    let outcome = match (value.withheld(), shell::referring(value)) {
        (Some(withheld), _) if withheld.harmless => {
            Outcome::ignored(format!("{}: {}", withheld.what, withheld.why))
        }
        (_, Err(why)) => Outcome::refused(why),
        _ if name.starts_with("CODER_") => Outcome::ignored("it is for Coder's own programs"),
        (_, Ok(value)) => {
            work.draft.environment.insert(name.into(), value.into());
            return;
        }
    };
    work.sheet.add(site, name, outcome);
}

fn user<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(user) = work.literal(view, "user", "container.user") else { return };
    let Some(attribute) = view.attribute("user") else { return };
    let site = view.site_of(attribute);
    let (id, group) = user.split_once(':').unwrap_or((&user, &user));
    let number = |text: &str| text.parse::<u32>().is_ok();
    if ["root", "0"].contains(&id) || group == "0" {
        work.refuse(site, "nobody in a workspace is root: give a user by its number, such as `1000`");
    } else if number(id) && number(group) {
        work.draft.user = Some(format!("{id}:{group}").into());
    } else {
        work.refuse(site, format!("which number `{user}` has is in the image: give it, such as `1000`"));
    }
}

fn limits<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    let memory = work.whole(view, "memory", "limits.memory_mib").map(count).filter(|memory| *memory > 0);
    work.draft.memory_mib = memory.or(work.draft.memory_mib);
    let cpus = work.read(view, "cpus", "limits.cpu_millis", |value| {
        let what = "it is a number with at most three decimal places";
        value.to_number()?.thousandths().ok_or_else(|| Failure::Wrong(what.to_owned()))
    });
    work.draft.cpu_millis = cpus.filter(|cpus| *cpus > 0).or(work.draft.cpu_millis);
}

/// A block `volumes` or `mounts`.
fn mount<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let kind =
        work.literal(view, "type", "volumes or container.scratch").unwrap_or_else(|| "volume".to_owned());
    let path = work.literal(view, "container_path", "volumes: `path`");
    let path = path.or_else(|| work.literal(view, "target", "volumes: `path`"));
    let read_only = work.bool(view, "read_only", "a volume that can be written").unwrap_or_default();
    if let Some(attribute) = view.attribute("read_only").filter(|_| read_only) {
        work.refuse(view.site_of(attribute), "what is only read belongs into the image");
    }
    match (kind.as_str(), path) {
        ("tmpfs", Some(path)) => {
            let options = work.blocks(view, "tmpfs_options").into_iter().next();
            let bytes =
                options.as_ref().and_then(|options| work.whole(options, "size_bytes", "container.scratch"));
            if let Some(options) = &options {
                work.rest(
                    options,
                    &[("mode", rules::Rule::Ignore("the user of the workspace can write it"))],
                );
            }
            let size_mib = bytes.and_then(|bytes| mebibytes(&bytes.to_string())).unwrap_or(SCRATCH_MIB);
            work.draft.scratch.push(Scratch { path: path.into(), size_mib });
        }
        ("volume", Some(path)) => mounted(work, view, path),
        (_, None) => {
            if view.attribute("container_path").or(view.attribute("target")).is_none() {
                work.refuse(view.site(), "a mount has a path in the container");
            }
        }
        _ => work.refuse(view.site(), "nothing of the host is in a workspace: make it a volume"),
    }
    work.rest(view, rules::MOUNT);
}

fn mounted<'a>(work: &mut Work<'a>, view: &View<'a>, path: String) {
    let Some(name) = ["volume_name", "source"].into_iter().find(|name| view.attribute(name).is_some()) else {
        // A path of the host is refused by its own rule.
        return if view.attribute("host_path").is_none() {
            work.refuse(view.site(), "a volume has a name")
        };
    };
    let Some(text) = work.text(view, name, "volumes") else { return };
    let site = view.attribute(name).map_or(view.site(), |attribute| view.site_of(attribute));
    let [Part::Volume(id)] = text.parts() else {
        return work.refuse(site, "a volume is one that the files declare, by `docker_volume.….name`: others would be shared between workspaces");
    };
    let Some(declared) = work.volumes.get_mut(id) else {
        return work.refuse(site, "the volume is not declared");
    };
    if std::mem::replace(&mut declared.used, true) {
        return work.refuse(site, "a volume is at one path");
    }
    let protected = declared.protected;
    let plain = id.replace("_volume", "").replace("-volume", "");
    let base = if plain.is_empty() { id.clone() } else { plain };
    let name = slug(&base, work.draft.volumes.iter().map(|volume| &*volume.name));
    work.map(site, format!("volumes.{name}, {VOLUME_MIB} MiB"));
    work.draft.volumes.push(Volume { name, path: path.into(), protected, size_mib: VOLUME_MIB });
}

/// An attribute `tmpfs`, of paths and options.
fn scratch<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(paths) = work.read(view, "tmpfs", "container.scratch", Value::to_map) else { return };
    for (path, options) in paths {
        let options = options.literal().unwrap_or_default();
        let size = options.split(',').find_map(|option| option.trim().strip_prefix("size=")).map(mebibytes);
        let size_mib = size.flatten().unwrap_or(SCRATCH_MIB);
        work.draft.scratch.push(Scratch { path: path.into(), size_mib });
    }
}

/// Names of hosts in the container.
fn hosts<'a>(work: &mut Work<'a>, view: &View<'a>) {
    use crate::templates::report::Outcome;
    for host in work.blocks(view, "host") {
        let name = host.attribute("host").map(|one| work.value(&host, one).and_then(|name| name.literal()));
        let outcome = match name {
            Some(Ok(name)) if name == "host.docker.internal" => {
                Outcome::ignored("it is for an agent to reach Coder, and Deed needs no agent")
            }
            _ => Outcome::refused("a workspace reaches what `network.allow` names, through a proxy"),
        };
        work.sheet.mark(host.site(), outcome.clone());
        work.sheet.mark_all(host.file, host.block, &outcome);
    }
}

fn network<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(mode) = work.literal(view, "network_mode", "its own network") else { return };
    if let Some(attribute) = view.attribute("network_mode")
        && !["", "bridge", "default", "none"].contains(&mode.as_str())
    {
        let why = "a workspace has its own network, and no way to others or to the host";
        work.refuse(view.site_of(attribute), why);
    }
}
