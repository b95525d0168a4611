//! What each command leads to, and each reason for refusing it.

#![expect(clippy::expect_used, reason = "a test stops where it cannot go on")]

#[path = "../common/given.rs"]
mod given;
#[path = "../common/people.rs"]
mod people;

mod access;
mod custody;
mod escalation;
mod every_refusal;
mod identity;
mod matrix;
