//! The files of a template, as they are in the folder or file that was named on the command line.

use super::report::Problem;
use super::{FILE_BYTES_MAX, FOLDER_BYTES_MAX, FOLDER_FILES_MAX, Files, Format};
use std::fs;
use std::io::Read;
use std::path::Path;

/// Deepest folder within the one that was named.
const DEPTH_MAX: usize = 6;
/// Most entries that are looked at, files or not.
const ENTRIES_MAX: usize = 4_096;

/// Reads a file, or all texts of a folder. Links, hidden folders other than `.devcontainer`, and what is no text are left out.
pub fn read(path: &Path) -> Result<Files, Problem> {
    let named = path.display().to_string();
    let kind = fs::metadata(path).map_err(|cause| Problem::of(&named, cause.to_string()))?;
    let mut found = Found { files: Files::new(), bytes: 0, entries: 0 };
    if kind.is_dir() {
        found.folder(path, "", 0)?;
    } else {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        found.file(path, &name, true)?;
    }
    Ok(found.files)
}

/// How the files are written, by their names.
pub fn format(files: &Files) -> Option<Format> {
    let ends = |end: &str| files.keys().any(|name| name.ends_with(end) && !name.contains('/'));
    if super::devcontainer::main_file(files).is_some() {
        Some(Format::Devcontainer)
    } else if ends(".tf") {
        Some(Format::Terraform)
    } else {
        ends(".toml").then_some(Format::Native)
    }
}

struct Found {
    files: Files,
    bytes: usize,
    entries: usize,
}

impl Found {
    fn folder(&mut self, path: &Path, name: &str, depth: usize) -> Result<(), Problem> {
        let problem = |cause: std::io::Error| Problem::of(name, cause.to_string());
        for entry in fs::read_dir(path).map_err(problem)? {
            let entry = entry.map_err(problem)?;
            self.entries += 1;
            if self.entries > ENTRIES_MAX {
                return Err(Problem::of(name, format!("a folder has at most {ENTRIES_MAX} entries")));
            }
            let kind = entry.file_type().map_err(problem)?;
            let own = entry.file_name().to_string_lossy().into_owned();
            let below = if name.is_empty() { own.clone() } else { format!("{name}/{own}") };
            let shown = !own.starts_with('.') || own == ".devcontainer";
            if kind.is_dir() && shown && depth < DEPTH_MAX {
                self.folder(&entry.path(), &below, depth + 1)?;
            } else if kind.is_file() && (shown || own == ".devcontainer.json") {
                self.file(&entry.path(), &below, false)?;
            }
        }
        Ok(())
    }

    /// A file that was named must be a text; others that are none are no files of the template.
    fn file(&mut self, path: &Path, name: &str, named: bool) -> Result<(), Problem> {
        let problem = |cause: std::io::Error| Problem::of(name, cause.to_string());
        let mut bytes = Vec::new();
        let limit = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX) + 1;
        fs::File::open(path).map_err(problem)?.take(limit).read_to_end(&mut bytes).map_err(problem)?;
        let large = bytes.len() > FILE_BYTES_MAX;
        if large && (named || name.ends_with(".tf")) {
            return Err(Problem::of(name, format!("the file is at most {FILE_BYTES_MAX} bytes long")));
        }
        let Some(text) = String::from_utf8(bytes).ok().filter(|_| !large) else {
            let unread = named || name.ends_with(".tf");
            return if unread { Err(Problem::of(name, "the file is UTF-8")) } else { Ok(()) };
        };
        self.bytes += text.len();
        if self.bytes > FOLDER_BYTES_MAX || self.files.len() >= FOLDER_FILES_MAX {
            let what =
                format!("a folder has at most {FOLDER_FILES_MAX} files and {FOLDER_BYTES_MAX} bytes of text");
            return Err(Problem::of(name, what));
        }
        self.files.insert(name.into(), text.into());
        Ok(())
    }
}
