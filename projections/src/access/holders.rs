//! What is looked at when a permission is checked: one record for each who holds, so that a check looks in few places.

use super::grants::Held;
use crate::list::List;
use crate::table::Table;
use ledger::event::id::{GrantId, GroupId};
use ledger::event::{Grantee, Subject};
use serde::{Deserialize, Serialize};

/// What a subject or a group has now. The folds of subjects, groups and grants keep it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Whether it is a subject that may act.
    pub active: bool,
    /// Grants of its own that were not taken back; some of them may have expired.
    pub held: List<Held>,
    /// Groups that it is in.
    pub groups: List<GroupId>,
    /// The newest of all grants that it ever had.
    pub newest: Option<GrantId>,
}

/// What everybody has now. Groups are few and looked for with every check of their members, so they stand apart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holders {
    subjects: Table<Subject, Holder>,
    groups: Table<GroupId, Holder>,
}

impl Holders {
    pub(crate) fn change(&mut self, grantee: impl Into<Grantee>, change: impl FnOnce(&mut Holder)) {
        match grantee.into() {
            Grantee::Subject(subject) => self.subjects.update(subject, Holder::default, change),
            Grantee::Group(group) => self.groups.update(group, Holder::default, change),
        }
    }

    /// What a subject or a group has; `None` when it never had anything.
    pub fn find(&self, grantee: impl Into<Grantee>) -> Option<&Holder> {
        match grantee.into() {
            Grantee::Subject(subject) => self.subjects.get(&subject),
            Grantee::Group(group) => self.groups.get(&group),
        }
    }

    /// What a grantee holds of its own; some of it may have expired.
    pub fn held(&self, grantee: impl Into<Grantee>) -> &[Held] {
        self.find(grantee).map_or(&[], |holder| &*holder.held)
    }

    /// The groups that a subject is in.
    pub fn groups(&self, subject: Subject) -> &[GroupId] {
        self.find(subject).map_or(&[], |holder| &*holder.groups)
    }
}
