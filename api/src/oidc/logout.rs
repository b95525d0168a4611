//! Logout tokens, by which a provider says that a session has ended there: OpenID Connect Back-Channel Logout 1.0.

use super::claims::moment;
use super::discovery::DiscoveryError;
use super::error::TokenError;
use super::id_token::check_beginning;
use super::keys::Parts;
use super::provider::Provider;
use super::settings::{Relaxation, Settings};
use ledger::time::Time;
use serde_json::{Map, Value};

/// A logout token without an end, where that is allowed, ends so long after it was issued. The standard advises two minutes at most.
pub const LOGOUT_SECONDS_MAX: u64 = 120;
/// The event that a logout token tells of.
const EVENT: &str = "http://schemas.openid.net/event/backchannel-logout";
/// Names in a token have no more bytes.
const NAME_BYTES_MAX: usize = 255;

/// A session, or all of a person's, that ended at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logout {
    /// Whose. `None` when only the session is named.
    pub subject: Option<String>,
    /// Which. `None` stands for all of that person's.
    pub sid: Option<String>,
    /// The token's own name. The caller refuses one that it has seen, and may forget it after `expires`.
    pub jti: String,
    /// When it was issued.
    pub issued: Time,
    /// After this it is no longer taken.
    pub expires: Time,
}

/// Why a logout token is not believed.
#[derive(Debug, thiserror::Error)]
pub enum LogoutError {
    /// The provider's keys cannot be had.
    #[error("could not learn about the provider")]
    Discovery(#[from] DiscoveryError),
    /// It is not believed for a reason that any token may have.
    #[error("could not believe the logout token")]
    Token(#[from] TokenError),
    /// It does not tell of a logout.
    #[error("the logout token tells of no logout")]
    EventMissing,
    /// It could be taken for an ID token.
    #[error("the logout token has a nonce")]
    NoncePresent,
    /// It names neither a person nor a session.
    #[error("the logout token names nobody")]
    NobodyNamed,
    /// It has no name of its own, or does not say when it was issued or ends.
    #[error("the logout token has no proper `{0}`")]
    ClaimWrong(&'static str),
}

impl LogoutError {
    /// A word for programs, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Discovery(error) => error.code(),
            Self::Token(error) => error.code(),
            Self::EventMissing => "logout_event_missing",
            Self::NoncePresent => "logout_nonce_present",
            Self::NobodyNamed => "logout_nobody_named",
            Self::ClaimWrong(_) => "logout_claim_wrong",
        }
    }
}

impl Provider {
    /// Reads a logout token. Whether it was seen before is the caller's to decide, by its `jti`.
    pub async fn logout_token(&self, text: &str, now: Time) -> Result<Logout, LogoutError> {
        // What costs nothing comes first, since anybody can send one.
        let parts = Parts::read(text, &self.settings.algorithms)?;
        check_header(&parts.header, &self.settings)?;
        self.signed_for_us::<LogoutError>(&parts, now).await?;
        read(&parts.payload, &self.settings, now)
    }
}

fn check_header(header: &Map<String, Value>, settings: &Settings) -> Result<(), TokenError> {
    if header.contains_key("crit") {
        return Err(TokenError::TypeWrong);
    }
    let typ = header.get("typ").map(|typ| typ.as_str().unwrap_or("?").to_ascii_lowercase());
    let typ = typ.as_deref().map(|typ| typ.strip_prefix("application/").unwrap_or(typ));
    match typ {
        Some("logout+jwt") => Ok(()),
        Some("jwt") | None if settings.relaxes(Relaxation::LogoutTokenTypJwt) => Ok(()),
        Some(_) | None => Err(TokenError::TypeWrong),
    }
}

fn read(payload: &Map<String, Value>, settings: &Settings, now: Time) -> Result<Logout, LogoutError> {
    let event = payload.get("events").and_then(|events| events.get(EVENT));
    if !event.is_some_and(Value::is_object) {
        return Err(LogoutError::EventMissing);
    }
    if payload.contains_key("nonce") {
        return Err(LogoutError::NoncePresent);
    }
    let (issued, expires) = times(payload, settings, now)?;
    let (subject, sid) = (name(payload, "sub")?, name(payload, "sid")?);
    if subject.is_none() && sid.is_none() {
        return Err(LogoutError::NobodyNamed);
    }
    let jti = name(payload, "jti")?.ok_or(LogoutError::ClaimWrong("jti"))?;
    Ok(Logout { subject, sid, jti, issued, expires })
}

fn times(payload: &Map<String, Value>, settings: &Settings, now: Time) -> Result<(Time, Time), LogoutError> {
    let leeway = settings.leeway.as_seconds();
    let issued = payload.get("iat").and_then(moment).ok_or(LogoutError::ClaimWrong("iat"))?;
    if issued > now.plus_seconds(leeway) {
        return Err(TokenError::IssuedInFuture.into());
    }
    check_beginning(payload, now.plus_seconds(leeway))?;
    let ends = match payload.get("exp") {
        None if settings.relaxes(Relaxation::LogoutTokenWithoutExp) => {
            Some(issued.plus_seconds(LOGOUT_SECONDS_MAX))
        }
        end => end.and_then(moment),
    };
    let expires = ends.ok_or(LogoutError::ClaimWrong("exp"))?.plus_seconds(leeway);
    if expires <= now { Err(TokenError::Expired.into()) } else { Ok((issued, expires)) }
}

fn name(payload: &Map<String, Value>, claim: &'static str) -> Result<Option<String>, LogoutError> {
    match payload.get(claim) {
        None => Ok(None),
        Some(Value::String(name)) if (1..=NAME_BYTES_MAX).contains(&name.len()) => Ok(Some(name.clone())),
        Some(_) => Err(LogoutError::ClaimWrong(claim)),
    }
}
