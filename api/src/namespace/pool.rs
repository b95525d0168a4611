//! The threads that enter namespaces: few, named, and never used for anything else.
//!
//! A thread holds nobody up: making a socket does not wait. Requests for sockets wait in one queue with a bound, and who gives up waiting is passed over.

use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::net::TcpSocket;
use tokio::sync::{mpsc, oneshot};

/// The network that this process runs in.
pub(super) const OWN: &str = "/proc/self/ns/net";

/// Threads. A socket takes microseconds, so a second thread is there for when the first is being replaced.
const THREADS: usize = 2;
/// Requests for sockets that may wait; further ones wait for a place.
const QUEUE: usize = 256;
/// Between two attempts to start a thread.
const PAUSE: Duration = Duration::from_millis(100);

/// Which kind of address a socket is for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// A socket that somebody waits for.
struct Wanted {
    link: Arc<OwnedFd>,
    family: Family,
    answer: oneshot::Sender<io::Result<TcpSocket>>,
}

/// What the threads share. The lock is held by the one that waits for the next request.
struct Shared {
    own: File,
    queue: Mutex<mpsc::Receiver<Wanted>>,
}

static POOL: OnceLock<mpsc::Sender<Wanted>> = OnceLock::new();

/// A socket that belongs to a namespace.
pub(super) async fn socket(link: Arc<OwnedFd>, family: Family) -> io::Result<TcpSocket> {
    let gone = || io::Error::other("no thread enters the networks of workspaces any more");
    let (answer, answered) = oneshot::channel();
    pool()?.send(Wanted { link, family, answer }).await.map_err(|_| gone())?;
    answered.await.map_err(|_| gone())?
}

fn pool() -> io::Result<&'static mpsc::Sender<Wanted>> {
    if let Some(pool) = POOL.get() {
        return Ok(pool);
    }
    let (sender, receiver) = mpsc::channel(QUEUE);
    let shared = Arc::new(Shared { own: File::open(OWN)?, queue: Mutex::new(receiver) });
    for _ in 0..THREADS {
        start(&shared)?;
    }
    // Two may come here at once; the threads of the one that was slower end with its sender.
    Ok(POOL.get_or_init(|| sender))
}

/// Starts a thread that stays in our network and has another one work, and again another when that one is lost: a new thread begins in the network
/// of the one that starts it.
fn start(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(shared);
    std::thread::Builder::new().name("namespaces keeper".into()).spawn(move || keep(&shared)).map(drop)
}

fn keep(shared: &Arc<Shared>) {
    loop {
        let worker = Arc::clone(shared);
        let started = std::thread::Builder::new().name("namespaces".into()).spawn(move || worker.work());
        match started.map(std::thread::JoinHandle::join) {
            Ok(Ok(End::Queue)) => return,
            Ok(Ok(End::Lost) | Err(_)) => {
                tracing::error!("a thread could not leave the network of a workspace and was replaced");
            }
            Err(cause) => {
                tracing::error!("could not start a thread to enter the networks of workspaces: {cause}");
                std::thread::sleep(PAUSE);
            }
        }
    }
}

/// Why a thread has ended.
enum End {
    /// Nobody is left who could ask.
    Queue,
    /// It cannot leave a foreign network, so it does nothing more.
    Lost,
}

impl Shared {
    fn work(&self) -> End {
        while let Some(wanted) = self.next() {
            if self.serve(wanted).is_err() {
                return End::Lost;
            }
        }
        End::Queue
    }

    fn next(&self) -> Option<Wanted> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv()
    }

    /// Makes a socket. An error means that the thread is still in a foreign network.
    fn serve(&self, wanted: Wanted) -> io::Result<()> {
        if wanted.answer.is_closed() {
            return Ok(());
        }
        let entered = enter(wanted.link.as_fd());
        let made = entered.and_then(|()| match wanted.family {
            Family::V4 => TcpSocket::new_v4(),
            Family::V6 => TcpSocket::new_v6(),
        });
        let left = enter(self.own.as_fd());
        drop(wanted.answer.send(made));
        left
    }
}

fn enter(link: BorrowedFd<'_>) -> io::Result<()> {
    Ok(move_into_link_name_space(link, Some(LinkNameSpaceType::Network))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_thread_that_cannot_leave_is_replaced() {
        // As if its own network could not be entered: each thread ends after one socket, and another takes its place.
        let (sender, receiver) = mpsc::channel(1);
        let broken = Shared { own: File::open("/dev/null").unwrap(), queue: Mutex::new(receiver) };
        start(&Arc::new(broken)).unwrap();
        let link: Arc<OwnedFd> = Arc::new(File::open(OWN).unwrap().into());
        for _ in 0..10 {
            let (answer, answered) = oneshot::channel();
            let wanted = Wanted { link: Arc::clone(&link), family: Family::V4, answer };
            assert!(sender.send(wanted).await.is_ok());
            answered.await.unwrap().unwrap();
        }
    }

    #[tokio::test]
    async fn who_gave_up_waiting_is_passed_over() {
        let (_sender, receiver) = mpsc::channel(1);
        let shared = Shared { own: File::open("/dev/null").unwrap(), queue: Mutex::new(receiver) };
        let (answer, answered) = oneshot::channel();
        drop(answered);
        let link = Arc::new(File::open(OWN).unwrap().into());
        // It would fail if it entered anything.
        assert!(shared.serve(Wanted { link, family: Family::V4, answer }).is_ok());
    }
}
