//! Policies: what is in force, what was, and what waits for approval.

use crate::as_json::AsJson;
use crate::history::{History, Span};
use imbl::OrdMap;
use ledger::event::id::PolicyId;
use ledger::event::keys::KeyClass;
use ledger::event::policy::{
    AccessPolicy, Body, Catalogue, Enforcement, Guardrails, KeyDefaults, Provisioning, Retention, STANDARD,
    Session, SignIn,
};
use ledger::event::{Event, Policy, Subject};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::sync::LazyLock;

/// A version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// What it says.
    pub body: AsJson<Body>,
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
        let by = event.actor.shown().map(|(subject, _)| subject);
        match fact {
            Policy::PolicyProposed(proposed) => {
                let body = AsJson::new(proposed.body.clone());
                let version = Version { body, by, span: Span::open(event.seq), adopted_by: None };
                self.versions.entry(proposed.policy).or_insert(version);
            }
            Policy::PolicyAdopted(adopted) => {
                let Some(version) = self.waiting(adopted.policy) else { return };
                version.span.end(event.seq);
                version.adopted_by = by;
                let slot = slot(&version.body);
                self.in_force.entry(slot).or_default().push(event.seq, adopted.policy);
            }
            Policy::PolicyDeclined(declined) => {
                if let Some(version) = self.waiting(declined.policy) {
                    version.span.end(event.seq);
                }
            }
        }
    }

    fn waiting(&mut self, id: PolicyId) -> Option<&mut Version> {
        self.versions.get_mut(&id).filter(|version| version.span.is_open())
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

    /// What a policy says now.
    fn body(&self, kind: &str, name: &str) -> Option<&Body> {
        self.in_force_at(kind, name, u64::MAX).map(|(_, version)| &*version.body)
    }

    /// How access is given now.
    pub fn access(&self) -> &AccessPolicy {
        static DEFAULT: LazyLock<AccessPolicy> = LazyLock::new(AccessPolicy::default);
        let Some(Body::Access(policy)) = self.body("access", "") else { return &DEFAULT };
        policy
    }

    /// What the keys of a class may be now.
    pub fn key_defaults(&self, class: KeyClass) -> Cow<'_, KeyDefaults> {
        match self.body("key_defaults", class.as_str()) {
            Some(Body::KeyDefaults(body)) => Cow::Borrowed(body),
            Some(_) | None => Cow::Owned(KeyDefaults::standard(class)),
        }
    }

    /// The enforcement level of that name.
    pub fn enforcement(&self, name: &str) -> Option<Cow<'_, Enforcement>> {
        match self.body("enforcement", name) {
            Some(Body::Enforcement(body)) => Some(Cow::Borrowed(body)),
            Some(_) | None => (name == STANDARD).then(|| Cow::Owned(Enforcement::standard())),
        }
    }

    /// The guardrail set of that name.
    pub fn guardrails(&self, name: &str) -> Option<Cow<'_, Guardrails>> {
        match self.body("guardrails", name) {
            Some(Body::Guardrails(body)) => Some(Cow::Borrowed(body)),
            Some(_) | None => (name == STANDARD).then(|| Cow::Owned(Guardrails::standard())),
        }
    }

    /// The models that can be called, and what they cost.
    pub fn catalogue(&self) -> Option<&Catalogue> {
        let Some(Body::Catalogue(body)) = self.body("catalogue", "") else { return None };
        Some(body)
    }

    /// How long sealed data are kept.
    pub fn retention(&self) -> Option<&Retention> {
        let Some(Body::Retention(body)) = self.body("retention", "") else { return None };
        Some(body)
    }

    /// How long sessions last.
    pub fn session(&self) -> Session {
        match self.body("session", "") {
            Some(Body::Session(body)) => *body,
            Some(_) | None => Session::STANDARD,
        }
    }

    /// Which directories say who there is.
    pub fn provisioning(&self) -> &Provisioning {
        static DEFAULT: Provisioning = Provisioning { tenants: Vec::new() };
        let Some(Body::Provisioning(policy)) = self.body("provisioning", "") else { return &DEFAULT };
        policy
    }

    /// How people sign in.
    pub fn sign_in(&self) -> &SignIn {
        static DEFAULT: LazyLock<SignIn> = LazyLock::new(SignIn::default);
        let Some(Body::SignIn(policy)) = self.body("sign_in", "") else { return &DEFAULT };
        policy
    }
}
