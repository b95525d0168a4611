//! Request bodies: bounded in bytes and time, JSON or forms, and strict about it.

use super::{Deed, Kind, Problem};
use crate::limits::BODY_BYTES_MAX;
use axum::body::Body;
use axum::extract::FromRequest;
use axum::http::{HeaderMap, Request, header};
use serde::de::DeserializeOwned;
use tokio_stream::StreamExt;

/// Bytes of a body too large that are read all the same: a client that is still writing when the connection closes
/// would lose the answer that says why.
const DRAINED_BYTES_MAX: usize = 1 << 20;

/// A body that is one JSON value of the wanted shape.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Deed> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, deed: &Deed) -> Result<Self, Problem> {
        let advice = "send JSON with `Content-Type: application/json`";
        let bytes = whole(request, deed, &["application/json"], advice, BODY_BYTES_MAX).await?;
        if bytes.is_empty() {
            return Err(Problem::new(Kind::NotJson, "the body is empty; send one JSON object"));
        }
        parse(&bytes, "the body").map(Self)
    }
}

/// The fields of a form.
pub(super) struct Form(Vec<(String, String)>);

impl FromRequest<Deed> for Form {
    type Rejection = Problem;

    async fn from_request(request: Request<Body>, deed: &Deed) -> Result<Self, Problem> {
        const KIND: &str = "application/x-www-form-urlencoded";
        let advice = "send a form with `Content-Type: application/x-www-form-urlencoded`";
        let bytes = whole(request, deed, &[KIND], advice, BODY_BYTES_MAX).await?;
        Ok(Self(crate::oidc::form(&bytes).collect()))
    }
}

impl Form {
    /// The value of a field that is there once. One that is there twice counts as none.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(found, _)| found == name).map(|(_, value)| value.as_str());
        let first = values.next();
        first.filter(|_| values.next().is_none())
    }
}

/// A body of one of some kinds, whole.
pub(super) async fn whole(
    request: Request<Body>,
    deed: &Deed,
    wanted: &[&str],
    advice: &str,
    bytes_max: usize,
) -> Result<Vec<u8>, Problem> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let essence = kind.map(|kind| kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
    if !essence.is_some_and(|essence| wanted.contains(&&*essence)) {
        return Err(Problem::new(Kind::WrongContentType, advice));
    }
    if declared(&parts.headers).is_some_and(|bytes| bytes > DRAINED_BYTES_MAX.max(bytes_max)) {
        return Err(too_large(bytes_max));
    }
    let Ok(bytes) = tokio::time::timeout(deed.limits.body, read(body, bytes_max)).await else {
        let seconds = deed.limits.body.as_secs();
        let detail = format!("the body did not come within {seconds} seconds");
        return Err(Problem::new(Kind::BodyTooSlow, detail));
    };
    bytes
}

fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn read(body: Body, bytes_max: usize) -> Result<Vec<u8>, Problem> {
    let mut pieces = body.into_data_stream();
    let (mut bytes, mut seen) = (Vec::new(), 0);
    while let Some(piece) = pieces.next().await {
        let broken = |_| Problem::new(Kind::BodyUnreadable, "the body broke off or is malformed");
        let piece = piece.map_err(broken)?;
        seen += piece.len();
        if seen > DRAINED_BYTES_MAX.max(bytes_max) {
            break;
        }
        if seen <= bytes_max {
            bytes.extend_from_slice(&piece);
        }
    }
    if seen > bytes_max { Err(too_large(bytes_max)) } else { Ok(bytes) }
}

fn too_large(bytes_max: usize) -> Problem {
    Problem::new(Kind::BodyTooLarge, format!("a body has at most {bytes_max} bytes here"))
}

/// Reads JSON; the problem names the place in `what`.
pub(super) fn parse<T: DeserializeOwned>(text: &[u8], what: &str) -> Result<T, Problem> {
    if let Err(cause) = std::str::from_utf8(text) {
        let detail = format!("{what} is not UTF-8 at byte {}", cause.valid_up_to());
        return Err(Problem::new(Kind::NotUtf8, detail));
    }
    serde_json::from_slice(text).map_err(|cause| {
        let kind = match cause.classify() {
            serde_json::error::Category::Data => Kind::WrongShape,
            serde_json::error::Category::Io
            | serde_json::error::Category::Syntax
            | serde_json::error::Category::Eof => Kind::NotJson,
        };
        Problem::new(kind, format!("in {what}: {cause}"))
    })
}
