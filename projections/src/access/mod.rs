//! Scopes, roles, what they permit, and who holds them.

mod grants;
mod holders;
mod permission;
mod role;
mod rules;
mod scopes;

pub use grants::{Grant, Grants, Held};
pub use holders::{Holder, Holders};
pub use permission::{Permission, Permissions};
pub use role::{Definition, Role, Roles};
pub use rules::{Duty, Mapping, Request, Rules, Wanted};
pub use scopes::{Around, Contents, Organization, Place, Project, Scopes};
