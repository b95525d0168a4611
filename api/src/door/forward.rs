//! Carries a request to an app and the answer back.

use super::body::{Passing, Tap};
use super::cut::Cut;
use super::meter::{Meter, Way};
use super::outer::{Kind, Outer, Refused, words};
use super::upstream::Upstream;
use super::{hygiene, page};
use crate::tunnel::{self, Counters};
use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Request, StatusCode, header};
use axum::response::Response;
use hyper::body::Incoming;
use hyper::client::conn::http1::SendRequest;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::timeout;

/// How long both sides may take to become a tunnel once they have agreed on it.
const UPGRADE: Duration = Duration::from_secs(10);

/// Somebody's way through a door: what is counted, and what ends it.
#[derive(Clone, Debug)]
pub struct Visit {
    /// Where it is counted.
    pub meter: Arc<Meter>,
    /// Ends the request, its answer and its tunnel.
    pub cut: Cut,
}

/// Why there is no answer of the app.
enum Failed {
    /// No connection.
    Connect(io::Error),
    /// The connection ended, or what came was no HTTP. A request that was never sent is given back.
    Broken(Option<Box<Request<Body>>>),
    /// It took too long.
    Late,
}

/// Carries a request to an app and the answer back. Whoever calls has decided that this may be. A WebSocket goes on after this has returned.
pub async fn forward(upstream: &Upstream, outer: &Outer, request: Request<Body>, visit: &Visit) -> Response {
    let exchange = async {
        let done = match outer.kind() {
            Kind::Plain => plain(upstream, outer, request, visit).await,
            Kind::WebSocket => websocket(upstream, outer, request, visit).await,
        };
        done.unwrap_or_else(|failed| failed.page())
    };
    tokio::select! {
        biased;
        () = visit.cut.clone().fired() => page::closed(),
        response = exchange => response,
    }
}

async fn plain(
    upstream: &Upstream,
    outer: &Outer,
    request: Request<Body>,
    visit: &Visit,
) -> Result<Response, Failed> {
    let moved = Arc::new(AtomicU64::new(0));
    let Some(request) = to_app(outer, request, visit, &moved) else { return Ok(Refused::Target.page()) };
    visit.meter.request();
    let (sender, answer) = ask(upstream, request, &moved).await?;
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Failed::Broken(None));
    }
    upstream.keep(sender);
    Ok(from_app(outer, answer, upstream.port(), visit))
}

/// The request as the app is to see it; `None` when it is for no path of the app.
fn to_app(
    outer: &Outer,
    request: Request<Body>,
    visit: &Visit,
    moved: &Arc<AtomicU64>,
) -> Option<Request<Body>> {
    let target = outer.target(request.uri())?;
    let (mut head, body) = request.into_parts();
    hygiene::to_app(&mut head.headers, outer);
    // Said anew, because a body on a method that usually has none would be left out otherwise.
    if !body.is_end_stream() && !head.headers.contains_key(header::CONTENT_LENGTH) {
        head.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let tap = Tap { meter: Arc::clone(&visit.meter), way: Way::In, moved: Arc::clone(moved) };
    let mut request = Request::new(Passing::body(body, visit.cut.clone(), tap));
    *request.method_mut() = head.method;
    *request.uri_mut() = target;
    *request.headers_mut() = head.headers;
    Some(request)
}

/// Asks on a kept connection when there is one. An app may close such a connection just when it is used again; then a request that was not sent, or
/// that has no body and changes nothing, is sent on a new one.
async fn ask(
    upstream: &Upstream,
    request: Request<Body>,
    moved: &AtomicU64,
) -> Result<(SendRequest<Body>, Response<Incoming>), Failed> {
    let Some(kept) = upstream.take() else { return ask_anew(upstream, request, moved).await };
    let spare = copy(&request);
    match send(kept, request, upstream.answer_within(), moved).await {
        Err(Failed::Broken(unsent)) => match unsent.map(|request| *request).or(spare) {
            Some(request) => ask_anew(upstream, request, moved).await,
            None => Err(Failed::Broken(None)),
        },
        other => other,
    }
}

async fn ask_anew(
    upstream: &Upstream,
    request: Request<Body>,
    moved: &AtomicU64,
) -> Result<(SendRequest<Body>, Response<Incoming>), Failed> {
    let sender = upstream.fresh().await.map_err(Failed::Connect)?;
    send(sender, request, upstream.answer_within(), moved).await
}

/// A copy of a request that may be sent twice.
fn copy(request: &Request<Body>) -> Option<Request<Body>> {
    if !request.method().is_safe() || !request.body().is_end_stream() {
        return None;
    }
    let mut copy = Request::new(Body::empty());
    *copy.method_mut() = request.method().clone();
    *copy.uri_mut() = request.uri().clone();
    *copy.headers_mut() = request.headers().clone();
    Some(copy)
}

/// Sends a request and waits for the head of the answer, as long as the request's body is still on its way or a while longer.
async fn send(
    mut sender: SendRequest<Body>,
    request: Request<Body>,
    within: Duration,
    moved: &AtomicU64,
) -> Result<(SendRequest<Body>, Response<Incoming>), Failed> {
    let mut answer = pin!(sender.try_send_request(request));
    loop {
        let before = moved.load(Ordering::Relaxed);
        match timeout(within, &mut answer).await {
            Ok(Ok(answer)) => return Ok((sender, answer)),
            Ok(Err(mut failed)) => return Err(Failed::Broken(failed.take_message().map(Box::new))),
            Err(_) if moved.load(Ordering::Relaxed) == before => return Err(Failed::Late),
            Err(_) => {}
        }
    }
}

/// The answer as browsers are to see it.
fn from_app(outer: &Outer, answer: Response<Incoming>, port: u16, visit: &Visit) -> Response {
    let (mut head, body) = answer.into_parts();
    hygiene::from_app(&mut head.headers, outer, port);
    let tap = Tap { meter: Arc::clone(&visit.meter), way: Way::Out, moved: Arc::default() };
    let mut response = Response::new(Passing::body(body, visit.cut.clone(), tap));
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

async fn websocket(
    upstream: &Upstream,
    outer: &Outer,
    mut request: Request<Body>,
    visit: &Visit,
) -> Result<Response, Failed> {
    let browser = hyper::upgrade::on(&mut request);
    let moved = Arc::new(AtomicU64::new(0));
    let Some(request) = to_app(outer, request, visit, &moved) else { return Ok(Refused::Target.page()) };
    visit.meter.request();
    // On a connection of its own, which is nobody else's afterwards.
    let (_, mut answer) = ask_anew(upstream, request, &moved).await?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Ok(from_app(outer, answer, upstream.port(), visit));
    }
    if words(answer.headers(), &header::UPGRADE) != ["websocket"] {
        return Err(Failed::Broken(None));
    }
    let app = hyper::upgrade::on(&mut answer);
    let mut headers = std::mem::take(answer.headers_mut());
    hygiene::from_app(&mut headers, outer, upstream.port());
    tokio::spawn(tunnel(browser, app, visit.clone()));
    Ok(switched(headers))
}

fn switched(mut headers: HeaderMap) -> Response {
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *response.headers_mut() = headers;
    response
}

/// Counts a tunnel for as long as it is there.
struct Open(Arc<Meter>);

impl Open {
    fn new(meter: &Arc<Meter>) -> Self {
        meter.tunnel_opened();
        Self(Arc::clone(meter))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.tunnel_closed();
    }
}

async fn tunnel(browser: OnUpgrade, app: OnUpgrade, visit: Visit) {
    let both = async { tokio::try_join!(browser, app) };
    let Ok(Ok((browser, app))) = timeout(UPGRADE, both).await else { return };
    let open = Open::new(&visit.meter);
    let counters = Counters { from_first: open.0.of(Way::In), from_second: open.0.of(Way::Out) };
    tokio::select! {
        () = visit.cut.fired() => {}
        () = tunnel::join(TokioIo::new(browser), TokioIo::new(app), counters) => {}
    }
}

impl Failed {
    fn page(&self) -> Response {
        match self {
            Self::Connect(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => page::not_listening(),
            Self::Connect(cause) if cause.kind() == io::ErrorKind::TimedOut => page::late(),
            Self::Connect(cause) => {
                tracing::warn!("could not reach an app: {cause}");
                page::unreachable()
            }
            Self::Broken(_) => page::broken(),
            Self::Late => page::late(),
        }
    }
}
