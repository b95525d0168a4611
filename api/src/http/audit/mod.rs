//! The audit search: what happened, found by who did it, to what, of which type, when and with what outcome; the newest first.

mod query;
mod search;

use super::asking::{Asker, Deed};
use super::custody::{position, unreadable};
use super::pages::{limit, wrong_query};
use super::{Problem, as_of};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use ledger::hash::Hash;
use ledger::log::Record;
use ledger::merkle::leaf_hash;
use projections::access::Permission;
use query::Search;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

pub use search::{Clause, Searched, newest};

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    q: Option<String>,
    as_of: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// One event, taken apart, and the very text that was signed.
#[derive(JsonSchema, Serialize)]
pub(super) struct AuditRow {
    seq: u64,
    time: String,
    #[serde(rename = "type")]
    kind: String,
    actor: String,
    /// For whom the actor acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    on_behalf_of: Option<String>,
    object: String,
    outcome: String,
    channel: String,
    assurance: String,
    leaf_hash: Hash,
    leaf: String,
}

#[derive(JsonSchema, Serialize)]
pub(super) struct AuditPage {
    rows: Vec<AuditRow>,
    /// What to pass as `cursor` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// How many events the search takes in.
    size: u64,
    /// Leaf hash of the last of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<Hash>,
}

/// What a row shows of a leaf.
#[derive(Deserialize)]
pub(super) struct Parts<'a> {
    #[serde(borrow)]
    actor: Acting<'a>,
    #[serde(borrow)]
    object: Named<'a>,
    #[serde(borrow)]
    origin: Door<'a>,
    #[serde(borrow, default)]
    assurance: Option<Cow<'a, str>>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    v: u16,
}

#[derive(Deserialize)]
struct Acting<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow, default)]
    on_behalf_of: Option<Named<'a>>,
}

#[derive(Deserialize)]
struct Named<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Deserialize)]
struct Door<'a> {
    #[serde(borrow)]
    channel: Cow<'a, str>,
}

impl<'a> Parts<'a> {
    /// The parts of a leaf. Every leaf has them, of a known type or not.
    fn of(leaf: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(leaf).ok()
    }
}

fn row(record: &Record) -> Option<AuditRow> {
    let Parts { actor, object, origin, assurance, outcome, time, kind, v: _ } = Parts::of(&record.leaf)?;
    Some(AuditRow {
        seq: record.seq,
        time: time.into(),
        kind: kind.into(),
        actor: actor.id.into(),
        on_behalf_of: actor.on_behalf_of.map(|person| person.id.into()),
        object: object.id.into(),
        outcome: outcome.into(),
        channel: origin.channel.into(),
        // The strongest is written as an absent key.
        assurance: assurance.unwrap_or(Cow::Borrowed("enforced")).into(),
        leaf_hash: leaf_hash(&record.leaf),
        leaf: String::from_utf8_lossy(&record.leaf).into_owned(),
    })
}

/// A page of what a search finds. That it was read is recorded first.
pub(super) async fn audit(
    State(deed): State<Deed>,
    asker: Asker,
    query: Result<Query<AuditQuery>, QueryRejection>,
) -> Result<Json<AuditPage>, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let search = Search::parse(query.q.as_deref().unwrap_or_default())?;
    let count = limit(query.limit)?;
    let published = deed.look(asker, Some(Permission::CustodyRead)).await?;
    let moment = as_of::moment(&deed, &published, query.as_of.as_deref())?;
    let before = query.cursor.as_deref().map_or(Ok(moment.size), cursor)?;
    let reader = deed.engine.reader();
    let edge = |time| as_of::size_before(reader, moment.size, time);
    let from = search.since.map_or(Ok(0), edge)?;
    let upto = search.until.map_or(Ok(moment.size), edge)?.min(before);
    deed.note_read(asker, from.min(upto), upto).await?;
    let index = deed.engine.index().map(AsRef::as_ref);
    let found = newest(reader, index, &search.clauses, (from, upto), count);
    let Searched { records, next } = found.map_err(|cause| unreadable(&cause))?;
    Ok(Json(AuditPage {
        rows: records.iter().filter_map(row).collect(),
        next: next.map(|next| next.to_string()),
        size: moment.size,
        head: as_of::head(&deed, moment.size)?,
    }))
}

fn cursor(text: &str) -> Result<u64, Problem> {
    position(text).ok_or_else(|| wrong_query("`cursor` is the `next` of the page before"))
}
