//! `/open`: where a browser with a session gets a ticket for the address of an app.

use super::super::asking::{Asker, Deed};
use super::{page, see, whose};
use crate::door::DoorAddress;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use projections::workspaces::Visitor;
use serde::Deserialize;

/// What the door sends along.
#[derive(Deserialize)]
pub(in crate::http) struct Wanted {
    /// Where the browser wants to go: an address of an app.
    to: String,
    /// The digest of what it keeps there.
    #[serde(default)]
    browser: String,
}

pub(in crate::http) async fn open(
    State(deed): State<Deed>,
    asker: Asker,
    Query(wanted): Query<Wanted>,
) -> Response {
    let place = deed.door.as_deref().and_then(|door| Wish::read(door, &wanted.to));
    let digest = wanted.browser.len() == 64 && wanted.browser.bytes().all(|byte| byte.is_ascii_hexdigit());
    let Some(place) = place.filter(|_| digest) else {
        return page(
            StatusCode::BAD_REQUEST,
            "There is no such app",
            "The address is none of an app of this server.",
        );
    };
    let known = asker
        .actor
        .shown()
        .filter(|_| deed.engine.published().state.is_authentic(&asker.actor, crate::clock::now()));
    let Some((_, session)) = known else {
        let back =
            format!("/open?to={}&browser={}", super::super::html::in_query(&wanted.to), wanted.browser);
        return see(
            StatusCode::SEE_OTHER,
            &format!("/sign-in?return_to={}", super::super::html::in_query(&back)),
        );
    };
    if !place.is_open(&deed, &asker) {
        return super::nothing();
    }
    let ticket = deed.entries.ticket(&place.authority, session, &wanted.browser);
    let path = super::super::html::in_query(&place.path);
    see(StatusCode::SEE_OTHER, &format!("{}/.deed/enter?ticket={ticket}&path={path}", place.origin))
}

/// An address of an app, taken apart.
struct Wish {
    origin: String,
    authority: String,
    path: String,
    /// The app and what stands for its workspace; `None` for the door itself.
    app: Option<(String, String)>,
}

impl Wish {
    fn read(door: &DoorAddress, text: &str) -> Option<Self> {
        let uri: Uri = text.parse().ok()?;
        let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
        let secure = scheme == "https";
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let usual = secure == door.is_secure() && port == door.port() && !authority.as_str().contains('@');
        let host = authority.host();
        let app = door.read(host).map(|(app, label)| (app.to_owned(), label.to_owned()));
        if !usual || app.is_none() && !door.is_itself(host) {
            return None;
        }
        let path = uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let authority = authority.as_str().to_owned();
        Some(Self { origin: format!("{scheme}://{authority}"), authority, path, app })
    }

    /// Whether the asker could open it, or will once it runs.
    fn is_open(&self, deed: &Deed, asker: &Asker) -> bool {
        let Some((app, label)) = &self.app else { return true };
        let published = deed.engine.published();
        let state = &published.state;
        let Some(id) = state.workspaces.by_label(label) else { return false };
        let own = state.workspaces.live(id).is_some_and(|found| found.owner == whose(&asker.actor));
        own || state.opens(Visitor::Known(asker.actor), id, app, crate::clock::now()).is_some()
    }
}
