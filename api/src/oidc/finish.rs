//! The end of a sign-in: what the browser brought back becomes claims, or a reason why not.

use super::begin::Begun;
use super::claims::Claims;
use super::discovery::Metadata;
use super::error::{SignInError, TokenError, shown};
use super::fetch::FetchError;
use super::id_token::{Expected, verified};
use super::provider::Provider;
use super::settings::{Hidden, Relaxation};
use ledger::hash::Hash;
use ledger::time::Time;
use openidconnect::url::form_urlencoded;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The longest answer that is read. Codes have some hundred bytes at most providers, and a few thousand at some.
const ANSWER_BYTES_MAX: usize = 16 << 10;

/// What a browser brings back from the provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// What the tokens are had for.
    pub code: Option<Hidden>,
    /// What binds it to the sign-in that was begun.
    pub state: Option<Hidden>,
    /// Who says so.
    pub issuer: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
}

impl Answer {
    /// Reads the query of the address that the browser came back to. A field that stands twice is refused: two readers could choose differently.
    pub fn from_query(query: &str) -> Result<Self, SignInError> {
        if query.len() > ANSWER_BYTES_MAX {
            return Err(SignInError::AnswerUnreadable);
        }
        let field = |wanted: &str| {
            let mut values = form_urlencoded::parse(query.as_bytes())
                .filter(|(name, _)| name == wanted)
                .map(|(_, value)| value);
            let first = values.next().map(String::from);
            if values.next().is_some() { Err(SignInError::AnswerUnreadable) } else { Ok(first) }
        };
        Ok(Self {
            code: field("code")?.map(Hidden::new),
            state: field("state")?.map(Hidden::new),
            issuer: field("iss")?,
            error: field("error")?,
        })
    }
}

/// What a provider gives for a code.
#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Complaint {
    error: String,
}

impl Provider {
    /// Ends a sign-in that was begun: checks the answer, exchanges its code and checks the token.
    pub async fn finish(&self, answer: &Answer, begun: &Begun, now: Time) -> Result<Claims, SignInError> {
        // Before anything is asked of anybody: the answer must be to this browser's own question.
        check_state(answer, begun)?;
        let metadata = self.metadata(now).await?;
        let code = self.code(answer, &metadata)?;
        let tokens = self.exchange(code, begun, &metadata).await?;
        let text = tokens.id_token.ok_or(SignInError::IdTokenMissing)?;
        let expected = Expected {
            settings: &self.settings,
            nonce: begun.nonce.reveal(),
            max_age_seconds: begun.max_age_seconds,
            access_token: tokens.access_token.as_deref(),
            now,
        };
        let payload = self.believed(&text, &expected).await?;
        Claims::read(&payload, &self.settings.claims, Hidden::new(text))
    }

    fn code<'a>(&self, answer: &'a Answer, metadata: &Metadata) -> Result<&'a str, SignInError> {
        match &answer.issuer {
            Some(issuer) if *issuer != self.settings.issuer => return Err(SignInError::AnswerIssuerWrong),
            None if metadata.names_issuer && !self.settings.relaxes(Relaxation::NoIssuerInResponse) => {
                return Err(SignInError::AnswerIssuerMissing);
            }
            Some(_) | None => {}
        }
        if let Some(error) = &answer.error {
            return Err(SignInError::Refused(shown(error)));
        }
        answer.code.as_ref().map(Hidden::reveal).ok_or(SignInError::CodeMissing)
    }

    async fn exchange(&self, code: &str, begun: &Begun, metadata: &Metadata) -> Result<Tokens, SignInError> {
        let settings = &self.settings;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &settings.redirect_uri),
            ("code_verifier", begun.pkce_verifier.reveal()),
        ];
        let secret = settings.client_secret.as_ref().map(Hidden::reveal);
        let in_fields = metadata.secret_in_fields || settings.relaxes(Relaxation::SecretInFields);
        if secret.is_none() || in_fields {
            fields.push(("client_id", &settings.client_id));
            fields.extend(secret.map(|secret| ("client_secret", secret)));
        }
        // RFC 6749 encodes both before the header does.
        let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let credentials =
            secret.filter(|_| !in_fields).map(|secret| (encoded(&settings.client_id), encoded(secret)));
        let credentials = credentials.as_ref().map(|(id, secret)| (id.as_str(), secret.as_str()));
        let sent = self.fetcher.form(&metadata.token, &fields, credentials).await;
        let (status, body) = sent.map_err(SignInError::Exchange)?;
        match status {
            200 => serde_json::from_slice(&body).map_err(SignInError::TokensUnreadable),
            status => Err(complaint(status, &body, metadata)),
        }
    }

    /// The claims of a token that passes all checks. A key that is not known may be new: the keys are then fetched once more.
    async fn believed(&self, text: &str, expected: &Expected<'_>) -> Result<Map<String, Value>, SignInError> {
        let keys = self.keys(expected.now).await?;
        match verified(text, &keys, expected) {
            Err(TokenError::KeyUnknown) => {
                let keys = self.keys_again(expected.now).await.ok_or(TokenError::KeyUnknown)?;
                Ok(verified(text, &keys, expected)?)
            }
            decided => Ok(decided?),
        }
    }
}

fn check_state(answer: &Answer, begun: &Begun) -> Result<(), SignInError> {
    // By digests, so that the time it takes says nothing about how much of it was right.
    let digest = |text: &Hidden| Hash::of(&[text.reveal().as_bytes()]);
    let given = answer.state.as_ref().map(digest);
    if given == Some(digest(&begun.state)) { Ok(()) } else { Err(SignInError::StateWrong) }
}

fn complaint(status: u16, body: &[u8], metadata: &Metadata) -> SignInError {
    match serde_json::from_slice::<Complaint>(body) {
        Ok(complaint) => SignInError::CodeRefused(shown(&complaint.error)),
        Err(_) => SignInError::Exchange(FetchError::Status { url: metadata.token.to_string(), status }),
    }
}
