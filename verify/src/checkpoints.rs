//! Checkpoints of a directory: collected before the walk, judged after it.

use crate::fault::{Code, Finding};
use crate::options::Options;
use crate::report::{Anchor, AnchorKind};
use crate::source::{Trouble, directory};
use crate::walk::Walked;
use crate::walk::tree::Mark;
use ledger::checkpoint::{CheckpointError, SignedCheckpoint};
use ledger::container::Place;
use ledger::disk::read_whole;
use ledger::hash::Hash;
use ledger::note::{NOTE_BYTES_MAX, NoteError};
use ledger::policy::PolicyRefusal;
use ledger::segment::{Frame, Frames, Kind, Slot};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

/// Seconds that a witness's clock may be ahead of ours.
const SKEW_SECONDS: u64 = 300;

/// Who brought a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum From {
    Ledger,
    Auditor,
}

/// What the checkpoints of a ledger came to.
#[derive(Debug, Default)]
pub(crate) struct Judged {
    pub(crate) checked: u64,
    pub(crate) torn: u64,
    pub(crate) anchors: Vec<Anchor>,
    /// Whether one by the pinned checkpoint key covers an event.
    pub(crate) by_pinned: bool,
    pub(crate) findings: Vec<Finding>,
}

/// The checkpoints that a ledger shows.
pub(crate) struct Shown {
    place: Option<Place>,
    /// The note beside the log.
    newest: Option<PathBuf>,
    files: Vec<u64>,
    findings: Vec<Finding>,
}

impl Shown {
    /// Those of a data directory.
    pub(crate) fn open(place: Place) -> Result<Self, Trouble> {
        let (files, findings) = directory::firsts(&place, Kind::Checkpoints)?;
        let newest = Some(place.root.join("checkpoint"));
        Ok(Self { place: Some(place), newest, files, findings })
    }

    /// Calls `each` with every note; `Err` stands for bytes that hold none.
    fn each(&self, mut each: impl FnMut(Result<&[u8], Torn>)) -> Result<(), Trouble> {
        let Some(place) = &self.place else { return Ok(()) };
        for (n, first) in self.files.iter().enumerate() {
            let (bytes, header) = directory::read(place, Kind::Checkpoints, *first)?;
            if let Some(finding) = header {
                each(Err(Torn::Finding(finding)));
            }
            notes_of(&bytes, *first, n + 1 == self.files.len(), &mut each);
        }
        let Some(path) = &self.newest else { return Ok(()) };
        match read_whole(place.disk.as_ref(), path, NOTE_BYTES_MAX as u64) {
            Ok(note) => each(Ok(&note)),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) if cause.kind() == io::ErrorKind::FileTooLarge => {
                let what = "the newest checkpoint is larger than any note";
                each(Err(Torn::Finding(Finding::of_all(Code::CheckpointMalformed, what))));
            }
            Err(cause) => return Err(Trouble::Read { path: path.clone(), cause }),
        }
        Ok(())
    }

    /// Size and root of every checkpoint, the auditor's included.
    pub(crate) fn marks(&self, options: &Options) -> Result<Vec<Mark>, Trouble> {
        let mark =
            |signed: &SignedCheckpoint| Mark::new(signed.checkpoint().size(), *signed.checkpoint().root());
        let mut marks: Vec<Mark> = options.kept().map(mark).collect();
        self.each(|note| {
            let signed = note.ok().and_then(|note| SignedCheckpoint::parse(note).ok());
            marks.extend(signed.as_ref().map(mark));
        })?;
        Ok(marks)
    }

    /// Judges all checkpoints by what the walk found.
    pub(crate) fn judge(&self, options: &Options, walked: &Walked, origin: &str) -> Result<Judged, Trouble> {
        let mut judge = Judge { options, walked, origin, judged: Judged::default(), seen: BTreeMap::new() };
        judge.judged.findings.extend(self.findings.iter().cloned());
        for signed in options.kept() {
            judge.signed(signed, From::Auditor);
        }
        self.each(|note| match note {
            Ok(note) => judge.note(note),
            Err(Torn::Finding(finding)) => judge.judged.findings.push(finding),
            Err(Torn::Bytes(bytes)) => judge.judged.torn += bytes,
        })?;
        let mut judged = judge.judged;
        judged.anchors.sort();
        judged.anchors.dedup();
        Ok(judged)
    }
}

/// Bytes among checkpoints that are none.
enum Torn {
    Finding(Finding),
    Bytes(u64),
}

fn notes_of(bytes: &[u8], first: u64, last_file: bool, each: &mut impl FnMut(Result<&[u8], Torn>)) {
    let mut damaged_at = None;
    let damaged = |offset: usize| {
        let what = format!("the file of checkpoints {first} is damaged at byte {offset}");
        Err(Torn::Finding(Finding::of_all(Code::FrameDamaged, what)))
    };
    for (offset, slot) in Frames::of(Kind::Checkpoints, bytes) {
        if let Slot::Frame(Frame::Checkpoint { note }) = slot {
            if let Some(offset) = damaged_at.take() {
                each(damaged(offset));
            }
            each(Ok(note));
        } else {
            damaged_at = damaged_at.or(Some(offset));
        }
    }
    let Some(offset) = damaged_at else { return };
    if !last_file {
        return each(damaged(offset));
    }
    let rest = bytes.get(offset..).unwrap_or_default();
    each(Err(Torn::Bytes(rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1))));
}

struct Judge<'a> {
    options: &'a Options,
    walked: &'a Walked,
    origin: &'a str,
    judged: Judged,
    /// The signed root of each size.
    seen: BTreeMap<u64, Hash>,
}

impl Judge<'_> {
    fn fault(&mut self, code: Code, seq: u64, what: impl Into<String>) {
        self.judged.findings.push(Finding::at(code, seq, what));
    }

    fn note(&mut self, note: &[u8]) {
        match SignedCheckpoint::parse(note) {
            Ok(signed) => self.signed(&signed, From::Ledger),
            Err(cause) => {
                let what = format!("a checkpoint of the ledger cannot be read: {}", reason(&cause));
                self.judged.findings.push(Finding::of_all(Code::CheckpointMalformed, what));
            }
        }
    }

    fn signed(&mut self, signed: &SignedCheckpoint, from: From) {
        self.judged.checked += 1;
        let size = signed.checkpoint().size();
        let verified = self.verify(signed);
        let unknown = matches!(verified, Err(CheckpointError::Note(NoteError::Unsigned)));
        if unknown && size > self.walked.size {
            // Its key may have come with events that are gone.
            self.holds(signed, from);
            return;
        }
        if let Err(cause) = verified {
            let other = matches!(cause, CheckpointError::OtherLog { .. });
            let code = if other { Code::Origin } else { Code::CheckpointSignature };
            let what = format!("the checkpoint of size {size}: {}", reason(&cause));
            return self.fault(code, size.saturating_sub(1), what);
        }
        let root = *signed.checkpoint().root();
        if self.seen.insert(size, root).is_some_and(|other| other != root) {
            let what = format!(
                "two signed checkpoints of {size} events have different roots; keep both as evidence"
            );
            self.fault(Code::SplitView, size.saturating_sub(1), what);
        }
        if !self.holds(signed, from) {
            return;
        }
        if from == From::Auditor {
            self.anchor(signed, AnchorKind::Kept);
        }
        let pinned = self.options.key.as_ref();
        self.judged.by_pinned |= size > 0 && pinned == Some(self.walked.ring.checkpoint_key(size));
        self.witnessed(signed);
    }

    fn verify(&self, signed: &SignedCheckpoint) -> Result<(), CheckpointError> {
        let key = self.walked.ring.checkpoint_key(signed.checkpoint().size());
        signed.verify(self.origin, key, &[]).map(|_| ())
    }

    /// Whether the log has this root at this size; says so if not.
    fn holds(&mut self, signed: &SignedCheckpoint, from: From) -> bool {
        let (size, root) = (signed.checkpoint().size(), signed.checkpoint().root());
        let mark = self.walked.tree.find(size, root);
        if mark.is_some_and(Mark::holds) {
            return true;
        }
        if mark.is_none_or(|mark| mark.ours.is_none()) {
            let what = format!("a signed checkpoint covers {size} events, the log has {}", self.walked.size);
            self.fault(Code::Rollback, self.walked.size, what);
            return false;
        }
        let marks = self.walked.tree.marks();
        let agreed = marks.iter().filter(|mark| mark.size < size && mark.holds()).map(|mark| mark.size).max();
        let agreed = agreed.unwrap_or(0);
        let what = format!(
            "the log's first {size} events are not those of a signed checkpoint; up to {agreed} they agree"
        );
        let code = if from == From::Auditor { Code::Rewritten } else { Code::CheckpointRoot };
        self.fault(code, agreed, what);
        false
    }

    fn anchor(&mut self, signed: &SignedCheckpoint, kind: AnchorKind) {
        let checkpoint = signed.checkpoint();
        // The empty log is the beginning of every log.
        if checkpoint.size() == 0 {
            return;
        }
        let root = checkpoint.root().to_string();
        self.judged.anchors.push(Anchor { size: checkpoint.size(), kind, root });
    }

    fn witnessed(&mut self, signed: &SignedCheckpoint) {
        let Some(policy) = &self.options.policy else { return };
        let size = signed.checkpoint().size();
        match policy.check(signed) {
            Ok(cosignatures) => {
                let times: Vec<u64> = cosignatures.iter().filter_map(|line| line.timestamp()).collect();
                if self.in_time(size, &times) && !times.is_empty() {
                    self.anchor(signed, AnchorKind::Witnessed);
                }
            }
            Err(PolicyRefusal::Quorum | PolicyRefusal::Checkpoint(CheckpointError::LogUnsigned)) => {}
            Err(PolicyRefusal::Checkpoint(CheckpointError::Note(NoteError::Unsigned))) => {}
            Err(PolicyRefusal::UnknownLog { .. }) => {
                self.fault(Code::Origin, 0, "the policy does not know this log");
            }
            Err(PolicyRefusal::Checkpoint(cause)) => {
                let what = format!("the checkpoint of size {size}: {}", reason(&cause));
                self.fault(Code::CheckpointSignature, size.saturating_sub(1), what);
            }
        }
    }

    /// Whether no cosignature is of the future; warns when an event is later than a cosignature over it.
    fn in_time(&mut self, size: u64, times: &[u64]) -> bool {
        let now = self.options.now.micros() / 1_000_000;
        if times.iter().any(|time| *time > now.saturating_add(SKEW_SECONDS)) {
            let what = format!("a cosignature of the checkpoint of size {size} is of the future");
            self.fault(Code::CosignatureFuture, size.saturating_sub(1), what);
            return false;
        }
        let recorded = self.walked.times.get(&size).map_or(0, |time| time.micros() / 1_000_000);
        if times.iter().any(|time| recorded > time.saturating_add(SKEW_SECONDS)) {
            self.fault(
                Code::Clock,
                size.saturating_sub(1),
                "the event is of a time after the cosignature over it",
            );
        }
        true
    }
}

fn reason(cause: &CheckpointError) -> String {
    match cause {
        CheckpointError::Note(cause) => cause.to_string().escape_debug().to_string(),
        other => other.to_string(),
    }
}
