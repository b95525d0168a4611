//! Canonical JSON: RFC 8785 without floats, `null` and odd keys, so that one value has exactly one text.
//!
//! [`check`] proves a text canonical; [`members`] does the same for an object and hands out its members. Neither
//! allocates. The rules are listed in `docs/format.md`.

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
    let mut reader = Reader::over(text)?;
    reader.value(1)?;
    reader.end()
}

/// Checks that `text` is one canonical JSON object and calls `each` with every key and the text of its value, in order.
pub fn members<'a>(text: &'a [u8], mut each: impl FnMut(&'a [u8], &'a [u8])) -> Result<(), NotCanonical> {
    let mut reader = Reader::over(text)?;
    reader.expect(b'{')?;
    reader.members(1, &mut each)?;
    reader.end()
}

struct Reader<'a> {
    text: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn over(text: &'a [u8]) -> Result<Self, NotCanonical> {
        match std::str::from_utf8(text) {
            Ok(_) => Ok(Self { text, rest: text }),
            Err(cause) => Err(NotCanonical { offset: cause.valid_up_to(), problem: Problem::Utf8 }),
        }
    }

    fn fail<T>(&self, problem: Problem) -> Result<T, NotCanonical> {
        let problem = if self.rest.is_empty() { Problem::Ends } else { problem };
        Err(NotCanonical { offset: self.text.len() - self.rest.len(), problem })
    }

    fn end(&self) -> Result<(), NotCanonical> {
        if self.rest.is_empty() { Ok(()) } else { self.fail(Problem::Trailing) }
    }

    fn take(&mut self, wanted: u8) -> bool {
        match self.rest.split_first() {
            Some((first, rest)) if *first == wanted => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn expect(&mut self, wanted: u8) -> Result<(), NotCanonical> {
        if self.take(wanted) { Ok(()) } else { self.fail(Problem::Unexpected) }
    }

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

    fn members(&mut self, depth: u8, each: &mut impl FnMut(&'a [u8], &'a [u8])) -> Result<(), NotCanonical> {
        if self.take(b'}') {
            return Ok(());
        }
        let mut before: &[u8] = b"";
        loop {
            let key = self.key()?;
            if key <= before {
                return self.fail(Problem::Order);
            }
            before = key;
            self.expect(b':')?;
            let from = self.rest;
            self.value(depth + 1)?;
            each(key, from.get(..from.len() - self.rest.len()).unwrap_or_default());
            if self.take(b'}') {
                return Ok(());
            }
            self.expect(b',')?;
        }
    }

    fn key(&mut self) -> Result<&'a [u8], NotCanonical> {
        self.expect(b'"')?;
        let length =
            self.rest.iter().take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_')).count();
        let key = self.rest.get(..length).unwrap_or_default();
        if !key.first().is_some_and(u8::is_ascii_lowercase) || length > KEY_BYTES_MAX {
            return self.fail(Problem::Key);
        }
        self.skip(length);
        if self.take(b'"') { Ok(key) } else { self.fail(Problem::Key) }
    }

    fn string(&mut self) -> Result<(), NotCanonical> {
        self.skip(1);
        loop {
            self.skip(plain_bytes(self.rest));
            match self.rest.first() {
                Some(b'"') => {
                    self.skip(1);
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return self.fail(Problem::Escape),
            }
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

/// How many bytes stand before the first that ends a string or needs an escape: by blocks, which take no branch inside.
fn plain_bytes(text: &[u8]) -> usize {
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
    let (blocks, _) = text.as_chunks::<16>();
    let is_plain = |block: &&[u8; 16]| !block.iter().fold(false, |found, byte| found | special(byte));
    let before = 16 * blocks.iter().take_while(is_plain).count();
    let rest = text.get(before..).unwrap_or_default();
    before + rest.iter().take_while(|byte| !special(byte)).count()
}

/// Whether the four hex digits name a control character that has no two-character escape.
fn is_control_without_short_form(digits: &[u8]) -> bool {
    match digits {
        [b'0', b'0', b'0', low] => matches!(low, b'0'..=b'7' | b'b' | b'e' | b'f'),
        [b'0', b'0', b'1', low] => matches!(low, b'0'..=b'9' | b'a'..=b'f'),
        _ => false,
    }
}
