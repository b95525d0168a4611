//! Errors in the words of SCIM (RFC 7644, section 3.12).

use super::BASE;
use crate::http::Problem;
use crate::scim::{Kind, Refusal};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// What SCIM speaks.
pub(super) const CONTENT_TYPE: HeaderValue = HeaderValue::from_static("application/scim+json");
/// No problem document is longer.
const PROBLEM_BYTES_MAX: usize = 64 << 10;

/// Why a request is not done.
#[derive(Debug)]
pub(super) enum Fault {
    /// What was sent does not fit.
    Refusal(Refusal),
    /// Whoever asks may not, or the server cannot.
    Problem(Problem),
    /// Another status, with words for people.
    Status(StatusCode, Cow<'static, str>),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

impl From<Problem> for Fault {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Fault {
    /// Nothing of that name is there.
    pub(super) fn not_found(what: &str) -> Self {
        let what: String = what.chars().filter(|one| !one.is_control()).take(80).collect();
        Self::Status(StatusCode::NOT_FOUND, format!("`{what}` is not here, or is no longer").into())
    }

    /// The status of the answer, and its body.
    pub(super) fn document(&self) -> (StatusCode, Value) {
        match self {
            Self::Refusal(refusal) => {
                let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
                (status, refusal.document())
            }
            Self::Problem(problem) => {
                (problem.status(), of_code(problem.status(), problem.code(), problem.detail()))
            }
            Self::Status(status, detail) => (*status, of_code(*status, "", detail)),
        }
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        if let Self::Problem(problem) = self {
            // Its headers say more; its words become those of SCIM on the way out.
            return problem.into_response();
        }
        let (status, document) = self.document();
        answer(status, &document)
    }
}

/// A document, as SCIM sends it. Who may see it and for how long, nobody between us and the client decides.
pub(super) fn answer(status: StatusCode, document: &Value) -> Response {
    let body = serde_json::to_vec(document).unwrap_or_default();
    let headers = [
        (header::CONTENT_TYPE, CONTENT_TYPE),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
    ];
    (status, headers, body).into_response()
}

fn of_code(status: StatusCode, code: &str, detail: &str) -> Value {
    let kind = match code {
        "taken_at_tenant" | "name_taken" => Kind::Uniqueness.scim_type(),
        "wrong_content_type" | "not_json" => Kind::InvalidSyntax.scim_type(),
        "too_many" => Kind::TooMany.scim_type(),
        _ => None,
    };
    let mut document = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"],
        "status": status.as_str(),
        "detail": detail,
    });
    if let (Some(kind), Some(members)) = (kind, document.as_object_mut()) {
        members.insert("scimType".into(), kind.into());
    }
    document
}

/// The parts of a problem document that SCIM has words for.
#[derive(Deserialize)]
struct Said {
    code: String,
    detail: String,
}

/// Says in the words of SCIM what other parts of the server say in theirs: that nobody is known, that there is nothing, that it is too much.
pub(in crate::http) async fn in_its_words(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_scim = path == BASE || path.strip_prefix(BASE).is_some_and(|rest| rest.starts_with('/'));
    let response = next.run(request).await;
    if !is_scim || !is_problem(response.headers()) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, PROBLEM_BYTES_MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let document = match serde_json::from_slice::<Said>(&bytes) {
        Ok(said) => {
            // Whoever shows something that is no credential is nobody that is known.
            if said.code == "malformed_authorization" {
                parts.status = StatusCode::UNAUTHORIZED;
                parts.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            of_code(parts.status, &said.code, &said.detail)
        }
        Err(_) => of_code(parts.status, "", parts.status.canonical_reason().unwrap_or_default()),
    };
    parts.headers.insert(header::CONTENT_TYPE, CONTENT_TYPE);
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(document.to_string()))
}

fn is_problem(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes() == b"application/problem+json")
}
