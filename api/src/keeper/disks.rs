//! The volumes of workspaces: file systems in files, so that each has an end. They are mounted while their workspace runs, and are named
//! by it, so that whoever looks for one finds it.

use ledger::event::id::WorkspaceId;
use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;
use tokio::process::Command;

/// A volume could not be made, mounted or removed.
#[derive(Debug, Error)]
pub enum DiskError {
    /// A file could not be read or written.
    #[error("could not use `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A program of the system failed.
    #[error("`{program}` failed: {said}")]
    Program {
        /// Which.
        program: &'static str,
        /// In its words.
        said: String,
    },
}

/// A volume that is wanted.
#[derive(Clone, Debug)]
pub struct Wanted<'a> {
    /// Of which workspace.
    pub workspace: WorkspaceId,
    /// Its name in the template.
    pub name: &'a str,
    /// How much it holds.
    pub size_mib: u64,
    /// Whose it is inside: `uid:gid`.
    pub owner: &'a str,
}

/// Where the volumes are.
#[derive(Clone, Debug)]
pub struct Disks {
    folder: PathBuf,
}

/// A program of the system, and where systems keep it when it is not on the path of a service.
const PATHS: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

async fn run(program: &'static str, arguments: &[&str]) -> Result<(), DiskError> {
    let mut command = Command::new(program);
    command.args(arguments).env("PATH", PATHS).env("LC_ALL", "C").stdin(std::process::Stdio::null());
    let done = command.kill_on_drop(true).output().await;
    let failed = |said: String| DiskError::Program { program, said };
    let output = done.map_err(|cause| failed(cause.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(failed(
        said.lines().rfind(|line| !line.trim().is_empty()).unwrap_or("it said nothing").trim().to_owned(),
    ))
}

fn whole<T>(path: &Path, done: io::Result<T>) -> Result<T, DiskError> {
    done.map_err(|cause| DiskError::File { path: path.to_path_buf(), cause })
}

/// Removing what is gone already is no error.
fn gone(path: &Path, done: io::Result<()>) -> Result<(), DiskError> {
    match done {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        done => whole(path, done),
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

impl Disks {
    /// The volumes in a folder, which is made when it is missing.
    pub fn in_folder(folder: &Path) -> Result<Self, DiskError> {
        whole(folder, std::fs::create_dir_all(folder))?;
        let folder = whole(folder, folder.canonicalize())?;
        Ok(Self { folder })
    }

    fn home(&self, workspace: WorkspaceId) -> PathBuf {
        self.folder.join(workspace.to_string())
    }

    /// Where a volume is mounted.
    pub fn place(&self, workspace: WorkspaceId, name: &str) -> PathBuf {
        self.home(workspace).join(name)
    }

    fn image(&self, workspace: WorkspaceId, name: &str) -> PathBuf {
        self.home(workspace).join(format!("{name}.img"))
    }

    /// Makes a volume if it is missing, grows it if it is too small, and mounts it if it is not.
    pub async fn ensure(&self, wanted: &Wanted<'_>) -> Result<PathBuf, DiskError> {
        let (place, image) =
            (self.place(wanted.workspace, wanted.name), self.image(wanted.workspace, wanted.name));
        whole(&place, std::fs::create_dir_all(&place))?;
        // What is written while it is not mounted would be lost from sight: only root may.
        close(&self.home(wanted.workspace))?;
        if !image.exists() {
            make(&image, wanted).await?;
        }
        let is_mounted = mounted()?.contains(&place);
        let length = whole(&image, std::fs::metadata(&image))?.len();
        let grows = length < wanted.size_mib << 20;
        if grows && is_mounted {
            unmount(&place).await?;
        }
        if grows {
            grow(&image, wanted.size_mib).await?;
        }
        if grows || !is_mounted {
            run("mount", &["-o", "loop,nosuid,nodev,noatime", text(&image), text(&place)]).await?;
        }
        Ok(place)
    }

    /// Unmounts all volumes of a workspace.
    pub async fn rest(&self, workspace: WorkspaceId) -> Result<(), DiskError> {
        let home = self.home(workspace);
        for place in mounted()?.into_iter().filter(|place| place.starts_with(&home)) {
            unmount(&place).await?;
        }
        Ok(())
    }

    /// Removes the volumes of a workspace, but for those that are kept.
    pub async fn remove(&self, workspace: WorkspaceId, kept: &[Box<str>]) -> Result<(), DiskError> {
        self.rest(workspace).await?;
        for name in self.names(workspace)? {
            if !kept.iter().any(|kept| **kept == *name) {
                let (image, place) = (self.image(workspace, &name), self.place(workspace, &name));
                gone(&image, std::fs::remove_file(&image))?;
                gone(&place, std::fs::remove_dir(&place))?;
            }
        }
        if kept.is_empty() {
            let home = self.home(workspace);
            gone(&home, std::fs::remove_dir_all(&home))?;
        }
        Ok(())
    }

    /// The volumes that a workspace has.
    pub fn names(&self, workspace: WorkspaceId) -> Result<Vec<String>, DiskError> {
        let home = self.home(workspace);
        let entries = match std::fs::read_dir(&home) {
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => whole(&home, entries)?,
        };
        let name = |entry: io::Result<std::fs::DirEntry>| {
            Some(entry.ok()?.file_name().to_str()?.strip_suffix(".img")?.to_owned())
        };
        Ok(entries.filter_map(name).collect())
    }

    /// The workspaces that have volumes.
    pub fn workspaces(&self) -> Result<Vec<WorkspaceId>, DiskError> {
        let entries = whole(&self.folder, std::fs::read_dir(&self.folder))?;
        let name = |entry: io::Result<std::fs::DirEntry>| entry.ok()?.file_name().to_str()?.parse().ok();
        Ok(entries.filter_map(name).collect())
    }
}

fn close(folder: &Path) -> Result<(), DiskError> {
    use std::os::unix::fs::PermissionsExt;
    whole(folder, std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)))
}

/// Makes the file system in a file of another name first, so that one that is half made is never taken for one.
async fn make(image: &Path, wanted: &Wanted<'_>) -> Result<(), DiskError> {
    let new = image.with_extension("new");
    let file = whole(&new, std::fs::File::create(&new))?;
    whole(&new, file.set_len(wanted.size_mib << 20))?;
    let owner = format!("root_owner={},lazy_itable_init=1,lazy_journal_init=1", wanted.owner);
    // No blocks are kept back for root, which nobody is in there.
    run("mkfs.ext4", &["-q", "-F", "-m", "0", "-E", &owner, text(&new)]).await?;
    whole(&new, file.sync_all())?;
    whole(image, std::fs::rename(&new, image))
}

async fn grow(image: &Path, size_mib: u64) -> Result<(), DiskError> {
    let file = whole(image, std::fs::OpenOptions::new().write(true).open(image))?;
    whole(image, file.set_len(size_mib << 20))?;
    drop(file);
    run("e2fsck", &["-f", "-p", text(image)]).await?;
    run("resize2fs", &[text(image)]).await
}

async fn unmount(place: &Path) -> Result<(), DiskError> {
    run("umount", &[text(place)]).await
}

/// Where something is mounted.
fn mounted() -> Result<HashSet<PathBuf>, DiskError> {
    let path = Path::new("/proc/self/mountinfo");
    let list = whole(path, std::fs::read_to_string(path))?;
    Ok(list.lines().filter_map(|line| line.split(' ').nth(4)).map(unescaped).collect())
}

/// The kernel writes some bytes of a path as `\` and three octal digits.
fn unescaped(field: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let [first, others @ ..] = rest {
        let escaped = match others {
            [a, b, c, ..] if *first == b'\\' => {
                std::str::from_utf8(&[*a, *b, *c]).ok().and_then(|octal| u8::from_str_radix(octal, 8).ok())
            }
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = rest.get(if escaped.is_some() { 4 } else { 1 }..).unwrap_or_default();
    }
    PathBuf::from(std::ffi::OsString::from(String::from_utf8_lossy(&bytes).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_read_as_the_kernel_writes_it() {
        assert_eq!(unescaped("/a\\040b/c\\134d"), Path::new("/a b/c\\d"));
        assert_eq!(unescaped("/plain\\"), Path::new("/plain\\"));
    }
}
