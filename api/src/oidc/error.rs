//! Every way in which a sign-in fails, each with a word for programs and a sentence for people.

use super::discovery::DiscoveryError;
use super::fetch::FetchError;

/// Why a token is not believed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum TokenError {
    /// It is longer than is read.
    #[error("the token is too long")]
    TooLong,
    /// It is no token.
    #[error("the token cannot be read")]
    Unreadable,
    /// It is a token for something else.
    #[error("the token is of another type")]
    TypeWrong,
    /// It is not signed.
    #[error("the token is not signed")]
    Unsigned,
    /// It is signed in a way that is not allowed.
    #[error("the token is signed with an algorithm that is not allowed")]
    AlgorithmNotAllowed,
    /// It is signed with a key that the provider does not have.
    #[error("the token is signed with an unknown key")]
    KeyUnknown,
    /// It does not say which of several keys it is signed with.
    #[error("the token does not say which key it is signed with")]
    KeyAmbiguous,
    /// Its signature does not fit.
    #[error("the signature of the token is wrong")]
    SignatureWrong,
    /// It is from somebody else.
    #[error("the token is from another issuer")]
    IssuerWrong,
    /// It is for somebody else.
    #[error("the token is for another audience")]
    AudienceWrong,
    /// It is for somebody else as well.
    #[error("the token is for several audiences")]
    AudienceSeveral,
    /// It was issued to somebody else.
    #[error("the token was issued to another party")]
    PartyWrong,
    /// It answers another question.
    #[error("the nonce of the token is wrong")]
    NonceWrong,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
    /// It says that it was issued in the future.
    #[error("the token was issued in the future")]
    IssuedInFuture,
    /// It says that it counts only from a later moment on.
    #[error("the token does not count yet")]
    NotYet,
    /// It does not say when the person signed in, though that was asked.
    #[error("the token does not say when the person signed in")]
    SignInTimeMissing,
    /// The person signed in longer ago than was asked, or in the future.
    #[error("the person signed in too long ago")]
    SignInTooOld,
    /// It was issued beside another access token.
    #[error("the token belongs to another access token")]
    AccessTokenHashWrong,
}

impl TokenError {
    /// A word for programs, which does not change.
    pub fn code(self) -> &'static str {
        match self {
            Self::TooLong => "token_too_long",
            Self::Unreadable => "token_unreadable",
            Self::TypeWrong => "token_type",
            Self::Unsigned => "token_unsigned",
            Self::AlgorithmNotAllowed => "token_algorithm",
            Self::KeyUnknown => "token_key_unknown",
            Self::KeyAmbiguous => "token_key_ambiguous",
            Self::SignatureWrong => "token_signature",
            Self::IssuerWrong => "token_issuer",
            Self::AudienceWrong => "token_audience",
            Self::AudienceSeveral => "token_audience_several",
            Self::PartyWrong => "token_party",
            Self::NonceWrong => "token_nonce",
            Self::Expired => "token_expired",
            Self::IssuedInFuture => "token_issued_in_future",
            Self::NotYet => "token_not_yet",
            Self::SignInTimeMissing => "token_sign_in_time_missing",
            Self::SignInTooOld => "token_sign_in_too_old",
            Self::AccessTokenHashWrong => "token_access_token_hash",
        }
    }
}

/// Why a sign-in did not happen.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// The answer to the browser cannot be read: too long, or with a field twice.
    #[error("the provider's answer has a field twice or is too long")]
    AnswerUnreadable,
    /// The answer is not to what was begun.
    #[error("the provider's answer is to another sign-in")]
    StateWrong,
    /// The answer does not say who it is from, though the provider announces that it does.
    #[error("the provider's answer does not say who it is from")]
    AnswerIssuerMissing,
    /// The answer is from somebody else.
    #[error("the answer is from another provider")]
    AnswerIssuerWrong,
    /// The provider said no.
    #[error("the provider answered `{0}`")]
    Refused(String),
    /// The answer holds neither a code nor an error.
    #[error("the provider's answer holds no code")]
    CodeMissing,
    /// The provider's documents cannot be used.
    #[error("could not learn about the provider")]
    Discovery(#[from] DiscoveryError),
    /// The code could not be exchanged.
    #[error("could not exchange the code")]
    Exchange(#[source] FetchError),
    /// The provider did not take the code.
    #[error("the provider answered `{0}` to the code")]
    CodeRefused(String),
    /// What came for the code cannot be read.
    #[error("could not read what the provider gave for the code")]
    TokensUnreadable(#[source] serde_json::Error),
    /// What came for the code holds no ID token.
    #[error("the provider gave no ID token")]
    IdTokenMissing,
    /// The ID token is not believed.
    #[error("could not believe the ID token")]
    IdToken(#[from] TokenError),
    /// A claim is not what it should be.
    #[error("the claim `{0}` is not what it should be")]
    ClaimWrong(String),
    /// The groups are kept somewhere else, so that those in the token would be too few.
    #[error("the groups are not in the token")]
    GroupsElsewhere,
}

impl SignInError {
    /// A word for programs, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::AnswerUnreadable => "answer_unreadable",
            Self::StateWrong => "state_wrong",
            Self::AnswerIssuerMissing => "answer_issuer_missing",
            Self::AnswerIssuerWrong => "answer_issuer_wrong",
            Self::Refused(_) => "provider_refused",
            Self::CodeMissing => "code_missing",
            Self::Discovery(error) => error.code(),
            Self::Exchange(error) => error.code(),
            Self::CodeRefused(_) => "code_refused",
            Self::TokensUnreadable(_) => "tokens_unreadable",
            Self::IdTokenMissing => "id_token_missing",
            Self::IdToken(error) => error.code(),
            Self::ClaimWrong(_) => "claim_wrong",
            Self::GroupsElsewhere => "groups_elsewhere",
        }
    }

    /// Whether the provider was not there, rather than not to be believed.
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Discovery(DiscoveryError::Fetch(error)) | Self::Exchange(error) => error.is_outage(),
            Self::Discovery(_)
            | Self::AnswerUnreadable
            | Self::StateWrong
            | Self::AnswerIssuerMissing
            | Self::AnswerIssuerWrong
            | Self::Refused(_)
            | Self::CodeMissing
            | Self::CodeRefused(_)
            | Self::TokensUnreadable(_)
            | Self::IdTokenMissing
            | Self::IdToken(_)
            | Self::ClaimWrong(_)
            | Self::GroupsElsewhere => false,
        }
    }

    /// What to tell the person who tried.
    pub fn sentence(&self) -> &'static str {
        match self {
            Self::AnswerUnreadable | Self::CodeMissing | Self::StateWrong => {
                "This sign-in does not belong to one begun here, or was begun too long ago. Please begin again."
            }
            Self::AnswerIssuerMissing | Self::AnswerIssuerWrong => {
                "The answer did not come from the identity provider that was asked. Please begin again."
            }
            Self::Refused(_) => "The identity provider did not sign you in. Please begin again.",
            Self::Discovery(_) | Self::Exchange(_) if !self.is_outage() => {
                "What the identity provider says about itself cannot be trusted. Please tell an administrator."
            }
            Self::Discovery(_) | Self::Exchange(_) => {
                "The identity provider cannot be reached just now. Please try again in a moment."
            }
            Self::CodeRefused(_) => "The identity provider did not confirm the sign-in. Please begin again.",
            Self::TokensUnreadable(_) | Self::IdTokenMissing | Self::IdToken(_) => {
                "What the identity provider said about you cannot be trusted. Please begin again, and tell an administrator if it happens again."
            }
            Self::ClaimWrong(_) | Self::GroupsElsewhere => {
                "What the identity provider said about you cannot be used. Please tell an administrator."
            }
        }
    }
}

/// A word of a provider's, in so far as it can be shown: printable, and not long.
pub(super) fn shown(word: &str) -> String {
    const CHARACTERS_MAX: usize = 64;
    word.chars().filter(|one| (' '..='~').contains(one) && *one != '`').take(CHARACTERS_MAX).collect()
}
