//! Who asks, when, and against which state; and what a decision is.

use ledger::event::{Actor, Fact, Object, Refusal, Subject};
use ledger::time::Time;
use ledger::writer::PlainPayload;
use projections::State;
use projections::access::{Permission, Permissions};

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
    /// The subject that asks, if its credential is still good.
    pub fn subject(&self) -> Result<Subject, Refusal> {
        match &self.actor {
            Actor::Subject(subject, _) if self.state.is_authentic(&self.actor, self.now) => Ok(*subject),
            Actor::Subject(..) | Actor::Anonymous(_) | Actor::System | Actor::Operator => {
                Err(Refusal::NotAuthenticated {})
            }
        }
    }

    /// The subject that asks, if it may do this.
    pub fn permitted(&self, permission: Permission) -> Result<Subject, Refusal> {
        let subject = self.subject()?;
        if self.state.grants.permissions(subject).contains(permission) {
            Ok(subject)
        } else {
            Err(Refusal::NotPermitted { permission: permission.as_str().into() })
        }
    }

    /// Refuses what would hand out more than the subject has.
    pub fn within_rights(&self, subject: Subject, handed_out: Permissions) -> Result<(), Refusal> {
        match handed_out.first_beyond(self.state.grants.permissions(subject)) {
            None => Ok(()),
            Some(permission) => Err(Refusal::ExceedsOwnRights { permission: permission.as_str().into() }),
        }
    }

    /// Refuses a subject that does not exist.
    pub fn existing(&self, subject: Subject) -> Result<(), Refusal> {
        if self.state.subjects.contains(subject) { Ok(()) } else { Err(Refusal::UnknownSubject { subject }) }
    }
}
