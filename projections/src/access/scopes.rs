//! Organizations and projects: where things hold.

use crate::history::History;
use imbl::OrdMap;
use ledger::event::Access;
use ledger::event::id::{OrganizationId, ProjectId};
use ledger::event::scope::{Environment, Environments, Scope};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Organization {
    /// Its name.
    pub handle: Box<str>,
    /// The event that created it.
    pub since: u64,
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Whose it is.
    pub organization: OrganizationId,
    /// Its name.
    pub handle: Box<str>,
    /// The event that created it.
    pub since: u64,
    /// What it names.
    pub contents: History<Contents>,
}

/// What a project names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Where its work runs.
    pub environments: Environments,
    /// The repositories that belong to it.
    pub repositories: Arc<[Box<str>]>,
}

/// A scope, and an environment of it where that matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where.
    pub scope: Scope,
    /// In which environment; `None` stands for the scope as a whole.
    pub environment: Option<Environment>,
}

impl From<Scope> for Place {
    fn from(scope: Scope) -> Self {
        Self { scope, environment: None }
    }
}

/// A scope and those around it. What holds in any of them holds in the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around([Option<Scope>; 3]);

impl Around {
    /// Whether it is one of them.
    pub fn contains(&self, scope: Scope) -> bool {
        self.0.contains(&Some(scope))
    }

    /// All of them, the widest last.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        self.0.into_iter().flatten()
    }
}

/// Organizations and projects.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    organizations: OrdMap<OrganizationId, Organization>,
    projects: OrdMap<ProjectId, Project>,
    organization_handles: OrdMap<Box<str>, OrganizationId>,
    project_handles: OrdMap<(OrganizationId, Box<str>), ProjectId>,
}

impl Scopes {
    pub(crate) fn apply(&mut self, fact: &Access, seq: u64) {
        match fact {
            Access::OrganizationCreated(created) => {
                let organization = Organization { handle: created.handle.clone(), since: seq };
                self.organizations.entry(created.organization).or_insert(organization);
                self.organization_handles.entry(created.handle.clone()).or_insert(created.organization);
            }
            Access::ProjectCreated(created) => {
                let mut contents = History::default();
                contents.push(seq, self::contents(created.environments, &created.repositories));
                let (organization, handle) = (created.organization, created.handle.clone());
                let project = Project { organization, handle: handle.clone(), since: seq, contents };
                self.projects.entry(created.project).or_insert(project);
                self.project_handles.entry((organization, handle)).or_insert(created.project);
            }
            Access::ProjectChanged(changed) => {
                if let Some(project) = self.projects.get_mut(&changed.project) {
                    project.contents.push(seq, contents(changed.environments, &changed.repositories));
                }
            }
            Access::RoleDefined(_)
            | Access::RoleRetired(_)
            | Access::RoleGranted(_)
            | Access::RoleRevoked(_)
            | Access::GrantRequested(_)
            | Access::GrantDeclined(_)
            | Access::BreakGlassReviewed(_)
            | Access::DutiesSeparated(_)
            | Access::DutiesJoined(_)
            | Access::GroupMapped(_)
            | Access::GroupUnmapped(_) => {}
        }
    }

    /// The scope and those around it, the widest last.
    pub fn around(&self, scope: Scope) -> Around {
        self.around_at(scope, u64::MAX)
    }

    /// The same as it was after so many events.
    pub fn around_at(&self, scope: Scope, size: u64) -> Around {
        let organization = match scope {
            Scope::Project(id) => {
                let found = self.projects.get(&id).filter(|project| project.since < size);
                found.map(|project| Scope::Organization(project.organization))
            }
            Scope::Site | Scope::Organization(_) => None,
        };
        let site = (scope != Scope::Site).then_some(Scope::Site);
        Around([Some(scope), organization, site])
    }

    /// Whether the one scope is the other or lies inside of it.
    pub fn is_within(&self, inner: Scope, outer: Scope) -> bool {
        self.around(inner).contains(outer)
    }

    /// Whether the scope exists.
    pub fn contains(&self, scope: Scope) -> bool {
        match scope {
            Scope::Site => true,
            Scope::Organization(id) => self.organizations.contains_key(&id),
            Scope::Project(id) => self.projects.contains_key(&id),
        }
    }

    /// The organization of that name.
    pub fn organization_by_handle(&self, handle: &str) -> Option<OrganizationId> {
        self.organization_handles.get(handle).copied()
    }

    /// The project of that name.
    pub fn project_by_handle(&self, organization: OrganizationId, handle: &str) -> Option<ProjectId> {
        self.project_handles.get(&(organization, handle.into())).copied()
    }

    /// A project.
    pub fn project(&self, id: ProjectId) -> Option<&Project> {
        self.projects.get(&id)
    }

    /// Organizations after `after`, in order of id.
    pub fn organizations(
        &self,
        after: Option<OrganizationId>,
    ) -> impl Iterator<Item = (OrganizationId, &Organization)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.organizations
            .range((after.map_or(Unbounded, Excluded), Unbounded))
            .map(|(id, found)| (*id, found))
    }

    /// Projects after `after`, in order of id.
    pub fn projects(&self, after: Option<ProjectId>) -> impl Iterator<Item = (ProjectId, &Project)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.projects.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}

fn contents(environments: Environments, repositories: &[Box<str>]) -> Contents {
    Contents { environments, repositories: repositories.into() }
}
