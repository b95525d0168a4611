//! Who has what: questions as of any moment, whose answers anyone who holds the log can compute again.

use crate::clock;
use crate::http::as_of;
use crate::http::asking::{Asker, Deed, subject_of};
use crate::http::body::Json as Body;
use crate::http::fields::{permission as named, wrong_shape};
use crate::http::pages::{limit, wrong_query};
use crate::http::tags::{Json, Tagged};
use crate::http::{Kind, Problem};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use commands::engine::Published;
use ledger::event::scope::{Environment, Scope};
use ledger::event::{Refusal, Subject};
use projections::access::{Permission, Place};
use projections::answers::{AccessOf, Answer, Diff, Explain, Question, WhoMay};
use projections::history::Moment;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;

/// Most checks in one request.
const CHECKS_MAX: usize = 100;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct AccessQuery {
    /// Who: `per_…`, `svc_…` or `agt_…`.
    subject: Option<String>,
    /// What, by the name of the permission.
    permission: Option<String>,
    /// Where: `site`, unless given, `org_…` or `prj_…`.
    scope: Option<String>,
    /// In which environment of a project.
    environment: Option<Environment>,
    /// A number of events, or a time such as `2027-01-31T23:59:59.000000Z`: what was so then.
    as_of: Option<String>,
    /// How many rows to leave out at the beginning.
    skip: Option<usize>,
    /// How many rows at most, 100 unless given.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<usize>,
}

type Asked<T> = Result<Query<T>, QueryRejection>;

fn parsed<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|cause: T::Err| wrong_query(format!("`{name}`: {cause}")))
}

fn in_body<T: FromStr<Err: std::fmt::Display>>(name: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|cause: T::Err| wrong_shape(format!("`{name}`: {cause}")))
}

fn permission_of(text: &str) -> Result<Permission, Problem> {
    named(text)
        .map_err(|_| wrong_query("`permission` is the name of a permission; `GET /api/v1/roles` shows them"))
}

fn scope_of(text: Option<&str>) -> Result<Scope, Problem> {
    text.map_or(Ok(Scope::Site), |text| parsed("scope", text))
}

/// The clock goes on without making another answer of it.
impl Tagged for Answer {
    fn size(&self) -> u64 {
        self.moment.size
    }

    fn meaning(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&(
            &self.head,
            self.skipped,
            &self.rows,
            (self.total, self.next),
            &self.would_allow,
            self.standing,
        ))
        .ok()
    }
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
    answer(&deed, published, (question, moment), (query.skip, query.limit)).await.map(Json)
}

/// One may ask about oneself; about others with the permission there.
async fn may_ask(
    deed: &Deed,
    asker: Asker,
    question: &Question,
    scope: Scope,
) -> Result<Arc<Published>, Problem> {
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

/// Computed beside the threads that serve, because some answers take in the whole organization.
async fn answer(
    deed: &Deed,
    published: Arc<Published>,
    (question, moment): (Question, Moment),
    (skip, count): (Option<usize>, Option<usize>),
) -> Result<Answer, Problem> {
    let page = (skip.unwrap_or_default(), limit(count)?);
    let head = as_of::head(deed, moment.size)?;
    deed.answering.compute(move || Answer::of(&published.state, question, moment, head, page)).await
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct DiffQuery {
    /// The earlier moment: a number of events, or a time.
    from: String,
    /// The later one; now, unless given.
    to: Option<String>,
    /// The `id` in the `next` of the answer before.
    after: Option<String>,
    /// How many rows to leave out at the beginning.
    skip: Option<usize>,
    /// How many rows at most, 100 unless given.
    #[schemars(range(min = 1, max = 1_000))]
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
    let after = query.after.as_deref().map(|text| parsed("after", text)).transpose()?;
    let question = Question::Diff(Diff { from, after });
    answer(&deed, published, (question, to), (query.skip, query.limit)).await.map(Json)
}

/// Why somebody may do something, or what is missing.
pub(in crate::http) async fn explain(
    State(deed): State<Deed>,
    asker: Asker,
    query: Asked<AccessQuery>,
) -> Result<Json<Answer>, Problem> {
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
    answer(&deed, published, (question, moment), (query.skip, query.limit)).await.map(Json)
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::http) struct CheckRequest {
    checks: BTreeMap<String, Check>,
}

#[derive(Deserialize, JsonSchema)]
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
) -> Result<axum::Json<BTreeMap<String, bool>>, Problem> {
    if request.checks.len() > CHECKS_MAX {
        return Err(Problem::new(Kind::WrongShape, format!("`checks` has at most {CHECKS_MAX} entries")));
    }
    let mut published = deed.look(asker, None).await?;
    let own = subject_of(&asker).ok_or_else(|| Problem::refused(Refusal::NotAuthenticated {}, None))?;
    let mut answers = BTreeMap::new();
    for (name, check) in request.checks {
        let subject = check.subject.as_deref().map_or(Ok(own), |text| in_body("subject", text))?;
        if subject != own {
            published = deed.look(asker, Some(Permission::AccessRead)).await?;
        }
        let place = Place {
            scope: check.scope.as_deref().map_or(Ok(Scope::Site), |text| in_body("scope", text))?,
            environment: check.environment,
        };
        let permission = named(&check.permission)?;
        answers.insert(name, published.state.may(subject, permission, place, clock::now()));
    }
    Ok(axum::Json(answers))
}
