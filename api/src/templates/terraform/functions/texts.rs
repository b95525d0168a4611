//! Functions over texts.

use crate::templates::terraform::number::Decimal;
use crate::templates::terraform::value::{Evaluated, Failure, Text, Value, wrong};

pub(super) fn call(name: &str, values: &[Value]) -> Option<Evaluated> {
    Some(match (name, values) {
        ("lower", [text]) => lower(text),
        ("upper", [text]) => each(text, |text| text.to_uppercase()),
        ("title", [text]) => each(text, title),
        ("trimspace", [text]) => each(text, |text| text.trim().to_owned()),
        ("chomp", [text]) => each(text, |text| text.trim_end_matches(['\n', '\r']).to_owned()),
        ("trim", [text, cut]) => {
            pair(text, cut, |text, cut| text.trim_matches(|c| cut.contains(c)).to_owned())
        }
        ("trimprefix", [text, cut]) => {
            pair(text, cut, |text, cut| text.strip_prefix(cut).unwrap_or(text).to_owned())
        }
        ("trimsuffix", [text, cut]) => {
            pair(text, cut, |text, cut| text.strip_suffix(cut).unwrap_or(text).to_owned())
        }
        ("startswith", [text, start]) => ask(text, start, |text, start| text.starts_with(start)),
        ("endswith", [text, end]) => ask(text, end, |text, end| text.ends_with(end)),
        ("strcontains", [text, part]) => ask(text, part, |text, part| text.contains(part)),
        ("strrev", [text]) => each(text, |text| text.chars().rev().collect()),
        ("replace", [text, old, new]) => replace(text, old, new),
        ("substr", [text, start, length]) => substr(text, start, length),
        ("join", [between, lists @ ..]) if !lists.is_empty() => join(between, lists),
        ("split", [between, text]) => split(between, text),
        ("indent", [spaces, text]) => indent(spaces, text),
        ("format", [template, values @ ..]) => {
            template.literal().and_then(|template| super::numbers::format(&template, values).map(Value::Text))
        }
        ("formatlist", [template, list]) => formatlist(template, list),
        ("regex" | "regexall", [_, _]) => wrong("regular expressions are not evaluated here"),
        _ => return None,
    })
}

fn each(text: &Value, of: impl Fn(&str) -> String) -> Evaluated {
    Ok(Value::text(of(&text.literal()?)))
}

fn pair(text: &Value, other: &Value, of: impl Fn(&str, &str) -> String) -> Evaluated {
    Ok(Value::text(of(&text.literal()?, &other.literal()?)))
}

fn ask(text: &Value, other: &Value, of: impl Fn(&str, &str) -> bool) -> Evaluated {
    Ok(Value::Bool(of(&text.literal()?, &other.literal()?)))
}

/// Handles and ids are in lower case already.
fn lower(text: &Value) -> Evaluated {
    use crate::templates::terraform::value::Part;
    let text = text.to_text()?;
    let mut lower = Text::default();
    for part in text.parts() {
        match part {
            Part::Literal(text) => lower.push(Text::of(text.to_lowercase())),
            Part::Reference(reference) if !reference.is_parameter() => lower.push(Text::part(part.clone())),
            Part::Reference(_) | Part::Volume(_) | Part::Withheld(_) => {
                return each(&Value::Text(text), str::to_lowercase);
            }
        }
    }
    Ok(Value::Text(lower))
}

fn title(text: &str) -> String {
    let mut first = true;
    let one = |c: char| {
        let upper = first && c.is_alphabetic();
        first = c.is_whitespace() || !(c.is_alphanumeric() || c == '_');
        if upper { c.to_uppercase().collect::<String>() } else { c.to_string() }
    };
    text.chars().map(one).collect()
}

fn replace(text: &Value, old: &Value, new: &Value) -> Evaluated {
    // Whatever is replaced in something withheld, it stays so.
    if let Some(withheld) = text.to_text()?.withheld() {
        return Ok(Value::withheld(withheld));
    }
    let (old, new) = (old.literal()?, new.literal()?);
    if old.len() > 1 && old.starts_with('/') && old.ends_with('/') {
        return wrong("regular expressions are not evaluated here");
    }
    each(text, |text| text.replace(&old, &new))
}

fn substr(text: &Value, start: &Value, length: &Value) -> Evaluated {
    let text: Vec<char> = text.literal()?.chars().collect();
    let whole = |value: &Value| {
        let number = value.to_number()?.whole();
        number.ok_or_else(|| Failure::Wrong("it is a whole number".to_owned()))
    };
    let (start, length) = (whole(start)?, whole(length)?);
    let size = i64::try_from(text.len()).unwrap_or(i64::MAX);
    let start = if start < 0 { (size.saturating_add(start)).max(0) } else { start };
    let length = if length < 0 { i64::MAX } else { length };
    let count = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(Value::text(text.into_iter().skip(count(start)).take(count(length)).collect::<String>()))
}

fn join(between: &Value, lists: &[Value]) -> Evaluated {
    let between = between.to_text()?;
    let mut joined = Text::of("");
    let mut first = true;
    for list in lists {
        for one in list.to_list()? {
            if !first {
                joined.push(between.clone());
            }
            first = false;
            joined.push(one.to_text()?);
        }
    }
    Ok(Value::Text(joined))
}

fn split(between: &Value, text: &Value) -> Evaluated {
    let (between, text) = (between.literal()?, text.literal()?);
    if between.is_empty() {
        return Ok(Value::List(text.chars().map(|c| Value::text(c.to_string())).collect()));
    }
    Ok(Value::List(text.split(&*between).map(Value::text).collect()))
}

fn indent(spaces: &Value, text: &Value) -> Evaluated {
    let spaces = spaces.to_number()?.whole().and_then(|spaces| usize::try_from(spaces).ok());
    let Some(spaces) = spaces.filter(|spaces| *spaces <= 256) else {
        return wrong("it is from 0 to 256 spaces");
    };
    each(text, |text| text.replace('\n', &format!("\n{}", " ".repeat(spaces))))
}

fn formatlist(template: &Value, list: &Value) -> Evaluated {
    let template = template.literal()?;
    let one = |one: &Value| super::numbers::format(&template, std::slice::from_ref(one)).map(Value::Text);
    let all: Result<Vec<_>, _> = list.to_list()?.iter().map(one).collect();
    all.map(Value::List)
}

pub(super) fn length(text: &Value) -> Evaluated {
    Ok(Value::Number(Decimal::length(text.literal()?.chars().count())))
}
