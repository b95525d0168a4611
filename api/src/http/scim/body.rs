//! Bodies of SCIM requests: larger than others, and so only a few of them at a time.

use super::fault::Fault;
use crate::http::asking::Deed;
use crate::http::body::whole;
use crate::http::{Kind, Problem};
use crate::limits::BODY_BYTES_MAX as SMALL_BYTES_MAX;
use crate::scim;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;

/// What clients may say that they send.
const CONTENT_TYPES: [&str; 2] = ["application/scim+json", "application/json"];

/// A body of JSON, with its place among the large ones for as long as it is worked on.
pub(super) struct Json {
    pub(super) value: Value,
    _place: Option<OwnedSemaphorePermit>,
}

impl FromRequest<Deed> for Json {
    type Rejection = Response;

    async fn from_request(request: Request, deed: &Deed) -> Result<Self, Response> {
        read(request, deed).await.map_err(IntoResponse::into_response)
    }
}

async fn read(request: Request, deed: &Deed) -> Result<Json, Fault> {
    let length =
        request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    let is_small = length.is_some_and(|length: usize| length <= SMALL_BYTES_MAX);
    let busy =
        |_| Problem::new(Kind::Busy, "too many large requests are being read; send it again in a moment");
    let large = Arc::clone(&deed.directories.large);
    let _place = if is_small { None } else { Some(large.try_acquire_owned().map_err(busy)?) };
    let bytes_max = if is_small { SMALL_BYTES_MAX } else { scim::BODY_BYTES_MAX };
    let advice = "send JSON with `Content-Type: application/scim+json`";
    let bytes = whole(request, deed, &CONTENT_TYPES, advice, bytes_max).await?;
    Ok(Json { value: scim::read_body(&bytes)?, _place })
}
