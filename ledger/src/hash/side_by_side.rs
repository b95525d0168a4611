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
    let mut messages = [Message::EMPTY; N];
    messages.iter_mut().zip(texts).for_each(|(message, text)| message.fill(prefix, text));
    let mut states = [START; N];
    take_in(&mut states, messages.each_ref().map(Message::head));
    take_in(&mut states, messages.each_ref().map(|message| message.middle));
    take_in(&mut states, messages.each_ref().map(Message::tail));
    states.map(digest)
}

/// Takes blocks into each state, by turns.
#[inline]
fn take_in<const N: usize>(states: &mut [[u32; 8]; N], blocks: [&[Block]; N]) {
    let most = blocks.iter().map(|blocks| blocks.len()).max().unwrap_or(0);
    for at in 0..most {
        for (state, blocks) in states.iter_mut().zip(&blocks) {
            if let Some(block) = blocks.get(at) {
                compress256(state, slice::from_ref(block));
            }
        }
    }
}

/// A text and its prefix, cut into blocks; only the first and the last are copied.
#[derive(Clone, Copy)]
struct Message<'a> {
    head: Block,
    /// Whether the text is long enough for a block before its last one.
    has_head: bool,
    middle: &'a [Block],
    tail: [Block; 2],
    tail_blocks: usize,
}

impl<'a> Message<'a> {
    const EMPTY: Self = Self {
        head: [0; BLOCK_BYTES],
        has_head: false,
        middle: &[],
        tail: [[0; BLOCK_BYTES]; 2],
        tail_blocks: 0,
    };

    /// Makes an empty message that of a text. It is filled in its place, because it is larger than what it needs of the text.
    #[inline]
    fn fill(&mut self, prefix: u8, text: &'a [u8]) {
        let bytes = text.len() as u64 + 1;
        let Some((first, rest)) = text.split_first_chunk::<{ BLOCK_BYTES - 1 }>() else {
            self.end(Some(prefix), text, bytes);
            return;
        };
        let (to, after) = self.head.split_at_mut(1);
        to.copy_from_slice(&[prefix]);
        after.copy_from_slice(first);
        self.has_head = true;
        let (middle, rest) = rest.as_chunks();
        self.middle = middle;
        self.end(None, rest, bytes);
    }

    /// The end of a message of so many bytes, with the mark and the length; one block or two.
    #[inline]
    fn end(&mut self, prefix: Option<u8>, rest: &[u8], bytes: u64) {
        let start = usize::from(prefix.is_some());
        let used = start + rest.len() + 1;
        self.tail_blocks = if used + LENGTH_BYTES > BLOCK_BYTES { 2 } else { 1 };
        let all = self.tail.as_flattened_mut();
        if let (Some(to), Some(prefix)) = (all.first_mut(), prefix) {
            *to = prefix;
        }
        if let Some(to) = all.get_mut(start..used - 1) {
            to.copy_from_slice(rest);
        }
        if let Some(to) = all.get_mut(used - 1) {
            *to = 0x80;
        }
        if let Some(to) = all.get_mut(..self.tail_blocks * BLOCK_BYTES).and_then(<[u8]>::last_chunk_mut) {
            *to = (bytes * 8).to_be_bytes();
        }
    }

    fn head(&self) -> &[Block] {
        if self.has_head { slice::from_ref(&self.head) } else { &[] }
    }

    fn tail(&self) -> &[Block] {
        self.tail.get(..self.tail_blocks).unwrap_or_default()
    }
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
