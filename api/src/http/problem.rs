//! Errors as RFC 9457 problem documents, each with a stable `code`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::engine::{Busy, Failure};
use ledger::event::Refusal;
use ledger::receipt::Receipt;
use serde::Serialize;

/// An error for a client: what was wrong, where, what to do.
#[derive(Debug, Serialize)]
pub struct Problem {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    #[serde(skip)]
    headers: HeaderMap,
}

impl Problem {
    /// A problem of a kind, with what to do about this one.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:deed:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail: detail.into(),
            refusal: None,
            receipt: None,
            headers: HeaderMap::new(),
        }
    }

    /// What the engine refused, with the receipt for the refusal.
    pub fn refused(refusal: Refusal, receipt: Option<Receipt>) -> Self {
        let mut problem = Self::new(status(&refusal), refusal.code(), refusal.to_string());
        if problem.status == StatusCode::UNAUTHORIZED.as_u16() {
            problem.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        problem.refusal = Some(refusal);
        problem.receipt = receipt;
        problem
    }

    fn later(code: &'static str, detail: impl Into<String>) -> Self {
        let mut problem = Self::new(StatusCode::SERVICE_UNAVAILABLE, code, detail);
        problem.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        problem
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAuthenticated {} => StatusCode::UNAUTHORIZED,
        Refusal::NotPermitted { .. } | Refusal::ExceedsOwnRights { .. } | Refusal::ClaimNotOpen {} => {
            StatusCode::FORBIDDEN
        }
        Refusal::UnknownSubject { .. }
        | Refusal::UnknownGrant { .. }
        | Refusal::UnknownCredential { .. }
        | Refusal::NothingToErase { .. } => StatusCode::NOT_FOUND,
        Refusal::HandleTaken { .. } | Refusal::LastOwner { .. } => StatusCode::CONFLICT,
        Refusal::CommandIdReused { .. } | Refusal::ExpiryInPast {} => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let code = match failure {
            Failure::IndexBehind => "index_behind",
            Failure::NotRecorded(_) => "not_recorded",
            Failure::Unknown(_) => "outcome_unknown",
            Failure::Stopped => "stopped",
        };
        Self::later(code, failure.to_string())
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::later("busy", busy.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = std::mem::take(&mut self.headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let body = serde_json::to_vec(&self).unwrap_or_default();
        (status, headers, body).into_response()
    }
}
