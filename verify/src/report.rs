//! The verdict: what was found, in words for people and as one JSON object for programs.

use crate::fault::Finding;
use serde::Serialize;
use std::fmt::Write as _;

/// Version of the JSON object.
pub const FORMAT: &str = "verdict/v1";

/// How it came out; the numbers are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Nothing is wrong, and as much is anchored as was asked for.
    Whole = 0,
    /// Something is wrong.
    Invalid = 1,
    /// Nothing wrong was found, but nothing is anchored, or less than was asked for.
    Unanchored = 3,
}

/// Where the trust in the event key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyTrust {
    /// The auditor brought the event key.
    PinnedEvents,
    /// The auditor brought the checkpoint key, and a checkpoint by it binds the rest.
    PinnedCheckpoints,
    /// An anchor binds the genesis statement.
    Anchored,
    /// Only the ledger itself says so: a hint.
    Embedded,
}

/// Who vouches for an anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorKind {
    /// The auditor kept it.
    Kept,
    /// The quorum of the policy cosigned it.
    Witnessed,
}

/// A checkpoint that somebody other than the ledger vouches for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Anchor {
    /// How many events it covers.
    pub size: u64,
    /// Who vouches.
    pub kind: AnchorKind,
    /// Its root in hex.
    pub root: String,
}

/// How many of each kind of check were made.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Event signatures.
    pub signatures: u64,
    /// Events whose rules were judged.
    pub rules: u64,
    /// Checkpoints of the ledger and of the auditor.
    pub checkpoints: u64,
    /// Sealed payloads that match their commitment.
    pub payloads: u64,
    /// State digests that were compared.
    pub state_digests: u64,
    /// Receipted events found in the log.
    pub receipts: u64,
}

/// The whole verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Always [`FORMAT`].
    pub deed: &'static str,
    /// How it came out.
    pub outcome: Outcome,
    /// The verdict words, each with its number.
    pub verdicts: Vec<String>,
    /// The ledger's id, when the genesis statement could be read.
    pub ledger: String,
    /// What was read: `directory`, `tiles` or `evidence`.
    pub source: &'static str,
    /// How many events were read.
    pub events: u64,
    /// Leaf hash of the last.
    pub head: String,
    /// Root of the tree over all.
    pub root: String,
    /// Where the trust in the key comes from.
    pub key: KeyTrust,
    /// Events up to the newest anchor.
    pub anchored: u64,
    /// Events after it.
    pub unanchored: u64,
    /// The anchors.
    pub anchors: Vec<Anchor>,
    /// Sealed payloads that are gone because an erasure names them.
    pub erased: u64,
    /// Sealed payloads that an erasure names and that are not destroyed yet.
    pub erasing: u64,
    /// Bytes of interrupted writes.
    pub torn_tail_bytes: u64,
    /// Events to suspect because their key was in other hands.
    pub suspect: u64,
    /// `all` or `checkpoints`.
    pub signatures: &'static str,
    /// Below this position nothing was repeated but hashes, tree and fold.
    pub since: u64,
    /// How much was checked.
    pub checked: Checked,
    /// Events of unknown types, by `type/v`, escaped.
    pub unknown: Vec<(String, u64)>,
    /// What is wrong, in the order of positions.
    pub faults: Vec<Finding>,
    /// How many faults there are, those not listed included.
    pub faults_total: u64,
    /// What to look at.
    pub warnings: Vec<Finding>,
}

impl Report {
    /// The exit code.
    pub fn exit(&self) -> u8 {
        match self.outcome {
            Outcome::Whole => 0,
            Outcome::Invalid => 1,
            Outcome::Unanchored => 3,
        }
    }

    /// The verdict for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        self.print(&mut out).map_or_else(|_| String::new(), |()| out)
    }

    fn print(&self, out: &mut String) -> std::fmt::Result {
        writeln!(out, "ledger      {} ({})", self.ledger.escape_debug(), self.source)?;
        writeln!(out, "events      {}, head {}", self.events, self.head)?;
        writeln!(out, "root        {}", self.root)?;
        writeln!(out, "key         {}", key_words(self.key))?;
        writeln!(out, "checked     {}", self.checked_words())?;
        for anchor in &self.anchors {
            let by = if anchor.kind == AnchorKind::Kept { "kept checkpoint" } else { "witness quorum" };
            writeln!(out, "anchor      {} events, by a {by}, root {}", anchor.size, anchor.root)?;
        }
        for (kind, count) in &self.unknown {
            writeln!(out, "unknown     {count} of `{kind}`")?;
        }
        self.warnings.iter().try_for_each(|finding| line(out, "warning", finding))?;
        self.faults.iter().take(FAULTS_PRINTED_MAX).try_for_each(|finding| line(out, "fault", finding))?;
        let rest = self.faults_total.saturating_sub(FAULTS_PRINTED_MAX as u64);
        if rest > 0 {
            writeln!(out, "fault       … and {rest} more; `--json` lists up to 1,000")?;
        }
        self.verdicts.iter().try_for_each(|verdict| writeln!(out, "{verdict}"))
    }

    fn checked_words(&self) -> String {
        let Checked { signatures, rules, checkpoints, payloads, state_digests, receipts } = self.checked;
        let mut words = format!(
            "{signatures} event signatures, {rules} rules, {checkpoints} checkpoints, {payloads} sealed payloads, {state_digests} state digests, {receipts} receipts"
        );
        if self.signatures != "all" {
            words.push_str("; CHECKPOINTS ONLY: neither each event's signature nor the rules were checked");
        }
        if self.since > 0 {
            let since = self.since;
            _ = write!(words, "; below event {since} only hashes, links, tree and fold were repeated");
        }
        words
    }
}

/// Faults that are printed; the JSON object holds more.
const FAULTS_PRINTED_MAX: usize = 20;

fn key_words(key: KeyTrust) -> &'static str {
    match key {
        KeyTrust::PinnedEvents => "KEY PINNED: the event key is the one you gave",
        KeyTrust::PinnedCheckpoints => "KEY PINNED: a checkpoint by the key you gave binds the event key",
        KeyTrust::Anchored => "KEY ANCHORED: an anchor binds the event key",
        KeyTrust::Embedded => {
            "KEY EMBEDDED: the key comes from the ledger itself and is only a hint; whoever rewrote the ledger would have replaced it. Give `--key`, `--policy` or `--checkpoint`"
        }
    }
}

fn line(out: &mut String, word: &str, finding: &Finding) -> std::fmt::Result {
    let place = finding.seq.map(|seq| format!(" at event {seq}")).unwrap_or_default();
    writeln!(out, "{word:<11} {}{place}: {}", finding.code.as_str(), finding.what)
}
