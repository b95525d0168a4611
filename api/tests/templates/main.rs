//! Templates come in: each construct with its outcome, whole templates, hostile ones, and the command line.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops where it cannot go on"
)]

mod command_line;
mod devcontainer;
mod functions;
mod hostile;
mod kit;
mod native;
mod terraform;
mod whole;
