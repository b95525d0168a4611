//! Entity tags: they name how many events an answer takes in, so that a client reads again only what changed, and orders only
//! on what it has seen.
//!
//! The number alone would not do as a tag: grants and credentials expire without an event, and readers see different things.
//! So a digest of the answer stands behind it.

use super::asking::Deed;
use super::{Kind, Problem};
use axum::body::Body;
use axum::extract::{FromRequestParts, Request};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ledger::hash::{Hash, to_hex};
use serde::Serialize;

/// Something that is told apart by a tag.
pub(super) trait Tagged: Serialize {
    /// How many events it takes in.
    fn size(&self) -> u64;

    /// What of it says the same as long as it means the same; `None` stands for all of it.
    fn meaning(&self) -> Option<Vec<u8>> {
        None
    }
}

/// JSON with its tag.
pub(super) struct Json<T>(pub(super) T);

impl<T: Tagged> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        let (weak, meaning) = match self.0.meaning() {
            Some(meaning) => ("W/", Hash::of(&[&meaning])),
            None => ("", Hash::of(&[&body])),
        };
        let digest = to_hex(meaning.0.first_chunk::<8>().unwrap_or(&[0; 8]));
        let tag = HeaderValue::try_from(format!("{weak}\"{}.{digest}\"", self.0.size()));
        let headers = [
            (header::CONTENT_TYPE, HeaderValue::from_static("application/json")),
            (header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache")),
            (header::VARY, HeaderValue::from_static("Authorization")),
        ];
        let mut response = (headers, body).into_response();
        response.headers_mut().extend(tag.ok().map(|tag| (header::ETAG, tag)));
        response
    }
}

/// Answers `304` when the client has what it would get.
pub(super) async fn unless_same(request: Request, next: Next) -> Response {
    let reads = request.method() == Method::GET;
    let known = request.headers().get_all(header::IF_NONE_MATCH).iter().cloned().collect::<Vec<_>>();
    let response = next.run(request).await;
    let Some(tag) = response.headers().get(header::ETAG).filter(|_| reads) else { return response };
    if !known.iter().any(|list| names(list, tag)) {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::NOT_MODIFIED;
    parts.headers.remove(header::CONTENT_TYPE);
    Response::from_parts(parts, Body::empty())
}

/// Whether a list of tags names one, weakly compared. A tag of ours holds no comma.
fn names(list: &HeaderValue, tag: &HeaderValue) -> bool {
    let (Ok(list), Ok(tag)) = (list.to_str(), tag.to_str()) else { return false };
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    list.trim() == "*" || list.split(',').any(|known| strong(known) == strong(tag))
}

/// How many events a client had seen when it decided, if it says so with `If-Match`.
pub(super) struct Seen(pub(super) Option<u64>);

impl FromRequestParts<Deed> for Seen {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &Deed) -> Result<Self, Problem> {
        seen(&parts.headers).map(Self).ok_or_else(|| {
            let detail = "`If-Match` is one `ETag` that a list or an answer came with, or a number of events in quotes";
            Problem::new(Kind::WrongHeader, detail)
        })
    }
}

/// `None` when it cannot be understood.
fn seen(headers: &HeaderMap) -> Option<Option<u64>> {
    let mut shown = headers.get_all(header::IF_MATCH).iter();
    let (first, second) = (shown.next(), shown.next());
    let Some(first) = first else { return Some(None) };
    let text = first.to_str().ok().filter(|_| second.is_none())?.trim();
    if text == "*" {
        return Some(None);
    }
    let tag = text.trim_start_matches("W/").strip_prefix('"')?.strip_suffix('"')?;
    let size = tag.split_once('.').map_or(tag, |(size, _)| size);
    let number: u64 = size.parse().ok()?;
    (number.to_string() == size).then_some(Some(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen_in(text: &str) -> Option<Option<u64>> {
        let value = HeaderValue::try_from(text).unwrap();
        seen(&HeaderMap::from_iter([(header::IF_MATCH, value)]))
    }

    #[test]
    fn a_tag_or_a_number_in_quotes_says_what_was_seen() {
        assert_eq!(seen(&HeaderMap::new()), Some(None));
        for (text, size) in [("\"7\"", 7), ("\"12.00ff\"", 12), ("W/\"12.00ff\"", 12), (" \"0\" ", 0)] {
            assert_eq!(seen_in(text), Some(Some(size)), "{text}");
        }
        assert_eq!(seen_in("*"), Some(None));
        for text in
            ["7", "\"\"", "\"+7\"", "\"07\"", "\"a\"", "\"7\", \"8\"", "\"", "\"18446744073709551616\""]
        {
            assert_eq!(seen_in(text), None, "{text}");
        }
    }

    #[test]
    fn a_tag_is_found_in_a_list() {
        let tag = HeaderValue::from_static("\"7.00ff\"");
        let in_list = |list| names(&HeaderValue::from_static(list), &tag);
        assert!(in_list("*") && in_list("\"7.00ff\"") && in_list("\"6.1\", W/\"7.00ff\""));
        assert!(!in_list("\"7.00fe\"") && !in_list("\"8.00ff\"") && !in_list(""));
    }
}
