//! Bulk requests (RFC 7644, section 3.7): many writes in one request, each a command of its own, with references between them.

use super::body::Json;
use super::directory::{id_of, kind_of, shelf_at};
use super::fault::{Fault, answer};
use super::visit::Visit;
use super::write::{Told, Written, change, end, make, put};
use crate::scim::{Kind, Refusal};
use axum::http::StatusCode;
use axum::response::Response;
use ledger::event::policy::Tenant;
use projections::provisioning::Shelf;
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most operations of a request.
pub(super) const OPERATIONS_MAX: usize = 1_000;
/// Longest `bulkId` in bytes.
const BULK_ID_BYTES_MAX: usize = 128;

const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";
/// What stands before the `bulkId` of a resource that another operation makes.
const REFERENCE: &str = "bulkId:";

/// An operation.
struct Operation {
    method: Method,
    shelf: Shelf,
    /// Of the resource; absent when it is to be made.
    id: Option<String>,
    bulk_id: Option<String>,
    told: Told,
    data: Value,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    const ALL: [(&'static str, Self); 4] =
        [("POST", Self::Post), ("PUT", Self::Put), ("PATCH", Self::Patch), ("DELETE", Self::Delete)];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, method)| *method == self).map_or("", |(name, _)| *name)
    }
}

pub(super) async fn bulk(visit: Visit, body: Json) -> Result<Response, Fault> {
    let (mut waiting, errors_max) = read(&visit.tenant, &body.value)?;
    let mut order = Order::of(&waiting);
    let mut made = BTreeMap::new();
    let mut answers: Vec<Option<Value>> = waiting.iter().map(|_| None).collect();
    let mut errors = 0;
    while let Some(place) = order.ready.pop_first() {
        let Some(operation) = waiting.get_mut(place).and_then(Option::take) else { continue };
        let name = operation.bulk_id.clone();
        let answered = done(&visit, operation, &mut made).await;
        errors += u64::from(answered.get("response").is_some());
        if let Some(name) = name.filter(|name| made.contains_key(name)) {
            order.is_made(&name);
        }
        if let Some(slot) = answers.get_mut(place) {
            *slot = Some(answered);
        }
        if errors_max.is_some_and(|errors_max| errors >= errors_max) {
            waiting.clear();
            break;
        }
    }
    for (operation, slot) in waiting.iter().zip(&mut answers) {
        if let Some(operation) = operation {
            let detail = "it refers to operations that refer to it, or to one that was not done; \
                          make the resources first, and put one into the other afterwards";
            *slot = Some(refused(operation, &Fault::Status(StatusCode::CONFLICT, detail.into())));
        }
    }
    let answers: Vec<_> = answers.into_iter().flatten().collect();
    Ok(answer(StatusCode::OK, &json!({ "schemas": [RESPONSE], "Operations": answers })))
}

/// In which order operations can be done: each when all that it refers to is made, else in the order of the request.
struct Order {
    ready: BTreeSet<usize>,
    /// Who waits for a name.
    waiting: BTreeMap<String, Vec<usize>>,
    /// For how many names each waits.
    missing: BTreeMap<usize, usize>,
}

impl Order {
    fn of(operations: &[Option<Operation>]) -> Self {
        let mut order = Self { ready: BTreeSet::new(), waiting: BTreeMap::new(), missing: BTreeMap::new() };
        for (place, operation) in operations.iter().enumerate() {
            let mut needed: BTreeSet<&str> = BTreeSet::new();
            if let Some(operation) = operation {
                needed.extend(references(&operation.data));
                needed.extend(operation.id.as_deref().and_then(|id| id.strip_prefix(REFERENCE)));
            }
            if needed.is_empty() {
                order.ready.insert(place);
            }
            order.missing.insert(place, needed.len());
            for name in needed {
                order.waiting.entry(name.to_owned()).or_default().push(place);
            }
        }
        order
    }

    fn is_made(&mut self, name: &str) {
        for place in self.waiting.remove(name).into_iter().flatten() {
            let Some(missing) = self.missing.get_mut(&place) else { continue };
            *missing = missing.saturating_sub(1);
            if *missing == 0 {
                self.ready.insert(place);
            }
        }
    }
}

/// The operations of a request, and after how many errors it ends.
fn read(tenant: &Tenant, body: &Value) -> Result<(Vec<Option<Operation>>, Option<u64>), Fault> {
    let wrong = |detail: &str| Refusal::new(Kind::InvalidSyntax, detail);
    let errors_max = match body.get("failOnErrors") {
        None | Some(Value::Null) => None,
        Some(number) => Some(
            number
                .as_u64()
                .filter(|number| *number > 0)
                .ok_or_else(|| wrong("`failOnErrors` is a number from 1"))?,
        ),
    };
    let listed = body.get("Operations").and_then(Value::as_array);
    let listed = listed.ok_or_else(|| wrong("`Operations` is missing, or no list"))?;
    if listed.len() > OPERATIONS_MAX {
        let detail = format!("there are {} operations; send at most {OPERATIONS_MAX} at once", listed.len());
        return Err(Refusal::new(Kind::TooLarge, detail).into());
    }
    let operations = listed.iter().enumerate().map(|(place, operation)| {
        let at = |fault: &str| wrong(&format!("`Operations[{place}]`: {fault}"));
        Operation::read(tenant, operation, at).map(Some)
    });
    let operations = operations.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<_> =
        operations.iter().flatten().filter_map(|operation| operation.bulk_id.as_ref()).collect();
    names.sort();
    if names.windows(2).any(|pair| pair.first() == pair.last()) {
        return Err(wrong("two operations have the same `bulkId`; give each one of its own").into());
    }
    Ok((operations, errors_max))
}

impl Operation {
    fn read(tenant: &Tenant, from: &Value, wrong: impl Fn(&str) -> Refusal) -> Result<Self, Refusal> {
        let text = |name: &str| from.get(name).and_then(Value::as_str);
        let named = text("method").unwrap_or_default();
        let method = Method::ALL.iter().find(|(name, _)| name.eq_ignore_ascii_case(named));
        let (_, method) = *method.ok_or_else(|| wrong("`method` is POST, PUT, PATCH or DELETE"))?;
        let path = text("path").unwrap_or_default().trim_start_matches('/');
        let (kind, id) = path.split_once('/').map_or((path, None), |(kind, id)| (kind, Some(id.to_owned())));
        let shelf = shelf_at(tenant, kind)
            .map_err(|_| wrong("`path` begins with no type of resource that is here"))?;
        let bulk_id = text("bulkId").map(str::to_owned);
        let named = bulk_id.as_ref().is_some_and(|name| (1..=BULK_ID_BYTES_MAX).contains(&name.len()));
        match method {
            Method::Post if id.is_some() => return Err(wrong("`path` of a POST names a type alone")),
            Method::Post if !named => return Err(wrong("a POST has a `bulkId` of 1 to 128 bytes")),
            Method::Put | Method::Patch | Method::Delete if id.is_none() => {
                return Err(wrong("`path` names a type and an id"));
            }
            Method::Post | Method::Put | Method::Patch | Method::Delete => {}
        }
        let data = from.get("data").cloned().unwrap_or(Value::Null);
        let told = Told { version: text("version").map(str::to_owned), occurred: None };
        Ok(Self { method, shelf, id, bulk_id, told, data })
    }
}

/// The names of what a document refers to.
fn references(data: &Value) -> Vec<&str> {
    match data {
        Value::String(text) => text.strip_prefix(REFERENCE).into_iter().collect(),
        Value::Array(values) => values.iter().flat_map(references).collect(),
        Value::Object(members) => members.values().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => Vec::new(),
    }
}

/// The document with ids in place of references.
fn resolved(data: Value, made: &BTreeMap<String, String>) -> Value {
    match data {
        Value::String(text) => {
            let id = text.strip_prefix(REFERENCE).and_then(|name| made.get(name)).cloned();
            Value::String(id.unwrap_or(text))
        }
        Value::Array(values) => values.into_iter().map(|value| resolved(value, made)).collect(),
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| (name, resolved(value, made)))
            .collect::<Map<_, _>>()
            .into(),
        plain @ (Value::Null | Value::Bool(_) | Value::Number(_)) => plain,
    }
}

/// Does one operation; what became of it.
async fn done(visit: &Visit, mut operation: Operation, made: &mut BTreeMap<String, String>) -> Value {
    let data = resolved(std::mem::take(&mut operation.data), made);
    let id = operation.id.clone().unwrap_or_default();
    let id = id.strip_prefix(REFERENCE).and_then(|name| made.get(name)).cloned().unwrap_or(id);
    let Operation { method, shelf, told, .. } = &operation;
    let written = match method {
        Method::Post => make(visit, *shelf, data, told).await.map(Some),
        Method::Put => put(visit, *shelf, &id, data, told).await.map(Some),
        Method::Patch => change(visit, *shelf, &id, data, told).await.map(Some),
        Method::Delete => end(visit, *shelf, &id, told).await.map(|()| None),
    };
    operation.id = Some(id).filter(|id| !id.is_empty());
    match written {
        Ok(written) => succeeded(visit, &operation, written, made),
        Err(fault) => refused(&operation, &fault),
    }
}

fn succeeded(
    visit: &Visit,
    operation: &Operation,
    written: Option<Written>,
    made: &mut BTreeMap<String, String>,
) -> Value {
    let Some(written) = written else { return outcome(visit, operation, StatusCode::NO_CONTENT, None) };
    let (directory, item) = (visit.directory(), written.item());
    let id = id_of(item);
    if let Some(name) = &operation.bulk_id {
        made.insert(name.clone(), id);
    }
    let created = matches!(written, Written::Created(_));
    let meta = directory.meta(item).ok();
    outcome(visit, operation, if created { StatusCode::CREATED } else { StatusCode::OK }, meta.as_ref())
}

fn outcome(
    visit: &Visit,
    operation: &Operation,
    status: StatusCode,
    meta: Option<&crate::scim::Meta>,
) -> Value {
    let kind = kind_of(operation.shelf);
    let location = meta.map(|meta| meta.location.clone());
    let location = location.or_else(|| Some(visit.directory().location(kind, operation.id.as_deref()?)));
    let mut members = base(operation, status);
    members.extend(location.map(|location| ("location".to_owned(), location.into())));
    members.extend(meta.map(|meta| ("version".to_owned(), meta.etag().into())));
    members.into()
}

fn refused(operation: &Operation, fault: &Fault) -> Value {
    let (status, document) = fault.document();
    let mut members = base(operation, status);
    members.insert("response".into(), document);
    members.into()
}

fn base(operation: &Operation, status: StatusCode) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("method".into(), operation.method.name().into());
    members.extend(operation.bulk_id.clone().map(|name| ("bulkId".to_owned(), name.into())));
    members.insert("status".into(), status.as_str().into());
    members
}
