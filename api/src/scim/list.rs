//! Pages of results: by place (RFC 7644, section 3.4.2.4) and by cursor (RFC 9865).

use super::error::{Kind, Refusal, invalid_value, quoted};
use serde_json::{Map, Value, json};
use std::ops::Range;

const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// Results on a page when nothing is said.
pub const COUNT_DEFAULT: usize = 100;
/// Results on a page at most.
pub const COUNT_MAX: usize = 1_000;
/// No cursor is longer.
pub const CURSOR_BYTES_MAX: usize = 256;

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// So many results are passed over.
    Skip(usize),
    /// The first page of those that are walked by cursor.
    FirstByCursor,
    /// What a cursor says, which only its maker understands.
    Cursor(String),
}

/// Which page a client wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it begins.
    pub paging: Paging,
    /// Results on it at most.
    pub count: usize,
}

impl Page {
    /// Reads `startIndex`, `count` and `cursor`. A place before the first is the first, a count below zero is zero, one above the bound is the bound.
    ///
    /// # Errors
    /// When something is no number, or both a place and a cursor are given, or a cursor cannot be one of ours.
    pub fn read(start: Option<&str>, count: Option<&str>, cursor: Option<&str>) -> Result<Self, Refusal> {
        Ok(Self { paging: paging(start, cursor)?, count: read_count(count, cursor.is_some())? })
    }

    /// The places of the results on the page, when it is chosen by place.
    pub fn range(&self, total: usize) -> Range<usize> {
        let start = match self.paging {
            Paging::Skip(skipped) => skipped.min(total),
            Paging::FirstByCursor | Paging::Cursor(_) => 0,
        };
        start..start.saturating_add(self.count).min(total)
    }
}

fn read_count(count: Option<&str>, by_cursor: bool) -> Result<usize, Refusal> {
    let Some(text) = count else { return Ok(COUNT_DEFAULT) };
    let kind = if by_cursor { Kind::InvalidCount } else { Kind::InvalidValue };
    let number = number(text).ok_or_else(|| not_a_number(kind, "count", text))?;
    Ok(usize::try_from(number.max(0)).unwrap_or(COUNT_MAX).min(COUNT_MAX))
}

fn paging(start: Option<&str>, cursor: Option<&str>) -> Result<Paging, Refusal> {
    match (start, cursor) {
        (Some(_), Some(_)) => {
            Err(invalid_value("both `startIndex` and `cursor` are given; send one of them"))
        }
        (None, Some("")) => Ok(Paging::FirstByCursor),
        (None, Some(text))
            if text.len() <= CURSOR_BYTES_MAX && text.bytes().all(|one| one.is_ascii_graphic()) =>
        {
            Ok(Paging::Cursor(text.to_owned()))
        }
        (None, Some(text)) => {
            let detail =
                format!("`cursor` {} was not made here; begin again with an empty one", quoted(text));
            Err(Refusal::new(Kind::InvalidCursor, detail))
        }
        (start, None) => {
            let text = start.unwrap_or("1");
            let number = number(text).ok_or_else(|| not_a_number(Kind::InvalidValue, "startIndex", text))?;
            Ok(Paging::Skip(usize::try_from(number.max(1) - 1).unwrap_or(usize::MAX)))
        }
    }
}

/// A whole number; one that is too large to be held is the largest that is.
fn number(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let fits = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    let bound = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    fits.then(|| text.parse().unwrap_or(bound))
}

fn not_a_number(kind: Kind, name: &str, text: &str) -> Refusal {
    Refusal::new(kind, format!("`{name}` {} is no whole number; correct it", quoted(text)))
}

/// A page of results. `total` counts those on all pages; `next` is the cursor of the next page when there is one.
pub fn list(page: &Page, total: usize, resources: Vec<Value>, next: Option<&str>) -> Value {
    let mut members = Map::new();
    members.insert("schemas".into(), json!([LIST]));
    members.insert("totalResults".into(), total.into());
    members.insert("itemsPerPage".into(), resources.len().into());
    if let Paging::Skip(skipped) = page.paging {
        members.insert("startIndex".into(), skipped.saturating_add(1).into());
    }
    members.extend(next.map(|cursor| ("nextCursor".to_owned(), cursor.into())));
    members.insert("Resources".into(), resources.into());
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(start: Option<&str>, count: Option<&str>) -> Page {
        Page::read(start, count, None).unwrap()
    }

    #[test]
    fn a_page_is_within_what_there_is() {
        for (start, count, range) in [
            (None, None, 0..100),
            (Some("1"), Some("10"), 0..10),
            (Some("0"), Some("10"), 0..10),
            (Some("-7"), Some("-1"), 0..0),
            (Some("150"), None, 149..150),
            (Some("151"), None, 150..150),
            (Some("99999999999999999999"), Some("99999999999999999999"), 150..150),
            (Some("3"), Some("0"), 2..2),
        ] {
            assert_eq!(page(start, count).range(150), range, "{start:?} {count:?}");
        }
        assert_eq!(page(None, Some("5000")).count, COUNT_MAX);
    }

    #[test]
    fn a_list_says_how_much_there_is() {
        let document = list(&page(Some("3"), None), 7, vec![json!({})], None);
        assert_eq!(
            document.to_string(),
            format!(
                r#"{{"schemas":["{LIST}"],"totalResults":7,"itemsPerPage":1,"startIndex":3,"Resources":[{{}}]}}"#
            )
        );
        let walked = list(&Page::read(None, None, Some("")).unwrap(), 7, Vec::new(), Some("a"));
        assert_eq!((&walked["nextCursor"], walked.get("startIndex")), (&json!("a"), None));
    }

    #[test]
    fn what_is_no_page_is_refused() {
        let long = "x".repeat(CURSOR_BYTES_MAX + 1);
        for (start, count, cursor, kind) in [
            (Some("one"), None, None, Kind::InvalidValue),
            (Some(""), None, None, Kind::InvalidValue),
            (None, Some("1.5"), None, Kind::InvalidValue),
            (None, Some("x"), Some(""), Kind::InvalidCount),
            (Some("1"), None, Some("x"), Kind::InvalidValue),
            (None, None, Some("a b"), Kind::InvalidCursor),
            (None, None, Some(long.as_str()), Kind::InvalidCursor),
        ] {
            assert_eq!(
                Page::read(start, count, cursor).unwrap_err().kind(),
                kind,
                "{start:?} {count:?} {cursor:?}"
            );
        }
    }
}
