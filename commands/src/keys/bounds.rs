//! What a key may be: what is wished, within what policy sets for its class.

use ledger::event::id::VirtualKeyId;
use ledger::event::keys::{KeyClass, KeyIssued, Models};
use ledger::event::policy::{Guardrails, KeyDefaults};
use ledger::event::scope::Scope;
use ledger::event::{Refusal, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::policy::Policies;

/// What somebody wishes a key to be; what is not said is as policy has it for the class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wished {
    /// Which models it may call.
    pub models: Option<Models>,
    /// Most calls a minute.
    pub requests_per_minute: Option<u64>,
    /// Most tokens a minute.
    pub tokens_per_minute: Option<u64>,
    /// The enforcement level of its calls.
    pub enforcement: Option<Box<str>>,
    /// The guardrail set of its calls.
    pub guardrails: Option<Box<str>>,
    /// From when on it no longer works.
    pub expires: Option<Time>,
}

/// What a key is.
pub(crate) struct Terms {
    pub(super) models: Models,
    pub(super) requests_per_minute: u64,
    pub(super) tokens_per_minute: u64,
    pub(super) enforcement: Box<str>,
    pub(super) guardrails: Box<str>,
    pub(super) expires: Time,
}

impl Wished {
    /// Whether a key is what is wished, as far as anything is.
    pub(super) fn is(&self, issued: &KeyIssued) -> bool {
        fn same<T: PartialEq>(wished: Option<&T>, found: &T) -> bool {
            wished.is_none_or(|wished| wished == found)
        }
        same(self.models.as_ref(), &issued.models)
            && same(self.requests_per_minute.as_ref(), &issued.requests_per_minute)
            && same(self.tokens_per_minute.as_ref(), &issued.tokens_per_minute)
            && same(self.enforcement.as_ref(), &issued.enforcement)
            && same(self.guardrails.as_ref(), &issued.guardrails)
            && same(self.expires.as_ref(), &issued.expires)
    }

    /// What the key will be, if policy allows it.
    pub(crate) fn within(self, policies: &Policies, class: KeyClass, now: Time) -> Result<Terms, Refusal> {
        let defaults = policies.key_defaults(class);
        let latest = now.plus_seconds(defaults.lifetime_seconds_max);
        let terms = Terms {
            models: self.models.unwrap_or_else(|| defaults.models.clone()),
            requests_per_minute: self.requests_per_minute.unwrap_or(defaults.requests_per_minute),
            tokens_per_minute: self.tokens_per_minute.unwrap_or(defaults.tokens_per_minute),
            enforcement: self.enforcement.unwrap_or_else(|| defaults.enforcement.clone()),
            guardrails: self.guardrails.unwrap_or_else(|| defaults.guardrails.clone()),
            expires: self.expires.unwrap_or(latest),
        };
        if terms.expires <= now {
            return Err(Refusal::ExpiryInPast {});
        }
        match looser(policies, &terms, &defaults, latest) {
            None => Ok(terms),
            Some(field) => Err(Refusal::LooserThanPolicy { field: field.into(), key_class: class }),
        }
    }
}

impl Terms {
    /// The key that has these terms.
    pub(crate) fn issued(
        self,
        (key, digest): (VirtualKeyId, Hash),
        owner: Subject,
        alias: Box<str>,
        (class, scope): (KeyClass, Scope),
    ) -> KeyIssued {
        let Self { models, requests_per_minute, tokens_per_minute, enforcement, guardrails, expires } = self;
        KeyIssued {
            alias,
            class,
            digest,
            enforcement,
            expires,
            guardrails,
            key,
            models,
            owner,
            requests_per_minute,
            scope,
            tokens_per_minute,
        }
    }
}

/// What of the terms is looser than the defaults.
fn looser(policies: &Policies, terms: &Terms, defaults: &KeyDefaults, latest: Time) -> Option<&'static str> {
    let rows = [
        ("models", defaults.models.covers(&terms.models)),
        ("requests_per_minute", terms.requests_per_minute <= defaults.requests_per_minute),
        ("tokens_per_minute", terms.tokens_per_minute <= defaults.tokens_per_minute),
        ("enforcement", is_as_strict(policies, &terms.enforcement, &defaults.enforcement)),
        ("guardrails", guards_as_much(policies, &terms.guardrails, &defaults.guardrails)),
        ("expires", terms.expires <= latest),
    ];
    rows.iter().find(|(_, within)| !within).map(|(field, _)| *field)
}

fn is_as_strict(policies: &Policies, wished: &str, least: &str) -> bool {
    let both = || policies.enforcement(wished).zip(policies.enforcement(least));
    wished == least || both().is_some_and(|(wished, least)| wished.mode >= least.mode)
}

fn guards_as_much(policies: &Policies, wished: &str, least: &str) -> bool {
    let covers =
        |wished: &Guardrails, least: &Guardrails| least.rules.iter().all(|rule| wished.rules.contains(rule));
    let both = || policies.guardrails(wished).zip(policies.guardrails(least));
    wished == least || both().is_some_and(|(wished, least)| covers(&wished, &least))
}
