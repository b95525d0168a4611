//! Groups: what a tenant writes about them, and the commands that it becomes.
//!
//! One command brings and takes a bounded number of members. A request that names more becomes several, each of which stands by itself; who may
//! come at all is looked at before the first of them.

use super::directory::{Directory, Item};
use super::fault::Fault;
use super::visit::Visit;
use super::write::Told;
use crate::http::fields::fresh_id;
use crate::scim::{Kind, Patch, Refusal, Resource};
use commands::provisioning::{DeleteGroup, GroupNames, MEMBERS_MAX, PutGroup};
use ledger::event::Subject;
use ledger::event::id::GroupId;
use serde_json::Value;
use std::collections::BTreeSet;

/// Longest name or id of a group in bytes: they stand in its event.
const NAME_BYTES_MAX: usize = 1_024;

/// What changes of a group.
struct Change {
    names: Option<GroupNames>,
    come: Vec<Subject>,
    go: Vec<Subject>,
}

/// Makes a group.
pub(super) async fn create(visit: &Visit, resource: &Resource, told: &Told) -> Result<Item, Fault> {
    let directory = visit.directory();
    let group = GroupId::from_bytes(fresh_id());
    let change =
        Change { names: Some(names(resource)?), come: members(&directory, resource)?, go: Vec::new() };
    put(visit, group, change, told).await?;
    Ok(Item::Group(group))
}

/// Replaces what a tenant says.
pub(super) async fn replace(
    visit: &Visit,
    directory: &Directory,
    group: GroupId,
    resource: &Resource,
    told: &Told,
) -> Result<(), Fault> {
    let (come, go) = difference(directory, group, members(directory, resource)?);
    put(visit, group, Change { names: Some(names(resource)?), come, go }, told).await
}

/// Changes what a tenant says. Most patches name who comes and goes, so who else is in the group need not be looked at.
pub(super) async fn patch(
    visit: &Visit,
    directory: &Directory,
    group: GroupId,
    patch: &Patch,
    told: &Told,
) -> Result<(), Fault> {
    let Some(named) = patch.members() else {
        let patched = patch.apply(&directory.bare_group(group, true)?)?;
        return replace(visit, directory, group, &patched.resource, told).await;
    };
    let come = known(directory, named.come.keys().map(String::as_str))?;
    let (come, go) = match named.everybody_goes {
        true => difference(directory, group, come),
        false => (come, named.go.iter().filter_map(|id| id.parse().ok()).collect()),
    };
    let names = match named.rest.is_empty() {
        true => None,
        false => Some(names(&named.rest.apply(&directory.bare_group(group, false)?)?.resource)?),
    };
    put(visit, group, Change { names, come, go }, told).await
}

/// Whether a patch says only who comes into a group and who leaves it.
pub(super) fn is_by_itself(patch: &Patch) -> bool {
    patch.members().is_some_and(|named| !named.everybody_goes && named.rest.is_empty())
}

/// Ends a group.
pub(super) async fn end(visit: &Visit, group: GroupId, told: &Told) -> Result<(), Fault> {
    visit.tell(DeleteGroup { group, occurred: told.occurred }).await
}

async fn put(visit: &Visit, group: GroupId, change: Change, told: &Told) -> Result<(), Fault> {
    let Change { mut names, come, go } = change;
    let occurred = told.occurred;
    let (mut come, mut go) = (come.into_iter(), go.into_iter());
    loop {
        let going: Vec<_> = go.by_ref().take(MEMBERS_MAX).collect();
        let coming: Vec<_> = come.by_ref().take(MEMBERS_MAX - going.len()).collect();
        if names.is_none() && coming.is_empty() && going.is_empty() {
            return Ok(());
        }
        visit.tell(PutGroup { come: coming, go: going, group, names: names.take(), occurred }).await?;
    }
}

fn names(resource: &Resource) -> Result<GroupNames, Fault> {
    let text = |name: &str| resource.value(name).and_then(Value::as_str);
    let name = bounded("displayName", text("displayName").unwrap_or_default())?;
    let external = text("externalId").map(|external| bounded("externalId", external)).transpose()?;
    Ok(GroupNames { external, name })
}

fn bounded(what: &str, text: &str) -> Result<Box<str>, Fault> {
    if text.len() <= NAME_BYTES_MAX && !text.contains(char::is_control) {
        return Ok(text.into());
    }
    let detail = format!("`{what}` of a group has at most {NAME_BYTES_MAX} bytes, and no control characters");
    Err(Refusal::new(Kind::InvalidValue, detail).into())
}

/// The members that a resource lists.
fn members(directory: &Directory, resource: &Resource) -> Result<Vec<Subject>, Fault> {
    let listed = resource.members().get("members").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let ids = listed.iter().filter_map(|member| member.get("value")?.as_str());
    known(directory, ids)
}

/// Those that the tenant has, each once. Others are refused, or passed over where the tenant's mode says so.
fn known<'a>(directory: &Directory, ids: impl Iterator<Item = &'a str>) -> Result<Vec<Subject>, Fault> {
    let mut found = BTreeSet::new();
    for id in ids {
        let own = id.parse().ok().filter(|subject| directory.record(*subject).is_some());
        match own {
            Some(subject) => drop(found.insert(subject)),
            None if directory.mode.passes_over_unknown_members() => {}
            None => return Err(unknown(id)),
        }
    }
    Ok(found.into_iter().collect())
}

fn unknown(id: &str) -> Fault {
    let id: String = id.chars().filter(|one| !one.is_control()).take(80).collect();
    let detail =
        format!("`members` names `{id}`, which is no person, agent or application of this directory");
    Refusal::new(Kind::InvalidValue, detail).into()
}

/// Who comes and who goes, so that these are in the group and nobody else.
fn difference(directory: &Directory, group: GroupId, wanted: Vec<Subject>) -> (Vec<Subject>, Vec<Subject>) {
    let groups = &directory.published.state.groups;
    let wanted: BTreeSet<_> = wanted.into_iter().collect();
    let go = groups.members(group, None).filter(|subject| !wanted.contains(subject)).collect();
    let come = wanted.into_iter().filter(|subject| !groups.has(group, *subject)).collect();
    (come, go)
}
