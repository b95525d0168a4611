//! The index beside the log: what makes reading fast and can be made again.
//!
//! It lives in sled, behind the log and never on the way to an acknowledgement. Events go there in whole blocks of 4,096, sorted into
//! tables (`table.rs`); those after the last block are in memory (`tail.rs`) and are read from the log again after a restart. The position
//! is written after what it stands for, so a crash leaves the index at some earlier block; on any doubt it is thrown away and built
//! again from the log. It knows: the position of each command id, positions by actor, object, type and outcome, the hashes of the
//! tree, and snapshots of the state.

use crate::event::Event;
use crate::event::id::LedgerId;
use crate::hash::Hash;
use crate::log::Record;
use crate::merkle::leaf_hash;
use entry::{Key, add_entries};
use filter::Filter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use table::{Search, Table};
use tail::Tail;
use thiserror::Error;

mod entry;
mod filter;
mod page;
mod snapshots;
mod table;
mod tail;
mod tree;

pub use snapshots::StoredSnapshot;

/// Memory that sled may use for its cache; its own default is a gigabyte.
const CACHE_BYTES: u64 = 16 << 20;
/// Version of the index's own layout; another one is rebuilt.
const LAYOUT: u8 = 2;
/// How many events make a block, and are best added at once.
pub const BATCH_MAX: u64 = 4_096;

/// The folder of what events are found by, in the folder of the index.
const ENTRIES: &str = "entries";
/// The folder of the snapshots, in the folder of the index.
const SNAPSHOTS: &str = "snapshots";

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
    /// The folder cannot be made or listed.
    #[error("could not make the index `{path}`")]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
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
    /// How it ended: `done`, `refused` or `failed`.
    Outcome,
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
        Self::of_text(&actor_text(actor), request.as_str())
    }

    fn of_text(actor: &str, request: &str) -> Self {
        let Hash([key @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _]) =
            Hash::in_context("deed/command-key/v1", &[actor.as_bytes(), b"\0", request.as_bytes()]);
        Self(key)
    }
}

/// The text by which an actor and its commands are found.
pub fn actor_text(actor: &crate::event::Actor) -> String {
    use crate::event::Actor;
    match actor {
        Actor::System => "system".to_owned(),
        Actor::Operator => "operator".to_owned(),
        Actor::Anonymous(_) => "anonymous".to_owned(),
        Actor::Subject(subject, _) => subject.to_string(),
        Actor::Delegate(delegate) => delegate.program.to_string(),
    }
}

/// Every text by which an actor is found: a program that acts for a person, by that person too.
pub fn actor_texts(actor: &crate::event::Actor) -> impl Iterator<Item = String> {
    let person = actor.person_behind().map(|person| person.to_string());
    [actor_text(actor)].into_iter().chain(person)
}

/// The index. Any number of threads may read; one adds.
pub struct Index {
    folder: PathBuf,
    db: sled::Db,
    /// How many events are in the index, those in the tail included.
    position: AtomicU64,
    filter: Filter,
    /// Replaced by the thread that adds; held only for as long as that takes, or taking a copy of the pointer.
    tail: Mutex<Arc<Tail>>,
    /// One at a time writes or reads snapshots.
    snapshots: Mutex<()>,
}

impl Index {
    /// Opens the index of a ledger; one that is damaged, of another ledger or of another layout is thrown away and begun again.
    pub fn open(folder: &Path, ledger: LedgerId) -> Result<Self, IndexError> {
        if has_another_layout(folder) {
            Self::remove(folder)?;
        }
        match until_unlocked(|| Self::open_as_is(folder, ledger)) {
            Ok(index) => Ok(index),
            Err(cause) if is_locked(&cause) => Err(IndexError::InUse { path: folder.to_path_buf() }),
            Err(_) => {
                Self::remove(folder)?;
                Self::open_as_is(folder, ledger)
            }
        }
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
        make_private(folder)?;
        guard(|| {
            let db = database(&folder.join(ENTRIES), CACHE_BYTES, Some(1_000))?;
            let position = Self::read_position(&db, ledger)?;
            let blocks = position / BATCH_MAX;
            table::remove_leftovers(&db, blocks)?;
            Ok(Self {
                folder: folder.to_path_buf(),
                db,
                position: AtomicU64::new(position),
                filter: Filter::new(position == 0),
                tail: Mutex::new(Arc::new(Tail::behind(blocks))),
                snapshots: Mutex::new(()),
            })
        })
    }

    fn read_position(db: &sled::Db, ledger: LedgerId) -> Result<u64, IndexError> {
        let mut identity = vec![LAYOUT];
        identity.extend_from_slice(ledger.as_bytes());
        match db.get(key(b'i', &[]))? {
            Some(found) if *found == *identity => {
                let position = db.get(key(b'p', &[]))?.ok_or(IndexError::Damaged)?;
                let position = position.as_ref().try_into().map(u64::from_be_bytes);
                position.ok().filter(|position| position.is_multiple_of(BATCH_MAX)).ok_or(IndexError::Damaged)
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

    /// How many events are in the index. When it is opened again, that many or a little fewer.
    pub fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// Adds events, which must begin at the index's position. After an error the position says how many were taken.
    pub fn add(&self, records: &[Record]) -> Result<(), IndexError> {
        if records.first().is_some_and(|first| first.seq != self.position()) {
            return Err(IndexError::Damaged);
        }
        let mut rest = records;
        while !rest.is_empty() {
            // A block that could not be stored is stored now, before anything is added.
            self.store_if_complete()?;
            let (now, later) = rest.split_at(self.tail().room().min(rest.len()));
            self.add_to_tail(now);
            rest = later;
        }
        self.store_if_complete()
    }

    fn add_to_tail(&self, records: &[Record]) {
        let mut entries = Vec::with_capacity(records.len() * 5);
        for record in records {
            add_entries(&record.leaf, record.seq, &mut entries);
        }
        entries.iter().filter(|entry| entry.key.is_command()).for_each(|entry| self.filter.add(entry.key));
        let hashes: Vec<Hash> = records.iter().map(|record| leaf_hash(&record.leaf)).collect();
        let mut held = self.hold_tail();
        let tail = Arc::make_mut(&mut held);
        tail.entries.extend(entries);
        tail.hashes.extend(hashes);
        drop(held);
        self.position.fetch_add(records.len() as u64, Ordering::Release);
    }

    /// Stores the tail when it has become a block, and merges the tables that this completes.
    ///
    /// Each step may be repeated, and the position is written after all that it stands for.
    fn store_if_complete(&self) -> Result<(), IndexError> {
        let tail = self.tail();
        if tail.room() > 0 {
            return Ok(());
        }
        let result = guard(|| {
            let mut entries = tail.entries.clone();
            entries.sort_unstable();
            let merged = table::store(&self.db, tail.blocks, &entries)?;
            tree::add(&self.db, tail.first(), &tail.hashes)?;
            let next = Tail::behind(tail.blocks + 1);
            self.db.insert(key(b'p', &[]), &next.first().to_be_bytes())?;
            *self.hold_tail() = Arc::new(next);
            // Whoever reads them still will notice, and look again.
            merged.into_iter().flat_map(Table::parts).try_for_each(|part| table::remove(&self.db, part))
        });
        self.noticed(result)
    }

    fn tail(&self) -> Arc<Tail> {
        Arc::clone(&self.hold_tail())
    }

    fn hold_tail(&self) -> MutexGuard<'_, Arc<Tail>> {
        self.tail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fills the filter that tells new command ids at once. Until then each look goes to sled. For the thread that adds.
    pub fn warm(&self) -> Result<(), IndexError> {
        let result = guard(|| {
            let mut tables = table::tables(self.tail().blocks);
            tables.try_for_each(|table| table::commands(&self.db, table, |key| self.filter.add(key)))
        });
        self.noticed(result)?;
        self.filter.is_filled();
        Ok(())
    }

    /// An event of a command, among those in the index. Neighbours belong to it too.
    pub fn command(&self, command: CommandKey) -> Result<Option<u64>, IndexError> {
        let key = Key::command(command);
        if !self.filter.may_have(key) {
            return Ok(None);
        }
        let found = self.descend(Search { key, from: 0, upto: u64::MAX, count_max: 1 })?;
        Ok(found.first().copied())
    }

    /// Positions below `upto` and from `from` on at which the facet has this text, ascending, at most `count_max`.
    pub fn positions(
        &self,
        (facet, text): (Facet, &str),
        from: u64,
        upto: u64,
        count_max: usize,
    ) -> Result<Vec<u64>, IndexError> {
        let search = Search { key: Key::facet(facet, text), from, upto, count_max };
        self.look(|tail| {
            let mut found = Vec::new();
            for table in table::tables(tail.blocks) {
                search.ascend(&self.db, table, &mut found)?;
            }
            tail.ascend(search, &mut found);
            Ok(found)
        })
    }

    /// The same from the other end: descending, the newest first.
    pub fn newest_positions(
        &self,
        (facet, text): (Facet, &str),
        from: u64,
        upto: u64,
        count_max: usize,
    ) -> Result<Vec<u64>, IndexError> {
        self.descend(Search { key: Key::facet(facet, text), from, upto, count_max })
    }

    fn descend(&self, search: Search) -> Result<Vec<u64>, IndexError> {
        self.look(|tail| {
            let mut found = Vec::new();
            tail.descend(search, &mut found);
            for table in table::tables(tail.blocks).rev() {
                search.descend(&self.db, table, &mut found)?;
            }
            Ok(found)
        })
    }

    /// Looks at the tables and the tail. When the tables are merged meanwhile, pages are missing, and one looks again.
    fn look<T>(&self, look: impl Fn(&Tail) -> Result<T, IndexError>) -> Result<T, IndexError> {
        loop {
            let tail = self.tail();
            let result = guard(|| look(&tail));
            if result.is_ok() || self.tail().blocks == tail.blocks {
                return self.noticed(result);
            }
        }
    }

    /// A damaged index is thrown away when it is opened next.
    fn noticed<T>(&self, result: Result<T, IndexError>) -> Result<T, IndexError> {
        if matches!(result, Err(IndexError::Damaged)) {
            // What was found out counts, whether or not it can be noted.
            drop(self.distrust());
        }
        result
    }

    /// The hash of the complete subtree number `n` of `2^level` leaves.
    pub fn hash(&self, level: u8, n: u64) -> Result<Hash, IndexError> {
        // A subtree lies before the tail or in it: both begin at multiples of its size, or it is not complete.
        match self.tail().hash(level, n) {
            Some(hash) => Ok(hash),
            None => guard(|| tree::hash(&self.db, level, n)),
        }
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

fn database(folder: &Path, cache_bytes: u64, flush_every_ms: Option<u64>) -> Result<sled::Db, IndexError> {
    let config = sled::Config::new().path(folder).cache_capacity(cache_bytes).flush_every_ms(flush_every_ms);
    Ok(config.open()?)
}

/// Whether a folder holds something else than an index of this layout does.
fn has_another_layout(folder: &Path) -> bool {
    let Ok(mut entries) = std::fs::read_dir(folder) else { return false };
    entries
        .any(|entry| entry.is_ok_and(|entry| entry.file_name() != ENTRIES && entry.file_name() != SNAPSHOTS))
}

/// Makes a folder that its owner alone may enter; one that exists becomes such a folder.
fn make_private(folder: &Path) -> Result<(), IndexError> {
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
    let fail = |cause| IndexError::Make { path: folder.to_path_buf(), cause };
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(fail)?;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(fail)
}

/// Lets every other thread of the machine go first: for the thread that adds, which nobody waits for. Whether the system obliged.
pub fn stand_back() -> bool {
    use thread_priority::{NormalThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy};
    let idle = ThreadSchedulePolicy::Normal(NormalThreadSchedulePolicy::Idle);
    let this = thread_priority::thread_native_id();
    thread_priority::set_thread_priority_and_policy(this, ThreadPriority::Min, idle).is_ok()
}

/// Tries again for a while what fails because somebody has the files open.
fn until_unlocked<T>(mut open: impl FnMut() -> Result<T, IndexError>) -> Result<T, IndexError> {
    for _ in 1..LETS_GO_TRIES {
        match open() {
            Err(cause) if is_locked(&cause) => std::thread::sleep(LETS_GO_PAUSE),
            result => return result,
        }
    }
    open()
}

fn is_locked(cause: &IndexError) -> bool {
    matches!(cause, IndexError::Sled(sled::Error::Io(cause)) if cause.to_string().contains(LOCKED))
}

fn key(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = vec![kind];
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}
