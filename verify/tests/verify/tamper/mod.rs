//! Every row of `ways to tamper`, 1 to 61: the forged ledger and the verdict that it must get.
//!
//! Rows 37 and 38 stand in `tiles.rs`, 58 and 59 in `cli.rs`. Rows 56 and 57 are about exports, which Deed does not write yet.

mod events;
mod keys;
mod notes;
mod payloads;
mod prior;
