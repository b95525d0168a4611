//! One request over HTTP/1.1 and its answer. TLS is for the proxy before a server, or for a tunnel to it.

use axum::body::Body;
use axum::http::{Method, Uri, header, uri::Authority};
use hyper_util::rt::TokioIo;
use ledger::entropy::fresh;
use ledger::hash::to_hex;
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpStream;

/// Longest time that one request may take: the server answers within half of it.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Largest answer that is read: a page of the log is the largest there is.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// A request could not be made.
#[derive(Debug, Error)]
pub(super) enum CallError {
    #[error(
        "`--server` is an address such as `http://127.0.0.1:7331`; for `https`, open a tunnel to the server"
    )]
    Address,
    #[error("what stands in the credential file is no credential")]
    Credential,
    #[error("could not reach `{address}`")]
    Reach {
        address: String,
        #[source]
        cause: std::io::Error,
    },
    #[error("the exchange with the server broke off")]
    Exchange(#[source] hyper::Error),
    #[error("the answer could not be read")]
    Read(#[source] axum::Error),
    #[error("the request could not be written")]
    Request(#[source] axum::http::Error),
    #[error("there was no answer within {} seconds", ANSWER_MAX.as_secs())]
    Late,
}

/// A server, and what is shown to it.
pub(super) struct Server {
    authority: Authority,
    prefix: String,
    shown: Option<header::HeaderValue>,
}

/// What is sent.
pub(super) struct Request {
    method: Method,
    path: String,
    body: Option<String>,
    seen: Option<u64>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Request {
    /// Reads a path.
    pub(super) fn get(path: &str, query: &[(String, String)]) -> Self {
        let pairs: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let mark = if pairs.is_empty() { "" } else { "?" };
        Self { method: Method::GET, path: format!("{path}{mark}{}", pairs.join("&")), body: None, seen: None }
    }

    /// Sends a body, to be taken only if the log has not grown beyond what was seen.
    pub(super) fn post(path: &str, body: &Value, seen: Option<u64>) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body: Some(body.to_string()), seen }
    }
}

impl Server {
    /// At an address, with a credential.
    pub(super) fn new(address: &str, credential: Option<String>) -> Result<Self, CallError> {
        let uri: Uri = address.parse().map_err(|_| CallError::Address)?;
        let parts = uri.into_parts();
        let plain = parts.scheme.as_ref().is_some_and(|scheme| scheme.as_str() == "http");
        let authority = parts.authority.filter(|_| plain).ok_or(CallError::Address)?;
        let prefix = parts.path_and_query.map(|path| path.path().trim_end_matches('/').to_owned());
        let shown = credential.map(|credential| {
            let mut shown = header::HeaderValue::try_from(format!("Bearer {credential}"))?;
            shown.set_sensitive(true);
            Ok::<_, header::InvalidHeaderValue>(shown)
        });
        let shown = shown.transpose().map_err(|_| CallError::Credential)?;
        Ok(Self { authority, prefix: prefix.unwrap_or_default(), shown })
    }

    /// Sends a request and waits for the answer.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, CallError> {
        tokio::time::timeout(ANSWER_MAX, self.exchange(request)).await.map_err(|_| CallError::Late)?
    }

    async fn exchange(&self, request: Request) -> Result<Answer, CallError> {
        let (host, port) = (self.authority.host(), self.authority.port_u16().unwrap_or(80));
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let reach = |cause| CallError::Reach { address: self.authority.to_string(), cause };
        let stream = TcpStream::connect((host, port)).await.map_err(reach)?;
        let opened = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(CallError::Exchange)?;
        // Its end is seen by the exchange that it carries.
        tokio::spawn(connection);
        let request = self.written(request).map_err(CallError::Request)?;
        let answer = sender.send_request(request).await.map_err(CallError::Exchange)?;
        let status = answer.status().as_u16();
        let body = axum::body::to_bytes(Body::new(answer.into_body()), ANSWER_BYTES_MAX).await;
        Ok(Answer { status, body: body.map_err(CallError::Read)?.to_vec() })
    }

    fn written(&self, request: Request) -> Result<hyper::Request<Body>, axum::http::Error> {
        let Request { method, path, body, seen } = request;
        let mut written = hyper::Request::builder().method(method).uri(format!("{}{path}", self.prefix));
        written = written.header(header::HOST, self.authority.as_str());
        if let Some(shown) = &self.shown {
            written = written.header(header::AUTHORIZATION, shown);
        }
        if body.is_some() {
            written = written.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(seen) = seen {
            written = written.header(header::IF_MATCH, format!("\"{seen}\""));
        }
        written.body(body.map_or_else(Body::empty, Body::from))
    }
}

/// A command id that nobody has used.
pub(super) fn fresh_id() -> String {
    to_hex(&fresh::<16>())
}

/// A text as a part of a path or a query.
pub(super) fn encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let byte = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(byte).collect()
}
