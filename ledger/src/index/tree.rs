//! Hashes of the tree: those of the leaves, and of every complete subtree of 64, of 64 times 64 and so on, in pages of 64.

use super::{IndexError, key};
use crate::hash::Hash;
use crate::merkle::node_hash;

/// Hashes in one stored page: 2 KiB, well below the size at which sled moves values to files of their own.
const PAGE: u64 = 64;
/// Levels of the tree from one page to the next.
const PAGE_LEVELS: u8 = 6;

/// Adds leaf hashes that begin at `first`, and the hashes of the pages they complete. Adding them again changes nothing.
pub(super) fn add(db: &sled::Db, first: u64, hashes: &[Hash]) -> Result<(), IndexError> {
    let mut level = 0;
    let mut start = first;
    let mut added = hashes.to_vec();
    while !added.is_empty() {
        let mut page = start / PAGE;
        let mut entries = self::page(db, level, page)?;
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
                db.insert(page_key(level, page), bytes_of(&entries))?;
                page += 1;
                entries.clear();
            }
        }
        if !entries.is_empty() {
            db.insert(page_key(level, page), bytes_of(&entries))?;
        }
        level += PAGE_LEVELS;
        start = first_page;
        added = complete;
    }
    Ok(())
}

/// The hash of the complete subtree number `n` of `2^level` leaves.
pub(super) fn hash(db: &sled::Db, level: u8, n: u64) -> Result<Hash, IndexError> {
    let stored = level - level % PAGE_LEVELS;
    let count = 1_u64 << (level - stored);
    let first = n * count;
    let page = page(db, stored, first / PAGE)?;
    let from = usize::try_from(first % PAGE).map_err(|_| IndexError::Damaged)?;
    let upto = from + usize::try_from(count).map_err(|_| IndexError::Damaged)?;
    page.get(from..upto).map(fold).ok_or(IndexError::Damaged)
}

fn page(db: &sled::Db, level: u8, page: u64) -> Result<Vec<Hash>, IndexError> {
    let bytes = db.get(page_key(level, page))?.unwrap_or_default();
    let (hashes, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() { Ok(hashes.iter().copied().map(Hash).collect()) } else { Err(IndexError::Damaged) }
}

fn page_key(level: u8, page: u64) -> Vec<u8> {
    key(b't', &[&[level], &page.to_be_bytes()])
}

fn bytes_of(hashes: &[Hash]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| hash.0).collect()
}

/// The root over a power of two of hashes.
pub(super) fn fold(hashes: &[Hash]) -> Hash {
    let mut level = hashes.to_vec();
    while level.len() > 1 {
        level = level.as_chunks::<2>().0.iter().map(|[left, right]| node_hash(left, right)).collect();
    }
    level.first().copied().unwrap_or(Hash([0; 32]))
}
