//! Parts of what clients write, each parsed into what it means or refused with what to do about it.

use super::{Kind, Problem};
use crate::clock;
use ledger::entropy::fresh;
use ledger::event::id::uuid_v7;
use ledger::event::scope::{Environment, Environments, Scope};
use ledger::event::{Grantee, Subject};
use projections::access::{Permission, Permissions, Role};
use serde::{Deserialize, Deserializer};

/// Longest name or description in characters.
const TEXT_CHARS_MAX: usize = 200;
/// Longest handle.
const HANDLE_BYTES_MAX: usize = 40;
/// Most repositories of a project.
const REPOSITORIES_MAX: usize = 100;

/// The bytes of a fresh id.
pub(super) fn fresh_id() -> [u8; 16] {
    uuid_v7(clock::now(), fresh())
}

pub(super) fn wrong_shape(detail: impl Into<String>) -> Problem {
    Problem::new(Kind::WrongShape, detail)
}

/// A name that people choose.
pub(super) fn handle(text: &str) -> Result<Box<str>, Problem> {
    let first = text.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    let rest = text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    if first && rest && text.len() <= HANDLE_BYTES_MAX {
        return Ok(text.into());
    }
    Err(wrong_shape("`handle` is 1 to 40 lower-case letters, digits or `-`, beginning with a letter"))
}

/// A text about something, which may be left out.
pub(super) fn bounded(field: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    match text {
        Some(text) if !is_line(&text) => Err(wrong_shape(format!(
            "`{field}` has at most {TEXT_CHARS_MAX} characters and no control characters"
        ))),
        text => Ok(text.filter(|text| !text.is_empty())),
    }
}

/// A text that must be there.
pub(super) fn needed(field: &str, text: &str) -> Result<Box<str>, Problem> {
    if is_line(text) && !text.trim().is_empty() {
        return Ok(text.into());
    }
    Err(wrong_shape(format!(
        "`{field}` has 1 to {TEXT_CHARS_MAX} characters, none of them a control character; it stays in the log, so name nobody in it"
    )))
}

/// The same, where it may be left out.
pub(super) fn optional(field: &str, text: Option<String>) -> Result<Option<Box<str>>, Problem> {
    text.map(|text| needed(field, &text)).transpose()
}

fn is_line(text: &str) -> bool {
    text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control)
}

/// A set of environments, each named once.
pub(super) fn environments(list: Vec<Environment>) -> Result<Environments, Problem> {
    let set = Environments::of(list.iter().copied());
    if set.iter().count() == list.len() && !list.is_empty() {
        return Ok(set);
    }
    Err(wrong_shape("`environments` names one or more of `dev`, `staging` and `prod`, each once"))
}

/// The repositories of a project.
pub(super) fn repositories(list: Vec<String>) -> Result<Vec<Box<str>>, Problem> {
    if list.len() > REPOSITORIES_MAX {
        return Err(wrong_shape(format!("`repositories` has at most {REPOSITORIES_MAX} entries")));
    }
    let mut named = list.iter().map(|text| needed("repositories", text)).collect::<Result<Vec<_>, _>>()?;
    named.sort();
    named.dedup();
    Ok(named)
}

/// A set of permissions, by their names.
pub(super) fn permissions(list: &[String]) -> Result<Permissions, Problem> {
    let named = list.iter().map(|name| permission(name)).collect::<Result<Vec<_>, _>>()?;
    Ok(Permissions::of(&named))
}

/// A permission, by its name.
pub(super) fn permission(name: &str) -> Result<Permission, Problem> {
    Permission::parse(name).ok_or_else(|| {
        let shown: String = name.chars().take(64).collect::<String>().escape_debug().to_string();
        wrong_shape(format!(
            "there is no permission `{shown}`; `GET /api/v1/roles` names those that there are"
        ))
    })
}

/// Reads `per_…`, `svc_…` or `agt_…`.
pub(super) fn subject<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Subject, D::Error> {
    text(deserializer)
}

pub(super) fn optional_subject<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Subject>, D::Error> {
    text(deserializer).map(Some)
}

/// Reads the same, or `grp_…`.
pub(super) fn grantee<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Grantee, D::Error> {
    text(deserializer)
}

/// Reads the name of a role.
pub(super) fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    let text = String::deserialize(deserializer)?;
    let names = || Role::BUILT_IN.iter().map(|role| format!("`{role}`")).collect::<Vec<_>>().join(", ");
    Role::parse(&text).ok_or_else(|| {
        serde::de::Error::custom(format!("a role is one of {} or `rol_` and 32 hex digits", names()))
    })
}

/// Where, unless said otherwise: everywhere.
pub(super) fn site() -> Scope {
    Scope::Site
}

fn text<'de, D: Deserializer<'de>, T: std::str::FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
