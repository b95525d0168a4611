//! Scopes, roles, grants and the questions about them over HTTP.

mod grants;
mod questions;
mod rules;
mod scopes;

pub(super) use grants::{
    approve_grant, break_glass, decline_grant, grant_role, grants, requests, review_break_glass, revoke_role,
};
pub(super) use questions::{access, authcheck, diff, explain};
pub(super) use rules::{
    change_role, define_role, duties, join_duties, map_group, mappings, retire_role, roles, separate_duties,
    unmap_group,
};
pub(super) use scopes::{change_project, create_organization, create_project, organizations, projects};

use projections::access::{Permission, Permissions};

/// The names of a set of permissions.
pub(super) fn names(permissions: Permissions) -> Vec<&'static str> {
    permissions.iter().map(Permission::as_str).collect()
}
