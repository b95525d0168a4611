//! Roles that are defined here.

use crate::ask::within;
use crate::{Ask, Decide, Decision};
use ledger::event::access::{RoleDefined, RoleRetired};
use ledger::event::id::RoleId;
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal};
use projections::access::{Definition, Permission, Permissions, Role};

/// Define a role.
#[derive(Clone, Debug)]
pub struct DefineRole {
    /// Fresh name.
    pub role: RoleId,
    /// What people call it.
    pub handle: Box<str>,
    /// What it permits.
    pub permissions: Permissions,
}

impl Decide for DefineRole {
    const NAME: &'static str = "access.define_role";

    fn about(&self) -> Option<Object> {
        Some(Object::Role(self.role))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { role, handle, permissions } = self;
        may_define(ask, permissions)?;
        if Role::parse(&handle).is_some() || ask.state.roles.by_handle(&handle).is_some() {
            return Err(Refusal::NameTaken { handle, scope: Scope::Site });
        }
        apart(ask, permissions)?;
        Ok(vec![RoleDefined { handle, permissions: names(permissions), role }.into()])
    }
}

/// Say what a role permits from now on, for everybody who holds it. Saying the same again changes nothing.
#[derive(Clone, Debug)]
pub struct ChangeRole {
    /// Which.
    pub role: RoleId,
    /// What it permits.
    pub permissions: Permissions,
}

impl Decide for ChangeRole {
    const NAME: &'static str = "access.change_role";

    fn about(&self) -> Option<Object> {
        Some(Object::Role(self.role))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { role, permissions } = self;
        let before = ask.state.roles.permissions(Role::Custom(role));
        may_define(ask, permissions.union(before))?;
        let found = defined(ask, role)?;
        if found.is_retired() {
            return Err(Refusal::UnknownRole { role: Role::Custom(role).to_string().into() });
        }
        if permissions == before {
            return Ok(vec![]);
        }
        unmoved(ask, before, permissions)?;
        let handle = found.handle.clone();
        Ok(vec![RoleDefined { handle, permissions: names(permissions), role }.into()])
    }
}

/// End a role: it permits nothing any more, to anybody. Ending it twice changes nothing.
#[derive(Clone, Debug)]
pub struct RetireRole {
    /// Which.
    pub role: RoleId,
}

impl Decide for RetireRole {
    const NAME: &'static str = "access.retire_role";

    fn about(&self) -> Option<Object> {
        Some(Object::Role(self.role))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        may_define(ask, ask.state.roles.permissions(Role::Custom(self.role)))?;
        if defined(ask, self.role)?.is_retired() {
            return Ok(vec![]);
        }
        Ok(vec![RoleRetired { role: self.role }.into()])
    }
}

fn names(permissions: Permissions) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = permissions.iter().map(|permission| permission.as_str().into()).collect();
    names.sort();
    names
}

/// A role can be granted anywhere and for ever, so whoever defines it needs all that it permits, everywhere and for ever.
fn may_define(ask: &Ask<'_>, permissions: Permissions) -> Result<(), Refusal> {
    let subject = ask.permitted(Permission::AccessDefine, Scope::Site)?;
    let lasting = projections::Lasting::until(ask.now, None);
    let rights = ask.state.rights(subject, Scope::Site.into(), lasting);
    within(permissions.first_beyond(rights), Scope::Site)
}

fn defined<'a>(ask: &Ask<'a>, role: RoleId) -> Result<&'a Definition, Refusal> {
    ask.state
        .roles
        .find(role)
        .ok_or_else(|| Refusal::UnknownRole { role: Role::Custom(role).to_string().into() })
}

/// A role that permits both of two separate duties could never be held.
fn apart(ask: &Ask<'_>, permissions: Permissions) -> Result<(), Refusal> {
    let joins = |one, other| permissions.contains(one) && permissions.contains(other);
    refuse_duty(ask, joins)
}

/// Nobody looks at who holds a role already, so a duty that is kept apart from another is not added to it.
fn unmoved(ask: &Ask<'_>, before: Permissions, after: Permissions) -> Result<(), Refusal> {
    let added = |permission| after.contains(permission) && !before.contains(permission);
    refuse_duty(ask, |one, other| added(one) || added(other))
}

fn refuse_duty(ask: &Ask<'_>, breaks: impl Fn(Permission, Permission) -> bool) -> Result<(), Refusal> {
    let live = ask.state.rules.duties(None).filter(|(_, duty)| duty.span.is_open());
    let mut broken =
        live.filter(|(_, duty)| duty.permissions().is_some_and(|(one, other)| breaks(one, other)));
    broken.next().map_or(Ok(()), |(duty, _)| Err(Refusal::DutiesConflict { duty }))
}
