//! Signed events on disk. (Overview to come with the log.)

mod decimal;

pub mod bucket;
pub mod canonical;
pub mod checkpoint;
pub mod container;
pub mod disk;
pub mod event;
pub mod hash;
pub mod log;
pub mod merkle;
pub mod note;
pub mod sealed;
pub mod segment;
pub mod signature;
pub mod time;
