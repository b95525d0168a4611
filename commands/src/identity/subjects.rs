//! Creating people, service accounts and agents.

use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::{AgentId, PersonId, ServiceAccountId};
use ledger::event::identity::{AgentCreated, PersonCreated, ServiceAccountCreated};
use ledger::event::scope::Scope;
use ledger::event::{ContentDigest, Object, Refusal, Subject};
use ledger::writer::PlainPayload;
use projections::access::Permission;

/// Create a person.
#[derive(Clone, Debug)]
pub struct CreatePerson {
    /// Fresh name.
    pub person: PersonId,
    /// The keyed digest of the name to sign in with.
    pub login: Option<ContentDigest>,
    /// The person's profile.
    pub profile: Option<PlainPayload>,
}

impl Decide for CreatePerson {
    const NAME: &'static str = "identity.create_person";

    fn about(&self) -> Option<Object> {
        Some(Object::Person(self.person))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::IdentityCreate, Scope::Site)?;
        let Self { person, login, profile } = self;
        if let Some(login) = login.filter(|login| ask.state.subjects.by_login(login).is_some()) {
            return Err(Refusal::LoginTaken { login });
        }
        Ok(vec![Happening::from(PersonCreated { login, person }).sealing(profile)])
    }
}

/// Create a service account.
#[derive(Clone, Debug)]
pub struct CreateServiceAccount {
    /// Fresh name.
    pub service_account: ServiceAccountId,
    /// What people call it.
    pub handle: Box<str>,
    /// What it is for.
    pub profile: Option<PlainPayload>,
}

impl Decide for CreateServiceAccount {
    const NAME: &'static str = "identity.create_service_account";

    fn about(&self) -> Option<Object> {
        Some(Object::ServiceAccount(self.service_account))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::IdentityCreate, Scope::Site)?;
        let Self { service_account, handle, profile } = self;
        if ask.state.subjects.by_handle(&handle).is_some() {
            return Err(Refusal::HandleTaken { handle });
        }
        Ok(vec![Happening::from(ServiceAccountCreated { handle, service_account }).sealing(profile)])
    }
}

/// Create an agent, for which somebody answers.
#[derive(Clone, Debug)]
pub struct CreateAgent {
    /// Fresh name.
    pub agent: AgentId,
    /// What people call it.
    pub handle: Box<str>,
    /// Who answers for it.
    pub sponsor: Subject,
    /// What it is for.
    pub profile: Option<PlainPayload>,
}

impl Decide for CreateAgent {
    const NAME: &'static str = "identity.create_agent";

    fn about(&self) -> Option<Object> {
        Some(Object::Agent(self.agent))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        ask.permitted(Permission::IdentityCreate, Scope::Site)?;
        let Self { agent, handle, sponsor, profile } = self;
        ask.existing(sponsor)?;
        if ask.state.subjects.by_handle(&handle).is_some() {
            return Err(Refusal::HandleTaken { handle });
        }
        Ok(vec![Happening::from(AgentCreated { agent, handle, sponsor }).sealing(profile)])
    }
}
