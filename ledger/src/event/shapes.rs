//! Leaves that are written alike: a text that differs from a proven one only inside values is proven by comparing the two.
//!
//! A shape is a text that was proven canonical, and for each of its bytes what may stand there instead. Inside a string value without
//! escapes that is any ASCII character that needs none; after the first digit of an integer of at most 15 digits, any digit; anywhere
//! else, only the byte itself. A text of the same length within these bounds has the same brackets, keys and values at the same
//! places, and so is canonical too. Any other text is read as if there were no shapes.

use super::envelope::Spans;

/// Shapes that are remembered: several times the number of types of events, because lengths vary.
const SHAPES_MAX: usize = 64;
/// Longest text remembered, so that the memory of all is bounded.
const TEXT_BYTES_MAX: usize = 4_096;
/// Of so many texts without a shape one is remembered: learning costs more than reading, and must not be the rule.
const LEARN_EVERY: u32 = 8;
/// Digits of the longest integer whose digits may change: any so long is within bounds.
const DIGITS_MAX: usize = 15;
/// Bytes compared at once.
const LANES: usize = 64;

/// The shapes of texts that were read before. One reader uses them at a time.
#[derive(Debug, Default)]
pub struct Shapes {
    /// What to look for: a number made of the length and the end of a text.
    marks: Vec<u64>,
    /// INVARIANT: as many as `marks`, in the same order.
    shapes: Vec<Shape>,
    strange: u32,
    /// Which shape goes when there is no room.
    oldest: usize,
}

#[derive(Debug)]
struct Shape {
    bounds: Bounds,
    spans: Spans,
}

/// For each byte of a text the lowest that may stand in its place, and by how much another may exceed it.
#[derive(Debug)]
struct Bounds {
    low: Vec<u8>,
    above: Vec<u8>,
}

impl Shapes {
    /// Where the fields of a text stand, when it is like one that was learnt.
    pub(super) fn find(&self, text: &[u8]) -> Option<&Spans> {
        let mark = mark(text)?;
        let at = self.marks.iter().position(|known| *known == mark)?;
        self.shapes.get(at).filter(|shape| shape.bounds.admit(text)).map(|shape| &shape.spans)
    }

    /// Takes notice of a text that was proven to be a leaf and had no shape.
    pub(super) fn learn(&mut self, text: &[u8], spans: Spans) {
        self.strange = self.strange.wrapping_add(1);
        let Some(mark) = mark(text).filter(|_| self.strange.is_multiple_of(LEARN_EVERY)) else { return };
        let shape = Shape { bounds: Bounds::of(text), spans };
        let same = self.marks.iter().position(|known| *known == mark);
        if same.is_none() && self.marks.len() < SHAPES_MAX {
            self.marks.push(mark);
            self.shapes.push(shape);
            return;
        }
        let at = same.unwrap_or(self.oldest);
        if same.is_none() {
            self.oldest = (at + 1) % SHAPES_MAX;
        }
        if let (Some(old_mark), Some(old)) = (self.marks.get_mut(at), self.shapes.get_mut(at)) {
            (*old_mark, *old) = (mark, shape);
        }
    }
}

/// Texts of different marks differ in length or in the end of their `type`. Those of one mark need not be alike.
fn mark(text: &[u8]) -> Option<u64> {
    let (end_of_type, _) = text.last_chunk::<16>()?.split_first_chunk()?;
    let length = u64::try_from(text.len()).ok()?;
    (text.len() <= TEXT_BYTES_MAX).then(|| u64::from_le_bytes(*end_of_type) ^ length.rotate_left(48))
}

impl Bounds {
    /// The bounds of a canonical text.
    fn of(text: &[u8]) -> Self {
        let mut bounds = Self { low: text.to_vec(), above: vec![0; text.len()] };
        let mut at = 0;
        while let Some(byte) = text.get(at) {
            let rest = text.get(at..).unwrap_or_default();
            at += match byte {
                b'"' => bounds.string(at, rest),
                b'0'..=b'9' => bounds.integer(at, rest),
                _ => 1,
            };
        }
        bounds
    }

    /// Opens the inside of a string that is a value and plain; gives its length.
    fn string(&mut self, at: usize, rest: &[u8]) -> usize {
        let length = string_bytes(rest);
        let inside = rest.get(1..length - 1).unwrap_or_default();
        let is_key = rest.get(length) == Some(&b':');
        if !is_key && inside.iter().all(|byte| byte.is_ascii() && *byte != b'\\') {
            self.open(at + 1, inside.len(), 0x20, 0x7f - 0x20);
        }
        length
    }

    /// Opens all but the first digit; gives how many there are.
    fn integer(&mut self, at: usize, rest: &[u8]) -> usize {
        let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits <= DIGITS_MAX {
            self.open(at + 1, digits - 1, b'0', 9);
        }
        digits
    }

    fn open(&mut self, at: usize, length: usize, low: u8, above: u8) {
        self.low.iter_mut().skip(at).take(length).for_each(|byte| *byte = low);
        self.above.iter_mut().skip(at).take(length).for_each(|byte| *byte = above);
    }

    /// Whether a text stays within the bounds, and holds no quotation mark or backslash where none was.
    fn admit(&self, text: &[u8]) -> bool {
        if text.len() != self.low.len() {
            return false;
        }
        let (Some(last), Some(low), Some(above)) =
            (text.last_chunk(), self.low.last_chunk(), self.above.last_chunk())
        else {
            return false;
        };
        // The rest is less than a chunk; some of the last one is looked at twice.
        let mut strange = strange_bits(last, low, above);
        let chunks = text.as_chunks().0.iter().zip(self.low.as_chunks().0).zip(self.above.as_chunks().0);
        for ((bytes, low), above) in chunks {
            strange |= strange_bits(bytes, low, above);
        }
        strange == 0
    }
}

/// Not zero when a byte is out of bounds. Without branches, so that a machine compares all at once.
#[inline]
fn strange_bits(bytes: &[u8; LANES], low: &[u8; LANES], above: &[u8; LANES]) -> u8 {
    let places = bytes.iter().zip(low).zip(above);
    places.fold(0, |strange, ((byte, low), above)| {
        let beyond = u8::from(byte.wrapping_sub(*low) > *above);
        // Where only the byte itself may stand, it may be one of these two.
        let special = u8::from(*byte == b'"') | u8::from(*byte == b'\\');
        strange | beyond | (special & u8::from(byte != low))
    })
}

/// Bytes of the string at the beginning of a canonical text, with its quotation marks.
fn string_bytes(text: &[u8]) -> usize {
    let mut escaped = true;
    let ends = |byte: &u8| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    };
    text.iter().position(ends).map_or(text.len(), |last| last + 1)
}
