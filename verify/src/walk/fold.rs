//! The fold: the state before each event, the rules judged by it, and recorded digests compared with it.

use crate::fault::{Code, Finding, Findings};
use crate::report::Checked;
use crate::rules;
use ledger::event::custody::{Custody, StateRecorded};
use ledger::event::{Decoded, Event, Fact};
use ledger::snapshot;
use projections::{SCHEMA, State};
use std::collections::VecDeque;

/// At which positions a state may have been recorded later.
const STATE_EVERY: u64 = 65_536;
/// How many such positions back it may have been.
const STATES_KEPT: usize = 4;

/// The state, as long as the events can be followed.
pub(crate) struct Fold {
    state: State,
    /// States at multiples of [`STATE_EVERY`], newest last. They share what did not change.
    kept: VecDeque<(u64, State)>,
    /// Below this position the rules are not judged.
    since: u64,
    /// Whether every event so far could be taken up.
    alive: bool,
}

impl Fold {
    pub(crate) fn new(since: u64) -> Self {
        Self { state: State::default(), kept: VecDeque::new(), since, alive: true }
    }

    /// Gives up: what comes now cannot be judged by a state that lacks something.
    pub(crate) fn stop(&mut self) {
        self.alive = false;
    }

    /// The state after all events so far, when every one could be taken up.
    pub(crate) fn state(&self) -> Option<&State> {
        self.alive.then_some(&self.state)
    }

    /// Judges an event and takes it up. `seq` is its position.
    pub(crate) fn take(
        &mut self,
        seq: u64,
        decoded: &Decoded,
        findings: &mut Findings,
        checked: &mut Checked,
    ) {
        if !self.alive {
            return;
        }
        if seq.is_multiple_of(STATE_EVERY) {
            self.keep(seq);
        }
        if let Decoded::Known(event) = decoded {
            self.judge(event, findings, checked);
        }
        self.state.apply_decoded(decoded);
    }

    fn keep(&mut self, seq: u64) {
        self.kept.push_back((seq, self.state.clone()));
        if self.kept.len() > STATES_KEPT + 1 {
            self.kept.pop_front();
        }
    }

    fn judge(&self, event: &Event, findings: &mut Findings, checked: &mut Checked) {
        if event.seq >= self.since {
            checked.rules += 1;
            let wrong = rules::judge(&self.state, event).err();
            findings.extend(wrong.map(|wrong| Finding::at(wrong.code, event.seq, wrong.why)));
        }
        if let Fact::Custody(Custody::StateRecorded(recorded)) = &event.fact {
            match self.compare(event.seq, recorded) {
                Ok(()) => checked.state_digests += 1,
                Err(finding) => findings.push(finding),
            }
        }
    }

    fn compare(&self, seq: u64, recorded: &StateRecorded) -> Result<(), Finding> {
        if recorded.schema != SCHEMA {
            let what = format!("schema {} is not {SCHEMA}, which this build folds", recorded.schema);
            return Err(Finding::at(Code::NotCompared, seq, what));
        }
        let wrong = |what: &str| Finding::at(Code::StateDigest, seq, what);
        let kept = || self.kept.iter().find(|(at, _)| *at == recorded.at).map(|(_, state)| state);
        let state = if recorded.at == seq { Some(&self.state) } else { kept() };
        let state = state.ok_or_else(|| wrong("it names a position whose state need not be kept"))?;
        let encoded = snapshot::encode(state).map_err(|_| wrong("the state has no encoding"))?;
        let same = snapshot::digest(&encoded) == recorded.digest;
        same.then_some(()).ok_or_else(|| wrong("the recorded digest is not that of the folded state"))
    }
}
