//! A folder of container files that grows at its end: the part that writes.
//!
//! The file in use is filled with zero bytes ahead, so that a sync has no block to allocate; a large one is filled on a thread of
//! its own while the file before it is in use, so that nobody waits for it. A failed write before anything of it could count may be
//! tried again; a failed sync may not, because nobody knows what it left behind.

use crate::disk::{Disk, File, create_dir_lasting, replace};
use crate::hash::{Hash, to_hex};
use crate::segment::{HEADER_BYTES, Header, HeaderFault, Kind, file_name, first_of};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;
use thiserror::Error;

/// Name of a file that is being prepared. One that is found at the start is a leftover.
const UNFINISHED: &str = "next.new";
/// What a new file is filled with, so much at once.
static ZEROS: [u8; 1 << 20] = [0; 1 << 20];
/// Files from this size on are filled ahead; a smaller one is filled in less time than a few syncs take.
const AHEAD_BYTES_MIN: u64 = 16 << 20;

/// Where the files of a ledger are, and which ledger it is.
#[derive(Clone)]
pub struct Place {
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The data directory.
    pub root: PathBuf,
    /// Hash of the genesis statement.
    pub genesis: Hash,
}

impl Place {
    /// The folder of a kind of container.
    pub fn folder(&self, kind: Kind) -> PathBuf {
        self.root.join(match kind {
            Kind::Log => "log",
            Kind::Sealed => "sealed",
            Kind::Checkpoints => "checkpoints",
        })
    }

    /// The first numbers of the files of a kind, ascending. Foreign names are refused.
    pub fn firsts(&self, kind: Kind) -> Result<Vec<u64>, ContainerError> {
        let folder = self.folder(kind);
        let names =
            self.disk.list(&folder).map_err(|cause| ContainerError::List { path: folder.clone(), cause })?;
        let named = |name: String| {
            first_of(&name).ok_or_else(|| ContainerError::ForeignName { path: folder.join(&name) })
        };
        names.into_iter().filter(|name| name != UNFINISHED).map(named).collect()
    }

    /// The whole of one file, its header checked.
    pub fn read(&self, kind: Kind, first: u64) -> Result<Vec<u8>, ContainerError> {
        let path = self.folder(kind).join(file_name(first));
        let bytes = crate::disk::read_whole(self.disk.as_ref(), &path, FILE_BYTES_MAX)
            .map_err(|cause| ContainerError::Read { path: path.clone(), cause })?;
        Header { kind, first, genesis: self.genesis }
            .check(&bytes)
            .map_err(|cause| ContainerError::Header { path, cause })?;
        Ok(bytes)
    }
}

/// Largest container that is read: a verifier holds two at a time.
pub const FILE_BYTES_MAX: u64 = 256 << 20;

/// A container folder could not be read or written.
#[derive(Debug, Error)]
pub enum ContainerError {
    /// The folder cannot be listed.
    #[error("could not list `{path}`")]
    List {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file that does not belong there.
    #[error("`{path}` does not belong in this folder; move it elsewhere")]
    ForeignName {
        /// Which.
        path: PathBuf,
    },
    /// A file cannot be read.
    #[error("could not read `{path}`")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A file does not begin as it must.
    #[error("`{path}` is not a file of this ledger")]
    Header {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: HeaderFault,
    },
    /// A file cannot be made or written.
    #[error("could not write `{path}`")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// A sync failed: nobody knows what is on the disk now.
    #[error("could not sync `{path}`; nothing after the last sync counts")]
    Sync {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
}

impl ContainerError {
    /// Whether nothing was changed, so that the same may be tried again.
    pub fn may_retry(&self) -> bool {
        !matches!(self, Self::Sync { .. })
    }
}

/// The file in use.
struct Current {
    file: Box<dyn File>,
    path: PathBuf,
    end: u64,
    capacity: u64,
}

impl Current {
    /// Whether frames of so many bytes belong here. An empty file takes any, because a second one could not have its number.
    fn takes(&self, bytes: usize) -> bool {
        self.end == HEADER_BYTES as u64 || self.end + bytes as u64 <= self.capacity
    }

    fn is_half_full(&self) -> bool {
        self.end >= self.capacity / 2
    }
}

/// A container folder that grows.
pub struct Container {
    place: Place,
    kind: Kind,
    /// Bytes of a new file, filled with zeros.
    segment_bytes: u64,
    current: Option<Current>,
    /// The next file, under its passing name. The thread that fills it has the open file alone and knows no names.
    ahead: Option<JoinHandle<io::Result<Box<dyn File>>>>,
}

impl Container {
    /// Makes the folder where needed and removes what an interrupted start of a file left.
    pub fn open(place: Place, kind: Kind, segment_bytes: u64) -> Result<Self, ContainerError> {
        let folder = place.folder(kind);
        let leftover = folder.join(UNFINISHED);
        let write = |path: &Path| {
            let path = path.to_path_buf();
            move |cause| ContainerError::Write { path, cause }
        };
        create_dir_lasting(place.disk.as_ref(), &folder).map_err(write(&folder))?;
        remove_if_there(place.disk.as_ref(), &leftover).map_err(write(&leftover))?;
        // The writer before may have been killed between giving the last file its name and making the name last.
        place.disk.sync_dir(&folder).map_err(write(&folder))?;
        Ok(Self { place, kind, segment_bytes, current: None, ahead: None })
    }

    /// Goes on in an existing file after its last frames, `kept`, which begin at `offset`.
    ///
    /// They are written once more and synced: the writer before may have been killed before its sync, or its sync may have failed,
    /// and then the system takes its pages for clean although they are not on the disk.
    pub fn resume(&mut self, first: u64, offset: usize, kept: &[u8]) -> Result<(), ContainerError> {
        let path = self.place.folder(self.kind).join(file_name(first));
        let opened = self.place.disk.open(&path).and_then(|file| Ok((file.len()?, file)));
        let (capacity, file) = opened.map_err(|cause| ContainerError::Read { path: path.clone(), cause })?;
        let written = file.write_at(offset as u64, kept);
        written.map_err(|cause| ContainerError::Write { path: path.clone(), cause })?;
        self.current = Some(Current { file, path, end: (offset + kept.len()) as u64, capacity });
        self.sync()
    }

    /// Copies the bytes from the end of the frames to `torn/`, then writes zeros over them.
    pub fn set_aside(&mut self, bytes: &[u8]) -> Result<(), ContainerError> {
        let Some(current) = &self.current else { return Ok(()) };
        let folder = self.place.root.join("torn");
        let stem =
            current.path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let kind = self.place.folder(self.kind);
        let kind = kind.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let digest = to_hex(Hash::of(&[bytes]).0.first_chunk::<8>().unwrap_or(&[0; 8]));
        let path = folder.join(format!("{kind}-{stem}-{}-{digest}", current.end));
        let disk = self.place.disk.as_ref();
        let kept = create_dir_lasting(disk, &folder).and_then(|()| replace(disk, &path, bytes));
        kept.map_err(|cause| ContainerError::Write { path, cause })?;
        let zeroed = current.file.write_at(current.end, &vec![0; bytes.len()]);
        zeroed.map_err(|cause| ContainerError::Write { path: current.path.clone(), cause })?;
        self.sync()
    }

    /// Writes frames at the end, in a new file numbered `number` when they do not fit. They count after [`Container::sync`].
    ///
    /// After `ContainerError::Write` nothing of them is left; after `ContainerError::Sync` nobody knows.
    pub fn append(&mut self, number: u64, frames: &[u8]) -> Result<Appended, ContainerError> {
        let bytes = (HEADER_BYTES + frames.len()) as u64;
        if bytes > FILE_BYTES_MAX {
            let cause = io::ErrorKind::FileTooLarge.into();
            return Err(ContainerError::Write { path: self.place.folder(self.kind), cause });
        }
        if !self.current.as_ref().is_some_and(|current| current.takes(frames.len())) {
            self.begin(number, bytes)?;
        }
        let Some(current) = &mut self.current else {
            let cause = io::Error::other("no file is open");
            return Err(ContainerError::Write { path: self.place.folder(self.kind), cause });
        };
        let offset = current.end;
        if let Err(cause) = current.file.write_at(offset, frames) {
            self.blank(offset, frames.len())?;
            return Err(ContainerError::Write { path: self.current_path(), cause });
        }
        current.end += frames.len() as u64;
        let fill_next = current.is_half_full() && self.segment_bytes >= AHEAD_BYTES_MIN;
        if fill_next && self.ahead.is_none() {
            self.ahead = self.fill_ahead().ok();
        }
        Ok(Appended { offset, new_file: offset == HEADER_BYTES as u64 })
    }

    /// Begins to fill the next file. When that fails, it is filled once it is needed, and whoever waits for it learns why that fails.
    fn fill_ahead(&self) -> io::Result<JoinHandle<io::Result<Box<dyn File>>>> {
        let unfinished = self.place.folder(self.kind).join(UNFINISHED);
        let file = create_anew(self.place.disk.as_ref(), &unfinished)?;
        let capacity = self.segment_bytes;
        std::thread::Builder::new().name("deed-fill".to_owned()).spawn(move || {
            let mut filled = 0;
            while filled < capacity {
                filled = fill(file.as_ref(), filled, capacity)?;
                // Whoever else syncs meanwhile waits for one step at most.
                file.sync_data()?;
            }
            Ok(file)
        })
    }

    /// The file that was filled ahead, if it was and has the wanted size.
    fn take_ahead(&mut self, capacity: u64) -> Option<Box<dyn File>> {
        let filled = self.ahead.take()?.join().ok()?.ok()?;
        filled.len().is_ok_and(|len| len == capacity).then_some(filled)
    }

    /// Takes back what was appended from `offset` of the current file on, as if it never had been.
    pub fn take_back(&mut self, offset: u64) -> Result<(), ContainerError> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let bytes = usize::try_from(current.end.saturating_sub(offset)).unwrap_or_default();
        current.end = current.end.min(offset);
        self.blank(offset, bytes)
    }

    /// Writes zeros and makes them last, so that leftovers of one attempt never mix with the next.
    fn blank(&mut self, offset: u64, bytes: usize) -> Result<(), ContainerError> {
        let Some(current) = &self.current else { return Ok(()) };
        let blanked = current.file.len().and_then(|len| {
            let there = usize::try_from(len.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes);
            current.file.write_at(offset, &vec![0; there])
        });
        blanked.map_err(|cause| ContainerError::Sync { path: current.path.clone(), cause })?;
        self.sync()
    }

    fn current_path(&self) -> PathBuf {
        self.current.as_ref().map_or_else(|| self.place.folder(self.kind), |current| current.path.clone())
    }

    /// Makes everything appended last.
    pub fn sync(&mut self) -> Result<(), ContainerError> {
        let Some(current) = &self.current else { return Ok(()) };
        current.file.sync_data().map_err(|cause| ContainerError::Sync { path: current.path.clone(), cause })
    }

    /// Writes over bytes of an older or the current file, and makes that last.
    pub fn overwrite(&self, first: u64, offset: u64, bytes: &[u8]) -> Result<(), ContainerError> {
        let path = self.place.folder(self.kind).join(file_name(first));
        let written = self.place.disk.open(&path).and_then(|file| {
            file.write_at(offset, bytes)?;
            file.sync_data()
        });
        written.map_err(|cause| ContainerError::Write { path, cause })
    }

    /// Makes the next file: header and zeros, synced, under a passing name, then under its own.
    fn begin(&mut self, first: u64, bytes: u64) -> Result<(), ContainerError> {
        let folder = self.place.folder(self.kind);
        let path = folder.join(file_name(first));
        let unfinished = folder.join(UNFINISHED);
        let capacity = self.segment_bytes.max(bytes).min(FILE_BYTES_MAX);
        let filled = self.take_ahead(capacity);
        let disk = self.place.disk.as_ref();
        let header = Header { kind: self.kind, first, genesis: self.place.genesis };
        let prepared = is_free(disk, &path).and_then(|()| {
            let file = filled.map_or_else(|| filled_now(disk, &unfinished, capacity), Ok)?;
            file.write_at(0, &header.encode())?;
            file.sync_all()?;
            Ok(file)
        });
        let file = prepared.map_err(|cause| {
            // It may be what fills the disk. When it stays, the next attempt removes it.
            drop(disk.remove(&unfinished));
            ContainerError::Write { path: path.clone(), cause }
        })?;
        if let Err(cause) = disk.rename(&unfinished, &path).and_then(|()| disk.sync_dir(&folder)) {
            let undone = remove_if_there(disk, &path)
                .and_then(|()| remove_if_there(disk, &unfinished))
                .and_then(|()| disk.sync_dir(&folder));
            undone.map_err(|cause| ContainerError::Sync { path: path.clone(), cause })?;
            return Err(ContainerError::Write { path, cause });
        }
        self.current = Some(Current { file, path, end: HEADER_BYTES as u64, capacity });
        Ok(())
    }
}

/// Where appended frames begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Bytes from the start of the file.
    pub offset: u64,
    /// Whether they are the first of their file.
    pub new_file: bool,
}

/// That no file of this name is there.
fn is_free(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    let folder = path.parent().unwrap_or(path);
    if disk.list(folder)?.iter().any(|name| path.ends_with(name)) {
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "a file of that name stands there already"));
    }
    Ok(())
}

/// A new file in place of a leftover.
fn create_anew(disk: &dyn Disk, unfinished: &Path) -> io::Result<Box<dyn File>> {
    remove_if_there(disk, unfinished)?;
    disk.create_new(unfinished)
}

fn filled_now(disk: &dyn Disk, unfinished: &Path, capacity: u64) -> io::Result<Box<dyn File>> {
    let file = create_anew(disk, unfinished)?;
    let mut filled = 0;
    while filled < capacity {
        filled = fill(file.as_ref(), filled, capacity)?;
    }
    Ok(file)
}

/// Writes one step of zero bytes from `from` on, and says where the next one begins.
fn fill(file: &dyn File, from: u64, capacity: u64) -> io::Result<u64> {
    let wanted = usize::try_from(capacity - from).unwrap_or(ZEROS.len()).min(ZEROS.len());
    file.write_at(from, ZEROS.get(..wanted).unwrap_or_default())?;
    Ok(from + wanted as u64)
}

fn remove_if_there(disk: &dyn Disk, path: &Path) -> io::Result<()> {
    match disk.remove(path) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
