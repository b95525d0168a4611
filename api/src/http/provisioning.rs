//! What tenants did: joiners, movers and leavers, each change with all that followed from it, and how long after its tenant's own time it came.

use super::asking::{Asker, Deed};
use super::audit::{Clause, Searched, newest};
use super::custody::{position, unreadable};
use super::pages::{limit, wrong_query};
use super::{Problem, as_of};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use ledger::event::{Decoded, Event, Fact, Object, Provisioning};
use ledger::index::Facet;
use ledger::log::{LogReader, ReadError};
use ledger::time::Time;
use projections::access::Permission;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Events of a change that are shown one by one.
const SHOWN_MAX: usize = 100;
/// Events that are read at once around one of a change.
const AROUND: u64 = 16;

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ChangesQuery {
    /// By its name in the policy `provisioning`; all tenants, unless given.
    tenant: Option<String>,
    /// Of one person, agent, service account or group.
    object: Option<String>,
    as_of: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// What a change was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    Joined,
    Changed,
    Deactivated,
    Reactivated,
    Left,
    GroupCreated,
    GroupChanged,
    MembersChanged,
    GroupDeleted,
    Refused,
}

/// One write of a tenant, with all that it led to.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Change {
    tenant: String,
    what: What,
    object: String,
    time: String,
    /// When it happened by the tenant's clock, if the tenant said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    occurred: Option<String>,
    /// How long after that it came; 0 when the tenant's clock is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    delay_seconds: Option<u64>,
    /// How many events it led to.
    count: usize,
    /// The first of them, in their order.
    events: Vec<Brief>,
}

/// An event of a change.
#[derive(Debug, JsonSchema, Serialize)]
pub(super) struct Brief {
    seq: u64,
    #[serde(rename = "type")]
    kind: String,
    object: String,
}

#[derive(JsonSchema, Serialize)]
pub(super) struct ChangesPage {
    rows: Vec<Change>,
    /// What to pass as `cursor` for the next page; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// How many events the answer takes in.
    size: u64,
}

/// A page of changes, the newest first. That the log was read is recorded first.
pub(super) async fn changes(
    State(deed): State<Deed>,
    asker: Asker,
    query: Result<Query<ChangesQuery>, QueryRejection>,
) -> Result<Json<ChangesPage>, Problem> {
    let Query(query) = query.map_err(|cause| wrong_query(cause.body_text()))?;
    let count = limit(query.limit)?;
    let published = deed.look(asker, Some(Permission::CustodyRead)).await?;
    let moment = as_of::moment(&deed, &published, query.as_of.as_deref())?;
    let cursor =
        |text: &str| position(text).ok_or_else(|| wrong_query("`cursor` is the `next` of the page before"));
    let upto = query.cursor.as_deref().map_or(Ok(moment.size), cursor)?.min(moment.size);
    let tenants = &published.state.policies.provisioning().tenants;
    let meant =
        tenants.iter().filter(|tenant| query.tenant.as_deref().is_none_or(|name| name == &*tenant.name));
    let accounts: Vec<_> =
        meant.map(|tenant| (tenant.service_account.to_string(), tenant.name.to_string())).collect();
    deed.note_read(asker, 0, upto).await?;
    let mut clauses =
        vec![Clause { facet: Facet::Actor, texts: accounts.iter().map(|(id, _)| id.clone()).collect() }];
    clauses.extend(query.object.map(|object| Clause { facet: Facet::Object, texts: vec![object] }));
    let (reader, index) = (deed.engine.reader(), deed.engine.index().map(AsRef::as_ref));
    let found = newest(reader, index, &clauses, (0, upto), count).map_err(|cause| unreadable(&cause))?;
    let (rows, next) = grouped(reader, &accounts, &found).map_err(|cause| unreadable(&cause))?;
    Ok(Json(ChangesPage { rows, next: next.map(|next| next.to_string()), size: moment.size }))
}

/// What was found, change by change, and below which position to go on.
fn grouped(
    reader: &LogReader,
    accounts: &[(String, String)],
    found: &Searched,
) -> Result<(Vec<Change>, Option<u64>), ReadError> {
    let (mut rows, mut below) = (Vec::new(), u64::MAX);
    for record in &found.records {
        if record.seq >= below {
            continue;
        }
        let events = whole(reader, record.seq)?;
        below = events.first().map_or(record.seq, |first| first.seq);
        let tenant = |event: &Event| {
            let (subject, _) = event.actor.shown()?;
            accounts.iter().find(|(id, _)| *id == subject.to_string()).map(|(_, name)| name.clone())
        };
        if let Some(tenant) = events.first().and_then(tenant) {
            rows.extend(change(tenant, &events));
        }
    }
    Ok((rows, found.next.map(|next| next.min(below)).filter(|next| *next > 0)))
}

/// All events of the command that one belongs to; they stand beside one another.
fn whole(reader: &LogReader, seq: u64) -> Result<Vec<Event>, ReadError> {
    let read = |from: u64, count: u64| -> Result<Vec<Event>, ReadError> {
        let records = reader.read(from, usize::try_from(count).unwrap_or_default(), usize::MAX)?;
        Ok(records
            .iter()
            .filter_map(|record| match Event::decode(&record.leaf) {
                Ok(Decoded::Known(event)) => Some(event),
                Ok(Decoded::Unknown { .. }) | Err(_) => None,
            })
            .collect())
    };
    let Some(own) = read(seq, 1)?.pop() else { return Ok(Vec::new()) };
    let same = |event: &Event| {
        event.actor == own.actor && event.origin == own.origin && own.origin.request.is_some()
    };
    let mut events = vec![own.clone()];
    let mut from = seq;
    while from > 0 {
        let start = from.saturating_sub(AROUND);
        let before = read(start, from - start)?;
        let kept = before.iter().rev().take_while(|event| same(event)).count();
        let all = kept == before.len();
        events.splice(0..0, before.into_iter().rev().take(kept).rev());
        from = if all { start } else { 0 };
    }
    let mut next = seq + 1;
    loop {
        let after = read(next, AROUND)?;
        let kept: Vec<Event> = after.iter().take_while(|event| same(event)).cloned().collect();
        let goes_on = kept.len() as u64 == AROUND;
        next += kept.len() as u64;
        events.extend(kept);
        if !goes_on {
            return Ok(events);
        }
    }
}

fn change(tenant: String, events: &[Event]) -> Option<Change> {
    let first = events.first()?;
    let said = events.iter().find_map(|event| {
        if let Fact::Provisioning(fact) = &event.fact { Some((fact, event)) } else { None }
    });
    let occurred: Option<Time> = said.and_then(|(fact, _)| occurred(fact));
    let object = said.map_or(first, |(_, event)| event);
    let events_shown = events.iter().take(SHOWN_MAX).map(|event| Brief {
        seq: event.seq,
        kind: event.fact.name().0.into(),
        object: object_of(event).to_string(),
    });
    Some(Change {
        tenant,
        what: what(events)?,
        object: object_of(object).to_string(),
        time: first.time.to_string(),
        occurred: occurred.map(|time| time.to_string()),
        delay_seconds: occurred.map(|occurred| first.time.seconds_since(occurred)),
        count: events.len(),
        events: events_shown.collect(),
    })
}

fn object_of(event: &Event) -> Object {
    event.fact.object(event.ledger)
}

fn occurred(fact: &Provisioning) -> Option<Time> {
    match fact {
        Provisioning::SubjectWritten(fact) => fact.occurred,
        Provisioning::SubjectDeleted(fact) => fact.occurred,
        Provisioning::GroupWritten(fact) => fact.occurred,
        Provisioning::GroupDeleted(fact) => fact.occurred,
    }
}

/// What the events of one write amount to; `None` when the account did something else, such as to get a token.
fn what(events: &[Event]) -> Option<What> {
    let has = |wanted: &str| events.iter().any(|event| event.fact.name().0 == wanted);
    SIGNS.iter().find(|(kind, _)| has(kind)).map(|(_, what)| *what)
}

/// By which event a change is known; the first that it has counts.
const SIGNS: [(&str, What); 13] = [
    ("custody.command_refused", What::Refused),
    ("identity.person_created", What::Joined),
    ("identity.agent_created", What::Joined),
    ("identity.service_account_created", What::Joined),
    ("provisioning.subject_deleted", What::Left),
    ("identity.subject_suspended", What::Deactivated),
    ("identity.subject_reactivated", What::Reactivated),
    ("provisioning.subject_written", What::Changed),
    ("provisioning.group_deleted", What::GroupDeleted),
    ("identity.group_created", What::GroupCreated),
    ("provisioning.group_written", What::GroupChanged),
    ("identity.member_added", What::MembersChanged),
    ("identity.member_removed", What::MembersChanged),
];
