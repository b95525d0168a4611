//! Honest use, by curl.

use crate::proxy::{Proxy, SOMEWHERE, teller};
use api::egress::Verdict;

#[tokio::test]
async fn a_plain_request_is_carried_to_an_allowed_host() {
    let proxy = Proxy::new(&[("plain.example", &[80, 8_080])], teller().await).await;
    proxy.name("plain.example", &[&[SOMEWHERE]]);
    let answer = proxy.curl(&["http://PLAIN.example/a?b", "--header", "Proxy-Authorization: Basic x"]).await;
    assert!(answer.starts_with("seen:GET /a?b HTTP/1.1|") && answer.ends_with("200 000"), "{answer}");
    assert!(answer.to_lowercase().contains("|host: plain.example|"), "{answer}");
    assert!(!answer.to_lowercase().contains("proxy-"), "{answer}");
    let answer = proxy.curl(&["http://plain.example:8080/"]).await;
    assert!(answer.to_lowercase().contains("|host: plain.example:8080|"), "{answer}");
    assert_eq!(proxy.dialled(), [format!("{SOMEWHERE}:80"), format!("{SOMEWHERE}:8080")]);
}

#[tokio::test]
async fn a_tunnel_is_made_to_an_allowed_host() {
    let proxy = Proxy::new(&[("*.wild.example", &[443])], teller().await).await;
    proxy.name("a.wild.example", &[&[SOMEWHERE]]);
    let answer = proxy.curl(&["--proxytunnel", "http://a.wild.example:443/x"]).await;
    assert!(answer.starts_with("seen:GET /x HTTP/1.1|") && answer.ends_with("200 200"), "{answer}");
    let rows = proxy.tally.drain();
    let row = &rows[0];
    assert_eq!((&*row.host, row.port, row.verdict, row.count), ("a.wild.example", 443, Verdict::Allowed, 1));
}

#[tokio::test]
async fn what_is_not_allowed_is_refused_with_a_line_that_says_who_can() {
    let proxy = Proxy::new(&[("one.example", &[443])], teller().await).await;
    for name in ["one.example", "two.example"] {
        proxy.name(name, &[&[SOMEWHERE]]);
    }
    let denied = "two.example:80 may not be reached from this workspace; whoever publishes its template can allow it under `network.allow`\n403 000";
    assert_eq!(proxy.curl(&["http://two.example/"]).await, denied);
    assert!(proxy.curl(&["--proxytunnel", "http://one.example:80/"]).await.ends_with("000 403"));
    assert!(proxy.curl(&["--proxytunnel", "http://x.one.example:443/"]).await.ends_with("000 403"));
    assert_eq!(proxy.dialled(), [""; 0]);
    assert_eq!(
        proxy.counted(),
        [
            ("one.example".into(), 80, Verdict::Denied, 1),
            ("two.example".into(), 80, Verdict::Denied, 1),
            ("x.one.example".into(), 443, Verdict::Denied, 1),
        ]
    );
}

#[tokio::test]
async fn an_address_is_reached_when_it_is_listed_itself() {
    let proxy =
        Proxy::new(&[("10.0.0.5", &[80]), ("127.0.0.1", &[80]), ("169.254.169.254", &[80])], teller().await)
            .await;
    assert!(proxy.curl(&["http://10.0.0.5/"]).await.ends_with("200 000"));
    for never in ["http://127.0.0.1/", "http://169.254.169.254/", "http://10.0.0.6/"] {
        assert!(proxy.curl(&[never]).await.ends_with("403 000"), "{never}");
    }
    assert_eq!(proxy.dialled(), ["10.0.0.5:80"]);
}

#[tokio::test]
async fn what_is_asked_of_the_proxy_itself_is_for_the_gateway() {
    let proxy = Proxy::new(&[], teller().await).await;
    let answer = proxy.ask("GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404") && answer.ends_with("there is nothing here\n"), "{answer}");
    assert_eq!(proxy.counted(), []);
}

#[tokio::test]
async fn a_host_that_is_not_there_is_a_fault_and_no_refusal() {
    let proxy = Proxy::new(&[("gone.example", &[80]), ("dead.example", &[80])], teller().await).await;
    proxy.name("dead.example", &[&["93.184.215.99"]]);
    for name in ["gone.example", "dead.example"] {
        let answer = proxy.curl(&[&format!("http://{name}/")]).await;
        assert_eq!(answer, format!("{name}:80 cannot be reached\n502 000"));
    }
    assert!(proxy.counted().iter().all(|row| row.2 == Verdict::Failed));
}
