//! Orders of identity: the claim, subjects and their standing, credentials, sessions, groups.

mod claim;
mod credentials;
mod groups;
mod recovery;
mod sessions;
mod standing;
mod subjects;
mod tokens;

pub use claim::ClaimOwnership;
pub use credentials::{CREDENTIALS_MAX, IssueCredential, RevokeCredential};
pub(crate) use groups::may_join;
pub use groups::{AddMember, CreateGroup, GROUPS_MAX, RemoveGroup, RemoveMember};
pub use recovery::{MakeRecoveryCodes, RECOVERY_CODES_MAX, RECOVERY_SECONDS, Recover};
pub use sessions::{Asserted, ProviderLogout, RefuseSignIn, SignIn, UseSession, VerifiedEmail};
pub use standing::{ReactivateSubject, RemoveSubject, SuspendSubject};
pub(crate) use standing::{owned_without, with_consequences};
pub use subjects::{CreateAgent, CreatePerson, CreateServiceAccount};
pub use tokens::{IssueToken, RefuseToken, SignInClient, SignInWorkload, TOKEN_SECONDS};
