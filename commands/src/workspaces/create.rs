//! Creating workspaces.

use super::{acting, fits, template, unusable, version};
use crate::{Ask, Decide, Decision};
use ledger::event::id::{TemplateId, WorkspaceId};
use ledger::event::scope::Scope;
use ledger::event::workspaces::{StartOrdered, Values, Why, WorkspaceClaimed, WorkspaceRequested, complete};
use ledger::event::{Object, Refusal, Subject};
use projections::access::Permission;
use projections::workspaces::derived::{disk_amounts, running_amounts};
use projections::workspaces::{Status, Version, WORKSPACES_MAX};

/// Create a workspace for oneself and start it, or take one that a template keeps ready. That one is started as well: its build finds what runs,
/// takes what it needs of the owner's budgets, and issues the key of its tools. Creating what is there already under that name changes
/// nothing.
#[derive(Clone, Debug)]
pub struct CreateWorkspace {
    /// Fresh name.
    pub workspace: WorkspaceId,
    /// What its owner calls it.
    pub handle: Box<str>,
    /// From which template.
    pub template: TemplateId,
    /// From which version; `None` for the promoted one.
    pub version: Option<u64>,
    /// Where it counts.
    pub scope: Scope,
    /// What is chosen.
    pub values: Values,
}

impl Decide for CreateWorkspace {
    const NAME: &'static str = "workspaces.create_workspace";

    fn about(&self) -> Option<Object> {
        Some(Object::Workspace(self.workspace))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::WorkspacesUse, self.scope)?;
        ask.existing_scope(self.scope)?;
        let owner = acting(ask).ok_or(Refusal::NotAuthenticated {})?;
        let (number, made_from) = usable(ask, self.template, self.version, self.scope)?;
        let values = complete(&made_from.spec.parameters, &self.values).map_err(not_admitted)?;
        if let Some(found) = ask.state.workspaces.by_handle(owner, &self.handle) {
            let there = ask.state.workspaces.live(found);
            let same = there.is_some_and(|one| one.template == self.template && one.scope == self.scope);
            return if same { Ok(vec![]) } else { Err(Refusal::HandleTaken { handle: self.handle }) };
        }
        if ask.state.workspaces.of(owner).count() as u64 >= WORKSPACES_MAX {
            return Err(Refusal::TooMany { count_max: WORKSPACES_MAX });
        }
        fits(ask, owner, self.scope, running_amounts(&made_from.spec).as_ref())?;
        fits(ask, owner, self.scope, disk_amounts(&made_from.spec).as_ref())?;
        match self.ready(ask, number, &values) {
            Some((workspace, build)) => Ok(self.claimed(owner, workspace, build)),
            None => Ok(self.requested(owner, number, values)),
        }
    }
}

impl CreateWorkspace {
    /// One of the template's stock that runs, and its last order, if nothing else was chosen than it has.
    fn ready(&self, ask: &Ask<'_>, number: u64, values: &Values) -> Option<(WorkspaceId, u64)> {
        let running = |id: WorkspaceId| {
            let found = ask.state.workspaces.live(id)?;
            let runs = found.phase.status == Status::Running && *found.values == *values;
            runs.then_some((id, found.phase.build))
        };
        ask.state.workspaces.stock(self.template, number).find_map(running)
    }

    fn claimed(self, owner: Subject, workspace: WorkspaceId, build: u64) -> Vec<crate::Happening> {
        let Self { handle, scope, .. } = self;
        let started = StartOrdered { build: build + 1, why: Why::Person, workspace };
        vec![WorkspaceClaimed { handle, owner, scope, workspace }.into(), started.into()]
    }

    fn requested(self, owner: Subject, version: u64, values: Values) -> Vec<crate::Happening> {
        let Self { workspace, handle, template, scope, .. } = self;
        let owner = Some(owner);
        let requested = WorkspaceRequested { handle, owner, scope, template, values, version, workspace };
        vec![requested.into(), StartOrdered { build: 1, why: Why::Person, workspace }.into()]
    }
}

/// A version from which something can be made in a scope.
fn usable<'a>(
    ask: &Ask<'a>,
    id: TemplateId,
    wished: Option<u64>,
    scope: Scope,
) -> Result<(u64, &'a Version), Refusal> {
    let found = template(ask, id)?;
    if !ask.state.scopes.is_within(scope, found.scope) {
        return Err(unusable(id, "elsewhere"));
    }
    if found.deprecated.is_some() {
        return Err(unusable(id, "deprecated"));
    }
    let number = wished.or_else(|| found.active().map(|(number, _)| number));
    let number = number.ok_or_else(|| unusable(id, "nothing_promoted"))?;
    Ok((number, version(id, found, number)?))
}

pub(super) fn not_admitted((parameter, unsound): (Box<str>, ledger::event::policy::Unsound)) -> Refusal {
    Refusal::ParameterNotAdmitted { parameter, what: unsound.what.into() }
}
