//! The policy on provisioning: which directories say who there is, and how far they are believed.

use super::bodies::{Unsound, ascending, sound};
use crate::event::id::ServiceAccountId;
use crate::event::{Actor, Subject};
use crate::names::is_name;
use serde::{Deserialize, Serialize};

/// Most tenants.
const TENANTS_MAX: usize = 16;
/// Longest name of a tenant in bytes: it stands before the names of its groups and agents.
const TENANT_BYTES_MAX: usize = 32;

/// Which directories say who there is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provisioning {
    /// The tenants, in ascending order of their names.
    pub tenants: Vec<Tenant>,
}

/// A directory that makes, changes and ends people, agents and groups here, and no others than its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Tenant {
    /// Whether it has agents and their applications too; absent for yes.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub agents: bool,
    /// How its people sign in; absent when nothing that it says decides that.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub login: Option<Login>,
    /// How far it departs from the standard.
    pub mode: TenantMode,
    /// Its name here.
    pub name: Box<str>,
    /// The service account with whose credentials it comes.
    pub service_account: ServiceAccountId,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_true(value: &bool) -> bool {
    *value
}

/// What a tenant says about its people by which they are known when they sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Login {
    /// `externalId` is what this issuer calls them: its `sub`.
    ExternalIdAt {
        /// The issuer identifier, to the letter.
        issuer: Box<str>,
    },
    /// `userName` is what this issuer calls them: its `sub`.
    UserNameAt {
        /// The issuer identifier, to the letter.
        issuer: Box<str>,
    },
    /// `userName` is their e-mail address, which a provider that is believed in that verifies.
    VerifiedEmail {},
}

/// What a directory is expected to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum TenantMode {
    /// What Microsoft Entra sends.
    Entra,
    /// What Okta sends.
    Okta,
    /// What the interoperability profile allows.
    Strict,
    /// Whatever can be understood.
    Tolerant,
}

impl TenantMode {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "entra",
            Self::Okta => "okta",
            Self::Strict => "strict",
            Self::Tolerant => "tolerant",
        }
    }
}

impl Provisioning {
    /// The tenant of that name.
    pub fn tenant(&self, name: &str) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| &*tenant.name == name)
    }

    /// The tenant that comes with the credentials of a service account.
    pub fn of_account(&self, account: ServiceAccountId) -> Option<&Tenant> {
        self.tenants.iter().find(|tenant| tenant.service_account == account)
    }

    /// The tenant as which an actor comes.
    pub fn acting(&self, actor: &Actor) -> Option<&Tenant> {
        let Actor::Subject(Subject::ServiceAccount(account), _) = actor else { return None };
        self.of_account(*account)
    }

    pub(super) fn check(&self) -> Result<(), Unsound> {
        let names = self.tenants.iter().map(|tenant| &*tenant.name);
        sound(ascending(names, TENANTS_MAX), "`tenants` are at most 16, in ascending order of their names")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        let short = |tenant: &Tenant| {
            is_name(&tenant.name) && tenant.name.len() <= TENANT_BYTES_MAX && tenant.name.bytes().all(plain)
        };
        sound(
            self.tenants.iter().all(short),
            "a tenant's `name` is 1 to 32 letters, digits, `-`, `_` and `.`",
        )?;
        let mut accounts: Vec<_> = self.tenants.iter().map(|tenant| tenant.service_account).collect();
        accounts.sort();
        accounts.dedup();
        sound(accounts.len() == self.tenants.len(), "each tenant has a `service_account` of its own")?;
        let issuers = self.tenants.iter().filter_map(|tenant| tenant.login.as_ref()?.issuer());
        let is_issuer = |issuer: &str| {
            (1..=512).contains(&issuer.len())
                && issuer.starts_with("http")
                && !issuer.contains(char::is_control)
        };
        let sound_issuers = issuers.into_iter().all(is_issuer);
        sound(sound_issuers, "`issuer` is the issuer identifier of a provider, 1 to 512 bytes long")
    }
}

impl Login {
    /// The issuer that calls them so.
    pub fn issuer(&self) -> Option<&str> {
        match self {
            Self::ExternalIdAt { issuer } | Self::UserNameAt { issuer } => Some(issuer),
            Self::VerifiedEmail {} => None,
        }
    }
}
