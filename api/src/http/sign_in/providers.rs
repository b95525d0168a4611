//! The providers that policy names, ready to be spoken to.

use super::browser::Origin;
use crate::oidc::{self, Addresses, ClaimNames, Hidden, Settings};
use ledger::event::policy::{Provider as Policy, Relaxation};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

/// Longest secret in bytes.
const SECRET_BYTES_MAX: u64 = 4_096;

/// A provider cannot be spoken to as it is described. The operator reads why in the server's log.
#[derive(Debug, Error)]
pub(super) enum Unusable {
    /// The client secret is not there.
    #[error(
        "there is no secret `{name}`: put it into the file `{file}`, or the environment variable `{variable}`"
    )]
    NoSecret { name: Box<str>, file: String, variable: String },
    /// The file of a secret can be read by others.
    #[error("the secret file `{file}` can be read by others; take that right away (`chmod 600`)")]
    Open { file: String },
    /// The settings make no sense.
    #[error(transparent)]
    Settings(#[from] oidc::SettingsError),
}

/// How a provider was described, and what came of it.
type Known = (Policy, Arc<oidc::Provider>);

/// Providers by name, each as it was last described.
pub(super) struct Providers {
    secrets: PathBuf,
    known: Mutex<BTreeMap<Box<str>, Known>>,
}

impl Providers {
    /// With the folder of the secrets.
    pub(super) fn new(secrets: PathBuf) -> Self {
        Self { secrets, known: Mutex::default() }
    }

    /// The provider that is described so. A changed description makes a new one; what the old one knew is forgotten.
    pub(super) fn get(&self, policy: &Policy, origin: &Origin) -> Result<Arc<oidc::Provider>, Unusable> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, provider)) = known.get(&policy.name).filter(|(described, _)| described == policy) {
            return Ok(Arc::clone(provider));
        }
        let provider = Arc::new(oidc::Provider::new(self.settings(policy, origin)?)?);
        known.insert(policy.name.clone(), (policy.clone(), Arc::clone(&provider)));
        Ok(provider)
    }

    fn settings(&self, policy: &Policy, origin: &Origin) -> Result<Settings, Unusable> {
        let secret = policy.secret.as_deref().map(|name| secret(&self.secrets, name)).transpose()?;
        let redirect = format!("{}/auth/{}/callback", origin.as_str(), policy.name);
        let base = Settings::new(&policy.issuer, &policy.client_id, Hidden::new(""), &redirect);
        let owned = |list: &[Box<str>]| list.iter().map(|text| text.to_string()).collect();
        Ok(Settings {
            name: policy.name.to_string(),
            client_secret: secret,
            scopes: owned(&policy.scopes),
            claims: ClaimNames {
                name: policy.claims.name.to_string(),
                email: policy.claims.email.to_string(),
                groups: policy.claims.groups.to_string(),
            },
            relaxations: policy.relaxations.iter().copied().map(relaxation).collect(),
            addresses: if policy.special_addresses {
                Addresses::SpecialUseToo
            } else {
                Addresses::PublicOnly
            },
            ..base
        })
    }
}

fn relaxation(relaxation: Relaxation) -> oidc::Relaxation {
    match relaxation {
        Relaxation::LogoutTokenTypJwt => oidc::Relaxation::LogoutTokenTypJwt,
        Relaxation::LogoutTokenWithoutExp => oidc::Relaxation::LogoutTokenWithoutExp,
        Relaxation::NoIssuerInResponse => oidc::Relaxation::NoIssuerInResponse,
        Relaxation::SecretInFields => oidc::Relaxation::SecretInFields,
    }
}

/// A secret by its name: from a file of that name, or else from the environment.
fn secret(folder: &Path, name: &str) -> Result<Hidden, Unusable> {
    let path = folder.join(name);
    let file = path.display().to_string();
    let variable = format!("DEED_SECRET_{}", name.replace('-', "_").to_uppercase());
    if let Ok(about) = std::fs::metadata(&path) {
        if is_open(&about) {
            return Err(Unusable::Open { file });
        }
        let text = std::fs::read_to_string(&path).ok().filter(|_| about.len() <= SECRET_BYTES_MAX);
        if let Some(text) = text {
            return Ok(Hidden::new(text.trim_end_matches(['\r', '\n'])));
        }
    }
    match std::env::var(&variable) {
        Ok(text) => Ok(Hidden::new(text)),
        Err(_) => Err(Unusable::NoSecret { name: name.into(), file, variable }),
    }
}

fn is_open(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}
