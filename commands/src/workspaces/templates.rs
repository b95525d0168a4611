//! Templates: publish, promote, deprecate and archive them.

use super::{template, unusable, version};
use crate::{Ask, Decide, Decision, Happening};
use ledger::event::id::TemplateId;
use ledger::event::scope::Scope;
use ledger::event::workspaces::{
    Source, TemplateArchived, TemplateCreated, TemplateDeprecated, VersionArchived, VersionPromoted,
    VersionPublished, WorkspaceSpec,
};
use ledger::event::{Object, Refusal};
use projections::access::Permission;
use projections::workspaces::Template;

/// Most versions of a template.
const VERSIONS_MAX: u64 = 10_000;

/// Write a new version of a template, which is made if there is none of that name. What was published before and not archived is not
/// published again.
#[derive(Clone, Debug)]
pub struct PublishTemplate {
    /// Fresh name, in case there is none.
    pub template: TemplateId,
    /// What people call it.
    pub handle: Box<str>,
    /// Where it can be used.
    pub scope: Scope,
    /// What workspaces of it are made of.
    pub spec: Box<WorkspaceSpec>,
    /// What it was written in.
    pub source: Source,
    /// Whether new workspaces are made from it at once.
    pub promote: bool,
}

impl Decide for PublishTemplate {
    const NAME: &'static str = "workspaces.publish_template";

    fn about(&self) -> Option<Object> {
        Some(Object::Template(self.template))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { template, handle, scope, spec, source, promote } = self;
        ask.permitted(Permission::TemplatesPublish, scope)?;
        ask.existing_scope(scope)?;
        spec.check().map_err(|unsound| Refusal::UnsoundTemplate { what: unsound.what.into() })?;
        let found = ask.state.templates.by_handle(scope, &handle);
        let id = found.unwrap_or(template);
        let before = found.and_then(|id| ask.state.templates.live(id));
        let mut happening: Vec<Happening> = Vec::new();
        if before.is_none() {
            happening.push(TemplateCreated { handle, scope, template }.into());
        }
        let digest = spec.digest();
        let same = before.and_then(|found| {
            found.versions.iter().rev().find(|(_, one)| one.digest == digest && one.span.is_open())
        });
        let number = match same {
            Some((number, _)) => *number,
            None => next_number(before)?,
        };
        if same.is_none() {
            happening.push(VersionPublished { digest, number, source, spec, template: id }.into());
        }
        let active = before.and_then(Template::active).map(|(number, _)| number);
        if promote && active != Some(number) {
            happening.push(VersionPromoted { number, template: id }.into());
        }
        Ok(happening)
    }
}

fn next_number(before: Option<&Template>) -> Result<u64, Refusal> {
    let newest = before.and_then(Template::newest).map_or(0, |(number, _)| number);
    if newest < VERSIONS_MAX { Ok(newest + 1) } else { Err(Refusal::TooMany { count_max: VERSIONS_MAX }) }
}

/// Make new workspaces from this version. Promoting what is promoted changes nothing.
#[derive(Clone, Debug)]
pub struct PromoteVersion {
    /// The template.
    pub template: TemplateId,
    /// The version.
    pub number: u64,
}

impl Decide for PromoteVersion {
    const NAME: &'static str = "workspaces.promote_version";

    fn about(&self) -> Option<Object> {
        Some(Object::Template(self.template))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { template, number } = self;
        let found = managed(ask, template)?;
        version(template, found, number)?;
        if found.active().is_some_and(|(active, _)| active == number) {
            return Ok(vec![]);
        }
        Ok(vec![VersionPromoted { number, template }.into()])
    }
}

/// Let nothing more be made from a version other than the promoted one. Workspaces that have it keep it.
#[derive(Clone, Debug)]
pub struct ArchiveVersion {
    /// The template.
    pub template: TemplateId,
    /// The version.
    pub number: u64,
}

impl Decide for ArchiveVersion {
    const NAME: &'static str = "workspaces.archive_version";

    fn about(&self) -> Option<Object> {
        Some(Object::Template(self.template))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { template, number } = self;
        let found = managed(ask, template)?;
        let version = found.version(number).ok_or_else(|| unusable(template, "no_such_version"))?;
        if found.active().is_some_and(|(active, _)| active == number) {
            return Err(unusable(template, "promoted"));
        }
        if !version.span.is_open() {
            return Ok(vec![]);
        }
        Ok(vec![VersionArchived { number, template }.into()])
    }
}

/// Tell people not to use a template any more, or that they may again. Nothing new is made from it meanwhile.
#[derive(Clone, Debug)]
pub struct DeprecateTemplate {
    /// The template.
    pub template: TemplateId,
    /// What they are told; `None` when they may again.
    pub message: Option<Box<str>>,
}

impl Decide for DeprecateTemplate {
    const NAME: &'static str = "workspaces.deprecate_template";

    fn about(&self) -> Option<Object> {
        Some(Object::Template(self.template))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let Self { template, message } = self;
        if managed(ask, template)?.deprecated == message {
            return Ok(vec![]);
        }
        Ok(vec![TemplateDeprecated { message, template }.into()])
    }
}

/// Let nothing new be made from a template, ever. Its workspaces go on, and its name is free.
#[derive(Clone, Debug)]
pub struct ArchiveTemplate {
    /// The template.
    pub template: TemplateId,
}

impl Decide for ArchiveTemplate {
    const NAME: &'static str = "workspaces.archive_template";

    fn about(&self) -> Option<Object> {
        Some(Object::Template(self.template))
    }

    fn decide(self, ask: &Ask<'_>) -> Decision {
        let template = self.template;
        if let Some(found) = ask.state.templates.find(template).filter(|found| !found.span.is_open()) {
            ask.permitted(Permission::TemplatesPublish, found.scope)?;
            return Ok(vec![]);
        }
        managed(ask, template)?;
        Ok(vec![TemplateArchived { template }.into()])
    }
}

/// A template that the actor may publish.
fn managed<'a>(ask: &Ask<'a>, id: TemplateId) -> Result<&'a Template, Refusal> {
    ask.shown()?;
    let found = template(ask, id)?;
    ask.permitted(Permission::TemplatesPublish, found.scope)?;
    Ok(found)
}
