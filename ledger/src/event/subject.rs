//! Who acts, on whom or what, and through which door.

use super::id::{CommandId, CredentialId, GrantId, LedgerId, NotAnId, PersonId, ServiceAccountId};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;

/// Someone who can hold roles and credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Named<'_>", into = "Named<'static>")]
pub enum Subject {
    /// A human being.
    Person(PersonId),
    /// A program with an identity of its own.
    ServiceAccount(ServiceAccountId),
}

/// What an event is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Named<'_>", into = "Named<'static>")]
pub enum Object {
    /// The ledger itself.
    Ledger(LedgerId),
    /// A person.
    Person(PersonId),
    /// A service account.
    ServiceAccount(ServiceAccountId),
    /// A credential.
    Credential(CredentialId),
    /// A grant of a role.
    Grant(GrantId),
}

impl From<Subject> for Object {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Person(id) => Self::Person(id),
            Subject::ServiceAccount(id) => Self::ServiceAccount(id),
        }
    }
}

/// The text form of a subject or an object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Named<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
}

fn named(id: impl ToString, kind: &'static str) -> Named<'static> {
    Named { id: id.to_string().into(), kind: kind.into() }
}

impl From<Subject> for Named<'static> {
    fn from(subject: Subject) -> Self {
        Object::from(subject).into()
    }
}

impl TryFrom<Named<'_>> for Subject {
    type Error = NotAnId;

    fn try_from(named: Named<'_>) -> Result<Self, NotAnId> {
        match Object::try_from(named)? {
            Object::Person(id) => Ok(Self::Person(id)),
            Object::ServiceAccount(id) => Ok(Self::ServiceAccount(id)),
            Object::Ledger(_) | Object::Credential(_) | Object::Grant(_) => {
                Err(NotAnId { prefix: "per_` or `svc" })
            }
        }
    }
}

impl From<Object> for Named<'static> {
    fn from(object: Object) -> Self {
        match object {
            Object::Ledger(id) => named(id, "ledger"),
            Object::Person(id) => named(id, "person"),
            Object::ServiceAccount(id) => named(id, "service_account"),
            Object::Credential(id) => named(id, "credential"),
            Object::Grant(id) => named(id, "grant"),
        }
    }
}

impl TryFrom<Named<'_>> for Object {
    type Error = NotAnId;

    fn try_from(named: Named<'_>) -> Result<Self, NotAnId> {
        match &*named.kind {
            "ledger" => named.id.parse().map(Self::Ledger),
            "person" => named.id.parse().map(Self::Person),
            "service_account" => named.id.parse().map(Self::ServiceAccount),
            "credential" => named.id.parse().map(Self::Credential),
            "grant" => named.id.parse().map(Self::Grant),
            _ => Err(NotAnId { prefix: "led_`, `per_`, `svc_`, `crd_` or `grt" }),
        }
    }
}

impl std::fmt::Display for Object {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(&Named::from(*self).id)
    }
}

impl std::fmt::Display for Subject {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        Object::from(*self).fmt(out)
    }
}

impl std::str::FromStr for Subject {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match text.split_once('_') {
            Some((PersonId::PREFIX, _)) => text.parse().map(Self::Person),
            Some((ServiceAccountId::PREFIX, _)) => text.parse().map(Self::ServiceAccount),
            _ => Err(NotAnId { prefix: "per_` or `svc" }),
        }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Actor {
    /// Deed itself.
    System,
    /// Whoever may run `deed` on the machine.
    Operator,
    /// Nobody we know; with or without a claim token.
    Anonymous(Via),
    /// A subject who showed a credential.
    Subject(Subject, CredentialId),
}

/// What an anonymous actor showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// Nothing, or nothing valid.
    Nothing,
    /// A claim token.
    Claim,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ActorText<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    via: Cow<'a, str>,
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fixed = |kind: &'static str, via: &'static str| ActorText {
            id: kind.into(),
            kind: kind.into(),
            via: via.into(),
        };
        let text = match self {
            Self::System => fixed("system", "writer"),
            Self::Operator => fixed("operator", "console"),
            Self::Anonymous(Via::Nothing) => fixed("anonymous", "none"),
            Self::Anonymous(Via::Claim) => fixed("anonymous", "claim"),
            Self::Subject(subject, credential) => {
                let Named { id, kind } = (*subject).into();
                ActorText { id, kind, via: credential.to_string().into() }
            }
        };
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let ActorText { id, kind, via } = ActorText::deserialize(deserializer)?;
        match (&*kind, &*via) {
            ("system", "writer") if id == kind => Ok(Self::System),
            ("operator", "console") if id == kind => Ok(Self::Operator),
            ("anonymous", "none") if id == kind => Ok(Self::Anonymous(Via::Nothing)),
            ("anonymous", "claim") if id == kind => Ok(Self::Anonymous(Via::Claim)),
            ("person" | "service_account", via) => {
                let subject =
                    Subject::try_from(Named { id, kind: kind.clone() }).map_err(serde::de::Error::custom)?;
                Ok(Self::Subject(subject, via.parse().map_err(serde::de::Error::custom)?))
            }
            _ => Err(serde::de::Error::custom("no such actor")),
        }
    }
}

/// The door through which a command came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Deed's own decision.
    Writer,
    /// The `deed` program on the machine.
    Console,
    /// The HTTP interface.
    Http,
}

/// Where a command came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    /// The door.
    pub channel: Channel,
    /// A keyed digest of the command's content: 32 hex digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<ContentDigest>,
    /// The client's command id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request: Option<CommandId>,
}

impl Origin {
    /// From Deed itself.
    pub fn writer() -> Self {
        Self { channel: Channel::Writer, digest: None, request: None }
    }

    /// From the `deed` program on the machine.
    pub fn console() -> Self {
        Self { channel: Channel::Console, digest: None, request: None }
    }
}

/// A keyed digest of a command's content, so that a command id cannot be used for two different commands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContentDigest(pub [u8; 16]);

impl Serialize for ContentDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&crate::hash::to_hex(&self.0))
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        let bytes = crate::hash::array_from_hex(text.as_bytes());
        bytes
            .map(Self)
            .ok_or_else(|| serde::de::Error::custom("a content digest is 32 lower-case hex digits"))
    }
}
