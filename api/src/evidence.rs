//! Evidence for auditors, out of a data directory that is only read: tiles, and bundles of events.

use ledger::checkpoint::{CheckpointError, SignedCheckpoint};
use ledger::container::{ContainerError, Place};
use ledger::disk::{Disk, RealDisk, read_whole};
use ledger::evidence::{Bundle, EvidenceError};
use ledger::genesis::{self, Genesis, GenesisError};
use ledger::log::LogReader;
use ledger::note::NOTE_BYTES_MAX;
use ledger::tiles::{self, TilesError};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

/// Evidence could not be given.
#[derive(Debug, Error)]
pub enum ExportError {
    /// A file cannot be read or written.
    #[error("could not use `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The directory to write to holds something.
    #[error("`{path}` is not empty; choose a new directory")]
    Taken {
        /// Which.
        path: PathBuf,
    },
    /// The genesis statement is wrong.
    #[error("the genesis statement cannot be used")]
    Genesis(#[from] GenesisError),
    /// The newest checkpoint is wrong.
    #[error("the newest checkpoint cannot be used")]
    Checkpoint(#[from] CheckpointError),
    /// The log's files are not there.
    #[error("the log cannot be read")]
    Log(#[from] ContainerError),
    /// The tiles could not be written.
    #[error("the tiles could not be written")]
    Tiles(#[from] TilesError),
    /// The bundle could not be gathered.
    #[error("the bundle could not be gathered")]
    Bundle(#[from] EvidenceError),
}

/// A ledger up to its newest checkpoint.
struct Ledger {
    genesis: Genesis,
    checkpoint: SignedCheckpoint,
    reader: LogReader,
}

impl Ledger {
    fn read(data: &Path) -> Result<Self, ExportError> {
        let genesis = Genesis::parse(&read(&data.join(genesis::FILE), genesis::BYTES_MAX)?)?;
        let checkpoint = SignedCheckpoint::parse(&read(&data.join("checkpoint"), NOTE_BYTES_MAX as u64)?)?;
        let place = Place { disk: Arc::new(RealDisk), root: data.to_path_buf(), genesis: genesis.hash() };
        let reader = LogReader::open(&place, checkpoint.checkpoint().size())?;
        Ok(Self { genesis, checkpoint, reader })
    }
}

fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, ExportError> {
    let fail = |cause| ExportError::File { path: path.to_path_buf(), cause };
    read_whole(&RealDisk, path, bytes_max).map_err(fail)
}

/// Writes a C2SP tiles directory up to the newest checkpoint; how many events it holds. The server may run meanwhile.
pub fn tiles(data: &Path, to: &Path) -> Result<u64, ExportError> {
    let Ledger { genesis, checkpoint, reader } = Ledger::read(data)?;
    let fail = |cause| ExportError::File { path: to.to_path_buf(), cause };
    RealDisk.create_dir_all(to).map_err(fail)?;
    if !RealDisk.list(to).map_err(fail)?.is_empty() {
        return Err(ExportError::Taken { path: to.to_path_buf() });
    }
    tiles::export(&reader, &genesis, &checkpoint, &RealDisk, to)?;
    Ok(checkpoint.checkpoint().size())
}

/// Some events with all that checks them, as one text. The server may run meanwhile.
pub fn bundle(data: &Path, wanted: &BTreeSet<u64>) -> Result<Vec<u8>, ExportError> {
    let Ledger { genesis, checkpoint, reader } = Ledger::read(data)?;
    Ok(Bundle::gather(&reader, &genesis, &checkpoint, wanted)?.encode()?)
}
