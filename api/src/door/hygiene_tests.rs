//! Tables of headers, and what of them passes the door.

use super::*;
use crate::door::{Front, outer};
use axum::http::Request;

fn app() -> Outer {
    of(&[("host", "app.example")])
}

fn of(headers: &[(&'static str, &str)]) -> Outer {
    let mut request = Request::new(());
    *request.headers_mut() = map(headers);
    outer(&request, Front { secure: true, port: 443 }, "192.0.2.7".parse().unwrap()).unwrap()
}

fn below() -> Outer {
    app().below("/@ada/box/apps/code")
}

fn map(headers: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    headers.iter().map(pair).collect()
}

fn lines(headers: &HeaderMap) -> Vec<String> {
    let line = |(name, value): (&HeaderName, &HeaderValue)| {
        format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
    };
    headers.iter().map(line).collect()
}

/// What arrives at the app of one header, besides what Deed sets.
fn arrives(outer: &Outer, name: &'static str, value: &str) -> Vec<String> {
    let mut headers = map(&[(name, value)]);
    to_app(&mut headers, outer);
    headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned()).collect()
}

/// What arrives at the browser of one header.
fn returns(outer: &Outer, name: &'static str, value: &str) -> Option<String> {
    let mut headers = map(&[(name, value)]);
    from_app(&mut headers, outer, 8_080);
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

#[test]
fn what_deed_says_to_the_app_is_all_that_is_said_in_the_place_of_a_proxy() {
    let mut headers = map(&[
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-for", "5.6.7.8"),
        ("accept", "*/*"),
    ]);
    to_app(&mut headers, &below());
    let mut found = lines(&headers);
    found.sort();
    assert_eq!(
        found,
        [
            "accept: */*",
            "host: app.example",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-host: app.example",
            "x-forwarded-prefix: /@ada/box/apps/code",
            "x-forwarded-proto: https",
        ]
    );
}

#[test]
fn what_proves_or_claims_who_somebody_is_does_not_reach_the_app() {
    for name in [
        "authorization",
        "proxy-authorization",
        "forwarded",
        "via",
        "x-real-ip",
        "true-client-ip",
        "cf-connecting-ip",
        "x-forwarded-user",
        "x_forwarded_for",
        "x-forwarded_for",
        "x-remote-user",
        "x_remote_user",
        "remote-user",
        "x-auth-request-email",
        "x-authenticated-user",
        "x-deed-subject",
        "x_deed_subject",
        "x-original-url",
        "x-rewrite-url",
        "x-client-cert",
        "ssl-client-verify",
        "proxy",
        "expect",
    ] {
        assert_eq!(arrives(&app(), name, "x"), [""; 0], "{name}");
    }
    for name in
        ["accept", "x-csrf-token", "x-xsrftoken", "range", "if-none-match", "sec-websocket-key", "origin"]
    {
        assert_eq!(arrives(&app(), name, "x"), ["x"], "{name}");
    }
}

#[test]
fn what_is_between_neighbours_goes_no_further() {
    let mut headers = map(&[
        ("connection", "keep-alive, X-Secret, host, cookie"),
        ("connection", "x-other"),
        ("keep-alive", "timeout=5"),
        ("te", "trailers"),
        ("trailer", "x-late"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "h2c"),
        ("http2-settings", "x"),
        ("proxy-connection", "keep-alive"),
        ("x-secret", "1"),
        ("x-other", "2"),
        ("cookie", "a=b"),
        ("x-kept", "3"),
    ]);
    let mut back = headers.clone();
    drop_hop_by_hop(&mut back);
    assert_eq!(lines(&back), ["x-kept: 3"]);
    to_app(&mut headers, &app());
    let known = |name: &str| headers.contains_key(name);
    assert!(
        known("x-kept") && known("host") && !known("connection") && !known("x-secret") && !known("x-other")
    );
}

#[test]
fn a_websocket_is_asked_for_anew() {
    let asked =
        [("host", "app.example"), ("connection", "upgrade, x-a"), ("upgrade", "websocket"), ("x-a", "1")];
    let mut headers = map(&asked);
    to_app(&mut headers, &of(&asked));
    assert_eq!(
        (headers["connection"].to_str(), headers["upgrade"].to_str()),
        (Ok("Upgrade"), Ok("websocket"))
    );
    assert!(!headers.contains_key("x-a"));
}

#[test]
fn our_cookies_stay_with_us() {
    for (sent, arrived) in [
        ("a=b", "a=b"),
        ("deed_session=x", ""),
        ("a=b; __Host-deed_session=x; c=d", "a=b; c=d"),
        ("__Secure-Deed_x=1;DEED=2;  deedx=3;e=f", "e=f"),
        ("__host-DEED_session=x", ""),
        ("=deed_session=x; a=b", "a=b"),
        ("deed_session; a=b", "a=b"),
        ("mydeed=1; in=deed", "mydeed=1; in=deed"),
        ("a=1,2; b=\"c\"", "a=1,2; b=\"c\""),
        (";;", ""),
    ] {
        assert_eq!(arrives(&app(), "cookie", sent).concat(), arrived, "{sent}");
    }
    let mut headers = map(&[("cookie", "a=b"), ("cookie", "deed_session=x"), ("cookie", "c=d")]);
    to_app(&mut headers, &app());
    assert_eq!(headers.get_all("cookie").iter().collect::<Vec<_>>(), ["a=b; c=d"]);
}

#[test]
fn an_app_sets_cookies_of_its_own_for_itself() {
    for (set, kept) in [
        ("a=b", Some("a=b")),
        ("a=b; Path=/; HttpOnly", Some("a=b; Path=/; HttpOnly")),
        ("__Host-mine=b; Path=/; Secure", Some("__Host-mine=b; Path=/; Secure")),
        ("a=b; Domain=example", None),
        ("a=b; DOMAIN=.app.example; Path=/", None),
        ("a=b; domain", None),
        ("deed_session=x", None),
        ("__Host-deed_session=x; Path=/; Secure", None),
        ("__SECURE-DEED_session=x", None),
        (" deed_session =x", None),
        ("=deed_session=x", None),
        ("deed_session", None),
        ("a", None),
    ] {
        assert_eq!(returns(&app(), "set-cookie", set).as_deref(), kept, "{set}");
    }
}

#[test]
fn a_cookie_of_an_app_below_a_path_stays_below_it() {
    for (set, kept) in [
        ("a=b", Some("a=b; Path=/@ada/box/apps/code/")),
        ("a=b; path=/; Secure; Max-Age=5", Some("a=b; Path=/@ada/box/apps/code/; Secure; Max-Age=5")),
        ("a=b; Path=/x; Path=/y", Some("a=b; Path=/@ada/box/apps/code/y")),
        ("a=b; Path=x", Some("a=b; Path=/@ada/box/apps/code/")),
        ("a=b; Path=/@ada/box/apps/code/x", Some("a=b; Path=/@ada/box/apps/code/x")),
        ("a=b; Path=/@ada/box/apps/codes", Some("a=b; Path=/@ada/box/apps/code/@ada/box/apps/codes")),
        ("__Host-mine=b; Path=/; Secure", None),
    ] {
        assert_eq!(returns(&below(), "set-cookie", set).as_deref(), kept, "{set}");
    }
}

#[test]
fn what_would_act_beyond_the_app_does_not_leave_it() {
    for (name, value) in [
        ("strict-transport-security", "max-age=1; includeSubDomains"),
        ("clear-site-data", "\"cookies\""),
        ("public-key-pins", "x"),
        ("expect-ct", "x"),
        ("alt-svc", "h2=\":1\""),
        ("nel", "{}"),
        ("report-to", "{}"),
        ("www-authenticate", "Basic"),
        ("proxy-authenticate", "Basic"),
        ("x-accel-redirect", "/internal"),
        ("x-sendfile", "/etc/passwd"),
        ("connection", "close"),
        ("upgrade", "h2c"),
        ("access-control-allow-credentials", "true"),
    ] {
        assert_eq!(returns(&app(), name, value), None, "{name}");
    }
    assert_eq!(returns(&app(), "service-worker-allowed", "/").as_deref(), Some("/"));
    assert_eq!(returns(&below(), "service-worker-allowed", "/"), None);
    assert_eq!(returns(&app(), "access-control-allow-origin", "*").as_deref(), Some("*"));
    for (to, kept) in
        [("https://app.example", true), ("https://evil.example", false), ("*", false), ("null", false)]
    {
        let mut headers =
            map(&[("access-control-allow-origin", to), ("access-control-allow-credentials", "true")]);
        from_app(&mut headers, &app(), 8_080);
        assert_eq!(headers.contains_key("access-control-allow-credentials"), kept, "{to}");
    }
}

#[test]
fn an_app_may_be_stricter_than_we_are_and_not_laxer() {
    for (said, kept) in
        [("DENY", "DENY"), ("deny", "DENY"), ("SAMEORIGIN", "SAMEORIGIN"), ("ALLOWALL", "SAMEORIGIN")]
    {
        assert_eq!(returns(&app(), "x-frame-options", said).as_deref(), Some(kept), "{said}");
    }
    let mut headers = map(&[("content-security-policy", "frame-ancestors *")]);
    from_app(&mut headers, &app(), 8_080);
    let policies: Vec<_> = headers.get_all("content-security-policy").iter().collect();
    assert_eq!(policies, ["frame-ancestors *", "frame-ancestors 'self'"]);
    for (name, usual) in [
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin-allow-popups"),
        ("cross-origin-resource-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(headers[name], usual);
        assert_eq!(returns(&app(), name, "said").as_deref(), Some("said"));
    }
}

#[test]
fn an_address_that_only_the_workspace_knows_becomes_a_path() {
    for (said, at_host, at_path) in [
        ("http://127.0.0.1:8080/x?y#z", "/x?y#z", "/@ada/box/apps/code/x?y#z"),
        ("HTTP://LocalHost:8080", "/", "/@ada/box/apps/code/"),
        ("http://[::1]:8080?x", "/?x", "/@ada/box/apps/code/?x"),
        ("http://127.0.0.1:8080//evil.example", "/evil.example", "/@ada/box/apps/code/evil.example"),
        ("http://127.0.0.1:9090/x", "http://127.0.0.1:9090/x", "http://127.0.0.1:9090/x"),
        (
            "http://127.0.0.1:8080@evil.example/",
            "http://127.0.0.1:8080@evil.example/",
            "http://127.0.0.1:8080@evil.example/",
        ),
        ("https://elsewhere.example/", "https://elsewhere.example/", "https://elsewhere.example/"),
        ("/x", "/x", "/@ada/box/apps/code/x"),
        ("/@ada/box/apps/code/x", "/@ada/box/apps/code/x", "/@ada/box/apps/code/x"),
        ("//evil.example/", "//evil.example/", "//evil.example/"),
        ("x/y", "x/y", "x/y"),
    ] {
        assert_eq!(returns(&app(), "location", said).as_deref(), Some(at_host), "{said}");
        assert_eq!(returns(&below(), "location", said).as_deref(), Some(at_path), "{said}");
    }
}
