//! The keeper: makes of each workspace what is wished of it. It compares what the engine has with what the ledger says, and acts on the
//! difference, never on the event that woke it; so a crash, a missed wake-up and a second one all end in the same place.

mod attend;
mod build;
pub mod disks;
pub mod engine;
pub mod log;
pub mod made;
mod words;

use crate::clock;
use crate::namespace::Namespace;
use attend::Attended;
use commands::Command;
use commands::engine::{Answer, Handle, by_system};
use commands::workspaces::{
    RecordDeleted, RecordFailed, RecordLost, RecordOrphan, RecordStopped, SeenContainer, Step, step,
};
use disks::{DiskError, Disks};
use engine::{Engine, EngineError};
use ledger::event::Refusal;
use ledger::event::id::{LedgerId, WorkspaceId};
use ledger::event::workspaces::{FailedAt, OrphanFound, Thing};
use ledger::writer::PlainPayload;
use log::{Log, Logs};
use projections::State;
use projections::workspaces::Workspace;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::time::{MissedTickBehavior, timeout};
use tokio_stream::StreamExt;

/// How often it looks when nothing wakes it.
const PERIOD: Duration = Duration::from_secs(5);
/// How often it says what workspaces reached out to.
const COUNTED: Duration = Duration::from_secs(30);
/// Wake-ups that come together are one.
const TOGETHER: Duration = Duration::from_millis(20);
/// How long it waits for an engine that does not answer.
const AWAY: Duration = Duration::from_secs(2);
/// How many workspaces it works on at the same time.
const AT_ONCE: usize = 8;

/// What the keeper needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The engine's socket.
    pub socket: PathBuf,
    /// Where volumes are.
    pub disks: PathBuf,
    /// From which the secrets of tools' keys are derived.
    pub secret: [u8; 32],
    /// Of which ledger it keeps the workspaces.
    pub ledger: LedgerId,
}

/// The keeper could not begin.
#[derive(Debug, thiserror::Error)]
pub enum KeeperError {
    /// The engine's socket cannot be used.
    #[error("could not use the engine at `{socket}`")]
    Engine {
        /// Where.
        socket: PathBuf,
        /// Why.
        #[source]
        cause: EngineError,
    },
    /// The folder of volumes cannot be used.
    #[error("could not use the folder of volumes")]
    Disks(#[from] DiskError),
}

/// Keeps workspaces. Cheap to clone: all clones are one.
#[derive(Clone)]
pub struct Keeper {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Engine,
    disks: Disks,
    secret: [u8; 32],
    ledger: LedgerId,
    orders: Handle,
    logs: Logs,
    /// What is attended in each running workspace. Locked for a look or a change, never over a wait.
    attended: Mutex<HashMap<WorkspaceId, Arc<Attended>>>,
    /// The workspaces that are being worked on.
    busy: Mutex<HashSet<WorkspaceId>>,
    /// What belongs to no workspace and was said.
    orphans: Mutex<HashSet<String>>,
    slots: Arc<Semaphore>,
    wake: Notify,
    /// Whether the engine answered the last time.
    answers: watch::Sender<bool>,
}

/// Why a step was not done.
enum Fault {
    /// It may be tried again.
    Later(String),
    /// It failed for good.
    At(FailedAt, String),
}

impl Fault {
    fn at(at: FailedAt) -> impl Fn(EngineError) -> Self {
        move |cause| {
            let said = words::chain(&cause);
            if cause.is_away() { Self::Later(said) } else { Self::At(at, said) }
        }
    }

    fn disk(cause: DiskError) -> Self {
        Self::At(FailedAt::Volume, words::chain(&cause))
    }
}

impl Keeper {
    /// A keeper that does nothing yet.
    pub fn new(settings: Settings, orders: Handle) -> Result<Self, KeeperError> {
        let Settings { socket, disks, secret, ledger } = settings;
        let engine = Engine::at(&socket, ledger).map_err(|cause| KeeperError::Engine { socket, cause })?;
        let inner = Inner {
            engine,
            disks: Disks::in_folder(&disks)?,
            secret,
            ledger,
            orders,
            logs: Logs::default(),
            attended: Mutex::default(),
            busy: Mutex::default(),
            orphans: Mutex::default(),
            slots: Arc::new(Semaphore::new(AT_ONCE)),
            wake: Notify::new(),
            answers: watch::Sender::new(true),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.inner.engine
    }

    /// The log of the last build of a workspace since the server started, and of which build it is.
    pub fn log(&self, workspace: WorkspaceId) -> Option<(u64, Log)> {
        self.inner.logs.newest(workspace)
    }

    /// The network of a running workspace.
    pub fn network(&self, workspace: WorkspaceId) -> Option<Namespace> {
        let attended = self.inner.attended.lock().unwrap_or_else(PoisonError::into_inner);
        attended.get(&workspace).map(|found| found.namespace().clone())
    }

    /// Whether the engine answered when it was last asked.
    pub fn answers(&self) -> bool {
        *self.inner.answers.borrow()
    }

    /// Keeps workspaces until the server stops.
    pub async fn keep(self, mut grown: watch::Receiver<u64>, mut stopping: watch::Receiver<bool>) {
        let listening = tokio::spawn(self.clone().listen());
        let mut ticks = tokio::time::interval(PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut counts = tokio::time::interval(COUNTED);
        counts.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut orders = None;
        loop {
            tokio::select! {
                _ = ticks.tick() => orders = None,
                _ = counts.tick() => {
                    self.refresh().await;
                    continue;
                }
                () = self.inner.wake.notified() => orders = None,
                changed = grown.changed() => if changed.is_err() { break },
                _ = stopping.changed() => break,
            }
            // Most events are not about workspaces.
            let now = self.state().workspaces.orders();
            if orders == Some(now) {
                continue;
            }
            tokio::time::sleep(TOGETHER).await;
            orders = Some(self.state().workspaces.orders());
            if let Err(cause) = self.round().await {
                self.away(&cause);
                tokio::time::sleep(AWAY).await;
                orders = None;
            }
        }
        listening.abort();
    }

    fn away(&self, cause: &EngineError) {
        // Said once, until it answers again.
        if self.inner.answers.send_replace(false) {
            tracing::warn!("workspaces wait, since {}", words::chain(cause));
        }
    }

    /// Wakes up when something happens to a container.
    async fn listen(self) {
        loop {
            let mut changes = std::pin::pin!(self.inner.engine.changes());
            while let Some(Ok(_)) = changes.next().await {
                self.inner.wake.notify_one();
            }
            tokio::time::sleep(AWAY).await;
        }
    }

    fn state(&self) -> Arc<State> {
        Arc::new(self.inner.orders.published().state.clone())
    }

    /// Looks at everything once, and starts to work on whatever is not as it should be.
    async fn round(&self) -> Result<(), EngineError> {
        let (containers, foreign) = self.inner.engine.containers().await?;
        if !self.inner.answers.send_replace(true) {
            tracing::info!("the engine answers again");
        }
        let published = self.inner.orders.published();
        let state = &published.state;
        let seen: HashMap<WorkspaceId, &SeenContainer> =
            containers.iter().map(|container| (container.workspace, container)).collect();
        for (id, workspace) in state.workspaces.all_live() {
            let found = seen.get(&id).copied();
            self.begin(id, step(workspace, found), found);
        }
        for (id, container) in &seen {
            match state.workspaces.find(*id) {
                Some(workspace) if !workspace.span.is_open() => {
                    self.begin(*id, step(workspace, Some(container)), None)
                }
                Some(_) => {}
                None => self.orphan(Thing::Container, &made::name(*id)).await,
            }
        }
        for name in foreign {
            self.orphan(Thing::Container, name.trim_start_matches('/')).await;
        }
        self.sweep_disks(state).await;
        self.take_up_rules();
        Ok(())
    }

    /// Volumes that nobody keeps any more go; those of workspaces that nobody knows are reported.
    async fn sweep_disks(&self, state: &State) {
        let Ok(found) = self.inner.disks.workspaces() else { return };
        for id in found {
            match state.workspaces.find(id) {
                None => self.orphan(Thing::Volume, &id.to_string()).await,
                Some(workspace) if !workspace.span.is_open() => {
                    let names = self.inner.disks.names(id).unwrap_or_default();
                    let kept = &workspace.kept;
                    let left = names.iter().any(|name| !kept.iter().any(|kept| **kept == **name));
                    if (left || kept.is_empty())
                        && let Err(cause) = self.inner.disks.remove(id, kept).await
                    {
                        tracing::warn!("the volumes of `{id}` wait to be removed: {}", words::chain(&cause));
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// Says once what belongs to no workspace. It is left alone.
    async fn orphan(&self, thing: Thing, name: &str) {
        let new = self.inner.orphans.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        if new {
            let name: String = name.chars().filter(char::is_ascii_graphic).take(128).collect();
            tracing::warn!("the engine has `{name}`, which belongs to no workspace; it is left alone");
            self.order(RecordOrphan { found: OrphanFound { name: name.into(), thing } }).await;
        }
    }

    /// Starts to work on a workspace, unless somebody does.
    fn begin(&self, id: WorkspaceId, step: Step, seen: Option<&SeenContainer>) {
        let attended = || {
            let attended = self.inner.attended.lock().unwrap_or_else(PoisonError::into_inner);
            attended.get(&id).is_some_and(|found| seen.is_some_and(|seen| seen.id == found.container()))
        };
        if step == Step::Rest || step == Step::Attend && attended() {
            return;
        }
        if !self.inner.busy.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            return;
        }
        let keeper = self.clone();
        tokio::spawn(async move {
            let permit = Arc::clone(&keeper.inner.slots).acquire_owned().await;
            let again = keeper.work(id, step).await;
            drop(permit);
            keeper.inner.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
            if again {
                keeper.inner.wake.notify_one();
            }
        });
    }

    /// Does a step. Whether there may be another at once.
    async fn work(&self, id: WorkspaceId, step: Step) -> bool {
        let Some(workspace) = self.state().workspaces.find(id).cloned() else { return false };
        let done = match step {
            Step::Rest => Ok(()),
            Step::Attend => self.attend(id).await,
            Step::Build => self.build(id, &workspace).await,
            Step::Resume => self.resume(id).await,
            Step::ReportLost(exit) => {
                self.forget(id).await;
                self.order(RecordLost { workspace: id, build: workspace.phase.build, exit }).await;
                Ok(())
            }
            Step::Halt => self.halt(id).await,
            Step::ReportStopped => {
                self.order(RecordStopped { workspace: id, build: workspace.phase.build }).await;
                Ok(())
            }
            Step::Remove => self.remove(id, &workspace).await,
            Step::Sweep => self.inner.engine.remove(&made::name(id)).await.map_err(Fault::at(FailedAt::Stop)),
        };
        match done {
            Ok(()) => step != Step::Attend,
            Err(Fault::Later(said)) => {
                tracing::warn!("`{id}` waits: {said}");
                tokio::time::sleep(AWAY).await;
                true
            }
            Err(Fault::At(at, said)) => {
                self.fail(id, workspace.phase.build, at, &said).await;
                true
            }
        }
    }

    async fn fail(&self, workspace: WorkspaceId, build: u64, at: FailedAt, said: &str) {
        tracing::warn!("`{workspace}` failed at `{}`: {said}", at.as_str());
        let log = self.inner.logs.of(workspace, build);
        log.line(format!("failed: {said}"));
        let log = Some(PlainPayload::build_log(workspace, log.text().into_bytes()));
        self.order(RecordFailed { workspace, build, at, log }).await;
    }

    async fn resume(&self, id: WorkspaceId) -> Result<(), Fault> {
        self.inner.engine.resume(&made::name(id)).await.map_err(Fault::at(FailedAt::Start))
    }

    async fn halt(&self, id: WorkspaceId) -> Result<(), Fault> {
        self.forget(id).await;
        self.inner.engine.stop(&made::name(id)).await.map_err(Fault::at(FailedAt::Stop))?;
        self.inner.disks.rest(id).await.map_err(|cause| Fault::Later(words::chain(&cause)))
    }

    async fn remove(&self, id: WorkspaceId, workspace: &Workspace) -> Result<(), Fault> {
        self.forget(id).await;
        self.inner.engine.remove(&made::name(id)).await.map_err(Fault::at(FailedAt::Stop))?;
        let state = self.state();
        let volumes = state.spec_of(workspace).map(|version| version.spec.volumes.as_slice());
        let protected = volumes.unwrap_or_default().iter().filter(|volume| volume.protected);
        let kept: Vec<_> = protected.map(|volume| volume.name.clone()).collect();
        self.inner.disks.remove(id, &kept).await.map_err(Fault::disk)?;
        self.order(RecordDeleted { workspace: id, build: workspace.phase.build }).await;
        self.inner.logs.forget(id);
        Ok(())
    }

    /// Attends no more: the proxy of the workspace ends.
    async fn forget(&self, id: WorkspaceId) {
        let attended = self.inner.attended.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
        if let Some(attended) = attended {
            self.count(id, &attended).await;
        }
    }

    /// Gives an order in Deed's own name; `None` when it could not be given or was refused. What is still due is given again later.
    async fn order(&self, command: impl Into<Command>) -> Option<Result<(), Refusal>> {
        let (answered, answer) = oneshot::channel();
        let reply = Box::new(move |answer| drop(answered.send(answer)));
        if let Err(busy) = self.inner.orders.submit(by_system(command.into(), reply)) {
            tracing::warn!("the keeper waits: {busy}");
            return None;
        }
        match answer.await {
            Ok(Answer::Done(_)) => Some(Ok(())),
            Ok(Answer::Refused(refusal, _)) => Some(Err(refusal)),
            Ok(Answer::Failed(failure)) => {
                tracing::warn!("the keeper could not record what it did: {failure}");
                None
            }
            Err(_) => None,
        }
    }

    /// Waits until another order has overtaken a build.
    async fn overtaken(&self, id: WorkspaceId, build: u64) {
        loop {
            let state = self.state();
            if state.workspaces.live(id).is_none_or(|found| found.phase.build != build) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// How long a socket is waited for that may not be there.
const PROBE: Duration = Duration::from_secs(2);

/// Whether an engine answers at a socket.
pub async fn answers_at(socket: &Path) -> bool {
    timeout(PROBE, tokio::net::UnixStream::connect(socket)).await.is_ok_and(|found| found.is_ok())
}

/// The time, for what is counted.
fn now() -> ledger::time::Time {
    clock::now()
}
