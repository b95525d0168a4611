//! Orders of access: scopes, roles, grants and what leads to them.

mod approvals;
mod duties;
mod emergency;
mod grants;
mod mappings;
mod roles;
mod scopes;

pub use approvals::{ApproveGrant, DeclineGrant};
pub use duties::{DUTIES_MAX, JoinDuties, SeparateDuties};
pub use emergency::{BreakGlass, ReviewBreakGlass};
pub(crate) use grants::may_act_for;
pub use grants::{GRANTS_MAX, GrantRole, Look, RevokeRole};
pub use mappings::{EndMapped, FollowMappings, MapGroup, UnmapGroup, plan};
pub use roles::{ChangeRole, DefineRole, RetireRole};
pub use scopes::{ChangeProject, CreateOrganization, CreateProject};
