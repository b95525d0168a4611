//! Which headers pass the door, in both directions.
//!
//! To the app goes nothing that proves who somebody is to Deed, and nothing that a client may say about itself in the place of a proxy. Names are
//! compared with `_` as `-`, since many programs take the two for one.
//!
//! From the app comes nothing that would act beyond it:
//! - `Set-Cookie` for a domain, without a name, or with a name of ours;
//! - `Strict-Transport-Security`, `Public-Key-Pins`, `Expect-CT`, `Alt-Svc`, `NEL` and `Report-To`, which outlive the app and speak for the host,
//!   and `Clear-Site-Data`, which would end sessions of Deed;
//! - `Service-Worker-Allowed` of an app below a path. With a host of its own an app may have workers wherever it likes;
//! - `WWW-Authenticate`, at which a browser would ask for a password in Deed's name, and what it were given would not be passed on;
//! - `X-Accel-*`, `X-Sendfile` and the like, which a web server before Deed would obey;
//! - `Access-Control-Allow-Credentials`, unless for the app's own origin: pages elsewhere never read what somebody sees after signing in.
//!
//! What an app says about framing, referrers, openers, embedding and content types stays when it is as strict as ours.

use super::outer::{Kind, Outer, words};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use std::borrow::Cow;

/// Between two neighbours only, and of no use to the next.
const HOP_BY_HOP: &[&str] = &[
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];
/// What a client might say to an app in the place of a proxy, or to Deed alone.
const NOT_TO_APP: &[&str] = &[
    "authorization",
    "client-ip",
    "expect",
    "forwarded",
    "host",
    "proxy",
    "true-client-ip",
    "via",
    "x-cluster-client-ip",
    "x-real-ip",
    "x-rewrite-url",
];
const NOT_TO_APP_PREFIXES: &[&str] = &[
    "cf-",
    "remote-",
    "ssl-client-",
    "x-auth-",
    "x-authenticated-",
    "x-authentik-",
    "x-client-",
    "x-deed-",
    "x-forwarded-",
    "x-original-",
    "x-remote-",
    "x-ssl-",
    "x-webauth-",
];
const NOT_FROM_APP: &[&str] = &[
    "access-control-allow-private-network",
    "alt-svc",
    "clear-site-data",
    "expect-ct",
    "nel",
    "public-key-pins",
    "public-key-pins-report-only",
    "report-to",
    "strict-transport-security",
    "www-authenticate",
    "x-lighttpd-send-file",
    "x-sendfile",
];
const NOT_FROM_APP_PREFIXES: &[&str] = &["x-accel-", "x-deed-", "x-litespeed-"];
/// How the names of our cookies begin, behind any prefix that binds a cookie to its host.
const OUR_COOKIES: &str = "deed";

/// What concerns the app and its neighbour alone is taken out.
pub(crate) fn drop_hop_by_hop(headers: &mut HeaderMap) {
    let named = words(headers, &header::CONNECTION);
    retain(headers, |name, value| {
        let name = name.as_str();
        let dropped = HOP_BY_HOP.contains(&name) || named.iter().any(|word| word == name);
        (!dropped).then_some(value)
    });
}

/// Headers of a request, on their way to the app.
pub fn to_app(headers: &mut HeaderMap, outer: &Outer) {
    drop_hop_by_hop(headers);
    retain(headers, |name, value| {
        let name = folded(name);
        let dropped = NOT_TO_APP.contains(&&*name) || begins(&name, NOT_TO_APP_PREFIXES);
        (!dropped).then_some(value)
    });
    foreign_cookies(headers);
    let mut set = |name: &'static str, value: &str| {
        // All of these were read strictly, so they are values.
        HeaderValue::from_str(value).map(|value| headers.insert(name, value)).is_ok()
    };
    set("host", outer.authority());
    set("x-forwarded-host", outer.authority());
    set("x-forwarded-proto", outer.scheme());
    set("x-forwarded-for", &outer.peer().to_string());
    if let Some(prefix) = outer.prefix() {
        set("x-forwarded-prefix", prefix);
    }
    if outer.kind() == Kind::WebSocket {
        set("connection", "Upgrade");
        set("upgrade", "websocket");
    }
}

/// Headers of an answer, on their way from an app that listens on a port.
pub fn from_app(headers: &mut HeaderMap, outer: &Outer, port: u16) {
    drop_hop_by_hop(headers);
    let own = headers.get(header::ACCESS_CONTROL_ALLOW_ORIGIN).is_some_and(|to| *to == *outer.origin());
    retain(headers, |name, value| match name.as_str() {
        "set-cookie" => cookie_from_app(&value, outer.prefix()),
        "location" | "content-location" => Some(location(value, outer.prefix(), port)),
        "access-control-allow-credentials" => own.then_some(value),
        "service-worker-allowed" => outer.prefix().is_none().then_some(value),
        name if NOT_FROM_APP.contains(&name) || begins(name, NOT_FROM_APP_PREFIXES) => None,
        _ => Some(value),
    });
    frame(headers);
    let absent = [
        ("referrer-policy", "same-origin"),
        // Windows that the app opens still answer it; who opens the app from elsewhere has no hold on it.
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        // A neighbouring app must not load it with the cookies of whoever looks at both.
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ];
    for (name, value) in absent {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}

/// Pages of other origins do not frame the app. Policies about content add up, so ours only ever makes the app's stricter.
fn frame(headers: &mut HeaderMap) {
    let denies = headers
        .get_all(header::X_FRAME_OPTIONS)
        .iter()
        .any(|value| value.as_bytes().eq_ignore_ascii_case(b"deny"));
    let option = if denies { "DENY" } else { "SAMEORIGIN" };
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static(option));
    headers.append(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("frame-ancestors 'self'"));
}

/// Keeps what `keep` gives back, in order.
fn retain(headers: &mut HeaderMap, keep: impl Fn(&HeaderName, HeaderValue) -> Option<HeaderValue>) {
    let mut current = None;
    for (name, value) in std::mem::take(headers) {
        current = name.or(current);
        let Some(name) = &current else { continue };
        if let Some(value) = keep(name, value) {
            headers.append(name, value);
        }
    }
}

fn folded(name: &HeaderName) -> Cow<'_, str> {
    let name = name.as_str();
    if name.contains('_') { name.replace('_', "-").into() } else { name.into() }
}

fn begins(name: &str, prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a cookie's name is for Deed alone.
fn is_ours(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let bare = ["__host-", "__secure-"].iter().find_map(|prefix| name.strip_prefix(prefix));
    bare.unwrap_or(&name).trim_start().starts_with(OUR_COOKIES)
}

/// Takes our cookies out and leaves the others, in one header.
fn foreign_cookies(headers: &mut HeaderMap) {
    let values =
        headers.get_all(header::COOKIE).iter().filter_map(|value| std::str::from_utf8(value.as_bytes()).ok());
    let pairs = values.flat_map(|value| value.split(';')).map(str::trim).filter(|pair| !pair.is_empty());
    let ours = |pair: &str| is_ours(pair.split('=').next().unwrap_or_default().trim());
    // A pair without a name may hold anything, so its value is looked at like a name.
    let nameless = |pair: &str| pair.strip_prefix('=').is_some_and(|rest| is_ours(rest.trim()));
    let others: Vec<&str> = pairs.filter(|pair| !ours(pair) && !nameless(pair)).collect();
    let joined = HeaderValue::from_str(&others.join("; ")).ok().filter(|value| !value.is_empty());
    headers.remove(header::COOKIE);
    joined.map(|value| headers.insert(header::COOKIE, value));
}

/// A cookie that an app may set, or none. Below a path it is for what is below it.
fn cookie_from_app(value: &HeaderValue, prefix: Option<&str>) -> Option<HeaderValue> {
    let text = value.to_str().ok()?;
    let mut parts = text.split(';').map(str::trim);
    let pair = parts.next()?;
    let (name, _) = pair.split_once('=')?;
    let attributes: Vec<(&str, &str)> = parts
        .map(|part| part.split_once('=').map_or((part, ""), |(key, value)| (key.trim(), value.trim())))
        .collect();
    let is = |name: &'static str| move |(key, _): &&(&str, &str)| key.eq_ignore_ascii_case(name);
    if name.trim().is_empty() || is_ours(name.trim()) || attributes.iter().any(|one| is("domain")(&one)) {
        return None;
    }
    let Some(prefix) = prefix else { return Some(value.clone()) };
    // Such a cookie is for the whole host or for nobody.
    if name.trim().to_ascii_lowercase().starts_with("__host-") {
        return None;
    }
    let path = attributes.iter().rfind(is("path")).map_or("/", |(_, path)| *path);
    let mut cookie = format!("{pair}; Path={}", under(path, prefix));
    for (key, value) in attributes.iter().filter(|one| !is("path")(one)) {
        cookie.push_str(&if value.is_empty() { format!("; {key}") } else { format!("; {key}={value}") });
    }
    HeaderValue::from_str(&cookie).ok()
}

/// A path of an app as browsers see it. An app that knows where it is may say so itself.
fn under(path: &str, prefix: &str) -> String {
    let path = if path.starts_with('/') { path } else { "/" };
    let knows = path.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/') || rest.is_empty());
    if knows { path.to_owned() } else { format!("{prefix}{path}") }
}

/// Where an app sends a browser. An address that only the workspace knows becomes a path here.
fn location(value: HeaderValue, prefix: Option<&str>, port: u16) -> HeaderValue {
    let Ok(text) = value.to_str() else { return value };
    let Some(path) = inner_path(text, port).or_else(|| rooted(text)) else { return value };
    let moved = prefix.map_or_else(|| path.clone(), |prefix| under(&path, prefix));
    HeaderValue::from_str(&moved).unwrap_or(value)
}

fn rooted(text: &str) -> Option<String> {
    (text.starts_with('/') && !text.starts_with("//") && !text.starts_with("/\\")).then(|| text.to_owned())
}

fn inner_path(text: &str, port: u16) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (authority, path) = rest.find(['/', '?', '#', '\\']).map_or((rest, ""), |at| rest.split_at(at));
    let (host, said) = match authority.rsplit_once(':') {
        Some((host, said)) if !said.ends_with(']') => (host, said.parse().ok()?),
        _ => (authority, 80),
    };
    let inner =
        ["127.0.0.1", "localhost", "[::1]", "0.0.0.0"].iter().any(|own| own.eq_ignore_ascii_case(host));
    let plain = scheme.eq_ignore_ascii_case("http") && inner && said == port;
    plain.then(|| {
        let rest = path.trim_start_matches(['/', '\\']);
        format!("/{rest}")
    })
}

#[cfg(test)]
#[path = "hygiene_tests.rs"]
mod tests;
