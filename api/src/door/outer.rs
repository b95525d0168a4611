//! What a request says about itself, read strictly before anything is done with it.
//!
//! `hyper` has refused before: a head without an end, spaces in names, lengths that differ or are no numbers, a transfer coding that does not end in
//! `chunked`, and any in HTTP/1.0. Of a length beside `chunked` it drops the length and closes the connection afterwards.

use super::page;
use crate::authority::{Authority, Host};
use axum::http::{HeaderMap, HeaderName, Method, Request, StatusCode, Uri, Version, header};
use axum::response::Response;
use std::net::IpAddr;
use thiserror::Error;

/// Where browsers come in: the scheme and the port that they see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Front {
    /// Whether over TLS.
    pub secure: bool,
    /// The port.
    pub port: u16,
}

/// What kind of request it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One with an answer.
    Plain,
    /// One that becomes a WebSocket.
    WebSocket,
}

/// A request as browsers see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outer {
    host: Host,
    authority: Box<str>,
    origin: Box<str>,
    secure: bool,
    kind: Kind,
    peer: IpAddr,
    prefix: Option<Box<str>>,
}

/// A request that is not passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refused {
    /// A method for proxies, or for having headers repeated.
    #[error("apps are not asked with this method")]
    Method,
    /// Not HTTP/1.
    #[error("apps are asked over HTTP/1.0 or HTTP/1.1")]
    Version,
    /// No host, several, or none that can be read in one way only.
    #[error("the request must name one host in the usual way")]
    Host,
    /// Another port than the one that browsers come in by.
    #[error("the port in the address is not the one of this server")]
    Port,
    /// The request line names something else than a path of this host.
    #[error("the request must be for a path of the host it names")]
    Target,
    /// The end of its body could be seen in two ways.
    #[error("the length of the body must be said in one way")]
    Length,
    /// An upgrade to something else, or not as browsers ask for one.
    #[error("a connection can become a WebSocket and nothing else")]
    Upgrade,
    /// A page of another origin sent it.
    #[error("the request comes from a page of another address; open the app in a page of its own")]
    Origin,
}

impl Refused {
    /// The status to answer with.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Version => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Port => StatusCode::MISDIRECTED_REQUEST,
            Self::Origin => StatusCode::FORBIDDEN,
            Self::Host | Self::Target | Self::Length | Self::Upgrade => StatusCode::BAD_REQUEST,
        }
    }

    /// The answer, after which the connection is closed.
    pub fn page(self) -> Response {
        let mut response = page::refused(self.status(), &format!("Because {self}."));
        response.headers_mut().insert(header::CONNECTION, axum::http::HeaderValue::from_static("close"));
        response
    }
}

/// Reads a request, which came in by a front from an address.
pub fn outer<B>(request: &Request<B>, front: Front, peer: IpAddr) -> Result<Outer, Refused> {
    if [Method::CONNECT, Method::TRACE].contains(request.method()) {
        return Err(Refused::Method);
    }
    if ![Version::HTTP_10, Version::HTTP_11].contains(&request.version()) {
        return Err(Refused::Version);
    }
    let host = host(request, front)?;
    one_length(request.headers())?;
    let usual = front.port == if front.secure { 443 } else { 80 };
    let authority = if usual { host.to_string() } else { format!("{host}:{}", front.port) };
    let scheme = if front.secure { "https" } else { "http" };
    let origin = format!("{scheme}://{authority}");
    let kind = kind(request)?;
    if kind == Kind::WebSocket || !request.method().is_safe() {
        sent_by(request.headers(), &origin)?;
    }
    Ok(Outer {
        host,
        authority: authority.into(),
        origin: origin.into(),
        secure: front.secure,
        kind,
        peer,
        prefix: None,
    })
}

impl Outer {
    /// The same for an app that is reached below a path, such as `/@ada/box/apps/code`, with no slash at its end.
    pub fn below(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.trim_end_matches('/').into());
        self
    }

    /// The host, without its port.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The host as browsers write it, with its port when that is not the usual one.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The origin of the app's pages.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// The scheme that browsers use.
    pub fn scheme(&self) -> &'static str {
        if self.secure { "https" } else { "http" }
    }

    /// What kind of request it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The address it came from.
    pub fn peer(&self) -> IpAddr {
        self.peer
    }

    /// The path below which the app is, of an app that has no host of its own.
    pub fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// What the app is asked for: the path and query below its prefix.
    pub(super) fn target(&self, uri: &Uri) -> Option<Uri> {
        let whole = uri.path_and_query()?.as_str();
        let rest = whole.strip_prefix(self.prefix().unwrap_or_default())?;
        if rest.starts_with('/') { Uri::builder().path_and_query(rest).build().ok() } else { None }
    }
}

fn host<B>(request: &Request<B>, front: Front) -> Result<Host, Refused> {
    let named = only(request.headers(), &header::HOST).ok_or(Refused::Host)?;
    let named = in_one_form(named, front)?;
    let uri = request.uri();
    let known = uri.scheme_str().is_none_or(|scheme| ["http", "https"].contains(&scheme));
    if !uri.path().starts_with('/') || !known || uri.scheme().is_some() != uri.authority().is_some() {
        return Err(Refused::Target);
    }
    if let Some(authority) = uri.authority() {
        let same = in_one_form(authority.as_str(), front).is_ok_and(|target| target == named);
        return if same { Ok(named) } else { Err(Refused::Target) };
    }
    Ok(named)
}

fn in_one_form(text: &str, front: Front) -> Result<Host, Refused> {
    let Authority { host, port } = Authority::parse(text).map_err(|_| Refused::Host)?;
    let usual = if front.secure { 443 } else { 80 };
    if port.unwrap_or(usual) == front.port { Ok(host) } else { Err(Refused::Port) }
}

/// The value of a header that is there once, as plain text.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    first.to_str().ok().filter(|_| values.next().is_none())
}

fn one_length(headers: &HeaderMap) -> Result<(), Refused> {
    let coded = headers.contains_key(header::TRANSFER_ENCODING);
    let chunked =
        || only(headers, &header::TRANSFER_ENCODING).is_some_and(|c| c.eq_ignore_ascii_case("chunked"));
    let lengths = headers.get_all(header::CONTENT_LENGTH).iter().count();
    if (coded && (lengths > 0 || !chunked())) || lengths > 1 { Err(Refused::Length) } else { Ok(()) }
}

/// The words in all headers of a name, in lower case.
pub(super) fn words(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    let words = values.flat_map(|value| value.split(',')).map(|word| word.trim().to_ascii_lowercase());
    words.filter(|word| !word.is_empty()).collect()
}

/// What is asked besides the request. Other protocols than WebSocket are offers that one may ignore, and that is what happens to them.
fn kind<B>(request: &Request<B>) -> Result<Kind, Refused> {
    let headers = request.headers();
    let offered = words(headers, &header::UPGRADE);
    let connected = words(headers, &header::CONNECTION).iter().any(|word| word == "upgrade");
    if !offered.iter().any(|word| word.starts_with("websocket")) {
        return Ok(Kind::Plain);
    }
    let bare = !headers.contains_key(header::TRANSFER_ENCODING)
        && headers.get(header::CONTENT_LENGTH).is_none_or(|length| length == "0");
    let whole = connected && offered == ["websocket"] && bare;
    let usual = request.method() == Method::GET && request.version() == Version::HTTP_11;
    if whole && usual { Ok(Kind::WebSocket) } else { Err(Refused::Upgrade) }
}

/// Browsers say which page sends what changes something. Programs say nothing, and bring no cookies along that they were not given.
fn sent_by(headers: &HeaderMap, origin: &str) -> Result<(), Refused> {
    let site = HeaderName::from_static("sec-fetch-site");
    let own = |name: &HeaderName, fine: &dyn Fn(&str) -> bool| {
        !headers.contains_key(name) || only(headers, name).is_some_and(fine)
    };
    let fine = own(&header::ORIGIN, &|from| from.eq_ignore_ascii_case(origin))
        && own(&site, &|site| ["same-origin", "none"].contains(&site));
    if fine { Ok(()) } else { Err(Refused::Origin) }
}

#[cfg(test)]
#[path = "outer_tests.rs"]
mod tests;
