//! Signed events on disk. (Overview to come with the log.)

pub mod disk;
pub mod hash;

mod decimal;

pub mod checkpoint;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod signature;
