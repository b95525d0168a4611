//! Tunnels that last, and what ends them.

use crate::proxy::{PATIENCE, Proxy, SOMEWHERE, echo, rest, rules, until};
use api::egress::Verdict;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn opened() -> Proxy {
    let proxy = Proxy::new(&[("a.example", &[443]), ("b.example", &[443])], echo().await).await;
    for name in ["a.example", "b.example"] {
        proxy.name(name, &[&[SOMEWHERE]]);
    }
    proxy
}

async fn tunnel(proxy: &Proxy, name: &str) -> TcpStream {
    let mut stream = proxy.connect().await;
    stream
        .write_all(format!("CONNECT {name}:443 HTTP/1.1\r\nHost: {name}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    assert!(until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200"));
    stream
}

async fn echoes(stream: &mut TcpStream, text: &str) -> bool {
    if stream.write_all(text.as_bytes()).await.is_err() {
        return false;
    }
    let mut buffer = vec![0; text.len()];
    timeout(PATIENCE, stream.read_exact(&mut buffer)).await.unwrap().is_ok_and(|_| buffer == text.as_bytes())
}

#[tokio::test]
async fn a_tunnel_that_the_rules_no_longer_allow_is_cut_and_no_other() {
    let proxy = opened().await;
    let (mut cut, mut kept) = (tunnel(&proxy, "a.example").await, tunnel(&proxy, "b.example").await);
    assert!(echoes(&mut cut, "before").await && echoes(&mut kept, "before").await);
    proxy.rules.send_replace(rules(&[("b.example", &[443])]));
    assert_eq!(rest(&mut cut).await, "");
    assert!(echoes(&mut kept, "after").await);
    let answer =
        proxy.ask("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
}

#[tokio::test]
async fn bytes_are_counted_when_a_tunnel_ends() {
    let proxy = opened().await;
    let mut stream = tunnel(&proxy, "a.example").await;
    assert!(echoes(&mut stream, "twelve bytes").await);
    stream.shutdown().await.unwrap();
    rest(&mut stream).await;
    let mut rows = Vec::new();
    while !rows.iter().any(|row: &api::egress::Row| row.received > 0) {
        rows.extend(proxy.tally.drain());
        tokio::task::yield_now().await;
    }
    let sum: (u64, u64, u64) = rows.iter().fold((0, 0, 0), |sum, row| {
        assert_eq!((&*row.host, row.verdict), ("a.example", Verdict::Allowed));
        (sum.0 + row.count, sum.1 + row.sent, sum.2 + row.received)
    });
    assert_eq!(sum, (1, 12, 12));
}

#[tokio::test]
async fn a_stop_ends_all_that_is_open() {
    let proxy = opened().await;
    let mut stream = tunnel(&proxy, "a.example").await;
    let mut idle = proxy.connect().await;
    proxy.stop.send_replace(true);
    assert_eq!((rest(&mut stream).await, rest(&mut idle).await), (String::new(), String::new()));
    assert!(proxy.namespace.connect(proxy.port).await.is_err());
}

#[tokio::test]
async fn a_workspace_has_a_bound_of_connections_and_tunnels_count() {
    let proxy = Arc::new(opened().await);
    let mut open = Vec::new();
    for _ in 0..256 {
        open.push(tunnel(&proxy, "a.example").await);
    }
    let mut waiting = proxy.connect().await;
    waiting.write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    // Somebody is answered once there is room, and not before.
    assert!(echoes(&mut open[0], "still served").await);
    let mut buffer = [0; 1];
    assert!(waiting.try_read(&mut buffer).is_err());
    open.clear();
    assert!(rest(&mut waiting).await.starts_with("HTTP/1.1 404"));
}
