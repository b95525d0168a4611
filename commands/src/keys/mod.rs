//! Orders of keys: issue, rotate, revoke.

mod bounds;
mod issue;
mod standing;

pub use bounds::Wished;
pub use issue::IssueKey;
pub use standing::{RevokeKey, RotateVirtualKey};
