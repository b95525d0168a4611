//! Workloads elsewhere, such as jobs of a CI system, that come with an assertion of their own provider.

use crate::clock;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::oidc::{Addresses, Claimed, Hidden, Provider, Settings, SettingsError};
use commands::engine::chain;
use commands::identity::SignInWorkload;
use ledger::event::id::CredentialId;
use ledger::event::policy::Workload;
use ledger::event::{Actor, Via};
use ledger::hash::Hash;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// What a workload was described as, and what came of it.
type Known = (Workload, Arc<Provider>);

/// Providers of workloads, each as it was last described.
#[derive(Default)]
pub(super) struct Workloads(Mutex<BTreeMap<Box<str>, Known>>);

impl Workloads {
    fn provider(&self, workload: &Workload) -> Result<Arc<Provider>, SettingsError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, provider)) = known.get(&workload.name).filter(|(described, _)| described == workload)
        {
            return Ok(Arc::clone(provider));
        }
        let provider = Arc::new(Provider::new(settings(workload))?);
        known.insert(workload.name.clone(), (workload.clone(), Arc::clone(&provider)));
        Ok(provider)
    }
}

/// SHA-256 of what is signed of an assertion. A signature can be written otherwise by whoever has one, and then it would be another
/// assertion; this cannot.
fn signed(assertion: &str) -> Hash {
    let signed = assertion.rsplit_once('.').map_or(assertion, |(signed, _)| signed);
    Hash::of(&[signed.as_bytes()])
}

fn settings(workload: &Workload) -> Settings {
    // Nobody is sent there, so nobody comes back.
    let base = Settings::new(&workload.issuer, &workload.audience, Hidden::new(""), &workload.issuer);
    let special = workload.special_addresses;
    let addresses = if special { Addresses::SpecialUseToo } else { Addresses::PublicOnly };
    Settings { name: workload.name.to_string(), client_secret: None, addresses, ..base }
}

/// Why a workload does not come in.
pub(super) enum Unbelieved {
    /// A stable word.
    Because(&'static str),
    /// What the engine says.
    Problem(Problem),
}

/// Gives a workload a token, if its assertion is believed.
pub(super) async fn sign_in(
    deed: &Deed,
    nobody: Asker,
    assertion: &str,
    (token, digest): (CredentialId, Hash),
) -> Result<(), Unbelieved> {
    let claimed = Claimed::read(assertion).map_err(|cause| Unbelieved::Because(cause.code()))?;
    let published = deed.engine.published();
    let policy = published.state.policies.sign_in();
    let is_meant =
        |workload: &&Workload| *workload.issuer == *claimed.issuer && *workload.subject == *claimed.subject;
    let workload = policy.workloads.iter().find(is_meant).ok_or(Unbelieved::Because("unknown_workload"))?;
    let provider = deed.oauth.workloads.provider(workload).map_err(|cause| {
        tracing::error!("the provider of the workload `{}` cannot be used: {cause}", workload.name);
        Unbelieved::Because("provider_unusable")
    })?;
    if let Err(cause) = provider.assertion(assertion, clock::now()).await {
        tracing::info!("an assertion for the workload `{}` was refused: {}", workload.name, chain(&cause));
        return Err(Unbelieved::Because(cause.code()));
    }
    let command = SignInWorkload {
        workload: workload.name.clone(),
        subject: claimed.subject.into(),
        assertion: signed(assertion),
        token,
        digest,
    };
    let by_provider = Asker { actor: Actor::Anonymous(Via::Provider), ..nobody };
    deed.tell(by_provider, command.into()).await.map(drop).map_err(Unbelieved::Problem)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assertion_is_the_same_under_another_signature() {
        assert_eq!(signed("header.payload.one"), signed("header.payload.other"));
        assert_ne!(signed("header.payload.one"), signed("header.claims.one"));
        assert_ne!(signed("header.payload.one"), signed("other.payload.one"));
    }
}
