//! Workspaces by the command line and by their page, with the real server and the real engine.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

mod commands;
#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;
mod house;
mod in_chromium;
mod names;
mod page;
mod plans;
