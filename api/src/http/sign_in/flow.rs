//! Signing in: to the provider, back from it, and in.

use super::browser::{Cookie, digest, local_path};
use super::page;
use super::pending::{AWAY_SECONDS, Pending};
use super::refusing;
use crate::clock;
use crate::http::asking::{Asker, Deed};
use crate::http::fields::fresh_id;
use crate::http::html::{Html, elsewhere};
use crate::http::identity::Profile;
use crate::http::{Kind, Problem};
use crate::oidc::{self, Answer, Claims, Fresh, Prompt, SignInError, Wishes};
use crate::secret::Secret;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::access::FollowMappings;
use commands::identity::{Asserted, SignIn, VerifiedEmail};
use ledger::entropy::fresh;
use ledger::event::id::{CredentialId, GrantId, PersonId};
use ledger::event::policy::Provider as Policy;
use ledger::event::{Actor, ContentDigest, Refusal, Subject, Via};
use ledger::hash::{Hash, to_hex};
use serde::Deserialize;
use std::sync::Arc;

/// Longest hint that is handed on to a provider.
const HINT_BYTES_MAX: usize = 256;
/// Most groups that are looked at.
const GROUPS_MAX: usize = 1_024;
/// Roles that one sign-in can bring at most.
const MAPPED_MAX: usize = 128;

/// How a sign-in is begun.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(in crate::http) struct Wanted {
    /// Where to go then: a path here.
    return_to: Option<String>,
    /// Whom to expect.
    login_hint: Option<String>,
    /// `1` to show several factors, and lately.
    several_factors: Option<String>,
    /// Of third-party-initiated sign-in: who sends the browser here.
    iss: Option<String>,
    /// Of third-party-initiated sign-in: where to go then.
    target_link_uri: Option<String>,
}

/// Sends the browser to the provider.
pub(in crate::http) async fn start(
    State(deed): State<Deed>,
    Path(name): Path<String>,
    Query(wanted): Query<Wanted>,
    source: Source,
) -> Response {
    let come = Come { deed: &deed, name: &name, asker: source.0 };
    begin(&come, wanted).await.unwrap_or_else(|failed| failed.answer(&deed))
}

async fn begin(come: &Come<'_>, wanted: Wanted) -> Result<Response, Failed> {
    let Come { deed, name, .. } = *come;
    let Wanted { return_to, login_hint, several_factors, iss, target_link_uri } = wanted;
    if !deed.sign_in.origin.keeps_secrets() {
        tracing::error!(
            "nobody can sign in: this server is reached without TLS; start it with `--public-url https://…`"
        );
        let sentence = "This server is reached without TLS, so nobody can sign in.";
        return Err(Failed::shown(StatusCode::SERVICE_UNAVAILABLE, sentence));
    }
    let (policy, provider) = come.found().await?;
    if iss.is_some_and(|iss| *iss != *policy.issuer) {
        let failed = Failed::shown(
            StatusCode::BAD_REQUEST,
            "The address names another identity provider. Please begin again.",
        );
        return Err(come.refused("start_issuer_wrong", failed).await);
    }
    let ours = |uri: String| uri.strip_prefix(deed.sign_in.origin.as_str()).map(str::to_owned);
    let return_to = return_to.or_else(|| target_link_uri.and_then(ours));
    let rules = deed.engine.published();
    let rules = rules.state.policies.sign_in();
    let asked_for_factors = rules.several_factors || several_factors.as_deref() == Some("1");
    let values = || policy.several_factors.iter().map(|value| value.to_string()).collect();
    let wishes = Wishes {
        login_hint: login_hint.filter(|hint| (1..=HINT_BYTES_MAX).contains(&hint.len())),
        acr_values: if asked_for_factors { values() } else { Vec::new() },
        max_age_seconds: asked_for_factors.then_some(rules.several_factors_seconds),
        // A session that is there already at the provider may have been begun with one factor.
        prompt: asked_for_factors.then_some(Prompt::Login),
    };
    let now = clock::now();
    let begun = provider.begin(&wishes, &Fresh::random(), now).await;
    let begun = match begun {
        Ok(begun) => begun,
        Err(cause) if cause.is_outage() => return Err(Failed::unreachable(name, &cause)),
        Err(cause) => return Err(come.unbelieved(&cause).await),
    };
    let (url, browser) = (begun.url.clone(), to_hex(&fresh::<32>()));
    let pending = Pending {
        provider: policy.name.clone(),
        begun,
        browser: digest(&browser),
        return_to: local_path(return_to.as_deref()),
        asked_for_factors,
    };
    deed.sign_in.pending.keep(pending, now);
    let cookie = deed.sign_in.origin.set_cookie(Cookie::SignIn, &browser, AWAY_SECONDS);
    Ok(elsewhere(&url, cookie))
}

/// The provider of that name; `None` when policy names none.
fn found(deed: &Deed, name: &str) -> Option<Result<(Policy, Arc<oidc::Provider>), Failed>> {
    let published = deed.engine.published();
    let policy = published.state.policies.sign_in().provider(name)?.clone();
    let provider = deed.sign_in.providers.get(&policy, &deed.sign_in.origin).map_err(|cause| {
        tracing::error!("the provider `{name}` cannot be used: {cause}");
        let sentence = "This identity provider is not set up completely. Please tell an administrator.";
        Failed::shown(StatusCode::SERVICE_UNAVAILABLE, sentence)
    });
    Some(provider.map(|provider| (policy, provider)))
}

/// Takes in the browser that comes back from the provider.
pub(in crate::http) async fn callback(
    State(deed): State<Deed>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    source: Source,
    headers: HeaderMap,
) -> Response {
    let come = Come { deed: &deed, name: &name, asker: source.0 };
    come.in_with(query.as_deref().unwrap_or_default(), &headers)
        .await
        .unwrap_or_else(|failed| failed.answer(&deed))
}

/// Who comes back: nobody we know yet, from some address.
pub(in crate::http) struct Source(Asker);

impl axum::extract::FromRequestParts<Deed> for Source {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(
        parts: &mut axum::http::request::Parts,
        deed: &Deed,
    ) -> Result<Self, Self::Rejection> {
        Ok(Self(Asker { actor: Actor::Anonymous(Via::Provider), source: deed.source_of(parts) }))
    }
}

impl Source {
    pub(super) fn asker(&self) -> Asker {
        self.0
    }
}

/// One way to a provider or back from it.
struct Come<'a> {
    deed: &'a Deed,
    name: &'a str,
    asker: Asker,
}

impl Come<'_> {
    async fn in_with(&self, query: &str, headers: &HeaderMap) -> Result<Response, Failed> {
        let deed = self.deed;
        let now = clock::now();
        let (policy, provider) = self.found().await?;
        let answer = match Answer::from_query(query) {
            Ok(answer) => answer,
            Err(cause) => return Err(self.unbelieved(&cause).await),
        };
        let browser = deed.sign_in.origin.cookie(Cookie::SignIn, headers);
        let state = answer.state.as_ref().map(oidc::Hidden::reveal).unwrap_or_default();
        let pending = deed.sign_in.pending.take(state, browser, now);
        // An answer that was begun with another provider is not for this one, whatever it holds.
        let Some(pending) = pending.filter(|pending| pending.provider == policy.name) else {
            return Err(self.unbelieved(&SignInError::StateWrong).await);
        };
        let claims = match provider.finish(&answer, &pending.begun, now).await {
            Ok(claims) => claims,
            Err(cause) => return Err(self.unbelieved(&cause).await.for_good()),
        };
        match self.signed_in(&policy, &claims).await {
            Ok(secret) => Ok(self.welcome(&pending, &secret)),
            Err(problem) if problem.code() == "several_factors_needed" && !pending.asked_for_factors => {
                let wanted = Wanted {
                    return_to: Some(pending.return_to.clone()),
                    several_factors: Some("1".to_owned()),
                    ..Wanted::default()
                };
                begin(self, wanted).await
            }
            Err(problem) => Err(Failed::problem(&problem).for_good()),
        }
    }

    /// The provider that is meant. That policy names none is recorded.
    async fn found(&self) -> Result<(Policy, Arc<oidc::Provider>), Failed> {
        match found(self.deed, self.name) {
            Some(found) => found,
            None => {
                let sentence = "There is no such identity provider. Please begin again.";
                let failed = Failed::shown(StatusCode::NOT_FOUND, sentence);
                Err(self.refused("unknown_provider", failed).await)
            }
        }
    }

    /// Records that what came could not be believed, and says so.
    async fn unbelieved(&self, cause: &SignInError) -> Failed {
        tracing::info!("a sign-in with `{}` failed: {}", self.name, commands::engine::chain(cause));
        let status = if cause.is_outage() { StatusCode::BAD_GATEWAY } else { StatusCode::FORBIDDEN };
        self.refused(cause.code(), Failed::shown(status, cause.sentence())).await
    }

    /// Records why nobody came in; what to show, or that it could not be recorded.
    async fn refused(&self, reason: &str, failed: Failed) -> Failed {
        let recorded = refusing::record(self.deed, self.asker, self.name, reason).await;
        recorded.map_or_else(|problem| Failed::problem(&problem), |()| failed)
    }

    /// The secret of a session for whom the provider means.
    async fn signed_in(&self, policy: &Policy, claims: &Claims) -> Result<Secret, Problem> {
        let (deed, asker) = (self.deed, self.asker);
        let (secret, session) = (Secret::fresh(), CredentialId::from_bytes(fresh_id()));
        let person = PersonId::from_bytes(fresh_id());
        let asserted = asserted(deed, policy, claims);
        let groups = asserted.groups.clone();
        let profile = Profile { email: claims.email.clone(), login: None, name: claims.name.clone() };
        let sign_in = SignIn {
            provider: policy.name.clone(),
            asserted,
            session,
            digest: secret.digest(),
            person,
            profile: profile.sealed(Subject::Person(person))?,
        };
        deed.tell(asker, sign_in.into()).await?;
        // The browser knows nothing of its session yet: what the provider's groups give and take is in force before it does.
        let published = deed.engine.published();
        if let Some(found) = published.state.credentials.find(session) {
            let grants = (0..MAPPED_MAX).map(|_| GrantId::from_bytes(fresh_id())).collect();
            let (grantee, provider) = (found.subject.into(), policy.name.clone());
            let follow = FollowMappings { grantee, provider, groups, grants };
            deed.tell(Asker { actor: Actor::System, ..asker }, follow.into()).await?;
        }
        Ok(secret)
    }

    fn welcome(&self, pending: &Pending, secret: &Secret) -> Response {
        let origin = &self.deed.sign_in.origin;
        let seconds = self.deed.engine.published().state.policies.session().absolute_seconds;
        let mut answer =
            elsewhere(&pending.return_to, origin.set_cookie(Cookie::Session, &secret.reveal(), seconds));
        if let Some(gone) = origin.set_cookie(Cookie::SignIn, "", 0) {
            answer.headers_mut().append(header::SET_COOKIE, gone);
        }
        answer
    }
}

/// What the provider says, in the terms of the ledger: names as keyed digests.
fn asserted(deed: &Deed, policy: &Policy, claims: &Claims) -> Asserted {
    let email = claims.email.as_ref().filter(|_| claims.email_verified);
    let verified = email.and_then(|email| {
        let domain = email.rsplit_once('@')?.1.to_lowercase();
        Some(VerifiedEmail { login: deed.login_digest(email), domain: domain.into() })
    });
    let groups = claims.groups.iter().flatten().take(GROUPS_MAX).map(|group| group.as_str().into()).collect();
    Asserted {
        assertion: Hash::of(&[claims.id_token.reveal().as_bytes()]),
        login: provider_login(deed, &policy.issuer, &claims.subject),
        email: verified,
        groups,
        methods: claims.acr.iter().chain(&claims.amr).map(|method| method.as_str().into()).collect(),
        authenticated: claims.authenticated.unwrap_or_else(clock::now),
        until: claims.session_expires,
        provider_session: claims.sid.as_ref().map(|sid| provider_session(deed, &policy.issuer, sid)),
    }
}

/// The keyed digest of what an issuer calls a person.
pub(in crate::http) fn provider_login(deed: &Deed, issuer: &str, subject: &str) -> ContentDigest {
    deed.digest_of_two("deed/provider-login/v1", issuer, subject)
}

/// The keyed digest of what an issuer calls a session.
pub(super) fn provider_session(deed: &Deed, issuer: &str, sid: &str) -> ContentDigest {
    deed.digest_of_two("deed/provider-session/v1", issuer, sid)
}

/// A sign-in that did not work, for whoever sits before the browser.
struct Failed {
    status: StatusCode,
    sentence: String,
    /// Whether what this browser began is over. An answer to somebody else's question, or to one that it asked in another window, ends nothing.
    is_over: bool,
}

impl Failed {
    fn shown(status: StatusCode, sentence: &str) -> Self {
        Self { status, sentence: sentence.to_owned(), is_over: false }
    }

    fn for_good(self) -> Self {
        Self { is_over: true, ..self }
    }

    fn unreachable(name: &str, cause: &SignInError) -> Self {
        tracing::warn!("the provider `{name}` cannot be asked: {}", commands::engine::chain(cause));
        Self::shown(StatusCode::BAD_GATEWAY, cause.sentence())
    }

    fn problem(problem: &Problem) -> Self {
        Self::shown(problem.status(), &sentence(problem))
    }

    fn answer(self, deed: &Deed) -> Response {
        let mut answer = (self.status, page::failed(&self.sentence)).into_response();
        let gone = deed.sign_in.origin.set_cookie(Cookie::SignIn, "", 0).filter(|_| self.is_over);
        answer.headers_mut().extend(gone.map(|gone| (header::SET_COOKIE, gone)));
        answer
    }
}

/// What to tell somebody who may not come in.
fn sentence(problem: &Problem) -> String {
    if problem.status().is_server_error() {
        return "This server can sign nobody in just now. Please try again in a moment.".to_owned();
    }
    let Some(Refusal::SignInRefused { reason, .. }) = problem.refusal() else {
        return problem.detail().to_owned();
    };
    match &**reason {
        "group_missing" => "You are in none of the groups that may sign in here.",
        "domain_not_allowed" => {
            "Your e-mail address is not of a domain that may sign in here, or not confirmed."
        }
        "not_invited" => "Nobody has invited you here yet. Please ask an administrator.",
        "not_active" => "Your access was suspended. Please ask an administrator.",
        "session_over" => "Your session at the identity provider is over. Please sign in there again.",
        _ => "The identity provider's answer was not accepted.",
    }
    .to_owned()
}

/// The page with all providers.
pub(in crate::http) async fn sign_in(State(deed): State<Deed>, Query(wanted): Query<Wanted>) -> Html {
    let published = deed.engine.published();
    let names = published.state.policies.sign_in().providers.iter().map(|provider| &*provider.name);
    let state = &published.state;
    let recovery = !state.recovery.provider_worked() || state.policies.sign_in().recovery_codes;
    let is_plain = !deed.sign_in.origin.is_secure();
    page::sign_in(names, &local_path(wanted.return_to.as_deref()), (is_plain, recovery))
}

/// A provider says that somebody signed out there (OpenID Connect Back-Channel Logout 1.0).
pub(in crate::http) async fn provider_logout(
    State(deed): State<Deed>,
    Path(name): Path<String>,
    source: Source,
    body: axum::body::Bytes,
) -> Response {
    let no_store = [(header::CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    match super::logout::take(&deed, &name, source.asker(), &body).await {
        Ok(()) => (StatusCode::OK, no_store).into_response(),
        Err(answer) => (no_store, answer).into_response(),
    }
}

/// Signs out here.
pub(in crate::http) async fn sign_out(State(deed): State<Deed>, asker: Asker) -> Result<Response, Problem> {
    let Actor::Subject(_, credential) = asker.actor else {
        return Err(Problem::new(Kind::NoSession, "you are not signed in"));
    };
    let published = deed.engine.published();
    let provider = published.state.sessions.find(credential).and_then(|session| session.provider.clone());
    deed.tell(asker, commands::identity::RevokeCredential { credential }.into()).await?;
    let elsewhere = match provider.as_deref().and_then(|name| found(&deed, name)) {
        Some(Ok((_, provider))) => {
            let back = format!("{}/sign-in", deed.sign_in.origin.as_str());
            provider.end_session_url(None, &back, "", clock::now()).await.ok().flatten()
        }
        Some(Err(_)) | None => None,
    };
    let mut answer = page::signed_out(elsewhere.as_deref()).into_response();
    if let Some(gone) = deed.sign_in.origin.set_cookie(Cookie::Session, "", 0) {
        answer.headers_mut().append(header::SET_COOKIE, gone);
    }
    Ok(answer)
}
