//! Canonical JSON: RFC 8785 without floats, `null` and odd keys, so that one value has exactly one text.
//!
//! [`check`] proves a text canonical; [`members`] does the same for an object and hands out its members. Neither
//! allocates. The rules are listed in `docs/format.md`.

use std::ops::Range;
use thiserror::Error;

/// Deepest nesting of objects and arrays, the outermost counting as 1. Bounds the reader's stack.
pub const DEPTH_MAX: u8 = 16;
/// Largest integer magnitude: what a double holds exactly, so that every JSON reader agrees.
pub const INTEGER_MAX: u64 = (1 << 53) - 1;
/// Longest object key in bytes.
pub const KEY_BYTES_MAX: usize = 64;

/// Why a text is not canonical, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("not canonical JSON at byte {offset}: {problem}")]
pub struct NotCanonical {
    /// Bytes before the place.
    pub offset: usize,
    /// What is wrong there.
    pub problem: Problem,
}

/// The rule that a text breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    /// Not UTF-8.
    #[error("invalid UTF-8")]
    Utf8,
    /// The text ends too early.
    #[error("the text ends inside a value")]
    Ends,
    /// Something other than a value, a comma or a bracket, or any space.
    #[error("unexpected byte")]
    Unexpected,
    /// Bytes after the value.
    #[error("bytes after the value")]
    Trailing,
    /// Nested deeper than [`DEPTH_MAX`].
    #[error("nested too deep")]
    Depth,
    /// A key that does not match `[a-z][a-z0-9_]*` or is too long.
    #[error("a key is not a lower-case name")]
    Key,
    /// Keys not strictly ascending.
    #[error("keys are not in ascending order, or one stands twice")]
    Order,
    /// A leading zero, `-0`, a fraction, an exponent, or out of range.
    #[error("not a whole number within ±(2^53 - 1) in its shortest form")]
    Number,
    /// An escape that is not the shortest form, or a raw control character.
    #[error("a character is not escaped in its one form")]
    Escape,
}

/// Checks that `text` is one canonical JSON value.
pub fn check(text: &[u8]) -> Result<(), NotCanonical> {
    let mut reader = Reader::over(text);
    let read = reader.value(1).and_then(|()| reader.end());
    reader.settle(read)
}

/// Checks that `text` is one canonical JSON object and calls `each` with every key and the place of its value, in order.
///
/// What `each` was told counts only when the whole text turns out canonical.
#[inline]
pub fn members<'a>(text: &'a [u8], mut each: impl FnMut(&'a [u8], Range<usize>)) -> Result<(), NotCanonical> {
    let mut reader = Reader::over(text);
    let read = reader.expect(b'{').and_then(|()| reader.members(1, &mut each)).and_then(|()| reader.end());
    reader.settle(read)
}

/// Splits a text after the canonical value at its beginning, if one stands there.
pub(crate) fn split_value(text: &str) -> Option<(&str, &str)> {
    let mut reader = Reader::over(text.as_bytes());
    // Nested in the object that holds it.
    reader.value(2).ok()?;
    text.split_at_checked(reader.offset())
}

/// Splits what is left of a string at its quotation mark, if nothing before that needs an escape.
#[inline]
pub(crate) fn split_string(text: &str) -> Option<(&str, &str)> {
    let mut reader = Reader::over(text.as_bytes());
    reader.plain();
    let (string, rest) = text.split_at_checked(reader.offset())?;
    Some((string, rest.strip_prefix('"')?))
}

struct Reader<'a> {
    text: &'a [u8],
    rest: &'a [u8],
    /// All words of strings, joined by "or": without a high bit every string was ASCII, and so the whole text.
    strings: u64,
}

/// A key, and its first eight bytes as a number that orders as they do; a shorter key is filled up with zeros.
#[derive(Clone, Copy, Default)]
struct Key<'a> {
    text: &'a [u8],
    head: u64,
}

impl Key<'_> {
    #[inline]
    fn is_after(&self, before: &Self) -> bool {
        if self.head == before.head { self.text > before.text } else { self.head > before.head }
    }
}

impl<'a> Reader<'a> {
    #[inline]
    fn over(text: &'a [u8]) -> Self {
        Self { text, rest: text, strings: 0 }
    }

    /// What was read, unless the text is not even UTF-8, which goes before every other fault.
    #[inline]
    fn settle(&self, read: Result<(), NotCanonical>) -> Result<(), NotCanonical> {
        if read.is_ok() && self.strings & HIGH_BITS == 0 {
            return Ok(());
        }
        match std::str::from_utf8(self.text) {
            Ok(_) => read,
            Err(cause) => Err(NotCanonical { offset: cause.valid_up_to(), problem: Problem::Utf8 }),
        }
    }

    #[cold]
    fn fail<T>(&self, problem: Problem) -> Result<T, NotCanonical> {
        let problem = if self.rest.is_empty() { Problem::Ends } else { problem };
        Err(NotCanonical { offset: self.offset(), problem })
    }

    #[inline]
    fn offset(&self) -> usize {
        self.text.len() - self.rest.len()
    }

    #[inline]
    fn end(&self) -> Result<(), NotCanonical> {
        if self.rest.is_empty() { Ok(()) } else { self.fail(Problem::Trailing) }
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    #[inline]
    fn expect(&mut self, wanted: u8) -> Result<(), NotCanonical> {
        if self.take(wanted) { Ok(()) } else { self.fail(Problem::Unexpected) }
    }

    #[inline]
    fn skip(&mut self, count: usize) {
        self.rest = self.rest.get(count..).unwrap_or_default();
    }

    fn value(&mut self, depth: u8) -> Result<(), NotCanonical> {
        match self.rest.first() {
            Some(b'"') => self.string(),
            Some(b'{') if depth <= DEPTH_MAX => {
                self.skip(1);
                self.members(depth, &mut |_, _| ())
            }
            Some(b'[') if depth <= DEPTH_MAX => {
                self.skip(1);
                self.elements(depth)
            }
            Some(b'{' | b'[') => self.fail(Problem::Depth),
            Some(b'-' | b'0'..=b'9') => self.integer(),
            Some(b't') => self.word(b"true"),
            Some(b'f') => self.word(b"false"),
            _ => self.fail(Problem::Unexpected),
        }
    }

    fn word(&mut self, word: &[u8]) -> Result<(), NotCanonical> {
        if !self.rest.starts_with(word) {
            return self.fail(Problem::Unexpected);
        }
        self.skip(word.len());
        Ok(())
    }

    fn elements(&mut self, depth: u8) -> Result<(), NotCanonical> {
        if self.take(b']') {
            return Ok(());
        }
        loop {
            self.value(depth + 1)?;
            if self.take(b']') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn members(
        &mut self,
        depth: u8,
        each: &mut impl FnMut(&'a [u8], Range<usize>),
    ) -> Result<(), NotCanonical> {
        if self.take(b'}') {
            return Ok(());
        }
        let mut before = Key::default();
        loop {
            let key = self.key()?;
            if !key.is_after(&before) {
                return self.fail(Problem::Order);
            }
            before = key;
            self.expect(b':')?;
            let start = self.offset();
            self.value(depth + 1)?;
            each(key.text, start..self.offset());
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    #[inline]
    fn key(&mut self) -> Result<Key<'a>, NotCanonical> {
        self.expect(b'"')?;
        let Some(key) = self.rest.first_chunk().and_then(|word| short_key(u64::from_le_bytes(*word))) else {
            return self.long_key();
        };
        let (length, head) = key;
        let text = self.rest.get(..length).unwrap_or_default();
        self.skip(length + 1);
        Ok(Key { text, head })
    }

    /// A key of any length, or what is wrong with it.
    fn long_key(&mut self) -> Result<Key<'a>, NotCanonical> {
        let length = name_bytes(self.rest);
        let text = self.rest.get(..length).unwrap_or_default();
        if !text.first().is_some_and(u8::is_ascii_lowercase) || length > KEY_BYTES_MAX {
            return self.fail(Problem::Key);
        }
        self.skip(length);
        let filled = text.iter().chain(&[0; 8]).take(8);
        let head = filled.fold(0, |head, byte| head << 8 | u64::from(*byte));
        if self.take(b'"') { Ok(Key { text, head }) } else { self.fail(Problem::Key) }
    }

    #[inline]
    fn string(&mut self) -> Result<(), NotCanonical> {
        self.skip(1);
        loop {
            self.plain();
            match self.rest.split_first() {
                Some((b'"', rest)) => {
                    self.rest = rest;
                    return Ok(());
                }
                Some((b'\\', _)) => self.escape()?,
                _ => return self.fail(Problem::Escape),
            }
        }
    }

    /// Skips what stands before the first byte that ends a string or needs an escape, eight bytes at a time.
    #[inline]
    fn plain(&mut self) {
        while let Some((word, after)) = self.rest.split_first_chunk() {
            let word = u64::from_le_bytes(*word);
            self.strings |= word;
            let special = special_bytes(word);
            if special != 0 {
                return self.skip(first_marked(special));
            }
            self.rest = after;
        }
        while let Some((byte, after)) = self.rest.split_first() {
            if matches!(byte, b'"' | b'\\' | 0..0x20) {
                return;
            }
            self.strings |= u64::from(*byte);
            self.rest = after;
        }
    }

    fn escape(&mut self) -> Result<(), NotCanonical> {
        let length = match self.rest.get(1) {
            Some(b'"' | b'\\' | b'b' | b't' | b'n' | b'f' | b'r') => 2,
            Some(b'u') => 6,
            _ => return self.fail(Problem::Escape),
        };
        if length == 6 && !self.rest.get(2..6).is_some_and(is_control_without_short_form) {
            return self.fail(Problem::Escape);
        }
        self.skip(length);
        Ok(())
    }

    fn integer(&mut self) -> Result<(), NotCanonical> {
        let sign = usize::from(self.rest.first() == Some(&b'-'));
        let digits = self.rest.get(sign..).unwrap_or_default();
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // 16 digits cannot overflow; 2^53 has 16.
        let value =
            digits.iter().take(length.min(17)).fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0'));
        let shortest = match digits.first() {
            Some(b'0') => length == 1 && sign == 0,
            Some(b'1'..=b'9') => length <= 16 && value <= INTEGER_MAX,
            _ => false,
        };
        if !shortest || matches!(digits.get(length), Some(b'.' | b'e' | b'E')) {
            return self.fail(Problem::Number);
        }
        self.skip(sign + length);
        Ok(())
    }
}

/// The lowest bit of each of eight bytes.
const ONES: u64 = u64::MAX / 255;
/// The highest bit of each of eight bytes, which marks those that were looked for.
const HIGH_BITS: u64 = ONES << 7;

/// The number of bytes before the first marked one; 8 when there is none.
#[inline]
fn first_marked(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Marks the bytes that end a string or need an escape. The first mark is right; a later one may be too many.
#[inline]
fn special_bytes(word: u64) -> u64 {
    let is_zero = |word: u64| word.wrapping_sub(ONES);
    let quote = is_zero(word ^ (ONES * b'"' as u64));
    let backslash = is_zero(word ^ (ONES * b'\\' as u64));
    let control = word.wrapping_sub(ONES * 0x20);
    (quote | backslash | control) & !word & HIGH_BITS
}

/// Marks the bytes that a key may not hold.
#[inline]
fn foreign_bytes(word: u64) -> u64 {
    // Without high bits, no sum below leaves its byte.
    let low = word & !HIGH_BITS;
    let at_least = |byte: u8| low.wrapping_add(ONES * u64::from(0x80 - byte));
    let letter = at_least(b'a') & !at_least(b'z' + 1);
    let digit = at_least(b'0') & !at_least(b'9' + 1);
    let underscore = at_least(b'_') & !at_least(b'_' + 1);
    (!(letter | digit | underscore) | word) & HIGH_BITS
}

/// How many bytes of a key stand at the beginning.
fn name_bytes(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let foreign = foreign_bytes(u64::from_le_bytes(*word));
        if foreign != 0 {
            return 8 * at + first_marked(foreign);
        }
    }
    let tail = rest.iter().take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')).count();
    8 * words.len() + tail
}

/// The length and the head of a key that ends within the word, with its quotation mark; `None` for any other.
#[inline]
fn short_key(word: u64) -> Option<(usize, u64)> {
    let [first, ..] = word.to_le_bytes();
    let bits = 8 * (foreign_bytes(word).trailing_zeros() / 8);
    let end = word.checked_shr(bits)?;
    let text = word & !(u64::MAX << bits);
    let is_key = first.is_ascii_lowercase() && end & 0xff == u64::from(b'"');
    is_key.then(|| ((bits / 8) as usize, text.swap_bytes()))
}

/// Whether the four hex digits name a control character that has no two-character escape.
fn is_control_without_short_form(digits: &[u8]) -> bool {
    match digits {
        [b'0', b'0', b'0', low] => matches!(low, b'0'..=b'7' | b'b' | b'e' | b'f'),
        [b'0', b'0', b'1', low] => matches!(low, b'0'..=b'9' | b'a'..=b'f'),
        _ => false,
    }
}
