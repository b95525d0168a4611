//! Where something holds: the whole site, an organization, a project; and the environments of a project.

use super::id::{NotAnId, OrganizationId, ProjectId};
use crate::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// Where a grant or a limit holds: there and in everything inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Everywhere.
    #[default]
    Site,
    /// An organization and its projects.
    Organization(OrganizationId),
    /// A project.
    Project(ProjectId),
}

const SITE: &str = "site";

impl Scope {
    pub(super) fn is_site(&self) -> bool {
        *self == Self::Site
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site => out.write_str(SITE),
            Self::Organization(id) => id.fmt(out),
            Self::Project(id) => id.fmt(out),
        }
    }
}

impl FromStr for Scope {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.split_once('_') {
            None if text == SITE => Ok(Self::Site),
            Some((OrganizationId::PREFIX, _)) => text.parse().map(Self::Organization),
            Some((ProjectId::PREFIX, _)) => text.parse().map(Self::Project),
            _ => Err(NotAnId { prefix: "org_` or `prj" }),
        }
    }
}

/// The short form of a scope in snapshots.
#[derive(Serialize, Deserialize)]
enum Short {
    Site,
    Organization(OrganizationId),
    Project(ProjectId),
}

impl Serialize for Scope {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.collect_str(self);
        }
        match *self {
            Self::Site => Short::Site,
            Self::Organization(id) => Short::Organization(id),
            Self::Project(id) => Short::Project(id),
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Scope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return text::read(deserializer, str::parse);
        }
        Ok(match Short::deserialize(deserializer)? {
            Short::Site => Self::Site,
            Short::Organization(id) => Self::Organization(id),
            Short::Project(id) => Self::Project(id),
        })
    }
}

/// Where work runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Environment {
    /// Where it is made.
    Dev,
    /// Where it is tried.
    Staging,
    /// Where it is used.
    Prod,
}

impl Environment {
    /// All of them, in order.
    pub const ALL: [Self; 3] = [Self::Dev, Self::Staging, Self::Prod];
}

/// A set of environments; in events a list in the order dev, staging, prod.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Environments(u8);

impl Environments {
    /// Of these environments.
    pub fn of(environments: impl IntoIterator<Item = Environment>) -> Self {
        Self(environments.into_iter().fold(0, |set, environment| set | 1 << environment as u8))
    }

    /// Whether the environment is in the set.
    pub fn contains(self, environment: Environment) -> bool {
        self.0 & 1 << environment as u8 != 0
    }

    /// Whether every environment of the other set is in this one.
    pub fn covers(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether none is in it.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in the set, in order.
    pub fn iter(self) -> impl Iterator<Item = Environment> {
        Environment::ALL.into_iter().filter(move |environment| self.contains(*environment))
    }
}

impl Serialize for Environments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_seq(self.iter())
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for Environments {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if !deserializer.is_human_readable() {
            return u8::deserialize(deserializer).map(Self);
        }
        let list = Vec::<Environment>::deserialize(deserializer)?;
        if list.is_sorted_by(|one, next| one < next) {
            Ok(Self::of(list))
        } else {
            Err(serde::de::Error::custom(
                "environments are listed once each, in the order dev, staging, prod",
            ))
        }
    }
}
