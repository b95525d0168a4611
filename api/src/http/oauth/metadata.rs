//! What programs can find out by themselves: RFC 8414.

use super::token::Grant;
use crate::http::asking::Deed;
use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

/// The metadata of the authorization server.
pub(in crate::http) async fn metadata(State(deed): State<Deed>) -> Json<Value> {
    let issuer = deed.sign_in.origin().as_str();
    let at = |path: &str| format!("{issuer}{path}");
    let grants: Vec<_> = Grant::ALL.iter().map(|grant| grant.as_str()).collect();
    let secrets = ["client_secret_basic", "client_secret_post"];
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": at("/oauth/authorize"),
        "token_endpoint": at("/oauth/token"),
        "device_authorization_endpoint": at("/oauth/device_authorization"),
        "revocation_endpoint": at("/oauth/revoke"),
        "introspection_endpoint": at("/oauth/introspect"),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": grants,
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["none", secrets[0], secrets[1]],
        "revocation_endpoint_auth_methods_supported": ["none", secrets[0], secrets[1]],
        "introspection_endpoint_auth_methods_supported": secrets,
        "authorization_response_iss_parameter_supported": true,
    }))
}
