//! What a token stands for, and its end: RFC 7662 and RFC 7009.

use super::client::{self, Nobody};
use super::denied::Denied;
use crate::clock;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed, may_see};
use crate::http::body::Form;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::identity::RevokeCredential;
use ledger::event::Actor;
use ledger::event::scope::Scope;
use ledger::time::Time;
use projections::access::Permission;
use serde_json::{Value, json};

const NO_STORE: [(header::HeaderName, HeaderValue); 1] =
    [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];

/// Says what a token stands for, to programs that may see who exists, or whose own it is.
pub(in crate::http) async fn introspect(
    State(deed): State<Deed>,
    Nobody(nobody): Nobody,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Response {
    let answer = match form {
        Ok(form) => introspected(&deed, nobody, &headers, &form).await,
        Err(problem) => Err(problem.into()),
    };
    answer.map_or_else(IntoResponse::into_response, |answer| (NO_STORE, Json(answer)).into_response())
}

async fn introspected(deed: &Deed, nobody: Asker, headers: &HeaderMap, form: &Form) -> Result<Value, Denied> {
    let asker = client::program(deed, nobody, "introspection", (headers, form)).await?;
    let token = form.field("token").ok_or(Denied::missing("token"))?;
    let published = deed.engine.published();
    let nothing = json!({ "active": false });
    let Some(actor) = client::bearer(deed, token) else { return Ok(nothing) };
    let own = asker.actor.shown().map(|(subject, _)| subject) == actor.shown().map(|(subject, _)| subject);
    let sees = may_see(&published, &asker.actor, Some(Permission::IdentityRead), Scope::Site);
    let state = &published.state;
    if !(own || sees) || !state.is_authentic(&actor, clock::now()) {
        return Ok(nothing);
    }
    let Some((subject, id)) = actor.shown() else { return Ok(nothing) };
    let found = state.credentials.find(id);
    let seconds = |time: Time| time.micros() / 1_000_000;
    let mut answer = json!({
        "active": true,
        "token_type": "Bearer",
        "jti": id.to_string(),
        "iss": deed.sign_in.origin().as_str(),
        "sub": subject.to_string(),
        "exp": found.and_then(|found| found.expires).map(seconds),
        "client_id": state.sessions.find(id).and_then(|session| session.client.clone()),
    });
    if let (Actor::Delegate(delegate), Some(fields)) = (actor, answer.as_object_mut()) {
        fields.insert("sub".to_owned(), json!(delegate.person.to_string()));
        fields.insert("act".to_owned(), json!({ "sub": subject.to_string() }));
    }
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(answer)
}

/// Ends the token that is shown: whoever has it may.
pub(in crate::http) async fn revoke(State(deed): State<Deed>, form: Result<Form, Problem>) -> Response {
    let ended = match form {
        Ok(form) => revoked(&deed, &form).await,
        Err(problem) => Err(problem.into()),
    };
    ended.map_or_else(IntoResponse::into_response, |()| (StatusCode::OK, NO_STORE).into_response())
}

async fn revoked(deed: &Deed, form: &Form) -> Result<(), Denied> {
    let token = form.field("token").ok_or(Denied::missing("token"))?;
    // One that is unknown is over already (RFC 7009 section 2.2).
    let Some(actor) = client::bearer(deed, token) else { return Ok(()) };
    let Some((_, credential)) = actor.shown() else { return Ok(()) };
    deed.tell(deed.known(actor), RevokeCredential { credential }.into()).await.map(drop).map_err(Denied::from)
}
