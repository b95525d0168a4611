//! SHA-256 of several texts at once.
//!
//! Each step of a hash waits for the one before, so a processor that hashes one text is idle part of the time. Taking a block of one
//! text, then a block of the next, lets it work on both.

use super::Hash;
use sha2::block_api::compress256;
use std::slice;

const BLOCK_BYTES: usize = 64;
/// Bytes of the length at the end of the last block.
const LENGTH_BYTES: usize = 8;
/// The state before the first block (FIPS 180-4, 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

type Block = [u8; BLOCK_BYTES];

/// The hashes of `N` texts, each with the byte before it.
pub(crate) fn prefixed<const N: usize>(prefix: u8, texts: [&[u8]; N]) -> [Hash; N] {
    let messages = texts.map(|text| Message::of(prefix, text));
    let mut blocks = messages.each_ref().map(Message::blocks);
    let mut states = [START; N];
    let mut some = true;
    while some {
        some = false;
        for (state, blocks) in states.iter_mut().zip(&mut blocks) {
            if let Some(block) = blocks.next() {
                compress256(state, slice::from_ref(block));
                some = true;
            }
        }
    }
    states.map(digest)
}

/// A text and its prefix, cut into blocks; only the first and the last are copied.
struct Message<'a> {
    head: Option<Block>,
    middle: &'a [Block],
    tail: [Block; 2],
    tail_blocks: usize,
}

impl<'a> Message<'a> {
    fn of(prefix: u8, text: &'a [u8]) -> Self {
        let bytes = text.len() as u64 + 1;
        let Some((first, rest)) = text.split_first_chunk::<{ BLOCK_BYTES - 1 }>() else {
            let (tail, tail_blocks) = tail(Some(prefix), text, bytes);
            return Self { head: None, middle: &[], tail, tail_blocks };
        };
        let mut head = [prefix; BLOCK_BYTES];
        let (_, after) = head.split_at_mut(1);
        after.copy_from_slice(first);
        let (middle, rest) = rest.as_chunks();
        let (tail, tail_blocks) = tail(None, rest, bytes);
        Self { head: Some(head), middle, tail, tail_blocks }
    }

    fn blocks(&self) -> impl Iterator<Item = &Block> {
        self.head.iter().chain(self.middle).chain(self.tail.iter().take(self.tail_blocks))
    }
}

/// The end of a message of so many bytes, with the mark and the length; one block or two.
#[inline]
fn tail(prefix: Option<u8>, rest: &[u8], bytes: u64) -> ([Block; 2], usize) {
    let mut tail = [[0; BLOCK_BYTES]; 2];
    let start = usize::from(prefix.is_some());
    let used = start + rest.len() + 1;
    let blocks = if used + LENGTH_BYTES > BLOCK_BYTES { 2 } else { 1 };
    let all = tail.as_flattened_mut();
    if let (Some(to), Some(prefix)) = (all.first_mut(), prefix) {
        *to = prefix;
    }
    if let Some(to) = all.get_mut(start..used - 1) {
        to.copy_from_slice(rest);
    }
    if let Some(to) = all.get_mut(used - 1) {
        *to = 0x80;
    }
    if let Some(to) = all.get_mut(..blocks * BLOCK_BYTES).and_then(<[u8]>::last_chunk_mut) {
        *to = (bytes * 8).to_be_bytes();
    }
    (tail, blocks)
}

fn digest(state: [u32; 8]) -> Hash {
    let mut hash = [[0; 4]; 8];
    hash.iter_mut().zip(state).for_each(|(to, word)| *to = word.to_be_bytes());
    let mut bytes = [0; 32];
    bytes.copy_from_slice(hash.as_flattened());
    Hash(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_of_any_lengths_hash_as_they_do_alone() {
        let text: Vec<u8> = (0..700_u32).map(|n| n.to_le_bytes()[0].wrapping_mul(31)).collect();
        for length in 0..=700 {
            let others = [length * 7 % 701, 700 - length];
            let texts = [length, others[0], others[1]].map(|length| &text[..length]);
            for prefix in [0, 1, 255] {
                assert_eq!(
                    prefixed(prefix, texts),
                    texts.map(|text| Hash::of(&[&[prefix], text])),
                    "{length}"
                );
                assert_eq!(prefixed(prefix, [texts[0]]), [Hash::of(&[&[prefix], texts[0]])], "{length}");
            }
        }
    }
}
