//! Codes that people type, for programs where there is no browser: RFC 8628.
//!
//! Whoever is talked into typing somebody else's code lets a stranger in. RFC 10027 says what helps, and this does: nothing but the typed
//! code leads to the page, the person is signed in first, sees who asked from where and when, and says yes or no; codes live for ten minutes,
//! serve once, and a policy switches them off.

use super::authorize::in_browser;
use super::client::{self, Nobody};
use super::denied::Denied;
use super::token::Grant;
use super::{DEVICE_SECONDS, Granted, decline, let_in, page};
use crate::clock;
use crate::http::asking::{Asker, Deed};
use crate::http::body::Form;
use crate::http::html::{elsewhere, moment};
use crate::http::{Kind, Problem};
use axum::Json;
use axum::extract::{ConnectInfo, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::identity::RefuseToken;
use ledger::entropy::fresh;
use ledger::event::identity::Way;
use ledger::hash::{Hash, to_hex};
use ledger::time::Time;
use serde_json::json;
use std::net::SocketAddr;

/// How long a program waits between requests.
const INTERVAL_SECONDS: u64 = 5;
/// Letters of codes that people type: none that is a vowel or looks like another (RFC 8628 section 6.1).
const LETTERS: &[u8; 20] = b"BCDFGHJKLMNPQRSTVWXZ";

/// A program that waits for a person.
pub(super) struct Device {
    /// From where it asked.
    from: String,
    since: Time,
    polled: Option<Time>,
    decided: Decided,
}

enum Decided {
    NotYet,
    No,
    Yes(Option<Granted>),
}

/// What a program that asks again is told.
pub(super) enum Polled {
    Waiting,
    TooSoon,
    Declined,
    Granted(Granted),
    Fetched,
}

impl Device {
    /// A program asks whether somebody has decided.
    pub(super) fn poll(&mut self, now: Time) -> Polled {
        let soon = self.polled.replace(now).is_some_and(|last| now < last.plus_seconds(INTERVAL_SECONDS - 1));
        match &mut self.decided {
            Decided::Yes(granted) => granted.take().map_or(Polled::Fetched, Polled::Granted),
            Decided::No => Polled::Declined,
            Decided::NotYet if soon => Polled::TooSoon,
            Decided::NotYet => Polled::Waiting,
        }
    }
}

/// Gives a program its two codes.
pub(in crate::http) async fn device_authorization(
    State(deed): State<Deed>,
    Nobody(nobody): Nobody,
    ConnectInfo(from): ConnectInfo<SocketAddr>,
    form: Result<Form, Problem>,
) -> Response {
    let answer = match form {
        Ok(form) => begin(&deed, nobody, from, &form).await,
        Err(problem) => Err(problem.into()),
    };
    answer.unwrap_or_else(IntoResponse::into_response)
}

async fn begin(deed: &Deed, nobody: Asker, from: SocketAddr, form: &Form) -> Result<Response, Denied> {
    client::public(form)?;
    if !deed.engine.published().state.policies.sign_in().device_codes {
        let off = (Grant::DeviceCode.short(), "device_codes_off");
        return Err(Denied::recorded(deed, nobody, off, "unauthorized_client").await);
    }
    let (device, typed) = (to_hex(&fresh::<32>()), user_code());
    let (name, now) = (Hash::of(&[device.as_bytes()]), clock::now());
    let waiting = Device { from: from.ip().to_string(), since: now, polled: None, decided: Decided::NotYet };
    deed.oauth.devices.keep(name, waiting, now);
    deed.oauth.typed.keep(Hash::of(&[typed.as_bytes()]), name, now);
    // Without `verification_uri_complete`: a link that holds the code is what a stranger would send.
    let answer = Json(json!({
        "device_code": device,
        "user_code": shown(&typed),
        "verification_uri": format!("{}/device", deed.sign_in.origin().as_str()),
        "expires_in": DEVICE_SECONDS,
        "interval": INTERVAL_SECONDS,
    }));
    Ok(([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], answer).into_response())
}

/// Eight letters, each as likely as the others.
fn user_code() -> String {
    let mut code = String::new();
    while code.len() < 8 {
        let bytes = fresh::<16>();
        // Of 256 values the last 16 would make some letters likelier.
        let even = bytes.iter().filter(|byte| **byte < 240).map(|byte| usize::from(*byte) % LETTERS.len());
        let letters = even.filter_map(|place| LETTERS.get(place)).map(|letter| char::from(*letter));
        code.extend(letters.take(8 - code.len()));
    }
    code
}

fn shown(code: &str) -> String {
    let (one, other) = code.split_at_checked(4).unwrap_or((code, ""));
    format!("{one}-{other}")
}

/// A code as a person typed it: in any case, with anything between the letters.
fn typed(text: &str) -> Hash {
    let letters: String = text.chars().filter(char::is_ascii_alphabetic).take(16).collect();
    Hash::of(&[letters.to_ascii_uppercase().as_bytes()])
}

/// Where a person types the code.
pub(in crate::http) async fn device(State(deed): State<Deed>, asker: Asker) -> Response {
    match in_browser(&deed, &asker) {
        Some(subject) => page::type_code(&subject, None).into_response(),
        None => elsewhere("/sign-in?return_to=/device", None),
    }
}

/// Shows what the typed code stands for.
pub(in crate::http) async fn type_code(
    State(deed): State<Deed>,
    asker: Asker,
    form: Form,
) -> Result<Response, Problem> {
    let subject = signed_in(&deed, &asker)?;
    let text = form.field("user_code").unwrap_or_default();
    match found(&deed, &typed(text)) {
        Some((_, from, since)) => Ok(page::decide(&subject, text, &from, &moment(since)).into_response()),
        None => Ok(unknown(&deed, asker, &subject).await),
    }
}

/// Lets the program in, or not.
pub(in crate::http) async fn decide(
    State(deed): State<Deed>,
    asker: Asker,
    form: Form,
) -> Result<Response, Problem> {
    let subject = signed_in(&deed, &asker)?;
    let (code, now) = (typed(form.field("user_code").unwrap_or_default()), clock::now());
    // Out at once, so that two answers cannot both count.
    let Some(name) = found(&deed, &code).and_then(|_| deed.oauth.typed.take(&code, now, |_| true)) else {
        return Ok(unknown(&deed, asker, &subject).await);
    };
    let yes = form.field("decision") == Some("allow");
    let granted = if yes {
        let_in(&deed, asker, Way::DeviceCode).await.map(Some)
    } else {
        decline(&deed, asker, Grant::DeviceCode).await.map(|()| None)
    };
    let (decided, answer) = match granted {
        Ok(Some(granted)) => (Decided::Yes(Some(granted)), Ok(page::decided(true).into_response())),
        Ok(None) => (Decided::No, Ok(page::decided(false).into_response())),
        // The code is spent: the program is told, and begins again.
        Err(problem) => (Decided::No, Err(problem)),
    };
    deed.oauth.devices.with(&name, now, |device| device.decided = decided);
    answer
}

fn signed_in(deed: &Deed, asker: &Asker) -> Result<String, Problem> {
    let problem = Problem::new(Kind::NoSession, "you are not signed in; open `/device` and begin again");
    in_browser(deed, asker).ok_or(problem)
}

fn found(deed: &Deed, code: &Hash) -> Option<(Hash, String, Time)> {
    let now = clock::now();
    let name = deed.oauth.typed.with(code, now, |name| *name)?;
    deed.oauth.devices.with(&name, now, |device| (name, device.from.clone(), device.since))
}

/// Records that somebody typed a code that stands for nothing, and asks again.
async fn unknown(deed: &Deed, asker: Asker, subject: &str) -> Response {
    let refusal = RefuseToken { grant: Grant::DeviceCode.short().into(), reason: "user_code_unknown".into() };
    drop(deed.tell(asker, refusal.into()).await);
    let sentence = "This code stands for nothing, or is over. Look at the program again.";
    (StatusCode::NOT_FOUND, page::type_code(subject, Some(sentence))).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_of_letters_that_cannot_be_mistaken() {
        for _ in 0..200 {
            let code = user_code();
            assert_eq!(code.len(), 8);
            assert!(code.bytes().all(|letter| LETTERS.contains(&letter)), "{code}");
            assert_eq!(typed(&shown(&code)), typed(&code.to_lowercase()));
        }
        assert_ne!(user_code(), user_code());
    }

    #[test]
    fn a_program_that_asks_too_often_is_slowed_down_and_gets_its_session_once() {
        let at = |seconds| Time::from_micros(0).plus_seconds(seconds);
        let mut device = Device { from: String::new(), since: at(0), polled: None, decided: Decided::NotYet };
        assert!(matches!(device.poll(at(0)), Polled::Waiting));
        assert!(matches!(device.poll(at(1)), Polled::TooSoon));
        assert!(matches!(device.poll(at(6)), Polled::Waiting));
        let session = ledger::event::id::CredentialId::from_bytes([1; 16]);
        device.decided = Decided::Yes(Some(Granted { session, secret: crate::secret::Secret::fresh() }));
        assert!(matches!(device.poll(at(7)), Polled::Granted(_)));
        assert!(matches!(device.poll(at(12)), Polled::Fetched));
        device.decided = Decided::No;
        assert!(matches!(device.poll(at(20)), Polled::Declined));
    }
}
