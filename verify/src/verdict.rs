//! From a path to a verdict.

use crate::answer::Reached;
use crate::bundle;
use crate::checkpoints::{Judged, Shown};
use crate::fault::{Code, Finding, Findings};
use crate::options::{Options, Progress};
use crate::report::{FORMAT, KeyTrust, Outcome, Report};
use crate::sealed::Payloads;
use crate::source::directory::LogFiles;
use crate::source::tiles::TilesFiles;
use crate::source::{Source, Trouble};
use crate::walk::{self, Chain, Walked};
use ledger::container::Place;
use ledger::disk::{Disk, RealDisk, read_whole};
use ledger::genesis::{self, Genesis};
use ledger::hash::Hash;
use ledger::merkle::empty_root;
use std::path::Path;
use std::sync::Arc;

/// The verdict, and the state at the size that was asked for.
type Folded = (Report, Option<Reached>);

/// Verifies what stands at a path.
pub fn verify(path: &Path, options: &Options, progress: &dyn Progress) -> Result<Report, Trouble> {
    Ok(verify_and_fold(path, options, progress)?.0)
}

/// The same, and gives the state at the size that the options ask for.
pub(crate) fn verify_and_fold(
    path: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Folded, Trouble> {
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    if path.is_file() {
        return Ok((bundle::verify(disk.as_ref(), path, options)?, None));
    }
    if !path.join(genesis::FILE).is_file() {
        return Err(Trouble::NotALedger { path: path.to_path_buf() });
    }
    if path.join("log").is_dir() {
        return fold_directory(disk, path, options, progress);
    }
    if path.join("tile").is_dir() {
        return fold_tiles(disk, path, options, progress);
    }
    Err(Trouble::NotALedger { path: path.to_path_buf() })
}

/// Verifies a data directory on any disk.
pub fn verify_directory(
    disk: Arc<dyn Disk>,
    root: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Trouble> {
    Ok(fold_directory(disk, root, options, progress)?.0)
}

/// Verifies a tiles directory on any disk.
pub fn verify_tiles(
    disk: Arc<dyn Disk>,
    root: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Report, Trouble> {
    Ok(fold_tiles(disk, root, options, progress)?.0)
}

fn fold_directory(
    disk: Arc<dyn Disk>,
    root: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Folded, Trouble> {
    let genesis = match read_genesis(disk.as_ref(), root)? {
        Ok(genesis) => genesis,
        Err(finding) => return Ok((without_genesis(finding, options), None)),
    };
    let place = Place { disk, root: root.to_path_buf(), genesis: genesis.hash() };
    let shown = Shown::open(place.clone())?;
    let (mut files, foreign) = LogFiles::open(place.clone())?;
    let payloads = Payloads::open(place)?;
    let ledger = Ledger { genesis: &genesis, shown, payloads, foreign, name: "directory" };
    ledger.verify(&mut files, options, progress)
}

fn fold_tiles(
    disk: Arc<dyn Disk>,
    root: &Path,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Folded, Trouble> {
    let genesis = match read_genesis(disk.as_ref(), root)? {
        Ok(genesis) => genesis,
        Err(finding) => return Ok((without_genesis(finding, options), None)),
    };
    let place = Place { disk, root: root.to_path_buf(), genesis: genesis.hash() };
    let mut tiles = TilesFiles::open(place.clone())?;
    let shown = Shown::beside_tiles(place);
    let payloads = Payloads::elsewhere();
    let ledger = Ledger { genesis: &genesis, shown, payloads, foreign: Vec::new(), name: "tiles" };
    ledger.verify(&mut tiles, options, progress)
}

/// The genesis statement, or what is wrong with it.
fn read_genesis(disk: &dyn Disk, root: &Path) -> Result<Result<Genesis, Finding>, Trouble> {
    let path = root.join(genesis::FILE);
    let text = read_whole(disk, &path, genesis::BYTES_MAX).map_err(|cause| Trouble::Read { path, cause })?;
    Ok(Genesis::parse(&text).map_err(|cause| {
        Finding::at(Code::GenesisMalformed, 0, cause.to_string().escape_debug().to_string())
    }))
}

/// What is verified, apart from its events.
struct Ledger<'a> {
    genesis: &'a Genesis,
    shown: Shown,
    payloads: Payloads,
    foreign: Vec<Finding>,
    name: &'static str,
}

impl Ledger<'_> {
    fn verify(
        self,
        source: &mut dyn Source,
        options: &Options,
        progress: &dyn Progress,
    ) -> Result<Folded, Trouble> {
        let marks = self.shown.marks(options)?;
        let mut chain = Chain::new(self.genesis, options, marks, self.payloads);
        walk::run(source, &mut chain, progress)?;
        let mut walked = chain.finish()?;
        let judged = self.shown.judge(options, &walked, self.genesis.origin())?;
        walked.findings.extend(self.foreign);
        let reached = walked.reached.take();
        Ok((Conclusion { genesis: self.genesis, options, judged, name: self.name }.report(walked), reached))
    }
}

/// What the report is made of, beside the walk.
pub(crate) struct Conclusion<'a> {
    pub(crate) genesis: &'a Genesis,
    pub(crate) options: &'a Options,
    pub(crate) judged: Judged,
    pub(crate) name: &'static str,
}

impl Conclusion<'_> {
    pub(crate) fn report(self, mut walked: Walked) -> Report {
        let key = self.key_trust(&walked, &mut Vec::new());
        let mut about_keys = Vec::new();
        self.key_trust(&walked, &mut about_keys);
        let Self { judged, options, genesis, name } = self;
        let mut findings = std::mem::take(&mut walked.findings);
        findings.extend(about_keys);
        findings.extend(judged.findings);
        let anchored = judged.anchors.iter().map(|anchor| anchor.size).max().unwrap_or(0);
        let suspect = suspects(&walked, anchored, &mut findings);
        for (kind, count) in &walked.unknown {
            findings.push(Finding::of_all(Code::Unknown, format!("{count} events of the type `{kind}`")));
        }
        ahead_of_now(&walked, options, &mut findings);
        walked.checked.checkpoints = judged.checked;
        let faults_total = findings.faults();
        let (faults, warnings) = findings.split();
        let mut report = Report {
            deed: FORMAT,
            outcome: Outcome::Whole,
            verdicts: Vec::new(),
            ledger: genesis.ledger().to_string(),
            source: name,
            events: walked.size,
            head: walked.head.to_string(),
            root: walked.tree.frontier().root().to_string(),
            key,
            anchored: anchored.min(walked.size),
            unanchored: walked.size.saturating_sub(anchored),
            anchors: judged.anchors,
            erased: walked.erased,
            erasing: walked.erasing,
            torn_tail_bytes: walked.torn + judged.torn,
            suspect,
            signatures: options.signatures.as_str(),
            since: options.since_size(),
            checked: walked.checked,
            unknown: walked.unknown.into_iter().collect(),
            faults,
            faults_total,
            warnings,
        };
        conclude(&mut report, options);
        report
    }

    /// Where the trust in the event key comes from; adds what is wrong with the keys that the auditor brought.
    fn key_trust(&self, walked: &Walked, findings: &mut Vec<Finding>) -> KeyTrust {
        let origin = self.genesis.origin();
        if let Some(policy) = &self.options.policy {
            let mut logs = policy.logs().iter().filter(|log| log.name() == origin);
            if !logs.any(|log| walked.ring.by_id(log.id()).is_some_and(|known| known == log)) {
                let what = "none of the policy's logs is this one";
                findings.push(Finding::at(Code::KeyNotOfLedger, 0, what));
            }
        }
        let anchored = self.judged.anchors.iter().any(|anchor| anchor.size > 0);
        let otherwise = if anchored { KeyTrust::Anchored } else { KeyTrust::Embedded };
        let Some(key) = &self.options.key else { return otherwise };
        if key == self.genesis.event_key() {
            return KeyTrust::PinnedEvents;
        }
        if walked.ring.by_id(key.id()) != Some(key) || key.name() != origin {
            let what = "the key you gave is neither the event key nor the checkpoint key of this ledger";
            findings.push(Finding::at(Code::KeyNotOfLedger, 0, what));
        }
        if self.judged.by_pinned { KeyTrust::PinnedCheckpoints } else { otherwise }
    }
}

/// Counts the events whose key was in other hands and that no anchor covers.
fn suspects(walked: &Walked, anchored: u64, findings: &mut Findings) -> u64 {
    let mut first = walked.size;
    let mut count = 0;
    let ends = walked.intervals.iter().skip(1).map(|(from, _)| *from).chain([walked.size]);
    for ((from, key), end) in walked.intervals.iter().zip(ends) {
        let named = walked.compromised.iter().filter(|fact| *fact.key == key.to_string());
        let Some(since) = named.map(|fact| fact.since).min() else { continue };
        let start = since.max(*from).max(anchored);
        if start < end {
            count += end - start;
            first = first.min(start);
        }
    }
    if count > 0 {
        let what =
            format!("{count} events were signed by a key that was in other hands, and no anchor covers them");
        findings.push(Finding::at(Code::Suspect, first, what));
    }
    count
}

/// Seconds that the writer's clock may be ahead of ours.
const SKEW_SECONDS: u64 = 300;

fn ahead_of_now(walked: &Walked, options: &Options, findings: &mut Findings) {
    if walked.time.seconds_since(options.now) > SKEW_SECONDS {
        let what = format!("the last event is of {}, which has not come yet", walked.time);
        findings.push(Finding::at(Code::Clock, walked.size.saturating_sub(1), what));
    }
}

/// Fills in the outcome and the verdict words.
pub(crate) fn conclude(report: &mut Report, options: &Options) {
    let too_many = options.unanchored_max.is_some_and(|max| report.unanchored > max);
    report.outcome = match (report.faults_total, report.anchors.is_empty() || too_many) {
        (0, false) => Outcome::Whole,
        (0, true) => Outcome::Unanchored,
        _ => Outcome::Invalid,
    };
    let words = &mut report.verdicts;
    words.clear();
    if report.anchored > 0 || !report.anchors.is_empty() {
        words.push(format!("ANCHORED {}", report.anchored));
    }
    if report.unanchored > 0 || report.anchors.is_empty() {
        words.push(format!("UNANCHORED {}", report.unanchored));
    }
    if report.erased > 0 {
        words.push(format!("ERASED {}", report.erased));
    }
    if report.torn_tail_bytes > 0 {
        words.push(format!("TORN_TAIL {}", report.torn_tail_bytes));
    }
    if let Some(first) = report.faults.first() {
        let place = first.seq.map_or("-".into(), |seq| seq.to_string());
        words.push(format!("INVALID {place} {}", first.code.as_str()));
    }
}

/// The verdict when not even the genesis statement can be read.
pub(crate) fn without_genesis(finding: Finding, options: &Options) -> Report {
    let mut report = Report {
        deed: FORMAT,
        outcome: Outcome::Invalid,
        verdicts: Vec::new(),
        ledger: String::new(),
        source: "directory",
        events: 0,
        head: Hash::of(&[]).to_string(),
        root: empty_root().to_string(),
        key: KeyTrust::Embedded,
        anchored: 0,
        unanchored: 0,
        anchors: Vec::new(),
        erased: 0,
        erasing: 0,
        torn_tail_bytes: 0,
        suspect: 0,
        signatures: options.signatures.as_str(),
        since: options.since_size(),
        checked: crate::report::Checked::default(),
        unknown: Vec::new(),
        faults: vec![finding],
        faults_total: 1,
        warnings: Vec::new(),
    };
    conclude(&mut report, options);
    report
}
