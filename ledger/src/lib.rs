//! Signed events on disk: bytes, hashes, keys, files, and the vocabulary of events.
//!
//! An [`event::Event`] becomes one canonical text, the leaf. The [`writer`] chains, seals, signs and stores groups of them; the [`log`] keeps
//! groups in [`container`] files and finds the way back after a crash; [`checkpoint`]s sign the [`merkle`] tree over all leaves. `docs/format.md`
//! specifies every byte.
//!
//! Not here: what a role permits, whether a command is allowed, HTTP, any async. Nothing here reads a clock.
//!
//! Start with [`event`], then [`segment`], [`log`], [`writer`] and [`store`]. Verifiers need no `writer` and no `index`.

mod decimal;
mod text;

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
pub mod names;
pub mod note;
pub mod policy;
pub mod proof;
pub mod receipt;
#[cfg(feature = "schema")]
mod schema;
pub mod sealed;
pub mod segment;
pub mod signature;
pub mod snapshot;
pub mod store;
pub mod tiles;
pub mod time;
pub mod writer;
pub mod zone;
