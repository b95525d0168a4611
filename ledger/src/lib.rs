//! Signed events on disk. (Overview to come with the log.)

pub mod canonical;
pub mod disk;
pub mod event;
pub mod hash;
pub mod segment;
pub mod time;
