//! What a new version of a template means for a workspace: what changes, and how far that reaches into what runs.
//!
//! The structs of a spec are taken apart by name, so that a new field stops the build here.

use ledger::event::workspaces::{
    App, Container, Destination, Doors, Kind, Limits, Names, Network, Parameter, Scratch, Startup, Times,
    Values, Volume, WorkspaceSpec, resolve,
};
use std::collections::{BTreeMap, BTreeSet};

/// One change, and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// Which field: `container.image`, `apps.code.port`, `volumes.home.size_mib`.
    pub field: Box<str>,
    /// What happens to it.
    pub change: Change,
    /// What it takes for the change to be in force.
    pub reach: Reach,
}

/// What happens to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Added,
    /// It is no longer there.
    Removed,
    /// It is another.
    Changed,
}

/// What it takes for a change to be in force, from little to much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// Nothing: it is in force at once, and the container is not touched.
    Live,
    /// The container stops and starts.
    Restart,
    /// The container is made anew; the volumes stay.
    Rebuild,
    /// Only deleting the workspace and creating it anew.
    Recreate,
}

impl Reach {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Restart => "restart",
            Self::Rebuild => "rebuild",
            Self::Recreate => "recreate",
        }
    }
}

/// Every change from one spec to another, for a workspace with these values, in the order of the fields.
pub fn impacts(old: &WorkspaceSpec, new: &WorkspaceSpec, values: &Values) -> Vec<Impact> {
    let mut found = Found::default();
    let WorkspaceSpec {
        ai,
        apps,
        container,
        doors,
        limits,
        network,
        parameters,
        prebuilt,
        startup,
        times,
        volumes,
    } = old;
    found.plain("ai", Some(ai), Some(&new.ai), Reach::Restart);
    found.apps(apps, &new.apps);
    found.container(container, &new.container, &Resolver::new(old, new, values));
    found.doors(*doors, new.doors);
    found.limits(*limits, new.limits);
    found.network(network, &new.network);
    found.parameters(parameters, &new.parameters, values);
    found.plain("prebuilt", Some(prebuilt), Some(&new.prebuilt), Reach::Live);
    found.startup(startup.as_ref(), new.startup.as_ref());
    found.times(*times, new.times);
    found.volumes(volumes, &new.volumes);
    found.impacts
}

/// The farthest that any of them reaches; absent when nothing changes.
pub fn farthest(impacts: &[Impact]) -> Option<Reach> {
    impacts.iter().map(|impact| impact.reach).max()
}

/// The values of one workspace under both versions.
struct Resolver {
    before: Values,
    after: Values,
    names: Names,
}

impl Resolver {
    /// What nobody chose has its default. Whose the workspace is stays, so these names need only be equal on both sides and unlike.
    fn new(old: &WorkspaceSpec, new: &WorkspaceSpec, values: &Values) -> Self {
        let of = |spec: &WorkspaceSpec| {
            let value = |one: &Parameter| {
                let value = values.get(&one.name).or(one.default.as_ref())?;
                Some((one.name.clone(), value.clone()))
            };
            spec.parameters.iter().filter_map(value).collect()
        };
        let names = Names {
            owner_handle: "\0owner.handle".into(),
            owner_id: "\0owner.id".into(),
            workspace_handle: "\0workspace.handle".into(),
            workspace_id: "\0workspace.id".into(),
        };
        Self { before: of(old), after: of(new), names }
    }

    fn same(&self, old: &str, new: &str) -> bool {
        resolve(old, &self.before, &self.names) == resolve(new, &self.after, &self.names)
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    impacts: Vec<Impact>,
}

impl Found {
    fn add(&mut self, field: impl Into<Box<str>>, change: Change, reach: Reach) {
        self.impacts.push(Impact { field: field.into(), change, reach });
    }

    /// A field that is as it was, or not.
    fn plain<T: PartialEq>(&mut self, field: &str, old: Option<&T>, new: Option<&T>, reach: Reach) {
        let change = match (old, new) {
            (Some(_), None) => Change::Removed,
            (None, Some(_)) => Change::Added,
            (old, new) if old != new => Change::Changed,
            _ => return,
        };
        self.add(field, change, reach);
    }

    /// A field that may be absent.
    fn maybe<T: PartialEq>(&mut self, field: &str, old: &Option<T>, new: &Option<T>, reach: Reach) {
        self.plain(field, old.as_ref(), new.as_ref(), reach);
    }

    fn apps(&mut self, old: &[App], new: &[App]) {
        let named = |all: &[App]| all.iter().map(|app| (app.slug.clone(), app.clone())).collect();
        for (slug, old, new) in pairs(named(old), named(new)) {
            match (old, new) {
                (Some(old), Some(new)) => self.app(&slug, &old, &new),
                (old, new) => {
                    let runs = old.as_ref().or(new.as_ref()).is_some_and(|app| app.command.is_some());
                    let reach = if runs { Reach::Restart } else { Reach::Live };
                    self.plain(&format!("apps.{slug}"), old.as_ref(), new.as_ref(), reach);
                }
            }
        }
    }

    fn app(&mut self, slug: &str, old: &App, new: &App) {
        let App { command, health, name, path, port, sharing_max, slug: _ } = old;
        let field = |name: &str| format!("apps.{slug}.{name}");
        self.maybe(&field("command"), command, &new.command, Reach::Restart);
        self.maybe(&field("health"), health, &new.health, Reach::Live);
        self.plain(&field("name"), Some(name), Some(&new.name), Reach::Live);
        self.maybe(&field("path"), path, &new.path, Reach::Live);
        self.plain(&field("port"), Some(port), Some(&new.port), Reach::Live);
        self.plain(&field("sharing_max"), Some(sharing_max), Some(&new.sharing_max), Reach::Live);
    }

    fn container(&mut self, old: &Container, new: &Container, resolver: &Resolver) {
        let Container {
            command,
            environment,
            image,
            runtime,
            scratch,
            user,
            working_directory,
            writable_root,
        } = old;
        let field = |name: &str| format!("container.{name}");
        self.plain(&field("command"), Some(command), Some(&new.command), Reach::Rebuild);
        self.environment(environment, &new.environment, resolver);
        if !resolver.same(image, &new.image) {
            self.add(field("image"), Change::Changed, Reach::Rebuild);
        }
        self.maybe(&field("runtime"), runtime, &new.runtime, Reach::Rebuild);
        self.scratch(scratch, &new.scratch);
        // What lies in the volumes belongs to the user that was.
        self.plain(&field("user"), Some(user), Some(&new.user), Reach::Recreate);
        self.maybe(&field("working_directory"), working_directory, &new.working_directory, Reach::Rebuild);
        self.plain(&field("writable_root"), Some(writable_root), Some(&new.writable_root), Reach::Rebuild);
    }

    fn environment(
        &mut self,
        old: &BTreeMap<Box<str>, Box<str>>,
        new: &BTreeMap<Box<str>, Box<str>>,
        resolver: &Resolver,
    ) {
        for (name, old, new) in pairs(old.clone(), new.clone()) {
            let same = old.as_ref().zip(new.as_ref()).is_some_and(|(old, new)| resolver.same(old, new));
            if !same {
                let change = change(&old, &new);
                self.add(format!("container.environment.{name}"), change, Reach::Rebuild);
            }
        }
    }

    fn scratch(&mut self, old: &[Scratch], new: &[Scratch]) {
        let named = |all: &[Scratch]| {
            let pair = |Scratch { path, size_mib }: &Scratch| (path.clone(), *size_mib);
            all.iter().map(pair).collect()
        };
        for (path, old, new) in pairs(named(old), named(new)) {
            let whole = old.is_none() || new.is_none();
            let size = if whole { "" } else { ".size_mib" };
            self.maybe(&format!("container.scratch.{path}{size}"), &old, &new, Reach::Rebuild);
        }
    }

    fn doors(&mut self, old: Doors, new: Doors) {
        let Doors { ports, terminal } = old;
        self.plain("doors.ports", Some(&ports), Some(&new.ports), Reach::Live);
        self.plain("doors.terminal", Some(&terminal), Some(&new.terminal), Reach::Live);
    }

    fn limits(&mut self, old: Limits, new: Limits) {
        let Limits { cpu_millis, memory_mib, processes } = old;
        self.plain("limits.cpu_millis", Some(&cpu_millis), Some(&new.cpu_millis), Reach::Restart);
        self.plain("limits.memory_mib", Some(&memory_mib), Some(&new.memory_mib), Reach::Restart);
        self.plain("limits.processes", Some(&processes), Some(&new.processes), Reach::Restart);
    }

    fn network(&mut self, old: &Network, new: &Network) {
        let Network { allow } = old;
        let named = |all: &[Destination]| {
            let pair = |Destination { host, ports }: &Destination| (host.clone(), ports.clone());
            all.iter().map(pair).collect()
        };
        for (host, old, new) in pairs(named(allow), named(&new.allow)) {
            self.maybe(&format!("network.allow.{host}"), &old, &new, Reach::Live);
        }
    }

    fn startup(&mut self, old: Option<&Startup>, new: Option<&Startup>) {
        let (Some(before), Some(after)) = (old, new) else {
            return self.plain("startup", old, new, Reach::Restart);
        };
        let Startup { script, timeout_seconds } = before;
        self.plain("startup.script", Some(script), Some(&after.script), Reach::Restart);
        let timeout = "startup.timeout_seconds";
        self.plain(timeout, Some(timeout_seconds), Some(&after.timeout_seconds), Reach::Restart);
    }

    fn times(&mut self, old: Times, new: Times) {
        let Times {
            delete_after_dormant_seconds: delete,
            dormant_after_seconds: dormant,
            idle_stop_seconds: idle,
            lifetime_seconds_max: lifetime,
        } = old;
        let live = Reach::Live;
        self.maybe("times.delete_after_dormant_seconds", &delete, &new.delete_after_dormant_seconds, live);
        self.maybe("times.dormant_after_seconds", &dormant, &new.dormant_after_seconds, live);
        self.maybe("times.idle_stop_seconds", &idle, &new.idle_stop_seconds, live);
        self.maybe("times.lifetime_seconds_max", &lifetime, &new.lifetime_seconds_max, live);
    }

    fn volumes(&mut self, old: &[Volume], new: &[Volume]) {
        let named = |all: &[Volume]| all.iter().map(|one| (one.name.clone(), one.clone())).collect();
        for (name, old, new) in pairs(named(old), named(new)) {
            match (old, new) {
                (Some(old), Some(new)) => self.volume(&name, &old, &new),
                (old, new) => {
                    let kept = old.as_ref().is_some_and(|one| one.protected);
                    let reach = if kept { Reach::Recreate } else { Reach::Rebuild };
                    self.plain(&format!("volumes.{name}"), old.as_ref(), new.as_ref(), reach);
                }
            }
        }
    }

    fn volume(&mut self, name: &str, old: &Volume, new: &Volume) {
        let Volume { name: _, path, protected, size_mib } = old;
        let field = |part: &str| format!("volumes.{name}.{part}");
        self.plain(&field("path"), Some(path), Some(&new.path), Reach::Rebuild);
        // It matters when the workspace is deleted, and not before.
        self.plain(&field("protected"), Some(protected), Some(&new.protected), Reach::Live);
        let reach = if new.size_mib < *size_mib { Reach::Recreate } else { Reach::Restart };
        self.plain(&field("size_mib"), Some(size_mib), Some(&new.size_mib), reach);
    }

    fn parameters(&mut self, old: &[Parameter], new: &[Parameter], values: &Values) {
        let named = |all: &[Parameter]| all.iter().map(|one| (one.name.clone(), one.clone())).collect();
        for (name, old, new) in pairs(named(old), named(new)) {
            let field = format!("parameters.{name}");
            match (old, new) {
                (Some(old), Some(new)) => self.parameter(&field, &old, &new, values),
                (None, Some(new)) => {
                    let reach = if new.default.is_some() { Reach::Live } else { Reach::Recreate };
                    self.add(field, Change::Added, reach);
                }
                _ => self.add(field, Change::Removed, Reach::Live),
            }
        }
        let order = |all: &[Parameter]| all.iter().map(|one| one.name.clone()).collect::<Vec<_>>();
        let (before, after) = (order(old), order(new));
        let moved = before != after && before.iter().collect::<BTreeSet<_>>() == after.iter().collect();
        if moved {
            self.add("parameters", Change::Changed, Reach::Live);
        }
    }

    fn parameter(&mut self, field: &str, old: &Parameter, new: &Parameter, values: &Values) {
        let Parameter { default, description, kind, max, min, mutable, name, options, pattern } = old;
        let value = values.get(name).or(new.default.as_ref());
        let admitted = value.is_some_and(|value| new.admits(value).is_ok());
        let reach = if admitted { Reach::Live } else { not_admitted(*kind, new) };
        let part = |part: &str| format!("{field}.{part}");
        self.maybe(&part("default"), default, &new.default, Reach::Live);
        self.maybe(&part("description"), description, &new.description, Reach::Live);
        self.plain(&part("kind"), Some(kind), Some(&new.kind), reach);
        self.maybe(&part("max"), max, &new.max, reach);
        self.maybe(&part("min"), min, &new.min, reach);
        self.plain(&part("mutable"), Some(mutable), Some(&new.mutable), Reach::Live);
        self.plain(&part("options"), Some(options), Some(&new.options), reach);
        self.maybe(&part("pattern"), pattern, &new.pattern, reach);
    }
}

/// A value that is no longer admitted can be chosen anew where the parameter is mutable; what was a text has to become another kind.
fn not_admitted(old: Kind, new: &Parameter) -> Reach {
    if new.mutable && old == new.kind { Reach::Rebuild } else { Reach::Recreate }
}

fn change<T>(old: &Option<T>, new: &Option<T>) -> Change {
    match (old, new) {
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
        _ => Change::Changed,
    }
}

/// Everything that has a name on one of two sides, by name.
fn pairs<T>(old: BTreeMap<Box<str>, T>, new: BTreeMap<Box<str>, T>) -> Vec<(Box<str>, Option<T>, Option<T>)> {
    let mut all: BTreeMap<Box<str>, (Option<T>, Option<T>)> =
        old.into_iter().map(|(name, one)| (name, (Some(one), None))).collect();
    for (name, one) in new {
        all.entry(name).or_default().1 = Some(one);
    }
    all.into_iter().map(|(name, (old, new))| (name, old, new)).collect()
}
