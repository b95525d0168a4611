//! The rules: whether what an event records was allowed by the state before it.
//!
//! Written apart from the code that decides, from the reference of each area, so that both would have to be wrong alike. Only the
//! questions of [`State`] are shared.

mod access;
mod budgets;
mod custody;
mod identity;
mod keys;
mod policy;
mod provisioning;
mod recovery;
mod sessions;
mod tokens;
mod workspaces;

use crate::fault::Code;
use ledger::event::id::CredentialId;
use ledger::event::scope::Scope;
use ledger::event::{Actor, Event, Fact, Grantee, Subject, Via};
use projections::access::{Held, Permission, Permissions, Place};
use projections::{Lasting, State};

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
    budgets::nothing_owed(&case)?;
    match &event.fact {
        Fact::Identity(fact) => identity::judge(&case, fact),
        Fact::Access(fact) => access::judge(&case, fact),
        Fact::Keys(fact) => keys::judge(&case, fact),
        Fact::Budgets(fact) => budgets::judge(&case, fact),
        Fact::Policy(fact) => policy::judge(&case, fact),
        Fact::Provisioning(fact) => provisioning::judge(&case, fact),
        Fact::Workspaces(fact) => workspaces::judge(&case, fact),
        Fact::Custody(fact) => custody::judge(&case, fact),
    }
}

/// An event and the state before it.
struct Case<'a> {
    state: &'a State,
    event: &'a Event,
}

impl Case<'_> {
    /// Who acted and by which credential, if it is a subject with a good one.
    fn shown(&self) -> Result<(Subject, CredentialId), Wrong> {
        let shown = self.event.actor.shown();
        let shown = shown.ok_or(not_allowed("only a person or a service account may do this"))?;
        let authentic = self.state.is_authentic(&self.event.actor, self.event.time);
        require(authentic, "the actor's credential was not good, or is another's")?;
        Ok(shown)
    }

    /// Who acted for itself.
    fn subject(&self) -> Result<Subject, Wrong> {
        let (subject, _) = self.shown()?;
        let own = self.event.actor.person_behind().is_none();
        require(own, "it cannot be done on somebody's behalf")?;
        Ok(subject)
    }

    /// What the actor may do at a place; nothing, when it is nobody we know.
    fn rights(&self, place: impl Into<Place>) -> Permissions {
        self.state.rights_of(&self.event.actor, place.into(), Lasting::beyond(self.event.time))
    }

    /// A subject with a good credential and this permission there.
    fn permitted(&self, permission: Permission, place: impl Into<Place>) -> Result<Subject, Wrong> {
        let (subject, _) = self.shown()?;
        require(self.rights(place).contains(permission), "the actor did not have the permission for it")?;
        self.with_factors(Some(permission))?;
        Ok(subject)
    }

    /// That a session had shown several factors, where policy wants it.
    fn with_factors(&self, permission: Option<Permission>) -> Verdict {
        let lacks = self.state.lacks_factors(&self.event.actor, permission, self.event.time);
        require(lacks.is_none(), "the session had not shown several factors, or not lately")
    }

    /// That a grant of this is no more than the actor has, and for as long.
    fn may_give(&self, held: &Held) -> Verdict {
        let subject = self.subject()?;
        let lasting = Lasting::until(self.event.time, held.expires);
        let beyond = self.state.first_beyond(subject, held, lasting);
        require(beyond.is_none(), "it hands out more than the actor had, or for longer")
    }

    /// That the actor has what it takes away, or acts through.
    fn may_touch(&self, held: &Held) -> Verdict {
        let beyond = self.state.first_beyond(self.subject()?, held, Lasting::beyond(self.event.time));
        require(beyond.is_none(), "it hands out or takes away more than the actor had")
    }

    /// That the actor has all that another subject has, and this permission; or is that subject.
    fn may_act_for(&self, subject: Subject, permission: Permission) -> Verdict {
        if self.subject()? == subject {
            return Ok(());
        }
        self.permitted(permission, Scope::Site)?;
        self.state.held(subject).try_for_each(|(held, _)| self.may_touch(held))
    }

    /// That a grantee exists.
    fn exists(&self, grantee: Grantee) -> Verdict {
        let exists = match grantee {
            Grantee::Subject(subject) => self.state.subjects.contains(subject),
            Grantee::Group(group) => self.state.groups.contains(group),
        };
        require(exists, "whom it is for did not exist, or had ended")
    }

    /// Whether what an identity provider said led to this.
    fn is_by_provider(&self) -> bool {
        self.event.actor == Actor::Anonymous(Via::Provider)
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
