//! Paths, queries, methods and headers that mean nothing.

use crate::Scene;
use crate::common::client::Client;

fn is(client: &Client, path: &str, status: u16, code: &str) {
    let answer = client.get(path);
    assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{path}: {answer}");
}

#[test]
fn unknown_paths_and_methods_are_named_as_such() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    for path in [
        "/",
        "/api/v1",
        "/api/v1/",
        "/api/v1/me/",
        "//api/v1/me",
        "/API/V1/ME",
        "/api/v1/../v1/me",
        "/api/v1/%6de",
        "/api/v1/me%00",
        "/api/v1/me%0d%0aSet-Cookie:%20a=b",
        "/api/v1/events/1/proof/2",
        "/claim/..%2f..%2fetc/passwd",
        &format!("/{}", "a".repeat(8_000)),
    ] {
        is(client, path, 404, "no_such_route");
    }
    for (method, path) in [
        ("DELETE", "/api/v1/me"),
        ("GET", "/api/v1/commands"),
        ("POST", "/claim"),
        ("BREW", "/healthz"),
        ("TRACE", "/healthz"),
    ] {
        let answer = client.send(method, path, "", b"");
        assert_eq!((answer.status, answer.problem().as_str()), (405, "wrong_method"), "{method} {path}");
        assert!(answer.header("allow").is_some_and(|allow| !allow.is_empty()), "{answer}");
    }
    scene.ends_well(0);
}

#[test]
fn positions_outside_the_log_are_refused_and_stop_nothing() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    let size = scene.size;
    for seq in ["-1", "+1", "01", "1.0", "1e3", "x", "%20", "%ff", "18446744073709551616", "0x1", "%D9%A1"] {
        is(client, &format!("/api/v1/events/{seq}"), 400, "wrong_path");
        is(client, &format!("/api/v1/events/{seq}/proof"), 400, "wrong_path");
    }
    for seq in [size.to_string(), "9007199254740992".into(), u64::MAX.to_string()] {
        is(client, &format!("/api/v1/events/{seq}"), 404, "unknown_event");
        is(client, &format!("/api/v1/events/{seq}/proof"), 404, "unknown_event");
    }
    for from in [size + 1, 1 << 53, u64::MAX] {
        is(client, &format!("/api/v1/events?from={from}"), 404, "unknown_event");
        let headers = "Accept: text/event-stream\r\n";
        let answer = client.send("GET", &format!("/api/v1/events?from={from}"), headers, b"");
        assert_eq!((answer.status, answer.problem().as_str()), (404, "unknown_event"));
        let last = format!("{headers}Last-Event-ID: {from}\r\n");
        assert_eq!(client.send("GET", "/api/v1/events", &last, b"").problem(), "unknown_event");
    }
    for last in ["x", "-1", "1 2", "\u{e4}", ""] {
        let headers = format!("Accept: text/event-stream\r\nLast-Event-ID: {last}\r\n");
        assert_eq!(client.send("GET", "/api/v1/events", &headers, b"").problem(), "wrong_header", "{last}");
    }
    scene.ends_well(0);
}

#[test]
fn queries_that_mean_nothing_are_refused() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    for query in [
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1.5",
        "limit=x",
        "limit=",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "unknown=1",
        "from=-1",
        "from=x",
        "from=1.0",
        "type=",
        "type=role_granted",
        "type=%00",
        "actor=nobody",
        "actor=per_1",
        "object=per_zz",
        "object=%ff",
        "actor=system&type=access.role_granted",
        "Limit=1",
    ] {
        is(client, &format!("/api/v1/events?{query}"), 400, "wrong_query");
    }
    for query in
        ["limit=0", "limit=1001", "after=x", "after=", "after=per_%0d%0a", "from=1", "after=a&after=b"]
    {
        for list in [
            "users",
            "service-accounts",
            "agents",
            "groups",
            "credentials",
            "organizations",
            "projects",
            "roles",
            "grants",
            "requests",
            "duties",
            "mappings",
            "policies",
        ] {
            is(client, &format!("/api/v1/{list}?{query}"), 400, "wrong_query");
        }
    }
    scene.ends_well(0);
}

#[test]
fn headers_beyond_all_measure_end_the_connection_alone() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    let flood: String = (0..5_000).map(|n| format!("X-{n}: {n}\r\n")).collect();
    let long = format!("X-Long: {}\r\n", "a".repeat(1 << 20));
    for headers in [flood, long] {
        let answer = client.try_send("GET", "/healthz", &headers, b"");
        assert!(answer.is_none_or(|answer| answer.status == 431), "too many or too long");
    }
    let path = format!("/{}", "a".repeat(100_000));
    assert!(
        client.try_send("GET", &path, "", b"").is_none_or(|answer| [404, 414, 431].contains(&answer.status))
    );
    for garbage in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\0\0\0\0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad Header: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n X: folded\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    ] {
        let answer = client.raw(garbage);
        assert!(
            answer.as_ref().is_none_or(|answer| [400, 404].contains(&answer.status)),
            "{garbage:?}: {answer:?}"
        );
    }
    scene.ends_well(0);
}

#[test]
fn garbage_after_a_request_does_not_reach_the_next() {
    let scene = Scene::new();
    let first = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let answers =
        scene.owner.client.raw(format!("{first}{first}\x01garbage\r\n\r\n").as_bytes()).unwrap().to_string();
    assert_eq!(answers.matches("200 OK").count(), 2, "{answers}");
    assert_eq!(answers.matches("400 Bad Request").count(), 1, "{answers}");
    scene.ends_well(0);
}
