//! Ways out of a workspace, tried from inside by scripts: what was tried, what was expected and what came of it is printed as a table.

use crate::common::people::text;
use crate::common::until;
use crate::scene::{HOME, Scene, Workspace, next_id, was_done};
use serde_json::{Value, json};
use std::net::{IpAddr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};
use std::process::Command;

/// Something that is tried: what, the script, and what its output holds when it failed as it should. A word that stands between bars is as good.
pub(crate) struct Attempt {
    what: String,
    script: String,
    expected: &'static str,
}

/// What a script prints that came where it should not.
pub(crate) const OUT: &str = "REACHED";

pub(crate) fn attempt(what: &str, script: &str, expected: &'static str) -> Attempt {
    Attempt { what: what.into(), script: script.into(), expected }
}

/// Tries to connect.
fn connecting(what: &str, address: &str, port: u16) -> Attempt {
    let script = format!("nc -w 2 {address} {port} </dev/null && echo {OUT}");
    attempt(
        what,
        &script,
        "Network is unreachable|Connection refused|Cannot assign|Address family|bad address",
    )
}

/// Asks the proxy for something; the first line of its answer.
fn proxied(first: &str, headers: &str, expected: &'static str) -> Attempt {
    let script = format!(
        "(printf '{first} HTTP/1.1\\r\\n{headers}\\r\\n'; sleep 0.1) | nc -w 12 127.0.0.1 3128 | head -1"
    );
    attempt(&format!("proxy: {first}"), &script, expected)
}

/// A workspace whose image holds a program that is root's, a neighbour, and listeners on the host.
pub(crate) struct Cell {
    pub(crate) scene: Scene,
    pub(crate) workspace: Workspace,
    pub(crate) neighbour: Workspace,
    hosts: Vec<IpAddr>,
    listener: TcpListener,
    image: String,
    pub(crate) owner: crate::house::Session,
}

impl Drop for Cell {
    fn drop(&mut self) {
        for workspace in [&self.workspace, &self.neighbour] {
            drop(self.scene.engine.try_docker(&["rm", "-f", &workspace.container]));
        }
        drop(self.scene.engine.try_docker(&["rmi", "-f", &self.image]));
    }
}

/// The addresses of this host.
fn addresses() -> Vec<IpAddr> {
    let output = Command::new("hostname").arg("-I").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().filter_map(|one| one.parse().ok()).collect()
}

/// The small image, with a shell in it that belongs to root and makes whoever runs it root.
fn image_with_root_program(scene: &Scene) -> String {
    let tiny = scene.engine.tiny_image();
    let name = format!("deed-test-{}-{}", std::process::id(), next_id());
    let script = "mkdir /suid && cp /bin/busybox /suid/busybox && chmod 4755 /suid/busybox";
    scene.engine.docker(&["run", "--network", "none", "--name", &name, "-u", "0", &tiny, "sh", "-c", script]);
    let image = scene.engine.docker(&["commit", &name]);
    scene.engine.docker(&["rm", &name]);
    image
}

fn spec(image: &str, hosts: &[IpAddr], port: u16) -> Value {
    let mut allow =
        vec!["127.0.0.1".to_owned(), "169.254.169.254".into(), "::1".into(), "allowed.invalid".into()];
    allow.extend(["fd00:ec2::254".into(), "localhost".into()]);
    allow.extend(hosts.iter().map(ToString::to_string));
    allow.sort();
    allow.dedup();
    let mut ports = vec![80, 443, port];
    ports.sort_unstable();
    json!({
        "apps": [{ "name": "Web", "port": 8080, "slug": "web", "command": "nc -ll -p 8080 -e echo secret of this workspace" }],
        "container": {
            "command": ["sleep", "infinity"],
            "image": image,
            "user": "1000:1000",
            "scratch": [{ "path": "/tmp", "size_mib": 16 }],
        },
        "limits": { "cpu_millis": 1000, "memory_mib": 128, "processes": 64 },
        "network": { "allow": allow.iter().map(|host| json!({ "host": host, "ports": ports })).collect::<Vec<_>>() },
        "volumes": [{ "name": "home", "path": HOME, "size_mib": 16 }],
    })
}

impl Cell {
    pub(crate) fn new() -> Self {
        let scene = Scene::new();
        let listener = TcpListener::bind("0.0.0.0:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let hosts = addresses();
        let image = image_with_root_program(&scene);
        let spec = spec(&image, &hosts, listener.local_addr().unwrap().port());
        let template = scene.template("cell", &spec);
        let owner = scene.person("ada");
        let workspace = scene.workspace(&owner, "cell", &template);
        let neighbour = scene.workspace(&scene.person("bob"), "cell", &template);
        // The neighbour has something that the workspace itself has not.
        let listens = ["exec", "-d", &neighbour.container, "nc", "-ll", "-p", "9999", "-e", "echo", OUT];
        scene.engine.docker(&listens);
        Self { scene, workspace, neighbour, hosts, listener, image, owner }
    }

    pub(crate) fn inside(&self, script: &str) -> String {
        self.scene.inside(&self.workspace, script)
    }

    /// Tries everything, prints the table, and holds when nothing came out.
    pub(crate) fn tries(&self, title: &str, attempts: &[Attempt]) {
        let mut wrong = Vec::new();
        println!("\n{title}\n{:<58} | {:<42} | result", "attempt", "expected");
        for Attempt { what, script, expected } in attempts {
            let result = self.inside(script).replace('\n', " ");
            let fine = expected.split('|').any(|word| result.contains(word)) && !result.contains(OUT);
            let first = expected.split('|').next().unwrap();
            println!("{what:<58} | {first:<42} | {result}");
            if !fine {
                wrong.push(format!("{what}: expected {expected}, got {result}"));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    fn port(&self) -> u16 {
        self.listener.local_addr().unwrap().port()
    }

    /// Nobody came to the listener on the host.
    fn nobody_came(&self) {
        assert!(self.listener.accept().is_err(), "somebody reached the host");
    }

    /// The neighbour never noticed, and the workspace itself is there, or there again.
    pub(crate) fn neighbour_and_server_go_on(&self) {
        let said = self.scene.inside(&self.neighbour, "echo fine; head -c 10 /dev/zero | wc -c");
        assert_eq!(said, "fine\n10");
        until("the workspace", || (self.inside("echo fine") == "fine").then_some(()));
        for workspace in [&self.neighbour, &self.workspace] {
            self.scene.comes_to(workspace, "running");
        }
        let lost = self.scene.events("workspaces.lost");
        assert!(lost.iter().all(|leaf| leaf["data"]["workspace"] == self.workspace.id.as_str()), "{lost:?}");
    }
}

fn reaching(cell: &Cell) -> Vec<Attempt> {
    let port = cell.port();
    let mut all: Vec<_> = cell
        .hosts
        .iter()
        .map(|host| connecting(&format!("the host at {host}"), &host.to_string(), port))
        .collect();
    all.extend([
        connecting("the host at its loopback", "127.0.0.1", port),
        connecting("the host at its loopback, IPv6", "::1", port),
        connecting("a bridge of the engine", "172.17.0.1", port),
        connecting("another workspace's app by loopback", "127.0.0.1", 9999),
        connecting("metadata", "169.254.169.254", 80),
        connecting("metadata, IPv6", "fd00:ec2::254", 80),
        connecting("an address", "1.1.1.1", 443),
        connecting("an address, IPv6", "2606:4700::1111", 443),
        connecting("a name server over TCP", "8.8.8.8", 53),
        connecting("a name", "example.org", 443),
    ]);
    all.extend([
        attempt("an address over UDP", "timeout 2 tftp -g -r x 8.8.8.8", "nreachable"),
        attempt(
            "a name from a name server",
            "timeout 2 nslookup example.org 8.8.8.8 || echo none",
            "none|unreachable|timed out",
        ),
        attempt(
            "a name from this system",
            "timeout 2 nslookup example.org || echo none",
            "none|unreachable|can't",
        ),
        attempt("a ping", "ping -c 1 -W 1 8.8.8.8", "unreachable|not permitted|denied"),
        attempt(
            "a ping of the engine's bridge",
            "ping -c 1 -W 1 172.17.0.1",
            "unreachable|not permitted|denied",
        ),
        attempt(
            "a ping, IPv6",
            "ping6 -c 1 -W 1 2606:4700::1111",
            "unreachable|not permitted|denied|Cannot assign",
        ),
        attempt("a raw socket", "arping -c 1 -I lo 127.0.0.1", "not permitted"),
        attempt("an interface of its own", "ip link add x type dummy", "not permitted"),
        attempt("an address of its own", "ip addr add 10.9.9.9/24 dev lo", "not permitted"),
        attempt("a route", "ip route add default dev lo", "not permitted"),
        attempt("interfaces but the loopback", "ip -o link | grep -v ' lo:' || echo none", "none"),
        attempt(
            "the engine's socket",
            "ls -d /var/run/docker.sock /run/docker.sock /run/containerd; grep -c docker.sock /proc/mounts",
            "0",
        ),
        attempt("any socket that is a file", "find / -type s 2>/dev/null | grep . || echo none", "none"),
    ]);
    all
}

#[test]
fn a_workspace_reaches_nothing_but_its_proxy() {
    let name = format!("deed-test-{}-abstract", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).unwrap();
    let _abstract = UnixListener::bind_addr(&address).unwrap();
    let mut cell = Cell::new();
    let mut attempts = reaching(&cell);
    let seen = format!("grep {name} /proc/net/unix || echo none");
    attempts.push(attempt("an abstract socket of the host", &seen, "none"));
    cell.tries("Reaching out", &attempts);
    cell.tries("By the proxy", &by_proxy(&cell));
    cell.nobody_came();
    assert_eq!(
        cell.scene.inside(&cell.neighbour, "nc -w 1 127.0.0.1 9999"),
        OUT,
        "there was nothing to reach"
    );
    let stop = json!({ "workspace": cell.workspace.id });
    was_done(&cell.owner.order(&next_id(), "workspaces.stop_workspace", &stop));
    cell.scene.comes_to(&cell.workspace, "stopped");
    let rows = until("what was counted", || {
        let events = cell.scene.events("workspaces.egress_counted");
        let rows: Vec<_> =
            events.iter().flat_map(|leaf| leaf["data"]["rows"].as_array().unwrap().clone()).collect();
        (!rows.is_empty()).then_some(rows)
    });
    told(&rows);
    cell.scene.is_sound();
}

/// What is asked of the proxy, and how it answers. Some of it is in the list of what may be reached.
fn by_proxy(cell: &Cell) -> Vec<Attempt> {
    let port = cell.port();
    let host = cell.hosts.first().unwrap();
    let mut all = vec![
        proxied("CONNECT example.org:443", "", "403"),
        proxied("CONNECT example.org:443", "Host: allowed.invalid\\r\\n", "403"),
        proxied("CONNECT 1.1.1.1:443", "", "403"),
        proxied("CONNECT allowed.invalid:443", "", "502|504"),
        proxied("CONNECT allowed.invalid:22", "", "403"),
        proxied("CONNECT allowed.invalid@example.org:443", "", "400"),
        proxied("CONNECT user:pass@allowed.invalid:443", "", "400"),
        proxied("CONNECT allowed.invalid", "", "400"),
        proxied("CONNECT 169.254.169.254:80", "", "403"),
        proxied("CONNECT [fd00:ec2::254]:80", "", "403"),
        proxied("CONNECT 2852039166:80", "", "400|403"),
        proxied("CONNECT metadata.google.internal:80", "", "403"),
        proxied("GET http://169.254.169.254/latest/meta-data/", "Host: allowed.invalid\\r\\n", "403"),
        proxied("GET http://allowed.invalid@169.254.169.254/", "", "400"),
        proxied("GET http://example.org/", "Host: allowed.invalid\\r\\n", "403"),
        proxied("GET https://allowed.invalid/", "", "400"),
        proxied("GET ftp://allowed.invalid/", "", "400"),
        proxied("GET /", "Host: allowed.invalid\\r\\n", "404"),
        proxied("GET http://allowed.invalid/", "Host: a\\r\\nHost: b\\r\\n", "400"),
        proxied("CONNECT allowed.invalid:443", "Content-Length: 5\\r\\n", "400"),
    ];
    for here in ["127.0.0.1", "[::1]", "localhost", "LOCALHOST", "localhost."] {
        all.push(proxied(&format!("CONNECT {here}:{port}"), "", "403|400"));
        all.push(proxied(&format!("GET http://{here}:{port}/"), "", "403|400"));
    }
    for here in [
        "2130706433",
        "0x7f.1",
        "0177.0.0.1",
        "127.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::ffff:127.0.0.1]",
        "127.0.0.2",
    ] {
        all.push(proxied(&format!("CONNECT {here}:{port}"), "", "403|400"));
    }
    all.push(proxied(&format!("CONNECT {host}:{port}"), "", "403"));
    all.push(proxied(&format!("CONNECT [::ffff:{host}]:{port}"), "", "403|400"));
    all
}

/// The log tells what was tried, in counts.
fn told(rows: &[Value]) {
    let verdict = |host: &str| {
        let mut found = rows.iter().filter(|row| row["host"] == host).map(|row| text(&row["verdict"]));
        found.next().unwrap_or_else(|| panic!("nothing about {host}: {rows:?}"))
    };
    for row in rows {
        println!("counted: {row}");
    }
    assert_eq!(verdict("example.org"), "denied");
    assert_eq!(verdict("1.1.1.1"), "denied");
    assert_eq!(verdict("127.0.0.1"), "denied_address");
    assert_eq!(verdict("169.254.169.254"), "denied_address");
    assert_eq!(verdict("localhost"), "denied_address");
    assert!(rows.iter().any(|row| row["verdict"] == "malformed"), "{rows:?}");
    assert!(rows.iter().any(|row| row["verdict"] == "unreachable"), "{rows:?}");
    assert!(rows.iter().all(|row| row["verdict"] != "allowed"), "{rows:?}");
}
