//! Reading and writing one resource.

use super::body::Json;
use super::directory::{Directory, Item, Wanted, kind_of, mode_of, shelf_at};
use super::fault::{Fault, answer};
use super::visit::Visit;
use super::{groups, subjects};
use crate::scim::{Meta, Mode, Moment, Patch, Resource, ResourceType, Shown};
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::time::Time;
use projections::provisioning::Shelf;
use serde_json::Value;

/// Members of a group that is shown to whoever patched it, unless they ask for it.
const MEMBERS_SHOWN_MAX: usize = 100;

/// Names in a query that say what is shown.
#[derive(Default)]
struct Choice {
    attributes: Option<String>,
    excluded: Option<String>,
}

impl Choice {
    fn of(query: Option<&str>) -> Self {
        let mut choice = Self::default();
        for (name, value) in crate::oidc::form(query.unwrap_or_default().as_bytes()) {
            match name.as_str() {
                "attributes" => choice.attributes = Some(value),
                "excludedAttributes" => choice.excluded = Some(value),
                _ => {}
            }
        }
        choice
    }

    fn shown(&self, kind: &'static ResourceType) -> Result<Shown, Fault> {
        Ok(Shown::read(kind, self.attributes.as_deref(), self.excluded.as_deref())?)
    }

    fn is_given(&self) -> bool {
        self.attributes.is_some() || self.excluded.is_some()
    }
}

/// What a write is told, beside what is to be written.
#[derive(Clone, Default)]
pub(super) struct Told {
    /// `If-Match`.
    pub(super) version: Option<String>,
    /// When it happened by the tenant's clock.
    pub(super) occurred: Option<Time>,
}

impl Told {
    /// What headers and body say. Few clients say when it happened.
    fn of(headers: &HeaderMap, body: Option<&Value>) -> Self {
        let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
        let said = body.and_then(|body| body.get("meta")?.get("lastModified")?.as_str());
        let occurred = said.and_then(Moment::read).map(Moment::time);
        Self { version: text(header::IF_MATCH).map(str::to_owned), occurred }
    }

    /// Refuses when the client had seen another version.
    pub(super) fn unless_changed(&self, meta: &Meta) -> Result<(), Fault> {
        let Some(wanted) = &self.version else { return Ok(()) };
        let etag = meta.etag();
        let strong = etag.trim_start_matches("W/");
        let same = |one: &str| matches!(one.trim(), "*") || one.trim().trim_start_matches("W/") == strong;
        if wanted.split(',').any(same) {
            return Ok(());
        }
        let detail = format!(
            "it is {etag} now, which is not what `If-Match` says; read it again before you change it"
        );
        Err(Fault::Status(StatusCode::PRECONDITION_FAILED, detail.into()))
    }
}

/// What came of a write.
pub(super) enum Written {
    /// It is there now, and was not before.
    Created(Item),
    /// It is so now.
    Is(Item),
}

impl Written {
    pub(super) fn item(&self) -> Item {
        match self {
            Self::Created(item) | Self::Is(item) => *item,
        }
    }
}

/// Where to write, and what to show of it then: both are known to be sound before anything is written.
fn asked(visit: &Visit, kind: &str, query: Option<&str>) -> Result<(Shelf, Choice), Fault> {
    let (shelf, choice) = (shelf_at(&visit.tenant, kind)?, Choice::of(query));
    choice.shown(kind_of(shelf))?;
    Ok((shelf, choice))
}

pub(super) async fn create(
    visit: Visit,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Json,
) -> Result<Response, Fault> {
    let (shelf, choice) = asked(&visit, &kind, query.as_deref())?;
    let told = Told::of(&headers, Some(&body.value));
    let written = make(&visit, shelf, body.value, &told).await?;
    show(&visit, &written, &choice)
}

/// Makes a resource.
pub(super) async fn make(visit: &Visit, shelf: Shelf, body: Value, told: &Told) -> Result<Written, Fault> {
    let resource = Resource::from_value(kind_of(shelf), mode(visit), body)?;
    let item = match shelf {
        Shelf::Groups => groups::create(visit, &resource, told).await?,
        Shelf::People | Shelf::Agents | Shelf::Applications => {
            subjects::create(visit, shelf, &resource, told).await?
        }
    };
    Ok(Written::Created(item))
}

pub(super) async fn read(
    visit: Visit,
    Path((kind, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    let shelf = shelf_at(&visit.tenant, &kind)?;
    let item = visit.directory().item(shelf, &id)?;
    show(&visit, &Written::Is(item), &Choice::of(query.as_deref()))
}

pub(super) async fn replace(
    visit: Visit,
    Path((kind, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Json,
) -> Result<Response, Fault> {
    let (shelf, choice) = asked(&visit, &kind, query.as_deref())?;
    let told = Told::of(&headers, Some(&body.value));
    let written = put(&visit, shelf, &id, body.value, &told).await?;
    show(&visit, &written, &choice)
}

/// Replaces a resource.
pub(super) async fn put(
    visit: &Visit,
    shelf: Shelf,
    id: &str,
    body: Value,
    told: &Told,
) -> Result<Written, Fault> {
    let resource = Resource::from_value(kind_of(shelf), mode(visit), body)?;
    let _turn = visit.deed.directories.turn(id).await;
    let directory = visit.directory();
    let item = directory.item(shelf, id)?;
    told.unless_changed(&directory.meta(item)?)?;
    match item {
        Item::Group(group) => groups::replace(visit, &directory, group, &resource, told).await?,
        Item::Subject(subject) => subjects::replace(visit, &directory, subject, &resource, told).await?,
    }
    Ok(Written::Is(item))
}

pub(super) async fn patch(
    visit: Visit,
    Path((kind, id)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Json,
) -> Result<Response, Fault> {
    let (shelf, choice) = asked(&visit, &kind, query.as_deref())?;
    let told = Told::of(&headers, None);
    let written = change(&visit, shelf, &id, body.value, &told).await?;
    let directory = visit.directory();
    let is_short = !choice.is_given() && is_answered_shortly(&directory, written.item());
    if is_short {
        return Ok((StatusCode::NO_CONTENT, etag(&directory.meta(written.item())?)).into_response());
    }
    shown(&directory, &written, &choice)
}

/// Whether a patch of it is answered without a body: who changes one member of a large group does not want to see all of them.
fn is_answered_shortly(directory: &Directory, item: Item) -> bool {
    let Item::Group(group) = item else { return false };
    let mut members = directory.published.state.groups.members(group, None);
    directory.mode.group_patch_answers_204() || members.nth(MEMBERS_SHOWN_MAX).is_some()
}

/// Changes a resource.
pub(super) async fn change(
    visit: &Visit,
    shelf: Shelf,
    id: &str,
    body: Value,
    told: &Told,
) -> Result<Written, Fault> {
    let patch = Patch::from_value(kind_of(shelf), mode(visit), body)?;
    // Who comes and who goes is the same whatever else happens meanwhile, so nobody waits for a turn at a large group.
    let is_by_itself = told.version.is_none() && groups::is_by_itself(&patch);
    let _turn = if is_by_itself { None } else { visit.deed.directories.turn(id).await };
    let directory = visit.directory();
    let item = directory.item(shelf, id)?;
    told.unless_changed(&directory.meta(item)?)?;
    match item {
        Item::Group(group) => groups::patch(visit, &directory, group, &patch, told).await?,
        Item::Subject(subject) => subjects::patch(visit, &directory, subject, &patch, told).await?,
    }
    Ok(Written::Is(item))
}

pub(super) async fn delete(
    visit: Visit,
    Path((kind, id)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    let shelf = shelf_at(&visit.tenant, &kind)?;
    end(&visit, shelf, &id, &Told::of(&headers, None)).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Ends a resource.
pub(super) async fn end(visit: &Visit, shelf: Shelf, id: &str, told: &Told) -> Result<(), Fault> {
    let _turn = visit.deed.directories.turn(id).await;
    let directory = visit.directory();
    let item = directory.item(shelf, id)?;
    told.unless_changed(&directory.meta(item)?)?;
    match item {
        Item::Group(group) => groups::end(visit, group, told).await,
        Item::Subject(subject) => subjects::end(visit, subject, told).await,
    }
}

fn mode(visit: &Visit) -> Mode {
    mode_of(&visit.tenant)
}

fn etag(meta: &Meta) -> [(header::HeaderName, String); 1] {
    [(header::ETAG, meta.etag())]
}

/// Shows a resource as it is now.
fn show(visit: &Visit, written: &Written, choice: &Choice) -> Result<Response, Fault> {
    shown(&visit.directory(), written, choice)
}

/// Shows a resource of a directory as a query wants it.
pub(super) fn show_in(
    directory: &Directory,
    written: &Written,
    query: Option<&str>,
) -> Result<Response, Fault> {
    shown(directory, written, &Choice::of(query))
}

fn shown(directory: &Directory, written: &Written, choice: &Choice) -> Result<Response, Fault> {
    let item = written.item();
    let document = document(directory, item, &choice.shown(directory.kind(item))?)?;
    let meta = directory.meta(item)?;
    let status = if matches!(written, Written::Created(_)) { StatusCode::CREATED } else { StatusCode::OK };
    let mut response = answer(status, &document);
    let location = (status == StatusCode::CREATED).then(|| meta.location.clone());
    for (name, value) in [(header::ETAG, Some(meta.etag())), (header::LOCATION, location)] {
        let value = value.and_then(|value| HeaderValue::try_from(value).ok());
        response.headers_mut().extend(value.map(|value| (name, value)));
    }
    Ok(response)
}

/// A resource as a client sees it.
pub(super) fn document(directory: &Directory, item: Item, shown: &Shown) -> Result<Value, Fault> {
    let kind = directory.kind(item);
    let resource = directory.resource(item, Wanted::by(|name| shown.shows(kind, name)))?;
    Ok(resource.document(shown))
}
