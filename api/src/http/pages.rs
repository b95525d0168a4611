//! Lists in pages, and the one page for people: the claim.

use super::tags::Tagged;
use super::{Deed, Kind, Problem};
use axum::extract::{FromRequestParts, Query};
use axum::http::{HeaderValue, header, request::Parts};
use axum::response::{IntoResponse, Response};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt::Display;
use std::str::FromStr;

/// Rows of a page when the client names no number.
const ROWS: usize = 100;
/// Most rows of a page.
const ROWS_MAX: usize = 1_000;

/// Where a page begins and how long it is.
pub(super) struct Paging<T> {
    pub(super) after: Option<T>,
    pub(super) as_of: Option<String>,
    limit: usize,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// The `next` of the page before.
    after: Option<String>,
    /// A number of events, or a time such as `2027-01-31T23:59:59.000000Z`: what was so then.
    as_of: Option<String>,
    /// How many rows at most, 100 unless given.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<usize>,
}

/// A limit within bounds.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked {
        None => Ok(ROWS),
        Some(limit) if (1..=ROWS_MAX).contains(&limit) => Ok(limit),
        Some(_) => Err(wrong_query(format!("`limit` is a number from 1 to {ROWS_MAX}"))),
    }
}

/// A query that cannot be understood.
pub(super) fn wrong_query(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::WrongQuery, detail)
}

impl<T: FromStr<Err: Display> + Send> FromRequestParts<Deed> for Paging<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Deed) -> Result<Self, Problem> {
        let Query(asked) =
            Query::<Asked>::try_from_uri(&parts.uri).map_err(|cause| wrong_query(cause.body_text()))?;
        let after = asked.after.map(|after| after.parse()).transpose();
        let after = after.map_err(|cause: T::Err| wrong_query(format!("`after`: {cause}")))?;
        Ok(Self { after, as_of: asked.as_of, limit: limit(asked.limit)? })
    }
}

/// One page of a list.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "PageOf{T}")]
pub(super) struct Page<T> {
    rows: Vec<T>,
    /// What to pass as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// How many events the list takes in.
    as_of: u64,
}

impl<T: Serialize> Tagged for Page<T> {
    fn size(&self) -> u64 {
        self.as_of
    }
}

impl<K> Paging<K> {
    pub(super) fn page<T>(
        &self,
        rows: impl Iterator<Item = T>,
        as_of: u64,
        key: impl Fn(&T) -> String,
    ) -> Page<T> {
        let mut rows: Vec<T> = rows.take(self.limit + 1).collect();
        let more = rows.len() > self.limit;
        rows.truncate(self.limit);
        Page { next: rows.last().filter(|_| more).map(key), rows, as_of }
    }
}

pub(super) fn asset(kind: &'static str, body: &'static str) -> Response {
    let policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'none'; \
                  frame-ancestors 'none'; base-uri 'none'";
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(policy)),
        (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (headers, body).into_response()
}

/// The page that the claim link opens. The token stays behind the `#` and so out of every log.
pub(super) async fn claim() -> Response {
    asset("text/html; charset=utf-8", include_str!("../../pages/claim.html"))
}

pub(super) async fn claim_script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("../../pages/claim.js"))
}

pub(super) async fn claim_style() -> Response {
    asset("text/css; charset=utf-8", include_str!("../../pages/claim.css"))
}
