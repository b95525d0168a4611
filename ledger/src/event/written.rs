//! Reads a leaf that stands just as [`Event::encode`](super::Event::encode) writes one, which is how nearly every leaf stands.
//!
//! Here a key is not looked for but expected in its place. Whatever is different gives `None` and is for the general reader, which alone
//! says what is wrong. What is read here, that one reads as the same.

use super::leaf::{Data, Leaf, SealedEntry};
use super::subject::{ActorText, Named};
use super::{Actor, Assurance, Object, Origin};
use crate::{canonical, decimal};
use serde::Deserialize;
use serde::de::value::{BorrowedStrDeserializer, Error};

/// Reads the leaf, all but its `data`.
pub(super) fn read(text: &str) -> Option<Leaf<'_, Data<'_>>> {
    let mut text = Text { rest: text };
    // The keys in the order in which they stand.
    let leaf = Leaf {
        actor: text.after(r#"{"actor":{"#)?.actor()?,
        assurance: text.weaker()?,
        cause: text.optional(r#","cause":""#)?,
        data: Data(text.after(r#","data":"#)?.value()?),
        epoch: text.after(r#","epoch":"#)?.number()?,
        id: text.after(r#","id":""#)?.string()?,
        ledger: text.after(r#","ledger":""#)?.string()?,
        object: text.after(r#","object":{"#)?.object()?,
        origin: text.after(r#","origin":{"#)?.origin()?,
        outcome: text.after(r#","outcome":""#)?.string()?,
        prev: text.after(r#","prev":""#)?.string()?,
        sealed: text.sealed()?,
        seq: text.after(r#","seq":"#)?.number()?,
        time: text.after(r#","time":""#)?.string()?,
        kind: text.after(r#","type":""#)?.plain()?.into(),
        v: text.after(r#","v":"#)?.number()?,
    };
    (text.rest == "}").then_some(leaf)
}

/// What is left of a leaf.
struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    /// What follows after something that must stand here.
    #[inline]
    fn after(&mut self, expected: &str) -> Option<&mut Self> {
        self.rest = self.rest.strip_prefix(expected)?;
        Some(self)
    }

    /// What is left of a string in which nothing is escaped, as it stands.
    #[inline]
    fn plain(&mut self) -> Option<&'a str> {
        let (string, rest) = canonical::split_string(self.rest)?;
        self.rest = rest;
        Some(string)
    }

    /// The same, as what it stands for.
    #[inline]
    fn string<T: Deserialize<'a>>(&mut self) -> Option<T> {
        T::deserialize(BorrowedStrDeserializer::<Error>::new(self.plain()?)).ok()
    }

    /// A string that may be there, behind its key.
    fn optional<T: Deserialize<'a>>(&mut self, key: &str) -> Option<Option<T>> {
        if self.rest.starts_with(key) { self.after(key)?.string().map(Some) } else { Some(None) }
    }

    #[inline]
    fn number<T: TryFrom<u64>>(&mut self) -> Option<T> {
        let digits = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        T::try_from(decimal::parse(number)?).ok()
    }

    /// A value of any kind, as it stands.
    fn value(&mut self) -> Option<&'a str> {
        let (value, rest) = canonical::split_value(self.rest)?;
        self.rest = rest;
        Some(value)
    }

    fn actor(&mut self) -> Option<Actor> {
        let id = self.after(r#""id":""#)?.plain()?.into();
        let kind = self.after(r#","kind":""#)?.plain()?.into();
        let key = r#","on_behalf_of":{"#;
        let on_behalf_of = if self.rest.starts_with(key) { Some(self.after(key)?.named()?) } else { None };
        let via = self.after(r#","via":""#)?.plain()?.into();
        self.after("}")?;
        ActorText { id, kind, on_behalf_of, via }.try_into().ok()
    }

    fn named(&mut self) -> Option<Named<'a>> {
        let id = self.after(r#""id":""#)?.plain()?.into();
        let kind = self.after(r#","kind":""#)?.plain()?.into();
        self.after("}")?;
        Some(Named { id, kind })
    }

    fn object(&mut self) -> Option<Object> {
        self.named()?.try_into().ok()
    }

    fn origin(&mut self) -> Option<Origin> {
        let origin = Origin {
            channel: self.after(r#""channel":""#)?.string()?,
            digest: self.optional(r#","digest":""#)?,
            request: self.optional(r#","request":""#)?,
        };
        self.after("}")?;
        Some(origin)
    }

    /// An assurance, if one is written out. The strongest never is.
    fn weaker(&mut self) -> Option<Assurance> {
        match self.optional(r#","assurance":""#)? {
            Some(Assurance::Enforced) => None,
            assurance => assurance.or(Some(Assurance::Enforced)),
        }
    }

    /// Payloads, if any are written out. No payload is an absent key.
    fn sealed(&mut self) -> Option<Vec<SealedEntry>> {
        let key = r#","sealed":"#;
        if !self.rest.starts_with(key) {
            return Some(Vec::new());
        }
        let entries: Vec<_> = serde_json::from_str(self.after(key)?.value()?).ok()?;
        (!entries.is_empty()).then_some(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_golden_leaf_stands_as_it_is_written() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/golden/events");
        for file in std::fs::read_dir(folder).unwrap() {
            let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
            assert!(read(&text).is_some(), "{text}");
            assert!(read(&format!("{text} ")).is_none() && read(&text.replacen(',', ", ", 1)).is_none());
        }
    }
}
