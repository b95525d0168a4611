//! Evidence bundles.

use crate::world::{codes, first, now};
use fixtures::forge::{Scribe, story};
use fixtures::temp_dir::TempDir;
use ledger::checkpoint::SignedCheckpoint;
use ledger::evidence::Bundle;
use verify::{Code, Options, Outcome, Report, Silent};

type Alter = fn(&mut Case);

struct Case {
    dir: TempDir,
    bundle: Bundle,
    last: SignedCheckpoint,
}

fn case() -> Case {
    let dir = TempDir::new().unwrap();
    let mut scribe = Scribe::begin(dir.path(), 1 << 14).unwrap();
    story::tell(&mut scribe).unwrap();
    let last = scribe.checkpoint().unwrap();
    let wanted = [7, 14, 20].into();
    let bundle = Bundle::gather(&scribe.writer.reader(), scribe.genesis(), &last, &wanted).unwrap();
    Case { dir, bundle, last }
}

impl Case {
    fn verdict(&self, kept: bool) -> Report {
        let path = self.dir.join("bundle.json");
        std::fs::write(&path, self.bundle.encode().unwrap()).unwrap();
        let kept = if kept { vec![self.last.clone()] } else { Vec::new() };
        verify::verify(&path, &Options { kept, now: now(), ..Options::default() }, &Silent).unwrap()
    }
}

#[test]
fn an_honest_bundle_is_whole_for_who_kept_its_checkpoint() {
    let case = case();
    let seqs: Vec<u64> = case.bundle.events.iter().map(|event| event.seq).collect();
    assert_eq!(seqs, [0, 7, 12, 14, 16, 20], "event 0 and both changes of keys are among them");
    let report = case.verdict(true);
    assert_eq!((codes(&report), report.outcome, report.anchored), (vec![], Outcome::Whole, 6));
    assert_eq!(report.source, "evidence");
    let report = case.verdict(false);
    assert_eq!((codes(&report), report.outcome, report.unanchored), (vec![], Outcome::Unanchored, 6));
}

#[test]
fn what_is_altered_in_a_bundle_is_found() {
    let rows: [(Alter, Code, u64); 6] = [
        (|case| case.bundle.events[1].signature[3] ^= 1, Code::Signature, 7),
        (|case| case.bundle.events[1].proof.0[0].0[0] ^= 1, Code::Proof, 7),
        (|case| case.bundle.events[1].proof.0.truncate(1), Code::Proof, 7),
        (|case| case.bundle.events[1].seq = 8, Code::LeafShape, 8),
        (|case| drop(case.bundle.events.remove(2)), Code::KeyUnknown, 14),
        (|case| case.bundle.events[1].leaf.push(b' '), Code::LeafShape, 7),
    ];
    for (n, (alter, code, seq)) in rows.into_iter().enumerate() {
        let mut case = case();
        alter(&mut case);
        let report = case.verdict(true);
        assert_eq!(first(&report).map(|(_, seq)| seq), Some(Some(seq)), "{n}");
        assert!(codes(&report).contains(&code), "{n}: {:?}", report.faults);
    }
}

#[test]
fn a_bundle_of_another_shape_is_refused_and_every_flip_is_noticed() {
    let case = case();
    let text = case.bundle.encode().unwrap();
    assert_eq!(Bundle::parse(&text).unwrap().encode().unwrap(), text);
    let path = case.dir.join("flipped.json");
    let options = Options { kept: vec![case.last.clone()], now: now(), ..Options::default() };
    for at in (0..text.len()).step_by(7) {
        let mut flipped = text.clone();
        flipped[at] ^= 1 << (at % 7);
        std::fs::write(&path, flipped).unwrap();
        let outcome = verify::verify(&path, &options, &Silent).unwrap().outcome;
        assert_eq!(outcome, Outcome::Invalid, "{at}");
    }
}
