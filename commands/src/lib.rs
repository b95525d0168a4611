//! Pure decisions, and the engine that joins decide, append and apply.
//!
//! A [`Command`] is an order; deciding it against the [`projections::State`] gives what happens or a
//! [`ledger::event::Refusal`]. No decision reads a clock, a file, randomness or a sealed payload: fresh ids and digests
//! arrive inside the command, the time inside the [`Ask`]. The [`engine`] owns the one writer thread.
//!
//! Not here: HTTP, and what happened after the fact (`projections`). Start with [`Ask`], then [`access`], then [`engine`].

mod ask;
mod command;

pub mod access;
pub mod budgets;
pub mod custody;
pub mod engine;
pub mod identity;
pub mod keys;
pub mod policy;
pub mod provisioning;
pub mod reactor;
pub mod workspaces;

pub use ask::{Ask, Decide, Decision, Happening};
pub use command::Command;
