//! `deed login` and `deed logout`: a session of the person's own for the command line.
//!
//! With a browser on this machine by an authorization code with PKCE that comes back to the loopback (RFC 8252); without one by a code that is typed
//! elsewhere (RFC 8628).

use super::browse::open;
use super::call::{Answer, CallError, Request, Server, encoded};
use super::kept::{Kept, KeptError};
use crate::http::oauth::{CLI, challenge};
use crate::json::part;
use crate::secret::Secret;
use clap::{Arg, ArgAction, ArgMatches, Command};
use ledger::entropy::fresh;
use ledger::hash::to_hex;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long the browser may be away.
const AWAY: Duration = Duration::from_secs(600);
/// Longest request of a browser that is read.
const REQUEST_BYTES_MAX: usize = 8 << 10;

/// Nobody was signed in.
#[derive(Debug, Error)]
pub(super) enum LoginError {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Kept(#[from] KeptError),
    #[error("{0}")]
    Denied(String),
    #[error("the answer has not the shape that this version of `deed` knows")]
    Shape,
    #[error("could not listen on this machine")]
    Listen(#[source] std::io::Error),
    #[error("nobody came back within ten minutes; begin again, or use `deed login --device`")]
    Late,
    #[error("what came back does not belong to this sign-in; begin again")]
    Foreign,
}

/// The words of the command line.
pub(super) fn words() -> [Command; 2] {
    let device = Arg::new("device").long("device").action(ArgAction::SetTrue);
    let device = device.help("Show a code to type into a browser on another machine");
    [
        Command::new("login").about("Sign in to a server, in a browser").arg(device),
        Command::new("logout").about("End the session that `deed login` began"),
    ]
}

/// Does what the words ask for, and says what came of it.
pub(super) async fn run(word: &str, words: &ArgMatches, address: &str) -> Result<String, LoginError> {
    let server = Server::new(address, None)?;
    server.keeps_secrets()?;
    let kept = Kept::read()?;
    if word == "logout" {
        let Some(secret) = kept.secret(address) else {
            return Ok(format!("nobody is signed in to {address}\n"));
        };
        granted(&server.send(Request::form("/oauth/revoke", &[("token", secret)])).await?)?;
        kept.set(address, None)?;
        return Ok(format!("signed out of {address}\n"));
    }
    let answer =
        if words.get_flag("device") { by_device(&server).await? } else { by_browser(&server).await? };
    let text = part(&answer, &["access_token"]).as_str().ok_or(LoginError::Shape)?;
    let secret = Secret::parse(text).ok_or(LoginError::Shape)?.reveal();
    kept.set(address, Some(&secret))?;
    let me = Server::new(address, Some(secret))?.send(Request::get("/api/v1/me", &[])).await?;
    let me: Value = serde_json::from_slice(&me.body).map_err(|_| LoginError::Shape)?;
    let subject = part(&me, &["subject"]).as_str().ok_or(LoginError::Shape)?;
    let minutes = part(&answer, &["expires_in"]).as_u64().unwrap_or_default() / 60;
    Ok(format!("signed in to {address} as {subject} for {minutes} minutes at most\n"))
}

/// The fields of an answer of the authorization server.
fn granted(answer: &Answer) -> Result<Value, LoginError> {
    if answer.status == 200 && answer.body.is_empty() {
        return Ok(Value::Null);
    }
    let value: Value = serde_json::from_slice(&answer.body).map_err(|_| LoginError::Shape)?;
    if answer.status == 200 {
        return Ok(value);
    }
    let text = |key: &str| part(&value, &[key]).as_str().unwrap_or_default().to_owned();
    Err(LoginError::Denied(format!("{}: {}", text("error"), text("error_description"))))
}

async fn by_device(server: &Server) -> Result<Value, LoginError> {
    let begun = server.send(Request::form("/oauth/device_authorization", &[("client_id", CLI)])).await?;
    let begun = granted(&begun)?;
    let text = |key: &str| part(&begun, &[key]).as_str().ok_or(LoginError::Shape);
    let (device, typed, place) = (text("device_code")?, text("user_code")?, text("verification_uri")?);
    let number = |key: &str, otherwise: u64| part(&begun, &[key]).as_u64().unwrap_or(otherwise);
    let mut wait = Duration::from_secs(number("interval", 5));
    let mut left = Duration::from_secs(number("expires_in", 600));
    eprintln!("open {place} and type the code {typed}");
    while left > wait {
        tokio::time::sleep(wait).await;
        left -= wait;
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("device_code", device),
            ("client_id", CLI),
        ];
        match granted(&server.send(Request::form("/oauth/token", &fields)).await?) {
            Err(LoginError::Denied(why)) if why.starts_with("authorization_pending:") => {}
            Err(LoginError::Denied(why)) if why.starts_with("slow_down:") => wait += Duration::from_secs(5),
            decided => return decided,
        }
    }
    Err(LoginError::Late)
}

async fn by_browser(server: &Server) -> Result<Value, LoginError> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(LoginError::Listen)?;
    let port = listener.local_addr().map_err(LoginError::Listen)?.port();
    let redirect = format!("http://127.0.0.1:{port}/callback");
    let (verifier, state) = (to_hex(&fresh::<32>()), to_hex(&fresh::<16>()));
    let challenge = challenge(&verifier);
    let query = [
        ("response_type", "code"),
        ("client_id", CLI),
        ("redirect_uri", &redirect),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", &state),
    ];
    let query: Vec<_> = query.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect();
    let place = server.at(&format!("/oauth/authorize?{}", query.join("&")));
    eprintln!("open this address in a browser on this machine, if none opens by itself:\n{place}");
    open(&place);
    let came = tokio::time::timeout(AWAY, came_back(&listener)).await.map_err(|_| LoginError::Late)??;
    let field = |name: &str| came.get(name).map_or("", String::as_str);
    // The metadata say under which name the server knows itself: an answer of another one is not for us (RFC 9207).
    let known = server.send(Request::get("/.well-known/oauth-authorization-server", &[])).await?;
    let known = granted(&known)?;
    if field("state") != state || part(&known, &["issuer"]).as_str() != Some(field("iss")) {
        return Err(LoginError::Foreign);
    }
    if let Some(error) = came.get("error") {
        return Err(LoginError::Denied(format!("the server answered `{error}`")));
    }
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", field("code")),
        ("redirect_uri", &redirect),
        ("client_id", CLI),
        ("code_verifier", &verifier),
    ];
    granted(&server.send(Request::form("/oauth/token", &fields)).await?)
}

/// What the browser brings back. Whatever else comes to the port gets no answer that matters.
async fn came_back(listener: &TcpListener) -> Result<BTreeMap<String, String>, LoginError> {
    loop {
        let (mut stream, _) = listener.accept().await.map_err(LoginError::Listen)?;
        let patience = Duration::from_secs(5);
        let Ok(Ok(line)) = tokio::time::timeout(patience, first_line(&mut stream)).await else { continue };
        let query = line.strip_prefix("GET /callback?").and_then(|rest| rest.split(' ').next());
        let (status, text) = match query {
            Some(_) => ("200 OK", "Done. You can close this page and go back to the command line."),
            None => ("404 Not Found", "Nothing is here."),
        };
        let answer = format!(
            "HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {}\r\nReferrer-Policy: no-referrer\r\n\
             Cache-Control: no-store\r\nConnection: close\r\n\r\n{text}",
            text.len()
        );
        // A browser that left has told all the same.
        drop(stream.write_all(answer.as_bytes()).await);
        drop(stream.shutdown().await);
        if let Some(query) = query {
            return Ok(crate::oidc::form(query.as_bytes()).collect());
        }
    }
}

async fn first_line(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut seen = Vec::new();
    let mut piece = [0; 1_024];
    while !seen.windows(4).any(|end| end == b"\r\n\r\n") && seen.len() < REQUEST_BYTES_MAX {
        let count = stream.read(&mut piece).await?;
        if count == 0 {
            break;
        }
        seen.extend_from_slice(piece.get(..count).unwrap_or_default());
    }
    let text = String::from_utf8_lossy(&seen);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
