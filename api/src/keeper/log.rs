//! What builds say: shown while they go on, and kept when they are over.

use ledger::event::id::WorkspaceId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// Most bytes of a build's log. What comes later is not kept, and the log says so.
const BYTES_MAX: usize = 256 << 10;

/// What a build says, line by line.
#[derive(Clone, Debug)]
pub struct Log {
    text: Arc<Mutex<String>>,
    grown: watch::Sender<usize>,
}

impl Default for Log {
    fn default() -> Self {
        Self { text: Arc::default(), grown: watch::Sender::new(0) }
    }
}

impl Log {
    /// Adds a line.
    pub fn line(&self, line: impl AsRef<str>) {
        let mut text = self.text.lock().unwrap_or_else(PoisonError::into_inner);
        let line = line.as_ref();
        if text.len() + line.len() < BYTES_MAX {
            text.push_str(line);
            text.push('\n');
        } else if !text.ends_with(CUT) {
            text.push_str(CUT);
        }
        let length = text.len();
        drop(text);
        self.grown.send_replace(length);
    }

    /// All of it so far.
    pub fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What follows the first so many bytes.
    pub fn after(&self, offset: usize) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).get(offset..).unwrap_or_default().to_owned()
    }

    /// Tells when there is more.
    pub fn grows(&self) -> watch::Receiver<usize> {
        self.grown.subscribe()
    }
}

const CUT: &str = "… what followed was not kept\n";

/// The log of the last build of each workspace, as long as the server runs.
#[derive(Debug, Default)]
pub struct Logs(Mutex<HashMap<WorkspaceId, (u64, Log)>>);

impl Logs {
    /// The log of a build, which is made when it is missing.
    pub fn of(&self, workspace: WorkspaceId, build: u64) -> Log {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (newest, log) = all.entry(workspace).or_insert_with(|| (build, Log::default()));
        if *newest != build {
            (*newest, *log) = (build, Log::default());
        }
        log.clone()
    }

    /// The newest log of a workspace, and of which build it is.
    pub fn newest(&self, workspace: WorkspaceId) -> Option<(u64, Log)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&workspace).cloned()
    }

    /// Forgets a workspace that is gone.
    pub fn forget(&self, workspace: WorkspaceId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&workspace);
    }
}
