//! Rules of tokens: programs get them for a short time, by a credential of their own or the word of a provider, and act with them for nobody
//! who did not give them theirs.

use super::identity::is_new;
use super::{Case, Verdict, not_allowed, require};
use ledger::event::Subject;
use ledger::event::identity::{Behalf, TokenIssued, WorkloadSignedIn};

/// For how many seconds a token lasts at most.
const TOKEN_SECONDS: u64 = 3_600;

pub(super) fn token_issued(case: &Case<'_>, fact: &TokenIssued) -> Verdict {
    let credentials = &case.state.credentials;
    let (subject, (_, shown)) = (case.subject()?, case.shown()?);
    require(subject == fact.subject, "somebody else asked for it")?;
    require(!matches!(subject, Subject::Person(_)), "people do not get tokens")?;
    is_new(case, fact.token, &fact.digest)?;
    let own = credentials.find(shown).ok_or(not_allowed("there was no such credential"))?;
    let from = own.token.as_ref().map_or(shown, |token| token.from);
    require(from == fact.from, "it was given for another credential than the one shown")?;
    short_lived(case, fact)?;
    let outlives = |id| {
        let expires = credentials.find(id).and_then(|found| found.expires);
        expires.is_some_and(|expires| expires < fact.expires)
    };
    require(!outlives(shown) && !outlives(from), "it lasts longer than the credential it was given for")?;
    let Some(Behalf { credential, person }) = fact.behalf else { return Ok(()) };
    let live = credentials.live(credential, case.event.time).filter(|live| !live.is_token());
    let live = live.ok_or(not_allowed("the person's credential was not good, or a token itself"))?;
    let person = Subject::Person(person);
    require(live.subject == person, "the credential is another's than the person it acts for")?;
    require(case.state.subjects.is_active(person), "the person was not active")?;
    require(!outlives(credential), "it lasts longer than the person's credential")
}

fn short_lived(case: &Case<'_>, fact: &TokenIssued) -> Verdict {
    let now = case.event.time;
    let short = now < fact.expires && fact.expires <= now.plus_seconds(TOKEN_SECONDS);
    require(short, "it was over already, or lasts for more than an hour")
}

pub(super) fn workload_signed_in(case: &Case<'_>, fact: &WorkloadSignedIn) -> Verdict {
    require(case.is_by_provider(), "only what a provider says may lead to this")?;
    let found = case.state.policies.sign_in().workload(&fact.workload);
    let workload = found.ok_or(not_allowed("no policy in force named this workload"))?;
    let named = workload.service_account == fact.service_account;
    require(named, "the workload is to sign in as another service account")?;
    let account = Subject::ServiceAccount(fact.service_account);
    require(case.state.subjects.is_active(account), "the service account did not exist, or was not active")?;
    require(!case.state.sessions.is_spent(&fact.assertion), "the provider's word had counted already")?;
    is_new(case, fact.token, &fact.digest)?;
    let now = case.event.time;
    let short = now < fact.expires && fact.expires <= now.plus_seconds(TOKEN_SECONDS);
    require(short, "it was over already, or lasts for more than an hour")
}

/// Whether a token could be refused for this. What the protocol asked of the request no log can show, nor what an assertion said that nobody
/// believed: such refusals are commands of their own.
pub(super) fn is_refused(case: &Case<'_>, command: &str, reason: &str) -> bool {
    if command == "identity.refuse_token" {
        return true;
    }
    let shown = case.event.actor.shown();
    match reason {
        "not_a_program" => matches!(shown, Some((Subject::Person(_), _))),
        "no_browser_session" => {
            shown.is_some_and(|(_, shown)| case.state.sessions.of_browser(shown).is_none())
        }
        "device_codes_off" => !case.state.policies.sign_in().device_codes,
        "assertion_replayed" | "unknown_workload" | "not_active" => case.is_by_provider(),
        _ => true,
    }
}
