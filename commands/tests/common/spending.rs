//! Keys and budgets by short name, and what is set up around them; one name gives the same id in every run.

use crate::names::{group, policy, project};
use crate::people::{digest, subject, time, uuid};
use ledger::event::Fact;
use ledger::event::budgets::{Amounts, BudgetSet, Kind, Period, Target, Thresholds, Unit};
use ledger::event::id::{BudgetId, ReservationId, VirtualKeyId};
use ledger::event::identity::{GroupCreated, MemberAdded};
use ledger::event::keys::{KeyClass, KeyIssued, Models};
use ledger::event::policy::{Body, PolicyAdopted, PolicyProposed, STANDARD};
use ledger::event::scope::Scope;
use ledger::zone::Zone;

/// The virtual key of that name.
pub(crate) fn key(name: &str) -> VirtualKeyId {
    VirtualKeyId::from_bytes(uuid("key", name))
}

/// The budget of that name.
pub(crate) fn budget(name: &str) -> BudgetId {
    BudgetId::from_bytes(uuid("budget", name))
}

/// The reservation of that name.
pub(crate) fn reservation(name: &str) -> ReservationId {
    ReservationId::from_bytes(uuid("reservation", name))
}

/// The project `deed`.
pub(crate) fn deed() -> Scope {
    Scope::Project(project("deed"))
}

/// The group of that name has this one member.
pub(crate) fn grouped(group_name: &str, member: &str) -> Vec<Fact> {
    let group = group(group_name);
    vec![
        GroupCreated { group, handle: group_name.into(), scope: Scope::Site }.into(),
        MemberAdded { group, subject: subject(member) }.into(),
    ]
}

/// A policy is in force.
pub(crate) fn in_force(name: &str, body: Body) -> Vec<Fact> {
    let policy = policy(name);
    vec![PolicyProposed { body, policy }.into(), PolicyAdopted { policy }.into()]
}

/// What a key of this name and owner is by default, asked for by [`crate::given::asked_by`].
pub(crate) fn key_of(owner: &str, name: &str) -> KeyIssued {
    KeyIssued {
        alias: name.into(),
        class: KeyClass::Ci,
        digest: digest(name),
        enforcement: STANDARD.into(),
        expires: time(3_600 + 90 * 86_400),
        guardrails: STANDARD.into(),
        key: key(name),
        models: Models::Any,
        owner: subject(owner),
        requests_per_minute: 600,
        scope: deed(),
        tokens_per_minute: 1_000_000,
    }
}

/// A hard budget of so many tokens for ever, which tells at the half and at the whole.
pub(crate) fn tokens(name: &str, target: Target, limit: u64) -> BudgetSet {
    BudgetSet {
        budget: budget(name),
        kind: Kind::Hard,
        limit,
        period: Period::Lifetime,
        target,
        thresholds: Thresholds::of([50, 100]).expect("they ascend"),
        unit: Unit::Tokens,
        zone: Zone::utc(),
    }
}

/// So many tokens.
pub(crate) fn of_tokens(amount: u64) -> Amounts {
    Amounts::of([(Unit::Tokens, amount)]).expect("one unit")
}
