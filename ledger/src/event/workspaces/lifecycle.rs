//! What happens to a workspace: what is ordered, and what became of it.

use super::{Schedule, Sharing, Values};
use crate::event::id::{TemplateId, WorkspaceId};
use crate::event::scope::Scope;
use crate::event::{Object, Subject, about};
use crate::hash::Hash;
use serde::{Deserialize, Serialize};

/// Somebody, or a template's stock, is to have a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceRequested {
    /// What its owner calls it, unique among the owner's.
    pub handle: Box<str>,
    /// Whose it is; absent for one of a template's stock, which waits for whoever comes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<Subject>,
    /// Where it counts.
    pub scope: Scope,
    /// The template.
    pub template: TemplateId,
    /// The value of each parameter.
    pub values: Values,
    /// The version.
    pub version: u64,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace of a template's stock is somebody's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceClaimed {
    /// What its owner calls it.
    pub handle: Box<str>,
    /// Whose it is.
    pub owner: Subject,
    /// Where it counts from now on.
    pub scope: Scope,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// Why something was ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// Its owner wants it.
    Person,
    /// Somebody who may manage it wants it.
    Administrator,
    /// Its schedule says so.
    Schedule,
    /// Nobody used it.
    Idle,
    /// It ran as long as it may.
    Lifetime,
    /// A budget has too little left.
    Quota,
    /// Its owner may not act.
    Suspension,
    /// Its template says so: the stock is kept, or made from another version.
    Template,
    /// It slept as long as it may.
    Dormancy,
    /// It was lost too often.
    Unstable,
}

impl Why {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Administrator => "administrator",
            Self::Schedule => "schedule",
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Quota => "quota",
            Self::Suspension => "suspension",
            Self::Template => "template",
            Self::Dormancy => "dormancy",
            Self::Unstable => "unstable",
        }
    }
}

/// A workspace is to run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StartOrdered {
    /// The order: one more than the one before, from 1.
    pub build: u64,
    /// Why.
    pub why: Why,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace is to stand still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopOrdered {
    /// The order.
    pub build: u64,
    /// Why.
    pub why: Why,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace is to be gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeletionOrdered {
    /// The order.
    pub build: u64,
    /// Why.
    pub why: Why,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// Deed works on what was ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildBegan {
    /// The order.
    pub build: u64,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace runs. What its build said is sealed beside the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Started {
    /// The order.
    pub build: u64,
    /// The engine's id of the container: 64 hex digits.
    pub container: Hash,
    /// The engine's id of the image: 64 hex digits.
    pub image: Hash,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace stands still.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stopped {
    /// The order.
    pub build: u64,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceDeleted {
    /// The order.
    pub build: u64,
    /// The volumes that its template protects and that are still there, in ascending order.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub kept: Vec<Box<str>>,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// Where work on an order failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FailedAt {
    /// A budget has too little left.
    Quota,
    /// The engine does not have the image.
    Image,
    /// A volume could not be made or mounted.
    Volume,
    /// The container could not be made.
    Container,
    /// The container did not start, or ended at once.
    Start,
    /// The startup script failed or took too long.
    Startup,
    /// The container could not be stopped or removed.
    Stop,
}

impl FailedAt {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Quota => "quota",
            Self::Image => "image",
            Self::Volume => "volume",
            Self::Container => "container",
            Self::Start => "start",
            Self::Startup => "startup",
            Self::Stop => "stop",
        }
    }
}

/// What was ordered could not be done, and is not tried again until it is ordered again. What the build said is sealed beside the event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceFailed {
    /// Where.
    pub at: FailedAt,
    /// The order.
    pub build: u64,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace no longer runs, and nobody ordered that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lost {
    /// The order by which it ran.
    pub build: u64,
    /// With which code its first process ended, if it did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exit: Option<i64>,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace is made from another version, or with other values.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceUpdated {
    /// The value of each parameter.
    pub values: Values,
    /// The version.
    pub version: u64,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace is somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkspaceTransferred {
    /// Whose it is now.
    pub owner: Subject,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// Others may open an app, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppShared {
    /// The app, by its slug.
    pub app: Box<str>,
    /// Who may open it.
    pub sharing: Sharing,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace starts and stops at other times of the day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSet {
    /// When; absent for never.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub schedule: Option<Schedule>,
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// A workspace that nobody used sleeps: until somebody starts it, nothing else does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FellAsleep {
    /// The workspace.
    pub workspace: WorkspaceId,
}

/// What a deleted workspace left was deleted too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VolumeDeleted {
    /// The volume, by its name in the template.
    pub volume: Box<str>,
    /// The workspace.
    pub workspace: WorkspaceId,
}

about! {
    WorkspaceRequested => |fact| Object::Workspace(fact.workspace);
    WorkspaceClaimed => |fact| Object::Workspace(fact.workspace);
    StartOrdered => |fact| Object::Workspace(fact.workspace);
    StopOrdered => |fact| Object::Workspace(fact.workspace);
    DeletionOrdered => |fact| Object::Workspace(fact.workspace);
    BuildBegan => |fact| Object::Workspace(fact.workspace);
    Started => |fact| Object::Workspace(fact.workspace);
    Stopped => |fact| Object::Workspace(fact.workspace);
    WorkspaceDeleted => |fact| Object::Workspace(fact.workspace);
    WorkspaceFailed => |fact| Object::Workspace(fact.workspace);
    Lost => |fact| Object::Workspace(fact.workspace);
    WorkspaceUpdated => |fact| Object::Workspace(fact.workspace);
    WorkspaceTransferred => |fact| Object::Workspace(fact.workspace);
    AppShared => |fact| Object::Workspace(fact.workspace);
    ScheduleSet => |fact| Object::Workspace(fact.workspace);
    FellAsleep => |fact| Object::Workspace(fact.workspace);
    VolumeDeleted => |fact| Object::Workspace(fact.workspace);
}
