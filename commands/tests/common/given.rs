//! Given facts, when somebody asks, then facts follow or a refusal.

use crate::names::{organization, project, request};
use crate::people::{account, agent, credential, digest, grant, person, subject, time};
use commands::access::GrantRole;
use commands::{Ask, Command, Decision};
use fixtures::samples;
use ledger::event::access::{OrganizationCreated, ProjectCreated, RoleGranted, Terms};
use ledger::event::id::GrantId;
use ledger::event::identity::{AgentCreated, CredentialIssued, PersonCreated, ServiceAccountCreated};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Actor, Event, Fact, Grantee, Refusal, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::State;
use projections::access::Role;

/// What the facts so far amount to.
#[derive(Clone, Default)]
pub(crate) struct Given {
    pub(crate) state: State,
    seq: u64,
}

/// Begins with what happened.
pub(crate) fn given(facts: impl IntoIterator<Item = Fact>) -> Given {
    let mut given = Given::default();
    given.happen(facts);
    given
}

impl Given {
    /// More happens.
    pub(crate) fn happen(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            self.state.apply(&samples::event(self.seq, Hash([0; 32]), fact));
            self.seq += 1;
        }
    }

    /// The same, by the subject of that name.
    pub(crate) fn happen_by(&mut self, name: &str, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            let actor = Actor::Subject(subject(name), credential(name));
            let event = samples::event(self.seq, Hash([0; 32]), fact);
            self.state.apply(&Event { actor, ..event });
            self.seq += 1;
        }
    }

    /// The same, by whoever asks, then.
    pub(crate) fn happen_at(&mut self, asking: &Asking, facts: impl IntoIterator<Item = Fact>) {
        let Asking { actor, now: time } = *asking;
        for fact in facts {
            let event = samples::event(self.seq, Hash([0; 32]), fact);
            self.state.apply(&Event { actor, time, ..event });
            self.seq += 1;
        }
    }

    /// How many events there were.
    pub(crate) fn size(&self) -> u64 {
        self.seq
    }

    /// Somebody asks.
    pub(crate) fn when(&self, asking: &Asking, command: impl Into<Command>) -> Decided {
        let Asking { actor, now } = *asking;
        Decided(command.into().decide(&Ask { actor, now, state: &self.state }))
    }
}

/// Who asks, and when.
#[derive(Clone, Copy)]
pub(crate) struct Asking {
    pub(crate) actor: Actor,
    pub(crate) now: Time,
}

/// The subject of that name asks, an hour after the first day.
pub(crate) fn asked_by(name: &str) -> Asking {
    asked(Actor::Subject(subject(name), credential(name)))
}

/// An actor asks, an hour after the first day.
pub(crate) fn asked(actor: Actor) -> Asking {
    Asking { actor, now: time(3_600) }
}

/// What was decided.
pub(crate) struct Decided(pub(crate) Decision);

impl Decided {
    /// Exactly these facts follow.
    #[track_caller]
    pub(crate) fn then(self, facts: impl IntoIterator<Item = Fact>) {
        assert_eq!(Ok(facts.into_iter().collect::<Vec<_>>()), self.facts());
    }

    /// It is refused, for this reason.
    #[track_caller]
    pub(crate) fn refused(self, refusal: Refusal) {
        assert_eq!(Err(refusal), self.facts());
    }

    /// The facts that follow, or the refusal.
    pub(crate) fn facts(self) -> Result<Vec<Fact>, Refusal> {
        self.0.map(|happenings| happenings.into_iter().map(|happening| happening.fact).collect())
    }
}

/// Somebody exists and has a credential.
pub(crate) fn known(name: &str) -> Vec<Fact> {
    let exists: Fact = match subject(name) {
        Subject::Person(_) => PersonCreated { login: None, person: person(name) }.into(),
        Subject::ServiceAccount(_) => {
            ServiceAccountCreated { handle: name.into(), service_account: account(name) }.into()
        }
        Subject::Agent(_) => {
            AgentCreated { agent: agent(name), handle: name.into(), sponsor: subject("ada") }.into()
        }
    };
    vec![exists, issued(name, name, None)]
}

/// Somebody exists, has a credential, and holds roles under the grants `<name> <role>`.
pub(crate) fn with_roles(name: &str, roles: &[Role]) -> Vec<Fact> {
    let mut facts = known(name);
    facts.extend(roles.iter().map(|role| granted(name, *role)));
    facts
}

/// The roles that are granted above projects.
pub(crate) const SITE_ROLES: [Role; 6] =
    [Role::Owner, Role::UserAdmin, Role::TemplateAdmin, Role::Auditor, Role::Responder, Role::Member];

/// Where a role is granted, unless said otherwise: everywhere, or in the project.
pub(crate) fn home(role: Role) -> Scope {
    if role.fits(Scope::Site) { Scope::Site } else { Scope::Project(project("deed")) }
}

/// An organization, `acme`, with a project, `deed`, in two environments.
pub(crate) fn organized() -> Vec<Fact> {
    vec![
        OrganizationCreated { handle: "acme".into(), organization: organization("acme") }.into(),
        ProjectCreated {
            environments: Environments::of([Environment::Dev, Environment::Prod]),
            handle: "deed".into(),
            organization: organization("acme"),
            project: project("deed"),
            repositories: vec![],
        }
        .into(),
    ]
}

/// An order to grant a role without terms.
pub(crate) fn grant_role(grant: GrantId, subject: impl Into<Grantee>, role: Role) -> GrantRole {
    let (subject, scope, terms) = (subject.into(), home(role), Terms::default());
    GrantRole { grant, request: request("new"), subject, role, scope, terms }
}

/// The name of a grant.
pub(crate) fn grant_name(name: &str, role: Role) -> String {
    format!("{name} {role}")
}

/// A role is granted, under the grant `<name> <role>`.
pub(crate) fn granted(name: &str, role: Role) -> Fact {
    let grant = grant(&grant_name(name, role));
    RoleGranted::new(grant, &role.to_string(), home(role), subject(name)).into()
}

/// A credential is issued to somebody.
pub(crate) fn issued(name: &str, credential_name: &str, expires: Option<Time>) -> Fact {
    let (credential, digest) = (credential(credential_name), digest(credential_name));
    CredentialIssued { credential, digest, expires, subject: subject(name) }.into()
}
