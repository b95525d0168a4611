//! Facts of provisioning: what directories elsewhere say about people, agents and groups, by SCIM.
//!
//! They stand beside the facts of identity that follow from them, before or after those and in the same append. What a directory says about
//! somebody is sealed; digests of the names stay, so that each is given once.

use super::id::GroupId;
use super::{ContentDigest, Object, Subject, about, facts};
use crate::time::Time;
use serde::{Deserialize, Serialize};

facts! {
    /// What tenants did.
    Provisioning {
        /// A tenant said something new about a subject of its own; all that it says is sealed beside the event.
        "provisioning.subject_written" 1 => SubjectWritten;
        /// A tenant no longer has a subject.
        "provisioning.subject_deleted" 1 => SubjectDeleted;
        /// A tenant said something new about a group of its own.
        "provisioning.group_written" 1 => GroupWritten;
        /// A tenant no longer has a group.
        "provisioning.group_deleted" 1 => GroupDeleted;
    }
}

/// A tenant said something new about a subject of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectWritten {
    /// Whether the tenant lets it act.
    pub active: bool,
    /// A keyed digest of the tenant's own id for it; 32 hex digits.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external: Option<ContentDigest>,
    /// A keyed digest of its name there; 32 hex digits.
    pub name: ContentDigest,
    /// When it happened by the tenant's clock, if the tenant said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub occurred: Option<Time>,
    /// Who.
    pub subject: Subject,
    /// The tenant, by its name in the policy on provisioning.
    pub tenant: Box<str>,
}

/// A tenant no longer has a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubjectDeleted {
    /// When it happened by the tenant's clock, if the tenant said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub occurred: Option<Time>,
    /// Who.
    pub subject: Subject,
    /// The tenant.
    pub tenant: Box<str>,
}

/// A tenant said something new about a group of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupWritten {
    /// The tenant's own id for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub external: Option<Box<str>>,
    /// The group.
    pub group: GroupId,
    /// Its name there.
    pub name: Box<str>,
    /// When it happened by the tenant's clock, if the tenant said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub occurred: Option<Time>,
    /// The tenant.
    pub tenant: Box<str>,
}

/// A tenant no longer has a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupDeleted {
    /// The group.
    pub group: GroupId,
    /// When it happened by the tenant's clock, if the tenant said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub occurred: Option<Time>,
    /// The tenant.
    pub tenant: Box<str>,
}

about! {
    SubjectWritten => |fact| fact.subject.into();
    SubjectDeleted => |fact| fact.subject.into();
    GroupWritten => |fact| Object::Group(fact.group);
    GroupDeleted => |fact| Object::Group(fact.group);
}
