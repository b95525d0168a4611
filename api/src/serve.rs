//! The server from start to stop: lock, open, listen, drain, record the stop.

use crate::clock;
use crate::directory_lock::{DirectoryLock, LockError};
use crate::door::DoorAddress;
use crate::http::answering::Answering;
use crate::http::doors::{Doors, Entries};
use crate::http::rates::Rates;
use crate::http::scim::Directories;
use crate::http::{Deed, router, sign_in};
use crate::keeper::{Keeper, KeeperError, Settings};
use crate::limits::Limits;
use crate::reactor;
use crate::secret::Secret;
use axum::extract::ConnectInfo;
use commands::custody::OpenClaim;
use commands::engine::{self, Answer, Ended, Engine, Handle, Options, Published, by_operator};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use ledger::disk::RealDisk;
use ledger::entropy;
use ledger::event::custody::ClaimOpened;
use ledger::key_folder::{KeyFolder, KeyFolderError};
use ledger::store::Folders;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt;

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
    /// How much a client may take.
    pub limits: Limits,
    /// Where browsers find the server; `None` for the address it listens on.
    pub public_url: Option<sign_in::Origin>,
    /// A folder of secrets, such as those of clients at identity providers.
    pub secrets: PathBuf,
    /// The socket of the Docker engine that workspaces run in; `None` for no workspaces.
    pub engine: Option<PathBuf>,
    /// Where the door to workspaces listens.
    pub door: SocketAddr,
    /// Where browsers find the door; `None` for the address it listens on.
    pub door_url: Option<DoorAddress>,
}

/// The server could not start, or ended badly.
#[derive(Debug, Error)]
pub enum ServeError {
    /// The data directory is taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The ledger cannot be opened.
    #[error(transparent)]
    Open(#[from] engine::OpenError),
    /// A secret key cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFolderError),
    /// The address is taken, or not ours.
    #[error("could not listen on {address}; choose another address with `{option}`")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// What sets it.
        option: &'static str,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Workspaces cannot be kept.
    #[error(transparent)]
    Keeper(#[from] KeeperError),
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
    limits: Limits,
    public_url: Option<sign_in::Origin>,
    secrets: PathBuf,
    engine_socket: Option<PathBuf>,
    disks: PathBuf,
    door_url: Option<DoorAddress>,
    _lock: DirectoryLock,
}

/// Opens the ledger, or makes one in an empty directory.
pub fn open(config: &Config) -> Result<Opened, ServeError> {
    let lock = DirectoryLock::take(&config.data, &[&config.keys, &config.head_lock])?;
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
    // Before the ledger is opened, which records a start.
    let keys = KeyFolder::new(Arc::clone(&folders.disk), &config.keys);
    let digest_key = *keys.digest_key(&entropy::fresh())?;
    let engine = engine::open(folders, Box::new(clock::now), entropy::system(), options)?;
    Ok(Opened {
        engine,
        digest_key,
        limits: config.limits,
        public_url: config.public_url.clone(),
        secrets: config.secrets.clone(),
        engine_socket: config.engine.clone(),
        disks: config.data.join("disks"),
        door_url: config.door_url.clone(),
        _lock: lock,
    })
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
    /// Where the door listens.
    pub door: SocketAddr,
    engine: Handle,
    writer: JoinHandle<Ended>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
    /// Says that the writer has ended by itself.
    ended: watch::Receiver<bool>,
    _lock: DirectoryLock,
}

/// Takes the address, before anything is recorded: a server that cannot listen leaves the ledger as it is.
pub async fn listen(address: SocketAddr, option: &'static str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|cause| ServeError::Listen { address, option, cause })
}

/// Starts to serve an opened ledger.
pub fn start(
    opened: Opened,
    listener: TcpListener,
    door_listener: TcpListener,
) -> Result<Running, ServeError> {
    let address = listener.local_addr().map_err(ServeError::Thread)?;
    let door = door_listener.local_addr().map_err(ServeError::Thread)?;
    let Opened { mut engine, digest_key, limits, public_url, secrets, engine_socket, disks, door_url, _lock } =
        opened;
    let origin = public_url.unwrap_or_else(|| sign_in::Origin::local(address));
    let genesis = engine.writer().genesis().clone();
    let sealed = engine.writer().sealed_reader();
    let (grow, grown) = watch::channel(engine.reader().size());
    let (end, ended) = watch::channel(false);
    let on_commit = move |published: &Published| {
        grow.send_replace(published.head.size());
    };
    let (handle, writer) = engine::run(engine, on_commit, move || {
        end.send_replace(true);
    })
    .map_err(ServeError::Thread)?;
    let (stop, stopping) = watch::channel(false);
    let settings =
        engine_socket.map(|socket| Settings { socket, disks, secret: digest_key, ledger: genesis.ledger() });
    let keeper = settings.map(|settings| Keeper::new(settings, handle.clone())).transpose()?;
    if let Some(keeper) = keeper.clone() {
        tokio::spawn(keeper.keep(grown.clone(), stopping.clone()));
    }
    let deed = Deed {
        engine: handle.clone(),
        grown,
        digest_key: Arc::new(digest_key),
        genesis: String::from_utf8_lossy(genesis.text()).into(),
        event_key: Arc::new(genesis.event_key().clone()),
        limits,
        rates: Rates::new(limits.requests_per_second).map(Arc::new),
        oauth: Arc::default(),
        answering: Answering::default(),
        directories: Arc::new(Directories::new(sealed.clone())),
        sealed,
        keeper,
        door: Some(Arc::new(door_url.unwrap_or_else(|| DoorAddress::local(door)))),
        entries: Arc::new(Entries::new(digest_key)),
        sign_in: Arc::new(sign_in::SignIns::new(origin, secrets)),
        stopping,
    };
    tokio::spawn(reactor::follow(handle.clone(), clock::now, deed.stopping.clone()));
    let doors = Doors::new(deed.clone());
    let served = tokio::spawn(async move {
        let (limits, stopping) = (deed.limits, deed.stopping.clone());
        let app = router(deed);
        let pages = accept(listener, (limits, stopping.clone()), move |peer, request| {
            answer(app.clone(), peer, request)
        });
        let visits = accept(door_listener, (limits, stopping), move |peer, request| {
            let doors = doors.clone();
            async move { Ok(doors.answer(peer, request).await) }
        });
        tokio::join!(pages, visits);
    });
    Ok(Running { address, door, engine: handle, writer, stop, served, ended, _lock })
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
        self.stop.send_replace(true);
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

/// Takes connections until the server stops, and waits for those that are open.
async fn accept<F, A>(
    listener: TcpListener,
    (limits, mut stopping): (Limits, watch::Receiver<bool>),
    answer: F,
) where
    F: Fn(SocketAddr, hyper::Request<Incoming>) -> A + Clone + Send + 'static,
    A: Future<Output = Answered> + Send + 'static,
{
    let connections = Arc::new(Semaphore::new(limits.connections_max));
    loop {
        let accepted = tokio::select! {
            accepted = next(&listener, &connections) => accepted,
            _ = stopping.changed() => break,
        };
        match accepted {
            Ok(accepted) => {
                tokio::spawn(serve_connection(accepted, answer.clone(), limits, stopping.clone()));
            }
            // Too many open files, say: those that are open will close.
            Err(cause) => {
                tracing::warn!("could not accept a connection: {cause}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener);
    let all = u32::try_from(limits.connections_max).unwrap_or(u32::MAX);
    if tokio::time::timeout(limits.drain, connections.acquire_many(all)).await.is_err() {
        tracing::warn!("some requests were still open when the server stopped");
    }
}

/// A connection, its other end, and its place among those that are open.
type Accepted = (TcpStream, SocketAddr, OwnedSemaphorePermit);

/// The next connection, once there is room for it.
async fn next(listener: &TcpListener, connections: &Arc<Semaphore>) -> std::io::Result<Accepted> {
    let permit = Arc::clone(connections).acquire_owned().await.map_err(std::io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    Ok((stream, peer, permit))
}

/// An answer; there always is one.
type Answered = Result<axum::response::Response, std::convert::Infallible>;

async fn serve_connection<F, A>(
    (stream, peer, permit): Accepted,
    answer: F,
    limits: Limits,
    mut stopping: watch::Receiver<bool>,
) where
    F: Fn(SocketAddr, hyper::Request<Incoming>) -> A,
    A: Future<Output = Answered>,
{
    let service = hyper::service::service_fn(move |request| answer(peer, request));
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits.headers);
    let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    // A broken connection is the client's affair.
    tokio::select! {
        _ = connection.as_mut() => {}
        _ = stopping.changed() => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
    drop(permit);
}

async fn answer(app: axum::Router, peer: SocketAddr, request: hyper::Request<Incoming>) -> Answered {
    let mut request = request.map(axum::body::Body::new);
    request.extensions_mut().insert(ConnectInfo(peer));
    app.oneshot(request).await
}
