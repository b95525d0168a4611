//! What an administrator says about a provider, as values that are checked once.

use openidconnect::url::{Host, Url};
use std::fmt;

/// Text that is shown to nobody: it prints only when asked to by name.
#[derive(Clone, PartialEq, Eq)]
pub struct Hidden(String);

impl Hidden {
    /// Hides a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for those it was meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("Hidden(…)")
    }
}

/// How a provider may sign. Neither `none` nor a shared secret is among them, so neither can be allowed by mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Algorithm {
    /// RSA with PKCS#1 padding and SHA-256.
    Rs256,
    /// RSA with PSS padding and SHA-256.
    Ps256,
    /// ECDSA over P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Ps256, Self::Es256, Self::EdDsa];

    /// Its name in tokens.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A rule that is not asked of one provider, because its software does not keep it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Relaxation {
    /// Logout tokens may be typed as any other token.
    LogoutTokenTypJwt,
    /// Logout tokens may lack an end; they are then taken for [`LOGOUT_SECONDS_MAX`](super::LOGOUT_SECONDS_MAX) after they were issued.
    LogoutTokenWithoutExp,
    /// Answers to the browser may lack the issuer although the provider announces it.
    NoIssuerInResponse,
    /// The client's secret goes among the fields, although the provider takes it in a header: it does not decode the header.
    SecretInFields,
}

/// Whom requests may go to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Addresses {
    /// The internet only, over TLS.
    #[default]
    PublicOnly,
    /// Private networks and this machine as well; this machine without TLS, too.
    SpecialUseToo,
}

/// How far the provider's clock may be from ours.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Leeway(u64);

impl Leeway {
    /// The most there can be, in seconds.
    pub const SECONDS_MAX: u64 = 60;

    /// So many seconds; `None` above [`Self::SECONDS_MAX`].
    pub fn seconds(seconds: u64) -> Option<Self> {
        (seconds <= Self::SECONDS_MAX).then_some(Self(seconds))
    }

    pub(super) fn as_seconds(self) -> u64 {
        self.0
    }
}

impl Default for Leeway {
    fn default() -> Self {
        Self(30)
    }
}

/// The claims that hold what Deed wants to know of a person.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClaimNames {
    /// Name to show.
    pub name: String,
    /// E-mail address.
    pub email: String,
    /// Names of groups.
    pub groups: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self { name: "name".into(), email: "email".into(), groups: "groups".into() }
    }
}

/// One provider, as an administrator describes it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What people call it.
    pub name: String,
    /// Its issuer, to the letter.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that with; none for a public client.
    pub client_secret: Option<Hidden>,
    /// Where it sends browsers back to.
    pub redirect_uri: String,
    /// What is asked for; `openid` always is.
    pub scopes: Vec<String>,
    /// How it may sign. What it says of itself does not count.
    pub algorithms: Vec<Algorithm>,
    /// Where it puts what we want to know.
    pub claims: ClaimNames,
    /// How far its clock may be from ours.
    pub leeway: Leeway,
    /// Rules that are not asked of it.
    pub relaxations: Vec<Relaxation>,
    /// Whom requests may go to.
    pub addresses: Addresses,
}

impl Settings {
    /// The usual settings, by the four texts that have no default.
    pub fn new(issuer: &str, client_id: &str, client_secret: Hidden, redirect_uri: &str) -> Self {
        Self {
            name: issuer.into(),
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret: Some(client_secret),
            redirect_uri: redirect_uri.into(),
            scopes: ["openid", "profile", "email"].map(String::from).into(),
            algorithms: Algorithm::ALL.into(),
            claims: ClaimNames::default(),
            leeway: Leeway::default(),
            relaxations: Vec::new(),
            addresses: Addresses::default(),
        }
    }

    pub(super) fn relaxes(&self, relaxation: Relaxation) -> bool {
        self.relaxations.contains(&relaxation)
    }

    /// The issuer as an address, when all can be used.
    pub(super) fn checked(&self) -> Result<Url, SettingsError> {
        let issuer = Url::parse(&self.issuer).map_err(|_| SettingsError::Issuer)?;
        if issuer.query().is_some() || issuer.fragment().is_some() || has_user(&issuer) {
            return Err(SettingsError::Issuer);
        }
        if !is_protected(&issuer, self.addresses) {
            return Err(SettingsError::IssuerNotHttps);
        }
        let redirect = Url::parse(&self.redirect_uri).map_err(|_| SettingsError::RedirectUri)?;
        if !["http", "https"].contains(&redirect.scheme()) || redirect.fragment().is_some() {
            return Err(SettingsError::RedirectUri);
        }
        if self.client_id.is_empty() {
            return Err(SettingsError::ClientId);
        }
        if self.algorithms.is_empty() {
            return Err(SettingsError::Algorithms);
        }
        Ok(issuer)
    }
}

/// Whether an address is spoken to over TLS, or is this machine's own where that is allowed.
pub(super) fn is_protected(url: &Url, addresses: Addresses) -> bool {
    match url.scheme() {
        "https" => true,
        "http" => addresses == Addresses::SpecialUseToo && is_loopback(url),
        _ => false,
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

pub(super) fn has_user(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// Why settings cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SettingsError {
    /// The issuer is no address.
    #[error("the issuer is not an address without query, fragment and user")]
    Issuer,
    /// The issuer is not reached over TLS.
    #[error("the issuer begins with neither `https` nor an allowed address of this machine")]
    IssuerNotHttps,
    /// The address to come back to is none.
    #[error("the address to come back to is not one that a browser can open")]
    RedirectUri,
    /// There is no client id.
    #[error("the client id is empty")]
    ClientId,
    /// No algorithm is allowed.
    #[error("no signature algorithm is allowed")]
    Algorithms,
    /// Requests cannot be made at all.
    #[error("requests cannot be made: the certificates of this machine cannot be read")]
    Client,
}
