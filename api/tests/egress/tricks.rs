//! Ways round the rules, tried.

use crate::proxy::{Proxy, SOMEWHERE, echo, rest, teller, until};
use api::egress::Verdict;
use tokio::io::AsyncWriteExt;

#[tokio::test]
async fn an_allowed_name_leads_nowhere_special() {
    let proxy = Proxy::new(&[("trap.example", &[80, 443])], teller().await).await;
    for address in [
        "127.0.0.1",
        "169.254.169.254",
        "10.0.0.5",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:93.184.215.14",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "fd00:ec2::254",
        "fe80::1",
    ] {
        proxy.name("trap.example", &[&[address]]);
        assert!(proxy.curl(&["http://trap.example/"]).await.ends_with("403 000"), "{address}");
        assert!(
            proxy.curl(&["--proxytunnel", "http://trap.example:443/"]).await.ends_with("000 403"),
            "{address}"
        );
    }
    assert_eq!(proxy.dialled(), [""; 0]);
    assert!(proxy.counted().iter().all(|row| row.2 == Verdict::Special));
}

#[tokio::test]
async fn of_a_mixed_answer_only_places_on_the_internet_are_tried() {
    let proxy = Proxy::new(&[("mixed.example", &[80])], teller().await).await;
    proxy.name("mixed.example", &[&["127.0.0.1", "::1", SOMEWHERE, "10.0.0.1"]]);
    assert!(proxy.curl(&["http://mixed.example/"]).await.ends_with("200 000"));
    assert_eq!(proxy.dialled(), [format!("{SOMEWHERE}:80")]);
    let many: Vec<String> = (1..100).map(|last| format!("93.184.216.{last}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    proxy.name("mixed.example", &[&many]);
    assert!(proxy.curl(&["http://mixed.example/"]).await.ends_with("502 000"));
    assert_eq!(proxy.dialled().len(), 1 + 8);
}

#[tokio::test]
async fn a_name_that_changes_its_mind_is_looked_at_each_time() {
    let proxy = Proxy::new(&[("turning.example", &[80])], teller().await).await;
    proxy.name("turning.example", &[&[SOMEWHERE], &["127.0.0.1"]]);
    assert!(proxy.curl(&["http://turning.example/"]).await.ends_with("200 000"));
    assert!(proxy.curl(&["http://turning.example/"]).await.ends_with("403 000"));
    // What was looked at is what was connected to: one answer, one connection.
    assert_eq!(proxy.dialled(), [format!("{SOMEWHERE}:80")]);
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let proxy = Proxy::new(&[("a.example", &[80, 443]), ("127.0.0.1", &[80, 443])], teller().await).await;
    proxy.name("a.example", &[&[SOMEWHERE]]);
    for target in [
        "user@a.example:443",
        "a.example",
        "a.example:",
        "a.example:0",
        "a.example:65536",
        "a.example:0443",
        "a.example:443:443",
        "a.example:443/",
        "http://a.example:443",
        "[a.example]:443",
        "[::ffff:93.184.215.14]:443",
        "[::ffff:127.0.0.1]:443",
        "127.1:443",
        "0x7f.1:443",
        "2130706433:443",
        "0177.0.0.1:443",
        "127.0.0.1.:443",
        "a%2eexample:443",
        "/",
        "*",
    ] {
        let answer = proxy.ask(&format!("CONNECT {target} HTTP/1.1\r\nHost: a.example\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{target}: {answer}");
    }
    for target in [
        "http://user@a.example/",
        "http://a.example@127.0.0.1/",
        "http://user:word@a.example/",
        "http://127.1/",
        "http://[::ffff:7f00:1]/",
        "https://a.example/",
        "ftp://a.example/",
        "a.example:80",
    ] {
        let answer = proxy.ask(&format!("GET {target} HTTP/1.1\r\nHost: a.example\r\n\r\n")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{target}: {answer}");
    }
    assert_eq!(proxy.dialled(), [""; 0]);
    assert!(proxy.counted().iter().all(|row| row.2 == Verdict::Malformed));
}

#[tokio::test]
async fn one_request_is_not_smuggled_in_another() {
    let proxy = Proxy::new(&[("a.example", &[80, 443])], teller().await).await;
    proxy.name("a.example", &[&[SOMEWHERE]]);
    for request in [
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\n\r\nhello",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n",
        "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        "POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: x\r\n\r\n",
        "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\nX: a\r\n b\r\n\r\n",
    ] {
        let answer = proxy.ask(request).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{request:?}: {answer}");
    }
    assert_eq!(proxy.dialled(), [""; 0]);
    // The host is the one in the target, whatever the header says; what is for a neighbour goes no further.
    let answer = proxy.ask("GET http://a.example/ HTTP/1.1\r\nHost: b.example\r\nConnection: close, x-secret\r\nX-Secret: 1\r\nProxy-Authorization: x\r\nUpgrade: h2c\r\n\r\n").await;
    assert!(answer.contains("|host: a.example|") && !answer.contains("b.example"), "{answer}");
    for gone in ["x-secret", "proxy-authorization", "upgrade"] {
        assert!(!answer.to_lowercase().contains(gone), "{gone} in {answer}");
    }
}

#[tokio::test]
async fn a_head_has_a_bound() {
    let proxy = Proxy::new(&[], teller().await).await;
    let answer = proxy.ask(&format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "a".repeat(20_000))).await;
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 431"), "{answer}");
}

#[tokio::test]
async fn what_is_not_ascii_is_no_name() {
    let proxy = Proxy::new(&[("xn--bcher-kva.example", &[443])], echo().await).await;
    proxy.name("xn--bcher-kva.example", &[&[SOMEWHERE]]);
    let mut stream = proxy.connect().await;
    stream.write_all("CONNECT b\u{fc}cher.example:443 HTTP/1.1\r\nHost: x\r\n\r\n".as_bytes()).await.unwrap();
    assert!(rest(&mut stream).await.starts_with("HTTP/1.1 400"));
    let mut stream = proxy.connect().await;
    stream.write_all(b"CONNECT XN--bcher-kva.example.:443 HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    assert!(until(&mut stream, "\r\n\r\n").await.starts_with("HTTP/1.1 200"));
}
