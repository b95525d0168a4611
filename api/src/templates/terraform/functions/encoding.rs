//! JSON and base64.

use crate::templates::terraform::number::Decimal;
use crate::templates::terraform::value::{Evaluated, Failure, Value, wrong};
use serde_json::Value as Json;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

pub(super) fn call(name: &str, values: &[Value]) -> Option<Evaluated> {
    Some(match (name, values) {
        ("jsonencode", [one]) => json(one).map(Value::text),
        ("jsondecode", [text]) => text.literal().and_then(|text| decoded(&text)),
        ("base64encode", [text]) => text.literal().map(|text| Value::text(base64(text.as_bytes()))),
        ("base64decode", [text]) => text.literal().and_then(|text| unbase64(&text)),
        _ => return None,
    })
}

/// As Terraform writes it: keys in order, no spaces, and what matters in HTML as numbers.
pub(in crate::templates::terraform) fn json(value: &Value) -> Result<String, Failure> {
    let list = |values: &[Value]| -> Result<String, Failure> {
        let all: Result<Vec<String>, Failure> = values.iter().map(json).collect();
        Ok(all?.join(","))
    };
    match value {
        Value::Null => Ok("null".to_owned()),
        Value::Bool(one) => Ok(one.to_string()),
        Value::Number(one) => Ok(one.to_string()),
        Value::Text(text) => Ok(word(&text.literal()?)),
        Value::List(all) => Ok(format!("[{}]", list(all)?)),
        Value::Map(map) => {
            let pair =
                |(key, value): (&String, &Value)| json(value).map(|value| format!("{}:{value}", word(key)));
            let pairs: Result<Vec<String>, Failure> = map.iter().map(pair).collect();
            Ok(format!("{{{}}}", pairs?.join(",")))
        }
    }
}

fn word(text: &str) -> String {
    let text = Json::from(text).to_string();
    let signs = [
        ('<', "\\u003c"),
        ('>', "\\u003e"),
        ('&', "\\u0026"),
        ('\u{2028}', "\\u2028"),
        ('\u{2029}', "\\u2029"),
    ];
    signs.into_iter().fold(text, |text, (sign, number)| text.replace(sign, number))
}

fn decoded(text: &str) -> Evaluated {
    match serde_json::from_str::<Json>(text) {
        Ok(value) => of_json(&value),
        Err(cause) => wrong(format!("it is no JSON: {cause}")),
    }
}

fn of_json(value: &Json) -> Evaluated {
    match value {
        Json::Null => Ok(Value::Null),
        Json::Bool(one) => Ok(Value::Bool(*one)),
        Json::Number(number) => {
            let what = || Failure::Wrong(format!("`{number}` has more than nine decimal places"));
            Decimal::parse(&number.to_string()).map(Value::Number).ok_or_else(what)
        }
        Json::String(text) => Ok(Value::text(text.clone())),
        Json::Array(all) => all.iter().map(of_json).collect::<Result<Vec<_>, _>>().map(Value::List),
        Json::Object(map) => {
            let pair = |(key, value): (&String, &Json)| of_json(value).map(|value| (key.clone(), value));
            map.iter().map(pair).collect::<Result<_, _>>().map(Value::Map)
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    let sign = |bits: u32| {
        ALPHABET.get(usize::try_from(bits & 63).unwrap_or(0)).map_or('=', |byte| char::from(*byte))
    };
    let group = |chunk: &[u8]| {
        let bits =
            (0..3).fold(0_u32, |bits, place| bits << 8 | u32::from(chunk.get(place).copied().unwrap_or(0)));
        let signs = [bits >> 18, bits >> 12, bits >> 6, bits].map(sign);
        let shown = |(place, sign): (usize, char)| if place <= chunk.len() { sign } else { '=' };
        signs.into_iter().enumerate().map(shown).collect::<String>()
    };
    bytes.chunks(3).map(group).collect()
}

fn unbase64(text: &str) -> Evaluated {
    let plain = text.trim_end_matches('=');
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0_u32);
    for byte in plain.bytes() {
        let sign = ALPHABET.iter().position(|one| *one == byte).and_then(|place| u32::try_from(place).ok());
        let Some(sign) = sign else { return wrong("it is no base64") };
        bits = (bits << 6 | sign) & 0xff_ffff;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).unwrap_or(0));
        }
    }
    if !text.len().is_multiple_of(4) {
        return wrong("it is no base64");
    }
    String::from_utf8(bytes).map_or_else(|_| wrong("it is no text"), |text| Ok(Value::text(text)))
}
