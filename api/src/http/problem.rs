//! Errors as RFC 9457 problem documents, each with a stable `code`.

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::engine::{Busy, Failure};
use ledger::event::Refusal;
use ledger::receipt::Receipt;
use schemars::JsonSchema;
use serde::Serialize;

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $code:literal $status:ident;)*) => {
        /// What may be wrong with a request before the engine sees it, or with the server. Refusals of the engine have codes of their own.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                }
            }

            /// The status that goes with it.
            pub fn status(self) -> StatusCode {
                match self {
                    $(Self::$name => StatusCode::$status,)*
                }
            }
        }
    };
}

kinds! {
    /// Nothing is at this path.
    NoSuchRoute = "no_such_route" NOT_FOUND;
    /// The path does not take this method.
    WrongMethod = "wrong_method" METHOD_NOT_ALLOWED;
    /// A part of the path cannot be understood.
    WrongPath = "wrong_path" BAD_REQUEST;
    /// The query cannot be understood.
    WrongQuery = "wrong_query" BAD_REQUEST;
    /// A header cannot be understood.
    WrongHeader = "wrong_header" BAD_REQUEST;
    /// The `Authorization` header is not a bearer credential.
    MalformedAuthorization = "malformed_authorization" BAD_REQUEST;
    /// A request with a session's cookie comes from another site.
    CrossSite = "cross_site" FORBIDDEN;
    /// Nobody is signed in.
    NoSession = "no_session" UNAUTHORIZED;
    /// The body is not said to be JSON.
    WrongContentType = "wrong_content_type" UNSUPPORTED_MEDIA_TYPE;
    /// The body is too long.
    BodyTooLarge = "body_too_large" PAYLOAD_TOO_LARGE;
    /// The body did not come in time.
    BodyTooSlow = "body_too_slow" REQUEST_TIMEOUT;
    /// The body broke off.
    BodyUnreadable = "body_unreadable" BAD_REQUEST;
    /// The body is not UTF-8.
    NotUtf8 = "not_utf8" BAD_REQUEST;
    /// The body is not JSON.
    NotJson = "not_json" BAD_REQUEST;
    /// The body is JSON of another shape than the command wants.
    WrongShape = "wrong_shape" UNPROCESSABLE_ENTITY;
    /// There is no such command.
    UnknownCommand = "unknown_command" UNPROCESSABLE_ENTITY;
    /// The log has no such event yet.
    UnknownEvent = "unknown_event" NOT_FOUND;
    /// The event is there and no checkpoint covers it yet.
    NotCheckpointed = "not_checkpointed" SERVICE_UNAVAILABLE;
    /// The index has not caught up.
    IndexBehind = "index_behind" SERVICE_UNAVAILABLE;
    /// There are more events than the client had seen.
    ChangedSince = "changed_since" PRECONDITION_FAILED;
    /// A credential or an address sends too much.
    RateLimited = "rate_limited" TOO_MANY_REQUESTS;
    /// The ledger could not record the command.
    NotRecorded = "not_recorded" SERVICE_UNAVAILABLE;
    /// The ledger stopped while it recorded the command.
    OutcomeUnknown = "outcome_unknown" SERVICE_UNAVAILABLE;
    /// The log could not be read.
    Unreadable = "unreadable" SERVICE_UNAVAILABLE;
    /// The ledger takes nothing more.
    Stopped = "stopped" SERVICE_UNAVAILABLE;
    /// Too many commands or questions are waiting.
    Busy = "busy" SERVICE_UNAVAILABLE;
    /// The answer took too long.
    Late = "late" SERVICE_UNAVAILABLE;
}

/// An error for a client: what was wrong, where, what to do.
#[derive(Debug)]
pub struct Problem(Box<Document>);

#[derive(Debug, JsonSchema, Serialize)]
#[schemars(rename = "Problem")]
pub(super) struct Document {
    /// `urn:deed:problem:` and the code.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: &'static str,
    /// The status, once more.
    status: u16,
    /// What is wrong; its meaning never changes.
    code: &'static str,
    /// The same for people, with what to do about it.
    detail: String,
    /// The refusal, as it stands in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<Refusal>,
    /// The receipt for its event; absent when it was only counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    receipt: Option<Receipt>,
    #[serde(skip)]
    headers: HeaderMap,
}

impl Problem {
    /// A problem of a kind, with what to do about this one.
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let mut problem = Self::with(kind.status(), kind.code(), detail.into());
        if kind.status() == StatusCode::SERVICE_UNAVAILABLE {
            problem.0.headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        problem
    }

    /// What the engine refused, with the receipt for the refusal.
    pub fn refused(refusal: Refusal, receipt: Option<Receipt>) -> Self {
        let mut problem = Self::with(status(&refusal), refusal.code(), refusal.to_string());
        if problem.0.status == StatusCode::UNAUTHORIZED.as_u16() {
            problem.0.headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        problem.0.refusal = Some(refusal);
        problem.0.receipt = receipt;
        problem
    }

    /// The stable code.
    pub(super) fn code(&self) -> &'static str {
        self.0.code
    }

    /// The status.
    pub(super) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The text for people.
    pub(super) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// The refusal, if the engine gave one.
    pub(super) fn refusal(&self) -> Option<&Refusal> {
        self.0.refusal.as_ref()
    }

    fn with(status: StatusCode, code: &'static str, detail: String) -> Self {
        Self(Box::new(Document {
            kind: format!("urn:deed:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            code,
            detail,
            refusal: None,
            receipt: None,
            headers: HeaderMap::new(),
        }))
    }
}

/// The status of a refusal.
pub fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::NotAuthenticated {} => StatusCode::UNAUTHORIZED,
        Refusal::NotPermitted { .. }
        | Refusal::ExceedsOwnRights { .. }
        | Refusal::ClaimNotOpen {}
        | Refusal::OwnMatter { .. }
        | Refusal::ApprovalNeeded { .. }
        | Refusal::SignInRefused { .. }
        | Refusal::TokenRefused { .. }
        | Refusal::NotOnBehalf {}
        | Refusal::NotATenant {}
        | Refusal::RecoveryRefused { .. }
        | Refusal::SeveralFactorsNeeded { .. }
        | Refusal::SharedTooWidely { .. }
        | Refusal::NotForEmergencies { .. } => StatusCode::FORBIDDEN,
        Refusal::UnknownSubject { .. }
        | Refusal::UnknownGrant { .. }
        | Refusal::UnknownCredential { .. }
        | Refusal::UnknownObject { .. }
        | Refusal::NotOfTenant { .. }
        | Refusal::NothingToErase { .. } => StatusCode::NOT_FOUND,
        Refusal::HandleTaken { .. }
        | Refusal::NameTaken { .. }
        | Refusal::AliasTaken { .. }
        | Refusal::TakenAtTenant { .. }
        | Refusal::ManagedByTenant { .. }
        | Refusal::LoginTaken { .. }
        | Refusal::LastOwner { .. }
        | Refusal::Settled { .. }
        | Refusal::NotActive { .. }
        | Refusal::DutiesConflict { .. }
        | Refusal::TemplateNotUsable { .. }
        | Refusal::RecreationNeeded { .. }
        | Refusal::TooMany { .. } => StatusCode::CONFLICT,
        Refusal::CommandIdReused { .. }
        | Refusal::ExpiryInPast {}
        | Refusal::UnknownRole { .. }
        | Refusal::RoleNotHere { .. }
        | Refusal::EnvironmentsNotHere { .. }
        | Refusal::LooserThanPolicy { .. }
        | Refusal::UnsoundTemplate { .. }
        | Refusal::ParameterNotAdmitted { .. }
        | Refusal::TooLong { .. } => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::OverBudget { .. } => StatusCode::PAYMENT_REQUIRED,
    }
}

impl From<Failure> for Problem {
    /// The operator's log says which file failed and how; the client learns what it can do about it.
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::IndexBehind => Self::new(Kind::IndexBehind, failure.to_string()),
            Failure::ChangedSince { .. } => Self::new(Kind::ChangedSince, failure.to_string()),
            Failure::Stopped => Self::new(Kind::Stopped, failure.to_string()),
            Failure::Unknown(cause) => {
                tracing::error!("the ledger stopped while it recorded a command: {cause}");
                let detail = "the ledger stopped while it recorded the command; send it again with the same `id` once the server runs";
                Self::new(Kind::OutcomeUnknown, detail)
            }
            Failure::NotRecorded(cause) => {
                tracing::error!("a command could not be recorded: {cause}");
                let detail = "the ledger could not record it, so it did not happen; send it again with the same `id`, \
                              or ask the operator of this server";
                Self::new(Kind::NotRecorded, detail)
            }
        }
    }
}

impl From<Busy> for Problem {
    fn from(busy: Busy) -> Self {
        Self::new(Kind::Busy, busy.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(mut self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut headers = std::mem::take(&mut self.0.headers);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let body = serde_json::to_vec(&self.0).unwrap_or_default();
        (status, headers, body).into_response()
    }
}
