//! A client in a page of code: HTTP/1.1 over a socket, one connection for each request.

use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

/// An answer as it came.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The status line's number.
    pub(crate) status: u16,
    /// Everything before the body.
    pub(crate) head: String,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Reads one answer from all that came over a connection.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
        Some(Self { status, head, body: bytes[end + 4..].to_vec() })
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|cause| panic!("{cause}: {self}"))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    /// The problem's code, once the document is shown to be one.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self}");
        let problem = self.json();
        let code = problem["code"].as_str().unwrap_or_else(|| panic!("no code: {self}"));
        assert_eq!(problem["status"], self.status, "{self}");
        assert_eq!(problem["type"], format!("urn:deed:problem:{code}"), "{self}");
        let detail = problem["detail"].as_str().unwrap_or_default();
        assert!(!detail.is_empty() && !detail.contains('\n') && problem["title"].is_string(), "{self}");
        code.to_owned()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{}\n\n{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// A client with or without a credential.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    /// Where the server is.
    pub(crate) address: SocketAddr,
    /// What it shows.
    pub(crate) secret: Option<String>,
}

impl Client {
    /// One that shows nothing.
    pub(crate) fn anonymous(address: SocketAddr) -> Self {
        Self { address, secret: None }
    }

    /// The same client with a credential.
    pub(crate) fn with(&self, secret: &str) -> Self {
        Self { address: self.address, secret: Some(secret.to_owned()) }
    }

    /// Opens a connection.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Sends bytes and reads until the server closes; `None` when it closed without an answer.
    pub(crate) fn raw(&self, bytes: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(self.address).ok()?;
        stream.set_read_timeout(Some(super::PATIENCE)).unwrap();
        // The server may answer and close before everything is written.
        drop(stream.write_all(bytes));
        let mut answer = Vec::new();
        drop(stream.read_to_end(&mut answer));
        Answer::parse(&answer)
    }

    /// The head of a request, without the empty line that ends it.
    pub(crate) fn head(&self, method: &str, path: &str) -> String {
        let shown = self.secret.as_ref().map(|secret| format!("Authorization: Bearer {secret}\r\n"));
        let shown = shown.unwrap_or_default();
        format!("{method} {path} HTTP/1.1\r\nHost: deed\r\nConnection: close\r\n{shown}")
    }

    /// A request with further headers and a body; `None` when the server went away.
    pub(crate) fn try_send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Option<Answer> {
        let head = self.head(method, path);
        let mut bytes = format!("{head}{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        bytes.extend_from_slice(body);
        self.raw(&bytes)
    }

    /// A request that is answered.
    pub(crate) fn send(&self, method: &str, path: &str, headers: &str, body: &[u8]) -> Answer {
        self.try_send(method, path, headers, body).unwrap_or_else(|| panic!("no answer to {method} {path}"))
    }

    /// Reads a path.
    pub(crate) fn get(&self, path: &str) -> Answer {
        let head = self.head("GET", path);
        self.raw(format!("{head}\r\n").as_bytes()).unwrap_or_else(|| panic!("no answer to GET {path}"))
    }

    /// Reads a path that is there.
    pub(crate) fn read(&self, path: &str) -> Value {
        let answer = self.get(path);
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()
    }

    /// Sends a command; `None` when the server went away.
    pub(crate) fn try_order(&self, id: &str, command: &str, arguments: &Value) -> Option<Answer> {
        let body = json!({"id": id, "command": command, "arguments": arguments}).to_string();
        self.try_send("POST", "/api/v1/commands", JSON, body.as_bytes())
    }

    /// Sends a command.
    pub(crate) fn order(&self, id: &str, command: &str, arguments: &Value) -> Answer {
        self.try_order(id, command, arguments).unwrap_or_else(|| panic!("no answer to {command}"))
    }

    /// Sends a command that is done, and gives its answer.
    pub(crate) fn done(&self, id: &str, command: &str, arguments: &Value) -> Value {
        let answer = self.order(id, command, arguments);
        assert_eq!(answer.status, 200, "{answer}");
        answer.json()
    }

    /// Sends a body to the door of commands.
    pub(crate) fn post(&self, body: &[u8]) -> Answer {
        self.send("POST", "/api/v1/commands", JSON, body)
    }

    /// How many events there are.
    pub(crate) fn size(&self) -> u64 {
        self.read("/api/v1/ledger")["size"].as_u64().unwrap()
    }
}

/// The header that a command needs.
pub(crate) const JSON: &str = "Content-Type: application/json\r\n";
