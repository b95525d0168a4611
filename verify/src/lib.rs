//! Crate verify.
