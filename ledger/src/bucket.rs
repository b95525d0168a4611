//! Bucket keys: what sealed payloads are encrypted under, in a folder outside backups.
//!
//! Destroying a bucket's key makes all its payloads unreadable, wherever copies of them lie.

mod slots;

use crate::disk::Disk;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use slots::{NotLasting, Place, Slots, key_at};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a nonce, which is stored before the ciphertext.
pub const NONCE_BYTES: usize = 24;
/// The file, in its folder.
const FILE: &str = "keys";

type Key = Zeroizing<[u8; 32]>;

/// A bucket key could not be used.
#[derive(Debug, Error)]
pub enum BucketError {
    /// The file failed.
    #[error("could not use the bucket key `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The keys could not be synced: nobody knows which are on the disk now.
    #[error("could not sync the bucket keys `{path}`; nothing after the last sync counts")]
    Sync {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The key was destroyed, or never was.
    #[error("the key of bucket `{bucket}` no longer exists")]
    Gone {
        /// Which.
        bucket: String,
    },
    /// The ciphertext is not what was sealed.
    #[error("the payload does not open under the key of bucket `{bucket}`")]
    Cipher {
        /// Which.
        bucket: String,
    },
}

/// The keys of buckets. None is kept in memory once it is stored.
pub struct Buckets {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    /// Read when the first key is asked for.
    slots: Mutex<Option<Slots>>,
}

/// What is bound to a payload besides its contents.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The ledger's id.
    pub ledger: &'a str,
    /// Whose payload it is.
    pub bucket: &'a str,
    /// Its class.
    pub class: &'a str,
    /// Its name in the event.
    pub name: &'a str,
}

impl Binding<'_> {
    fn bytes(&self) -> Vec<u8> {
        [self.ledger, self.bucket, self.class, self.name].join("\0").into_bytes()
    }
}

impl Buckets {
    /// Over a folder, which is made when the first key is.
    pub fn new(disk: Arc<dyn Disk>, folder: PathBuf) -> Self {
        Self { disk, path: folder.join(FILE), slots: Mutex::new(None) }
    }

    /// Encrypts under the bucket's key, which is made from `fresh` when there is none. What is sealed may be stored only once
    /// [`Self::make_lasting`] was done.
    pub fn seal(
        &self,
        binding: Binding<'_>,
        plain: &[u8],
        nonce: [u8; NONCE_BYTES],
        fresh: &[u8; 32],
    ) -> Result<Vec<u8>, BucketError> {
        let bucket = binding.bucket;
        let key = match self.key(bucket)? {
            Some(key) => key,
            None => self.with(|slots| {
                let key = Zeroizing::new(*fresh);
                slots.add(bucket, key.clone()).map(|()| key)
            })?,
        };
        let payload = Payload { msg: plain, aad: &binding.bytes() };
        let sealed = XChaCha20Poly1305::new((&*key).into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| BucketError::Cipher { bucket: bucket.to_owned() })?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Makes the keys of all that was sealed last.
    pub fn make_lasting(&self) -> Result<(), BucketError> {
        let path = || self.path.clone();
        self.with(|slots| Ok(slots.make_lasting()))?.map_err(|failed| match failed {
            NotLasting::NotWritten(cause) => BucketError::File { path: path(), cause },
            NotLasting::NotSynced(cause) => BucketError::Sync { path: path(), cause },
        })
    }

    /// Decrypts nonce and ciphertext.
    pub fn open(&self, binding: Binding<'_>, sealed: &[u8]) -> Result<Vec<u8>, BucketError> {
        let bucket = binding.bucket;
        let key = self.key(bucket)?.ok_or_else(|| BucketError::Gone { bucket: bucket.to_owned() })?;
        let fail = || BucketError::Cipher { bucket: bucket.to_owned() };
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(fail)?;
        let payload = Payload { msg: ciphertext, aad: &binding.bytes() };
        XChaCha20Poly1305::new((&*key).into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| fail())
    }

    /// Destroys a key; one that is gone already is fine.
    pub fn destroy(&self, bucket: &str) -> Result<(), BucketError> {
        self.with(|slots| slots.destroy(bucket))
    }

    fn key(&self, bucket: &str) -> Result<Option<Key>, BucketError> {
        match self.with(|slots| Ok(slots.find(bucket)))? {
            None => Ok(None),
            Some(Place::Pending(key)) => Ok(Some(key)),
            Some(Place::At(file, number)) => {
                key_at(file.as_ref(), number, bucket).map_err(|cause| self.failed(cause))
            }
        }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Slots) -> io::Result<T>) -> Result<T, BucketError> {
        let mut held = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        let done = match held.as_mut() {
            Some(slots) => act(slots),
            None => Slots::open(Arc::clone(&self.disk), self.path.clone())
                .and_then(|slots| act(held.insert(slots))),
        };
        done.map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: io::Error) -> BucketError {
        BucketError::File { path: self.path.clone(), cause }
    }
}
