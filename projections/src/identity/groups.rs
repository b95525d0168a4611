//! Groups, and who is and was in them.

use crate::history::{Span, appended, without};
use imbl::OrdMap;
use ledger::event::id::GroupId;
use ledger::event::scope::Scope;
use ledger::event::{Identity, Subject};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

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

/// Groups and memberships.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Groups {
    by_id: OrdMap<GroupId, Group>,
    handles: OrdMap<(Scope, Box<str>), GroupId>,
    members: OrdMap<(GroupId, Subject), Arc<[Span]>>,
    of: OrdMap<Subject, Arc<[GroupId]>>,
    ever: OrdMap<Subject, Arc<[GroupId]>>,
}

impl Groups {
    pub(crate) fn apply(&mut self, fact: &Identity, seq: u64) {
        match fact {
            Identity::GroupCreated(created) => {
                let (handle, scope) = (created.handle.clone(), created.scope);
                let group = Group { handle: handle.clone(), scope, span: Span::open(seq) };
                self.by_id.entry(created.group).or_insert(group);
                self.handles.entry((scope, handle)).or_insert(created.group);
            }
            Identity::GroupRemoved(removed) => self.remove(removed.group, seq),
            Identity::MemberAdded(added) => self.join(added.group, added.subject, seq),
            Identity::MemberRemoved(removed) => self.leave(removed.group, removed.subject, seq),
            Identity::PersonCreated(_)
            | Identity::OwnershipClaimed(_)
            | Identity::ServiceAccountCreated(_)
            | Identity::AgentCreated(_)
            | Identity::SubjectSuspended(_)
            | Identity::SubjectReactivated(_)
            | Identity::SubjectRemoved(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_) => {}
        }
    }

    fn join(&mut self, group: GroupId, subject: Subject, seq: u64) {
        if self.has(group, subject) {
            return;
        }
        let spans = self.members.entry((group, subject)).or_insert_with(|| Arc::new([]));
        *spans = appended(spans, Span::open(seq));
        let of = self.of.entry(subject).or_insert_with(|| Arc::new([]));
        *of = appended(of, group);
        let ever = self.ever.entry(subject).or_insert_with(|| Arc::new([]));
        if !ever.contains(&group) {
            *ever = appended(ever, group);
        }
    }

    fn leave(&mut self, group: GroupId, subject: Subject, seq: u64) {
        let Some(spans) = self.members.get_mut(&(group, subject)) else { return };
        let ended = |span: &Span| Span { until: span.until.or(Some(seq)), ..*span };
        *spans = spans.iter().map(ended).collect();
        if let Some(of) = self.of.get_mut(&subject) {
            *of = without(of, |joined| *joined == group);
            if of.is_empty() {
                self.of.remove(&subject);
            }
        }
    }

    fn remove(&mut self, group: GroupId, seq: u64) {
        for subject in self.members(group, None).collect::<Vec<_>>() {
            self.leave(group, subject, seq);
        }
        if let Some(found) = self.by_id.get_mut(&group) {
            found.span.until = found.span.until.or(Some(seq));
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
        self.find(id).is_some_and(|group| group.span.until.is_none())
    }

    /// Whether the subject is in the group.
    pub fn has(&self, group: GroupId, subject: Subject) -> bool {
        self.of(subject).contains(&group)
    }

    /// The groups that a subject is in.
    pub fn of(&self, subject: Subject) -> &[GroupId] {
        self.of.get(&subject).map_or(&[], |groups| &**groups)
    }

    /// The groups that a subject was ever in.
    pub fn ever(&self, subject: Subject) -> &[GroupId] {
        self.ever.get(&subject).map_or(&[], |groups| &**groups)
    }

    /// The groups that a subject was in after so many events.
    pub fn of_at(&self, subject: Subject, size: u64) -> impl Iterator<Item = GroupId> + '_ {
        let was_in = move |group: &GroupId| self.spans(*group, subject).iter().any(|span| span.holds(size));
        self.ever(subject).iter().copied().filter(was_in)
    }

    /// When a subject was in a group.
    pub fn spans(&self, group: GroupId, subject: Subject) -> &[Span] {
        self.members.get(&(group, subject)).map_or(&[], |spans| &**spans)
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
        use std::ops::Bound::{Excluded, Included, Unbounded};
        let first = (group, Subject::FIRST);
        let from = after.map_or(Included(first), |after| Excluded((group, after)));
        let range = self.members.range((from, Unbounded)).take_while(move |((found, _), _)| *found == group);
        range
            .filter(move |(_, spans)| spans.iter().any(|span| span.holds(size)))
            .map(|((_, subject), _)| *subject)
    }

    /// Every membership that there ever was.
    pub fn memberships(&self) -> impl Iterator<Item = (GroupId, Subject, Span)> + '_ {
        self.members
            .iter()
            .flat_map(|((group, subject), spans)| spans.iter().map(|span| (*group, *subject, *span)))
    }

    /// Groups after `after`, in order of id.
    pub fn list(&self, after: Option<GroupId>) -> impl Iterator<Item = (GroupId, &Group)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}
