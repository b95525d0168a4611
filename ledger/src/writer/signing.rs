//! Signatures of a group, made on other cores while the writer goes on staging.

use super::EventKey;
use crate::hash::Hash;
use crate::signature::{Signature, event_message};
use rayon::prelude::*;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Events that are handed over at once: signing them takes many times longer than handing them over.
const HANDED_OVER: usize = 16;
/// Below this many events the hand-over at the end costs more than it saves.
const PARALLEL_FROM: usize = 4;

type Job = (Hash, Arc<EventKey>);

/// The signatures of the group that is being staged.
pub(super) struct Signing {
    waiting: Vec<Job>,
    handed_over: usize,
    sender: Sender<Vec<(Hash, Signature)>>,
    signed: Receiver<Vec<(Hash, Signature)>>,
}

impl Signing {
    pub(super) fn new() -> Self {
        let (sender, signed) = channel();
        Self { waiting: Vec::with_capacity(HANDED_OVER), handed_over: 0, sender, signed }
    }

    /// Has an event signed by the time of [`Signing::finish`].
    pub(super) fn add(&mut self, hash: Hash, key: Arc<EventKey>) {
        self.waiting.push((hash, key));
        if self.waiting.len() < HANDED_OVER {
            return;
        }
        let jobs = std::mem::replace(&mut self.waiting, Vec::with_capacity(HANDED_OVER));
        let sender = self.sender.clone();
        self.handed_over += 1;
        // A group that was abandoned does not take its signatures any more.
        rayon::spawn_fifo(move || drop(sender.send(jobs.into_iter().map(sign).collect())));
    }

    /// The signatures, by what was signed. Some may be of events that were taken back.
    pub(super) fn finish(self) -> HashMap<Hash, Signature> {
        let Self { waiting, handed_over, sender, signed } = self;
        drop(sender);
        let mut all: HashMap<Hash, Signature> = if waiting.len() < PARALLEL_FROM {
            waiting.into_iter().map(sign).collect()
        } else {
            waiting.into_par_iter().map(sign).collect()
        };
        signed.iter().take(handed_over).for_each(|some| all.extend(some));
        all
    }
}

fn sign((hash, key): Job) -> (Hash, Signature) {
    (hash, key.secret.sign(&event_message(&hash)))
}
