//! The log over HTTP: events in pages and as a stream, proofs, the checkpoint, erasure.

use super::asking::{Asker, Deed};
use super::commands::{Door, Parsed};
use super::fields::{needed, subject};
use super::pages::{limit, wrong_query};
use super::texts::SubjectText;
use super::{Kind, Problem, stream};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use commands::custody::ErasePayloads;
use commands::engine::{Failure, chain};
use ledger::checkpoint::SignedCheckpoint;
use ledger::event::{Decoded, Event, Object, Subject};
use ledger::hash::{Hash, to_base64, to_hex};
use ledger::index::{Facet, Index, actor_texts};
use ledger::log::{LogReader, ReadError, Record};
use ledger::merkle::{inclusion_path, leaf_hash};
use ledger::proof::LogProof;
use projections::access::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Bytes of leaves in one page.
const PAGE_BYTES_MAX: usize = 4 << 20;
/// Events looked through for one page when no index helps.
const SCANNED_MAX: usize = 20_000;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EraseArguments {
    #[serde(deserialize_with = "subject")]
    #[schemars(with = "SubjectText")]
    subject: Subject,
    reason: String,
}

pub(super) fn erase_payloads(door: Door<'_>, arguments: EraseArguments) -> Result<Parsed, Problem> {
    let EraseArguments { subject, reason } = arguments;
    Ok(Parsed::plain(door, ErasePayloads { subject, reason: needed("reason", &reason)? }))
}

/// How long a proof waits for the index.
const INDEX_MAX: Duration = Duration::from_secs(5);
/// How often it looks.
const INDEX_LOOK: Duration = Duration::from_millis(10);

/// An event as the interface shows it: the very text that was signed, and what checks it.
#[derive(JsonSchema, Serialize)]
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

#[derive(Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EventQuery {
    /// Position to begin at.
    #[serde(default)]
    from: u64,
    /// How many events at most, 100 unless given.
    #[schemars(range(min = 1, max = 1_000))]
    limit: Option<usize>,
    /// Those by one actor.
    actor: Option<String>,
    /// Those about one object.
    object: Option<String>,
    /// Those of one type.
    #[serde(rename = "type")]
    kind: Option<String>,
    outcome: Option<String>,
}

#[derive(JsonSchema, Serialize)]
pub(super) struct EventPage {
    events: Vec<EventRow>,
    /// What to pass as `from` for the next page; equal to `size` when there is nothing more yet.
    next: u64,
    size: u64,
}

pub(super) async fn events(
    State(deed): State<Deed>,
    asker: Asker,
    headers: HeaderMap,
    query: Result<Query<EventQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let filter = Filter::of(&query)?;
    let wanted = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    if wanted.split(',').any(|kind| kind.trim().starts_with("text/event-stream")) {
        let from = after_last(&headers)?.unwrap_or(query.from);
        return stream::events(deed, asker, from, filter).await;
    }
    let count = limit(query.limit)?;
    let size = begins(&deed, asker, query.from).await?;
    deed.note_read(asker, query.from, size).await?;
    let found = filter.page(&deed, query.from, count).map_err(|cause| unreadable(&cause))?;
    let events = found.records.into_iter().map(EventRow::from).collect();
    Ok(Json(EventPage { events, next: found.next, size }).into_response())
}

/// Where a stream that broke off goes on.
fn after_last(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let Some(last) = headers.get("last-event-id") else { return Ok(None) };
    let last = last.to_str().ok().and_then(position);
    let wrong =
        || Problem::new(Kind::WrongHeader, "`Last-Event-ID` is the position of the last event that came");
    last.map(|last| Some(last.saturating_add(1))).ok_or_else(wrong)
}

/// The size of the log, in which reading may begin at `from`.
pub(super) async fn begins(deed: &Deed, asker: Asker, from: u64) -> Result<u64, Problem> {
    deed.look(asker, Some(Permission::CustodyRead)).await?;
    let size = deed.engine.reader().size();
    if from <= size { Ok(size) } else { Err(no_event(from, size)) }
}

/// A position in the log, as a part of the path.
pub(super) struct Position(u64);

impl FromRequestParts<Deed> for Position {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, deed: &Deed) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, deed).await;
        let seq = path.ok().and_then(|Path(text)| position(&text));
        let wrong = || Problem::new(Kind::WrongPath, "a position is a whole number from 0, in digits");
        seq.map(Self).ok_or_else(wrong)
    }
}

/// Digits alone: other texts that `parse` takes, such as `+1` and `01`, would give one event many addresses.
pub(super) fn position(text: &str) -> Option<u64> {
    text.parse().ok().filter(|position: &u64| position.to_string() == text)
}

pub(super) async fn event(
    State(deed): State<Deed>,
    asker: Asker,
    Position(seq): Position,
) -> Result<Json<EventRow>, Problem> {
    let size = begins(&deed, asker, seq).await?;
    if seq == size {
        return Err(no_event(seq, size));
    }
    deed.note_read(asker, seq, seq + 1).await?;
    let record = deed.engine.reader().event(seq).map_err(|cause| unreadable(&cause))?;
    Ok(Json(record.ok_or_else(|| no_event(seq, size))?.into()))
}

/// Waits until the index holds so many events: it follows the log at a distance.
async fn follows(index: &Index, size: u64) {
    while index.position() < size {
        tokio::time::sleep(INDEX_LOOK).await;
    }
}

pub(super) async fn proof(
    State(deed): State<Deed>,
    asker: Asker,
    Position(seq): Position,
) -> Result<Response, Problem> {
    let published = deed.look(asker, None).await?;
    if seq >= published.head.size() {
        return Err(no_event(seq, published.head.size()));
    }
    let covers = |checkpoint: &&std::sync::Arc<SignedCheckpoint>| seq < checkpoint.checkpoint().size();
    let checkpoint = published.checkpoint.as_ref().filter(covers).ok_or_else(not_checkpointed)?;
    let size = checkpoint.checkpoint().size();
    let index = deed.engine.index().ok_or(Failure::IndexBehind)?;
    let caught_up = tokio::time::timeout(INDEX_MAX, follows(index, size)).await;
    caught_up.map_err(|_| Failure::IndexBehind)?;
    let path =
        inclusion_path(seq, size, &|level, n| index.hash(level, n)).map_err(|cause| unreadable(&cause))?;
    let proof = LogProof::new(seq, path, (**checkpoint).clone()).map_err(|cause| unreadable(&cause))?;
    Ok(text(proof.to_string()))
}

fn not_checkpointed() -> Problem {
    Problem::new(Kind::NotCheckpointed, "no checkpoint covers this yet; ask again in a few seconds")
}

#[derive(JsonSchema, Serialize)]
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
        None => Err(not_checkpointed()),
    }
}

fn text(body: String) -> Response {
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], body).into_response()
}

fn no_event(seq: u64, size: u64) -> Problem {
    Problem::new(Kind::UnknownEvent, format!("there is no event {seq} yet; the log has {size}, from 0 on"))
}

/// A part of the log that cannot be read.
pub(super) fn unreadable(cause: &dyn std::error::Error) -> Problem {
    tracing::error!("the log could not be read: {}", chain(cause));
    Problem::new(Kind::Unreadable, "the log could not be read; ask the operator of this server")
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
        let facets = [
            (Facet::Actor, &query.actor),
            (Facet::Object, &query.object),
            (Facet::Type, &query.kind),
            (Facet::Outcome, &query.outcome),
        ];
        let mut asked = facets.into_iter().filter_map(|(facet, text)| Some((facet, text.clone()?)));
        let first = asked.next();
        if asked.next().is_some() {
            return Err(wrong_query(
                "filter by one of `actor`, `object`, `type` and `outcome` at a time; `GET /api/v1/audit` takes several",
            ));
        }
        match &first {
            Some((facet, text)) if !may_be(*facet, text) => Err(wrong_query(wanted_text(*facet))),
            _ => Ok(Self(first)),
        }
    }

    /// At most `count` events from `from` on. A page may be short and still have a next one.
    pub(super) fn page(&self, deed: &Deed, from: u64, count: usize) -> Result<Found, ReadError> {
        let reader = deed.engine.reader();
        let indexed = deed.engine.index().map_or(0, |index| index.position());
        match (&self.0, deed.engine.index()) {
            (Some(facet), Some(index)) if from < indexed => {
                let mut found = by_index(reader, index, facet, (from, indexed), count)?;
                if found.next == indexed && found.records.len() < count {
                    // The index follows the log at a distance; what it lacks is read.
                    let rest = self.scan(reader, indexed, count - found.records.len())?;
                    found.records.extend(rest.records);
                    found.next = rest.next;
                }
                Ok(found)
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
            Facet::Actor => actor_texts(&event.actor).any(|known| known == *text),
            Facet::Object => event.fact.object(event.ledger).to_string() == *text,
            Facet::Type => event.fact.name().0 == text,
            Facet::Outcome => event.fact.outcome().text() == text,
        }
    }
}

/// Whether any event could have it. A mistyped id would otherwise find nothing and look like an answer.
pub(super) fn may_be(facet: Facet, text: &str) -> bool {
    match facet {
        Facet::Actor => {
            text.parse::<Subject>().is_ok() || ["system", "operator", "anonymous"].contains(&text)
        }
        Facet::Object => text.parse::<Object>().is_ok(),
        Facet::Type => {
            text.contains('.') && text.bytes().all(|byte| byte.is_ascii_lowercase() || b"._".contains(&byte))
        }
        Facet::Outcome => ["done", "refused", "failed"].contains(&text),
    }
}

pub(super) fn wanted_text(facet: Facet) -> &'static str {
    match facet {
        Facet::Actor => "`actor` is `per_…`, `svc_…`, `agt_…`, `system`, `operator` or `anonymous`",
        Facet::Object => "`object` is an id, such as `per_…`, `grt_…`, `prj_…` or `led_…`",
        Facet::Type => "`type` is `<area>.<past fact>`, such as `access.role_granted`",
        Facet::Outcome => "`outcome` is `done`, `refused` or `failed`",
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
    let mut found = Found { records: Vec::new(), next: upto };
    let (full, mut bytes) = (positions.len() >= count, 0);
    for seq in positions {
        let Some(record) = reader.event(seq)? else { continue };
        bytes += record.leaf.len();
        found.records.push(record);
        if bytes >= PAGE_BYTES_MAX || (full && found.records.len() >= count) {
            found.next = seq + 1;
            break;
        }
    }
    Ok(found)
}
