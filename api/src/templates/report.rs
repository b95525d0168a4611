//! What became of each construct of a template, and where a text could not be read.

use serde::Serialize;
use serde_json::json;
use std::fmt::Write;
use thiserror::Error;

/// One construct and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: Box<str>,
    /// The line, from 1; 0 for what stands nowhere in the file.
    pub line: usize,
    /// The construct: `docker_container.workspace.privileged`.
    pub construct: Box<str>,
    /// What became of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What became of a construct.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It is in the spec.
    Mapped {
        /// Where: `container.environment.EDITOR`.
        to: Box<str>,
    },
    /// It is not in the spec, and the workspace is none the worse.
    Ignored {
        /// Why that is so.
        why: Box<str>,
    },
    /// It cannot be in a spec, and the template is not what it was without it.
    Refused {
        /// Why, and what to do.
        why: Box<str>,
    },
}

impl Outcome {
    /// It is in the spec, there.
    pub fn mapped(to: impl Into<Box<str>>) -> Self {
        Self::Mapped { to: to.into() }
    }

    /// It is left out, since.
    pub fn ignored(why: impl Into<Box<str>>) -> Self {
        Self::Ignored { why: why.into() }
    }

    /// It cannot be, since.
    pub fn refused(why: impl Into<Box<str>>) -> Self {
        Self::Refused { why: why.into() }
    }

    /// Whether it is refused.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Refused { .. })
    }

    fn words(&self) -> (&'static str, &str) {
        match self {
            Self::Mapped { to } => ("mapped", to),
            Self::Ignored { why } => ("ignored", why),
            Self::Refused { why } => ("refused", why),
        }
    }
}

/// A place in a text, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

impl Place {
    /// Where in a text a byte is.
    pub fn at(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line = before.rsplit('\n').next().unwrap_or_default();
        Self { line: before.matches('\n').count() + 1, column: line.chars().count() + 1 }
    }
}

/// A text could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", self.words())]
pub struct Problem {
    /// The file.
    pub file: Box<str>,
    /// Where in it, if somewhere.
    pub place: Option<Place>,
    /// What is wrong.
    pub what: Box<str>,
}

impl Problem {
    /// Of a whole file.
    pub fn of(file: &str, what: impl Into<Box<str>>) -> Self {
        Self { file: file.into(), place: None, what: what.into() }
    }

    /// At a byte of a file.
    pub fn at(file: &str, text: &str, offset: usize, what: impl Into<Box<str>>) -> Self {
        Self { file: file.into(), place: Some(Place::at(text, offset)), what: what.into() }
    }

    fn words(&self) -> String {
        let what = self.what.split_whitespace().collect::<Vec<_>>().join(" ");
        match (self.place, &*self.file) {
            (_, "") => what,
            (None, file) => format!("{file}: {what}"),
            (Some(Place { line, column }), file) => format!("{file}:{line}:{column}: {what}"),
        }
    }
}

/// The report as text for people, in columns.
pub fn text(report: &[Finding]) -> String {
    let place = |finding: &Finding| match finding.line {
        0 => finding.file.to_string(),
        line => format!("{}:{line}", finding.file),
    };
    let width = |of: &dyn Fn(&Finding) -> usize| report.iter().map(of).max().unwrap_or(0);
    let places = width(&|finding| place(finding).chars().count());
    let constructs = width(&|finding| finding.construct.chars().count());
    let mut text = String::new();
    for finding in report {
        let (outcome, what) = finding.outcome.words();
        let (place, construct) = (place(finding), plain(&finding.construct));
        // Writing to a text cannot fail.
        let _ = writeln!(text, "{place:places$}  {outcome:7}  {construct:constructs$}  {}", plain(what));
    }
    text
}

/// Names come from files: none of them may steer a terminal.
fn plain(text: &str) -> String {
    let shown = |c: char| if c.is_control() { c.escape_debug().to_string() } else { c.to_string() };
    text.chars().map(shown).collect()
}

/// The report for programs.
pub fn json(report: &[Finding]) -> serde_json::Value {
    let refused = report.iter().filter(|finding| finding.outcome.is_refused()).count();
    json!({ "refused": refused, "findings": report })
}
