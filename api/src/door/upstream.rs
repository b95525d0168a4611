//! An app in a workspace, and connections to it that are kept for a short time.

use crate::namespace::Namespace;
use axum::body::Body;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use std::io;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::time::Instant;

/// Connections to one app that are kept. An editor asks for some dozens of files at once when it loads, and then for few.
const KEPT_MAX: usize = 32;
/// How long a connection is kept that nobody uses.
const KEPT: Duration = Duration::from_secs(15);
/// How long an app may take for the head of its answer.
const ANSWER: Duration = Duration::from_secs(60);
/// Bytes of the head of an answer.
const HEAD_BYTES_MAX: usize = 64 << 10;

/// An app: a port of the loopback of a workspace.
#[derive(Clone)]
pub struct Upstream {
    namespace: Namespace,
    port: u16,
    answer_within: Duration,
    kept: Arc<Kept>,
}

/// Connections that may be used again. The lock is held for a look at them and never while anything waits.
#[derive(Default)]
struct Kept(Mutex<State>);

#[derive(Default)]
struct State {
    connections: Vec<(Instant, SendRequest<Body>)>,
    /// Whether something runs that will close them.
    swept: bool,
}

impl Upstream {
    /// The app on a port.
    pub fn new(namespace: Namespace, port: u16) -> Self {
        Self { namespace, port, answer_within: ANSWER, kept: Arc::default() }
    }

    /// The same, with another time for the heads of answers.
    pub fn answering_within(self, answer_within: Duration) -> Self {
        Self { answer_within, ..self }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn answer_within(&self) -> Duration {
        self.answer_within
    }

    /// A new connection.
    pub(super) async fn fresh(&self) -> io::Result<SendRequest<Body>> {
        let stream = self.namespace.connect(self.port).await?;
        let mut builder = http1::Builder::new();
        builder.max_header_size(HEAD_BYTES_MAX);
        let (mut sender, connection) =
            builder.handshake(TokioIo::new(stream)).await.map_err(io::Error::other)?;
        // How it ends is told to whoever waits for an answer.
        tokio::spawn(connection.with_upgrades());
        sender.ready().await.map_err(io::Error::other)?;
        Ok(sender)
    }

    /// A kept connection that nobody uses.
    pub(super) fn take(&self) -> Option<SendRequest<Body>> {
        let mut state = self.kept.lock();
        state.connections.retain(|(_, sender)| !sender.is_closed());
        let free = state.connections.iter().rposition(|(_, sender)| sender.is_ready())?;
        Some(state.connections.swap_remove(free).1)
    }

    /// Keeps a connection. It may still be busy with an answer; it is used again when that has ended.
    pub(super) fn keep(&self, sender: SendRequest<Body>) {
        let mut state = self.kept.lock();
        if state.connections.len() >= KEPT_MAX {
            return;
        }
        state.connections.push((Instant::now(), sender));
        if !std::mem::replace(&mut state.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(&self.kept)));
        }
    }
}

impl Kept {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes what was not used for long, and says whether anything is left.
    fn close_old(&self) -> bool {
        let mut state = self.lock();
        let now = Instant::now();
        let young = |since: Instant| now.duration_since(since) < KEPT;
        state
            .connections
            .retain(|(since, sender)| !sender.is_closed() && (young(*since) || !sender.is_ready()));
        state.swept = !state.connections.is_empty();
        state.swept
    }
}

async fn sweep(kept: Weak<Kept>) {
    loop {
        tokio::time::sleep(KEPT).await;
        if !kept.upgrade().is_some_and(|kept| kept.close_old()) {
            return;
        }
    }
}
