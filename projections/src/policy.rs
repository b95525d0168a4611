//! Policies: what is in force, what was, and what waits for approval.

use crate::history::{History, Span};
use imbl::OrdMap;
use ledger::event::id::PolicyId;
use ledger::event::policy::{AccessPolicy, Body};
use ledger::event::{Actor, Event, Policy, Subject};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, LazyLock};

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it says.
    pub body: Arc<Body>,
    /// Who wrote it; `None` when it was nobody who could have.
    pub by: Option<Subject>,
    /// From when until when it waited.
    pub span: Span,
    /// Who put it in force.
    pub adopted_by: Option<Subject>,
}

/// Kind and name of a policy.
type Slot = (Box<str>, Box<str>);

/// All policies.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policies {
    versions: OrdMap<PolicyId, Version>,
    in_force: OrdMap<Slot, History<PolicyId>>,
}

fn slot(body: &Body) -> Slot {
    let (kind, name) = body.slot();
    (kind.into(), name.into())
}

impl Policies {
    pub(crate) fn apply(&mut self, fact: &Policy, event: &Event) {
        let by = match event.actor {
            Actor::Subject(subject, _) => Some(subject),
            Actor::System | Actor::Operator | Actor::Anonymous(_) => None,
        };
        match fact {
            Policy::PolicyProposed(proposed) => {
                let body = Arc::new(proposed.body.clone());
                let version = Version { body, by, span: Span::open(event.seq), adopted_by: None };
                self.versions.entry(proposed.policy).or_insert(version);
            }
            Policy::PolicyAdopted(adopted) => {
                let Some(version) = self.waiting(adopted.policy) else { return };
                version.span.until = Some(event.seq);
                version.adopted_by = by;
                let slot = slot(&version.body);
                self.in_force.entry(slot).or_default().push(event.seq, adopted.policy);
            }
            Policy::PolicyDeclined(declined) => {
                if let Some(version) = self.waiting(declined.policy) {
                    version.span.until = Some(event.seq);
                }
            }
        }
    }

    fn waiting(&mut self, id: PolicyId) -> Option<&mut Version> {
        self.versions.get_mut(&id).filter(|version| version.span.until.is_none())
    }

    /// A version of a policy, in force or not.
    pub fn find(&self, id: PolicyId) -> Option<&Version> {
        self.versions.get(&id)
    }

    /// The version of a policy that was in force after so many events.
    pub fn in_force_at(&self, kind: &str, name: &str, size: u64) -> Option<(PolicyId, &Version)> {
        let id = *self.in_force.get(&(kind.into(), name.into()))?.at(size)?;
        Some((id, self.versions.get(&id)?))
    }

    /// Versions after `after`, in order of id.
    pub fn list(&self, after: Option<PolicyId>) -> impl Iterator<Item = (PolicyId, &Version)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.versions.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }

    /// How access is given now.
    pub fn access(&self) -> &AccessPolicy {
        static DEFAULT: LazyLock<AccessPolicy> = LazyLock::new(AccessPolicy::default);
        match self.in_force_at("access", "", u64::MAX).map(|(_, version)| &*version.body) {
            Some(Body::Access(policy)) => policy,
            None => &DEFAULT,
        }
    }
}
