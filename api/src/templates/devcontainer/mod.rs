//! `devcontainer.json`, as far as it goes without building an image.
//!
//! [`text`] reads the file and keeps the lines of its properties, [`properties`] decides about each, and the other files hold what is to be
//! said about one kind of them.

mod commands;
mod features;
mod mounts;
mod ports;
mod properties;
mod text;
mod values;

use super::draft::{Draft, IDLE};
use super::report::{Finding, Outcome, Problem};
use super::{Files, Imported, Options};
use commands::Lifecycle;
use serde_json::Value;
use text::Document;

/// Where the files of a project are, unless the file says so.
const FOLDER: &str = "/workspaces";

/// The file that describes the container, where it usually is.
pub(super) fn main_file(files: &Files) -> Option<&str> {
    let usual = [".devcontainer/devcontainer.json", ".devcontainer.json", "devcontainer.json"];
    usual.into_iter().find(|name| files.contains_key(*name))
}

/// Reads the file, and with it the features that lie beside it.
pub(super) fn import(files: &Files, options: &Options) -> Result<Imported, Problem> {
    let only = || files.keys().next().filter(|_| files.len() == 1).map(|name| &**name);
    let file = main_file(files).or_else(only);
    let file = file.ok_or_else(|| Problem::of("", "there is no `devcontainer.json`"))?;
    let document = Document::read(file, files.get(file).map_or("", |text| text))?;
    let mut reading = Reading::new(file, files, options, &document);
    properties::all(&mut reading);
    Ok(reading.finish())
}

/// What is read, and what became of it so far.
struct Reading<'a> {
    file: &'a str,
    files: &'a Files,
    options: &'a Options,
    document: &'a Document,
    /// Where the files of the project are in the container.
    folder: Box<str>,
    draft: Draft,
    lifecycle: Lifecycle,
    findings: Vec<Finding>,
}

impl<'a> Reading<'a> {
    fn new(file: &'a str, files: &'a Files, options: &'a Options, document: &'a Document) -> Self {
        let folder = document.root.get("workspaceFolder").and_then(Value::as_str).unwrap_or(FOLDER);
        Self {
            file,
            files,
            options,
            document,
            folder: folder.trim_end_matches('/').into(),
            draft: Draft::default(),
            lifecycle: Lifecycle::default(),
            findings: Vec::new(),
        }
    }

    /// Says what became of a property, `a.b` for one in another.
    fn tell(&mut self, construct: &str, outcome: Outcome) {
        self.findings.push(Finding {
            file: self.file.into(),
            line: self.document.line(construct),
            construct: construct.into(),
            outcome,
        });
    }

    fn refuse(&mut self, construct: &str, why: impl Into<Box<str>>) {
        self.tell(construct, Outcome::refused(why));
    }

    fn ignore(&mut self, construct: &str, why: impl Into<Box<str>>) {
        self.tell(construct, Outcome::ignored(why));
    }

    fn map(&mut self, construct: &str, to: impl Into<Box<str>>) {
        self.tell(construct, Outcome::mapped(to));
    }

    fn finish(mut self) -> Imported {
        mounts::project(&mut self);
        self.draft.scripts = self.lifecycle.scripts(&self.folder);
        self.draft.working_directory = Some(self.folder.clone());
        let own = self.document.root.get("overrideCommand") == Some(&Value::Bool(false));
        if !own {
            self.draft.command = IDLE.map(Into::into).to_vec();
        }
        self.findings.sort_by_key(|finding| finding.line);
        self.draft.finish(self.file, self.findings)
    }
}
