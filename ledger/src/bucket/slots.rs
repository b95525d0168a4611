//! The file of bucket keys: slots of one length, filled one after another, overwritten when a key is destroyed.
//!
//! A key counts once it was synced; one sync serves all that a group brings. Where a slot was cut off by a power loss its checksum says so,
//! and it holds nothing.

use super::Key;
use crate::disk::{Disk, File, create_dir_lasting, replace};
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes of a slot: a power of two, so that none lies across two blocks of a disk.
const SLOT_BYTES: usize = 128;
/// Slots that the file grows by, filled with zero bytes, so that a sync has no length to store.
const GROWTH_SLOTS: u64 = 512;
/// What the file begins with; the rest of its first slot is zero.
const MAGIC: &[u8; 9] = b"DEEDKEYS1";
/// Longest name of a bucket.
const NAME_BYTES_MAX: usize = SLOT_BYTES - 1 - 4 - 32;

type Slot = [u8; SLOT_BYTES];

/// The file, and where each bucket's key is.
pub(super) struct Slots {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Option<Arc<dyn File>>,
    hasher: RandomState,
    /// By a digest of the bucket's name: its newest slot.
    places: HashMap<u64, u64>,
    /// The first slot that was never used.
    next: u64,
    /// Keys that are not written yet.
    pending: Vec<(Box<str>, Key)>,
    /// Whether all that is in the file was synced. Whoever wrote it may have been killed before that.
    synced: bool,
}

/// Keys could not be made to last.
pub(super) enum NotLasting {
    /// Nothing that counts was changed.
    NotWritten(io::Error),
    /// Nobody knows what is on the disk now.
    NotSynced(io::Error),
}

/// Where a key is.
pub(super) enum Place {
    /// In memory, until it lasts.
    Pending(Key),
    /// In a slot of the file.
    At(Arc<dyn File>, u64),
}

impl Slots {
    /// Reads the file, if there is one.
    pub(super) fn open(disk: Arc<dyn Disk>, path: PathBuf) -> io::Result<Self> {
        let mut slots = Self {
            disk,
            path,
            file: None,
            hasher: RandomState::new(),
            places: HashMap::new(),
            next: 1,
            pending: Vec::new(),
            synced: false,
        };
        match slots.disk.open(&slots.path) {
            Ok(file) => slots.take_up(file.into())?,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
            Err(cause) => return Err(cause),
        }
        Ok(slots)
    }

    fn take_up(&mut self, file: Arc<dyn File>) -> io::Result<()> {
        let mut head = [0; SLOT_BYTES];
        file.read_at(0, &mut head)?;
        if !head.starts_with(MAGIC) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no file of bucket keys"));
        }
        each(file.as_ref(), |number, slot| {
            if slot.iter().any(|byte| *byte != 0) {
                self.next = number + 1;
            }
            if let Some(name) = name_of(slot) {
                self.places.insert(self.hasher.hash_one(name), number);
            }
            Ok(())
        })?;
        self.file = Some(file);
        Ok(())
    }

    /// Where the key of a bucket is.
    pub(super) fn find(&self, bucket: &str) -> Option<Place> {
        let pending = self.pending.iter().find(|(name, _)| **name == *bucket);
        if let Some((_, key)) = pending {
            return Some(Place::Pending(key.clone()));
        }
        let number = *self.places.get(&self.hasher.hash_one(bucket))?;
        Some(Place::At(Arc::clone(self.file.as_ref()?), number))
    }

    /// Takes a new key of a bucket, which counts from now on and lasts with the next [`Self::make_lasting`].
    pub(super) fn add(&mut self, bucket: &str, key: Key) -> io::Result<()> {
        if bucket.is_empty() || bucket.len() > NAME_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the name of a bucket is too long"));
        }
        self.pending.push((bucket.into(), key));
        Ok(())
    }

    /// Writes and syncs what is not lasting yet. After an error the same is written again the next time, if there is one.
    pub(super) fn make_lasting(&mut self) -> Result<(), NotLasting> {
        if self.pending.is_empty() && self.synced {
            return Ok(());
        }
        let Some((file, wanted)) = self.with_room().map_err(NotLasting::NotWritten)? else { return Ok(()) };
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.pending.len() * SLOT_BYTES));
        for (name, key) in &self.pending {
            bytes.extend_from_slice(&*filled(name, key));
        }
        let offset = self.next * SLOT_BYTES as u64;
        let written = if bytes.is_empty() { Ok(()) } else { file.write_at(offset, &bytes) };
        let synced = written.map_err(NotLasting::NotWritten);
        let synced = synced.and_then(|()| file.sync_data().map_err(NotLasting::NotSynced));
        if synced.is_err() {
            // Keys that may not last must not be found by the next process either.
            drop(file.write_at(offset, &vec![0; bytes.len()]));
            return synced;
        }
        for (number, (name, _)) in (self.next..).zip(std::mem::take(&mut self.pending)) {
            self.places.insert(self.hasher.hash_one(&*name), number);
        }
        (self.next, self.synced) = (wanted, true);
        Ok(())
    }

    /// The file with room for what is pending, and its first slot after that; `None` when there is neither file nor anything pending.
    fn with_room(&mut self) -> io::Result<Option<(Arc<dyn File>, u64)>> {
        let file = match &self.file {
            Some(file) => Arc::clone(file),
            None if self.pending.is_empty() => return Ok(None),
            None => self.create()?,
        };
        if !self.synced {
            self.disk.sync_dir(self.folder())?;
        }
        let wanted = self.next + self.pending.len() as u64;
        grow(file.as_ref(), wanted)?;
        Ok(Some((file, wanted)))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    fn create(&mut self) -> io::Result<Arc<dyn File>> {
        create_dir_lasting(self.disk.as_ref(), self.folder())?;
        let mut head = [0; SLOT_BYTES];
        for (to, from) in head.iter_mut().zip(MAGIC) {
            *to = *from;
        }
        if let Err(cause) = replace(self.disk.as_ref(), &self.path, &head) {
            // A file that may not last must not be found by the next attempt. Nothing is in it yet.
            drop(self.disk.remove(&self.path));
            return Err(cause);
        }
        let file: Arc<dyn File> = self.disk.open(&self.path)?.into();
        self.file = Some(Arc::clone(&file));
        Ok(file)
    }

    /// Overwrites every key that a bucket ever had; none is fine. It opens nothing from the beginning of this on.
    pub(super) fn destroy(&mut self, bucket: &str) -> io::Result<()> {
        self.pending.retain(|(name, _)| **name != *bucket);
        self.places.remove(&self.hasher.hash_one(bucket));
        let Some(file) = &self.file else { return Ok(()) };
        let mut found = false;
        each(file.as_ref(), |number, slot| {
            if is_named(slot, bucket) {
                found = true;
                return file.write_at(number * SLOT_BYTES as u64, &cleared(slot));
            }
            Ok(())
        })?;
        // Also when all were overwritten before: whoever did may have been killed before the sync.
        if found { file.sync_data() } else { Ok(()) }
    }
}

/// The key in a slot, if it is that of the bucket.
pub(super) fn key_at(file: &dyn File, number: u64, bucket: &str) -> io::Result<Option<Key>> {
    let mut slot = Zeroizing::new([0; SLOT_BYTES]);
    file.read_at(number * SLOT_BYTES as u64, slot.as_mut())?;
    Ok(sound_key(&slot).filter(|_| name_of(&slot) == Some(bucket)))
}

/// Looks at every slot but the first.
fn each(file: &dyn File, mut act: impl FnMut(u64, &Slot) -> io::Result<()>) -> io::Result<()> {
    let mut bytes = Zeroizing::new(vec![0; 512 * SLOT_BYTES]);
    let mut number = 1;
    loop {
        let read = file.read_at(number * SLOT_BYTES as u64, &mut bytes)?;
        let (slots, _) = bytes.get(..read).unwrap_or_default().as_chunks::<SLOT_BYTES>();
        if slots.is_empty() {
            return Ok(());
        }
        for slot in slots {
            act(number, slot)?;
            number += 1;
        }
    }
}

/// Makes room for so many slots.
fn grow(file: &dyn File, wanted: u64) -> io::Result<()> {
    let has = file.len()?;
    let needs = wanted.next_multiple_of(GROWTH_SLOTS) * SLOT_BYTES as u64;
    if has >= wanted * SLOT_BYTES as u64 {
        return Ok(());
    }
    let missing = usize::try_from(needs - has).map_err(io::Error::other)?;
    file.write_at(has, &vec![0; missing])?;
    file.sync_all()
}

/// Length of the name, name, checksum, key.
fn filled(name: &str, key: &Key) -> Zeroizing<Slot> {
    let mut slot = Zeroizing::new([0; SLOT_BYTES]);
    let length = u8::try_from(name.len()).unwrap_or_default();
    let bytes = [length].into_iter().chain(name.bytes());
    for (to, from) in slot.iter_mut().zip(bytes) {
        *to = from;
    }
    for (to, from) in slot.iter_mut().rev().zip(key.iter().rev()) {
        *to = *from;
    }
    let checksum = checksum(&slot);
    for (to, from) in slot.iter_mut().skip(1 + NAME_BYTES_MAX).zip(checksum) {
        *to = from;
    }
    slot
}

/// Of everything in a slot but the checksum itself.
fn checksum(slot: &Slot) -> [u8; 4] {
    let (head, rest) = slot.split_at(1 + NAME_BYTES_MAX);
    let key = rest.get(4..).unwrap_or_default();
    crc32c::crc32c_append(crc32c::crc32c(head), key).to_be_bytes()
}

fn name_of(slot: &Slot) -> Option<&str> {
    let (length, rest) = slot.split_first()?;
    let name = rest.get(..usize::from(*length)).filter(|name| (1..=NAME_BYTES_MAX).contains(&name.len()))?;
    std::str::from_utf8(name).ok()
}

fn is_named(slot: &Slot, bucket: &str) -> bool {
    name_of(slot) == Some(bucket)
}

/// The key, when it was written whole and not destroyed.
fn sound_key(slot: &Slot) -> Option<Key> {
    let (_, key) = slot.split_last_chunk::<32>()?;
    let said = slot.get(1 + NAME_BYTES_MAX..)?.first_chunk::<4>()?;
    (checksum(slot) == *said && *key != [0; 32]).then(|| Zeroizing::new(*key))
}

/// The slot without its key.
fn cleared(slot: &Slot) -> Slot {
    let mut cleared = *slot;
    for byte in cleared.iter_mut().rev().take(32) {
        *byte = 0;
    }
    cleared
}
