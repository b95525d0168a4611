//! The server from start to stop: lock, open, listen, drain, record the stop.

use crate::clock;
use crate::directory_lock::{DirectoryLock, LockError};
use crate::http::{Deed, router};
use crate::secret::Secret;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use commands::custody::OpenClaim;
use commands::engine::{self, Answer, Ended, Engine, Handle, Options, Published, by_operator};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use ledger::disk::RealDisk;
use ledger::entropy;
use ledger::event::custody::ClaimOpened;
use ledger::key_folder::KeyFolderError;
use ledger::store::Folders;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tower::{Service, ServiceExt};

/// Connections at a time; further ones wait in the system's queue.
const CONNECTIONS_MAX: usize = 1_024;
/// How long a client may take to send its headers.
const HEADERS_MAX: Duration = Duration::from_secs(10);
/// How long open requests may take when the server stops.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long a claim link is good.
const CLAIM_SECONDS: u64 = 24 * 60 * 60;

/// What a server needs to know.
#[derive(Clone, Debug)]
pub struct Config {
    /// Log, sealed payloads, checkpoints, index.
    pub data: PathBuf,
    /// Secret keys.
    pub keys: PathBuf,
    /// The head lock.
    pub head_lock: PathBuf,
    /// Where to listen.
    pub listen: SocketAddr,
    /// A checkpoint after so many events.
    pub checkpoint_events: u64,
    /// And after so many seconds.
    pub checkpoint_seconds: u64,
    /// Whether to go on when the head lock is missing.
    pub accept_missing_head_lock: bool,
    /// Bytes of a file of the log.
    pub segment_bytes: u64,
}

/// The server could not start, or ended badly.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data directory is taken.
    #[error("the data directory cannot be used")]
    Lock(#[from] LockError),
    /// The ledger cannot be opened.
    #[error("the ledger cannot be opened for writing")]
    Open(#[from] engine::OpenError),
    /// A secret key cannot be used.
    #[error("the secret keys cannot be used")]
    Keys(#[from] KeyFolderError),
    /// The address is taken, or not ours.
    #[error("could not listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// No thread to be had.
    #[error("could not start a thread")]
    Thread(#[source] std::io::Error),
    /// The claim link could not be recorded.
    #[error("the claim link could not be recorded")]
    Claim,
    /// A write or sync failed while serving.
    #[error(
        "the ledger could not be written; nothing was acknowledged after that. Mend the disk and start again"
    )]
    Ledger,
}

/// A ledger that is opened and not yet served.
pub struct Opened {
    engine: Engine,
    digest_key: [u8; 32],
    _lock: DirectoryLock,
}

/// Opens the ledger, or makes one in an empty directory.
pub fn open(config: &Config) -> Result<Opened, ServeError> {
    let lock = DirectoryLock::take(&config.data)?;
    let folders = Folders {
        disk: Arc::new(RealDisk),
        data: config.data.clone(),
        keys: config.keys.clone(),
        head_lock: config.head_lock.clone(),
        segment_bytes: config.segment_bytes,
    };
    let mut options = Options::new(Box::new(|text| tracing::warn!("{text}")));
    options.checkpoint_events = config.checkpoint_events;
    options.checkpoint_seconds = config.checkpoint_seconds;
    options.accept_missing_head_lock = config.accept_missing_head_lock;
    let disk = Arc::clone(&folders.disk);
    let engine = engine::open(folders, Box::new(clock::now), entropy::system(), options)?;
    let keys = ledger::key_folder::KeyFolder::new(disk, &config.keys);
    let digest_key = *keys.digest_key(&entropy::fresh())?;
    Ok(Opened { engine, digest_key, _lock: lock })
}

impl Opened {
    /// The engine.
    pub fn engine(&mut self) -> &mut Engine {
        &mut self.engine
    }

    /// Opens the claim and gives the token, which is shown once.
    pub fn open_claim(&mut self) -> Result<Secret, ServeError> {
        let token = Secret::fresh();
        let opened =
            ClaimOpened { digest: token.digest(), expires: clock::now().plus_seconds(CLAIM_SECONDS) };
        let (answered, answer) = std::sync::mpsc::channel();
        let reply = Box::new(move |answer| drop(answered.send(answer)));
        self.engine.turn([by_operator(OpenClaim(opened).into(), reply)]);
        match answer.try_recv() {
            Ok(Answer::Done(_)) => Ok(token),
            Ok(Answer::Refused(..) | Answer::Failed(_)) | Err(_) => Err(ServeError::Claim),
        }
    }

    /// Whether somebody owns this Deed.
    pub fn is_claimed(&self) -> bool {
        self.engine.published().load().state.claims.was_claimed()
    }
}

/// A server that is running.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    engine: Handle,
    writer: JoinHandle<Ended>,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
    /// Says that the writer has ended by itself.
    ended: watch::Receiver<bool>,
    _lock: DirectoryLock,
}

/// Starts to serve an opened ledger.
pub async fn start(opened: Opened, listen: SocketAddr) -> Result<Running, ServeError> {
    let fail = |cause| ServeError::Listen { address: listen, cause };
    let listener = TcpListener::bind(listen).await.map_err(fail)?;
    let address = listener.local_addr().map_err(fail)?;
    let Opened { mut engine, digest_key, _lock } = opened;
    let genesis = engine.writer().genesis().clone();
    let (grow, grown) = watch::channel(engine.reader().size());
    let (end, ended) = watch::channel(false);
    let on_commit = move |published: &Published| {
        grow.send_replace(published.head.size());
    };
    let (handle, writer) = engine::run(engine, on_commit, move || {
        end.send_replace(true);
    })
    .map_err(ServeError::Thread)?;
    let deed = Deed {
        engine: handle.clone(),
        grown,
        digest_key: Arc::new(digest_key),
        genesis: String::from_utf8_lossy(genesis.text()).into(),
        event_key: Arc::new(genesis.event_key().clone()),
    };
    let (stop, stopped) = oneshot::channel();
    let served = tokio::spawn(accept(listener, deed, stopped));
    Ok(Running { address, engine: handle, writer, stop, served, ended, _lock })
}

impl Running {
    /// Waits until the writer has ended by itself, which it does only when the disk failed it.
    pub async fn failed(&mut self) {
        while !*self.ended.borrow_and_update() {
            if self.ended.changed().await.is_err() {
                return;
            }
        }
    }

    /// Stops: no new connections, open requests are answered, the stop is recorded, a last checkpoint is signed.
    pub async fn stop(self, reason: &str) -> Result<(), ServeError> {
        // The other end is gone only when the listener ended before.
        let _ = self.stop.send(());
        drop(self.served.await);
        self.engine.stop(reason);
        drop(self.engine);
        let writer = self.writer;
        match tokio::task::spawn_blocking(move || writer.join()).await {
            Ok(Ok(Ended::Clean)) => Ok(()),
            Ok(Ok(Ended::Failed) | Err(_)) | Err(_) => Err(ServeError::Ledger),
        }
    }
}

async fn accept(listener: TcpListener, deed: Deed, mut stopped: oneshot::Receiver<()>) {
    let connections = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let app = router(deed);
    loop {
        let Ok(permit) = Arc::clone(&connections).acquire_owned().await else { return };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = &mut stopped => break,
        };
        match accepted {
            Ok((stream, peer)) => serve_connection(stream, peer, app.clone(), &graceful, permit),
            // Too many open files, say: those that are open will close.
            Err(cause) => {
                tracing::warn!("could not accept a connection: {cause}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(DRAIN_MAX) => tracing::warn!("some requests were still open when the server stopped"),
    }
}

fn serve_connection(
    stream: TcpStream,
    peer: SocketAddr,
    app: axum::Router,
    graceful: &GracefulShutdown,
    permit: tokio::sync::OwnedSemaphorePermit,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_MAX);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(DRAIN_MAX));
    let service = tower::service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer));
        let request: Request = request.map(axum::body::Body::new);
        answer(app.clone(), request)
    });
    let connection =
        builder.serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service));
    let connection = graceful.watch(connection.into_owned());
    tokio::spawn(async move {
        // A broken connection is the client's affair.
        drop(connection.await);
        drop(permit);
    });
}

async fn answer(app: axum::Router, request: Request) -> Result<Response, std::convert::Infallible> {
    let mut service = app;
    let ready = <axum::Router as ServiceExt<Request>>::ready(&mut service).await?;
    ready.call(request).await
}
