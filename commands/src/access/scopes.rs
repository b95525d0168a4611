//! Organizations and projects.

use crate::{Ask, Decide, Decision};
use ledger::event::access::{OrganizationCreated, ProjectChanged, ProjectCreated};
use ledger::event::id::{OrganizationId, ProjectId};
use ledger::event::scope::{Environments, Scope};
use ledger::event::{Object, Refusal};
use projections::access::Permission;

/// Create an organization.
#[derive(Clone, Debug)]
pub struct CreateOrganization {
    /// Fresh name.
    pub organization: OrganizationId,
    /// What people call it.
    pub handle: Box<str>,
}

impl Decide for CreateOrganization {
    const NAME: &'static str = "access.create_organization";

    fn about(&self) -> Option<Object> {
        Some(Object::Organization(self.organization))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::AccessOrganize, Scope::Site)?;
        let Self { organization, handle } = self;
        if ask.state.scopes.organization_by_handle(&handle).is_some() {
            return Err(Refusal::NameTaken { handle, scope: Scope::Site });
        }
        Ok(vec![OrganizationCreated { handle, organization }.into()])
    }
}

/// Create a project.
#[derive(Clone, Debug)]
pub struct CreateProject {
    /// Fresh name.
    pub project: ProjectId,
    /// Whose it is.
    pub organization: OrganizationId,
    /// What people call it.
    pub handle: Box<str>,
    /// Where its work runs.
    pub environments: Environments,
    /// The repositories that belong to it.
    pub repositories: Vec<Box<str>>,
}

impl Decide for CreateProject {
    const NAME: &'static str = "access.create_project";

    fn about(&self) -> Option<Object> {
        Some(Object::Project(self.project))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { project, organization, handle, environments, repositories } = self;
        let scope = Scope::Organization(organization);
        ask.permitted(Permission::AccessOrganize, scope)?;
        ask.existing_scope(scope)?;
        if ask.state.scopes.project_by_handle(organization, &handle).is_some() {
            return Err(Refusal::NameTaken { handle, scope });
        }
        Ok(vec![ProjectCreated { environments, handle, organization, project, repositories }.into()])
    }
}

/// Say which repositories and environments a project has. Saying the same again changes nothing.
#[derive(Clone, Debug)]
pub struct ChangeProject {
    /// Which.
    pub project: ProjectId,
    /// Where its work runs.
    pub environments: Environments,
    /// The repositories that belong to it.
    pub repositories: Vec<Box<str>>,
}

impl Decide for ChangeProject {
    const NAME: &'static str = "access.change_project";

    fn about(&self) -> Option<Object> {
        Some(Object::Project(self.project))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { project, environments, repositories } = self;
        ask.permitted(Permission::AccessOrganize, Scope::Project(project))?;
        ask.existing_scope(Scope::Project(project))?;
        let now = ask.state.scopes.project(project).and_then(|found| found.contents.now());
        if now.is_some_and(|now| now.environments == environments && *now.repositories == *repositories) {
            return Ok(vec![]);
        }
        Ok(vec![ProjectChanged { environments, project, repositories }.into()])
    }
}
