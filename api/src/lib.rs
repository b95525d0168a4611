//! Crate api.
