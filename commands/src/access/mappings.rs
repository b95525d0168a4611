//! Roles that follow from the groups of an identity provider.

use super::grants::{Wanted, admitted, sound};
use crate::{Ask, Command, Decide, Decision, Happening};
use ledger::event::access::{Ground, GroupMapped, GroupUnmapped, RoleGranted, RoleRevoked, Terms};
use ledger::event::id::{GrantId, GroupId, MappingId, uuid_v7};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Grantee, Object, Refusal};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::State;
use projections::access::{Held, Mapping, Permission, Role};

/// Give members of an identity provider's group a role whenever they sign in.
#[derive(Clone, Debug)]
pub struct MapGroup {
    /// Fresh name.
    pub mapping: MappingId,
    /// The provider's name here.
    pub provider: Box<str>,
    /// The group as the provider names it.
    pub external: Box<str>,
    /// Which role.
    pub role: Role,
    /// Where.
    pub scope: Scope,
}

impl Decide for MapGroup {
    const NAME: &'static str = "access.map_group";

    fn about(&self) -> Option<Object> {
        Some(Object::Mapping(self.mapping))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { mapping, provider, external, role, scope } = self;
        let subject = ask.permitted(Permission::AccessDefine, Scope::Site)?;
        ask.existing_scope(scope)?;
        let name: Box<str> = role.to_string().into();
        if !ask.state.roles.can_be_granted(role) || ask.state.policies.access().approved_roles.contains(&name)
        {
            return Err(Refusal::UnknownRole { role: name });
        }
        if !role.fits(scope) {
            return Err(Refusal::RoleNotHere { role: name, scope });
        }
        let grant = GrantId::FIRST;
        ask.may_give(subject, &Held { grant, role, scope, environments: None, expires: None })?;
        let same = |found: &Mapping| {
            (&found.provider, &found.external, found.role, found.scope)
                == (&provider, &external, Some(role), scope)
        };
        if ask.state.rules.mappings(None).any(|(_, found)| found.span.is_open() && same(found)) {
            return Ok(vec![]);
        }
        Ok(vec![GroupMapped { external, mapping, provider, role: name, scope }.into()])
    }
}

/// End a mapping. What it granted is taken back by Deed. Ending it twice changes nothing.
#[derive(Clone, Debug)]
pub struct UnmapGroup {
    /// Which.
    pub mapping: MappingId,
}

impl Decide for UnmapGroup {
    const NAME: &'static str = "access.unmap_group";

    fn about(&self) -> Option<Object> {
        Some(Object::Mapping(self.mapping))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::AccessDefine, Scope::Site)?;
        let mapping = self.mapping;
        let object = Object::Mapping(mapping);
        let found = ask.state.rules.mapping(mapping).ok_or(Refusal::UnknownObject { object })?;
        if !found.span.is_open() {
            return Ok(vec![]);
        }
        Ok(vec![GroupUnmapped { mapping }.into()])
    }
}

/// Give a subject what mappings say of its groups, or a tenant's group what they say of it, and take back what they no longer say. Only Deed does
/// this.
#[derive(Clone, Debug)]
pub struct FollowMappings {
    /// Whose groups, or which group.
    pub grantee: Grantee,
    /// Which provider or tenant says so; what others say stays.
    pub provider: Box<str>,
    /// The groups as the provider names them.
    pub groups: Vec<Box<str>>,
    /// Fresh names of grants; what there is no name for waits until the next time.
    pub grants: Vec<GrantId>,
}

impl Decide for FollowMappings {
    const NAME: &'static str = "access.follow_mappings";

    fn about(&self) -> Option<Object> {
        Some(self.grantee.into())
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        if ask.actor != Actor::System {
            return Err(Refusal::NotAuthenticated {});
        }
        let Self { grantee, provider, groups, grants } = self;
        ask.existing_grantee(grantee)?;
        let says = |mapping: &Mapping| {
            mapping.span.is_open() && mapping.provider == provider && groups.contains(&mapping.external)
        };
        let mut happenings = taken_back(ask, grantee, &provider, says);
        let mut names = grants.into_iter();
        for (id, mapping) in ask.state.rules.mappings(None).filter(|(_, mapping)| says(mapping)) {
            let Some((role, held)) = missing(ask, grantee, (id, mapping)) else { continue };
            let Some(grant) = names.next() else { break };
            if admitted(ask, grantee, &Held { grant, ..held }).is_ok() {
                let ground = Some(Ground::Mapping(id));
                happenings.push(
                    RoleGranted { ground, ..RoleGranted::new(grant, &role, mapping.scope, grantee) }.into(),
                );
            }
        }
        Ok(happenings)
    }
}

/// Take back what a mapping gave that has ended. Only Deed does this.
#[derive(Clone, Debug)]
pub struct EndMapped {
    /// Which grant.
    pub grant: GrantId,
}

impl Decide for EndMapped {
    const NAME: &'static str = "access.end_mapped";

    fn about(&self) -> Option<Object> {
        Some(Object::Grant(self.grant))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        if ask.actor != Actor::System {
            return Err(Refusal::NotAuthenticated {});
        }
        let grant = self.grant;
        let found = ask.state.grants.find(grant).ok_or(Refusal::UnknownGrant { grant })?;
        let mapping = match found.ground {
            Some(Ground::Mapping(id)) => ask.state.rules.mapping(id),
            Some(Ground::Request(_) | Ground::BreakGlass {}) | None => None,
        };
        if found.is_revoked() || mapping.is_none_or(|mapping| mapping.span.is_open()) {
            return Ok(vec![]);
        }
        Ok(vec![RoleRevoked { grant, ground: found.ground, reason: None }.into()])
    }
}

/// Most grants of ended mappings that are taken back in one plan; what is left is planned the next time.
const PLANNED_MAX: usize = 1_024;

/// Commands that take back what ended mappings gave, and that give and take what mappings say of the groups of tenants.
pub fn plan(state: &State, now: Time) -> Vec<Command> {
    let ended = state.rules.mappings(None).filter(|(_, mapping)| !mapping.span.is_open());
    let grants =
        ended.flat_map(|(id, _)| state.grants.by_mapping(id)).map(|grant| EndMapped { grant }.into());
    grants.chain(followings(state, now)).take(PLANNED_MAX).collect()
}

/// Groups of tenants for which mappings say something else than they have. People follow theirs when they sign in.
fn followings(state: &State, now: Time) -> impl Iterator<Item = Command> + '_ {
    let tenants = state.policies.provisioning();
    let open = state.rules.mappings(None).filter(|(_, mapping)| mapping.span.is_open());
    let of_tenants = open.filter(|(_, mapping)| tenants.tenant(&mapping.provider).is_some());
    of_tenants.flat_map(move |(id, mapping)| {
        let named = state.provisioned.group_by_name(&mapping.provider, &mapping.external);
        let wanted = named.filter(|group| name_of(state, *group) == Some(&*mapping.external));
        let has: Vec<GroupId> =
            state.grants.by_mapping(id).filter_map(|grant| group_with(state, grant)).collect();
        let come = wanted.filter(|group| !has.contains(group));
        let go = has.into_iter().filter(move |group| Some(*group) != wanted);
        go.chain(come).map(move |group| {
            let (grantee, provider) = (Grantee::Group(group), mapping.provider.clone());
            let groups = name_of(state, group).map(Box::from).into_iter().collect();
            FollowMappings { grantee, provider, groups, grants: vec![grant_for(id, group, now)] }.into()
        })
    })
}

fn name_of(state: &State, group: GroupId) -> Option<&str> {
    state.provisioned.find_group(group).filter(|record| !record.deleted).map(|record| &*record.name)
}

fn group_with(state: &State, grant: GrantId) -> Option<GroupId> {
    match state.grants.find(grant)?.grantee {
        Grantee::Group(group) => Some(group),
        Grantee::Subject(_) => None,
    }
}

/// A name for a grant that is the same whenever the same is planned at the same time.
fn grant_for(mapping: MappingId, group: GroupId, now: Time) -> GrantId {
    let Hash(digest) = Hash::of(&[mapping.as_bytes(), group.as_bytes(), &now.micros().to_be_bytes()]);
    GrantId::from_bytes(uuid_v7(now, digest.first_chunk().copied().unwrap_or_default()))
}

/// The grant that a mapping wants and the grantee does not have by it.
fn missing(ask: &Ask<'_>, grantee: Grantee, (id, mapping): (MappingId, &Mapping)) -> Option<(String, Held)> {
    let role = mapping.role?;
    // What a second person must agree to, no provider gives, whatever was mapped before that became so.
    let approved = &ask.state.policies.access().approved_roles;
    if approved.contains(&role.to_string().into()) {
        return None;
    }
    let ground = Some(Ground::Mapping(id));
    let held = ask.state.holders.held(grantee).iter();
    let has = held.filter_map(|held| ask.state.grants.find(held.grant)).any(|grant| grant.ground == ground);
    let (grant, terms) = (GrantId::FIRST, Terms::default());
    let wanted = Wanted { grant, role, scope: mapping.scope, terms: &terms };
    let held = sound(ask, grantee, wanted).ok().filter(|_| !has)?;
    Some((role.to_string(), held))
}

/// Ends the grantee's grants by mappings of the provider that do not say so any more.
fn taken_back(
    ask: &Ask<'_>,
    grantee: Grantee,
    provider: &str,
    says: impl Fn(&Mapping) -> bool,
) -> Vec<Happening> {
    let mut happenings = Vec::new();
    for held in ask.state.holders.held(grantee) {
        let ground = ask.state.grants.find(held.grant).and_then(|grant| grant.ground);
        let Some(Ground::Mapping(id)) = ground else { continue };
        let mapping = ask.state.rules.mapping(id);
        if mapping.is_some_and(|mapping| &*mapping.provider == provider && !says(mapping)) {
            happenings.push(RoleRevoked { grant: held.grant, ground, reason: None }.into());
        }
    }
    happenings
}
