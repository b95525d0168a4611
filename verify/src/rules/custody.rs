//! Rules of custody: the log's own life, erasures, reads, and whether refusals were right.
//!
//! Two refusals are not judged again: that a command id was used for another command, because only the server can compare the
//! commands' digests, and that an expiry had passed, because the refused expiry is not recorded.

use super::{Case, Verdict, Wrong, not_allowed, require};
use crate::fault::Code;
use ledger::event::custody::{
    CommandRefused, LogRead, PayloadErased, PayloadName, ServerStarted, StoppedHow,
};
use ledger::event::{Actor, Custody, Refusal, Via};
use projections::access::Permission;

pub(super) fn judge(case: &Case<'_>, fact: &Custody) -> Verdict {
    match fact {
        Custody::LedgerOpened(_) => {
            case.by_system()?;
            require(case.event.seq == 0, "a ledger is opened once")
        }
        Custody::ServerStarted(fact) => {
            case.by_system()?;
            server_started(case, fact)
        }
        Custody::ServerStopped(_) | Custody::StateRecorded(_) | Custody::RefusalsCounted(_) => {
            case.by_system()
        }
        Custody::KeyRotated(_) | Custody::KeyCompromised(_) | Custody::ClaimOpened(_) => case.by_operator(),
        Custody::PayloadErased(fact) => payload_erased(case, fact),
        Custody::LogRead(fact) => log_read(case, fact),
        Custody::CommandRefused(fact) => command_refused(case, fact),
    }
}

/// A reader's own word needs the permission; what Deed counted was permitted when it was read, which may be over by now.
fn log_read(case: &Case<'_>, fact: &LogRead) -> Verdict {
    if case.event.actor == Actor::System {
        return require(case.state.subjects.contains(fact.reader), "the reader does not exist");
    }
    let subject = case.permitted(Permission::CustodyRead)?;
    require(subject == fact.reader, "the reader is somebody else")
}

fn server_started(case: &Case<'_>, fact: &ServerStarted) -> Verdict {
    let writers = &case.state.writers;
    let expected = match (writers.starts, writers.running) {
        (0, _) => StoppedHow::Genesis,
        (_, true) => StoppedHow::UncleanStop,
        (_, false) => StoppedHow::CleanStop,
    };
    let why = "it says something else about the stop before it than the log does";
    if fact.after == expected { Ok(()) } else { Err(Wrong { code: Code::StartWrong, why }) }
}

fn payload_erased(case: &Case<'_>, fact: &PayloadErased) -> Verdict {
    case.permitted(Permission::CustodyErase)?;
    let kept = case.state.payloads.of(fact.bucket);
    let known = |payload: &PayloadName| kept.contains(payload);
    if !fact.payloads.is_empty() && fact.payloads.iter().all(known) {
        return Ok(());
    }
    let why = "it names payloads that may not be erased, or that its subject does not have";
    Err(Wrong { code: Code::ErasureForbidden, why })
}

fn command_refused(case: &Case<'_>, fact: &CommandRefused) -> Verdict {
    let right = match &fact.refusal {
        Refusal::NotAuthenticated {} => return require_refusal(is_unknown(case), NOT_AUTHENTICATED),
        Refusal::NotPermitted { permission } | Refusal::ExceedsOwnRights { permission } => {
            lacks(case, permission)
        }
        Refusal::UnknownSubject { subject } => !case.state.subjects.contains(*subject),
        Refusal::UnknownGrant { grant } => case.state.grants.find(*grant).is_none(),
        Refusal::UnknownCredential { credential } => case.state.credentials.find(*credential).is_none(),
        Refusal::HandleTaken { handle } => case.state.subjects.by_handle(handle).is_some(),
        Refusal::ClaimNotOpen {} => case.event.actor == Actor::Anonymous(Via::Claim),
        Refusal::LastOwner { grant } => case.state.grants.is_last_owner(*grant),
        Refusal::NothingToErase { subject } => case.state.payloads.of(*subject).is_empty(),
        Refusal::CommandIdReused { .. } | Refusal::ExpiryInPast {} => true,
    };
    require_refusal(right, "the reason it gives did not hold")?;
    let authentic = case.state.is_authentic(&case.event.actor, case.event.time);
    require_refusal(authentic, "the actor's credential was not good; that should have been the reason")
}

const NOT_AUTHENTICATED: &str = "the actor's credential was good";

/// Whether nobody we know acted.
fn is_unknown(case: &Case<'_>) -> bool {
    matches!(case.event.actor, Actor::Anonymous(_))
        || !case.state.is_authentic(&case.event.actor, case.event.time)
}

/// Whether the actor lacks a permission; a name that is none is lacked by nobody.
fn lacks(case: &Case<'_>, permission: &str) -> bool {
    Permission::parse(permission).is_some_and(|permission| !case.rights().contains(permission))
}

fn require_refusal(holds: bool, why: &'static str) -> Verdict {
    require(holds, why).map_err(|_| Wrong { code: Code::RefusalWrong, ..not_allowed(why) })
}
