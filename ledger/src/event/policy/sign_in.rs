//! The policy on signing in: which providers are believed, and how far.

use super::bodies::{Unsound, ascending, sound};
use crate::event::id::ServiceAccountId;
use crate::names::is_name;
use serde::{Deserialize, Serialize};

/// Most providers.
const PROVIDERS_MAX: usize = 16;
/// Most workloads.
const WORKLOADS_MAX: usize = 64;
/// Most entries of any list of a provider.
const LIST_MAX: usize = 64;
/// Longest text in bytes.
const TEXT_BYTES_MAX: usize = 512;
/// Most permissions or roles that need several factors.
const STRONG_MAX: usize = 128;
/// How long ago several factors may have been shown: from a minute to a day.
const STRONG_SECONDS: std::ops::RangeInclusive<u64> = 60..=86_400;

/// How people sign in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    /// Whether programs may ask for a code that a person types elsewhere; absent for yes.
    #[serde(skip_serializing_if = "is_true", default = "yes")]
    pub device_codes: bool,
    /// The providers, in ascending order of their names.
    pub providers: Vec<Provider>,
    /// Whether owners may come in with recovery codes although people sign in at a provider; absent for no.
    #[serde(skip_serializing_if = "is_false", default)]
    pub recovery_codes: bool,
    /// Whether everybody signs in with several factors.
    pub several_factors: bool,
    /// Permissions that a session may use only when several factors were shown not long ago.
    pub several_factors_permissions: Vec<Box<str>>,
    /// Roles whose holders sign in with several factors, by their names in events.
    pub several_factors_roles: Vec<Box<str>>,
    /// How long ago that may be.
    pub several_factors_seconds: u64,
    /// Workloads elsewhere that sign in as service accounts, in ascending order of their names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub workloads: Vec<Workload>,
}

fn yes() -> bool {
    true
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_true(value: &bool) -> bool {
    *value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_false(value: &bool) -> bool {
    !*value
}

/// A program elsewhere, such as a job of a CI system, that its own provider vouches for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The audience of its assertions, to the letter.
    pub audience: Box<str>,
    /// The provider's issuer identifier, compared to the letter.
    pub issuer: Box<str>,
    /// Its name here.
    pub name: Box<str>,
    /// As which service account it signs in.
    pub service_account: ServiceAccountId,
    /// Whether the provider's addresses may be special ones: of this machine or a private network.
    pub special_addresses: bool,
    /// What the provider calls it: its `sub`, to the letter.
    pub subject: Box<str>,
}

/// An OpenID provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Which claims say what.
    pub claims: ClaimNames,
    /// What it calls us.
    pub client_id: Box<str>,
    /// Domains of verified e-mail addresses that may sign in; any, when there are none.
    pub email_domains: Vec<Box<str>>,
    /// Its issuer identifier: an https address, compared to the letter.
    pub issuer: Box<str>,
    /// Whether a verified e-mail address finds a person who was created with it as login and never signed in.
    pub link_verified_email: bool,
    /// Its name here.
    pub name: Box<str>,
    /// What it may do otherwise than the specifications say, in ascending order.
    pub relaxations: Vec<Relaxation>,
    /// Groups of which one must be had to sign in; none is needed, when there are none.
    pub required_groups: Vec<Box<str>>,
    /// Scopes to ask for beside `openid`.
    pub scopes: Vec<Box<str>>,
    /// The name of the client secret among the server's secrets; absent for a public client.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub secret: Option<Box<str>>,
    /// Values of `acr` or `amr` that stand for several factors.
    pub several_factors: Vec<Box<str>>,
    /// Whether people whom nobody created may sign in.
    pub sign_up: bool,
    /// Whether its addresses may be special ones: of this machine or a private network.
    pub special_addresses: bool,
}

/// Which claims say what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ClaimNames {
    /// The e-mail address; `email_verified` says whether it is one's own.
    pub email: Box<str>,
    /// A list of groups.
    pub groups: Box<str>,
    /// The name that people read.
    pub name: Box<str>,
}

/// What a provider may do otherwise than the specifications say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Relaxation {
    /// Its logout tokens need not have the type `logout+jwt`.
    LogoutTokenTypJwt,
    /// Its logout tokens need not expire.
    LogoutTokenWithoutExp,
    /// Its answers to browsers may lack its issuer although it announces that they have it.
    NoIssuerInResponse,
    /// It is shown the client's secret in the body, because it does not decode the header.
    SecretInFields,
}

impl Default for SignIn {
    /// What holds before anything was adopted: nobody is believed.
    fn default() -> Self {
        Self {
            device_codes: true,
            providers: Vec::new(),
            recovery_codes: false,
            several_factors: false,
            several_factors_permissions: Vec::new(),
            several_factors_roles: Vec::new(),
            several_factors_seconds: 900,
            workloads: Vec::new(),
        }
    }
}

impl SignIn {
    /// The provider of that name.
    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| &*provider.name == name)
    }

    pub(super) fn check(&self) -> Result<(), Unsound> {
        let names = self.providers.iter().map(|provider| &*provider.name);
        sound(
            ascending(names, PROVIDERS_MAX),
            "`providers` are at most 16, in ascending order of their names",
        )?;
        let lists = [&self.several_factors_permissions, &self.several_factors_roles];
        sound(
            lists.iter().all(|list| list.len() <= STRONG_MAX),
            "at most 128 permissions and roles are named",
        )?;
        let recent = STRONG_SECONDS.contains(&self.several_factors_seconds);
        sound(recent, "`several_factors_seconds` is from 60 to 86400")?;
        let names = self.workloads.iter().map(|workload| &*workload.name);
        sound(
            ascending(names, WORKLOADS_MAX),
            "`workloads` are at most 64, in ascending order of their names",
        )?;
        let same = |workload: &Workload, provider: &Provider| {
            workload.issuer == provider.issuer && workload.audience == provider.client_id
        };
        let mixed = |workload| self.providers.iter().any(|provider| same(workload, provider));
        let apart = !self.workloads.iter().any(mixed);
        sound(apart, "a workload's `audience` is none by which its issuer signs people in here")?;
        self.providers.iter().try_for_each(Provider::check)?;
        self.workloads.iter().try_for_each(Workload::check)
    }

    /// The workload of that name.
    pub fn workload(&self, name: &str) -> Option<&Workload> {
        self.workloads.iter().find(|workload| &*workload.name == name)
    }
}

fn is_text(text: &str) -> bool {
    (1..=TEXT_BYTES_MAX).contains(&text.len()) && !text.contains(char::is_control)
}

fn is_issuer(issuer: &str, special_addresses: bool) -> Result<(), Unsound> {
    let begins = issuer.starts_with("https://") || (special_addresses && issuer.starts_with("http://"));
    sound(begins, "`issuer` begins with `https://`, or `http://` where special addresses are allowed")?;
    sound(!issuer.contains(['?', '#']), "`issuer` has neither query nor fragment")
}

impl Workload {
    fn check(&self) -> Result<(), Unsound> {
        let texts = [&self.audience, &self.issuer, &self.subject];
        sound(
            texts.iter().all(|text| is_text(text)),
            "texts are 1 to 512 bytes long, without control characters",
        )?;
        is_issuer(&self.issuer, self.special_addresses)
    }
}

impl Provider {
    fn check(&self) -> Result<(), Unsound> {
        let ClaimNames { email, groups, name } = &self.claims;
        let texts = [&self.client_id, &self.issuer, email, groups, name];
        sound(
            texts.iter().all(|text| is_text(text)),
            "texts are 1 to 512 bytes long, without control characters",
        )?;
        let lists = [&self.email_domains, &self.required_groups, &self.scopes, &self.several_factors];
        let fits = |list: &Vec<Box<str>>| list.len() <= LIST_MAX && list.iter().all(|text| is_text(text));
        sound(lists.into_iter().all(fits), "lists have at most 64 texts")?;
        is_issuer(&self.issuer, self.special_addresses)?;
        let lower = self.email_domains.iter().all(|domain| **domain == *domain.to_lowercase());
        sound(lower, "`email_domains` are in lower case")?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        let named = |secret: &str| is_name(secret) && secret.bytes().all(plain);
        let named = self.secret.as_ref().is_none_or(|secret| named(secret));
        sound(named, "`secret` is a name of letters, digits, `-` and `_`")?;
        let sorted = self.relaxations.is_sorted_by(|one, next| one < next);
        sound(sorted, "`relaxations` are in ascending order, each once")
    }
}
