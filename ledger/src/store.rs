//! Opening a ledger: an empty directory becomes one, an existing one is recovered.
//!
//! [`Store::open`] reads and mends; whoever folds the log then says where it ends, and [`Store::into_writer`] makes the writer.

use crate::container::{Container, ContainerError, Place};
use crate::disk::{Disk, create_dir_lasting, read_whole, replace};
use crate::event::id::{LedgerId, uuid_v7};
use crate::genesis::{self, Genesis, GenesisError};
use crate::head_lock::{HeadLock, HeadLockError};
use crate::key_folder::{KeyFolder, KeyFolderError};
use crate::key_ring::KeyRing;
use crate::log::{LogError, LogReader, Recovered, SegmentLog};
use crate::sealed::{SEALED_BYTES, SealedError, SealedStore};
use crate::segment::{Frame, Frames, HEADER_BYTES, Kind, Slot};
use crate::signature::{Purpose, SigningKey};
use crate::time::Time;
use crate::writer::{Checkpoints, Entropy, Head, Parts, Writer};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a file of checkpoints when it is made.
const CHECKPOINT_BYTES: u64 = 256 << 10;

/// Where everything of a ledger is kept.
#[derive(Clone)]
pub struct Folders {
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// Log, sealed payloads, checkpoints, index.
    pub data: PathBuf,
    /// Secret keys.
    pub keys: PathBuf,
    /// The head lock.
    pub head_lock: PathBuf,
    /// Bytes of a file of the log, and the most that one of the smaller files may have.
    pub segment_bytes: u64,
}

/// A ledger could not be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The directory cannot be made or read.
    #[error("could not use the data directory `{path}`")]
    Directory {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The directory holds other things.
    #[error(
        "`{path}` holds files and no `genesis.json`; choose an empty directory, or bring the statement back"
    )]
    NotALedger {
        /// Which.
        path: PathBuf,
    },
    /// The genesis statement is wrong.
    #[error("the genesis statement cannot be used")]
    Genesis(#[from] GenesisError),
    /// The log cannot be recovered.
    #[error("the log cannot be opened")]
    Log(#[from] LogError),
    /// The sealed payloads cannot be recovered.
    #[error("the sealed payloads cannot be opened")]
    Sealed(#[from] SealedError),
    /// The checkpoints cannot be recovered.
    #[error("the checkpoints cannot be opened")]
    Checkpoints(#[from] ContainerError),
    /// A secret key is not there.
    #[error("the secret keys cannot be used")]
    Keys(#[from] KeyFolderError),
    /// The head lock objects.
    #[error("the head lock objects")]
    HeadLock(#[from] HeadLockError),
}

/// An opened ledger that nobody writes to yet.
pub struct Store {
    place: Place,
    genesis: Genesis,
    log: SegmentLog,
    recovered: Recovered,
    folders: Folders,
    keys: KeyFolder,
    head_lock: HeadLock,
    entropy: Entropy,
}

impl Store {
    /// Opens a ledger, or makes one in an empty directory. What an interrupted write left is set aside.
    pub fn open(folders: Folders, now: Time, mut entropy: Entropy) -> Result<Self, OpenError> {
        let keys = KeyFolder::new(Arc::clone(&folders.disk), &folders.keys);
        create_dir_lasting(folders.disk.as_ref(), &folders.data)
            .map_err(|cause| OpenError::Directory { path: folders.data.clone(), cause })?;
        let genesis = match read_genesis(&folders)? {
            Some(genesis) => genesis,
            None => create(&folders, &keys, now, &mut entropy)?,
        };
        let place =
            Place { disk: Arc::clone(&folders.disk), root: folders.data.clone(), genesis: genesis.hash() };
        let head_lock = HeadLock::new(Arc::clone(&folders.disk), folders.head_lock.clone());
        let (log, recovered) = SegmentLog::open(&place, folders.segment_bytes)?;
        if let Some(locked) = head_lock.size()?.filter(|locked| *locked > recovered.size) {
            let path = head_lock.path().to_path_buf();
            return Err(HeadLockError::Behind { path, size: recovered.size, locked }.into());
        }
        Ok(Self { place, genesis, log, recovered, folders, keys, head_lock, entropy })
    }

    /// The genesis statement.
    pub fn genesis(&self) -> &Genesis {
        &self.genesis
    }

    /// What the log held.
    pub fn recovered(&self) -> &Recovered {
        &self.recovered
    }

    /// A reader of the log.
    pub fn reader(&self) -> LogReader {
        self.log.reader()
    }

    /// The head lock.
    pub fn head_lock(&self) -> &HeadLock {
        &self.head_lock
    }

    /// The data directory and its disk.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The secret under which digests of commands are made.
    pub fn digest_key(&mut self) -> Result<Zeroizing<[u8; 32]>, KeyFolderError> {
        let mut fresh = Zeroizing::new([0; 32]);
        (self.entropy)(fresh.as_mut());
        self.keys.digest_key(&fresh)
    }

    /// The writer, at the end of the log and with the keys in force there.
    pub fn into_writer(self, head: Head, ring: KeyRing) -> Result<Writer, OpenError> {
        let (expected, size) = (head.size(), self.log.size());
        if expected != size {
            return Err(LogError::Moved { expected, size }.into());
        }
        let segment_bytes = self.folders.segment_bytes;
        let sealed = SealedStore::open(&self.place, segment_bytes.min(SEALED_BYTES), size)?;
        let checkpoints = open_checkpoints(&self.place, segment_bytes.min(CHECKPOINT_BYTES))?;
        self.head_lock.make_folder()?;
        let Self { place, genesis, log, keys, head_lock, entropy, .. } = self;
        let parts = Parts { place, genesis, log, sealed, checkpoints, keys, head_lock, entropy };
        Ok(Writer::new(parts, head, ring)?)
    }

    /// Where everything is.
    pub fn folders(&self) -> &Folders {
        &self.folders
    }
}

fn read_genesis(folders: &Folders) -> Result<Option<Genesis>, OpenError> {
    match read_whole(folders.disk.as_ref(), &folders.data.join(genesis::FILE), genesis::BYTES_MAX) {
        Ok(text) => Ok(Some(Genesis::parse(&text)?)),
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(cause) => Err(OpenError::Directory { path: folders.data.clone(), cause }),
    }
}

/// Makes keys, then the statement that names them. An interruption leaves at most keys that nobody uses.
fn create(
    folders: &Folders,
    keys: &KeyFolder,
    now: Time,
    entropy: &mut Entropy,
) -> Result<Genesis, OpenError> {
    let fail = |cause| OpenError::Directory { path: folders.data.clone(), cause };
    if folders.disk.list(&folders.data).map_err(fail)?.iter().any(|name| name == "log" || name == "sealed") {
        return Err(OpenError::NotALedger { path: folders.data.clone() });
    }
    let mut seed = || {
        let mut seed = Zeroizing::new([0; 32]);
        entropy(seed.as_mut());
        SigningKey::from_seed(&seed)
    };
    let (events, checkpoints) = (seed(), seed());
    let mut random = [0; 10];
    entropy(&mut random);
    let ledger = LedgerId::from_bytes(uuid_v7(now, random));
    keys.keep(ledger, Purpose::Events, &events)?;
    keys.keep(ledger, Purpose::Checkpoints, &checkpoints)?;
    let genesis = Genesis::new(ledger, *events.public(), *checkpoints.public())?;
    replace(folders.disk.as_ref(), &folders.data.join(genesis::FILE), genesis.text()).map_err(fail)?;
    Ok(genesis)
}

fn open_checkpoints(place: &Place, segment_bytes: u64) -> Result<Checkpoints, ContainerError> {
    let mut container = Container::open(place.clone(), Kind::Checkpoints, segment_bytes)?;
    let mut newest = Vec::new();
    if let Some(last) = place.firsts(Kind::Checkpoints)?.last() {
        let bytes = place.read(Kind::Checkpoints, *last)?;
        let mut frames = Frames::of(Kind::Checkpoints, &bytes);
        let mut end = frames.offset();
        while let Some((_, slot)) = frames.next() {
            if let Slot::Frame(Frame::Checkpoint { note }) = slot {
                end = frames.offset();
                newest = note.to_vec();
            }
        }
        container.resume(*last, HEADER_BYTES, bytes.get(HEADER_BYTES..end).unwrap_or_default())?;
        let tail = bytes.get(end..).unwrap_or_default();
        if let Some(used) = tail.iter().rposition(|byte| *byte != 0) {
            container.set_aside(tail.get(..=used).unwrap_or_default())?;
        }
    }
    Ok(Checkpoints { container, newest })
}
