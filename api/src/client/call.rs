//! One request and its answer, over TLS or within this machine.

use ledger::entropy::fresh;
use ledger::hash::to_hex;
use reqwest::header::{self, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, Response, Url, redirect};
use serde_json::Value;
use std::time::Duration;
use thiserror::Error;

/// Longest time that one request may take: the server answers within half of it.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Longest time that an answer may take that comes bit by bit: a build with the longest startup, and room for its image.
const STREAM_MAX: Duration = Duration::from_secs(3 * 60 * 60);
/// Largest answer that is read: a page of the log is the largest there is.
const ANSWER_BYTES_MAX: usize = 32 << 20;

/// A request could not be made.
#[derive(Debug, Error)]
pub(super) enum CallError {
    #[error("`--server` is an address such as `https://deed.example` or `http://127.0.0.1:7331`")]
    Address,
    #[error(
        "`{address}` is reached without TLS, and a credential is not sent so beyond this machine; use `https`"
    )]
    Plain { address: String },
    #[error("what stands in the credential file is no credential")]
    Credential,
    #[error("could not reach `{address}`")]
    Reach {
        address: String,
        #[source]
        cause: reqwest::Error,
    },
    #[error("the exchange with the server broke off")]
    Exchange(#[source] reqwest::Error),
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLarge,
    #[error("there was no answer within {} seconds", ANSWER_MAX.as_secs())]
    Late,
}

/// A server, and what is shown to it.
pub(super) struct Server {
    address: Url,
    client: Client,
    shown: Option<HeaderValue>,
}

/// What is sent.
pub(super) struct Request {
    method: Method,
    path: String,
    body: Option<(&'static str, String)>,
    seen: Option<u64>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

/// An answer that comes bit by bit.
pub(super) struct Pieces<'a> {
    server: &'a Server,
    answer: Response,
}

impl Pieces<'_> {
    /// The next bit; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<u8>>, CallError> {
        let piece = self.answer.chunk().await.map_err(|cause| self.server.failed(cause))?;
        Ok(piece.map(|piece| piece.to_vec()))
    }
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
        let body = ("application/json", body.to_string());
        Self { method: Method::POST, path: path.to_owned(), body: Some(body), seen }
    }

    /// Sends a form.
    pub(super) fn form(path: &str, fields: &[(&str, &str)]) -> Self {
        let pairs: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
        let body = ("application/x-www-form-urlencoded", pairs.join("&"));
        Self { method: Method::POST, path: path.to_owned(), body: Some(body), seen: None }
    }
}

impl Server {
    /// At an address, with a credential.
    pub(super) fn new(address: &str, credential: Option<String>) -> Result<Self, CallError> {
        let address: Url = address.parse().map_err(|_| CallError::Address)?;
        let here = address.host_str().is_some_and(|host| ["127.0.0.1", "[::1]", "localhost"].contains(&host));
        match address.scheme() {
            "https" => {}
            "http" if here || credential.is_none() => {}
            "http" => return Err(CallError::Plain { address: address.to_string() }),
            _ => return Err(CallError::Address),
        }
        let client = Client::builder().redirect(redirect::Policy::none()).timeout(ANSWER_MAX).build();
        let client = client.map_err(CallError::Exchange)?;
        let shown = credential.map(|credential| {
            let mut shown = HeaderValue::try_from(format!("Bearer {credential}"))?;
            shown.set_sensitive(true);
            Ok::<_, header::InvalidHeaderValue>(shown)
        });
        let shown = shown.transpose().map_err(|_| CallError::Credential)?;
        Ok(Self { address, client, shown })
    }

    /// An address of the server.
    pub(super) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address.as_str().trim_end_matches('/'))
    }

    /// Whether secrets may travel to it.
    pub(super) fn keeps_secrets(&self) -> Result<(), CallError> {
        Self::new(self.address.as_str(), Some(String::new())).map(drop)
    }

    /// Sends a request and waits for the answer.
    pub(super) async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let answer = self.written(request).send().await.map_err(|cause| self.failed(cause))?;
        self.whole(answer).await
    }

    fn written(&self, request: Request) -> RequestBuilder {
        let Request { method, path, body, seen } = request;
        let mut written = self.client.request(method, self.at(&path));
        if let Some(shown) = &self.shown {
            written = written.header(header::AUTHORIZATION, shown);
        }
        if let Some((kind, text)) = body {
            written = written.header(header::CONTENT_TYPE, kind).body(text);
        }
        match seen {
            Some(seen) => written.header(header::IF_MATCH, format!("\"{seen}\"")),
            None => written,
        }
    }

    /// Reads a path whose answer comes bit by bit. One that is no 200 is read whole.
    pub(super) async fn stream(&self, path: &str) -> Result<Result<Pieces<'_>, Answer>, CallError> {
        let written = self.written(Request::get(path, &[])).timeout(STREAM_MAX);
        let answer = written.send().await.map_err(|cause| self.failed(cause))?;
        if answer.status().as_u16() == 200 {
            return Ok(Ok(Pieces { server: self, answer }));
        }
        Ok(Err(self.whole(answer).await?))
    }

    async fn whole(&self, mut answer: Response) -> Result<Answer, CallError> {
        let (status, mut body) = (answer.status().as_u16(), Vec::new());
        while let Some(piece) = answer.chunk().await.map_err(|cause| self.failed(cause))? {
            if body.len() + piece.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLarge);
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, body })
    }

    fn failed(&self, cause: reqwest::Error) -> CallError {
        let cause = cause.without_url();
        match (cause.is_timeout(), cause.is_connect()) {
            (true, _) => CallError::Late,
            (_, true) => CallError::Reach { address: self.address.to_string(), cause },
            (false, false) => CallError::Exchange(cause),
        }
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
