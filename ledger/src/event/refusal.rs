//! Why a command was refused: a code and what a verifier needs to judge the refusal again.

use super::Subject;
use super::id::{CommandId, CredentialId, GrantId};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Why a command was refused. The codes are stable; the messages are for people and may improve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(tag = "code", rename_all = "snake_case", deny_unknown_fields)]
pub enum Refusal {
    /// No credential, or one that is unknown, revoked or expired.
    #[error("no valid credential was shown; send `Authorization: Bearer <credential>`")]
    NotAuthenticated {},
    /// The actor lacks a permission.
    #[error("this needs the permission `{permission}`, which none of your roles gives")]
    NotPermitted {
        /// The missing permission.
        permission: Box<str>,
    },
    /// The role or subject would give the actor more than it has.
    #[error("this would hand out the permission `{permission}`, which you do not hold yourself")]
    ExceedsOwnRights {
        /// A permission that the actor lacks.
        permission: Box<str>,
    },
    /// No such person or service account.
    #[error("`{subject}` does not exist")]
    UnknownSubject {
        /// Who was meant.
        subject: Subject,
    },
    /// No such grant.
    #[error("the grant `{grant}` does not exist")]
    UnknownGrant {
        /// Which was meant.
        grant: GrantId,
    },
    /// No such credential.
    #[error("the credential `{credential}` does not exist")]
    UnknownCredential {
        /// Which was meant.
        credential: CredentialId,
    },
    /// Another service account has that name.
    #[error("a service account named `{handle}` exists already; choose another name")]
    HandleTaken {
        /// The name.
        handle: Box<str>,
    },
    /// This Deed has an owner.
    #[error("this Deed has been claimed already; ask its owner for access")]
    AlreadyClaimed {},
    /// The claim token is wrong, used or expired.
    #[error("the claim link is wrong, used or expired; `deed claim-link` on the server makes a new one")]
    ClaimNotOpen {},
    /// Nobody would own this Deed any more.
    #[error("`{grant}` is the last grant of `owner`; grant it to somebody else first")]
    LastOwner {
        /// The grant.
        grant: GrantId,
    },
    /// The command id stands for another command.
    #[error("the command id `{request}` was used for another command; choose a new one")]
    CommandIdReused {
        /// The command id.
        request: CommandId,
    },
    /// The expiry is not in the future.
    #[error("the expiry has passed already; choose a later time")]
    ExpiryInPast {},
    /// The subject has no sealed payload left.
    #[error("nothing that can be erased is kept about `{subject}`")]
    NothingToErase {
        /// Who was meant.
        subject: Subject,
    },
}

impl Refusal {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAuthenticated {} => "not_authenticated",
            Self::NotPermitted { .. } => "not_permitted",
            Self::ExceedsOwnRights { .. } => "exceeds_own_rights",
            Self::UnknownSubject { .. } => "unknown_subject",
            Self::UnknownGrant { .. } => "unknown_grant",
            Self::UnknownCredential { .. } => "unknown_credential",
            Self::HandleTaken { .. } => "handle_taken",
            Self::AlreadyClaimed {} => "already_claimed",
            Self::ClaimNotOpen {} => "claim_not_open",
            Self::LastOwner { .. } => "last_owner",
            Self::CommandIdReused { .. } => "command_id_reused",
            Self::ExpiryInPast {} => "expiry_in_past",
            Self::NothingToErase { .. } => "nothing_to_erase",
        }
    }
}

/// How often a refusal was given without an event of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeCount {
    /// The refusal's code.
    pub code: Box<str>,
    /// How often.
    pub count: u64,
}
