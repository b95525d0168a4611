//! Bucket keys: what sealed payloads are encrypted under, one small file each, in a folder outside backups.
//!
//! Destroying a bucket's key makes all its payloads unreadable, wherever copies of them lie.

use crate::disk::{Disk, create_dir_lasting, read_whole, replace};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// Bytes of a nonce, which is stored before the ciphertext.
pub const NONCE_BYTES: usize = 24;
/// How many keys are kept in memory; the oldest use of any is a file read away.
const CACHED_MAX: usize = 4_096;

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

/// The folder of bucket keys.
pub struct Buckets {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    cached: BTreeMap<String, Known>,
}

/// A key in memory.
struct Known {
    key: Key,
    /// Whether its file was synced. Whoever made it may have been killed before that.
    lasts: bool,
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
        Self { disk, folder, cached: BTreeMap::new() }
    }

    /// Encrypts under the bucket's key, which is made from `fresh` when there is none. A new key lasts before this returns.
    pub fn seal(
        &mut self,
        binding: Binding<'_>,
        plain: &[u8],
        nonce: [u8; NONCE_BYTES],
        fresh: &[u8; 32],
    ) -> Result<Vec<u8>, BucketError> {
        let bucket = binding.bucket;
        let key = match self.key(bucket) {
            Err(BucketError::Gone { .. }) => self.make(bucket, fresh)?,
            found => self.lasting(bucket, found?)?,
        };
        let payload = Payload { msg: plain, aad: &binding.bytes() };
        let sealed = XChaCha20Poly1305::new((&*key).into())
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| BucketError::Cipher { bucket: bucket.to_owned() })?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Decrypts nonce and ciphertext.
    pub fn open(&mut self, binding: Binding<'_>, sealed: &[u8]) -> Result<Vec<u8>, BucketError> {
        let bucket = binding.bucket;
        let key = self.key(bucket)?;
        let fail = || BucketError::Cipher { bucket: bucket.to_owned() };
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or_else(fail)?;
        let payload = Payload { msg: ciphertext, aad: &binding.bytes() };
        XChaCha20Poly1305::new((&*key).into()).decrypt(&XNonce::from(*nonce), payload).map_err(|_| fail())
    }

    /// Destroys a key; one that is gone already is fine.
    pub fn destroy(&mut self, bucket: &str) -> Result<(), BucketError> {
        self.cached.remove(bucket);
        let path = self.path(bucket);
        let destroyed = self.disk.open(&path).and_then(|file| {
            file.write_at(0, &[0; 32])?;
            file.sync_all()?;
            self.disk.remove(&path)
        });
        // Also when the file is gone: whoever removed it may have been killed before this.
        let synced = if_there(destroyed).and_then(|()| if_there(self.disk.sync_dir(&self.folder)));
        synced.map_err(|cause| BucketError::File { path, cause })
    }

    fn path(&self, bucket: &str) -> PathBuf {
        self.folder.join(format!("{bucket}.key"))
    }

    fn key(&mut self, bucket: &str) -> Result<Key, BucketError> {
        if let Some(known) = self.cached.get(bucket) {
            return Ok(known.key.clone());
        }
        let path = self.path(bucket);
        let bytes = match read_whole(self.disk.as_ref(), &path, 32) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(BucketError::Gone { bucket: bucket.to_owned() });
            }
            Err(cause) => return Err(BucketError::File { path, cause }),
        };
        // A key that is all zero was being destroyed when the power went.
        match <[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(key) if key != [0; 32] => Ok(self.remember(bucket, Zeroizing::new(key), false)),
            _ => Err(BucketError::Gone { bucket: bucket.to_owned() }),
        }
    }

    fn make(&mut self, bucket: &str, fresh: &[u8; 32]) -> Result<Key, BucketError> {
        let path = self.path(bucket);
        let disk = self.disk.as_ref();
        let made = create_dir_lasting(disk, &self.folder).and_then(|()| replace(disk, &path, fresh));
        made.map_err(|cause| {
            // A key that may not last must not be found by the next attempt. Nothing was sealed under it.
            drop(disk.remove(&path));
            BucketError::File { path, cause }
        })?;
        Ok(self.remember(bucket, Zeroizing::new(*fresh), true))
    }

    /// Makes a key that was found last before anything is sealed under it.
    fn lasting(&mut self, bucket: &str, key: Key) -> Result<Key, BucketError> {
        if self.cached.get(bucket).is_some_and(|known| known.lasts) {
            return Ok(key);
        }
        let path = self.path(bucket);
        let synced = self.disk.open(&path).and_then(|file| file.sync_all());
        let synced = synced.and_then(|()| self.disk.sync_dir(&self.folder));
        synced.map_err(|cause| BucketError::File { path, cause })?;
        Ok(self.remember(bucket, key, true))
    }

    fn remember(&mut self, bucket: &str, key: Key, lasts: bool) -> Key {
        if self.cached.len() >= CACHED_MAX {
            self.cached.pop_first();
        }
        self.cached.insert(bucket.to_owned(), Known { key: key.clone(), lasts });
        key
    }
}

fn if_there(done: io::Result<()>) -> io::Result<()> {
    match done {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => Ok(()),
        done => done,
    }
}
