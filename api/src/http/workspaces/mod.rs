//! Templates and workspaces over HTTP.

mod log;
mod orders;
pub(super) mod page;
mod shown;
mod templates;

pub(super) use log::build_log;
pub(super) use orders::{
    create_workspace, delete_volume, delete_workspace, set_schedule, share_app, start_workspace,
    stop_workspace, transfer_workspace, update_workspace,
};
pub(super) use shown::{workspace, workspaces};
pub(super) use templates::{
    archive_template, archive_version, deprecate_template, plan, promote_version, publish_template,
    templates, version, versions,
};

use super::asking::Asker;
use super::{Kind, Problem};
use ledger::event::Subject;
use std::fmt::Display;
use std::str::FromStr;

/// A part of a path that is an id.
fn in_path<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    text.parse().map_err(|cause: T::Err| Problem::new(Kind::WrongPath, cause.to_string()))
}

/// For whom somebody acts: the person behind a program, or whoever asks.
fn acting(asker: &Asker) -> Option<Subject> {
    asker.actor.person_behind().or_else(|| asker.actor.shown().map(|(subject, _)| subject))
}

/// A name that is part of host names.
fn slug(text: &str) -> Result<Box<str>, Problem> {
    if ledger::event::workspaces::is_slug(text) {
        return Ok(text.into());
    }
    let detail = "`handle` is 1 to 20 lower-case letters, digits or single `-` between them, since it is part of addresses";
    Err(super::fields::wrong_shape(detail))
}
