//! What each command leads to, and each reason for refusing it.

#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

#[path = "../common/given.rs"]
mod given;
#[path = "../common/names.rs"]
mod names;
#[path = "../common/people.rs"]
mod people;
#[path = "../common/programs.rs"]
mod programs;
#[path = "../common/providers.rs"]
mod providers;
#[path = "../common/spending.rs"]
mod spending;
#[path = "../common/tenants.rs"]
mod tenants;
#[path = "../common/workspaces.rs"]
mod workshop;

mod access;
mod approvals;
mod budgets;
mod custody;
mod delegates;
mod escalation;
mod every_refusal;
mod groups;
mod identity;
mod keys;
mod matrix;
mod policy;
mod provisioning;
mod provisioning_groups;
mod recovery;
mod rules;
mod scopes;
mod sessions;
mod standing;
mod tokens;
mod workspaces;
