//! One request of a workspace to the outside.

use super::outside::Unreached;
use super::tally::Verdict;
use super::{Egress, IDLE, stopped};
use crate::authority::{Authority, Host};
use crate::door::hygiene::drop_hop_by_hop;
use crate::tunnel::{self, Counters};
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::timeout;

/// How long a host may take for the head of its answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Between two looks at how much a tunnel has carried.
const LOOK: Duration = Duration::from_secs(30);
/// How long a connection may take to become a tunnel.
const UPGRADE: Duration = Duration::from_secs(10);

/// Answers what is asked of the proxy itself.
pub type Gateway = Box<dyn Fn(Request<Body>) -> Pin<Box<dyn Future<Output = Response> + Send>> + Send + Sync>;

/// A gateway that has nothing.
pub fn not_here() -> Gateway {
    Box::new(|_| Box::pin(async { text(StatusCode::NOT_FOUND, "there is nothing here") }))
}

/// A connection of a workspace: what it may, and what it takes up until all that came of it has ended.
pub(super) struct Place {
    pub(super) egress: Arc<Egress>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) _permit: OwnedSemaphorePermit,
}

/// Where a request wants to go.
#[derive(Clone, Debug)]
struct Goal {
    host: Host,
    port: u16,
}

/// What is answered instead of what was asked for.
struct Refusal(Goal, Verdict, StatusCode, String);

pub(super) async fn answer(place: Arc<Place>, request: Request<Incoming>) -> Response {
    let done = match (request.method() == Method::CONNECT, request.uri().scheme_str()) {
        (true, _) => connect(&place, request).await,
        (false, None) if request.uri().authority().is_none() => {
            return (place.egress.gateway)(request.map(Body::new)).await;
        }
        (false, Some("http")) => carry(&place, request).await,
        (false, _) => Err(None),
    };
    let tally = &place.egress.tally;
    match done {
        Ok(response) => response,
        Err(Some(Refusal(goal, verdict, status, why))) => {
            tally.count(&goal.host.to_string(), goal.port, verdict);
            text(status, &why)
        }
        Err(None) => {
            tally.count("", 0, Verdict::Malformed);
            let mut response = text(StatusCode::BAD_REQUEST, "this is no request that a proxy can carry out");
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            response
        }
    }
}

type Done = Result<Response, Option<Refusal>>;

/// `CONNECT host:port`: a tunnel.
async fn connect(place: &Arc<Place>, mut request: Request<Incoming>) -> Done {
    let uri = request.uri();
    let bare = uri.scheme().is_none() && uri.path_and_query().is_none();
    let Authority { host, port } = authority(uri)?;
    let goal = Goal { host, port: port.ok_or(None)? };
    let headers = request.headers();
    let bodied =
        headers.contains_key(header::TRANSFER_ENCODING) || headers.contains_key(header::CONTENT_LENGTH);
    // What follows a CONNECT is for the other end: a length of it would be read by nobody but an attacker's aim.
    if !bare || bodied || headers.get_all(header::HOST).iter().count() > 1 {
        return Err(None);
    }
    let stream = reach(place, &goal).await?;
    count(place, &goal, [1, 0, 0]);
    let upgraded = hyper::upgrade::on(&mut request);
    tokio::spawn(tunnel(Arc::clone(place), goal, upgraded, stream));
    Ok(Response::new(Body::empty()))
}

/// `GET http://host/…`: asked for the workspace on a connection of its own.
async fn carry(place: &Arc<Place>, request: Request<Incoming>) -> Done {
    let Authority { host, port } = authority(request.uri())?;
    let goal = Goal { host, port: port.unwrap_or(80) };
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return Err(None);
    }
    let sent = Arc::new(AtomicU64::new(0));
    let request = onward(request, &goal, &sent).ok_or(None)?;
    let stream = reach(place, &goal).await?;
    count(place, &goal, [1, 0, 0]);
    let broken = || failed(&goal, "did not answer in HTTP/1.1");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|_| broken())?;
    let mut answer = std::pin::pin!(async {
        sender.ready().await?;
        sender.send_request(request).await
    });
    tokio::spawn(drive(Arc::clone(place), goal.clone(), connection));
    let answer = loop {
        let before = sent.load(Ordering::Relaxed);
        match timeout(ANSWER, &mut answer).await {
            Ok(answer) => break answer.map_err(|_| broken())?,
            Err(_) if sent.load(Ordering::Relaxed) == before => return Err(failed(&goal, "took too long")),
            Err(_) => {}
        }
    };
    if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
        return Err(broken());
    }
    count(place, &goal, [0, sent.load(Ordering::Relaxed), 0]);
    Ok(back(place, &goal, answer))
}

/// The request as the host is to see it.
fn onward(request: Request<Incoming>, goal: &Goal, sent: &Arc<AtomicU64>) -> Option<Request<Body>> {
    let (mut head, body) = request.into_parts();
    drop_hop_by_hop(&mut head.headers);
    head.headers.remove(header::EXPECT);
    let named = if goal.port == 80 { goal.host.to_string() } else { format!("{}:{}", goal.host, goal.port) };
    head.headers.insert(header::HOST, HeaderValue::from_str(&named).ok()?);
    if !body.is_end_stream() && !head.headers.contains_key(header::CONTENT_LENGTH) {
        head.headers.insert(header::TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let sent = Arc::clone(sent);
    let ended = body.is_end_stream();
    let counted = data_only(body, move |bytes| {
        sent.fetch_add(length(bytes), Ordering::Relaxed);
    });
    let mut request = Request::new(if ended { Body::empty() } else { counted });
    let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
    *request.uri_mut() = Uri::builder().path_and_query(target).build().ok()?;
    *request.method_mut() = head.method;
    *request.headers_mut() = head.headers;
    Some(request)
}

/// The answer as the workspace is to see it.
fn back(place: &Arc<Place>, goal: &Goal, answer: Response<Incoming>) -> Response {
    let (mut head, body) = answer.into_parts();
    drop_hop_by_hop(&mut head.headers);
    let (place, goal) = (Arc::clone(place), goal.clone());
    let ended = body.is_end_stream();
    let counted = data_only(body, move |bytes| count(&place, &goal, [0, 0, length(bytes)]));
    let mut response = Response::new(if ended { Body::empty() } else { counted });
    *response.status_mut() = head.status;
    *response.headers_mut() = head.headers;
    response
}

/// A body without trailers, each part of which somebody sees.
fn data_only(body: Incoming, seen: impl Fn(&Bytes) + Send + Sync + 'static) -> Body {
    let frames = body.map_frame(move |frame| match frame.into_data() {
        Ok(bytes) => {
            seen(&bytes);
            Frame::data(bytes)
        }
        Err(_) => Frame::data(Bytes::new()),
    });
    Body::new(frames)
}

fn length(bytes: &Bytes) -> u64 {
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}

/// Runs a connection to a host as long as the rules allow it.
async fn drive(place: Arc<Place>, goal: Goal, connection: impl Future<Output = hyper::Result<()>>) {
    tokio::select! {
        _ = connection => {}
        () = over(&place, &goal) => {}
    }
}

fn authority(uri: &Uri) -> Result<Authority, Option<Refusal>> {
    let text = uri.authority().ok_or(None)?.as_str();
    Authority::parse(text).map_err(|_| None)
}

async fn reach(place: &Place, goal: &Goal) -> Result<TcpStream, Option<Refusal>> {
    let Goal { host, port } = goal;
    let refusal = |verdict, status, why| Some(Refusal(goal.clone(), verdict, status, why));
    let allowed = place.egress.rules.borrow().allows(host, *port);
    if !allowed {
        let why = format!(
            "{host}:{port} may not be reached from this workspace; whoever publishes its template can allow it under `network.allow`"
        );
        return Err(refusal(Verdict::Denied, StatusCode::FORBIDDEN, why));
    }
    place.egress.outside.reach(host, *port).await.map_err(|cause| match cause {
        Unreached::Address => {
            let why = format!(
                "{host} leads to an address that is not on the internet; whoever publishes the template can allow that address itself under `network.allow`, unless it is this host's own or a metadata service"
            );
            refusal(Verdict::Special, StatusCode::FORBIDDEN, why)
        }
        Unreached::Fault => failed(goal, "cannot be reached"),
        Unreached::Late => failed(goal, "took too long"),
    })
}

fn failed(goal: &Goal, what: &str) -> Option<Refusal> {
    let status = if what == "took too long" { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
    let why = format!("{}:{} {what}", goal.host, goal.port);
    Some(Refusal(goal.clone(), Verdict::Failed, status, why))
}

/// Waits until the rules no longer allow a goal, or the proxy stops.
async fn over(place: &Place, goal: &Goal) {
    let (mut rules, mut stop) = (place.egress.rules.clone(), place.stop.clone());
    let denied = async {
        // Rules that nobody can change any more stay as they are.
        if rules.wait_for(|rules| !rules.allows(&goal.host, goal.port)).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = denied => {}
        () = stopped(&mut stop) => {}
    }
}

async fn tunnel(place: Arc<Place>, goal: Goal, upgraded: hyper::upgrade::OnUpgrade, stream: TcpStream) {
    let Ok(Ok(inside)) = timeout(UPGRADE, upgraded).await else { return };
    let (sent, received) = (AtomicU64::new(0), AtomicU64::new(0));
    let counters = Counters { from_first: &sent, from_second: &received };
    let idle = async {
        let mut quiet = Duration::ZERO;
        while quiet < IDLE {
            tokio::time::sleep(LOOK).await;
            quiet = if settle(&place, &goal, counters) { Duration::ZERO } else { quiet.saturating_add(LOOK) };
        }
    };
    tokio::select! {
        () = tunnel::join(TokioIo::new(inside), stream, counters) => {}
        () = idle => {}
        () = over(&place, &goal) => {}
    }
    settle(&place, &goal, counters);
}

/// Moves what was counted into the tally, and says whether that was anything.
fn settle(place: &Place, goal: &Goal, counters: Counters<'_>) -> bool {
    let sent = counters.from_first.swap(0, Ordering::Relaxed);
    let received = counters.from_second.swap(0, Ordering::Relaxed);
    if (sent, received) == (0, 0) {
        return false;
    }
    count(place, goal, [0, sent, received]);
    true
}

fn count(place: &Place, goal: &Goal, more: [u64; 3]) {
    place.egress.tally.add(&goal.host.to_string(), goal.port, Verdict::Allowed, more);
}

fn text(status: StatusCode, line: &str) -> Response {
    let mut response = Response::new(Body::from(format!("{line}\n")));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
