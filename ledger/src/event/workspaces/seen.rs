//! What was seen of workspaces while they ran, counted over a while.

use crate::event::id::WorkspaceId;
use crate::event::{Object, Subject, about};
use crate::time::Time;
use serde::{Deserialize, Serialize};

/// Most rows of one event: with the longest hosts they fill half of it.
pub const ROWS_MAX: usize = 64;

/// A workspace was used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivitySeen {
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// Somebody used an app for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConnectionsCounted {
    /// The app by its slug, a port by its number, or `terminal`.
    pub app: Box<str>,
    /// Bytes of bodies and tunnels to the app.
    pub bytes_in: u64,
    /// And from it.
    pub bytes_out: u64,
    /// When the first of them began.
    pub from: Time,
    /// How many requests were let in.
    pub requests: u64,
    /// When the last of them ended.
    pub to: Time,
    /// How many of the requests became tunnels, such as WebSockets.
    pub tunnels: u64,
    /// Who; absent for the public.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub visitor: Option<Subject>,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// What became of attempts to reach out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The template allows the destination, and it was reached.
    Allowed,
    /// The template does not allow the destination.
    Denied,
    /// The name leads to an address that is not public.
    DeniedAddress,
    /// It was allowed, and could not be reached.
    Unreachable,
    /// It was nothing that can be understood.
    Malformed,
}

/// Attempts to reach one destination, that ended in the same way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Destinations {
    /// Bytes that came from there.
    pub bytes_in: u64,
    /// Bytes that went there.
    pub bytes_out: u64,
    /// How many attempts.
    pub count: u64,
    /// The host as it was asked for, at most 253 bytes; absent for all that found no row of their own.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<Box<str>>,
    /// The port; 0 where the host is absent.
    pub port: u16,
    /// What became of them.
    pub verdict: Verdict,
}

/// A workspace reached out for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EgressCounted {
    /// Since when it was counted.
    pub from: Time,
    /// At most 64 rows.
    pub rows: Vec<Destinations>,
    /// Until when.
    pub to: Time,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A kind of thing that an engine has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Thing {
    /// A container.
    Container,
    /// A volume.
    Volume,
}

/// The engine has something of ours that belongs to no workspace. It is left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrphanFound {
    /// Its name there, at most 128 bytes.
    pub name: Box<str>,
    /// What it is.
    pub thing: Thing,
}

impl OrphanFound {
    pub(in crate::event) fn object(&self) -> Option<Object> {
        None
    }
}

about! {
    ActivitySeen => |fact| Object::Workspace(fact.workspace);
    ConnectionsCounted => |fact| Object::Workspace(fact.workspace);
    EgressCounted => |fact| Object::Workspace(fact.workspace);
}
