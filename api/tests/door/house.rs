//! A workspace with an app in it, a door before it, and clients that speak bytes.

use api::door::{Cutter, Front, Meter, Upstream, Visit, forward, outer};
use api::namespace::Namespace;
use axum::Router;
use axum::body::Body;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::{Request, header};
use axum::response::Response;
use axum::routing::{any, get};
use fixtures::network::Network;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// Longest wait for anything on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Of a large download.
pub(crate) const LARGE: usize = 64 << 20;

/// A workspace, and a door to one of its apps.
pub(crate) struct House {
    namespace: Namespace,
    upstream: Upstream,
    pub(crate) address: SocketAddr,
    pub(crate) meter: Arc<Meter>,
    pub(crate) cutter: Arc<Cutter>,
    _network: Network,
}

impl House {
    /// One whose app is the usual one.
    pub(crate) async fn usual() -> Self {
        Self::with(|listener| async move { axum::serve(listener, app()).await.unwrap() }, None).await
    }

    /// One whose app does something with a listener, below a path or not.
    pub(crate) async fn with<F>(app: impl FnOnce(TcpListener) -> F, prefix: Option<&'static str>) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let network = Network::new().unwrap();
        let namespace = Namespace::open(&network.path()).unwrap();
        let inside = namespace.listen(0).await.unwrap();
        let port = inside.local_addr().unwrap().port();
        tokio::spawn(app(inside));
        let upstream = Upstream::new(namespace.clone(), port).answering_within(Duration::from_millis(300));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (meter, cutter) = (Arc::new(Meter::default()), Arc::new(Cutter::default()));
        let door = Door { upstream: upstream.clone(), meter: meter.clone(), cutter: cutter.clone(), prefix };
        tokio::spawn(door.serve(listener));
        Self { namespace, upstream, address, meter, cutter, _network: network }
    }

    /// A connection to the door.
    pub(crate) async fn connect(&self) -> Client {
        Client::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// A connection to the app itself.
    pub(crate) async fn direct(&self) -> Client {
        Client::new(self.namespace.connect(self.upstream.port()).await.unwrap())
    }

    /// The answer to one request, to the end of the connection; `HOST` stands for the door's own.
    pub(crate) async fn ask(&self, request: &str) -> String {
        let mut client = self.connect().await;
        client.send(&request.replace("HOST", &self.address.to_string())).await;
        client.rest().await
    }

    /// The answer to a request for a path.
    pub(crate) async fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: HOST\r\nConnection: close\r\n\r\n")).await
    }
}

#[derive(Clone)]
struct Door {
    upstream: Upstream,
    meter: Arc<Meter>,
    cutter: Arc<Cutter>,
    prefix: Option<&'static str>,
}

impl Door {
    async fn serve(self, listener: TcpListener) {
        while let Ok((stream, peer)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            let (door, port) = (self.clone(), listener.local_addr().unwrap().port());
            let service = hyper::service::service_fn(move |request: Request<hyper::body::Incoming>| {
                let door = door.clone();
                async move { Ok::<_, Infallible>(door.answer(request.map(Body::new), port, peer).await) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    }

    async fn answer(&self, request: Request<Body>, port: u16, peer: SocketAddr) -> Response {
        let outer = match outer(&request, Front { secure: false, port }, peer.ip()) {
            Ok(outer) => outer,
            Err(refused) => return refused.page(),
        };
        let outer = if let Some(prefix) = self.prefix { outer.below(prefix) } else { outer };
        let visit = Visit { meter: self.meter.clone(), cut: self.cutter.hold() };
        forward(&self.upstream, &outer, request, &visit).await
    }
}

/// Says what it was asked, echoes over a WebSocket, streams without end, and has something large.
pub(crate) fn app() -> Router {
    Router::new()
        .route("/ws", get(|upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(echo) }))
        .route("/small", get(|| async { "small" }))
        .route("/large", get(|| async { vec![b'x'; LARGE] }))
        .route("/endless", get(endless))
        .route("/silent", any(std::future::pending::<()>))
        .fallback(told)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        if let Message::Text(_) | Message::Binary(_) = message
            && socket.send(message).await.is_err()
        {
            return;
        }
    }
}

async fn endless() -> Body {
    let (sender, receiver) = tokio::sync::mpsc::channel::<Result<&'static str, Infallible>>(1);
    tokio::spawn(async move { while sender.send(Ok("more\n")).await.is_ok() {} });
    Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(receiver))
}

async fn told(request: Request<Body>) -> String {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let mut lines = vec![format!("{} {}", head.method, head.uri)];
    lines.extend(head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())));
    format!("{}\n\n{}", lines.join("\n"), String::from_utf8_lossy(&body))
}

/// A connection on which bytes are sent and read.
pub(crate) struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, read: Vec::new() }
    }

    pub(crate) async fn send(&mut self, text: &str) {
        self.bytes(text.as_bytes()).await;
    }

    pub(crate) async fn bytes(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// All that comes until the connection ends, also when it ends badly.
    pub(crate) async fn rest(&mut self) -> String {
        timeout(PATIENCE, async { while self.more().await {} }).await.unwrap();
        String::from_utf8_lossy(&std::mem::take(&mut self.read)).into_owned()
    }

    /// What comes up to some text and with it.
    pub(crate) async fn until(&mut self, end: &str) -> String {
        loop {
            if let Some(at) = self.read.windows(end.len()).position(|found| found == end.as_bytes()) {
                let rest = self.read.split_off(at + end.len());
                return String::from_utf8_lossy(&std::mem::replace(&mut self.read, rest)).into_owned();
            }
            let more = timeout(PATIENCE, self.more()).await.unwrap();
            assert!(more, "ended early: {}", String::from_utf8_lossy(&self.read));
        }
    }

    async fn more(&mut self) -> bool {
        let mut buffer = vec![0; 1 << 18];
        let count = self.stream.read(&mut buffer).await.unwrap_or_default();
        self.read.extend_from_slice(&buffer[..count]);
        count > 0
    }

    /// So many bytes.
    pub(crate) async fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.read.len() < count {
            assert!(timeout(PATIENCE, self.more()).await.unwrap(), "ended early");
        }
        let rest = self.read.split_off(count);
        std::mem::replace(&mut self.read, rest)
    }

    /// Reads so many bytes and keeps none of them.
    pub(crate) async fn skip(&mut self, count: usize) {
        let mut left = count - self.read.len();
        self.read.clear();
        let mut buffer = vec![0; 1 << 18];
        while left > 0 {
            let read = self.stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "ended early");
            left -= read;
        }
    }

    /// Becomes a WebSocket.
    pub(crate) async fn upgrade(&mut self, host: &str, more: &str) -> String {
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n{more}\r\n"
        );
        self.send(&request).await;
        self.until("\r\n\r\n").await
    }

    /// Sends a short text over a WebSocket and gives what comes back.
    pub(crate) async fn echo(&mut self, text: &str) -> String {
        let length = u8::try_from(text.len()).unwrap();
        assert!(length < 126);
        // Masked, as clients do; a mask of zeros leaves the text as it is.
        self.bytes(&[&[0x81, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat()).await;
        assert_eq!(self.exactly(2).await, [0x81, length]);
        String::from_utf8(self.exactly(text.len()).await).unwrap()
    }
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or_default()
}

/// Whether an answer has a header.
pub(crate) fn has(answer: &str, name: header::HeaderName) -> bool {
    answer.to_ascii_lowercase().contains(&format!("\r\n{name}:"))
}
