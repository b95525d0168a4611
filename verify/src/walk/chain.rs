//! The part of the walk that must go in order: positions, links, keys, the tree, the fold.

use super::fold::Fold;
use super::scan::{Link, Run, Scanned};
use super::signatures::{Failed, Job, Verifiers};
use super::tree::{Mark, Tree};
use crate::answer::Reached;
use crate::fault::{Code, Finding, Findings};
use crate::options::{Options, Signatures};
use crate::receipts::Receipts;
use crate::report::Checked;
use crate::sealed::Payloads;
use crate::source::{Row, Section, Trouble};
use ledger::event::custody::{Custody, KeyCompromised};
use ledger::event::{DecodeError, Decoded, Event, Fact};
use ledger::genesis::Genesis;
use ledger::hash::Hash;
use ledger::key_ring::KeyRing;
use ledger::note::KeyId;
use ledger::segment::Commit;
use ledger::time::Time;
use projections::State;
use std::collections::BTreeMap;

/// Types that this build does not know and counts apart; of more, all together.
const UNKNOWN_TYPES_MAX: usize = 100;

/// What a walk found.
pub(crate) struct Walked {
    pub(crate) size: u64,
    pub(crate) head: Hash,
    pub(crate) time: Time,
    pub(crate) ring: KeyRing,
    pub(crate) tree: Tree,
    pub(crate) torn: u64,
    pub(crate) unknown: BTreeMap<String, u64>,
    /// Event keys and from where on each signs.
    pub(crate) intervals: Vec<(u64, KeyId)>,
    pub(crate) compromised: Vec<KeyCompromised>,
    /// When the last event of each size asked for was recorded.
    pub(crate) times: BTreeMap<u64, Time>,
    /// The state at the size that was asked for.
    pub(crate) reached: Option<Reached>,
    pub(crate) erased: u64,
    pub(crate) erasing: u64,
    pub(crate) findings: Findings,
    pub(crate) checked: Checked,
}

impl Walked {
    /// Before the first event.
    pub(crate) fn new(genesis: &Genesis, tree: Tree) -> Self {
        Self {
            size: 0,
            head: genesis.hash(),
            time: Time::default(),
            ring: KeyRing::new(genesis),
            tree,
            torn: 0,
            unknown: BTreeMap::new(),
            intervals: vec![(0, genesis.event_key().id())],
            compromised: Vec::new(),
            times: BTreeMap::new(),
            reached: None,
            erased: 0,
            erasing: 0,
            findings: Findings::default(),
            checked: Checked::default(),
        }
    }
}

/// The chain so far.
pub(crate) struct Chain<'a> {
    genesis: &'a Genesis,
    signatures: Signatures,
    since: u64,
    state_at: Option<u64>,
    /// The position that the next event must have.
    next: u64,
    prev: Hash,
    commits: Vec<Commit>,
    verifiers: Verifiers,
    fold: Option<Fold>,
    payloads: Payloads,
    receipts: Receipts,
    walked: Walked,
}

impl<'a> Chain<'a> {
    pub(crate) fn new(genesis: &'a Genesis, options: &Options, marks: Vec<Mark>, payloads: Payloads) -> Self {
        let since = options.since_size();
        let times = marks.iter().map(|mark| (mark.size, Time::default())).collect();
        let none = Reached { head: None, state: State::default() };
        let reached = (options.state_at == Some(0)).then_some(none);
        let walked = Walked { times, reached, ..Walked::new(genesis, Tree::new(marks)) };
        Self {
            genesis,
            signatures: options.signatures,
            since,
            state_at: options.state_at,
            next: 0,
            prev: genesis.hash(),
            commits: Vec::new(),
            verifiers: Verifiers::default(),
            fold: (options.signatures == Signatures::All).then(|| Fold::new(since)),
            payloads,
            receipts: Receipts::new(&options.receipts),
            walked,
        }
    }

    /// The ledger whose events belong here.
    pub(crate) fn ledger(&self) -> String {
        self.genesis.ledger().to_string()
    }

    /// Whether every event is to be read whole.
    pub(crate) fn decodes(&self) -> bool {
        self.fold.is_some()
    }

    /// Begins a section.
    pub(crate) fn enter(&mut self, section: &Section) -> Result<(), Trouble> {
        self.walked.findings.extend(section.findings.iter().cloned());
        self.walked.torn += section.torn;
        self.commits = section.commits.clone();
        self.commits.reverse();
        self.payloads.settle(section.first)
    }

    /// Takes up a batch, and gives the signatures to check.
    pub(crate) fn take(&mut self, rows: &[Row], runs: &[Run]) -> Vec<Job> {
        let mut jobs = Vec::new();
        let mut rows = rows.iter();
        for run in runs {
            let start = self.walked.size;
            self.walked.tree.extend(&run.hashes, run.subtree);
            for ((event, hash), row) in run.events.iter().zip(&run.hashes).zip(&mut rows) {
                self.event(event, hash, row, &mut jobs);
            }
            self.check_commits(start, &run.hashes);
        }
        jobs
    }

    fn check_commits(&mut self, start: u64, hashes: &[Hash]) {
        let end = start + hashes.len() as u64;
        while let Some(commit) = self.commits.pop_if(|commit| commit.size <= end) {
            let last = commit.size.saturating_sub(1);
            let hash = last.checked_sub(start).and_then(|at| hashes.get(usize::try_from(at).ok()?));
            if hash.is_some_and(|hash| *hash != commit.head) {
                self.fault(Code::CommitHead, last, "the end of its group names another event");
            }
        }
    }

    /// Notes which signatures do not verify.
    pub(crate) fn judge(&mut self, failed: &Failed) {
        self.walked.checked.signatures += failed.checked;
        for seq in &failed.at {
            self.fault(Code::Signature, *seq, "its signature does not verify");
        }
    }

    /// Ends the walk.
    pub(crate) fn finish(mut self) -> Result<Walked, Trouble> {
        let sealed = self.payloads.finish(self.walked.size)?;
        self.walked.checked.payloads = sealed.matched;
        (self.walked.erased, self.walked.erasing) = (sealed.erased, sealed.erasing);
        self.walked.torn += sealed.torn;
        self.walked.findings.extend(sealed.findings);
        let (found, findings) = self.receipts.finish(self.genesis.ledger(), &self.walked.ring);
        self.walked.checked.receipts = found;
        self.walked.findings.extend(findings);
        Ok(self.walked)
    }

    fn fault(&mut self, code: Code, seq: u64, what: impl Into<String>) {
        self.walked.findings.push(Finding::at(code, seq, what));
    }

    fn stop_fold(&mut self) {
        if let Some(fold) = &mut self.fold {
            fold.stop();
        }
    }

    /// A fault after which the rules cannot be judged.
    fn broken(&mut self, code: Code, seq: u64, what: impl Into<String>) {
        self.fault(code, seq, what);
        self.stop_fold();
    }

    fn event(&mut self, scanned: &Scanned, hash: &Hash, row: &Row, jobs: &mut Vec<Job>) {
        let seq = self.next;
        match &scanned.link {
            Ok(link) => self.link(seq, link),
            Err(cause) => self.unreadable(seq, cause),
        }
        self.receipts.meet(seq, hash);
        let changes_keys = scanned.link.as_ref().is_ok_and(|link| link.changes_keys);
        jobs.extend(self.sign(seq, changes_keys, hash, row));
        match scanned.event.as_deref() {
            Some(Ok(decoded)) => self.understand(seq, decoded),
            Some(Err(cause)) if scanned.link.is_ok() => self.unreadable(seq, cause),
            _ => {}
        }
        self.next = scanned.link.as_ref().map_or(seq, |link| link.seq).saturating_add(1);
        self.prev = *hash;
        self.walked.head = *hash;
        self.walked.size += 1;
        if self.state_at == Some(self.walked.size) {
            let state = self.fold.as_ref().and_then(Fold::state).cloned();
            self.walked.reached = state.map(|state| Reached { head: Some(*hash), state });
        }
        if let Some(time) = self.walked.times.get_mut(&self.walked.size) {
            *time = self.walked.time;
        }
    }

    fn unreadable(&mut self, seq: u64, cause: &DecodeError) {
        let code = match cause {
            DecodeError::Canonical(_) => Code::NotCanonical,
            DecodeError::Contradiction { field: "id" } => Code::IdTime,
            DecodeError::Shape(_) | DecodeError::TooLong { .. } | DecodeError::Contradiction { .. } => {
                Code::LeafShape
            }
        };
        let mut what = cause.to_string();
        if let DecodeError::Canonical(cause) = cause {
            what = cause.to_string();
        }
        self.broken(code, seq, what);
    }

    fn link(&mut self, seq: u64, link: &Link) {
        if link.seq != seq {
            let code = if link.seq > seq { Code::Gap } else { Code::Fork };
            self.broken(code, seq, format!("event {} stands where event {seq} belongs", link.seq));
        }
        if link.prev != self.prev {
            let code = if seq == 0 { Code::GenesisBinding } else { Code::PrevLink };
            self.broken(code, seq, "it names another event as the one before it");
        }
        if let Some(ledger) = &link.foreign {
            self.broken(Code::LedgerId, seq, format!("it belongs to `{}`", ledger.escape_debug()));
        }
        if link.epoch != 0 {
            self.broken(Code::Epoch, seq, format!("it belongs to epoch {}", link.epoch));
        }
        match link.time {
            None => self.broken(Code::LeafShape, seq, "its time is not a time"),
            Some(time) if time < self.walked.time => {
                self.fault(Code::TimeDecreases, seq, "it was recorded before the event before it");
            }
            Some(time) => self.walked.time = time,
        }
    }

    /// The signature to be checked, where it is to be.
    fn sign(&mut self, seq: u64, changes_keys: bool, hash: &Hash, row: &Row) -> Option<Job> {
        let wanted = self.signatures == Signatures::All && self.walked.size >= self.since;
        let key = self.walked.ring.event_key(seq);
        let id = row.key;
        if id != key.id() {
            let known = self.walked.ring.by_id(id).is_some();
            let code = if known { Code::KeyInterval } else { Code::KeyUnknown };
            self.fault(code, seq, format!("it is signed by `{id}`, which is not the key in force"));
            return None;
        }
        (wanted || changes_keys || seq == 0).then(|| {
            let key = self.verifiers.of(key.key());
            Job { seq, hash: *hash, signature: row.signature, key }
        })
    }

    fn understand(&mut self, seq: u64, decoded: &Decoded) {
        match decoded {
            Decoded::Known(event) => self.known(seq, event),
            Decoded::Unknown { kind, version } => self.unknown(format!("{}/{version}", kind.escape_debug())),
        }
        let Walked { findings, checked, .. } = &mut self.walked;
        if let Some(fold) = &mut self.fold {
            fold.take(seq, decoded, findings, checked);
        }
    }

    fn unknown(&mut self, name: String) {
        let unknown = &mut self.walked.unknown;
        let room = unknown.len() < UNKNOWN_TYPES_MAX || unknown.contains_key(&name);
        *unknown.entry(if room { name } else { "others".into() }).or_default() += 1;
    }

    fn known(&mut self, seq: u64, event: &Event) {
        self.payloads.expect(seq, event);
        let Fact::Custody(fact) = &event.fact else { return self.not_the_beginning(seq) };
        match fact {
            Custody::LedgerOpened(opened) => {
                if seq != 0 || *opened != self.genesis.opened() {
                    self.broken(
                        Code::GenesisBinding,
                        seq,
                        "it does not repeat the genesis statement at the log's beginning",
                    );
                }
                return;
            }
            Custody::KeyRotated(rotated) => match self.walked.ring.rotate(seq, rotated) {
                Err(fault) => self.broken(Code::Rotation, seq, fault.to_string()),
                Ok(()) => self.turn(seq),
            },
            Custody::KeyCompromised(fact) => self.walked.compromised.push(fact.clone()),
            Custody::PayloadErased(fact) => self.payloads.erase(fact),
            Custody::ServerStarted(_)
            | Custody::ServerStopped(_)
            | Custody::StateRecorded(_)
            | Custody::ClaimOpened(_)
            | Custody::CommandRefused(_)
            | Custody::RefusalsCounted(_)
            | Custody::LogRead(_) => {}
        }
        self.not_the_beginning(seq);
    }

    fn not_the_beginning(&mut self, seq: u64) {
        if seq == 0 {
            self.broken(Code::GenesisBinding, 0, "it does not repeat the genesis statement");
        }
    }

    fn turn(&mut self, seq: u64) {
        let id = self.walked.ring.event_key(u64::MAX).id();
        if self.walked.intervals.last().is_some_and(|(_, last)| *last != id) {
            self.walked.intervals.push((seq + 1, id));
        }
    }
}
