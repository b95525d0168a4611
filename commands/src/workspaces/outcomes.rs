//! What became of an order. Deed itself says so, and says nothing about an order that another has overtaken.

use super::{by_system, released, revoked};
use crate::budgets::{Payer, Reserve};
use crate::keys::Wished;
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::budgets::Amounts;
use ledger::event::id::{ReservationId, VirtualKeyId, WorkspaceId};
use ledger::event::keys::KeyClass;
use ledger::event::workspaces::{
    BuildBegan, FailedAt, Lost, Started, StopOrdered, Stopped, Why, WorkspaceDeleted, WorkspaceFailed,
};
use ledger::event::{Object, Refusal, Subject};
use ledger::hash::Hash;
use ledger::writer::PlainPayload;
use projections::keys::KEYS_MAX;
use projections::workspaces::derived::{
    disk_amounts, disk_reservation, key_alias, running_amounts, running_reservation,
};
use projections::workspaces::{LOSSES_MAX, Status, ToolKey, Wish, Workspace};

/// A reservation of a workspace never counts as spent: it is given back when the workspace stops. Ten years are as good as never.
const RESERVED_SECONDS: u64 = 315_360_000;

/// The workspace, if this is its last order and it still is in one of these states.
fn current<'a>(
    ask: &Ask<'a>,
    id: WorkspaceId,
    build: u64,
    statuses: &[Status],
) -> Result<Option<&'a Workspace>, Refusal> {
    by_system(ask)?;
    let found = ask.state.workspaces.live(id);
    Ok(found.filter(|found| found.phase.build == build && statuses.contains(&found.phase.status)))
}

/// Begin to work on a start: take what it needs of the budgets, and issue the key of its tools if that is due.
#[derive(Clone, Debug)]
pub struct BeginBuild {
    /// Which.
    pub workspace: WorkspaceId,
    /// The order.
    pub build: u64,
    /// SHA-256 of the secret of the key that is due, if the edge found that one is.
    pub key: Option<(VirtualKeyId, Hash)>,
}

impl Decide for BeginBuild {
    const NAME: &'static str = "workspaces.begin_build";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { workspace: id, build, key } = self;
        let Some(workspace) = current(ask, id, build, &[Status::Requested])? else { return Ok(vec![]) };
        let mut happening = Vec::new();
        if let (Some(owner), Some(version)) = (workspace.owner, ask.state.spec_of(workspace)) {
            let running = (running_reservation(id), running_amounts(&version.spec));
            let disk = (disk_reservation(id), disk_amounts(&version.spec));
            // What it holds now and will not need, or another paid for, is given back first; then this is asked again.
            let another = workspace.payer.is_some_and(|payer| payer != owner);
            let outgrown = [&running, &disk].into_iter().filter(|(held, amounts)| {
                let open = ask.state.budgets.open(*held);
                open.is_some_and(|open| another || Some(&open.amounts) != amounts.as_ref())
            });
            let given_back: Vec<_> = outgrown.filter_map(|(held, _)| released(ask, *held)).collect();
            if !given_back.is_empty() {
                return Ok(given_back);
            }
            for (reservation, amounts) in [running, disk] {
                happening.extend(reserved(ask, workspace, owner, (reservation, amounts))?);
            }
        }
        if let Some(key) = key {
            happening.extend(issued(ask, id, workspace, key));
        }
        happening.push(BuildBegan { build, workspace: id }.into());
        Ok(happening)
    }
}

fn reserved(
    ask: &Ask<'_>,
    workspace: &Workspace,
    owner: Subject,
    (reservation, amounts): (ReservationId, Option<Amounts>),
) -> Decision {
    let Some(amounts) = amounts else { return Ok(vec![]) };
    let payer = Payer::Subject(owner, workspace.scope);
    let expires = ask.now.plus_seconds(RESERVED_SECONDS);
    Reserve { reservation, payer, model: None, amounts, expires }.decide(ask)
}

/// The key of the workspace's tools, if it is the one that is due and policy lets it be. Without one the workspace starts all the same.
fn issued(
    ask: &Ask<'_>,
    id: WorkspaceId,
    workspace: &Workspace,
    (key, digest): (VirtualKeyId, Hash),
) -> Option<Happening> {
    let due = ask.state.tool_key(id, workspace, ask.now) == Some(ToolKey::Due(key));
    let owner = workspace.owner.filter(|_| due && !ask.state.keys.has_digest(&digest))?;
    let alias = key_alias(id);
    let full = ask.state.keys.unrevoked(owner).len() as u64 >= KEYS_MAX;
    if full || ask.state.keys.by_alias(owner, &alias, ask.now).is_some() {
        return None;
    }
    let ai = ask.state.spec_of(workspace)?.spec.ai.clone()?;
    let wished = Wished {
        models: ai.models,
        enforcement: ai.enforcement,
        guardrails: ai.guardrails,
        ..Wished::default()
    };
    let class = KeyClass::Workspace;
    let terms = wished.within(&ask.state.policies, class, ask.now).ok()?;
    Some(terms.issued((key, digest), owner, alias, (class, workspace.scope)).into())
}

/// Say that a workspace runs.
#[derive(Clone, Debug)]
pub struct RecordStarted {
    /// Which.
    pub workspace: WorkspaceId,
    /// The order.
    pub build: u64,
    /// The engine's id of the container.
    pub container: Hash,
    /// The engine's id of the image.
    pub image: Hash,
    /// What the build said.
    pub log: Option<PlainPayload>,
}

impl Decide for RecordStarted {
    const NAME: &'static str = "workspaces.record_started";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { workspace, build, container, image, log } = self;
        let statuses = [Status::Building, Status::Lost];
        if current(ask, workspace, build, &statuses)?.is_none() {
            return Ok(vec![]);
        }
        let started: Happening = Started { build, container, image, workspace }.into();
        Ok(vec![started.sealing(log)])
    }
}

/// Say that a workspace stands still.
#[derive(Clone, Debug)]
pub struct RecordStopped {
    /// Which.
    pub workspace: WorkspaceId,
    /// The order.
    pub build: u64,
}

impl Decide for RecordStopped {
    const NAME: &'static str = "workspaces.record_stopped";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { workspace: id, build } = self;
        if current(ask, id, build, &[Status::Stopping])?.is_none() {
            return Ok(vec![]);
        }
        let given_back = released(ask, running_reservation(id));
        Ok(given_back.into_iter().chain([Stopped { build, workspace: id }.into()]).collect())
    }
}

/// Say that a workspace is gone.
#[derive(Clone, Debug)]
pub struct RecordDeleted {
    /// Which.
    pub workspace: WorkspaceId,
    /// The order.
    pub build: u64,
}

impl Decide for RecordDeleted {
    const NAME: &'static str = "workspaces.record_deleted";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { workspace: id, build } = self;
        let Some(workspace) = current(ask, id, build, &[Status::Deleting])? else { return Ok(vec![]) };
        let given_back: Vec<_> = [running_reservation(id), disk_reservation(id)]
            .into_iter()
            .filter_map(|reservation| released(ask, reservation))
            .collect();
        let key = revoked(ask, id, workspace, "workspace deleted");
        let volumes = ask.state.spec_of(workspace).map(|version| version.spec.volumes.as_slice());
        let protected = volumes.unwrap_or_default().iter().filter(|volume| volume.protected);
        let kept = protected.map(|volume| volume.name.clone()).collect();
        let deleted = WorkspaceDeleted { build, kept, workspace: id }.into();
        Ok(given_back.into_iter().chain(key).chain([deleted]).collect())
    }
}

/// Say that what was ordered could not be done.
#[derive(Clone, Debug)]
pub struct RecordFailed {
    /// Which.
    pub workspace: WorkspaceId,
    /// The order.
    pub build: u64,
    /// Where.
    pub at: FailedAt,
    /// What the build said.
    pub log: Option<PlainPayload>,
}

impl Decide for RecordFailed {
    const NAME: &'static str = "workspaces.record_failed";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { workspace: id, build, at, log } = self;
        let statuses =
            [Status::Requested, Status::Building, Status::Lost, Status::Stopping, Status::Deleting];
        let Some(workspace) = current(ask, id, build, &statuses)? else { return Ok(vec![]) };
        let given_back =
            (workspace.phase.wish == Wish::Run).then(|| released(ask, running_reservation(id))).flatten();
        let failed: Happening = WorkspaceFailed { at, build, workspace: id }.into();
        Ok(given_back.into_iter().chain([failed.sealing(log)]).collect())
    }
}

/// Say that a workspace no longer runs though it should. One that is lost too often is given up.
#[derive(Clone, Debug)]
pub struct RecordLost {
    /// Which.
    pub workspace: WorkspaceId,
    /// The order by which it ran.
    pub build: u64,
    /// With which code its first process ended.
    pub exit: Option<i64>,
}

impl Decide for RecordLost {
    const NAME: &'static str = "workspaces.record_lost";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { workspace: id, build, exit } = self;
        let Some(workspace) = current(ask, id, build, &[Status::Running])? else { return Ok(vec![]) };
        let lost: Happening = Lost { build, exit, workspace: id }.into();
        let given_up = workspace.phase.losses + 1 >= LOSSES_MAX;
        let stopped =
            given_up.then(|| StopOrdered { build: build + 1, why: Why::Unstable, workspace: id }.into());
        Ok([lost].into_iter().chain(stopped).collect())
    }
}
