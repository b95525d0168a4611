//! How many requests a credential may send, or an address that shows none: a token bucket each, in memory.
//!
//! A bucket is found by a keyed digest, among a fixed number: nobody can make the server keep more of them, nor choose whose bucket to
//! share. Two that share one by chance share its tokens.

use super::asking::{Asker, Deed};
use super::{Kind, Problem};
use axum::extract::{ConnectInfo, FromRequestParts, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use governor::clock::{Clock, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::time::Duration;

/// How many seconds' worth of requests may come at once.
const BURST_SECONDS: u32 = 4;

/// One bucket of those that there are: 65,536 for credentials, and as many for addresses.
type Slot = u16;

type Buckets<C> = RateLimiter<Slot, HashMapStateStore<Slot>, C, StateInformationMiddleware>;

/// All buckets. Its locks are held for one look.
pub struct Rates<C: Clock = DefaultClock> {
    per_second: NonZeroU32,
    clock: C,
    credentials: Buckets<C>,
    addresses: Buckets<C>,
}

/// Whose bucket it is.
#[derive(Clone, Copy)]
enum Whose {
    Credential(Slot),
    Address(Slot),
}

/// What a look into a bucket found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Look {
    /// How long to wait before the next request; `None` when this one may pass.
    wait: Option<Duration>,
    remaining: u32,
}

impl Rates {
    /// So many requests a second; none are counted when that is 0.
    pub fn new(per_second: u32) -> Option<Self> {
        Self::with_clock(per_second, DefaultClock::default())
    }
}

impl<C: Clock + Clone> Rates<C> {
    fn with_clock(per_second: u32, clock: C) -> Option<Self> {
        let per_second = NonZeroU32::new(per_second)?;
        let quota = Quota::per_second(per_second).allow_burst(burst(per_second));
        let buckets = || {
            RateLimiter::hashmap_with_clock(quota, clock.clone())
                .with_middleware::<StateInformationMiddleware>()
        };
        Some(Self { per_second, credentials: buckets(), addresses: buckets(), clock })
    }

    fn take(&self, whose: Whose) -> Look {
        let taken = match whose {
            Whose::Credential(slot) => self.credentials.check_key(&slot),
            Whose::Address(slot) => self.addresses.check_key(&slot),
        };
        match taken {
            Ok(left) => Look { wait: None, remaining: left.remaining_burst_capacity() },
            Err(until) => Look { wait: Some(until.wait_time_from(self.clock.now())), remaining: 0 },
        }
    }

    /// Seconds until a bucket with so many tokens is full again.
    fn reset(&self, remaining: u32) -> u32 {
        burst(self.per_second).get().saturating_sub(remaining).div_ceil(self.per_second.get())
    }
}

fn burst(per_second: NonZeroU32) -> NonZeroU32 {
    per_second.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1))
}

/// Lets a request pass, or answers that too many came.
pub(super) async fn limited(State(deed): State<Deed>, request: Request, next: Next) -> Response {
    let Some(rates) = deed.rates.clone().filter(|_| request.uri().path() != "/healthz") else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let asker = Asker::from_request_parts(&mut parts, &deed).await.ok();
    let address = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(address)| address.ip());
    let look = rates.take(whose(&deed, asker, address));
    let mut response = match look.wait {
        None => next.run(Request::from_parts(parts, body)).await,
        Some(wait) => too_many(wait),
    };
    let numbers = [
        ("ratelimit-limit", burst(rates.per_second).get()),
        ("ratelimit-remaining", look.remaining),
        ("ratelimit-reset", rates.reset(look.remaining)),
    ];
    response.headers_mut().extend(
        numbers
            .map(|(name, number)| (Some(header::HeaderName::from_static(name)), HeaderValue::from(number))),
    );
    response
}

fn too_many(wait: Duration) -> Response {
    let seconds = wait.as_millis().div_ceil(1_000).max(1);
    let detail = format!("too many requests came; send the next one in {seconds} s");
    let mut response = Problem::new(Kind::RateLimited, detail).into_response();
    let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn whose(deed: &Deed, asker: Option<Asker>, address: Option<IpAddr>) -> Whose {
    match asker.and_then(|asker| asker.actor.shown()) {
        Some((_, credential)) => Whose::Credential(deed.slot(credential.as_bytes())),
        None => match address {
            // Whoever has one address of the newer kind has all that begin so.
            Some(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
                Whose::Address(deed.slot(address.octets().first_chunk::<8>().unwrap_or(&[0; 8])))
            }
            address => Whose::Address(
                deed.slot(format!("{:?}", address.map(|known| known.to_canonical())).as_bytes()),
            ),
        },
    }
}

impl Deed {
    fn slot(&self, what: &[u8]) -> Slot {
        let digest = self.keyed("deed/rate/v1", what);
        Slot::from_be_bytes(digest.first_chunk().copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use governor::clock::FakeRelativeClock;

    #[test]
    fn a_burst_passes_and_then_as_many_as_there_are_seconds_for() {
        let clock = FakeRelativeClock::default();
        let rates = Rates::with_clock(2, clock.clone()).unwrap();
        let mine = Whose::Credential(7);
        for left in (0..8).rev() {
            assert_eq!(rates.take(mine), Look { wait: None, remaining: left });
        }
        assert_eq!(rates.take(mine), Look { wait: Some(Duration::from_millis(500)), remaining: 0 });
        assert_eq!(rates.take(Whose::Credential(8)).remaining, 7);
        assert_eq!(rates.take(Whose::Address(7)).remaining, 7);
        clock.advance(Duration::from_secs(1));
        assert_eq!([rates.take(mine).wait, rates.take(mine).wait], [None, None]);
        assert!(rates.take(mine).wait.is_some());
        assert_eq!([rates.reset(8), rates.reset(7), rates.reset(0)], [0, 1, 4]);
    }

    #[test]
    fn none_a_second_stands_for_no_limit() {
        assert!(Rates::new(0).is_none());
    }
}
