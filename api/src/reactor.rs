//! The thread of time: once a second Deed does what nobody has to ask for.

use crate::clock;
use commands::engine::{Handle, by_system};
use commands::reactor::plan;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::MissedTickBehavior;

/// How often it looks.
const PERIOD: Duration = Duration::from_secs(1);

/// Gives the commands that are due, until the server stops. What fails is due again the next time.
pub(crate) async fn follow(engine: Handle, mut stopping: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopping.changed() => return,
        }
        let due = plan(&engine.published().state, clock::now());
        if act(&engine, due).await.is_none() {
            tracing::warn!("the ledger is busy; what Deed has to do by itself waits a second");
        }
    }
}

/// Gives the commands and waits for the last, so that none is given twice.
async fn act(engine: &Handle, due: Vec<commands::Command>) -> Option<()> {
    let mut waiting = Vec::new();
    for command in due {
        let (answered, answer) = oneshot::channel();
        let reply = Box::new(move |answer| drop(answered.send(answer)));
        engine.submit(by_system(command, reply)).ok()?;
        waiting.push(answer);
    }
    for answer in waiting {
        // A server that stops drops the answer; the next one finds the same to do.
        drop(answer.await);
    }
    Some(())
}
