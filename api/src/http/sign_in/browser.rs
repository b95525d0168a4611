//! What is said to browsers beside pages: cookies, and whether a request comes from one of our own pages.

use crate::http::{Kind, Problem};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use ledger::hash::Hash;
use std::net::SocketAddr;
use thiserror::Error;

/// Where browsers find this server: `https://deed.example`, or plain HTTP on this machine for a first run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    text: Box<str>,
    secure: bool,
    local: bool,
}

/// The public address cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{text}` is no public address: write `https://<host>`, or `http://127.0.0.1:<port>` for a first run on this machine"
)]
pub struct NotAnOrigin {
    text: String,
}

impl Origin {
    /// Of a server that is reached under the address it listens on.
    pub fn local(address: SocketAddr) -> Self {
        Self { text: format!("http://{address}").into(), secure: false, local: address.ip().is_loopback() }
    }

    /// Reads a scheme, a host and perhaps a port, and nothing behind it. Plain HTTP is for this machine only.
    pub fn parse(text: &str) -> Result<Self, NotAnOrigin> {
        let wrong = || NotAnOrigin { text: text.to_owned() };
        let uri: axum::http::Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong());
        };
        let bare = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        let local = ["localhost", "127.0.0.1", "[::1]"].contains(&authority.host());
        let secure = scheme == "https";
        if !bare || !(secure || (scheme == "http" && local)) {
            return Err(wrong());
        }
        Ok(Self { text: format!("{scheme}://{authority}").to_lowercase().into(), secure, local })
    }

    /// As browsers write it in `Origin`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether cookies travel over TLS only.
    pub fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether a session's secret may travel to it: over TLS, or not beyond this machine.
    pub(super) fn keeps_secrets(&self) -> bool {
        self.secure || self.local
    }

    /// The name of a cookie. With TLS it is one that no other host and no plain page can set.
    fn cookie_name(&self, cookie: Cookie) -> String {
        let name = match cookie {
            Cookie::Session => "deed_session",
            Cookie::SignIn => "deed_sign_in",
        };
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    /// A header that sets a cookie for so many seconds; for none, it removes it.
    pub(super) fn set_cookie(&self, cookie: Cookie, value: &str, seconds: u64) -> Option<HeaderValue> {
        let name = self.cookie_name(cookie);
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={seconds}{secure}");
        HeaderValue::from_str(&text).ok()
    }

    /// The value of a cookie. One that is there twice counts as none: somebody else may have set one of them.
    pub(in crate::http) fn cookie<'a>(&self, cookie: Cookie, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = self.cookie_name(cookie);
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut values = pairs
            .flat_map(|pairs| pairs.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(found, _)| *found == name)
            .map(|(_, value)| value.trim());
        let first = values.next();
        first.filter(|_| values.next().is_none())
    }

    /// Refuses a request that changes something and does not come from one of our own pages. Browsers say where a request comes from; one that
    /// says nothing is not believed.
    pub(in crate::http) fn same_site(&self, method: &Method, headers: &HeaderMap) -> Result<(), Problem> {
        if [Method::GET, Method::HEAD].contains(method) {
            return Ok(());
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let ours = match (text("sec-fetch-site"), text("origin")) {
            (Some(site), _) => site == "same-origin",
            (None, Some(origin)) => origin.eq_ignore_ascii_case(self.as_str()),
            (None, None) => false,
        };
        if ours { Ok(()) } else { Err(Problem::new(Kind::CrossSite, CROSS_SITE)) }
    }
}

const CROSS_SITE: &str = "a request with a session's cookie must come from a page of this server; programs send `Authorization: Bearer <credential>`";

/// The cookies that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Cookie {
    /// The secret of a session.
    Session,
    /// What binds a sign-in to the browser that began it.
    SignIn,
}

/// Where to go after signing in: a path here, and nothing that a browser could take for another place.
pub(super) fn local_path(text: Option<&str>) -> String {
    let plain = |text: &&str| {
        let mut bytes = text.bytes();
        bytes.next() == Some(b'/')
            && !matches!(bytes.next(), Some(b'/' | b'\\'))
            && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
            && text.len() <= 512
    };
    text.filter(plain).unwrap_or("/sessions").to_owned()
}

/// The digest by which something secret is compared and looked up.
pub(super) fn digest(text: &str) -> Hash {
    Hash::of(&[text.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_a_host_with_tls_or_this_machine() {
        for good in
            ["https://deed.example", "https://deed.example:8443", "http://localhost:7331", "http://[::1]:1"]
        {
            assert_eq!(Origin::parse(good).unwrap().as_str(), good);
        }
        let bad = [
            "deed.example",
            "http://deed.example",
            "https://deed.example/x",
            "https://a@b",
            "ftp://x",
            "",
            "https://x?y",
        ];
        assert!(bad.iter().all(|text| Origin::parse(text).is_err()));
        assert!(Origin::parse("https://deed.example/").unwrap().is_secure());
    }

    #[test]
    fn without_tls_secrets_stay_on_this_machine() {
        let local = |address: &str| Origin::local(address.parse().unwrap()).keeps_secrets();
        assert!(local("127.0.0.1:7331") && local("[::1]:7331"));
        assert!(!local("0.0.0.0:7331") && !local("192.0.2.1:7331"));
        assert!(Origin::parse("https://deed.example").unwrap().keeps_secrets());
    }

    #[test]
    fn one_returns_to_a_path_here_and_nowhere_else() {
        for good in ["/", "/sessions", "/claim?x=1#y"] {
            assert_eq!(local_path(Some(good)), good);
        }
        for bad in [
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "evil",
            "/a\r\nb",
            "/a b",
            "",
            "/\u{e9}",
        ] {
            assert_eq!(local_path(Some(bad)), "/sessions", "{bad:?}");
        }
        assert_eq!(local_path(None), "/sessions");
    }

    #[test]
    fn a_cookie_counts_when_it_is_there_once() {
        let origin = Origin::parse("https://deed.example").unwrap();
        let headers = |pairs: &[&str]| {
            let pairs = pairs.iter().map(|pair| (header::COOKIE, HeaderValue::from_str(pair).unwrap()));
            pairs.collect::<HeaderMap>()
        };
        let read = |pairs: &[&str]| origin.cookie(Cookie::Session, &headers(pairs)).map(str::to_owned);
        assert_eq!(read(&["a=b; __Host-deed_session=x; c=d"]), Some("x".to_owned()));
        assert_eq!(read(&["deed_session=x"]), None);
        assert_eq!(read(&["__Host-deed_session=x; __Host-deed_session=y"]), None);
        assert_eq!(read(&["__Host-deed_session=x", "__Host-deed_session=x"]), None);
    }

    #[test]
    fn what_changes_something_comes_from_our_own_pages() {
        let origin = Origin::parse("https://deed.example").unwrap();
        let cases = [
            (Method::GET, None, None, true),
            (Method::POST, None, None, false),
            (Method::POST, Some("same-origin"), None, true),
            (Method::POST, Some("same-site"), Some("https://deed.example"), false),
            (Method::POST, Some("none"), None, false),
            (Method::POST, Some("cross-site"), None, false),
            (Method::POST, None, Some("https://deed.example"), true),
            (Method::POST, None, Some("https://evil.example"), false),
            (Method::POST, None, Some("null"), false),
            (Method::DELETE, Some("cross-site"), Some("https://deed.example"), false),
        ];
        for (method, site, from, ours) in cases {
            let mut headers = HeaderMap::new();
            let mut set = |name: &'static str, value: Option<&'static str>| {
                value.map(|value| headers.insert(name, HeaderValue::from_static(value)))
            };
            set("sec-fetch-site", site);
            set("origin", from);
            assert_eq!(origin.same_site(&method, &headers).is_ok(), ours, "{method} {site:?} {from:?}");
        }
    }
}
