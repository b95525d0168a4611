//! Groups, and who is and was in them.

use crate::access::Holders;
use crate::history::Span;
use crate::list::List;
use crate::table::Table;
use imbl::OrdMap;
use ledger::event::id::GroupId;
use ledger::event::scope::Scope;
use ledger::event::{Identity, Subject};
use serde::{Deserialize, Serialize};

/// A group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its name.
    pub handle: Box<str>,
    /// Whose it is.
    pub scope: Scope,
    /// From when until when it exists.
    pub span: Span,
}

/// When a subject was in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Membership {
    last: Span,
    before: List<Span>,
}

impl Membership {
    fn spans(&self) -> impl Iterator<Item = Span> + '_ {
        self.before.iter().chain([&self.last]).copied()
    }
}

/// Groups and memberships.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    by_id: OrdMap<GroupId, Group>,
    handles: OrdMap<(Scope, Box<str>), GroupId>,
    members: Table<(GroupId, Subject), Membership>,
    left: Table<Subject, List<GroupId>>,
}

impl Groups {
    pub(crate) fn apply(&mut self, fact: &Identity, seq: u64, holders: &mut Holders) {
        match fact {
            Identity::GroupCreated(created) => {
                let (handle, scope) = (created.handle.clone(), created.scope);
                let group = Group { handle: handle.clone(), scope, span: Span::open(seq) };
                self.by_id.entry(created.group).or_insert(group);
                self.handles.entry((scope, handle)).or_insert(created.group);
            }
            Identity::GroupRemoved(removed) => self.remove(removed.group, seq, holders),
            Identity::GroupRenamed(renamed) => self.rename(renamed.group, &renamed.handle),
            Identity::MemberAdded(added) => self.join(added.group, added.subject, seq, holders),
            Identity::MemberRemoved(removed) => self.leave(removed.group, removed.subject, seq, holders),
            Identity::PersonCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::ServiceAccountCreated(_)
            | Identity::AgentCreated(_)
            | Identity::SubjectSuspended(_)
            | Identity::SubjectReactivated(_)
            | Identity::SubjectRemoved(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_)
            | Identity::LoginLinked(_)
            | Identity::SessionStarted(_)
            | Identity::ClientSignedIn(_)
            | Identity::TokenIssued(_)
            | Identity::WorkloadSignedIn(_)
            | Identity::RecoveryCodesMade(_)
            | Identity::OwnerRecovered(_)
            | Identity::SessionUsed(_)
            | Identity::ProviderLoggedOut(_) => {}
        }
    }

    fn join(&mut self, group: GroupId, subject: Subject, seq: u64, holders: &mut Holders) {
        let (mut joined, mut again) = (false, false);
        let new = || {
            joined = true;
            Membership { last: Span::open(seq), before: List::default() }
        };
        self.members.update((group, subject), new, |membership| {
            again = !membership.last.is_open();
            if again {
                membership.before.push(std::mem::replace(&mut membership.last, Span::open(seq)));
            }
        });
        if again && let Some(left) = self.left.get_mut(&subject) {
            left.retain(|left| *left != group);
        }
        if joined || again {
            holders.change(subject, |holder| holder.groups.push(group));
        }
    }

    fn leave(&mut self, group: GroupId, subject: Subject, seq: u64, holders: &mut Holders) {
        let found = self.members.get_mut(&(group, subject));
        let Some(membership) = found.filter(|membership| membership.last.is_open()) else { return };
        membership.last.end(seq);
        self.left.update(subject, List::default, |left| left.push(group));
        holders.change(subject, |holder| holder.groups.retain(|joined| *joined != group));
    }

    fn rename(&mut self, group: GroupId, handle: &str) {
        let Some(found) = self.by_id.get_mut(&group).filter(|found| found.span.is_open()) else { return };
        let (scope, before) = (found.scope, std::mem::replace(&mut found.handle, handle.into()));
        if self.handles.get(&(scope, before.clone())) == Some(&group) {
            self.handles.remove(&(scope, before));
        }
        self.handles.entry((scope, handle.into())).or_insert(group);
    }

    fn remove(&mut self, group: GroupId, seq: u64, holders: &mut Holders) {
        for subject in self.members(group, None).collect::<Vec<_>>() {
            self.leave(group, subject, seq, holders);
        }
        if let Some(found) = self.by_id.get_mut(&group) {
            found.span.end(seq);
            if self.handles.get(&(found.scope, found.handle.clone())) == Some(&group) {
                self.handles.remove(&(found.scope, found.handle.clone()));
            }
        }
    }

    /// A group, removed or not.
    pub fn find(&self, id: GroupId) -> Option<&Group> {
        self.by_id.get(&id)
    }

    /// The group of that name.
    pub fn by_handle(&self, scope: Scope, handle: &str) -> Option<GroupId> {
        self.handles.get(&(scope, handle.into())).copied()
    }

    /// Whether the group exists and was not removed.
    pub fn contains(&self, id: GroupId) -> bool {
        self.find(id).is_some_and(|group| group.span.is_open())
    }

    /// Whether the subject is in the group.
    pub fn has(&self, group: GroupId, subject: Subject) -> bool {
        self.members.get(&(group, subject)).is_some_and(|membership| membership.last.is_open())
    }

    /// Groups that a subject left and is not in again.
    pub fn left(&self, subject: Subject) -> &[GroupId] {
        self.left.get(&subject).map_or(&[], |left| &**left)
    }

    /// When a subject was in a group.
    pub fn spans(&self, group: GroupId, subject: Subject) -> impl Iterator<Item = Span> + '_ {
        self.members.get(&(group, subject)).into_iter().flat_map(Membership::spans)
    }

    /// Who is in a group, after `after`, in order.
    pub fn members(&self, group: GroupId, after: Option<Subject>) -> impl Iterator<Item = Subject> + '_ {
        self.members_at(group, after, u64::MAX)
    }

    /// Who was in a group after so many events.
    pub fn members_at(
        &self,
        group: GroupId,
        after: Option<Subject>,
        size: u64,
    ) -> impl Iterator<Item = Subject> + '_ {
        let first = (group, Subject::FIRST);
        let range = match after {
            None => self.members.from(&first),
            Some(after) => self.members.after(Some(&(group, after))),
        };
        range
            .take_while(move |((found, _), _)| *found == group)
            .filter(move |(_, membership)| membership.spans().any(|span| span.holds(size)))
            .map(|((_, subject), _)| *subject)
    }

    /// Every membership that there ever was.
    pub fn memberships(&self) -> impl Iterator<Item = (GroupId, Subject, Span)> + '_ {
        self.members.iter().flat_map(|((group, subject), membership)| {
            membership.spans().map(|span| (*group, *subject, span))
        })
    }

    /// Groups after `after`, in order of id.
    pub fn list(&self, after: Option<GroupId>) -> impl Iterator<Item = (GroupId, &Group)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}
