//! What a workspace is made of: the content of a version of a template.
//!
//! A spec is addressed by the SHA-256 of its canonical JSON. Fields stand in the order of that JSON; what is absent is as its type says.
//! Where a text may hold references, `${parameter.NAME}`, `${owner.handle}`, `${owner.id}`, `${workspace.handle}` and `${workspace.id}` stand
//! for their values, and `$${` for `${`.

use super::parameters::Parameter;
use super::{bounds, variables};
use crate::event::keys::Models;
use crate::event::policy::Unsound;
use crate::hash::Hash;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a workspace is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct WorkspaceSpec {
    /// What its tools may ask of models; absent when they have no key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ai: Option<Ai>,
    /// What one opens in it, in ascending order of the slug.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub apps: Vec<App>,
    /// The container.
    pub container: Container,
    /// Which doors there are besides those of apps.
    #[serde(skip_serializing_if = "Doors::are_shut", default)]
    pub doors: Doors,
    /// How much it may take.
    pub limits: Limits,
    /// What it may reach.
    #[serde(skip_serializing_if = "Network::is_none", default)]
    pub network: Network,
    /// What whoever creates one chooses, in the order in which it is asked.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parameters: Vec<Parameter>,
    /// How many are kept running for whoever comes.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub prebuilt: u64,
    /// What runs in it at each start, before its apps.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub startup: Option<Startup>,
    /// When it stops, sleeps and goes by itself.
    #[serde(skip_serializing_if = "Times::are_none", default)]
    pub times: Times,
    /// What lasts, in ascending order of the name.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub volumes: Vec<Volume>,
}

/// What the tools of a workspace may ask of models. What is absent is as the policy on keys of the class `workspace` has it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Ai {
    /// The enforcement level.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub enforcement: Option<Box<str>>,
    /// The guardrail set.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub guardrails: Option<Box<str>>,
    /// Which models.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub models: Option<Models>,
}

/// Something in a workspace that one opens in a browser.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct App {
    /// What Deed runs in a shell to have it, and again when it ends; absent when the image runs it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<Box<str>>,
    /// A path that answers below 500 once it can be used; absent when an open port is enough.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub health: Option<Box<str>>,
    /// What people call it.
    pub name: Box<str>,
    /// Where one begins; absent for `/`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<Box<str>>,
    /// Where it listens, on the loopback of the workspace.
    pub port: u16,
    /// With whom its owner may share it at most; absent for nobody.
    #[serde(skip_serializing_if = "Sharing::is_owner", default)]
    pub sharing_max: Sharing,
    /// Its name in addresses: 1 to 20 lower-case letters, digits or single `-` between them.
    pub slug: Box<str>,
}

/// Who may open an app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// The workspace's owner.
    #[default]
    Owner,
    /// Whoever has a role in the workspace's organization.
    Organization,
    /// Whoever signed in.
    Authenticated,
    /// Everybody.
    Public,
}

impl Sharing {
    fn is_owner(&self) -> bool {
        *self == Self::Owner
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Organization => "organization",
            Self::Authenticated => "authenticated",
            Self::Public => "public",
        }
    }
}

/// A container. Every capability is dropped, no privilege can be gained, and there is no network but the loopback, whatever a spec says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Container {
    /// What runs in it as long as it lives; absent for what the image says.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub command: Vec<Box<str>>,
    /// Environment variables, in ascending order of the name.
    #[serde(with = "variables", skip_serializing_if = "BTreeMap::is_empty", default)]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<variables::Variable<Box<str>>>"))]
    pub environment: BTreeMap<Box<str>, Box<str>>,
    /// The image by its digest: `name@sha256:…`, or `sha256:…` for one that the engine has. It may hold references to parameters with options.
    pub image: Box<str>,
    /// The engine's runtime, such as `runsc`; absent for the engine's own choice.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runtime: Option<Box<str>>,
    /// Paths that are writable and gone after a stop, in ascending order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub scratch: Vec<Scratch>,
    /// Its user and group by number, neither 0: `1000:1000`.
    pub user: Box<str>,
    /// Where its processes begin; absent for what the image says.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub working_directory: Option<Box<str>>,
    /// Whether the root file system can be written. What is written there is gone with an update, and no limit holds for it.
    #[serde(skip_serializing_if = "is_false", default)]
    pub writable_root: bool,
}

/// A path in memory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scratch {
    /// An absolute path.
    pub path: Box<str>,
    /// How much it holds.
    pub size_mib: u64,
}

/// How much a workspace may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Thousandths of a processor.
    pub cpu_millis: u64,
    /// Memory, with what it writes into scratch paths.
    pub memory_mib: u64,
    /// Processes and threads.
    pub processes: u64,
}

/// A disk of a workspace of its own. It survives stops and updates.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Volume {
    /// Its name: 1 to 20 lower-case letters, digits or single `-` between them.
    pub name: Box<str>,
    /// Where it is in the workspace.
    pub path: Box<str>,
    /// Whether it is kept when the workspace is deleted, until somebody deletes it by name.
    #[serde(skip_serializing_if = "is_false", default)]
    pub protected: bool,
    /// How much it holds.
    pub size_mib: u64,
}

/// What a workspace may reach.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// Where it may connect to through the proxy, in ascending order of the host.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub allow: Vec<Destination>,
}

impl Network {
    fn is_none(&self) -> bool {
        self.allow.is_empty()
    }
}

/// Somewhere outside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Destination {
    /// A host name in lower case, `*.` and a name for whatever is below it, or an IP address. A name never leads to a loopback, private,
    /// link-local or other special address; only an address that is listed itself does.
    pub host: Box<str>,
    /// The ports, in ascending order; absent for 443 alone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub ports: Vec<u16>,
}

/// Doors of a workspace besides those of its apps. What is not open here does not exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Doors {
    /// Whether its owner may open any port of its loopback from 1024 up as if it were an app.
    #[serde(skip_serializing_if = "is_false", default)]
    pub ports: bool,
    /// Whether its owner may open a terminal.
    #[serde(skip_serializing_if = "is_false", default)]
    pub terminal: bool,
}

impl Doors {
    fn are_shut(&self) -> bool {
        *self == Self::default()
    }
}

/// What runs in a workspace at each start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Startup {
    /// A script for `/bin/sh`. It finds each parameter in `DEED_PARAMETER_<NAME>`.
    pub script: Box<str>,
    /// How long it may take; after that the start has failed.
    pub timeout_seconds: u64,
}

/// When a workspace stops, sleeps and goes by itself, in seconds; absent for never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// A dormant workspace is deleted so long after it went to sleep.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub delete_after_dormant_seconds: Option<u64>,
    /// A workspace that nobody used for so long goes to sleep: it stops, and only somebody who wakes it can start it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub dormant_after_seconds: Option<u64>,
    /// A running workspace that nobody uses stops after so long.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub idle_stop_seconds: Option<u64>,
    /// A running workspace stops so long after its start, whoever uses it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lifetime_seconds_max: Option<u64>,
}

impl Times {
    fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
pub(super) fn is_false(value: &bool) -> bool {
    !*value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(value: &u64) -> bool {
    *value == 0
}

impl WorkspaceSpec {
    /// Checks that it keeps its bounds: done once, on the way in, and again by whoever audits.
    pub fn check(&self) -> Result<(), Unsound> {
        bounds::check(self)
    }

    /// What it is addressed by: the SHA-256 of its canonical JSON.
    pub fn digest(&self) -> Hash {
        Hash::of(&[&serde_json::to_vec(self).unwrap_or_default()])
    }

    /// The app of that slug.
    pub fn app(&self, slug: &str) -> Option<&App> {
        self.apps.iter().find(|app| &*app.slug == slug)
    }

    /// The parameter of that name.
    pub fn parameter(&self, name: &str) -> Option<&Parameter> {
        self.parameters.iter().find(|parameter| &*parameter.name == name)
    }
}
