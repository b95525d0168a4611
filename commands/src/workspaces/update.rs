//! Updating workspaces to another version, or to other values.

use super::create::not_admitted;
use super::{lasting, ordering, template, unusable, version};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::{StartOrdered, Values, WorkspaceSpec, WorkspaceUpdated, complete};
use ledger::event::{Object, Refusal};
use projections::workspaces::impact::{Reach, farthest, impacts};
use projections::workspaces::{Wish, Workspace};

/// Make a workspace from another version of its template, or with other values. A running one is built anew where that is needed.
#[derive(Clone, Debug)]
pub struct UpdateWorkspace {
    /// Which.
    pub workspace: WorkspaceId,
    /// To which version; `None` for the promoted one.
    pub version: Option<u64>,
    /// What is chosen; the rest stays.
    pub values: Values,
}

impl Decide for UpdateWorkspace {
    const NAME: &'static str = "workspaces.update_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.shown()?;
        let Self { workspace: id, version: wished, values: chosen } = self;
        let workspace = lasting(ask, id)?;
        let why = ordering(ask, workspace)?;
        let found = template(ask, workspace.template)?;
        let number = wished.or_else(|| found.active().map(|(number, _)| number));
        let number = number.ok_or_else(|| unusable(workspace.template, "nothing_promoted"))?;
        let old =
            ask.state.spec_of(workspace).ok_or_else(|| unusable(workspace.template, "no_such_version"))?;
        // What it has, it may keep, archived or not.
        let new = if number == workspace.version { old } else { version(workspace.template, found, number)? };
        let by_version = by_version(&old.spec, &new.spec, &workspace.values)?;
        let values = merged(&old.spec, &new.spec, workspace, &chosen)?;
        if number == workspace.version && values == *workspace.values {
            return Ok(vec![]);
        }
        let by_values = (*workspace.values != values).then_some(Reach::Rebuild);
        let reach = by_version.max(by_values).unwrap_or(Reach::Live);
        let updated: Happening = WorkspaceUpdated { values, version: number, workspace: id }.into();
        if workspace.phase.wish == Wish::Run && reach >= Reach::Restart {
            let build = workspace.phase.build + 1;
            return Ok(vec![updated, StartOrdered { build, why, workspace: id }.into()]);
        }
        Ok(vec![updated])
    }
}

/// What is chosen now, and what was before as far as there still is such a parameter.
fn merged(
    old: &WorkspaceSpec,
    new: &WorkspaceSpec,
    workspace: &Workspace,
    chosen: &Values,
) -> Result<Values, Refusal> {
    let fixed = |name: &str| old.parameter(name).is_some_and(|parameter| !parameter.mutable);
    let mut changed = chosen.iter().filter(|(name, value)| workspace.values.get(*name) != Some(*value));
    if let Some((name, _)) = changed.find(|(name, _)| fixed(name)) {
        return Err(Refusal::RecreationNeeded { field: format!("parameters.{name}").into() });
    }
    let kept = workspace.values.iter().filter(|(name, _)| new.parameter(name).is_some());
    let all = kept.chain(chosen).map(|(name, value)| (name.clone(), value.clone())).collect();
    complete(&new.parameters, &all).map_err(not_admitted)
}

/// How far the changes from one version to another reach, unless only a new workspace can have them.
fn by_version(old: &WorkspaceSpec, new: &WorkspaceSpec, values: &Values) -> Result<Option<Reach>, Refusal> {
    let all = impacts(old, new, values);
    match all.iter().find(|impact| impact.reach == Reach::Recreate) {
        Some(impact) => Err(Refusal::RecreationNeeded { field: impact.field.clone() }),
        None => Ok(farthest(&all)),
    }
}
