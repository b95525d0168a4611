//! What can be wrong with a ledger: stable codes, and findings that bear them.

use serde::{Serialize, Serializer};
use std::collections::BTreeMap;

/// Findings that are kept; of more, those with the lowest positions. The rest is counted.
const KEPT_MAX: usize = 1_000;

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $name:ident = $text:literal;)*) => {
        /// What is wrong. The texts are stable; `docs/reference/verify.md` lists them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[doc = $doc])* $name,)*
        }

        impl Code {
            /// All of them, with what each says.
            pub const ALL: &'static [(Self, &'static str)] = &[$((Self::$name, concat!($($doc),*))),*];

            /// Its stable text.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                }
            }
        }
    };
}

codes! {
    /// The genesis statement cannot be read as one.
    GenesisMalformed = "GENESIS_MALFORMED";
    /// Event 0 does not say what the genesis statement says, or no other event may say it.
    GenesisBinding = "GENESIS_BINDING";
    /// The pinned key is not one that the genesis statement names.
    KeyNotOfLedger = "KEY_NOT_OF_LEDGER";
    /// A file's header is damaged or missing.
    HeaderDamaged = "HEADER_DAMAGED";
    /// A file's header belongs to another file or another ledger.
    HeaderForeign = "HEADER_FOREIGN";
    /// Stored bytes are damaged where a later group, file or checkpoint proves that they were whole.
    FrameDamaged = "FRAME_DAMAGED";
    /// A file of the log is missing, or ends before the next one begins.
    FileMissing = "FILE_MISSING";
    /// A commit frame names another event as the last of its group.
    CommitHead = "COMMIT_HEAD";
    /// A position is left out.
    Gap = "GAP";
    /// A position stands twice.
    Fork = "FORK";
    /// The event names another event as the one before it.
    PrevLink = "PREV_LINK";
    /// The event's text is not canonical JSON.
    NotCanonical = "NOT_CANONICAL";
    /// The event's text does not have the keys and values of an event.
    LeafShape = "LEAF_SHAPE";
    /// The event belongs to another ledger.
    LedgerId = "LEDGER_ID";
    /// The event belongs to another epoch.
    Epoch = "EPOCH";
    /// The event was recorded before the one before it.
    TimeDecreases = "TIME_DECREASES";
    /// The event's id and its time disagree.
    IdTime = "ID_TIME";
    /// The event's signature does not verify.
    Signature = "SIGNATURE";
    /// The event was signed by a key of this ledger that was not in force there.
    KeyInterval = "KEY_INTERVAL";
    /// The event was signed by a key that this ledger does not know.
    KeyUnknown = "KEY_UNKNOWN";
    /// A change of keys is not signed by the new key, or brings back an old one.
    Rotation = "ROTATION";
    /// A checkpoint cannot be read.
    CheckpointMalformed = "CHECKPOINT_MALFORMED";
    /// A checkpoint is of another log.
    Origin = "ORIGIN";
    /// A checkpoint is not signed by the key in force for its size, or bears a bad signature of a known key.
    CheckpointSignature = "CHECKPOINT_SIGNATURE";
    /// A checkpoint of the directory has another root than the log at its size.
    CheckpointRoot = "CHECKPOINT_ROOT";
    /// Two signed checkpoints of one size have different roots: two histories were shown.
    SplitView = "SPLIT_VIEW";
    /// A checkpoint covers more events than the log has.
    Rollback = "ROLLBACK";
    /// A kept checkpoint has another root than the log at its size: history was rewritten.
    Rewritten = "REWRITTEN";
    /// A cosignature is of a time that has not come yet.
    CosignatureFuture = "COSIGNATURE_FUTURE";
    /// An event that a receipt proves accepted is not in the log.
    ReceiptNotInLog = "RECEIPT_NOT_IN_LOG";
    /// A receipt is not signed by this ledger's key: the receipt is forged, or the ledger is not the one that gave it.
    ReceiptSignature = "RECEIPT_SIGNATURE";
    /// A sealed payload that no erasure names is missing.
    MissingPayload = "MISSING_PAYLOAD";
    /// A sealed payload does not match the event's commitment.
    PayloadAltered = "PAYLOAD_ALTERED";
    /// The salt of a sealed payload is zero or was used before.
    Salt = "SALT";
    /// An erasure names a payload that may not be erased, or that its subject does not have.
    ErasureForbidden = "ERASURE_FORBIDDEN";
    /// The rules in force forbade what the event records.
    NotAllowed = "NOT_ALLOWED";
    /// The rules in force did not call for the refusal that the event records.
    RefusalWrong = "REFUSAL_WRONG";
    /// A server's start contradicts how the log says the one before ended.
    StartWrong = "START_WRONG";
    /// A recorded digest is not that of the folded state.
    StateDigest = "STATE_DIGEST";
    /// A tile is missing or differs from the entries.
    Tile = "TILE";
    /// The proof of an event in a bundle does not lead to its checkpoint.
    Proof = "PROOF";
    /// Warning: events of a type that this build does not know. Their hash, link and signature were checked.
    Unknown = "UNKNOWN";
    /// Warning: events signed by a key from where on the log says it was in other hands, not anchored before.
    Suspect = "SUSPECT";
    /// Warning: an event is of a time after the cosignature over it, or after now.
    Clock = "CLOCK";
    /// Warning: a file that does not belong there was passed over.
    ForeignFile = "FOREIGN_FILE";
    /// Warning: sealed payloads that no event commits to, left by writes that were given up.
    PayloadLeftover = "PAYLOAD_LEFTOVER";
    /// Warning: state digests of another schema were not compared.
    NotCompared = "NOT_COMPARED";
}

impl Code {
    /// Whether it only warns.
    pub fn is_warning(self) -> bool {
        self >= Self::Unknown
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub code: Code,
    /// The first position concerned, when there is one.
    pub seq: Option<u64>,
    /// In words. Text from the ledger is escaped in it.
    pub what: String,
}

impl Finding {
    /// About one event.
    pub fn at(code: Code, seq: u64, what: impl Into<String>) -> Self {
        Self { code, seq: Some(seq), what: what.into() }
    }

    /// About the ledger as a whole.
    pub fn of_all(code: Code, what: impl Into<String>) -> Self {
        Self { code, seq: None, what: what.into() }
    }
}

impl Finding {
    /// Where it stands among others. One about a range comes after those that name an event.
    fn place(&self) -> u64 {
        let range = matches!(self.code, Code::CheckpointRoot | Code::Rewritten | Code::SplitView);
        self.seq.filter(|_| !range).unwrap_or(u64::MAX)
    }
}

/// Findings in the order of their positions, those about a range or about everything last.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    // By place, then by code: what is wrong with the bytes stands before what is wrong by the rules.
    kept: BTreeMap<(u64, Code, u64), Finding>,
    counted: u64,
    faults: u64,
}

impl Findings {
    /// Adds one.
    pub fn push(&mut self, finding: Finding) {
        self.counted += 1;
        self.faults += u64::from(!finding.code.is_warning());
        self.kept.insert((finding.place(), finding.code, self.counted), finding);
        if self.kept.len() > KEPT_MAX {
            self.kept.pop_last();
        }
    }

    /// Adds several.
    pub fn extend(&mut self, findings: impl IntoIterator<Item = Finding>) {
        findings.into_iter().for_each(|finding| self.push(finding));
    }

    /// How many faults were found, warnings not among them.
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// The faults and the warnings that were kept.
    pub fn split(self) -> (Vec<Finding>, Vec<Finding>) {
        self.kept.into_values().partition(|finding| !finding.code.is_warning())
    }
}
