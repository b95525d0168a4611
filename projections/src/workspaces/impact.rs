//! How far a change of a template reaches.

use ledger::event::workspaces::{Values, WorkspaceSpec};

/// How far a change reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reach {
    /// In force at once.
    Live,
    /// The container stops and starts.
    Restart,
    /// The container is made anew.
    Rebuild,
    /// Only a new workspace has it.
    Recreate,
}

impl Reach {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Restart => "restart",
            Self::Rebuild => "rebuild",
            Self::Recreate => "recreate",
        }
    }
}

/// A change, and how far it reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impact {
    /// What changes.
    pub field: Box<str>,
    /// How far.
    pub reach: Reach,
}

/// What changes.
pub fn impacts(old: &WorkspaceSpec, new: &WorkspaceSpec, _values: &Values) -> Vec<Impact> {
    (old != new).then(|| Impact { field: "template".into(), reach: Reach::Rebuild }).into_iter().collect()
}
