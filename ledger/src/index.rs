//! The index beside the log: what makes reading fast and can be made again.
//!
//! It lives in sled, behind the log and never on the way to an acknowledgement. Every batch carries the position it brings the index
//! to, so a crash leaves it at some earlier position; on any doubt it is thrown away and built again from the log. It knows: the
//! position of each command id, positions by actor, object and type, the hashes of the tree, and snapshots of the state.

use crate::event::id::LedgerId;
use crate::event::{Decoded, Event};
use crate::hash::Hash;
use crate::log::Record;
use crate::merkle::{leaf_hash, node_hash};
use filter::Filter;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use thiserror::Error;

mod filter;
mod snapshots;

pub use snapshots::StoredSnapshot;

/// Memory that sled may use for its cache; its own default is a gigabyte.
const CACHE_BYTES: u64 = 16 << 20;
/// Hashes in one stored page of the tree: 2 KiB, well below the size at which sled moves values to files of their own.
const PAGE: u64 = 64;
/// Levels of the tree from one page to the next.
const PAGE_LEVELS: u8 = 6;
/// Version of the index's own layout; another one is rebuilt.
const LAYOUT: u8 = 1;

/// What sled says of an index that another process has open.
const LOCKED: &str = "could not acquire lock";
/// sled lets go of a closed index a little later, on a thread of its own: how often one asks again before somebody else must hold it.
const LETS_GO_TRIES: u32 = 50;
/// And how long one waits in between.
const LETS_GO_PAUSE: std::time::Duration = std::time::Duration::from_millis(20);

/// The index failed. It can be thrown away.
#[derive(Debug, Error)]
pub enum IndexError {
    /// sled failed.
    #[error("the index failed")]
    Sled(#[from] sled::Error),
    /// sled panicked.
    #[error("the index cannot be opened")]
    Panicked,
    /// The folder cannot be removed.
    #[error("could not remove the index `{path}`")]
    Remove {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// Somebody has it open.
    #[error("the index `{path}` is in use; is another server running?")]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// Something is missing or malformed.
    #[error("the index is damaged")]
    Damaged,
}

/// What an event is found by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Facet {
    /// Who did it: the text of the subject, or the actor's kind.
    Actor,
    /// What it is about: the text of the object.
    Object,
    /// Its type.
    Type,
}

/// A command id under the actor who used it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandKey([u8; 16]);

impl CommandKey {
    /// The key of an event's command; `None` when no client asked for it.
    pub fn of(event: &Event) -> Option<Self> {
        event.origin.request.as_ref().map(|request| Self::new(&event.actor, request))
    }

    /// The key of a command id under an actor. A subject's credentials share their command ids.
    pub fn new(actor: &crate::event::Actor, request: &crate::event::id::CommandId) -> Self {
        let actor = actor_text(actor);
        let Hash([key @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]) =
            Hash::in_context("deed/command-key/v1", &[actor.as_bytes(), b"\0", request.as_str().as_bytes()]);
        Self(key)
    }
}

/// The text by which an actor is found.
pub fn actor_text(actor: &crate::event::Actor) -> String {
    use crate::event::Actor;
    match actor {
        Actor::System => "system".to_owned(),
        Actor::Operator => "operator".to_owned(),
        Actor::Anonymous(_) => "anonymous".to_owned(),
        Actor::Subject(subject, _) => subject.to_string(),
    }
}

/// The index. Any number of threads may read; one adds.
pub struct Index {
    db: sled::Db,
    position: AtomicU64,
    filter: Filter,
}

impl Index {
    /// Opens the index of a ledger; one that is damaged, of another ledger or of another layout is thrown away and begun again.
    pub fn open(folder: &Path, ledger: LedgerId) -> Result<Self, IndexError> {
        for _ in 0..LETS_GO_TRIES {
            match Self::open_as_is(folder, ledger) {
                Err(cause) if is_locked(&cause) => std::thread::sleep(LETS_GO_PAUSE),
                Ok(index) => return Ok(index),
                Err(_) => {
                    Self::remove(folder)?;
                    return Self::open_as_is(folder, ledger);
                }
            }
        }
        Err(IndexError::InUse { path: folder.to_path_buf() })
    }

    /// Throws the index away.
    pub fn remove(folder: &Path) -> Result<(), IndexError> {
        match std::fs::remove_dir_all(folder) {
            Err(cause) if cause.kind() != std::io::ErrorKind::NotFound => {
                Err(IndexError::Remove { path: folder.to_path_buf(), cause })
            }
            _ => Ok(()),
        }
    }

    fn open_as_is(folder: &Path, ledger: LedgerId) -> Result<Self, IndexError> {
        guard(|| {
            let config =
                sled::Config::new().path(folder).cache_capacity(CACHE_BYTES).flush_every_ms(Some(1_000));
            let db = config.open()?;
            let position = Self::read_position(&db, ledger)?;
            Ok(Self { db, position: AtomicU64::new(position), filter: Filter::new(position == 0) })
        })
    }

    fn read_position(db: &sled::Db, ledger: LedgerId) -> Result<u64, IndexError> {
        let mut identity = vec![LAYOUT];
        identity.extend_from_slice(ledger.as_bytes());
        match db.get(key(b'i', &[]))? {
            Some(found) if *found == *identity => {
                let position = db.get(key(b'p', &[]))?.ok_or(IndexError::Damaged)?;
                Ok(u64::from_be_bytes(position.as_ref().try_into().map_err(|_| IndexError::Damaged)?))
            }
            None if db.is_empty() => {
                db.insert(key(b'p', &[]), &0_u64.to_be_bytes())?;
                db.insert(key(b'i', &[]), identity)?;
                Ok(0)
            }
            _ => Err(IndexError::Damaged),
        }
    }

    /// Has the index thrown away when it is opened next, because it does not agree with the log.
    pub fn distrust(&self) -> Result<(), IndexError> {
        guard(|| {
            self.db.remove(key(b'i', &[]))?;
            self.db.flush()?;
            Ok(())
        })
    }

    /// How many events are in the index.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Adds events, which must begin at the index's position.
    pub fn add(&self, records: &[Record]) -> Result<(), IndexError> {
        let Some(first) = records.first() else { return Ok(()) };
        if first.seq != self.position() {
            return Err(IndexError::Damaged);
        }
        let mut batch = sled::Batch::default();
        let mut postings: BTreeMap<(Facet, String), Vec<u64>> = BTreeMap::new();
        let mut commands: BTreeMap<CommandKey, u64> = BTreeMap::new();
        for record in records {
            let Ok(Decoded::Known(event)) = Event::decode(&record.leaf) else { continue };
            if let Some(command) = CommandKey::of(&event) {
                commands.entry(command).or_insert(record.seq);
            }
            for (facet, text) in facets(&event) {
                postings.entry((facet, text)).or_default().push(record.seq);
            }
        }
        for (CommandKey(command), seq) in commands {
            self.filter.add(CommandKey(command));
            batch.insert(key(b'c', &[&command]), &seq.to_be_bytes());
        }
        for ((facet, text), seqs) in postings {
            batch.insert(posting_key(facet, &text, first.seq), join(&seqs));
        }
        let hashes: Vec<Hash> = records.iter().map(|record| leaf_hash(&record.leaf)).collect();
        let position = first.seq + records.len() as u64;
        batch.insert(key(b'p', &[]), &position.to_be_bytes());
        guard(|| {
            self.add_hashes(&mut batch, first.seq, &hashes)?;
            Ok(self.db.apply_batch(batch)?)
        })?;
        self.position.store(position, Ordering::Release);
        Ok(())
    }

    /// Fills the filter that tells new command ids at once. Until then each look goes to sled. For the thread that adds.
    pub fn warm(&self) -> Result<(), IndexError> {
        guard(|| {
            for entry in self.db.scan_prefix(key(b'c', &[])).keys() {
                if let Some(command) = entry?.get(1..).and_then(|command| command.try_into().ok()) {
                    self.filter.add(CommandKey(command));
                }
            }
            Ok(())
        })?;
        self.filter.is_filled();
        Ok(())
    }

    /// An event of a command, among those in the index: its first, or the first in a later batch. Neighbours belong to it too.
    pub fn command(&self, CommandKey(command): CommandKey) -> Result<Option<u64>, IndexError> {
        if !self.filter.may_have(CommandKey(command)) {
            return Ok(None);
        }
        let found = guard(|| Ok(self.db.get(key(b'c', &[&command]))?))?;
        found
            .map(|seq| seq.as_ref().try_into().map(u64::from_be_bytes).map_err(|_| IndexError::Damaged))
            .transpose()
    }

    /// Positions below `upto` and from `from` on at which the facet has this text, ascending, at most `count_max`.
    pub fn positions(
        &self,
        (facet, text): (Facet, &str),
        from: u64,
        upto: u64,
        count_max: usize,
    ) -> Result<Vec<u64>, IndexError> {
        let start = posting_key(facet, text, from.saturating_sub(BATCH_MAX));
        let end = posting_key(facet, text, upto);
        guard(|| {
            let mut found = Vec::new();
            for entry in self.db.range(start..end) {
                let (_, seqs) = entry?;
                found.extend(split(&seqs).filter(|seq| (from..upto).contains(seq)));
                if found.len() >= count_max {
                    break;
                }
            }
            found.truncate(count_max);
            Ok(found)
        })
    }

    /// Adds leaf hashes that begin at `first`, and the hashes of the pages they complete.
    fn add_hashes(&self, batch: &mut sled::Batch, first: u64, hashes: &[Hash]) -> Result<(), IndexError> {
        let mut level = 0;
        let mut start = first;
        let mut added = hashes.to_vec();
        while !added.is_empty() {
            let mut page = start / PAGE;
            let mut entries = self.page(level, page)?;
            entries.truncate(usize::try_from(start % PAGE).unwrap_or(0));
            if entries.len() as u64 != start % PAGE {
                return Err(IndexError::Damaged);
            }
            let first_page = page;
            let mut complete = Vec::new();
            for hash in added {
                entries.push(hash);
                if entries.len() as u64 == PAGE {
                    complete.push(fold(&entries));
                    batch.insert(page_key(level, page), bytes_of(&entries));
                    page += 1;
                    entries.clear();
                }
            }
            if !entries.is_empty() {
                batch.insert(page_key(level, page), bytes_of(&entries));
            }
            level += PAGE_LEVELS;
            start = first_page;
            added = complete;
        }
        Ok(())
    }

    fn page(&self, level: u8, page: u64) -> Result<Vec<Hash>, IndexError> {
        let bytes = guard(|| Ok(self.db.get(page_key(level, page))?))?.unwrap_or_default();
        let (hashes, rest) = bytes.as_chunks::<32>();
        if rest.is_empty() {
            Ok(hashes.iter().copied().map(Hash).collect())
        } else {
            Err(IndexError::Damaged)
        }
    }

    /// The hash of the complete subtree number `n` of `2^level` leaves.
    pub fn hash(&self, level: u8, n: u64) -> Result<Hash, IndexError> {
        let stored = level - level % PAGE_LEVELS;
        let count = 1_u64 << (level - stored);
        let first = n * count;
        let page = self.page(stored, first / PAGE)?;
        let from = usize::try_from(first % PAGE).map_err(|_| IndexError::Damaged)?;
        let upto = from + usize::try_from(count).map_err(|_| IndexError::Damaged)?;
        page.get(from..upto).map(fold).ok_or(IndexError::Damaged)
    }

    /// Writes everything to the files, as far as sled can promise.
    pub fn flush(&self) -> Result<(), IndexError> {
        guard(|| {
            self.db.flush()?;
            Ok(())
        })
    }
}

/// sled may panic on files that it finds damaged, when they are opened and also later.
fn guard<T>(work: impl FnOnce() -> Result<T, IndexError>) -> Result<T, IndexError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(IndexError::Panicked))
}

/// Lets every other thread of the machine go first: for the thread that adds, which nobody waits for. Whether the system obliged.
pub fn stand_back() -> bool {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let this = thread_priority::thread_native_id();
    thread_priority::set_thread_priority_and_policy(this, ThreadPriority::Min, idle).is_ok()
}

/// Most events in one call of [`Index::add`].
pub const BATCH_MAX: u64 = 4_096;

fn is_locked(cause: &IndexError) -> bool {
    matches!(cause, IndexError::Sled(sled::Error::Io(cause)) if cause.to_string().contains(LOCKED))
}

fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![kind];
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

fn page_key(level: u8, page: u64) -> Vec<u8> {
    key(b't', &[&[level], &page.to_be_bytes()])
}

fn posting_key(facet: Facet, text: &str, first: u64) -> Vec<u8> {
    let digest = Hash::of(&[text.as_bytes()]).0;
    let digest = digest.first_chunk::<12>().copied().unwrap_or_default();
    key(b'f', &[&[facet as u8], &digest, &first.to_be_bytes()])
}

fn facets(event: &Event) -> [(Facet, String); 3] {
    [
        (Facet::Actor, actor_text(&event.actor)),
        (Facet::Object, event.fact.object(event.ledger).to_string()),
        (Facet::Type, event.fact.name().0.to_owned()),
    ]
}

fn join(seqs: &[u64]) -> Vec<u8> {
    seqs.iter().flat_map(|seq| seq.to_be_bytes()).collect()
}

fn split(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.as_chunks::<8>().0.iter().map(|seq| u64::from_be_bytes(*seq))
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The root over a power of two of hashes.
fn fold(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.first().copied().unwrap_or(Hash([0; 32]))
}
