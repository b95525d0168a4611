//! The door to an app, with real sockets into a real namespace.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]
#![expect(clippy::indexing_slicing, reason = "a test stops where it cannot go on")]

mod attacks;
mod house;
mod lives;
mod passing;
