//! Who asks, when, and against which state; and what a decision is.

use ledger::event::id::CredentialId;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Fact, Grantee, Object, Refusal, Subject};
use ledger::time::Time;
use ledger::writer::PlainPayload;
use projections::access::{Held, Permission, Place};
use projections::{Lasting, State};

/// Who asks, when, and the state it is decided against.
#[derive(Clone, Copy)]
pub struct Ask<'a> {
    /// Who asks, as the edge made them out.
    pub actor: Actor,
    /// The writer's time.
    pub now: Time,
    /// What all events so far amount to.
    pub state: &'a State,
}

/// One thing that happens because of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Happening {
    /// What happens.
    pub fact: Fact,
    /// What is sealed beside it.
    pub payloads: Vec<PlainPayload>,
}

impl<F: Into<Fact>> From<F> for Happening {
    fn from(fact: F) -> Self {
        Self { fact: fact.into(), payloads: Vec::new() }
    }
}

impl Happening {
    /// Adds what is to be sealed beside it.
    #[must_use]
    pub fn sealing(mut self, payload: Option<PlainPayload>) -> Self {
        self.payloads.extend(payload);
        self
    }
}

/// What a command leads to: nothing when what it asks for is so already.
pub type Decision = Result<Vec<Happening>, Refusal>;

/// An order that can be decided.
pub trait Decide {
    /// Its stable name: `<area>.<order>`.
    const NAME: &'static str;

    /// What it is about; `None` when that is the ledger.
    fn about(&self) -> Option<Object>;

    /// Decides it.
    fn decide(self, ask: &Ask<'_>) -> Decision;
}

impl Ask<'_> {
    /// The subject that asks, and its credential, if that is still good.
    pub fn shown(&self) -> Result<(Subject, CredentialId), Refusal> {
        let shown = self.actor.shown().filter(|_| self.state.is_authentic(&self.actor, self.now));
        shown.ok_or(Refusal::NotAuthenticated {})
    }

    /// The subject that asks for itself.
    pub fn subject(&self) -> Result<Subject, Refusal> {
        let (subject, _) = self.shown()?;
        if self.actor.person_behind().is_some() { Err(Refusal::NotOnBehalf {}) } else { Ok(subject) }
    }

    /// The subject that asks, for itself or for a person, if it may do this there.
    pub fn permitted(&self, permission: Permission, place: impl Into<Place>) -> Result<Subject, Refusal> {
        let ((subject, _), place) = (self.shown()?, place.into());
        if !self.state.actor_may(&self.actor, permission, place, self.now) {
            return Err(Refusal::NotPermitted { permission: permission.as_str().into(), scope: place.scope });
        }
        self.with_factors(Some(permission))?;
        Ok(subject)
    }

    /// Refuses a session that should have shown several factors for a permission, or for making a credential.
    pub fn with_factors(&self, permission: Option<Permission>) -> Result<(), Refusal> {
        match self.state.lacks_factors(&self.actor, permission, self.now) {
            None => Ok(()),
            Some(seconds_max) => Err(Refusal::SeveralFactorsNeeded { seconds_max }),
        }
    }

    /// Refuses to hand out more than the subject has, or for longer.
    pub fn may_give(&self, subject: Subject, held: &Held) -> Result<(), Refusal> {
        within(self.state.first_beyond(subject, held, Lasting::until(self.now, held.expires)), held.scope)
    }

    /// Refuses to touch more than the subject has now.
    pub fn may_touch(&self, subject: Subject, held: &Held) -> Result<(), Refusal> {
        within(self.state.first_beyond(subject, held, Lasting::beyond(self.now)), held.scope)
    }

    /// Refuses a subject that does not exist, or was removed.
    pub fn existing(&self, subject: Subject) -> Result<(), Refusal> {
        if self.state.subjects.contains(subject) { Ok(()) } else { Err(Refusal::UnknownSubject { subject }) }
    }

    /// Refuses a subject that does not exist, was removed or is suspended.
    pub fn active(&self, subject: Subject) -> Result<(), Refusal> {
        self.existing(subject)?;
        if self.state.subjects.is_active(subject) { Ok(()) } else { Err(Refusal::NotActive { subject }) }
    }

    /// Refuses a grantee that does not exist, or was removed.
    pub fn existing_grantee(&self, grantee: Grantee) -> Result<(), Refusal> {
        match grantee {
            Grantee::Subject(subject) => self.existing(subject),
            Grantee::Group(group) if self.state.groups.contains(group) => Ok(()),
            Grantee::Group(group) => Err(Refusal::UnknownObject { object: Object::Group(group) }),
        }
    }

    /// Refuses a scope that does not exist.
    pub fn existing_scope(&self, scope: Scope) -> Result<(), Refusal> {
        let object = match scope {
            Scope::Site => return Ok(()),
            Scope::Organization(id) => Object::Organization(id),
            Scope::Project(id) => Object::Project(id),
        };
        if self.state.scopes.contains(scope) { Ok(()) } else { Err(Refusal::UnknownObject { object }) }
    }
}

/// Refuses when a permission is beyond what somebody has at a scope.
pub(crate) fn within(beyond: Option<Permission>, scope: Scope) -> Result<(), Refusal> {
    match beyond {
        None => Ok(()),
        Some(permission) => Err(Refusal::ExceedsOwnRights { permission: permission.as_str().into(), scope }),
    }
}
