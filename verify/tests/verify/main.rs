//! The verifier over honest and forged ledgers.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    clippy::unit_arg,
    reason = "a test stops where it cannot go on, and a forger is brief"
)]

mod answer;
mod cli;
mod evidence;
mod flips;
mod governance;
mod honest;
mod newcomers;
mod programs;
mod provisioning;
mod provisioning_groups;
mod recovery;
mod rules;
mod sessions;
mod spending;
mod stories;
mod tamper;
mod tiles;
mod tokens;
mod workspaces;
mod world;
