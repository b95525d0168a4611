//! Rules of access: who may grant and revoke roles.

use super::{Case, Verdict, require};
use ledger::event::Access;
use ledger::event::access::{RoleGranted, RoleRevoked};
use projections::access::{Permission, Role};

pub(super) fn judge(case: &Case<'_>, fact: &Access) -> Verdict {
    match fact {
        Access::RoleGranted(fact) => role_granted(case, fact),
        Access::RoleRevoked(fact) => role_revoked(case, fact),
    }
}

fn role_granted(case: &Case<'_>, fact: &RoleGranted) -> Verdict {
    require(case.state.subjects.contains(fact.subject), "the subject did not exist")?;
    require(case.state.grants.find(fact.grant).is_none(), "the grant existed already")?;
    let role = Role::parse(&fact.role);
    if case.claimant() == Some(fact.subject) && role == Some(Role::Owner) {
        return Ok(());
    }
    case.permitted(Permission::AccessGrant)?;
    require(role.is_some(), "there is no such role")?;
    role.map_or(Ok(()), |role| case.within_own(role.permissions()))
}

fn role_revoked(case: &Case<'_>, fact: &RoleRevoked) -> Verdict {
    case.permitted(Permission::AccessGrant)?;
    let grants = &case.state.grants;
    let live = grants.find(fact.grant).filter(|grant| !grant.revoked);
    require(live.is_some(), "there was no such grant, or it was revoked already")?;
    require(!grants.is_last_owner(fact.grant), "nobody would have been owner any more")?;
    let permissions = live.and_then(|grant| grant.role).map(Role::permissions).unwrap_or_default();
    case.within_own(permissions)
}
