//! Who is inside: what is open ends when it may no longer be, and what went through is counted and put on record.

use super::super::asking::Deed;
use crate::clock;
use crate::door::{Count, Cutter, Meter, Visit};
use commands::Command;
use commands::engine::by_system;
use commands::workspaces::{CountConnections, SeeActivity};
use ledger::event::Subject;
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::ConnectionsCounted;
use ledger::time::Time;
use projections::workspaces::Visitor;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::time::MissedTickBehavior;

/// How often what is open is looked at, though nothing happened: sessions end by the clock, too.
const LOOK: Duration = Duration::from_millis(500);
/// How often what went through is put on record.
const RECORD_SECONDS: u64 = 60;
/// Most visits at a time; nobody else is let in meanwhile, since nobody could be sent away again.
const VISITS_MAX: usize = 10_000;

/// Who, where, by which app, and whether by path, which is for the owner alone.
type Key = (Visitor, WorkspaceId, Box<str>, bool);

/// Somebody's use of an app.
struct Kept {
    meter: Arc<Meter>,
    cutter: Cutter,
    /// What was put on record of it.
    said: Count,
    since: Time,
    /// When something last went through.
    moved: Time,
}

/// Who is inside. The lock is held for a look or a change, never over a wait.
pub(super) struct Visits {
    kept: Mutex<HashMap<Key, Kept>>,
}

impl Visits {
    /// Begins to look after visits, until the server stops.
    pub(super) fn begin(deed: &Deed) -> Arc<Self> {
        let visits = Arc::new(Self { kept: Mutex::default() });
        tokio::spawn(Arc::clone(&visits).look_after(deed.clone()));
        visits
    }

    /// Somebody comes in: what counts it, and what ends it. `None` when too many are inside.
    pub(super) fn begin_visit(
        &self,
        visitor: Visitor,
        (workspace, app): (WorkspaceId, &str),
        by_path: bool,
    ) -> Option<Visit> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, key) = (clock::now(), (visitor, workspace, app.into(), by_path));
        if kept.len() >= VISITS_MAX && !kept.contains_key(&key) {
            return None;
        }
        let found = kept.entry(key).or_insert_with(|| Kept {
            meter: Arc::default(),
            cutter: Cutter::default(),
            said: Count::default(),
            since: now,
            moved: now,
        });
        Some(Visit { meter: Arc::clone(&found.meter), cut: found.cutter.hold() })
    }

    async fn look_after(self: Arc<Self>, deed: Deed) {
        let (mut grown, mut stopping) = (deed.grown.clone(), deed.stopping.clone());
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                changed = grown.changed() => if changed.is_err() { return },
                _ = looks.tick() => {}
                _ = stopping.changed() => break,
            }
            self.cut_those_that_may_not(&deed);
            self.record(&deed, false);
            // Many events in a short time are looked at once.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.record(&deed, true);
    }

    fn cut_those_that_may_not(&self, deed: &Deed) {
        let (published, now) = (deed.engine.published(), clock::now());
        let state = &published.state;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for ((visitor, workspace, app, by_path), found) in
            kept.iter_mut().filter(|(_, found)| found.cutter.held() > 0)
        {
            let opened = state.opens(*visitor, *workspace, app, now);
            let may = opened.is_some_and(|opened| opened.by_owner || !by_path);
            if !may {
                // Dropped, the one before ends all that held it; whoever may come in again later holds another.
                found.cutter = Cutter::default();
            }
        }
    }

    /// Puts on record what is due, or all of it, and forgets what is over.
    fn record(&self, deed: &Deed, all: bool) {
        let now = clock::now();
        let mut orders: Vec<Command> = Vec::new();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|(visitor, workspace, app, _), found| {
            let held = found.cutter.held() > 0;
            let due = all || found.since.plus_seconds(RECORD_SECONDS) <= now;
            if !due && held {
                return true;
            }
            let count = found.meter.count();
            let moved = moved(&found.said, &count);
            if moved {
                found.moved = now;
                orders.push(SeeActivity { workspace: *workspace }.into());
            }
            if moved && (due || !held) && (due || found.since.plus_seconds(1) <= now) {
                let counted = counted(found, &count, (visitor, *workspace, app), now);
                orders.push(CountConnections { counted }.into());
                found.said = count;
                found.since = now;
            }
            held || found.moved.plus_seconds(RECORD_SECONDS) > now
        });
        drop(kept);
        for order in orders {
            if deed.engine.submit(by_system(order, Box::new(|_| ()))).is_err() {
                tracing::warn!("who used which app could not be put on record: the server is busy");
            }
        }
    }
}

fn moved(before: &Count, now: &Count) -> bool {
    (before.requests, before.tunnels, before.to_app, before.from_app)
        != (now.requests, now.tunnels, now.to_app, now.from_app)
}

fn counted(
    found: &Kept,
    count: &Count,
    (visitor, workspace, app): (&Visitor, WorkspaceId, &str),
    to: Time,
) -> ConnectionsCounted {
    ConnectionsCounted {
        app: app.into(),
        bytes_in: count.to_app.saturating_sub(found.said.to_app),
        bytes_out: count.from_app.saturating_sub(found.said.from_app),
        from: found.since,
        requests: count.requests.saturating_sub(found.said.requests),
        to,
        tunnels: count.tunnels.saturating_sub(found.said.tunnels),
        visitor: subject(visitor),
        workspace,
    }
}

fn subject(visitor: &Visitor) -> Option<Subject> {
    match visitor {
        Visitor::Known(actor) => super::whose(actor),
        Visitor::Public => None,
    }
}
