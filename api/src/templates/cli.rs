//! `deed template import`: from files to a spec, without a server.

use super::{Files, Format, Imported, Options, folder, import, print, report};
use clap::{Args, Subcommand};
use ledger::event::workspaces::{Source, WorkspaceSpec};
use ledger::hash::Hash;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use thiserror::Error;

/// Orders about templates that need no server.
#[derive(Debug, Subcommand)]
pub enum Order {
    /// Make Deed's TOML of a template, and say what became of each part of it
    Import(Import),
}

/// Which files a template is read from, and how.
#[derive(Debug, Args)]
pub struct From {
    /// The file, or the folder of a Terraform template or a devcontainer
    path: PathBuf,
    /// How it is written [default: as its name says]
    #[arg(long, value_enum)]
    from: Option<Format>,
    /// The digest of an image that the template names by a tag; may be given several times
    #[arg(long = "image", value_name = "NAME=DIGEST", value_parser = image)]
    images: Vec<(Box<str>, Box<str>)>,
}

/// What `deed template import` takes.
#[derive(Debug, Args)]
pub struct Import {
    #[command(flatten)]
    from: From,
    /// A new file for the TOML [default: standard output]
    #[arg(long)]
    output: Option<PathBuf>,
}

/// An import did not come to its end.
#[derive(Debug, Error)]
pub enum ImportError {
    /// The text could not be read.
    #[error("could not read the template")]
    Read(#[source] report::Problem),
    /// Nobody can tell what it is.
    #[error("`{}` is no template that its name tells: say `--from`", path.display())]
    Format {
        /// What was named.
        path: PathBuf,
    },
    /// The output could not be written.
    #[error("could not write `{}`", path.display())]
    Write {
        /// Where to.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Something was refused: the report says what.
    #[error("the template is refused: {count} of its parts cannot be in a workspace")]
    Refused {
        /// How many parts.
        count: usize,
    },
}

/// Does it; the report goes to standard error when the TOML goes to standard output.
pub fn run(order: Order, as_json: bool) -> Result<(), ImportError> {
    let Order::Import(import) = order;
    let imported = read(&import.from)?.imported;
    let report = if as_json {
        format!("{}\n", report::json(&imported.report))
    } else {
        report::text(&imported.report)
    };
    let Some(spec) = &imported.spec else {
        say(&report);
        let count = imported.report.iter().filter(|finding| finding.outcome.is_refused()).count();
        return Err(ImportError::Refused { count });
    };
    let toml = print(spec).map_err(ImportError::Read)?;
    let Some(path) = import.output else {
        drop(std::io::stderr().write_all(report.as_bytes()));
        say(&toml);
        return Ok(());
    };
    say(&report);
    let written = std::fs::File::create_new(&path).and_then(|mut file| file.write_all(toml.as_bytes()));
    written.map_err(|cause| ImportError::Write { path, cause })
}

/// That nobody reads any more is no failure.
fn say(text: &str) {
    drop(std::io::stdout().write_all(text.as_bytes()));
}

/// A template that came in whole.
#[derive(Debug)]
pub struct Spec {
    /// What workspaces of it are made of.
    pub spec: WorkspaceSpec,
    /// What it was written in.
    pub source: Source,
}

/// The spec of the files that were named, unless some part of them is refused, and the report for people.
pub fn spec(from: &From) -> Result<(Option<Spec>, String), ImportError> {
    let Read { imported, source } = read(from)?;
    let text = report::text(&imported.report);
    Ok((imported.spec.map(|spec| Spec { spec, source }), text))
}

struct Read {
    imported: Imported,
    source: Source,
}

fn read(asked: &From) -> Result<Read, ImportError> {
    let files = folder::read(&asked.path).map_err(ImportError::Read)?;
    let format = asked.from.or_else(|| folder::format(&files));
    let format = format.ok_or_else(|| ImportError::Format { path: asked.path.clone() })?;
    let images: BTreeMap<_, _> = asked.images.iter().cloned().collect();
    let imported = import(format, &files, &Options { images }).map_err(ImportError::Read)?;
    Ok(Read { imported, source: Source { digest: digest(&files), format: format.named() } })
}

/// The digest of the one file there is; of several, that of a line for each with its digest and its name, as `sha256sum` writes them.
fn digest(files: &Files) -> Hash {
    let mut all = files.iter();
    if let (Some((_, text)), None) = (all.next(), all.next()) {
        return Hash::of(&[text.as_bytes()]);
    }
    let lines = files.iter().map(|(name, text)| format!("{}  {name}\n", Hash::of(&[text.as_bytes()])));
    Hash::of(&[lines.collect::<String>().as_bytes()])
}

fn image(text: &str) -> Result<(Box<str>, Box<str>), String> {
    let (name, digest) = text.split_once("=sha256:").ok_or("it is `NAME=sha256:…`")?;
    let digits = digest.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if name.is_empty() || digest.len() != 64 || !digits {
        return Err("a digest is `sha256:` and 64 lower-case hexadecimal digits".to_owned());
    }
    Ok((name.into(), format!("sha256:{digest}").into()))
}
