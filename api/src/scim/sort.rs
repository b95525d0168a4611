//! The order of results (RFC 7644, section 3.4.2.3).

use super::error::{Refusal, invalid_path, invalid_value, quoted};
use super::moment::Moment;
use super::place::Place;
use super::read::is_primary;
use super::resource::Resource;
use super::schema::{ResourceType, Returned, Type};
use serde_json::Value;
use std::cmp::{Ordering, Reverse};

/// By what results are sorted, and which way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Order {
    place: Place,
    descending: bool,
}

/// Where a resource stands. Those without a value come last, or first when the order is descending, as the standard has it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// In ascending order.
    Up(Key),
    /// In descending order.
    Down(Reverse<Key>),
}

/// What is compared. Those without a value stand behind all others.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// False before true.
    Truth(bool),
    /// Whole numbers.
    Number(i64),
    /// Points in time.
    Time(Moment),
    /// Texts by their characters, without regard to capitals unless they matter.
    Text(String),
    /// No value.
    Missing,
}

impl Order {
    /// Reads `sortBy` and `sortOrder`.
    ///
    /// # Errors
    /// When there is no such attribute, it has no order, or there is no such direction.
    pub fn read(kind: &ResourceType, by: &str, order: Option<&str>) -> Result<Self, Refusal> {
        let place = Place::find(kind, by.trim()).map(Place::compared);
        let hidden = |place: &Place| place.attribute().returned == Returned::Never;
        let Some(place) = place.filter(|place| !hidden(place) && place.target().kind != Type::Complex) else {
            let detail = format!("`sortBy` {} is nothing that results can be sorted by", quoted(by));
            return Err(invalid_path(format!("{detail}; name an attribute of a {}", kind.name)));
        };
        let is = |word: &str| order.is_some_and(|order| order.trim().eq_ignore_ascii_case(word));
        if order.is_some() && !is("ascending") && !is("descending") {
            let order = quoted(order.unwrap_or_default());
            return Err(invalid_value(format!(
                "`sortOrder` {order} is neither `ascending` nor `descending`"
            )));
        }
        Ok(Self { place, descending: is("descending") })
    }

    /// Where a resource stands. Of many values the first choice counts, or else the first.
    pub fn rank(&self, resource: &Resource) -> Rank {
        let key = self.value(resource).map_or(Key::Missing, |value| self.key(value));
        if self.descending { Rank::Down(Reverse(key)) } else { Rank::Up(key) }
    }

    /// Compares two resources.
    pub fn compare(&self, one: &Resource, other: &Resource) -> Ordering {
        self.rank(one).cmp(&self.rank(other))
    }

    fn value<'a>(&self, resource: &'a Resource) -> Option<&'a Value> {
        let held = resource.held(&self.place)?;
        let list = held.as_array().map_or_else(|| std::slice::from_ref(held), Vec::as_slice);
        let chosen = list.iter().find(|value| is_primary(value)).or_else(|| list.first())?;
        match self.place.sub() {
            Some(sub) => chosen.get(sub.name),
            None => Some(chosen),
        }
    }

    fn key(&self, value: &Value) -> Key {
        match value {
            Value::Bool(truth) => Key::Truth(*truth),
            Value::Number(number) => number.as_i64().map_or(Key::Missing, Key::Number),
            Value::String(text) => self.key_of_text(text),
            Value::Null | Value::Array(_) | Value::Object(_) => Key::Missing,
        }
    }

    fn key_of_text(&self, text: &str) -> Key {
        let target = self.place.target();
        if target.kind == Type::DateTime {
            return Moment::read(text).map_or(Key::Missing, Key::Time);
        }
        Key::Text(if target.case_exact { text.to_owned() } else { text.to_lowercase() })
    }
}
