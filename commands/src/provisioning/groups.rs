//! Groups as their tenant says, and who is in them.

use super::{not_its_own, own, taken, tenant};
use crate::identity::may_join;
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::GroupId;
use ledger::event::identity::{GroupCreated, GroupRemoved, GroupRenamed, MemberAdded, MemberRemoved};
use ledger::event::policy::Tenant;
use ledger::event::provisioning::{GroupDeleted, GroupWritten};
use ledger::event::scope::Scope;
use ledger::event::{Object, Refusal, Subject};
use ledger::time::Time;
use projections::provisioning::GroupRecord;
use std::collections::BTreeSet;

/// Most members that one order brings or takes, so that an order's events stay within what is searched for them.
pub const MEMBERS_MAX: usize = 1_000;

/// What a tenant says of a group itself.
#[derive(Clone, Debug)]
pub struct GroupNames {
    /// The tenant's own id for it.
    pub external: Option<Box<str>>,
    /// Its name there.
    pub name: Box<str>,
}

/// Make a group what its tenant says: a new one, or one that it has. What is so already changes nothing.
#[derive(Clone, Debug)]
pub struct PutGroup {
    /// Who comes. Who is in it already stays.
    pub come: Vec<Subject>,
    /// Who goes. Who is not in it is passed over.
    pub go: Vec<Subject>,
    /// Fresh name, or the group that the tenant has.
    pub group: GroupId,
    /// What the tenant calls it; absent when only its members change.
    pub names: Option<GroupNames>,
    /// When it happened by the tenant's clock.
    pub occurred: Option<Time>,
}

impl Decide for PutGroup {
    const NAME: &'static str = "provisioning.put_group";

    fn about(&self) -> Option<Object> {
        Some(Object::Group(self.group))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let tenant = tenant(ask)?;
        let Self { come, go, group, names, occurred } = self;
        if come.len().saturating_add(go.len()) > MEMBERS_MAX {
            return Err(Refusal::TooMany { count_max: MEMBERS_MAX as u64 });
        }
        let known = ask.state.provisioned.group_of_tenant(&tenant.name, group);
        let exists = ask.state.groups.find(group).is_some();
        if known.is_none() && (exists || names.is_none()) {
            return Err(not_its_own(tenant, Object::Group(group)));
        }
        let mut happenings = match names {
            Some(names) => named(ask, tenant, (group, known), names, occurred)?,
            None => Vec::new(),
        };
        let (come, go): (BTreeSet<_>, BTreeSet<_>) = (come.into_iter().collect(), go.into_iter().collect());
        for subject in go.into_iter().filter(|subject| ask.state.groups.has(group, *subject)) {
            happenings.push(MemberRemoved { group, subject }.into());
        }
        for subject in come.into_iter().filter(|subject| !ask.state.groups.has(group, *subject)) {
            own(ask, tenant, subject)?;
            may_join(ask, group, subject)?;
            happenings.push(MemberAdded { group, subject }.into());
        }
        Ok(happenings)
    }
}

/// A group with its names, unless it has those already.
fn named(
    ask: &Ask<'_>,
    tenant: &Tenant,
    (group, known): (GroupId, Option<&GroupRecord>),
    names: GroupNames,
    occurred: Option<Time>,
) -> Result<Vec<Happening>, Refusal> {
    let GroupNames { external, name } = names;
    if known.is_some_and(|known| known.name == name && known.external == external) {
        return Ok(Vec::new());
    }
    let provisioned = &ask.state.provisioned;
    let by_name = provisioned.group_by_name(&tenant.name, &name);
    let by_id = external.as_ref().and_then(|id| provisioned.group_by_external(&tenant.name, id));
    if let Some(other) = [by_name, by_id].into_iter().flatten().find(|other| *other != group) {
        return Err(taken(tenant, Object::Group(other)));
    }
    let handle: Box<str> = format!("{}/{name}", tenant.name).into();
    let scope = Scope::Site;
    if ask.state.groups.by_handle(scope, &handle).is_some_and(|other| other != group) {
        return Err(Refusal::NameTaken { handle, scope });
    }
    let first = match known {
        None => Some(GroupCreated { group, handle, scope }.into()),
        Some(known) if known.name != name => Some(GroupRenamed { group, handle }.into()),
        Some(_) => None,
    };
    let written = GroupWritten { external, group, name, occurred, tenant: tenant.name.clone() };
    Ok(first.into_iter().chain([written.into()]).collect())
}

/// End a group that its tenant no longer has.
#[derive(Clone, Debug)]
pub struct DeleteGroup {
    /// The group.
    pub group: GroupId,
    /// When it happened by the tenant's clock.
    pub occurred: Option<Time>,
}

impl Decide for DeleteGroup {
    const NAME: &'static str = "provisioning.delete_group";

    fn about(&self) -> Option<Object> {
        Some(Object::Group(self.group))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let tenant = tenant(ask)?;
        let Self { group, occurred } = self;
        if ask.state.provisioned.group_of_tenant(&tenant.name, group).is_none() {
            return Err(not_its_own(tenant, Object::Group(group)));
        }
        let deleted = GroupDeleted { group, occurred, tenant: tenant.name.clone() };
        Ok(vec![deleted.into(), GroupRemoved { group }.into()])
    }
}
