//! A body on its way through the door: counted, without trailers, and over at once when it is cut.

use super::cut::Cut;
use super::meter::{Meter, Way};
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use thiserror::Error;

/// The body was cut off.
#[derive(Debug, Error)]
#[error("the door was closed")]
struct Closed;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A body that somebody may cut off.
pub(super) struct Passing<B> {
    inner: B,
    /// Gone once it was cut.
    fired: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    tap: Tap,
}

/// Where the bytes of a body are counted.
pub(super) struct Tap {
    /// With all others.
    pub(super) meter: Arc<Meter>,
    /// Which way they go.
    pub(super) way: Way,
    /// By themselves.
    pub(super) moved: Arc<AtomicU64>,
}

impl<B> Passing<B>
where
    B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<BoxError>,
{
    pub(super) fn body(inner: B, cut: Cut, tap: Tap) -> Body {
        if inner.is_end_stream() {
            return Body::empty();
        }
        Body::new(Self { inner, fired: Some(Box::pin(cut.fired())), tap })
    }
}

impl<B> HttpBody for Passing<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.fired.as_mut().is_none_or(|fired| fired.as_mut().poll(context).is_ready()) {
            self.fired = None;
            return Poll::Ready(Some(Err(Closed.into())));
        }
        loop {
            let frame = match ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => frame,
                Some(Err(cause)) => return Poll::Ready(Some(Err(cause.into()))),
                None => return Poll::Ready(None),
            };
            // Trailers are headers that nobody looked at, so they go no further.
            if let Ok(bytes) = frame.into_data() {
                let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                self.tap.meter.of(self.tap.way).fetch_add(length, Ordering::Relaxed);
                self.tap.moved.fetch_add(length, Ordering::Relaxed);
                return Poll::Ready(Some(Ok(Frame::data(bytes))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
