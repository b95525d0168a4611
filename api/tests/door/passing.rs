//! Honest requests, and what the app sees of them.

use crate::house::{House, LARGE, has, status};
use axum::http::header;

#[tokio::test]
async fn a_request_is_carried_to_the_app_and_its_answer_back() {
    let house = House::usual().await;
    let answer = house
        .ask("POST /a/b?c=d HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nCookie: deed_session=x; mine=1\r\nAuthorization: Bearer x\r\nX-Forwarded-For: 1.2.3.4\r\nContent-Length: 5\r\n\r\nhello")
        .await;
    assert_eq!(status(&answer), "200", "{answer}");
    let host = house.address.to_string();
    for part in [
        "POST /a/b?c=d\n",
        "cookie: mine=1\n",
        "x-forwarded-for: 127.0.0.1\n",
        &format!("host: {host}\n"),
        "\n\nhello",
    ] {
        assert!(answer.contains(part), "{part:?} in {answer}");
    }
    assert!(!answer.contains("deed_session") && !answer.contains("Bearer") && !answer.contains("1.2.3.4"));
    assert!(has(&answer, header::X_FRAME_OPTIONS) && has(&answer, header::REFERRER_POLICY));
    let count = house.meter.count();
    assert_eq!((count.requests, count.to_app), (1, 5));
    assert!(count.from_app > 5);
}

#[tokio::test]
async fn a_body_in_chunks_arrives_whole_and_without_trailers() {
    let house = House::usual().await;
    for method in ["POST", "PUT", "GET"] {
        let answer = house
            .ask(&format!("{method} / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nX-Late: 1\r\n\r\n"))
            .await;
        assert!(answer.contains("\n\nabcde") && !answer.to_lowercase().contains("x-late"), "{answer}");
    }
}

#[tokio::test]
async fn an_app_below_a_path_is_asked_for_what_is_below_it() {
    let app = |listener| async move { axum::serve(listener, crate::house::app()).await.unwrap() };
    let house = House::with(app, Some("/@ada/box/apps/code")).await;
    let answer = house.get("/@ada/box/apps/code/x?y").await;
    assert!(answer.contains("GET /x?y\n") && answer.contains("x-forwarded-prefix: /@ada/box/apps/code\n"));
    for other in ["/", "/@ada/box/apps/code", "/@bob/box/apps/code/x"] {
        assert_eq!(status(&house.get(other).await), "400", "{other}");
    }
}

#[tokio::test]
async fn what_is_large_passes_both_ways() {
    let house = House::usual().await;
    let get = format!("GET /large HTTP/1.1\r\nHost: {}\r\n\r\n", house.address);
    let mut clients = [house.direct().await, house.connect().await];
    for client in &mut clients {
        client.send(&get).await;
        client.until("\r\n\r\n").await;
        client.skip(LARGE).await;
    }
    assert_eq!(house.meter.count().from_app, LARGE as u64);
    let body = "y".repeat(4 << 20);
    let head = format!(
        "POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    assert!(house.ask(&format!("{head}{body}")).await.ends_with(&body));
}

#[tokio::test]
async fn many_requests_go_over_one_kept_connection() {
    let house = House::usual().await;
    let mut client = house.connect().await;
    for _ in 0..20 {
        client.send(&format!("GET /small HTTP/1.1\r\nHost: {}\r\n\r\n", house.address)).await;
        assert!(client.until("\r\n\r\nsmall").await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(house.meter.count().requests, 20);
}

#[tokio::test]
async fn a_head_has_the_length_and_no_body() {
    let house = House::usual().await;
    let answer = house.ask("HEAD /large HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n").await;
    assert!(answer.to_lowercase().contains(&format!("content-length: {LARGE}\r\n")), "{answer}");
    assert!(answer.ends_with("\r\n\r\n"));
}

#[tokio::test]
async fn a_websocket_is_a_tunnel() {
    let house = House::usual().await;
    let mut client = house.connect().await;
    let host = house.address.to_string();
    let answer = client.upgrade(&host, &format!("Origin: http://{host}\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 101") && answer.to_lowercase().contains("sec-websocket-accept:"));
    for text in ["one", "two", "three"] {
        assert_eq!(client.echo(text).await, text);
    }
    let count = house.meter.count();
    assert_eq!((count.requests, count.tunnels, count.tunnels_open), (1, 1, 1));
    assert_eq!((count.to_app, count.from_app), (3 * 6 + 11, 3 * 2 + 11));
    // A frame that closes it, to which the app answers with another and ends.
    client.bytes(&[0x88, 0x80, 0, 0, 0, 0]).await;
    client.rest().await;
    drop(client);
    while house.meter.count().tunnels_open > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn many_websockets_are_open_at_once() {
    let house = House::usual().await;
    let host = house.address.to_string();
    let mut clients = Vec::new();
    for _ in 0..100 {
        let mut client = house.connect().await;
        client.upgrade(&host, "").await;
        clients.push(client);
    }
    for client in &mut clients {
        assert_eq!(client.echo("still there").await, "still there");
    }
    assert_eq!(house.meter.count().tunnels_open, 100);
}
