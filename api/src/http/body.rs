//! Request bodies: bounded, JSON, and strict about it.

use super::Problem;
use axum::body::Bytes;
use axum::extract::FromRequest;
use axum::extract::rejection::BytesRejection;
use axum::http::{Request, StatusCode, header};
use serde::de::DeserializeOwned;

/// A body that is one JSON value of the wanted shape, and the value it was read from.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<axum::body::Body>, state: &S) -> Result<Self, Problem> {
        let kind = request.headers().get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        if essence.as_deref() != Some("application/json") {
            let detail = "send JSON with `Content-Type: application/json`";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "wrong_content_type", detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(unread)?;
        parse(&bytes).map(Self)
    }
}

fn unread(rejection: BytesRejection) -> Problem {
    match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "body_too_large",
            "a body may have at most 65,536 bytes",
        ),
        _ => Problem::new(
            StatusCode::BAD_REQUEST,
            "body_unreadable",
            "the body ended early or came too slowly",
        ),
    }
}

/// Reads JSON; the problem names the place.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    if let Err(cause) = std::str::from_utf8(text) {
        let detail = format!("the body is not UTF-8 at byte {}", cause.valid_up_to());
        return Err(Problem::new(StatusCode::BAD_REQUEST, "not_utf8", detail));
    }
    serde_json::from_slice(text).map_err(|cause| {
        let (status, code) = match cause.classify() {
            serde_json::error::Category::Data => (StatusCode::UNPROCESSABLE_ENTITY, "wrong_shape"),
            _ => (StatusCode::BAD_REQUEST, "not_json"),
        };
        Problem::new(status, code, cause.to_string())
    })
}
