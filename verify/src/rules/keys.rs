//! Rules of keys: who may issue, rotate and revoke them, and what policy allows a key to be.

use super::{Case, Verdict, Wrong, not_allowed, provisioning, require, workspaces};
use ledger::event::id::VirtualKeyId;
use ledger::event::keys::{KeyClass, KeyIssued, KeyRevoked, KeyRotated, Models};
use ledger::event::policy::{KeyDefaults, PER_MINUTE_MAX};
use ledger::event::scope::Scope;
use ledger::event::{Actor, Keys, Subject};
use ledger::names::is_name;
use projections::access::Permission;
use projections::keys::{KEYS_MAX, Key, OVERLAP_SECONDS_MAX};

pub(super) fn judge(case: &Case<'_>, fact: &Keys) -> Verdict {
    match fact {
        Keys::KeyIssued(fact) => issued(case, fact),
        Keys::KeyRotated(fact) => rotated(case, fact),
        Keys::KeyRevoked(fact) => revoked(case, fact),
    }
}

fn issued(case: &Case<'_>, fact: &KeyIssued) -> Verdict {
    let keys = &case.state.keys;
    owner_active(case, fact.owner)?;
    require(case.state.scopes.contains(fact.scope), "the scope did not exist")?;
    if !workspaces::may_issue(case, fact) {
        holds_rights(case, fact.owner, fact.scope)?;
    }
    require(keys.find(fact.key).is_none(), "the key existed already")?;
    fresh_secret(case, &fact.digest)?;
    let taken = keys.by_alias(fact.owner, &fact.alias, case.event.time).is_some();
    require(is_name(&fact.alias) && !taken, "the name is none, or the owner had a live key of that name")?;
    let count = keys.unrevoked(fact.owner).len() as u64;
    require(count < KEYS_MAX, "the owner had as many keys as there may be")?;
    within_policy(case, fact)
}

fn owner_active(case: &Case<'_>, owner: Subject) -> Verdict {
    require(case.state.subjects.is_active(owner), "the owner did not exist, or was not active")
}

/// The owner needs the right to issue; everybody else needs the right to manage, and all that the owner has.
fn holds_rights(case: &Case<'_>, owner: Subject, scope: Scope) -> Verdict {
    if case.subject()? == owner {
        return case.permitted(Permission::KeysIssue, scope).map(drop);
    }
    case.permitted(Permission::KeysManage, scope)?;
    case.state.held(owner).try_for_each(|(held, _)| case.may_touch(held))
}

fn fresh_secret(case: &Case<'_>, digest: &ledger::hash::Hash) -> Verdict {
    let taken = case.state.keys.has_digest(digest) || case.state.credentials.has_digest(digest);
    require(!taken, "another key or credential has this secret")
}

fn within_policy(case: &Case<'_>, fact: &KeyIssued) -> Verdict {
    let policies = &case.state.policies;
    let bounds = policies.key_defaults(fact.class);
    let models = match (&bounds.models, &fact.models) {
        (Models::Any, _) => true,
        (Models::Only(_), Models::Any) => false,
        (Models::Only(allowed), Models::Only(models)) => models.iter().all(|model| allowed.contains(model)),
    };
    require(models, "it may call models that policy does not allow for its class")?;
    let slow = fact.requests_per_minute <= bounds.requests_per_minute
        && fact.tokens_per_minute <= bounds.tokens_per_minute;
    require(slow, "its rates are above those of its class")?;
    let lived = fact.expires.micros().saturating_sub(case.event.time.micros());
    let longest = bounds.lifetime_seconds_max.saturating_mul(1_000_000);
    require(lived > 0 && lived <= longest, "it had expired, or lives longer than policy allows")?;
    require(enforced(case, fact, &bounds), "its enforcement is less strict than that of its class")?;
    require(guarded(case, fact, &bounds), "its guardrails lack some of those of its class")
}

fn enforced(case: &Case<'_>, fact: &KeyIssued, bounds: &KeyDefaults) -> bool {
    if fact.enforcement == bounds.enforcement {
        return true;
    }
    let mode = |name: &str| case.state.policies.enforcement(name).map(|level| level.mode);
    let (Some(own), Some(least)) = (mode(&fact.enforcement), mode(&bounds.enforcement)) else { return false };
    least <= own
}

fn guarded(case: &Case<'_>, fact: &KeyIssued, bounds: &KeyDefaults) -> bool {
    if fact.guardrails == bounds.guardrails {
        return true;
    }
    let rules = |name: &str| case.state.policies.guardrails(name).map(|set| set.rules.clone());
    let (Some(own), Some(least)) = (rules(&fact.guardrails), rules(&bounds.guardrails)) else { return false };
    least.iter().all(|rule| own.contains(rule))
}

fn unrevoked<'a>(case: &Case<'a>, id: VirtualKeyId) -> Result<&'a Key, Wrong> {
    let found = case.state.keys.find(id).filter(|key| key.span.is_open());
    found.ok_or(not_allowed("there was no such key, or it was revoked already"))
}

fn rotated(case: &Case<'_>, fact: &KeyRotated) -> Verdict {
    let key = unrevoked(case, fact.key)?;
    require(case.event.time < key.issued.expires, "the key had expired")?;
    owner_active(case, key.issued.owner)?;
    holds_rights(case, key.issued.owner, key.issued.scope)?;
    fresh_secret(case, &fact.digest)?;
    let latest = case.event.time.plus_seconds(OVERLAP_SECONDS_MAX);
    let bounded = case.event.time <= fact.previous_until && fact.previous_until <= latest;
    require(bounded, "the secret before works too long")
}

/// Keys are revoked by their owners and by those who may, and end with the standing of their owner.
fn revoked(case: &Case<'_>, fact: &KeyRevoked) -> Verdict {
    let key = unrevoked(case, fact.key)?;
    let owner = key.issued.owner;
    if workspaces::may_revoke(case, fact.key) {
        return Ok(());
    }
    if !case.state.subjects.is_active(owner) {
        return ended_with_owner(case, owner, key.issued.scope);
    }
    if case.subject()? == owner {
        return Ok(());
    }
    case.permitted(Permission::KeysManage, key.issued.scope).map(drop)
}

fn ended_with_owner(case: &Case<'_>, owner: Subject, scope: Scope) -> Verdict {
    let Actor::Subject(actor, _) = case.event.actor else {
        return Err(not_allowed("only a subject may do this"));
    };
    // Whoever ended their own standing by the events just before is not active any more, and has no credential either.
    if actor == owner || provisioning::has_ended(case, owner) {
        return Ok(());
    }
    if case.rights(scope).contains(Permission::KeysManage) {
        return case.subject().map(drop);
    }
    case.may_act_for(owner, Permission::IdentityManage)
}

/// Whether policy bounds this field for this class at all, so that a key can have been looser.
pub(super) fn is_bounded(case: &Case<'_>, class: KeyClass, field: &str) -> bool {
    let bounds = case.state.policies.key_defaults(class);
    match field {
        "models" => bounds.models != Models::Any,
        "requests_per_minute" => bounds.requests_per_minute < PER_MINUTE_MAX,
        "tokens_per_minute" => bounds.tokens_per_minute < PER_MINUTE_MAX,
        "enforcement" | "guardrails" | "expires" => true,
        _ => false,
    }
}
