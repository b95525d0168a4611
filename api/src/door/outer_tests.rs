//! Tables of requests, and what is read from them.

use super::*;
use Refused::{Length, Method as BadMethod, Origin, Port, Target, Upgrade};
use axum::http::HeaderValue;

const FRONT: Front = Front { secure: true, port: 443 };
const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

fn read(line: &str, headers: &[(&'static str, &str)], front: Front) -> Result<Outer, Refused> {
    let (method, target) = line.split_once(' ').unwrap();
    let mut request = Request::new(());
    *request.method_mut() = method.parse().unwrap();
    *request.uri_mut() = target.parse().unwrap();
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    outer(&request, front, PEER)
}

#[test]
fn a_host_is_read_in_one_form() {
    let odd = Front { secure: false, port: 7_331 };
    for (host, front, authority, origin) in [
        ("app.example", FRONT, "app.example", "https://app.example"),
        ("APP.example.:443", FRONT, "app.example", "https://app.example"),
        ("xn--bcher-kva.example", FRONT, "xn--bcher-kva.example", "https://xn--bcher-kva.example"),
        (
            "code--box--ada.localhost:7331",
            odd,
            "code--box--ada.localhost:7331",
            "http://code--box--ada.localhost:7331",
        ),
        ("[0:0::1]:7331", odd, "[::1]:7331", "http://[::1]:7331"),
        ("127.0.0.1:7331", odd, "127.0.0.1:7331", "http://127.0.0.1:7331"),
    ] {
        let read = read("GET /", &[("host", host)], front).unwrap();
        assert_eq!((read.authority(), read.origin()), (authority, origin), "{host}");
    }
}

#[test]
fn hosts_that_could_be_taken_for_others_are_refused() {
    for (host, why) in [
        ("", Refused::Host),
        ("a b", Refused::Host),
        ("a\tb", Refused::Host),
        ("user@app.example", Refused::Host),
        ("app.example@evil.example", Refused::Host),
        ("app.example/", Refused::Host),
        ("app.example..", Refused::Host),
        ("app.example:", Refused::Host),
        ("app.example:99999", Refused::Host),
        ("app.example:0443", Refused::Host),
        ("app.example:443:443", Refused::Host),
        ("app.example,evil.example", Refused::Host),
        ("app.example%00", Refused::Host),
        ("\u{e4}pp.example", Refused::Host),
        ("::1", Refused::Host),
        ("[::1%25lo]", Refused::Host),
        ("[::ffff:127.0.0.1]", Refused::Host),
        ("127.1", Refused::Host),
        ("app.example:80", Port),
        ("app.example:8443", Port),
    ] {
        assert_eq!(read("GET /", &[("host", host)], FRONT), Err(why), "{host:?}");
    }
    assert_eq!(read("GET /", &[], FRONT), Err(Refused::Host));
    let twice = [("host", "app.example"), ("host", "app.example")];
    assert_eq!(read("GET /", &twice, FRONT), Err(Refused::Host));
}

#[test]
fn the_request_line_names_a_path_of_the_host() {
    let host = [("host", "app.example")];
    for (line, verdict) in [
        ("GET /x?y=//evil.example", Ok(())),
        ("GET //evil.example/", Ok(())),
        ("GET https://app.example/", Ok(())),
        ("GET https://APP.example.:443/", Ok(())),
        ("GET http://app.example/", Ok(())),
        ("GET https://evil.example/", Err(Target)),
        ("GET https://user@app.example/", Err(Target)),
        ("GET https://app.example:8443/", Err(Target)),
        ("GET ftp://app.example/", Err(Target)),
        ("OPTIONS *", Err(Target)),
        ("GET app.example:443", Err(Target)),
        ("CONNECT app.example:443", Err(BadMethod)),
        ("TRACE /", Err(BadMethod)),
    ] {
        assert_eq!(read(line, &host, FRONT).map(drop), verdict, "{line}");
    }
}

#[test]
fn the_length_of_a_body_is_said_in_one_way() {
    for (headers, verdict) in [
        (&[("content-length", "3")][..], Ok(())),
        (&[("transfer-encoding", "Chunked")], Ok(())),
        (&[("transfer-encoding", "chunked"), ("content-length", "3")], Err(Length)),
        (&[("content-length", "3"), ("content-length", "3")], Err(Length)),
        (&[("transfer-encoding", "gzip, chunked")], Err(Length)),
        (&[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")], Err(Length)),
        (&[("transfer-encoding", "identity")], Err(Length)),
    ] {
        let all = [&[("host", "app.example")], headers].concat();
        assert_eq!(read("POST /", &all, FRONT).map(drop), verdict, "{headers:?}");
    }
}

#[test]
fn a_connection_becomes_a_websocket_and_nothing_else() {
    for (line, headers, verdict) in [
        ("GET /", &[("upgrade", "websocket"), ("connection", "Upgrade")][..], Ok(Kind::WebSocket)),
        ("GET /", &[("upgrade", "WebSocket"), ("connection", "keep-alive, upgrade")], Ok(Kind::WebSocket)),
        ("GET /", &[("upgrade", "h2c"), ("connection", "upgrade, http2-settings")], Ok(Kind::Plain)),
        ("GET /", &[("connection", "upgrade")], Ok(Kind::Plain)),
        ("GET /", &[("upgrade", "websocket")], Err(Upgrade)),
        ("GET /", &[("upgrade", "websocket, h2c"), ("connection", "upgrade")], Err(Upgrade)),
        ("GET /", &[("upgrade", "h2c"), ("upgrade", "websocket"), ("connection", "upgrade")], Err(Upgrade)),
        ("GET /", &[("upgrade", "websocket/13"), ("connection", "upgrade")], Err(Upgrade)),
        ("POST /", &[("upgrade", "websocket"), ("connection", "upgrade")], Err(Upgrade)),
        (
            "GET /",
            &[("upgrade", "websocket"), ("connection", "upgrade"), ("content-length", "1")],
            Err(Upgrade),
        ),
        (
            "GET /",
            &[("upgrade", "websocket"), ("connection", "upgrade"), ("transfer-encoding", "chunked")],
            Err(Upgrade),
        ),
    ] {
        let all = [&[("host", "app.example")], headers].concat();
        assert_eq!(read(line, &all, FRONT).map(|outer| outer.kind()), verdict, "{line} {headers:?}");
    }
}

#[test]
fn what_changes_something_comes_from_the_apps_own_pages() {
    let upgrade = [("host", "app.example"), ("upgrade", "websocket"), ("connection", "upgrade")];
    let plain = &upgrade[..1];
    for (line, base, more, verdict) in [
        ("GET /", plain, &[("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")][..], Ok(())),
        ("POST /", plain, &[], Ok(())),
        ("POST /", plain, &[("origin", "https://APP.example")], Ok(())),
        ("POST /", plain, &[("origin", "https://app.example:443")], Err(Origin)),
        ("POST /", plain, &[("origin", "http://app.example")], Err(Origin)),
        ("POST /", plain, &[("origin", "null")], Err(Origin)),
        ("POST /", plain, &[("origin", "https://other.app.example")], Err(Origin)),
        (
            "DELETE /",
            plain,
            &[("origin", "https://app.example"), ("origin", "https://app.example")],
            Err(Origin),
        ),
        ("PUT /", plain, &[("sec-fetch-site", "same-site")], Err(Origin)),
        ("PUT /", plain, &[("sec-fetch-site", "same-origin"), ("origin", "https://app.example")], Ok(())),
        ("GET /", &upgrade, &[], Ok(())),
        ("GET /", &upgrade, &[("origin", "https://app.example"), ("sec-fetch-site", "same-origin")], Ok(())),
        ("GET /", &upgrade, &[("origin", "https://evil.example")], Err(Origin)),
        ("GET /", &upgrade, &[("sec-fetch-site", "cross-site")], Err(Origin)),
        ("GET /", &upgrade, &[("origin", "\u{e9}")], Err(Origin)),
    ] {
        let all = [base, more].concat();
        assert_eq!(read(line, &all, FRONT).map(drop), verdict, "{line} {more:?}");
    }
}

#[test]
fn an_app_below_a_path_is_asked_for_what_is_below_it() {
    let outer = read("GET /", &[("host", "app.example")], FRONT).unwrap();
    let below = outer.clone().below("/@ada/box/apps/code/");
    let target = |outer: &Outer, uri: &str| outer.target(&uri.parse().unwrap()).map(|uri| uri.to_string());
    assert_eq!(target(&outer, "/a?b").as_deref(), Some("/a?b"));
    assert_eq!(target(&below, "/@ada/box/apps/code/a?b").as_deref(), Some("/a?b"));
    assert_eq!(target(&below, "/@ada/box/apps/code/").as_deref(), Some("/"));
    for other in ["/@ada/box/apps/code", "/@ada/box/apps/coder/", "/@bob/box/apps/code/", "/"] {
        assert_eq!(target(&below, other), None, "{other}");
    }
}
