//! Real network namespaces, entered from outside.

#![expect(clippy::unwrap_used, reason = "a test stops where it cannot go on")]

use api::namespace::{Namespace, NamespaceError};
use fixtures::network::Network;
use std::io::{BufRead, BufReader, ErrorKind, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

fn entered(network: &Network) -> Namespace {
    Namespace::open(&network.path()).unwrap()
}

/// Answers every connection with the same word.
async fn answer(listener: TcpListener, word: &'static str) {
    while let Ok((mut stream, _)) = listener.accept().await {
        stream.write_all(word.as_bytes()).await.unwrap();
    }
}

async fn heard(mut stream: TcpStream) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    text
}

/// A program inside that listens on a port of its choice and prints which.
fn program(network: &Network, address: &str) -> (Child, u16) {
    let script = format!(
        "import socket\ns = socket.create_server(('{address}', 0), family=socket.AF_INET{})\n\
         print(s.getsockname()[1], flush=True)\nwhile True:\n  c, _ = s.accept()\n  c.sendall(b'from a program')\n  c.close()\n",
        if address.contains(':') { "6" } else { "" }
    );
    let mut command = network.command("python3");
    let mut child = command.args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line.trim().parse().unwrap())
}

#[tokio::test]
async fn what_listens_inside_is_reached_and_nothing_else_is() {
    let (one, other) = (Network::new().unwrap(), Network::new().unwrap());
    let listener = entered(&one).listen(0).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(answer(listener, "inside"));
    assert_eq!(heard(entered(&one).connect(port).await.unwrap()).await, "inside");
    assert_eq!(entered(&other).connect(port).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let outside = TcpStream::connect(("127.0.0.1", port)).await;
    assert_eq!(outside.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn what_listens_outside_is_not_reached_from_inside() {
    let network = Network::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    assert_eq!(entered(&network).connect(port).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn programs_inside_are_reached_under_both_loopbacks() {
    let network = Network::new().unwrap();
    for address in ["127.0.0.1", "::1"] {
        let (mut child, port) = program(&network, address);
        assert_eq!(
            heard(entered(&network).connect(port).await.unwrap()).await,
            "from a program",
            "{address}"
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[tokio::test]
async fn a_program_inside_reaches_what_we_listen_on() {
    let network = Network::new().unwrap();
    let listener = entered(&network).listen(0).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(answer(listener, "from Deed"));
    let script = format!(
        "import socket\nprint(socket.create_connection(('127.0.0.1', {port})).makefile().read(), end='')"
    );
    let mut command = network.command("python3");
    let mut child = command.args(["-c", &script]).stdout(Stdio::piped()).spawn().unwrap();
    let text = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        child.stdout.as_mut().unwrap().read_to_string(&mut text).unwrap();
        child.wait().unwrap();
        text
    });
    assert_eq!(text.await.unwrap(), "from Deed");
}

#[tokio::test]
async fn two_hundred_at_once_are_served() {
    let networks: Vec<Network> = (0..4).map(|_| Network::new().unwrap()).collect();
    let mut all = JoinSet::new();
    for network in &networks {
        let namespace = entered(network);
        let listener = namespace.listen(0).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(answer(listener, "inside"));
        for _ in 0..50 {
            let namespace = namespace.clone();
            all.spawn(async move { heard(namespace.connect(port).await.unwrap()).await });
        }
    }
    assert_eq!(all.join_all().await, vec!["inside"; 200]);
    // The threads came back from there every time.
    assert_eq!(std::fs::read_link("/proc/self/ns/net").unwrap(), own_of_a_new_thread());
}

fn own_of_a_new_thread() -> std::path::PathBuf {
    std::thread::spawn(|| std::fs::read_link("/proc/thread-self/ns/net").unwrap()).join().unwrap()
}

#[tokio::test]
async fn a_namespace_whose_processes_are_gone_refuses_connections() {
    let network = Network::new().unwrap();
    let namespace = entered(&network);
    let path = network.path();
    drop(network);
    for port in [1, 8_080, 40_000] {
        assert_eq!(namespace.connect(port).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
    assert!(matches!(Namespace::open(&path), Err(NamespaceError::Open { .. })));
}

#[tokio::test]
async fn a_port_is_never_connected_to_itself() {
    let network = Network::new().unwrap();
    let set = "echo '40000 40003' > /proc/sys/net/ipv4/ip_local_port_range";
    assert!(network.command("sh").args(["-c", set]).status().unwrap().success());
    let namespace = entered(&network);
    for _ in 0..100 {
        assert_eq!(namespace.connect(40_000).await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    }
}

#[tokio::test]
async fn a_full_queue_ends_the_wait() {
    let network = Network::new().unwrap();
    let script = "import socket, sys\ns = socket.socket()\ns.bind(('127.0.0.1', 0))\ns.listen(0)\n\
                  print(s.getsockname()[1], flush=True)\nsys.stdin.read()";
    let mut command = network.command("python3");
    let mut child =
        command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let port: u16 = line.trim().parse().unwrap();
    let namespace = entered(&network);
    let mut kept = Vec::new();
    let ended = loop {
        match namespace.connect(port).await {
            Ok(stream) => kept.push(stream),
            Err(cause) => break cause,
        }
        assert!(kept.len() < 10);
    };
    assert_eq!(ended.kind(), ErrorKind::TimedOut);
    assert!(!kept.is_empty());
    drop(child.stdin.take());
    child.wait().unwrap();
}

#[test]
fn what_is_no_network_namespace_is_refused() {
    let open = |path: &str| Namespace::open(Path::new(path)).unwrap_err();
    assert!(matches!(open("/nowhere"), NamespaceError::Open { .. }));
    for path in ["/dev/null", "/proc/self/ns/mnt", "/proc/self/ns/pid", "/"] {
        assert!(matches!(open(path), NamespaceError::Foreign { .. }), "{path}: {}", open(path));
    }
}
