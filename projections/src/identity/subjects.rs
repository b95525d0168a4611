//! People, service accounts and agents, and whether they may act.

use crate::access::Holders;
use crate::history::History;
use crate::table::Table;
use ledger::event::{ContentDigest, Identity, Subject};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Whether a subject may act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It may.
    Active,
    /// Not until it is reactivated.
    Suspended,
    /// Never again.
    Removed,
}

impl Standing {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Removed => "removed",
        }
    }
}

/// What is known of a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubjectRecord {
    /// Its name: of a service account or an agent. A person's is sealed.
    pub handle: Option<Arc<str>>,
    /// The keyed digest of a person's name to sign in with.
    pub login: Option<ContentDigest>,
    /// Who answers for it.
    pub sponsor: Option<Subject>,
    /// Whether a provider's name for a person was added to the one it was created with.
    pub linked: bool,
    /// The event that created it.
    pub since: u64,
    /// Standings other than the first, which is active.
    changes: History<Standing>,
}

impl SubjectRecord {
    fn new(since: u64) -> Self {
        Self { handle: None, login: None, sponsor: None, linked: false, since, changes: History::default() }
    }

    /// Whether it may act.
    pub fn standing(&self) -> Standing {
        self.changes.now().copied().unwrap_or(Standing::Active)
    }

    /// Whether it could act after so many events; `None` when it did not exist.
    pub fn standing_at(&self, size: u64) -> Option<Standing> {
        (self.since < size).then(|| self.changes.at(size).copied().unwrap_or(Standing::Active))
    }

    /// The event that had ended its standing after so many events, if it was not active then.
    pub fn ended_at(&self, size: u64) -> Option<u64> {
        let last = self.changes().filter(|(seq, _)| *seq < size).last();
        last.filter(|(_, standing)| *standing != Standing::Active).map(|(seq, _)| seq)
    }

    /// Changes of its standing, each with the position of its event.
    pub fn changes(&self) -> impl Iterator<Item = (u64, Standing)> + '_ {
        self.changes.iter().copied()
    }
}

/// Who exists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subjects {
    by_id: Table<Subject, SubjectRecord>,
    handles: Table<Arc<str>, Subject>,
    logins: Table<ContentDigest, Subject>,
}

impl Subjects {
    pub(crate) fn apply(&mut self, fact: &Identity, seq: u64, holders: &mut Holders) {
        let new = SubjectRecord::new(seq);
        match fact {
            Identity::PersonCreated(created) => {
                let subject = Subject::Person(created.person);
                self.add(subject, SubjectRecord { login: created.login, ..new }, holders);
                if let Some(login) = created.login {
                    self.name(login, subject);
                }
            }
            Identity::ServiceAccountCreated(created) => {
                let record = SubjectRecord { handle: Some((&*created.handle).into()), ..new };
                self.add(Subject::ServiceAccount(created.service_account), record, holders);
            }
            Identity::AgentCreated(created) => {
                let (handle, sponsor) = (Some((&*created.handle).into()), Some(created.sponsor));
                self.add(Subject::Agent(created.agent), SubjectRecord { handle, sponsor, ..new }, holders);
            }
            Identity::LoginLinked(linked) => {
                let person = Subject::Person(linked.person);
                self.logins.insert(linked.login, person);
                if let Some(record) = self.by_id.get_mut(&person) {
                    record.linked = true;
                }
            }
            Identity::SubjectSuspended(fact) => self.change(fact.subject, seq, Standing::Suspended, holders),
            Identity::SubjectReactivated(fact) => self.change(fact.subject, seq, Standing::Active, holders),
            Identity::SubjectRemoved(fact) => self.change(fact.subject, seq, Standing::Removed, holders),
            Identity::OwnershipClaimed(_)
            | Identity::GroupCreated(_)
            | Identity::GroupRemoved(_)
            | Identity::GroupRenamed(_)
            | Identity::MemberAdded(_)
            | Identity::MemberRemoved(_)
            | Identity::CredentialIssued(_)
            | Identity::CredentialRevoked(_)
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

    /// A name to sign in with stays whose it is, until they are removed: then their tenant may give it again.
    fn name(&mut self, login: ContentDigest, subject: Subject) {
        let is_free = self.by_login(&login).is_none_or(|holder| !self.contains(holder));
        if is_free {
            self.logins.update(login, || subject, |known| *known = subject);
        }
    }

    fn add(&mut self, subject: Subject, record: SubjectRecord, holders: &mut Holders) {
        // What is taken stays whose it is.
        if let Some(handle) = &record.handle {
            self.handles.insert(Arc::clone(handle), subject);
        }
        if self.by_id.insert(subject, record) {
            holders.change(subject, |holder| holder.active = true);
        }
    }

    fn change(&mut self, subject: Subject, seq: u64, standing: Standing, holders: &mut Holders) {
        // Who was removed stays removed.
        let found = self.by_id.get_mut(&subject);
        if let Some(record) = found.filter(|record| record.standing() != Standing::Removed) {
            record.changes.push(seq, standing);
            holders.change(subject, |holder| holder.active = standing == Standing::Active);
        }
    }

    /// What is known of a subject.
    pub fn find(&self, subject: Subject) -> Option<&SubjectRecord> {
        self.by_id.get(&subject)
    }

    /// Whether the subject exists and was not removed.
    pub fn contains(&self, subject: Subject) -> bool {
        self.find(subject).is_some_and(|record| record.standing() != Standing::Removed)
    }

    /// Whether the subject may act.
    pub fn is_active(&self, subject: Subject) -> bool {
        self.find(subject).is_some_and(|record| record.standing() == Standing::Active)
    }

    /// The service account or agent of that name.
    pub fn by_handle(&self, handle: &str) -> Option<Subject> {
        self.handles.get(handle).copied()
    }

    /// The person who signs in under a name with this keyed digest.
    pub fn by_login(&self, login: &ContentDigest) -> Option<Subject> {
        self.logins.get(login).copied()
    }

    /// Subjects after `after`, or else from `first` on, in order of kind and id.
    pub fn list_from(
        &self,
        after: Option<Subject>,
        first: Subject,
    ) -> impl Iterator<Item = (Subject, &SubjectRecord)> + '_ {
        let list = match after.filter(|after| *after >= first) {
            Some(after) => self.by_id.after(Some(&after)),
            None => self.by_id.from(&first),
        };
        list.map(|(id, found)| (*id, found))
    }

    /// All subjects, in order of kind and id.
    pub fn list(&self) -> impl Iterator<Item = (Subject, &SubjectRecord)> + '_ {
        self.list_from(None, Subject::FIRST)
    }
}
