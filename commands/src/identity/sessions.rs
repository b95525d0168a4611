//! Signing in by what a provider says, using a session, and signing out by what a provider says.
//!
//! Whether the provider really said so, the edge has found out; what follows from it is decided here.

use super::credentials::CREDENTIALS_MAX;
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::{CredentialId, PersonId};
use ledger::event::identity::{
    CredentialRevoked, LoginLinked, PersonCreated, ProviderLoggedOut, SessionStarted, SessionUsed,
};
use ledger::event::policy::Provider;
use ledger::event::{Actor, ContentDigest, Object, Refusal, Subject, Via};
use ledger::hash::Hash;
use ledger::time::Time;
use ledger::writer::PlainPayload;

/// What a provider says about somebody.
#[derive(Clone, Debug)]
pub struct Asserted {
    /// SHA-256 of the ID token.
    pub assertion: Hash,
    /// The keyed digest of the issuer and what it calls the person.
    pub login: ContentDigest,
    /// A verified e-mail address.
    pub email: Option<VerifiedEmail>,
    /// Groups.
    pub groups: Vec<Box<str>>,
    /// How the person was authenticated: `acr` and `amr` together.
    pub methods: Vec<Box<str>>,
    /// When.
    pub authenticated: Time,
    /// Until when the provider lets a session last.
    pub until: Option<Time>,
    /// The keyed digest of the provider's own name for its session.
    pub provider_session: Option<ContentDigest>,
}

/// An e-mail address that the provider knows to be the person's own.
#[derive(Clone, Debug)]
pub struct VerifiedEmail {
    /// The keyed digest under which an administrator may have created the person.
    pub login: ContentDigest,
    /// What stands behind the `@`, in lower case.
    pub domain: Box<str>,
}

/// Come in with what a provider says.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// The provider, by its name in the policy on signing in.
    pub provider: Box<str>,
    /// What it says.
    pub asserted: Asserted,
    /// Fresh name of the session.
    pub session: CredentialId,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// Fresh name of a person who is new.
    pub person: PersonId,
    /// The profile of a person who is new.
    pub profile: Option<PlainPayload>,
}

impl Decide for SignIn {
    const NAME: &'static str = "identity.sign_in";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_provider(ask)?;
        let Self { provider: name, asserted, session, digest, person, profile } = self;
        let refused = |reason: &str| Refusal::SignInRefused { provider: name.clone(), reason: reason.into() };
        let policy = ask.state.policies.sign_in();
        let provider = policy.provider(&name).ok_or_else(|| refused("unknown_provider"))?;
        admitted(provider, &asserted).map_err(refused)?;
        let mut happenings = Vec::new();
        let person = match known(ask, provider, &asserted) {
            Some((person, linked)) => {
                let login = asserted.login;
                let link = || LoginLinked { login, person, provider: name.clone() }.into();
                happenings.extend((!linked).then(link));
                person
            }
            None if provider.sign_up => {
                let created = PersonCreated { login: Some(asserted.login), person };
                happenings.push(Happening::from(created).sealing(profile));
                person
            }
            None => return Err(refused("not_invited")),
        };
        let subject = Subject::Person(person);
        let is_new = ask.state.subjects.find(subject).is_none();
        if !is_new && !ask.state.subjects.is_active(subject) {
            return Err(refused("not_active"));
        }
        let several_factors = provider.several_factors.iter().any(|value| asserted.methods.contains(value));
        if !several_factors && ask.state.wants_factors(subject) {
            return Err(Refusal::SeveralFactorsNeeded { seconds_max: policy.several_factors_seconds });
        }
        happenings.extend(swept(ask, subject)?);
        let rules = ask.state.policies.session();
        let longest = ask.now.plus_seconds(rules.absolute_seconds);
        let expires = asserted.until.map_or(longest, |until| until.min(longest));
        if expires <= ask.now {
            return Err(refused("session_over"));
        }
        let started = SessionStarted {
            assertion: asserted.assertion,
            authenticated: asserted.authenticated.min(ask.now),
            digest,
            expires,
            idle_seconds: rules.idle_seconds,
            person,
            provider: name,
            provider_session: asserted.provider_session,
            session,
            several_factors,
        };
        happenings.push(started.into());
        Ok(happenings)
    }
}

pub(super) fn by_provider(ask: &Ask<'_>) -> Result<(), Refusal> {
    match ask.actor {
        Actor::Anonymous(Via::Provider) => Ok(()),
        Actor::Anonymous(_) | Actor::Subject(..) | Actor::Delegate(_) | Actor::System | Actor::Operator => {
            Err(Refusal::NotAuthenticated {})
        }
    }
}

/// Whether the provider's people of this kind may come in at all; otherwise why not.
fn admitted<'a>(provider: &Provider, asserted: &Asserted) -> Result<(), &'a str> {
    let Provider { required_groups, email_domains, .. } = provider;
    if !required_groups.is_empty() && !required_groups.iter().any(|group| asserted.groups.contains(group)) {
        return Err("group_missing");
    }
    let domain = asserted.email.as_ref().map(|email| &email.domain);
    let from_there = || domain.is_some_and(|domain| email_domains.contains(domain));
    if email_domains.is_empty() || from_there() { Ok(()) } else { Err("domain_not_allowed") }
}

/// The person whom the provider means, and whether they signed in under this name before.
fn known(ask: &Ask<'_>, provider: &Provider, asserted: &Asserted) -> Option<(PersonId, bool)> {
    let by_login = |login| match ask.state.subjects.by_login(login) {
        Some(Subject::Person(person)) => Some(person),
        Some(Subject::ServiceAccount(_) | Subject::Agent(_)) | None => None,
    };
    if let Some(person) = by_login(&asserted.login) {
        return Some((person, true));
    }
    let email = asserted.email.as_ref().filter(|_| provider.link_verified_email)?;
    let unlinked = |person: &PersonId| {
        ask.state.subjects.find(Subject::Person(*person)).is_some_and(|record| !record.linked)
    };
    by_login(&email.login).filter(unlinked).map(|person| (person, false))
}

/// Revocations of what is over, so that it does not count any more; refused when too many others remain.
pub(super) fn swept(ask: &Ask<'_>, subject: Subject) -> Result<Vec<Happening>, Refusal> {
    let credentials = &ask.state.credentials;
    let unrevoked = credentials.unrevoked(subject);
    let is_over = |id: &&CredentialId| credentials.live(**id, ask.now).is_none();
    let over: Vec<_> = unrevoked.iter().filter(is_over).copied().collect();
    if (unrevoked.len() - over.len()) as u64 >= CREDENTIALS_MAX {
        return Err(Refusal::TooMany { count_max: CREDENTIALS_MAX });
    }
    Ok(over.into_iter().map(|credential| CredentialRevoked { credential }.into()).collect())
}

/// Write down that somebody came from a provider with something that could not be believed. It is always refused: that is the record.
#[derive(Clone, Debug)]
pub struct RefuseSignIn {
    /// The provider, by its name in the policy on signing in.
    pub provider: Box<str>,
    /// Why: a stable word.
    pub reason: Box<str>,
}

impl Decide for RefuseSignIn {
    const NAME: &'static str = "identity.refuse_sign_in";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_provider(ask)?;
        let Self { provider, reason } = self;
        Err(Refusal::SignInRefused { provider, reason })
    }
}

/// Record that the asker's session is used. Nothing happens while its idle time has hardly begun.
#[derive(Clone, Debug)]
pub struct UseSession {}

impl Decide for UseSession {
    const NAME: &'static str = "identity.use_session";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let (_, session) = ask.shown()?;
        let idle = ask.state.credentials.find(session).and_then(|credential| credential.idle);
        let is_due = idle.is_some_and(|idle| idle.is_due(ask.now));
        Ok(if is_due { vec![SessionUsed { session }.into()] } else { vec![] })
    }
}

/// End sessions because their provider says so.
#[derive(Clone, Debug)]
pub struct ProviderLogout {
    /// The provider, by its name in the policy on signing in.
    pub provider: Box<str>,
    /// SHA-256 of the issuer and the token's `jti`.
    pub token: Hash,
    /// Whose sessions; all of them, unless one is named.
    pub login: Option<ContentDigest>,
    /// The keyed digest of the provider's own name for the session.
    pub provider_session: Option<ContentDigest>,
}

impl Decide for ProviderLogout {
    const NAME: &'static str = "identity.provider_logout";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_provider(ask)?;
        let Self { provider, token, login, provider_session } = self;
        let refused =
            |reason: &str| Err(Refusal::SignInRefused { provider: provider.clone(), reason: reason.into() });
        if ask.state.policies.sign_in().provider(&provider).is_none() {
            return refused("unknown_provider");
        }
        if ask.state.sessions.is_spent(&token) {
            return refused("logout_token_replayed");
        }
        let of_subject = |login| {
            let subject = ask.state.subjects.by_login(&login);
            subject.map_or(&[][..], |subject| ask.state.credentials.unrevoked(subject))
        };
        let meant = match provider_session {
            Some(name) => ask.state.sessions.of_provider(&name),
            None => login.map_or(&[][..], of_subject),
        };
        let its_own = |id: &&CredentialId| {
            ask.state.sessions.find(**id).is_some_and(|session| session.provider.as_ref() == Some(&provider))
        };
        let ended = meant.iter().filter(its_own).map(|id| CredentialRevoked { credential: *id }.into());
        let ended: Vec<Happening> = ended.collect();
        Ok([vec![ProviderLoggedOut { provider: provider.clone(), token }.into()], ended].concat())
    }
}
