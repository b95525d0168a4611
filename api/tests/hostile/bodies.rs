//! Bodies that are no commands.

use crate::Scene;
use crate::common::client::{Answer, Client, JSON};
use serde_json::json;
use std::fmt::Write as _;

fn is(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{answer}");
}

fn command(arguments: &str) -> String {
    format!(r#"{{"id":"x","command":"identity.create_service_account","arguments":{arguments}}}"#)
}

#[test]
fn what_is_not_json_is_refused_before_anything_is_recorded() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let deep_objects = "{\"a\":".repeat(10_000);
    for (body, status, code) in [
        ("", 400, "not_json"),
        ("{", 400, "not_json"),
        ("{'id':1}", 400, "not_json"),
        ("\u{feff}{}", 400, "not_json"),
        ("nul", 400, "not_json"),
        ("NaN", 400, "not_json"),
        (&deep_objects, 422, "wrong_shape"),
        ("null", 422, "wrong_shape"),
        ("[]", 422, "wrong_shape"),
        (&deep, 422, "wrong_shape"),
        ("1e999999", 400, "not_json"),
        ("\"x\"", 422, "wrong_shape"),
        (r#"{"id":"x"}"#, 422, "wrong_shape"),
        (r#"{"id":"x","id":"y","command":"a.b","arguments":{}}"#, 422, "wrong_shape"),
        (r#"{"id":"x","command":"a.b","arguments":{},"more":1}"#, 422, "wrong_shape"),
        (r#"{"id":1,"command":"a.b","arguments":{}}"#, 422, "wrong_shape"),
        (r#"{"id":"x","command":"a.b","arguments":{}}"#, 422, "unknown_command"),
        (r#"{"id":"x","command":"custody.stop_server","arguments":{}}"#, 422, "unknown_command"),
        (&command(r#"{"handle":"a","handle":"b"}"#), 422, "wrong_shape"),
        (&command(r#"{"handle":"a","more":1}"#), 422, "wrong_shape"),
        (&command(r#"{"handle":1.5}"#), 422, "wrong_shape"),
        (&command(r#"{"handle":123456789012345678901234567890}"#), 422, "wrong_shape"),
        (&command(r#"{"handle":1e400}"#), 400, "not_json"),
        (&command(&format!("{{\"handle\":{deep}}}")), 422, "wrong_shape"),
        (&command(&deep), 422, "wrong_shape"),
        (&command("null"), 422, "wrong_shape"),
        (&format!("{}x", command(r#"{"handle":"a"}"#)), 400, "not_json"),
    ] {
        let answer = client.post(body.as_bytes());
        let start: String = body.chars().take(80).collect();
        assert_eq!((answer.status, answer.problem().as_str()), (status, code), "{start}: {answer}");
    }
    is(&client.post(b"{\"id\":\"\xff\"}"), 400, "not_utf8");
    is(&client.post(b"{\"id\":\"\\ud800\"}"), 400, "not_json");
    scene.ends_well(0);
}

#[test]
fn ids_and_texts_outside_their_bounds_are_refused() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    let long = "x".repeat(201);
    for id in ["", "a b", "a\r\nSet-Cookie: a=b", "a/b", "ä", "\0", &"x".repeat(65)] {
        is(&client.order(id, "identity.issue_credential", &json!({})), 422, "wrong_shape");
    }
    for handle in ["", "A", "1a", "-a", "a_b", "a\n", "ä", &"x".repeat(41)] {
        is(
            &client.order("h", "identity.create_service_account", &json!({"handle": handle})),
            422,
            "wrong_shape",
        );
    }
    let described = |text: &str| json!({"handle": "ok", "description": text});
    for text in [&long, "a\u{0}b", "a\u{1b}[31m", "line\nbreak", "a\u{85}b"] {
        is(&client.order("d", "identity.create_service_account", &described(text)), 422, "wrong_shape");
    }
    for reason in ["", "two\nlines", &long] {
        let arguments = json!({"subject": scene.owner.subject, "reason": reason});
        is(&client.order("e", "custody.erase_payloads", &arguments), 422, "wrong_shape");
    }
    let some = "0".repeat(32);
    for subject in [
        "",
        "per_",
        "per_zz",
        "grt_00000000000000000000000000000000",
        &format!("PER_{some}"),
        &format!("per_{some}\r\n"),
    ] {
        is(
            &client.order("s", "access.grant_role", &json!({"subject": subject, "role": "owner"})),
            422,
            "wrong_shape",
        );
    }
    for expires in ["tomorrow", "2999-01-01", "2999-01-01T00:00:00Z", "2999-13-01T00:00:00.000000Z"] {
        is(&client.order("t", "identity.issue_credential", &json!({"expires": expires})), 422, "wrong_shape");
    }
    is(
        &client.order("r", "access.grant_role", &json!({"subject": scene.owner.subject, "role": "god"})),
        422,
        "wrong_shape",
    );
    scene.ends_well(0);
}

#[test]
fn what_does_not_exist_is_refused_and_recorded() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    let none = |prefix: &str| format!("{prefix}_{}", "0".repeat(32));
    is(&client.order("a", "access.revoke_role", &json!({"grant": none("grt")})), 404, "unknown_grant");
    is(
        &client.order("b", "identity.revoke_credential", &json!({"credential": none("crd")})),
        404,
        "unknown_credential",
    );
    is(
        &client.order("c", "access.grant_role", &json!({"subject": none("svc"), "role": "member"})),
        404,
        "unknown_subject",
    );
    let past = json!({"expires": "2001-01-01T00:00:00.000000Z"});
    is(&client.order("d", "identity.issue_credential", &past), 422, "expiry_in_past");
    scene.ends_well(4);
}

#[test]
fn a_body_too_large_is_refused_however_it_is_sent() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    for bytes in [65_537, 100_000, 1 << 20] {
        is(&client.post(&vec![b' '; bytes]), 413, "body_too_large");
    }
    // Announced alone: the answer does not wait for the rest.
    let announced = format!(
        "{}{JSON}Content-Length: 18446744073709551615\r\n\r\n",
        client.head("POST", "/api/v1/commands")
    );
    let answer = client.raw(announced.as_bytes());
    assert!(answer.is_none_or(|answer| [400, 413, 431].contains(&answer.status)), "a number too large");
    let announced =
        format!("{}{JSON}Content-Length: 9999999999\r\n\r\n", client.head("POST", "/api/v1/commands"));
    is(&client.raw(announced.as_bytes()).unwrap(), 413, "body_too_large");
    is(&chunked(client, 70), 413, "body_too_large");
    // The largest that fits is read to its end.
    let mut fits = r#"{"id":"fits","command":"identity.issue_credential","arguments":{}}"#.to_owned();
    fits.push_str(&" ".repeat(65_536 - fits.len()));
    assert_eq!(client.post(fits.as_bytes()).status, 200);
    scene.ends_well(1);
}

/// So many chunks of 1,000 bytes.
fn chunked(client: &Client, chunks: usize) -> Answer {
    let mut bytes =
        format!("{}{JSON}Transfer-Encoding: chunked\r\n\r\n", client.head("POST", "/api/v1/commands"));
    for _ in 0..chunks {
        write!(bytes, "3e8\r\n{}\r\n", " ".repeat(1_000)).unwrap();
    }
    bytes.push_str("0\r\n\r\n");
    client.raw(bytes.as_bytes()).unwrap()
}

#[test]
fn a_body_that_is_framed_wrongly_is_refused() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    is(&chunked(client, 0), 400, "not_json");
    let head = format!("{}{JSON}", client.head("POST", "/api/v1/commands"));
    let broken = format!("{head}Transfer-Encoding: chunked\r\n\r\nzz\r\n");
    is(&client.raw(broken.as_bytes()).unwrap(), 400, "body_unreadable");
    // Two lengths, or a length and chunks, are how requests are smuggled past a proxy.
    for framing in [
        "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}x",
        "Content-Length: -1\r\n\r\n{}",
        "Content-Length: +2\r\n\r\n{}",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    ] {
        let answer = client.raw(format!("{head}{framing}").as_bytes());
        assert!(answer.is_none_or(|answer| answer.status == 400), "{framing}");
    }
    scene.ends_well(0);
}

#[test]
fn another_content_type_is_refused() {
    let scene = Scene::new();
    let client = &scene.owner.client;
    let body = br#"{"id":"x","command":"identity.issue_credential","arguments":{}}"#;
    for header in [
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/x-www-form-urlencoded\r\n",
        "Content-Type: application/json-patch+json\r\n",
        "Content-Type: \r\n",
        "Content-Type: \u{e4}\r\n",
    ] {
        is(&client.send("POST", "/api/v1/commands", header, body), 415, "wrong_content_type");
    }
    let fine =
        client.send("POST", "/api/v1/commands", "Content-Type: Application/JSON; charset=utf-8\r\n", body);
    assert_eq!(fine.status, 200, "{fine}");
    scene.ends_well(1);
}
