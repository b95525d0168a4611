//! Requests to a provider: bounded in bytes and time, never redirected, and never to an address for special use unless that is allowed.

use super::address::is_special_use;
use super::settings::{Addresses, SettingsError, has_user, is_protected};
use openidconnect::url::{Host, Url};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::ACCEPT;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Response};
use std::error::Error;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

/// How much a provider may take. Tests choose less; everybody else takes the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Bytes of one answer. Key sets of large providers have some twenty thousand.
    pub answer_bytes_max: usize,
    /// From the first packet to the last byte.
    pub answer: Duration,
}

impl Default for FetchLimits {
    fn default() -> Self {
        Self { answer_bytes_max: 256 << 10, answer: Duration::from_secs(10) }
    }
}

/// Why a provider's answer could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The address is not spoken to over TLS.
    #[error("`{0}` is not reached over TLS")]
    NotHttps(String),
    /// The address, or what its name stands for, is for special use.
    #[error("`{0}` is an address for special use")]
    SpecialUse(String),
    /// It took too long.
    #[error("`{0}` did not answer in time")]
    Slow(String),
    /// It is longer than allowed.
    #[error("`{0}` answered more than is read")]
    TooLong(String),
    /// It points elsewhere.
    #[error("`{0}` points elsewhere")]
    Redirected(String),
    /// It has another status than asked for.
    #[error("`{url}` answered {status}")]
    Status {
        /// Who.
        url: String,
        /// With what.
        status: u16,
    },
    /// It did not come.
    #[error("could not reach `{url}`")]
    Unreachable {
        /// Who.
        url: String,
        /// Why.
        #[source]
        cause: Box<dyn Error + Send + Sync>,
    },
    /// Nobody asks again so soon after a failure.
    #[error("the provider could not be reached a moment ago")]
    Waiting,
}

impl FetchError {
    /// A word for programs, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotHttps(_) => "not_https",
            Self::SpecialUse(_) => "special_use_address",
            Self::Slow(_) => "provider_slow",
            Self::TooLong(_) => "answer_too_long",
            Self::Redirected(_) => "answer_redirected",
            Self::Status { .. } => "answer_status",
            Self::Unreachable { .. } | Self::Waiting => "provider_unreachable",
        }
    }

    /// Whether the provider was not there, rather than not to be believed.
    pub(super) fn is_outage(&self) -> bool {
        match self {
            Self::Slow(_) | Self::Status { .. } | Self::Unreachable { .. } | Self::Waiting => true,
            Self::NotHttps(_) | Self::SpecialUse(_) | Self::TooLong(_) | Self::Redirected(_) => false,
        }
    }
}

/// Makes the requests.
#[derive(Clone, Debug)]
pub(super) struct Fetcher {
    client: Client,
    addresses: Addresses,
    limits: FetchLimits,
}

impl Fetcher {
    pub(super) fn new(addresses: Addresses, limits: FetchLimits) -> Result<Self, SettingsError> {
        // A proxy would resolve names itself, behind our back; so the environment's does not count.
        let client = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .timeout(limits.answer)
            .dns_resolver(Arc::new(Names { addresses }))
            .user_agent("deed")
            .build()
            .map_err(|_| SettingsError::Client)?;
        Ok(Self { client, addresses, limits })
    }

    /// The bytes at an address.
    pub(super) async fn document(&self, url: &Url) -> Result<Vec<u8>, FetchError> {
        self.check(url)?;
        let (status, body) = self.exchange(url, self.client.get(url.clone())).await?;
        if status == 200 { Ok(body) } else { Err(FetchError::Status { url: url.to_string(), status }) }
    }

    /// The status and the bytes that a form is answered with.
    pub(super) async fn form(
        &self,
        url: &Url,
        fields: &[(&str, &str)],
        credentials: Option<(&str, &str)>,
    ) -> Result<(u16, Vec<u8>), FetchError> {
        self.check(url)?;
        let request = self.client.post(url.clone()).form(fields);
        let request = match credentials {
            Some((user, password)) => request.basic_auth(user, Some(password)),
            None => request,
        };
        self.exchange(url, request).await
    }

    /// Whether an address may be asked, as far as it can be told before its name is resolved.
    pub(super) fn check(&self, url: &Url) -> Result<(), FetchError> {
        if !is_protected(url, self.addresses) || has_user(url) {
            return Err(FetchError::NotHttps(url.to_string()));
        }
        let number = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::V6(address)),
            Some(Host::Domain(_)) | None => None,
        };
        let refused = number.is_some_and(is_special_use) && self.addresses == Addresses::PublicOnly;
        if refused { Err(FetchError::SpecialUse(url.to_string())) } else { Ok(()) }
    }

    async fn exchange(&self, url: &Url, request: RequestBuilder) -> Result<(u16, Vec<u8>), FetchError> {
        let request = request.header(ACCEPT, "application/json");
        let response = request.send().await.map_err(|cause| failure(url, cause))?;
        let status = response.status();
        if status.is_redirection() {
            return Err(FetchError::Redirected(url.to_string()));
        }
        Ok((status.as_u16(), self.body(url, response).await?))
    }

    async fn body(&self, url: &Url, mut response: Response) -> Result<Vec<u8>, FetchError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|cause| failure(url, cause))? {
            if body.len() + chunk.len() > self.limits.answer_bytes_max {
                return Err(FetchError::TooLong(url.to_string()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

fn failure(url: &Url, cause: reqwest::Error) -> FetchError {
    let url = url.to_string();
    if cause.is_timeout() {
        return FetchError::Slow(url);
    }
    let mut under: Option<&(dyn Error + 'static)> = Some(&cause);
    while let Some(error) = under {
        if error.is::<SpecialUse>() {
            return FetchError::SpecialUse(url);
        }
        under = error.source();
    }
    FetchError::Unreachable { url, cause: Box::new(cause.without_url()) }
}

/// Resolves names, and refuses what is for special use. The connection is made to the very addresses that were looked at, so a name that
/// stands for something else a moment later gains nothing.
struct Names {
    addresses: Addresses,
}

#[derive(Debug, thiserror::Error)]
#[error("the name stands for an address for special use")]
struct SpecialUse;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let addresses = self.addresses;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = allowed(addresses, found.collect())?;
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

/// One address for special use among others taints the name: nobody on the internet would give it.
fn allowed(addresses: Addresses, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, SpecialUse> {
    let special = found.iter().any(|address| is_special_use(address.ip()));
    if special && addresses == Addresses::PublicOnly { Err(SpecialUse) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_special_address_taints_a_name() {
        let public: SocketAddr = "1.1.1.1:0".parse().unwrap();
        let private: SocketAddr = "10.0.0.1:0".parse().unwrap();
        assert_eq!(allowed(Addresses::PublicOnly, vec![public]).unwrap(), [public]);
        assert!(allowed(Addresses::PublicOnly, vec![public, private]).is_err());
        assert_eq!(allowed(Addresses::SpecialUseToo, vec![private]).unwrap(), [private]);
    }
}
