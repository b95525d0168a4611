//! A spec in the making, for the two formats that do not say everything; what they leave out gets a value that the report names.

use super::report::{Finding, Outcome};
use super::{Imported, native};
use ledger::event::workspaces::{
    App, Container, Doors, Limits, Network, Parameter, Scratch, Startup, Times, Volume, WorkspaceSpec,
};
use std::collections::BTreeMap;

/// Thousandths of a processor, where nothing is said.
const CPU_MILLIS: u64 = 2_000;
/// Memory, where nothing is said.
const MEMORY_MIB: u64 = 4_096;
/// Processes and threads. Neither format can say how many.
const PROCESSES: u64 = 512;
/// The first person of most images.
const USER: &str = "1000:1000";
/// What a scratch path holds.
pub(super) const SCRATCH_MIB: u64 = 256;
/// What a volume holds.
pub(super) const VOLUME_MIB: u64 = 10_240;
/// Time for what runs at a start.
const STARTUP_SECONDS: u64 = 600;
/// Does nothing for as long as the container lives, and ends when it is asked to.
pub(super) const IDLE: [&str; 3] =
    ["/bin/sh", "-c", "trap 'exit 0' TERM INT; while :; do sleep 3600 & wait $!; done"];

/// What is known so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) apps: Vec<App>,
    pub(super) command: Vec<Box<str>>,
    pub(super) cpu_millis: Option<u64>,
    pub(super) environment: BTreeMap<Box<str>, Box<str>>,
    pub(super) image: Option<Box<str>>,
    pub(super) memory_mib: Option<u64>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) runtime: Option<Box<str>>,
    pub(super) scratch: Vec<Scratch>,
    /// Parts of the startup script, in the order in which they run.
    pub(super) scripts: Vec<String>,
    pub(super) startup_seconds: Option<u64>,
    pub(super) user: Option<Box<str>>,
    pub(super) volumes: Vec<Volume>,
    pub(super) working_directory: Option<Box<str>>,
    pub(super) writable_root: Option<bool>,
}

impl Draft {
    /// The spec, unless something is refused.
    pub(super) fn finish(mut self, file: &str, mut report: Vec<Finding>) -> Imported {
        let refused = |report: &[Finding]| report.iter().any(|finding| finding.outcome.is_refused());
        let told = |construct: &str, outcome| Finding {
            file: file.into(),
            line: 0,
            construct: construct.into(),
            outcome,
        };
        if self.image.is_none() && !refused(&report) {
            report.push(told("image", Outcome::refused("there is no container with an image")));
        }
        if refused(&report) {
            return Imported { spec: None, report };
        }
        for default in self.complete() {
            report.push(told("default", Outcome::mapped(default)));
        }
        let mut spec = self.spec();
        native::sort(&mut spec);
        match spec.check() {
            Ok(()) => Imported { spec: Some(spec), report },
            Err(unsound) => {
                report.push(told("spec", Outcome::refused(unsound.what)));
                Imported { spec: None, report }
            }
        }
    }

    /// Fills in what nobody said, and says what.
    fn complete(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        if self.cpu_millis.is_none() {
            said.push(format!("limits.cpu_millis = {CPU_MILLIS}"));
        }
        if self.memory_mib.is_none() {
            said.push(format!("limits.memory_mib = {MEMORY_MIB}"));
        }
        said.push(format!("limits.processes = {PROCESSES}"));
        if self.user.is_none() {
            said.push(format!("container.user = \"{USER}\""));
        }
        if self.writable_root.is_none() {
            said.push("container.writable_root = false".to_owned());
        }
        if !self.scripts.is_empty() && self.startup_seconds.is_none() {
            said.push(format!("startup.timeout_seconds = {STARTUP_SECONDS}"));
        }
        for path in ["/tmp", "/run"] {
            if self.is_apart(path) {
                self.scratch.push(Scratch { path: path.into(), size_mib: SCRATCH_MIB });
                said.push(format!("container.scratch: {path}, {SCRATCH_MIB} MiB"));
            }
        }
        said
    }

    fn is_apart(&self, path: &str) -> bool {
        let within = |one: &str, other: &str| {
            one.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut taken =
            self.volumes.iter().map(|one| &*one.path).chain(self.scratch.iter().map(|one| &*one.path));
        !taken.any(|other| within(path, other) || within(other, path))
    }

    fn spec(self) -> WorkspaceSpec {
        let startup = (!self.scripts.is_empty()).then(|| Startup {
            script: self.scripts.concat().into(),
            timeout_seconds: self.startup_seconds.unwrap_or(STARTUP_SECONDS),
        });
        WorkspaceSpec {
            ai: None,
            apps: self.apps,
            container: Container {
                command: self.command,
                environment: self.environment,
                image: self.image.unwrap_or_default(),
                runtime: self.runtime,
                scratch: self.scratch,
                user: self.user.unwrap_or_else(|| USER.into()),
                working_directory: self.working_directory,
                writable_root: self.writable_root.unwrap_or_default(),
            },
            doors: Doors::default(),
            limits: Limits {
                cpu_millis: self.cpu_millis.unwrap_or(CPU_MILLIS),
                memory_mib: self.memory_mib.unwrap_or(MEMORY_MIB),
                processes: PROCESSES,
            },
            network: Network::default(),
            parameters: self.parameters,
            prebuilt: 0,
            startup,
            times: Times::default(),
            volumes: self.volumes,
        }
    }
}

/// A text as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A slug that is like a text, and like none of those that are taken.
pub(super) fn slug<'a>(text: &str, taken: impl Iterator<Item = &'a str> + Clone) -> Box<str> {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let text: String = text.chars().map(plain).collect();
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    let mut slug: String = words.join("-").chars().take(17).collect();
    slug.truncate(slug.trim_end_matches('-').len());
    if slug.bytes().all(|byte| byte.is_ascii_digit()) || slug == "terminal" {
        slug = format!("x-{slug}").trim_end_matches('-').chars().take(17).collect();
    }
    let free = |slug: &String| taken.clone().all(|other| other != slug.as_str());
    let numbered = (2..100).map(|number| format!("{slug}-{number}"));
    std::iter::once(slug.clone()).chain(numbered).find(free).unwrap_or(slug).into()
}

/// A text in which `${` is no reference.
pub(super) fn escaped(text: &str) -> String {
    text.replace("${", "$${")
}

/// The number of MiB, rounded up, of what `8gb`, `512m` or a number of bytes says.
pub(super) fn mebibytes(text: &str) -> Option<u64> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let bytes: u64 = match unit.trim() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        "t" | "tb" | "tib" => 1 << 40,
        _ => return None,
    };
    Some(number.parse::<u64>().ok()?.checked_mul(bytes)?.div_ceil(1 << 20))
}
