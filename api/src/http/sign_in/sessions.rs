//! One's own sessions: a page, its live watch, and the list over HTTP.

use super::page::{self, Row};
use crate::clock;
use crate::http::asking::{Asker, Deed, may_see, subject_of};
use crate::http::html::{elsewhere, moment};
use crate::http::pages::{Page, Paging};
use crate::http::tags::Json;
use crate::http::{Kind, Problem};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::sse::{Event as Sent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use commands::identity::RevokeCredential;
use ledger::event::Actor;
use ledger::event::id::CredentialId;
use ledger::event::scope::Scope;
use ledger::time::Time;
use projections::access::Permission;
use projections::identity::Session;
use schemars::JsonSchema;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

/// How often it is looked whether a session lay unused for too long.
const LOOK: Duration = Duration::from_secs(1);

/// The page of one's sessions.
pub(in crate::http) async fn own(State(deed): State<Deed>, asker: Asker) -> Response {
    let published = deed.engine.published();
    let Actor::Subject(subject, this) = asker.actor else {
        return elsewhere("/sign-in", None);
    };
    let (state, now) = (&published.state, clock::now());
    let live = state.credentials.unrevoked(subject).iter().filter_map(|id| {
        let credential = state.credentials.live(*id, now)?;
        let session = state.sessions.find(*id)?;
        Some(Row {
            id: id.to_string(),
            by: by(session),
            started: moment(session.started),
            expires: credential.expires.map(moment).unwrap_or_default(),
            several_factors: session.several_factors,
            is_this: *id == this,
        })
    });
    page::sessions(&subject.to_string(), &live.collect::<Vec<_>>()).into_response()
}

/// How one came in, in words.
fn by(session: &Session) -> String {
    let provider = session.provider.as_deref().unwrap_or("a recovery code");
    match &session.client {
        Some(client) => format!("{client}, by {provider}"),
        None => provider.to_owned(),
    }
}

/// Ends one of one's sessions, from its page.
pub(in crate::http) async fn end(
    State(deed): State<Deed>,
    asker: Asker,
    Path(credential): Path<String>,
) -> Result<Response, Problem> {
    let wrong = |cause: ledger::event::id::NotAnId| Problem::new(Kind::WrongPath, cause.to_string());
    let credential: CredentialId = credential.parse().map_err(wrong)?;
    deed.tell(asker, RevokeCredential { credential }.into()).await?;
    Ok(elsewhere("/sessions", None))
}

/// Says when the session has ended: one event, `ended`, and no more.
pub(in crate::http) async fn watch(State(deed): State<Deed>, asker: Asker) -> Response {
    if subject_of(&asker).is_none() {
        return StatusCode::NO_CONTENT.into_response();
    }
    let (sender, events) = mpsc::channel(1);
    tokio::spawn(follow(deed, asker, sender));
    Sse::new(ReceiverStream::new(events)).keep_alive(KeepAlive::new()).into_response()
}

async fn follow(deed: Deed, asker: Asker, out: mpsc::Sender<Result<Sent, Infallible>>) {
    let (mut grown, mut stopping) = (deed.grown.clone(), deed.stopping.clone());
    while may_see(&deed.engine.published(), &asker.actor, None, Scope::Site) {
        tokio::select! {
            changed = grown.changed() => if changed.is_err() { return },
            _ = stopping.changed() => return,
            () = out.closed() => return,
            () = tokio::time::sleep(LOOK) => {}
        }
    }
    drop(out.send(Ok(Sent::default().event("ended").data("ended"))).await);
}

#[derive(JsonSchema, Serialize)]
pub(in crate::http) struct SessionRow {
    session: CredentialId,
    subject: String,
    /// Absent after a recovery code.
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<Box<str>>,
    /// The program that has it; absent for a browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    client: Option<Box<str>>,
    /// When the person signed in here.
    started: Time,
    /// When the provider last made sure who it is.
    authenticated: Time,
    several_factors: bool,
    /// From when on it no longer works, however it is used.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Time>,
    /// From when on it no longer works, unless it is used before.
    #[serde(skip_serializing_if = "Option::is_none")]
    idle_until: Option<Time>,
    status: &'static str,
}

/// All sessions, for those who may see who exists.
pub(in crate::http) async fn sessions(
    State(deed): State<Deed>,
    asker: Asker,
    paging: Paging<CredentialId>,
) -> Result<Json<Page<SessionRow>>, Problem> {
    let (published, moment) = deed.view(asker, Some(Permission::IdentityRead), &paging).await?;
    let state = &published.state;
    let begun = state.credentials.list(paging.after).filter(|(_, found)| found.span.since < moment.size);
    let rows = begun.filter_map(|(id, found)| {
        let session = state.sessions.find(id)?;
        let over = |end: Option<Time>| end.is_some_and(|end| end <= moment.time);
        Some(SessionRow {
            session: id,
            subject: found.subject.to_string(),
            provider: session.provider.clone(),
            client: session.client.clone(),
            started: session.started,
            authenticated: session.authenticated,
            several_factors: session.several_factors,
            expires: found.expires,
            idle_until: found.idle.map(|idle| idle.until),
            status: match found.span.holds(moment.size) {
                false => "ended",
                true if over(found.expires) => "expired",
                true if over(found.idle.map(|idle| idle.until)) => "idle",
                true => "active",
            },
        })
    });
    Ok(Json(paging.page(rows, moment.size, |row| row.session.to_string())))
}

/// The page's script and style.
pub(in crate::http) async fn script() -> Response {
    crate::http::pages::asset("text/javascript; charset=utf-8", include_str!("../../../pages/sessions.js"))
}

pub(in crate::http) async fn style() -> Response {
    crate::http::pages::asset("text/css; charset=utf-8", include_str!("../../../pages/deed.css"))
}
