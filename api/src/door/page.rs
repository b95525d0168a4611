//! What a browser shows when it cannot come to an app.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

/// A small page that says what happened and what to do. The texts are ours: nothing that a client or an app sent is in it.
pub(super) fn page(status: StatusCode, title: &str, text: &str) -> Response {
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title></head>\
         <body><h1>{title}</h1><p>{text}</p></body></html>\n"
    );
    let mut response = Response::new(Body::from(html));
    *response.status_mut() = status;
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'self'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    response.headers_mut().extend(headers.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

/// Nothing listens where the app should be.
pub(super) fn not_listening() -> Response {
    page(
        StatusCode::BAD_GATEWAY,
        "The app is not running",
        "Nothing listens on its port. Start the app in the workspace, or wait until it has started, and load this page again.",
    )
}

/// The workspace's network cannot be entered.
pub(super) fn unreachable() -> Response {
    page(
        StatusCode::BAD_GATEWAY,
        "The workspace cannot be reached",
        "Look whether it is running, start it, and load this page again. If it is, tell whoever runs this server.",
    )
}

/// The app ended the connection, or sent what is no HTTP.
pub(super) fn broken() -> Response {
    page(
        StatusCode::BAD_GATEWAY,
        "The app did not answer",
        "It closed the connection or sent what is no HTTP/1.1 answer. Look at its output in the workspace, and load this page again.",
    )
}

/// The app took too long.
pub(super) fn late() -> Response {
    page(
        StatusCode::GATEWAY_TIMEOUT,
        "The app took too long",
        "It is there and did not answer in time. Look at what it does in the workspace, and load this page again.",
    )
}

/// Who asked may no longer.
pub(super) fn closed() -> Response {
    page(
        StatusCode::FORBIDDEN,
        "The door was closed",
        "Your session or your access to this app has ended. Sign in again, or ask the owner of the workspace.",
    )
}

/// The request could not be passed on as it was.
pub(super) fn refused(status: StatusCode, text: &str) -> Response {
    page(status, "The request was refused", text)
}
