//! Orders of access: grant, revoke, look.

use crate::{Ask, Decide, Decision};
use ledger::event::access::{RoleGranted, RoleRevoked, Scope};
use ledger::event::id::GrantId;
use ledger::event::{Object, Refusal, Subject};
use projections::access::{Permission, Role};

/// Give a subject a role. Giving one that it holds already changes nothing.
#[derive(Clone, Debug)]
pub struct GrantRole {
    /// Fresh name of the grant.
    pub grant: GrantId,
    /// Who gets it.
    pub subject: Subject,
    /// Which role.
    pub role: Role,
}

impl Decide for GrantRole {
    const NAME: &'static str = "access.grant_role";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let granter = ask.permitted(Permission::AccessGrant)?;
        ask.existing(self.subject)?;
        ask.within_rights(granter, self.role.permissions())?;
        if ask.state.grants.holds(self.subject, self.role) {
            return Ok(vec![]);
        }
        let Self { grant, subject, role } = self;
        Ok(vec![RoleGranted { grant, role: role.as_str().into(), scope: Scope::Site, subject }.into()])
    }
}

/// Take a grant back. Taking one back twice changes nothing.
#[derive(Clone, Debug)]
pub struct RevokeRole {
    /// Which grant.
    pub grant: GrantId,
}

impl Decide for RevokeRole {
    const NAME: &'static str = "access.revoke_role";

    fn about(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let revoker = ask.permitted(Permission::AccessGrant)?;
        let grant = self.grant;
        let found = ask.state.grants.find(grant).ok_or(Refusal::UnknownGrant { grant })?;
        ask.within_rights(revoker, found.role.map(Role::permissions).unwrap_or_default())?;
        if found.revoked {
            return Ok(vec![]);
        }
        if ask.state.grants.is_last_owner(grant) {
            return Err(Refusal::LastOwner { grant });
        }
        Ok(vec![RoleRevoked { grant }.into()])
    }
}

/// Look at something that needs a permission. It leaves no event unless it is refused.
#[derive(Clone, Debug)]
pub struct Look {
    /// What it needs; `None` when any credential will do.
    pub permission: Option<Permission>,
}

impl Decide for Look {
    const NAME: &'static str = "access.look";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        match self.permission {
            Some(permission) => ask.permitted(permission)?,
            None => ask.subject()?,
        };
        Ok(vec![])
    }
}
