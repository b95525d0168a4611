//! Ends: apps that are not there, that are late or go away, and doors that are closed.

use crate::house::{House, PATIENCE, status};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Reads the head of a request.
async fn head(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { break };
        read.push(byte);
    }
    String::from_utf8(read).unwrap()
}

#[tokio::test]
async fn an_app_that_does_not_listen_is_named_and_not_kept_in_mind() {
    let house = House::with(|listener| async move { drop(listener) }, None).await;
    let answer = house.get("/").await;
    assert_eq!(status(&answer), "502");
    assert!(answer.contains("Nothing listens") && answer.contains("cache-control: no-store"), "{answer}");
}

#[tokio::test]
async fn an_app_that_says_nothing_is_not_waited_for() {
    let house = House::usual().await;
    assert_eq!(status(&house.get("/silent").await), "504");
}

#[tokio::test]
async fn an_app_that_hangs_up_or_talks_nonsense_gets_a_page() {
    for said in
        ["", "nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"]
    {
        let app = move |listener: TcpListener| async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                head(&mut stream).await;
                stream.write_all(said.as_bytes()).await.unwrap();
            }
        };
        let answer = House::with(app, None).await.get("/").await;
        assert_eq!(status(&answer), "502", "{said:?}: {answer}");
    }
}

/// Answers each first request of a connection, and hangs up at the second without an answer.
async fn forgetful(listener: TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            head(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            head(&mut stream).await;
        });
    }
}

#[tokio::test]
async fn a_stale_connection_is_noticed_and_only_what_changes_nothing_is_sent_again() {
    let house = House::with(forgetful, None).await;
    let get = "GET / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n";
    let post = "POST / HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx";
    // New, again on a new one behind a stale one, and on that one.
    for (request, expected) in [(get, "200"), (get, "200"), (post, "502"), (post, "200")] {
        assert_eq!(status(&house.ask(request).await), expected);
    }
}

#[tokio::test]
async fn closing_the_door_ends_what_is_open_at_once() {
    let house = House::usual().await;
    let host = house.address.to_string();
    let mut tunnel = house.connect().await;
    tunnel.upgrade(&host, "").await;
    assert_eq!(tunnel.echo("open").await, "open");
    let mut stream = house.connect().await;
    stream.send(&format!("GET /endless HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    stream.until("more").await;
    let mut upload = house.connect().await;
    upload.send(&format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Length: 9\r\n\r\nx")).await;
    while house.meter.count().requests < 3 {
        tokio::task::yield_now().await;
    }
    house.cutter.cut();
    let begun = std::time::Instant::now();
    timeout(PATIENCE, async {
        tunnel.rest().await;
        stream.rest().await;
        assert_eq!(status(&upload.rest().await), "403");
    })
    .await
    .unwrap();
    assert!(begun.elapsed() < std::time::Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(status(&house.get("/").await), "403");
    while house.meter.count().tunnels_open > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_tunnel_whose_app_ends_is_over() {
    let app = |listener: TcpListener| async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        head(&mut stream).await;
        let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nfirst bytes";
        stream.write_all(switched.as_bytes()).await.unwrap();
    };
    let house = House::with(app, None).await;
    let mut client = house.connect().await;
    client.upgrade(&house.address.to_string(), "").await;
    assert_eq!(client.rest().await, "first bytes");
}
