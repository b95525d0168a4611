//! The log over HTTP: events in pages and as a stream, proofs, the checkpoint, erasure.

use super::asking::{Asker, Deed};
use super::commands::Parsed;
use super::identity::subject;
use super::pages::{limit, wrong_query};
use super::{Problem, stream};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use commands::custody::ErasePayloads;
use commands::engine::{Failure, chain};
use ledger::event::{Decoded, Event, Subject};
use ledger::hash::{Hash, to_base64, to_hex};
use ledger::index::{Facet, Index, actor_text};
use ledger::log::{LogReader, ReadError, Record};
use ledger::merkle::{inclusion_path, leaf_hash};
use ledger::proof::LogProof;
use serde::{Deserialize, Serialize};

/// Bytes of leaves in one page.
const PAGE_BYTES_MAX: usize = 4 << 20;
/// Events looked through for one page when no index helps.
const SCANNED_MAX: usize = 20_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EraseArguments {
    #[serde(deserialize_with = "subject")]
    subject: Subject,
    reason: String,
}

pub(super) fn erase_payloads(asker: Asker, arguments: EraseArguments) -> Result<Parsed, Problem> {
    let EraseArguments { subject, reason } = arguments;
    if reason.is_empty() || reason.chars().count() > 200 {
        let detail = "`reason` has 1 to 200 characters; it stays in the log, so name nobody in it";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "wrong_shape", detail));
    }
    Ok(Parsed::plain(asker, ErasePayloads { subject, reason: reason.into() }))
}

/// An event as the interface shows it: the very text that was signed, and what checks it.
#[derive(Serialize)]
pub(super) struct EventRow {
    pub(super) seq: u64,
    key: String,
    leaf: String,
    leaf_hash: Hash,
    signature: String,
}

impl From<Record> for EventRow {
    fn from(record: Record) -> Self {
        Self {
            seq: record.seq,
            key: to_hex(&record.key),
            leaf_hash: leaf_hash(&record.leaf),
            leaf: String::from_utf8_lossy(&record.leaf).into_owned(),
            signature: to_base64(&record.signature),
        }
    }
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct EventQuery {
    /// Position to begin at.
    #[serde(default)]
    from: u64,
    limit: Option<usize>,
    actor: Option<String>,
    object: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

#[derive(Serialize)]
struct EventPage {
    events: Vec<EventRow>,
    /// What to pass as `from` for the next page; equal to `size` when there is nothing more yet.
    next: u64,
    size: u64,
}

pub(super) async fn events(
    State(deed): State<Deed>,
    asker: Asker,
    headers: HeaderMap,
    query: Result<Query<EventQuery>, axum::extract::rejection::QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let wanted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let filter = Filter::of(&query)?;
    if wanted.split(',').any(|kind| kind.trim().starts_with("text/event-stream")) {
        let last = headers.get("last-event-id").and_then(|last| last.to_str().ok()?.parse::<u64>().ok());
        let from = last.map_or(query.from, |last| last.saturating_add(1));
        return stream::events(deed, asker, from, filter).await;
    }
    let count = limit(query.limit)?;
    let size = deed.engine.reader().size();
    deed.note_read(asker, query.from.min(size), size).await?;
    let found = filter.page(&deed, query.from, count).map_err(unreadable)?;
    let events = found.records.into_iter().map(EventRow::from).collect();
    Ok(Json(EventPage { events, next: found.next, size }).into_response())
}

pub(super) async fn event(
    State(deed): State<Deed>,
    asker: Asker,
    Path(seq): Path<String>,
) -> Result<Json<EventRow>, Problem> {
    let seq = position(&seq)?;
    deed.note_read(asker, seq, seq.saturating_add(1)).await?;
    let record = deed.engine.reader().event(seq).map_err(unreadable)?.ok_or_else(|| no_event(seq))?;
    Ok(Json(record.into()))
}

pub(super) async fn proof(
    State(deed): State<Deed>,
    asker: Asker,
    Path(seq): Path<String>,
) -> Result<Response, Problem> {
    let seq = position(&seq)?;
    let published = deed.look(asker, None).await?;
    let later = |detail: &str| Problem::from(Failure::NotRecorded(detail.into()));
    let checkpoint = published.checkpoint.clone().ok_or_else(|| later("no checkpoint is signed yet"))?;
    let index = deed.engine.index().ok_or_else(|| later("there is no index"))?;
    let size = checkpoint.checkpoint().size();
    if seq >= size {
        return Err(no_event(seq));
    }
    if index.position() < size {
        return Err(Failure::IndexBehind.into());
    }
    let path =
        inclusion_path(seq, size, &|level, n| index.hash(level, n)).map_err(|cause| later(&chain(&cause)))?;
    let proof = LogProof::new(seq, path, (*checkpoint).clone()).map_err(|cause| later(&chain(&cause)))?;
    Ok(text(proof.to_string()))
}

#[derive(Serialize)]
pub(super) struct LedgerAnswer {
    genesis: String,
    event_key: String,
    size: u64,
    head: Hash,
}

pub(super) async fn ledger(State(deed): State<Deed>) -> Json<LedgerAnswer> {
    let published = deed.engine.published();
    Json(LedgerAnswer {
        genesis: deed.genesis.to_string(),
        event_key: deed.event_key.to_string(),
        size: published.head.size(),
        head: published.head.hash,
    })
}

pub(super) async fn checkpoint(State(deed): State<Deed>) -> Result<Response, Problem> {
    match &deed.engine.published().checkpoint {
        Some(checkpoint) => Ok(text(checkpoint.to_string())),
        None => Err(Failure::NotRecorded("no checkpoint is signed yet".into()).into()),
    }
}

fn text(body: String) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn position(text: &str) -> Result<u64, Problem> {
    text.parse().map_err(|_| wrong_query("a position is a whole number from 0"))
}

fn no_event(seq: u64) -> Problem {
    let detail = format!("there is no event {seq} yet, or no checkpoint over it");
    Problem::new(StatusCode::NOT_FOUND, "unknown_event", detail)
}

/// A part of the log that cannot be read.
pub(super) fn unreadable(cause: ReadError) -> Problem {
    Failure::NotRecorded(chain(&cause).into()).into()
}

/// Which events are wanted: all, or those with one facet.
#[derive(Clone, Default)]
pub(super) struct Filter(Option<(Facet, String)>);

/// Events that were found, and where to look next.
pub(super) struct Found {
    pub(super) records: Vec<Record>,
    pub(super) next: u64,
}

impl Filter {
    fn of(query: &EventQuery) -> Result<Self, Problem> {
        let facets =
            [(Facet::Actor, &query.actor), (Facet::Object, &query.object), (Facet::Type, &query.kind)];
        let mut asked = facets.into_iter().filter_map(|(facet, text)| Some((facet, text.clone()?)));
        let first = asked.next();
        if asked.next().is_some() {
            return Err(wrong_query("filter by one of `actor`, `object` and `type` at a time"));
        }
        Ok(Self(first))
    }

    /// At most `count` events from `from` on. A page may be short and still have a next one.
    pub(super) fn page(&self, deed: &Deed, from: u64, count: usize) -> Result<Found, ReadError> {
        let reader = deed.engine.reader();
        let indexed = deed.engine.index().map_or(0, |index| index.position());
        match (&self.0, deed.engine.index()) {
            (Some(facet), Some(index)) if from < indexed => {
                by_index(reader, index, facet, (from, indexed), count)
            }
            _ => self.scan(reader, from, count),
        }
    }

    fn scan(&self, reader: &LogReader, from: u64, count: usize) -> Result<Found, ReadError> {
        let wanted = if self.0.is_some() { SCANNED_MAX } else { count };
        let read = reader.read(from, wanted, PAGE_BYTES_MAX)?;
        let mut found = Found { records: Vec::new(), next: from.min(reader.size()) };
        for record in read {
            found.next = record.seq + 1;
            if self.takes(&record) {
                found.records.push(record);
            }
            if found.records.len() >= count {
                break;
            }
        }
        Ok(found)
    }

    fn takes(&self, record: &Record) -> bool {
        let Some((facet, text)) = &self.0 else { return true };
        let Ok(Decoded::Known(event)) = Event::decode(&record.leaf) else { return false };
        match facet {
            Facet::Actor => actor_text(&event.actor) == *text,
            Facet::Object => event.fact.object(event.ledger).to_string() == *text,
            Facet::Type => event.fact.name().0 == text,
        }
    }
}

fn by_index(
    reader: &LogReader,
    index: &Index,
    facet: &(Facet, String),
    (from, upto): (u64, u64),
    count: usize,
) -> Result<Found, ReadError> {
    // A failing index finds nothing more than the log does: fall back to reading it.
    let Ok(positions) = index.positions((facet.0, &facet.1), from, upto, count) else {
        return Filter(Some(facet.clone())).scan(reader, from, count);
    };
    let next = if positions.len() < count { upto } else { positions.last().map_or(upto, |last| last + 1) };
    let mut records = Vec::new();
    for seq in positions {
        records.extend(reader.event(seq)?);
    }
    Ok(Found { records, next })
}
