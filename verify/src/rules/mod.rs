//! The rules: whether what an event records was allowed by the state before it.
//!
//! Written apart from the code that decides, from the reference of each area, so that both would have to be wrong alike. Only the
//! questions of [`State`] are shared.

mod access;
mod custody;
mod identity;

use crate::fault::Code;
use ledger::event::{Actor, Event, Fact, Subject, Via};
use projections::State;
use projections::access::{Permission, Permissions};

/// What is wrong with an event by the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The code.
    pub code: Code,
    /// In words.
    pub why: &'static str,
}

/// What a rule says.
pub type Verdict = Result<(), Wrong>;

/// Judges an event by the state before it.
pub fn judge(state: &State, event: &Event) -> Verdict {
    let case = Case { state, event };
    match &event.fact {
        Fact::Identity(fact) => identity::judge(&case, fact),
        Fact::Access(fact) => access::judge(&case, fact),
        Fact::Custody(fact) => custody::judge(&case, fact),
    }
}

/// An event and the state before it.
struct Case<'a> {
    state: &'a State,
    event: &'a Event,
}

impl Case<'_> {
    /// Who acted, if it is a subject with a good credential.
    fn subject(&self) -> Result<Subject, Wrong> {
        let Actor::Subject(subject, _) = self.event.actor else {
            return Err(not_allowed("only a person or a service account may do this"));
        };
        let authentic = self.state.is_authentic(&self.event.actor, self.event.time);
        require(authentic, "the actor's credential was not good, or is another's")?;
        Ok(subject)
    }

    /// What the actor may do; nothing, when it is nobody we know.
    fn rights(&self) -> Permissions {
        match self.event.actor {
            Actor::Subject(subject, _) => self.state.grants.permissions(subject),
            Actor::Anonymous(_) => Permissions::default(),
            Actor::System | Actor::Operator => Permissions::ALL,
        }
    }

    /// A subject with a good credential and this permission.
    fn permitted(&self, permission: Permission) -> Result<Subject, Wrong> {
        let subject = self.subject()?;
        require(self.rights().contains(permission), "the actor did not have the permission for it")?;
        Ok(subject)
    }

    /// That these are no more than the actor has.
    fn within_own(&self, permissions: Permissions) -> Verdict {
        let beyond = permissions.first_beyond(self.rights());
        require(beyond.is_none(), "it hands out or takes away more than the actor had")
    }

    fn by_operator(&self) -> Verdict {
        require(self.event.actor == Actor::Operator, "only the operator may do this")
    }

    fn by_system(&self) -> Verdict {
        require(self.event.actor == Actor::System, "only Deed itself may do this")
    }

    /// The person whom the claim that this event belongs to makes owner.
    fn claimant(&self) -> Option<Subject> {
        let by_claim = self.event.actor == Actor::Anonymous(Via::Claim);
        self.state.claims.completing(self.event.seq).filter(|_| by_claim).map(Subject::Person)
    }
}

fn not_allowed(why: &'static str) -> Wrong {
    Wrong { code: Code::NotAllowed, why }
}

fn require(holds: bool, why: &'static str) -> Verdict {
    if holds { Ok(()) } else { Err(not_allowed(why)) }
}
