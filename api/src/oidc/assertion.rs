//! Assertions, by which a provider vouches for a program: RFC 7523 section 3.

use super::claims::moment;
use super::discovery::DiscoveryError;
use super::error::TokenError;
use super::id_token::check_beginning;
use super::keys::Parts;
use super::provider::Provider;
use super::settings::{Algorithm, Settings};
use ledger::time::Time;
use serde_json::{Map, Value};

/// An assertion that ends later than this is not taken, so that nobody needs to remember it for longer.
pub const ASSERTION_SECONDS_MAX: u64 = 3_600;

/// What an assertion says of itself. Nothing of it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// Who is said to have signed it.
    pub issuer: String,
    /// Whom it is said to be about.
    pub subject: String,
}

/// Why an assertion is not believed.
#[derive(Debug, thiserror::Error)]
pub enum AssertionError {
    /// The provider's keys cannot be had.
    #[error("could not learn about the provider")]
    Discovery(#[from] DiscoveryError),
    /// It is not believed for a reason that any token may have.
    #[error("could not believe the assertion")]
    Token(#[from] TokenError),
    /// It does not end, or too late.
    #[error("the assertion ends too late, or does not say when")]
    EndsTooLate,
}

impl AssertionError {
    /// A word for programs, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Discovery(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::EndsTooLate => "assertion_ends_too_late",
        }
    }
}

impl Claimed {
    /// Reads an assertion without believing it.
    pub fn read(text: &str) -> Result<Self, TokenError> {
        let parts = Parts::read(text, &Algorithm::ALL)?;
        let claim = |name: &str| parts.payload.get(name).and_then(Value::as_str).map(str::to_owned);
        let (issuer, subject) = claim("iss").zip(claim("sub")).ok_or(TokenError::Unreadable)?;
        Ok(Self { issuer, subject })
    }
}

impl Provider {
    /// Whether an assertion is believed: signed by the provider, for us alone, and in time. Whether it was seen before is the caller's to decide.
    pub async fn assertion(&self, text: &str, now: Time) -> Result<(), AssertionError> {
        let parts = Parts::read(text, &self.settings.algorithms)?;
        if parts.header.contains_key("crit") || !is_plain(&parts.header) {
            return Err(TokenError::TypeWrong.into());
        }
        self.signed_for_us::<AssertionError>(&parts, now).await?;
        check_times(&parts.payload, &self.settings, now)
    }
}

/// Whether it is of no type of its own, such as a logout token is.
fn is_plain(header: &Map<String, Value>) -> bool {
    let typ = header.get("typ").map(|typ| typ.as_str().unwrap_or("?").to_ascii_lowercase());
    matches!(typ.as_deref(), None | Some("jwt"))
}

fn check_times(payload: &Map<String, Value>, settings: &Settings, now: Time) -> Result<(), AssertionError> {
    let leeway = settings.leeway.as_seconds();
    let ends = payload.get("exp").and_then(moment).ok_or(AssertionError::EndsTooLate)?;
    if ends.plus_seconds(leeway) <= now {
        return Err(TokenError::Expired.into());
    }
    if ends > now.plus_seconds(ASSERTION_SECONDS_MAX) {
        return Err(AssertionError::EndsTooLate);
    }
    let latest = now.plus_seconds(leeway);
    check_beginning(payload, latest)?;
    let issued =
        payload.get("iat").is_none_or(|issued| moment(issued).is_some_and(|issued| issued <= latest));
    if issued { Ok(()) } else { Err(TokenError::IssuedInFuture.into()) }
}
