//! The verifier over honest and forged ledgers.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

mod cli;
mod flips;
mod honest;
mod rules;
mod tamper;
mod world;
