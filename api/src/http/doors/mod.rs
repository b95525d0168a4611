//! The doors of workspaces: who comes to which app. Each app has a host name of its own; by path, below the door's own name, one comes to
//! one's own apps alone.
//!
//! A browser that is not known at an app's address goes to this server's address, where its session is, and comes back with a ticket that
//! opens that one address once. Sessions are asked for each request, and all the time while something is open.

mod entry;
mod open;
mod visits;

pub use entry::Entries;
pub(super) use open::open;
use visits::Visits;

use super::asking::Deed;
use crate::clock;
use crate::door::{self, Front, Outer, forward};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};

use ledger::event::id::WorkspaceId;
use ledger::event::{Actor, Subject};
use projections::workspaces::{Status, Visitor};
use std::net::SocketAddr;
use std::sync::Arc;

/// Paths of the door's own, at every address of an app.
const OWN: &str = "/.deed/";
/// What the door needs beside the server.
#[derive(Clone)]
pub struct Doors {
    deed: Deed,
    visits: Arc<Visits>,
}

/// A place behind the door.
struct Place {
    workspace: WorkspaceId,
    /// The slug of an app, the number of a port, or `terminal`.
    app: Box<str>,
    outer: Outer,
    /// Whether it is reached by path.
    by_path: bool,
}

impl Doors {
    /// The doors of a server.
    pub fn new(deed: Deed) -> Self {
        let visits = Visits::begin(&deed);
        Self { deed, visits }
    }

    /// Answers a request that came to the door.
    pub async fn answer(self, peer: SocketAddr, request: hyper::Request<hyper::body::Incoming>) -> Response {
        let request = request.map(Body::new);
        let Some(address) = self.deed.door.clone() else { return nothing() };
        let front = Front { secure: address.is_secure(), port: address.port() };
        let outer = match door::outer(&request, front, peer.ip()) {
            Ok(outer) => outer,
            Err(refused) => return refused.page(),
        };
        let host = outer.host().to_string();
        if request.uri().path().starts_with(OWN) {
            return self.deed.entries.enter(&outer, &request);
        }
        let who = self.deed.entries.known(&self.deed, &outer, request.headers());
        let place = match address.read(&host) {
            Some((app, label)) => match self.by_name(app, label, outer.clone()) {
                // Whoever is not known here learns as little of a name that nobody has as of one that somebody has.
                None if who.is_none() => return self.strange(&outer, &request),
                place => place,
            },
            None if address.is_itself(&host) => match self.by_path(who, &outer, &request) {
                Ok(place) => place,
                Err(answer) => return *answer,
            },
            None => None,
        };
        match place {
            Some(place) => self.come_in(place, who, request).await,
            None => nothing(),
        }
    }

    /// The place that a host name stands for.
    fn by_name(&self, app: &str, label: &str, outer: Outer) -> Option<Place> {
        let workspace = self.deed.engine.published().state.workspaces.by_label(label)?;
        Some(Place { workspace, app: app.into(), outer, by_path: false })
    }

    /// The place that a path stands for, `/@me/WORKSPACE/apps/APP/`, for whoever is known.
    fn by_path(
        &self,
        who: Option<Actor>,
        outer: &Outer,
        request: &Request,
    ) -> Result<Option<Place>, Box<Response>> {
        let path = request.uri().path();
        let mut parts = path.strip_prefix("/@me/").unwrap_or_default().splitn(4, '/');
        let (Some(handle), Some("apps"), Some(app)) = (parts.next(), parts.next(), parts.next()) else {
            return Ok(None);
        };
        let prefix = format!("/@me/{handle}/apps/{app}");
        if parts.next().is_none() {
            return Err(Box::new(see(StatusCode::TEMPORARY_REDIRECT, &format!("{prefix}/"))));
        }
        let Some(owner) = who.and_then(|who| whose(&who)) else {
            return Err(Box::new(self.strange(outer, request)));
        };
        let workspace = self.deed.engine.published().state.workspaces.by_handle(owner, handle);
        let outer = outer.clone().below(&prefix);
        Ok(workspace.map(|workspace| Place { workspace, app: app.into(), outer, by_path: true }))
    }

    /// Lets somebody in who may, and sends a stranger to where sessions are.
    async fn come_in(&self, place: Place, who: Option<Actor>, request: Request) -> Response {
        let visitor = who.map_or(Visitor::Public, Visitor::Known);
        let published = self.deed.engine.published();
        let (state, now) = (&published.state, clock::now());
        let opened = state.opens(visitor, place.workspace, &place.app, now);
        let Some(opened) = opened.filter(|opened| opened.by_owner || !place.by_path) else {
            return self.turned_away(&place, who, &request);
        };
        let upstream =
            self.deed.keeper.as_ref().and_then(|keeper| keeper.upstream(opened.workspace, opened.port));
        let Some(upstream) = upstream else { return starting() };
        let Some(visit) = self.visits.begin_visit(visitor, (place.workspace, &place.app), place.by_path)
        else {
            return crowded();
        };
        forward(&upstream, &place.outer, request, &visit).await
    }

    /// What somebody sees who may not come in. Whether there is such a place is said to nobody who could not open it.
    fn turned_away(&self, place: &Place, who: Option<Actor>, request: &Request) -> Response {
        let Some(who) = who else { return self.strange(&place.outer, request) };
        let published = self.deed.engine.published();
        let found = published.state.workspaces.live(place.workspace);
        let own = found.filter(|found| found.owner.is_some() && found.owner == whose(&who));
        match own.map(|found| found.phase.status) {
            Some(Status::Requested | Status::Building | Status::Lost) => starting(),
            Some(Status::Running) | None => nothing(),
            Some(status) => page(
                StatusCode::CONFLICT,
                "The workspace is not running",
                &format!("It is {}. Start it, and load this page again.", status.as_str()),
            ),
        }
    }

    /// Sends a browser that nobody knows here to where its session is. What is no page being opened just learns that it may not.
    fn strange(&self, outer: &Outer, request: &Request) -> Response {
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let navigates = header("sec-fetch-mode").is_none_or(|mode| mode == "navigate")
            && header("accept").is_some_and(|accept| accept.contains("text/html"));
        if request.method() != Method::GET || !navigates || outer.kind() == door::Kind::WebSocket {
            return page(
                StatusCode::UNAUTHORIZED,
                "You are not signed in",
                "Open the app's address in a page of its own, and sign in there.",
            );
        }
        self.deed.entries.send_away(&self.deed, outer, request.uri())
    }
}

/// For whom somebody acts.
fn whose(actor: &Actor) -> Option<Subject> {
    actor.person_behind().or_else(|| actor.shown().map(|(subject, _)| subject))
}

fn nothing() -> Response {
    page(
        StatusCode::NOT_FOUND,
        "There is nothing here for you",
        "There is no such app, or it is not shared with you. Look at the address, or ask whose workspace it is.",
    )
}

fn crowded() -> Response {
    page(StatusCode::SERVICE_UNAVAILABLE, "Too many are inside", "Wait a moment, and load this page again.")
}

fn starting() -> Response {
    let mut response = page(
        StatusCode::SERVICE_UNAVAILABLE,
        "The workspace is starting",
        "This page loads again by itself.",
    );
    response.headers_mut().insert("refresh", axum::http::HeaderValue::from_static("2"));
    response
}

fn page(status: StatusCode, title: &str, text: &str) -> Response {
    door::page(status, title, text)
}

/// Sends a browser to another place.
fn see(status: StatusCode, place: &str) -> Response {
    let headers = [
        (axum::http::header::LOCATION, place),
        (axum::http::header::CACHE_CONTROL, "no-store"),
        (axum::http::header::REFERRER_POLICY, "no-referrer"),
    ];
    (status, headers).into_response()
}
