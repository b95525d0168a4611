//! The HTTP interface: routes, who asks, and the way to the engine.

mod access;
mod asking;
mod body;
mod commands;
mod custody;
mod identity;
mod pages;
mod problem;
mod stream;

pub use asking::{Asker, Deed};
pub use problem::Problem;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::time::Duration;
use tower::ServiceBuilder;
use tower_http::timeout::{RequestBodyTimeoutLayer, TimeoutLayer};

/// Largest request body: the largest leaf, so that what fits a request fits an event.
pub const BODY_BYTES_MAX: usize = 64 << 10;
/// How long a client may take between two pieces of its body.
const BODY_PAUSE_MAX: Duration = Duration::from_secs(10);
/// How long an answer may take. Streams begin within it and go on.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// All routes.
pub fn router(deed: Deed) -> Router {
    let limits = ServiceBuilder::new()
        .layer(TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, ANSWER_MAX))
        .layer(RequestBodyTimeoutLayer::new(BODY_PAUSE_MAX))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX));
    Router::new()
        .route("/api/v1/commands", post(commands::command))
        .route("/api/v1/me", get(identity::me))
        .route("/api/v1/people", get(identity::people))
        .route("/api/v1/service-accounts", get(identity::service_accounts))
        .route("/api/v1/credentials", get(identity::credentials))
        .route("/api/v1/roles", get(access::roles))
        .route("/api/v1/grants", get(access::grants))
        .route("/api/v1/events", get(custody::events))
        .route("/api/v1/events/{seq}", get(custody::event))
        .route("/api/v1/events/{seq}/proof", get(custody::proof))
        .route("/api/v1/ledger", get(custody::ledger))
        .route("/api/v1/checkpoint", get(custody::checkpoint))
        .route("/healthz", get(health))
        .route("/claim", get(pages::claim))
        .route("/claim.js", get(pages::claim_script))
        .route("/claim.css", get(pages::claim_style))
        .fallback(not_found)
        .method_not_allowed_fallback(wrong_method)
        .layer(limits)
        .with_state(deed)
}

async fn health() -> Response {
    ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], "ok\n").into_response()
}

async fn not_found() -> Problem {
    Problem::new(
        StatusCode::NOT_FOUND,
        "no_such_route",
        "there is nothing at this path; see `docs/reference/http.md`",
    )
}

async fn wrong_method() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "wrong_method", "this path does not take this method")
}
