//! Lists: which resources are meant, in which order, which page of them (RFC 7644, section 3.4.2; RFC 9865).

use super::body::Json;
use super::directory::{Directory, Item, Wanted, kind_of, name_of, shelf_at, shelves};
use super::fault::{Fault, answer};
use super::visit::Visit;
use super::write::document;
use crate::http::Problem;
use crate::scim::{
    Filter, Kind, Order, Page, Paging, Rank, Refusal, Resource, ResourceType, Shown, list as listed,
};
use axum::extract::{Path, RawQuery};
use axum::http::StatusCode;
use axum::response::Response;
use projections::provisioning::Shelf;
use serde_json::Value;

/// What a client asks for.
#[derive(Clone, Default)]
struct Asked {
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<String>,
    count: Option<String>,
    cursor: Option<String>,
    attributes: Option<String>,
    excluded: Option<String>,
}

impl Asked {
    fn of_query(query: Option<&str>) -> Self {
        let mut asked = Self::default();
        for (name, value) in crate::oidc::form(query.unwrap_or_default().as_bytes()) {
            if let Some(field) = asked.field(&name) {
                *field = Some(value);
            }
        }
        asked
    }

    /// A `SearchRequest`.
    fn of_body(body: &Value) -> Result<Self, Refusal> {
        let wrong = |name: &str| {
            Refusal::new(Kind::InvalidSyntax, format!("`{name}` of the search is not what it should be"))
        };
        let members = body.as_object().ok_or_else(|| wrong("body"))?;
        let mut asked = Self::default();
        for (name, value) in members {
            let Some(field) = asked.field(name) else { continue };
            *field = match value {
                Value::Null => None,
                Value::String(text) => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                Value::Array(names) => {
                    let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
                    Some(names.ok_or_else(|| wrong(name))?.join(","))
                }
                Value::Bool(_) | Value::Object(_) => return Err(wrong(name)),
            };
        }
        Ok(asked)
    }

    fn field(&mut self, name: &str) -> Option<&mut Option<String>> {
        Some(match name {
            "filter" => &mut self.filter,
            "sortBy" => &mut self.sort_by,
            "sortOrder" => &mut self.sort_order,
            "startIndex" => &mut self.start_index,
            "count" => &mut self.count,
            "cursor" => &mut self.cursor,
            "attributes" => &mut self.attributes,
            "excludedAttributes" => &mut self.excluded,
            _ => return None,
        })
    }
}

pub(super) async fn all(visit: Visit, RawQuery(query): RawQuery) -> Result<Response, Fault> {
    find(&visit, shelves(&visit.tenant).collect(), Asked::of_query(query.as_deref())).await
}

pub(super) async fn search_all(visit: Visit, body: Json) -> Result<Response, Fault> {
    find(&visit, shelves(&visit.tenant).collect(), Asked::of_body(&body.value)?).await
}

pub(super) async fn list(
    visit: Visit,
    Path(kind): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Fault> {
    find(&visit, vec![shelf_at(&visit.tenant, &kind)?], Asked::of_query(query.as_deref())).await
}

pub(super) async fn search(visit: Visit, Path(kind): Path<String>, body: Json) -> Result<Response, Fault> {
    find(&visit, vec![shelf_at(&visit.tenant, &kind)?], Asked::of_body(&body.value)?).await
}

/// Answers beside the threads that serve: what is sealed must be opened, and a filter may look at everybody.
async fn find(visit: &Visit, shelves: Vec<Shelf>, asked: Asked) -> Result<Response, Fault> {
    let directory = visit.directory();
    let question = Question::read(&directory, &shelves, &asked)?;
    let found: Result<Value, Fault> =
        visit.deed.answering.compute(move || question.answer(&directory)).await?;
    Ok(answer(StatusCode::OK, &found?))
}

/// A question about one shelf.
struct Part {
    shelf: Shelf,
    filter: Option<Filter>,
    order: Option<Order>,
    shown: Shown,
}

/// A question that makes sense.
struct Question {
    parts: Vec<Part>,
    page: Page,
    /// The event behind which the page begins.
    after: Option<u64>,
    is_sorted: bool,
}

/// Something that is meant: where it stands, and what it is.
type Hit = (Option<Rank>, u64, Item);

impl Question {
    fn read(directory: &Directory, shelves: &[Shelf], asked: &Asked) -> Result<Self, Fault> {
        let text = |field: &Option<String>| field.clone();
        let page = Page::read(asked.start_index.as_deref(), asked.count.as_deref(), asked.cursor.as_deref())?;
        let kinds: Vec<&'static ResourceType> = shelves.iter().map(|shelf| kind_of(*shelf)).collect();
        let filter = text(&asked.filter).filter(|filter| !filter.trim().is_empty());
        let mut filters = match &filter {
            Some(filter) => Filter::read_for_each(&kinds, directory.mode, filter)?.into_iter(),
            None => Vec::new().into_iter(),
        };
        let mut parts = Vec::new();
        for shelf in shelves {
            let kind = kind_of(*shelf);
            let order = match &asked.sort_by {
                Some(by) => Some(Order::read(kind, by, asked.sort_order.as_deref())?),
                None => None,
            };
            let shown = Shown::read(kind, asked.attributes.as_deref(), asked.excluded.as_deref())?;
            parts.push(Part { shelf: *shelf, filter: filters.next(), order, shown });
        }
        let is_sorted = asked.sort_by.is_some();
        Ok(Self { parts, after: after(&page, is_sorted)?, page, is_sorted })
    }

    fn answer(&self, directory: &Directory) -> Result<Value, Fault> {
        let mut hits = Vec::new();
        for part in &self.parts {
            part.collect(directory, &mut hits)?;
        }
        // In the order in which they came, unless another is asked for.
        match self.is_sorted {
            true => hits.sort(),
            false => hits.sort_by_key(|(_, since, _)| *since),
        }
        let total = hits.len();
        if let Some(after) = self.after {
            hits.retain(|(_, since, _)| *since > after);
        }
        let range = self.page.range(hits.len());
        let next = match self.page.paging {
            Paging::Skip(_) => None,
            Paging::FirstByCursor | Paging::Cursor(_) => {
                hits.get(range.end).and(hits.get(range.end.wrapping_sub(1)))
            }
        };
        let next = next.map(|(_, since, _)| since.to_string());
        let shown =
            hits.get(range).unwrap_or_default().iter().map(|(_, _, item)| self.document(directory, *item));
        let documents = shown.collect::<Result<Vec<_>, Fault>>()?;
        Ok(listed(&self.page, total, documents, next.as_deref()))
    }

    fn document(&self, directory: &Directory, item: Item) -> Result<Value, Fault> {
        let kind = directory.kind(item);
        let part = self.parts.iter().find(|part| std::ptr::eq(kind_of(part.shelf), kind));
        let part = part.ok_or_else(|| Problem::from(commands::engine::Failure::Stopped))?;
        document(directory, item, &part.shown)
    }
}

/// The event behind which a page begins. A cursor is a position of the log, so it keeps its meaning whatever comes and goes meanwhile.
fn after(page: &Page, is_sorted: bool) -> Result<Option<u64>, Refusal> {
    match &page.paging {
        Paging::Skip(_) => Ok(None),
        Paging::FirstByCursor | Paging::Cursor(_) if is_sorted => Err(Refusal::new(
            Kind::InvalidCursor,
            "`cursor` walks in the order in which resources came; leave out `sortBy`, or use `startIndex`",
        )),
        Paging::FirstByCursor => Ok(None),
        Paging::Cursor(text) => text.parse().map(Some).map_err(|_| {
            Refusal::new(Kind::InvalidCursor, "`cursor` was not made here; begin again with an empty one")
        }),
    }
}

impl Part {
    /// Adds what is meant of this shelf.
    fn collect(&self, directory: &Directory, hits: &mut Vec<Hit>) -> Result<(), Fault> {
        let named = self.filter.as_ref().and_then(|filter| self.named(directory, filter));
        let items = named.unwrap_or_else(|| everything_on(directory, self.shelf));
        if self.filter.is_none() && self.order.is_none() {
            hits.extend(items.into_iter().map(|(since, item)| (None, since, item)));
            return Ok(());
        }
        let looks_at = |name: &str| self.filter.as_ref().is_some_and(|filter| filter.looks_at(name));
        let wanted = Wanted::by(looks_at);
        for (since, item) in items {
            let resource = directory.resource(item, wanted)?;
            if self.filter.as_ref().is_none_or(|filter| filter.matches(&resource)) {
                hits.push((self.rank(&resource), since, item));
            }
        }
        Ok(())
    }

    fn rank(&self, resource: &Resource) -> Option<Rank> {
        self.order.as_ref().map(|order| order.rank(resource))
    }

    /// The few that can be meant, when the filter wants a name or an id.
    fn named(&self, directory: &Directory, filter: &Filter) -> Option<Vec<(u64, Item)>> {
        let (tenant, provisioned) = (&directory.tenant.name, &directory.published.state.provisioned);
        let shelf = self.shelf;
        for (attribute, text) in filter.equalities() {
            let found = match attribute.name {
                "id" => directory.item(shelf, text).ok(),
                "externalId" if shelf == Shelf::Groups => {
                    provisioned.group_by_external(tenant, text).map(Item::Group)
                }
                "externalId" => {
                    let digest = directory.external_digest(shelf, text);
                    provisioned.by_external(tenant, shelf, &digest).map(Item::Subject)
                }
                name if name == name_of(shelf) && shelf == Shelf::Groups => {
                    provisioned.group_by_name(tenant, text).map(Item::Group)
                }
                name if name == name_of(shelf) => {
                    let digest = directory.name_digest(shelf, text);
                    provisioned.by_name(tenant, shelf, &digest).map(Item::Subject)
                }
                _ => continue,
            };
            return Some(found.and_then(|item| Some((since(directory, item)?, item))).into_iter().collect());
        }
        None
    }
}

fn since(directory: &Directory, item: Item) -> Option<u64> {
    match item {
        Item::Subject(subject) => directory.record(subject).map(|record| record.since.0),
        Item::Group(group) => directory.group_record(group).map(|record| record.since.0),
    }
}

fn everything_on(directory: &Directory, shelf: Shelf) -> Vec<(u64, Item)> {
    let (tenant, provisioned) = (&directory.tenant.name, &directory.published.state.provisioned);
    match shelf {
        Shelf::Groups => {
            provisioned.groups(tenant, None).map(|(since, group)| (since, Item::Group(group))).collect()
        }
        Shelf::People | Shelf::Agents | Shelf::Applications => provisioned
            .subjects(tenant, shelf, None)
            .map(|(since, subject)| (since, Item::Subject(subject)))
            .collect(),
    }
}
