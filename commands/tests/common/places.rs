//! Projects, groups, keys and budgets, by short name; one name gives the same id in every run.

use crate::people::{digest, grant, subject, time};
use ledger::event::access::{OrganizationCreated, ProjectCreated, RoleGranted};
use ledger::event::budgets::{Amounts, BudgetSet, Kind, Period, Target, Thresholds, Unit};
use ledger::event::id::{
    BudgetId, GroupId, OrganizationId, PolicyId, ProjectId, ReservationId, VirtualKeyId,
};
use ledger::event::identity::{GroupCreated, MemberAdded};
use ledger::event::keys::{KeyClass, KeyIssued, Models};
use ledger::event::policy::{Body, PolicyAdopted, PolicyProposed, STANDARD};
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::Fact;
use ledger::hash::Hash;
use ledger::zone::Zone;
use projections::access::Role;

fn uuid(kind: &str, name: &str) -> [u8; 16] {
    let hash = Hash::of(&[kind.as_bytes(), b" ", name.as_bytes()]);
    *hash.0.first_chunk().expect("a hash is longer than an id")
}

macro_rules! named {
    ($($(#[$doc:meta])* $name:ident $id:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(name: &str) -> $id {
            $id::from_bytes(uuid(stringify!($name), name))
        }
    )*};
}

named! {
    /// The organization of that name.
    organization OrganizationId;
    /// The project of that name.
    project ProjectId;
    /// The group of that name.
    group GroupId;
    /// The virtual key of that name.
    key VirtualKeyId;
    /// The budget of that name.
    budget BudgetId;
    /// The reservation of that name.
    reservation ReservationId;
    /// The version of a policy of that name.
    policy PolicyId;
}

/// The organization `acme` and its project `web`.
pub(crate) fn places() -> Vec<Fact> {
    let (organization, project) = (organization("acme"), project("web"));
    let environments = Environments::of(Environment::ALL);
    vec![
        OrganizationCreated { handle: "acme".into(), organization }.into(),
        ProjectCreated { environments, handle: "web".into(), organization, project, repositories: vec![] }
            .into(),
    ]
}

/// The project `web`.
pub(crate) fn web() -> Scope {
    Scope::Project(project("web"))
}

/// A role is granted in a project.
pub(crate) fn granted_in(scope: Scope, name: &str, role: Role) -> Fact {
    let grant = grant(&format!("{name} {role} in {scope}"));
    RoleGranted::new(grant, &role.to_string(), scope, subject(name)).into()
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
        scope: web(),
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
