//! A page of a table: neighbouring entries in few bytes, with what proves that none is missing.
//!
//! A page is a CRC-32C of what follows it, the entry that the next page begins with (key, position), and its own entries. An entry whose
//! key is that of the entry before is the distance of the two positions; any other is a zero, the key, and the distance from the
//! table's first position. Distances are written 7 bits at a time, lowest first, with the highest bit on all but the last byte.

use super::IndexError;
use super::entry::{Entry, Key};

/// A page is complete once its entries take so many bytes: the whole is well below the size at which sled moves values to files of their own.
pub(super) const PAGE_BYTES: usize = 3_500;

/// The bytes of a page.
pub(super) fn seal(entries: &[u8], next: Entry) -> Vec<u8> {
    let mut page = Vec::with_capacity(entries.len() + 28);
    page.extend_from_slice(&[0; 4]);
    page.extend_from_slice(&next.key.0.to_be_bytes());
    page.extend_from_slice(&next.seq.to_be_bytes());
    page.extend_from_slice(entries);
    let (sum, rest) = page.split_at_mut(4);
    sum.copy_from_slice(&crc32c::crc32c(rest).to_be_bytes());
    page
}

/// The entry that the next page begins with, and an iterator over the page's own.
pub(super) fn open(page: &[u8], base: u64) -> Result<(Entry, Entries<'_>), IndexError> {
    let (sum, rest) = page.split_first_chunk::<4>().ok_or(IndexError::Damaged)?;
    if crc32c::crc32c(rest).to_be_bytes() != *sum {
        return Err(IndexError::Damaged);
    }
    let (key, rest) = rest.split_first_chunk::<16>().ok_or(IndexError::Damaged)?;
    let (seq, rest) = rest.split_first_chunk::<8>().ok_or(IndexError::Damaged)?;
    let next = Entry { key: Key(u128::from_be_bytes(*key)), seq: u64::from_be_bytes(*seq) };
    Ok((next, Entries { rest, base, last: Entry { key: Key::default(), seq: base } }))
}

/// Writes an entry behind `last`, the entry before it in the page.
pub(super) fn put(entry: Entry, last: Option<Entry>, base: u64, entries: &mut Vec<u8>) {
    match last {
        Some(last) if last.key == entry.key => put_distance(entry.seq.saturating_sub(last.seq), entries),
        _ => {
            entries.push(0);
            entries.extend_from_slice(&entry.key.0.to_be_bytes());
            put_distance(entry.seq.saturating_sub(base), entries);
        }
    }
}

fn put_distance(mut distance: u64, bytes: &mut Vec<u8>) {
    loop {
        let [low, ..] = distance.to_le_bytes();
        distance >>= 7;
        if distance == 0 {
            return bytes.push(low);
        }
        bytes.push(low | 0x80);
    }
}

/// The entries of a page, in order.
pub(super) struct Entries<'a> {
    rest: &'a [u8],
    base: u64,
    last: Entry,
}

impl Entries<'_> {
    fn distance(&mut self) -> Option<u64> {
        let mut distance = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            distance |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(distance);
            }
        }
        None
    }

    fn entry(&mut self) -> Option<Entry> {
        let distance = self.distance()?;
        if distance > 0 {
            let seq = self.last.seq.checked_add(distance)?;
            return Some(Entry { key: self.last.key, seq });
        }
        let (key, rest) = self.rest.split_first_chunk::<16>()?;
        self.rest = rest;
        let seq = self.base.checked_add(self.distance()?)?;
        Some(Entry { key: Key(u128::from_be_bytes(*key)), seq })
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, IndexError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let entry = self.entry().ok_or(IndexError::Damaged);
        match &entry {
            Ok(entry) => self.last = *entry,
            Err(_) => self.rest = &[],
        }
        Some(entry)
    }
}
