//! Granting, revoking, looking.

use crate::{Ask, Decide, Decision};
use ledger::event::access::{GrantRequested, RoleGranted, RoleRevoked, Terms};
use ledger::event::id::{GrantId, RequestId};
use ledger::event::scope::Scope;
use ledger::event::{Grantee, Object, Refusal, Subject};
use projections::Grantless;
use projections::access::{Grant, Held, Permission, Place, Role};

/// Most grants that one grantee holds, so that a check stays short.
pub const GRANTS_MAX: u64 = 256;

/// Give somebody a role. Giving what is held already changes nothing; a role that needs approval is asked for instead.
#[derive(Clone, Debug)]
pub struct GrantRole {
    /// Fresh name of the grant.
    pub grant: GrantId,
    /// Fresh name of the request, should there have to be one.
    pub request: RequestId,
    /// Who gets it.
    pub subject: Grantee,
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
    /// What it is subject to.
    pub terms: Terms,
}

impl Decide for GrantRole {
    const NAME: &'static str = "access.grant_role";

    fn about(&self) -> Option<Object> {
        Some(self.subject.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { grant, request, subject, role, scope, terms } = self;
        let granter = ask.permitted(Permission::AccessGrant, scope)?;
        let held = sound(ask, subject, Wanted { grant, role, scope, terms: &terms })?;
        ask.may_give(granter, &held)?;
        if is_held(ask, subject, &held) {
            return Ok(vec![]);
        }
        admitted(ask, subject, &held)?;
        let role: Box<str> = role.to_string().into();
        if ask.state.policies.access().approved_roles.contains(&role) {
            return Ok(vec![GrantRequested { request, role, scope, subject, terms }.into()]);
        }
        Ok(vec![RoleGranted { grant, ground: None, role, scope, subject, terms }.into()])
    }
}

/// A grant that is thought of.
pub(super) struct Wanted<'a> {
    pub(super) grant: GrantId,
    pub(super) role: Role,
    pub(super) scope: Scope,
    pub(super) terms: &'a Terms,
}

/// The grant as it would be held, if its parts exist and fit each other.
pub(super) fn sound(ask: &Ask<'_>, grantee: Grantee, wanted: Wanted<'_>) -> Result<Held, Refusal> {
    let Wanted { grant, role, scope, terms } = wanted;
    ask.existing_scope(scope)?;
    ask.existing_grantee(grantee)?;
    if !ask.state.roles.can_be_granted(role) {
        return Err(Refusal::UnknownRole { role: role.to_string().into() });
    }
    if !role.fits(scope) {
        return Err(Refusal::RoleNotHere { role: role.to_string().into(), scope });
    }
    let limited = terms.environments;
    if limited.is_some_and(|limited| limited.is_empty() || !has_environments(ask, scope, limited)) {
        return Err(Refusal::EnvironmentsNotHere { scope });
    }
    if terms.expires.is_some_and(|expires| expires <= ask.now) {
        return Err(Refusal::ExpiryInPast {});
    }
    Ok(Held { grant, role, scope, environments: limited, expires: terms.expires })
}

fn has_environments(ask: &Ask<'_>, scope: Scope, limited: ledger::event::scope::Environments) -> bool {
    let Scope::Project(id) = scope else { return false };
    let contents = ask.state.scopes.project(id).and_then(|project| project.contents.now());
    contents.is_some_and(|contents| contents.environments.covers(limited))
}

fn is_held(ask: &Ask<'_>, grantee: Grantee, wanted: &Held) -> bool {
    let same = |held: &Held| {
        held.role == wanted.role
            && held.scope == wanted.scope
            && held.environments == wanted.environments
            && (held.expires.is_none() || held.expires == wanted.expires)
    };
    ask.state.holders.held(grantee).iter().any(same)
}

/// Refuses what would bring duties together that a rule keeps apart, and one grant too many.
pub(super) fn admitted(ask: &Ask<'_>, grantee: Grantee, held: &Held) -> Result<(), Refusal> {
    if ask.state.holders.held(grantee).len() as u64 >= GRANTS_MAX {
        return Err(Refusal::TooMany { count_max: GRANTS_MAX });
    }
    let broken = match grantee {
        Grantee::Subject(subject) => ask.state.duty_broken(Some(subject), held),
        Grantee::Group(group) => {
            let mut members = ask.state.groups.members(group, None);
            let of_members = members.find_map(|member| ask.state.duty_broken(Some(member), held));
            of_members.or_else(|| ask.state.duty_broken(None, held))
        }
    };
    broken.map_or(Ok(()), |duty| Err(Refusal::DutiesConflict { duty }))
}

/// Take a grant back. Taking one back twice changes nothing.
#[derive(Clone, Debug)]
pub struct RevokeRole {
    /// Which grant.
    pub grant: GrantId,
    /// Why.
    pub reason: Option<Box<str>>,
}

impl Decide for RevokeRole {
    const NAME: &'static str = "access.revoke_role";

    fn about(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { grant, reason } = self;
        let found = ask.state.grants.find(grant);
        let scope = found.map_or(Scope::Site, |found| found.scope);
        let revoker = ask.permitted(Permission::AccessGrant, scope)?;
        let found = found.ok_or(Refusal::UnknownGrant { grant })?;
        if let Some(held) = held_by(grant, &found) {
            ask.may_touch(revoker, &held)?;
        }
        if found.is_revoked() {
            return Ok(vec![]);
        }
        if ask.state.would_lack_owner(Grantless::Grant(grant)) {
            return Err(Refusal::LastOwner { grant });
        }
        Ok(vec![RoleRevoked { grant, ground: None, reason }.into()])
    }
}

fn held_by(id: GrantId, found: &Grant) -> Option<Held> {
    let Grant { role, scope, environments, expires, .. } = *found;
    role.map(|role| Held { grant: id, role, scope, environments, expires })
}

/// Look at something that needs a permission. It leaves no event unless it is refused.
#[derive(Clone, Debug)]
pub struct Look {
    /// What it needs and where; `None` when any credential will do.
    pub permission: Option<(Permission, Scope)>,
}

impl Decide for Look {
    const NAME: &'static str = "access.look";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        match self.permission {
            Some((permission, scope)) => ask.permitted(permission, Place::from(scope)).map(drop)?,
            None => ask.shown().map(drop)?,
        }
        Ok(vec![])
    }
}

/// Whoever acts for a subject gets all that it has, so one needs all of its rights.
pub(crate) fn may_act_for(
    ask: &Ask<'_>,
    actor: Subject,
    subject: Subject,
    permission: Permission,
) -> Result<(), Refusal> {
    if actor == subject {
        return Ok(());
    }
    ask.permitted(permission, Scope::Site)?;
    ask.existing(subject)?;
    ask.state.held(subject).try_for_each(|(held, _)| ask.may_touch(actor, held))
}
