//! Facts of access: roles granted and revoked.

use super::id::GrantId;
use super::{Object, Subject, facts};
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to grants.
    Access {
        /// A subject was given a role.
        "access.role_granted" 1 => RoleGranted;
        /// A grant was taken back.
        "access.role_revoked" 1 => RoleRevoked;
    }
}

/// A subject was given a role.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleGranted {
    /// The grant.
    pub grant: GrantId,
    /// The role's name.
    pub role: Box<str>,
    /// Where it holds.
    pub scope: Scope,
    /// Who holds it.
    pub subject: Subject,
}

/// A grant was taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleRevoked {
    /// The grant.
    pub grant: GrantId,
}

/// Where a grant holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Everywhere.
    Site,
}

impl RoleGranted {
    fn object(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }
}

impl RoleRevoked {
    fn object(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }
}
