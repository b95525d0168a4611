//! The verifier: re-derives everything about a ledger from its bytes, offline, and trusts nobody.
//!
//! [`verify`] takes a path and what the auditor brings, an [`Options`], and gives a [`Report`]: a verdict with the anchors it rests on.
//! It knows the bytes from `ledger` and the questions of `projections`; it shares nothing with the code that decides and writes. It opens
//! no connection and changes no file.
//!
//! Start with [`walk`](self#modules), which goes over the events once; `rules` judges what they record. The binary `deed-verify` is
//! [`cli`]. `docs/reference/verify.md` is the page for auditors.

pub mod answer;
pub mod cli;
pub mod fault;
pub mod options;
pub mod report;
pub mod rules;
pub mod source;

mod bundle;
mod checkpoints;
mod progress;
mod receipts;
mod sealed;
mod verdict;
mod walk;

pub use fault::{Code, Finding};
pub use options::{Options, Progress, Signatures, Silent};
pub use report::{Outcome, Report};
pub use sealed::SALTS_REMEMBERED;
pub use source::Trouble;
pub use verdict::{verify, verify_directory, verify_tiles};
