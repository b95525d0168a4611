//! Facts of access: organizations and projects, roles, grants and what leads to them.

use super::id::{DutyId, GrantId, MappingId, OrganizationId, ProjectId, RequestId, RoleId};
use super::scope::{Environments, Scope};
use super::{Grantee, Object, about, facts};
use crate::time::Time;
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to scopes, roles and grants.
    Access {
        /// An organization exists.
        "access.organization_created" 1 => OrganizationCreated;
        /// A project exists.
        "access.project_created" 1 => ProjectCreated;
        /// A project names other repositories or environments.
        "access.project_changed" 1 => ProjectChanged;
        /// A role of our own permits this, from now on.
        "access.role_defined" 1 => RoleDefined;
        /// A role of our own permits nothing any more and cannot be granted.
        "access.role_retired" 1 => RoleRetired;
        /// Somebody was given a role.
        "access.role_granted" 1 => RoleGranted;
        /// A grant was taken back.
        "access.role_revoked" 1 => RoleRevoked;
        /// Somebody asked for a grant that a second person must approve.
        "access.grant_requested" 1 => GrantRequested;
        /// A request was turned down, or taken back by who made it.
        "access.grant_declined" 1 => GrantDeclined;
        /// Somebody looked into the use of a break-glass grant.
        "access.break_glass_reviewed" 1 => BreakGlassReviewed;
        /// No subject may hold both of two permissions from now on.
        "access.duties_separated" 1 => DutiesSeparated;
        /// A rule that kept two duties apart ended.
        "access.duties_joined" 1 => DutiesJoined;
        /// Members of an identity provider's group get a role when they sign in.
        "access.group_mapped" 1 => GroupMapped;
        /// A mapping ended.
        "access.group_unmapped" 1 => GroupUnmapped;
    }
}

/// An organization exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationCreated {
    /// Its name, unique in the ledger.
    pub handle: Box<str>,
    /// The organization.
    pub organization: OrganizationId,
}

/// A project exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectCreated {
    /// Where its work runs.
    pub environments: Environments,
    /// Its name, unique in the organization.
    pub handle: Box<str>,
    /// Whose it is.
    pub organization: OrganizationId,
    /// The project.
    pub project: ProjectId,
    /// The repositories that belong to it.
    pub repositories: Vec<Box<str>>,
}

/// A project names other repositories or environments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProjectChanged {
    /// Where its work runs.
    pub environments: Environments,
    /// The project.
    pub project: ProjectId,
    /// The repositories that belong to it.
    pub repositories: Vec<Box<str>>,
}

/// A role of our own permits this, from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleDefined {
    /// Its name, unique in the ledger.
    pub handle: Box<str>,
    /// Names of permissions, in ascending order.
    pub permissions: Vec<Box<str>>,
    /// The role.
    pub role: RoleId,
}

/// A role of our own permits nothing any more and cannot be granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRetired {
    /// The role.
    pub role: RoleId,
}

/// What a grant is subject to, and why it was made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Terms {
    /// It holds in these environments of the project only; everywhere when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environments: Option<Environments>,
    /// From when on it no longer holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<Time>,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Box<str>>,
    /// Where more is written about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ticket: Option<Box<str>>,
}

impl Terms {
    fn are_none(&self) -> bool {
        *self == Self::default()
    }
}

/// What a grant or the end of one came from, other than somebody's own decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ground {
    /// A request, which a second person approved by this.
    Request(RequestId),
    /// A mapping of an identity provider's group.
    Mapping(MappingId),
    /// An emergency: short, and to be reviewed.
    BreakGlass {},
}

/// Somebody was given a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleGranted {
    /// The grant.
    pub grant: GrantId,
    /// What it came from; absent when the actor just decided so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ground: Option<Ground>,
    /// The role's name, or the id of a role of our own.
    pub role: Box<str>,
    /// Where it holds.
    pub scope: Scope,
    /// Who holds it.
    pub subject: Grantee,
    /// What it is subject to.
    #[serde(skip_serializing_if = "Terms::are_none", default)]
    pub terms: Terms,
}

impl RoleGranted {
    /// A grant on no special ground, without terms.
    pub fn new(grant: GrantId, role: &str, scope: Scope, subject: impl Into<Grantee>) -> Self {
        let (role, subject) = (role.into(), subject.into());
        Self { grant, ground: None, role, scope, subject, terms: Terms::default() }
    }
}

/// A grant was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRevoked {
    /// The grant.
    pub grant: GrantId,
    /// What it came from; absent when the actor just decided so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ground: Option<Ground>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Box<str>>,
}

impl RoleRevoked {
    /// The end of a grant, without a reason given.
    pub fn new(grant: GrantId) -> Self {
        Self { grant, ground: None, reason: None }
    }
}

/// Somebody asked for a grant that a second person must approve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantRequested {
    /// The request.
    pub request: RequestId,
    /// The role's name, or the id of a role of our own.
    pub role: Box<str>,
    /// Where it shall hold.
    pub scope: Scope,
    /// Who shall hold it.
    pub subject: Grantee,
    /// What it shall be subject to.
    #[serde(skip_serializing_if = "Terms::are_none", default)]
    pub terms: Terms,
}

/// A request was turned down, or taken back by who made it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantDeclined {
    /// Why.
    pub reason: Box<str>,
    /// The request.
    pub request: RequestId,
}

/// Somebody looked into the use of a break-glass grant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BreakGlassReviewed {
    /// What was found.
    pub finding: Box<str>,
    /// The grant.
    pub grant: GrantId,
    /// Whether its use was justified.
    pub justified: bool,
}

/// No subject may hold both of two permissions from now on. Owners hold all and are exempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutiesSeparated {
    /// The rule.
    pub duty: DutyId,
    /// One permission.
    pub one: Box<str>,
    /// The other permission.
    pub other: Box<str>,
}

/// A rule that kept two duties apart ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DutiesJoined {
    /// The rule.
    pub duty: DutyId,
}

/// Members of an identity provider's group get a role when they sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupMapped {
    /// The group as the provider names it.
    pub external: Box<str>,
    /// The mapping.
    pub mapping: MappingId,
    /// The provider's name here.
    pub provider: Box<str>,
    /// The role's name, or the id of a role of our own.
    pub role: Box<str>,
    /// Where the role holds.
    pub scope: Scope,
}

/// A mapping ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupUnmapped {
    /// The mapping.
    pub mapping: MappingId,
}

about! {
    OrganizationCreated => |fact| Object::Organization(fact.organization);
    ProjectCreated => |fact| Object::Project(fact.project);
    ProjectChanged => |fact| Object::Project(fact.project);
    RoleDefined => |fact| Object::Role(fact.role);
    RoleRetired => |fact| Object::Role(fact.role);
    RoleGranted => |fact| Object::Grant(fact.grant);
    RoleRevoked => |fact| Object::Grant(fact.grant);
    GrantRequested => |fact| Object::Request(fact.request);
    GrantDeclined => |fact| Object::Request(fact.request);
    BreakGlassReviewed => |fact| Object::Grant(fact.grant);
    DutiesSeparated => |fact| Object::Duty(fact.duty);
    DutiesJoined => |fact| Object::Duty(fact.duty);
    GroupMapped => |fact| Object::Mapping(fact.mapping);
    GroupUnmapped => |fact| Object::Mapping(fact.mapping);
}
