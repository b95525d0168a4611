//! How a browser that has a session becomes known at the address of an app.
//!
//! 1. The door sends it away with a random text in a cookie of that address and the text's digest in the address of `/open`.
//! 2. `/open`, where the session is, sends it back with a ticket for that address, that session and that digest, good once for half a minute.
//! 3. The door compares the ticket with the cookie, and sets one that names the session and is good at that address alone.
//!
//! A ticket of somebody else is of no use, since the browser lacks the text; a cookie that an app got hold of opens nothing but that app.

use super::super::asking::Deed;
use super::see;
use crate::clock;
use crate::door::Outer;
use axum::extract::{Query, Request};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::Response;
use ledger::entropy::fresh;
use ledger::event::Actor;
use ledger::event::id::CredentialId;
use ledger::hash::{Hash, to_hex};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How long a ticket is good.
const TICKET_SECONDS: u64 = 30;
/// How long a browser may take to sign in on the way.
const WAIT_SECONDS: u64 = 900;
/// Most tickets that are remembered as used; each is for half a minute.
const USED_MAX: usize = 100_000;

/// What makes tickets and cookies, and knows them again.
pub struct Entries {
    key: [u8; 32],
    /// Tickets that were used, and until when they would have been good.
    used: Mutex<HashMap<Hash, u64>>,
}

/// What a browser brings back.
#[derive(serde::Deserialize)]
struct Entering {
    ticket: String,
    #[serde(default)]
    path: String,
}

/// A ticket as it travels.
struct Entry<'a> {
    /// The address, as browsers write the host.
    authority: &'a str,
    /// The session.
    session: CredentialId,
    /// The digest of what the browser keeps.
    browser: &'a str,
    /// Until when, in seconds since 1970.
    until: u64,
}

fn seconds() -> u64 {
    clock::now().micros() / 1_000_000
}

/// The value of a cookie that stands there once.
fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut values = pairs
        .flat_map(|pairs| pairs.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value.trim());
    let first = values.next();
    first.filter(|_| values.next().is_none())
}

fn name(secure: bool, plain: &str) -> String {
    if secure { format!("__Host-{plain}") } else { plain.to_owned() }
}

fn set(secure: bool, plain: &str, value: &str, age: Option<u64>) -> Option<HeaderValue> {
    let safe = if secure { "; Secure" } else { "" };
    let age = age.map(|seconds| format!("; Max-Age={seconds}")).unwrap_or_default();
    let text = format!("{}={value}; Path=/; HttpOnly; SameSite=Lax{age}{safe}", name(secure, plain));
    HeaderValue::from_str(&text).ok()
}

const KNOWN: &str = "deed_door";
const WAITS: &str = "deed_door_wait";

/// What a browser keeps on the way, as it is named in addresses.
fn digest(text: &str) -> String {
    let Hash(bytes) = Hash::in_context("deed/door-wait/v1", &[text.as_bytes()]);
    to_hex(&bytes)
}

impl Entries {
    /// With the key of this server.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key, used: Mutex::default() }
    }

    /// An authentication code of parts, none of which holds a zero byte.
    fn code(&self, purpose: &str, parts: &[&str]) -> Hash {
        let text = parts.join("\0");
        let inner = Hash::in_context(purpose, &[&self.key, text.as_bytes()]);
        let Hash(inner) = inner;
        Hash::in_context("deed/door-code/v1", &[&self.key, &inner])
    }

    /// Who a browser is at the address of an app: whose session the cookie names, if that is one still.
    pub(super) fn known(&self, deed: &Deed, outer: &Outer, headers: &HeaderMap) -> Option<Actor> {
        let value = cookie(headers, &name(outer.scheme() == "https", KNOWN))?;
        let (session, code) = value.split_once('.')?;
        let id: CredentialId = session.parse().ok()?;
        if self.code("deed/door-known/v1", &[outer.authority(), session]).to_string() != code {
            return None;
        }
        let published = deed.engine.published();
        let state = &published.state;
        state.sessions.of_browser(id)?;
        let actor = state.credentials.live(id, clock::now())?.actor(id);
        state.is_authentic(&actor, clock::now()).then_some(actor)
    }

    /// Sends a browser to where its session is.
    pub(super) fn send_away(&self, deed: &Deed, outer: &Outer, uri: &Uri) -> Response {
        let text = to_hex(&fresh::<32>());
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        // One that is too long to be carried along begins at the beginning.
        let path = if path.len() <= 256 { path } else { "/" };
        let to = super::super::html::in_query(&format!("{}{path}", outer.origin()));
        let place = format!("{}/open?to={to}&browser={}", deed.sign_in.origin().as_str(), digest(&text));
        let mut response = see(StatusCode::SEE_OTHER, &place);
        let waits = set(outer.scheme() == "https", WAITS, &text, Some(WAIT_SECONDS));
        response.headers_mut().extend(waits.map(|waits| (header::SET_COOKIE, waits)));
        response
    }

    /// A ticket.
    pub(super) fn ticket(&self, authority: &str, session: CredentialId, browser: &str) -> String {
        let until = seconds() + TICKET_SECONDS;
        let entry = Entry { authority, session, browser, until };
        format!("{session}.{until}.{}", self.ticket_code(&entry))
    }

    fn ticket_code(&self, entry: &Entry<'_>) -> Hash {
        let (session, until) = (entry.session.to_string(), entry.until.to_string());
        self.code("deed/door-ticket/v1", &[entry.authority, &session, entry.browser, &until])
    }

    /// The session that a ticket is for, if it is good here and for this browser, and was not used.
    fn redeem(&self, outer: &Outer, headers: &HeaderMap, ticket: &str) -> Option<CredentialId> {
        let text = cookie(headers, &name(outer.scheme() == "https", WAITS))?;
        let browser = digest(text);
        let mut parts = ticket.split('.');
        let (session, until, code) =
            (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
        let entry = Entry { authority: outer.authority(), session, browser: &browser, until };
        let expected = self.ticket_code(&entry);
        let now = seconds();
        if expected.to_string() != code || until < now {
            return None;
        }
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until >= now);
        let new = used.len() < USED_MAX && used.insert(expected, until).is_none();
        new.then_some(session)
    }

    /// The paths of the door's own.
    pub(super) fn enter(&self, outer: &Outer, request: &Request) -> Response {
        let uri = request.uri();
        let asked = Query::<Entering>::try_from_uri(uri).ok().filter(|_| uri.path() == "/.deed/enter");
        let Some((session, path)) = asked.and_then(|Query(Entering { ticket, path })| {
            Some((self.redeem(outer, request.headers(), &ticket)?, path))
        }) else {
            return super::page(
                StatusCode::FORBIDDEN,
                "This link is no longer good",
                "It opens an app once, in the browser that asked for it. Open the app's own address again.",
            );
        };
        // Browsers take `\` for `/`.
        let local = path.starts_with('/')
            && !path.starts_with("//")
            && !path.contains('\\')
            && path.bytes().all(|byte| byte.is_ascii_graphic());
        let mut response = see(StatusCode::SEE_OTHER, if local { &path } else { "/" });
        let secure = outer.scheme() == "https";
        let session = session.to_string();
        let code = self.code("deed/door-known/v1", &[outer.authority(), &session]);
        let cookies =
            [set(secure, KNOWN, &format!("{session}.{code}"), None), set(secure, WAITS, "", Some(0))];
        for cookie in cookies.into_iter().flatten() {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
        response
    }
}
