//! Values of expressions. A text may hold what is known only once a workspace is there.

use super::number::Decimal;
use std::collections::{BTreeMap, BTreeSet};

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Number(Decimal),
    Text(Text),
    List(Vec<Value>),
    Map(BTreeMap<String, Value>),
}

/// A text in parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text(Vec<Part>);

/// A part of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Literal(String),
    /// What a spec can refer to.
    Reference(Reference),
    /// The name of a volume: its resource, and which one of several.
    Volume(String),
    /// What Deed does not give away, or does not have.
    Withheld(&'static Withheld),
}

/// What a spec can refer to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reference {
    Parameter(String),
    OwnerHandle,
    OwnerId,
    WorkspaceHandle,
    WorkspaceId,
}

/// Something that stands for no value here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Withheld {
    pub(super) what: &'static str,
    pub(super) why: &'static str,
    /// Whether a workspace is none the worse without a variable that holds it.
    pub(super) harmless: bool,
}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// It needs what is known only once a workspace is there.
    Depends(BTreeSet<Reference>),
    /// It needs what is withheld.
    Withheld(&'static Withheld),
    /// It is wrong.
    Wrong(String),
    /// It takes too much.
    Exhausted(String),
}

pub(super) type Evaluated = Result<Value, Failure>;

/// A failure in words.
pub(super) fn wrong<T>(what: impl Into<String>) -> Result<T, Failure> {
    Err(Failure::Wrong(what.into()))
}

impl Failure {
    /// Why a construct that needs the value is refused.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Depends(on) => {
                let names: Vec<String> = on.iter().map(|one| format!("`{}`", one.name())).collect();
                let names = names.join(" and ");
                format!(
                    "it depends on {names}, which only each workspace has: say it without, or for each option alike"
                )
            }
            Self::Withheld(withheld) => format!("{}: {}", withheld.what, withheld.why),
            Self::Wrong(what) | Self::Exhausted(what) => what.clone(),
        }
    }
}

impl Reference {
    /// How a spec spells it.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Parameter(name) => format!("parameter.{name}"),
            Self::OwnerHandle => "owner.handle".to_owned(),
            Self::OwnerId => "owner.id".to_owned(),
            Self::WorkspaceHandle => "workspace.handle".to_owned(),
            Self::WorkspaceId => "workspace.id".to_owned(),
        }
    }

    pub(super) fn is_parameter(&self) -> bool {
        matches!(self, Self::Parameter(_))
    }
}

impl Text {
    pub(super) fn of(text: impl Into<String>) -> Self {
        Self(vec![Part::Literal(text.into())])
    }

    pub(super) fn part(part: Part) -> Self {
        Self(vec![part])
    }

    pub(super) fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Adds another text behind it. Literals become one, so that equal texts have equal parts.
    pub(super) fn push(&mut self, other: Self) {
        for part in other.0 {
            match (self.0.last_mut(), part) {
                (Some(Part::Literal(last)), Part::Literal(next)) => last.push_str(&next),
                (_, part) => self.0.push(part),
            }
        }
        let several = self.0.len() > 1;
        self.0.retain(|part| !several || *part != Part::Literal(String::new()));
    }

    /// The text, when all of it is known.
    pub(super) fn literal(&self) -> Result<String, Failure> {
        let mut references = BTreeSet::new();
        let mut text = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(part) => text.push_str(part),
                Part::Reference(reference) => drop(references.insert(reference.clone())),
                Part::Volume(name) => {
                    return wrong(format!("the name of the volume `{name}` is Deed's to choose"));
                }
                Part::Withheld(withheld) => return Err(Failure::Withheld(withheld)),
            }
        }
        if references.is_empty() { Ok(text) } else { Err(Failure::Depends(references)) }
    }

    pub(super) fn withheld(&self) -> Option<&'static Withheld> {
        self.0.iter().find_map(|part| match part {
            Part::Withheld(withheld) => Some(*withheld),
            Part::Literal(_) | Part::Reference(_) | Part::Volume(_) => None,
        })
    }

    /// What it refers to.
    pub(super) fn references(&self) -> impl Iterator<Item = &Reference> {
        self.0.iter().filter_map(|part| match part {
            Part::Reference(reference) => Some(reference),
            Part::Literal(_) | Part::Withheld(_) | Part::Volume(_) => None,
        })
    }

    /// Whether it is certain that it is not empty. Nobody's handle or id is.
    pub(super) fn has_something(&self) -> bool {
        self.0.iter().any(|part| match part {
            Part::Literal(text) => !text.is_empty(),
            Part::Reference(reference) => !reference.is_parameter(),
            Part::Volume(_) => true,
            Part::Withheld(_) => false,
        })
    }
}

impl Value {
    pub(super) fn text(text: impl Into<String>) -> Self {
        Self::Text(Text::of(text))
    }

    pub(super) fn reference(reference: Reference) -> Self {
        Self::Text(Text::part(Part::Reference(reference)))
    }

    pub(super) fn withheld(withheld: &'static Withheld) -> Self {
        Self::Text(Text::part(Part::Withheld(withheld)))
    }

    /// What it is called in messages.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a bool",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }

    /// How much of it there is.
    pub(super) fn weight(&self) -> u64 {
        match self {
            Self::List(list) => list.iter().map(Self::weight).fold(1, u64::saturating_add),
            Self::Map(map) => map.values().map(Self::weight).fold(1, u64::saturating_add),
            Self::Text(text) => text.0.iter().fold(1, |sum, part| match part {
                Part::Literal(text) => sum + u64::try_from(text.len()).unwrap_or(u64::MAX) / 64,
                Part::Reference(_) | Part::Withheld(_) | Part::Volume(_) => sum + 1,
            }),
            Self::Null | Self::Bool(_) | Self::Number(_) => 1,
        }
    }

    /// As a text, which numbers and bools can become.
    pub(super) fn to_text(&self) -> Result<Text, Failure> {
        match self {
            Self::Text(text) => Ok(text.clone()),
            Self::Number(number) => Ok(Text::of(number.to_string())),
            Self::Bool(value) => Ok(Text::of(value.to_string())),
            Self::Null | Self::List(_) | Self::Map(_) => wrong(format!("{} is no text", self.kind())),
        }
    }

    /// As a text of which all is known.
    pub(super) fn literal(&self) -> Result<String, Failure> {
        self.to_text()?.literal()
    }

    pub(super) fn to_number(&self) -> Result<Decimal, Failure> {
        if let Self::Number(number) = self {
            return Ok(*number);
        }
        let text = match self {
            Self::Text(text) => text.literal()?,
            Self::Null | Self::Bool(_) | Self::List(_) | Self::Map(_) | Self::Number(_) => {
                return wrong(format!("{} is no number", self.kind()));
            }
        };
        Decimal::parse(&text)
            .ok_or_else(|| Failure::Wrong(format!("`{text}` is no number with at most nine decimal places")))
    }

    pub(super) fn to_bool(&self) -> Result<bool, Failure> {
        match self {
            Self::Bool(value) => Ok(*value),
            Self::Text(text) => match text.literal()?.as_str() {
                "true" => Ok(true),
                "false" => Ok(false),
                other => wrong(format!("`{other}` is neither `true` nor `false`")),
            },
            Self::Null | Self::Number(_) | Self::List(_) | Self::Map(_) => {
                wrong(format!("{} is no bool", self.kind()))
            }
        }
    }

    pub(super) fn to_list(&self) -> Result<Vec<Self>, Failure> {
        match self {
            Self::List(list) => Ok(list.clone()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Map(_) => {
                wrong(format!("{} is no list", self.kind()))
            }
        }
    }

    pub(super) fn to_map(&self) -> Result<BTreeMap<String, Self>, Failure> {
        match self {
            Self::Map(map) => Ok(map.clone()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::List(_) => {
                wrong(format!("{} is no map", self.kind()))
            }
        }
    }

    /// Keys and values, as `for` and `for_each` go through them.
    pub(super) fn entries(&self) -> Result<Vec<(Self, Self)>, Failure> {
        match self {
            Self::Map(map) => {
                Ok(map.iter().map(|(key, value)| (Self::text(key.clone()), value.clone())).collect())
            }
            Self::List(list) => {
                let pair =
                    |(place, value): (usize, &Self)| (Self::Number(Decimal::length(place)), value.clone());
                Ok(list.iter().enumerate().map(pair).collect())
            }
            Self::Text(text) => wrong(match text.literal() {
                Err(failure) => return Err(failure),
                Ok(_) => "a text cannot be gone through".to_owned(),
            }),
            Self::Null | Self::Bool(_) | Self::Number(_) => {
                wrong(format!("{} cannot be gone through", self.kind()))
            }
        }
    }
}
