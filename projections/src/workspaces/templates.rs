//! Templates: what workspaces can be made from.

use crate::as_json::AsJson;
use crate::history::{History, Span};
use imbl::OrdMap;
use ledger::event::id::TemplateId;
use ledger::event::scope::Scope;
use ledger::event::workspaces::{Source, VersionPublished, WorkspaceSpec};
use ledger::event::{Event, Subject, Workspaces as Facts};
use ledger::hash::Hash;
use serde::{Deserialize, Serialize};

/// A version of a template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// SHA-256 of its spec.
    pub digest: Hash,
    /// What it was written in.
    pub source: Source,
    /// What workspaces of it are made of.
    pub spec: AsJson<WorkspaceSpec>,
    /// Who published it.
    pub by: Option<Subject>,
    /// Until when it was not archived.
    pub span: Span,
}

/// A template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// What people call it.
    pub handle: Box<str>,
    /// Where it can be used.
    pub scope: Scope,
    /// What people are told who should not use it any more.
    pub deprecated: Option<Box<str>>,
    /// Its versions by number.
    pub versions: OrdMap<u64, Version>,
    /// The version that new workspaces are made from, and those before.
    pub promoted: History<u64>,
    /// Until when it was not archived.
    pub span: Span,
}

impl Template {
    /// A version, archived or not.
    pub fn version(&self, number: u64) -> Option<&Version> {
        self.versions.get(&number)
    }

    /// The version that new workspaces are made from.
    pub fn active(&self) -> Option<(u64, &Version)> {
        let number = *self.promoted.now()?;
        Some((number, self.version(number)?))
    }

    /// The newest version.
    pub fn newest(&self) -> Option<(u64, &Version)> {
        self.versions.get_max().map(|(number, version)| (*number, version))
    }
}

/// All templates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Templates {
    by_id: OrdMap<TemplateId, Template>,
    by_handle: OrdMap<(Scope, Box<str>), TemplateId>,
}

impl Templates {
    pub(crate) fn apply(&mut self, fact: &Facts, event: &Event) {
        match fact {
            Facts::TemplateCreated(created) => {
                let template = Template {
                    handle: created.handle.clone(),
                    scope: created.scope,
                    deprecated: None,
                    versions: OrdMap::new(),
                    promoted: History::default(),
                    span: Span::open(event.seq),
                };
                self.by_id.entry(created.template).or_insert(template);
                self.by_handle.entry((created.scope, created.handle.clone())).or_insert(created.template);
            }
            Facts::VersionPublished(published) => self.publish(published, event),
            Facts::VersionPromoted(promoted) => {
                if let Some(template) = self.by_id.get_mut(&promoted.template) {
                    template.promoted.push(event.seq, promoted.number);
                }
            }
            Facts::VersionArchived(archived) => {
                let template = self.by_id.get_mut(&archived.template);
                if let Some(version) = template.and_then(|found| found.versions.get_mut(&archived.number)) {
                    version.span.end(event.seq);
                }
            }
            Facts::TemplateDeprecated(deprecated) => {
                if let Some(template) = self.by_id.get_mut(&deprecated.template) {
                    template.deprecated.clone_from(&deprecated.message);
                }
            }
            Facts::TemplateArchived(archived) => self.archive(archived.template, event.seq),
            Facts::WorkspaceRequested(_)
            | Facts::WorkspaceClaimed(_)
            | Facts::StartOrdered(_)
            | Facts::StopOrdered(_)
            | Facts::DeletionOrdered(_)
            | Facts::BuildBegan(_)
            | Facts::Started(_)
            | Facts::Stopped(_)
            | Facts::WorkspaceDeleted(_)
            | Facts::WorkspaceFailed(_)
            | Facts::Lost(_)
            | Facts::WorkspaceUpdated(_)
            | Facts::WorkspaceTransferred(_)
            | Facts::AppShared(_)
            | Facts::ScheduleSet(_)
            | Facts::FellAsleep(_)
            | Facts::VolumeDeleted(_)
            | Facts::ActivitySeen(_)
            | Facts::ConnectionsCounted(_)
            | Facts::EgressCounted(_)
            | Facts::OrphanFound(_) => {}
        }
    }

    fn publish(&mut self, published: &VersionPublished, event: &Event) {
        let Some(template) = self.by_id.get_mut(&published.template) else { return };
        let version = Version {
            digest: published.digest,
            source: published.source,
            spec: AsJson::new((*published.spec).clone()),
            by: event.actor.shown().map(|(subject, _)| subject),
            span: Span::open(event.seq),
        };
        template.versions.entry(published.number).or_insert(version);
    }

    fn archive(&mut self, id: TemplateId, seq: u64) {
        let Some(template) = self.by_id.get_mut(&id).filter(|found| found.span.is_open()) else { return };
        template.span.end(seq);
        let name = (template.scope, template.handle.clone());
        if self.by_handle.get(&name) == Some(&id) {
            self.by_handle.remove(&name);
        }
    }

    /// A template, archived or not.
    pub fn find(&self, id: TemplateId) -> Option<&Template> {
        self.by_id.get(&id)
    }

    /// A template that was not archived.
    pub fn live(&self, id: TemplateId) -> Option<&Template> {
        self.find(id).filter(|template| template.span.is_open())
    }

    /// The template of that name in a scope.
    pub fn by_handle(&self, scope: Scope, handle: &str) -> Option<TemplateId> {
        self.by_handle.get(&(scope, handle.into())).copied()
    }

    /// Templates after `after`, in order of id.
    pub fn list(&self, after: Option<TemplateId>) -> impl Iterator<Item = (TemplateId, &Template)> + '_ {
        use std::ops::Bound::{Excluded, Unbounded};
        self.by_id.range((after.map_or(Unbounded, Excluded), Unbounded)).map(|(id, found)| (*id, found))
    }
}
