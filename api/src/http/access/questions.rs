//! Who has what: questions as of any moment, whose answers anyone who holds the log can compute again.

use crate::clock;
use crate::http::as_of;
use crate::http::asking::{Asker, Deed, subject_of};
use crate::http::body::Json as Body;
use crate::http::fields::permission as named;
use crate::http::pages::{limit, wrong_query};
use crate::http::{Kind, Problem};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use commands::engine::{Published, chain};
use ledger::event::scope::{Environment, Scope};
use ledger::event::{Refusal, Subject};
use ledger::hash::Hash;
use ledger::merkle::leaf_hash;
use projections::access::{Permission, Place};
use projections::answers::{AccessOf, Diff, Explain, Question, Row, WhoMay};
use projections::history::Moment;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::str::FromStr;

/// Most checks in one request.
const CHECKS_MAX: usize = 100;

/// An answer that can be computed again from the log.
#[derive(Serialize)]
pub(in crate::http) struct Answer {
    question: Question,
    /// As of when.
    moment: Moment,
    /// Leaf hash of the last event that the answer takes in; absent before the first.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Hash>,
    /// How many rows come before these.
    skipped: usize,
    rows: Vec<Row>,
    /// How many rows there are in all.
    total: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AccessQuery {
    subject: Option<String>,
    permission: Option<String>,
    scope: Option<String>,
    environment: Option<Environment>,
    as_of: Option<String>,
    skip: Option<usize>,
    limit: Option<usize>,
}

type Asked<T> = Result<Query<T>, QueryRejection>;

fn parsed<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|cause: T::Err| wrong_query(format!("`{name}`: {cause}")))
}

fn permission_of(text: &str) -> Result<Permission, Problem> {
    named(text)
        .map_err(|_| wrong_query("`permission` is the name of a permission; `GET /api/v1/roles` shows them"))
}

fn scope_of(text: Option<&str>) -> Result<Scope, Problem> {
    text.map_or(Ok(Scope::Site), |text| parsed("scope", text))
}

/// What a subject has, or who may do something.
pub(in crate::http) async fn access(
    State(deed): State<Deed>,
    asker: Asker,
    query: Asked<AccessQuery>,
) -> Result<Json<Answer>, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let scope = scope_of(query.scope.as_deref())?;
    let question = match (&query.subject, &query.permission) {
        (Some(subject), None) => Question::AccessOf(AccessOf { subject: parsed("subject", subject)? }),
        (None, Some(permission)) => Question::WhoMay(WhoMay {
            permission: permission_of(permission)?.as_str().into(),
            scope,
            environment: query.environment,
        }),
        _ => {
            return Err(wrong_query(
                "ask with `subject`, or with `permission` and, unless everywhere, `scope`",
            ));
        }
    };
    let published = may_ask(&deed, asker, &question, scope).await?;
    let moment = as_of::moment(&deed, &published, query.as_of.as_deref())?;
    answer(&deed, &published, (question, moment), (query.skip, query.limit)).map(Json)
}

/// One may ask about oneself; about others with the permission there.
async fn may_ask(
    deed: &Deed,
    asker: Asker,
    question: &Question,
    scope: Scope,
) -> Result<std::sync::Arc<Published>, Problem> {
    let (whom, scope) = match question {
        Question::AccessOf(asked) => (Some(asked.subject), Scope::Site),
        Question::Explain(asked) => (Some(asked.subject), scope),
        Question::WhoMay(_) => (None, scope),
        Question::Diff(_) => (None, Scope::Site),
    };
    if whom.is_some() && whom == subject_of(&asker) {
        return deed.look(asker, None).await;
    }
    deed.look_at(asker, Some(Permission::AccessRead), scope).await
}

fn answer(
    deed: &Deed,
    published: &Published,
    (question, moment): (Question, Moment),
    (skip, count): (Option<usize>, Option<usize>),
) -> Result<Answer, Problem> {
    let (skipped, count) = (skip.unwrap_or_default(), limit(count)?);
    let mut rows = published.state.answer(&question, moment);
    let total = rows.len();
    rows = rows.into_iter().skip(skipped).take(count).collect();
    Ok(Answer { question, moment, head: head(deed, moment.size)?, skipped, rows, total })
}

fn head(deed: &Deed, size: u64) -> Result<Option<Hash>, Problem> {
    let Some(last) = size.checked_sub(1) else { return Ok(None) };
    let record = deed.engine.reader().event(last).map_err(|cause| {
        tracing::error!("the log could not be read: {}", chain(&cause));
        Problem::new(Kind::Unreadable, "the log could not be read; ask the operator of this server")
    })?;
    Ok(record.map(|record| leaf_hash(&record.leaf)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DiffQuery {
    from: String,
    to: Option<String>,
    skip: Option<usize>,
    limit: Option<usize>,
}

/// Which roles were gained and lost between two moments.
pub(in crate::http) async fn diff(
    State(deed): State<Deed>,
    asker: Asker,
    query: Asked<DiffQuery>,
) -> Result<Json<Answer>, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let published = deed.look(asker, Some(Permission::AccessRead)).await?;
    let from = as_of::moment(&deed, &published, Some(&query.from))?;
    let to = as_of::moment(&deed, &published, query.to.as_deref())?;
    if to.size < from.size {
        return Err(wrong_query("`from` lies after `to`"));
    }
    let question = Question::Diff(Diff { from });
    answer(&deed, &published, (question, to), (query.skip, query.limit)).map(Json)
}

/// Why somebody may do something, or what is missing.
#[derive(Serialize)]
pub(in crate::http) struct Explanation {
    allowed: bool,
    #[serde(flatten)]
    answer: Answer,
    /// Built-in roles that would allow it there; given when nothing does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    would_allow: Vec<String>,
    /// Whether the subject may act at all.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<&'static str>,
}

pub(in crate::http) async fn explain(
    State(deed): State<Deed>,
    asker: Asker,
    query: Asked<AccessQuery>,
) -> Result<Json<Explanation>, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let (Some(subject), Some(permission)) = (&query.subject, &query.permission) else {
        return Err(wrong_query("ask with `subject` and `permission` and, unless everywhere, `scope`"));
    };
    let (subject, permission) = (parsed::<Subject>("subject", subject)?, permission_of(permission)?);
    let (scope, environment) = (scope_of(query.scope.as_deref())?, query.environment);
    let asked = Explain { subject, permission: permission.as_str().into(), scope, environment };
    let question = Question::Explain(asked);
    let published = may_ask(&deed, asker, &question, scope).await?;
    let moment = as_of::moment(&deed, &published, query.as_of.as_deref())?;
    let answer = answer(&deed, &published, (question, moment), (query.skip, query.limit))?;
    let allowed = answer.total > 0;
    let record = published.state.subjects.find(subject).filter(|_| !allowed);
    let standing =
        record.and_then(|record| record.standing_at(moment.size)).map(|standing| standing.as_str());
    let would_allow = if allowed { Vec::new() } else { allowing(permission, &published, scope) };
    Ok(Json(Explanation { allowed, answer, would_allow, standing }))
}

fn allowing(permission: Permission, published: &Published, scope: Scope) -> Vec<String> {
    let roles = projections::access::Role::BUILT_IN.iter();
    let fits = roles.filter(|role| published.state.scopes.around(scope).any(|around| role.fits(around)));
    let allows = fits.filter(|role| published.state.roles.permissions(**role).contains(permission));
    allows.map(|role| role.to_string()).collect()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CheckRequest {
    checks: BTreeMap<String, Check>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Check {
    permission: String,
    scope: Option<String>,
    environment: Option<Environment>,
    /// Oneself, unless given.
    subject: Option<String>,
}

/// Whether somebody may do each of several things now.
pub(in crate::http) async fn authcheck(
    State(deed): State<Deed>,
    asker: Asker,
    Body(request): Body<CheckRequest>,
) -> Result<Json<BTreeMap<String, bool>>, Problem> {
    if request.checks.len() > CHECKS_MAX {
        return Err(Problem::new(Kind::WrongShape, format!("`checks` has at most {CHECKS_MAX} entries")));
    }
    let mut published = deed.look(asker, None).await?;
    let own = subject_of(&asker).ok_or_else(|| Problem::refused(Refusal::NotAuthenticated {}, None))?;
    let mut answers = BTreeMap::new();
    for (name, check) in request.checks {
        let subject = check.subject.as_deref().map_or(Ok(own), |text| parsed("subject", text))?;
        if subject != own {
            published = deed.look(asker, Some(Permission::AccessRead)).await?;
        }
        let place = Place { scope: scope_of(check.scope.as_deref())?, environment: check.environment };
        let permission = permission_of(&check.permission)?;
        answers.insert(name, published.state.may(subject, permission, place, clock::now()));
    }
    Ok(Json(answers))
}
