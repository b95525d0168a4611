//! Recovery codes: how owners come in when nobody can sign in at a provider.

use super::sessions::swept;
use crate::{Ask, Decide, Decision};
use ledger::event::id::CredentialId;
use ledger::event::identity::{OwnerRecovered, RecoveryCodesMade};
use ledger::event::{Actor, Object, Refusal, Subject, Via};
use ledger::hash::Hash;
use projections::State;

/// Most codes that one has: more than fit on a page are lost anyway, and the event that names them stays small.
pub const RECOVERY_CODES_MAX: u64 = 32;
/// For how many seconds a session by a recovery code lasts at most.
pub const RECOVERY_SECONDS: u64 = 3_600;

fn refused(reason: &str) -> Refusal {
    Refusal::RecoveryRefused { reason: reason.into() }
}

fn is_owner(state: &State, subject: Subject) -> bool {
    state.grants.owners().any(|(owner, _)| owner == subject)
}

/// Make recovery codes for oneself, an owner. Codes that were made before do not work any more.
#[derive(Clone, Debug)]
pub struct MakeRecoveryCodes {
    /// SHA-256 of each.
    pub codes: Vec<Hash>,
}

impl Decide for MakeRecoveryCodes {
    const NAME: &'static str = "identity.make_recovery_codes";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let subject = ask.subject()?;
        ask.with_factors(None)?;
        let Subject::Person(person) = subject else { return Err(refused("not_an_owner")) };
        if !is_owner(ask.state, subject) {
            return Err(refused("not_an_owner"));
        }
        let mut codes = self.codes;
        codes.sort_unstable();
        codes.dedup();
        if codes.len() as u64 > RECOVERY_CODES_MAX {
            return Err(Refusal::TooMany { count_max: RECOVERY_CODES_MAX });
        }
        let of_another = |code| ask.state.recovery.owner(code).is_some_and(|owner| owner != person);
        if codes.iter().any(of_another) {
            return Err(refused("code_taken"));
        }
        Ok(vec![RecoveryCodesMade { codes, person }.into()])
    }
}

/// Come in with a recovery code, which is spent by that.
#[derive(Clone, Debug)]
pub struct Recover {
    /// SHA-256 of the code.
    pub code: Hash,
    /// Fresh name of the session.
    pub session: CredentialId,
    /// SHA-256 of its secret.
    pub digest: Hash,
}

impl Decide for Recover {
    const NAME: &'static str = "identity.recover";

    fn about(&self) -> Option<Object> {
        None
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        if ask.actor != Actor::Anonymous(Via::Recovery) {
            return Err(Refusal::NotAuthenticated {});
        }
        let Self { code, session, digest } = self;
        let recovery = &ask.state.recovery;
        if recovery.provider_worked() && !ask.state.policies.sign_in().recovery_codes {
            return Err(refused("recovery_off"));
        }
        let person = recovery.owner(&code).ok_or(refused("unknown_code"))?;
        let subject = Subject::Person(person);
        if !ask.state.subjects.is_active(subject) {
            return Err(refused("not_active"));
        }
        if !is_owner(ask.state, subject) {
            return Err(refused("not_an_owner"));
        }
        let mut happenings = swept(ask, subject)?;
        let rules = ask.state.policies.session();
        let expires = ask.now.plus_seconds(rules.absolute_seconds.min(RECOVERY_SECONDS));
        let idle_seconds = rules.idle_seconds;
        happenings.push(OwnerRecovered { code, digest, expires, idle_seconds, person, session }.into());
        Ok(happenings)
    }
}
