//! C2SP tlog-tiles: a ledger as a directory of static files that any web server can serve and anyone can check.
//!
//! [`Levels`] turns leaf hashes into tiles, for who writes them and for who compares them. [`export`] writes a directory.

use crate::checkpoint::SignedCheckpoint;
use crate::disk::{Disk, replace};
use crate::genesis::{self, Genesis};
use crate::hash::Hash;
use crate::log::{LogReader, ReadError, Record};
use crate::merkle::{Frontier, leaf_hash};
use std::io;
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Entries of a full tile and of a full bundle.
pub const WIDTH: usize = 256;
/// Bytes of a key id and a signature in a file of signatures.
pub const SIGNED_BYTES: usize = 4 + 64;
/// Largest bundle: 256 entries of the longest, each with its length.
pub const BUNDLE_BYTES_MAX: u64 = 256 * (2 + 65_535);
/// Text that is read from the log at once.
const READ_BYTES_MAX: usize = 16 << 20;

/// The path of tile or bundle `n`: groups of three digits, all but the last with an `x` before them; partial ones name their width.
pub fn number_path(n: u64, width: usize) -> String {
    let mut path = format!("{:03}", n % 1_000);
    let mut rest = n / 1_000;
    while rest > 0 {
        path = format!("x{:03}/{path}", rest % 1_000);
        rest /= 1_000;
    }
    if width < WIDTH { format!("{path}.p/{width}") } else { path }
}

/// The path of a tile of hashes.
pub fn tile_path(level: usize, n: u64, width: usize) -> String {
    format!("tile/{level}/{}", number_path(n, width))
}

/// The path of a bundle of entries.
pub fn entries_path(n: u64, width: usize) -> String {
    format!("tile/entries/{}", number_path(n, width))
}

/// The path of the signatures of a bundle.
pub fn signatures_path(n: u64, width: usize) -> String {
    format!("signatures/{}", number_path(n, width))
}

/// A tile of hashes, full or the last of its level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// 0 holds leaf hashes; each level above, the roots of full tiles below.
    pub level: usize,
    /// Its number in the level.
    pub n: u64,
    /// Its hashes.
    pub hashes: Vec<Hash>,
}

impl Tile {
    /// Where it belongs.
    pub fn path(&self) -> String {
        tile_path(self.level, self.n, self.hashes.len())
    }

    /// Its bytes.
    pub fn bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

/// The tiles at the right edge of a growing tree.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    levels: Vec<(u64, Vec<Hash>)>,
}

impl Levels {
    /// Takes up a leaf hash, and gives the tiles that it fills, lowest first.
    pub fn push(&mut self, leaf: Hash) -> Vec<Tile> {
        let mut full = Vec::new();
        let mut hash = leaf;
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push((0, Vec::new()));
            }
            let Some((n, hashes)) = self.levels.get_mut(level) else { break };
            hashes.push(hash);
            if hashes.len() < WIDTH {
                break;
            }
            let hashes = std::mem::take(hashes);
            hash = root_of(&hashes);
            full.push(Tile { level, n: *n, hashes });
            *n += 1;
        }
        full
    }

    /// The tiles that are not full.
    pub fn partial(&self) -> impl Iterator<Item = Tile> {
        let rest = self.levels.iter().enumerate().filter(|(_, (_, hashes))| !hashes.is_empty());
        rest.map(|(level, (n, hashes))| Tile { level, n: *n, hashes: hashes.clone() })
    }
}

fn root_of(hashes: &[Hash]) -> Hash {
    let mut frontier = Frontier::default();
    hashes.iter().for_each(|hash| frontier.push(*hash));
    frontier.root()
}

/// The entries of a bundle by their places in it; `None` when the bytes are not exactly entries with their lengths.
pub fn entries(bundle: &[u8]) -> Option<Vec<std::ops::Range<usize>>> {
    let mut entries = Vec::new();
    let mut at = 0;
    while at < bundle.len() {
        let length = usize::from(u16::from_be_bytes(*bundle.get(at..)?.first_chunk::<2>()?));
        let (start, end) = (at + 2, at + 2 + length);
        bundle.get(start..end)?;
        entries.push(start..end);
        at = end;
    }
    Some(entries)
}

/// A tiles directory could not be written.
#[derive(Debug, Error)]
pub enum TilesError {
    /// The log cannot be read.
    #[error("could not read the log")]
    Read(#[from] ReadError),
    /// A file cannot be written.
    #[error("could not write `{path}`")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The log ends before the checkpoint does, or an entry is too long for a bundle.
    #[error("the log does not hold what the checkpoint covers")]
    Short,
}

/// Writes what a checkpoint covers into a directory: tiles, bundles, signatures, the genesis statement, and last the checkpoint.
pub fn export(
    reader: &LogReader,
    genesis: &Genesis,
    checkpoint: &SignedCheckpoint,
    disk: &dyn Disk,
    root: &Path,
) -> Result<(), TilesError> {
    let out = Out { disk, root };
    out.put(genesis::FILE, genesis.text())?;
    let size = checkpoint.checkpoint().size();
    let mut levels = Levels::default();
    let mut next = 0;
    while next < size {
        let wanted = usize::try_from(size - next).unwrap_or(WIDTH).min(WIDTH);
        let records = read_bundle(reader, next, wanted)?;
        out.put_bundle(next / WIDTH as u64, &records)?;
        for record in &records {
            out.put_tiles(levels.push(leaf_hash(&record.leaf)))?;
        }
        next += wanted as u64;
    }
    out.put_tiles(levels.partial())?;
    out.put("checkpoint", checkpoint.to_string().as_bytes())
}

fn read_bundle(reader: &LogReader, from: u64, wanted: usize) -> Result<Vec<Record>, TilesError> {
    let mut records = Vec::with_capacity(wanted);
    while records.len() < wanted {
        let more = reader.read(from + records.len() as u64, wanted - records.len(), READ_BYTES_MAX)?;
        if more.is_empty() {
            return Err(TilesError::Short);
        }
        records.extend(more);
    }
    Ok(records)
}

struct Out<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
}

impl Out<'_> {
    fn put(&self, name: &str, bytes: &[u8]) -> Result<(), TilesError> {
        let path = self.root.join(name);
        let folder = path.parent().unwrap_or(self.root);
        let written = self.disk.create_dir_all(folder).and_then(|()| replace(self.disk, &path, bytes));
        written.map_err(|cause| TilesError::Write { path, cause })
    }

    fn put_tiles(&self, tiles: impl IntoIterator<Item = Tile>) -> Result<(), TilesError> {
        tiles.into_iter().try_for_each(|tile| self.put(&tile.path(), &tile.bytes()))
    }

    fn put_bundle(&self, n: u64, records: &[Record]) -> Result<(), TilesError> {
        let (mut entries, mut signatures) = (Vec::new(), Vec::new());
        for record in records {
            let length = u16::try_from(record.leaf.len()).map_err(|_| TilesError::Short)?;
            entries.extend_from_slice(&length.to_be_bytes());
            entries.extend_from_slice(&record.leaf);
            signatures.extend_from_slice(&record.key);
            signatures.extend_from_slice(&record.signature);
        }
        self.put(&entries_path(n, records.len()), &entries)?;
        self.put(&signatures_path(n, records.len()), &signatures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_specification() {
        assert_eq!(number_path(1_234_067, 256), "x001/x234/067");
        assert_eq!(number_path(0, 256), "000");
        assert_eq!(tile_path(1, 273, 17), "tile/1/273.p/17");
        assert_eq!(entries_path(1_000, 255), "tile/entries/x001/000.p/255");
    }

    #[test]
    fn levels_hold_the_roots_of_full_tiles_below() {
        let mut levels = Levels::default();
        let hashes: Vec<Hash> = (0..70_000_u32).map(|n| Hash::of(&[&n.to_be_bytes()])).collect();
        let full: Vec<Tile> = hashes.iter().flat_map(|hash| levels.push(*hash)).collect();
        assert_eq!(full.iter().filter(|tile| tile.level == 0).count(), 273);
        assert_eq!(full.iter().filter(|tile| tile.level == 1).count(), 1);
        let partial: Vec<String> = levels.partial().map(|tile| tile.path()).collect();
        assert_eq!(partial, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
    }

    #[test]
    fn a_bundle_is_entries_and_nothing_else() {
        assert_eq!(entries(b"\0\x01a\0\0\0\x02bc"), Some(vec![2..3, 5..5, 7..9]));
        assert_eq!(entries(b"\0\x02a"), None);
        assert_eq!(entries(b"\0"), None);
    }
}
