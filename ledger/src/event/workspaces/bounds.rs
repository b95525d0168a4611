//! The bounds of a spec. They hold for whatever way it came in.

use super::parameters::{Kind, Parameter, VALUE_BYTES_MAX};
use super::references;
use super::spec::{App, Container, Destination, Limits, Network, Times, Volume, WorkspaceSpec};
use crate::event::policy::Unsound;
use crate::names::is_name;
use std::net::IpAddr;

/// Longest spec in bytes, as canonical JSON: half of what an event holds.
pub const SPEC_BYTES_MAX: usize = 32 << 10;
/// Longest slug of an app or name of a volume: with those of the workspace and its owner it is one label of a host name, at most 63 bytes.
const SLUG_BYTES_MAX: usize = 20;
/// Ten years, the longest time there is.
const SECONDS_MAX: u64 = 315_360_000;
/// A start that takes longer is not coming.
const STARTUP_SECONDS_MAX: u64 = 3_600;
/// Most of one kind: apps, volumes, parameters, scratch paths.
const OF_A_KIND_MAX: usize = 32;
/// Most destinations, options and variables.
const LIST_MAX: usize = 256;
/// Most that are kept running for whoever comes.
const PREBUILT_MAX: u64 = 100;

fn sound(holds: bool, what: &'static str) -> Result<(), Unsound> {
    if holds { Ok(()) } else { Err(Unsound { what }) }
}

/// Checks all bounds.
pub(super) fn check(spec: &WorkspaceSpec) -> Result<(), Unsound> {
    let length = serde_json::to_vec(spec).map_or(usize::MAX, |text| text.len());
    sound(length <= SPEC_BYTES_MAX, "it is at most 32 KiB long")?;
    parameters(&spec.parameters)?;
    apps(&spec.apps)?;
    container(spec)?;
    limits(&spec.limits)?;
    network(&spec.network)?;
    volumes(&spec.volumes)?;
    paths(spec)?;
    times(&spec.times)?;
    if let Some(startup) = &spec.startup {
        let in_time = (1..=STARTUP_SECONDS_MAX).contains(&startup.timeout_seconds);
        sound(in_time, "`startup.timeout_seconds` is from 1 to 3600")?;
        sound(!startup.script.contains('\0'), "`startup.script` holds no zero byte")?;
    }
    let named = |name: &Option<Box<str>>| name.as_deref().is_none_or(is_name);
    let ai = spec.ai.as_ref().is_none_or(|ai| named(&ai.enforcement) && named(&ai.guardrails));
    sound(ai, "`ai.enforcement` and `ai.guardrails` are names")?;
    prebuilt(spec)
}

/// A slug: 1 to 20 lower-case letters, digits or single `-` between them.
pub fn is_slug(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = text.starts_with('-') || text.ends_with('-') || text.contains("--");
    (1..=SLUG_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain) && !ends
}

/// An absolute path in its shortest form, other than `/`.
fn is_path(path: &str) -> bool {
    let parts = path.strip_prefix('/').map(|rest| rest.split('/').collect::<Vec<_>>());
    let plain = |part: &&str| !matches!(*part, "" | "." | "..") && !part.contains([':', ',', '\\']);
    path.len() <= 256
        && !path.contains(char::is_control)
        && parts.is_some_and(|parts| parts.iter().all(plain))
}

fn is_line(text: &str, bytes_max: usize) -> bool {
    (1..=bytes_max).contains(&text.len()) && !text.contains(char::is_control)
}

fn ascends<T: PartialOrd>(items: impl Iterator<Item = T>) -> bool {
    items.is_sorted_by(|one, next| one < next)
}

fn parameters(all: &[Parameter]) -> Result<(), Unsound> {
    sound(all.len() <= OF_A_KIND_MAX, "there are at most 32 parameters")?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let named = |one: &Parameter| (1..=32).contains(&one.name.len()) && one.name.bytes().all(plain);
    sound(all.iter().all(named), "a parameter's `name` is 1 to 32 lower-case letters, digits or `_`")?;
    let mut names: Vec<_> = all.iter().map(|one| &one.name).collect();
    names.sort();
    sound(ascends(names.iter()), "a parameter has a `name` of its own")?;
    all.iter().try_for_each(parameter)
}

fn parameter(one: &Parameter) -> Result<(), Unsound> {
    sound(one.has_sound_pattern(), "a `pattern` is a regular expression, for a text")?;
    sound(one.options.len() <= LIST_MAX, "a parameter has at most 256 options")?;
    let shown = one.options.iter().all(|choice| is_line(&choice.name, 128));
    sound(shown, "an option's `name` is one line of 1 to 128 bytes")?;
    let bounded = one.kind != Kind::Bool || one.min.is_none() && one.max.is_none();
    sound(bounded, "a parameter of the kind `bool` has neither `min` nor `max`")?;
    let described = one.description.as_deref().is_none_or(|text| text.len() <= VALUE_BYTES_MAX);
    sound(described, "a `description` is at most 1024 bytes long")?;
    one.options.iter().map(|choice| &choice.value).chain(&one.default).try_for_each(|value| one.admits(value))
}

fn apps(all: &[App]) -> Result<(), Unsound> {
    let listed = all.len() <= OF_A_KIND_MAX && ascends(all.iter().map(|app| &app.slug));
    sound(listed, "`apps` are at most 32, in ascending order of their slugs")?;
    sound(
        all.iter().all(|app| is_slug(&app.slug)),
        "a `slug` is 1 to 20 lower-case letters, digits or single `-` between them",
    )?;
    // Those that are numbers lead to ports.
    let words = |app: &App| !app.slug.bytes().all(|byte| byte.is_ascii_digit());
    sound(all.iter().all(words), "a `slug` is not a number, and not `terminal`")?;
    sound(all.iter().all(|app| &*app.slug != "terminal"), "a `slug` is not a number, and not `terminal`")?;
    sound(all.iter().all(|app| is_line(&app.name, 128)), "an app's `name` is one line of 1 to 128 bytes")?;
    sound(all.iter().all(|app| app.port >= 1024), "an app's `port` is 1024 or above")?;
    let route = |path: &Option<Box<str>>| {
        path.as_deref().is_none_or(|path| path.starts_with('/') && is_line(path, 512) && path.is_ascii())
    };
    sound(
        all.iter().all(|app| route(&app.path) && route(&app.health)),
        "`path` and `health` begin with `/` and are at most 512 bytes long",
    )?;
    let run = |app: &App| {
        app.command
            .as_deref()
            .is_none_or(|command| (1..=4096).contains(&command.len()) && !command.contains('\0'))
    };
    sound(all.iter().all(run), "an app's `command` is 1 to 4096 bytes long")
}

fn container(spec: &WorkspaceSpec) -> Result<(), Unsound> {
    let Container { command, environment, image, runtime, user, .. } = &spec.container;
    let text = |text: &str| !text.contains('\0') && text.len() <= 4096;
    sound(
        command.len() <= 64 && command.iter().all(|word| text(word)),
        "`container.command` is at most 64 words of at most 4096 bytes",
    )?;
    sound(environment.len() <= LIST_MAX, "`container.environment` has at most 256 variables")?;
    sound(
        environment.keys().all(|name| is_variable(name)),
        "a variable is 1 to 64 letters, digits or `_`, not first a digit, and does not begin with `DEED_`",
    )?;
    sound(environment.values().all(|value| text(value)), "a variable's value is at most 4096 bytes long")?;
    let known = environment.values().all(|value| references::are_known(value, &spec.parameters));
    sound(
        known,
        "a reference is `${parameter.NAME}` of a parameter, `${owner.handle}`, `${owner.id}`, `${workspace.handle}` or `${workspace.id}`",
    )?;
    sound(
        references::every_choice(image, &spec.parameters, is_pinned),
        "`container.image` is an image by its digest, `name@sha256:…` or `sha256:…`, for each option of the parameters it refers to",
    )?;
    sound(runtime.as_deref().is_none_or(is_name), "`container.runtime` is a name")?;
    sound(is_user(user), "`container.user` is a user and a group by number, neither 0, such as `1000:1000`")
}

fn is_variable(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let first = name.bytes().next().is_some_and(|byte| !byte.is_ascii_digit());
    first && name.len() <= 64 && name.bytes().all(plain) && !name.starts_with("DEED_")
}

fn is_pinned(image: &str) -> bool {
    let digits = |text: &str| {
        text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
    };
    let (name, digest) = image.split_once('@').map_or((None, image), |(name, digest)| (Some(name), digest));
    digest.strip_prefix("sha256:").is_some_and(digits) && name.is_none_or(is_name)
}

fn is_user(user: &str) -> bool {
    let id =
        |text: &str| text.parse::<u32>().is_ok_and(|id| id > 0 && id < u32::MAX && id.to_string() == text);
    user.split_once(':').is_some_and(|(user, group)| id(user) && id(group))
}

fn limits(limits: &Limits) -> Result<(), Unsound> {
    sound((10..=1_000_000).contains(&limits.cpu_millis), "`limits.cpu_millis` is from 10 to 1000000")?;
    sound((16..=16 << 20).contains(&limits.memory_mib), "`limits.memory_mib` is from 16 to 16777216")?;
    sound((8..=65_536).contains(&limits.processes), "`limits.processes` is from 8 to 65536")
}

fn network(network: &Network) -> Result<(), Unsound> {
    let listed =
        network.allow.len() <= LIST_MAX && ascends(network.allow.iter().map(|destination| &destination.host));
    sound(listed, "`network.allow` has at most 256 destinations, in ascending order of their hosts")?;
    let ports =
        |to: &Destination| to.ports.len() <= LIST_MAX && ascends(to.ports.iter()) && !to.ports.contains(&0);
    sound(network.allow.iter().all(ports), "`ports` are at most 256, in ascending order, none of them 0")?;
    sound(
        network.allow.iter().all(|to| is_host(&to.host)),
        "a `host` is a name in lower case, `*.` and a name of two or more parts, or an IP address in its usual form",
    )
}

fn is_host(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_string() == host;
    }
    let (name, parts_min) = host.strip_prefix("*.").map_or((host, 1), |name| (name, 2));
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    let part = |part: &str| {
        (1..=63).contains(&part.len())
            && part.bytes().all(plain)
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    // What ends in digits is an address in some spelling, to one program or another.
    let worded = name
        .rsplit('.')
        .next()
        .is_some_and(|last| !last.bytes().next().is_some_and(|byte| byte.is_ascii_digit()));
    name.len() <= 253 && name.split('.').count() >= parts_min && name.split('.').all(part) && worded
}

fn volumes(all: &[Volume]) -> Result<(), Unsound> {
    let listed = all.len() <= OF_A_KIND_MAX && ascends(all.iter().map(|volume| &volume.name));
    sound(listed, "`volumes` are at most 32, in ascending order of their names")?;
    sound(
        all.iter().all(|volume| is_slug(&volume.name)),
        "a volume's `name` is 1 to 20 lower-case letters, digits or single `-` between them",
    )?;
    let sized = all.iter().all(|volume| (8..=16 << 20).contains(&volume.size_mib));
    sound(sized, "a volume's `size_mib` is from 8 to 16777216")
}

/// No path of a volume or a scratch path lies in another, nor where the engine or Deed has its own.
fn paths(spec: &WorkspaceSpec) -> Result<(), Unsound> {
    let scratch = &spec.container.scratch;
    let listed = scratch.len() <= OF_A_KIND_MAX && ascends(scratch.iter().map(|one| &one.path));
    sound(listed, "`container.scratch` has at most 32 paths, in ascending order")?;
    sound(
        scratch.iter().all(|one| (1..=1 << 20).contains(&one.size_mib)),
        "a scratch path's `size_mib` is from 1 to 1048576",
    )?;
    let mut all: Vec<&str> =
        scratch.iter().map(|one| &*one.path).chain(spec.volumes.iter().map(|one| &*one.path)).collect();
    let directory = spec.container.working_directory.as_deref();
    sound(
        all.iter().copied().chain(directory).all(is_path),
        "a path is absolute, without `.`, `..`, `:`, `,` or control characters, and not `/` itself",
    )?;
    let own = |path: &&str| ["/proc", "/sys", "/dev", "/run/deed"].iter().any(|own| lies_in(path, own));
    sound(!all.iter().any(own), "no path is in `/proc`, `/sys`, `/dev` or `/run/deed`")?;
    all.sort_unstable();
    let apart = all
        .iter()
        .enumerate()
        .all(|(place, path)| !all.iter().skip(place + 1).any(|other| lies_in(other, path)));
    sound(apart, "no volume or scratch path lies in another")
}

fn lies_in(path: &str, other: &str) -> bool {
    path.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

fn times(times: &Times) -> Result<(), Unsound> {
    let Times {
        delete_after_dormant_seconds,
        dormant_after_seconds,
        idle_stop_seconds,
        lifetime_seconds_max,
    } = *times;
    let all = [delete_after_dormant_seconds, dormant_after_seconds, idle_stop_seconds, lifetime_seconds_max];
    let bounded = all.into_iter().flatten().all(|seconds| (1..=SECONDS_MAX).contains(&seconds));
    sound(bounded, "each of `times` is from 1 to 315360000 seconds")?;
    let sleeps = delete_after_dormant_seconds.is_none() || dormant_after_seconds.is_some();
    sound(sleeps, "`times.delete_after_dormant_seconds` needs `times.dormant_after_seconds`")
}

/// One that runs before it is somebody's cannot depend on whose it will be.
fn prebuilt(spec: &WorkspaceSpec) -> Result<(), Unsound> {
    sound(spec.prebuilt <= PREBUILT_MAX, "`prebuilt` is at most 100")?;
    let depends = spec.container.environment.values().any(|value| references::depend_on_owner(value));
    let chosen = spec.parameters.iter().all(|one| one.default.is_some());
    let ready = spec.prebuilt == 0 || !depends && chosen;
    sound(
        ready,
        "with `prebuilt`, no variable refers to the owner or the workspace, and each parameter has a default",
    )
}
