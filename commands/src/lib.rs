//! Crate commands.
