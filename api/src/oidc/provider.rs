//! One configured provider: its settings and the documents that are kept of it.

use super::cache::Cached;
use super::discovery::{self, DiscoveryError, Metadata};
use super::fetch::{FetchLimits, Fetcher};
use super::keys::{self, KeySet};
use super::settings::{Hidden, Settings, SettingsError};
use ledger::time::Time;
use std::sync::Arc;

/// One configured provider.
#[derive(Debug)]
pub struct Provider {
    pub(super) settings: Settings,
    pub(super) fetcher: Fetcher,
    metadata: Cached<Metadata>,
    keys: Cached<KeySet>,
}

impl Provider {
    /// A provider that nobody has asked anything yet.
    pub fn new(settings: Settings) -> Result<Self, SettingsError> {
        Self::with_limits(settings, FetchLimits::default())
    }

    /// One that may take less than usual.
    pub fn with_limits(settings: Settings, limits: FetchLimits) -> Result<Self, SettingsError> {
        settings.checked()?;
        let fetcher = Fetcher::new(settings.addresses, limits)?;
        let metadata = Cached::new(discovery::AGE_SECONDS_MAX);
        Ok(Self { settings, fetcher, metadata, keys: Cached::new(keys::AGE_SECONDS_MAX) })
    }

    /// What an administrator said about it.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where a browser goes to end its session at the provider; `None` when the provider has no such place.
    pub async fn end_session_url(
        &self,
        id_token: Option<&Hidden>,
        come_back_to: &str,
        state: &str,
        now: Time,
    ) -> Result<Option<String>, DiscoveryError> {
        let metadata = self.metadata(now).await?;
        let Some(mut url) = metadata.end_session.clone() else { return Ok(None) };
        url.query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("post_logout_redirect_uri", come_back_to)
            .append_pair("state", state)
            .extend_pairs(id_token.map(|token| ("id_token_hint", token.reveal())));
        Ok(Some(url.into()))
    }

    pub(super) async fn metadata(&self, now: Time) -> Result<Arc<Metadata>, DiscoveryError> {
        let settings = &self.settings;
        let fetch = discovery::fetch(&self.fetcher, &settings.issuer, settings.addresses);
        self.metadata.get(now, fetch).await
    }

    pub(super) async fn keys(&self, now: Time) -> Result<Arc<KeySet>, DiscoveryError> {
        let metadata = self.metadata(now).await?;
        self.keys.get(now, keys::fetch(&self.fetcher, &metadata.keys)).await
    }

    /// The keys once more, because a token names one that is not among them.
    pub(super) async fn keys_again(&self, now: Time) -> Option<Arc<KeySet>> {
        let metadata = self.metadata(now).await.ok()?;
        self.keys.hurry(now, keys::fetch(&self.fetcher, &metadata.keys)).await
    }
}
