//! The way out of a workspace, used from inside a real namespace by curl and by bytes.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

mod asking;
mod lives;
mod proxy;
mod tricks;
