//! Workspaces under attack: what is tried from inside one, at its door, and behind its keeper's back.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test stops where it cannot go on"
)]

#[path = "../common/mod.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod common;
mod doors;
#[path = "../sign_in/forging.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod forging;
mod guest;
#[path = "../sign_in/house.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod house;
mod impact;
mod isolation;
#[path = "../sign_in/lives.rs"]
#[expect(dead_code, reason = "each test target uses its own part of this")]
mod lives;
mod reconciling;
mod scene;
mod shares;
