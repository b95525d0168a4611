//! Programs: let in by a person, by their own credential, or by a provider that vouches for them.
//!
//! What the OAuth protocol asks of a request, the edge has checked; who may have which token is decided here.

use super::sessions::{by_provider, swept};
use crate::{Ask, Decide, Decision};
use ledger::event::id::CredentialId;
use ledger::event::identity::{Behalf, ClientSignedIn, TokenIssued, Way, WorkloadSignedIn};
use ledger::event::{Object, Refusal, Subject};
use ledger::hash::Hash;
use ledger::time::Time;

/// For how many seconds a token lasts at most.
pub const TOKEN_SECONDS: u64 = 3_600;

fn refused(grant: &str, reason: &str) -> Refusal {
    Refusal::TokenRefused { grant: grant.into(), reason: reason.into() }
}

/// Let a program of one's own in, from one's session in a browser.
#[derive(Clone, Debug)]
pub struct SignInClient {
    /// The program, as an OAuth client.
    pub client: Box<str>,
    /// Fresh name of its session.
    pub session: CredentialId,
    /// SHA-256 of the session's secret.
    pub digest: Hash,
    /// How it reached the person.
    pub way: Way,
}

impl Decide for SignInClient {
    const NAME: &'static str = "identity.sign_in_client";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let subject = ask.subject()?;
        let (_, from) = ask.shown()?;
        let Self { client, session, digest, way } = self;
        let grant = match way {
            Way::AuthorizationCode => "authorization_code",
            Way::DeviceCode => "device_code",
        };
        let policy = ask.state.policies.sign_in();
        if way == Way::DeviceCode && !policy.device_codes {
            return Err(refused(grant, "device_codes_off"));
        }
        let browser = ask.state.sessions.of_browser(from);
        let credential = ask.state.credentials.find(from).filter(|_| browser.is_some());
        let expires = credential.and_then(|credential| credential.expires);
        let (Subject::Person(person), Some(browser), Some(expires)) = (subject, browser, expires) else {
            return Err(refused(grant, "no_browser_session"));
        };
        if !browser.several_factors && ask.state.wants_factors(subject) {
            return Err(Refusal::SeveralFactorsNeeded { seconds_max: policy.several_factors_seconds });
        }
        let mut happenings = swept(ask, subject)?;
        let idle_seconds = ask.state.policies.session().idle_seconds;
        let signed_in = ClientSignedIn { client, digest, expires, from, idle_seconds, person, session, way };
        happenings.push(signed_in.into());
        Ok(happenings)
    }
}

/// Get a token for a short time: for oneself, or to act for a person who gave one theirs.
#[derive(Clone, Debug)]
pub struct IssueToken {
    /// Fresh name of the token.
    pub token: CredentialId,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// The credential of the person to act for; `None` for oneself.
    pub behalf: Option<CredentialId>,
}

impl Decide for IssueToken {
    const NAME: &'static str = "identity.issue_token";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let subject = ask.subject()?;
        let (_, shown) = ask.shown()?;
        let Self { token, digest, behalf } = self;
        let grant = if behalf.is_some() { "token_exchange" } else { "client_credentials" };
        if matches!(subject, Subject::Person(_)) {
            return Err(refused(grant, "not_a_program"));
        }
        let find = |id| ask.state.credentials.find(id);
        let given_for = find(shown).and_then(|own| own.token.as_ref()).map(|token| token.from);
        let from = given_for.unwrap_or(shown);
        let behalf = behalf.map(|credential| behind(ask, credential)).transpose()?;
        let bounds = [Some(shown), Some(from), behalf.map(|behalf| behalf.credential)];
        let ends = bounds.into_iter().flatten().filter_map(|id| find(id)?.expires);
        let expires = ends.fold(ask.now.plus_seconds(TOKEN_SECONDS), Time::min);
        let mut happenings = swept(ask, subject)?;
        happenings.push(TokenIssued { behalf, digest, expires, from, subject, token }.into());
        Ok(happenings)
    }
}

/// The person whose credential it is: one that a token was given for is nobody's own.
fn behind(ask: &Ask<'_>, id: CredentialId) -> Result<Behalf, Refusal> {
    let refused = |reason| refused("token_exchange", reason);
    let live = ask.state.credentials.live(id, ask.now).ok_or(refused("subject_token_over"))?;
    if live.is_token() {
        return Err(refused("subject_token_is_a_token"));
    }
    match live.subject {
        Subject::Person(person) if ask.state.subjects.is_active(live.subject) => {
            Ok(Behalf { credential: id, person })
        }
        Subject::Person(_) | Subject::ServiceAccount(_) | Subject::Agent(_) => Err(refused("not_a_person")),
    }
}

/// Come in as a workload that a provider vouches for.
#[derive(Clone, Debug)]
pub struct SignInWorkload {
    /// The workload, by its name in the policy on signing in.
    pub workload: Box<str>,
    /// What the provider calls it.
    pub subject: Box<str>,
    /// SHA-256 of what the provider signed, without the signature.
    pub assertion: Hash,
    /// Fresh name of the token.
    pub token: CredentialId,
    /// SHA-256 of its secret.
    pub digest: Hash,
}

impl Decide for SignInWorkload {
    const NAME: &'static str = "identity.sign_in_workload";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        by_provider(ask)?;
        let Self { workload: name, subject, assertion, token, digest } = self;
        let refused = |reason| refused("jwt_bearer", reason);
        let policy = ask.state.policies.sign_in();
        let workload = policy.workload(&name).ok_or(refused("unknown_workload"))?;
        if workload.subject != subject {
            return Err(refused("unknown_workload"));
        }
        if ask.state.sessions.is_spent(&assertion) {
            return Err(refused("assertion_replayed"));
        }
        let service_account = workload.service_account;
        let account = Subject::ServiceAccount(service_account);
        if !ask.state.subjects.is_active(account) {
            return Err(refused("not_active"));
        }
        let mut happenings = swept(ask, account)?;
        let expires: Time = ask.now.plus_seconds(TOKEN_SECONDS);
        let signed_in =
            WorkloadSignedIn { assertion, digest, expires, service_account, token, workload: name };
        happenings.push(signed_in.into());
        Ok(happenings)
    }
}

/// Write down that a program asked for a token in a way that cannot be granted. It is always refused: that is the record.
#[derive(Clone, Debug)]
pub struct RefuseToken {
    /// The OAuth grant, by its short name.
    pub grant: Box<str>,
    /// Why: a stable word.
    pub reason: Box<str>,
}

impl Decide for RefuseToken {
    const NAME: &'static str = "identity.refuse_token";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        if ask.actor.shown().is_some() {
            ask.shown()?;
        }
        Err(refused(&self.grant, &self.reason))
    }
}
