//! The network of a workspace, entered from outside.
//!
//! A workspace has a network namespace with a loopback and nothing else. A socket belongs for ever to the namespace in which it was made, so threads
//! of their own enter the namespace, make a socket and leave; connecting, listening and all that follows happens on the runtime like with any other
//! socket. [`Namespace::open`] is the way in. Everything else that runs in this process stays in the network that it has.

mod pool;

use pool::Family;
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::timeout;

/// How long connecting may take, with the wait for a thread. A loopback answers at once; what takes longer has a full queue.
pub const CONNECT: Duration = Duration::from_secs(2);

/// Connections that may wait to be accepted inside.
const BACKLOG: u32 = 128;

/// The network namespace of a workspace. It lives as long as this does, also when all its processes have ended.
#[derive(Clone, Debug)]
pub struct Namespace {
    link: Arc<OwnedFd>,
}

/// A namespace cannot be entered.
#[derive(Debug, Error)]
pub enum NamespaceError {
    /// There is nothing under that path, or it cannot be read.
    #[error("could not open `{path}`, the network of a workspace")]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Something else is there.
    #[error("`{path}` is no network namespace")]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// It is the one that Deed itself runs in: no workspace may share it.
    #[error("`{path}` is the network of this host and of no workspace")]
    Own {
        /// Which.
        path: PathBuf,
    },
    /// The process may not change its network.
    #[error("workspaces need Deed to run as root or with CAP_SYS_ADMIN")]
    Forbidden,
    /// No thread to be had, say.
    #[error("could not enter `{path}`, the network of a workspace")]
    Enter {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl Namespace {
    /// Opens the namespace under a path, such as the sandbox key that an engine tells of a container, and enters it once to see that it can be.
    pub fn open(path: &Path) -> Result<Self, NamespaceError> {
        let whole = |cause: Errno| NamespaceError::Open { path: path.into(), cause: cause.into() };
        // A pipe under that path must not hold up the caller.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let link = rustix::fs::open(path, flags, Mode::empty()).map_err(whole)?;
        let found = rustix::fs::fstat(&link).map_err(whole)?;
        let own = rustix::fs::stat(pool::OWN).map_err(whole)?;
        if (found.st_dev, found.st_ino) == (own.st_dev, own.st_ino) {
            return Err(NamespaceError::Own { path: path.into() });
        }
        try_to_enter(&link).map_err(|cause| refused(path, &cause))?;
        Ok(Self { link: Arc::new(link) })
    }

    /// Connects to a port of its loopback: 127.0.0.1, and ::1 when nobody listens there.
    pub async fn connect(&self, port: u16) -> io::Result<TcpStream> {
        let connecting = async {
            match self.connect_to((Ipv4Addr::LOCALHOST, port).into()).await {
                Err(cause) if cause.kind() == io::ErrorKind::ConnectionRefused => {
                    self.connect_to((Ipv6Addr::LOCALHOST, port).into()).await.map_err(|_| cause)
                }
                done => done,
            }
        };
        timeout(CONNECT, connecting).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
    }

    async fn connect_to(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let family = if address.is_ipv4() { Family::V4 } else { Family::V6 };
        let stream = self.socket(family).await?.connect(address).await?;
        // Where nobody listens, a socket may be given that very port as its own and be connected to itself.
        if stream.local_addr()? == stream.peer_addr()? {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        stream.set_nodelay(true)?;
        Ok(stream)
    }

    /// Listens on 127.0.0.1 in there; port 0 stands for any that is free.
    pub async fn listen(&self, port: u16) -> io::Result<TcpListener> {
        let making = self.socket(Family::V4);
        let socket =
            timeout(CONNECT, making).await.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        socket.set_reuseaddr(true)?;
        socket.bind((Ipv4Addr::LOCALHOST, port).into())?;
        socket.listen(BACKLOG)
    }

    async fn socket(&self, family: Family) -> io::Result<TcpSocket> {
        pool::socket(Arc::clone(&self.link), family).await
    }
}

/// Enters on a thread that ends in there, so that nothing has to be undone.
fn try_to_enter(link: &OwnedFd) -> io::Result<()> {
    let enter = || move_into_link_name_space(link.as_fd(), Some(LinkNameSpaceType::Network));
    let entered = std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name("namespace probe".into()).spawn_scoped(scope, enter)?;
        thread.join().map_err(|_| io::Error::other("the thread ended early"))
    })?;
    entered.map_err(io::Error::from)
}

fn refused(path: &Path, cause: &io::Error) -> NamespaceError {
    match Errno::from_io_error(cause) {
        Some(Errno::PERM) => NamespaceError::Forbidden,
        Some(Errno::INVAL | Errno::BADF) => NamespaceError::Foreign { path: path.into() },
        _ => NamespaceError::Enter {
            path: path.into(),
            cause: io::Error::new(cause.kind(), cause.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_what_to_do() {
        let of = |errno: Errno| refused(Path::new("/x"), &errno.into()).to_string();
        assert_eq!(of(Errno::PERM), "workspaces need Deed to run as root or with CAP_SYS_ADMIN");
        assert_eq!(of(Errno::INVAL), "`/x` is no network namespace");
        assert_eq!(of(Errno::NOMEM), "could not enter `/x`, the network of a workspace");
    }

    #[test]
    fn our_own_network_is_refused() {
        for path in ["/proc/self/ns/net", "/proc/thread-self/ns/net"] {
            assert!(matches!(Namespace::open(Path::new(path)), Err(NamespaceError::Own { .. })), "{path}");
        }
    }
}
