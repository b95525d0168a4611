//! The vocabulary of events: what can have happened, who did it, to what.
//!
//! A [`Fact`] is what happened; each area has its own file. [`Leaf`] is the fact in its envelope, the text that is
//! hashed and signed. Shapes that were released never change: a new need is a new version with an upcast.

pub mod access;
pub mod budgets;
pub mod custody;
mod envelope;
pub mod id;
pub mod identity;
pub mod keys;
mod leaf;
pub mod policy;
pub mod provisioning;
mod refusal;
pub mod scope;
mod shapes;
mod subject;
pub mod workspaces;
mod written;

pub use envelope::Envelope;
pub use leaf::{DecodeError, Decoded, Event, LEAF_BYTES_MAX, Leaf, SealedEntry};
pub use refusal::{CodeCount, Refusal};
pub use shapes::Shapes;
pub use subject::{Actor, Channel, ContentDigest, Delegate, Grantee, Object, Origin, Subject, Via};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Declares the facts of one area: an enum, its type names and versions, and the way from and to `data`.
macro_rules! facts {
    ($(#[$doc:meta])* $area:ident { $($(#[$fact_doc:meta])* $type:literal $version:literal => $fact:ident;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $area {
            $($(#[$fact_doc])* $fact($fact),)*
        }

        impl $area {
            /// Every type name of this area with its version.
            pub const TYPES: &'static [(&'static str, u16)] = &[$(($type, $version)),*];

            /// The type name and the version of the shape of `data`.
            pub fn name(&self) -> (&'static str, u16) {
                match self {
                    $(Self::$fact(_) => ($type, $version),)*
                }
            }

            /// What the event is about. `None` stands for the ledger itself.
            pub(crate) fn object(&self) -> Option<$crate::event::Object> {
                match self {
                    $(Self::$fact(fact) => fact.object(),)*
                }
            }

            pub(super) fn data(&self) -> Result<Box<serde_json::value::RawValue>, serde_json::Error> {
                match self {
                    $(Self::$fact(fact) => serde_json::value::to_raw_value(fact),)*
                }
            }

            pub(super) fn decode(name: &str, version: u16, data: &str) -> Option<Result<Self, serde_json::Error>> {
                match (name, version) {
                    $(($type, $version) => Some(super::read(data).map(Self::$fact)),)*
                    _ => None,
                }
            }
        }

        $(impl From<$fact> for $crate::event::Fact {
            fn from(fact: $fact) -> Self {
                $crate::event::Fact::$area($area::$fact(fact))
            }
        })*
    };
}
pub(crate) use facts;

/// Says what the facts of an area are about.
macro_rules! about {
    ($($fact:ident => |$this:ident| $object:expr;)*) => {$(
        impl $fact {
            pub(in crate::event) fn object(&self) -> Option<Object> {
                let $this = self;
                Some($object)
            }
        }
    )*};
}

use about;

/// Reads the `data` of a fact.
fn read<T: DeserializeOwned>(data: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(data)
}

pub use access::Access;
pub use budgets::Budgets;
pub use custody::Custody;
pub use identity::Identity;
pub use keys::Keys;
pub use policy::Policy;
pub use provisioning::Provisioning;
pub use workspaces::Workspaces;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// Subjects, their credentials and groups.
    Identity(Identity),
    /// Scopes, roles and grants.
    Access(Access),
    /// Virtual keys.
    Keys(Keys),
    /// Limits, and what counts against them.
    Budgets(Budgets),
    /// Rules that people set.
    Policy(Policy),
    /// What directories elsewhere say.
    Provisioning(Provisioning),
    /// Templates, and the workspaces made from them.
    Workspaces(Workspaces),
    /// The log's own life, and refusals.
    Custody(Custody),
}

impl Fact {
    /// The type name and the version of the shape of `data`.
    pub fn name(&self) -> (&'static str, u16) {
        match self {
            Self::Identity(fact) => fact.name(),
            Self::Access(fact) => fact.name(),
            Self::Keys(fact) => fact.name(),
            Self::Budgets(fact) => fact.name(),
            Self::Policy(fact) => fact.name(),
            Self::Provisioning(fact) => fact.name(),
            Self::Workspaces(fact) => fact.name(),
            Self::Custody(fact) => fact.name(),
        }
    }

    /// What the event is about, in the ledger named.
    pub fn object(&self, ledger: id::LedgerId) -> Object {
        let object = match self {
            Self::Identity(fact) => fact.object(),
            Self::Access(fact) => fact.object(),
            Self::Keys(fact) => fact.object(),
            Self::Budgets(fact) => fact.object(),
            Self::Policy(fact) => fact.object(),
            Self::Provisioning(fact) => fact.object(),
            Self::Workspaces(fact) => fact.object(),
            Self::Custody(fact) => fact.object(),
        };
        object.unwrap_or(Object::Ledger(ledger))
    }

    /// Whether it was done or refused.
    pub fn outcome(&self) -> Outcome {
        match self {
            Self::Custody(Custody::CommandRefused(_) | Custody::RefusalsCounted(_)) => Outcome::Refused,
            Self::Workspaces(Workspaces::WorkspaceFailed(_) | Workspaces::Lost(_)) => Outcome::Failed,
            Self::Identity(_)
            | Self::Access(_)
            | Self::Keys(_)
            | Self::Budgets(_)
            | Self::Policy(_)
            | Self::Provisioning(_)
            | Self::Workspaces(_)
            | Self::Custody(_) => Outcome::Done,
        }
    }

    fn data(&self) -> Result<Box<serde_json::value::RawValue>, serde_json::Error> {
        match self {
            Self::Identity(fact) => fact.data(),
            Self::Access(fact) => fact.data(),
            Self::Keys(fact) => fact.data(),
            Self::Budgets(fact) => fact.data(),
            Self::Policy(fact) => fact.data(),
            Self::Provisioning(fact) => fact.data(),
            Self::Workspaces(fact) => fact.data(),
            Self::Custody(fact) => fact.data(),
        }
    }

    /// Reads a fact; `None` when the type or version is unknown.
    fn decode(name: &str, version: u16, data: &str) -> Option<Result<Self, serde_json::Error>> {
        let (area, _) = name.split_once('.')?;
        match area {
            "identity" => Some(Identity::decode(name, version, data)?.map(Self::Identity)),
            "access" => Some(Access::decode(name, version, data)?.map(Self::Access)),
            "keys" => Some(Keys::decode(name, version, data)?.map(Self::Keys)),
            "budgets" => Some(Budgets::decode(name, version, data)?.map(Self::Budgets)),
            "policy" => Some(Policy::decode(name, version, data)?.map(Self::Policy)),
            "provisioning" => Some(Provisioning::decode(name, version, data)?.map(Self::Provisioning)),
            "workspaces" => Some(Workspaces::decode(name, version, data)?.map(Self::Workspaces)),
            "custody" => Some(Custody::decode(name, version, data)?.map(Self::Custody)),
            _ => None,
        }
    }

    /// Every type name with its version.
    pub fn types() -> impl Iterator<Item = (&'static str, u16)> {
        let areas = [
            Identity::TYPES,
            Access::TYPES,
            Keys::TYPES,
            Budgets::TYPES,
            Policy::TYPES,
            Provisioning::TYPES,
            Workspaces::TYPES,
            Custody::TYPES,
        ];
        areas.into_iter().flatten().copied()
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened.
    Done,
    /// The rules forbade it.
    Refused,
    /// The outside failed.
    Failed,
}

impl Outcome {
    /// Its text in a leaf.
    pub fn text(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// How we know. The strongest, `enforced`, is written as an absent key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Assurance {
    /// We did it or stopped it.
    #[default]
    Enforced,
    /// Our gateway or engine saw it.
    Observed,
    /// An agent or a tool said so.
    SelfReported,
    /// Parsed from something else.
    Derived,
}

impl Assurance {
    fn is_enforced(&self) -> bool {
        *self == Self::Enforced
    }
}
