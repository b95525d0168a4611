//! What programs are told when they get nothing: RFC 6749 section 5.2, with the codes of the other grants.

use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::identity::RefuseToken;
use serde_json::json;

/// A program gets nothing.
#[derive(Debug)]
pub(super) struct Denied {
    status: StatusCode,
    error: &'static str,
    description: String,
}

impl Denied {
    /// With the code of a standard, and a sentence.
    pub(super) fn new(error: &'static str, description: impl Into<String>) -> Self {
        let status = match error {
            "invalid_client" => StatusCode::UNAUTHORIZED,
            "temporarily_unavailable" => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::BAD_REQUEST,
        };
        Self { status, error, description: description.into() }
    }

    /// A field of the request is not there, or there twice.
    pub(super) fn missing(field: &str) -> Self {
        Self::new("invalid_request", format!("`{field}` must be there, once"))
    }

    /// Records that a program asked for something that it does not get, and says so.
    pub(super) async fn recorded(
        deed: &Deed,
        asker: Asker,
        (grant, reason): (&str, &str),
        error: &'static str,
    ) -> Self {
        let refusal = RefuseToken { grant: grant.into(), reason: reason.into() };
        match deed.tell(asker, refusal.into()).await {
            Err(problem) if problem.code() != "token_refused" => problem.into(),
            Ok(_) | Err(_) => Self::new(error, format!("{reason}: {}", advice(reason))),
        }
    }
}

/// What to do about a reason.
fn advice(reason: &str) -> &'static str {
    match reason {
        "client_unknown" => {
            "there is no such program, or its secret is another; send its id and a credential of its own"
        }
        "code_unknown" => "the code is unknown, or over; begin again",
        "code_replayed" => "the code was used before, so what it gave has ended; begin again",
        "code_proof_wrong" => {
            "the code is for another address or another verifier, and has ended; begin again"
        }
        "device_codes_off" => "policy lets no programs in by codes; use a browser on the same machine",
        "subject_token_unknown" | "actor_token_unknown" => "the token is unknown, over or revoked",
        "actor_token_of_another" => "the client and the actor are not the same",
        "unknown_workload" => "policy names no workload with this issuer and subject",
        _ => "it was not believed; the server's log says more",
    }
}

impl From<Problem> for Denied {
    fn from(problem: Problem) -> Self {
        let error = match (problem.code(), problem.status()) {
            ("not_authenticated", _) => "invalid_client",
            ("token_refused" | "too_many", _) => "invalid_grant",
            (_, StatusCode::FORBIDDEN) => "access_denied",
            (_, StatusCode::SERVICE_UNAVAILABLE) => "temporarily_unavailable",
            _ => "invalid_request",
        };
        Self::new(error, problem.detail())
    }
}

impl IntoResponse for Denied {
    fn into_response(self) -> Response {
        let Self { status, error, description } = self;
        let body = Json(json!({ "error": error, "error_description": printable(&description) }));
        let mut answer = (status, body).into_response();
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::UNAUTHORIZED {
            answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Basic"));
        }
        answer
    }
}

/// A text with the characters that RFC 6749 allows in a description.
fn printable(text: &str) -> String {
    let plain = |character: char| match character {
        '"' | '`' | '\\' => '\'',
        ' '..='~' => character,
        _ => '?',
    };
    text.chars().map(plain).collect()
}
