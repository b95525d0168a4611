//! An answer about access, computed again from the log and compared.

use crate::options::{Options, Progress};
use crate::report::{Outcome, Report};
use crate::source::Trouble;
use ledger::hash::Hash;
use projections::State;
use projections::access::Permission;
use projections::answers::{Answer, Question, Row};
use serde::Serialize;
use std::path::Path;

/// Largest file with an answer: several times a page of a thousand rows.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
/// Version of the JSON object.
pub const FORMAT: &str = "answer/v1";
/// How much of a row is shown.
const SHOWN_CHARS_MAX: usize = 600;

/// The state at the size that was asked for.
pub struct Reached {
    /// Leaf hash of the last event; absent before the first.
    pub head: Option<Hash>,
    /// What the events amount to.
    pub state: State,
}

/// How an answer compares; the numbers are the exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Comparison {
    /// The log gives the same answer.
    Same = 0,
    /// The log gives another one.
    Different = 1,
    /// The answer cannot be compared.
    Unchecked = 2,
}

impl Comparison {
    /// The exit code.
    pub fn exit(self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Different => 1,
            Self::Unchecked => 2,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Same => "SAME",
            Self::Different => "DIFFERENT",
            Self::Unchecked => "UNCHECKED",
        }
    }
}

/// The verdict about an answer, with the one about the ledger that it rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Judged {
    /// Always [`FORMAT`].
    pub deed: &'static str,
    /// How it compares.
    pub answer: Comparison,
    /// In words.
    pub what: String,
    /// The verdict about the ledger.
    pub ledger: Report,
}

impl Judged {
    /// The verdict in one line.
    pub fn line(&self) -> String {
        format!("{} {}", self.answer.word(), self.what)
    }
}

/// Verifies a ledger, and computes the answer again as of its moment.
pub fn judge(
    path: &Path,
    answer: &Answer,
    options: &Options,
    progress: &dyn Progress,
) -> Result<Judged, Trouble> {
    let options = Options { state_at: Some(answer.moment.size), ..options.clone() };
    let (ledger, reached) = crate::verdict::verify_and_fold(path, &options, progress)?;
    let (comparison, what) = match comparable(answer, &ledger, reached) {
        Ok(reached) => match difference(answer, reached) {
            None => (Comparison::Same, extent(answer)),
            Some(what) => (Comparison::Different, what),
        },
        Err(why) => (Comparison::Unchecked, why),
    };
    Ok(Judged { deed: FORMAT, answer: comparison, what, ledger })
}

/// The state to compare with, or why there is none.
fn comparable(answer: &Answer, ledger: &Report, reached: Option<Reached>) -> Result<Reached, String> {
    if ledger.outcome == Outcome::Invalid {
        let verdict = ledger.verdicts.last().map_or("INVALID", |word| word);
        return Err(format!("the ledger is not whole: {verdict}"));
    }
    let asked = match &answer.question {
        Question::WhoMay(asked) => Some(&asked.permission),
        Question::Explain(asked) => Some(&asked.permission),
        Question::AccessOf(_) | Question::Diff(_) => None,
    };
    if let Some(unknown) = asked.filter(|name| Permission::parse(name).is_none()) {
        return Err(format!("this build knows no permission {}", shown(&**unknown)));
    }
    let size = answer.moment.size;
    if size > ledger.events && ledger.source != "evidence" {
        return Err(format!("the answer takes in {size} events, and the ledger has {}", ledger.events));
    }
    reached.ok_or_else(|| "only a whole log can be folded, from its files or tiles".to_owned())
}

fn extent(answer: &Answer) -> String {
    let (count, total, moment) = (answer.rows.len(), answer.total, answer.moment);
    let place = match answer.skipped {
        0 => String::new(),
        skipped => format!(" after the first {skipped}"),
    };
    let part = answer.next.map_or_else(String::new, |next| format!(" of the part up to `{next}`"));
    format!("{count} of {total} rows{place}{part}, as of {} events at {}", moment.size, moment.time)
}

/// What is different first.
fn difference(answer: &Answer, Reached { head, state }: Reached) -> Option<String> {
    // A page may be short, but it is empty only beyond the last row.
    let page = (answer.skipped, answer.rows.len().max(1));
    let ours = Answer::of(&state, answer.question.clone(), answer.moment, head, page);
    let said = |what: &str, theirs: String, ours: String| {
        Some(format!("{what}: the answer says {theirs}, the log says {ours}"))
    };
    if answer.head != ours.head {
        return said("head", shown(&answer.head), shown(&ours.head));
    }
    let count = answer.rows.len().max(ours.rows.len());
    let rows = (0..count).map(|at| (at, answer.rows.get(at), ours.rows.get(at)));
    if let Some((at, theirs, ours)) = { rows }.find(|(_, theirs, ours)| theirs != ours) {
        return said(&format!("row {}", answer.skipped.saturating_add(at)), row(theirs), row(ours));
    }
    if answer.total != ours.total {
        return said("total", answer.total.to_string(), ours.total.to_string());
    }
    if answer.next != ours.next {
        return said("next", shown(&answer.next), shown(&ours.next));
    }
    if answer != &ours {
        let beside = |answer: &Answer| shown(&(answer.allowed, answer.standing, &answer.would_allow));
        return said("`allowed`, `standing`, `would_allow`", beside(answer), beside(&ours));
    }
    None
}

fn row(row: Option<&Row>) -> String {
    row.map_or_else(|| "nothing".to_owned(), shown)
}

/// A value as JSON, bounded and safe to print.
fn shown(value: &(impl Serialize + ?Sized)) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut shown = crate::cli::printable(text.chars().take(SHOWN_CHARS_MAX));
    if text.chars().nth(SHOWN_CHARS_MAX).is_some() {
        shown.push('…');
    }
    shown
}
