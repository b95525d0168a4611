//! What expressions can speak of: the blocks of the files, and what Coder would know of a workspace.

use super::source::{Site, Source};
use super::value::{Reference, Value, Withheld};
use crate::templates::Files;
use crate::templates::report::Problem;
use hcl::edit::Span;
use hcl::edit::expr::Expression;
use hcl::edit::structure::{Block, Structure};
use std::cell::RefCell;
use std::collections::BTreeMap;

macro_rules! withheld {
    ($($name:ident, $what:literal, $why:literal, $harmless:literal;)*) => {
        $(pub(super) static $name: Withheld = Withheld { what: $what, why: $why, harmless: $harmless };)*
    };
}

withheld! {
    INIT_SCRIPT, "the agent's init script", "Deed needs no agent in a workspace", true;
    AGENT_TOKEN, "the agent's token", "Deed needs no agent in a workspace", true;
    SESSION_TOKEN, "the owner's session token", "no credential of a person is in a workspace; its tools have a key of the workspace", false;
    IDENTITY_TOKEN, "the owner's token of the identity provider", "no credential of a person is in a workspace", false;
    SSH_KEY, "the owner's SSH key", "no credential of a person is in a workspace", false;
    EXTERNAL_AUTH, "a token for an outside service", "no credential of a person is in a workspace", false;
    EMAIL, "the owner's e-mail address", "a workspace does not get it; whoever works in it says it to the tools that want it", true;
    GROUPS, "the owner's groups and roles", "a workspace does not depend on them; who may use a template is a grant", false;
    ACCESS_URL, "Coder's address", "there is no Coder", true;
    ENGINE, "what the engine runs on", "it is not known before a workspace starts", false;
    RUNNING, "what the engine says of a container", "it is not known before a workspace starts", false;
    MODULE, "what a module of the registry gives", "its files are not here", false;
    TEMPLATE, "what Coder says of a template", "there is no Coder", true;
}

/// A block, and the file that it is in.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    pub(super) file: usize,
    pub(super) block: &'a Block,
}

impl Entry<'_> {
    pub(super) fn site(self) -> Site {
        Site::of_block(self.file, self.block)
    }
}

/// Everything that has an address.
pub(super) struct World<'a> {
    pub(super) files: &'a Files,
    /// By address: `var.x`, `data.coder_parameter.x`, `docker_image.x`, `module.x`.
    blocks: BTreeMap<String, Entry<'a>>,
    locals: BTreeMap<String, &'a Expression>,
    options: RefCell<BTreeMap<String, Vec<String>>>,
}

impl<'a> World<'a> {
    pub(super) fn new(files: &'a Files, sources: &'a [Source<'a>]) -> Result<Self, Problem> {
        let mut world =
            Self { files, blocks: BTreeMap::new(), locals: BTreeMap::new(), options: RefCell::default() };
        for (file, source) in sources.iter().enumerate() {
            for structure in &source.body {
                if let Structure::Block(block) = structure {
                    world.block(source, Entry { file, block })?;
                }
            }
        }
        Ok(world)
    }

    fn block(&mut self, source: &Source<'_>, entry: Entry<'a>) -> Result<(), Problem> {
        let twice = |name: &str, start: Option<std::ops::Range<usize>>| {
            let start = start.map_or(0, |span| span.start);
            Problem::at(source.name, source.text, start, format!("`{name}` stands there twice"))
        };
        if entry.block.ident.as_str() == "locals" {
            for attribute in entry.block.body.attributes() {
                let name = attribute.key.as_str();
                if self.locals.insert(name.to_owned(), &attribute.value).is_some() {
                    return Err(twice(name, attribute.key.span()));
                }
            }
            return Ok(());
        }
        let name = super::source::name(entry.block);
        let address = name.strip_prefix("variable.").map_or(name.clone(), |name| format!("var.{name}"));
        let addressed = ["resource", "data", "variable", "module"].contains(&entry.block.ident.as_str());
        if addressed && self.blocks.insert(address, entry).is_some() {
            return Err(twice(&name, entry.block.ident.span()));
        }
        Ok(())
    }

    pub(super) fn entry(&self, address: &str) -> Option<Entry<'a>> {
        self.blocks.get(address).copied()
    }

    pub(super) fn local(&self, name: &str) -> Option<&'a Expression> {
        self.locals.get(name).copied()
    }

    /// What there is to choose of a parameter; absent when it is anything.
    pub(super) fn options(&self, parameter: &str) -> Option<Vec<String>> {
        self.options.borrow().get(parameter).cloned()
    }

    pub(super) fn set_options(&self, parameter: &str, options: Vec<String>) {
        self.options.borrow_mut().insert(parameter.to_owned(), options);
    }
}

/// The name of a parameter in a spec: of its own name, else of its label.
pub(super) fn parameter_name(block: &Block) -> String {
    let literal = |name: &Expression| name.as_str().map(str::to_owned);
    let named = block.body.get_attribute("name").and_then(|name| literal(&name.value));
    let label = || block.labels.last().map_or("", |label| label.as_str()).to_owned();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    named.unwrap_or_else(label).chars().map(plain).take(32).collect()
}

/// What Coder's data sources say; absent for those that are not known.
pub(super) fn data(kind: &str) -> Option<Value> {
    let known: Vec<(&str, Value)> = match kind {
        "coder_workspace" => vec![
            ("id", Value::reference(Reference::WorkspaceId)),
            ("name", Value::reference(Reference::WorkspaceHandle)),
            ("start_count", number(1)),
            ("prebuild_count", number(0)),
            ("transition", Value::text("start")),
            ("is_prebuild", Value::Bool(false)),
            ("is_prebuild_claim", Value::Bool(false)),
            ("access_url", Value::withheld(&ACCESS_URL)),
            ("access_port", Value::withheld(&ACCESS_URL)),
            ("template_id", Value::withheld(&TEMPLATE)),
            ("template_name", Value::withheld(&TEMPLATE)),
            ("template_version", Value::withheld(&TEMPLATE)),
        ],
        "coder_workspace_owner" => vec![
            ("id", Value::reference(Reference::OwnerId)),
            ("name", Value::reference(Reference::OwnerHandle)),
            // A spec knows no other name of a person.
            ("full_name", Value::reference(Reference::OwnerHandle)),
            ("email", Value::withheld(&EMAIL)),
            ("groups", Value::withheld(&GROUPS)),
            ("rbac_roles", Value::withheld(&GROUPS)),
            ("login_type", Value::withheld(&GROUPS)),
            ("session_token", Value::withheld(&SESSION_TOKEN)),
            ("oidc_access_token", Value::withheld(&IDENTITY_TOKEN)),
            ("ssh_private_key", Value::withheld(&SSH_KEY)),
            ("ssh_public_key", Value::withheld(&SSH_KEY)),
        ],
        "coder_provisioner" => vec![
            ("id", Value::withheld(&ENGINE)),
            ("arch", Value::withheld(&ENGINE)),
            ("os", Value::text("linux")),
        ],
        "coder_external_auth" => vec![("access_token", Value::withheld(&EXTERNAL_AUTH))],
        "docker_registry_image" => {
            vec![("sha256_digest", Value::withheld(&ENGINE)), ("id", Value::withheld(&ENGINE))]
        }
        _ => return None,
    };
    Some(Value::Map(known.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()))
}

fn number(number: i64) -> Value {
    Value::Number(super::number::Decimal::of(number))
}
