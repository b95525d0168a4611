//! Reads a body of JSON that may have been made to harm: no name twice, and nothing without a bound.

use super::error::{Kind, Refusal, invalid_syntax};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use std::cell::Cell;
use std::fmt;

/// No body is longer: fifty thousand members of a group fit in.
pub const BODY_BYTES_MAX: usize = 8 * 1_024 * 1_024;
/// No value is nested deeper. A patch of an address inside a resource takes seven.
pub const DEPTH_MAX: usize = 8;
/// No text is longer. Certificates and small pictures fit in.
pub const TEXT_BYTES_MAX: usize = 64 * 1_024;
/// A body has no more values than this, whatever their kind: fifty thousand members with four each fit in.
pub const VALUES_IN_BODY_MAX: usize = 300_000;

/// Reads a body.
///
/// # Errors
/// When it is not JSON, says something twice, or is larger or deeper than the bounds.
pub fn read(body: &[u8]) -> Result<Value, Refusal> {
    if body.len() > BODY_BYTES_MAX {
        let detail = format!("the body has {} bytes; send at most {BODY_BYTES_MAX}", body.len());
        return Err(Refusal::new(Kind::TooLarge, detail));
    }
    let left = Cell::new(VALUES_IN_BODY_MAX);
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Reader { depth: 0, left: &left }.deserialize(&mut reader);
    value.and_then(|value| reader.end().map(|()| value)).map_err(|error| {
        invalid_syntax(format!(
            "the body is not JSON as it is read here: {error}; correct it and send it again"
        ))
    })
}

/// One value, so deep in the body.
#[derive(Clone, Copy)]
struct Reader<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl Reader<'_> {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        if self.depth >= DEPTH_MAX {
            return Err(E::custom(format!("values are nested more than {DEPTH_MAX} deep")));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }

    fn count<E: Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1);
        let left =
            left.ok_or_else(|| E::custom(format!("there are more than {VALUES_IN_BODY_MAX} values")))?;
        self.left.set(left);
        Ok(())
    }

    fn text<E: Error>(self, text: &str) -> Result<Value, E> {
        self.count()?;
        if text.len() > TEXT_BYTES_MAX {
            return Err(E::custom(format!("a text has more than {TEXT_BYTES_MAX} bytes")));
        }
        Ok(text.into())
    }

    fn scalar<E: Error>(self, value: impl Into<Value>) -> Result<Value, E> {
        self.count().map(|()| value.into())
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.scalar(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        self.scalar(value)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        self.scalar(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.text(text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        self.count()?;
        let inner = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            list.push(item);
        }
        Ok(Value::Array(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        self.count()?;
        let inner = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                return Err(A::Error::custom("an object has the same name twice"));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_sent_is_read() {
        let text = r#"{"a":[1,-2,0.5,true,null,"x"],"b":{"c":{}}}"#;
        assert_eq!(read(text.as_bytes()).unwrap().to_string(), text);
    }

    #[test]
    fn what_could_harm_is_refused() {
        let deep = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(read(deep(DEPTH_MAX).as_bytes()).is_ok());
        for body in [
            r#"{"a":1,"a":2}"#.to_owned(),
            r#"{"a":{"b":1,"\u0062":2}}"#.to_owned(),
            deep(DEPTH_MAX + 1),
            deep(100_000),
            format!("[{}1]", "1,".repeat(VALUES_IN_BODY_MAX)),
            format!("\"{}\"", "x".repeat(TEXT_BYTES_MAX + 1)),
            "{} {}".to_owned(),
            "{".to_owned(),
            "\u{feff}{}".to_owned(),
            r#"{"a":"\ud800"}"#.to_owned(),
            String::new(),
        ] {
            assert_eq!(read(body.as_bytes()).unwrap_err().kind(), Kind::InvalidSyntax, "{:.40}", body);
        }
        assert_eq!(read(b"\"\xff\"").unwrap_err().kind(), Kind::InvalidSyntax);
        assert_eq!(read(&vec![b' '; BODY_BYTES_MAX + 1]).unwrap_err().status(), 413);
    }
}
