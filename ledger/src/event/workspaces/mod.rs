//! Facts of workspaces: templates, the workspaces made from them, and what was seen of their use.

mod bounds;
mod lifecycle;
mod parameters;
mod references;
mod schedule;
mod seen;
mod spec;
mod templates;
mod variables;

pub use bounds::{SPEC_BYTES_MAX, is_slug};
pub use lifecycle::{
    AppShared, BuildBegan, DeletionOrdered, FailedAt, FellAsleep, Lost, ScheduleSet, StartOrdered, Started,
    StopOrdered, Stopped, VolumeDeleted, Why, WorkspaceClaimed, WorkspaceDeleted, WorkspaceFailed,
    WorkspaceRequested, WorkspaceTransferred, WorkspaceUpdated,
};
pub use parameters::{Choice, Kind, Parameter, VALUE_BYTES_MAX, Values, complete};
pub use references::{Names, resolve};
pub use schedule::{Daily, Days, NotADaily, NotDays, Schedule};
pub use seen::{
    ActivitySeen, ConnectionsCounted, Destinations, EgressCounted, OrphanFound, ROWS_MAX, Thing, Verdict,
};
pub use spec::{
    Ai, App, Container, Destination, Doors, Limits, Network, Scratch, Sharing, Startup, Times, Volume,
    WorkspaceSpec,
};
pub use templates::{
    Format, Source, TemplateArchived, TemplateCreated, TemplateDeprecated, VersionArchived, VersionPromoted,
    VersionPublished,
};

use super::facts;

facts! {
    /// What happened to templates and workspaces.
    Workspaces {
        /// A template exists, with no version yet.
        "workspaces.template_created" 1 => TemplateCreated;
        /// A template has a version more.
        "workspaces.version_published" 1 => VersionPublished;
        /// New workspaces are made from this version, and others can be updated to it.
        "workspaces.version_promoted" 1 => VersionPromoted;
        /// A version can no longer be promoted or updated to.
        "workspaces.version_archived" 1 => VersionArchived;
        /// People are told not to use a template any more, or that they may again.
        "workspaces.template_deprecated" 1 => TemplateDeprecated;
        /// Nothing new is made from a template.
        "workspaces.template_archived" 1 => TemplateArchived;
        /// Somebody, or a template's stock, is to have a workspace.
        "workspaces.workspace_requested" 1 => WorkspaceRequested;
        /// A workspace of a template's stock is somebody's.
        "workspaces.workspace_claimed" 1 => WorkspaceClaimed;
        /// A workspace is to run.
        "workspaces.start_ordered" 1 => StartOrdered;
        /// A workspace is to stand still.
        "workspaces.stop_ordered" 1 => StopOrdered;
        /// A workspace is to be gone.
        "workspaces.deletion_ordered" 1 => DeletionOrdered;
        /// Deed works on what was ordered.
        "workspaces.build_began" 1 => BuildBegan;
        /// A workspace runs.
        "workspaces.started" 1 => Started;
        /// A workspace stands still.
        "workspaces.stopped" 1 => Stopped;
        /// A workspace is gone.
        "workspaces.workspace_deleted" 1 => WorkspaceDeleted;
        /// What was ordered could not be done.
        "workspaces.workspace_failed" 1 => WorkspaceFailed;
        /// A workspace no longer runs, and nobody ordered that.
        "workspaces.lost" 1 => Lost;
        /// A workspace is made from another version, or with other values.
        "workspaces.workspace_updated" 1 => WorkspaceUpdated;
        /// A workspace is somebody else's.
        "workspaces.workspace_transferred" 1 => WorkspaceTransferred;
        /// Others may open an app, or no longer.
        "workspaces.app_shared" 1 => AppShared;
        /// A workspace starts and stops at other times of the day.
        "workspaces.schedule_set" 1 => ScheduleSet;
        /// A workspace that nobody used sleeps.
        "workspaces.fell_asleep" 1 => FellAsleep;
        /// What a deleted workspace left was deleted too.
        "workspaces.volume_deleted" 1 => VolumeDeleted;
        /// A workspace was used.
        "workspaces.activity_seen" 1 => ActivitySeen;
        /// Somebody used an app for a while.
        "workspaces.connections_counted" 1 => ConnectionsCounted;
        /// A workspace reached out for a while.
        "workspaces.egress_counted" 1 => EgressCounted;
        /// The engine has something of ours that belongs to no workspace.
        "workspaces.orphan_found" 1 => OrphanFound;
    }
}
