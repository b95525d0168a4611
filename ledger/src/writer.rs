//! The writer: gives drafts their place, chains, seals, signs and stores them, and signs checkpoints.
//!
//! [`Writer::stage`] makes events out of drafts, one after another; [`Writer::commit`] signs what was staged on all cores, writes it
//! as one group and syncs once. [`Writer::abandon`] forgets what was staged. The writer reads no clock and no randomness but what it is given.

use crate::bucket::{Binding, BucketError, Buckets, NONCE_BYTES};
use crate::checkpoint::{Checkpoint, SignedCheckpoint};
use crate::container::{Container, Place};
use crate::disk::replace;
use crate::event::custody::{Custody, KeyRotated};
use crate::event::id::{EventId, uuid_v7};
use crate::event::{Actor, Assurance, Event, Fact, Origin, SealedEntry};
use crate::genesis::Genesis;
use crate::hash::{Hash, to_base64};
use crate::head_lock::HeadLock;
use crate::key_folder::{KeyFolder, KeyFolderError};
use crate::key_ring::KeyRing;
use crate::log::{GROUP_BYTES_MAX, LogReader, NewEvent, SegmentLog};
use crate::merkle::{Frontier, leaf_hash};
use crate::note::{KeyId, Signer};
use crate::receipt::ReceiptEvent;
use crate::sealed::{PLAIN_BYTES_MAX, SealedPayload, SealedReader, SealedStore, commit as commitment};
use crate::segment::{Frame, TooLong};
use crate::signature::{Purpose, Signature, SigningKey, event_message};
use crate::time::Time;
use signing::Signing;
use std::collections::HashMap;
use std::sync::Arc;
use zeroize::Zeroizing;

mod error;
mod signing;

pub use error::WriterError;

/// Events of a group: bounds what one sync carries and how long its last event waits for its signature.
pub const GROUP_EVENTS_MAX: usize = 1_024;

/// Where randomness comes from.
pub type Entropy = Box<dyn FnMut(&mut [u8]) + Send>;

/// What is to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Who did it.
    pub actor: Actor,
    /// The event that led to it.
    pub cause: Option<EventId>,
    /// What happened.
    pub fact: Fact,
    /// Where the command came from.
    pub origin: Origin,
    /// What is to be sealed beside it, in ascending order of name.
    pub payloads: Vec<PlainPayload>,
}

/// A payload before it is sealed. It can be made and sealed, but nobody can decide by it: it has no way to look inside.
#[derive(Clone, PartialEq, Eq)]
pub struct PlainPayload {
    name: Box<str>,
    class: Box<str>,
    bucket: Box<str>,
    plain: Zeroizing<Vec<u8>>,
}

impl PlainPayload {
    /// Profile data of a subject, under the subject's own key.
    pub fn profile(subject: crate::event::Subject, plain: Vec<u8>) -> Self {
        let plain = Zeroizing::new(plain);
        Self { name: "profile".into(), class: "profile".into(), bucket: subject.to_string().into(), plain }
    }

    /// What the build of a workspace said, under the workspace's own key.
    pub fn build_log(workspace: crate::event::id::WorkspaceId, plain: Vec<u8>) -> Self {
        let plain = Zeroizing::new(plain);
        Self {
            name: "build_log".into(),
            class: "content".into(),
            bucket: workspace.to_string().into(),
            plain,
        }
    }
}

impl std::fmt::Debug for PlainPayload {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "PlainPayload({}, {} bytes)", self.name, self.plain.len())
    }
}

/// The end of the log: what the next event is chained to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The tree over all events before.
    pub frontier: Frontier,
    /// Leaf hash of the last event, or the hash of the genesis statement.
    pub hash: Hash,
    /// When the last event was recorded.
    pub time: Time,
}

impl Head {
    /// The end of an empty log.
    pub fn genesis(genesis: &Genesis) -> Self {
        Self { frontier: Frontier::default(), hash: genesis.hash(), time: Time::default() }
    }

    /// How many events come before.
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    /// Moves past an event.
    pub fn advance(&mut self, hash: Hash, time: Time) {
        self.frontier.push(hash);
        self.hash = hash;
        self.time = time;
    }
}

struct Staged {
    leaf: Vec<u8>,
    hash: Hash,
    key: Arc<EventKey>,
    id: EventId,
    kind: &'static str,
}

/// The folder of checkpoints, with the note that was stored there last.
pub(crate) struct Checkpoints {
    pub(crate) container: Container,
    pub(crate) newest: Vec<u8>,
}

/// The keys in force after what was staged.
#[derive(Clone)]
struct Keys {
    ring: KeyRing,
    event_key: Arc<EventKey>,
}

/// A place in the group being staged.
pub struct Mark {
    staged: usize,
    staged_bytes: usize,
    payloads: usize,
    next: Head,
    keys: Keys,
    keys_before: Option<Keys>,
}

/// The secret that signs events, with its id.
struct EventKey {
    secret: SigningKey,
    id: KeyId,
}

/// What a writer is made of; see [`crate::store::Store`].
pub(crate) struct Parts {
    pub(crate) place: Place,
    pub(crate) genesis: Genesis,
    pub(crate) log: SegmentLog,
    pub(crate) sealed: SealedStore,
    pub(crate) checkpoints: Checkpoints,
    pub(crate) keys: KeyFolder,
    pub(crate) head_lock: HeadLock,
    pub(crate) entropy: Entropy,
}

/// The one writer of a ledger.
pub struct Writer {
    parts: Parts,
    buckets: Arc<Buckets>,
    keys: Keys,
    /// The keys before the first rotation that is staged.
    keys_before: Option<Keys>,
    checkpoint_key: Signer,
    /// The end of what is synced.
    head: Head,
    /// The end of what is staged.
    next: Head,
    staged: Vec<Staged>,
    staged_bytes: usize,
    signing: Signing,
    payloads: Vec<SealedPayload>,
    broken: bool,
}

impl Writer {
    pub(crate) fn new(parts: Parts, head: Head, ring: KeyRing) -> Result<Self, KeyFolderError> {
        let event_key = event_key(&parts.keys, &ring)?;
        let checkpoint_key = checkpoint_key(&parts.keys, &ring, head.size())?;
        let buckets = Buckets::new(Arc::clone(&parts.place.disk), parts.keys.buckets());
        let buckets = Arc::new(buckets);
        let next = head.clone();
        let (staged, payloads) = (Vec::new(), Vec::new());
        Ok(Self {
            parts,
            buckets,
            keys: Keys { ring, event_key },
            keys_before: None,
            checkpoint_key,
            head,
            next,
            staged,
            staged_bytes: 0,
            signing: Signing::new(),
            payloads,
            broken: false,
        })
    }

    /// The end of what is synced.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// The end of what is staged.
    pub fn next(&self) -> &Head {
        &self.next
    }

    /// How many events are staged.
    pub fn staged(&self) -> usize {
        self.staged.len()
    }

    /// Whether the group is as large as it may get. The rest of one command still fits.
    pub fn is_full(&self) -> bool {
        self.staged.len() >= GROUP_EVENTS_MAX || self.staged_bytes >= GROUP_BYTES_MAX / 2
    }

    /// A reader of what is sealed.
    pub fn sealed_reader(&self) -> SealedReader {
        let Parts { place, genesis, .. } = &self.parts;
        SealedReader::new(place.clone(), Arc::clone(&self.buckets), &genesis.ledger().to_string())
    }

    /// A reader of what is synced.
    pub fn reader(&self) -> LogReader {
        self.parts.log.reader()
    }

    /// The genesis statement.
    pub fn genesis(&self) -> &Genesis {
        &self.parts.genesis
    }

    /// The keys in force, staged rotations included.
    pub fn ring(&self) -> &KeyRing {
        &self.keys.ring
    }

    /// Id of the key that will sign the event staged next.
    pub fn event_key_id(&self) -> KeyId {
        self.keys.event_key.id
    }

    /// Gives a draft its place after what was staged before. It counts after [`Writer::commit`]. After an error the draft is not staged.
    pub fn stage(&mut self, now: Time, draft: Draft) -> Result<Event, WriterError> {
        self.check()?;
        if draft.payloads.iter().any(|payload| payload.plain.len() > PLAIN_BYTES_MAX) {
            return Err(TooLong.into());
        }
        let time = now.max(self.next.time);
        let seq = self.next.size();
        let mut random = [0; 10];
        (self.parts.entropy)(&mut random);
        let payloads =
            draft.payloads.iter().map(|plain| self.seal(seq, plain)).collect::<Result<Vec<_>, _>>()?;
        let event = Event {
            actor: draft.actor,
            assurance: Assurance::Enforced,
            cause: draft.cause,
            epoch: 0,
            fact: draft.fact,
            id: EventId::from_bytes(uuid_v7(time, random)),
            ledger: self.parts.genesis.ledger(),
            origin: draft.origin,
            prev: self.next.hash,
            sealed: payloads.iter().map(|(entry, _)| entry.clone()).collect(),
            seq,
            time,
        };
        let leaf = event.encode()?;
        let hash = leaf_hash(&leaf);
        let (kind, _) = event.fact.name();
        let key = Arc::clone(&self.keys.event_key);
        self.follow_rotation(&event)?;
        self.next.advance(hash, time);
        self.staged_bytes += leaf.len();
        for (_, payload) in payloads {
            self.staged_bytes += payload.ciphertext.len();
            self.payloads.push(payload);
        }
        self.signing.add(hash, Arc::clone(&key));
        self.staged.push(Staged { leaf, hash, key, id: event.id, kind });
        Ok(event)
    }

    /// What is staged so far, to come back to when a command of several events fails half way.
    pub fn mark(&self) -> Mark {
        let Self { staged, staged_bytes, payloads, next, keys, keys_before, .. } = self;
        Mark {
            staged: staged.len(),
            staged_bytes: *staged_bytes,
            payloads: payloads.len(),
            next: next.clone(),
            keys: keys.clone(),
            keys_before: keys_before.clone(),
        }
    }

    /// Forgets what was staged since the mark, which must be of the group being staged.
    pub fn rewind(&mut self, mark: Mark) {
        self.staged.truncate(mark.staged);
        self.staged_bytes = mark.staged_bytes;
        self.payloads.truncate(mark.payloads);
        self.next = mark.next;
        self.keys = mark.keys;
        self.keys_before = mark.keys_before;
    }

    fn check(&self) -> Result<(), WriterError> {
        if self.broken { Err(WriterError::Broken) } else { Ok(()) }
    }

    fn seal(&mut self, seq: u64, plain: &PlainPayload) -> Result<(SealedEntry, SealedPayload), BucketError> {
        let (mut nonce, mut salt, mut fresh) = ([0; NONCE_BYTES], [0; 32], Zeroizing::new([0; 32]));
        (self.parts.entropy)(&mut nonce);
        (self.parts.entropy)(&mut salt);
        (self.parts.entropy)(fresh.as_mut());
        let ledger = self.parts.genesis.ledger().to_string();
        let binding =
            Binding { ledger: &ledger, bucket: &plain.bucket, class: &plain.class, name: &plain.name };
        let ciphertext = self.buckets.seal(binding, &plain.plain, nonce, &fresh)?;
        let entry = SealedEntry {
            bytes: ciphertext.len() as u64,
            class: plain.class.clone(),
            commit: commitment(&salt, &ciphertext),
            name: plain.name.clone(),
        };
        let (name, bucket) = (plain.name.to_string(), plain.bucket.to_string());
        Ok((entry, SealedPayload { seq, name, bucket, salt, ciphertext }))
    }

    /// Signs, stores and syncs what was staged. What is returned is lasting, in the order of staging.
    ///
    /// After an error nothing is staged any more. When the error may not be retried, the writer takes nothing more.
    pub fn commit(&mut self) -> Result<Vec<ReceiptEvent>, WriterError> {
        self.check()?;
        let stored = self.store();
        if stored.is_err() {
            self.abandon();
        }
        self.or_break(stored)
    }

    /// Takes nothing more after an error that leaves doubt.
    fn or_break<T>(&mut self, done: Result<T, WriterError>) -> Result<T, WriterError> {
        self.broken |= done.as_ref().is_err_and(WriterError::leaves_doubt);
        done
    }

    fn store(&mut self) -> Result<Vec<ReceiptEvent>, WriterError> {
        if !self.payloads.is_empty() {
            self.buckets.make_lasting()?;
        }
        self.parts.sealed.append(&self.payloads)?;
        let expected = self.head.size();
        let staged = std::mem::take(&mut self.staged);
        let names: Vec<_> = staged.iter().map(|staged| (staged.id, staged.kind)).collect();
        let signatures = std::mem::replace(&mut self.signing, Signing::new()).finish();
        let group = with_signatures(staged, &signatures);
        if let Err(cause) = self.parts.log.append(expected, &group) {
            if cause.may_retry() {
                self.parts.sealed.take_back()?;
            }
            return Err(cause.into());
        }
        self.payloads.clear();
        self.staged_bytes = 0;
        self.head = self.next.clone();
        self.keys_before = None;
        let receipt = |((seq, event), (id, kind)): ((u64, &NewEvent), (EventId, &'static str))| {
            ReceiptEvent { id, leaf_hash: event.hash, seq, signature: event.signature, kind: kind.into() }
        };
        Ok((expected..).zip(&group).zip(names).map(receipt).collect())
    }

    /// Forgets what was staged.
    pub fn abandon(&mut self) {
        self.staged.clear();
        self.signing = Signing::new();
        self.staged_bytes = 0;
        self.payloads.clear();
        self.next = self.head.clone();
        if let Some(keys) = self.keys_before.take() {
            self.keys = keys;
        }
    }

    /// Signs a checkpoint over everything that is synced, and puts it beside the log and into the head lock.
    pub fn checkpoint(&mut self) -> Result<SignedCheckpoint, WriterError> {
        self.check()?;
        let (size, root) = (self.head.size(), self.head.frontier.root());
        if self.keys.ring.checkpoint_key(size) != self.checkpoint_key.verifier() {
            self.checkpoint_key = checkpoint_key(&self.parts.keys, &self.keys.ring, size)?;
        }
        let signed = SignedCheckpoint::sign(
            Checkpoint::new(self.parts.genesis.origin(), size, root)?,
            &self.checkpoint_key,
        )?;
        let note = signed.to_string();
        let kept = self.keep_checkpoint(size, note.as_bytes());
        self.or_break(kept)?;
        let path = self.parts.place.root.join("checkpoint");
        replace(self.parts.place.disk.as_ref(), &path, note.as_bytes())
            .map_err(|cause| WriterError::Newest { path, cause })?;
        self.parts.head_lock.write(&signed)?;
        Ok(signed)
    }

    /// Stores a checkpoint among the others, unless it is the last of them already.
    fn keep_checkpoint(&mut self, size: u64, note: &[u8]) -> Result<(), WriterError> {
        let Checkpoints { container, newest } = &mut self.parts.checkpoints;
        if newest == note {
            return Ok(());
        }
        let mut frame = Vec::new();
        Frame::Checkpoint { note }.write(&mut frame)?;
        container.append(size, &frame)?;
        container.sync()?;
        *newest = note.to_vec();
        Ok(())
    }

    /// A draft's fact for a rotation to a new key, to be staged next. The secret is kept in the key folder first.
    pub fn rotation(&mut self, purpose: Purpose, new: &SigningKey) -> Result<KeyRotated, WriterError> {
        let key = self.parts.keys.keep(self.parts.genesis.ledger(), purpose, new)?;
        let proof = new.sign(&self.keys.ring.message(purpose, self.next.size(), &key));
        Ok(KeyRotated { key: key.to_string().into(), proof: to_base64(&proof.0).into(), purpose })
    }

    /// Destroys payloads and their key, which an event in the log has named.
    pub fn destroy(&mut self, bucket: &str, payloads: &[(u64, String)]) -> Result<(), WriterError> {
        self.check()?;
        self.buckets.destroy(bucket)?;
        Ok(self.parts.sealed.erase(payloads)?)
    }

    fn follow_rotation(&mut self, event: &Event) -> Result<(), WriterError> {
        if let Fact::Custody(Custody::KeyRotated(rotated)) = &event.fact {
            let mut ring = self.keys.ring.clone();
            ring.rotate(event.seq, rotated)?;
            // The secret of a new checkpoint key is read here too, so that it is missed before the event counts.
            checkpoint_key(&self.parts.keys, &ring, u64::MAX)?;
            let event_key = event_key(&self.parts.keys, &ring)?;
            let before = std::mem::replace(&mut self.keys, Keys { ring, event_key });
            self.keys_before.get_or_insert(before);
        }
        Ok(())
    }
}

fn event_key(keys: &KeyFolder, ring: &KeyRing) -> Result<Arc<EventKey>, KeyFolderError> {
    let verifier = ring.event_key(u64::MAX);
    let secret = keys.signing_key(Purpose::Events, verifier)?;
    Ok(Arc::new(EventKey { secret, id: verifier.id() }))
}

/// The key that signs a checkpoint of a size.
fn checkpoint_key(keys: &KeyFolder, ring: &KeyRing, size: u64) -> Result<Signer, KeyFolderError> {
    let key = ring.checkpoint_key(size);
    Ok(Signer::new(key.name(), keys.signing_key(Purpose::Checkpoints, key)?)?)
}

/// A group with its signatures; one that is missing is made here.
fn with_signatures(staged: Vec<Staged>, signatures: &HashMap<Hash, Signature>) -> Vec<NewEvent> {
    let signed = |staged: Staged| {
        let known = signatures.get(&staged.hash).copied();
        let signature = known.unwrap_or_else(|| staged.key.secret.sign(&event_message(&staged.hash)));
        NewEvent { leaf: staged.leaf, hash: staged.hash, signature, key: staged.key.id.0 }
    };
    staged.into_iter().map(signed).collect()
}
