//! Texts with references, as they are written into a spec: in variables and images as references, in scripts as variables of the shell.

use super::value::{Part, Reference, Text};
use crate::templates::draft::escaped;
use std::collections::BTreeMap;

/// A text for a place that may hold references.
pub(super) fn referring(text: &Text) -> Result<String, String> {
    let mut written = String::new();
    for part in text.parts() {
        match part {
            Part::Literal(literal) => written.push_str(&escaped(literal)),
            Part::Reference(_) if written.ends_with('$') => {
                return Err("a `$` right before a reference cannot be written in a spec".to_owned());
            }
            Part::Reference(reference) => written.push_str(&format!("${{{}}}", reference.name())),
            Part::Volume(_) => return Err("the name of a volume is Deed's to choose".to_owned()),
            Part::Withheld(withheld) => return Err(format!("{}: {}", withheld.what, withheld.why)),
        }
    }
    Ok(written)
}

/// A script, in which references are variables of the shell. Those that a start does not set by itself are added to the environment.
pub(super) fn script(
    text: &Text,
    at_start: bool,
    environment: &mut BTreeMap<Box<str>, Box<str>>,
) -> Result<String, String> {
    let mut script = Script::default();
    for part in text.parts() {
        match part {
            Part::Literal(literal) => script.literal(literal),
            Part::Reference(reference) => {
                let name = variable(reference, at_start);
                script.variable(&name)?;
                if !name.starts_with("DEED_") {
                    environment.insert(name.into(), format!("${{{}}}", reference.name()).into());
                }
            }
            Part::Volume(_) => return Err("the name of a volume is Deed's to choose".to_owned()),
            Part::Withheld(withheld) => return Err(format!("{}: {}", withheld.what, withheld.why)),
        }
    }
    Ok(script.written)
}

fn variable(reference: &Reference, at_start: bool) -> String {
    if let (Reference::Parameter(name), true) = (reference, at_start) {
        return format!("DEED_PARAMETER_{}", name.to_uppercase());
    }
    reference.name().replace('.', "_").to_uppercase()
}

/// A script as far as it is written, and whether it is within quotes.
#[derive(Default)]
struct Script {
    written: String,
    quote: Option<char>,
    skip: bool,
    /// A here-document began; what is quoted after it is not looked into.
    here: bool,
}

impl Script {
    fn literal(&mut self, text: &str) {
        self.written.push_str(text);
        let mut before = ' ';
        for c in text.chars() {
            let escapes = c == '\\' && self.quote != Some('\'');
            match (self.skip, self.quote, c) {
                (true, ..) => self.skip = false,
                _ if escapes => self.skip = true,
                // A comment ends with its line, whatever is in it.
                (_, Some('#'), '\n') => self.quote = None,
                (_, Some('#'), _) => {}
                (_, Some(quote), c) if c == quote => self.quote = None,
                (_, None, '\'' | '"') => self.quote = Some(c),
                (_, None, '#') if before.is_whitespace() => self.quote = Some('#'),
                (_, None, '<') if before == '<' => self.here = true,
                _ => {}
            }
            before = c;
        }
    }

    fn variable(&mut self, name: &str) -> Result<(), String> {
        if self.here {
            return Err(
                "what is chosen cannot stand in or behind a here-document: use a variable of the environment"
                    .to_owned(),
            );
        }
        let written = match self.quote {
            Some('\'') => format!("'\"${{{name}}}\"'"),
            Some(_) => format!("${{{name}}}"),
            None => format!("\"${{{name}}}\""),
        };
        self.written.push_str(&written);
        Ok(())
    }
}
