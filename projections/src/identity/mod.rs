//! Subjects and their standing, groups, credentials.

mod credentials;
mod groups;
mod subjects;

pub use credentials::{Credential, Credentials};
pub use groups::{Group, Groups};
pub use subjects::{Standing, SubjectRecord, Subjects};
