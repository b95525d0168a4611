//! What a provider signed for us, other than an ID token: by whom, for whom, and with which key.

use super::discovery::DiscoveryError;
use super::error::TokenError;
use super::keys::Parts;
use super::provider::Provider;
use super::settings::Settings;
use ledger::time::Time;
use serde_json::{Map, Value};

impl Provider {
    /// Whether the provider signed it, for us alone. What costs nothing is looked at first, since anybody can send one.
    pub(super) async fn signed_for_us<E>(&self, parts: &Parts<'_>, now: Time) -> Result<(), E>
    where
        E: From<TokenError> + From<DiscoveryError>,
    {
        check_parties(&parts.payload, &self.settings)?;
        match parts.verify(&*self.keys(now).await?) {
            Err(TokenError::KeyUnknown) => {
                let keys = self.keys_again(now).await.ok_or(TokenError::KeyUnknown)?;
                Ok(parts.verify(&keys)?)
            }
            decided => Ok(decided?),
        }
    }
}

fn check_parties(payload: &Map<String, Value>, settings: &Settings) -> Result<(), TokenError> {
    if payload.get("iss").and_then(Value::as_str) != Some(&settings.issuer) {
        return Err(TokenError::IssuerWrong);
    }
    let ours = |value: &Value| value.as_str() == Some(&settings.client_id);
    match payload.get("aud") {
        Some(Value::Array(several)) => match several.as_slice() {
            [one] if ours(one) => Ok(()),
            [] | [_] => Err(TokenError::AudienceWrong),
            _ => Err(TokenError::AudienceSeveral),
        },
        Some(one) if ours(one) => Ok(()),
        Some(_) | None => Err(TokenError::AudienceWrong),
    }
}
