//! What the engine does of its own accord: it settles counts, records states, signs checkpoints, and stops.

use super::{Checkpoints, Engine, SNAPSHOT_EVENTS, SnapshotDue, by_system, chain};
use crate::{Command, custody};
use ledger::event::custody::{ServerStopped, StateRecorded};
use ledger::time::Time;
use std::sync::Arc;

/// How many such states back a recorded digest may lie; verifiers remember one more.
const SNAPSHOTS_BACK_MAX: u64 = 4;

impl Engine {
    /// Records what was counted, when a window of counting has ended or `all` is asked for.
    pub(super) fn settle_counts(&mut self, all: bool) {
        if self.dead {
            return;
        }
        let now = self.now();
        let reads =
            self.reads.settle(now, all).into_iter().map(|read| Command::from(custody::CountReads(read)));
        let refusals =
            self.refusals.settle(now, all).map(|counted| Command::from(custody::CountRefusals(counted)));
        for command in reads.chain(refusals).collect::<Vec<_>>() {
            self.take(by_system(command, Box::new(|_| ())));
        }
    }

    /// Records the digest of a state that was kept, unless it was too long ago for a verifier to remember that state.
    pub fn record_state(&mut self, recorded: StateRecorded) {
        let back = self.writer.head().size() / SNAPSHOT_EVENTS - recorded.at / SNAPSHOT_EVENTS;
        if back < SNAPSHOTS_BACK_MAX {
            self.turn([by_system(custody::RecordState(recorded).into(), Box::new(|_| ()))]);
        }
    }

    /// Signs a checkpoint when enough happened or enough time passed since the last.
    pub fn checkpoint_if_due(&mut self) {
        let now = self.now();
        let (size, last) = (self.writer.head().size(), self.published.load().checkpoint.clone());
        let before = last.map_or(0, |last| last.checkpoint().size());
        let enough = !self.checkpoints.failed && size - before >= self.options.checkpoint_events;
        let late = now.seconds_since(self.checkpoints.last) >= self.options.checkpoint_seconds;
        if size > before && (enough || late) && !self.dead {
            self.checkpoint(now);
        }
    }

    pub(super) fn checkpoint(&mut self, now: Time) {
        let signed = self.writer.checkpoint();
        self.checkpoints = Checkpoints { last: now, failed: signed.is_err() };
        match signed {
            Ok(signed) => self.publish(Some(Arc::new(signed))),
            Err(cause) => {
                self.dead |= !cause.may_retry();
                (self.options.warn)(&format!("could not write a checkpoint: {}", chain(&cause)));
            }
        }
    }

    /// Records the state and the stop, and signs a last checkpoint. Whether the stop is recorded says [`Engine::is_stopped`].
    pub fn stop(&mut self, reason: &str) {
        self.settle_counts(true);
        self.flush();
        let recorded = self.keep_state().map(|recorded| custody::RecordState(recorded).into());
        let stop = Command::from(custody::StopServer(ServerStopped { reason: reason.into() }));
        for command in recorded.into_iter().chain([stop]) {
            self.take(by_system(command, Box::new(|_| ())));
        }
        self.flush();
        if !self.dead {
            let now = self.now();
            self.checkpoint(now);
        }
    }

    /// Keeps the state as it is now; the fact that records its digest.
    fn keep_state(&mut self) -> Option<StateRecorded> {
        let index = self.index.clone()?;
        match SnapshotDue::new(&self.state, self.writer.head()).keep(&index) {
            Ok(recorded) => Some(recorded),
            Err(cause) => {
                (self.options.warn)(&format!("could not keep the state: {cause}"));
                None
            }
        }
    }
}
