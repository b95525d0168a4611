//! The disk as the ledger needs it: a trait with the real one here and a simulated one, which loses power, in `fixtures`.
//!
//! Every call that changes something says what it promises. Only `sync_data`, `sync_all` and `sync_dir` make anything last.

use std::fs::{File as StdFile, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A place for files. Paths are absolute or relative to the process.
pub trait Disk: Send + Sync {
    /// Makes a directory and its missing parents; existing ones are fine. Lasting after `sync_dir` of the parent.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;
    /// Names of the entries of a directory, sorted. `NotFound` when there is no such directory.
    fn list(&self, path: &Path) -> io::Result<Vec<String>>;
    /// Makes a new file, readable by the owner alone; `AlreadyExists` when the name is taken. Lasting after `sync_dir` of its directory.
    fn create_new(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Opens an existing file for reading and writing.
    fn open(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Opens an existing file for reading.
    fn open_read(&self, path: &Path) -> io::Result<Box<dyn File>>;
    /// Moves a file over another name, at once. Lasting after `sync_dir`.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file. Lasting after `sync_dir`.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes the names in a directory last.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;
    /// Whether a file can be read and written by its owner alone. A disk without owners says yes.
    fn is_private(&self, _path: &Path) -> io::Result<bool> {
        Ok(true)
    }
}

/// An open file. Positions are bytes from its start.
pub trait File: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> io::Result<u64>;
    /// Whether the file holds nothing.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }
    /// Reads up to the length of `buffer`; fewer bytes only at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes all of `bytes`, growing the file where needed.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts the file, or grows it with zero bytes.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Makes the contents last, and the length as far as reading them needs it.
    fn sync_data(&self) -> io::Result<()>;
    /// Makes the contents and all attributes last.
    fn sync_all(&self) -> io::Result<()>;
}

/// The machine's own disk.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(path)? {
            let name = entry?.file_name().into_string();
            names.push(name.map_err(|_| io::Error::other("a file name is not UTF-8"))?);
        }
        names.sort();
        Ok(names)
    }

    fn create_new(&self, path: &Path) -> io::Result<Box<dyn File>> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(RealFile(OpenOptions::new().read(true).write(true).open(path)?)))
    }

    fn open_read(&self, path: &Path) -> io::Result<Box<dyn File>> {
        Ok(Box::new(RealFile(StdFile::open(path)?)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        std::fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        StdFile::open(path)?.sync_all()
    }

    fn is_private(&self, path: &Path) -> io::Result<bool> {
        use std::os::unix::fs::PermissionsExt;
        Ok(std::fs::metadata(path)?.permissions().mode().trailing_zeros() >= 6)
    }
}

#[derive(Debug)]
struct RealFile(StdFile);

impl File for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            match self.0.read_at(rest, offset + done as u64) {
                Ok(0) => break,
                Ok(read) => done += read,
                Err(cause) if cause.kind() == io::ErrorKind::Interrupted => {}
                Err(cause) => return Err(cause),
            }
        }
        Ok(done)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn sync_all(&self) -> io::Result<()> {
        self.0.sync_all()
    }
}

/// Reads a whole file of at most `bytes_max` bytes; `FileTooLarge` beyond that.
pub fn read_whole(disk: &dyn Disk, path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let file = disk.open_read(path)?;
    let len = file.len()?;
    if len > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("{len} bytes, at most {bytes_max} are read"),
        ));
    }
    let mut bytes = vec![0; usize::try_from(len).map_err(io::Error::other)?];
    let read = file.read_at(0, &mut bytes)?;
    bytes.truncate(read);
    Ok(bytes)
}

/// Makes a directory that lasts. Of missing parents each is made to last in turn.
pub fn create_dir_lasting(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else {
        return disk.create_dir_all(path);
    };
    match disk.list(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
            create_dir_lasting(disk, parent)?;
            disk.create_dir_all(path)?;
            disk.sync_dir(parent)
        }
        Err(cause) => Err(cause),
        // Whoever made it may have been killed before its name was synced. That was not us where we may not look into the parent.
        Ok(_) => match disk.sync_dir(parent) {
            Err(cause) if cause.kind() == io::ErrorKind::PermissionDenied => Ok(()),
            synced => synced,
        },
    }
}

/// Puts `bytes` at `path` so that after any crash either the old contents or the new are there, whole.
pub fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let parent = path.parent().ok_or_else(|| io::Error::other("the path has no directory"))?;
    let temporary = path.with_extension("new");
    match disk.remove(&temporary) {
        Ok(()) => {}
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
        Err(cause) => return Err(cause),
    }
    let file = disk.create_new(&temporary)?;
    file.write_at(0, bytes)?;
    file.sync_all()?;
    disk.rename(&temporary, path)?;
    disk.sync_dir(parent)
}
