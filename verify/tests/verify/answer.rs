//! Answers about access, computed again from a ledger of an organization.

use fixtures::forge::{Forger, Scribe};
use fixtures::organization::{self, Size};
use fixtures::temp_dir::TempDir;
use ledger::event::scope::Scope;
use ledger::event::{Envelope, Subject};
use ledger::hash::Hash;
use ledger::time::Time;
use projections::answers::{AccessOf, Answer, Diff, Explain, Question, Row, WhoMay};
use projections::history::Moment;
use serde_json::{Value, json};
use std::process::{Command, Output};
use verify::answer::{Comparison, Judged};
use verify::{Options, Silent};

/// A ledger, and what a server that holds it would answer.
struct Asked {
    dir: TempDir,
    scribe: Scribe,
    forger: Forger,
}

fn asked() -> Asked {
    let dir = TempDir::new().unwrap();
    let scribe = organization::write(dir.path(), (Size::SMALL, 5), 1, 1 << 14).unwrap();
    let forger = Forger::read(&scribe).unwrap();
    Asked { dir, scribe, forger }
}

impl Asked {
    fn size(&self) -> u64 {
        self.scribe.writer.head().size()
    }

    fn moment(&self, size: u64) -> Moment {
        let at =
            |seq: u64| Time::parse(Envelope::parse(&self.forger.events[seq as usize].leaf).unwrap().time);
        Moment { size, time: size.checked_sub(1).and_then(at).unwrap_or_default() }
    }

    fn head(&self, size: u64) -> Option<Hash> {
        let last = size.checked_sub(1)?;
        Some(ledger::merkle::leaf_hash(&self.forger.events[last as usize].leaf))
    }

    fn answer(&self, question: Question, size: u64) -> Answer {
        let (moment, head) = (self.moment(size), self.head(size));
        Answer::of(&self.scribe.state, question, moment, head, (0, 100))
    }

    fn questions(&self) -> Vec<Question> {
        let subjects = self.scribe.state.subjects.list().map(|(subject, _)| subject);
        let subjects: Vec<Subject> = subjects.collect();
        let (scope, environment) = (Scope::Site, None);
        let permission: Box<str> = "templates.read".into();
        let explain = |subject: &Subject| {
            let (subject, permission) = (*subject, permission.clone());
            Question::Explain(Explain { subject, permission, scope, environment })
        };
        let who = WhoMay { permission: permission.clone(), scope, environment };
        let of = |subject: &Subject| Question::AccessOf(AccessOf { subject: *subject });
        let each = subjects.iter().flat_map(|subject| [of(subject), explain(subject)]);
        let diff = |from| Question::Diff(Diff { from: self.moment(from), after: None });
        each.chain([Question::WhoMay(who), diff(0), diff(self.size() / 2)]).collect()
    }

    fn judge(&self, answer: &Answer) -> Judged {
        let options = Options { now: self.scribe.now, ..Options::default() };
        verify::answer::judge(&self.scribe.data(), answer, &options, &Silent).unwrap()
    }

    fn run(&self, text: &str, words: &[&str]) -> Output {
        let file = self.dir.join("answer");
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_deed-verify"));
        command.arg("answer").arg(&file).arg("--ledger").arg(self.scribe.data());
        command.args(words).output().unwrap()
    }
}

/// One that has rows.
fn with_rows(asked: &Asked) -> Answer {
    let answers = asked.questions().into_iter().map(|question| asked.answer(question, asked.size()));
    answers.into_iter().find(|answer| answer.rows.len() > 2).unwrap()
}

#[test]
fn a_ledger_of_an_organization_is_honest() {
    for seed in 0..6 {
        let dir = TempDir::new().unwrap();
        let scribe = organization::write(dir.path(), (Size::SMALL, seed), 2, 1 << 14).unwrap();
        let options = Options { now: scribe.now, ..Options::default() };
        let report = verify::verify(&scribe.data(), &options, &Silent).unwrap();
        assert!(report.faults.is_empty(), "seed {seed}: {:?}", report.faults);
    }
}

#[test]
fn an_honest_answer_is_the_same_as_of_any_moment() {
    let asked = asked();
    for size in [0, 1, asked.size() / 2, asked.size()] {
        for question in asked.questions() {
            let answer = asked.answer(question, size);
            let judged = asked.judge(&answer);
            assert_eq!(judged.answer, Comparison::Same, "{}", judged.line());
            let expected =
                format!("SAME {} of {} rows, as of {size} events", answer.rows.len(), answer.total);
            assert!(judged.line().starts_with(&expected), "{}", judged.line());
        }
    }
}

#[test]
fn whatever_is_changed_in_an_answer_is_named() {
    let asked = asked();
    let honest = with_rows(&asked);
    let changed = |change: &dyn Fn(&mut Answer)| {
        let mut answer = honest.clone();
        change(&mut answer);
        let judged = asked.judge(&answer);
        assert_eq!(judged.answer, Comparison::Different, "{}", judged.line());
        judged.line()
    };
    let dropped = changed(&|answer| drop(answer.rows.remove(1)));
    assert!(dropped.starts_with("DIFFERENT row 1: the answer says "), "{dropped}");
    let last = honest.rows.len() - 1;
    let line = changed(&|answer| {
        answer.rows.push(answer.rows[0].clone());
        answer.total += 1;
    });
    assert!(line.starts_with(&format!("DIFFERENT row {}: ", last + 1)), "{line}");
    assert!(line.ends_with("the log says nothing"), "{line}");
    let line = changed(&|answer| answer.rows.truncate(0)).to_owned() + &changed(&|answer| answer.total += 1);
    assert!(line.contains("DIFFERENT total: the answer says "), "{line}");
    assert!(changed(&|answer| answer.head = None).starts_with("DIFFERENT head: the answer says null"));
    let subject = honest.rows[0].subject();
    let line = changed(&|answer| answer.next = subject);
    assert!(line.starts_with("DIFFERENT next: the answer says "), "{line}");
    assert!(changed(&|answer| answer.skipped = 1).starts_with("DIFFERENT row 1: "));
    let line = changed(&|answer| {
        let Row::Has(found) = &mut answer.rows[2] else { panic!("a role that somebody has") };
        found.role = "\u{9b}2J".repeat(1_000).into();
    });
    assert!(line.starts_with("DIFFERENT row 2: ") && !line.contains('\u{9b}'), "{line}");
    assert!(line.len() < 10_000, "{line}");
    assert!(changed(&|answer| answer.allowed = Some(true)).starts_with("DIFFERENT `allowed`"));
}

#[test]
fn an_answer_that_dropped_its_last_rows_and_says_so_nowhere_differs() {
    let asked = asked();
    let honest = with_rows(&asked);
    let mut answer = honest.clone();
    answer.rows.truncate(1);
    // A page may be short: that is what the total is for.
    let judged = asked.judge(&answer);
    assert_eq!(judged.answer, Comparison::Same);
    assert!(judged.line().starts_with(&format!("SAME 1 of {} rows", honest.total)));
    answer.total = 1;
    assert_eq!(asked.judge(&answer).answer, Comparison::Different);
}

#[test]
fn an_answer_beyond_the_log_or_of_a_broken_log_is_not_compared() {
    let mut asked = asked();
    let honest = with_rows(&asked);
    let mut later = honest.clone();
    later.moment.size += 1;
    let judged = asked.judge(&later);
    assert_eq!(judged.answer, Comparison::Unchecked);
    assert!(judged.line().starts_with("UNCHECKED the answer takes in "), "{}", judged.line());
    let unknown =
        Question::WhoMay(WhoMay { permission: "no.such".into(), scope: Scope::Site, environment: None });
    assert_eq!(asked.judge(&Answer { question: unknown, ..honest.clone() }).answer, Comparison::Unchecked);
    asked.forger.event_mut(9).unwrap().signature[1] ^= 1;
    asked.forger.write().unwrap();
    let judged = asked.judge(&honest);
    assert_eq!(judged.answer, Comparison::Unchecked);
    assert!(judged.line().contains("INVALID 9 SIGNATURE"), "{}", judged.line());
}

#[test]
fn the_program_compares_answers() {
    let asked = asked();
    let honest = serde_json::to_value(with_rows(&asked)).unwrap();
    let changed = |key: &str, value: Value| {
        let mut text = honest.clone();
        text[key] = value;
        text.to_string()
    };
    for (text, expected) in [
        (honest.to_string(), 0),
        (changed("total", json!(999)), 1),
        (changed("size", json!(1)), 2),
        (changed("rows", json!([{"has": {"what": 1}}])), 2),
        (changed("skipped", json!(-1)), 2),
        ("{}".into(), 2),
        ("[".repeat(100_000), 2),
        (" ".repeat(verify::answer::ANSWER_BYTES_MAX + 1), 2),
    ] {
        let output = asked.run(&text, &[]);
        assert_eq!(output.status.code(), Some(expected), "{output:?}");
    }
    let output = String::from_utf8(asked.run(&honest.to_string(), &["--quiet"]).stdout).unwrap();
    assert!(output.starts_with("UNANCHORED ") && output.contains(", SAME "), "{output}");
    let output = asked.run(&honest.to_string(), &["--json", "--threads", "1"]);
    let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&verdict["deed"], &verdict["answer"]), (&json!("answer/v1"), &json!("same")));
    assert_eq!(verdict["ledger"]["deed"], "verdict/v1");
    assert_eq!(asked.run(&honest.to_string(), &["--require-prior"]).status.code(), Some(2));
}
