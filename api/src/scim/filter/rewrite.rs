//! Entra writes `emails[type eq "work"].value eq "x"`, which the grammar of the standard does not have. It means
//! `emails[(type eq "work") and value eq "x"]`, and is read as that.

use std::borrow::Cow;
use std::ops::Range;

/// The same filter in the grammar of the standard.
pub(super) fn rewritten(text: &str) -> Cow<'_, str> {
    if !text.contains("].") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = Found::first(rest) {
        out.push_str(found.before);
        out.push_str(&format!("[({}) and {}]", found.inside, found.behind));
        rest = found.rest;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// The first place to rewrite.
struct Found<'a> {
    before: &'a str,
    inside: &'a str,
    behind: &'a str,
    rest: &'a str,
}

impl<'a> Found<'a> {
    fn first(text: &'a str) -> Option<Self> {
        let Range { start, end } = brackets(text)?;
        let behind = text.get(end..)?.strip_prefix("].")?;
        let (behind, rest) = behind.split_at_checked(comparison(behind)?)?;
        Some(Self { before: text.get(..start)?, inside: text.get(start + 1..end)?, behind, rest })
    }
}

/// The first brackets with a full stop behind them: where they open and where they close.
fn brackets(text: &str) -> Option<Range<usize>> {
    let mut open = None;
    for (at, byte) in outside_quotes(text) {
        match byte {
            b'[' => open = Some(at),
            b']' if text.as_bytes().get(at + 1) == Some(&b'.') => return open.map(|open| open..at),
            _ => {}
        }
    }
    None
}

/// How long the comparison is that a text begins with: `value eq "x"`, `value pr`.
fn comparison(text: &str) -> Option<usize> {
    let name = word(text);
    let operator = gap(text, name)..gap(text, name) + word(text.get(gap(text, name)..)?);
    if text.get(operator.clone())?.eq_ignore_ascii_case("pr") {
        return Some(operator.end);
    }
    let value = gap(text, operator.end);
    let tail = text.get(value..)?;
    let length = if tail.starts_with('"') { quote(tail)? } else { word(tail) };
    (length > 0).then_some(value + length)
}

/// Where the next word begins.
fn gap(text: &str, from: usize) -> usize {
    let tail = text.get(from..).unwrap_or_default();
    from + (tail.len() - tail.trim_start().len())
}

/// How long the word is that a text begins with.
fn word(text: &str) -> usize {
    text.find(|one: char| one.is_whitespace() || matches!(one, '(' | ')' | '[' | ']')).unwrap_or(text.len())
}

/// How long the text in quotes is that a text begins with.
fn quote(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            b'"' if !escaped => return Some(at + 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

/// The bytes that are in no quotes, and where they are.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, u8)> {
    let mut within = false;
    let mut escaped = false;
    text.bytes().enumerate().filter(move |(_, byte)| {
        let marks = *byte == b'"' && !escaped;
        escaped = within && *byte == b'\\' && !escaped;
        within ^= marks;
        !within && !marks
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comparison_behind_brackets_goes_into_them() {
        for (sent, read) in [
            (r#"emails[type eq "work"].value eq "x""#, r#"emails[(type eq "work") and value eq "x"]"#),
            (r#"(emails[a pr].value pr) and b pr"#, r#"(emails[(a pr) and value pr]) and b pr"#),
            (
                r#"a[b eq "]."].c eq "\"].]" and d[e pr].f eq true or g pr"#,
                r#"a[(b eq "].") and c eq "\"].]"] and d[(e pr) and f eq true] or g pr"#,
            ),
            (r#"a[b eq 1].c   EQ   "ä""#, r#"a[(b eq 1) and c   EQ   "ä"]"#),
            (r#"a eq "x[y].z eq 1""#, r#"a eq "x[y].z eq 1""#),
            ("a[b].", "a[b]."),
            ("].c eq", "].c eq"),
            (r#"a[b].c eq "x"#, r#"a[b].c eq "x"#),
        ] {
            assert_eq!(rewritten(sent), read, "{sent}");
        }
    }
}
