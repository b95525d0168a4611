//! What a handler's own types say about its route: each part that it takes, and what it gives.

use super::operation::{Credential, Operation};
use crate::http::Kind;
use crate::http::asking::{Asker, Deed};
use crate::http::body;
use crate::http::commands::CommandAnswer;
use crate::http::custody::{EventPage, Position};
use crate::http::pages::{Asked, Paging};
use crate::http::tags::{self, Seen, Tagged};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::Response;
use ledger::event::Refusal;
use schemars::{JsonSchema, json_schema};
use serde_json::json;

/// Problems of every route that reaches the engine.
const OF_THE_LEDGER: &[Kind] = &[
    Kind::IndexBehind,
    Kind::NotRecorded,
    Kind::OutcomeUnknown,
    Kind::Stopped,
    Kind::Busy,
    Kind::Unreadable,
];

/// Something that a handler takes.
pub(in crate::http) trait Part {
    fn describe(operation: &mut Operation<'_>);
}

impl Part for State<Deed> {
    fn describe(operation: &mut Operation<'_>) {
        operation.fails(&[Kind::Late]);
    }
}

impl Part for HeaderMap {
    fn describe(operation: &mut Operation<'_>) {
        operation.fails(&[Kind::WrongHeader]);
    }
}

impl Part for Asker {
    fn describe(operation: &mut Operation<'_>) {
        operation.credential = Credential::Needed;
        operation.fails(&[Kind::MalformedAuthorization]);
        operation.fails(OF_THE_LEDGER);
        operation.refuses(&["not_authenticated", "not_permitted"]);
    }
}

impl<T> Part for Paging<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.query::<Asked>();
        operation.fails(&[Kind::WrongQuery]);
    }
}

impl<T: JsonSchema> Part for Result<Query<T>, QueryRejection> {
    fn describe(operation: &mut Operation<'_>) {
        operation.query::<T>();
        operation.fails(&[Kind::WrongQuery]);
    }
}

impl Part for Path<String> {
    fn describe(operation: &mut Operation<'_>) {
        operation.fails(&[Kind::WrongPath]);
    }
}

impl Part for Path<(String, String)> {
    fn describe(operation: &mut Operation<'_>) {
        Path::<String>::describe(operation);
    }
}

impl Part for Position {
    fn describe(operation: &mut Operation<'_>) {
        operation.path_is(json!({"type": "integer", "minimum": 0}));
        operation.fails(&[Kind::WrongPath, Kind::UnknownEvent]);
    }
}

impl Part for Seen {
    fn describe(operation: &mut Operation<'_>) {
        let about = "An `ETag` of a list or an answer, or a number of events in quotes: when there are more by now, nothing is done.";
        let pattern = r#"^(W/)?"(0|[1-9][0-9]{0,15})(\.[0-9a-f]+)?"$"#;
        operation.header("If-Match", about, json!({"type": "string", "pattern": pattern}));
        operation.fails(&[Kind::WrongHeader, Kind::ChangedSince]);
    }
}

impl<T: JsonSchema> Part for body::Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.takes::<T>();
        operation.fails(&[
            Kind::WrongContentType,
            Kind::BodyTooLarge,
            Kind::BodyTooSlow,
            Kind::BodyUnreadable,
            Kind::NotUtf8,
            Kind::CrossSite,
            Kind::NotJson,
            Kind::WrongShape,
        ]);
    }
}

/// What a handler gives.
pub(in crate::http) trait Answers {
    fn describe(operation: &mut Operation<'_>);
}

impl<T: JsonSchema> Answers for Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives::<T>();
    }
}

impl<T: JsonSchema + Tagged> Answers for tags::Json<T> {
    fn describe(operation: &mut Operation<'_>) {
        operation.gives::<T>();
        operation.gives_header("ETag", "How many events the answer takes in, and a digest of it.");
        let about = "An `ETag` that came before: what is still the same answers `304` without a body.";
        operation.header(
            "If-None-Match",
            about,
            json!({"type": "string", "examples": ["\"7.0123456789abcdef\""]}),
        );
        operation.answers("304", json!({"description": "The client has it already."}));
    }
}

/// Its type says nothing: see [`untyped`].
impl Answers for Response {
    fn describe(_: &mut Operation<'_>) {}
}

impl<T: Answers, E> Answers for Result<T, E> {
    fn describe(operation: &mut Operation<'_>) {
        T::describe(operation);
    }
}

/// A handler that says by its types what it takes and gives.
pub(in crate::http) trait Handler<Parts> {
    fn describe(operation: &mut Operation<'_>);
}

macro_rules! handlers {
    ($($part:ident)*) => {
        impl<F, A, R, $($part: Part),*> Handler<($($part,)*)> for F
        where
            F: Fn($($part),*) -> A,
            A: Future<Output = R>,
            R: Answers,
        {
            fn describe(operation: &mut Operation<'_>) {
                $($part::describe(operation);)*
                R::describe(operation);
            }
        }
    };
}

handlers! {}
handlers! { P1 }
handlers! { P1 P2 }
handlers! { P1 P2 P3 }
handlers! { P1 P2 P3 P4 }
handlers! { P1 P2 P3 P4 P5 }

/// Describes the route of a handler.
pub(in crate::http) fn describe<Parts, H: Handler<Parts>>(_: &H, operation: &mut Operation<'_>) {
    H::describe(operation);
}

/// Adds what the types of a few handlers do not say.
pub(super) fn untyped(operation: &mut Operation<'_>) {
    let text = || json_schema!({"type": "string"});
    match operation.path {
        "/api/v1/commands" => command(operation),
        "/api/v1/events" => {
            operation.gives::<EventPage>();
            operation.gives_as("text/event-stream", text());
            operation.fails(&[Kind::UnknownEvent]);
            let last = "Position of the last event that came: a stream goes on after it.";
            operation.header(
                "Last-Event-ID",
                last,
                json!({"type": "string", "pattern": "^(0|[1-9][0-9]{0,15})$"}),
            );
        }
        "/api/v1/events/{seq}/proof" => {
            operation.gives_as("text/plain; charset=utf-8", text());
            operation.fails(&[Kind::NotCheckpointed]);
        }
        "/api/v1/workspaces/{workspace}/log" => {
            operation.gives_as("text/plain; charset=utf-8", text());
            operation.fails(&[Kind::NoSuchRoute, Kind::Unreadable]);
        }
        "/api/v1/checkpoint" => {
            operation.gives_as("text/plain; charset=utf-8", text());
            operation.fails(&[Kind::NotCheckpointed]);
        }
        "/api/v1/openapi.json" => operation.gives_as("application/json", json_schema!({"type": "object"})),
        "/healthz" => {
            operation.gives_as("text/plain; charset=utf-8", text());
            operation.fails(&[Kind::Stopped]);
        }
        "/claim" => operation.gives_as("text/html; charset=utf-8", text()),
        "/claim.js" => operation.gives_as("text/javascript; charset=utf-8", text()),
        "/claim.css" => operation.gives_as("text/css; charset=utf-8", text()),
        _ => {}
    }
    if operation.path != "/healthz" {
        operation.fails(&[Kind::RateLimited]);
    }
    operation.fails(&[Kind::Late]);
}

fn command(operation: &mut Operation<'_>) {
    operation.credential = Credential::Optional;
    operation.gives::<CommandAnswer>();
    operation.fails(&[Kind::UnknownCommand]);
    operation.refuses(Refusal::CODES);
}
