//! Evidence bundles: a few events, each proven to be covered by a checkpoint.

use crate::checkpoints::Shown;
use crate::fault::{Code, Finding};
use crate::options::Options;
use crate::report::Report;
use crate::source::Trouble;
use crate::verdict::{Conclusion, conclude, without_genesis};
use crate::walk::Walked;
use crate::walk::tree::Tree;
use ledger::disk::{Disk, read_whole};
use ledger::event::{Custody, Decoded, Envelope, Event, Fact};
use ledger::evidence::{BYTES_MAX, Bundle, Evidence};
use ledger::merkle::leaf_hash;
use ledger::signature::{Signature, event_message};
use std::path::Path;

/// Verifies a bundle. Rules cannot be judged, because the events between are not there.
pub(crate) fn verify(disk: &dyn Disk, path: &Path, options: &Options) -> Result<Report, Trouble> {
    let read = read_whole(disk, path, BYTES_MAX);
    let text = read.map_err(|cause| Trouble::Read { path: path.to_path_buf(), cause })?;
    let bundle = match Bundle::parse(&text) {
        Ok(bundle) => bundle,
        Err(cause) => {
            let what = cause.to_string().escape_debug().to_string();
            let report = without_genesis(Finding::of_all(Code::Proof, what), options);
            return Ok(Report { source: "evidence", ..report });
        }
    };
    let size = bundle.checkpoint.checkpoint().size();
    // Checkpoints of other sizes cannot be compared without the events between.
    let mut options = options.clone();
    options.kept.retain(|kept| kept.checkpoint().size() == size);
    options.since = options.since.filter(|since| since.checkpoint().size() == size);
    let shown = Shown::of_bundle(bundle.checkpoint.to_string());
    let root = *bundle.checkpoint.checkpoint().root();
    let tree = Tree::proven(shown.marks(&options)?, size, root);
    let mut walked = Walked { size, ..Walked::new(&bundle.genesis, tree) };
    bundle.events.iter().for_each(|evidence| event(&bundle, evidence, &mut walked));
    let judged = shown.judge(&options, &walked, bundle.genesis.origin())?;
    let conclusion = Conclusion { genesis: &bundle.genesis, options: &options, judged, name: "evidence" };
    let mut report = conclusion.report(walked);
    report.events = bundle.events.len() as u64;
    report.anchored = if report.anchors.is_empty() { 0 } else { report.events };
    report.unanchored = report.events - report.anchored;
    (report.since, report.root) = (0, root.to_string());
    conclude(&mut report, &options);
    Ok(report)
}

fn event(bundle: &Bundle, evidence: &Evidence, walked: &mut Walked) {
    let seq = evidence.seq;
    let hash = leaf_hash(&evidence.leaf);
    let checkpoint = bundle.checkpoint.checkpoint();
    walked.head = hash;
    let mut fault = |code, what: &str| walked.findings.push(Finding::at(code, seq, what));
    if evidence.proof.verify(seq, checkpoint.size(), &hash, checkpoint.root()).is_err() {
        fault(Code::Proof, "its proof does not lead to the checkpoint");
    }
    let key = walked.ring.event_key(seq);
    let signature = Signature(evidence.signature);
    if key.id() != evidence.key {
        let known = walked.ring.by_id(evidence.key).is_some();
        fault(
            if known { Code::KeyInterval } else { Code::KeyUnknown },
            "it is not signed by the key in force",
        );
    } else if key.key().verify(&event_message(&hash), &signature).is_err() {
        fault(Code::Signature, "its signature does not verify");
    }
    walked.checked.signatures += 1;
    match Envelope::parse(&evidence.leaf) {
        Ok(envelope) if envelope.seq != seq || envelope.ledger != bundle.genesis.ledger().to_string() => {
            fault(Code::LeafShape, "the event is of another position or another ledger");
        }
        Ok(envelope) if seq == 0 && envelope.prev != bundle.genesis.hash() => {
            fault(Code::GenesisBinding, "it names another genesis statement");
        }
        Ok(_) => understand(seq, bundle, &evidence.leaf, walked),
        Err(_) => fault(Code::LeafShape, "the text is not that of an event"),
    }
}

fn understand(seq: u64, bundle: &Bundle, leaf: &[u8], walked: &mut Walked) {
    let decoded = Event::decode(leaf);
    let Ok(Decoded::Known(event)) = decoded else {
        if decoded.is_err() {
            walked.findings.push(Finding::at(Code::LeafShape, seq, "the text is not that of an event"));
        }
        return;
    };
    walked.time = event.time;
    let opened = Fact::from(bundle.genesis.opened());
    if (seq == 0) != (event.fact == opened) {
        let what = "it does not repeat the genesis statement";
        walked.findings.push(Finding::at(Code::GenesisBinding, seq, what));
    }
    if let Fact::Custody(Custody::KeyRotated(rotated)) = &event.fact
        && let Err(cause) = walked.ring.rotate(seq, rotated)
    {
        walked.findings.push(Finding::at(Code::Rotation, seq, cause.to_string()));
    }
}
