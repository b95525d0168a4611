//! Whether an ID token is believed. The signature, issuer, audience, nonce and end are the library's to check; the rest is checked here.

use super::claims::moment;
use super::error::TokenError;
use super::keys::{KeySet, Parts, signing};
use super::settings::Settings;
use ledger::time::Time;
use openidconnect::core::{CoreIdToken, CoreIdTokenVerifier};
use openidconnect::{
    AccessToken, AccessTokenHash, ClaimsVerificationError, ClientId, IssuerUrl, Nonce,
    SignatureVerificationError,
};
use serde_json::{Map, Value};
use std::str::FromStr;
use std::time::{Duration, UNIX_EPOCH};

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) settings: &'a Settings,
    pub(super) nonce: &'a str,
    pub(super) max_age_seconds: Option<u64>,
    pub(super) access_token: Option<&'a str>,
    pub(super) now: Time,
}

/// The claims of a token that says what it must.
pub(super) fn verified(
    text: &str,
    keys: &KeySet,
    expected: &Expected<'_>,
) -> Result<Map<String, Value>, TokenError> {
    let parts = Parts::read(text, &expected.settings.algorithms)?;
    let token = CoreIdToken::from_str(text).map_err(|_| TokenError::Unreadable)?;
    let verifier = verifier(keys, expected)?;
    let nonce = Nonce::new(expected.nonce.into());
    let claims = token.claims(&verifier, &nonce).map_err(reason)?;
    match claims.audiences().as_slice() {
        [_] => {}
        _ => return Err(TokenError::AudienceSeveral),
    }
    if claims.authorized_party().is_some_and(|party| party.as_str() != expected.settings.client_id) {
        return Err(TokenError::PartyWrong);
    }
    if let (Some(said), Some(access)) = (claims.access_token_hash(), expected.access_token) {
        check_access_token(&token, &verifier, said, access)?;
    }
    check_times(&parts.payload, expected)?;
    Ok(parts.payload)
}

/// Without the client's secret, so that a token signed with it never passes.
fn verifier<'a>(keys: &KeySet, expected: &Expected<'_>) -> Result<CoreIdTokenVerifier<'a>, TokenError> {
    let settings = expected.settings;
    let issuer = IssuerUrl::new(settings.issuer.clone()).map_err(|_| TokenError::IssuerWrong)?;
    let leeway = Duration::from_secs(settings.leeway.as_seconds());
    let now = UNIX_EPOCH + Duration::from_micros(expected.now.micros());
    let verifier = CoreIdTokenVerifier::new_public_client(
        ClientId::new(settings.client_id.clone()),
        issuer,
        keys.clone(),
    );
    Ok(verifier
        .set_allowed_algs(settings.algorithms.iter().copied().map(signing))
        .set_time_fn(move || (now - leeway).into()))
}

fn check_access_token(
    token: &CoreIdToken,
    verifier: &CoreIdTokenVerifier<'_>,
    said: &AccessTokenHash,
    access: &str,
) -> Result<(), TokenError> {
    let algorithm = token.signing_alg().map_err(|_| TokenError::Unsigned)?;
    let key = token.signing_key(verifier).map_err(|_| TokenError::KeyUnknown)?;
    let made = AccessTokenHash::from_token(&AccessToken::new(access.into()), algorithm, key);
    if made.is_ok_and(|made| made == *said) { Ok(()) } else { Err(TokenError::AccessTokenHashWrong) }
}

fn check_times(payload: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), TokenError> {
    let leeway = expected.settings.leeway.as_seconds();
    let latest = expected.now.plus_seconds(leeway);
    let issued = payload.get("iat").and_then(moment).ok_or(TokenError::Unreadable)?;
    if issued > latest {
        return Err(TokenError::IssuedInFuture);
    }
    check_beginning(payload, latest)?;
    let Some(max_age) = expected.max_age_seconds else { return Ok(()) };
    let signed_in = payload.get("auth_time").and_then(moment).ok_or(TokenError::SignInTimeMissing)?;
    let too_old = signed_in.plus_seconds(max_age.saturating_add(leeway)) < expected.now;
    if too_old || signed_in > latest { Err(TokenError::SignInTooOld) } else { Ok(()) }
}

/// A token may say that it counts only from a later moment on (RFC 7519). What cannot be read as a moment never comes.
pub(super) fn check_beginning(payload: &Map<String, Value>, latest: Time) -> Result<(), TokenError> {
    let counts =
        payload.get("nbf").is_none_or(|begins| moment(begins).is_some_and(|begins| begins <= latest));
    if counts { Ok(()) } else { Err(TokenError::NotYet) }
}

fn reason(error: ClaimsVerificationError) -> TokenError {
    match error {
        ClaimsVerificationError::Expired(_) => TokenError::Expired,
        ClaimsVerificationError::InvalidAudience(_) => TokenError::AudienceWrong,
        ClaimsVerificationError::InvalidIssuer(_) => TokenError::IssuerWrong,
        ClaimsVerificationError::InvalidNonce(_) => TokenError::NonceWrong,
        ClaimsVerificationError::Unsupported(_) => TokenError::TypeWrong,
        ClaimsVerificationError::SignatureVerification(error) => signature_reason(error),
        ClaimsVerificationError::InvalidAuthContext(_)
        | ClaimsVerificationError::InvalidAuthTime(_)
        | ClaimsVerificationError::InvalidSubject(_)
        | ClaimsVerificationError::Other(_)
        | _ => TokenError::Unreadable,
    }
}

fn signature_reason(error: SignatureVerificationError) -> TokenError {
    match error {
        SignatureVerificationError::NoMatchingKey => TokenError::KeyUnknown,
        SignatureVerificationError::AmbiguousKeyId(_) => TokenError::KeyAmbiguous,
        SignatureVerificationError::NoSignature => TokenError::Unsigned,
        SignatureVerificationError::DisallowedAlg(_) | SignatureVerificationError::UnsupportedAlg(_) => {
            TokenError::AlgorithmNotAllowed
        }
        SignatureVerificationError::CryptoError(_)
        | SignatureVerificationError::InvalidKey(_)
        | SignatureVerificationError::Other(_)
        | _ => TokenError::SignatureWrong,
    }
}
