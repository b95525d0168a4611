//! The folder of secret keys: one small file each, readable by the server's user alone.

use crate::disk::{Disk, create_dir_lasting, read_whole, replace};
use crate::event::id::LedgerId;
use crate::genesis::{event_key_name, origin};
use crate::hash::{array_from_hex, to_hex};
use crate::note::{Algorithm, KeyId, VerifierKey, VerifierKeyError};
use crate::signature::{PublicKey, Purpose, SigningKey};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;
use zeroize::Zeroizing;

/// The folder of secret keys.
#[derive(Clone)]
pub struct KeyFolder {
    disk: Arc<dyn Disk>,
    path: PathBuf,
}

/// A secret key could not be used.
#[derive(Debug, Error)]
pub enum KeyFolderError {
    /// The file failed.
    #[error("could not use the key file `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The file is missing.
    #[error(
        "the key file `{path}` is missing; put it back from where you keep keys, without it nothing can be signed"
    )]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// Others may read it.
    #[error(
        "the key file `{path}` can be read by others; run `chmod 600 {path}`, and rotate the key if others had it"
    )]
    Exposed {
        /// Which.
        path: PathBuf,
    },
    /// Not 64 hex digits, or another key than its name says.
    #[error("the key file `{path}` does not hold the key that its name says")]
    Damaged {
        /// Which.
        path: PathBuf,
    },
    /// The key cannot have this name.
    #[error("the key cannot be named")]
    Name(#[from] VerifierKeyError),
}

impl KeyFolder {
    /// Over a folder; it is made when the first key is.
    pub fn new(disk: Arc<dyn Disk>, path: &Path) -> Self {
        Self { disk, path: path.to_path_buf() }
    }

    /// The folder of bucket keys below it.
    pub fn buckets(&self) -> PathBuf {
        self.path.join("buckets")
    }

    /// Keeps a key that signs for a ledger. It lasts before this returns.
    pub fn keep(
        &self,
        ledger: LedgerId,
        purpose: Purpose,
        key: &SigningKey,
    ) -> Result<VerifierKey, KeyFolderError> {
        let verifier = verifier(ledger, purpose, key.public())?;
        self.write(&self.signing_path(purpose, verifier.id()), key.seed())?;
        Ok(verifier)
    }

    /// The secret of a verifier key.
    pub fn signing_key(
        &self,
        purpose: Purpose,
        verifier: &VerifierKey,
    ) -> Result<SigningKey, KeyFolderError> {
        let path = self.signing_path(purpose, verifier.id());
        let key = SigningKey::from_seed(&*self.read(&path)?);
        if key.public() == verifier.key() { Ok(key) } else { Err(KeyFolderError::Damaged { path }) }
    }

    /// The secret under which digests of commands are made; made from `fresh` when there is none.
    pub fn digest_key(&self, fresh: &[u8; 32]) -> Result<Zeroizing<[u8; 32]>, KeyFolderError> {
        let path = self.path.join("digests.key");
        match self.read(&path) {
            Err(KeyFolderError::Missing { .. }) => {
                self.write(&path, fresh)?;
                Ok(Zeroizing::new(*fresh))
            }
            found => found,
        }
    }

    fn signing_path(&self, purpose: Purpose, id: KeyId) -> PathBuf {
        self.path.join(format!("{}-{id}.key", purpose.as_str()))
    }

    fn write(&self, path: &Path, secret: &[u8; 32]) -> Result<(), KeyFolderError> {
        let text = Zeroizing::new(format!("{}\n", *Zeroizing::new(to_hex(secret))));
        let disk = self.disk.as_ref();
        let written =
            create_dir_lasting(disk, &self.path).and_then(|()| replace(disk, path, text.as_bytes()));
        written.map_err(|cause| KeyFolderError::File { path: path.to_path_buf(), cause })
    }

    fn read(&self, path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFolderError> {
        let path = path.to_path_buf();
        let text = match read_whole(self.disk.as_ref(), &path, 128).map(Zeroizing::new) {
            Ok(text) => text,
            Err(cause) if cause.kind() == io::ErrorKind::NotFound => {
                return Err(KeyFolderError::Missing { path });
            }
            Err(cause) => return Err(KeyFolderError::File { path, cause }),
        };
        match self.disk.is_private(&path) {
            Ok(true) => {}
            Ok(false) => return Err(KeyFolderError::Exposed { path }),
            Err(cause) => return Err(KeyFolderError::File { path, cause }),
        }
        let secret = text.strip_suffix(b"\n").and_then(array_from_hex);
        secret.map(Zeroizing::new).ok_or(KeyFolderError::Damaged { path })
    }
}

/// The verifier key of a public key that signs for a ledger.
pub fn verifier(
    ledger: LedgerId,
    purpose: Purpose,
    key: &PublicKey,
) -> Result<VerifierKey, VerifierKeyError> {
    let name = match purpose {
        Purpose::Events => event_key_name(ledger),
        Purpose::Checkpoints => origin(ledger),
    };
    VerifierKey::new(&name, Algorithm::Log, *key)
}
