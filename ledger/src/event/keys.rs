//! Facts of keys: virtual keys, by which programs call models.

use super::id::VirtualKeyId;
use super::scope::Scope;
use super::{Object, Subject, about, facts};
use crate::hash::Hash;
use crate::names::Names;
use crate::time::Time;
use serde::{Deserialize, Serialize};
use std::fmt;

facts! {
    /// What happened to virtual keys.
    Keys {
        /// A virtual key exists.
        "keys.key_issued" 1 => KeyIssued;
        /// A virtual key has another secret; the one before works until then.
        "keys.key_rotated" 1 => KeyRotated;
        /// A virtual key no longer works.
        "keys.key_revoked" 1 => KeyRevoked;
    }
}

/// What a virtual key is for; policy sets the bounds of each class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum KeyClass {
    /// The tools in a workspace.
    #[serde(rename = "workspace")]
    Workspace,
    /// A person's own programs.
    #[serde(rename = "user")]
    User,
    /// Pipelines.
    #[serde(rename = "ci")]
    Ci,
    /// Agents that read and comment.
    #[serde(rename = "agent:review")]
    AgentReview,
    /// Agents that change things.
    #[serde(rename = "agent:write")]
    AgentWrite,
}

impl KeyClass {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Workspace, Self::User, Self::Ci, Self::AgentReview, Self::AgentWrite];

    /// Its name in events.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::User => "user",
            Self::Ci => "ci",
            Self::AgentReview => "agent:review",
            Self::AgentWrite => "agent:write",
        }
    }
}

impl fmt::Display for KeyClass {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Which models may be called.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Models {
    /// Whatever policy allows.
    Any,
    /// These and no others.
    Only(Names),
}

impl Models {
    /// Whether every model that the other allows is allowed here.
    pub fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Any, _) => true,
            (Self::Only(_), Self::Any) => false,
            (Self::Only(these), Self::Only(those)) => these.covers(those),
        }
    }
}

/// A virtual key exists.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyIssued {
    /// Its name, unique among the live keys of its owner.
    pub alias: Box<str>,
    /// What it is for.
    pub class: KeyClass,
    /// SHA-256 of its secret.
    pub digest: Hash,
    /// The enforcement level of its calls.
    pub enforcement: Box<str>,
    /// From when on it no longer works.
    pub expires: Time,
    /// The guardrail set of its calls.
    pub guardrails: Box<str>,
    /// The key.
    pub key: VirtualKeyId,
    /// Which models it may call.
    pub models: Models,
    /// Whose it is.
    pub owner: Subject,
    /// Most calls a minute.
    pub requests_per_minute: u64,
    /// Where its calls count.
    pub scope: Scope,
    /// Most tokens a minute.
    pub tokens_per_minute: u64,
}

/// A virtual key has another secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRotated {
    /// SHA-256 of the new secret.
    pub digest: Hash,
    /// The key.
    pub key: VirtualKeyId,
    /// From when on the secret before no longer works.
    pub previous_until: Time,
}

/// A virtual key no longer works.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRevoked {
    /// The key.
    pub key: VirtualKeyId,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Box<str>>,
}

about! {
    KeyIssued => |fact| Object::Key(fact.key);
    KeyRotated => |fact| Object::Key(fact.key);
    KeyRevoked => |fact| Object::Key(fact.key);
}
