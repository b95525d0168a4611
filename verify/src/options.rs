//! What the auditor brings and asks for.

use ledger::checkpoint::SignedCheckpoint;
use ledger::note::VerifierKey;
use ledger::policy::Policy;
use ledger::receipt::Receipt;
use ledger::time::Time;

/// Which signatures are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Signatures {
    /// Every event's, and the rules are judged.
    #[default]
    All,
    /// Those of checkpoints, of event 0 and of changes of keys.
    Checkpoints,
}

impl Signatures {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Checkpoints => "checkpoints",
        }
    }
}

/// What the auditor brings and asks for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The pinned key.
    pub key: Option<VerifierKey>,
    /// Known logs, witnesses and the quorum.
    pub policy: Option<Policy>,
    /// Checkpoints that the auditor kept.
    pub kept: Vec<SignedCheckpoint>,
    /// One of them, below which signatures and rules are not repeated.
    pub since: Option<SignedCheckpoint>,
    /// Receipts to find in the log.
    pub receipts: Vec<Receipt>,
    /// Which signatures are checked.
    pub signatures: Signatures,
    /// The most events that may come after the newest anchor.
    pub unanchored_max: Option<u64>,
    /// After how many events the folded state is wanted.
    pub state_at: Option<u64>,
    /// The time to judge cosignatures by.
    pub now: Time,
}

impl Options {
    /// All kept checkpoints.
    pub fn kept(&self) -> impl Iterator<Item = &SignedCheckpoint> {
        self.kept.iter().chain(&self.since)
    }

    /// The position below which signatures and rules are not repeated.
    pub fn since_size(&self) -> u64 {
        self.since.as_ref().map_or(0, |since| since.checkpoint().size())
    }
}

/// Told how many events are done, from time to time.
pub trait Progress: Sync {
    /// So many events are known to be there.
    fn expect(&self, bytes: u64);
    /// So many more bytes of the log are done.
    fn advance(&self, bytes: u64);
}

/// Tells nobody.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn expect(&self, _bytes: u64) {}
    fn advance(&self, _bytes: u64) {}
}
