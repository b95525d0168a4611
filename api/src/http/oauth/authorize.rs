//! Authorization codes for programs on the person's own machine: RFC 6749 with PKCE (RFC 7636), to the loopback only (RFC 8252).

use super::token::Grant;
use super::{CLI, page};
use crate::clock;
use crate::http::asking::{Asker, Deed};
use crate::http::body::Form;
use crate::http::html::{elsewhere, in_query};
use crate::http::{Kind, Problem};
use crate::secret::Secret;
use axum::extract::{Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ledger::entropy::fresh;
use ledger::event::id::CredentialId;
use ledger::event::identity::Way;
use ledger::hash::{Hash, to_hex};
use serde::Deserialize;

/// Longest state that is handed back.
const STATE_BYTES_MAX: usize = 256;

/// A code that was handed to a program, and what it stands for.
pub(super) struct Code {
    pub(super) redirect: Box<str>,
    pub(super) challenge: Box<str>,
    pub(super) session: CredentialId,
    /// Taken out by the first who shows the code.
    pub(super) secret: Option<Secret>,
}

/// What a program asks a browser to ask for.
#[derive(Deserialize)]
pub(in crate::http) struct Wanted {
    client_id: Option<String>,
    redirect_uri: Option<String>,
    response_type: Option<String>,
    code_challenge: Option<String>,
    code_challenge_method: Option<String>,
    state: Option<String>,
    scope: Option<String>,
}

/// A request that can be answered to the program: it is ours, and on this machine.
pub(super) struct Request {
    pub(super) redirect: String,
    pub(super) state: String,
    pub(super) challenge: String,
}

/// Why a request is not answered with a code.
enum Wrong {
    /// It must not even be sent back.
    Here(&'static str),
    /// The program is told.
    There(String, String, &'static str),
}

impl Wanted {
    fn read(self) -> Result<Request, Wrong> {
        if self.client_id.as_deref() != Some(CLI) {
            return Err(Wrong::Here(
                "The program that sent you here is not known. Programs of your own are called deed-cli.",
            ));
        }
        let redirect = self.redirect_uri.filter(|uri| is_loopback(uri));
        let redirect =
            redirect.ok_or(Wrong::Here("The program that sent you here is not on this machine."))?;
        let state = self.state.unwrap_or_default();
        if state.len() > STATE_BYTES_MAX {
            return Err(Wrong::Here("The program that sent you here sent too long a state."));
        }
        let there = |error| Wrong::There(redirect.clone(), state.clone(), error);
        if self.response_type.as_deref() != Some("code") {
            return Err(there("unsupported_response_type"));
        }
        if self.scope.is_some_and(|scope| !scope.is_empty()) {
            return Err(there("invalid_scope"));
        }
        let challenge = self.code_challenge.filter(|challenge| Code::is_challenge(challenge));
        match (challenge, self.code_challenge_method.as_deref()) {
            (Some(challenge), Some("S256")) => Ok(Request { redirect, state, challenge }),
            _ => Err(there("invalid_request")),
        }
    }
}

/// Whether an address is one of this machine, by number: a name could come to mean another.
fn is_loopback(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let plain = text.len() <= 256 && text.bytes().all(|byte| byte.is_ascii_graphic());
    let host = uri.host().is_some_and(|host| ["127.0.0.1", "[::1]"].contains(&host));
    let bare = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    plain && host && bare && uri.scheme_str() == Some("http") && uri.query().is_none() && !text.contains('#')
}

/// Asks the person whether to let the program in.
pub(in crate::http) async fn authorize(
    State(deed): State<Deed>,
    asker: Asker,
    uri: Uri,
    wanted: Result<Query<Wanted>, axum::extract::rejection::QueryRejection>,
) -> Response {
    let Ok(Query(wanted)) = wanted else {
        return (StatusCode::BAD_REQUEST, page::wrong("The address cannot be read.")).into_response();
    };
    let request = match wanted.read() {
        Ok(request) => request,
        Err(wrong) => return wrong.answer(&deed),
    };
    let Some(subject) = in_browser(&deed, &asker) else {
        let back = uri.path_and_query().map_or("/sessions", |path| path.as_str());
        return elsewhere(&format!("/sign-in?return_to={}", in_query(back)), None);
    };
    page::consent(&subject, &request).into_response()
}

/// Who sits before a browser, if somebody does.
pub(super) fn in_browser(deed: &Deed, asker: &Asker) -> Option<String> {
    let (subject, credential) = asker.actor.shown()?;
    let published = deed.engine.published();
    published.state.sessions.of_browser(credential).map(|_| subject.to_string())
}

/// Lets the program in, or not.
pub(in crate::http) async fn consent(
    State(deed): State<Deed>,
    asker: Asker,
    form: Form,
) -> Result<Response, Problem> {
    let field = |name: &str| form.field(name).map(str::to_owned);
    let wanted = Wanted {
        client_id: Some(CLI.to_owned()),
        redirect_uri: field("redirect_uri"),
        response_type: Some("code".to_owned()),
        code_challenge: field("code_challenge"),
        code_challenge_method: Some("S256".to_owned()),
        state: field("state"),
        scope: None,
    };
    let Request { redirect, state, challenge } = match wanted.read() {
        Ok(request) => request,
        Err(wrong) => return Ok(wrong.answer(&deed)),
    };
    if in_browser(&deed, &asker).is_none() {
        return Err(Problem::new(Kind::NoSession, "you are not signed in; begin again from the program"));
    }
    if form.field("decision") != Some("allow") {
        super::decline(&deed, asker, Grant::AuthorizationCode).await?;
        return Ok(Wrong::There(redirect, state, "access_denied").answer(&deed));
    }
    let granted = super::let_in(&deed, asker, Way::AuthorizationCode).await?;
    let text = to_hex(&fresh::<32>());
    let code = Code {
        redirect: redirect.as_str().into(),
        challenge: challenge.into(),
        session: granted.session,
        secret: Some(granted.secret),
    };
    deed.oauth.codes.keep(Hash::of(&[text.as_bytes()]), code, clock::now());
    Ok(back(&deed, &redirect, &state, ("code", &text)))
}

/// Sends the browser back to the program.
fn back(deed: &Deed, redirect: &str, state: &str, (name, value): (&str, &str)) -> Response {
    let issuer = in_query(deed.sign_in.origin().as_str());
    let (value, state) = (in_query(value), in_query(state));
    let url = format!("{redirect}?{name}={value}&state={state}&iss={issuer}");
    page::back(&url, name == "code")
}

impl Wrong {
    fn answer(self, deed: &Deed) -> Response {
        match self {
            Self::Here(sentence) => (StatusCode::BAD_REQUEST, page::wrong(sentence)).into_response(),
            Self::There(redirect, state, error) => back(deed, &redirect, &state, ("error", error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_go_to_this_machine_and_nowhere_else() {
        for good in ["http://127.0.0.1:1/callback", "http://127.0.0.1/", "http://[::1]:65535/x"] {
            assert!(is_loopback(good), "{good}");
        }
        for bad in [
            "https://127.0.0.1/",
            "http://localhost:1/",
            "http://127.0.0.1.evil.example/",
            "http://127.0.0.1@evil.example/",
            "http://evil.example/127.0.0.1",
            "http://127.0.0.1/?x=1",
            "http://127.0.0.1/#x",
            "http://127.0.0.1/ x",
            "javascript:alert(1)",
            "/callback",
            "",
        ] {
            assert!(!is_loopback(bad), "{bad}");
        }
    }
}
