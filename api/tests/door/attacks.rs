//! Requests as no browser sends them, and answers as no honest app gives them.

use crate::house::{House, status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Requests, the status that each is answered with, and whether it is `hyper` that refuses it.
#[tokio::test]
async fn a_request_that_could_be_read_in_two_ways_does_not_reach_the_app() {
    let house = House::usual().await;
    let get = "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n";
    let post = "POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n";
    let upgrade = "GET /ws HTTP/1.1\r\nHost: HOST\r\nConnection: upgrade\r\n";
    for (request, expected) in [
        // Of `hyper`:
        (format!("{post}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{post}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{post}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{post}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab"), "400"),
        (format!("{post}Content-Length: +1\r\n\r\na"), "400"),
        (format!("{post}Content-Length: 1, 1\r\n\r\na"), "400"),
        (format!("{get}X: a\r\n b\r\n\r\n"), "400"),
        (format!("{get}X: a\0b\r\n\r\n"), "400"),
        ("GET  / HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "400"),
        ("GET / HTTP/1.0\r\nHost: HOST\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n".into(), "400"),
        ("GET http://a b/ HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "400"),
        // Ours:
        ("GET / HTTP/1.1\r\nConnection: close\r\n\r\n".into(), "400"),
        ("GET / HTTP/1.0\r\n\r\n".into(), "400"),
        (format!("{get}Host: HOST\r\n\r\n"), "400"),
        ("GET / HTTP/1.1\r\nHost: user@HOST\r\n\r\n".into(), "400"),
        ("GET / HTTP/1.1\r\nHost: HOST, evil.example\r\n\r\n".into(), "400"),
        ("GET / HTTP/1.1\r\nHost: 127.0.0.1:1\r\n\r\n".into(), "421"),
        ("GET / HTTP/1.1\r\nHost: 127.1\r\n\r\n".into(), "400"),
        ("GET http://evil.example/ HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "400"),
        ("GET http://evil@HOST/ HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "400"),
        ("OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "400"),
        ("CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "405"),
        ("TRACE / HTTP/1.1\r\nHost: HOST\r\n\r\n".into(), "405"),
        (format!("{post}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"), "400"),
        (format!("{upgrade}Upgrade: websocket, h2c\r\n\r\n"), "400"),
        (format!("{upgrade}Upgrade: websocket\r\nContent-Length: 5\r\n\r\nhello"), "400"),
        (format!("{upgrade}Upgrade: websocket\r\nOrigin: http://evil.example\r\n\r\n"), "403"),
        (format!("{upgrade}Upgrade: websocket\r\nSec-Fetch-Site: cross-site\r\n\r\n"), "403"),
        (format!("{post}Origin: null\r\n\r\n"), "403"),
    ] {
        let answer = house.ask(&request).await;
        assert_eq!(status(&answer), expected, "{request:?}: {answer}");
    }
    assert_eq!(house.meter.count().requests, 0);
}

#[tokio::test]
async fn of_two_lengths_the_chunks_count_and_nothing_follows_on_that_connection() {
    let house = House::usual().await;
    let answer = house
        .ask("POST / HTTP/1.1\r\nHost: HOST\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /second HTTP/1.1\r\nHost: HOST\r\n\r\n")
        .await;
    assert_eq!((status(&answer), house.meter.count().requests), ("200", 1), "{answer}");
    assert!(!answer.contains("/second") && !answer.contains("content-length: 5"), "{answer}");
}

#[tokio::test]
async fn other_upgrades_are_not_passed_on() {
    let house = House::usual().await;
    let answer = house
        .ask("GET / HTTP/1.1\r\nHost: HOST\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nGET / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        answer.starts_with("HTTP/1.1 200") && !answer.contains("h2c") && !answer.contains("http2-settings")
    );
}

/// An app that says the same to everybody.
async fn saying(said: &'static str) -> House {
    let app = move |listener: TcpListener| async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut buffer = [0; 4_096];
                drop(stream.read(&mut buffer).await);
                drop(stream.write_all(said.as_bytes()).await);
                drop(stream.read(&mut buffer).await);
            });
        }
    };
    House::with(app, None).await
}

#[tokio::test]
async fn an_answer_that_could_be_read_in_two_ways_is_not_passed_on_as_it_is() {
    for (said, expected) in [
        // Somebody who did not ask for a tunnel gets none.
        ("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "502"),
        ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "502"),
        ("HTTP/1.1 200 OK\r\nX: a\r\n folded\r\nContent-Length: 0\r\n\r\n", "502"),
        ("HTTP/1.1 200 OK\r\nX : a\r\nContent-Length: 0\r\n\r\n", "502"),
    ] {
        let answer = saying(said).await.get("/").await;
        assert_eq!(status(&answer), expected, "{said:?}: {answer}");
    }
    let both =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    let answer = saying(both).await.get("/").await;
    assert!(answer.contains("hello") && !answer.to_lowercase().contains("content-length"), "{answer}");
    let trailing =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil";
    let house = saying(trailing).await;
    for _ in 0..3 {
        let answer = house.get("/").await;
        assert!(answer.ends_with("\r\n\r\nok"), "{answer}");
    }
}

#[tokio::test]
async fn an_answer_that_is_too_large_in_its_head_is_none() {
    let long: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "a".repeat(100_000)).into_boxed_str());
    assert_eq!(status(&saying(long).await.get("/").await), "502");
    let many: &'static str =
        Box::leak(format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: a\r\n".repeat(1_000)).into_boxed_str());
    assert_eq!(status(&saying(many).await.get("/").await), "502");
}

#[tokio::test]
async fn what_an_app_says_about_the_host_is_not_heard() {
    let said = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nSet-Cookie: deed_session=x\r\nSet-Cookie: a=b; Domain=example\r\nSet-Cookie: c=d\r\nStrict-Transport-Security: max-age=1\r\nClear-Site-Data: \"*\"\r\nLocation: http://localhost:1/x\r\nContent-Length: 0\r\n\r\n";
    let answer = saying(said).await.get("/").await.to_lowercase();
    assert!(answer.starts_with("http/1.1 401") && answer.contains("set-cookie: c=d\r\n"));
    for gone in ["www-authenticate", "deed_session", "a=b", "strict-transport", "clear-site"] {
        assert!(!answer.contains(gone), "{gone} in {answer}");
    }
}
