//! What one may do where: the questions that take in standing, groups, grants, roles and scopes at once.

use crate::State;
use crate::access::{Grant, Held, Holder, Permission, Permissions, Place, Role};
use crate::history::Moment;
use crate::identity::{Credential, Standing};
use ledger::event::access::Ground;
use ledger::event::id::{DutyId, GrantId, GroupId};
use ledger::event::scope::{Environments, Scope};
use ledger::event::{Actor, Grantee, Subject};
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// Which rights count: those that hold now and, where something is handed out, as long as it will last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lasting {
    now: Time,
    until: Option<Option<Time>>,
}

impl Lasting {
    /// Those that hold now.
    pub fn beyond(now: Time) -> Self {
        Self { now, until: None }
    }

    /// Those that hold now and until then; `None` stands for ever.
    pub fn until(now: Time, until: Option<Time>) -> Self {
        Self { now, until: Some(until) }
    }

    fn admits(self, expires: Option<Time>) -> bool {
        let long_enough = |expires: Time| match self.until {
            None => true,
            Some(until) => until.is_some_and(|until| until <= expires),
        };
        expires.is_none_or(|expires| self.now < expires && long_enough(expires))
    }
}

/// A role that somebody has somewhere, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Entitlement {
    /// Who has it.
    pub subject: Subject,
    /// By which grant.
    pub grant: GrantId,
    /// The group that holds the grant; absent when the subject does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub group: Option<GroupId>,
    /// Which role.
    pub role: Box<str>,
    /// Where.
    pub scope: Scope,
    /// In which environments only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environments: Option<Environments>,
    /// From when on it no longer holds.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expires: Option<Time>,
    /// What the grant came from, other than somebody's decision.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ground: Option<Ground>,
    /// The event that granted the role.
    pub granted: u64,
    /// The event that put the subject into the group.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub joined: Option<u64>,
}

/// A grant, and the group by which somebody has it.
pub(crate) type Found = (GrantId, Grant, Option<GroupId>);

fn covers(environments: Option<Environments>, place: Place) -> bool {
    environments.is_none_or(|limited| place.environment.is_some_and(|wanted| limited.contains(wanted)))
}

impl State {
    /// What a subject holds, of its own and through its groups; some of it may have expired.
    pub fn held(&self, subject: Subject) -> impl Iterator<Item = (&Held, Option<GroupId>)> + '_ {
        self.held_by(self.holders.find(subject))
    }

    fn held_by<'a>(
        &'a self,
        holder: Option<&'a Holder>,
    ) -> impl Iterator<Item = (&'a Held, Option<GroupId>)> + 'a {
        let own = holder.into_iter().flat_map(|holder| &*holder.held).map(|held| (held, None));
        let groups = holder.into_iter().flat_map(|holder| &*holder.groups);
        own.chain(groups.flat_map(|group| {
            self.holders.held(Grantee::Group(*group)).iter().map(move |held| (held, Some(*group)))
        }))
    }

    /// Every grant that a grantee ever had, the newest first.
    pub fn ever(&self, grantee: impl Into<Grantee>) -> impl Iterator<Item = (GrantId, Grant)> + '_ {
        self.grants.ever(self.holders.find(grantee).and_then(|holder| holder.newest))
    }

    /// What each of a subject's roles permits at a place.
    fn permitted<'a>(
        &'a self,
        holder: Option<&'a Holder>,
        place: Place,
        lasting: Lasting,
    ) -> impl Iterator<Item = Permissions> + 'a {
        let around = self.scopes.around(place.scope);
        self.held_by(holder)
            .map(|(held, _)| held)
            .filter(move |held| around.contains(held.scope) && covers(held.environments, place))
            .filter(move |held| lasting.admits(held.expires))
            .map(|held| self.roles.permissions(held.role))
    }

    /// Whether policy wants somebody to sign in with several factors.
    pub fn wants_factors(&self, subject: Subject) -> bool {
        let policy = self.policies.sign_in();
        let named = |role: Role| {
            !policy.several_factors_roles.is_empty()
                && policy.several_factors_roles.contains(&role.to_string().into())
        };
        policy.several_factors || self.held(subject).any(|(held, _)| named(held.role))
    }

    /// Within how many seconds the actor should have shown several factors for this and did not. Only sessions are asked for that;
    /// `None` stands for making a credential, with which one could do anything.
    pub fn lacks_factors(&self, actor: &Actor, permission: Option<Permission>, now: Time) -> Option<u64> {
        let policy = self.policies.sign_in();
        let asked = match permission {
            None => !policy.several_factors_permissions.is_empty(),
            Some(permission) => {
                policy.several_factors_permissions.iter().any(|name| **name == *permission.as_str())
            }
        };
        let (_, shown) = actor.shown()?;
        let behalf = self.credentials.find(shown).and_then(Credential::behalf);
        let signed_in = behalf.map_or(shown, |behalf| behalf.credential);
        let session = self.sessions.find(signed_in).filter(|_| asked)?;
        let seconds_max = policy.several_factors_seconds;
        let fresh = now.seconds_since(session.authenticated) <= seconds_max;
        (!session.several_factors || !fresh).then_some(seconds_max)
    }

    /// What a subject may do at a place, whether or not it may act at all.
    pub fn rights(&self, subject: Subject, place: Place, lasting: Lasting) -> Permissions {
        self.permitted(self.holders.find(subject), place, lasting).fold(Permissions::NONE, Permissions::union)
    }

    /// What an actor may do at a place, whether or not it may act at all: a program that acts for a person, what both may, and of that only
    /// what can be done for somebody. Deed itself and its operator may do all.
    pub fn rights_of(&self, actor: &Actor, place: Place, lasting: Lasting) -> Permissions {
        match actor {
            Actor::Subject(subject, _) => self.rights(*subject, place, lasting),
            Actor::Delegate(delegate) => self
                .rights(delegate.program, place, lasting)
                .intersection(self.rights(Subject::Person(delegate.person), place, lasting))
                .intersection(Permissions::ON_BEHALF),
            Actor::Anonymous(_) => Permissions::NONE,
            Actor::System | Actor::Operator => Permissions::ALL,
        }
    }

    /// Whether an actor that shows a credential may do this there at `now`: a program that acts for a person, when both may.
    pub fn actor_may(&self, actor: &Actor, permission: Permission, place: Place, now: Time) -> bool {
        let may = |subject| self.may(subject, permission, place, now);
        match actor {
            Actor::Subject(subject, _) => may(*subject),
            Actor::Delegate(delegate) => {
                Permissions::ON_BEHALF.contains(permission)
                    && may(delegate.program)
                    && may(Subject::Person(delegate.person))
            }
            Actor::Anonymous(_) | Actor::System | Actor::Operator => false,
        }
    }

    /// Whether an active subject may do this there at `now`.
    pub fn may(&self, subject: Subject, permission: Permission, place: Place, now: Time) -> bool {
        let holder = self.holders.find(subject).filter(|holder| holder.active);
        let mut permitted = self.permitted(holder, place, Lasting::beyond(now));
        permitted.any(|permissions| permissions.contains(permission))
    }

    /// A permission of a grant's role that the subject lacks there.
    pub fn first_beyond(&self, subject: Subject, held: &Held, lasting: Lasting) -> Option<Permission> {
        let permissions = self.roles.permissions(held.role);
        let beyond = |environment| {
            let place = Place { scope: held.scope, environment };
            permissions.first_beyond(self.rights(subject, place, lasting))
        };
        match held.environments {
            None => beyond(None),
            Some(limited) => limited.iter().find_map(|environment| beyond(Some(environment))),
        }
    }

    /// Whether the site would have no lasting owner who may act, without this grant or this subject.
    pub fn would_lack_owner(&self, without: Grantless) -> bool {
        let stays = |(subject, grant): &(Subject, GrantId)| {
            without != Grantless::Grant(*grant) && without != Grantless::Subject(*subject)
        };
        let active = |(subject, _): &(Subject, GrantId)| self.subjects.is_active(*subject);
        let touches = self.grants.owners().any(|owner| !stays(&owner));
        touches && !self.grants.owners().filter(stays).any(|owner| active(&owner))
    }

    /// A rule on separate duties that a subject would break, if it held this besides what it holds.
    pub fn duty_broken(&self, subject: Option<Subject>, extra: &Held) -> Option<DutyId> {
        let counts = |held: &&Held| held.role != Role::Owner;
        let held: Vec<&Held> =
            subject.into_iter().flat_map(|subject| self.held(subject)).map(|(held, _)| held).collect();
        let all = || held.iter().copied().chain([extra]).filter(counts);
        let live = self.rules.duties(None).filter(|(_, duty)| duty.span.is_open());
        for (id, duty) in live {
            let Some((one, other)) = duty.permissions() else { continue };
            let breaks = |first: &Held, second: &Held| {
                self.roles.permissions(first.role).contains(one)
                    && self.roles.permissions(second.role).contains(other)
                    && self.overlap(first, second)
            };
            let with_extra = |held: &Held| breaks(held, extra) || breaks(extra, held);
            if counts(&extra) && all().any(with_extra) {
                return Some(id);
            }
        }
        None
    }

    /// Roles that a group has at `now` and that a second person must approve for whoever gets them.
    pub fn approved_roles(&self, group: GroupId, now: Time) -> impl Iterator<Item = Role> + '_ {
        let held = self.holders.held(Grantee::Group(group)).iter();
        let live = held.filter(move |held| Lasting::beyond(now).admits(held.expires)).map(|held| held.role);
        let approved = &self.policies.access().approved_roles;
        live.filter(|role| !approved.is_empty() && approved.contains(&role.to_string().into()))
    }

    fn overlap(&self, one: &Held, other: &Held) -> bool {
        let scopes =
            self.scopes.is_within(one.scope, other.scope) || self.scopes.is_within(other.scope, one.scope);
        let both = one.environments.zip(other.environments);
        scopes && both.is_none_or(|(one, other)| one.iter().any(|environment| other.contains(environment)))
    }

    fn groups_ever(&self, subject: Subject) -> impl Iterator<Item = GroupId> + '_ {
        self.holders.groups(subject).iter().chain(self.groups.left(subject)).copied()
    }

    /// The groups that a subject was in after so many events.
    pub fn groups_at(&self, subject: Subject, size: u64) -> impl Iterator<Item = GroupId> + '_ {
        self.groups_ever(subject)
            .filter(move |group| self.groups.spans(*group, subject).any(|span| span.holds(size)))
    }

    /// Every role that a subject had at a moment, its own first, then by group.
    pub fn entitlements(&self, subject: Subject, moment: Moment) -> Vec<Entitlement> {
        let standing = self.subjects.find(subject).and_then(|record| record.standing_at(moment.size));
        if standing != Some(Standing::Active) {
            return Vec::new();
        }
        let own = self.ever(subject).map(|(id, grant)| (id, grant, None));
        let groups = self.groups_at(subject, moment.size);
        let through = groups.flat_map(|group| {
            self.ever(Grantee::Group(group)).map(move |(id, grant)| (id, grant, Some(group)))
        });
        let mut found: Vec<_> = own
            .chain(through)
            .filter(|(_, grant, _)| holds(grant, moment))
            .filter_map(|found| self.entitlement(subject, found, moment))
            .collect();
        found.sort_by_key(|found| (found.group, found.grant));
        found
    }

    /// Every grant that a subject ever had, of its own or through a group, and whether it counted at each of two moments.
    pub(crate) fn each_ever(
        &self,
        subject: Subject,
        (from, to): (Moment, Moment),
        mut take: impl FnMut(Found, (bool, bool)),
    ) {
        let standing = |moment: Moment| {
            let standing = self.subjects.find(subject).and_then(|record| record.standing_at(moment.size));
            standing == Some(Standing::Active)
        };
        let (before, after) = (standing(from), standing(to));
        let mut each = |grantee: Grantee, group, (before, after): (bool, bool)| {
            if before || after {
                for (id, grant) in self.ever(grantee) {
                    let counted = (before && holds(&grant, from), after && holds(&grant, to));
                    take((id, grant, group), counted);
                }
            }
        };
        each(subject.into(), None, (before, after));
        for group in self.groups_ever(subject) {
            let was_in =
                |moment: Moment| self.groups.spans(group, subject).any(|span| span.holds(moment.size));
            each(Grantee::Group(group), Some(group), (before && was_in(from), after && was_in(to)));
        }
    }

    pub(crate) fn entitlement(
        &self,
        subject: Subject,
        (id, grant, group): Found,
        moment: Moment,
    ) -> Option<Entitlement> {
        let joined = group.and_then(|group| {
            self.groups
                .spans(group, subject)
                .filter(|span| span.holds(moment.size))
                .map(|span| span.since)
                .next()
        });
        Some(Entitlement {
            subject,
            grant: id,
            group,
            role: grant.role?.to_string().into(),
            scope: grant.scope,
            environments: grant.environments,
            expires: grant.expires,
            ground: grant.ground,
            granted: grant.span.since,
            joined,
        })
    }

    /// Everybody who had a permission at a place at a moment, by subject, then by grant.
    pub fn who_may(&self, permission: Permission, place: Place, moment: Moment) -> Vec<Entitlement> {
        let mut found = Vec::new();
        for scope in self.scopes.around_at(place.scope, moment.size).iter() {
            let grants = self.grants.at_scope(scope).filter(|(_, grant)| {
                let permits = |role| self.roles.permissions_at(role, moment.size).contains(permission);
                holds(grant, moment) && covers(grant.environments, place) && grant.role.is_some_and(permits)
            });
            for (id, grant) in grants {
                self.each_holder(&grant, moment, |subject, group| {
                    found.extend(self.entitlement(subject, (id, grant, group), moment));
                });
            }
        }
        found.sort_by_key(|found| (found.subject, found.group, found.grant));
        found
    }

    fn each_holder(&self, grant: &Grant, moment: Moment, mut take: impl FnMut(Subject, Option<GroupId>)) {
        let active = |subject: &Subject| {
            let standing = self.subjects.find(*subject).and_then(|record| record.standing_at(moment.size));
            standing == Some(Standing::Active)
        };
        match grant.grantee {
            Grantee::Subject(subject) => {
                [subject].iter().filter(|subject| active(subject)).for_each(|subject| take(*subject, None))
            }
            Grantee::Group(group) => {
                let members = self.groups.members_at(group, None, moment.size);
                members.filter(active).for_each(|subject| take(subject, Some(group)));
            }
        }
    }

    /// The roles by which a subject could do something at a place at a moment.
    pub fn entitlements_to(
        &self,
        subject: Subject,
        permission: Permission,
        place: Place,
        moment: Moment,
    ) -> Vec<Entitlement> {
        let permits = |role| self.roles.permissions_at(role, moment.size).contains(permission);
        let around = self.scopes.around_at(place.scope, moment.size);
        let mut found = self.entitlements(subject, moment);
        found.retain(|found| {
            covers(found.environments, place)
                && around.contains(found.scope)
                && Role::parse(&found.role).is_some_and(permits)
        });
        found
    }

    /// Adds whoever held what a grantee held at one of two moments, or in between.
    pub(crate) fn add_holders(
        &self,
        grantee: Grantee,
        (from, to): (Moment, Moment),
        found: &mut Vec<Subject>,
    ) {
        match grantee {
            Grantee::Subject(subject) => found.push(subject),
            Grantee::Group(group) => {
                found.extend(self.groups.members_at(group, None, from.size));
                found.extend(self.groups.members_at(group, None, to.size));
            }
        }
    }

    /// What a subject could do at a place at a moment.
    pub fn rights_at(&self, subject: Subject, place: Place, moment: Moment) -> Permissions {
        let around = self.scopes.around_at(place.scope, moment.size);
        self.entitlements(subject, moment)
            .iter()
            .filter(|found| covers(found.environments, place) && around.contains(found.scope))
            .filter_map(|found| Role::parse(&found.role))
            .map(|role| self.roles.permissions_at(role, moment.size))
            .fold(Permissions::NONE, Permissions::union)
    }
}

/// Whose ownership is thought away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grantless {
    /// A grant's.
    Grant(GrantId),
    /// A subject's.
    Subject(Subject),
}

fn holds(grant: &Grant, moment: Moment) -> bool {
    grant.span.holds(moment.size) && Lasting::beyond(moment.time).admits(grant.expires)
}
