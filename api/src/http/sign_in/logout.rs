//! Logout tokens: a provider's word that somebody signed out there.

use super::flow::{provider_login, provider_session};
use super::refusing;
use crate::clock;
use crate::http::asking::{Asker, Deed};
use crate::oidc::Logout;
use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::identity::ProviderLogout;
use ledger::hash::Hash;
use serde_json::json;

/// Longest body that is read.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Ends what the token of a form says.
pub(super) async fn take(deed: &Deed, name: &str, asker: Asker, body: &[u8]) -> Result<(), Response> {
    let wrong = |what: &str| {
        let text = json!({ "error": "invalid_request", "error_description": what });
        (StatusCode::BAD_REQUEST, Json(text)).into_response()
    };
    let refused = async |reason: &str, what: &str| match refusing::record(deed, asker, name, reason).await {
        Ok(()) => wrong(what),
        Err(problem) => problem.into_response(),
    };
    let published = deed.engine.published();
    let Some(policy) = published.state.policies.sign_in().provider(name) else {
        return Err(refused("unknown_provider", "there is no such provider").await);
    };
    let provider = deed.sign_in.providers.get(policy, &deed.sign_in.origin);
    let provider = provider.map_err(|_| StatusCode::SERVICE_UNAVAILABLE.into_response())?;
    let Some(token) = form_field(body, "logout_token") else {
        return Err(refused("logout_token_missing", "there is no single `logout_token`").await);
    };
    match provider.logout_token(&token, clock::now()).await {
        Ok(logout) => {
            let command = command(deed, name, &policy.issuer, &logout);
            let done = deed.tell(asker, command.into()).await;
            done.map(drop).map_err(|problem| match problem.code() {
                "sign_in_refused" => wrong("the logout token was used before"),
                _ => problem.into_response(),
            })
        }
        Err(cause) => {
            tracing::info!("a logout token of `{name}` was refused: {}", commands::engine::chain(&cause));
            Err(refused(cause.code(), cause.code()).await)
        }
    }
}

fn command(deed: &Deed, name: &str, issuer: &str, logout: &Logout) -> ProviderLogout {
    ProviderLogout {
        provider: name.into(),
        token: Hash::in_context("deed/logout-token/v1", &[issuer.as_bytes(), &[0], logout.jti.as_bytes()]),
        login: logout.subject.as_ref().map(|subject| provider_login(deed, issuer, subject)),
        provider_session: logout.sid.as_ref().map(|sid| provider_session(deed, issuer, sid)),
    }
}

/// The value of a field of a form that is there once.
fn form_field(body: &[u8], wanted: &str) -> Option<String> {
    if body.len() > BODY_BYTES_MAX {
        return None;
    }
    let mut values = crate::oidc::form(body).filter(|(name, _)| name == wanted).map(|(_, value)| value);
    let first = values.next();
    first.filter(|_| values.next().is_none())
}
