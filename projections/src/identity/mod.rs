//! Subjects and their standing, groups, credentials.

mod credentials;
mod groups;
mod recovery;
mod sessions;
mod subjects;

pub use credentials::{Credential, Credentials, Idle, Token};
pub use groups::{Group, Groups};
pub use recovery::Recovery;
pub use sessions::{SPENT_SECONDS, Session, Sessions};
pub use subjects::{Standing, SubjectRecord, Subjects};
