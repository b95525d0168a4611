//! Subjects and their standing, groups, credentials.

mod credentials;
mod groups;
mod sessions;
mod subjects;

pub use credentials::{Credential, Credentials, Idle};
pub use groups::{Group, Groups};
pub use sessions::{LOGOUT_TOKEN_SECONDS, Session, Sessions};
pub use subjects::{Standing, SubjectRecord, Subjects};
