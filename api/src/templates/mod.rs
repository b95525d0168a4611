//! Three ways in which a template comes in, each from text to a [`WorkspaceSpec`] and a report that names every construct.
//!
//! Nothing here waits or reaches outside; only [`folder`] reads the files that somebody named. Start with [`import`].

pub mod cli;
mod devcontainer;
mod draft;
pub mod folder;
mod native;
pub mod report;
mod terraform;

use ledger::event::workspaces::WorkspaceSpec;
use report::{Finding, Problem};
use std::collections::BTreeMap;

pub use native::print;

/// The files of a template by their names within its folder.
pub type Files = BTreeMap<Box<str>, Box<str>>;

/// Largest file in bytes. A spec has at most 32 KiB, so more says little about it.
pub const FILE_BYTES_MAX: usize = 256 << 10;
/// Largest folder in bytes.
pub const FOLDER_BYTES_MAX: usize = 2 << 20;
/// Most files in a folder.
pub const FOLDER_FILES_MAX: usize = 256;

/// How a template is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Deed's own TOML
    Native,
    /// Terraform for Coder's Docker provider
    Terraform,
    /// `devcontainer.json`
    Devcontainer,
}

impl Format {
    /// As the ledger calls it.
    fn named(self) -> ledger::event::workspaces::Format {
        match self {
            Self::Native => ledger::event::workspaces::Format::Native,
            Self::Terraform => ledger::event::workspaces::Format::Terraform,
            Self::Devcontainer => ledger::event::workspaces::Format::Devcontainer,
        }
    }
}

/// What the one who imports adds to what the files say.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The digest, `sha256:…`, of each image that is named otherwise.
    pub images: BTreeMap<Box<str>, Box<str>>,
}

/// What came in.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The content of the template; absent when anything was refused.
    pub spec: Option<WorkspaceSpec>,
    /// What became of each construct, in the order of the files.
    pub report: Vec<Finding>,
}

/// Reads a template.
pub fn import(format: Format, files: &Files, options: &Options) -> Result<Imported, Problem> {
    bounded(files)?;
    match format {
        Format::Native => native::import(files),
        Format::Terraform => terraform::import(files, options),
        Format::Devcontainer => devcontainer::import(files, options),
    }
}

fn bounded(files: &Files) -> Result<(), Problem> {
    let large = files.iter().find(|(_, text)| text.len() > FILE_BYTES_MAX);
    if let Some((file, _)) = large {
        return Err(Problem::of(file, format!("the file is at most {FILE_BYTES_MAX} bytes long")));
    }
    let bytes: usize = files.values().map(|text| text.len()).sum();
    if files.len() > FOLDER_FILES_MAX || bytes > FOLDER_BYTES_MAX {
        let what = format!("a folder has at most {FOLDER_FILES_MAX} files and {FOLDER_BYTES_MAX} bytes");
        return Err(Problem::of("", what));
    }
    Ok(())
}

/// An image by its digest, of what a file says and what the one who imports adds.
fn pinned(image: &str, options: &Options) -> Result<Box<str>, String> {
    if image.contains("@sha256:") || image.starts_with("sha256:") {
        return Ok(image.into());
    }
    let Some(digest) = options.images.get(image) else {
        return Err(format!(
            "`{image}` can become another image at any time: give its digest with `--image {image}=sha256:…`"
        ));
    };
    Ok(format!("{}@{digest}", untagged(image)).into())
}

/// The name without the tag. A colon before a slash belongs to a port.
fn untagged(image: &str) -> &str {
    match image.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => name,
        _ => image,
    }
}
