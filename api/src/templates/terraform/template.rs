//! Texts with expressions in them, and their directives.

use super::evaluate::{Machine, Scope};
use super::value::{Evaluated, Failure, Text, Value};
use hcl::edit::template::{
    Directive, Element, ForDirective, HeredocTemplate, IfDirective, StringTemplate, Strip, Template,
};

/// Largest text that a template may make.
const TEXT_BYTES_MAX: usize = 128 << 10;

/// A text in quotes. One that is a single expression has the value of that.
pub(super) fn quoted(machine: &Machine<'_>, text: &StringTemplate, scope: &Scope) -> Evaluated {
    let elements: Vec<&Element> = text.iter().collect();
    match elements.as_slice() {
        [Element::Interpolation(one)] => machine.value(&one.expr, scope),
        elements => all(machine, elements, scope).map(Value::Text),
    }
}

/// A text between two markers.
pub(super) fn heredoc(machine: &Machine<'_>, text: &HeredocTemplate, scope: &Scope) -> Evaluated {
    let mut text = text.clone();
    text.dedent();
    whole(machine, &text.template, scope).map(Value::Text)
}

/// A template.
pub(super) fn whole(machine: &Machine<'_>, template: &Template, scope: &Scope) -> Result<Text, Failure> {
    all(machine, &template.iter().collect::<Vec<_>>(), scope)
}

fn all(machine: &Machine<'_>, elements: &[&Element], scope: &Scope) -> Result<Text, Failure> {
    let mut text = Text::default();
    for (place, element) in elements.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| elements.get(place));
        let after = elements.get(place + 1);
        let start = before.is_some_and(|one| strips(one).1);
        let end = after.is_some_and(|one| strips(one).0);
        let part = self::element(machine, element, scope, (start, end))?;
        machine.spend(Value::Text(part.clone()).weight())?;
        text.push(part);
        if size(&text) > TEXT_BYTES_MAX {
            return Err(Failure::Exhausted(format!("a text is at most {TEXT_BYTES_MAX} bytes long")));
        }
    }
    Ok(if text.parts().is_empty() { Text::of("") } else { text })
}

fn size(text: &Text) -> usize {
    text.parts()
        .iter()
        .map(|part| match part {
            super::value::Part::Literal(text) => text.len(),
            super::value::Part::Reference(_)
            | super::value::Part::Volume(_)
            | super::value::Part::Withheld(_) => 0,
        })
        .sum()
}

fn element(
    machine: &Machine<'_>,
    element: &Element,
    scope: &Scope,
    (start, end): (bool, bool),
) -> Result<Text, Failure> {
    match element {
        Element::Literal(text) => Ok(Text::of(stripped(text.value(), start, end))),
        Element::Interpolation(one) => machine.value(&one.expr, scope)?.to_text(),
        Element::Directive(directive) => match &**directive {
            Directive::If(one) => condition(machine, one, scope),
            Directive::For(one) => repetition(machine, one, scope),
        },
    }
}

/// A text beside a marker that strips loses its spaces there, up to and with one line break.
fn stripped(text: &str, start: bool, end: bool) -> &str {
    let text = if start {
        let rest = text.trim_start_matches([' ', '\t', '\r']);
        rest.strip_prefix('\n').unwrap_or(rest).trim_start_matches([' ', '\t', '\r', '\n'])
    } else {
        text
    };
    if end { text.trim_end_matches([' ', '\t', '\r', '\n']) } else { text }
}

/// Whether an element strips what is before and what is after it.
fn strips(element: &Element) -> (bool, bool) {
    let start = |strip: Strip| matches!(strip, Strip::Start | Strip::Both);
    let end = |strip: Strip| matches!(strip, Strip::End | Strip::Both);
    match element {
        Element::Literal(_) => (false, false),
        Element::Interpolation(one) => (start(one.strip), end(one.strip)),
        Element::Directive(directive) => match &**directive {
            Directive::If(one) => (start(one.if_expr.strip), end(one.endif_expr.strip)),
            Directive::For(one) => (start(one.for_expr.strip), end(one.endfor_expr.strip)),
        },
    }
}

fn condition(machine: &Machine<'_>, one: &IfDirective, scope: &Scope) -> Result<Text, Failure> {
    let holds = machine.value(&one.if_expr.cond_expr, scope)?.to_bool()?;
    let (template, first, last) = match (&one.else_expr, holds) {
        (Some(other), true) => (&one.if_expr.template, one.if_expr.strip, other.strip),
        (None, true) => (&one.if_expr.template, one.if_expr.strip, one.endif_expr.strip),
        (Some(other), false) => (&other.template, other.strip, one.endif_expr.strip),
        (None, false) => return Ok(Text::of("")),
    };
    inner(machine, template, scope, (first, last))
}

fn repetition(machine: &Machine<'_>, one: &ForDirective, scope: &Scope) -> Result<Text, Failure> {
    let collection = machine.value(&one.for_expr.collection_expr, scope)?;
    let mut scope = scope.clone();
    let mut text = Text::of("");
    for (key, value) in collection.entries()? {
        if let Some(name) = &one.for_expr.key_var {
            scope.insert(name.as_str().to_owned(), key);
        }
        scope.insert(one.for_expr.value_var.as_str().to_owned(), value);
        let strips = (one.for_expr.strip, one.endfor_expr.strip);
        text.push(inner(machine, &one.for_expr.template, &scope, strips)?);
        if size(&text) > TEXT_BYTES_MAX {
            return Err(Failure::Exhausted(format!("a text is at most {TEXT_BYTES_MAX} bytes long")));
        }
    }
    Ok(text)
}

/// A template between two markers, which may strip its ends.
fn inner(
    machine: &Machine<'_>,
    template: &Template,
    scope: &Scope,
    (first, last): (Strip, Strip),
) -> Result<Text, Failure> {
    let mut elements: Vec<Element> = template.iter().cloned().collect();
    let strip = |element: &mut Element, start: bool, end: bool| {
        if let Element::Literal(text) = element {
            *element = Element::Literal(stripped(text.value(), start, end).to_owned().into());
        }
    };
    if let Some(element) = elements.first_mut() {
        strip(element, matches!(first, Strip::End | Strip::Both), false);
    }
    if let Some(element) = elements.last_mut() {
        strip(element, false, matches!(last, Strip::Start | Strip::Both));
    }
    all(machine, &elements.iter().collect::<Vec<_>>(), scope)
}
