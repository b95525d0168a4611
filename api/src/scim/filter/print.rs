//! Writes a filter so that reading it gives the same filter.

use super::{Filter, Literal, Operator, Term};
use serde_json::Value;
use std::fmt;

impl fmt::Display for Filter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", Written { term: &self.term, inside: false })
    }
}

/// A term, inside or outside of the brackets of an attribute.
struct Written<'a> {
    term: &'a Term,
    inside: bool,
}

impl fmt::Display for Written<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.term {
            Term::Present(place) => write!(out, "{} pr", self.name(place)),
            Term::Compare(place, operator, literal) => {
                write!(out, "{} {} {literal}", self.name(place), operator.name())
            }
            Term::Has(place, term) => write!(out, "{place}[{}]", Written { term, inside: true }),
            Term::Not(term) => write!(out, "not ({})", Written { term, ..*self }),
            Term::All(terms) => self.joined(out, terms, " and "),
            Term::Any(terms) => self.joined(out, terms, " or "),
            Term::Elsewhere => out.write_str("null pr"),
        }
    }
}

impl Written<'_> {
    fn name(&self, place: &super::Place) -> String {
        let sub = place.sub().filter(|_| self.inside);
        sub.map_or_else(|| place.to_string(), |sub| sub.name.to_owned())
    }

    fn joined(&self, out: &mut fmt::Formatter<'_>, terms: &[Term], word: &str) -> fmt::Result {
        for (place, term) in terms.iter().enumerate() {
            let before = if place == 0 { "" } else { word };
            let written = Written { term, ..*self };
            match term {
                Term::All(_) | Term::Any(_) => write!(out, "{before}({written})")?,
                Term::Present(_) | Term::Compare(..) | Term::Has(..) | Term::Not(_) | Term::Elsewhere => {
                    write!(out, "{before}{written}")?;
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.value().unwrap_or(Value::Null))
    }
}

impl Operator {
    fn name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::Different => "ne",
            Self::Contains => "co",
            Self::Starts => "sw",
            Self::Ends => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }
}
