//! Ids that follow from a workspace: what it holds of budgets, and the key of its tools. Nobody has to carry them.

use crate::State;
use crate::access::Permission;
use crate::workspaces::Workspace;
use ledger::event::Subject;
use ledger::event::budgets::{Amounts, Unit};
use ledger::event::id::{ReservationId, VirtualKeyId, WorkspaceId};
use ledger::event::workspaces::WorkspaceSpec;
use ledger::hash::Hash;
use ledger::time::Time;

/// Most keys that a workspace has of one owner, one after another: each lives as long as policy lets it.
const KEYS_MAX: u64 = 1_000;

fn sixteen(context: &str, parts: &[&[u8]]) -> [u8; 16] {
    let Hash(bytes) = Hash::in_context(context, parts);
    let mut first = [0; 16];
    first.iter_mut().zip(bytes).for_each(|(to, from)| *to = from);
    first
}

/// What a running workspace holds of budgets. It is given back when the workspace stops, and taken anew when it starts.
pub fn running_reservation(id: WorkspaceId) -> ReservationId {
    ReservationId::from_bytes(sixteen("deed/workspace-running/v1", &[id.as_bytes()]))
}

/// What the disks of a workspace hold of budgets as long as it exists.
pub fn disk_reservation(id: WorkspaceId) -> ReservationId {
    ReservationId::from_bytes(sixteen("deed/workspace-disk/v1", &[id.as_bytes()]))
}

fn key_id(id: WorkspaceId, owner: Subject, nth: u64) -> VirtualKeyId {
    let owner = owner.to_string();
    let parts: [&[u8]; 3] = [id.as_bytes(), owner.as_bytes(), &nth.to_be_bytes()];
    VirtualKeyId::from_bytes(sixteen("deed/workspace-key/v1", &parts))
}

/// What the key of a workspace is called.
pub fn key_alias(id: WorkspaceId) -> Box<str> {
    format!("workspace/{id}").into()
}

/// What a running workspace takes of budgets.
pub fn running_amounts(spec: &WorkspaceSpec) -> Option<Amounts> {
    let limits = &spec.limits;
    let amounts =
        [(Unit::Workspaces, 1), (Unit::CpuMillis, limits.cpu_millis), (Unit::MemoryMib, limits.memory_mib)];
    Amounts::of(amounts).ok()
}

/// What the disks of a workspace take of budgets; `None` when it has none.
pub fn disk_amounts(spec: &WorkspaceSpec) -> Option<Amounts> {
    let total = spec.volumes.iter().map(|volume| volume.size_mib).sum();
    Amounts::of([(Unit::DiskMib, total)]).ok().filter(|_| total > 0)
}

/// The key of a workspace's tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolKey {
    /// This one works.
    Live(VirtualKeyId),
    /// This one is to be issued.
    Due(VirtualKeyId),
}

impl State {
    /// The key of a workspace's tools at `now`; `None` when they may have none: the template has none, nobody owns it, or its owner may not
    /// call models. One that expired or was revoked is followed by another when the workspace starts again.
    pub fn tool_key(&self, id: WorkspaceId, workspace: &Workspace, now: Time) -> Option<ToolKey> {
        let owner = workspace.owner?;
        self.spec_of(workspace)?.spec.ai.as_ref()?;
        if !self.may(owner, Permission::GatewayUse, workspace.scope.into(), now) {
            return None;
        }
        if let Some(key) = self.live_tool_key(id, workspace, now) {
            return Some(ToolKey::Live(key));
        }
        let mut all = (0..KEYS_MAX).map(|nth| key_id(id, owner, nth));
        all.find(|key| self.keys.find(*key).is_none()).map(ToolKey::Due)
    }

    /// The key of a workspace's tools that works at `now`, whatever they may have.
    pub fn live_tool_key(&self, id: WorkspaceId, workspace: &Workspace, now: Time) -> Option<VirtualKeyId> {
        let owner = workspace.owner?;
        let all = (0..KEYS_MAX).map(|nth| key_id(id, owner, nth));
        let issued = all.map_while(|key| Some((key, self.keys.find(key)?)));
        issued.filter(|(_, found)| found.is_live(now)).map(|(key, _)| key).last()
    }
}
