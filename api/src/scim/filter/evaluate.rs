//! Whether a resource, or one value of an attribute, meets a filter.

use super::{Literal, Operator, Term};
use crate::scim::place::Place;
use serde_json::{Map, Value};
use std::cmp::Ordering;

impl Term {
    /// Whether a resource meets it.
    pub(in crate::scim) fn matches(&self, members: &Map<String, Value>) -> bool {
        self.holds(&|place| place.values(members))
    }

    /// Whether one value of an attribute meets it.
    pub(in crate::scim) fn matches_value(&self, value: &Value) -> bool {
        self.holds(&|place| vec![place.sub().and_then(|sub| value.get(sub.name))])
    }

    fn holds<'a>(&self, values: &dyn Fn(&Place) -> Vec<Option<&'a Value>>) -> bool {
        match self {
            Self::Present(place) => values(place).into_iter().flatten().any(is_present),
            Self::Compare(place, operator, literal) => compare(place, *operator, literal, values(place)),
            Self::Has(place, term) => values(place).into_iter().flatten().any(|one| term.matches_value(one)),
            Self::Not(term) => !term.holds(values),
            Self::All(terms) => terms.iter().all(|term| term.holds(values)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(values)),
            Self::Elsewhere => false,
        }
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) => true,
        Value::String(text) => !text.is_empty(),
        Value::Array(list) => list.iter().any(is_present),
        Value::Object(members) => members.values().any(is_present),
    }
}

fn compare(place: &Place, operator: Operator, literal: &Literal, mut values: Vec<Option<&Value>>) -> bool {
    if values.is_empty() {
        values.push(None);
    }
    let each = |held: Option<&Value>| compare_one(place, operator, literal, held);
    if operator == Operator::Different { values.into_iter().all(each) } else { values.into_iter().any(each) }
}

fn compare_one(place: &Place, operator: Operator, literal: &Literal, held: Option<&Value>) -> bool {
    let (Some(held), false) = (held, *literal == Literal::Null) else {
        let both = held.is_none() && *literal == Literal::Null;
        return if operator == Operator::Different { !both } else { operator == Operator::Equal && both };
    };
    if operator.is_of_texts() {
        return literal.is_in(operator, held, place.target());
    }
    let order = literal.order(held, place.target());
    match operator {
        Operator::Equal => order == Some(Ordering::Equal),
        Operator::Different => order != Some(Ordering::Equal),
        Operator::Greater => order == Some(Ordering::Greater),
        Operator::GreaterOrEqual => order.is_some_and(Ordering::is_ge),
        Operator::Less => order == Some(Ordering::Less),
        Operator::LessOrEqual => order.is_some_and(Ordering::is_le),
        Operator::Contains | Operator::Starts | Operator::Ends => false,
    }
}

impl Operator {
    /// Whether it looks into texts.
    pub(super) fn is_of_texts(self) -> bool {
        matches!(self, Self::Contains | Self::Starts | Self::Ends)
    }

    /// Whether it needs an order.
    pub(super) fn is_of_orders(self) -> bool {
        matches!(self, Self::Greater | Self::GreaterOrEqual | Self::Less | Self::LessOrEqual)
    }
}
