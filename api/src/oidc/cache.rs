//! A provider's document, kept for a while: asked for again when it is old, and used on when the provider is down.

use super::fetch::FetchError;
use ledger::time::Time;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// After a failure, and after a document was asked for out of turn, nobody asks again for so long: strangers who send us tokens with made-up
/// keys cause no more than this.
pub(super) const ASK_AGAIN_SECONDS: u64 = 10;
/// A document is used for so long after the provider was last heard of. A key that was withdrawn because it leaked must not serve for ever.
const KEPT_SECONDS_MAX: u64 = 24 * 3_600;

/// One document.
#[derive(Debug)]
pub(super) struct Cached<T> {
    /// Locked for a look or a change, never while waiting.
    kept: Mutex<Kept<T>>,
    /// Held by whoever asks the provider, so that others wait for that answer instead of asking as well.
    asking: tokio::sync::Mutex<()>,
    age_seconds_max: u64,
}

#[derive(Debug)]
struct Kept<T> {
    value: Option<(Arc<T>, Time)>,
    failed: Option<Time>,
    hurried: Option<Time>,
}

impl<T> Cached<T> {
    /// Nothing yet. What comes is asked for again after `age_seconds_max`.
    pub(super) fn new(age_seconds_max: u64) -> Self {
        let kept = Mutex::new(Kept { value: None, failed: None, hurried: None });
        Self { kept, asking: tokio::sync::Mutex::new(()), age_seconds_max }
    }

    /// The document, fetched when there is none or an old one.
    pub(super) async fn get<E: From<FetchError>>(
        &self,
        now: Time,
        fetch: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<Arc<T>, E> {
        if let Some(value) = self.kept().younger(now, self.age_seconds_max) {
            return Ok(value);
        }
        let _asking = self.asking.lock().await;
        if let Some(value) = self.kept().younger(now, self.age_seconds_max) {
            return Ok(value);
        }
        let fetched = if self.kept().may_ask(now) { fetch.await } else { Err(FetchError::Waiting.into()) };
        self.kept().settle(now, fetched)
    }

    /// The document fetched out of turn; `None` when that was done a moment ago, or fails.
    pub(super) async fn hurry<E>(
        &self,
        now: Time,
        fetch: impl Future<Output = Result<T, E>> + Send,
    ) -> Option<Arc<T>> {
        let _asking = self.asking.lock().await;
        if !self.kept().may_hurry(now) {
            // Whoever asked a moment ago may have brought what is wanted.
            return self.kept().younger(now, ASK_AGAIN_SECONDS);
        }
        let value = fetch.await.ok()?;
        Some(self.kept().put(now, value))
    }

    fn kept(&self) -> MutexGuard<'_, Kept<T>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Kept<T> {
    fn younger(&self, now: Time, seconds: u64) -> Option<Arc<T>> {
        let (value, fetched) = self.value.as_ref()?;
        (now.seconds_since(*fetched) < seconds).then(|| Arc::clone(value))
    }

    fn may_ask(&self, now: Time) -> bool {
        self.failed.is_none_or(|failed| now.seconds_since(failed) >= ASK_AGAIN_SECONDS)
    }

    fn may_hurry(&mut self, now: Time) -> bool {
        let may = self.hurried.is_none_or(|hurried| now.seconds_since(hurried) >= ASK_AGAIN_SECONDS);
        if may {
            self.hurried = Some(now);
        }
        may
    }

    fn put(&mut self, now: Time, value: T) -> Arc<T> {
        let value = Arc::new(value);
        self.value = Some((Arc::clone(&value), now));
        self.failed = None;
        value
    }

    fn settle<E>(&mut self, now: Time, fetched: Result<T, E>) -> Result<Arc<T>, E> {
        match fetched {
            Ok(value) => Ok(self.put(now, value)),
            Err(error) => {
                if self.may_ask(now) {
                    self.failed = Some(now);
                }
                self.younger(now, KEPT_SECONDS_MAX).ok_or(error)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_micros(0).plus_seconds(seconds)
    }

    async fn get(cached: &Cached<u8>, now: u64, answer: Result<u8, FetchError>) -> Option<u8> {
        cached.get(at(now), async { answer }).await.ok().map(|value| *value)
    }

    fn down() -> Result<u8, FetchError> {
        Err(FetchError::Slow("it".into()))
    }

    #[tokio::test]
    async fn a_document_is_asked_for_again_when_it_is_old_and_kept_while_the_provider_is_down() {
        let cached = Cached::new(60);
        assert_eq!(get(&cached, 0, down()).await, None);
        assert_eq!(get(&cached, 9, Ok(1)).await, None, "not so soon after a failure");
        assert_eq!(get(&cached, 10, Ok(1)).await, Some(1));
        assert_eq!(get(&cached, 69, Ok(2)).await, Some(1));
        assert_eq!(get(&cached, 70, down()).await, Some(1));
        assert_eq!(get(&cached, 79, Ok(2)).await, Some(1), "not so soon after a failure");
        assert_eq!(get(&cached, 80, Ok(2)).await, Some(2));
        assert_eq!(get(&cached, 80 + KEPT_SECONDS_MAX, down()).await, None);
    }

    #[tokio::test]
    async fn asking_out_of_turn_is_bounded() {
        let cached = Cached::new(60);
        let hurry = async |now, value: u8| {
            cached.hurry(at(now), async { Ok::<_, FetchError>(value) }).await.map(|value| *value)
        };
        assert_eq!(hurry(0, 1).await, Some(1));
        assert_eq!(hurry(9, 2).await, Some(1), "what was brought a moment ago");
        assert_eq!(hurry(10, 3).await, Some(3));
    }
}
