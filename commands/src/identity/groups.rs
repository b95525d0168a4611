//! Groups and their members. Whoever puts somebody into a group hands out all that the group has; what a second person must approve was
//! approved for the members of that time, and is handed out to nobody else.

use crate::{Ask, Decide, Decision};
use ledger::event::id::GroupId;
use ledger::event::identity::{GroupCreated, GroupRemoved, MemberAdded, MemberRemoved};
use ledger::event::scope::Scope;
use ledger::event::{Grantee, Object, Refusal, Subject};
use projections::access::Permission;

/// Most groups that one subject is in, so that a check stays short.
pub const GROUPS_MAX: u64 = 256;

/// Create a group.
#[derive(Clone, Debug)]
pub struct CreateGroup {
    /// Fresh name.
    pub group: GroupId,
    /// What people call it.
    pub handle: Box<str>,
    /// Whose it is.
    pub scope: Scope,
}

impl Decide for CreateGroup {
    const NAME: &'static str = "identity.create_group";

    fn about(&self) -> Option<Object> {
        Some(Object::Group(self.group))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { group, handle, scope } = self;
        ask.permitted(Permission::IdentityGroups, scope)?;
        ask.existing_scope(scope)?;
        if ask.state.groups.by_handle(scope, &handle).is_some() {
            return Err(Refusal::NameTaken { handle, scope });
        }
        Ok(vec![GroupCreated { group, handle, scope }.into()])
    }
}

/// Remove a group; nobody has anything by it any more. Removing it twice changes nothing.
#[derive(Clone, Debug)]
pub struct RemoveGroup {
    /// Which.
    pub group: GroupId,
}

impl Decide for RemoveGroup {
    const NAME: &'static str = "identity.remove_group";

    fn about(&self) -> Option<Object> {
        Some(Object::Group(self.group))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let group = self.group;
        let removed = may_change(ask, group)?;
        if removed {
            return Ok(vec![]);
        }
        Ok(vec![GroupRemoved { group }.into()])
    }
}

/// Put a subject into a group. Doing so twice changes nothing.
#[derive(Clone, Debug)]
pub struct AddMember {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub subject: Subject,
}

impl Decide for AddMember {
    const NAME: &'static str = "identity.add_member";

    fn about(&self) -> Option<Object> {
        Some(Object::Group(self.group))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { group, subject } = self;
        let actor = ask.subject()?;
        let removed = may_change(ask, group)?;
        if removed {
            return Err(Refusal::UnknownObject { object: Object::Group(group) });
        }
        ask.existing(subject)?;
        let held = ask.state.holders.held(Grantee::Group(group));
        held.iter().try_for_each(|held| ask.may_give(actor, held))?;
        if ask.state.groups.has(group, subject) {
            return Ok(vec![]);
        }
        may_join(ask, group, subject)?;
        Ok(vec![MemberAdded { group, subject }.into()])
    }
}

/// Refuses what nobody may bring about by putting a subject into a group, whatever they may hand out.
pub(crate) fn may_join(ask: &Ask<'_>, group: GroupId, subject: Subject) -> Result<(), Refusal> {
    if ask.state.holders.groups(subject).len() as u64 >= GROUPS_MAX {
        return Err(Refusal::TooMany { count_max: GROUPS_MAX });
    }
    if let Some(role) = ask.state.approved_roles(group, ask.now).next() {
        return Err(Refusal::ApprovalNeeded { role: role.to_string().into() });
    }
    let mut held = ask.state.holders.held(Grantee::Group(group)).iter();
    match held.find_map(|held| ask.state.duty_broken(Some(subject), held)) {
        None => Ok(()),
        Some(duty) => Err(Refusal::DutiesConflict { duty }),
    }
}

/// Take a subject out of a group. Doing so twice changes nothing.
#[derive(Clone, Debug)]
pub struct RemoveMember {
    /// Which group.
    pub group: GroupId,
    /// Who.
    pub subject: Subject,
}

impl Decide for RemoveMember {
    const NAME: &'static str = "identity.remove_member";

    fn about(&self) -> Option<Object> {
        Some(Object::Group(self.group))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { group, subject } = self;
        may_change(ask, group)?;
        if !ask.state.groups.has(group, subject) {
            return Ok(vec![]);
        }
        Ok(vec![MemberRemoved { group, subject }.into()])
    }
}

/// Whether the group, which the asker may change, was removed already.
fn may_change(ask: &Ask<'_>, group: GroupId) -> Result<bool, Refusal> {
    let object = Object::Group(group);
    let found = ask.state.groups.find(group);
    let scope = found.map_or(Scope::Site, |found| found.scope);
    let actor = ask.permitted(Permission::IdentityGroups, scope)?;
    let found = found.ok_or(Refusal::UnknownObject { object })?;
    if let Some(tenant) = ask.state.tenant_with_group(group) {
        return Err(Refusal::ManagedByTenant { object, tenant: tenant.name.clone() });
    }
    let held = ask.state.holders.held(Grantee::Group(group));
    held.iter().try_for_each(|held| ask.may_touch(actor, held))?;
    Ok(!found.span.is_open())
}
