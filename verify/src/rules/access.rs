//! Rules of access: who may shape scopes and roles, and who may grant and revoke what.

use super::{Case, Verdict, Wrong, not_allowed, require};
use ledger::event::access::{
    BreakGlassReviewed, DutiesSeparated, GrantDeclined, GrantRequested, Ground, GroupMapped, ProjectChanged,
    ProjectCreated, RoleDefined, RoleGranted, RoleRetired, RoleRevoked, Terms,
};
use ledger::event::id::{GrantId, MappingId, RequestId};
use ledger::event::scope::Scope;
use ledger::event::{Access, Grantee, Subject};
use projections::Grantless;
use projections::access::{Grant, Held, Permission, Permissions, Request, Role};

pub(super) fn judge(case: &Case<'_>, fact: &Access) -> Verdict {
    match fact {
        Access::OrganizationCreated(fact) => {
            case.permitted(Permission::AccessOrganize, Scope::Site)?;
            let scopes = &case.state.scopes;
            let id = Scope::Organization(fact.organization);
            let free = !scopes.contains(id) && scopes.organization_by_handle(&fact.handle).is_none();
            require(free, "the organization existed already, or its name was taken")
        }
        Access::ProjectCreated(fact) => project_created(case, fact),
        Access::ProjectChanged(ProjectChanged { project, .. }) => {
            case.permitted(Permission::AccessOrganize, Scope::Project(*project))?;
            require(case.state.scopes.project(*project).is_some(), "there was no such project")
        }
        Access::RoleDefined(fact) => role_defined(case, fact),
        Access::RoleRetired(RoleRetired { role }) => {
            let found = case.state.roles.find(*role).filter(|found| !found.is_retired());
            require(found.is_some(), "there was no such role, or it was retired already")?;
            may_define(case, case.state.roles.permissions(Role::Custom(*role)))
        }
        Access::RoleGranted(fact) => role_granted(case, fact),
        Access::RoleRevoked(fact) => role_revoked(case, fact),
        Access::GrantRequested(fact) => grant_requested(case, fact),
        Access::GrantDeclined(fact) => grant_declined(case, fact),
        Access::BreakGlassReviewed(fact) => break_glass_reviewed(case, fact),
        Access::DutiesSeparated(fact) => duties_separated(case, fact),
        Access::DutiesJoined(fact) => {
            case.permitted(Permission::AccessDefine, Scope::Site)?;
            let found = case.state.rules.duty(fact.duty).filter(|duty| duty.span.is_open());
            require(found.is_some(), "there was no such rule, or it had ended")
        }
        Access::GroupMapped(fact) => group_mapped(case, fact),
        Access::GroupUnmapped(fact) => {
            case.permitted(Permission::AccessDefine, Scope::Site)?;
            require(live_mapping(case, fact.mapping), "there was no such mapping, or it had ended")
        }
    }
}

fn project_created(case: &Case<'_>, fact: &ProjectCreated) -> Verdict {
    let scopes = &case.state.scopes;
    let organization = Scope::Organization(fact.organization);
    require(scopes.contains(organization), "there was no such organization")?;
    case.permitted(Permission::AccessOrganize, organization)?;
    let taken = scopes.project_by_handle(fact.organization, &fact.handle).is_some();
    require(
        scopes.project(fact.project).is_none() && !taken,
        "the project existed already, or its name was taken",
    )
}

fn role_defined(case: &Case<'_>, fact: &RoleDefined) -> Verdict {
    let roles = &case.state.roles;
    require(fact.permissions.is_sorted_by(|one, next| one < next), "the permissions were not in order")?;
    let known: Option<Vec<_>> = fact.permissions.iter().map(|name| Permission::parse(name)).collect();
    let known = known.ok_or(not_allowed("there is no such permission"))?;
    let permissions = Permissions::of(&known);
    let before = roles.permissions(Role::Custom(fact.role));
    may_define(case, permissions.union(before))?;
    let added = |permission| permissions.contains(permission) && !before.contains(permission);
    let Some(found) = roles.find(fact.role) else {
        let free = Role::parse(&fact.handle).is_none() && roles.by_handle(&fact.handle).is_none();
        require(free, "the name was taken")?;
        let both = |one, other| permissions.contains(one) && permissions.contains(other);
        return require(!breaks_duty(case, both), "it permits duties that a rule kept apart");
    };
    require(!found.is_retired() && found.handle == fact.handle, "the role was retired, or had another name")?;
    let meets = breaks_duty(case, |one, other| added(one) || added(other));
    require(!meets, "it adds a duty that a rule kept apart to a role")
}

fn breaks_duty(case: &Case<'_>, breaks: impl Fn(Permission, Permission) -> bool) -> bool {
    let mut live = case.state.rules.duties(None).filter(|(_, duty)| duty.span.is_open());
    live.any(|(_, duty)| duty.permissions().is_some_and(|(one, other)| breaks(one, other)))
}

fn may_define(case: &Case<'_>, permissions: Permissions) -> Verdict {
    let subject = case.permitted(Permission::AccessDefine, Scope::Site)?;
    let lasting = projections::Lasting::until(case.event.time, None);
    let rights = case.state.rights(subject, Scope::Site.into(), lasting);
    require(
        permissions.first_beyond(rights).is_none(),
        "the role permits more than the actor had, or for longer",
    )
}

fn role_granted(case: &Case<'_>, fact: &RoleGranted) -> Verdict {
    require(case.state.grants.find(fact.grant).is_none(), "the grant existed already")?;
    let held = sound(case, &fact.role, (fact.scope, fact.subject), &fact.terms)?;
    if case.claimant().map(Grantee::from) == Some(fact.subject) {
        return require(held.role == Role::Owner, "a claim gives ownership and nothing else");
    }
    match fact.ground {
        None => {
            case.permitted(Permission::AccessGrant, fact.scope)?;
            case.may_give(&held)?;
            apart(case, fact.subject, &held)?;
            let approved = case.state.policies.access().approved_roles.contains(&fact.role);
            require(!approved, "a second person had to approve it")
        }
        Some(Ground::Request(request)) => approved(case, fact, &held, request),
        Some(Ground::Mapping(mapping)) => mapped(case, fact, &held, mapping),
        Some(Ground::BreakGlass {}) => broken_glass(case, fact),
    }
}

/// The grant as it would be held, if its parts exist and fit each other.
fn sound(
    case: &Case<'_>,
    role: &str,
    (scope, grantee): (Scope, Grantee),
    terms: &Terms,
) -> Result<Held, Wrong> {
    require(case.state.scopes.contains(scope), "the scope did not exist")?;
    case.exists(grantee)?;
    let role = Role::parse(role).filter(|role| case.state.roles.can_be_granted(*role) && role.fits(scope));
    let role = role.ok_or(not_allowed("there is no such role at such a scope"))?;
    let has = |limited| match scope {
        Scope::Project(id) => {
            let contents = case.state.scopes.project(id).and_then(|project| project.contents.now());
            contents.is_some_and(|contents| contents.environments.covers(limited))
        }
        Scope::Site | Scope::Organization(_) => false,
    };
    let limited = terms.environments;
    require(
        limited.is_none_or(|limited| !limited.is_empty() && has(limited)),
        "the scope has no such environments",
    )?;
    let lasts = terms.expires.is_none_or(|expires| case.event.time < expires);
    require(lasts, "the grant had expired when it was made")?;
    Ok(Held { grant: GrantId::FIRST, role, scope, environments: limited, expires: terms.expires })
}

fn apart(case: &Case<'_>, grantee: Grantee, held: &Held) -> Verdict {
    let broken = match grantee {
        Grantee::Subject(subject) => case.state.duty_broken(Some(subject), held).is_some(),
        Grantee::Group(group) => {
            let mut members = case.state.groups.members(group, None);
            members.any(|member| case.state.duty_broken(Some(member), held).is_some())
                || case.state.duty_broken(None, held).is_some()
        }
    };
    require(!broken, "it brings duties together that a rule kept apart")
}

fn approved(case: &Case<'_>, fact: &RoleGranted, held: &Held, id: RequestId) -> Verdict {
    let request = waiting(case, id)?;
    let wanted = &request.wanted;
    let same = (&wanted.role, wanted.scope, wanted.grantee, &wanted.terms())
        == (&fact.role, fact.scope, fact.subject, &fact.terms);
    require(same, "it is not what was asked for")?;
    let approver = case.permitted(Permission::AccessGrant, fact.scope)?;
    let gets = match fact.subject {
        Grantee::Subject(subject) => subject == approver,
        Grantee::Group(group) => case.state.groups.has(group, approver),
    };
    require(request.by != Some(approver) && !gets, "nobody approves their own")?;
    case.may_give(held)?;
    apart(case, fact.subject, held)
}

fn waiting<'a>(case: &Case<'a>, id: RequestId) -> Result<&'a Request, Wrong> {
    let found = case.state.rules.request(id).filter(|request| request.span.is_open());
    found.ok_or(not_allowed("no such request waited"))
}

fn live_mapping(case: &Case<'_>, id: MappingId) -> bool {
    case.state.rules.mapping(id).is_some_and(|mapping| mapping.span.is_open())
}

fn mapped(case: &Case<'_>, fact: &RoleGranted, held: &Held, id: MappingId) -> Verdict {
    case.by_system()?;
    let mapping = case.state.rules.mapping(id).filter(|_| live_mapping(case, id));
    let says = mapping.is_some_and(|mapping| mapping.role == Some(held.role) && mapping.scope == held.scope);
    require(says && fact.terms == Terms::default(), "the mapping does not say so")?;
    if let Grantee::Group(group) = fact.subject {
        let named = case.state.tenant_with_group(group).zip(case.state.provisioned.find_group(group));
        let meant = named.zip(mapping).is_some_and(|((tenant, record), mapping)| {
            tenant.name == mapping.provider && record.name == mapping.external
        });
        require(meant, "the mapping means another group")?;
    }
    let approved = case.state.policies.access().approved_roles.contains(&fact.role);
    require(!approved, "a second person had to approve it")?;
    apart(case, fact.subject, held)
}

fn broken_glass(case: &Case<'_>, fact: &RoleGranted) -> Verdict {
    let subject: Subject = case.permitted(Permission::AccessBreakGlass, fact.scope)?;
    require(fact.subject == subject.into(), "in an emergency one takes a role for oneself")?;
    let policy = case.state.policies.access();
    let may = policy.break_glass_roles.contains(&fact.role) && fact.terms.environments.is_none();
    require(may, "the role is not for emergencies")?;
    let latest = case.event.time.plus_seconds(policy.break_glass_seconds_max);
    require(fact.terms.expires.is_some_and(|expires| expires <= latest), "it lasts too long")?;
    require(fact.terms.reason.is_some(), "it has no reason")
}

fn role_revoked(case: &Case<'_>, fact: &RoleRevoked) -> Verdict {
    let grants = &case.state.grants;
    let live = grants.find(fact.grant).filter(|grant| !grant.is_revoked());
    let live = live.ok_or(not_allowed("there was no such grant, or it was revoked already"))?;
    match fact.ground {
        None => revoked_by_somebody(case, &live, fact.grant),
        Some(Ground::Mapping(_)) => {
            case.by_system()?;
            require(live.ground == fact.ground, "the grant did not come from this mapping")
        }
        Some(Ground::Request(_) | Ground::BreakGlass {}) => {
            Err(not_allowed("this is no ground for a revocation"))
        }
    }
}

fn revoked_by_somebody(case: &Case<'_>, live: &Grant, id: GrantId) -> Verdict {
    case.permitted(Permission::AccessGrant, live.scope)?;
    let lacks = case.state.would_lack_owner(Grantless::Grant(id));
    require(!lacks, "nobody would have been owner any more")?;
    let Grant { scope, environments, expires, .. } = *live;
    let Some(role) = live.role else { return Ok(()) };
    case.may_touch(&Held { grant: id, role, scope, environments, expires })
}

fn grant_requested(case: &Case<'_>, fact: &GrantRequested) -> Verdict {
    require(case.state.rules.request(fact.request).is_none(), "the request existed already")?;
    case.permitted(Permission::AccessGrant, fact.scope)?;
    let held = sound(case, &fact.role, (fact.scope, fact.subject), &fact.terms)?;
    case.may_give(&held)?;
    let approved = case.state.policies.access().approved_roles.contains(&fact.role);
    require(approved, "no approval was needed")
}

fn grant_declined(case: &Case<'_>, fact: &GrantDeclined) -> Verdict {
    let request = waiting(case, fact.request)?;
    if request.by == Some(case.subject()?) {
        return Ok(());
    }
    case.permitted(Permission::AccessGrant, request.wanted.scope).map(drop)
}

fn break_glass_reviewed(case: &Case<'_>, fact: &BreakGlassReviewed) -> Verdict {
    let found = case.state.grants.find(fact.grant);
    let found =
        found.filter(|grant| grant.ground == Some(Ground::BreakGlass {}) && grant.justified.is_none());
    let grant = found.ok_or(not_allowed("there was no such break-glass grant to review"))?;
    let reviewer = case.permitted(Permission::AccessReview, grant.scope)?;
    require(grant.grantee != reviewer.into(), "nobody reviews their own")
}

fn duties_separated(case: &Case<'_>, fact: &DutiesSeparated) -> Verdict {
    case.permitted(Permission::AccessDefine, Scope::Site)?;
    require(case.state.rules.duty(fact.duty).is_none(), "the rule existed already")?;
    let known = Permission::parse(&fact.one).zip(Permission::parse(&fact.other));
    require(known.is_some_and(|(one, other)| one != other), "these are not two permissions")
}

fn group_mapped(case: &Case<'_>, fact: &GroupMapped) -> Verdict {
    require(case.state.rules.mapping(fact.mapping).is_none(), "the mapping existed already")?;
    let subject = case.permitted(Permission::AccessDefine, Scope::Site)?;
    require(
        !case.state.policies.access().approved_roles.contains(&fact.role),
        "a second person had to approve it",
    )?;
    let held = sound(case, &fact.role, (fact.scope, subject.into()), &Terms::default())?;
    case.may_give(&held)
}
