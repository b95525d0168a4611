//! Signed events on disk. (Overview to come with the log.)

pub mod disk;
pub mod hash;
pub mod merkle;
pub mod signature;
