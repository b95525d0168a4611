//! What a filter compares with.

use super::Operator;
use crate::scim::error::{Refusal, invalid_filter};
use crate::scim::mode::Mode;
use crate::scim::moment::Moment;
use crate::scim::place::Place;
use crate::scim::read::truth_in_text;
use crate::scim::schema::{Attribute, Type};
use scim_v2::filter::CompValue;
use serde_json::{Number, Value};
use std::cmp::Ordering;

/// A value in a filter, of the type of the attribute that it is compared with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::scim) enum Literal {
    /// Nothing.
    Null,
    /// True or false.
    Truth(bool),
    /// A number.
    Number(Number),
    /// A text as it was written, and as it is compared.
    Text { written: String, compared: String },
    /// A time as it was written.
    Time { written: String, moment: Moment },
}

impl Literal {
    pub(super) fn read(
        place: Place,
        operator: Operator,
        mode: Mode,
        value: CompValue,
    ) -> Result<Self, Refusal> {
        let target = place.target();
        let read = match (value, target.kind) {
            (CompValue::Null, _) => Some(Self::Null),
            (CompValue::True, Type::Boolean) => Some(Self::Truth(true)),
            (CompValue::False, Type::Boolean) => Some(Self::Truth(false)),
            (CompValue::Str(text), Type::Boolean) if mode.active_as_text() => {
                truth_in_text(&text).map(Self::Truth)
            }
            (CompValue::Number(number), Type::Integer | Type::Decimal) => Some(Self::Number(number)),
            (CompValue::Str(text), Type::DateTime) if !operator.is_of_texts() => {
                Moment::read(&text).map(|moment| Self::Time { written: text, moment })
            }
            (CompValue::Str(text), Type::String | Type::Reference | Type::Binary | Type::DateTime) => {
                Some(Self::Text { compared: compared(target, &text), written: text })
            }
            (CompValue::True | CompValue::False | CompValue::Number(_) | CompValue::Str(_), _) => None,
        };
        let wanted = target.kind.name();
        read.ok_or_else(|| {
            invalid_filter(format!("`{place}` is compared with what is no {wanted}; correct the value"))
        })
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text { written, .. } => Some(written),
            Self::Null | Self::Truth(_) | Self::Number(_) | Self::Time { .. } => None,
        }
    }

    /// The value as a resource would hold it; `None` for nothing.
    pub(super) fn value(&self) -> Option<Value> {
        match self {
            Self::Null => None,
            Self::Truth(truth) => Some((*truth).into()),
            Self::Number(number) => Some(Value::Number(number.clone())),
            Self::Text { written, .. } | Self::Time { written, .. } => Some(written.as_str().into()),
        }
    }

    /// How a value that a resource holds compares with this one; `None` when it does not.
    pub(super) fn order(&self, held: &Value, target: &Attribute) -> Option<Ordering> {
        match self {
            Self::Null => None,
            Self::Truth(truth) => held.as_bool().map(|held| held.cmp(truth)),
            Self::Number(number) => order_of_numbers(held.as_number()?, number),
            Self::Text { compared: text, .. } => held.as_str().map(|held| compared(target, held).cmp(text)),
            Self::Time { moment, .. } => held.as_str().and_then(Moment::read).map(|held| held.cmp(moment)),
        }
    }

    /// How the text that a resource holds contains this one.
    pub(super) fn is_in(&self, operator: Operator, held: &Value, target: &Attribute) -> bool {
        let (Self::Text { compared: text, .. }, Some(held)) = (self, held.as_str()) else { return false };
        if target.kind == Type::DateTime {
            return false;
        }
        let held = compared(target, held);
        match operator {
            Operator::Contains => held.contains(text),
            Operator::Starts => held.starts_with(text),
            Operator::Ends => held.ends_with(text),
            Operator::Equal
            | Operator::Different
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Less
            | Operator::LessOrEqual => false,
        }
    }
}

/// A text as it is compared.
fn compared(target: &Attribute, text: &str) -> String {
    if target.case_exact { text.to_owned() } else { text.to_lowercase() }
}

fn order_of_numbers(held: &Number, other: &Number) -> Option<Ordering> {
    match (held.as_i64(), other.as_i64()) {
        (Some(held), Some(other)) => Some(held.cmp(&other)),
        (_, _) => held.as_f64()?.partial_cmp(&other.as_f64()?),
    }
}
