//! Signed events on disk. (Overview to come with the log.)

mod decimal;

pub mod bucket;
pub mod canonical;
pub mod checkpoint;
pub mod container;
pub mod disk;
pub mod entropy;
pub mod event;
pub mod evidence;
pub mod genesis;
pub mod hash;
pub mod head_lock;
#[cfg(feature = "index")]
pub mod index;
pub mod key_folder;
pub mod key_ring;
pub mod log;
pub mod merkle;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
pub mod sealed;
pub mod segment;
pub mod signature;
pub mod snapshot;
pub mod store;
pub mod tiles;
pub mod time;
pub mod writer;
