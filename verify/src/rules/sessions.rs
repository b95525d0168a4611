//! Rules of sessions: who may begin, use and end them on whose word.
//!
//! That a provider really said what is recorded, no log can show; that Deed believed only providers it was told to believe, and no further
//! than it was told to, is judged here.

use super::identity::is_new;
use super::{Case, Verdict, Wrong, not_allowed, require};
use ledger::event::Subject;
use ledger::event::identity::{
    ClientSignedIn, LoginLinked, PersonCreated, ProviderLoggedOut, SessionStarted, SessionUsed, Way,
};
use ledger::event::policy::Provider;

/// The provider of that name, on whose word this happened.
fn believed<'a>(case: &Case<'a>, name: &str) -> Result<&'a Provider, Wrong> {
    require(case.is_by_provider(), "only what a provider says may lead to this")?;
    let found = case.state.policies.sign_in().provider(name);
    found.ok_or(not_allowed("no policy in force named this provider"))
}

pub(super) fn signed_up(case: &Case<'_>, fact: &PersonCreated) -> Verdict {
    let mut providers = case.state.policies.sign_in().providers.iter();
    require(providers.any(|provider| provider.sign_up), "no provider's people could sign up")?;
    require(fact.login.is_some(), "who signs up has a name at a provider")
}

pub(super) fn login_linked(case: &Case<'_>, fact: &LoginLinked) -> Verdict {
    let provider = believed(case, &fact.provider)?;
    require(provider.link_verified_email, "the provider's word on e-mail addresses did not count")?;
    require(case.state.subjects.by_login(&fact.login).is_none(), "the name was somebody's already")?;
    let person = Subject::Person(fact.person);
    let record = case.state.subjects.find(person).filter(|_| case.state.subjects.is_active(person));
    let unlinked = record.is_some_and(|record| record.login.is_some() && !record.linked);
    require(unlinked, "the person was not active, had no name that could be found, or was linked before")
}

pub(super) fn session_started(case: &Case<'_>, fact: &SessionStarted) -> Verdict {
    let state = case.state;
    believed(case, &fact.provider)?;
    let person = Subject::Person(fact.person);
    require(state.subjects.is_active(person), "the person did not exist, or was not active")?;
    is_new(case, fact.session, &fact.digest)?;
    let rules = state.policies.session();
    let (now, longest) = (case.event.time, case.event.time.plus_seconds(rules.absolute_seconds));
    require(
        now < fact.expires && fact.expires <= longest,
        "it was over already, or lasts longer than policy says",
    )?;
    require(fact.idle_seconds == rules.idle_seconds, "it may lie unused for another time than policy says")?;
    require(fact.authenticated <= now, "the person was authenticated in the future")?;
    let enough = fact.several_factors || !state.wants_factors(person);
    require(enough, "policy wanted several factors")
}

pub(super) fn session_used(case: &Case<'_>, fact: &SessionUsed) -> Verdict {
    let (_, shown) = case.shown()?;
    require(
        shown == fact.session && case.state.sessions.find(fact.session).is_some(),
        "a session is used by whoever has it",
    )
}

pub(super) fn provider_logged_out(case: &Case<'_>, fact: &ProviderLoggedOut) -> Verdict {
    believed(case, &fact.provider)?;
    require(!case.state.sessions.is_spent(&fact.token), "the provider had said so already")
}

/// A program's session stands on its person's session in a browser, and lasts no longer.
pub(super) fn client_signed_in(case: &Case<'_>, fact: &ClientSignedIn) -> Verdict {
    let (state, subject) = (case.state, case.subject()?);
    require(subject == Subject::Person(fact.person), "somebody else let the program in")?;
    let (_, shown) = case.shown()?;
    let browser = state.sessions.of_browser(shown);
    let browser = browser.ok_or(not_allowed("programs are let in from a session in a browser"))?;
    require(shown == fact.from, "it names another session than the one it was done from")?;
    is_new(case, fact.session, &fact.digest)?;
    let ends = state.credentials.find(shown).and_then(|credential| credential.expires);
    require(ends == Some(fact.expires), "it ends at another time than the session in the browser")?;
    let idle_seconds = state.policies.session().idle_seconds;
    require(fact.idle_seconds == idle_seconds, "it may lie unused for another time than policy says")?;
    let allowed = fact.way != Way::DeviceCode || state.policies.sign_in().device_codes;
    require(allowed, "policy did not let programs in by codes that people type")?;
    let enough = browser.several_factors || !state.wants_factors(subject);
    require(enough, "policy wanted several factors")
}
