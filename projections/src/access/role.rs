//! Roles: those that are built in, and those that were defined here.

use super::permission::{Permission, Permissions};
use crate::history::{History, Span};
use imbl::OrdMap;
use ledger::event::Access;
use ledger::event::id::{NotAnId, RoleId};
use ledger::event::scope::Scope;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use Permission::{
    AccessBreakGlass, AccessGrant, AccessOrganize, AccessRead, AccessReview, BudgetsManage, BudgetsRead,
    CustodyExport, CustodyRead, GatewayUse, IdentityCreate, IdentityCredentials, IdentityGroups,
    IdentityManage, IdentityRead, KeysIssue, KeysManage, KeysRead, PolicyRead, RunsRead, RunsReview,
    TemplatesPublish, TemplatesRead, WorkspacesManage, WorkspacesRead, WorkspacesUse,
};

const MEMBER: Permissions = Permissions::of(&[TemplatesRead]);
const USER_ADMIN: Permissions = MEMBER.union(Permissions::of(&[
    IdentityRead,
    IdentityCreate,
    IdentityManage,
    IdentityGroups,
    IdentityCredentials,
    AccessRead,
    AccessGrant,
    AccessOrganize,
    KeysRead,
]));
const TEMPLATE_ADMIN: Permissions =
    MEMBER.union(Permissions::of(&[TemplatesPublish, WorkspacesRead, PolicyRead]));
const AUDITOR: Permissions = MEMBER.union(Permissions::of(&[
    IdentityRead,
    AccessRead,
    AccessReview,
    KeysRead,
    BudgetsRead,
    PolicyRead,
    WorkspacesRead,
    RunsRead,
    CustodyRead,
    CustodyExport,
]));
const VIEWER: Permissions = MEMBER.union(Permissions::of(&[WorkspacesRead, RunsRead]));
const OPERATOR: Permissions = VIEWER.union(Permissions::of(&[WorkspacesUse, GatewayUse, KeysIssue]));
const REVIEWER: Permissions = VIEWER.union(Permissions::of(&[RunsReview]));
const ADMIN: Permissions = OPERATOR.union(REVIEWER).union(Permissions::of(&[
    AccessRead,
    AccessGrant,
    AccessOrganize,
    KeysRead,
    KeysManage,
    BudgetsRead,
    BudgetsManage,
    PolicyRead,
    WorkspacesManage,
]));
const RESPONDER: Permissions = MEMBER.union(Permissions::of(&[AccessBreakGlass]));

macro_rules! built_in {
    ($($(#[$doc:meta])* $name:ident $text:literal $place:ident $permissions:expr;)*) => {
        /// A role. The name of a built-in one in events never changes, nor what a released version of it permits.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Role {
            $($(#[$doc])* $name,)*
            /// One that was defined here.
            Custom(RoleId),
        }

        impl Role {
            /// All that are built in, in order.
            pub const BUILT_IN: &'static [Self] = &[$(Self::$name),*];

            /// The role of that name, or the id of one that was defined here.
            pub fn parse(text: &str) -> Option<Self> {
                match text {
                    $($text => Some(Self::$name),)*
                    _ => text.parse().ok().map(Self::Custom),
                }
            }

            /// What it permits, when it is built in.
            pub fn built_in(self) -> Option<Permissions> {
                match self {
                    $(Self::$name => Some($permissions),)*
                    Self::Custom(_) => None,
                }
            }

            /// Its id, when it was defined here.
            pub fn custom(self) -> Option<RoleId> {
                match self {
                    $(Self::$name => None,)*
                    Self::Custom(id) => Some(id),
                }
            }

            /// Whether it can be granted there.
            pub fn fits(self, scope: Scope) -> bool {
                match self {
                    $(Self::$name => $place(scope),)*
                    Self::Custom(_) => true,
                }
            }
        }

        impl fmt::Display for Role {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => out.write_str($text),)*
                    Self::Custom(id) => id.fmt(out),
                }
            }
        }
    };
}

built_in! {
    /// Everything.
    Owner "owner" above_projects Permissions::ALL;
    /// Subjects, groups, their credentials and roles.
    UserAdmin "user_admin" above_projects USER_ADMIN;
    /// Templates.
    TemplateAdmin "template_admin" above_projects TEMPLATE_ADMIN;
    /// Read everything, change nothing but findings.
    Auditor "auditor" above_projects AUDITOR;
    /// Take a role in an emergency.
    Responder "responder" above_projects RESPONDER;
    /// Belong here, and no more.
    Member "member" above_projects MEMBER;
    /// See a project.
    Viewer "viewer" in_project VIEWER;
    /// Work in a project.
    Operator "operator" in_project OPERATOR;
    /// Judge what agents did in a project.
    Reviewer "reviewer" in_project REVIEWER;
    /// Run a project.
    Admin "admin" in_project ADMIN;
}

fn above_projects(scope: Scope) -> bool {
    !in_project(scope)
}

fn in_project(scope: Scope) -> bool {
    matches!(scope, Scope::Project(_))
}

impl FromStr for Role {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        Self::parse(text).ok_or(NotAnId { prefix: RoleId::PREFIX })
    }
}

/// A role that was defined here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Definition {
    /// Its name.
    pub handle: Box<str>,
    /// From which event until the one that retired it.
    pub span: Span,
    permissions: History<Permissions>,
}

impl Definition {
    /// Whether it was retired.
    pub fn is_retired(&self) -> bool {
        !self.span.is_open()
    }
}

/// Roles that were defined here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roles {
    by_id: OrdMap<RoleId, Definition>,
    handles: OrdMap<Box<str>, RoleId>,
}

impl Roles {
    pub(crate) fn apply(&mut self, fact: &Access, seq: u64) {
        match fact {
            Access::RoleDefined(defined) => {
                let names = defined.permissions.iter().filter_map(|name| Permission::parse(name));
                let permissions = Permissions::of(&names.collect::<Vec<_>>());
                let handle = || Definition {
                    handle: defined.handle.clone(),
                    span: Span::open(seq),
                    permissions: History::default(),
                };
                let definition = self.by_id.entry(defined.role).or_insert_with(handle);
                definition.permissions.push(seq, permissions);
                self.handles.entry(defined.handle.clone()).or_insert(defined.role);
            }
            Access::RoleRetired(retired) => {
                if let Some(definition) = self.by_id.get_mut(&retired.role) {
                    definition.span.end(seq);
                    definition.permissions.push(seq, Permissions::NONE);
                }
            }
            Access::OrganizationCreated(_)
            | Access::ProjectCreated(_)
            | Access::ProjectChanged(_)
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

    /// What a role permits now.
    pub fn permissions(&self, role: Role) -> Permissions {
        role.built_in().unwrap_or_else(|| self.of_custom(role, u64::MAX))
    }

    /// What a role permitted after so many events.
    pub fn permissions_at(&self, role: Role, size: u64) -> Permissions {
        role.built_in().unwrap_or_else(|| self.of_custom(role, size))
    }

    fn of_custom(&self, role: Role, size: u64) -> Permissions {
        let Role::Custom(id) = role else { return Permissions::NONE };
        self.by_id
            .get(&id)
            .and_then(|definition| definition.permissions.at(size))
            .copied()
            .unwrap_or_default()
    }

    /// Whether the role exists and can be granted.
    pub fn can_be_granted(&self, role: Role) -> bool {
        let Role::Custom(id) = role else { return true };
        self.by_id.get(&id).is_some_and(|definition| !definition.is_retired())
    }

    /// A role that was defined here.
    pub fn find(&self, id: RoleId) -> Option<&Definition> {
        self.by_id.get(&id)
    }

    /// The role of that name that was defined here.
    pub fn by_handle(&self, handle: &str) -> Option<RoleId> {
        self.handles.get(handle).copied()
    }

    /// Roles that changed in the events from `from` to before `to`, each with the last such event.
    pub fn changed(&self, from: u64, to: u64) -> impl Iterator<Item = (RoleId, u64)> + '_ {
        self.by_id.iter().filter_map(move |(id, definition)| {
            let events = definition.permissions.iter().map(|(seq, _)| *seq);
            events.filter(|seq| (from..to).contains(seq)).last().map(|seq| (*id, seq))
        })
    }

    /// Roles that were defined here after `after`, in order of id.
    pub fn list(&self, after: Option<RoleId>) -> impl Iterator<Item = (RoleId, &Definition)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}
