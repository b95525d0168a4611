//! Which resources a client means (RFC 7644, section 3.4.2.2).
//!
//! What the standard leaves open is settled so:
//! - A comparison of an attribute that has a `value` inside compares that: `emails co "x"`, `manager eq "id"`.
//! - Of many values one must match; for `ne`, all of them, so that `ne` finds what `eq` does not.
//! - What is missing is equal to `null` and different from everything else.
//! - `co`, `sw` and `ew` find nothing in times.
//! - `pr` wants something in it: an empty text is not present.

mod evaluate;
mod literal;
mod parse;
mod print;
mod rewrite;

use super::error::Refusal;
use super::mode::Mode;
use super::place::Place;
use super::resource::Resource;
use super::schema::{Attribute, ResourceType};
use literal::Literal;
use serde_json::Value;

pub(super) use parse::{Selected, selection};

/// No filter is longer: a hundred ids fit in.
pub const FILTER_BYTES_MAX: usize = 16 * 1_024;
/// No filter is nested deeper.
pub const FILTER_DEPTH_MAX: usize = 16;
/// No filter compares more often.
pub const FILTER_TERMS_MAX: usize = 200;

/// Which resources of one type are meant.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    term: Term,
}

/// A filter, or a part of one.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    /// Something is there.
    Present(Place),
    /// A value compares so with another.
    Compare(Place, Operator, Literal),
    /// One value of an attribute meets all of a filter.
    Has(Place, Box<Term>),
    /// The opposite.
    Not(Box<Term>),
    /// All of them.
    All(Vec<Term>),
    /// One of them.
    Any(Vec<Term>),
    /// An attribute that only other types of resources have: never true.
    Elsewhere,
}

/// How values are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    Different,
    Contains,
    Starts,
    Ends,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    /// Reads a filter for resources of one type.
    ///
    /// # Errors
    /// When it cannot be read, names an attribute that the type does not have, or compares what cannot be compared.
    pub fn read(kind: &'static ResourceType, mode: Mode, text: &str) -> Result<Self, Refusal> {
        Ok(Self { term: parse::filter(&[kind], kind, mode, text)? })
    }

    /// Reads a filter for resources of several types: one filter for each. An attribute that only some of them have is found in those alone.
    ///
    /// # Errors
    /// As [`Filter::read`], and when none of the types has an attribute.
    pub fn read_for_each(
        kinds: &[&'static ResourceType],
        mode: Mode,
        text: &str,
    ) -> Result<Vec<Self>, Refusal> {
        let of = |kind: &&'static ResourceType| parse::filter(kinds, kind, mode, text);
        kinds.iter().map(|kind| of(kind).map(|term| Self { term })).collect()
    }

    /// Whether a resource is meant.
    pub fn matches(&self, resource: &Resource) -> bool {
        self.term.matches(resource.members())
    }

    /// Whether an attribute outside extensions must be known to answer. The members of groups, say, need not be looked up otherwise.
    pub fn looks_at(&self, name: &str) -> bool {
        self.term.looks_at(name)
    }

    /// The equality that the whole filter is, if it is nothing else: `userName eq "x"`.
    pub fn equals(&self) -> Option<(&'static Attribute, &str)> {
        self.term.equality()
    }

    /// Equalities with texts that hold for every resource that is meant, so that an index can be asked first. They are of attributes with one
    /// value, outside extensions.
    pub fn equalities(&self) -> Vec<(&'static Attribute, &str)> {
        let terms = if let Term::All(terms) = &self.term { terms } else { std::slice::from_ref(&self.term) };
        terms.iter().filter_map(Term::equality).collect()
    }
}

impl Term {
    fn looks_at(&self, name: &str) -> bool {
        match self {
            Self::Present(place) | Self::Compare(place, ..) | Self::Has(place, _) => {
                place.extension().is_none() && place.attribute().name == name
            }
            Self::Not(term) => term.looks_at(name),
            Self::All(terms) | Self::Any(terms) => terms.iter().any(|term| term.looks_at(name)),
            Self::Elsewhere => false,
        }
    }

    fn equality(&self) -> Option<(&'static Attribute, &str)> {
        let Self::Compare(place, Operator::Equal, literal) = self else { return None };
        let simple = place.extension().is_none() && place.sub().is_none() && !place.attribute().multi;
        if simple { Some((place.attribute(), literal.text()?)) } else { None }
    }

    /// What one value must hold to meet the filter, when it says so by equalities alone: `type eq "work" and primary eq true`.
    pub(super) fn described(&self) -> Option<Vec<(&'static Attribute, Value)>> {
        match self {
            Self::Compare(place, Operator::Equal, literal) => Some(vec![(place.sub()?, literal.value()?)]),
            Self::All(terms) => {
                let each: Option<Vec<_>> = terms.iter().map(Self::described).collect();
                Some(each?.into_iter().flatten().collect())
            }
            Self::Present(_)
            | Self::Compare(..)
            | Self::Has(..)
            | Self::Not(_)
            | Self::Any(_)
            | Self::Elsewhere => None,
        }
    }

    /// The texts of which a sub-attribute must be one, when the filter says nothing else: `value eq "a" or value eq "b"`.
    pub(super) fn one_of(&self, name: &str) -> Option<Vec<&str>> {
        match self {
            Self::Compare(place, Operator::Equal, literal) if place.sub()?.name == name => {
                literal.text().map(|text| vec![text])
            }
            Self::Any(terms) => {
                let each: Option<Vec<_>> = terms.iter().map(|term| term.one_of(name)).collect();
                Some(each?.into_iter().flatten().collect())
            }
            Self::Present(_)
            | Self::Compare(..)
            | Self::Has(..)
            | Self::Not(_)
            | Self::All(_)
            | Self::Elsewhere => None,
        }
    }
}
