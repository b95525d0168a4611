//! The thread of time: once a second Deed does what nobody has to ask for.

use commands::Command;
use commands::engine::{Answer, Handle, by_system};
use commands::reactor::plan;
use ledger::time::Time;
use std::time::Duration;
use tokio::sync::{oneshot, watch};
use tokio::time::MissedTickBehavior;

/// How often it looks.
pub const PERIOD: Duration = Duration::from_secs(1);

/// Gives the commands that are due, until the server stops. What fails is due again the next time, and no sooner.
pub async fn follow(engine: Handle, clock: impl Fn() -> Time, mut stopping: watch::Receiver<bool>) {
    let mut ticks = tokio::time::interval(PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = stopping.changed() => return,
        }
        let due = plan(&engine.published().state, clock());
        let result = act(&engine, due).await;
        // Said once, until it works again.
        if let Err(why) = &result
            && !failing
        {
            tracing::warn!("what Deed has to do by itself waits, and is tried again each second: {why}");
        }
        failing = result.is_err();
    }
}

/// Gives the commands and waits for all answers, so that none is given twice. The last failure, in words.
async fn act(engine: &Handle, due: Vec<Command>) -> Result<(), String> {
    let (mut waiting, mut result) = (Vec::with_capacity(due.len()), Ok(()));
    for command in due {
        let (answered, answer) = oneshot::channel();
        let reply = Box::new(move |answer| drop(answered.send(answer)));
        if let Err(busy) = engine.submit(by_system(command, reply)) {
            result = Err(busy.to_string());
            break;
        }
        waiting.push(answer);
    }
    for answer in waiting {
        match answer.await {
            Ok(Answer::Done(_)) => {}
            Ok(Answer::Refused(refusal, _)) => result = Err(refusal.to_string()),
            Ok(Answer::Failed(failure)) => result = Err(failure.to_string()),
            // A server that stops drops the answer; the next one finds the same to do.
            Err(_) => {}
        }
    }
    result
}
