//! What a provider says of itself, and how much of that is believed.

use super::fetch::{FetchError, Fetcher};
use super::settings::{Addresses, is_protected};
use openidconnect::url::Url;
use serde::Deserialize;

/// Asked for again after an hour: endpoints move rarely.
pub(super) const AGE_SECONDS_MAX: u64 = 3_600;

/// Why a provider's documents cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// They did not come.
    #[error("could not fetch a document of the provider")]
    Fetch(#[from] FetchError),
    /// They are not what they should be.
    #[error("could not read the provider's {document}")]
    Unreadable {
        /// Which.
        document: &'static str,
        /// Why.
        #[source]
        cause: serde_json::Error,
    },
    /// They are somebody else's.
    #[error("the provider calls itself `{0}`")]
    IssuerDiffers(String),
    /// They name a place that is not asked.
    #[error("the provider's `{0}` is no protected address")]
    Endpoint(&'static str),
    /// The provider does not know proof keys.
    #[error("the provider knows proof keys but not `S256`")]
    NoProofKeys,
    /// There are more keys than anybody has.
    #[error("the provider has {0} keys")]
    TooManyKeys(usize),
}

impl DiscoveryError {
    /// A word for programs, which does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.code(),
            Self::Unreadable { .. } => "document_unreadable",
            Self::IssuerDiffers(_) => "document_issuer_differs",
            Self::Endpoint(_) => "document_endpoint",
            Self::NoProofKeys => "document_no_proof_keys",
            Self::TooManyKeys(_) => "document_too_many_keys",
        }
    }
}

/// The part of the document that is read. What it says of signature algorithms is not.
#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    end_session_endpoint: Option<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
}

/// A provider's endpoints and habits.
#[derive(Clone, Debug)]
pub(super) struct Metadata {
    pub(super) authorization: Url,
    pub(super) token: Url,
    pub(super) keys: Url,
    pub(super) end_session: Option<Url>,
    /// Whether answers to the browser name the issuer.
    pub(super) names_issuer: bool,
    /// Whether the client's secret is sent among the fields instead of in a header.
    pub(super) secret_in_fields: bool,
}

/// Fetches and reads the document of an issuer.
pub(super) async fn fetch(
    fetcher: &Fetcher,
    issuer: &str,
    addresses: Addresses,
) -> Result<Metadata, DiscoveryError> {
    let place = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let place = Url::parse(&place).map_err(|_| DiscoveryError::Endpoint("issuer"))?;
    read(&fetcher.document(&place).await?, issuer, addresses)
}

fn read(bytes: &[u8], issuer: &str, addresses: Addresses) -> Result<Metadata, DiscoveryError> {
    let unreadable = |cause| DiscoveryError::Unreadable { document: "configuration", cause };
    let document: Document = serde_json::from_slice(bytes).map_err(unreadable)?;
    if document.issuer != issuer {
        return Err(DiscoveryError::IssuerDiffers(document.issuer));
    }
    let proofs = document.code_challenge_methods_supported;
    if proofs.is_some_and(|proofs| !proofs.iter().any(|one| one == "S256")) {
        return Err(DiscoveryError::NoProofKeys);
    }
    let endpoint = |name, text: &str| {
        let url = Url::parse(text).ok().filter(|url| is_protected(url, addresses));
        url.ok_or(DiscoveryError::Endpoint(name))
    };
    let methods = document.token_endpoint_auth_methods_supported.unwrap_or_default();
    let takes = |method: &str| methods.iter().any(|one| one == method);
    Ok(Metadata {
        authorization: endpoint("authorization_endpoint", &document.authorization_endpoint)?,
        token: endpoint("token_endpoint", &document.token_endpoint)?,
        keys: endpoint("jwks_uri", &document.jwks_uri)?,
        end_session: document
            .end_session_endpoint
            .map(|text| endpoint("end_session_endpoint", &text))
            .transpose()?,
        names_issuer: document.authorization_response_iss_parameter_supported,
        secret_in_fields: takes("client_secret_post") && !takes("client_secret_basic"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ISSUER: &str = "https://id.example/tenant";

    fn with(field: &str, value: Value) -> Result<Metadata, DiscoveryError> {
        let mut document = json!({
            "issuer": ISSUER, "authorization_endpoint": "https://id.example/a",
            "token_endpoint": "https://id.example/t", "jwks_uri": "https://id.example/k",
        });
        document[field] = value;
        read(document.to_string().as_bytes(), ISSUER, Addresses::PublicOnly)
    }

    #[test]
    fn a_document_is_believed_only_so_far() {
        assert!(!with("unknown", json!(1)).unwrap().names_issuer);
        for (field, value, code) in [
            ("issuer", json!("https://id.example/tenant/"), "document_issuer_differs"),
            ("issuer", json!("https://other.example"), "document_issuer_differs"),
            ("issuer", json!(null), "document_unreadable"),
            ("token_endpoint", json!("http://id.example/t"), "document_endpoint"),
            ("token_endpoint", json!("http://127.0.0.1/t"), "document_endpoint"),
            ("jwks_uri", json!("file:///etc/passwd"), "document_endpoint"),
            ("end_session_endpoint", json!("javascript:alert(1)"), "document_endpoint"),
            ("code_challenge_methods_supported", json!(["plain"]), "document_no_proof_keys"),
        ] {
            assert_eq!(with(field, value).unwrap_err().code(), code, "{field}");
        }
    }

    #[test]
    fn the_secret_goes_into_a_header_unless_the_provider_takes_none() {
        for (methods, in_fields) in [
            (json!(["client_secret_post"]), true),
            (json!(["client_secret_post", "client_secret_basic"]), false),
            (json!(null), false),
        ] {
            let metadata = with("token_endpoint_auth_methods_supported", methods).unwrap();
            assert_eq!(metadata.secret_in_fields, in_fields);
        }
    }
}
