//! SHA-256 and the two text forms of bytes: lower-case hex and strict base64.

mod side_by_side;

pub(crate) use side_by_side::prefixed;

use crate::text;
use base64ct::{Base64, Encoding};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};
use std::cmp::Ordering;
use std::fmt;

/// A SHA-256 hash; in text 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

// The order of the bytes. Hashes that differ nearly always do so in the first ones.
impl Ord for Hash {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.head().cmp(&other.head()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Hash {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Hash {
    /// The hash of the parts, joined.
    pub fn of(parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The hash of the parts under a context, which ends with a zero byte and so cannot run into them.
    pub fn in_context(context: &str, parts: &[&[u8]]) -> Self {
        let mut hasher = Sha256::new();
        hasher.update(context.as_bytes());
        hasher.update([0]);
        for part in parts {
            hasher.update(part);
        }
        Self(hasher.finalize().into())
    }

    /// The first bytes, as a number that orders as they do.
    fn head(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Reads 64 lower-case hex digits.
    pub fn from_hex(text: &str) -> Option<Self> {
        array_from_hex(text.as_bytes()).map(Self)
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(Hex::of(&self.0).as_str())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(Hex::of(&self.0).as_str())
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            text::read(deserializer, |text| Self::from_hex(text).ok_or("a hash is 64 lower-case hex digits"))
        } else {
            text::read_bytes(deserializer).map(Self)
        }
    }
}

/// Lower-case hex digits of the bytes.
pub fn to_hex(bytes: &[u8]) -> String {
    let mut digits = Vec::with_capacity(2 * bytes.len());
    bytes.iter().for_each(|byte| digits.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]));
    // Hex digits are ASCII, so nothing is ever replaced.
    String::from_utf8(digits).unwrap_or_default()
}

fn digit(nibble: u8) -> u8 {
    if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble }
}

/// Hex digits of `N` bytes, without the heap.
pub struct Hex<const N: usize> {
    digits: [[u8; 2]; N],
}

impl<const N: usize> Hex<N> {
    /// The digits of the bytes.
    pub fn of(bytes: &[u8; N]) -> Self {
        Self { digits: bytes.map(|byte| [digit(byte >> 4), digit(byte & 15)]) }
    }

    /// The digits as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(self.digits.as_flattened()).unwrap_or_default()
    }
}

/// Reads exactly `2 * N` lower-case hex digits.
pub fn array_from_hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let (words, rest) = text.as_chunks::<8>();
    let (quads, last) = bytes.as_chunks_mut::<4>();
    // Whether all are digits is asked once at the end: no branch depends on what the digits are.
    let mut sound = true;
    for (quad, word) in quads.iter_mut().zip(words) {
        let (four, digits) = four_from_hex(u64::from_le_bytes(*word));
        *quad = four;
        sound &= digits;
    }
    let (pairs, _) = rest.as_chunks::<2>();
    for (byte, [high, low]) in last.iter_mut().zip(pairs) {
        *byte = nibble(*high)? << 4 | nibble(*low)?;
    }
    sound.then_some(bytes)
}

/// Four bytes of eight hex digits, of which the first stands lowest; and whether all are digits.
#[inline]
fn four_from_hex(word: u64) -> ([u8; 4], bool) {
    const ONES: u64 = u64::MAX / 255;
    const HIGH_BITS: u64 = ONES << 7;
    // Without high bits, no sum below leaves its byte.
    let low = word & !HIGH_BITS;
    let at_least = |byte: u8| low.wrapping_add(ONES * u64::from(0x80 - byte));
    let decimal = at_least(b'0') & !at_least(b'9' + 1);
    let letter = at_least(b'a') & !at_least(b'f' + 1) & HIGH_BITS;
    let digits = (decimal | letter) & !word & HIGH_BITS == HIGH_BITS;
    let nibbles = (word & (ONES * 0x0f)).wrapping_add((letter >> 7).wrapping_mul(9)) & (ONES * 0x0f);
    let bytes = (nibbles << 4 | nibbles >> 8) & 0x00ff_00ff_00ff_00ff;
    let [a, _, b, _, c, _, d, _] = bytes.to_le_bytes();
    ([a, b, c, d], digits)
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Standard base64 with padding.
pub fn to_base64(bytes: &[u8]) -> String {
    Base64::encode_string(bytes)
}

/// Reads standard base64 with padding; refuses non-zero trailing bits.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    Base64::decode_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_back_and_only_in_lower_case() {
        let hash = Hash::of(&[b"abc"]);
        assert_eq!(hash.to_string(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(Hash::from_hex(&hash.to_string()), Some(hash));
        assert_eq!(Hash::from_hex(&hash.to_string().to_uppercase()), None);
        assert_eq!(Hash::from_hex("ba78"), None);
    }

    #[test]
    fn base64_refuses_trailing_bits_and_missing_padding() {
        assert_eq!(from_base64("YQ=="), Some(b"a".to_vec()));
        for bad in ["YR==", "YQ", "YQ==\n", "YQ==YQ=="] {
            assert_eq!(from_base64(bad), None, "{bad}");
        }
    }

    #[test]
    fn hashes_are_in_the_order_of_their_bytes() {
        for place in 0..32 {
            let [mut one, mut other] = [[7; 32], [7; 32]];
            (one[place], other[place]) = (1, 200);
            assert!(Hash(one) < Hash(other) && Hash(one) == Hash(one));
        }
    }
}
