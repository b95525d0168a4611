//! A workspace with a way out, behind which names and addresses are what a test says.

use api::egress::{Egress, Outside, Row, Rules, Tally, Verdict, not_here, serve};
use api::namespace::Namespace;
use fixtures::network::Network;
use ledger::event::workspaces::{Destination, Network as Allowed};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;

/// Longest wait for anything on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// The one address on the internet where something listens.
pub(crate) const SOMEWHERE: &str = "93.184.215.14";

/// What each name leads to, one answer after the other.
type Names = Arc<Mutex<BTreeMap<String, Vec<Vec<IpAddr>>>>>;

/// A workspace with a way out.
pub(crate) struct Proxy {
    pub(crate) network: Network,
    pub(crate) namespace: Namespace,
    pub(crate) port: u16,
    pub(crate) tally: Arc<Tally>,
    pub(crate) rules: watch::Sender<Arc<Rules>>,
    pub(crate) stop: watch::Sender<bool>,
    /// The addresses that were connected to.
    pub(crate) dialled: Arc<Mutex<Vec<SocketAddr>>>,
    /// What each name leads to, one answer after the other; the last stays.
    pub(crate) names: Names,
}

pub(crate) fn rules(allow: &[(&str, &[u16])]) -> Arc<Rules> {
    let destination =
        |(host, ports): &(&str, &[u16])| Destination { host: (*host).into(), ports: ports.to_vec() };
    Arc::new(Rules::new(&Allowed { allow: allow.iter().map(destination).collect() }))
}

impl Proxy {
    /// One whose rules allow something, and where all addresses lead to one listener.
    pub(crate) async fn new(allow: &[(&str, &[u16])], there: SocketAddr) -> Self {
        let network = Network::new().unwrap();
        let namespace = Namespace::open(&network.path()).unwrap();
        let listener = namespace.listen(0).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (rules, heard) = watch::channel(rules(allow));
        let (stop, stopping) = watch::channel(false);
        let (tally, dialled, names) = (Arc::new(Tally::default()), Arc::default(), Arc::default());
        let outside = outside(&dialled, &names, there);
        let egress = Egress { rules: heard, tally: Arc::clone(&tally), outside, gateway: not_here() };
        tokio::spawn(serve(listener, egress, stopping));
        Self { network, namespace, port, tally, rules, stop, dialled, names }
    }

    /// What a name leads to from now on.
    pub(crate) fn name(&self, name: &str, answers: &[&[&str]]) {
        let parse = |answer: &&[&str]| answer.iter().map(|text| text.parse().unwrap()).collect();
        self.names.lock().unwrap().insert(name.into(), answers.iter().map(parse).collect());
    }

    /// What curl prints, run inside: the body, then the status of the answer and of the proxy.
    pub(crate) async fn curl(&self, arguments: &[&str]) -> String {
        let mut command = self.network.command("curl");
        command.args(["--silent", "--show-error", "--max-time", "20", "--noproxy", ""]);
        command.args(["--proxy", &format!("http://127.0.0.1:{}", self.port)]);
        command.args(["--write-out", "%{http_code} %{http_connect}"]).args(arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        self.namespace.connect(self.port).await.unwrap()
    }

    /// What comes back for some bytes, to the end of the connection.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await
    }

    /// The rows of the tally in short, without bytes.
    pub(crate) fn counted(&self) -> Vec<(String, u16, Verdict, u64)> {
        let short = |row: Row| (row.host.into(), row.port, row.verdict, row.count);
        self.tally.drain().into_iter().map(short).collect()
    }

    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().iter().map(ToString::to_string).collect()
    }
}

fn outside(dialled: &Arc<Mutex<Vec<SocketAddr>>>, names: &Names, there: SocketAddr) -> Outside {
    let (dialled, names) = (Arc::clone(dialled), Arc::clone(names));
    let resolve = move |name: String| {
        let mut names = names.lock().unwrap();
        let found = names.get_mut(&name).map(|answers| {
            if answers.len() > 1 { answers.remove(0) } else { answers.first().cloned().unwrap_or_default() }
        });
        let found = found.ok_or_else(|| io::Error::other("no such name"));
        Box::pin(async move { found }) as _
    };
    let connect = move |to: SocketAddr| {
        dialled.lock().unwrap().push(to);
        let known = to.ip().to_string() == SOMEWHERE || to.ip().to_string() == "10.0.0.5";
        Box::pin(async move {
            if known { TcpStream::connect(there).await } else { Err(io::ErrorKind::ConnectionRefused.into()) }
        }) as _
    };
    Outside { resolve: Box::new(resolve), connect: Box::new(connect) }
}

pub(crate) async fn rest(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    // A reset is an end as well.
    drop(timeout(PATIENCE, stream.read_to_end(&mut bytes)).await.unwrap());
    String::from_utf8_lossy(&bytes).into_owned()
}

pub(crate) async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end.as_bytes()) {
        bytes.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    String::from_utf8(bytes).unwrap()
}

/// Something that says the head of what it was asked.
pub(crate) async fn teller() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(tell(stream));
        }
    });
    address
}

async fn tell(mut stream: TcpStream) {
    let mut read = Vec::new();
    while !read.ends_with(b"\r\n\r\n") {
        let Ok(byte) = stream.read_u8().await else { return };
        read.push(byte);
    }
    let body = format!("seen:{}", String::from_utf8_lossy(&read).replace("\r\n", "|"));
    let head = "HTTP/1.1 200 OK\r\nX-Secret: 1\r\nConnection: close, x-secret\r\nContent-Length:";
    drop(stream.write_all(format!("{head} {}\r\n\r\n{body}", body.len()).as_bytes()).await);
}

/// Something that says back what it hears.
pub(crate) async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = stream.split();
                drop(tokio::io::copy(&mut reads, &mut writes).await);
            });
        }
    });
    address
}
