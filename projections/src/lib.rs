//! Pure folds of the log, and the questions they answer.
//!
//! A [`State`] is what the events so far amount to: who exists, who may do what, which claims and credentials are good.
//! [`State::apply`] takes one event and cannot fail; nothing here reads a clock, a file or a sealed payload. Its maps share
//! structure, so a clone costs next to nothing and an old state can be kept.
//!
//! Not here: whether something is allowed to happen (`commands`), and whether what happened was allowed (`verify`). Both ask the
//! questions defined here. Start with [`State`], then [`access`].

mod rights;
mod state;

pub mod access;
pub mod answers;
pub mod budgets;
pub mod custody;
pub mod history;
pub mod identity;
pub mod keys;
pub mod list;
pub mod policy;
pub mod provisioning;
pub mod table;
pub mod workspaces;

pub use rights::{Entitlement, Grantless, Lasting};

pub use state::{SCHEMA, State};
