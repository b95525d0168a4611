//! Which program asks: one that people run, without a secret, or one with a credential of its own.

use super::CLI;
use super::denied::Denied;
use crate::clock;
use crate::http::asking::{Asker, Deed};
use crate::http::body::Form;
use crate::oidc::form;
use crate::secret::Secret;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use ledger::event::{Actor, Via};
use ledger::hash::from_base64;
use std::convert::Infallible;

/// Whoever asks, as long as nothing that is shown is believed.
pub(in crate::http) struct Nobody(pub(super) Asker);

impl FromRequestParts<Deed> for Nobody {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, deed: &Deed) -> Result<Self, Infallible> {
        Ok(Self(Asker { actor: Actor::Anonymous(Via::Nothing), source: deed.source_of(parts) }))
    }
}

/// What a program shows of itself.
struct Shown {
    id: String,
    secret: String,
}

/// The public client that a form names.
pub(super) fn public(form: &Form) -> Result<(), Denied> {
    match form.field("client_id") {
        Some(CLI) => Ok(()),
        Some(_) => Err(Denied::new(
            "invalid_client",
            "there is no such client; programs that people run are `deed-cli`",
        )),
        None => Err(Denied::missing("client_id")),
    }
}

/// The program that shows its id and a credential of its own: `client_secret_basic` or `client_secret_post`. A wrong one leaves an event.
pub(super) async fn program(
    deed: &Deed,
    nobody: Asker,
    grant: &str,
    (headers, form): (&HeaderMap, &Form),
) -> Result<Asker, Denied> {
    let shown = match (basic(headers)?, form.field("client_secret")) {
        (Some(_), Some(_)) => {
            return Err(Denied::new("invalid_request", "the client's secret is there twice"));
        }
        (Some(shown), None) => Some(shown),
        (None, Some(secret)) => {
            let id = form.field("client_id").ok_or(Denied::missing("client_id"))?;
            Some(Shown { id: id.to_owned(), secret: secret.to_owned() })
        }
        (None, None) => None,
    };
    let known = shown.and_then(|Shown { id, secret }| {
        let is_named = |actor: &Actor| actor.shown().is_some_and(|(subject, _)| subject.to_string() == id);
        bearer(deed, &secret).filter(is_named)
    });
    match known {
        Some(actor) => Ok(deed.known(actor)),
        None => Err(Denied::recorded(deed, nobody, (grant, "client_unknown"), "invalid_client").await),
    }
}

/// Who shows a credential, if it is good.
pub(super) fn bearer(deed: &Deed, text: &str) -> Option<Actor> {
    let digest = Secret::parse(text)?.digest();
    deed.engine.published().state.credentials.bearer(&digest, clock::now())
}

/// What stands behind `Basic`, where each half is written as in a form (RFC 6749 section 2.3.1).
fn basic(headers: &HeaderMap) -> Result<Option<Shown>, Denied> {
    let Some(header) = headers.get(header::AUTHORIZATION) else { return Ok(None) };
    let wrong = || Denied::new("invalid_client", "`Authorization` must read `Basic <id:secret>`");
    let text = header.to_str().map_err(|_| wrong())?;
    let (scheme, shown) = text.trim().split_once(' ').ok_or_else(wrong)?;
    let shown = from_base64(shown.trim()).filter(|_| scheme.eq_ignore_ascii_case("basic"));
    let shown = shown.and_then(|shown| String::from_utf8(shown).ok()).ok_or_else(wrong)?;
    let (id, secret) = shown.split_once(':').ok_or_else(wrong)?;
    Ok(Some(Shown { id: half(id), secret: half(secret) }))
}

fn half(text: &str) -> String {
    form(text.as_bytes()).next().map(|(name, _)| name).unwrap_or_default()
}
