//! Permissions, and sets of them.

use serde::{Deserialize, Serialize};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// Something that one may or may not do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Permission {
            $($(#[$doc])* $name,)*
        }

        impl Permission {
            /// All of them, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its stable name: `<area>.<what>`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

permissions! {
    /// Read people, service accounts, agents, groups and credentials.
    IdentityRead = "identity.read";
    /// Create people, service accounts and agents.
    IdentityCreate = "identity.create";
    /// Suspend, reactivate and remove them.
    IdentityManage = "identity.manage";
    /// Create and remove groups, and say who is in them.
    IdentityGroups = "identity.groups";
    /// Issue and revoke credentials of others.
    IdentityCredentials = "identity.credentials";
    /// Read grants, roles, requests and rules.
    AccessRead = "access.read";
    /// Grant and revoke roles, and approve what others asked for.
    AccessGrant = "access.grant";
    /// Define roles, keep duties apart, map groups of identity providers.
    AccessDefine = "access.define";
    /// Take a role in an emergency.
    AccessBreakGlass = "access.break_glass";
    /// Review how that was used.
    AccessReview = "access.review";
    /// Create organizations and projects, and change projects.
    AccessOrganize = "access.organize";
    /// Read virtual keys.
    KeysRead = "keys.read";
    /// Issue virtual keys for oneself.
    KeysIssue = "keys.issue";
    /// Issue, rotate and revoke virtual keys of others.
    KeysManage = "keys.manage";
    /// Read budgets and what was spent.
    BudgetsRead = "budgets.read";
    /// Set and end budgets.
    BudgetsManage = "budgets.manage";
    /// Read policies.
    PolicyRead = "policy.read";
    /// Propose policies.
    PolicyWrite = "policy.write";
    /// Approve policies that others proposed.
    PolicyApprove = "policy.approve";
    /// Read templates.
    TemplatesRead = "templates.read";
    /// Publish, promote, deprecate and archive templates.
    TemplatesPublish = "templates.publish";
    /// Read workspaces.
    WorkspacesRead = "workspaces.read";
    /// Create workspaces for oneself, and use them.
    WorkspacesUse = "workspaces.use";
    /// Start, stop and delete workspaces of others.
    WorkspacesManage = "workspaces.manage";
    /// Call models through the gateway.
    GatewayUse = "gateway.use";
    /// Read what agents did.
    RunsRead = "runs.read";
    /// Let agents go on, or stop them.
    RunsReview = "runs.review";
    /// Read the log.
    CustodyRead = "custody.read";
    /// Take exports of the log.
    CustodyExport = "custody.export";
    /// Erase sealed payloads.
    CustodyErase = "custody.erase";
}

impl Permission {
    /// The permission of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|permission| permission.as_str() == text)
    }
}

/// A set of permissions: one bit each, so that a check is one `and`. The bits are no released form: a change of their order raises the
/// state's [`crate::SCHEMA`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permissions(u64);

const _: () = assert!(Permission::ALL.len() < 64);

impl Permissions {
    /// All there are.
    pub const ALL: Self = Self((1 << Permission::ALL.len()) - 1);
    /// None.
    pub const NONE: Self = Self(0);
    /// What a program may do for a person: to work and to read. Who may do what, what is allowed, keys and evidence stay with people.
    pub const ON_BEHALF: Self = Self::of(&[
        Permission::IdentityRead,
        Permission::AccessRead,
        Permission::KeysRead,
        Permission::BudgetsRead,
        Permission::PolicyRead,
        Permission::TemplatesRead,
        Permission::WorkspacesRead,
        Permission::WorkspacesUse,
        Permission::GatewayUse,
        Permission::RunsRead,
        Permission::CustodyRead,
    ]);

    /// Of these permissions.
    pub const fn of(list: &[Permission]) -> Self {
        let mut bits = 0;
        let mut rest = list;
        while let [first, others @ ..] = rest {
            bits |= 1 << *first as u64;
            rest = others;
        }
        Self(bits)
    }

    /// Whether the permission is in the set.
    pub fn contains(self, permission: Permission) -> bool {
        self.0 & Self::of(&[permission]).0 != 0
    }

    /// Whether nothing is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The first permission of this set that is not in the other.
    pub fn first_beyond(self, other: Self) -> Option<Permission> {
        Self(self.0 & !other.0).iter().next()
    }

    /// The permissions in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}
