//! Terraform templates for Coder's Docker provider, evaluated as far as they can be before there is a workspace.
//!
//! [`source`] holds the files and a sheet with a line for each block and attribute, [`evaluate`] turns expressions into values, of which some
//! are references to what each workspace has, and the other files read one kind of resource each. What nobody read is refused.

mod agent;
mod apps;
mod container;
mod evaluate;
mod functions;
mod image;
mod instances;
mod modules;
mod number;
mod parameters;
mod rules;
mod shell;
mod source;
mod template;
mod traverse;
mod value;
mod work;
mod world;

use super::draft::Draft;
use super::report::{Outcome, Problem};
use super::{Files, Imported, Options};
use evaluate::{Machine, Scope};
use hcl::edit::structure::{Block, Structure};
use source::{Sheet, Site, Source};
use std::collections::BTreeMap;
use work::{View, Work};
use world::{Entry, World};

/// Reads the files.
pub(super) fn import(files: &Files, options: &Options) -> Result<Imported, Problem> {
    let sources = source::read(files)?;
    let mut work = Work {
        machine: Machine::new(World::new(files, &sources)?),
        sheet: Sheet::new(&sources)?,
        options,
        draft: Draft::default(),
        volumes: BTreeMap::new(),
        orders: BTreeMap::new(),
        rewritten: Vec::new(),
        has_container: false,
        has_agent: false,
    };
    let mut entries = entries(&sources, &mut work);
    entries.sort_by_key(|entry| stage(entry.block));
    for entry in entries {
        block(&mut work, entry);
    }
    parameters::sort(&mut work);
    image::check_rewritten(&mut work);
    let file = sources.first().map_or("", |source| source.name);
    Ok(work.draft.finish(file, work.sheet.findings(&sources)))
}

/// The blocks of all files. Attributes beside them mean nothing.
fn entries<'a>(sources: &'a [Source<'a>], work: &mut Work<'a>) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        for structure in &source.body {
            match structure {
                Structure::Block(block) => entries.push(Entry { file, block }),
                Structure::Attribute(attribute) => {
                    work.refuse(Site::of_attribute(file, attribute), "it stands in no block");
                }
            }
        }
    }
    entries
}

fn kind(block: &Block) -> (&str, &str) {
    (block.ident.as_str(), block.labels.first().map_or("", |label| label.as_str()))
}

/// Blocks are read after those that they may need to know.
fn stage(block: &Block) -> u8 {
    match kind(block) {
        ("data", "coder_parameter") => 0,
        ("resource", "docker_volume") => 1,
        ("resource", "docker_container") => 2,
        ("resource", "coder_agent") => 3,
        ("module", _) => 5,
        _ => 4,
    }
}

fn block<'a>(work: &mut Work<'a>, entry: Entry<'a>) {
    match kind(entry.block) {
        ("data", "coder_parameter") => work.each(entry, parameters::parameter),
        ("data", kind) => data(work, entry, kind),
        ("resource", kind) => resource(work, entry, kind),
        ("module", _) => work.each(entry, modules::module),
        ("variable", _) => variable(work, entry),
        ("locals", _) => locals(work, entry),
        ("provider", "coder" | "docker") => ignore(work, entry, "Deed asks its own engine"),
        ("provider", name) => {
            let why =
                format!("a workspace is made of one container: the provider `{name}` has no part in it");
            ignore(work, entry, why);
        }
        ("terraform", _) => ignore(work, entry, "Deed evaluates the files itself"),
        ("output", _) => ignore(work, entry, "nobody reads it"),
        ("moved" | "removed" | "import" | "check", _) => ignore(work, entry, "it is about Terraform's state"),
        _ => {}
    }
}

fn ignore(work: &mut Work<'_>, entry: Entry<'_>, why: impl Into<Box<str>>) {
    work.sheet.mark_all(entry.file, entry.block, &Outcome::ignored(why));
}

fn refuse(work: &mut Work<'_>, entry: Entry<'_>, why: impl Into<Box<str>>) {
    work.sheet.mark_all(entry.file, entry.block, &Outcome::refused(why));
}

fn resource<'a>(work: &mut Work<'a>, entry: Entry<'a>, kind: &str) {
    match kind {
        "docker_container" => work.each(entry, container::container),
        "docker_volume" => work.each(entry, container::volume),
        "docker_image" => work.each(entry, image::resource),
        "coder_agent" => work.each(entry, agent::agent),
        "coder_script" => work.each(entry, agent::coder_script),
        "coder_env" => work.each(entry, agent::coder_env),
        "coder_app" => work.each(entry, apps::app),
        "coder_metadata" => ignore(work, entry, "Deed shows what it knows of a workspace itself"),
        "coder_ai_task" => ignore(work, entry, "tasks of Coder are none of Deed's"),
        "docker_network" => refuse(work, entry, "a workspace has its own network, and no way to others"),
        "null_resource" | "terraform_data" => {
            refuse(
                work,
                entry,
                "nothing of a template runs on the host: put it into the image or the startup script",
            );
        }
        other => {
            let provider = other.split('_').next().unwrap_or_default();
            refuse(
                work,
                entry,
                format!("a workspace is made of one container: `{other}` is of the provider `{provider}`"),
            );
        }
    }
}

fn data<'a>(work: &mut Work<'a>, entry: Entry<'a>, kind: &str) {
    match kind {
        "coder_workspace" | "coder_workspace_owner" | "coder_provisioner" => {
            work.sheet.mark_all(entry.file, entry.block, &Outcome::mapped("references, where it is used"));
        }
        "coder_workspace_tags" => ignore(work, entry, "there are no provisioners to choose from"),
        "coder_workspace_preset" => ignore(work, entry, "each parameter has its own default"),
        "coder_task" => ignore(work, entry, "tasks of Coder are none of Deed's"),
        "docker_registry_image" => ignore(work, entry, "the digest says which image"),
        "coder_external_auth" => refuse(work, entry, "no credential of a person is in a workspace"),
        "external" => refuse(work, entry, "nothing of a template runs on the host"),
        "http" => refuse(work, entry, "nothing is fetched while a template is read"),
        other => {
            let provider = other.split('_').next().unwrap_or_default();
            refuse(
                work,
                entry,
                format!("what `{other}` of the provider `{provider}` says is not known here"),
            );
        }
    }
}

fn variable<'a>(work: &mut Work<'a>, entry: Entry<'a>) {
    let Entry { file, block } = entry;
    match block.body.get_attribute("default") {
        Some(default) => {
            let view = View { file, block, scope: Scope::new(), suffix: String::new() };
            let site = view.site_of(default);
            match work.value(&view, default) {
                Ok(_) => work.map(site, "where it is used"),
                Err(failure) => work.refuse(site, failure.words()),
            }
            work.map(entry.site(), "where it is used");
        }
        None => work.refuse(entry.site(), "there is nobody to give it: write a `default`"),
    }
    ignore(work, entry, "it is about how the variable is given");
}

fn locals<'a>(work: &mut Work<'a>, entry: Entry<'a>) {
    work.sheet.mark_all(entry.file, entry.block, &Outcome::mapped("where it is used"));
}
