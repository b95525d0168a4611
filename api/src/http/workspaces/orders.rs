//! What people order of workspaces.

use super::super::Problem;
use super::super::commands::{Door, Parsed};
use super::super::fields::{fresh_id, site, subject, wrong_shape};
use super::super::texts::SubjectText;
use super::slug;
use commands::workspaces::{
    CreateWorkspace, DeleteVolume, DeleteWorkspace, SetSchedule, ShareApp, StartWorkspace, StopWorkspace,
    TransferWorkspace, UpdateWorkspace,
};
use ledger::event::Subject;
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{Daily, Days, Schedule, Sharing, VALUE_BYTES_MAX, Values, Why, is_slug};
use ledger::zone::Zone;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Most values that can be chosen: no template has more parameters.
const VALUES_MAX: usize = 32;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CreateArguments {
    /// What you call it, unique among yours.
    handle: String,
    template: TemplateId,
    /// The promoted one unless given.
    version: Option<u64>,
    #[serde(default = "site")]
    scope: Scope,
    /// The value of each parameter that is not to be as the template has it.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

pub(in crate::http) fn create_workspace(
    door: Door<'_>,
    arguments: CreateArguments,
) -> Result<Parsed, Problem> {
    let CreateArguments { handle, template, version, scope, values } = arguments;
    let workspace = WorkspaceId::from_bytes(fresh_id());
    let (handle, values) = (slug(&handle)?, chosen(values)?);
    Ok(Parsed::plain(door, CreateWorkspace { workspace, handle, template, version, scope, values }))
}

pub(super) fn chosen(values: BTreeMap<String, String>) -> Result<Values, Problem> {
    let bounded = values.len() <= VALUES_MAX && values.values().all(|value| value.len() <= VALUE_BYTES_MAX);
    if !bounded {
        return Err(wrong_shape("`values` has at most 32 entries of at most 1024 bytes"));
    }
    Ok(values.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct WorkspaceArguments {
    workspace: WorkspaceId,
}

pub(in crate::http) fn start_workspace(
    door: Door<'_>,
    arguments: WorkspaceArguments,
) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, StartWorkspace { workspace: arguments.workspace, why: Why::Person }))
}

pub(in crate::http) fn stop_workspace(
    door: Door<'_>,
    arguments: WorkspaceArguments,
) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, StopWorkspace { workspace: arguments.workspace, why: Why::Person }))
}

pub(in crate::http) fn delete_workspace(
    door: Door<'_>,
    arguments: WorkspaceArguments,
) -> Result<Parsed, Problem> {
    Ok(Parsed::plain(door, DeleteWorkspace { workspace: arguments.workspace, why: Why::Person }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct UpdateArguments {
    workspace: WorkspaceId,
    /// The promoted one unless given.
    version: Option<u64>,
    /// What is to change of the values; the rest stays.
    #[serde(default)]
    values: BTreeMap<String, String>,
}

pub(in crate::http) fn update_workspace(
    door: Door<'_>,
    arguments: UpdateArguments,
) -> Result<Parsed, Problem> {
    let UpdateArguments { workspace, version, values } = arguments;
    Ok(Parsed::plain(door, UpdateWorkspace { workspace, version, values: chosen(values)? }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct TransferArguments {
    workspace: WorkspaceId,
    #[serde(deserialize_with = "subject")]
    #[schemars(with = "SubjectText")]
    to: Subject,
}

pub(in crate::http) fn transfer_workspace(
    door: Door<'_>,
    arguments: TransferArguments,
) -> Result<Parsed, Problem> {
    let TransferArguments { workspace, to } = arguments;
    Ok(Parsed::plain(door, TransferWorkspace { workspace, to }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ShareArguments {
    workspace: WorkspaceId,
    /// The app, by its slug.
    app: String,
    sharing: Sharing,
}

pub(in crate::http) fn share_app(door: Door<'_>, arguments: ShareArguments) -> Result<Parsed, Problem> {
    let ShareArguments { workspace, app, sharing } = arguments;
    if !is_slug(&app) {
        return Err(wrong_shape("`app` is the slug of an app"));
    }
    Ok(Parsed::plain(door, ShareApp { workspace, app: app.into(), sharing }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct ScheduleArguments {
    workspace: WorkspaceId,
    /// On which days; absent for no schedule.
    days: Option<Days>,
    start: Option<Daily>,
    stop: Option<Daily>,
    zone: Option<Zone>,
}

pub(in crate::http) fn set_schedule(door: Door<'_>, arguments: ScheduleArguments) -> Result<Parsed, Problem> {
    let ScheduleArguments { workspace, days, start, stop, zone } = arguments;
    let times = start.or(stop).is_some();
    let schedule = match (days, zone) {
        (None, None) if !times => None,
        (Some(days), Some(zone)) if times && zone.is_known() => Some(Schedule { days, start, stop, zone }),
        _ => {
            let detail = "a schedule has `days`, a `zone` that is known such as `Europe/Berlin`, and `start` or `stop`; without any of them there is none";
            return Err(wrong_shape(detail));
        }
    };
    Ok(Parsed::plain(door, SetSchedule { workspace, schedule }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct VolumeArguments {
    workspace: WorkspaceId,
    /// The volume, by its name in the template.
    volume: String,
}

pub(in crate::http) fn delete_volume(door: Door<'_>, arguments: VolumeArguments) -> Result<Parsed, Problem> {
    let VolumeArguments { workspace, volume } = arguments;
    if !is_slug(&volume) {
        return Err(wrong_shape("`volume` is the name of a volume"));
    }
    Ok(Parsed::plain(door, DeleteVolume { workspace, volume: volume.into() }))
}
