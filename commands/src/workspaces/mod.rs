//! Orders of workspaces: templates, what people want of workspaces, and what became of that.

mod changes;
mod create;
mod keeper;
mod orders;
mod outcomes;
mod reactor;
mod seen;
mod stock;
mod templates;
mod update;

pub use changes::{DeleteVolume, SetSchedule, ShareApp, TransferWorkspace};
pub use create::CreateWorkspace;
pub use keeper::{SeenContainer, SeenState, Step, step};
pub use orders::{DeleteWorkspace, StartWorkspace, StopWorkspace};
pub use outcomes::{BeginBuild, RecordDeleted, RecordFailed, RecordLost, RecordStarted, RecordStopped};
pub use projections::workspaces::WORKSPACES_MAX;
pub use reactor::plan;
pub use seen::{CountConnections, CountEgress, RecordOrphan, SeeActivity};
pub use stock::{FallAsleep, StockWorkspace};
pub use templates::{ArchiveTemplate, ArchiveVersion, DeprecateTemplate, PromoteVersion, PublishTemplate};
pub use update::UpdateWorkspace;

use crate::{Ask, Happening};
use ledger::event::budgets::{Amounts, Released};
use ledger::event::id::{ReservationId, TemplateId, WorkspaceId};
use ledger::event::keys::KeyRevoked;
use ledger::event::scope::Scope;
use ledger::event::workspaces::Why;
use ledger::event::{Actor, Object, Refusal, Subject};
use projections::access::Permission;
use projections::workspaces::{Template, Version, Wish, Workspace};

/// Only Deed itself may do this.
fn by_system(ask: &Ask<'_>) -> Result<(), Refusal> {
    if ask.actor == Actor::System { Ok(()) } else { Err(Refusal::NotAuthenticated {}) }
}

fn live<'a>(ask: &Ask<'a>, id: WorkspaceId) -> Result<&'a Workspace, Refusal> {
    ask.state.workspaces.live(id).ok_or(Refusal::UnknownObject { object: Object::Workspace(id) })
}

/// The same, unless it is to be gone.
fn lasting<'a>(ask: &Ask<'a>, id: WorkspaceId) -> Result<&'a Workspace, Refusal> {
    let unknown = Refusal::UnknownObject { object: Object::Workspace(id) };
    live(ask, id).and_then(|found| if found.phase.wish == Wish::Delete { Err(unknown) } else { Ok(found) })
}

fn template<'a>(ask: &Ask<'a>, id: TemplateId) -> Result<&'a Template, Refusal> {
    ask.state.templates.live(id).ok_or(Refusal::UnknownObject { object: Object::Template(id) })
}

/// A version that was not archived.
fn version(template: TemplateId, found: &Template, number: u64) -> Result<&Version, Refusal> {
    let version = found.version(number).filter(|version| version.span.is_open());
    version.ok_or_else(|| unusable(template, "no_such_version"))
}

fn unusable(template: TemplateId, reason: &str) -> Refusal {
    Refusal::TemplateNotUsable { reason: reason.into(), template }
}

/// Who acts: the person behind a program, or whoever shows a credential.
fn acting(ask: &Ask<'_>) -> Option<Subject> {
    ask.actor.person_behind().or_else(|| ask.actor.shown().map(|(subject, _)| subject))
}

/// Why somebody orders something of a workspace, if they may: its owner, or whoever manages workspaces there.
fn ordering(ask: &Ask<'_>, workspace: &Workspace) -> Result<Why, Refusal> {
    if workspace.owner.is_some() && workspace.owner == acting(ask) {
        ask.permitted(Permission::WorkspacesUse, workspace.scope)?;
        return Ok(Why::Person);
    }
    ask.permitted(Permission::WorkspacesManage, workspace.scope)?;
    Ok(Why::Administrator)
}

/// Refuses what a budget has too little left for. It is reserved when Deed begins to build.
fn fits(ask: &Ask<'_>, owner: Subject, scope: Scope, amounts: Option<&Amounts>) -> Result<(), Refusal> {
    amounts.map_or(Ok(()), |amounts| crate::budgets::fits(ask, owner, scope, amounts))
}

/// Ends the key of a workspace's tools, if one works.
fn revoked(ask: &Ask<'_>, id: WorkspaceId, workspace: &Workspace, reason: &str) -> Option<Happening> {
    let key = ask.state.live_tool_key(id, workspace, ask.now)?;
    Some(KeyRevoked { key, reason: Some(reason.into()) }.into())
}

/// Gives back what is held of budgets, if anything is.
fn released(ask: &Ask<'_>, reservation: ReservationId) -> Option<Happening> {
    let open = ask.state.budgets.open(reservation).is_some();
    open.then(|| Released { reason: None, reservation }.into())
}
