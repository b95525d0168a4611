//! Rules of recovery codes: owners make them for themselves, and come in with each once, while they are allowed.

use super::identity::is_new;
use super::{Case, Verdict, require};
use ledger::event::identity::{OwnerRecovered, RecoveryCodesMade};
use ledger::event::{Actor, Subject, Via};

/// Most codes that one has.
const RECOVERY_CODES_MAX: usize = 32;
/// For how many seconds a session by a recovery code lasts at most.
const RECOVERY_SECONDS: u64 = 3_600;

fn is_owner(case: &Case<'_>, subject: Subject) -> bool {
    case.state.grants.owners().any(|(owner, _)| owner == subject)
}

/// Whether codes let anybody in.
fn is_on(case: &Case<'_>) -> bool {
    !case.state.recovery.provider_worked() || case.state.policies.sign_in().recovery_codes
}

pub(super) fn codes_made(case: &Case<'_>, fact: &RecoveryCodesMade) -> Verdict {
    let subject = case.subject()?;
    require(subject == Subject::Person(fact.person), "one makes recovery codes for oneself")?;
    require(is_owner(case, subject), "only owners have recovery codes")?;
    case.with_factors(None)?;
    require(fact.codes.len() <= RECOVERY_CODES_MAX, "there are more codes than one may have")?;
    require(fact.codes.is_sorted_by(|one, next| one < next), "the codes are not in order, each once")?;
    let taken = fact.codes.iter().filter_map(|code| case.state.recovery.owner(code));
    require(taken.filter(|owner| *owner != fact.person).count() == 0, "a code is somebody else's")
}

pub(super) fn recovered(case: &Case<'_>, fact: &OwnerRecovered) -> Verdict {
    let by_code = case.event.actor == Actor::Anonymous(Via::Recovery);
    require(by_code, "only a recovery code may lead to this")?;
    require(is_on(case), "recovery codes were off")?;
    require(case.state.recovery.owner(&fact.code) == Some(fact.person), "the code was not the person's")?;
    let subject = Subject::Person(fact.person);
    let is_there = case.state.subjects.is_active(subject) && is_owner(case, subject);
    require(is_there, "the person was not active, or no owner")?;
    is_new(case, fact.session, &fact.digest)?;
    let rules = case.state.policies.session();
    let (now, longest) = (case.event.time, rules.absolute_seconds.min(RECOVERY_SECONDS));
    let short = now < fact.expires && fact.expires <= now.plus_seconds(longest);
    require(short, "it was over already, or lasts longer than a recovery may")?;
    require(fact.idle_seconds == rules.idle_seconds, "it may lie unused for another time than policy says")
}

/// Whether a code could be refused for this.
pub(super) fn is_refused(case: &Case<'_>, reason: &str) -> bool {
    let shown = case.event.actor.shown();
    match reason {
        "recovery_off" => !is_on(case),
        "not_an_owner" => shown.is_none_or(|(subject, _)| !is_owner(case, subject)),
        "code_taken" => shown.is_some_and(|(subject, _)| is_owner(case, subject)),
        _ => case.event.actor == Actor::Anonymous(Via::Recovery),
    }
}
