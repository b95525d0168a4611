//! Names and connections: what the proxy asks of the host's own network.

use super::address::{is_global, is_never};
use crate::authority::Host;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a name may take.
const RESOLVE: Duration = Duration::from_secs(5);
/// How long an address may take.
const CONNECT: Duration = Duration::from_secs(5);
/// Addresses of a name that are tried.
const ADDRESSES_MAX: usize = 8;

type Eventually<T> = Pin<Box<dyn Future<Output = io::Result<T>> + Send>>;
/// Finds the addresses of a name.
pub type Resolve = Box<dyn Fn(String) -> Eventually<Vec<IpAddr>> + Send + Sync>;
/// Connects to an address.
pub type Connect = Box<dyn Fn(SocketAddr) -> Eventually<TcpStream> + Send + Sync>;

/// The network of this host, or what tests put in its place.
pub struct Outside {
    /// Names.
    pub resolve: Resolve,
    /// Connections.
    pub connect: Connect,
}

/// Why a host that the rules allow is not reached.
#[derive(Debug)]
pub(super) enum Unreached {
    /// None of its addresses may be connected to.
    Address,
    /// It has no address, or does not answer.
    Fault,
    /// It took too long.
    Late,
}

impl Outside {
    /// The network of this host. Names are looked up as the system is set up to; no answer is kept.
    pub fn real() -> Self {
        Self { resolve: Box::new(|name| Box::pin(lookup(name))), connect: Box::new(|to| Box::pin(dial(to))) }
    }

    /// Connects to a host that the rules allow. A name leads to places on the internet only; an address was listed itself.
    pub(super) async fn reach(&self, host: &Host, port: u16) -> Result<TcpStream, Unreached> {
        let addresses = self.addresses(host).await?;
        let mut last = Unreached::Fault;
        for address in addresses {
            // This very address was looked at, and is not looked up again.
            match timeout(CONNECT, (self.connect)(SocketAddr::new(address, port))).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(cause)) if cause.kind() == io::ErrorKind::PermissionDenied => {
                    last = Unreached::Address
                }
                Ok(Err(_)) => {}
                Err(_) => last = Unreached::Late,
            }
        }
        Err(last)
    }

    async fn addresses(&self, host: &Host) -> Result<Vec<IpAddr>, Unreached> {
        let name = match host {
            Host::V4(address) => return listed(IpAddr::V4(*address)),
            Host::V6(address) => return listed(IpAddr::V6(*address)),
            Host::Name(name) => name.to_string(),
        };
        let found = timeout(RESOLVE, (self.resolve)(name)).await.map_err(|_| Unreached::Late)?;
        let found = found.map_err(|_| Unreached::Fault)?;
        let any = !found.is_empty();
        let fine: Vec<_> = found.into_iter().filter(|found| is_global(*found)).take(ADDRESSES_MAX).collect();
        if fine.is_empty() { Err(if any { Unreached::Address } else { Unreached::Fault }) } else { Ok(fine) }
    }
}

fn listed(address: IpAddr) -> Result<Vec<IpAddr>, Unreached> {
    if is_never(address) { Err(Unreached::Address) } else { Ok(vec![address]) }
}

async fn lookup(name: String) -> io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|found| found.ip()).collect())
}

async fn dial(to: SocketAddr) -> io::Result<TcpStream> {
    if is_this_host(to)? {
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    let stream = TcpStream::connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Whether an address is one of this host's own: only then is it also where packets to it come from. Nothing is sent to find out.
fn is_this_host(to: SocketAddr) -> io::Result<bool> {
    let any =
        if to.is_ipv4() { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(to)?;
    Ok(socket.local_addr()?.ip() == to.ip())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_host_knows_its_own_addresses() {
        for own in ["127.0.0.1:1", "127.9.9.9:1"] {
            assert!(is_this_host(own.parse().unwrap()).unwrap(), "{own}");
        }
    }

    #[tokio::test]
    async fn this_host_is_not_connected_to() {
        let refused = (Outside::real().connect)("127.0.0.1:1".parse().unwrap()).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
    }
}
