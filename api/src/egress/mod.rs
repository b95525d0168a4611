//! The way out of a workspace: a small forward proxy that listens on the loopback of the workspace, which has no other way out.
//!
//! `CONNECT host:port` becomes a tunnel, `GET http://host/…` is asked for the workspace, and `GET /…` is for the gateway of Deed itself. What may be
//! reached is in [`Rules`], which are asked for each request; a tunnel ends when they no longer allow it. A name is resolved here, each address is
//! looked at, and the address that was looked at is the one that is connected to. All that was asked is counted in a [`Tally`].
//!
//! What goes through a tunnel is not looked at, so the name inside TLS (SNI), or inside HTTP over TLS, may be another one than the name that was
//! allowed: behind an address that serves many hosts, an allowed name opens the way to all of them.

mod address;
mod outside;
mod proxy;
mod rules;
mod tally;

pub use address::{is_global, is_never};
pub use outside::{Connect, Outside, Resolve};
pub use proxy::{Gateway, not_here};
pub use rules::Rules;
pub use tally::{Row, Tally, Verdict};

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

/// Bytes of the head of a request.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// How long a head may take, and how long a connection may stand idle between requests.
const HEAD: Duration = Duration::from_secs(10);
/// Connections of a workspace at a time; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 256;
/// After a failure to accept a connection.
const PAUSE: Duration = Duration::from_millis(100);
/// How long a tunnel may carry nothing.
const IDLE: Duration = Duration::from_secs(600);

/// What the proxy of a workspace works with.
pub struct Egress {
    /// What may be reached. A change holds at once.
    pub rules: watch::Receiver<Arc<Rules>>,
    /// Where it is counted.
    pub tally: Arc<Tally>,
    /// Names and connections.
    pub outside: Outside,
    /// Who answers what is asked of the proxy itself.
    pub gateway: Gateway,
}

/// Serves a workspace until told to stop, and then ends all that is open.
pub async fn serve(listener: TcpListener, egress: Egress, mut stop: watch::Receiver<bool>) {
    let egress = Arc::new(egress);
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let ending = stop.clone();
    let accepting = async {
        loop {
            match next(&listener, &connections).await {
                Ok((stream, permit)) => {
                    tokio::spawn(serve_connection(stream, permit, Arc::clone(&egress), ending.clone()));
                }
                Err(cause) => {
                    tracing::warn!("could not accept a connection from a workspace: {cause}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stopped(&mut stop) => {}
    }
}

/// Waits until it is told to stop, or nobody is left who could.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

async fn next(
    listener: &TcpListener,
    connections: &Arc<Semaphore>,
) -> std::io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(connections).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, _) = listener.accept().await?;
    stream.set_nodelay(true)?;
    Ok((stream, permit))
}

async fn serve_connection(
    stream: TcpStream,
    permit: OwnedSemaphorePermit,
    egress: Arc<Egress>,
    mut stop: watch::Receiver<bool>,
) {
    let place = Arc::new(proxy::Place { egress, stop: stop.clone(), _permit: permit });
    let service = hyper::service::service_fn(move |request| {
        let place = Arc::clone(&place);
        async move { Ok::<_, std::convert::Infallible>(proxy::answer(place, request).await) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(HEAD).max_buf_size(HEAD_BYTES_MAX);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    // A broken connection is the affair of the workspace.
    tokio::select! {
        _ = connection.as_mut() => {}
        () = stopped(&mut stop) => {}
    }
}
