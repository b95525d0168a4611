//! Coming in with a recovery code, when nobody can sign in at a provider.

use super::browser::Cookie;
use super::page::failed;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::http::body::Form;
use crate::http::fields::fresh_id;
use crate::http::html::{Html, Text, elsewhere, page};
use crate::secret::{RecoveryCode, Secret};
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use commands::identity::{RECOVERY_SECONDS, Recover};
use ledger::event::id::CredentialId;
use ledger::event::{Actor, Refusal, Via};
use ledger::hash::Hash;

/// Where one types a code.
pub(in crate::http) async fn recovery() -> Response {
    asked(None).into_response()
}

fn asked(wrong: Option<&str>) -> Html {
    let alert =
        wrong.map(|sentence| format!("<p role=\"alert\">{}</p>\n", Text(sentence))).unwrap_or_default();
    let body = format!(
        "{alert}<p>For owners, when nobody can sign in. Each code works once, for an hour, and everybody who reads the log sees it.</p>\n\
         <form method=\"post\" action=\"/recovery\">\n<p><label for=\"code\">Recovery code</label>\n\
         <input id=\"code\" name=\"code\" required maxlength=\"64\" autocomplete=\"off\" autocapitalize=\"characters\" spellcheck=\"false\" \
         placeholder=\"XXXXX-XXXXX-XXXXX-XXXXX\"></p>\n<p><button type=\"submit\">Come in</button></p>\n</form>\n"
    );
    page("Recovery", &body)
}

/// Lets an owner in.
pub(in crate::http) async fn recover(
    State(deed): State<Deed>,
    asker: Asker,
    method: Method,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Result<Response, Problem> {
    // Also where no cookie is sent: a strange page could sign a browser in as somebody else.
    let origin = deed.sign_in.origin();
    origin.same_site(&method, &headers)?;
    let form = form?;
    if !origin.keeps_secrets() {
        let sentence = "This server is reached without TLS, so nobody can sign in.";
        return Ok((StatusCode::SERVICE_UNAVAILABLE, failed(sentence)).into_response());
    }
    let code = RecoveryCode::parse(form.field("code").unwrap_or_default());
    // What is no code at all is refused like one that is unknown, and recorded.
    let code = code.map_or(Hash([0; 32]), |code| code.digest());
    let (secret, session) = (Secret::fresh(), CredentialId::from_bytes(fresh_id()));
    let asker = Asker { actor: Actor::Anonymous(Via::Recovery), ..asker };
    let command = Recover { code, session, digest: secret.digest() };
    match deed.tell(asker, command.into()).await {
        Ok(_) => {
            announce(&deed, session);
            Ok(elsewhere("/sessions", origin.set_cookie(Cookie::Session, &secret.reveal(), RECOVERY_SECONDS)))
        }
        Err(problem) => match problem.refusal() {
            Some(Refusal::RecoveryRefused { reason }) => {
                Ok((StatusCode::FORBIDDEN, asked(Some(sentence(reason)))).into_response())
            }
            Some(_) | None => Err(problem),
        },
    }
}

/// Tells the operator what must not go unseen.
fn announce(deed: &Deed, session: CredentialId) {
    let published = deed.engine.published();
    let Some(found) = published.state.credentials.find(session) else { return };
    let subject = found.subject;
    tracing::warn!(
        "recovery: the owner `{subject}` came in with a recovery code; the session is `{session}`"
    );
}

fn sentence(reason: &str) -> &'static str {
    match reason {
        "recovery_off" => {
            "Recovery codes are off, because people sign in at an identity provider. The policy on signing in can switch them on."
        }
        "not_active" => "Your access was suspended.",
        "not_an_owner" => "Only owners come in with recovery codes.",
        _ => "This code is wrong, or was used already.",
    }
}
