//! Facts of policy: rules that people set, in versions.

mod bodies;
mod provisioning;
mod sign_in;

pub use bodies::{
    Action, Catalogue, Enforcement, Guardrail, Guardrails, KeyDefaults, LIFETIME_SECONDS_MAX, Mode, Model,
    PER_MINUTE_MAX, Retained, Retention, STANDARD, Session, Unsound,
};

pub use provisioning::{Login, Provisioning, Tenant, TenantMode};
pub use sign_in::{ClaimNames, Provider, Relaxation, SignIn, Workload};

use super::id::PolicyId;
use super::{Object, about, facts};
use serde::{Deserialize, Serialize};

facts! {
    /// What happened to policies.
    Policy {
        /// Somebody wrote a new version of a policy.
        "policy.proposed" 1 => PolicyProposed;
        /// A proposed version is in force from now on.
        "policy.adopted" 1 => PolicyAdopted;
        /// A proposed version never comes into force.
        "policy.declined" 1 => PolicyDeclined;
    }
}

/// Somebody wrote a new version of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyProposed {
    /// What it says.
    pub body: Body,
    /// This version.
    pub policy: PolicyId,
}

/// A proposed version is in force from now on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyAdopted {
    /// The version.
    pub policy: PolicyId,
}

/// A proposed version never comes into force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyDeclined {
    /// The version.
    pub policy: PolicyId,
    /// Why.
    pub reason: Box<str>,
}

/// What a policy says. Every field is always there, so that a version says everything it decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Body {
    /// How access is given.
    Access(AccessPolicy),
    /// What the keys of a class may be.
    KeyDefaults(KeyDefaults),
    /// A level of enforcement.
    Enforcement(Enforcement),
    /// A set of guardrails.
    Guardrails(Guardrails),
    /// The models that can be called.
    Catalogue(Catalogue),
    /// How long sealed data are kept.
    Retention(Retention),
    /// How long sessions last.
    Session(Session),
    /// How people sign in.
    SignIn(SignIn),
    /// Which directories say who there is.
    Provisioning(Provisioning),
}

/// Longest policy in bytes, as it stands in its event: half of what an event holds.
pub const BODY_BYTES_MAX: usize = 32 << 10;

impl Body {
    /// Which policy it is a version of: its kind, and its name where there are several of a kind.
    pub fn slot(&self) -> (&'static str, &str) {
        match self {
            Self::Access(_) => ("access", ""),
            Self::KeyDefaults(body) => ("key_defaults", body.class.as_str()),
            Self::Enforcement(body) => ("enforcement", &body.name),
            Self::Guardrails(body) => ("guardrails", &body.name),
            Self::Catalogue(_) => ("catalogue", ""),
            Self::Retention(_) => ("retention", ""),
            Self::Session(_) => ("session", ""),
            Self::SignIn(_) => ("sign_in", ""),
            Self::Provisioning(_) => ("provisioning", ""),
        }
    }

    /// Checks that it keeps the bounds of its kind: done once, on the way in, and again by whoever audits.
    pub fn check(&self) -> Result<(), Unsound> {
        let length = serde_json::to_vec(self).map_or(usize::MAX, |text| text.len());
        bodies::sound(length <= BODY_BYTES_MAX, "it is at most 32 KiB long")?;
        match self {
            Self::Access(_) => Ok(()),
            Self::KeyDefaults(body) => body.check(),
            Self::Enforcement(body) => body.check(),
            Self::Guardrails(body) => body.check(),
            Self::Catalogue(body) => body.check(),
            Self::Retention(body) => body.check(),
            Self::Session(body) => body.check(),
            Self::SignIn(body) => body.check(),
            Self::Provisioning(body) => body.check(),
        }
    }
}

/// How access is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AccessPolicy {
    /// Roles that are granted only when a second person approves, by their names in events.
    pub approved_roles: Vec<Box<str>>,
    /// Roles that may be taken in an emergency.
    pub break_glass_roles: Vec<Box<str>>,
    /// How long such a role may be kept.
    pub break_glass_seconds_max: u64,
    /// Whether a second person must approve policies.
    pub policies_are_approved: bool,
}

impl Default for AccessPolicy {
    /// What holds before anything was adopted: nothing waits for approval, and owners can be replaced for an hour in an emergency.
    fn default() -> Self {
        Self {
            approved_roles: Vec::new(),
            break_glass_roles: vec!["owner".into(), "admin".into()],
            break_glass_seconds_max: 3_600,
            policies_are_approved: false,
        }
    }
}

about! {
    PolicyProposed => |fact| Object::Policy(fact.policy);
    PolicyAdopted => |fact| Object::Policy(fact.policy);
    PolicyDeclined => |fact| Object::Policy(fact.policy);
}
