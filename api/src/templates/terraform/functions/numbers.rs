//! Functions over numbers, and conversions between kinds.

use crate::templates::terraform::number::Decimal;
use crate::templates::terraform::value::{Evaluated, Failure, Text, Value, wrong};
use std::cmp::Ordering;

pub(super) fn call(name: &str, values: &[Value]) -> Option<Evaluated> {
    Some(match (name, values) {
        ("abs", [one]) => number(one, Decimal::abs),
        ("floor", [one]) => number(one, Decimal::floor),
        ("ceil", [one]) => number(one, Decimal::ceil),
        ("max", [_, ..]) => extreme(values, Ordering::Greater),
        ("min", [_, ..]) => extreme(values, Ordering::Less),
        ("tostring", [Value::Null]) => Ok(Value::Null),
        ("tostring", [one]) => one.to_text().map(Value::Text),
        ("tonumber", [Value::Null]) => Ok(Value::Null),
        ("tonumber", [one]) => one.to_number().map(Value::Number),
        ("tobool", [Value::Null]) => Ok(Value::Null),
        ("tobool", [one]) => one.to_bool().map(Value::Bool),
        ("parseint", [text, base]) => parse(text, base),
        _ => return None,
    })
}

fn number(one: &Value, of: fn(Decimal) -> Decimal) -> Evaluated {
    Ok(Value::Number(of(one.to_number()?)))
}

fn extreme(values: &[Value], wanted: Ordering) -> Evaluated {
    let numbers: Result<Vec<Decimal>, Failure> = values.iter().map(Value::to_number).collect();
    let better = |one: Decimal, other: Decimal| if other.cmp(&one) == wanted { other } else { one };
    numbers?
        .into_iter()
        .reduce(better)
        .map_or_else(|| wrong("there is no number"), |one| Ok(Value::Number(one)))
}

fn parse(text: &Value, base: &Value) -> Evaluated {
    let text = text.literal()?;
    let base = base.to_number()?.whole().and_then(|base| u32::try_from(base).ok());
    let base = base.filter(|base| (2..=36).contains(base));
    let Some(base) = base else { return wrong("a base is from 2 to 36") };
    match i64::from_str_radix(&text, base) {
        Ok(number) => Ok(Value::Number(Decimal::of(number))),
        Err(_) => wrong(format!("`{text}` is no number to base {base}")),
    }
}

/// A text with `%s`, `%d`, `%q`, `%v` and `%%` in it, numbers also with a width.
pub(super) fn format(template: &str, values: &[Value]) -> Result<Text, Failure> {
    let (mut text, mut rest, mut values) = (Text::of(""), template, values.iter());
    while let Some((before, after)) = rest.split_once('%') {
        text.push(Text::of(before));
        if let Some(after) = after.strip_prefix('%') {
            text.push(Text::of("%"));
            rest = after;
            continue;
        }
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        let (width, after) = after.split_at_checked(end).unwrap_or(("", after));
        let mut verb = after.chars();
        let value = |one: Option<char>, value: Option<&Value>| match value {
            None => wrong("`format` has too few arguments"),
            Some(value) => verbed(one.unwrap_or(' '), width, value),
        };
        text.push(value(verb.next(), values.next())?);
        rest = verb.as_str();
    }
    text.push(Text::of(rest));
    if values.next().is_some() { wrong("`format` has too many arguments") } else { Ok(text) }
}

fn verbed(verb: char, width: &str, value: &Value) -> Result<Text, Failure> {
    match (verb, width) {
        ('s', "") => value.to_text(),
        ('v', "") => match value {
            Value::Null => Ok(Text::of("null")),
            Value::List(_) | Value::Map(_) => super::encoding::json(value).map(Text::of),
            Value::Bool(_) | Value::Number(_) | Value::Text(_) => value.to_text(),
        },
        ('q', "") => Ok(Text::of(format!("{:?}", value.literal()?))),
        ('d', width) => {
            let Some(number) = value.to_number()?.whole() else { return wrong("`%d` wants a whole number") };
            let size: usize = width.parse().unwrap_or(0).min(64);
            let zeros = width.starts_with('0');
            Ok(Text::of(if zeros { format!("{number:0size$}") } else { format!("{number:size$}") }))
        }
        _ => wrong(format!("`%{width}{verb}` is not known here")),
    }
}
