//! `POST /oauth/token`: one door for every grant.

use super::authorize::Code;
use super::client::{self, Nobody};
use super::denied::Denied;
use super::device::Polled;
use super::{Granted, workload};
use crate::clock;
use crate::http::Problem;
use crate::http::asking::{Asker, Deed};
use crate::http::body::Form;
use crate::http::fields::fresh_id;
use crate::secret::Secret;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use commands::identity::{IssueToken, RevokeCredential};
use ledger::event::Actor;
use ledger::event::id::CredentialId;
use ledger::hash::{Hash, to_base64};
use serde_json::{Map, Value, json};

/// Longest code, verifier or token that is looked at.
const TEXT_BYTES_MAX: usize = 512;
/// What RFC 8693 calls our tokens.
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

macro_rules! grants {
    ($($(#[$doc:meta])* $name:ident = $short:literal $uri:literal;)*) => {
        /// How a program can get a token.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Grant {
            $($(#[$doc])* $name,)*
        }

        impl Grant {
            /// All of them.
            pub(super) const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name in requests.
            pub(super) fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $uri,)*
                }
            }

            /// Its name in events.
            pub(super) fn short(self) -> &'static str {
                match self {
                    $(Self::$name => $short,)*
                }
            }
        }
    };
}

grants! {
    /// A person lets it in, on the same machine: RFC 6749 with PKCE.
    AuthorizationCode = "authorization_code" "authorization_code";
    /// A person lets it in by a code: RFC 8628.
    DeviceCode = "device_code" "urn:ietf:params:oauth:grant-type:device_code";
    /// By its own credential: RFC 6749.
    ClientCredentials = "client_credentials" "client_credentials";
    /// By what a provider signed: RFC 7523.
    JwtBearer = "jwt_bearer" "urn:ietf:params:oauth:grant-type:jwt-bearer";
    /// To act for a person: RFC 8693.
    TokenExchange = "token_exchange" "urn:ietf:params:oauth:grant-type:token-exchange";
}

/// A program's request.
struct Wanted<'a> {
    deed: &'a Deed,
    /// Whoever sent it, as long as nothing it shows is believed.
    nobody: Asker,
    headers: &'a HeaderMap,
    form: &'a Form,
}

/// Gives a program its token.
pub(in crate::http) async fn token(
    State(deed): State<Deed>,
    Nobody(nobody): Nobody,
    headers: HeaderMap,
    form: Result<Form, Problem>,
) -> Response {
    let form = match form {
        Ok(form) => form,
        Err(problem) => return Denied::from(problem).into_response(),
    };
    let wanted = Wanted { deed: &deed, nobody, headers: &headers, form: &form };
    let given = wanted.given().await;
    given.map_or_else(IntoResponse::into_response, |answer| {
        ([(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))], Json(answer)).into_response()
    })
}

impl Wanted<'_> {
    async fn given(&self) -> Result<Value, Denied> {
        let named = self.field("grant_type")?;
        let grant = Grant::ALL.iter().find(|grant| grant.as_str() == named).ok_or_else(|| {
            let all: Vec<_> = Grant::ALL.iter().map(|grant| grant.as_str()).collect();
            Denied::new("unsupported_grant_type", format!("`grant_type` is one of {}", all.join(", ")))
        })?;
        if self.form.field("scope").is_some_and(|scope| !scope.is_empty()) {
            return Err(Denied::new("invalid_scope", "roles say what a token may do; ask for no `scope`"));
        }
        match grant {
            Grant::AuthorizationCode => self.by_code().await,
            Grant::DeviceCode => self.by_device().await,
            Grant::ClientCredentials => self.by_own_credential().await,
            Grant::JwtBearer => self.by_assertion().await,
            Grant::TokenExchange => self.for_a_person().await,
        }
    }

    fn field(&self, name: &str) -> Result<&str, Denied> {
        self.form.field(name).filter(|text| text.len() <= TEXT_BYTES_MAX).ok_or(Denied::missing(name))
    }

    async fn refused(&self, grant: Grant, reason: &str) -> Denied {
        Denied::recorded(self.deed, self.nobody, (grant.short(), reason), "invalid_grant").await
    }

    async fn by_code(&self) -> Result<Value, Denied> {
        client::public(self.form)?;
        let shown = Hash::of(&[self.field("code")?.as_bytes()]);
        let (redirect, verifier) = (self.field("redirect_uri")?, self.field("code_verifier")?);
        // A code serves once, for better or worse: one that is shown a second time, or without its proof, is in the wrong hands.
        let taken = self.deed.oauth.codes.with(&shown, clock::now(), |code| {
            let fits = *code.redirect == *redirect && *code.challenge == *challenge(verifier);
            (code.session, fits, code.secret.take())
        });
        match taken {
            Some((session, true, Some(secret))) => Ok(self.answer(Granted { session, secret }, Map::new())),
            Some((session, fits, _)) => {
                self.end(session).await;
                let reason = if fits { "code_replayed" } else { "code_proof_wrong" };
                Err(self.refused(Grant::AuthorizationCode, reason).await)
            }
            None => Err(self.refused(Grant::AuthorizationCode, "code_unknown").await),
        }
    }

    /// Ends a session that may be in the wrong hands, by itself.
    async fn end(&self, session: CredentialId) {
        let published = self.deed.engine.published();
        let Some(actor) = published.state.credentials.find(session).map(|found| found.actor(session)) else {
            return;
        };
        let ended =
            self.deed.tell(self.deed.known(actor), RevokeCredential { credential: session }.into()).await;
        if ended.is_err() {
            tracing::warn!("the session `{session}` had ended already when its code was shown again");
        }
    }

    async fn by_device(&self) -> Result<Value, Denied> {
        client::public(self.form)?;
        let shown = Hash::of(&[self.field("device_code")?.as_bytes()]);
        let now = clock::now();
        let polled = self.deed.oauth.devices.with(&shown, now, |device| device.poll(now));
        match polled {
            Some(Polled::Granted(granted)) => Ok(self.answer(granted, Map::new())),
            Some(Polled::Waiting) => {
                Err(Denied::new("authorization_pending", "nobody has decided yet; ask again in a while"))
            }
            Some(Polled::TooSoon) => {
                Err(Denied::new("slow_down", "wait five seconds longer between requests"))
            }
            Some(Polled::Declined) => Err(Denied::new("access_denied", "the person did not let it in")),
            Some(Polled::Fetched) => Err(self.refused(Grant::DeviceCode, "code_replayed").await),
            None => {
                let over = ("device_code", "code_unknown");
                Err(Denied::recorded(self.deed, self.nobody, over, "expired_token").await)
            }
        }
    }

    async fn by_own_credential(&self) -> Result<Value, Denied> {
        let asker = self.program(Grant::ClientCredentials).await?;
        self.issued(asker, None, Map::new()).await
    }

    async fn program(&self, grant: Grant) -> Result<Asker, Denied> {
        client::program(self.deed, self.nobody, grant.short(), (self.headers, self.form)).await
    }

    async fn for_a_person(&self) -> Result<Value, Denied> {
        let grant = Grant::TokenExchange;
        for name in ["subject_token_type", "actor_token_type", "requested_token_type"] {
            let said = self.form.field(name);
            let needed =
                name == "subject_token_type" || (name == "actor_token_type" && self.has("actor_token"));
            if said.map_or(needed, |said| said != ACCESS_TOKEN) {
                return Err(Denied::new("invalid_request", format!("`{name}` must be `{ACCESS_TOKEN}`")));
            }
        }
        let asker = match self.form.field("actor_token") {
            None => self.program(grant).await?,
            Some(text) => match client::bearer(self.deed, text) {
                Some(actor) => self.deed.known(actor),
                None => return Err(self.refused(grant, "actor_token_unknown").await),
            },
        };
        if self.has("actor_token")
            && (self.has("client_secret") || self.headers.contains_key(header::AUTHORIZATION))
        {
            let client = self.program(grant).await?;
            let subject = |asker: Asker| asker.actor.shown().map(|(subject, _)| subject);
            if subject(client) != subject(asker) {
                return Err(self.refused(grant, "actor_token_of_another").await);
            }
        }
        let shown = client::bearer(self.deed, self.field("subject_token")?);
        let Some((_, behalf)) = shown.as_ref().and_then(Actor::shown) else {
            return Err(self.refused(grant, "subject_token_unknown").await);
        };
        let extra = Map::from_iter([("issued_token_type".to_owned(), json!(ACCESS_TOKEN))]);
        self.issued(asker, Some(behalf), extra).await
    }

    fn has(&self, name: &str) -> bool {
        self.form.field(name).is_some()
    }

    async fn issued(
        &self,
        asker: Asker,
        behalf: Option<CredentialId>,
        extra: Map<String, Value>,
    ) -> Result<Value, Denied> {
        let (secret, token) = (Secret::fresh(), CredentialId::from_bytes(fresh_id()));
        let command = IssueToken { token, digest: secret.digest(), behalf };
        self.deed.tell(asker, command.into()).await?;
        Ok(self.answer(Granted { session: token, secret }, extra))
    }

    async fn by_assertion(&self) -> Result<Value, Denied> {
        let assertion = self.form.field("assertion").ok_or(Denied::missing("assertion"))?;
        let (secret, token) = (Secret::fresh(), CredentialId::from_bytes(fresh_id()));
        match workload::sign_in(self.deed, self.nobody, assertion, (token, secret.digest())).await {
            Ok(()) => Ok(self.answer(Granted { session: token, secret }, Map::new())),
            Err(workload::Unbelieved::Because(reason)) => Err(self.refused(Grant::JwtBearer, reason).await),
            Err(workload::Unbelieved::Problem(problem)) => Err(problem.into()),
        }
    }

    /// What a program gets, and how long it lasts.
    fn answer(&self, granted: Granted, extra: Map<String, Value>) -> Value {
        let published = self.deed.engine.published();
        let found = published.state.credentials.find(granted.session);
        let expires = found.and_then(|found| found.expires);
        let seconds = expires.map_or(0, |expires| expires.seconds_since(clock::now()));
        let mut answer = extra;
        answer.insert("access_token".to_owned(), json!(granted.secret.reveal()));
        answer.insert("token_type".to_owned(), json!("Bearer"));
        answer.insert("expires_in".to_owned(), json!(seconds));
        Value::Object(answer)
    }
}

/// What a verifier proves: RFC 7636 section 4.6.
pub fn challenge(verifier: &str) -> String {
    let Hash(digest) = Hash::of(&[verifier.as_bytes()]);
    to_base64(&digest).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

impl Code {
    /// Whether a text can be a challenge: 32 bytes in base64 for addresses.
    pub(super) fn is_challenge(text: &str) -> bool {
        text.len() == 43 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_of_the_standard() {
        // RFC 7636, appendix B.
        let verifier = ["dBjftJeZ4CVP-mB92K27u", "hbUJU1p1r_wW1gFWFOEjXk"].concat();
        assert_eq!(challenge(&verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(Code::is_challenge(&challenge(&verifier)) && !Code::is_challenge(&format!("{verifier}x")));
    }
}
