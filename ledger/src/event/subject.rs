//! Who acts, on whom or what, and through which door.

use super::id::{
    AgentId, BudgetId, CommandId, CredentialId, DutyId, GrantId, GroupId, LedgerId, MappingId, NotAnId,
    OrganizationId, PersonId, PolicyId, ProjectId, RequestId, ReservationId, RoleId, ServiceAccountId,
    TemplateId, VirtualKeyId, WorkspaceId,
};
use crate::text;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use thiserror::Error;

/// Someone who can hold roles and credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub enum Subject {
    /// A human being.
    Person(PersonId),
    /// A program with an identity of its own.
    ServiceAccount(ServiceAccountId),
    /// An AI agent with an identity of its own.
    Agent(AgentId),
}

impl Subject {
    /// The first in order.
    pub const FIRST: Self = Self::Person(PersonId::FIRST);
}

/// Who can be given a role: a subject, or everybody in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(remote = "Self")]
pub enum Grantee {
    /// One subject.
    Subject(Subject),
    /// Everybody in a group.
    Group(GroupId),
}

macro_rules! objects {
    ($($(#[$doc:meta])* $name:ident $id:ident $kind:literal;)*) => {
        /// What an event is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "Named<'_>", into = "Named<'static>")]
        pub enum Object {
            $($(#[$doc])* $name($id),)*
        }

        impl Object {
            /// Every kind, and what ids of it begin with.
            pub const KINDS: &'static [(&'static str, &'static str)] = &[$(($kind, $id::PREFIX)),*];

            /// What kind of thing it is.
            pub fn kind(self) -> &'static str {
                match self {
                    $(Self::$name(_) => $kind,)*
                }
            }
        }

        impl std::fmt::Display for Object {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                match self {
                    $(Self::$name(id) => id.fmt(out),)*
                }
            }
        }

        impl TryFrom<Named<'_>> for Object {
            type Error = NotAnId;

            fn try_from(named: Named<'_>) -> Result<Self, NotAnId> {
                match &*named.kind {
                    $($kind => named.id.parse().map(Self::$name),)*
                    _ => Err(NotAnId { prefix: "<kind>" }),
                }
            }
        }

        impl std::str::FromStr for Object {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                match text.split_once('_') {
                    $(Some(($id::PREFIX, _)) => text.parse().map(Self::$name),)*
                    _ => Err(NotAnId { prefix: "<kind>" }),
                }
            }
        }
    };
}

objects! {
    /// The ledger itself.
    Ledger LedgerId "ledger";
    /// A person.
    Person PersonId "person";
    /// A service account.
    ServiceAccount ServiceAccountId "service_account";
    /// An agent.
    Agent AgentId "agent";
    /// A credential.
    Credential CredentialId "credential";
    /// A grant of a role.
    Grant GrantId "grant";
    /// A group.
    Group GroupId "group";
    /// An organization.
    Organization OrganizationId "organization";
    /// A project.
    Project ProjectId "project";
    /// A role that was defined here.
    Role RoleId "role";
    /// A request for a grant.
    Request RequestId "request";
    /// A mapping of a group to a role.
    Mapping MappingId "mapping";
    /// A rule that keeps two duties apart.
    Duty DutyId "duty";
    /// A virtual key.
    Key VirtualKeyId "key";
    /// A budget.
    Budget BudgetId "budget";
    /// A reservation.
    Reservation ReservationId "reservation";
    /// A version of a policy.
    Policy PolicyId "policy";
    /// A template.
    Template TemplateId "template";
    /// A workspace.
    Workspace WorkspaceId "workspace";
}

/// The text form of a subject or an object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Named<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
}

impl From<Object> for Named<'static> {
    fn from(object: Object) -> Self {
        Self { id: object.to_string().into(), kind: object.kind().into() }
    }
}

impl From<Subject> for Object {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Person(id) => Self::Person(id),
            Subject::ServiceAccount(id) => Self::ServiceAccount(id),
            Subject::Agent(id) => Self::Agent(id),
        }
    }
}

impl From<Grantee> for Object {
    fn from(grantee: Grantee) -> Self {
        match grantee {
            Grantee::Subject(subject) => subject.into(),
            Grantee::Group(id) => Self::Group(id),
        }
    }
}

impl From<Subject> for Grantee {
    fn from(subject: Subject) -> Self {
        Self::Subject(subject)
    }
}

const GRANTEES: NotAnId = NotAnId { prefix: "per_`, `svc_`, `agt_` or `grp" };
const SUBJECTS: NotAnId = NotAnId { prefix: "per_`, `svc_` or `agt" };

impl TryFrom<Object> for Grantee {
    type Error = NotAnId;

    fn try_from(object: Object) -> Result<Self, NotAnId> {
        match object {
            Object::Person(id) => Ok(Subject::Person(id).into()),
            Object::ServiceAccount(id) => Ok(Subject::ServiceAccount(id).into()),
            Object::Agent(id) => Ok(Subject::Agent(id).into()),
            Object::Group(id) => Ok(Self::Group(id)),
            Object::Ledger(_)
            | Object::Credential(_)
            | Object::Grant(_)
            | Object::Organization(_)
            | Object::Project(_)
            | Object::Role(_)
            | Object::Request(_)
            | Object::Mapping(_)
            | Object::Duty(_)
            | Object::Key(_)
            | Object::Budget(_)
            | Object::Reservation(_)
            | Object::Policy(_)
            | Object::Template(_)
            | Object::Workspace(_) => Err(GRANTEES),
        }
    }
}

impl TryFrom<Object> for Subject {
    type Error = NotAnId;

    fn try_from(object: Object) -> Result<Self, NotAnId> {
        match Grantee::try_from(object) {
            Ok(Grantee::Subject(subject)) => Ok(subject),
            Ok(Grantee::Group(_)) | Err(_) => Err(SUBJECTS),
        }
    }
}

macro_rules! narrower_than_object {
    ($($name:ident $wanted:ident;)*) => {$(
        impl From<$name> for Named<'static> {
            fn from(narrower: $name) -> Self {
                Object::from(narrower).into()
            }
        }

        impl TryFrom<Named<'_>> for $name {
            type Error = NotAnId;

            fn try_from(named: Named<'_>) -> Result<Self, NotAnId> {
                Object::try_from(named).map_err(|_| $wanted)?.try_into()
            }
        }

        // In snapshots it is what `derive` makes of it, which is shorter than its text.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    Named::from(*self).serialize(serializer)
                } else {
                    Self::serialize(self, serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    Named::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
                } else {
                    Self::deserialize(deserializer)
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                Object::from(*self).fmt(out)
            }
        }

        impl std::str::FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                text.parse::<Object>().map_err(|_| $wanted)?.try_into()
            }
        }
    )*};
}

narrower_than_object! {
    Subject SUBJECTS;
    Grantee GRANTEES;
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
    /// A program that showed a credential by which it acts for a person.
    Delegate(Delegate),
}

/// A program that acts on a person's behalf.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delegate {
    /// Which program.
    pub program: Subject,
    /// For whom.
    pub person: PersonId,
    /// What it showed.
    pub credential: CredentialId,
}

impl Actor {
    /// Who acts and by which credential, if it is a subject, for itself or for somebody.
    pub fn shown(&self) -> Option<(Subject, CredentialId)> {
        match self {
            Self::Subject(subject, credential) => Some((*subject, *credential)),
            Self::Delegate(delegate) => Some((delegate.program, delegate.credential)),
            Self::System | Self::Operator | Self::Anonymous(_) => None,
        }
    }

    /// For whom a program acts.
    pub fn person_behind(&self) -> Option<Subject> {
        match self {
            Self::Delegate(delegate) => Some(Subject::Person(delegate.person)),
            Self::System | Self::Operator | Self::Anonymous(_) | Self::Subject(..) => None,
        }
    }
}

/// What an anonymous actor showed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Via {
    /// Nothing, or nothing valid.
    Nothing,
    /// A claim token.
    Claim,
    /// What an identity provider says.
    Provider,
    /// A recovery code.
    Recovery,
}

/// The text form of an actor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ActorText<'a> {
    #[serde(borrow)]
    pub(super) id: Cow<'a, str>,
    #[serde(borrow)]
    pub(super) kind: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "Option::is_none", default)]
    pub(super) on_behalf_of: Option<Named<'a>>,
    #[serde(borrow)]
    pub(super) via: Cow<'a, str>,
}

impl Serialize for Actor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let fixed = |kind: &'static str, via: &'static str| ActorText {
            id: kind.into(),
            kind: kind.into(),
            on_behalf_of: None,
            via: via.into(),
        };
        let shown = |subject: &Subject, person: Option<Subject>, credential: &CredentialId| {
            let Named { id, kind } = (*subject).into();
            ActorText { id, kind, on_behalf_of: person.map(Named::from), via: credential.to_string().into() }
        };
        let text = match self {
            Self::System => fixed("system", "writer"),
            Self::Operator => fixed("operator", "console"),
            Self::Anonymous(Via::Nothing) => fixed("anonymous", "none"),
            Self::Anonymous(Via::Claim) => fixed("anonymous", "claim"),
            Self::Anonymous(Via::Provider) => fixed("anonymous", "provider"),
            Self::Anonymous(Via::Recovery) => fixed("anonymous", "recovery"),
            Self::Subject(subject, credential) => shown(subject, None, credential),
            Self::Delegate(Delegate { program, person, credential }) => {
                shown(program, Some(Subject::Person(*person)), credential)
            }
        };
        text.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Actor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ActorText::deserialize(deserializer)?.try_into().map_err(serde::de::Error::custom)
    }
}

/// A text names no actor.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum NotAnActor {
    #[error("no such actor")]
    Unknown,
    #[error("one acts on behalf of people only")]
    NotAPerson,
    #[error(transparent)]
    Id(#[from] NotAnId),
}

impl TryFrom<ActorText<'_>> for Actor {
    type Error = NotAnActor;

    fn try_from(text: ActorText<'_>) -> Result<Self, NotAnActor> {
        let ActorText { id, kind, on_behalf_of, via } = text;
        if let Some(person) = on_behalf_of {
            let program = Subject::try_from(Named { id, kind })?;
            let Subject::Person(person) = Subject::try_from(person)? else {
                return Err(NotAnActor::NotAPerson);
            };
            return Ok(Self::Delegate(Delegate { program, person, credential: via.parse()? }));
        }
        match (&*kind, &*via) {
            ("system", "writer") if id == kind => Ok(Self::System),
            ("operator", "console") if id == kind => Ok(Self::Operator),
            ("anonymous", "none") if id == kind => Ok(Self::Anonymous(Via::Nothing)),
            ("anonymous", "claim") if id == kind => Ok(Self::Anonymous(Via::Claim)),
            ("anonymous", "provider") if id == kind => Ok(Self::Anonymous(Via::Provider)),
            ("anonymous", "recovery") if id == kind => Ok(Self::Anonymous(Via::Recovery)),
            ("person" | "service_account" | "agent", via) => {
                let subject = Subject::try_from(Named { id, kind: Cow::Borrowed(&*kind) })?;
                Ok(Self::Subject(subject, via.parse()?))
            }
            _ => Err(NotAnActor::Unknown),
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
        serializer.serialize_str(crate::hash::Hex::of(&self.0).as_str())
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text::read(deserializer, |text| {
            let bytes = crate::hash::array_from_hex(text.as_bytes());
            bytes.map(Self).ok_or("a content digest is 32 lower-case hex digits")
        })
    }
}
