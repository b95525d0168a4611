//! The whole state: one fold per area, over one event at a time.

use crate::access::{Grants, Holders, Roles, Rules, Scopes};
use crate::budgets::Budgets;
use crate::custody::{Claims, Payloads, Rotations, Writers};
use crate::identity::{Credentials, Groups, Recovery, Sessions, Subjects};
use crate::keys::Keys;
use crate::policy::Policies;
use crate::provisioning::Provisioned;
use crate::workspaces::{Templates, Workspaces};
use imbl::OrdMap;
use ledger::event::{Actor, Decoded, Event, Fact};
use ledger::time::Time;
use serde::{Deserialize, Serialize};

/// Version of the state's encoding, recorded with its digest. Raise it with every change of a field.
pub const SCHEMA: u32 = 11;

/// What the events so far amount to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// People, service accounts and agents.
    pub subjects: Subjects,
    /// Groups of them.
    pub groups: Groups,
    /// Their credentials.
    pub credentials: Credentials,
    /// What is known of sessions beside that.
    pub sessions: Sessions,
    /// Recovery codes of owners.
    pub recovery: Recovery,
    /// Organizations and projects.
    pub scopes: Scopes,
    /// Roles that were defined here.
    pub roles: Roles,
    /// Who holds which role.
    pub grants: Grants,
    /// What everybody has now.
    pub holders: Holders,
    /// What leads to grants, and what stands in their way.
    pub rules: Rules,
    /// Virtual keys.
    pub keys: Keys,
    /// Limits, and what counts against them.
    pub budgets: Budgets,
    /// Rules that people set.
    pub policies: Policies,
    /// What directories elsewhere have here.
    pub provisioned: Provisioned,
    /// What workspaces can be made from.
    pub templates: Templates,
    /// Workspaces.
    pub workspaces: Workspaces,
    /// The claim link.
    pub claims: Claims,
    /// Sealed payloads that were not erased.
    pub payloads: Payloads,
    /// Changes of signing keys.
    pub rotations: Rotations,
    /// Starts and stops of the server.
    pub writers: Writers,
    /// How many events had a type that this build does not know, by `type/v`.
    pub unknown: OrdMap<Box<str>, u64>,
}

impl State {
    /// Takes up one event.
    pub fn apply(&mut self, event: &Event) {
        self.payloads.note_sealed(event);
        match &event.fact {
            Fact::Identity(fact) => {
                self.subjects.apply(fact, event.seq, &mut self.holders);
                self.groups.apply(fact, event.seq, &mut self.holders);
                self.credentials.apply(fact, (event.seq, event.time));
                self.sessions.apply(fact, event.time);
                self.recovery.apply(fact);
                self.claims.claimed(fact, event.seq);
                let tenant = self.policies.provisioning().acting(&event.actor);
                self.provisioned.touched(fact, event, tenant);
            }
            Fact::Access(fact) => {
                self.scopes.apply(fact, event.seq);
                self.roles.apply(fact, event.seq);
                self.grants.apply(fact, event.seq, &mut self.holders);
                self.rules.apply(fact, event);
            }
            Fact::Keys(fact) => self.keys.apply(fact, event),
            Fact::Budgets(fact) => self.budgets.apply(fact, event.seq),
            Fact::Policy(fact) => self.policies.apply(fact, event),
            Fact::Provisioning(fact) => self.provisioned.apply(fact, event),
            Fact::Workspaces(fact) => {
                self.templates.apply(fact, event);
                self.workspaces.apply(fact, event);
            }
            Fact::Custody(fact) => {
                self.claims.apply(fact);
                self.payloads.apply(fact);
                self.rotations.apply(fact, event.seq);
                self.writers.apply(fact);
            }
        }
    }

    /// Takes up one event as it was read, of a known type or not.
    pub fn apply_decoded(&mut self, decoded: &Decoded) {
        match decoded {
            Decoded::Known(event) => self.apply(event),
            Decoded::Unknown { kind, version } => {
                *self.unknown.entry(format!("{kind}/{version}").into()).or_default() += 1;
            }
        }
    }

    /// Whether the actor is who it says and may act: a subject needs a credential of its own that is good at `now`.
    pub fn is_authentic(&self, actor: &Actor, now: Time) -> bool {
        let Some((subject, credential)) = actor.shown() else { return true };
        let shown =
            self.credentials.live(credential, now).is_some_and(|found| found.actor(credential) == *actor);
        let may_act = |subject| self.subjects.is_active(subject);
        shown && may_act(subject) && actor.person_behind().is_none_or(may_act)
    }
}
