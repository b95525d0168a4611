//! Attending a running workspace: the way out of its network, and what it did with it. What is attended ends with this server, and begins
//! anew with the next; the workspace goes on meanwhile, with no way out.

use super::made::{self, PROXY_PORT};
use super::{Fault, Keeper, now};
use crate::door::Upstream;
use crate::egress::{self, Egress, Outside, Row, Rules, Tally};
use crate::namespace::Namespace;
use commands::workspaces::CountEgress;
use ledger::event::id::WorkspaceId;
use ledger::event::workspaces::{Destinations, EgressCounted, FailedAt, ROWS_MAX, Verdict};
use ledger::hash::Hash;
use ledger::time::Time;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Most ways to ports of one workspace that are kept.
const UPSTREAMS_MAX: usize = 64;

/// What is attended of a workspace. Dropped, it ends.
pub(super) struct Attended {
    container: Hash,
    namespace: Namespace,
    upstreams: Mutex<HashMap<u16, Upstream>>,
    rules: watch::Sender<Arc<Rules>>,
    tally: Arc<Tally>,
    /// Since when it is counted.
    since: Mutex<Time>,
    stop: watch::Sender<bool>,
}

impl Drop for Attended {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

impl Attended {
    /// The engine's id of the container.
    pub(super) fn container(&self) -> Hash {
        self.container
    }

    /// The way to a port of it. Ways are kept, and with them their connections, as long as it is attended.
    pub(super) fn upstream(&self, port: u16) -> Upstream {
        let mut upstreams = self.upstreams.lock().unwrap_or_else(PoisonError::into_inner);
        if upstreams.len() >= UPSTREAMS_MAX && !upstreams.contains_key(&port) {
            upstreams.clear();
        }
        upstreams.entry(port).or_insert_with(|| Upstream::new(self.namespace.clone(), port)).clone()
    }

    /// Takes other rules up, if they are others.
    pub(super) fn allow(&self, rules: Rules) {
        self.rules.send_if_modified(|now| {
            let changed = **now != rules;
            if changed {
                *now = Arc::new(rules);
            }
            changed
        });
    }
}

impl Keeper {
    /// Attends a running workspace: opens its network and listens there for its way out.
    pub(super) async fn attend(&self, id: WorkspaceId) -> Result<(), Fault> {
        let failed = Fault::at(FailedAt::Start);
        let found = self.inner.engine.container(&made::name(id)).await.map_err(&failed)?;
        let Some((found, path)) = found.and_then(|found| found.network.clone().map(|path| (found, path)))
        else {
            // Seen again by the next look, which says that it is lost.
            return Err(Fault::At(FailedAt::Start, "its first process ended at once".into()));
        };
        let said = |cause: &dyn std::error::Error| Fault::At(FailedAt::Start, super::words::chain(cause));
        let namespace = Namespace::open(&path).map_err(|cause| said(&cause))?;
        let rules = self.rules(id);
        let (rules, allowed) = watch::channel(Arc::new(rules));
        let (stop, stopping) = watch::channel(false);
        let tally = Arc::new(Tally::default());
        let egress = Egress {
            rules: allowed,
            tally: Arc::clone(&tally),
            outside: Outside::real(),
            gateway: egress::not_here(),
        };
        match namespace.listen(PROXY_PORT).await {
            Ok(listener) => drop(tokio::spawn(egress::serve(listener, egress, stopping))),
            // Something in the workspace took the port while no server attended it: it has no way out, and harms itself alone.
            Err(cause) => {
                tracing::warn!("`{id}` has no way out: port {PROXY_PORT} in it cannot be had: {cause}")
            }
        }
        let attended = Attended {
            container: found.id,
            namespace,
            upstreams: Mutex::default(),
            rules,
            tally,
            since: Mutex::new(now()),
            stop,
        };
        self.inner.attended.lock().unwrap_or_else(PoisonError::into_inner).insert(id, Arc::new(attended));
        Ok(())
    }

    fn rules(&self, id: WorkspaceId) -> Rules {
        let state = self.state();
        let version = state.workspaces.live(id).and_then(|workspace| state.spec_of(workspace));
        version.map(|version| Rules::new(&version.spec.network)).unwrap_or_default()
    }

    fn all_attended(&self) -> Vec<(WorkspaceId, Arc<Attended>)> {
        let attended = self.inner.attended.lock().unwrap_or_else(PoisonError::into_inner);
        attended.iter().map(|(id, found)| (*id, Arc::clone(found))).collect()
    }

    /// Takes up what an update changed that needs no other container.
    pub(super) fn take_up_rules(&self) {
        for (id, attended) in self.all_attended() {
            attended.allow(self.rules(id));
        }
    }

    /// Says what was counted.
    pub(super) async fn refresh(&self) {
        for (id, attended) in self.all_attended() {
            self.count(id, &attended).await;
        }
    }

    /// Says what a workspace reached out to since it was last said.
    pub(super) async fn count(&self, id: WorkspaceId, attended: &Attended) {
        let rows = attended.tally.drain();
        if rows.is_empty() {
            return;
        }
        let to = now();
        let from = std::mem::replace(&mut *attended.since.lock().unwrap_or_else(PoisonError::into_inner), to);
        let rows: Vec<_> = rows.into_iter().map(row).collect();
        for rows in rows.chunks(ROWS_MAX) {
            let counted = EgressCounted { from, rows: rows.to_vec(), to, workspace: id };
            self.order(CountEgress { counted }).await;
        }
    }
}

fn row(row: Row) -> Destinations {
    let Row { host, port, verdict, count, sent, received } = row;
    // Without a port there was no host either, or there were too many.
    let host = Some(host).filter(|host| port != 0 && host.len() <= 253);
    Destinations { bytes_in: received, bytes_out: sent, count, host, port, verdict: verdict_of(verdict) }
}

fn verdict_of(verdict: egress::Verdict) -> Verdict {
    match verdict {
        egress::Verdict::Allowed => Verdict::Allowed,
        egress::Verdict::Denied => Verdict::Denied,
        egress::Verdict::Special => Verdict::DeniedAddress,
        egress::Verdict::Failed => Verdict::Unreachable,
        egress::Verdict::Malformed => Verdict::Malformed,
    }
}
