//! Bytes both ways between two connections until one side ends.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Bytes on their way in one direction. A frame of an editor fits many times; idle tunnels stay small.
const BUFFER: usize = 16 << 10;
/// How long the other direction may go on when one has ended.
const LINGER: Duration = Duration::from_secs(5);

/// Counts of both directions, which others may read at any time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counters<'a> {
    /// Bytes that the first side sent.
    pub(crate) from_first: &'a AtomicU64,
    /// Bytes that the second side sent.
    pub(crate) from_second: &'a AtomicU64,
}

/// Carries bytes between two sides. When one direction ends, the other may end by itself for a while.
pub(crate) async fn join<A, B>(first: A, second: B, counters: Counters<'_>)
where
    A: AsyncRead + AsyncWrite,
    B: AsyncRead + AsyncWrite,
{
    let (first_reads, first_writes) = tokio::io::split(first);
    let (second_reads, second_writes) = tokio::io::split(second);
    let mut there = std::pin::pin!(copy(first_reads, second_writes, counters.from_first));
    let mut back = std::pin::pin!(copy(second_reads, first_writes, counters.from_second));
    // A broken connection is the affair of its ends: the tunnel is over either way.
    tokio::select! {
        ended = &mut there => if ended.is_ok() { drop(timeout(LINGER, back).await) },
        ended = &mut back => if ended.is_ok() { drop(timeout(LINGER, there).await) },
    }
}

async fn copy(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    count: &AtomicU64,
) -> io::Result<()> {
    let mut buffer = vec![0; BUFFER];
    loop {
        let read = from.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
            return to.shutdown().await;
        };
        to.write_all(bytes).await?;
        to.flush().await?;
        count.fetch_add(u64::try_from(read).unwrap_or(u64::MAX), Ordering::Relaxed);
    }
}
