//! Answers that take a processor for a while: computed beside the threads that serve, a few at a time, with few that wait.

use super::{Kind, Problem};
use commands::engine::Failure;
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Answers that are computed at once, so that whoever asks much does not take the processors from the writer.
const RUNNING_MAX: usize = 2;
/// Questions that wait for their turn. Each takes well below a second, so the last of them has its answer before it is late.
const WAITING_MAX: usize = 64;

/// Computes answers, a few at a time.
#[derive(Clone, Debug)]
pub struct Answering {
    /// One for each question that runs or waits.
    places: Arc<Semaphore>,
    /// One for each that runs.
    turns: Arc<Semaphore>,
}

impl Default for Answering {
    fn default() -> Self {
        Self::new(RUNNING_MAX, WAITING_MAX)
    }
}

impl Answering {
    fn new(running: usize, waiting: usize) -> Self {
        let places = Arc::new(Semaphore::new(running.saturating_add(waiting)));
        Self { places, turns: Arc::new(Semaphore::new(running)) }
    }

    /// Computes an answer when it is its turn. What has begun goes on to its end, also when the client has left.
    pub(super) async fn compute<T: Send + 'static>(
        &self,
        compute: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let full = |_| Problem::new(Kind::Busy, "too many questions wait for their answers; ask again");
        let place = Arc::clone(&self.places).try_acquire_owned().map_err(full)?;
        let stopped = |_| Problem::from(Failure::Stopped);
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(stopped)?;
        let computed = tokio::task::spawn_blocking(move || {
            let computed = compute();
            drop((place, turn));
            computed
        });
        computed.await.map_err(|_| Failure::Stopped.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::response::IntoResponse;
    use std::sync::mpsc;

    fn run(test: impl Future<Output = ()>) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(test);
    }

    #[test]
    fn one_question_too_many_is_told_to_come_again_and_the_others_are_answered() {
        run(async {
            let answering = Answering::new(1, 1);
            let (release, released) = mpsc::channel::<()>();
            let ask = |answer: Box<dyn FnOnce() -> u8 + Send>| {
                let answering = answering.clone();
                tokio::spawn(async move { answering.compute(answer).await })
            };
            let running = ask(Box::new(move || released.recv().map_or(0, |()| 1)));
            let waiting = ask(Box::new(|| 2));
            // Both have asked before this goes on: on one thread, whoever was spawned is looked at first.
            tokio::task::yield_now().await;
            let refused = answering.compute(|| 3).await.unwrap_err().into_response();
            assert_eq!(refused.status(), 503);
            assert_eq!(refused.headers()["retry-after"], "1");
            release.send(()).unwrap();
            assert_eq!(running.await.unwrap().unwrap(), 1);
            assert_eq!(waiting.await.unwrap().unwrap(), 2);
            assert_eq!(answering.compute(|| 4).await.unwrap(), 4);
        });
    }

    #[test]
    fn who_leaves_while_waiting_takes_no_place() {
        run(async {
            let answering = Answering::new(1, 1);
            let (release, released) = mpsc::channel::<()>();
            let busy = answering.clone();
            let running = tokio::spawn(async move { busy.compute(move || released.recv()).await });
            let left = answering.clone();
            let left = tokio::spawn(async move { left.compute(|| ()).await });
            tokio::task::yield_now().await;
            left.abort();
            assert!(left.await.is_err());
            let waiting = answering.clone();
            let waiting = tokio::spawn(async move { waiting.compute(|| 5).await });
            release.send(()).unwrap();
            assert_eq!(waiting.await.unwrap().unwrap(), 5);
            assert_eq!(running.await.unwrap().unwrap(), Ok(()));
        });
    }
}
